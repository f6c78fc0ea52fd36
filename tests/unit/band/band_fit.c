/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "band/bands_internal.h"
#include "support.h"
#include "vitrail/constants.h"

/* The fit of one band alone, to maps of its own form with noise of the errors stated. */
enum { N_Y = 40, N_X = 60, N = N_Y * N_X };
#define STEP_NM 5.0
#define ERROR 0.001

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

/* Noise and the band of `truth`. */
static void fill(const vtr_band_maps *maps, const vtr_band_fit *truth, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 5);
    for (int j = 0; j < VTR_TCS; j++)
        for (size_t i = 0; i < N; i++)
            maps->value[j][i] = ERROR * vtr_random_normal(&random) + 0.002;
    vtr_band_fit_add(truth, maps, maps->value, 1);
}

static vtr_band_fit straight(void)
{
    vtr_band_fit fit = {.pivot_y_nm = 100, .pivot_x_nm = 150};
    const double value[FIT_N] = {-0.6,    3,       0,     -INFINITY, INFINITY, log(8),
                                 log(35), log(50), 0.007, 0.0006,    0.004};
    memcpy(fit.value, value, sizeof value);
    for (int k = 0; k < FIT_N; k++)
        fit.is_active[k] = k < FIT_CURVATURE || (k >= FIT_WIDTH && k < FIT_RIDGE) || k >= FIT_CONSTANT;
    return fit;
}

/* With everything that a band can have. */
static vtr_band_fit whole(void)
{
    vtr_band_fit fit = straight();
    fit.value[FIT_CURVATURE] = 1.2e-3;
    fit.value[FIT_FIRST] = -60;
    fit.value[FIT_LAST] = 80;
    fit.value[FIT_RIDGE] = 0.003;
    fit.value[FIT_RIDGE + 1] = -0.001;
    fit.value[FIT_RIDGE + 2] = 0.002;
    for (int k = 0; k < FIT_N; k++)
        fit.is_active[k] = true;
    return fit;
}

/* -1/2 of the gradient of chi^2 against differences of chi^2, for every parameter and both directions of the line: among
 * them how each decay length, and no other, changes its own side. */
static void the_gradient_is_that_of_chi2(void **state)
{
    (void)state;
    vtr_band_maps maps;
    double matrix[FIT_N][FIT_N], right[FIT_N], other[FIT_N];
    make_maps(&maps);
    for (int turn = 0; turn < 2; turn++) {
        vtr_band_fit truth = whole(), fit = truth;
        fill(&maps, &truth, 1);
        static const double off[FIT_N] = {0.03,  1.5,  2e-4, 6,    -7,    0.2,  -0.15, 0.12, 4e-4,
                                          -3e-4, 2e-4, 5e-4, 2e-4, -4e-4, 1e-3, -1e-3, 2e-3};
        for (int k = 0; k < FIT_N; k++)
            fit.value[k] += off[k];
        if (turn == 1) fit.value[FIT_ANGLE] += VTR_PI;
        vtr_band_fit_equations(matrix, right, &fit, &maps, maps.value);
        for (int k = 0; k < FIT_N; k++) {
            double h = 1e-3 * fabs(off[k]), chi2[2];
            for (int side = 0; side < 2; side++) {
                vtr_band_fit moved = fit;
                moved.value[k] += side == 0 ? -h : h;
                chi2[side] = vtr_band_fit_equations(matrix, other, &moved, &maps, maps.value);
            }
            double slope = -0.25 * (chi2[1] - chi2[0]) / h;
            vtr_band_fit_equations(matrix, other, &fit, &maps, maps.value);
            /* on the scale of what the parameter's error changes; a ridge is bent, not smooth, on its line */
            assert_near(right[k] / sqrt(matrix[k][k]), slope / sqrt(matrix[k][k]),
                        2e-3 * (1 + fabs(slope) / sqrt(matrix[k][k])));
            assert_true(fabs(slope) > 0.1 * sqrt(matrix[k][k])); /* large enough for a wrong sign to show */
        }
    }
    vtr_band_maps_release(&maps);
}

/* Root mean square pulls of all that is adjusted are 1 within 0.1: 2.8 times what `MAPS` of them scatter, 1/sqrt(800). */
static void check_pulls(vtr_band_fit (*make)(void))
{
    enum { MAPS = 400 };
    vtr_band_maps maps;
    double squares[FIT_N] = {0};
    make_maps(&maps);
    for (uint64_t k = 0; k < MAPS; k++) {
        vtr_band_fit truth = make();
        truth.value[FIT_ANGLE] += 0.005 * (double)k;
        vtr_band_fit fit = truth;
        fill(&maps, &truth, 100 + k);
        fit.value[FIT_ANGLE] += 0.03;
        fit.value[FIT_OFFSET] -= 4;
        fit.value[FIT_WIDTH] += 0.3;
        fit.value[FIT_DECAY] -= 0.3;
        vtr_band_fit_refine(&fit, &maps, maps.value);
        for (int q = 0; q < FIT_CONSTANT; q++) {
            if (!fit.is_active[q]) continue;
            assert_true(fit.is_determined[q]);
            double off = fit.value[q] - truth.value[q];
            squares[q] += off * off / fit.covariance[q][q] / MAPS;
        }
    }
    for (int q = 0; q < FIT_CONSTANT; q++)
        if (squares[q] > 0) print_message("parameter %d: pulls %.3f\n", q, sqrt(squares[q]));
    for (int q = 0; q < FIT_CONSTANT; q++)
        if (squares[q] > 0) assert_near(sqrt(squares[q]), 1, 0.1);
    vtr_band_maps_release(&maps);
}

static void pulls_of_a_straight_band_are_one(void **state)
{
    (void)state;
    check_pulls(straight);
}

static void pulls_of_a_whole_band_are_one(void **state)
{
    (void)state;
    check_pulls(whole);
}

/* Turned round a line has the same strain everywhere, and the same errors of its places. */
static void a_line_turned_round_is_the_same(void **state)
{
    (void)state;
    vtr_band_maps maps;
    double left = 0;
    make_maps(&maps);
    vtr_band_fit truth = whole(), fit = truth;
    truth.value[FIT_ANGLE] += VTR_PI; /* runs towards smaller x */
    fill(&maps, &truth, 1);
    fit = truth;
    vtr_band_fit_refine(&fit, &maps, maps.value);
    vtr_band_fit turned = fit;
    vtr_band_fit_forwards(&turned);
    assert_true(cos(turned.value[FIT_ANGLE]) > 0);
    assert_near(vtr_band_curve_error(&turned, 30), vtr_band_curve_error(&fit, -30), 1e-9);
    for (int j = 0; j < VTR_TCS; j++)
        memset(maps.value[j], 0, N * sizeof(double));
    vtr_band_fit_add(&fit, &maps, maps.value, 1);
    vtr_band_fit_add(&turned, &maps, maps.value, -1);
    for (int j = 0; j < VTR_TCS; j++)
        for (size_t i = 0; i < N; i++)
            left = fmax(left, fabs(maps.value[j][i]));
    assert_near(left, 0, 1e-12);
    vtr_band_maps_release(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_that_of_chi2),
        cmocka_unit_test(pulls_of_a_straight_band_are_one),
        cmocka_unit_test(pulls_of_a_whole_band_are_one),
        cmocka_unit_test(a_line_turned_round_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
