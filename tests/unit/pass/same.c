/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same recording gives the same bits: for any number of threads, with any kernel, as any number type, and by way of
 * a stored calibration. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"

static vtr_twin_params speckled(void)
{
    vtr_twin_params params = recording_params();
    params.contrast = 0.04;
    return params;
}

static const char *map_as(const char *input, const char *name, const vtr_map_params *map,
                          const vtr_calibration *calibration, int threads)
{
    vtr_error err;
    const char *output = test_folder_path(name);
    vtr_calibrate_params calibrate = pass_calibrate_params();
    calibrate.sample = 80; /* what is measured of the speckle takes its time */
    pass_job job = {.input = input,
                    .output = output,
                    .map = map,
                    .calibrate = &calibrate,
                    .calibration = calibration,
                    .threads = threads};
    assert_ok(pass_run(&job, &err));
    return output;
}

static void check_threads_and_kernels(vtr_type type)
{
    recording r;
    vtr_twin_params params = speckled();
    recording_make(&r, &params, type);
    const char *input = recording_write(&r, "scan.npy");
    char one[4096];
    strcpy(one, map_as(input, "one.h5", NULL, NULL, 1));
    pass_assert_same(one, map_as(input, "two.h5", NULL, NULL, 2), true);
    vtr_cpu_limit(VTR_CPU_AVX2);
    const char *avx2 = map_as(input, "avx2.h5", NULL, NULL, 2);
    vtr_cpu_limit(VTR_CPU_PORTABLE);
    const char *portable = map_as(input, "portable.h5", NULL, NULL, 2);
    vtr_cpu_limit(VTR_CPU_AVX512);
    pass_assert_same(one, avx2, true);
    pass_assert_same(one, portable, true);
    recording_release(&r);
}

static void u16_for_threads_and_kernels(void **state)
{
    (void)state;
    check_threads_and_kernels(VTR_TYPE_U16);
}

static void f32_for_threads_and_kernels(void **state)
{
    (void)state;
    check_threads_and_kernels(VTR_TYPE_F32);
}

static void the_fits_of_one_pattern_for_threads(void **state)
{
    (void)state;
    recording r;
    vtr_twin_params params = speckled();
    params.electrons = 1e6;
    recording_make(&r, &params, VTR_TYPE_U16);
    const char *input = recording_write(&r, "scan.npy");
    for (int fit = VTR_FIT_SECTORS; fit <= VTR_FIT_THRESHOLD; fit++) {
        vtr_map_params map = pass_map_params();
        char one[4096], name[2][32];
        map.fit = fit;
        for (int i = 0; i < 2; i++)
            snprintf(name[i], sizeof name[i], "fit-%d-%d.h5", fit, i + 1);
        strcpy(one, map_as(input, name[0], &map, NULL, 1));
        pass_assert_same(one, map_as(input, name[1], &map, NULL, 2), true);
    }
    recording_release(&r);
}

static void every_number_type(void **state)
{
    (void)state;
    static const vtr_type types[] = {VTR_TYPE_I16, VTR_TYPE_U32, VTR_TYPE_I32, VTR_TYPE_F32, VTR_TYPE_F64};
    vtr_twin_params params = speckled();
    recording r;
    recording_make(&r, &params, VTR_TYPE_U16);
    char first[4096];
    const char *input = recording_write(&r, "u16.npy");
    vtr_calibration *c = NULL;
    vtr_error err;
    assert_ok(pass_calibrate(&c, input, NULL, 2, &err));
    strcpy(first, map_as(input, "u16.h5", NULL, c, 2));
    recording_release(&r);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char name[32], output[32];
        snprintf(name, sizeof name, "%s.npy", vtr_type_name(types[i]));
        snprintf(output, sizeof output, "%s.h5", vtr_type_name(types[i]));
        recording_make(&r, &params, types[i]);
        pass_assert_same(first, map_as(recording_write(&r, name), output, NULL, c, 5), false);
        recording_release(&r);
    }
    vtr_calibration_free(c);
}

static void compare_doubles(const double *a, const double *b, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))))
            fail_msg("%s[%zu] is %.17g, was %.17g", what, i, b[i], a[i]);
}

#define SAME(member, count) compare_doubles(&a->member, &b->member, count, #member)
#define SAME_ARRAY(member) compare_doubles(a->member, b->member, sizeof a->member / sizeof(double), #member)

static void compare_calibrations(const vtr_calibration *a, const vtr_calibration *b)
{
    size_t n = a->det_y * a->det_x;
    assert_true(a->det_y == b->det_y && a->det_x == b->det_x && a->n_sampled == b->n_sampled &&
                a->n_fitted == b->n_fitted && a->sectors == b->sectors && a->harmonics == b->harmonics &&
                a->background_order == b->background_order && a->is_far == b->is_far);
    assert_memory_equal(a->mask, b->mask, n);
    compare_doubles(a->mean, b->mean, n, "mean");
    compare_doubles(a->maximum, b->maximum, n, "maximum");
    SAME(centre_x_px, 1);
    SAME(centre_y_px, 1);
    SAME(wxx, 1);
    SAME(wyy, 1);
    SAME(wxy, 1);
    SAME_ARRAY(descan_x_px);
    SAME_ARRAY(descan_y_px);
    SAME(descan_residual_px, 1);
    SAME(k_step_inv_angstrom, 1);
    SAME_ARRAY(scan_step_nm);
    SAME(saturation, 1);
    SAME(electrons, 1);
    SAME(beam_radius_px, 1);
    SAME(chi2, 1);
    SAME(noise.gain, 1);
    SAME(noise.offset, 1);
    SAME(noise.read_noise, 1);
    assert_true(a->noise.is_counting == b->noise.is_counting && a->noise.is_measured == b->noise.is_measured);
    SAME_ARRAY(ring.annulus_px);
    SAME(ring.radius_px, 1);
    SAME(ring.width_px, 1);
    SAME(ring.level, 1);
    SAME_ARRAY(ring.bend);
    assert_int_equal(a->ring.n_knots, b->ring.n_knots);
    SAME_ARRAY(ring.coefficients);
    SAME(speckle.contrast, 1);
    SAME_ARRAY(speckle.radial);
    SAME(speckle.friedel, 1);
    assert_int_equal(a->speckle.max_lag_px, b->speckle.max_lag_px);
}

static void a_calibration_stored_and_read(void **state)
{
    (void)state;
    vtr_error err;
    recording r;
    vtr_twin_params params = speckled();
    recording_make(&r, &params, VTR_TYPE_U16);
    const char *input = recording_write(&r, "scan.npy");
    vtr_calibration *made = NULL, *read = NULL, *of_map = NULL;
    vtr_calibrate_params calibrate = pass_calibrate_params();
    calibrate.sample = 80;
    assert_ok(pass_calibrate(&made, input, &calibrate, 2, &err));
    assert_true(made->speckle.contrast > 0);
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_create(&file, test_folder_path("calibration.h5"), false, &err));
    assert_ok(vtr_calibration_write(made, file, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, test_folder_path("calibration.h5"), &err));
    assert_ok(vtr_calibration_read(&read, file, &err));
    vtr_mapfile_close(&file);
    compare_calibrations(made, read);
    const char *own = map_as(input, "own.h5", NULL, NULL, 2),
               *stored = map_as(input, "stored.h5", NULL, read, 2);
    pass_assert_same(own, stored, true);
    assert_ok(vtr_mapfile_open(&file, stored, &err));
    assert_ok(vtr_calibration_read(&of_map, file, &err));
    vtr_mapfile_close(&file);
    compare_calibrations(made, of_map);
    vtr_calibration_free(made);
    vtr_calibration_free(read);
    vtr_calibration_free(of_map);
    recording_release(&r);
}

static void a_calibration_of_other_patterns_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_calibration *c = NULL;
    recording r;
    vtr_twin_params params = recording_params();
    recording_make(&r, &params, VTR_TYPE_U16);
    assert_ok(pass_calibrate(&c, recording_write(&r, "scan.npy"), NULL, 2, &err));
    recording_release(&r);
    params.pattern[1] = DET_X - 4;
    recording_make(&r, &params, VTR_TYPE_U16);
    pass_job job = {
        .input = recording_write(&r, "other.npy"), .output = test_folder_path("map.h5"), .calibration = c};
    assert_fails(pass_run(&job, &err), VTR_ERR_SHAPE,
                 "holds patterns of 96 x 96, the calibration is for 96 x 100");
    assert_false(test_file_exists(job.output));
    vtr_calibration_free(c);
    recording_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(u16_for_threads_and_kernels, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(f32_for_threads_and_kernels, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(the_fits_of_one_pattern_for_threads, pass_folder_make,
                                        pass_folder_remove),
        cmocka_unit_test_setup_teardown(every_number_type, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(a_calibration_stored_and_read, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(a_calibration_of_other_patterns_is_refused, pass_folder_make,
                                        pass_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
