/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/band_internal.h"
#include "support.h"
#include "twin/gaussian_field_internal.h"

enum { N_Y = 72, N_X = 90, N = N_Y * N_X };

/* Maps of 5 nm steps, errors that differ from row to row, without strain. */
static void make_maps(vtr_band_maps *maps, bool has_hole)
{
    *maps = (vtr_band_maps){N_Y, N_X, N, 0, 5, 5, 5};
    for (int j = 0; j < VTR_TCS; j++) {
        maps->value[j] = vtr_calloc(N, sizeof(double));
        maps->weight[j] = vtr_calloc(N, sizeof(double));
    }
    maps->covariance = vtr_calloc(N * VTR_COVARIANCES, sizeof(double));
    for (size_t i = 0; i < N; i++) {
        size_t y = i / N_X, x = i % N_X;
        if (has_hole && y >= 30 && y < 38 && x >= 20 && x < 60) continue;
        maps->n_valid++;
        for (int j = 0; j < VTR_TCS; j++) {
            double error = 1e-3 * (1 + 0.3 * (double)y / N_Y) * (j == VTR_T ? 1.5 : 1);
            maps->covariance[i * VTR_COVARIANCES + (size_t)j] = error * error;
            maps->weight[j][i] = 1 / (error * error);
        }
    }
}

static void draw_noise(vtr_band_maps *maps, const vtr_matrix_strain *matrix, uint64_t seed)
{
    static float field[N];
    vtr_error err;
    vtr_random random;
    vtr_random_start(&random, seed, 3);
    for (int j = 0; j < VTR_TCS; j++) {
        memset(field, 0, sizeof field);
        if (matrix->variance[j] > 0)
            assert_ok(vtr_gaussian_field(field, N_Y, N_X, matrix->length_nm / 5, &random, &err));
        for (size_t i = 0; i < N; i++) {
            double w = maps->weight[j][i], white = vtr_random_normal(&random);
            maps->value[j][i] = w > 0 ? sqrt(matrix->variance[j]) * field[i] + white / sqrt(w) : 0;
        }
    }
}

/* Mean of chi^2 of one radius over positions and maps, and the part above the level of 1 %. */
static void chi2_of_noise(double *mean, double *above, const vtr_matrix_strain *matrix, bool has_hole)
{
    const vtr_core core = {.rim_nm = 1.4, .poisson = 0.3};
    static double chi2[N];
    static unsigned char which[N];
    vtr_error err;
    vtr_band_maps maps;
    vtr_band_filter *filter = NULL;
    double radius = 13, count = 0, level = vtr_chi2_3_quantile(0.01);
    make_maps(&maps, has_hole);
    assert_ok(vtr_band_filter_create(&filter, &maps, matrix, &core, &radius, 1, &err));
    *mean = *above = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        draw_noise(&maps, matrix, seed);
        vtr_band_filter_apply(filter, chi2, which, maps.value);
        for (size_t i = 0; i < N; i++) {
            if (!(chi2[i] > 0)) continue;
            count++;
            *mean += chi2[i];
            *above += chi2[i] > level;
        }
    }
    *mean /= count;
    *above /= count;
    assert_true(count > 12 * 0.5 * N && count < 12 * N);
    vtr_band_filter_free(filter);
    vtr_band_maps_release(&maps);
}

/* Three degrees of freedom: a mean of 3, and 1 % above the level of 1 %. Some 12 * 6000/20 independent values: the mean is
 * good to 0.04, the part to 0.002. */
static void noise_has_three_degrees_of_freedom(void **state)
{
    (void)state;
    const vtr_matrix_strain none = {.length_nm = 20, .power = 2};
    double mean, above;
    for (int k = 0; k < 2; k++) {
        chi2_of_noise(&mean, &above, &none, k == 1);
        assert_near(mean, 3, 0.13);
        assert_near(above, 0.01, 0.005);
    }
}

/* So too where the matrix is as strong as the noise; without whitening the mean would be four times as large. Edges and
 * the uneven errors make it hold less well than for white noise. */
static void matrix_is_whitened(void **state)
{
    (void)state;
    const vtr_matrix_strain matrix = {.variance = {4e-7, 2.5e-7, 2.5e-7}, .length_nm = 22, .power = 2};
    double mean, above;
    chi2_of_noise(&mean, &above, &matrix, false);
    assert_near(mean, 3, 0.3);
    assert_near(above, 0.01, 0.01);
}

/* Its own template gives its own amplitudes, at its place and radius, beside a hole too. */
static void amplitudes_of_an_inclusion_come_back(void **state)
{
    (void)state;
    const vtr_matrix_strain matrix = {.variance = {4e-7, 2.5e-7, 2.5e-7}, .length_nm = 22, .power = 2};
    const vtr_core core = {.rim_nm = 1.4, .poisson = 0.3};
    const double radii[] = {7, 10, 14, 20}, given[3] = {0.008, -0.004, 0.005};
    static double chi2[N];
    static unsigned char which[N];
    vtr_error err;
    vtr_band_maps maps;
    vtr_band_filter *filter = NULL;
    make_maps(&maps, true);
    assert_ok(vtr_band_filter_create(&filter, &maps, &matrix, &core, radii, 4, &err));
    size_t at = 42 * N_X + 40, best = 0;
    vtr_core own = core;
    own.radius_nm = 14;
    for (size_t i = 0; i < N; i++) {
        double basis[VTR_TCS][3];
        vtr_core_strain(basis, &own, 5 * ((double)(i / N_X) - 42), 5 * ((double)(i % N_X) - 40));
        for (int j = 0; j < VTR_TCS && vtr_band_is_valid(&maps, i); j++)
            maps.value[j][i] = basis[j][0] * given[0] + basis[j][1] * given[1] + basis[j][2] * given[2];
    }
    vtr_band_filter_apply(filter, chi2, which, maps.value);
    for (size_t i = 0; i < N; i++)
        if (chi2[i] > chi2[best]) best = i;
    assert_int_equal(best, at);
    assert_int_equal(which[at], 2);
    double amplitude[3];
    vtr_band_filter_amplitude(filter, amplitude, at, 2);
    for (int k = 0; k < 3; k++) /* whitened templates reach into the hole: to a few per cent */
        assert_near(amplitude[k], given[k], 0.05 * 0.008);
    vtr_band_filter_free(filter);
    vtr_band_maps_release(&maps);
}

/* Variances and length of a matrix, from maps of which each holds some 6000/50 independent patches. */
static void matrix_is_estimated(void **state)
{
    (void)state;
    const vtr_matrix_strain matrix = {.variance = {4e-7, 2.5e-7, 1e-7}, .length_nm = 22, .power = 2};
    double sum[VTR_TCS] = {0}, length = 0, scatter = 0;
    vtr_band_maps maps;
    vtr_error err;
    make_maps(&maps, true);
    enum { MAPS = 10 };
    for (uint64_t seed = 0; seed < MAPS; seed++) {
        vtr_matrix_strain found;
        draw_noise(&maps, &matrix, 100 + seed);
        assert_ok(vtr_matrix_estimate(&found, &maps, maps.value, 0, &err));
        length += found.length_nm / MAPS;
        scatter += found.error_factor / MAPS;
        for (int j = 0; j < VTR_TCS; j++)
            sum[j] += found.variance[j] / MAPS;
    }
    for (int j = 0; j < VTR_TCS; j++)
        assert_near(sum[j] / matrix.variance[j], 1, 0.2);
    assert_near(length, 22, 4);
    assert_near(scatter, 1, 0.03);
    const vtr_matrix_strain none = {.length_nm = 20, .power = 2};
    vtr_matrix_strain found;
    draw_noise(&maps, &none, 5);
    assert_ok(vtr_matrix_estimate(&found, &maps, maps.value, 0, &err));
    assert_true(found.variance[VTR_S] < 0.05 * 1e-6); /* of the white noise's variance */
    vtr_band_maps_release(&maps);
}

static void quantiles_belong_to_their_tails(void **state)
{
    (void)state;
    assert_near(vtr_chi2_3_tail(7.814727903), 0.05, 1e-9); /* Abramowitz & Stegun, table 26.8 */
    assert_near(vtr_chi2_3_tail(16.26623620), 0.001, 1e-10);
    assert_near(vtr_chi2_3_quantile(1e-6), 30.664850, 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_three_degrees_of_freedom),   cmocka_unit_test(matrix_is_whitened),
        cmocka_unit_test(amplitudes_of_an_inclusion_come_back), cmocka_unit_test(matrix_is_estimated),
        cmocka_unit_test(quantiles_belong_to_their_tails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
