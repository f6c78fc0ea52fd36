/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/beam.h"

static vtr_error err;

enum { Y = 60, X = 72 };

static double expected[Y * X];
static double frame[Y * X];
static float frame_f32[Y * X];
static uint16_t frame_u16[Y * X];

/* A disc of constant height with an edge one pixel wide, on a background. */
static void make_disc(double cx, double cy, double radius, double height, double background)
{
    for (size_t i = 0; i < Y * X; i++) {
        double r = hypot((double)(i % X) - cx, (double)(i / X) - cy);
        double inside = fmin(1, fmax(0, radius + 0.5 - r));
        expected[i] = height * inside + background;
    }
}

static vtr_beam_params usual_params(void)
{
    return vtr_beam_default_params(Y, X, 34, 28, 9);
}

static void finds_a_disc_without_noise(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position p;
    make_disc(36.3, 26.6, 7, 1000, 50);
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, 0);
    assert_near(p.x_px, 36.3, 0.01);
    assert_near(p.y_px, 26.6, 0.01);
    assert_near(p.background, 50, 1e-9);
    assert_near(p.counts / (1000 * acos(-1) * 7 * 7), 1, 0.01);
}

/* Moving the pattern by whole pixels moves the answer by exactly that, and the axes are not mixed up. */
static void follows_a_shift(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position a, b;
    make_disc(33.7, 28.2, 7, 1000, 20);
    assert_ok(vtr_beam_centre_of_mass(&a, VTR_TYPE_F64, expected, &params, &err));
    make_disc(37.7, 27.2, 7, 1000, 20);
    assert_ok(vtr_beam_centre_of_mass(&b, VTR_TYPE_F64, expected, &params, &err));
    assert_near(b.x_px - a.x_px, 4, 1e-6);
    assert_near(b.y_px - a.y_px, -1, 1e-6);
}

/* A disc of the same counts, in every type. */
static void all_types_agree(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position first = {0}, p;
    make_disc(36.3, 26.6, 7, 100, 5);
    for (int type = 0; type < VTR_TYPE_COUNT; type++) {
        for (size_t i = 0; i < Y * X; i++) {
            int value = (int)expected[i];
            switch (type) {
            case VTR_TYPE_U8:
            case VTR_TYPE_I8:
                ((uint8_t *)frame)[i] = (uint8_t)value;
                break;
            case VTR_TYPE_U16:
            case VTR_TYPE_I16:
                ((uint16_t *)frame)[i] = (uint16_t)value;
                break;
            case VTR_TYPE_F32:
                ((float *)frame)[i] = (float)value;
                break;
            case VTR_TYPE_F64:
                frame[i] = value;
                break;
            default:
                ((int32_t *)frame)[i] = value;
            }
        }
        assert_ok(vtr_beam_centre_of_mass(&p, (vtr_type)type, frame, &params, &err));
        if (type == 0) first = p;
        /* small whole numbers are added up without rounding, others in double */
        assert_near(p.x_px, first.x_px, 1e-12);
        assert_near(p.y_px, first.y_px, 1e-12);
        assert_near(p.counts, first.counts, 1e-12 * first.counts);
        for (size_t k = 0; k < 3; k++)
            assert_near(p.covariance[k], first.covariance[k], 1e-12 * first.covariance[0]);
    }
}

/* Sums of whole numbers hold the highest values over many rows, at the detector's edges and for masks of any width, with
 * every instruction set: the same as in double precision. */
static void whole_numbers_are_added_up_exactly(void **state)
{
    (void)state;
    enum { SIDE = 300, TRIALS = 60 };
    static uint16_t whole[SIDE * SIDE];
    static double real[SIDE * SIDE];
    vtr_random random;
    vtr_random_start(&random, 3, 0);
    for (int trial = 0; trial < TRIALS; trial++) {
        double radius = 2 + 130 * vtr_random_uniform(&random), room = SIDE - 1 - 2 * radius;
        double x = radius + room * vtr_random_uniform(&random), y = radius + room * (double)(trial % 3) / 2;
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            bool is_inside = hypot((double)(i % SIDE) - x, (double)(i / SIDE) - y) < radius;
            real[i] = whole[i] = (uint16_t)((is_inside ? 65000 : 100) + 500 * vtr_random_uniform(&random));
        }
        vtr_beam_params params = vtr_beam_default_params(SIDE, SIDE, x, y, radius);
        params.n_iterations = 0;
        vtr_beam_position wanted, found;
        assert_ok(vtr_beam_centre_of_mass(&wanted, VTR_TYPE_F64, real, &params, &err));
        assert_int_equal(wanted.flags, 0);
        for (vtr_cpu cpu = VTR_CPU_PORTABLE; cpu <= VTR_CPU_AVX512; cpu++) {
            vtr_cpu_limit(cpu);
            assert_ok(vtr_beam_centre_of_mass(&found, VTR_TYPE_U16, whole, &params, &err));
            assert_int_equal(found.flags, 0);
            assert_near(found.x_px, wanted.x_px, 1e-10);
            assert_near(found.y_px, wanted.y_px, 1e-10);
            assert_near(found.counts / wanted.counts, 1, 1e-12);
            assert_near(found.background / wanted.background, 1, 1e-12);
            for (size_t k = 0; k < 3; k++)
                assert_near(found.covariance[k] / wanted.covariance[0],
                            wanted.covariance[k] / wanted.covariance[0], 1e-10);
        }
    }
    vtr_cpu_limit(VTR_CPU_AVX512);
}

/* Pulls over noisy frames: position, in both directions, mean 0 and variance 1 within 5 %, beam at (cx, cy) of the
 * search. */
static void check_pulls(double height, double background, const vtr_noise *noise)
{
    enum { FRAMES = 6000 };
    vtr_beam_params params = usual_params();
    params.noise = *noise;
    make_disc(35.2, 27.4, 7, height, background);
    vtr_beam_position truth, p;
    for (size_t i = 0; i < Y * X; i++)
        frame[i] = noise->gain * expected[i] + noise->offset;
    assert_ok(vtr_beam_centre_of_mass(&truth, VTR_TYPE_F64, frame, &params, &err));
    vtr_random random;
    vtr_random_start(&random, 17, (uint64_t)height);
    double sum[2] = {0}, sum2[2] = {0}, cross = 0, cross_expected = 0;
    for (int f = 0; f < FRAMES; f++) {
        for (size_t i = 0; i < Y * X; i++) {
            double electrons = (double)vtr_random_poisson(&random, expected[i]);
            frame_f32[i] = (float)(noise->gain * electrons + noise->offset);
            if (noise->read_noise > 0)
                frame_f32[i] += (float)(noise->read_noise * vtr_random_normal(&random));
        }
        assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F32, frame_f32, &params, &err));
        assert_int_equal(p.flags, 0);
        double pull[2] = {(p.x_px - truth.x_px) / sqrt(p.covariance[0]),
                          (p.y_px - truth.y_px) / sqrt(p.covariance[1])};
        for (size_t k = 0; k < 2; k++) {
            sum[k] += pull[k];
            sum2[k] += pull[k] * pull[k];
        }
        cross += pull[0] * pull[1];
        cross_expected += p.covariance[2] / sqrt(p.covariance[0] * p.covariance[1]);
    }
    for (size_t k = 0; k < 2; k++) {
        assert_near(sum[k] / FRAMES, 0, 0.06);
        assert_near(sum2[k] / FRAMES, 1, 0.05);
    }
    assert_near(cross / FRAMES, cross_expected / FRAMES, 0.05);
}

static void error_bars_are_true_for_counts(void **state)
{
    (void)state;
    vtr_noise counting = {.gain = 1, .is_counting = true};
    check_pulls(20, 2, &counting);
}

static void error_bars_are_true_with_camera_noise(void **state)
{
    (void)state;
    vtr_noise camera = {.gain = 3, .offset = 100, .read_noise = 8};
    check_pulls(30, 1, &camera);
}

static void lost_beams_are_flagged(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position p;
    vtr_random random;
    vtr_random_start(&random, 4, 0);
    for (size_t i = 0; i < Y * X; i++)
        frame_u16[i] = (uint16_t)vtr_random_poisson(&random, 3);
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_U16, frame_u16, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM);
    assert_true(isnan(p.x_px) && isnan(p.covariance[1]) && isnan(p.counts));
    memset(frame_u16, 0, sizeof frame_u16);
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_U16, frame_u16, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM);
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_U16, NULL, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM | VTR_FLAG_MISSING);
}

static void a_beam_that_leaves_is_lost(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position p;
    make_disc(38, 28, 7, 1000, 20);
    params.search_px = 3;
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM);
    params = vtr_beam_default_params(Y, X, 8.6, 28, 9);
    make_disc(4, 28, 7, 1000, 20);
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM);
    assert_true(isnan(p.y_px));
}

static void saturation_is_flagged_and_the_position_kept(void **state)
{
    (void)state;
    vtr_beam_params params = usual_params();
    vtr_beam_position p;
    make_disc(34, 28, 7, 1000, 20);
    params.saturation = 1020;
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_SATURATED);
    assert_near(p.x_px, 34, 1e-6);
}

/* Dead pixels on one side do not pull; half a disc under a beam stop is no beam. */
static void masked_pixels_do_not_pull(void **state)
{
    (void)state;
    unsigned char used[Y * X];
    memset(used, 1, sizeof used);
    vtr_beam_params params = usual_params();
    params.used = used;
    params.n_iterations = 8;
    vtr_beam_position p;
    make_disc(35, 27, 7, 1000, 20);
    for (size_t k = 0; k < 12; k++) {
        size_t i = (24 + k % 4) * X + 38 + k / 4;
        used[i] = 0;
        expected[i] = k % 2 == 0 ? 1e6 : NAN;
    }
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, 0);
    assert_near(p.x_px, 35, 0.02);
    assert_near(p.y_px, 27, 0.02);
    for (size_t i = 0; i < Y * X; i++)
        used[i] = i % X < 35;
    assert_ok(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err));
    assert_int_equal(p.flags, VTR_FLAG_NO_BEAM);
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    vtr_beam_position p;
    vtr_beam_params params = usual_params();
    params.radius_px = 0;
    assert_fails(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err), VTR_ERR_ARGUMENT,
                 "radius");
    params = usual_params();
    params.start_x_px = NAN;
    assert_fails(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err), VTR_ERR_ARGUMENT,
                 "expected");
    params = usual_params();
    params.background_px[0] = 3;
    assert_fails(vtr_beam_centre_of_mass(&p, VTR_TYPE_F64, expected, &params, &err), VTR_ERR_ARGUMENT,
                 "outside the mask");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_disc_without_noise),
        cmocka_unit_test(follows_a_shift),
        cmocka_unit_test(all_types_agree),
        cmocka_unit_test(whole_numbers_are_added_up_exactly),
        cmocka_unit_test(error_bars_are_true_for_counts),
        cmocka_unit_test(error_bars_are_true_with_camera_noise),
        cmocka_unit_test(lost_beams_are_flagged),
        cmocka_unit_test(a_beam_that_leaves_is_lost),
        cmocka_unit_test(saturation_is_flagged_and_the_position_kept),
        cmocka_unit_test(masked_pixels_do_not_pull),
        cmocka_unit_test(bad_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
