/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "fits.h"
#include "support.h"

static vtr_status fit_sectors(vtr_ring_ellipse *out, const vtr_ring_frame *frame)
{
    vtr_ring_scratch *scratch = NULL;
    vtr_error err;
    assert_ok(vtr_ring_scratch_create(&scratch, frame->det_y, frame->det_x, &err));
    vtr_status status = vtr_ring_fit_sectors(out, frame, NULL, scratch, &err);
    vtr_ring_scratch_free(scratch);
    return status;
}

/* Without noise the fit is exact at every angle: a fit that knew only the axes' lengths would read a 4 % ellipse at
 * 45 degrees as round. */
static void noiseless_rings_are_exact_at_every_angle(void **state)
{
    (void)state;
    vtr_error err;
    for (int turn = 0; turn < 12; turn++) {
        pattern_params p = pattern_usual();
        p.angle_degrees = -75 + 15 * turn;
        float *pixels = pattern_make(&p);
        vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
        vtr_ring_ellipse fit;
        double a, b, angle;
        assert_ok(fit_sectors(&fit, &frame));
        assert_int_equal(fit.flags, 0);
        vtr_ring_ellipse_axes(&fit, frame.radius_px, &a, &b, &angle);
        assert_near(a, p.a_px, 2e-4);
        assert_near(b, p.b_px, 2e-4);
        assert_near(remainder(angle - p.angle_degrees, 180), 0, 0.01);
        assert_near(fit.centre_x_px, p.centre_x_px, 1e-4);
        assert_near(fit.centre_y_px, p.centre_y_px, 1e-4);
        assert_near(fit.amplitude, p.height, 0.5);
        vtr_free(pixels);
    }
}

/* Errors are true: pulls of unit variance over many noisy patterns, and no bias. */
static void errors_are_true(void **state)
{
    (void)state;
    vtr_error err;
    enum { N = 150 };
    double mean[5] = {0}, square[5] = {0};
    pattern_params p = pattern_usual();
    p.height = 4;
    p.base = 3;
    p.slope = -3;
    vtr_ring_ellipse truth;
    vtr_ring_ellipse_from_axes(&truth, sqrt(p.a_px * p.b_px), p.centre_x_px, p.centre_y_px, p.a_px, p.b_px,
                               p.angle_degrees);
    for (int k = 0; k < N; k++) {
        p.noise = 1 + k;
        float *pixels = pattern_make(&p);
        vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
        vtr_ring_ellipse fit;
        assert_ok(fit_sectors(&fit, &frame));
        assert_int_equal(fit.flags, 0);
        double off[5] = {fit.centre_x_px - truth.centre_x_px, fit.centre_y_px - truth.centre_y_px,
                         fit.wxx - truth.wxx, fit.wyy - truth.wyy, fit.wxy - truth.wxy};
        for (int i = 0; i < 5; i++) {
            double pull = off[i] / sqrt(fit.covariance[i][i]);
            mean[i] += pull / N;
            square[i] += pull * pull / N;
        }
        vtr_free(pixels);
    }
    for (int i = 0; i < 5; i++) {
        assert_near(mean[i], 0, 0.35);
        assert_near(sqrt(square[i]), 1, 0.2);
    }
}

static void turns_and_mirrors_with_the_pattern(void **state)
{
    (void)state;
    pattern_params p = pattern_usual();
    p.noise = 5;
    float *pixels = pattern_make(&p);
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    check_equivariance(fit_sectors, pixels, &frame, 1e-6);
    frame.centre_x_px = 61; /* whole pixels: no pixel may change its sector by being mirrored */
    frame.centre_y_px = 64;
    check_equivariance(fit_sectors, pixels, &frame, 1e-6);
    vtr_free(pixels);
}

static void a_beam_stop_costs_precision_only(void **state)
{
    (void)state;
    vtr_error err;
    pattern_params p = pattern_usual();
    float *pixels = pattern_make(&p);
    unsigned char *used = vtr_malloc(p.det_y * p.det_x, 1);
    for (size_t i = 0; i < p.det_y * p.det_x; i++) {
        size_t x = i % p.det_x, y = i / p.det_x;
        used[i] = !(x > 54 && x < 66 && y < 70);
        if (!used[i]) pixels[i] = 0;
        if (x == 20 && y == 50) pixels[i] = NAN;
    }
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    frame.used = used;
    vtr_ring_ellipse fit;
    double a, b, angle;
    assert_ok(fit_sectors(&fit, &frame));
    assert_int_equal(fit.flags, 0);
    vtr_ring_ellipse_axes(&fit, frame.radius_px, &a, &b, &angle);
    assert_near(a, p.a_px, 2e-4);
    assert_near(b, p.b_px, 2e-4);
    vtr_free(pixels);
    vtr_free(used);
}

/* A frame of one value, NAN allowed. */
static uint32_t flags_of_flat(float value, unsigned char is_used)
{
    vtr_error err;
    pattern_params p = pattern_usual();
    float *pixels = pattern_make(&p);
    unsigned char *used = vtr_malloc(p.det_y * p.det_x, 1);
    for (size_t i = 0; i < p.det_y * p.det_x; i++) {
        pixels[i] = value;
        used[i] = is_used;
    }
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    frame.used = used;
    vtr_ring_ellipse fit;
    assert_ok(fit_sectors(&fit, &frame));
    assert_true(isnan(fit.wxx));
    vtr_free(pixels);
    vtr_free(used);
    return fit.flags;
}

static void what_cannot_be_fitted_is_flagged(void **state)
{
    (void)state;
    vtr_error err;
    assert_int_equal(flags_of_flat(0, 1), VTR_FLAG_EMPTY);
    assert_int_equal(flags_of_flat(NAN, 1), VTR_FLAG_INVALID);
    assert_int_equal(flags_of_flat(1, 0), VTR_FLAG_FEW_PIXELS);

    pattern_params p = pattern_usual();
    vtr_ring_ellipse fit;
    size_t n_found = 0;
    p.height = 0;
    p.base = 20;
    for (int k = 0; k < 20; k++) { /* flat noise */
        p.noise = 1 + k;
        float *pixels = pattern_make(&p);
        vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
        assert_ok(fit_sectors(&fit, &frame));
        n_found += (fit.flags & VTR_FLAGS_NO_RING_DATA) == 0;
        vtr_free(pixels);
    }
    assert_int_equal(n_found, 0);

    p = pattern_usual();
    p.centre_x_px = 5; /* half of the ring is off the detector */
    float *pixels = pattern_make(&p);
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    frame.centre_x_px = -8;
    assert_ok(fit_sectors(&fit, &frame));
    assert_int_equal(fit.flags, VTR_FLAG_FEW_PIXELS);
    vtr_free(pixels);
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    pattern_params p = pattern_usual();
    float *pixels = pattern_make(&p);
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    vtr_ring_ellipse fit;
    vtr_ring_scratch *scratch = NULL;
    assert_ok(vtr_ring_scratch_create(&scratch, p.det_y, p.det_x, &err));
    vtr_ring_sectors_params params = {.n_sectors = 12, .least_visible = 0.5};
    assert_fails(vtr_ring_fit_sectors(&fit, &frame, &params, scratch, &err), VTR_ERR_ARGUMENT,
                 "multiple of 8");
    frame.annulus_px[1] = frame.annulus_px[0];
    assert_fails(vtr_ring_fit_sectors(&fit, &frame, NULL, scratch, &err), VTR_ERR_ARGUMENT, "annulus");
    frame.annulus_px[1] = frame.annulus_px[0] + 1;
    assert_fails(vtr_ring_fit_sectors(&fit, &frame, NULL, scratch, &err), VTR_ERR_ARGUMENT,
                 "outside its annulus");
    frame.det_x--;
    assert_fails(vtr_ring_fit_sectors(&fit, &frame, NULL, scratch, &err), VTR_ERR_SHAPE, "scratch");
    vtr_ring_scratch_free(scratch);
    vtr_free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noiseless_rings_are_exact_at_every_angle),
        cmocka_unit_test(errors_are_true),
        cmocka_unit_test(turns_and_mirrors_with_the_pattern),
        cmocka_unit_test(a_beam_stop_costs_precision_only),
        cmocka_unit_test(what_cannot_be_fitted_is_flagged),
        cmocka_unit_test(wrong_use_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
