/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/bands_internal.h"

/* How much the strain scatters over its error bars. */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double vtr_band_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* Mean and weight of blocks of `side` positions that are at least half there; how many there are. */
static size_t block_means(const vtr_band_scratch *to, const vtr_band_maps *m, double *const residual[VTR_TCS],
                          int j, size_t side)
{
    size_t n = 0;
    for (size_t y = 0; y + side <= m->n_y; y += side)
        for (size_t x = 0; x + side <= m->n_x; x += side) {
            double sum = 0, weight = 0;
            size_t valid = 0;
            for (size_t k = 0; k < side * side; k++) {
                size_t i = (y + k / side) * m->n_x + x + k % side;
                sum += m->weight[j][i] * residual[j][i];
                weight += m->weight[j][i];
                valid += vtr_band_is_valid(m, i);
            }
            if (2 * valid < side * side) continue;
            to->means[n] = sum / weight;
            to->weights[n++] = weight;
        }
    return n;
}

/* Correlated strain of the matrix does not average out over a band as the error bars do. The weights are lowered by as
 * much as the means of blocks scatter more than their errors say: by the median of their squares, which bands and
 * inclusions, being in few blocks, do not move. Takes the median off the residual too, so that nothing steps at the
 * map's edge. */
void vtr_band_set_weights(double factors[VTR_TCS], const vtr_band_maps *m, double *const residual[VTR_TCS],
                          const vtr_band_scratch *to)
{
    size_t shorter = m->n_y < m->n_x ? m->n_y : m->n_x, side = shorter / 6;
    if (side > 16) side = 16;
    if (side < 1) side = 1;
    for (int j = 0; j < VTR_TCS; j++) {
        size_t n = block_means(to, m, residual, j, side);
        if (n < 8) continue;
        double *sorted = to->means + n, factor;
        bool has_room = 2 * n <= m->n;
        if (!has_room) continue;
        memcpy(sorted, to->means, n * sizeof *sorted);
        double middle = vtr_band_median(sorted, n);
        for (size_t k = 0; k < n; k++)
            sorted[k] = (to->means[k] - middle) * (to->means[k] - middle) * to->weights[k];
        factor = vtr_band_median(sorted, n) / 0.4549; /* the median of chi^2 with one degree of freedom */
        factor = fmax(factor, 1 / factors[j]);        /* no less than the error bars */
        factors[j] *= factor;
        for (size_t i = 0; i < m->n; i++) {
            if (!vtr_band_is_valid(m, i)) continue;
            m->weight[j][i] /= factor;
            residual[j][i] -= middle;
        }
    }
}
