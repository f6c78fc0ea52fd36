/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principal and independent components, and how many are counted. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "unmix_scene.h"
#include "vitrail/unmix_pca.h"

enum { N = 2000, M = 60 };

/* Against the singular values of the dense matrix by LAPACK. */
static void singular_values_are_those_of_lapack(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pca_result result;
    vtr_pca_params params = vtr_pca_default_params();
    static double dense[N * M], value[M], work[M], mean[M];
    scene_waves(&s, N, M, 4, 0.02);
    for (size_t i = 0; i < N * M; i++)
        mean[i % M] += (double)s.values[i] / N;
    for (size_t i = 0; i < N * M; i++)
        dense[i] = (double)s.values[i] - mean[i % M];
    assert_int_equal(
        LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'N', 'N', N, M, dense, M, value, NULL, 1, NULL, 1, work), 0);
    params.n_components = 3;
    params.n_parallel = 0;
    assert_ok(vtr_pca(&result, &s.data, &params, 1, NULL, &err));
    for (size_t j = 0; j < 3; j++) {
        assert_near(result.singular[j], value[j], 1e-4 * value[j]);
        double norm2 = 0, dot = 0, square = 0;
        for (size_t c = 0; c < M; c++) {
            norm2 += result.components[j * M + c] * result.components[j * M + c];
            dot += result.components[j * M + c] * result.components[(j + 1) % 3 * M + c];
        }
        for (size_t p = 0; p < N; p++)
            square += (double)result.maps[j * N + p] * (double)result.maps[j * N + p];
        assert_near(norm2, 1, 1e-9);
        assert_near(dot, 0, 1e-9);
        assert_near(sqrt(square), value[j], 1e-4 * value[j]);
    }
    for (size_t c = 0; c < M; c++)
        assert_near(result.mean[c], mean[c], 1e-6);
    vtr_pca_result_release(&result);
    scene_release(&s);
}

/* Four mixed spectra span three dimensions about their mean, whatever the noise of a channel is. */
static void components_are_counted(void **state)
{
    (void)state;
    static double weight[M];
    scene s;
    vtr_error err;
    vtr_random random;
    scene_waves(&s, N, M, 4, 0);
    vtr_random_start(&random, 9, 0);
    for (size_t i = 0; i < N * M; i++) {
        double deviation = i % M < M / 2 ? 0.008 : 0.024;
        weight[i % M] = 1 / (deviation * deviation);
        s.values[i] += (float)(deviation * vtr_random_normal(&random));
    }
    s.data.channel_weight = weight;
    for (int way = 0; way < 2; way++) {
        vtr_pca_result result;
        vtr_pca_params params = vtr_pca_default_params();
        params.weights_are_variances = way == 0;
        assert_ok(vtr_pca(&result, &s.data, &params, 2, NULL, &err));
        assert_int_equal(result.n_significant, 3);
        /* The largest singular value of noise of unit variance is sqrt(N) + sqrt(M), as random matrix theory has it; one in a
         * hundred lies 1.6 % beyond. */
        assert_near(result.noise_singular, 1.016 * (sqrt(N) + sqrt(M)), 0.02 * sqrt(N));
        if (way == 0) {
            assert_int_equal(result.n_by_residual, 3);
            assert_near(result.chi2[3], 1, 5 * sqrt(2.0 / (N * M)));
            assert_true(result.chi2[2] > 1.02);
        } else
            assert_true(isnan(result.chi2[3]));
        vtr_pca_result_release(&result);
    }
    for (size_t i = 0; i < N * M; i++)
        s.values[i] = (float)vtr_random_normal(&random);
    vtr_pca_result noise;
    s.data.channel_weight = NULL;
    assert_ok(vtr_pca(&noise, &s.data, NULL, 2, NULL, &err));
    assert_int_equal(noise.n_significant, 0);
    vtr_pca_result_release(&noise);
    scene_release(&s);
}

static vtr_status read_values(void *user, float *rows, size_t first, size_t n, vtr_error *err)
{
    const scene *s = user;
    if (first + n > s->n) return vtr_fail(err, VTR_ERR_IO, "read beyond the end");
    memcpy(rows, s->values + first * s->m, n * s->m * sizeof *rows);
    return VTR_OK;
}

static vtr_status read_nothing(void *user, float *rows, size_t first, size_t n, vtr_error *err)
{
    (void)user, (void)rows, (void)n;
    return vtr_fail(err, VTR_ERR_IO, "position %zu cannot be read", first);
}

static void out_of_core_is_the_same(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pca_result a, b;
    scene_waves(&s, 701, M, 4, 0.05);
    vtr_unmix_data data = {.n_positions = 701, .n_channels = M, .read = read_values, .user = &s};
    assert_ok(vtr_pca(&a, &s.data, NULL, 1, NULL, &err));
    assert_ok(vtr_pca(&b, &data, NULL, 3, NULL, &err));
    assert_memory_equal(a.singular, b.singular, a.n_components * sizeof(double));
    assert_memory_equal(a.maps, b.maps, a.n_components * 701 * sizeof(float));
    assert_true(a.noise_singular == b.noise_singular);
    data.read = read_nothing;
    vtr_pca_result_release(&b);
    assert_fails(vtr_pca(&b, &data, NULL, 2, NULL, &err), VTR_ERR_IO, "cannot be read");
    vtr_pca_result_release(&a);
    scene_release(&s);
}

/* Independent, skewed and differently distributed sources come back up to their order. */
static void independent_sources_are_parted(void **state)
{
    (void)state;
    enum { K = 3 };
    scene s;
    vtr_error err;
    vtr_pca_result pca;
    vtr_ica_result ica;
    vtr_pca_params params = vtr_pca_default_params();
    static double source[K][N];
    vtr_random random;
    size_t order[K];
    double correlation[K];
    scene_waves(&s, N, M, K, 0);
    vtr_random_start(&random, 2, 0);
    for (size_t p = 0; p < N; p++) {
        source[0][p] = vtr_random_gamma(&random, 0.5);
        source[1][p] = pow(vtr_random_uniform(&random), 4);
        source[2][p] = vtr_random_uniform(&random) < 0.1;
        for (size_t c = 0; c < M; c++) {
            double x = 0.5;
            for (size_t j = 0; j < K; j++)
                x += source[j][p] * s.components[j * M + c];
            s.values[p * M + c] = (float)x;
        }
    }
    params.n_components = K;
    assert_ok(vtr_pca(&pca, &s.data, &params, 1, NULL, &err));
    assert_ok(vtr_ica(&ica, &pca, 1, &err));
    assert_true(ica.is_converged);
    static double maps[K * N];
    for (size_t i = 0; i < K * N; i++)
        maps[i] = (double)ica.maps[i];
    assert_ok(vtr_unmix_match(order, correlation, K, N, source[0], maps, &err));
    for (size_t j = 0; j < K; j++) {
        double square = 0;
        /* Sources of 2000 draws correlate by chance at some 1/sqrt(2000). */
        assert_true(correlation[j] > 0.99);
        for (size_t p = 0; p < N; p++)
            square += maps[j * N + p] * maps[j * N + p] / N;
        assert_near(square, 1, 1e-4);
    }
    for (size_t p = 0; p < N; p += 97)
        for (size_t c = 0; c < M; c++) {
            double x = pca.mean[c];
            for (size_t j = 0; j < K; j++)
                x += maps[j * N + p] * ica.components[j * M + c];
            assert_near(x, s.values[p * M + c], 2e-3);
        }
    vtr_pca_result_release(&pca);
    vtr_ica_result_release(&ica);
    scene_release(&s);
}

static void too_many_components_are_refused(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pca_result result;
    vtr_pca_params params = vtr_pca_default_params();
    scene_waves(&s, 50, 6, 2, 0.1);
    params.n_components = 7;
    assert_fails(vtr_pca(&result, &s.data, &params, 1, NULL, &err), VTR_ERR_ARGUMENT, "ask for 1 to 6");
    scene_release(&s);
}

static vtr_status analyse(void *context, vtr_error *err)
{
    const vtr_unmix_data *data = context;
    vtr_pca_params params = vtr_pca_default_params();
    vtr_pca_result pca = {0};
    vtr_ica_result ica = {0};
    params.n_components = 2;
    vtr_status status = vtr_pca(&pca, data, &params, 1, NULL, err);
    if (status == VTR_OK) status = vtr_ica(&ica, &pca, 1, err);
    vtr_pca_result_release(&pca);
    vtr_ica_result_release(&ica);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    scene s;
    scene_waves(&s, 100, 12, 3, 0.01);
    test_every_allocation_fails(analyse, &s.data);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singular_values_are_those_of_lapack),
        cmocka_unit_test(components_are_counted),
        cmocka_unit_test(out_of_core_is_the_same),
        cmocka_unit_test(independent_sources_are_parted),
        cmocka_unit_test(too_many_components_are_refused),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
