/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "frames.h"
#include "support.h"

enum { SIDE = 128, PIXELS = SIDE * SIDE };

static void counting_frames(vtr_sample *sample, size_t n, double electrons)
{
    frames_params params = {
        .n = n, .det_y = SIDE, .det_x = SIDE, .electrons = electrons, .gain = 1, .seed = 21};
    frames_make(sample, &params);
}

static size_t count(const unsigned char *reasons, unsigned char reason)
{
    size_t n = 0;
    for (size_t p = 0; p < PIXELS; p++)
        n += (reasons[p] & reason) != 0;
    return n;
}

static void a_whole_camera_is_used_wholly(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    const double electrons[] = {1e3, 1e5, 1e7};
    for (size_t i = 0; i < 3; i++) {
        vtr_sample sample;
        counting_frames(&sample, 30, electrons[i]);
        assert_ok(vtr_mask_find(reasons, &sample, NULL, &err));
        assert_int_equal(count(reasons, VTR_MASK_BEAM_STOP), 0);
        assert_true(count(reasons, 0xff) <= 2);
        vtr_sample_release(&sample);
    }
}

static void bad_pixels_are_named(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    vtr_sample sample;
    vtr_random random;
    vtr_random_start(&random, 4, 0);
    counting_frames(&sample, 30, 1e5);
    for (size_t f = 0; f < sample.n; f++) {
        float *frame = sample.frames + f * PIXELS;
        frame[30 * SIDE + 40] += 300;                                              /* hot */
        frame[31 * SIDE + 41] += 300;                                              /* and its neighbour */
        frame[80 * SIDE + 90] = vtr_random_uniform(&random) < 0.5 ? 200.0f : 0.0f; /* flickers */
        frame[64 * SIDE + 70] = 0;                                                 /* dead */
        frame[90 * SIDE + 20] = 7;                                                 /* stuck */
        for (size_t x = 0; x < SIDE; x++)
            frame[100 * SIDE + x] = 0; /* a dead row */
    }
    sample.frames[3 * PIXELS + 10 * SIDE + 12] = NAN;
    sample.frames[5 * PIXELS + 50 * SIDE + 60] = 1000;
    vtr_mask_params params = vtr_mask_default_params();
    float user[PIXELS];
    for (size_t p = 0; p < PIXELS; p++)
        user[p] = p == 5 * SIDE + 6 ? 0 : 0.5f;
    params.user = user;
    params.saturation = 1000;
    assert_ok(vtr_mask_find(reasons, &sample, &params, &err));
    assert_int_equal(reasons[30 * SIDE + 40], VTR_MASK_HOT);
    assert_int_equal(reasons[31 * SIDE + 41], VTR_MASK_HOT);
    assert_int_equal(reasons[80 * SIDE + 90], VTR_MASK_HOT);
    assert_int_equal(reasons[64 * SIDE + 70], VTR_MASK_DEAD);
    assert_int_equal(reasons[90 * SIDE + 20], VTR_MASK_DEAD);
    assert_int_equal(reasons[100 * SIDE + 64], VTR_MASK_DEAD);
    assert_int_equal(reasons[10 * SIDE + 12], VTR_MASK_INVALID);
    assert_int_equal(reasons[5 * SIDE + 6], VTR_MASK_USER);
    assert_true(reasons[50 * SIDE + 60] & VTR_MASK_SATURATED);
    assert_true(count(reasons, 0xff) < SIDE + 15);
    params = vtr_mask_default_params();
    params.find_hot = params.find_dead = params.find_beam_stop = false;
    assert_ok(vtr_mask_find(reasons, &sample, &params, &err));
    assert_int_equal(count(reasons, 0xff), 1); /* the NAN remains */
    vtr_sample_release(&sample);
}

/* A finger from the top, at doses from 1e4 electrons a pattern; what it hides is masked, what it does not is not. */
static void a_beam_stop_is_found_and_grown(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    const double electrons[] = {1e4, 1e6};
    for (size_t i = 0; i < 2; i++) {
        vtr_sample sample;
        counting_frames(&sample, 60, electrons[i]);
        for (size_t f = 0; f < sample.n; f++)
            for (size_t y = 0; y < 72; y++)
                for (size_t x = 56; x < 72; x++)
                    sample.frames[f * PIXELS + y * SIDE + x] = 0;
        assert_ok(vtr_mask_find(reasons, &sample, NULL, &err));
        size_t missed = 0, wrong = 0, grown = 0;
        for (size_t y = 0; y < SIDE; y++) {
            for (size_t x = 0; x < SIDE; x++) {
                int is_stop = y < 72 && x >= 56 && x < 72, is_near = y < 78 && x >= 50 && x < 78;
                int is_masked = (reasons[y * SIDE + x] & VTR_MASK_BEAM_STOP) != 0;
                missed += is_stop && !is_masked;
                wrong += !is_near && is_masked;
                grown += !is_stop && is_masked;
            }
        }
        assert_int_equal(missed, 0);
        assert_int_equal(wrong, 0);
        assert_true(grown > 0);
        vtr_sample_release(&sample);
    }
}

/* Frames with these expected counts [PIXELS], Poisson. */
static void frames_about(vtr_sample *sample, size_t n, const double *expected)
{
    counting_frames(sample, n, 1e3);
    vtr_random random;
    vtr_random_start(&random, 11, 0);
    for (size_t i = 0; i < n * PIXELS; i++)
        sample->frames[i] = (float)vtr_random_poisson(&random, expected[i % PIXELS]);
}

static double radius_at(size_t p, double centre_x, double centre_y)
{
    return hypot((double)(p % SIDE) - centre_x, (double)(p / SIDE) - centre_y);
}

/* The frame's corners hold an eighth of what the middles of its sides hold, and the counts are so many that the fall
 * stands out of the noise at every pixel: still no edge. */
static void dim_corners_are_no_beam_stop(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    double expected[PIXELS];
    const double falls[] = {35, 45, 60};
    for (size_t i = 0; i < 3; i++) {
        for (size_t p = 0; p < PIXELS; p++) {
            double r = radius_at(p, 63, 64);
            expected[p] =
                3e4 * exp(-r / falls[i]) / (1 + exp((r - 80) / 8)) + 4e3 * exp(-0.5 * pow((r - 30) / 3, 2));
        }
        vtr_sample sample;
        frames_about(&sample, 4, expected);
        assert_ok(vtr_mask_find(reasons, &sample, NULL, &err));
        assert_int_equal(count(reasons, VTR_MASK_BEAM_STOP), 0);
        vtr_sample_release(&sample);
    }
}

/* A convergent-beam disc with nothing, a fading background, or a ring around: what lies about it is no rim. */
static void a_bright_disc_has_no_rim(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    double expected[PIXELS];
    const double radii[] = {18, 30, 42}, around[][2] = {{0, 0}, {8, 0}, {8, 4}, {60, 30}};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++) {
            for (size_t p = 0; p < PIXELS; p++) {
                double r = radius_at(p, 60, 66);
                expected[p] = 2000 / (1 + exp((r - radii[i]) / 0.5)) + 0.01 + around[k][0] * exp(-r / 30) +
                              around[k][1] * exp(-0.5 * pow((r - 55) / 5, 2));
            }
            vtr_sample sample;
            frames_about(&sample, 6, expected);
            assert_ok(vtr_mask_find(reasons, &sample, NULL, &err));
            assert_int_equal(count(reasons, VTR_MASK_BEAM_STOP), 0);
            vtr_sample_release(&sample);
        }
}

/* A round rim about a pattern with a ring; the dark outside has steps from one quarter to the next. */
static void a_rim_is_masked(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    double expected[PIXELS];
    for (size_t p = 0; p < PIXELS; p++) {
        double r = radius_at(p, 60, 66),
               pattern = 3000 * exp(-r / 20) + 900 * exp(-0.5 * pow((r - 25) / 4, 2));
        size_t quarter = (p % SIDE > 63) + 2 * (p / SIDE > 63);
        expected[p] = (150 + pattern) / (1 + exp((r - 50) / 0.4)) + 2 + 0.7 * (double)quarter;
    }
    vtr_sample sample;
    frames_about(&sample, 6, expected);
    assert_ok(vtr_mask_find(reasons, &sample, NULL, &err));
    for (size_t p = 0; p < PIXELS; p++) {
        double r = radius_at(p, 60, 66);
        int is_masked = (reasons[p] & VTR_MASK_BEAM_STOP) != 0;
        if (r > 53 || r < 44) assert_int_equal(is_masked, r > 53);
    }
    vtr_sample_release(&sample);
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    unsigned char reasons[PIXELS];
    vtr_sample sample;
    counting_frames(&sample, 2, 1e4);
    vtr_mask_params params = vtr_mask_default_params();
    params.beam_stop_grow_px = -1;
    assert_fails(vtr_mask_find(reasons, &sample, &params, &err), VTR_ERR_RANGE, "grow");
    size_t n = sample.n;
    sample.n = 0;
    assert_fails(vtr_mask_find(reasons, &sample, NULL, &err), VTR_ERR_NO_DATA, "no frames");
    sample.n = n;
    for (long k = 0; k < 40; k++) { /* every allocation may fail */
        memset(reasons, 0xaa, sizeof reasons);
        vtr_memory_fail_after(k);
        vtr_status status = vtr_mask_find(reasons, &sample, NULL, &err);
        vtr_memory_fail_after(-1);
        if (status == VTR_OK) break;
        assert_int_equal(status, VTR_ERR_MEMORY);
        assert_int_equal(reasons[0], 0xaa);
    }
    vtr_sample_release(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_camera_is_used_wholly),
        cmocka_unit_test(bad_pixels_are_named),
        cmocka_unit_test(a_beam_stop_is_found_and_grown),
        cmocka_unit_test(dim_corners_are_no_beam_stop),
        cmocka_unit_test(a_bright_disc_has_no_rim),
        cmocka_unit_test(a_rim_is_masked),
        cmocka_unit_test(wrong_use_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
