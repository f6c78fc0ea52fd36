/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"

/* Known answer of Philox 4x32-10 for counter and key zero: Salmon et al.'s reference implementation (kat_vectors,
 * "philox4x32 10 00000000 ..."). */
static void philox_matches_published_vector(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 0, 0);
    assert_int_equal(vtr_random_u32(&random), 0x6627e8d5u);
    assert_int_equal(vtr_random_u32(&random), 0xe169c58du);
    assert_int_equal(vtr_random_u32(&random), 0xbc57ac4cu);
    assert_int_equal(vtr_random_u32(&random), 0x9b00dbd8u);
}

/* Filling gives what drawing one by one gives, from any place in a block on. */
static void filling_continues_the_sequence(void **state)
{
    (void)state;
    for (int before = 0; before < 5; before++) {
        vtr_random one, many;
        uint32_t filled[300];
        vtr_random_start(&one, 5, 6);
        many = one;
        for (int i = 0; i < before; i++) {
            vtr_random_u32(&one);
            vtr_random_u32(&many);
        }
        vtr_random_fill_u32(&many, filled, 300);
        for (int i = 0; i < 300; i++)
            assert_int_equal(filled[i], vtr_random_u32(&one));
        assert_int_equal(vtr_random_u32(&many), vtr_random_u32(&one));
    }
}

/* Mean and variance of n draws within five standard errors; `fourth` is the fourth central moment. */
static void check_moments(double sum, double sum2, double n, double mean, double variance, double fourth)
{
    double m = sum / n, v = sum2 / n - m * m;
    assert_near(m, mean, 5 * sqrt(variance / n));
    assert_near(v, variance, 5 * sqrt((fourth - variance * variance) / n));
}

static void poisson_has_its_moments(void **state)
{
    (void)state;
    const double means[] = {0.01, 0.7, 11.9, 12.1, 300, 1e6};
    for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
        vtr_random random;
        vtr_random_start(&random, 7, i);
        double sum = 0, sum2 = 0, n = 200000, mean = means[i];
        for (int k = 0; k < (int)n; k++) {
            double x = (double)vtr_random_poisson(&random, mean) - mean;
            sum += x;
            sum2 += x * x;
        }
        check_moments(sum, sum2, n, 0, mean, mean * (1 + 3 * mean));
    }
}

static void normal_and_gamma_have_their_moments(void **state)
{
    (void)state;
    vtr_random random;
    double n = 200000, sum = 0, sum2 = 0;
    vtr_random_start(&random, 11, 0);
    for (int k = 0; k < (int)n; k++) {
        double x = vtr_random_normal(&random);
        sum += x;
        sum2 += x * x;
    }
    check_moments(sum, sum2, n, 0, 1, 3);
    const double shapes[] = {0.3, 1, 12};
    for (size_t i = 0; i < 3; i++) {
        double shape = shapes[i];
        sum = sum2 = 0;
        for (int k = 0; k < (int)n; k++) {
            double x = vtr_random_gamma(&random, shape) - shape;
            sum += x;
            sum2 += x * x;
        }
        check_moments(sum, sum2, n, 0, shape, 3 * shape * shape + 6 * shape);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_matches_published_vector),
        cmocka_unit_test(filling_continues_the_sequence),
        cmocka_unit_test(poisson_has_its_moments),
        cmocka_unit_test(normal_and_gamma_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
