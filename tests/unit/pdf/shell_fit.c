/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_shell.h"

#include <math.h>

#include "base/base_internal.h"
#include "support.h"

enum { N = 600 };

/* F of three shells, two of which overlap in G, with noise of the given size that is alike over
 * `alike` points. */
static void make(double q[N], double F[N], double noise, int alike, uint64_t seed)
{
    static const double shells[3][3] = {{3, 1.61, 0.05}, {4, 2.63, 0.09}, {2, 3.05, 0.1}};
    vtr_random random;
    vtr_random_start(&random, 5, seed);
    double deviation = 0;
    for (int i = 0; i < N; i++) {
        q[i] = 2 + 0.03 * i;
        if (i % alike == 0) deviation = noise > 0 ? noise * vtr_random_normal(&random) : 0;
        F[i] = deviation;
        for (int k = 0; k < 3; k++)
            F[i] += shells[k][0] * sin(q[i] * shells[k][1]) / shells[k][1] *
                    exp(-0.5 * pow(shells[k][2] * q[i], 2));
    }
}

static void overlapping_shells_come_back(void **state)
{
    (void)state;
    vtr_error err;
    double q[N], F[N];
    vtr_pdf_shell_fit fit;
    make(q, F, 0, 1, 0);
    assert_ok(vtr_pdf_shell_fit_compute(&fit, N, q, F, 3, (const double[]){1.57, 2.55, 3.2}, NULL, &err));
    const double distance[] = {1.61, 2.63, 3.05}, neighbours[] = {3, 4, 2}, spread[] = {0.05, 0.09, 0.1};
    for (int k = 0; k < 3; k++) {
        assert_near(fit.shells[k].distance, distance[k], 1e-6);
        assert_near(fit.shells[k].neighbours, neighbours[k], 1e-5);
        assert_near(fit.shells[k].spread, spread[k], 1e-6);
    }
    assert_near(fit.residual, 0, 1e-7);
}

/* Pulls of the first distance over 400 fits: unit variance to 3 sqrt(2/400) = 0.21; with residuals that are alike over 8
 * points their correlation is measured on what the fit left of them. Points taken for independent would give 8. */
static void errors_hold_with_correlated_residuals(void **state)
{
    (void)state;
    for (int alike = 1; alike <= 8; alike += 7) {
        double pull = 0;
        for (uint64_t seed = 0; seed < 400; seed++) {
            vtr_error err;
            double q[N], F[N];
            vtr_pdf_shell_fit fit;
            make(q, F, 0.02, alike, seed);
            assert_ok(
                vtr_pdf_shell_fit_compute(&fit, N, q, F, 3, (const double[]){1.6, 2.6, 3.1}, NULL, &err));
            double d = (fit.shells[0].distance - 1.61) / fit.shells[0].distance_error;
            pull += d * d / 400;
        }
        print_message("%d points alike: pull %.3f\n", alike, pull);
        assert_near(pull, 1, 0.35);
    }
}

static void what_cannot_be_fitted_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    double q[N], F[N];
    vtr_pdf_shell_fit fit;
    make(q, F, 0, 1, 0);
    const double distances[] = {1.6, 2.6, 2.9};
    assert_fails(vtr_pdf_shell_fit_compute(&fit, N, q, F, 0, distances, NULL, &err), VTR_ERR_ARGUMENT,
                 "0 shells");
    assert_fails(vtr_pdf_shell_fit_compute(&fit, N, q, F, 3, distances, (const double[]){5, 5.5}, &err),
                 VTR_ERR_NO_DATA, "36 are needed");
    assert_fails(vtr_pdf_shell_fit_compute(&fit, N, q, F, 1, (const double[]){0}, NULL, &err),
                 VTR_ERR_ARGUMENT, "larger than 0.4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapping_shells_come_back),
        cmocka_unit_test(errors_hold_with_correlated_residuals),
        cmocka_unit_test(what_cannot_be_fitted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
