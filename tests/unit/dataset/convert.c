/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

enum { N_Y = 5, N_X = 7, DET_Y = 6, DET_X = 9, PIXELS = DET_Y * DET_X };

static uint16_t recording[N_Y * N_X * PIXELS];
static char last_warning[512];

static int make(void **state)
{
    (void)state;
    test_folder_make();
    vtr_dataset_info info = test_info(N_Y, N_X, DET_Y, DET_X, VTR_TYPE_U16);
    info.scan_step_nm[0] = info.scan_step_nm[1] = 2;
    info.k_step_inv_angstrom[0] = info.k_step_inv_angstrom[1] = 0.01;
    info.beam_energy_kev = 300;
    for (size_t i = 0; i < N_Y * N_X * PIXELS; i++)
        recording[i] = (uint16_t)(i * 7919 % 60000);
    test_write_recording(test_folder_path("in.h5"), &info, recording);
    return 0;
}

static void take_warning(void *user, const char *sentence)
{
    (void)user;
    snprintf(last_warning, sizeof last_warning, "%s", sentence);
}

static const vtr_progress progress = {.warn = take_warning};

static vtr_convert_params convert_params(void)
{
    vtr_convert_params params;
    vtr_parameters_default(&vtr_convert_parameters, &params);
    return params;
}

static vtr_status convert(const char *from, const char *to, const vtr_convert_params *params, int threads,
                          vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    last_warning[0] = '\0';
    vtr_status status = vtr_dataset_open(&dataset, test_folder_path(from), NULL, err);
    if (status == VTR_OK)
        status = vtr_dataset_convert(test_folder_path(to), dataset, params, true, threads, &progress, err);
    vtr_dataset_close(&dataset);
    return status;
}

/* The sum that an output pixel is, counted one by one. */
static double expected_sum(const vtr_convert_params *p, size_t y, size_t x, size_t v, size_t u)
{
    double sum = 0;
    for (size_t a = 0; a < p->bin_scan; a++)
        for (size_t b = 0; b < p->bin_scan; b++)
            for (size_t c = 0; c < p->bin; c++)
                for (size_t d = 0; d < p->bin; d++) {
                    size_t in_y = p->scan.y0 + y * p->bin_scan + a, in_x = p->scan.x0 + x * p->bin_scan + b;
                    size_t in_v = p->detector.y0 + v * p->bin + c, in_u = p->detector.x0 + u * p->bin + d;
                    sum += recording[((in_y * N_X + in_x) * DET_Y + in_v) * DET_X + in_u];
                }
    return sum;
}

static void assert_converted(const char *name, const vtr_convert_params *p, const size_t shape[4])
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, test_folder_path(name), NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_memory_equal(info->shape, shape, 4 * sizeof *shape);
    void *all = test_read_all(dataset);
    size_t i = 0;
    for (size_t y = 0; y < shape[0]; y++)
        for (size_t x = 0; x < shape[1]; x++)
            for (size_t v = 0; v < shape[2]; v++)
                for (size_t u = 0; u < shape[3]; u++)
                    assert_near(test_value(all, info->type, i++), expected_sum(p, y, x, v, u), 0);
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

static void parts_and_sums_are_exact(void **state)
{
    (void)state;
    static const struct {
        vtr_box scan, detector;
        size_t bin, bin_scan, shape[4];
    } cases[] = {
        {{0}, {0}, 1, 1, {5, 7, 6, 9}},          {{1, 4, 2, 7}, {0}, 1, 1, {3, 5, 6, 9}},
        {{0}, {1, 5, 3, 9}, 1, 1, {5, 7, 4, 6}}, {{0}, {0}, 2, 1, {5, 7, 3, 4}},
        {{0}, {0}, 1, 2, {2, 3, 6, 9}},          {{1, 5, 1, 7}, {0, 6, 1, 8}, 3, 2, {2, 3, 2, 2}},
        {{4, 5, 6, 7}, {0}, 1, 1, {1, 1, 6, 9}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int threads = 1; threads <= 3; threads += 2) {
            vtr_error err;
            vtr_convert_params params = convert_params();
            params.scan = cases[c].scan;
            params.detector = cases[c].detector;
            params.bin = cases[c].bin;
            params.bin_scan = cases[c].bin_scan;
            assert_ok(convert("in.h5", "out.npy", &params, threads, &err));
            assert_converted("out.npy", &params, cases[c].shape);
            assert_ok(convert("in.h5", "out.h5", &params, threads, &err));
            assert_converted("out.h5", &params, cases[c].shape);
        }
}

static void calibration_follows_the_bins(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_convert_params params = convert_params();
    params.bin = 3;
    params.bin_scan = 2;
    assert_ok(convert("in.h5", "binned.h5", &params, 1, &err));
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("binned.h5"), NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_near(info->k_step_inv_angstrom[1], 0.03, 1e-15);
    assert_near(info->scan_step_nm[0], 4, 1e-15);
    assert_near(info->beam_energy_kev, 300, 0);
    vtr_dataset_close(&dataset);
}

static void no_sum_is_cut_off(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_convert_params params = convert_params();
    params.bin = 2;
    assert_ok(convert("in.h5", "wide.npy", &params, 2, &err));
    test_assert_contains(last_warning, "written as u32, not u16");
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("wide.npy"), NULL, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->type, VTR_TYPE_U32);
    vtr_dataset_close(&dataset);
    params.type = "u16";
    assert_fails(convert("in.h5", "narrow.npy", &params, 2, &err), VTR_ERR_RANGE, "does not fit u16");
    assert_false(test_file_exists(test_folder_path("narrow.npy")));
    assert_false(test_file_exists(test_folder_path("narrow.npy.partial")));
    params.type = "f64";
    assert_ok(convert("in.h5", "float.npy", &params, 2, &err));
}

static void fractions_are_rounded_and_nan_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_info info = test_info(1, 1, 2, 3, VTR_TYPE_F32);
    const float values[6] = {0.4F, 0.5F, 1.6F, -1.5F, 127, -128};
    test_write_recording(test_folder_path("f.npy"), &info, values);
    vtr_convert_params params = convert_params();
    params.type = "i8";
    assert_ok(convert("f.npy", "i.npy", &params, 1, &err));
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("i.npy"), NULL, &err));
    int8_t *read = test_read_all(dataset);
    const int8_t expected[6] = {0, 1, 2, -2, 127, -128};
    assert_memory_equal(read, expected, 6);
    vtr_free(read);
    vtr_dataset_close(&dataset);
    params.type = "u8";
    assert_fails(convert("f.npy", "u.npy", &params, 1, &err), VTR_ERR_RANGE, "pixel 0 of row 1");
    const float bad[6] = {NAN};
    test_write_recording(test_folder_path("nan.npy"), &info, bad);
    assert_fails(convert("nan.npy", "u.npy", &params, 1, &err), VTR_ERR_RANGE, "nan");
    params.type = NULL;
    assert_ok(convert("nan.npy", "n.npy", &params, 1, &err));
}

static void whole_rows_of_a_short_recording_are_kept(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    unsigned char file[128 + 11] = {0};
    const char header[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_order': False, 'shape': (4, 4, 1, 1)}";
    memcpy(file, header, sizeof header - 1);
    for (int i = 0; i < 11; i++)
        file[128 + i] = (unsigned char)i;
    test_write_file("short.npy", file, sizeof file);
    assert_ok(convert("short.npy", "rows.npy", NULL, 1, &err));
    test_assert_contains(last_warning, "2 x 4 of 4 x 4");
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("rows.npy"), NULL, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->shape[0], 2);
    vtr_dataset_close(&dataset);
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_convert_params params = convert_params();
    params.scan = (vtr_box){0, 6, 0, 7};
    assert_fails(convert("in.h5", "x.npy", &params, 1, &err), VTR_ERR_RANGE, "--scan 0:6,0:7");
    params = convert_params();
    params.detector = (vtr_box){0, 1, 0, 10};
    assert_fails(convert("in.h5", "x.npy", &params, 1, &err), VTR_ERR_RANGE, "--detector");
    params = convert_params();
    params.bin = 7;
    assert_fails(convert("in.h5", "x.npy", &params, 1, &err), VTR_ERR_RANGE, "--bin 7");
    params = convert_params();
    params.type = "u7";
    assert_fails(convert("in.h5", "x.npy", &params, 1, &err), VTR_ERR_ARGUMENT, "u7");
    assert_fails(convert("in.h5", "x.tif", NULL, 1, &err), VTR_ERR_SHAPE, "35");
    vtr_dataset *dataset = NULL;
    const vtr_progress stop = {.cancelled = always};
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("in.h5"), NULL, &err));
    assert_fails(vtr_dataset_convert(test_folder_path("x.npy"), dataset, NULL, false, 1, &stop, &err),
                 VTR_ERR_INTERRUPTED, "nothing was written");
    vtr_dataset_close(&dataset);
    assert_false(test_file_exists(test_folder_path("x.npy")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_sums_are_exact),
        cmocka_unit_test(calibration_follows_the_bins),
        cmocka_unit_test(no_sum_is_cut_off),
        cmocka_unit_test(fractions_are_rounded_and_nan_refused),
        cmocka_unit_test(whole_rows_of_a_short_recording_are_kept),
        cmocka_unit_test(wrong_use_is_named),
    };
    return cmocka_run_group_tests(tests, make, test_folder_teardown);
}
