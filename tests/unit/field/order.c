/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "field/field_internal.h"
#include "support.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Every rank of arrays with many ties, few ties, sorted and reversed. */
static void selection_is_that_of_sorting(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 1, 1);
    for (size_t n = 1; n < 40; n++)
        for (int kind = 0; kind < 4; kind++) {
            double values[40], sorted[40], work[40];
            for (size_t i = 0; i < n; i++)
                values[i] = kind == 0   ? vtr_random_normal(&random)
                            : kind == 1 ? floor(3 * vtr_random_uniform(&random))
                            : kind == 2 ? (double)i
                                        : -(double)i;
            memcpy(sorted, values, sizeof sorted);
            qsort(sorted, n, sizeof *sorted, compare);
            for (size_t k = 0; k < n; k++) {
                memcpy(work, values, sizeof work);
                assert_near(vtr_select(work, n, k), sorted[k], 0);
            }
            memcpy(work, values, sizeof work);
            assert_near(vtr_median(work, n), (sorted[n / 2] + sorted[(n - 1) / 2]) / 2, 0);
        }
}

static void spread_is_the_standard_deviation_of_a_normal(void **state)
{
    (void)state;
    enum { N = 100001 };
    double *values = vtr_malloc(N, sizeof *values);
    vtr_random random;
    vtr_random_start(&random, 2, 1);
    for (size_t i = 0; i < N; i++)
        values[i] = 5 + 3 * vtr_random_normal(&random);
    assert_near(vtr_median_spread(values, N, 5), 3, 0.04);
    vtr_free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_is_that_of_sorting),
        cmocka_unit_test(spread_is_the_standard_deviation_of_a_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
