/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which component of one factorisation is which of another. */
#include <math.h>

#include "unmix/unmix_internal.h"

static double correlation_of(size_t n, const double *a, const double *b)
{
    double n_used = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (size_t c = 0; c < n; c++)
        if (isfinite(a[c]) && isfinite(b[c])) {
            n_used++;
            sa += a[c];
            sb += b[c];
        }
    if (n_used == 0) return 0;
    for (size_t c = 0; c < n; c++)
        if (isfinite(a[c]) && isfinite(b[c])) {
            double x = a[c] - sa / n_used, y = b[c] - sb / n_used;
            saa += x * x;
            sbb += y * y;
            sab += x * y;
        }
    return saa > 0 && sbb > 0 ? sab / sqrt(saa * sbb) : 0;
}

/* The assignment of the smallest sum of costs, by shortest augmenting paths: R. Jonker, A. Volgenant, Computing 38, 325
 * (1987). Row and column 0 are the empty ones; `row_of[j]` is the row that column j has. */
static void assign(size_t *order, size_t n, const double *cost)
{
    enum { MOST = VTR_UNMIX_COMPONENTS_MAX + 1 };
    double u[MOST] = {0}, v[MOST] = {0};
    size_t row_of[MOST] = {0}, way[MOST] = {0};
    for (size_t i = 1; i <= n; i++) {
        double least[MOST];
        bool is_done[MOST] = {false};
        size_t column = 0;
        for (size_t j = 0; j <= n; j++)
            least[j] = INFINITY;
        row_of[0] = i;
        do {
            is_done[column] = true;
            size_t row = row_of[column], next = 0;
            double delta = INFINITY;
            for (size_t j = 1; j <= n; j++) {
                if (is_done[j]) continue;
                double reduced = cost[(row - 1) * n + j - 1] - u[row] - v[j];
                if (reduced < least[j]) {
                    least[j] = reduced;
                    way[j] = column;
                }
                if (least[j] < delta) {
                    delta = least[j];
                    next = j;
                }
            }
            for (size_t j = 0; j <= n; j++)
                if (is_done[j]) {
                    u[row_of[j]] += delta;
                    v[j] -= delta;
                } else
                    least[j] -= delta;
            column = next;
        } while (row_of[column] != 0);
        for (; column != 0; column = way[column])
            row_of[column] = row_of[way[column]];
    }
    for (size_t j = 1; j <= n; j++)
        order[row_of[j] - 1] = j - 1;
}

vtr_status vtr_unmix_match(size_t *order, double *correlation, size_t n, size_t n_channels, const double *a,
                           const double *b, vtr_error *err)
{
    double cost[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX];
    if (n == 0 || n > VTR_UNMIX_COMPONENTS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu components to be matched: between 1 and %d are possible",
                        n, VTR_UNMIX_COMPONENTS_MAX);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            cost[i * n + j] = -correlation_of(n_channels, a + i * n_channels, b + j * n_channels);
    assign(order, n, cost);
    for (size_t i = 0; i < n; i++)
        correlation[i] = -cost[i * n + order[i]];
    return VTR_OK;
}
