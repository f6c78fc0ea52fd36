/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "model/model_internal.h"
#include "vitrail/constants.h"

/* Counts the angles at one atom. */
static size_t count(size_t *bins, size_t n_bins, const vtr_neighbours *near)
{
    size_t n = 0;
    for (size_t a = 0; a < near->n; a++)
        for (size_t b = 0; b < a; b++) {
            const vtr_neighbour *p = &near->list[a], *q = &near->list[b];
            double dot = p->to[0] * q->to[0] + p->to[1] * q->to[1] + p->to[2] * q->to[2];
            double cosine = fmin(fmax(dot / sqrt(p->distance2 * q->distance2), -1), 1);
            size_t bin = (size_t)(acos(cosine) / VTR_PI * (double)n_bins);
            bins[bin < n_bins ? bin : n_bins - 1]++;
            n++;
        }
    return n;
}

vtr_status vtr_bond_angles(double *density, size_t n_bins, size_t *n_angles, const vtr_structure *structure,
                           double cutoff_angstrom, int threads, vtr_error *err)
{
    vtr_surroundings around = {0};
    size_t *bins = vtr_calloc(n_bins, sizeof *bins), total = 0;
    vtr_status status = bins == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for bond angles")
                                     : vtr_surroundings_make(&around, structure, cutoff_angstrom, err);
    bool is_short = false;
    if (status == VTR_OK) {
#pragma omp parallel num_threads(vtr_thread_count(threads)) reduction(+ : total, bins[:n_bins]) reduction(|| : is_short)
        {
            vtr_neighbours near = {0};
#pragma omp for schedule(dynamic, 64)
            for (size_t i = 0; i < structure->n; i++) {
                if (vtr_neighbours_get(&near, &around, i, cutoff_angstrom))
                    total += count(bins, n_bins, &near);
                else
                    is_short = true;
            }
            vtr_free(near.list);
        }
        if (is_short) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for bond angles");
    }
    for (size_t b = 0; b < n_bins && status == VTR_OK; b++)
        density[b] = total > 0 ? (double)bins[b] / (double)total * (double)n_bins / 180 : NAN;
    if (status == VTR_OK) *n_angles = total;
    vtr_surroundings_release(&around);
    vtr_free(bins);
    return status;
}
