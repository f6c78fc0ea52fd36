/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/series.h"

static vtr_error err;

enum { N_Y = 48, N_X = 64, SEEDS = 100 };
static const double step_nm = 5, sigma_nm = 7.5;
static float values[N_Y * N_X], errors[N_Y * N_X];

static vtr_series_map map_of(void)
{
    return (vtr_series_map){N_Y, N_X, {step_nm, step_nm}, values, errors};
}

/* A wave of 16 steps along x: its standard deviation seen through the window is exp(-k^2 sigma^2/2)/sqrt(2). */
static void make_wave(double amplitude, double noise, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 3);
    for (size_t i = 0; i < N_Y * N_X; i++) {
        double wave = amplitude * cos(2 * VTR_PI * (double)(i % N_X) / 16);
        values[i] = (float)(wave + noise * vtr_random_normal(&random));
        errors[i] = (float)noise;
    }
}

static double seen(double amplitude)
{
    double k = 2 * VTR_PI / (16 * step_nm);
    return amplitude * exp(-0.5 * k * k * sigma_nm * sigma_nm) / sqrt(2);
}

/* Positions at the left and right edges are left out by the window, so that three whole waves remain to be used. */
static void contrast_is_the_closed_form(void **state)
{
    (void)state;
    static uint8_t used[N_Y * N_X];
    vtr_series_map map = map_of();
    vtr_series_contrast c;
    make_wave(3, 1e-3, 1);
    for (size_t i = 0; i < N_Y * N_X; i++)
        used[i] = i % N_X >= 8 && i % N_X < 56 && i / N_X >= 6 && i / N_X < 42;
    assert_ok(vtr_series_contrast_compute(&c, &map, used, sigma_nm, &err));
    /* the window ends at 3.5 standard deviations */
    assert_near(c.contrast, seen(3), 0.005 * seen(3));
    assert_near(c.noise, 1e-3, 1e-8);
    assert_near(c.snr, c.contrast / 1e-3, 1e-6 * c.snr);
    assert_int_equal(c.n_positions, 48 * 36);
}

/* (found - truth)/error over 100 noises, at a signal a third of the noise of a position. The rms is known to 0.07. */
static void its_error_is_true(void **state)
{
    (void)state;
    static uint8_t used[N_Y * N_X];
    vtr_series_map map = map_of();
    double sum = 0, square = 0;
    for (size_t i = 0; i < N_Y * N_X; i++)
        used[i] = i % N_X >= 8 && i % N_X < 56 && i / N_X >= 6 && i / N_X < 42;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        vtr_series_contrast c;
        make_wave(0.5, 1, seed);
        assert_ok(vtr_series_contrast_compute(&c, &map, used, sigma_nm, &err));
        double pull = (c.contrast - seen(0.5)) / c.contrast_error;
        sum += pull;
        square += pull * pull;
    }
    assert_true(fabs(sum / SEEDS) < 0.4);
    assert_near(sqrt(square / SEEDS), 1, 0.2);
}

/* Noise alone has no contrast: its square is as often below zero, then NAN, as within a few errors above. */
static void noise_has_none(void **state)
{
    (void)state;
    size_t n_none = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        vtr_series_map map = map_of();
        vtr_series_contrast c;
        make_wave(0, 1, seed);
        assert_ok(vtr_series_contrast_compute(&c, &map, NULL, sigma_nm, &err));
        n_none += isnan(c.contrast);
        assert_true(isnan(c.contrast) || c.contrast < 4 * c.contrast_error);
    }
    assert_true(n_none > 8 && n_none < 34);
    for (size_t i = 0; i < N_Y * N_X; i++)
        values[i] = NAN;
    vtr_series_map map = map_of();
    vtr_series_contrast c;
    assert_fails(vtr_series_contrast_compute(&c, &map, NULL, sigma_nm, &err), VTR_ERR_NO_DATA, "too few");
}

static const vtr_series_transform quarter = {
    .centre_nm = {20, 30}, .shift_nm = {5, -10}, .angle_degrees = 90};

/* +x of the recording points along +y of the reference. */
static void a_quarter_turn_is_known(void **state)
{
    (void)state;
    const double from[2] = {20, 37};
    double to[2], back[2];
    vtr_series_apply(&quarter, from, to);
    assert_near(to[0], 20 + 5 + 7, 1e-12);
    assert_near(to[1], 30 - 10, 1e-12);
    vtr_series_transform inverse = vtr_series_inverse(&quarter);
    vtr_series_apply(&inverse, to, back);
    assert_near(back[0], from[0], 1e-12);
    assert_near(back[1], from[1], 1e-12);
    const double centre[2] = {-3, 8};
    vtr_series_transform about = vtr_series_about(&quarter, centre);
    vtr_series_apply(&about, from, back);
    assert_near(back[0], to[0], 1e-12);
    assert_near(back[1], to[1], 1e-12);
}

/* The covariance written about another centre is that of the differences. */
static void covariance_follows_the_centre(void **state)
{
    (void)state;
    vtr_series_transform t = quarter;
    t.angle_degrees = 20;
    t.covariance[2][2] = 1e-4;
    const double centre[2] = {120, -60};
    double h = 1e-4, above[2], below[2];
    vtr_series_transform about = vtr_series_about(&t, centre), up = t, down = t;
    up.angle_degrees += h;
    down.angle_degrees -= h;
    vtr_series_apply(&up, centre, above);
    vtr_series_apply(&down, centre, below);
    for (int i = 0; i < 2; i++) {
        double slope = (above[i] - below[i]) / (2 * h);
        assert_near(about.covariance[i][i], 1e-4 * slope * slope, 1e-9);
        assert_near(about.covariance[i][2], 1e-4 * slope, 1e-9);
    }
}

/* A plane keeps its values on the grid of the reference; what the other map does not see is NAN, and not in common. */
static void a_plane_is_carried_over(void **state)
{
    (void)state;
    static float carried[N_Y * N_X], carried_errors[N_Y * N_X];
    static uint8_t used[N_Y * N_X];
    const vtr_series_transform moved = {.centre_nm = {100, 100}, .shift_nm = {31, 12}, .angle_degrees = 7};
    const vtr_series_transform transforms[2] = {{.shift_nm = {0, 0}}, moved};
    for (size_t i = 0; i < N_Y * N_X; i++) {
        const double from[2] = {step_nm * (double)(i / N_X), step_nm * (double)(i % N_X)};
        double at[2];
        vtr_series_apply(&moved, from, at);
        values[i] = (float)(2 * at[0] - 3 * at[1] + 1);
        errors[i] = 1;
    }
    vtr_series_map map = map_of();
    vtr_series_resample(carried, carried_errors, &map, &map, &moved);
    size_t n_missing = 0, n_common = 0;
    for (size_t i = 0; i < N_Y * N_X; i++) {
        if (isnan(carried[i])) {
            n_missing++;
            continue;
        }
        double expected = 2 * step_nm * (double)(i / N_X) - 3 * step_nm * (double)(i % N_X) + 1;
        assert_near(carried[i], expected, 1e-3); /* of float32 */
        assert_true(carried_errors[i] >= 0.499f && carried_errors[i] <= 1.001f);
    }
    assert_true(n_missing > 0 && n_missing < N_Y * N_X / 3);
    const vtr_series_map maps[2] = {map, map};
    vtr_series_common(used, maps, transforms, 2, 0);
    for (size_t i = 0; i < N_Y * N_X; i++) {
        n_common += used[i];
        if (isfinite(carried[i])) assert_true(used[i]); /* the nearest position reaches half a step further */
    }
    assert_true(n_common < N_Y * N_X - n_missing / 2);
}

/* A director at 10 degrees in the recording, which is turned by 25, lies at 35 in the reference; a vector likewise. */
static void components_turn(void **state)
{
    (void)state;
    const vtr_series_kind kinds[] = {VTR_SERIES_SCALAR, VTR_SERIES_VECTOR, VTR_SERIES_DIRECTOR};
    for (int k = 0; k < 3; k++) {
        double from = k * 10 * VTR_RADIANS_PER_DEGREE, to = k * 35 * VTR_RADIANS_PER_DEGREE;
        float a = (float)cos(from), b = (float)sin(from), ea = 0.3f, eb = 0.3f;
        vtr_series_turn(1, kinds[k], 25, &a, &b, &ea, &eb);
        assert_near(a, cos(to), 1e-6);
        assert_near(b, sin(to), 1e-6);
        assert_near(ea, 0.3, 1e-6);
        assert_near(eb, 0.3, 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrast_is_the_closed_form),
        cmocka_unit_test(its_error_is_true),
        cmocka_unit_test(noise_has_none),
        cmocka_unit_test(a_quarter_turn_is_known),
        cmocka_unit_test(covariance_follows_the_centre),
        cmocka_unit_test(a_plane_is_carried_over),
        cmocka_unit_test(components_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
