/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/structure.h"

/* Pairs counted in the bins first to end - 1. */
static double sum_bins(const vtr_pairs *pairs, size_t pair, size_t first, size_t end)
{
    uint64_t sum = 0;
    for (size_t b = first; b < end && b < pairs->n_bins; b++)
        sum += pairs->count[pair * pairs->n_bins + b];
    return (double)sum;
}

static double shell_volume(double r_lo, double r_hi)
{
    return 4 * VTR_PI / 3 * (r_hi * r_hi * r_hi - r_lo * r_lo * r_lo);
}

static vtr_status check_density(const vtr_pairs *pairs, size_t merge, vtr_error *err)
{
    if (isnan(pairs->number_density))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "g(r) of a particle is not defined: its density falls off; give the model a cell");
    if (merge == 0) return vtr_fail(err, VTR_ERR_ARGUMENT, "g(r) over bins of 0 bins");
    return VTR_OK;
}

/* Of one shell: ordered pairs N_i n_ij = 2 count (i = j) or count, over what a uniform density would give. */
static double partial_of_shell(const vtr_pairs *pairs, size_t i, size_t j, size_t first, size_t end)
{
    double ordered =
        sum_bins(pairs, vtr_pairs_index(pairs->composition.n, i, j), first, end) * (i == j ? 2 : 1);
    double density_j = pairs->number_density * pairs->composition.fraction[j];
    double volume = shell_volume((double)first * pairs->r_step, (double)end * pairs->r_step);
    return ordered / ((double)pairs->n_of_element[i] * density_j * volume);
}

vtr_status vtr_pairs_partial(const vtr_pairs *pairs, size_t i, size_t j, size_t merge, double *g,
                             vtr_error *err)
{
    vtr_status status = check_density(pairs, merge, err);
    if (status != VTR_OK) return status;
    if (i >= pairs->composition.n || j >= pairs->composition.n)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no element %zu in a model of %zu", i > j ? i : j,
                        pairs->composition.n);
    for (size_t m = 0; m < pairs->n_bins / merge; m++)
        g[m] = partial_of_shell(pairs, i, j, m * merge, (m + 1) * merge);
    return VTR_OK;
}

vtr_status vtr_pairs_total(const vtr_pairs *pairs, const double *weights, size_t merge, double *g,
                           vtr_error *err)
{
    vtr_status status = check_density(pairs, merge, err);
    if (status != VTR_OK) return status;
    const vtr_composition *c = &pairs->composition;
    for (size_t m = 0; m < pairs->n_bins / merge; m++) {
        g[m] = 0;
        for (size_t i = 0, pair = 0; i < c->n; i++)
            for (size_t j = i; j < c->n; j++, pair++) {
                double weight =
                    weights != NULL ? weights[pair] : (i == j ? 1 : 2) * c->fraction[i] * c->fraction[j];
                g[m] += weight * partial_of_shell(pairs, i, j, m * merge, (m + 1) * merge);
            }
    }
    return VTR_OK;
}

double vtr_pairs_coordination(const vtr_pairs *pairs, size_t i, size_t j, double r_lo, double r_hi)
{
    size_t first = (size_t)fmax(0, round(r_lo / pairs->r_step)),
           end = (size_t)fmax(0, round(r_hi / pairs->r_step));
    double ordered =
        sum_bins(pairs, vtr_pairs_index(pairs->composition.n, i, j), first, end) * (i == j ? 2 : 1);
    return ordered / (double)pairs->n_of_element[i];
}

double vtr_pairs_nearest_neighbour(const vtr_pairs *pairs)
{
    enum { SMOOTH = 5 };
    size_t merge = (size_t)fmax(1, round(0.02 / pairs->r_step));
    double step = (double)merge * pairs->r_step, window[SMOOTH] = {0}, highest = 0, place = NAN;
    size_t n = pairs->n_bins / merge, limit = (size_t)(8 / step);
    for (size_t m = 0; m < n && m < limit; m++) {
        double density = 0;
        for (size_t pair = 0; pair < pairs->n_pairs; pair++)
            density += sum_bins(pairs, pair, m * merge, (m + 1) * merge);
        window[m % SMOOTH] = density / shell_volume((double)m * step, (double)(m + 1) * step);
        double sum = 0;
        for (int k = 0; k < SMOOTH; k++)
            sum += window[k];
        if (sum <= highest) continue;
        highest = sum;
        place = ((double)m + 0.5 - (SMOOTH - 1) / 2) * step;
    }
    return place;
}
