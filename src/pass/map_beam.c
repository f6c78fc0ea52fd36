/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pass/map_internal.h"

static void store_beam(map_job *job, size_t position, double x, double y, double error_x, double error_y,
                       double counts, unsigned flags)
{
    const double values[5] = {x, y, error_x, error_y, counts};
    for (size_t k = 0; k < 5; k++)
        job->beam[k * job->n_positions + position] = (float)values[k];
    job->beam_flags[position] = flags;
}

/* Behind a beam stop the ring's own centre stands for the beam, and the flag says so. */
static void ring_centre(map_job *job, size_t position, const vtr_ring_ellipse *ellipse, bool is_missing)
{
    bool has_ring = (ellipse->flags & VTR_FLAGS_NO_RING_DATA) == 0;
    unsigned flags = has_ring ? VTR_FLAG_BEAM_IS_RING_CENTRE : VTR_FLAG_NO_BEAM;
    if (is_missing) flags |= VTR_FLAG_MISSING;
    if (has_ring)
        store_beam(job, position, ellipse->centre_x_px, ellipse->centre_y_px, sqrt(ellipse->covariance[0][0]),
                   sqrt(ellipse->covariance[1][1]), NAN, flags);
    else
        store_beam(job, position, NAN, NAN, NAN, NAN, NAN, flags);
}

vtr_status map_step_beam(map_worker *w, map_job *job, vtr_error *err)
{
    vtr_status status = VTR_OK;
    size_t n_x = job->info->shape[1];
    vtr_status (*const find)(vtr_beam_position *, vtr_type, const void *, const vtr_beam_params *,
                             vtr_error *) =
        job->params->beam == VTR_BEAM_DISC ? vtr_beam_disc : vtr_beam_centre_of_mass;
    for (size_t lane = 0; status == VTR_OK && lane < w->n; lane++) {
        size_t position = w->first + lane;
        const void *frame = w->frames[lane];
        if (!w->has_beam || frame == NULL) {
            ring_centre(job, position, &w->ellipses[lane], frame == NULL);
            continue;
        }
        double dx, dy;
        vtr_calibration_descan(job->calibration, job->info->shape, (double)(position / n_x),
                               (double)(position % n_x), &dx, &dy);
        vtr_beam_params params = w->beam;
        params.start_x_px += dx;
        params.start_y_px += dy;
        vtr_beam_position beam;
        status = find(&beam, job->info->type, frame, &params, err);
        if (status == VTR_OK)
            store_beam(job, position, beam.x_px, beam.y_px, sqrt(beam.covariance[0]),
                       sqrt(beam.covariance[1]), beam.counts, beam.flags);
    }
    return status;
}
