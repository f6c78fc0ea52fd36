/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Factorisations whose answer is known, and what no factorisation may depend on. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "unmix_scene.h"

enum { N = 700, M = 45, K = 3 };

static vtr_nmf_params settings(size_t k)
{
    vtr_nmf_params params = vtr_nmf_default_params();
    params.n_components = k;
    return params;
}

static void bands_come_back(void **state)
{
    (void)state;
    static const int methods[] = {VTR_NMF_ALS, VTR_NMF_HALS, VTR_NMF_MU, VTR_NMF_ALS, VTR_NMF_ALS};
    static const int starts[] = {VTR_NMF_RANDOM, VTR_NMF_NNDSVD, VTR_NMF_RANDOM, VTR_NMF_PCA,
                                 VTR_NMF_NNDSVDA};
    scene s;
    vtr_error err;
    scene_bands(&s, N, M, K, 0);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        vtr_nmf_result result;
        vtr_nmf_params params = settings(K);
        size_t order[K];
        params.method = methods[i];
        params.start = starts[i];
        params.max_iterations = 5000;
        assert_ok(vtr_nmf(&result, &s.data, &params, 1, NULL, &err));
        /* Multiplication never quite reaches the zeros. */
        double tolerance = methods[i] == VTR_NMF_MU ? 0.02 : 1e-4;
        scene_match(order, &s, result.components, methods[i] == VTR_NMF_MU ? 0.999 : 0.999999);
        for (size_t j = 0; j < K; j++) {
            assert_near(result.fractions[order[j]], s.fractions[j], tolerance);
            for (size_t c = 0; c < M; c++)
                assert_near(result.components[order[j] * M + c], s.components[j * M + c], 5 * tolerance);
            for (size_t p = 0; p < N; p++)
                assert_near(result.maps[order[j] * N + p], s.shares[j * N + p], 5 * tolerance);
        }
        assert_true(result.is_scale_common);
        assert_near(result.scale[7], 1, tolerance);
        assert_true(result.explained > 0.999);
        if (methods[i] == VTR_NMF_ALS) assert_true(result.kkt < 1e-5);
        vtr_nmf_result_release(&result);
    }
    scene_release(&s);
}

static void divergence_finds_the_bands(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_nmf_result result;
    vtr_nmf_params params = settings(K);
    size_t order[K];
    vtr_random random;
    scene_bands(&s, N, M, K, 0);
    vtr_random_start(&random, 3, 0);
    for (size_t i = 0; i < N * M; i++)
        s.values[i] = (float)vtr_random_poisson(&random, 1000 * (double)s.values[i]);
    params.loss = VTR_NMF_KULLBACK_LEIBLER;
    assert_ok(vtr_nmf(&result, &s.data, &params, 2, NULL, &err));
    scene_match(order, &s, result.components, 0.9999);
    /* 700 positions of 10^4 counts: the noise of a fraction is far below this. */
    for (size_t j = 0; j < K; j++)
        assert_near(result.fractions[order[j]], s.fractions[j], 2e-3);
    /* Twice the divergence is chi-squared; most entries are counts well above zero, where it has mean one. */
    double degrees = N * M - (N + M) * K, n_zero = 0;
    for (size_t i = 0; i < N * M; i++)
        n_zero += s.values[i] == 0;
    assert_true(2 * result.objective > 0.9 * (degrees - n_zero) && 2 * result.objective < 1.05 * degrees);
    vtr_nmf_result_release(&result);
    scene_release(&s);
}

/* Any order of positions and channels, any unit. */
static void order_and_unit_do_not_matter(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_nmf_result a, b;
    vtr_nmf_params params = settings(K);
    size_t order[K];
    double correlation[K];
    static float shuffled[N * M];
    static double straight[K * M];
    scene_bands(&s, N, M, K, 0.01);
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < M; c++)
            shuffled[(i * 37 % N) * M + c * 2 % M] = 7 * s.values[i * M + c];
    params.tolerance = 1e-10;
    params.start = VTR_NMF_PCA; /* random ones are other rows in another order */
    assert_ok(vtr_nmf(&a, &s.data, &params, 1, NULL, &err));
    vtr_unmix_data data = s.data;
    data.values = shuffled;
    assert_ok(vtr_nmf(&b, &data, &params, 1, NULL, &err));
    for (size_t j = 0; j < K; j++)
        for (size_t c = 0; c < M; c++)
            straight[j * M + c] = b.components[j * M + c * 2 % M] / 7;
    assert_ok(vtr_unmix_match(order, correlation, K, M, a.components, straight, &err));
    assert_near(b.objective / a.objective, 49, 1e-4);
    for (size_t j = 0; j < K; j++) {
        assert_near(b.fractions[order[j]], a.fractions[j], 1e-4);
        for (size_t c = 0; c < M; c++)
            assert_near(straight[order[j] * M + c], a.components[j * M + c], 1e-3);
    }
    vtr_nmf_result_release(&a);
    vtr_nmf_result_release(&b);
    scene_release(&s);
}

static void the_loss_never_grows(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    scene_waves(&s, 300, 60, K, 0.1);
    for (int way = 0; way < 6; way++) {
        vtr_nmf_result result;
        vtr_nmf_params params = settings(K);
        double start[K * 60];
        params.method = way < 3 ? way : VTR_NMF_ALS;
        params.loss = way == 3 ? VTR_NMF_KULLBACK_LEIBLER : VTR_NMF_FROBENIUS;
        params.sum_to_one = way == 4;
        params.negative = way == 5 ? VTR_NMF_SEMI : VTR_NMF_SHIFT;
        params.tolerance = 1e-10;
        params.max_iterations = 60;
        /* So little time on the subspace that most of the way is on the cube. */
        for (size_t i = 0; i < K * 60; i++)
            start[i] = (double)(i * 31 % 17) / 4;
        params.start_components = start;
        assert_ok(vtr_nmf(&result, &s.data, &params, 2, NULL, &err));
        for (size_t i = 1; i < result.n_history; i++)
            if (!(result.history[i] <= result.history[i - 1]))
                fail_msg("way %d, iteration %zu: %.17g after %.17g", way, i, result.history[i],
                         result.history[i - 1]);
        assert_true(result.n_iterations <= 61);
        vtr_nmf_result_release(&result);
    }
    scene_release(&s);
}

/* What scikit-learn 1.9.1 reaches from the same components with tol = 1e-14 and max_iter = 200000, solver "cd" and "mu". */
static void reaches_the_loss_of_scikit_learn(void **state)
{
    (void)state;
    static const struct {
        size_t n, m, k;
        double frobenius, divergence;
    } cases[] = {{30, 20, 3, 1562.5052851253504, 400.20736106113617},
                 {101, 40, 2, 0.24514741997495582, 0.7339899041199044}};
    static float values[101 * 40];
    double start[3 * 40];
    vtr_error err;
    for (size_t i = 0; i < 2; i++) {
        size_t n = cases[i].n, m = cases[i].m, k = cases[i].k;
        for (size_t p = 0; p < n; p++)
            for (size_t c = 0; c < m; c++) {
                double digit = (double)((p * 37 + c * 61 + p * c * 13) % 97), r = 1.5 + 0.1 * (double)c;
                double f = (double)(p * 41 % 101) / 100;
                double liquid = sin(2.6 * (r - 2.53) + 1.57) * exp(-0.3 * r);
                double solid = sin(2.6 * (r - 2.46) + 1.57) * exp(-0.25 * r);
                values[p * m + c] =
                    (float)(i == 0 ? digit / 10 : (1 - f) * liquid + f * solid + 0.02 * (digit / 48 - 1));
            }
        vtr_unmix_data data = {.n_positions = n, .n_channels = m, .values = values};
        vtr_nmf_params params = settings(k);
        float low = 0;
        for (size_t p = 0; p < n * m; p++)
            low = values[p] < low ? values[p] : low;
        for (size_t j = 0; j < k; j++)
            for (size_t c = 0; c < m; c++)
                start[j * m + c] = 0.5 + (double)((j * 29 + c * 17) % 11) / 10 + (double)low;
        params.start_components = start;
        params.tolerance = 1e-12;
        params.max_iterations = 50000;
        for (int loss = 0; loss < 2; loss++) {
            vtr_nmf_result result;
            params.loss = loss;
            assert_ok(vtr_nmf(&result, &data, &params, 1, NULL, &err));
            double theirs = loss == VTR_NMF_FROBENIUS ? cases[i].frobenius : cases[i].divergence;
            if (!(result.objective <= theirs * (1 + 1e-5)))
                fail_msg("case %zu, loss %d: %.12g, scikit-learn %.12g", i, loss, result.objective, theirs);
            vtr_nmf_result_release(&result);
        }
    }
}

static void assert_same(const vtr_nmf_result *a, const vtr_nmf_result *b)
{
    assert_int_equal(a->n_components, b->n_components);
    assert_true(a->objective == b->objective && a->kkt == b->kkt);
    assert_memory_equal(a->fractions, b->fractions, a->n_components * sizeof *a->fractions);
}

/* Positions and channels left out, NANs in them, are as if they had been cut off. */
static void masked_is_cut(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    static float cut[N * M];
    static uint8_t position_used[N], channel_used[M];
    size_t n = 0, m = 0;
    scene_waves(&s, N, M, K, 0.05);
    for (size_t c = 0; c < M; c++)
        m += channel_used[c] = c % 7 != 3;
    for (size_t p = 0; p < N; p++) {
        if (!(position_used[p] = p % 5 != 0 && p > 20)) continue;
        size_t to = 0;
        for (size_t c = 0; c < M; c++)
            if (channel_used[c]) cut[n * m + to++] = s.values[p * M + c];
        n++;
    }
    for (size_t i = 0; i < N * M; i++)
        if (!position_used[i / M] || !channel_used[i % M]) s.values[i] = i % 3 ? NAN : -1e30F;
    s.data.position_used = position_used;
    s.data.channel_used = channel_used;
    vtr_unmix_data data = {.n_positions = n, .n_channels = m, .values = cut};
    for (int loss = 0; loss < 2; loss++) {
        vtr_nmf_result masked, alone;
        vtr_nmf_params params = settings(2);
        params.loss = loss;
        params.max_iterations = 100;
        assert_ok(vtr_nmf(&masked, &s.data, &params, 2, NULL, &err));
        assert_ok(vtr_nmf(&alone, &data, &params, 1, NULL, &err));
        assert_same(&masked, &alone);
        size_t at = 0;
        for (size_t p = 0; p < N; p++)
            if (position_used[p])
                assert_true(masked.maps[p] == alone.maps[at++]);
            else
                assert_true(isnan(masked.maps[p]) && isnan(masked.scale[p]));
        at = 0;
        for (size_t c = 0; c < M; c++)
            if (channel_used[c])
                assert_true(masked.components[c] == alone.components[at++]);
            else
                assert_true(isnan(masked.components[c]));
        vtr_nmf_result_release(&masked);
        vtr_nmf_result_release(&alone);
    }
    scene_release(&s);
}

static void positions_with_nan_are_left_out(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_nmf_result result;
    vtr_nmf_params params = settings(K);
    scene_bands(&s, N, M, K, 0.01);
    s.values[11 * M + 3] = NAN;
    s.values[300 * M] = INFINITY;
    assert_ok(vtr_nmf(&result, &s.data, &params, 1, NULL, &err));
    assert_int_equal(result.n_invalid, 2);
    assert_int_equal(result.n_used_positions, N - 2);
    assert_true(isnan(result.maps[11]) && isnan(result.scale[300]) && !isnan(result.maps[12]));
    vtr_nmf_result_release(&result);
    scene_release(&s);
}

static vtr_status read_values(void *user, float *rows, size_t first, size_t n, vtr_error *err)
{
    const scene *s = user;
    (void)err;
    memcpy(rows, s->values + first * s->m, n * s->m * sizeof *rows);
    return VTR_OK;
}

/* Whatever the threads, the instruction set, or where the rows come from. */
static void the_bits_are_the_same(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    scene_waves(&s, N, M, K, 0.05);
    for (int loss = 0; loss < 2; loss++) {
        vtr_nmf_result result[4];
        vtr_nmf_params params = settings(K);
        params.loss = loss;
        params.max_iterations = 30;
        params.n_consensus = 2;
        for (int way = 0; way < 4; way++) {
            vtr_unmix_data data = s.data;
            if (way == 3) {
                data.values = NULL;
                data.read = read_values;
                data.user = &s;
            }
            vtr_cpu_limit(way == 1 ? VTR_CPU_PORTABLE : way == 2 ? VTR_CPU_AVX2 : VTR_CPU_AVX512);
            assert_ok(vtr_nmf(&result[way], &data, &params, way == 0 ? 1 : 3, NULL, &err));
        }
        vtr_cpu_limit(VTR_CPU_AVX512);
        for (int way = 1; way < 4; way++) {
            assert_same(&result[0], &result[way]);
            assert_memory_equal(result[0].maps, result[way].maps, K * N * sizeof(float));
            assert_memory_equal(result[0].consensus.component_spread, result[way].consensus.component_spread,
                                K * M * sizeof(double));
        }
        for (int way = 0; way < 4; way++)
            vtr_nmf_result_release(&result[way]);
    }
    scene_release(&s);
}

/* data + shift = scale * sum of maps * (components + shift), on the scale of the data. */
static void shift_is_undone(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    scene_waves(&s, N, M, 2, 0);
    for (int way = 0; way < 3; way++) {
        vtr_nmf_result result;
        vtr_nmf_params params = settings(2);
        params.negative = way == 1 ? VTR_NMF_SEMI : VTR_NMF_SHIFT;
        params.sum_to_one = way == 2;
        assert_ok(vtr_nmf(&result, &s.data, &params, 1, NULL, &err));
        assert_true(way == 1 ? result.shift == 0 : result.shift > 0);
        for (size_t p = 0; p < N; p++)
            for (size_t c = 0; c < M; c++) {
                double x = 0;
                for (size_t j = 0; j < 2; j++)
                    x += (double)result.maps[j * N + p] * (result.components[j * M + c] + result.shift);
                assert_near((double)result.scale[p] * x - result.shift, s.values[p * M + c], 2e-3);
            }
        if (way == 2)
            for (size_t p = 0; p < N; p++)
                assert_near(result.scale[p], 1, 1e-4);
        vtr_nmf_result_release(&result);
    }
    scene_release(&s);
}

/* Weights do what the same factor on the data does; the result is in the units of the data all the same. */
static void weights_are_inverse_variances(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    static float scaled[N * M];
    static double position_weight[N], channel_weight[M];
    scene_bands(&s, N, M, K, 0.02);
    for (size_t p = 0; p < N; p++)
        position_weight[p] = p % 2 ? 4 : 0.25;
    for (size_t c = 0; c < M; c++)
        channel_weight[c] = c % 3 ? 1 : 16;
    for (size_t i = 0; i < N * M; i++) {
        s.values[i] = fmaxf(s.values[i], 0);
        scaled[i] = s.values[i] * (i / M % 2 ? 2.0F : 0.5F) * (i % M % 3 ? 1.0F : 4.0F);
    }
    vtr_unmix_data data = s.data, weighted = s.data;
    data.values = scaled;
    weighted.position_weight = position_weight;
    weighted.channel_weight = channel_weight;
    vtr_nmf_result a, b;
    vtr_nmf_params params = settings(K);
    assert_ok(vtr_nmf(&a, &weighted, &params, 1, NULL, &err));
    assert_ok(vtr_nmf(&b, &data, &params, 1, NULL, &err));
    assert_near(a.objective, b.objective, 1e-6 * b.objective);
    size_t order[K];
    scene_match(order, &s, a.components, 0.999);
    assert_near(a.fractions[order[1]], s.fractions[1], 5e-3);
    vtr_nmf_result_release(&a);
    vtr_nmf_result_release(&b);
    scene_release(&s);
}

static void consensus_tells_stable_from_lucky(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_nmf_result result;
    vtr_nmf_params params = settings(K);
    params.n_consensus = 10;
    scene_bands(&s, N, M, K, 0.001);
    assert_ok(vtr_nmf(&result, &s.data, &params, 2, NULL, &err));
    for (size_t j = 0; j < K; j++) {
        assert_true(result.consensus.returns[j] == 1);
        assert_true(result.consensus.fraction_high[j] - result.consensus.fraction_low[j] < 0.01);
    }
    vtr_nmf_result_release(&result);
    scene_release(&s);
    /* One component more than there are: it is noise, another one from every start. */
    scene_bands(&s, N, M, 2, 0.01);
    assert_ok(vtr_nmf(&result, &s.data, &params, 2, NULL, &err));
    double least = 1;
    for (size_t j = 0; j < K; j++)
        least = fmin(least, result.consensus.returns[j]);
    assert_true(least < 0.9);
    vtr_nmf_result_release(&result);
    scene_release(&s);
}

static void bad_input_is_named(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_nmf_result result;
    vtr_nmf_params params = settings(M + 1 < VTR_UNMIX_COMPONENTS_MAX ? M + 1 : 10);
    scene_bands(&s, N, 9, K, 0);
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_ARGUMENT,
                 "9 channels: ask for at most 9");
    params = settings(2);
    params.volume = 1;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_ARGUMENT, "sum-to-one");
    params = settings(2);
    params.loss = VTR_NMF_KULLBACK_LEIBLER;
    params.negative = VTR_NMF_SEMI;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_ARGUMENT, "frobenius");
    params = settings(2);
    for (size_t i = 0; i < N * 9; i++)
        s.values[i] = -1 - s.values[i];
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_RANGE,
                 "no value of the cube is positive");
    for (size_t i = 0; i < N * 9; i++)
        s.values[i] = 2.5F;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_NO_DATA,
                 "all values of the cube are 2.5");
    for (size_t i = 0; i < N * 9; i++)
        s.values[i] = NAN;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_NO_DATA,
                 "700 hold values that are not finite");
    static const uint8_t none[9] = {0};
    s.data.channel_used = none;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_NO_DATA,
                 "all 9 channels are masked");
    static const double weight[9] = {1, 1, 1, -1, 1, 1, 1, 1, 1};
    s.data.channel_used = NULL;
    s.data.channel_weight = weight;
    assert_fails(vtr_nmf(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_RANGE, "weight of channel 3");
    scene_release(&s);
}

static vtr_status factorise(void *context, vtr_error *err)
{
    const vtr_unmix_data *data = context;
    vtr_nmf_params params = settings(2);
    vtr_nmf_result result = {0};
    params.n_consensus = 1;
    params.n_starts = 2;
    params.max_iterations = 3;
    vtr_status status = vtr_nmf(&result, data, &params, 1, NULL, err);
    vtr_nmf_result_release(&result);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    scene s;
    scene_waves(&s, 100, 12, 2, 0.01);
    test_every_allocation_fails(factorise, &s.data);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_come_back),
        cmocka_unit_test(divergence_finds_the_bands),
        cmocka_unit_test(order_and_unit_do_not_matter),
        cmocka_unit_test(the_loss_never_grows),
        cmocka_unit_test(reaches_the_loss_of_scikit_learn),
        cmocka_unit_test(masked_is_cut),
        cmocka_unit_test(positions_with_nan_are_left_out),
        cmocka_unit_test(the_bits_are_the_same),
        cmocka_unit_test(shift_is_undone),
        cmocka_unit_test(weights_are_inverse_variances),
        cmocka_unit_test(consensus_tells_stable_from_lucky),
        cmocka_unit_test(bad_input_is_named),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
