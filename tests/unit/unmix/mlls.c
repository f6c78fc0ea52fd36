/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Given references: their weights, and error bars that hold. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "unmix_scene.h"
#include "vitrail/unmix_mlls.h"

enum { N = 3000, M = 50, K = 3 };

static vtr_mlls_references references_of(const scene *s)
{
    return (vtr_mlls_references){.n = s->k, .n_channels = s->m, .values = s->components};
}

static void exact_mixtures_come_back(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    scene_waves(&s, 200, M, K, 0);
    vtr_mlls_references references = references_of(&s);
    for (int way = 0; way < 8; way++) {
        vtr_mlls_result result;
        vtr_mlls_params params = {.is_free = way & 1, .sum_to_one = way & 2, .with_constant = way & 4};
        assert_ok(vtr_mlls(&result, &s.data, &references, &params, 2, &err));
        assert_int_equal(result.n_references, way & 4 ? K + 1 : K);
        for (size_t i = 0; i < K * 200; i++)
            assert_near(result.maps[i], s.shares[i], 1e-4);
        for (size_t j = 0; j < K; j++)
            assert_near(result.fractions[j], s.fractions[j], 1e-4);
        if (way & 4) assert_near(result.maps[K * 200 + 5], 0, 1e-5);
        vtr_mlls_result_release(&result);
    }
    scene_release(&s);
}

/* (weight - truth) / error has unit variance where no weight stands at its limit. */
static void errors_are_standard_deviations(void **state)
{
    (void)state;
    static double weight[M], position_weight[N];
    scene s;
    vtr_error err;
    vtr_random random;
    scene_waves(&s, N, M, K, 0);
    vtr_random_start(&random, 4, 0);
    for (size_t i = 0; i < N * M; i++) {
        double deviation = (i % M < 20 ? 0.1 : 0.3) * (i / M % 2 ? 1 : 2);
        weight[i % M] = i % M < 20 ? 100 : 1 / 0.09;
        position_weight[i / M] = i / M % 2 ? 1 : 0.25;
        s.values[i] += (float)(deviation * vtr_random_normal(&random));
    }
    s.data.channel_weight = weight;
    s.data.position_weight = position_weight;
    vtr_mlls_references references = references_of(&s);
    for (int way = 0; way < 4; way++) {
        vtr_mlls_result result;
        vtr_mlls_params params = {.is_free = true, .sum_to_one = way & 1, .weights_are_variances = way & 2};
        assert_ok(vtr_mlls(&result, &s.data, &references, &params, 2, &err));
        double square = 0, residual = 0;
        for (size_t i = 0; i < K * N; i++)
            square += pow(((double)result.maps[i] - s.shares[i]) / (double)result.errors[i], 2) / (K * N);
        for (size_t p = 0; p < N; p++)
            residual += (double)result.residual[p] * (double)result.residual[p] / N;
        /* 9000 pulls, correlated in threes; errors from a position's own residual scatter by some 10 %. */
        assert_near(square, way & 2 ? 1 : 1.04, 0.07);
        assert_near(residual, 1, 0.02);
        for (size_t j = 0; j < K; j++)
            assert_true(fabs(result.fractions[j] - s.fractions[j]) < 4 * result.fraction_errors[j]);
        vtr_mlls_result_release(&result);
    }
    scene_release(&s);
}

/* A slow and obvious twin: the best of all subsets of references that come out positive. */
static void non_negative_weights_are_the_best_ones(void **state)
{
    (void)state;
    enum { MANY = 7 };
    scene s;
    vtr_error err;
    vtr_mlls_result result;
    vtr_random random;
    scene_waves(&s, 60, M, MANY, 0.5);
    vtr_random_start(&random, 8, 0);
    for (size_t i = 0; i < 60 * M; i++)
        s.values[i] += (float)vtr_random_normal(&random);
    vtr_mlls_references references = references_of(&s);
    assert_ok(vtr_mlls(&result, &s.data, &references, NULL, 1, &err));
    size_t n_zero = 0;
    for (size_t p = 0; p < 60; p++) {
        double best = INFINITY;
        for (unsigned subset = 0; subset < 1u << MANY; subset++) {
            /* Coordinate descent on the subset, unconstrained, long enough. */
            double x[MANY] = {0}, rest[M], square = 0, least = 0;
            for (size_t c = 0; c < M; c++)
                rest[c] = (double)s.values[p * M + c];
            for (int sweep = 0; sweep < 3000; sweep++) {
                double moved = 0;
                for (size_t j = 0; j < MANY; j++) {
                    if (!(subset >> j & 1)) continue;
                    double on = 0, norm2 = 0;
                    for (size_t c = 0; c < M; c++) {
                        on += rest[c] * s.components[j * M + c];
                        norm2 += s.components[j * M + c] * s.components[j * M + c];
                    }
                    x[j] += on / norm2;
                    moved = fmax(moved, fabs(on / norm2));
                    for (size_t c = 0; c < M; c++)
                        rest[c] -= on / norm2 * s.components[j * M + c];
                }
                if (moved < 1e-6) break;
            }
            for (size_t c = 0; c < M; c++)
                square += rest[c] * rest[c];
            for (size_t j = 0; j < MANY; j++)
                least = fmin(least, x[j]);
            if (least >= 0) best = fmin(best, square);
            if (p > 5 && subset > 15) break;
        }
        double mine = (double)result.residual[p] * (double)result.residual[p] * (M - MANY);
        assert_true(mine <= best * (1 + 1e-5));
        if (p <= 5) assert_near(mine, best, 1e-4 * best);
        for (size_t j = 0; j < MANY; j++) {
            assert_true(result.maps[j * 60 + p] >= 0);
            n_zero += result.maps[j * 60 + p] == 0;
        }
    }
    assert_true(n_zero > 60); /* or the test says nothing */
    vtr_mlls_result_release(&result);
    scene_release(&s);
}

static void bad_references_are_named(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_mlls_result result;
    double axis[M], other[M];
    scene_waves(&s, 40, M, K, 0.1);
    vtr_mlls_references references = references_of(&s);
    references.n_channels = M + 1;
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_SHAPE,
                 "51 channels and the cube 50");
    references = references_of(&s);
    for (size_t c = 0; c < M; c++) {
        axis[c] = 0.02 * (double)c;
        other[c] = 0.01 * (double)c;
    }
    references.data_axis = axis;
    references.axis = other;
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_SHAPE,
                 "channel 1 of the references lies at 0.01");
    references = references_of(&s);
    double kept = s.components[M + 7];
    s.components[M + 7] = NAN;
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_NO_DATA,
                 "reference 2 is not finite");
    s.components[M + 7] = kept;
    for (size_t c = 0; c < M; c++)
        s.components[2 * M + c] = s.components[c] + 2 * s.components[M + c];
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_NUMERIC,
                 "combinations of each other");
    memset(s.components, 0, M * sizeof(double));
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_NO_DATA,
                 "reference 1 is zero");
    references.n = 0;
    assert_fails(vtr_mlls(&result, &s.data, &references, NULL, 1, &err), VTR_ERR_ARGUMENT, "0 references");
    scene_release(&s);
}

static vtr_status fit(void *context, vtr_error *err)
{
    const scene *s = context;
    vtr_mlls_references references = references_of(s);
    vtr_mlls_result result = {0};
    vtr_status status = vtr_mlls(&result, &s->data, &references, NULL, 1, err);
    vtr_mlls_result_release(&result);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    scene s;
    scene_waves(&s, 40, 12, 2, 0.1);
    test_every_allocation_fails(fit, &s);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_mixtures_come_back),
        cmocka_unit_test(errors_are_standard_deviations),
        cmocka_unit_test(non_negative_weights_are_the_best_ones),
        cmocka_unit_test(bad_references_are_named),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
