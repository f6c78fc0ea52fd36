/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which mixture: the smallest simplex comes out where the true one is, whatever the noise, and the truth lies in the range. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "unmix_scene.h"
#include "vitrail/unmix_simplex.h"

enum { N = 16384, M = 60 };

static double share_of_normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* Two waves whose shares are the normal share of a normal number plus `shift`: spread over all of zero to one, evenly for
 * no shift, thinning out towards zero for a positive one. `noise`: standard deviation of a position's share. */
static void two_phases(scene *s, double shift, double noise)
{
    vtr_random random;
    double length2 = 0;
    scene_waves(s, N, M, 2, 0);
    vtr_random_start(&random, 21, 0);
    for (size_t c = 0; c < M; c++)
        length2 += pow(s->components[c] - s->components[M + c], 2);
    s->fractions[0] = s->fractions[1] = 0;
    for (size_t p = 0; p < N; p++) {
        double f = share_of_normal(vtr_random_normal(&random) + shift);
        s->shares[p] = f;
        s->shares[N + p] = 1 - f;
        s->fractions[0] += f / N;
        s->fractions[1] += (1 - f) / N;
        for (size_t c = 0; c < M; c++)
            s->values[p * M + c] = (float)(f * s->components[c] + (1 - f) * s->components[M + c] +
                                           noise * sqrt(length2) * vtr_random_normal(&random));
    }
}

/* The designed bar: fractions within 1.5 %, the truth inside the range, for the two states of the specimen. */
static void fractions_of_two_phases(void **state)
{
    (void)state;
    static const double shift[] = {0, -0.11, 0.63}, noise[] = {0, 0.05, 0.1, 0.2};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 4; j++) {
            scene s;
            vtr_error err;
            vtr_simplex_result result;
            vtr_simplex_params params = vtr_simplex_default_params();
            size_t order[2];
            two_phases(&s, shift[i], noise[j]);
            assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
            scene_match(order, &s, result.components, 0.99);
            double f = result.fractions[order[0]];
            if (!(fabs(f - s.fractions[0]) < 0.015))
                fail_msg("noise %g: %.4f for %.4f", noise[j], f, s.fractions[0]);
            assert_true(result.fraction_low[order[0]] < s.fractions[0] &&
                        s.fractions[0] < result.fraction_high[order[0]]);
            /* In shares of a simplex that is too small by some half of the noise at each end. */
            assert_near(result.noise, noise[j] * (1 + noise[j]), 0.1 * noise[j] + 3e-3);
            double square = 0;
            for (size_t p = 0; p < N; p++) {
                double x = (double)result.maps[order[0] * N + p];
                assert_near(x + (double)result.maps[order[1] * N + p], 1, 1e-5);
                square += pow(x - s.shares[p], 2) / N;
            }
            /* Noise of a position, and the corners' offset. */
            assert_true(sqrt(square) < 1.3 * noise[j] + 0.03);
            assert_false(result.is_bounded);
            vtr_simplex_result_release(&result);
            scene_release(&s);
        }
}

/* The answer is no matter of luck: another seed changes nothing but what rounding does. */
static void every_seed_gives_the_same(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    double first = 0;
    two_phases(&s, 0, 0.05);
    for (size_t seed = 1; seed <= 50; seed += 7) {
        vtr_simplex_result result;
        vtr_simplex_params params = vtr_simplex_default_params();
        size_t order[2];
        params.seed = seed;
        assert_ok(vtr_simplex(&result, &s.data, &params, seed % 2 ? 1 : 2, &err));
        scene_match(order, &s, result.components, 0.99);
        if (seed == 1) first = result.fractions[order[0]];
        assert_near(result.fractions[order[0]], first, 1e-3);
        vtr_simplex_result_release(&result);
    }
    scene_release(&s);
}

static void three_phases_make_a_triangle(void **state)
{
    (void)state;
    static const double noise[] = {0, 0.05};
    for (size_t i = 0; i < 2; i++) {
        scene s;
        vtr_error err;
        vtr_simplex_result result;
        vtr_simplex_params params = vtr_simplex_default_params();
        size_t order[3];
        params.n_components = 3;
        scene_bands(&s, 4000, M, 3, noise[i] * 3);
        assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
        scene_match(order, &s, result.components, 0.995);
        for (size_t j = 0; j < 3; j++) {
            assert_near(result.fractions[order[j]], s.fractions[j], 0.02);
            if (!(result.fraction_low[order[j]] <= s.fractions[j] &&
                  s.fractions[j] <= result.fraction_high[order[j]]))
                fail_msg("noise %g: %.4f not in %.4f to %.4f", noise[i], s.fractions[j],
                         result.fraction_low[order[j]], result.fraction_high[order[j]]);
        }
        vtr_simplex_result_release(&result);
        scene_release(&s);
    }
}

/* Closed form of Lawton and Sylvestre. Two bands, shares between 0.2 and 0.7, no noise: the corners may lie anywhere between
 * the outermost positions and where a component would be negative, which is at the true bands. */
static void allowed_range_is_that_of_lawton_and_sylvestre(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    static const double zero[M];
    size_t order[2];
    double mean = 0;
    scene_bands(&s, 2000, M, 2, 0);
    for (size_t p = 0; p < 2000; p++) {
        double f = 0.2 + 0.5 * (double)p / 1999;
        mean += f / 2000;
        for (size_t c = 0; c < M; c++)
            s.values[p * M + c] = (float)(f * s.components[c] + (1 - f) * s.components[M + c]);
    }
    params.lower = zero;
    assert_ok(vtr_simplex(&result, &s.data, &params, 1, &err));
    assert_true(result.is_bounded && result.is_wide);
    scene_match(order, &s, result.components, 0.5);
    /* Corners at f0 <= 0.2 and f1 >= 0.7 give the fraction (mean - f0)/(f1 - f0); edges of noise-free data are known to
     * some half a per cent of their spread. */
    assert_near(result.allowed_fraction_low[order[0]], (mean - 0.2) / (1 - 0.2), 0.01);
    assert_near(result.allowed_fraction_high[order[0]], mean / 0.7, 0.01);
    assert_near(result.fractions[order[0]], (mean - 0.2) / 0.5, 0.01);
    for (size_t c = 0; c < M; c++) {
        assert_true(result.allowed_component_low[order[0] * M + c] <= s.components[c] + 1e-3);
        assert_true(result.allowed_component_high[order[0] * M + c] >= s.components[c] - 1e-3);
    }
    vtr_simplex_result_release(&result);
    /* Where pure positions exist nothing is open: the range closes on the answer. */
    scene_release(&s);
    scene_bands(&s, 2000, M, 2, 0);
    assert_ok(vtr_simplex(&result, &s.data, &params, 1, &err));
    assert_true(result.is_bounded && !result.is_wide);
    for (size_t j = 0; j < 2; j++)
        assert_true(result.allowed_fraction_high[j] - result.allowed_fraction_low[j] < 0.02);
    vtr_simplex_result_release(&result);
    scene_release(&s);
}

static void allowed_triangles_hold_the_truth(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    static const double zero[M];
    size_t order[3];
    double fraction[3] = {0};
    scene_bands(&s, 3000, M, 3, 0);
    /* Shares drawn in towards the middle: no corner is seen. */
    for (size_t p = 0; p < 3000; p++)
        for (size_t c = 0; c < M; c++) {
            double x = 0;
            for (size_t j = 0; j < 3; j++)
                x += (0.15 + 0.55 * s.shares[j * 3000 + p]) * s.components[j * M + c];
            s.values[p * M + c] = (float)x;
        }
    for (size_t j = 0; j < 3; j++)
        fraction[j] = 0.15 + 0.55 * s.fractions[j];
    params.n_components = 3;
    params.lower = zero;
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    assert_true(result.is_bounded && result.is_wide);
    scene_match(order, &s, result.components, 0.5);
    for (size_t j = 0; j < 3; j++) {
        assert_true(result.allowed_fraction_low[order[j]] < fraction[j]);
        assert_true(result.allowed_fraction_high[order[j]] > fraction[j]);
        assert_true(result.allowed_fraction_low[order[j]] > 0.02 &&
                    result.allowed_fraction_high[order[j]] < 0.75);
    }
    vtr_simplex_result_release(&result);
    scene_release(&s);
}

static void pure_positions_are_found(void **state)
{
    (void)state;
    for (size_t k = 2; k <= 5; k++) {
        scene s;
        vtr_error err;
        vtr_simplex_result result;
        vtr_simplex_params params = vtr_simplex_default_params();
        size_t order[5];
        params.n_components = k;
        params.principle = VTR_SIMPLEX_PURE;
        scene_bands(&s, 4000, M, k, 0.02);
        assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
        scene_match(order, &s, result.components, 0.999);
        /* A hundred positions and more are pure; the farthest twenty of them are so by their noise. */
        for (size_t j = 0; j < k; j++)
            assert_near(result.fractions[order[j]], s.fractions[j], 0.01);
        vtr_simplex_result_release(&result);
        scene_release(&s);
    }
}

/* The noise of a smooth map, told from its neighbours although channels are correlated. */
static void noise_is_told_from_neighbours(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    vtr_random random;
    double along = 0, length2 = 0;
    two_phases(&s, 0, 0);
    vtr_random_start(&random, 3, 0);
    for (size_t c = 0; c < M; c++) {
        along += s.components[c] * (s.components[c] - s.components[M + c]);
        length2 += pow(s.components[c] - s.components[M + c], 2);
    }
    for (size_t p = 0; p < N; p++) {
        double f = 0.5 + 0.5 * sin(0.2 * (double)(p / 128)) * cos(0.15 * (double)(p % 128));
        double noise = 0.1 * vtr_random_normal(&random); /* of the share itself: all channels together */
        for (size_t c = 0; c < M; c++)
            s.values[p * M + c] =
                (float)((f + noise) * s.components[c] + (1 - f - noise) * s.components[M + c] +
                        1e-3 * vtr_random_normal(&random));
    }
    params.n_y = params.n_x = 128;
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    assert_int_equal(result.noise_source, VTR_SIMPLEX_NOISE_NEIGHBOURS);
    assert_near(result.noise, 0.1, 0.02); /* of a simplex that is too small by half the noise at each end */
    assert_near(result.fractions[0], 0.5, 0.02);
    vtr_simplex_result_release(&result);
    params.n_x = 127;
    assert_fails(vtr_simplex(&result, &s.data, &params, 1, &err), VTR_ERR_SHAPE, "128 x 127");
    scene_release(&s);
}

/* Scale and background of every position are off, which moves all channels together and more than the phases do. Neighbours
 * tell that from structure. */
static void shared_noise_is_no_component(void **state)
{
    (void)state;
    enum { SIDE = 128 };
    scene s;
    vtr_error err;
    vtr_random random;
    double correlation[2];
    two_phases(&s, 0, 0);
    vtr_random_start(&random, 3, 0);
    for (size_t p = 0; p < N; p++) {
        double f = 0.5 + 0.5 * sin(0.4 * (double)(p / SIDE) + sin(0.3 * (double)(p % SIDE)));
        double scale = 1 + 0.05 * vtr_random_normal(&random), background = 2 * vtr_random_normal(&random);
        s.shares[p] = f;
        for (size_t c = 0; c < M; c++) {
            double x = f * s.components[c] + (1 - f) * s.components[M + c];
            s.values[p * M + c] =
                (float)(scale * x + background * exp(-(double)c / 15) + 0.05 * vtr_random_normal(&random));
        }
    }
    for (int way = 0; way < 2; way++) {
        vtr_simplex_result result;
        vtr_simplex_params params = vtr_simplex_default_params();
        double mean = 0, truth = 0, square = 0, product = 0, truth2 = 0;
        if (way == 1) params.n_y = params.n_x = SIDE;
        assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
        for (size_t p = 0; p < N; p++) {
            mean += (double)result.maps[p] / N;
            truth += s.shares[p] / N;
        }
        for (size_t p = 0; p < N; p++) {
            double x = (double)result.maps[p] - mean, y = s.shares[p] - truth;
            square += x * x;
            product += x * y;
            truth2 += y * y;
        }
        correlation[way] = fabs(product) / sqrt(square * truth2);
        if (way == 1) {
            size_t order[2];
            assert_near(result.fractions[product > 0 ? 0 : 1], truth, 0.015);
            scene_match(order, &s, result.components, 0.99);
        }
        vtr_simplex_result_release(&result);
    }
    assert_true(correlation[0] < 0.2 && correlation[1] > 0.95);
    scene_release(&s);
}

/* Noise of the share that is far from normal and larger where there is less of one phase, and noise of every channel that is
 * as large; a tenth of the positions missing. Positions are chosen by their neighbours and measured by themselves, so all
 * that is nothing to the edges, and nothing to the spectra. */
static void a_map_ends_where_it_does_whatever_its_noise(void **state)
{
    (void)state;
    enum { SIDE = 128 };
    static uint8_t used[N];
    scene s;
    vtr_error err;
    vtr_random random;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    size_t order[2], n_used = 0;
    double fraction = 0, distance2 = 0, length2 = 0;
    two_phases(&s, 0, 0);
    for (size_t c = 0; c < M; c++)
        length2 += pow(s.components[c] - s.components[M + c], 2);
    vtr_random_start(&random, 5, 0);
    for (size_t p = 0; p < N; p++) {
        double f = 0.5 + 0.5 * sin(0.4 * (double)(p / SIDE) + sin(0.3 * (double)(p % SIDE)));
        double noise = 0.07 * (1.2 - 0.4 * f) * (-log(1 - vtr_random_uniform(&random)) - 1);
        used[p] = vtr_random_uniform(&random) > 0.1;
        n_used += used[p];
        if (used[p]) fraction += f;
        for (size_t c = 0; c < M; c++)
            s.values[p * M + c] =
                (float)((f + noise) * s.components[c] + (1 - f - noise) * s.components[M + c] +
                        0.1 * sqrt(length2) * vtr_random_normal(&random));
    }
    fraction /= (double)n_used;
    s.data.position_used = used;
    params.n_y = params.n_x = SIDE;
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    scene_match(order, &s, result.components, 0.99);
    assert_near(result.fractions[order[0]], fraction, 0.015);
    assert_true(result.fraction_low[order[0]] < fraction && fraction < result.fraction_high[order[0]]);
    assert_true(result.fraction_high[order[0]] - result.fraction_low[order[0]] < 0.06);
    assert_int_equal(result.n_found, 2);
    for (size_t c = 0; c < M; c++)
        distance2 += pow(result.components[order[0] * M + c] - s.components[c], 2);
    /* A corner off by 2 % of the way to the other. Were the spectra regressed on the coordinates as they are, noise would
     * put it in by more. */
    assert_true(distance2 < pow(0.02, 2) * length2);
    vtr_simplex_result_release(&result);
    params.n_components = 3;
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    assert_int_equal(result.n_found, 2);
    assert_true(result.extent < 1.1);
    vtr_simplex_result_release(&result);
    scene_release(&s);
}

/* What is masked is as if it were cut off: the right quarter of a map, whatever stands there. */
static void masked_positions_are_as_if_cut_off(void **state)
{
    (void)state;
    enum { SIDE = 128, WIDTH = 96 };
    static uint8_t used[N];
    static float cut[SIDE * WIDTH * M];
    scene s;
    vtr_error err;
    vtr_random random;
    vtr_simplex_result whole, part;
    vtr_simplex_params params = vtr_simplex_default_params();
    two_phases(&s, 0, 0);
    vtr_random_start(&random, 9, 0);
    for (size_t p = 0; p < N; p++) {
        size_t y = p / SIDE, x = p % SIDE;
        double f = 0.5 + 0.5 * sin(0.4 * (double)y + sin(0.3 * (double)x));
        used[p] = x < WIDTH;
        for (size_t c = 0; c < M; c++) {
            double value =
                f * s.components[c] + (1 - f) * s.components[M + c] + 0.1 * vtr_random_normal(&random);
            s.values[p * M + c] = used[p] ? (float)value : c % 2 ? (float)NAN : 1e4f;
            if (used[p]) cut[(y * WIDTH + x) * M + c] = (float)value;
        }
    }
    s.data.position_used = used;
    params.n_y = params.n_x = SIDE;
    assert_ok(vtr_simplex(&whole, &s.data, &params, 2, &err));
    s.data.position_used = NULL;
    s.data.n_positions = SIDE * WIDTH;
    s.data.values = cut;
    params.n_x = WIDTH;
    assert_ok(vtr_simplex(&part, &s.data, &params, 2, &err));
    for (size_t k = 0; k < 2; k++) {
        assert_near(whole.fractions[k], part.fractions[k], 1e-6);
        assert_near(whole.fraction_low[k], part.fraction_low[k], 1e-6);
        assert_near(whole.fraction_high[k], part.fraction_high[k], 1e-6);
        for (size_t c = 0; c < M; c++)
            assert_near(whole.components[k * M + c], part.components[k * M + c], 1e-5);
        for (size_t p = 0; p < N; p++) {
            float map = whole.maps[k * N + p];
            assert_true(used[p]
                            ? fabsf(map - part.maps[k * SIDE * WIDTH + p / SIDE * WIDTH + p % SIDE]) < 1e-5f
                            : isnan(map));
        }
    }
    assert_int_equal(whole.n_found, part.n_found);
    vtr_simplex_result_release(&whole);
    vtr_simplex_result_release(&part);
    scene_release(&s);
}

/* A component more than there are is noise, and is called so. */
static void one_too_many_has_the_extent_of_noise(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    two_phases(&s, 0, 0.05);
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    assert_true(result.extent > 4);
    vtr_simplex_result_release(&result);
    params.n_components = 3;
    assert_ok(vtr_simplex(&result, &s.data, &params, 2, &err));
    assert_near(result.extent, 1, 0.15);
    vtr_simplex_result_release(&result);
    scene_release(&s);
}

static void bad_settings_are_named(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_simplex_result result;
    vtr_simplex_params params = vtr_simplex_default_params();
    scene_bands(&s, 100, 8, 2, 0.01);
    params.n_components = 4;
    assert_fails(vtr_simplex(&result, &s.data, &params, 1, &err), VTR_ERR_ARGUMENT, "take pure");
    params.n_components = 10;
    assert_fails(vtr_simplex(&result, &s.data, &params, 1, &err), VTR_ERR_ARGUMENT, "ask for 2 to 8");
    scene_release(&s);
}

static vtr_status choose(void *context, vtr_error *err)
{
    const vtr_unmix_data *data = context;
    static const double zero[12];
    vtr_simplex_params params = vtr_simplex_default_params();
    vtr_simplex_result result = {0};
    params.lower = zero;
    vtr_status status = vtr_simplex(&result, data, &params, 1, err);
    vtr_simplex_result_release(&result);
    return status;
}

static vtr_status choose_of_map(void *context, vtr_error *err)
{
    vtr_simplex_params params = vtr_simplex_default_params();
    vtr_simplex_result result = {0};
    params.n_y = 16;
    params.n_x = 20;
    vtr_status status = vtr_simplex(&result, context, &params, 1, err);
    vtr_simplex_result_release(&result);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    scene s;
    scene_bands(&s, 100, 12, 2, 0.01);
    test_every_allocation_fails(choose, &s.data);
    scene_release(&s);
    scene_bands(&s, 320, 12, 2, 0.01);
    for (size_t p = 0; p < 320; p++) {
        double f = 0.5 + 0.5 * sin(0.4 * (double)(p / 20) + 0.3 * (double)(p % 20));
        for (size_t c = 0; c < 12; c++)
            s.values[p * 12 + c] += (float)(f * (s.components[c] - s.components[12 + c]));
    }
    test_every_allocation_fails(choose_of_map, &s.data);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fractions_of_two_phases),
        cmocka_unit_test(every_seed_gives_the_same),
        cmocka_unit_test(three_phases_make_a_triangle),
        cmocka_unit_test(allowed_range_is_that_of_lawton_and_sylvestre),
        cmocka_unit_test(allowed_triangles_hold_the_truth),
        cmocka_unit_test(pure_positions_are_found),
        cmocka_unit_test(noise_is_told_from_neighbours),
        cmocka_unit_test(shared_noise_is_no_component),
        cmocka_unit_test(a_map_ends_where_it_does_whatever_its_noise),
        cmocka_unit_test(masked_positions_are_as_if_cut_off),
        cmocka_unit_test(one_too_many_has_the_extent_of_noise),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
