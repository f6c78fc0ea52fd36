/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Profiles of azimuthal sectors against the strain that the patterns were drawn with. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"
#include "vitrail/constants.h"

/* A ring without background that could move differently: counts are Poisson about it and a flat level. */
static const double ring_px = 30, width_px = 3, flat = 16, height = 800;
static const double lens[3] = {1.012, 0.989, -0.008}; /* W of the lens, det W = 1 within 1e-3 */

typedef struct scene {
    double exx, eyy, exy; /* in the scan's frame */
    double scan_rotation;
    bool flip;
} scene;

/* e on the detector: T e T^T with T = R(rotation) diag(1, flip). */
static void turn_strain(double e[3], const scene *s)
{
    double c = cos(s->scan_rotation * VTR_PI / 180), d = sin(s->scan_rotation * VTR_PI / 180);
    double exy = s->flip ? -s->exy : s->exy;
    e[0] = c * c * s->exx - 2 * c * d * exy + d * d * s->eyy;
    e[1] = d * d * s->exx + 2 * c * d * exy + c * c * s->eyy;
    e[2] = c * d * (s->exx - s->eyy) + (c * c - d * d) * exy;
}

enum { FEW = 96 };
static recording few; /* what is drawn goes into these frames */

/* Patterns of one strain, each with a centre of its own. */
static const char *draw(const scene *s, const char *name, size_t seed)
{
    vtr_random random;
    vtr_random_start(&random, 11, seed);
    double e[3];
    turn_strain(e, s);
    for (size_t p = 0; p < FEW; p++) {
        double cx = 50.3 + 0.6 * vtr_random_normal(&random), cy = 46.8 + 0.6 * vtr_random_normal(&random);
        for (size_t i = 0; i < PIXELS; i++) {
            double x = (double)(i % DET_X) - cx, y = (double)(i / DET_X) - cy;
            double ux = lens[0] * x + lens[2] * y, uy = lens[2] * x + lens[1] * y;
            double rho = hypot((1 + e[0]) * ux + e[2] * uy, e[2] * ux + (1 + e[1]) * uy);
            double mean = flat + height * exp(-0.5 * pow((rho - ring_px) / width_px, 2));
            recording_set(&few, p, i, (double)vtr_random_poisson(&random, mean));
        }
    }
    return recording_write(&few, name);
}

static const char *map_with(const char *input, const char *name, const vtr_calibration *c, const scene *s,
                            size_t n_sectors, int fit)
{
    vtr_error err;
    vtr_map_params map = pass_map_params();
    map.sectors = n_sectors;
    map.scan_rotation = s->scan_rotation;
    map.flip = s->flip;
    map.fit = fit;
    const char *output = test_folder_path(name);
    pass_job job = {.input = input, .output = output, .calibration = c, .map = &map, .threads = 2};
    remove(output);
    assert_ok(pass_run(&job, &err));
    return output;
}

/* Mean over the scan of each sector's profile [n][n_k], and the sectors' angles. */
static double *mean_sectors(const char *path, size_t n, size_t *n_k, double *angles)
{
    size_t n_all, n_angles;
    double *k = pass_dataset(path, "sectors", "k", n_k),
           *all = pass_dataset(path, "sectors", "intensity", &n_all);
    double *found = pass_dataset(path, "sectors", "angle", &n_angles);
    assert_int_equal(n_angles, n);
    assert_int_equal(n_all % (n * *n_k), 0);
    double *mean = vtr_calloc(n * *n_k, sizeof *mean);
    assert_non_null(mean);
    for (size_t i = 0; i < n_all; i++)
        mean[i % (n * *n_k)] += all[i] / (double)(n_all / (n * *n_k));
    memcpy(angles, found, n * sizeof *angles);
    vtr_free(k);
    vtr_free(all);
    vtr_free(found);
    return mean;
}

/* First moment of the ring above the flat level. */
static double ring_radius(const double *profile)
{
    double sum = 0, first = 0;
    for (size_t j = 18; j < 42; j++) {
        sum += profile[j] - flat;
        first += (profile[j] - flat) * ((double)j + 0.5);
    }
    return first / sum;
}

/* A ring alone is not found by itself: its place is given. */
static vtr_calibrate_params ring_params(void)
{
    vtr_calibrate_params params = pass_calibrate_params();
    params.ring[0] = 19;
    params.ring[1] = 41;
    params.centre_x = 50.3;
    params.centre_y = 46.8;
    params.no_beam_stop = true;
    return params;
}

static vtr_calibration *calibration;
static char reference[4096];

static int make_reference(void **state)
{
    vtr_error err;
    const scene unstrained = {0};
    pass_folder_make(state);
    vtr_twin_params twin = recording_params();
    twin.scan[0] = 6;
    twin.scan[1] = FEW / 6;
    recording_make(&few, &twin, VTR_TYPE_U16);
    strcpy(reference, draw(&unstrained, "reference.npy", 0));
    const vtr_calibrate_params params = ring_params();
    assert_ok(pass_calibrate(&calibration, reference, &params, 2, &err));
    return 0;
}

static int drop_reference(void **state)
{
    vtr_calibration_free(calibration);
    recording_release(&few);
    return pass_folder_remove(state);
}

/* k(phi) = k0 / |(I + e) n| in the direction n of each sector; over a sector of width w a second harmonic keeps
 * sin(w)/w of its height. The moment of a bin's samples is good to some 1e-4 of the radius; a wrong sign, swapped axes, a
 * strain at 45 degrees that is lost, or a strain taken out miss by 1e-2. */
static void check_scene(const scene *s, const char *input, size_t n, int fit)
{
    double angles[36], zero_angles[36];
    size_t n_k;
    const char *map = map_with(input, "map.h5", calibration, s, n, fit);
    double *strained = mean_sectors(map, n, &n_k, angles);
    double *zero = mean_sectors(map_with(reference, "zero.h5", calibration, s, n, fit), n, &n_k, zero_angles);
    double w = 2 * VTR_PI / (double)n, keep = sin(w) / w, mean = 0.5 * (s->exx + s->eyy);
    for (size_t i = 0; i < n; i++) {
        double phi = angles[i] * VTR_PI / 180;
        double along = s->exx * cos(phi) * cos(phi) + s->eyy * sin(phi) * sin(phi) + s->exy * sin(2 * phi);
        double expected = mean + keep * (along - mean);
        double found = ring_radius(zero + i * n_k) / ring_radius(strained + i * n_k) - 1;
        assert_near(angles[i], zero_angles[i], 0);
        assert_true(angles[i] >= 0 && angles[i] < 360 && (i == 0 || angles[i] > angles[i - 1]));
        if (!(fabs(found - expected) < 4e-4))
            fail_msg("%zu sectors, turned by %g, flip %d: %.5f at %g degrees, not %.5f", n, s->scan_rotation,
                     s->flip, found, angles[i], expected);
    }
    vtr_free(strained);
    vtr_free(zero);
}

static void sectors_hold_the_strain(void **state)
{
    (void)state;
    const scene scenes[] = {
        {0.01, -0.006, 0, 0, false}, {0, 0, 0.012, 0, false},         {0.01, -0.006, 0.004, 35, false},
        {0, 0, 0.012, 0, true},      {0.01, -0.006, 0.004, 35, true}, {0.012, -0.004, 0.005, -100, true},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        const char *input = draw(&scenes[i], "scan.npy", i + 1);
        check_scene(&scenes[i], input, 16, VTR_FIT_LIKELIHOOD); /* the fit's own bins */
        check_scene(&scenes[i], input, 12, VTR_FIT_LIKELIHOOD);
    }
    const scene *last = &scenes[5];
    const char *input = draw(last, "scan.npy", 6);
    check_scene(last, input, 4, VTR_FIT_LIKELIHOOD);
    check_scene(last, input, 36, VTR_FIT_LIKELIHOOD);
    check_scene(last, input, 10, VTR_FIT_SECTORS);
}

/* The whole profile has the shape of the strain taken out, not the size of the ring, and says so. */
static void the_whole_profile_does_not(void **state)
{
    (void)state;
    vtr_error err;
    const scene strained = {.exx = 0.02, .eyy = 0.01};
    const char *map = map_with(draw(&strained, "scan.npy", 9), "map.h5", calibration, &strained, 4, 0);
    size_t n_all, n_k;
    double *all = pass_dataset(map, "profile", "intensity", &n_all), angles[36];
    double *sectors = mean_sectors(map, 4, &n_k, angles), *mean = vtr_calloc(n_k, sizeof *mean);
    for (size_t i = 0; i < n_all; i++)
        mean[i % n_k] += all[i] / FEW;
    assert_near(ring_radius(mean), ring_px / 1.015, 0.02);
    double around = 0;
    for (size_t i = 0; i < 4; i++)
        around += 0.25 * ring_radius(sectors + i * n_k);
    assert_near(around, ring_px / 1.015, 0.02);
    char text[64];
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, map, &err));
    assert_ok(vtr_mapfile_read_text(file, "sectors", NULL, "taken_out", text, sizeof text, &err));
    assert_string_equal(text, "centre, distortion");
    assert_ok(vtr_mapfile_read_text(file, "profile", NULL, "taken_out", text, sizeof text, &err));
    assert_string_equal(text, "centre, distortion, deviatoric strain");
    assert_ok(vtr_mapfile_read_text(file, "sectors", NULL, "signal", text, sizeof text, &err));
    assert_string_equal(text, "intensity");
    vtr_mapfile_close(&file);
    vtr_free(all);
    vtr_free(sectors);
    vtr_free(mean);
}

/* The stated variance is that of the values over the scan, with speckle and without. Speckle's bars know no correlation
 * along the radius beyond that of the model, which leaves them some per cent short. */
static void variances_are_true(void **state)
{
    (void)state;
    enum { N = 8 };
    for (int is_speckled = 0; is_speckled < 2; is_speckled++) {
        vtr_error err;
        recording r;
        vtr_twin_params params = recording_params();
        params.descan_px = params.descan_bow_px = 0;
        params.contrast = is_speckled ? 0.04 : 0;
        recording_make(&r, &params, VTR_TYPE_U16);
        const char *input = recording_write(&r, "varied.npy");
        recording_release(&r);
        vtr_calibration *c = NULL;
        assert_ok(pass_calibrate(&c, input, NULL, 2, &err));
        const scene s = {.flip = false};
        const char *map = map_with(input, "map.h5", c, &s, N, 0);
        size_t n_all, n_k;
        double *all = pass_dataset(map, "sectors", "intensity", &n_all), angles[N];
        double *variance = pass_dataset(map, "sectors", "variance", &n_all);
        double *mean = mean_sectors(map, N, &n_k, angles), sum = 0, n = 0;
        for (size_t i = 0; i < n_all; i++) {
            double rho = (double)(i % n_k) + 0.5, d = all[i] - mean[i % (N * n_k)];
            if (rho < c->ring.annulus_px[0] + 1 || rho > c->ring.annulus_px[1] - 1) continue;
            sum += d * d / variance[i] * POSITIONS / (POSITIONS - 1);
            n += 1;
        }
        if (is_speckled)
            assert_near(sum / n, 1.05, 0.15);
        else
            assert_near(sum / n, 1, 0.04);
        vtr_free(all);
        vtr_free(variance);
        vtr_free(mean);
        vtr_calibration_free(c);
    }
}

/* A wedge of the detector that is masked has no values, and the others have theirs. */
static void masked_sectors_are_nan(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset_info info = {
        .shape = {1, 1, DET_Y, DET_X}, .type = VTR_TYPE_U8, .n_frames = 1, .saturation = NAN};
    info.scan_step_nm[0] = info.scan_step_nm[1] = info.k_step_inv_angstrom[0] = NAN;
    info.k_step_inv_angstrom[1] = info.beam_energy_kev = NAN;
    static unsigned char used[PIXELS];
    for (size_t i = 0; i < PIXELS; i++) {
        double x = (double)(i % DET_X) - 50.3, y = (double)(i / DET_X) - 46.8;
        used[i] = !(y > 0 && fabs(x) < 0.8 * y); /* about +y: 90 degrees */
    }
    char mask[4096];
    strcpy(mask, test_folder_path("mask.npy"));
    vtr_dataset_writer *writer = NULL;
    assert_ok(vtr_dataset_writer_open(&writer, mask, &info, true, &err));
    assert_ok(vtr_dataset_writer_write(writer, 0, 1, used, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    vtr_calibrate_params params = ring_params();
    params.mask = mask;
    vtr_calibration *c = NULL;
    assert_ok(pass_calibrate(&c, reference, &params, 2, &err));
    const scene s = {.scan_rotation = 0};
    double angles[12];
    size_t n_k;
    double *mean = mean_sectors(map_with(reference, "map.h5", c, &s, 12, 0), 12, &n_k, angles);
    for (size_t j = 12; j < 40; j++)
        for (size_t i = 0; i < 12; i++) {
            bool is_hidden = i == 3; /* 75 to 105 degrees; the mask goes from 51 to 129 */
            bool is_cut = i == 2 || i == 4;
            if (!is_cut && isnan(mean[i * n_k + j]) != is_hidden)
                fail_msg("at %g degrees, %zu px: %g", angles[i], j, mean[i * n_k + j]);
        }
    assert_near(angles[3], 90, 1e-9);
    vtr_free(mean);
    vtr_calibration_free(c);
}

static void assert_same_sectors(const char *a, const char *b)
{
    static const char *const names[] = {"intensity", "variance", "angle", "k"};
    for (size_t i = 0; i < 4; i++) {
        size_t n, m;
        double *x = pass_dataset(a, "sectors", names[i], &n), *y = pass_dataset(b, "sectors", names[i], &m);
        assert_int_equal(n, m);
        for (size_t k = 0; k < n; k++)
            if (!(x[k] == y[k] || (isnan(x[k]) && isnan(y[k])))) fail_msg("%s differs at %zu", names[i], k);
        vtr_free(x);
        vtr_free(y);
    }
}

/* Speckle, descan and lens distortion; any number of threads, any kernel; and what else the pass makes is the same with
 * sectors and without. */
static void the_same_bits_for_threads_and_kernels(void **state)
{
    (void)state;
    vtr_error err;
    recording r;
    vtr_twin_params params = recording_params();
    params.contrast = 0.04;
    recording_make(&r, &params, VTR_TYPE_U16);
    char input[4096], plain[4096], first[4096];
    strcpy(input, recording_write(&r, "speckled.npy"));
    recording_release(&r);
    vtr_calibrate_params calibrate = pass_calibrate_params();
    calibrate.sample = 80;
    vtr_calibration *c = NULL;
    assert_ok(pass_calibrate(&c, input, &calibrate, 2, &err));
    assert_true(c->speckle.contrast > 0);
    const scene s = {.scan_rotation = 20};
    strcpy(plain, map_with(input, "plain.h5", c, &s, 0, 0));
    const size_t numbers[] = {16, 12, 4};
    for (size_t i = 0; i < 3; i++) {
        strcpy(first, map_with(input, "first.h5", c, &s, numbers[i], 0));
        pass_assert_same(plain, first, true);
        vtr_map_params map = pass_map_params();
        map.sectors = numbers[i];
        map.scan_rotation = 20;
        map.no_profile = i == 1; /* sectors alone */
        pass_job job = {.input = input,
                        .output = test_folder_path("one.h5"),
                        .calibration = c,
                        .map = &map,
                        .threads = 1};
        const vtr_cpu cpus[] = {VTR_CPU_AVX512, VTR_CPU_AVX2, VTR_CPU_PORTABLE};
        for (size_t k = 0; k < 3; k++) {
            vtr_cpu_limit(cpus[k]);
            remove(job.output);
            assert_ok(pass_run(&job, &err));
            assert_same_sectors(first, job.output);
        }
        vtr_cpu_limit(VTR_CPU_AVX512);
    }
    vtr_calibration_free(c);
}

static void odd_numbers_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    const size_t wrong[] = {1, 2, 7, 38};
    for (size_t i = 0; i < 4; i++) {
        vtr_map_params map = pass_map_params();
        map.sectors = wrong[i];
        pass_job job = {.input = reference,
                        .output = test_folder_path("wrong.h5"),
                        .calibration = calibration,
                        .map = &map,
                        .threads = 2};
        assert_fails(pass_run(&job, &err), VTR_ERR_ARGUMENT, "an even number from 4 to 36");
        assert_false(test_file_exists(job.output));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sectors_hold_the_strain),
        cmocka_unit_test(the_whole_profile_does_not),
        cmocka_unit_test(variances_are_true),
        cmocka_unit_test(masked_sectors_are_nan),
        cmocka_unit_test(the_same_bits_for_threads_and_kernels),
        cmocka_unit_test(odd_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, make_reference, drop_reference);
}
