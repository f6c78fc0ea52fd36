/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "model/model_internal.h"

#define BIN_ANGSTROM 0.02
enum { HALF_SMOOTHED = 4, BINS_MAX = 1024 };

/* The density of pairs in bins of 0.02 Å; how many. */
static size_t densities(double density[BINS_MAX], const vtr_pairs *pairs)
{
    size_t merge = (size_t)fmax(round(BIN_ANGSTROM / pairs->r_step), 1), n = pairs->n_bins / merge;
    if (n > BINS_MAX) n = BINS_MAX;
    for (size_t b = 0; b < n; b++) {
        double r = ((double)b + 0.5) * (double)merge * pairs->r_step;
        density[b] = 0;
        for (size_t p = 0; p < pairs->n_pairs; p++)
            for (size_t k = 0; k < merge; k++)
                density[b] += (double)pairs->count[p * pairs->n_bins + b * merge + k] / (r * r);
    }
    return n;
}

double vtr_pairs_first_minimum(const vtr_pairs *pairs)
{
    double raw[BINS_MAX], smooth[BINS_MAX] = {0};
    double width = fmax(round(BIN_ANGSTROM / pairs->r_step), 1) * pairs->r_step;
    size_t n = densities(raw, pairs);
    double nearest = vtr_pairs_nearest_neighbour(pairs);
    if (n < 2 * HALF_SMOOTHED + 1 || isnan(nearest)) return NAN;
    for (size_t b = HALF_SMOOTHED; b + HALF_SMOOTHED < n; b++)
        for (size_t k = b - HALF_SMOOTHED; k <= b + HALF_SMOOTHED; k++)
            smooth[b] += raw[k];
    /* the least on the way to the second shell, which is nearer than twice the first */
    size_t from = (size_t)(nearest / width), to = (size_t)(1.8 * nearest / width), least = from;
    if (to + HALF_SMOOTHED >= n) return NAN;
    for (size_t b = from; b <= to; b++)
        if (smooth[b] < smooth[least]) least = b;
    return ((double)least + 0.5) * width;
}

vtr_status vtr_coordination_numbers(unsigned *count, const vtr_structure *structure, double cutoff_angstrom,
                                    int threads, vtr_error *err)
{
    vtr_surroundings around = {0};
    size_t n_elements = structure->composition.n;
    vtr_status status = vtr_surroundings_make(&around, structure, cutoff_angstrom, err);
    if (status != VTR_OK) return status;
    bool is_short = false;
#pragma omp parallel num_threads(vtr_thread_count(threads)) reduction(|| : is_short)
    {
        vtr_neighbours near = {0};
#pragma omp for schedule(dynamic, 64)
        for (size_t i = 0; i < structure->n; i++) {
            for (size_t e = 0; e < n_elements; e++)
                count[i * n_elements + e] = 0;
            is_short = !vtr_neighbours_get(&near, &around, i, cutoff_angstrom) || is_short;
            for (size_t k = 0; k < near.n; k++)
                for (size_t e = 0; e < n_elements; e++)
                    count[i * n_elements + e] +=
                        structure->number[near.list[k].atom] == structure->composition.number[e];
        }
        vtr_free(near.list);
    }
    vtr_surroundings_release(&around);
    return is_short
               ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu atoms", structure->n)
               : VTR_OK;
}
