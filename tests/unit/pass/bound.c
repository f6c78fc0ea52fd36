/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"
#include "truth.h"

/* Pulls pooled over the cases of one dose. */
typedef struct pool {
    double sum, n;
} pool;

/* The likelihood fit of rings at one dose, 128 and 256 px, with a direct beam and with a beam stop: strains to 3 % at
 * twelve orientations, centres off by up to 5 px of descan, a lens that distorts by 5 %. */
static void check_dose(double electrons)
{
    pool pulls = {0};
    printf("%8s %4s %5s %6s | std / bound: %6s %6s %6s %6s %6s | bias / std: largest | pull variance\n",
           "dose", "px", "stop", "fitted", "cx", "cy", "Wxx", "Wyy", "Wxy");
    for (int k = 0; k < 4; k++) {
        /* where the fit is nearest to the limit, more patterns say how near */
        truth_case given = {.size = k & 1 ? 256 : 128,
                            .n = electrons < 5e3 ? 3840 : 1920,
                            .electrons = electrons,
                            .middle = k & 2 ? VTR_TWIN_BEAM_STOP : VTR_TWIN_DIRECT_BEAM,
                            .strain = 0.03,
                            .descan_px = k & 1 ? 5 : 2.5,
                            .distortion_percent = 5,
                            .seed = 11 + (size_t)k};
        truth_result r;
        truth_run(&r, &given, true);
        double worst_bias = 0, mean_pull = 0;
        printf("%8.0e %4zu %5s %6zu |             ", electrons, given.size, k & 2 ? "yes" : "no", r.n_good);
        for (int i = 0; i < TRUTH_N; i++) {
            printf(" %6.3f", r.deviation[i] / r.bound[i]);
            worst_bias = fmax(worst_bias, fabs(r.mean[i]) / r.deviation[i]);
            mean_pull += r.pull_variance[i] / TRUTH_N;
        }
        printf(" | %19.3f | %.3f (%.3f %.3f %.3f %.3f %.3f)\n", worst_bias, mean_pull, r.pull_variance[0],
               r.pull_variance[1], r.pull_variance[2], r.pull_variance[3], r.pull_variance[4]);
        pulls.sum += mean_pull;
        pulls.n++;
        /* 1920 patterns give a standard deviation to 1.6 %, a bias to 0.023 of it */
        for (int i = 0; i < TRUTH_N; i++) {
            assert_true(r.deviation[i] <= 1.1 * r.bound[i]);
            assert_true(fabs(r.mean[i]) <= 0.1 * r.deviation[i]);
        }
        /* a failed fit that nobody flagged would stand many of its error bars off */
        assert_true(r.largest_pull < 6.5);
        assert_true((double)r.n_good >= 0.98 * (double)given.n);
        if (electrons >= 1e6)
            for (int i = 2; i < TRUTH_N; i++)
                assert_true(fabs(r.mean[i]) < 1e-4);
    }
    printf("%8.0e mean pull variance %.4f\n", electrons, pulls.sum / pulls.n);
    assert_near(pulls.sum / pulls.n, 1, 0.05);
}

static void at_1e3_electrons(void **state)
{
    (void)state;
    check_dose(1e3);
}

static void at_1e4_electrons(void **state)
{
    (void)state;
    check_dose(1e4);
}

static void at_1e5_electrons(void **state)
{
    (void)state;
    check_dose(1e5);
}

static void at_1e6_electrons(void **state)
{
    (void)state;
    check_dose(1e6);
}

/* A smooth background three times as strong in every other position, the strain the same: a thickness wedge. */
static void background_does_not_strain(void **state)
{
    (void)state;
    truth_case given = {
        .size = 128, .n = 1920, .electrons = 1e5, .middle = VTR_TWIN_DIRECT_BEAM, .wedge = 3, .seed = 5};
    truth_result r;
    truth_run(&r, &given, false);
    printf("volumetric strain moves by %.2e, error bar of one position %.2e\n", r.wedge_shift,
           r.volumetric_error);
    /* far below the error bar of one pattern; 960 of each kind would show a tenth of it */
    assert_true(fabs(r.wedge_shift) < 0.25 * r.volumetric_error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_1e3_electrons),           cmocka_unit_test(at_1e4_electrons),
        cmocka_unit_test(at_1e5_electrons),           cmocka_unit_test(at_1e6_electrons),
        cmocka_unit_test(background_does_not_strain),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
