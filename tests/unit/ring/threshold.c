/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "fits.h"
#include "support.h"

static double blur_px = 0;

static vtr_status fit_threshold(vtr_ring_ellipse *out, const vtr_ring_frame *frame)
{
    vtr_ring_scratch *scratch = NULL;
    vtr_error err;
    vtr_ring_threshold_params params = {.fraction = 0.95, .blur_px = blur_px};
    assert_ok(vtr_ring_scratch_create(&scratch, frame->det_y, frame->det_x, &err));
    vtr_status status = vtr_ring_fit_threshold(out, frame, &params, scratch, &err);
    vtr_ring_scratch_free(scratch);
    return status;
}

static pattern_params on_flat_background(void)
{
    pattern_params p = pattern_usual();
    p.slope = 0;
    return p;
}

/* Pixels are whole, so the ellipse is good to a few hundredths of one. */
static void rings_are_found_at_every_angle(void **state)
{
    (void)state;
    vtr_error err;
    for (int turn = 0; turn < 12; turn++) {
        pattern_params p = on_flat_background();
        p.angle_degrees = -75 + 15 * turn;
        float *pixels = pattern_make(&p);
        vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
        vtr_ring_ellipse fit;
        double a, b, angle;
        assert_ok(fit_threshold(&fit, &frame));
        assert_int_equal(fit.flags, 0);
        vtr_ring_ellipse_axes(&fit, frame.radius_px, &a, &b, &angle);
        assert_near(a, p.a_px, 0.1);
        assert_near(b, p.b_px, 0.1);
        assert_near(remainder(angle - p.angle_degrees, 180), 0, 3);
        assert_near(fit.centre_x_px, p.centre_x_px, 0.05);
        assert_near(fit.centre_y_px, p.centre_y_px, 0.05);
        vtr_free(pixels);
    }
}

static void turns_and_mirrors_with_the_pattern(void **state)
{
    (void)state;
    pattern_params p = on_flat_background();
    p.height = 4000;
    p.noise = 3;
    float *pixels = pattern_make(&p);
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    check_equivariance(fit_threshold, pixels, &frame, 1e-8);
    blur_px = 1.5;
    check_equivariance(fit_threshold, pixels, &frame, 1e-8);
    blur_px = 0;
    vtr_free(pixels);
}

/* What the method is kept for: at low counts it needs the blur, and masked pixels do not bleed into it. */
static void blur_helps_and_respects_the_mask(void **state)
{
    (void)state;
    vtr_error err;
    pattern_params p = on_flat_background();
    p.height = 300;
    p.noise = 9;
    float *pixels = pattern_make(&p);
    unsigned char *used = vtr_malloc(p.det_y * p.det_x, 1);
    for (size_t i = 0; i < p.det_y * p.det_x; i++) {
        used[i] = i % p.det_x != 70 || i / p.det_x > 60;
        if (!used[i]) pixels[i] = 1e6f;
    }
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    frame.used = used;
    vtr_ring_ellipse fit;
    double a, b, angle;
    blur_px = 2;
    assert_ok(fit_threshold(&fit, &frame));
    blur_px = 0;
    assert_int_equal(fit.flags, 0);
    vtr_ring_ellipse_axes(&fit, frame.radius_px, &a, &b, &angle);
    assert_near(a, p.a_px, 0.5);
    assert_near(b, p.b_px, 0.5);
    vtr_free(pixels);
    vtr_free(used);
}

static uint32_t flags_of(const pattern_params *p, float value, double shift_x)
{
    vtr_error err;
    float *pixels = pattern_make(p);
    for (size_t i = 0; i < p->det_y * p->det_x && value == value; i++)
        pixels[i] = value > 0 ? NAN : 0;
    vtr_ring_frame frame = pattern_frame(pixels, p, 10);
    frame.centre_x_px += shift_x;
    vtr_ring_ellipse fit;
    assert_ok(fit_threshold(&fit, &frame));
    vtr_free(pixels);
    if (fit.flags) assert_true(isnan(fit.wxx) && isnan(fit.centre_x_px));
    return fit.flags;
}

static void what_cannot_be_fitted_is_flagged(void **state)
{
    (void)state;
    pattern_params p = on_flat_background();
    assert_int_equal(flags_of(&p, 0, 0), VTR_FLAG_EMPTY);
    assert_int_equal(flags_of(&p, 1, 0), VTR_FLAG_INVALID);
    assert_int_equal(flags_of(&p, NAN, -85), VTR_FLAG_FEW_PIXELS);
    p.height = 0;
    p.base = 30;
    for (int k = 1; k <= 20; k++) {
        p.noise = k;
        assert_int_not_equal(flags_of(&p, NAN, 0) & VTR_FLAGS_NO_RING_DATA, 0);
    }
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    pattern_params p = pattern_usual();
    float *pixels = pattern_make(&p);
    vtr_ring_frame frame = pattern_frame(pixels, &p, 10);
    vtr_ring_ellipse fit;
    frame.annulus_px[0] = NAN;
    vtr_ring_scratch *scratch = NULL;
    assert_ok(vtr_ring_scratch_create(&scratch, p.det_y, p.det_x, &err));
    assert_fails(vtr_ring_fit_threshold(&fit, &frame, NULL, scratch, &err), VTR_ERR_ARGUMENT, "annulus");
    vtr_ring_scratch_free(scratch);
    vtr_free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_are_found_at_every_angle),
        cmocka_unit_test(turns_and_mirrors_with_the_pattern),
        cmocka_unit_test(blur_helps_and_respects_the_mask),
        cmocka_unit_test(what_cannot_be_fitted_is_flagged),
        cmocka_unit_test(wrong_use_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
