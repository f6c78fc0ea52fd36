/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns in memory give what the pass finds of them, in whatever portions they come. */
#include "vitrail/frames.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"

/* Results of the whole scan, filled portion by portion. */
typedef struct found {
    size_t samples;
    double *ellipse, *covariance, *chi2;
    uint32_t *flags;
    float *intensity, *variance;
} found;

static void found_make(found *f, size_t samples)
{
    *f = (found){.samples = samples,
                 .ellipse = vtr_calloc(POSITIONS * 5, sizeof(double)),
                 .covariance = vtr_calloc(POSITIONS * 15, sizeof(double)),
                 .chi2 = vtr_calloc(POSITIONS, sizeof(double)),
                 .flags = vtr_calloc(POSITIONS, sizeof(uint32_t)),
                 .intensity = vtr_calloc(POSITIONS * samples, sizeof(float)),
                 .variance = vtr_calloc(POSITIONS * samples, sizeof(float))};
    assert_true(f->ellipse != NULL && f->covariance != NULL && f->chi2 != NULL && f->flags != NULL &&
                f->intensity != NULL && f->variance != NULL);
}

static void found_release(found *f)
{
    vtr_free(f->ellipse);
    vtr_free(f->covariance);
    vtr_free(f->chi2);
    vtr_free(f->flags);
    vtr_free(f->intensity);
    vtr_free(f->variance);
}

static vtr_frames_results results_at(const found *f, size_t first)
{
    return (vtr_frames_results){
        f->ellipse + first * 5, f->covariance + first * 15,        f->chi2 + first,
        f->flags + first,       f->intensity + first * f->samples, f->variance + first * f->samples};
}

/* Portions of 1, 2, 3, ... positions from the last to the first: they begin and end within sixteens and within lines. */
static void work(found *f, vtr_frames *frames, const recording *r, size_t growth)
{
    vtr_error err;
    for (size_t end = POSITIONS, n = growth; end > 0; n += growth) {
        size_t first = n < end ? end - n : 0;
        vtr_frames_results results = results_at(f, first);
        assert_ok(vtr_frames_compute(frames, first, end - first, r->frames + first * r->frame_bytes, &results,
                                     &err));
        end = first;
    }
}

static void assert_same_floats(const double *expected, const float *values, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!((double)values[i] == expected[i] || (isnan(values[i]) && isnan(expected[i]))))
            fail_msg("%s[%zu] is %.9g, was %.9g", what, i, (double)values[i], expected[i]);
}

/* The map file keeps the ring as float32. */
static void assert_same_rounded(const double *expected, const double *values, size_t n, const char *what)
{
    float *rounded = vtr_malloc(n, sizeof *rounded);
    assert_non_null(rounded);
    for (size_t i = 0; i < n; i++)
        rounded[i] = (float)values[i];
    assert_same_floats(expected, rounded, n, what);
    vtr_free(rounded);
}

/* To the bit, or where a portion was part of a sixteen to the rounding that the header names. */
static void assert_same_profile(const char *path, const char *name, const float *values, size_t samples,
                                double rounding)
{
    size_t n;
    double *expected = pass_dataset(path, "profile", name, &n), largest = 0;
    assert_int_equal(n, POSITIONS * samples);
    if (rounding == 0) assert_same_floats(expected, values, n, name);
    for (size_t i = 0; i < n; i++)
        if (fabs(expected[i]) > largest) largest = fabs(expected[i]);
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)values[i] - expected[i]);
        if (!(difference <= rounding * largest) && !(isnan(values[i]) && isnan(expected[i])))
            fail_msg("%s[%zu] is off by %g of %g", name, i, difference, largest);
    }
    vtr_free(expected);
}

static void assert_as_in(const found *f, const char *path, double rounding)
{
    vtr_ring_map ring = pass_ring(path);
    size_t n_fitted = 0;
    for (size_t i = 0; i < POSITIONS; i++)
        n_fitted += (ring.flags[i] & VTR_FLAGS_NO_RING_DATA) == 0;
    assert_true(n_fitted > POSITIONS - 20 && n_fitted < POSITIONS);
    assert_same_rounded(ring.ellipse, f->ellipse, POSITIONS * 5, "ellipse");
    assert_same_rounded(ring.covariance, f->covariance, POSITIONS * 15, "covariance");
    assert_same_rounded(ring.chi2, f->chi2, POSITIONS, "chi2");
    assert_memory_equal(f->flags, ring.flags, POSITIONS * sizeof(uint32_t));
    assert_same_profile(path, "intensity", f->intensity, f->samples, rounding);
    assert_same_profile(path, "variance", f->variance, f->samples, rounding);
    vtr_ring_map_release(&ring);
}

/* One portion of the scan in a thread of the caller's, with frames of its own. */
typedef struct portion {
    const found *into;
    const vtr_calibration *calibration;
    const vtr_map_params *map;
    const recording *recording;
    vtr_type type;
    size_t first, n;
    vtr_error err;
} portion;

static void *work_on_portion(void *of)
{
    portion *p = of;
    vtr_frames *frames = NULL;
    vtr_status status = vtr_frames_create(&frames, p->calibration, p->map, SCAN_Y, SCAN_X, p->type, &p->err);
    vtr_frames_results results = results_at(p->into, p->first);
    if (status == VTR_OK)
        status = vtr_frames_compute(frames, p->first, p->n,
                                    p->recording->frames + p->first * p->recording->frame_bytes, &results,
                                    &p->err);
    vtr_frames_free(&frames);
    return status == VTR_OK ? p : NULL;
}

static void work_in_threads(const portion *whole)
{
    enum { THREADS = 4, EACH = (POSITIONS + THREADS - 1) / THREADS };
    pthread_t thread[THREADS];
    portion portions[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        portions[i] = *whole;
        portions[i].first = i * EACH;
        portions[i].n = i * EACH + EACH < POSITIONS ? EACH : POSITIONS - i * EACH;
        assert_int_equal(pthread_create(&thread[i], NULL, work_on_portion, &portions[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(thread[i], &done), 0);
        if (done == NULL) fail_msg("%s", portions[i].err.message);
    }
}

/* With descan, so that sixteens have several plans; with dark and with empty patterns. */
static void check(vtr_type type, int fit)
{
    vtr_error err;
    recording r;
    vtr_twin_params params = recording_params();
    if (fit != VTR_FIT_LIKELIHOOD) params.electrons = 1e6;
    recording_make(&r, &params, type);
    recording_fill(&r, 40, 0);
    recording_fill(&r, POSITIONS - 1, 1);
    const char *input = recording_write(&r, "scan.npy"), *output = test_folder_path("map.h5");
    vtr_calibration *calibration = NULL;
    vtr_calibrate_params calibrate = pass_calibrate_params();
    calibrate.sample = 80; /* what is measured of the speckle takes its time */
    assert_ok(pass_calibrate(&calibration, input, &calibrate, 2, &err));
    vtr_map_params map = pass_map_params();
    map.fit = fit;
    map.profile_step_px = 1.5;
    pass_job job = {.input = input, .output = output, .map = &map, .calibration = calibration, .threads = 2};
    assert_ok(pass_run(&job, &err));
    static const size_t growths[] = {1, POSITIONS};
    for (size_t k = 0; k < 2; k++) {
        vtr_frames *frames = NULL;
        found f;
        assert_ok(vtr_frames_create(&frames, calibration, &map, SCAN_Y, SCAN_X, type, &err));
        found_make(&f, vtr_frames_samples(calibration, &map));
        work(&f, frames, &r, growths[k]);
        assert_as_in(&f, output, growths[k] == POSITIONS ? 0 : 1e-5);
        found_release(&f);
        vtr_frames_free(&frames);
    }
    found f;
    found_make(&f, vtr_frames_samples(calibration, &map));
    work_in_threads(
        &(portion){.into = &f, .calibration = calibration, .map = &map, .recording = &r, .type = type});
    assert_as_in(&f, output, 1e-5);
    found_release(&f);
    vtr_calibration_free(calibration);
    recording_release(&r);
}

static void portions_of_counts(void **state)
{
    (void)state;
    check(VTR_TYPE_U16, VTR_FIT_LIKELIHOOD);
}

static void portions_of_floats(void **state)
{
    (void)state;
    check(VTR_TYPE_F32, VTR_FIT_LIKELIHOOD);
}

static void portions_fitted_one_by_one(void **state)
{
    (void)state;
    check(VTR_TYPE_U16, VTR_FIT_SECTORS);
}

static void positions_beyond_the_scan_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    recording r;
    vtr_twin_params params = recording_params();
    recording_make(&r, &params, VTR_TYPE_U16);
    vtr_calibration *calibration = NULL;
    assert_ok(pass_calibrate(&calibration, recording_write(&r, "scan.npy"), NULL, 2, &err));
    vtr_frames *frames = NULL;
    assert_int_equal(vtr_frames_create(&frames, calibration, NULL, 0, 5, VTR_TYPE_U16, &err),
                     VTR_ERR_ARGUMENT);
    assert_null(frames);
    vtr_map_params map = pass_map_params();
    map.no_profile = true;
    assert_int_equal(vtr_frames_samples(calibration, &map), 0);
    assert_ok(vtr_frames_create(&frames, calibration, &map, 2, 3, VTR_TYPE_U16, &err));
    double chi2[6];
    const vtr_frames_results results = {.chi2 = chi2};
    assert_int_equal(vtr_frames_compute(frames, 4, 3, r.frames, &results, &err), VTR_ERR_RANGE);
    assert_int_equal(vtr_frames_compute(frames, SIZE_MAX, 2, r.frames, &results, &err), VTR_ERR_RANGE);
    assert_ok(vtr_frames_compute(frames, 6, 0, r.frames, &results, &err));
    assert_ok(vtr_frames_compute(frames, 0, 6, r.frames, &results, &err));
    assert_true(isfinite(chi2[0]) && isfinite(chi2[5]));
    vtr_frames_free(&frames);
    vtr_frames_free(&frames);
    vtr_calibration_free(calibration);
    recording_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(portions_of_counts, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(portions_of_floats, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(portions_fitted_one_by_one, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(positions_beyond_the_scan_are_refused, pass_folder_make,
                                        pass_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
