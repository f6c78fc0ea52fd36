/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "band/bands_internal.h"
#include "support.h"
#include "twin/gaussian_field_internal.h"

/* The matrix's random strain from maps that hold nothing else, and from maps with a band. */
enum { N_Y = 90, N_X = 110, N = N_Y * N_X, MAPS = 60 };
#define STEP_NM 6.0
#define ERROR 0.002

static void make_maps(vtr_band_maps *maps)
{
    *maps = (vtr_band_maps){N_Y, N_X, N, N, STEP_NM, STEP_NM, STEP_NM};
    for (int j = 0; j < VTR_TCS; j++) {
        maps->value[j] = vtr_calloc(N, sizeof(double));
        maps->weight[j] = vtr_calloc(N, sizeof(double));
        for (size_t i = 0; i < N; i++)
            maps->weight[j][i] = 1 / (ERROR * ERROR);
    }
}

/* exx, eyy, exy of standard deviation `strain` and correlation exp(-(r/length)^2), and noise. */
static void fill(vtr_band_maps *maps, double strain, double length_nm, uint64_t seed)
{
    vtr_error err;
    vtr_random random;
    static float field[3][N];
    vtr_random_start(&random, seed, 6);
    for (int j = 0; j < 3; j++)
        assert_ok(vtr_gaussian_field(field[j], N_Y, N_X, length_nm / STEP_NM, &random, &err));
    for (size_t i = 0; i < N; i++) {
        double xx = strain * (double)field[0][i], yy = strain * (double)field[1][i];
        maps->value[VTR_T][i] = xx + yy + ERROR * vtr_random_normal(&random) + 0.01;
        maps->value[VTR_C][i] = 0.5 * (xx - yy) + ERROR * vtr_random_normal(&random);
        maps->value[VTR_S][i] = strain * (double)field[2][i] + ERROR * vtr_random_normal(&random);
    }
}

/* Pulls of strain, length and variances: 1 within three times what 60 of them scatter, 0.09. Errors by jackknife from 36 blocks
 * are themselves uncertain by an eighth. */
static void pulls_are_one(void **state)
{
    (void)state;
    enum { Q = 5 };
    static const char *const names[Q] = {"strain", "length", "variance t", "variance c", "variance s"};
    const double strain = 0.0012, length = 20;
    vtr_band_maps maps;
    vtr_error err;
    double squares[Q] = {0}, mean[Q] = {0};
    make_maps(&maps);
    for (uint64_t k = 0; k < MAPS; k++) {
        vtr_bands_matrix m;
        fill(&maps, strain, length, 50 + k);
        assert_ok(vtr_bands_matrix_measure(&m, NULL, 0, &maps, maps.value, &err));
        const double var = strain * strain, each[Q] = {(m.strain - strain) / m.strain_error,
                                                       (m.length_nm - length) / m.length_error_nm,
                                                       (m.variance[0] - 2 * var) / m.variance_error[0],
                                                       (m.variance[1] - 0.5 * var) / m.variance_error[1],
                                                       (m.variance[2] - var) / m.variance_error[2]};
        assert_near(m.part, 1, 0);
        for (int q = 0; q < Q; q++) {
            squares[q] += each[q] * each[q] / MAPS;
            mean[q] += each[q] / MAPS;
        }
    }
    for (int q = 0; q < Q; q++)
        print_message("%-10s pulls %.2f, mean %.2f\n", names[q], sqrt(squares[q]), mean[q]);
    for (int q = 0; q < Q; q++)
        assert_near(sqrt(squares[q]), 1, 0.27);
    vtr_band_maps_release(&maps);
}

/* The size of the error bars has no part in it: the same field with other weights, or with a hole, has the same strain to a few
 * of its errors; twice the field twice the strain, at the same length. */
static void error_bars_and_holes_do_not_matter(void **state)
{
    (void)state;
    vtr_band_maps maps;
    vtr_error err;
    vtr_bands_matrix m[3];
    make_maps(&maps);
    fill(&maps, 0.0012, 20, 7);
    assert_ok(vtr_bands_matrix_measure(&m[0], NULL, 0, &maps, maps.value, &err));
    for (int j = 0; j < VTR_TCS; j++)
        for (size_t i = 0; i < N; i++)
            maps.weight[j][i] *= 9;
    assert_ok(vtr_bands_matrix_measure(&m[1], NULL, 0, &maps, maps.value, &err));
    assert_near(m[1].strain, m[0].strain, 1e-12);
    for (size_t i = 0; i < N; i++)
        if (hypot((double)(i / N_X) - 40, (double)(i % N_X) - 60) < 15) {
            maps.n_valid--;
            for (int j = 0; j < VTR_TCS; j++) {
                maps.weight[j][i] = 0;
                maps.value[j][i] = 1;
            }
        }
    assert_ok(vtr_bands_matrix_measure(&m[2], NULL, 0, &maps, maps.value, &err));
    assert_near(m[2].strain, m[0].strain, m[0].strain_error);
    assert_near(m[2].length_nm, m[0].length_nm, m[0].length_error_nm);
    vtr_band_maps_release(&maps);
}

/* Away from a band, whatever is left on its line: 1 % on all positions within 10 nm of it. */
static void what_is_left_of_a_band_is_no_matrix(void **state)
{
    (void)state;
    vtr_band_maps maps;
    vtr_error err;
    vtr_bands_matrix without, with;
    vtr_band_fit band = {.pivot_y_nm = 270, .pivot_x_nm = 330};
    band.value[FIT_ANGLE] = 0.5;
    band.value[FIT_FIRST] = -INFINITY;
    band.value[FIT_LAST] = INFINITY;
    band.value[FIT_DECAY] = band.value[FIT_DECAY + 1] = log(30);
    make_maps(&maps);
    fill(&maps, 0.0012, 20, 8);
    assert_ok(vtr_bands_matrix_measure(&without, &band, 1, &maps, maps.value, &err));
    for (size_t i = 0; i < N; i++) {
        vtr_band_place at;
        vtr_band_curve_at(&at, &band, STEP_NM * (double)(i / N_X), STEP_NM * (double)(i % N_X));
        for (int j = 0; j < VTR_TCS; j++)
            if (fabs(at.d) < 10) maps.value[j][i] += 0.01;
    }
    assert_ok(vtr_bands_matrix_measure(&with, &band, 1, &maps, maps.value, &err));
    assert_near(with.strain, without.strain, 1e-12);
    assert_true(with.part > 0.6 && with.part < 0.9);
    assert_near(with.decays_away, 2, 0);
    vtr_band_maps_release(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulls_are_one),
        cmocka_unit_test(error_bars_and_holes_do_not_matter),
        cmocka_unit_test(what_is_left_of_a_band_is_no_matrix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
