/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scan in batches whose patterns share a centre to whole pixels. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

/* Plans at different whole-pixel centres; a descan beyond shares plans over more than a pixel. */
enum { MAX_VARIANTS = 100 };

/* Patterns farther apart than this, px, do not share a batch: at the end of a scan row the descan jumps back. */
static const double largest_spread = 1.5;

/* Cuts the scan into batches and rounds the middle of each one's centres to multiples of `quantum`, px. */
static size_t cut_batch(const map_job *job, size_t first, double quantum, long *x, long *y)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    size_t n = 0, n_x = job->info->shape[1];
    for (; n < VTR_LANES && first + n < job->n_positions; n++) {
        double d[2], below[2], above[2];
        vtr_calibration_descan(job->calibration, job->info->shape, (double)((first + n) / n_x),
                               (double)((first + n) % n_x), &d[0], &d[1]);
        for (int k = 0; k < 2; k++) {
            below[k] = fmin(low[k], d[k]);
            above[k] = fmax(high[k], d[k]);
        }
        if (fmax(above[0] - below[0], above[1] - below[1]) > largest_spread && n > 0) break;
        memcpy(low, below, sizeof low);
        memcpy(high, above, sizeof high);
    }
    *x = lround(round(0.5 * (low[0] + high[0]) / quantum) * quantum);
    *y = lround(round(0.5 * (low[1] + high[1]) / quantum) * quantum);
    return n;
}

/* Makes the list of batches and assigns each one of the shifts that occur; false where there are too many of them. */
static bool assign_variants(map_job *job, double quantum)
{
    job->n_variants = 0;
    job->n_batches = 0;
    for (size_t first = 0; first < job->n_positions;) {
        long x, y;
        size_t n = cut_batch(job, first, quantum, &x, &y), v = 0;
        while (v < job->n_variants && (job->variants[v].shift_x != x || job->variants[v].shift_y != y))
            v++;
        if (v == MAX_VARIANTS) return false;
        if (v == job->n_variants)
            job->variants[job->n_variants++] = (map_variant){.shift_x = x, .shift_y = y};
        job->batches[job->n_batches++] = (map_batch){first, (unsigned char)n, (unsigned char)v};
        first += n;
    }
    return true;
}

vtr_status map_batches_create(map_job *job, vtr_error *err)
{
    job->variants = vtr_calloc(MAX_VARIANTS, sizeof *job->variants);
    job->batches = vtr_malloc(job->n_positions, sizeof *job->batches);
    if (job->variants == NULL || job->batches == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    double quantum = 1;
    while (!assign_variants(job, quantum))
        quantum *= 2;
    return VTR_OK;
}
