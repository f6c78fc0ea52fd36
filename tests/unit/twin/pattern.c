/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/detector.h"
#include "vitrail/twin.h"

static vtr_twin_params plain_params(void)
{
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = 2;
    params.pattern[0] = params.pattern[1] = 128;
    params.middle = VTR_TWIN_EMPTY;
    params.contrast = 0;
    return params;
}

static vtr_twin *open_rings(const vtr_twin_params *params)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    assert_ok(vtr_twin_open(&twin, "rings", params, &err));
    return twin;
}

static vtr_twin_position plain_position(const vtr_twin *twin)
{
    vtr_twin_position position;
    vtr_twin_get_position(twin, 0, &position);
    return position;
}

static void expected_electrons_add_to_the_dose(void **state)
{
    (void)state;
    vtr_twin_params params = plain_params();
    for (int middle = 0; middle < 2; middle++) {
        params.middle = middle == 0 ? VTR_TWIN_EMPTY : VTR_TWIN_DIRECT_BEAM;
        params.beam_ratio = 3;
        params.distortion_percent = 2;
        vtr_twin *twin = open_rings(&params);
        vtr_twin_position position = plain_position(twin);
        static double mu[128 * 128];
        position.electrons = 4e5;
        for (int thick = 0; thick < 2; thick++) {
            position.background_factor = 1 + thick;
            vtr_twin_expected(twin, &position, mu);
            double sum = 0;
            for (size_t i = 0; i < 128 * 128; i++) {
                assert_true(mu[i] >= 0);
                sum += mu[i];
            }
            assert_near(sum / 4e5, middle == 0 ? 1 : 4, 2e-3 * middle + 1e-5);
        }
        vtr_twin_close(&twin);
    }
}

/* A detector of a few pixels, on which the pattern is moved about, with the ring at 30 px. */
enum { SMALL = 8 };
static vtr_twin_params small_params(void)
{
    vtr_twin_params params = plain_params();
    params.pattern[0] = params.pattern[1] = SMALL;
    params.ring_k = 0.5;
    params.k_step = 0.5 / 30;
    return params;
}

/* The radius of the brightest point of the ring along a direction, from the exact expectation on a fine line:
 * mu is known at pixels only, so the pattern is moved instead: the pixel (4, 4) sees the place (4, 4) - c. */
static double ring_radius_along(const vtr_twin *twin, double exx, double eyy, double exy,
                                double angle_degrees)
{
    double mu[SMALL * SMALL];
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    vtr_twin_position p = {.exx = exx, .eyy = eyy, .exy = exy, .electrons = 1e6, .background_factor = 0};
    double c = cos(angle_degrees * VTR_RADIANS_PER_DEGREE), s = sin(angle_degrees * VTR_RADIANS_PER_DEGREE);
    double best = 0, radius = 0, low = 0.9 * info->ring_radius_px, high = 1.1 * info->ring_radius_px;
    for (double r = low; r < high; r += 0.02) {
        p.centre_x = 4 - r * c;
        p.centre_y = 4 - r * s;
        vtr_twin_expected(twin, &p, mu);
        if (mu[4 * SMALL + 4] > best) {
            best = mu[4 * SMALL + 4];
            radius = r;
        }
    }
    return radius;
}

/* Tension along a direction makes the ring small along it: k = k0 / (1 + e). */
static void ring_shrinks_along_tension(void **state)
{
    (void)state;
    vtr_twin_params params = small_params();
    vtr_twin *twin = open_rings(&params);
    double r0 = ring_radius_along(twin, 0, 0, 0, 17);
    /* <f>^2 falls with k and draws the maximum inwards */
    assert_near(r0, vtr_twin_get_info(twin)->ring_radius_px - 0.4, 0.1);
    assert_near(ring_radius_along(twin, 0.05, 0, 0, 0) / r0, 1 / 1.05, 2.5e-3);
    assert_near(ring_radius_along(twin, 0.05, 0, 0, 90) / r0, 1, 1e-3);
    /* exy > 0 is tension along +45 degrees, x towards y (down the rows) */
    assert_near(ring_radius_along(twin, 0, 0, 0.05, 45) / r0, 1 / 1.05, 2.5e-3);
    assert_near(ring_radius_along(twin, 0, 0, 0.05, 135) / r0, 1 / 0.95, 2.5e-3);
    vtr_twin_close(&twin);
}

/* A scan turned by 30 degrees sees tension along its x at 30 degrees on the detector; mirrored, tension along
 * +20 degrees of the scan at 30 - 20. */
static void strain_is_turned_onto_the_detector(void **state)
{
    (void)state;
    vtr_twin_params params = small_params();
    params.scan_rotation = 30;
    vtr_twin *twin = open_rings(&params);
    double r0 = ring_radius_along(twin, 0, 0, 0, 0);
    assert_near(ring_radius_along(twin, 0.05, 0, 0, 30) / r0, 1 / 1.05, 2.5e-3);
    assert_near(ring_radius_along(twin, 0.05, 0, 0, 120) / r0, 1, 1e-3);
    vtr_twin_close(&twin);
    params.flip = true;
    twin = open_rings(&params);
    double c = cos(40 * VTR_RADIANS_PER_DEGREE), s = sin(40 * VTR_RADIANS_PER_DEGREE);
    assert_near(ring_radius_along(twin, 0.05 * c, -0.05 * c, 0.05 * s, 10) / r0, 1 / 1.05, 2.5e-3);
    assert_near(ring_radius_along(twin, 0.05 * c, -0.05 * c, 0.05 * s, 100) / r0, 1 / 0.95, 2.5e-3);
    vtr_twin_close(&twin);
}

static void lens_distortion_makes_an_ellipse_of_the_same_area(void **state)
{
    (void)state;
    vtr_twin_params params = small_params();
    vtr_twin *twin = open_rings(&params);
    double r0 = ring_radius_along(twin, 0, 0, 0, 0);
    vtr_twin_close(&twin);
    params.distortion_percent = 6;
    params.distortion_angle = 25;
    twin = open_rings(&params);
    double a = ring_radius_along(twin, 0, 0, 0, 25), b = ring_radius_along(twin, 0, 0, 0, 115);
    assert_near(a / b, 1.06, 2e-3);
    assert_near(a * b / (r0 * r0), 1, 3e-3);
    vtr_twin_close(&twin);
}

/* Many noisy frames average to the expectation, pixel by pixel and in total; counts scatter as Poisson's do.
 */
static void frames_average_to_the_expectation(void **state)
{
    (void)state;
    enum { FRAMES = 400, PIXELS = 64 * 64 };
    vtr_twin_params params = plain_params();
    params.pattern[0] = params.pattern[1] = 64;
    params.middle = VTR_TWIN_DIRECT_BEAM;
    params.electrons = 2e4;
    vtr_twin *twin = open_rings(&params);
    vtr_twin_position position = plain_position(twin);
    position.exx = 0.02;
    position.centre_x += 0.37;
    static double mu[PIXELS], sum[PIXELS];
    static uint16_t frame[PIXELS];
    memset(sum, 0, sizeof sum);
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    vtr_twin_expected(twin, &position, mu);
    for (uint64_t f = 0; f < FRAMES; f++) {
        vtr_twin_frame(twin, &position, f, scratch, frame);
        for (size_t i = 0; i < PIXELS; i++)
            sum[i] += frame[i];
    }
    double chi2 = 0, total = 0, expected = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        double d = sum[i] - FRAMES * mu[i];
        assert_near(sum[i], FRAMES * mu[i], 6 * sqrt(FRAMES * mu[i]));
        chi2 += d * d / (FRAMES * mu[i]);
        total += sum[i];
        expected += FRAMES * mu[i];
    }
    assert_near(chi2 / PIXELS, 1, 5 * sqrt(2.0 / PIXELS));
    assert_near(total, expected, 5 * sqrt(expected));
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

static void the_camera_adds_gain_offset_noise_and_bad_pixels(void **state)
{
    (void)state;
    enum { FRAMES = 200, PIXELS = 64 * 64 };
    vtr_twin_params params = plain_params();
    params.pattern[0] = params.pattern[1] = 64;
    params.type = 3;
    params.electrons = 8e4;
    params.gain = 12.5;
    params.offset = 100;
    params.read_noise = 30;
    params.middle = VTR_TWIN_BEAM_STOP;
    params.stop_radius_px = 5;
    params.hot_pixels = 7;
    params.dead_pixels = 9;
    params.saturation = 12000;
    vtr_twin *twin = open_rings(&params);
    vtr_twin_position position = plain_position(twin);
    static float frame[PIXELS];
    static double sum[PIXELS], sum2[PIXELS], mu[PIXELS];
    static unsigned char reasons[PIXELS];
    memset(sum, 0, sizeof sum);
    memset(sum2, 0, sizeof sum2);
    vtr_twin_mask(twin, reasons);
    vtr_twin_expected(twin, &position, mu);
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    for (uint64_t f = 0; f < FRAMES; f++) {
        vtr_twin_frame(twin, &position, f, scratch, frame);
        for (size_t i = 0; i < PIXELS; i++) {
            sum[i] += (double)frame[i] / FRAMES;
            sum2[i] += (double)frame[i] * (double)frame[i] / FRAMES;
        }
    }
    size_t n_hot = 0, n_dead = 0, n_stop = 0, n_plain = 0;
    double ratio = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        double variance = (sum2[i] - sum[i] * sum[i]) * FRAMES / (FRAMES - 1);
        double model = 12.5 * 12.5 * mu[i] + 900;
        if (reasons[i] == VTR_MASK_HOT) {
            n_hot++;
            assert_near(sum[i], 12000, 300);
        } else if (reasons[i] == VTR_MASK_DEAD) {
            n_dead++;
            assert_true(sum[i] == 0);
        } else {
            n_stop += reasons[i] == VTR_MASK_BEAM_STOP;
            assert_near(sum[i], 100 + 12.5 * mu[i], 6 * sqrt(model / FRAMES));
            ratio += variance / model;
            n_plain++;
        }
    }
    assert_near(ratio / (double)n_plain, 1, 0.01);
    assert_int_equal(n_hot, 7);
    assert_int_equal(n_dead, 9);
    /* half a disc and a bar of 11 rows from the centre to the left border */
    assert_true(n_stop > 300 && n_stop < 480);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

static void a_stream_is_a_frame(void **state)
{
    (void)state;
    vtr_twin_params params = plain_params();
    params.contrast = 0.1;
    vtr_twin *twin = open_rings(&params);
    vtr_twin_position position = plain_position(twin);
    static uint16_t a[128 * 128], b[128 * 128], c[128 * 128];
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    vtr_twin_frame(twin, &position, 3, scratch, a);
    vtr_twin_frame(twin, &position, 4, scratch, c);
    vtr_twin_frame(twin, &position, 3, scratch, b);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

/* The variance of frames over the mean: counts plus contrast times the elastic part squared. */
static void speckle_adds_its_contrast(void **state)
{
    (void)state;
    enum { FRAMES = 600, PIXELS = 64 * 64 };
    vtr_twin_params params = plain_params();
    params.pattern[0] = params.pattern[1] = 64;
    params.contrast = 0.1;
    params.background = 0;
    params.electrons = 1e6;
    vtr_twin *twin = open_rings(&params);
    vtr_twin_position position = plain_position(twin);
    static uint16_t frame[PIXELS];
    static double mu[PIXELS];
    vtr_twin_expected(twin, &position, mu);
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    double sum = 0;
    for (uint64_t f = 0; f < FRAMES; f++) {
        vtr_twin_frame(twin, &position, f, scratch, frame);
        for (size_t i = 0; i < PIXELS; i++)
            sum += ((frame[i] - mu[i]) * (frame[i] - mu[i]) - mu[i]) / (mu[i] * mu[i]);
    }
    assert_near(sum / ((double)FRAMES * PIXELS), 0.1, 0.004);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

static void wrong_parameters_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    assert_fails(vtr_twin_open(&twin, "ring", &params, &err), VTR_ERR_ARGUMENT, "no preset 'ring'");
    params.grain_px = -1;
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_RANGE, "--grain: -1");
    params = vtr_twin_default_params();
    params.pattern[0] = 64;
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_ARGUMENT,
                 "--pattern takes two numbers");
    params.pattern[1] = 100000;
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_RANGE, "--pattern: 100000");
    params = vtr_twin_default_params();
    params.composition = "Xx100";
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_ARGUMENT, "Xx100");
    params = vtr_twin_default_params();
    params.pattern[0] = params.pattern[1] = 16;
    params.hot_pixels = 200;
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_RANGE, "hot");
    assert_null(twin);
}

static void memory_may_run_short(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin_params params = plain_params();
    params.contrast = 0.1;
    params.friedel = 0;
    for (long n = 0; n < 100; n++) {
        vtr_twin *twin = NULL;
        vtr_memory_fail_after(n);
        vtr_status status = vtr_twin_open(&twin, "zr-band", &params, &err);
        vtr_memory_fail_after(-1);
        if (status == VTR_OK) {
            assert_true(n > 8);
            vtr_twin_close(&twin);
            return;
        }
        assert_int_equal(status, VTR_ERR_MEMORY);
        assert_null(twin);
    }
    fail_msg("a plan makes more than a hundred allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_electrons_add_to_the_dose),
        cmocka_unit_test(ring_shrinks_along_tension),
        cmocka_unit_test(strain_is_turned_onto_the_detector),
        cmocka_unit_test(lens_distortion_makes_an_ellipse_of_the_same_area),
        cmocka_unit_test(frames_average_to_the_expectation),
        cmocka_unit_test(the_camera_adds_gain_offset_noise_and_bad_pixels),
        cmocka_unit_test(a_stream_is_a_frame),
        cmocka_unit_test(speckle_adds_its_contrast),
        cmocka_unit_test(wrong_parameters_are_named),
        cmocka_unit_test(memory_may_run_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
