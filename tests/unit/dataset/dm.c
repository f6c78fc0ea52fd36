/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Files written as DigitalMicrograph would, of a thumbnail and one image of u16. */

enum { N_Y = 3, N_X = 5, DET_Y = 7, DET_X = 4, N = N_Y * N_X * DET_Y * DET_X };

static unsigned char file[65536];
static size_t at;
static bool is_version_4;

static void put(uint64_t value, size_t n, bool is_big)
{
    for (size_t i = 0; i < n; i++)
        file[at++] = (unsigned char)(value >> (8 * (is_big ? n - 1 - i : i)));
}

static void put_length(uint64_t value)
{
    put(value, is_version_4 ? 8 : 4, true);
}

static void put_name(int kind, const char *name)
{
    file[at++] = (unsigned char)kind;
    put(strlen(name), 2, true);
    memcpy(file + at, name, strlen(name));
    at += strlen(name);
    if (is_version_4) put(0, 8, true);
}

static void put_group(const char *name, uint64_t n_tags)
{
    put_name(20, name);
    put(0, 2, true);
    put_length(n_tags);
}

static void put_info(const uint64_t *info, size_t n)
{
    memcpy(file + at, "%%%%", 4);
    at += 4;
    put_length(n);
    for (size_t i = 0; i < n; i++)
        put_length(info[i]);
}

static void put_u32(const char *name, uint32_t value)
{
    put_name(21, name);
    put_info((const uint64_t[]){5}, 1);
    put(value, 4, false);
}

static void put_f32(const char *name, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    put_name(21, name);
    put_info((const uint64_t[]){6}, 1);
    put(bits, 4, false);
}

static void put_text(const char *name, const char *text)
{
    put_name(21, name);
    put_info((const uint64_t[]){20, 4, strlen(text)}, 3);
    for (; *text != '\0'; text++)
        put((unsigned char)*text, 2, false);
}

typedef struct axis {
    uint32_t size;
    float scale;
    const char *unit;
} axis;

static void put_image(const axis *axes, size_t n_axes, const uint16_t *values, size_t n, int swapped)
{
    put_group("", 2);
    put_group("ImageData", 4);
    put_group("Calibrations", 1);
    put_group("Dimension", n_axes);
    for (size_t i = 0; i < n_axes; i++) {
        put_group("", 3);
        put_f32("Origin", 0);
        put_f32("Scale", axes[i].scale);
        put_text("Units", axes[i].unit);
    }
    put_name(21, "Data");
    put_info((const uint64_t[]){20, 4, n}, 3);
    for (size_t i = 0; i < n; i++)
        put(values[i], 2, false);
    put_u32("DataType", 10);
    put_group("Dimensions", n_axes);
    for (size_t i = 0; i < n_axes; i++)
        put_u32("", axes[i].size);
    put_group("ImageTags", 2);
    put_group("Meta Data", swapped < 0 ? 1 : 2);
    put_text("Format", "Diffraction image");
    if (swapped >= 0) {
        put_name(21, "Data Order Swapped");
        put_info((const uint64_t[]){8}, 1);
        file[at++] = (unsigned char)swapped;
    }
    put_group("Microscope Info", 1);
    put_f32("Voltage", 200000);
}

static const char *write_dm(int version, const axis *axes, size_t n_axes, const uint16_t *values, size_t n,
                            int swapped)
{
    static const axis small[2] = {{2, 1, ""}, {2, 1, ""}};
    static const uint16_t thumbnail[4] = {9, 9, 9, 9};
    memset(file, 0, sizeof file);
    at = 0;
    is_version_4 = version == 4;
    put((uint64_t)version, 4, true);
    put_length(0);
    put(1, 4, true);
    put(0, 2, true);
    put_length(2);
    put_group("ImageList", 2);
    put_image(small, 2, thumbnail, 4, -1);
    put_image(axes, n_axes, values, n, swapped);
    put_group("Thumbnails", 1);
    put_group("", 1);
    put_u32("ImageIndex", 0);
    return test_write_file("t.dm4", file, at);
}

static size_t index_of(size_t y, size_t x, size_t det_y, size_t det_x)
{
    return ((y * N_X + x) * DET_Y + det_y) * DET_X + det_x;
}

static void assert_scan(const char *path, const char *note)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {N_Y, N_X, DET_Y, DET_X};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_near(info->scan_step_nm[0], 6, 1e-6);
    assert_near(info->scan_step_nm[1], 5, 1e-6);
    assert_near(info->k_step_inv_angstrom[0], 0.03, 1e-6);
    assert_near(info->k_step_inv_angstrom[1], 0.02, 1e-6);
    assert_near(info->beam_energy_kev, 200, 1e-9);
    test_assert_contains(info->note, note);
    uint16_t *all = test_read_all(dataset), part[4 * DET_Y * DET_X];
    for (size_t i = 0; i < N; i++)
        assert_int_equal(all[i], i);
    assert_ok(vtr_dataset_read(dataset, 7, 4, part, &err));
    assert_memory_equal(part, all + (size_t)7 * DET_Y * DET_X, sizeof part);
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

static void scans_are_read_in_either_order(void **state)
{
    (void)state;
    static const axis detector_first[4] = {
        {DET_X, 0.2F, "1/nm"}, {DET_Y, 0.3F, "1/nm"}, {N_X, 5, "nm"}, {N_Y, 6, "nm"}};
    static const axis scan_first[4] = {
        {N_X, 5, "nm"}, {N_Y, 0.006F, "um"}, {DET_X, 0.2F, "1/nm"}, {DET_Y, 0.3F, "1/nm"}};
    uint16_t straight[N], turned[N];
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++)
            for (size_t v = 0; v < DET_Y; v++)
                for (size_t u = 0; u < DET_X; u++) {
                    size_t i = index_of(y, x, v, u);
                    straight[i] = (uint16_t)i;
                    turned[((v * DET_X + u) * N_Y + y) * N_X + x] = (uint16_t)i;
                }
    for (int version = 3; version <= 4; version++) {
        assert_scan(write_dm(version, detector_first, 4, straight, N, 1), "");
        assert_scan(write_dm(version, detector_first, 4, straight, N, -1), ""); /* by the units */
        assert_scan(write_dm(version, scan_first, 4, turned, N, 0), "scan fastest");
        assert_scan(write_dm(version, scan_first, 4, turned, N, -1), "scan fastest");
    }
}

static void angles_become_k_with_the_energy(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    static const axis axes[2] = {{4, 0.5F, "mrad"}, {2, 0.25F, "mrad"}};
    static const uint16_t values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_ok(vtr_dataset_open(&dataset, write_dm(4, axes, 2, values, 8, -1), NULL, &err));
    /* 200 kV: 0.025079 Å; 0.5 mrad / 0.025079 Å */
    assert_near(vtr_dataset_get_info(dataset)->k_step_inv_angstrom[1], 0.0005 / 0.0250793, 1e-6);
    assert_near(vtr_dataset_get_info(dataset)->k_step_inv_angstrom[0], 0.00025 / 0.0250793, 1e-6);
    vtr_dataset_close(&dataset);
}

static void a_stack_that_is_cut_short_gives_what_is_there(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    static const axis axes[3] = {{DET_X, 1, ""}, {DET_Y, 1, ""}, {100000, 1, ""}};
    uint16_t values[10 * DET_Y * DET_X];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (uint16_t)i;
    const char *path = write_dm(4, axes, 3, values, sizeof values / sizeof *values, -1);
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_int_equal(info->shape[1], 100000);
    assert_true(info->n_frames >= 10 && info->n_frames < 40); /* what follows in the file counts as frames */
    test_assert_contains(info->note, "ends early");
    vtr_dataset_close(&dataset);
}

static void damaged_trees_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    static const axis axes[2] = {{4, 1, ""}, {2, 1, ""}};
    static const uint16_t values[8] = {1};
    write_dm(4, axes, 2, values, 8, -1);
    unsigned char *mark = memchr(file + 40, '%', at);
    mark[0] = 'x';
    assert_fails(vtr_dataset_open(&dataset, test_write_file("a.dm4", file, at), NULL, &err), VTR_ERR_FORMAT,
                 "tags are damaged at byte");
    write_dm(4, axes, 2, values, 8, -1);
    assert_fails(vtr_dataset_open(&dataset, test_write_file("b.dm4", file, 60), NULL, &err), VTR_ERR_FORMAT,
                 "file ends");
    assert_fails(vtr_dataset_open(&dataset, test_write_file("c.dm4", file, 26), NULL, &err), VTR_ERR_FORMAT,
                 "");
    static const axis huge[2] = {{4294967295u, 1, ""}, {4294967295u, 1, ""}};
    assert_fails(vtr_dataset_open(&dataset, write_dm(3, huge, 2, values, 8, -1), NULL, &err), VTR_ERR_SHAPE,
                 "no recording");
    static const axis nothing[2] = {{0, 1, ""}, {2, 1, ""}};
    assert_fails(vtr_dataset_open(&dataset, write_dm(3, nothing, 2, values, 8, -1), NULL, &err),
                 VTR_ERR_SHAPE, "holds nothing");
    assert_null(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_are_read_in_either_order),
        cmocka_unit_test(angles_become_k_with_the_energy),
        cmocka_unit_test(a_stack_that_is_cut_short_gives_what_is_there),
        cmocka_unit_test(damaged_trees_are_named),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
