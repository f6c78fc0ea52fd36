/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings as they come: cut short, with frames that are empty, broken or without ring. What cannot be mapped is
 * flagged and hurts nothing else; what cannot be started says what to do and leaves no file. */
#define _XOPEN_SOURCE 700 /* truncate */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_pass.h"

static recording good; /* as float32; changed by copies */
static vtr_calibration *clean;

static int make_good(void **state)
{
    (void)state;
    vtr_error err;
    test_folder_make();
    vtr_twin_params params = recording_params();
    recording_make(&good, &params, VTR_TYPE_F32);
    assert_ok(pass_calibrate(&clean, recording_write(&good, "good.npy"), NULL, 2, &err));
    test_folder_remove();
    return 0;
}

static int drop_good(void **state)
{
    (void)state;
    recording_release(&good);
    vtr_calibration_free(clean);
    return 0;
}

/* A copy of the good recording, as another type. */
static recording copy_of_good(vtr_type type)
{
    recording r = good;
    r.info.type = type;
    r.frame_bytes = PIXELS * vtr_type_size(type);
    r.frames = vtr_malloc(POSITIONS, r.frame_bytes);
    assert_non_null(r.frames);
    for (size_t p = 0; p < POSITIONS; p++)
        for (size_t i = 0; i < PIXELS; i++)
            recording_set(&r, p, i, recording_get(&good, p, i));
    return r;
}

/* The bad positions of a changed recording. */
static const size_t bad[] = {0, 17, 18, 40, 200, POSITIONS - 1};
enum { N_BAD = sizeof bad / sizeof *bad };

static bool is_bad(size_t position)
{
    for (size_t i = 0; i < N_BAD; i++)
        if (bad[i] == position) return true;
    return false;
}

/* Maps with its own calibration, or with the clean one; bad positions carry `flag` and are NaN, the others as in a map of
 * the good recording, to the bit with the same calibration. */
static void check_flagged(recording *r, bool with_own_calibration, unsigned flag)
{
    vtr_error err;
    said heard = {0};
    pass_job job = {.input = recording_write(r, "bad.npy"),
                    .output = test_folder_path("bad.h5"),
                    .calibration = with_own_calibration ? NULL : clean,
                    .threads = 2,
                    .said = &heard};
    assert_ok(pass_run(&job, &err));
    recording reference = copy_of_good(r->info.type);
    pass_job good_job = {.input = recording_write(&reference, "good.npy"),
                         .output = test_folder_path("good.h5"),
                         .calibration = clean,
                         .threads = 2};
    assert_ok(pass_run(&good_job, &err));
    vtr_free(reference.frames);
    vtr_ring_map map = pass_ring(job.output), expected = pass_ring(good_job.output);
    for (size_t p = 0; p < POSITIONS; p++) {
        double sigma = sqrt(expected.covariance[15 * p + vtr_ring_map_covariance_index(2, 2)]);
        if (is_bad(p)) {
            if (!(map.flags[p] & flag)) fail_msg("position %zu has flags %u, not %u", p, map.flags[p], flag);
            assert_true(isnan(map.ellipse[5 * p]) && isnan(map.ellipse[5 * p + 4]) && isnan(map.chi2[p]) &&
                        isnan(map.covariance[15 * p + 3]));
        } else {
            assert_int_equal(map.flags[p], 0);
            assert_near(map.ellipse[5 * p + 2], expected.ellipse[5 * p + 2],
                        with_own_calibration ? 0.7 * sigma : 0);
        }
    }
    assert_int_equal(job.summary.n_fitted, POSITIONS - N_BAD);
    assert_true(said_contains(&heard, "6 of 312 positions have no ring"));
    vtr_ring_map_release(&map);
    vtr_ring_map_release(&expected);
}

static void profile_is(const char *path, size_t position, bool is_nan)
{
    size_t n;
    double *profile = pass_dataset(path, "profile", "intensity", &n);
    assert_int_equal(isnan(profile[position * (n / POSITIONS) + 20]), is_nan);
    vtr_free(profile);
}

static void frames_of_zeros_are_empty(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_U16);
    for (size_t i = 0; i < N_BAD; i++)
        recording_fill(&r, bad[i], 0);
    check_flagged(&r, false, VTR_FLAG_EMPTY);
    remove(test_folder_path("bad.h5"));
    remove(test_folder_path("good.h5"));
    check_flagged(&r, true, VTR_FLAG_EMPTY);
    vtr_free(r.frames);
}

static void pixels_that_are_nan_in_some_frames(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_F32);
    for (size_t i = 0; i < N_BAD; i++)
        recording_set(&r, bad[i], 30 * DET_X + 31 + i, i % 2 ? NAN : INFINITY);
    check_flagged(&r, false, VTR_FLAG_INVALID);
    profile_is(test_folder_path("bad.h5"), bad[1], true);
    profile_is(test_folder_path("bad.h5"), bad[1] - 1, false);
    vtr_free(r.frames);
}

static void frames_that_are_nan_altogether(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_F32);
    for (size_t i = 0; i < N_BAD; i++)
        recording_fill(&r, bad[i], NAN);
    check_flagged(&r, true, VTR_FLAG_INVALID);
    vtr_free(r.frames);
}

static void negative_pixels_of_a_counting_camera(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_I16);
    vtr_noise noise = clean->noise;
    clean->noise = (vtr_noise){.gain = 1, .is_counting = true};
    for (size_t i = 0; i < N_BAD; i++)
        recording_set(&r, bad[i], 1000 + i, -1);
    check_flagged(&r, false, VTR_FLAG_INVALID);
    clean->noise = noise;
    vtr_free(r.frames);
}

static void negative_pixels_of_a_camera_with_noise_are_counts(void **state)
{
    (void)state;
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_I16);
    vtr_calibration c = *clean;
    c.noise = (vtr_noise){.gain = 1, .read_noise = 1};
    recording_set(&r, 5, 1000, -3);
    pass_job job = {
        .input = recording_write(&r, "bad.npy"), .output = test_folder_path("bad.h5"), .calibration = &c};
    assert_ok(pass_run(&job, &err));
    assert_int_equal(job.summary.n_fitted, POSITIONS);
    vtr_free(r.frames);
}

/* Flat noise of the mean brightness. */
static void fill_with_noise(recording *r, size_t position, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, position);
    for (size_t i = 0; i < PIXELS; i++)
        recording_set(r, position, i, (double)vtr_random_poisson(&random, 20));
}

static void frames_without_ring_among_others(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_U16);
    for (size_t i = 0; i < N_BAD; i++)
        fill_with_noise(&r, bad[i], 3);
    check_flagged(&r, false, VTR_FLAG_NO_RING | VTR_FLAG_OUT_OF_RANGE | VTR_FLAG_NOT_CONVERGED);
    remove(test_folder_path("bad.h5"));
    remove(test_folder_path("good.h5"));
    check_flagged(&r, true, VTR_FLAG_NO_RING | VTR_FLAG_OUT_OF_RANGE | VTR_FLAG_NOT_CONVERGED);
    vtr_free(r.frames);
}

static void frames_of_one_value(void **state)
{
    (void)state;
    recording r = copy_of_good(VTR_TYPE_U16);
    for (size_t i = 0; i < N_BAD; i++)
        recording_fill(&r, bad[i], 20);
    check_flagged(&r, false, VTR_FLAG_NO_RING | VTR_FLAG_OUT_OF_RANGE | VTR_FLAG_NOT_CONVERGED);
    vtr_free(r.frames);
}

static void a_recording_that_ends_early(void **state)
{
    (void)state;
    vtr_error err;
    enum { THERE = 189 };
    recording r = copy_of_good(VTR_TYPE_U16);
    const char *path = recording_write(&r, "cut.npy");
    size_t header = 128; /* of an .npy of format 1.0 or 2.0 as it is written: a multiple of 64 */
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    header = (size_t)ftell(file) - POSITIONS * r.frame_bytes;
    fclose(file);
    assert_int_equal(truncate(path, (off_t)(header + THERE * r.frame_bytes + r.frame_bytes / 2)), 0);
    said heard = {0};
    pass_job job = {.input = path, .output = test_folder_path("cut.h5"), .threads = 2, .said = &heard};
    assert_ok(pass_run(&job, &err));
    vtr_ring_map map = pass_ring(job.output);
    size_t n;
    double *total = pass_dataset(job.output, "virtual", "total", &n),
           *beam = pass_dataset(job.output, "beam", "flags", &n);
    for (size_t p = 0; p < POSITIONS; p++) {
        assert_int_equal(map.flags[p], p < THERE ? 0 : VTR_FLAG_MISSING);
        assert_int_equal(isnan(map.ellipse[5 * p]), p >= THERE);
        assert_int_equal(isnan(total[p]), p >= THERE);
        assert_int_equal(((unsigned)beam[p] & VTR_FLAG_MISSING) != 0, p >= THERE);
    }
    profile_is(job.output, THERE - 1, false);
    profile_is(job.output, THERE, true);
    assert_int_equal(job.summary.n_missing, POSITIONS - THERE);
    assert_int_equal(job.summary.n_flagged, 0);
    assert_true(said_contains(&heard, "123 of 312 positions have no frame"));
    vtr_free(total);
    vtr_free(beam);
    vtr_ring_map_release(&map);
    vtr_free(r.frames);
}

static void no_ring_anywhere(void **state)
{
    (void)state;
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_U16);
    for (size_t p = 0; p < POSITIONS; p++)
        fill_with_noise(&r, p, 5);
    pass_job job = {.input = recording_write(&r, "noise.npy"), .output = test_folder_path("noise.h5")};
    vtr_status status = pass_run(&job, &err);
    assert_int_equal(status, VTR_ERR_NO_DATA);
    test_assert_contains(err.message, "--ring");
    assert_false(test_file_exists(job.output));
    vtr_calibrate_params params = pass_calibrate_params();
    params.ring[0] = 15;
    params.ring[1] = 30;
    job.calibrate = &params;
    assert_fails(pass_run(&job, &err), VTR_ERR_NO_DATA, "--ring");
    assert_false(test_file_exists(job.output));
    vtr_free(r.frames);
}

static void nothing_but_zeros(void **state)
{
    (void)state;
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_U16);
    memset(r.frames, 0, POSITIONS * r.frame_bytes);
    pass_job job = {.input = recording_write(&r, "zeros.npy"), .output = test_folder_path("zeros.h5")};
    assert_int_equal(pass_run(&job, &err), VTR_ERR_NO_DATA);
    assert_false(test_file_exists(job.output));
    vtr_free(r.frames);
}

/* Rings of which only a part is seen: the mean strain is still right, with larger errors. */
static void check_hidden(const vtr_twin_params *params, double least_growth)
{
    vtr_error err;
    recording r;
    recording_make(&r, params, VTR_TYPE_U16);
    pass_job job = {
        .input = recording_write(&r, "hidden.npy"), .output = test_folder_path("hidden.h5"), .threads = 2};
    assert_ok(pass_run(&job, &err));
    vtr_ring_map map = pass_ring(job.output);
    double n = 0, mean = 0, sigma = 0, chi2 = 0, usual = 0;
    for (size_t p = 0; p < POSITIONS; p++)
        if (!(map.flags[p] & VTR_FLAGS_NO_RING_DATA)) {
            n++;
            mean += map.ellipse[5 * p + 4];
        } else {
            assert_true(map.flags[p] & (VTR_FLAG_FEW_PIXELS | VTR_FLAG_NO_RING));
        }
    assert_true(n > 0.9 * POSITIONS);
    mean /= n;
    for (size_t p = 0; p < POSITIONS; p++) {
        if (map.flags[p] & VTR_FLAGS_NO_RING_DATA) continue;
        double variance = map.covariance[15 * p + vtr_ring_map_covariance_index(4, 4)];
        sigma += sqrt(variance) / n;
        chi2 += (map.ellipse[5 * p + 4] - mean) * (map.ellipse[5 * p + 4] - mean) / variance / n;
    }
    vtr_ring_map_release(&map);
    pass_job plain = {.input = recording_write(&good, "good.npy"),
                      .output = test_folder_path("good.h5"),
                      .calibration = clean,
                      .threads = 2};
    assert_ok(pass_run(&plain, &err));
    map = pass_ring(plain.output);
    for (size_t p = 0; p < POSITIONS; p++)
        usual += sqrt(map.covariance[15 * p + vtr_ring_map_covariance_index(4, 4)]) / POSITIONS;
    assert_true(sigma > least_growth * usual);
    assert_near(chi2, 1, 0.5);
    assert_near(mean, params->exy, 5 * sigma / sqrt(n) + 6e-4);
    vtr_ring_map_release(&map);
    recording_release(&r);
}

static void a_ring_cut_by_the_edge_of_the_detector(void **state)
{
    (void)state;
    vtr_twin_params params = recording_params();
    params.distortion_percent = 0;
    params.centre_x = 90; /* the ring has a radius of 22 px: a third of it lies beyond the last column */
    params.exy = 0.01;
    check_hidden(&params, 1.05);
}

static void a_ring_half_hidden_by_a_beam_stop(void **state)
{
    (void)state;
    vtr_twin_params params = recording_params();
    params.distortion_percent = 0;
    params.middle = VTR_TWIN_BEAM_STOP;
    params.stop_radius_px = 11;
    params.exy = 0.01;
    check_hidden(&params, 1.05);
}

/* The pass of the part of a scan: one row, one position. */
static void check_small(size_t scan_y, size_t scan_x, size_t n_there)
{
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_U16);
    r.info.shape[0] = scan_y;
    r.info.shape[1] = scan_x;
    r.info.n_frames = n_there;
    pass_job job = {
        .input = recording_write(&r, "small.npy"), .output = test_folder_path("small.h5"), .threads = 2};
    vtr_calibrate_params params = pass_calibrate_params();
    params.noise = "counting";
    job.calibrate = &params;
    remove(job.output);
    assert_ok(pass_run(&job, &err));
    vtr_ring_map map = pass_ring(job.output);
    assert_int_equal(map.n_y * map.n_x, scan_y * scan_x);
    for (size_t p = 0; p < scan_y * scan_x; p++) {
        assert_int_equal(map.flags[p] & VTR_FLAGS_NO_RING_DATA, 0);
        assert_near(map.ellipse[5 * p], good.truth[p].centre_x, 0.5);
        assert_near(map.ellipse[5 * p + 1], good.truth[p].centre_y, 0.5);
    }
    vtr_ring_map_release(&map);
    vtr_free(r.frames);
}

static void a_scan_of_one_row(void **state)
{
    (void)state;
    check_small(1, 40, 40);
}

static void a_scan_of_one_column(void **state)
{
    (void)state;
    check_small(40, 1, 40);
}

static void seven_patterns(void **state)
{
    (void)state;
    check_small(1, 7, 7);
}

static void a_single_pattern(void **state)
{
    (void)state;
    check_small(1, 1, 1);
}

static void a_mask_of_the_wrong_shape(void **state)
{
    (void)state;
    vtr_error err;
    recording image = copy_of_good(VTR_TYPE_U16);
    const char *input = recording_write(&image, "scan.npy");
    image.info.shape[0] = image.info.shape[1] = image.info.n_frames = 1;
    image.info.shape[2]--;
    vtr_calibrate_params params = pass_calibrate_params();
    params.mask = recording_write(&image, "mask.npy");
    pass_job job = {.input = input, .output = test_folder_path("map.h5"), .calibrate = &params};
    assert_fails(pass_run(&job, &err), VTR_ERR_SHAPE, "mask.npy' is 95 x 100, the patterns are 96 x 100");
    assert_false(test_file_exists(job.output));
    vtr_free(image.frames);
}

static void a_ring_outside_the_detector(void **state)
{
    (void)state;
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_U16);
    vtr_calibrate_params params = pass_calibrate_params();
    params.ring[0] = 300;
    params.ring[1] = 320;
    pass_job job = {
        .input = recording_write(&r, "scan.npy"), .output = test_folder_path("map.h5"), .calibrate = &params};
    assert_fails(pass_run(&job, &err), VTR_ERR_NO_DATA, "300.0 to 320.0 px");
    assert_false(test_file_exists(job.output));
    vtr_free(r.frames);
}

static void saturation_counts_in_the_ring_alone(void **state)
{
    (void)state;
    vtr_error err;
    recording r = copy_of_good(VTR_TYPE_U16);
    vtr_calibration c = *clean;
    c.saturation = 250; /* the direct beam is above it in every frame */
    size_t x = (size_t)(c.centre_x_px + 0.5), y = (size_t)(c.centre_y_px + 0.5),
           ring = (size_t)c.ring.radius_px;
    recording_set(&r, 30, y * DET_X + x, 60000);        /* in the direct beam */
    recording_set(&r, 31, y * DET_X + x + ring, 250);   /* in the ring */
    recording_set(&r, 32, (y - ring) * DET_X + x, 249); /* just not */
    recording_set(&r, 33, 0, 60000);                    /* beyond it */
    pass_job job = {
        .input = recording_write(&r, "scan.npy"), .output = test_folder_path("map.h5"), .calibration = &c};
    assert_ok(pass_run(&job, &err));
    vtr_ring_map map = pass_ring(job.output);
    for (size_t p = 0; p < POSITIONS; p++)
        assert_int_equal(map.flags[p] & VTR_FLAG_SATURATED, p == 31 ? VTR_FLAG_SATURATED : 0);
    assert_false(isnan(map.ellipse[5 * 31]));
    vtr_ring_map_release(&map);
    vtr_free(r.frames);
}

static void wrong_virtual_detectors(void **state)
{
    (void)state;
    vtr_error err;
    static const char *const texts[] = {"bf",   "bf=",     "bf=3",    "bf=9:3",
                                        "=3:9", "b/f=3:9", "bf=-1:4", "bf=1:4x"};
    char input[4096];
    strcpy(input, recording_write(&good, "scan.npy"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vtr_map_params params = pass_map_params();
        params.virtual_images = (vtr_text_list){1, {texts[i]}};
        pass_job job = {
            .input = input, .output = test_folder_path("map.h5"), .calibration = clean, .map = &params};
        assert_fails(pass_run(&job, &err), VTR_ERR_ARGUMENT, "--virtual: ");
        assert_false(test_file_exists(job.output));
    }
}

static void sectors_of_an_odd_number(void **state)
{
    (void)state;
    vtr_error err;
    vtr_calibration c = *clean;
    c.sectors = 36;
    vtr_map_params params = pass_map_params();
    params.fit = VTR_FIT_SECTORS;
    pass_job job = {.input = recording_write(&good, "scan.npy"),
                    .output = test_folder_path("map.h5"),
                    .calibration = &c,
                    .map = &params};
    assert_fails(pass_run(&job, &err), VTR_ERR_ARGUMENT, "--fit-sectors");
}

static void an_output_that_does_not_fit_on_the_disk(void **state)
{
    (void)state;
    vtr_error err;
    const char *input = recording_write(&good, "scan.npy"), *output = test_folder_path("map.h5");
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    static const rlim_t sizes[] = {1000, 30000, 100000, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        little = (struct rlimit){sizes[i], before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
        pass_job job = {.input = input, .output = output, .calibration = clean, .threads = 2};
        vtr_status status = pass_run(&job, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, VTR_ERR_IO);
        test_assert_contains(err.message, "map.h5");
        assert_false(test_file_exists(output));
        assert_false(test_file_exists(test_folder_path("map.h5.partial")));
    }
    signal(SIGXFSZ, handler);
}

static void an_interrupted_pass(void **state)
{
    (void)state;
    vtr_error err;
    const char *input = recording_write(&good, "scan.npy");
    for (int threads = 1; threads <= 2; threads++) {
        said heard = {.cancel_after = 1};
        pass_job job = {.input = input,
                        .output = test_folder_path("map.h5"),
                        .calibration = clean,
                        .threads = threads,
                        .said = &heard};
        assert_fails(pass_run(&job, &err), VTR_ERR_INTERRUPTED, "interrupted");
        assert_false(test_file_exists(job.output));
        assert_false(test_file_exists(test_folder_path("map.h5.partial")));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pass_folder_make, pass_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(frames_of_zeros_are_empty),
        CASE(pixels_that_are_nan_in_some_frames),
        CASE(frames_that_are_nan_altogether),
        CASE(negative_pixels_of_a_counting_camera),
        CASE(negative_pixels_of_a_camera_with_noise_are_counts),
        CASE(frames_without_ring_among_others),
        CASE(frames_of_one_value),
        CASE(a_recording_that_ends_early),
        CASE(no_ring_anywhere),
        CASE(nothing_but_zeros),
        CASE(a_ring_cut_by_the_edge_of_the_detector),
        CASE(a_ring_half_hidden_by_a_beam_stop),
        CASE(a_scan_of_one_row),
        CASE(a_scan_of_one_column),
        CASE(seven_patterns),
        CASE(a_single_pattern),
        CASE(a_mask_of_the_wrong_shape),
        CASE(a_ring_outside_the_detector),
        CASE(saturation_counts_in_the_ring_alone),
        CASE(wrong_virtual_detectors),
        CASE(sectors_of_an_odd_number),
        CASE(an_output_that_does_not_fit_on_the_disk),
        CASE(an_interrupted_pass),
    };
    return cmocka_run_group_tests(tests, make_good, drop_good);
}
