/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "pass/map_internal.h"

/* Why a lane cannot be fitted, before the fit looks at it; and saturation, which leaves it its values. */
static unsigned lane_flags(const map_worker *w, const map_job *job, size_t lane)
{
    const vtr_polar_batch *batch = w->batch;
    unsigned flags = batch->flags[lane] & (VTR_FLAG_MISSING | VTR_FLAG_EMPTY);
    bool is_negative = batch->has_negative[lane] && job->calibration->noise.is_counting;
    if (batch->has_nonfinite[lane] || is_negative) flags |= VTR_FLAG_INVALID;
    double saturation = job->calibration->saturation;
    if (batch->maximum[lane] >= saturation && w->frames[lane] != NULL &&
        map_annulus_reaches(&w->variant->annulus, job->info->type, w->frames[lane], saturation))
        flags |= VTR_FLAG_SATURATED;
    return flags;
}

static void store_ellipse(map_job *job, size_t at, const vtr_ring_ellipse *e)
{
    double *ellipse = job->ring.ellipse + at * VTR_RING_MAP_ELLIPSE_N;
    double *covariance = job->ring.covariance + at * VTR_RING_MAP_COVARIANCE_N;
    bool has_data = (e->flags & VTR_FLAGS_NO_RING_DATA) == 0;
    const double values[] = {e->centre_x_px, e->centre_y_px, e->wxx, e->wyy, e->wxy};
    for (size_t i = 0; i < VTR_ELLIPSE_N; i++) {
        ellipse[i] = has_data ? values[i] : NAN;
        for (size_t j = i; j < VTR_ELLIPSE_N; j++)
            covariance[vtr_ring_map_covariance_index(i, j)] = has_data ? e->covariance[i][j] : NAN;
    }
    job->ring.chi2[at] = has_data ? e->chi2 : NAN;
    job->ring.flags[at] = e->flags;
}

/* A pattern by itself, where it is expected from the descan. The calibration's radii, in circle coordinates, serve as
 * px of the detector: det W is 1. */
static vtr_status fit_alone(map_worker *w, const map_job *job, size_t lane, vtr_ring_ellipse *ellipse,
                            vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    size_t position = w->first + lane, n_x = job->info->shape[1];
    double dx, dy;
    vtr_calibration_descan(c, job->info->shape, (double)(position / n_x), (double)(position % n_x), &dx, &dy);
    vtr_to_float(w->frame_f32, w->frames[lane], c->det_y * c->det_x, job->info->type);
    vtr_ring_frame frame = {.det_y = c->det_y,
                            .det_x = c->det_x,
                            .frame = w->frame_f32,
                            .used = job->used,
                            .centre_x_px = c->centre_x_px + dx,
                            .centre_y_px = c->centre_y_px + dy,
                            .radius_px = c->ring.radius_px,
                            .annulus_px = {c->ring.annulus_px[0], c->ring.annulus_px[1]},
                            .noise = c->noise};
    if (job->params->fit == VTR_FIT_THRESHOLD)
        return vtr_ring_fit_threshold(ellipse, &frame, &job->params->threshold, w->scratch, err);
    vtr_ring_sectors_params params;
    vtr_parameters_default(&vtr_ring_sectors_parameters, &params);
    params.n_sectors = c->sectors;
    return vtr_ring_fit_sectors(ellipse, &frame, &params, w->scratch, err);
}

vtr_status map_step_fit(map_worker *w, map_job *job, vtr_error *err)
{
    bool is_likelihood = job->params->fit == VTR_FIT_LIKELIHOOD;
    vtr_status status = VTR_OK;
    size_t at = map_held_at(w, job, w->first);
    if (is_likelihood) vtr_likelihood_fit(w->variant->likelihood, w->work, w->batch->sums, &w->fit);
    for (size_t lane = 0; status == VTR_OK && lane < w->n; lane++) {
        vtr_ring_ellipse *ellipse = &w->ellipses[lane];
        unsigned flags = lane_flags(w, job, lane);
        if (flags & VTR_FLAGS_NO_RING_DATA) {
            vtr_ring_ellipse_none(ellipse, flags);
        } else if (is_likelihood) {
            vtr_likelihood_ellipse(w->variant->likelihood, &w->fit, (int)lane, ellipse);
            ellipse->flags |= flags;
        } else {
            status = fit_alone(w, job, lane, ellipse, err);
            ellipse->flags |= flags;
        }
        if (status == VTR_OK) store_ellipse(job, at + lane, ellipse);
    }
    return status;
}
