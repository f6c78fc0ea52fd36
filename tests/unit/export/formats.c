/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps written for other programs, read back by what reads these formats here: libtiff, the recording's readers, and by
 * their bytes. What the programs themselves read is checked by tests/peers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/dataset.h"
#include "vitrail/export.h"

static vtr_error err;

enum { N_Y = 5, N_X = 7, N_Z = 12, N = N_Y * N_X };
static float strain[N], strain_error[N], counts[N], curve[N * N_Z];
static vtr_export_item items[2], curves;

/* No two values are the same, so that a swapped axis shows; one position has no data. */
static int make_items(void **state)
{
    for (int i = 0; i < N; i++) {
        strain[i] = 1e-3f * (float)(i - 11);
        strain_error[i] = 1e-4f * (float)(i + 1);
        counts[i] = (float)(1000 + i);
    }
    for (int i = 0; i < N * N_Z; i++)
        curve[i] = (float)i / 3;
    strain[9] = strain_error[9] = NAN;
    items[0] = (vtr_export_item){.group = "strain",
                                 .name = "exx",
                                 .unit = "1",
                                 .n_y = N_Y,
                                 .n_x = N_X,
                                 .n_z = 1,
                                 .step_nm = {4, 2.5},
                                 .values = strain,
                                 .errors = strain_error};
    items[1] = items[0];
    snprintf(items[1].group, sizeof items[1].group, "virtual");
    snprintf(items[1].name, sizeof items[1].name, "bf");
    snprintf(items[1].unit, sizeof items[1].unit, "counts");
    items[1].values = counts;
    items[1].errors = NULL;
    curves = (vtr_export_item){.group = "profile",
                               .name = "intensity",
                               .unit = "counts",
                               .n_y = N_Y,
                               .n_x = N_X,
                               .n_z = N_Z,
                               .step_nm = {4, 2.5},
                               .axis = "k",
                               .axis_unit = "1/angstrom",
                               .axis_first = 0.1,
                               .axis_step = 0.02,
                               .values = curve};
    return test_folder_setup(state);
}

static void check_same(const float *found, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(expected[i]) ? !isnan(found[i]) : found[i] != expected[i])
            fail_msg("value %zu is %g, not %g", i, (double)found[i], (double)expected[i]);
}

static void read_page(TIFF *tiff, float *values)
{
    uint32_t width = 0, height = 0;
    assert_int_equal(TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width), 1);
    assert_int_equal(TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height), 1);
    assert_int_equal(width, N_X);
    assert_int_equal(height, N_Y);
    for (uint32_t y = 0; y < height; y++)
        assert_int_equal(TIFFReadScanline(tiff, values + y * width, y, 0), 1);
}

static void tiff_has_pages_scale_and_labels(void **state)
{
    (void)state;
    const char *path = test_folder_path("maps.tif");
    const vtr_export_params params = {.with_errors = true};
    assert_ok(vtr_export_write(path, items, 2, &params, &err));
    TIFF *tiff = TIFFOpen(path, "r");
    assert_non_null(tiff);
    char *description = NULL;
    float x_resolution = 0, y_resolution = 0, values[N];
    assert_int_equal(TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description), 1);
    test_assert_contains(description, "images=4\nslices=4\n");
    test_assert_contains(description, "unit=nm\n");
    TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x_resolution);
    TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y_resolution);
    assert_near(x_resolution, 0.4, 1e-6); /* px per nm */
    assert_near(y_resolution, 0.25, 1e-6);
    const float *const pages[] = {strain, strain_error, counts};
    for (int page = 0; page < 3; page++) {
        read_page(tiff, values);
        check_same(values, pages[page], N);
        assert_int_equal(TIFFReadDirectory(tiff), 1);
    }
    read_page(tiff, values); /* no errors are known: no data, rather than zero */
    for (int i = 0; i < N; i++)
        assert_true(isnan(values[i]));
    assert_int_equal(TIFFReadDirectory(tiff), 0);
    TIFFClose(tiff);
}

static size_t read_file(const char *path, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, size, file);
    fclose(file);
    return n;
}

static void gsf_is_aligned_and_in_metres(void **state)
{
    (void)state;
    unsigned char bytes[4096];
    for (int longer = 0; longer < 4; longer++) { /* every length of the padding */
        vtr_export_item item = items[0];
        for (int i = 0; i < longer; i++)
            strcat(item.name, "x");
        const vtr_export_params params = {.force = true};
        assert_ok(vtr_export_write(test_folder_path("map.gsf"), &item, 1, &params, &err));
        size_t n = read_file(test_folder_path("map.gsf"), bytes, sizeof bytes);
        size_t header = strlen((const char *)bytes), start = n - N * sizeof(float);
        assert_int_equal(start % 4, 0);
        assert_true(start - header >= 1 && start - header <= 4);
        for (size_t i = header; i < start; i++)
            assert_int_equal(bytes[i], 0);
        float values[N];
        memcpy(values, bytes + start, sizeof values);
        check_same(values, strain, N);
        test_assert_contains((const char *)bytes,
                             "Gwyddion Simple Field 1.0\nXRes = 7\nYRes = 5\nXReal = 1.75e-08\n");
        test_assert_contains((const char *)bytes, "YReal = 2e-08\nXYUnits = m\n");
    }
}

static void gsf_scales_values_to_base_units(void **state)
{
    (void)state;
    unsigned char bytes[4096];
    vtr_export_item item = items[1];
    snprintf(item.unit, sizeof item.unit, "1/angstrom");
    assert_ok(vtr_export_write(test_folder_path("k.gsf"), &item, 1, NULL, &err));
    size_t n = read_file(test_folder_path("k.gsf"), bytes, sizeof bytes);
    test_assert_contains((const char *)bytes, "ZUnits = 1/m\n");
    float first;
    memcpy(&first, bytes + n - N * sizeof(float), sizeof first);
    assert_near(first, 1000e10, 1e7);
}

static void csv_has_places_and_errors(void **state)
{
    (void)state;
    unsigned char bytes[8192] = {0};
    assert_ok(vtr_export_write(test_folder_path("maps.csv"), items, 2, NULL, &err));
    read_file(test_folder_path("maps.csv"), bytes, sizeof bytes - 1);
    const char *text = (const char *)bytes;
    test_assert_contains(text, "y (nm),x (nm),strain/exx,strain/exx error,virtual/bf (counts)\n0,0,");
    test_assert_contains(text, "\n4,5,nan,nan,1009\n"); /* position 9 = 1 * 7 + 2 */
    const char *line = strstr(text, "\n16,15,");
    assert_non_null(line);
    double value = 0, error = 0, count = 0;
    assert_int_equal(sscanf(line, "\n16,15,%lf,%lf,%lf", &value, &error, &count), 3);
    assert_true((float)value == strain[34] && (float)error == strain_error[34] && (float)count == counts[34]);
}

/* Through the readers of recordings, which know .npy, HyperSpy and EMD from other programs' files. */
static void read_back(const char *name, const size_t shape[4], const float *expected, double k_step)
{
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, test_folder_path(name), NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    for (int i = 0; i < 4; i++)
        assert_int_equal(info->shape[i], shape[i]);
    size_t n = shape[0] * shape[1] * shape[2] * shape[3];
    float *values = malloc(n * sizeof *values);
    assert_non_null(values);
    assert_ok(vtr_dataset_read_f32(dataset, 0, shape[0] * shape[1], values, &err));
    check_same(values, expected, n);
    if (k_step > 0) assert_near(info->k_step_inv_angstrom[1], k_step, 1e-12);
    free(values);
    vtr_dataset_close(&dataset);
}

static void npy_reads_back(void **state)
{
    (void)state;
    const vtr_export_params params = {.with_errors = true};
    float both[2 * N];
    memcpy(both, strain, sizeof strain);
    memcpy(both + N, strain_error, sizeof strain_error);
    assert_ok(vtr_export_write(test_folder_path("one.npy"), items, 1, NULL, &err));
    assert_ok(vtr_export_write(test_folder_path("both.npy"), items, 1, &params, &err));
    assert_ok(vtr_export_write(test_folder_path("curves.npy"), &curves, 1, NULL, &err));
    read_back("one.npy", (size_t[]){1, 1, N_Y, N_X}, strain, 0);
    read_back("both.npy", (size_t[]){1, 2, N_Y, N_X}, both, 0);
    read_back("curves.npy", (size_t[]){1, N_Y, N_X, N_Z}, curve, 0);
}

static void hyperspy_and_emd_read_back(void **state)
{
    (void)state;
    assert_ok(vtr_export_write(test_folder_path("map.hspy"), &items[1], 1, NULL, &err));
    assert_ok(vtr_export_write(test_folder_path("map.emd"), &items[1], 1, NULL, &err));
    read_back("map.hspy", (size_t[]){1, 1, N_Y, N_X}, counts, 0);
    read_back("map.emd", (size_t[]){1, 1, N_Y, N_X}, counts, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    vtr_export_item two[2] = {items[0], items[1]};
    two[1].n_x = N_X - 1;
    assert_fails(vtr_export_write(test_folder_path("a.xyz"), items, 1, NULL, &err), VTR_ERR_ARGUMENT,
                 "a.xyz");
    assert_fails(vtr_export_write(test_folder_path("a.gsf"), items, 2, NULL, &err), VTR_ERR_ARGUMENT,
                 "takes one");
    assert_fails(vtr_export_write(test_folder_path("a.csv"), &curves, 1, NULL, &err), VTR_ERR_ARGUMENT,
                 "profile/intensity");
    assert_fails(vtr_export_write(test_folder_path("a.tif"), two, 2, NULL, &err), VTR_ERR_SHAPE, "5 x 7");
    assert_fails(vtr_export_write(test_folder_path("a.csv"), items, 0, NULL, &err), VTR_ERR_ARGUMENT,
                 "nothing");
    assert_false(test_file_exists(test_folder_path("a.csv")));
    assert_ok(vtr_export_write(test_folder_path("there.npy"), items, 1, NULL, &err));
    assert_fails(vtr_export_write(test_folder_path("there.npy"), items, 1, NULL, &err), VTR_ERR_EXISTS,
                 "there.npy");
}

/* A folder that is not there: one sentence, and nothing left. */
static void a_missing_folder_is_an_error(void **state)
{
    (void)state;
    static const char *const names[] = {"no/a.tif", "no/a.gsf",  "no/a.csv",
                                        "no/a.npy", "no/a.hspy", "no/a.emd"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_fails(vtr_export_write(test_folder_path(names[i]), items, 1, NULL, &err), VTR_ERR_IO,
                     names[i]);
}

static void items_come_from_map_files(void **state)
{
    (void)state;
    const char *path = test_folder_path("map.h5");
    vtr_mapfile *file = NULL;
    const size_t shape[] = {N_Y, N_X, N_Z};
    double k[N_Z], y[N_Y], x[N_X];
    for (int i = 0; i < N_Z; i++)
        k[i] = 0.1 + 0.02 * i;
    for (int i = 0; i < N_Y; i++)
        y[i] = 4 * i;
    for (int i = 0; i < N_X; i++)
        x[i] = 2.5 * i;
    assert_ok(vtr_mapfile_create(&file, path, false, &err));
    assert_ok(vtr_mapfile_group(file, "profile", &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "intensity", VTR_TYPE_F32, 3, shape, curve, "counts", NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "k", VTR_TYPE_F64, 1, shape + 2, k, "1/angstrom", NULL, &err));
    assert_ok(vtr_mapfile_write(file, "profile", "scan_y", VTR_TYPE_F64, 1, shape, y, "nm", NULL, &err));
    assert_ok(vtr_mapfile_write(file, "profile", "scan_x", VTR_TYPE_F64, 1, shape + 1, x, "nm", NULL, &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_ok(vtr_mapfile_write_quantity(file, "strain", "exx", VTR_TYPE_F32, 2, shape, strain, strain_error,
                                         "1", NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    vtr_export_item item = {0};
    assert_ok(vtr_export_read(&item, file, "profile", "intensity", &err));
    assert_string_equal(item.axis, "k");
    assert_string_equal(item.axis_unit, "1/angstrom");
    assert_near(item.axis_first, 0.1, 1e-12);
    assert_near(item.axis_step, 0.02, 1e-12);
    assert_near(item.step_nm[0], 4, 1e-12);
    assert_near(item.step_nm[1], 2.5, 1e-12);
    check_same(item.values, curve, N * N_Z);
    vtr_export_release(&item);
    assert_ok(vtr_export_read(&item, file, "strain", "exx", &err));
    check_same(item.errors, strain_error, N);
    vtr_export_release(&item);
    assert_fails(vtr_export_read(&item, file, "profile", "k", &err), VTR_ERR_SHAPE, "profile/k");
    assert_fails(vtr_export_read(&item, file, "strain", "no", &err), VTR_ERR_NOT_FOUND, "no");
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiff_has_pages_scale_and_labels),
        cmocka_unit_test(gsf_is_aligned_and_in_metres),
        cmocka_unit_test(gsf_scales_values_to_base_units),
        cmocka_unit_test(csv_has_places_and_errors),
        cmocka_unit_test(npy_reads_back),
        cmocka_unit_test(hyperspy_and_emd_read_back),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_missing_folder_is_an_error),
        cmocka_unit_test(items_come_from_map_files),
    };
    return cmocka_run_group_tests(tests, make_items, test_folder_teardown);
}
