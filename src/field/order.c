/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

/* Hoare's selection (Comm. ACM 4, 321, 1961) with the median of three as the pivot. */
double vtr_select(double *values, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < values[low]) swap(&values[middle], &values[low]);
        if (values[high] < values[low]) swap(&values[high], &values[low]);
        if (values[high] < values[middle]) swap(&values[high], &values[middle]);
        double pivot = values[middle];
        size_t i = low, j = high;
        for (;;) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j) break;
            swap(&values[i++], &values[j--]);
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[k];
}

double vtr_median(double *values, size_t n)
{
    double upper = vtr_select(values, n, n / 2);
    return n % 2 == 1 ? upper : (upper + vtr_select(values, n, n / 2 - 1)) / 2;
}

double vtr_median_spread(double *values, size_t n, double centre)
{
    for (size_t i = 0; i < n; i++)
        values[i] = fabs(values[i] - centre);
    return 1.482602218505602 * vtr_median(values, n); /* 1/(normal quantile of 3/4) */
}
