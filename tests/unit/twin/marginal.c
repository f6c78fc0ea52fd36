/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "twin/speckle_internal.h"
#include "vitrail/constants.h"

/* P(1, x) = 1 - exp(-x), P(1/2, x) = erf(sqrt(x)), P(2, x) = 1 - (1 + x) exp(-x). */
static void incomplete_gamma_has_its_closed_forms(void **state)
{
    (void)state;
    for (double x = 0.01; x < 30; x *= 1.7) {
        assert_near(vtr_gamma_p(1, x), 1 - exp(-x), 1e-13);
        assert_near(vtr_gamma_p(0.5, x), erf(sqrt(x)), 1e-13);
        assert_near(vtr_gamma_p(2, x), 1 - (1 + x) * exp(-x), 1e-13);
    }
}

static double value_at(const vtr_marginal *marginal, double g)
{
    double at = (g + VTR_MARGINAL_LIMIT) / (2 * VTR_MARGINAL_LIMIT) * (VTR_MARGINAL_N - 1);
    return (double)marginal->value[lround(at)];
}

/* Contrast 1 is the exponential distribution: t = -log(1 - Phi(g)). */
static void contrast_one_is_exponential(void **state)
{
    (void)state;
    static vtr_marginal marginal;
    vtr_marginal_make(&marginal, 1);
    for (double g = -4; g <= 4; g += 0.5)
        assert_near(value_at(&marginal, g), -log(0.5 * erfc(g / sqrt(2))),
                    1e-6 * (1 + value_at(&marginal, g)));
}

static void moments_are_one_and_the_contrast(void **state)
{
    (void)state;
    static vtr_marginal marginal;
    const double contrasts[] = {0.01, 0.04, 0.3, 1, 2.5};
    for (size_t i = 0; i < 5; i++) {
        vtr_marginal_make(&marginal, contrasts[i]);
        double mean = 0, square = 0, step = 2 * VTR_MARGINAL_LIMIT / (VTR_MARGINAL_N - 1);
        for (int j = 0; j < VTR_MARGINAL_N; j++) {
            double g = -VTR_MARGINAL_LIMIT + step * j, w = step * exp(-0.5 * g * g) / sqrt(2 * VTR_PI);
            mean += w * (double)marginal.value[j];
            square += w * (double)marginal.value[j] * (double)marginal.value[j];
        }
        assert_near(mean, 1, 1e-5);
        assert_near(square - mean * mean, contrasts[i], 1e-3 * contrasts[i]);
    }
}

/* R is the correlation of t1, t2 when g1, g2 have correlation rho: by Monte Carlo. */
static void correlation_is_that_of_mapped_pairs(void **state)
{
    (void)state;
    static vtr_marginal marginal;
    vtr_marginal_make(&marginal, 1);
    assert_near(vtr_marginal_correlation(&marginal, 1), 1, 1e-9);
    assert_near(vtr_marginal_correlation(&marginal, 0), 0, 1e-12);
    double rho = 0.6, sum = 0, n = 400000;
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    for (int i = 0; i < (int)n; i++) {
        double a = vtr_random_normal(&random), b = rho * a + sqrt(1 - rho * rho) * vtr_random_normal(&random);
        sum += (-log(0.5 * erfc(a / sqrt(2))) - 1) * (-log(0.5 * erfc(b / sqrt(2))) - 1);
    }
    assert_near(sum / n, vtr_marginal_correlation(&marginal, rho), 0.02);
    assert_near(vtr_marginal_correlation(&marginal, vtr_marginal_inverse(&marginal, 0.37)), 0.37, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_gamma_has_its_closed_forms),
        cmocka_unit_test(contrast_one_is_exponential),
        cmocka_unit_test(moments_are_one_and_the_contrast),
        cmocka_unit_test(correlation_is_that_of_mapped_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
