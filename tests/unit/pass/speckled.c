/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "support.h"
#include "truth.h"

/* Error bars on a glass that speckles, at one dose: contrast 0.03, 0.1 and 0.3, grains of 2 to 5 px, half of the
 * speckle shared with the opposite side. Pulls of unit variance; contrast and grain come back. */
static void check_dose(double electrons)
{
    static const double contrasts[] = {0.03, 0.1, 0.3}, grains[] = {2, 3.5, 5};
    double pooled = 0, n = 0;
    printf("%8s %8s %5s | %8s %8s %5s %7s | error bar, %% | pull variance of cx cy Wxx Wyy Wxy\n", "dose",
           "contrast", "grain", "contrast", "expected", "grain", "friedel");
    for (int c = 0; c < 3; c++)
        for (int g = 0; g < 3; g++) {
            truth_case given = {.size = 128,
                                .n = 1920,
                                .electrons = electrons,
                                .middle = VTR_TWIN_DIRECT_BEAM,
                                .strain = 0.01,
                                .descan_px = 1,
                                .contrast = contrasts[c],
                                .grain_px = grains[g],
                                .friedel = 0.5,
                                .seed = 31 + (size_t)(3 * c + g)};
            truth_result r;
            truth_run(&r, &given, false);
            printf("%8.0e %8.2f %5.1f | %8.4f %8.4f %5.2f %7.2f | %12.3f | %.3f %.3f %.3f %.3f %.3f\n",
                   electrons, given.contrast, given.grain_px, r.contrast, r.expected_contrast, r.grain_px,
                   r.friedel, 100 * r.sigma[2], r.pull_variance[0], r.pull_variance[1], r.pull_variance[2],
                   r.pull_variance[3], r.pull_variance[4]);
            double mean = 0;
            for (int i = 0; i < TRUTH_N; i++)
                mean += r.pull_variance[i] / TRUTH_N;
            pooled += mean;
            n++;
            assert_near(r.contrast, r.expected_contrast, 0.1 * r.expected_contrast);
            assert_near(r.grain_px, given.grain_px, 0.1 * given.grain_px);
            /* five values of 1920 patterns, not independent: three standard deviations are 6 % */
            assert_near(mean, 1, 0.05 + 0.06);
        }
    printf("%8.0e mean pull variance %.4f\n", electrons, pooled / n);
    assert_near(pooled / n, 1, 0.05);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_1e4_electrons),
        cmocka_unit_test(at_1e5_electrons),
        cmocka_unit_test(at_1e6_electrons),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
