/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rank 0 has read or measured before the pass, given to the other ranks. */
#include "base/base_internal.h"
#include "pass/calibrate_internal.h"

static vtr_status take_arrays(vtr_calibration *c, vtr_error *err)
{
    size_t n = c->det_y * c->det_x;
    c->mask = vtr_calloc(n, 1);
    c->mean = vtr_calloc(n, sizeof *c->mean);
    c->maximum = vtr_calloc(n, sizeof *c->maximum);
    return c->mask != NULL && c->mean != NULL && c->maximum != NULL
               ? VTR_OK
               : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the calibration");
}

vtr_status vtr_calibration_share(vtr_calibration **calibration, vtr_ranks *ranks, vtr_error *err)
{
    if (vtr_ranks_size(ranks) == 1) return VTR_OK;
    bool is_first = vtr_ranks_rank(ranks) == 0;
    vtr_status status = VTR_OK;
    vtr_calibration *c = is_first ? *calibration : vtr_calloc(1, sizeof *c);
    if (c == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the calibration");
    status = vtr_ranks_agree(ranks, status, err);
    if (status == VTR_OK && is_first) {
        vtr_calibration copy = *c;
        status = vtr_ranks_broadcast(ranks, 0, &copy, sizeof copy, err);
    } else if (status == VTR_OK) {
        status = vtr_ranks_broadcast(ranks, 0, c, sizeof *c, err);
        c->mask = NULL;
        c->mean = c->maximum = NULL;
        if (status == VTR_OK) status = take_arrays(c, err);
    }
    status = vtr_ranks_agree(ranks, status, err);
    size_t n = status == VTR_OK ? c->det_y * c->det_x : 0;
    if (status == VTR_OK) status = vtr_ranks_broadcast(ranks, 0, c->mask, n, err);
    if (status == VTR_OK) status = vtr_ranks_broadcast(ranks, 0, c->mean, n * sizeof *c->mean, err);
    if (status == VTR_OK) status = vtr_ranks_broadcast(ranks, 0, c->maximum, n * sizeof *c->maximum, err);
    if (status == VTR_OK && !is_first) *calibration = c;
    if (status != VTR_OK && !is_first) vtr_calibration_free(c);
    return status;
}

vtr_status vtr_sample_share(vtr_sample *sample, vtr_ranks *ranks, vtr_error *err)
{
    if (vtr_ranks_size(ranks) == 1) return VTR_OK;
    bool is_first = vtr_ranks_rank(ranks) == 0;
    vtr_sample copy = *sample;
    vtr_status status = vtr_ranks_broadcast(ranks, 0, &copy, sizeof copy, err);
    if (status != VTR_OK) return status;
    if (!is_first) {
        *sample = copy;
        sample->position = vtr_malloc(copy.n, sizeof *sample->position);
        sample->frames = vtr_malloc(copy.n * copy.det_y * copy.det_x, sizeof *sample->frames);
        if (sample->position == NULL || sample->frames == NULL)
            status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a sample of %zu frames", copy.n);
    }
    status = vtr_ranks_agree(ranks, status, err);
    if (status == VTR_OK)
        status = vtr_ranks_broadcast(ranks, 0, sample->position, copy.n * sizeof *sample->position, err);
    if (status == VTR_OK)
        status = vtr_ranks_broadcast(ranks, 0, sample->frames,
                                     copy.n * copy.det_y * copy.det_x * sizeof *sample->frames, err);
    return status;
}
