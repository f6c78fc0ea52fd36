/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A polynomial through a piece of a curve: places and slopes of noisy curves as linear functions of their points. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

bool vtr_read_local(read_local *local, size_t n_r, const double *r, const double *y, double centre,
                    double reach, size_t degree)
{
    size_t first = 0, last, m = degree + 1;
    double normal[(READ_DEGREE + 1) * (READ_DEGREE + 1)] = {0};
    while (first < n_r && r[first] < centre - reach)
        first++;
    for (last = first; last < n_r && r[last] <= centre + reach;)
        last++;
    *local = (read_local){.centre = centre, .first = first, .n = last - first, .degree = degree};
    if (local->n < m || local->n > READ_POINTS) return false;
    double power[READ_POINTS][READ_DEGREE + 1], right[(READ_DEGREE + 1) * READ_POINTS];
    for (size_t i = 0; i < local->n; i++) {
        power[i][0] = 1;
        for (size_t k = 1; k < m; k++)
            power[i][k] = power[i][k - 1] * (r[first + i] - centre) / reach;
        for (size_t k = 0; k < m; k++) {
            right[k * local->n + i] = power[i][k];
            for (size_t l = 0; l < m; l++)
                normal[k * m + l] += k <= l ? power[i][k] * power[i][l] : 0;
        }
    }
    if (vtr_unmix_solve(right, m, local->n, normal, right, NULL) != VTR_OK) return false;
    double unit = 1;
    for (size_t k = 0; k < m; k++, unit /= reach)
        for (size_t i = 0; i < local->n; i++) {
            local->functional[k][i] = right[k * local->n + i] * unit;
            local->coefficient[k] += local->functional[k][i] * y[first + i];
        }
    return true;
}

/* Factor of coefficient k in a derivative at x from the centre. */
static double factor_of(size_t k, size_t derivative, double x)
{
    double factor = 1;
    if (k < derivative) return 0;
    for (size_t i = 0; i < derivative; i++)
        factor *= (double)(k - i);
    return factor * pow(x, (double)(k - derivative));
}

double vtr_read_local_at(const read_local *local, size_t derivative, double place)
{
    double sum = 0;
    for (size_t k = derivative; k <= local->degree; k++)
        sum += factor_of(k, derivative, place - local->centre) * local->coefficient[k];
    return sum;
}

void vtr_read_local_row(const read_local *local, size_t derivative, double place, double factor, double *row)
{
    for (size_t k = derivative; k <= local->degree; k++)
        for (size_t i = 0; i < local->n; i++)
            row[local->first + i] +=
                factor * factor_of(k, derivative, place - local->centre) * local->functional[k][i];
}
