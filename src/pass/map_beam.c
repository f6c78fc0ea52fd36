/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

static void store_beam(map_job *job, size_t at, double x, double y, double error_x, double error_y,
                       double counts, unsigned flags)
{
    const double values[5] = {x, y, error_x, error_y, counts};
    for (size_t k = 0; k < 5; k++)
        job->beam[k * job->n_held + at] = (float)values[k];
    job->beam_flags[at] = flags;
}

/* Behind a beam stop the ring's own centre stands for the beam, and the flag says so. */
static void ring_centre(map_job *job, size_t at, const vtr_ring_ellipse *ellipse, bool is_missing)
{
    bool has_ring = (ellipse->flags & VTR_FLAGS_NO_RING_DATA) == 0;
    unsigned flags = has_ring ? VTR_FLAG_BEAM_IS_RING_CENTRE : VTR_FLAG_NO_BEAM;
    if (is_missing) flags |= VTR_FLAG_MISSING;
    if (has_ring)
        store_beam(job, at, ellipse->centre_x_px, ellipse->centre_y_px, sqrt(ellipse->covariance[0][0]),
                   sqrt(ellipse->covariance[1][1]), NAN, flags);
    else
        store_beam(job, at, NAN, NAN, NAN, NAN, NAN, flags);
}

/* Where the beam of a position is expected. */
static void expect(double start[2], const map_job *job, size_t position)
{
    double dx, dy;
    size_t n_x = job->info->shape[1];
    vtr_calibration_descan(job->calibration, job->info->shape, (double)(position / n_x),
                           (double)(position % n_x), &dx, &dy);
    start[0] = job->calibration->centre_x_px + dx;
    start[1] = job->calibration->centre_y_px + dy;
}

/* Frames of so many electrons together tell the disc's form well enough for their positions; more of it without a model. */
static const double electrons_for_disc = 2e5, electrons_for_mean = 2e6;
enum { LEAST_FRAMES = 64, MOST_FRAMES = 1024, MOST_BYTES = 256 << 20 };

static size_t frames_needed(const map_job *job)
{
    const vtr_calibration *c = job->calibration;
    double electrons = 0;
    for (size_t i = 0; i < c->det_y * c->det_x; i++) {
        double x = (double)(i % c->det_x) - c->centre_x_px, y = (double)(i / c->det_x) - c->centre_y_px;
        if (hypot(x, y) < c->beam_radius_px && isfinite(c->mean[i]))
            electrons += (c->mean[i] - c->noise.offset) / c->noise.gain;
    }
    double needed = job->params->beam == VTR_BEAM_DISC ? electrons_for_disc : electrons_for_mean;
    double n = electrons > 0 ? needed / electrons : MOST_FRAMES;
    return (size_t)fmin(fmax(n, LEAST_FRAMES), MOST_FRAMES);
}

static vtr_status learn(map_job *job, const vtr_sample *sample, const void **frames, double (*starts)[2],
                        vtr_error *err)
{
    vtr_error local;
    vtr_status status;
    for (size_t k = 0; k < sample->n; k++) {
        frames[k] = sample->frames + k * sample->det_y * sample->det_x;
        expect(starts[k], job, sample->position[k]);
    }
    const void *const *all = frames;
    if (job->params->beam == VTR_BEAM_DISC)
        status = vtr_beam_learn_disc(&job->beam_params, VTR_TYPE_F32, all, starts, sample->n, &local);
    else
        status = vtr_beam_template_mean(&job->beam_template, &job->beam_params, VTR_TYPE_F32, all, starts,
                                        sample->n, &local);
    /* where no frame has a disc there is nothing to learn, and the pass will say so of every position */
    if (status != VTR_OK && status != VTR_ERR_NO_DATA) return vtr_fail(err, status, "%s", local.message);
    return job->beam_template == NULL ? vtr_beam_template_disc(&job->beam_template, &job->beam_params, err)
                                      : VTR_OK;
}

vtr_status map_beam_create(map_job *job, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    job->has_beam = isfinite(c->beam_radius_px);
    if (!job->has_beam) return VTR_OK;
    job->beam_params =
        vtr_beam_default_params(c->det_y, c->det_x, c->centre_x_px, c->centre_y_px, c->beam_radius_px + 2);
    job->beam_params.used = job->used;
    job->beam_params.saturation = c->saturation;
    job->beam_params.noise = c->noise;
    job->beam_params.disc_radius_px = c->beam_radius_px;
    if (job->params->beam == VTR_BEAM_CENTRE_OF_MASS) return VTR_OK;
    vtr_sample sample = {0};
    vtr_status status = VTR_OK;
    if (vtr_ranks_rank(job->ranks) == 0)
        status = vtr_sample_read(&sample, job->dataset, frames_needed(job), MOST_BYTES, NULL, err);
    status = vtr_ranks_agree(job->ranks, status, err);
    if (status == VTR_OK) status = vtr_sample_share(&sample, job->ranks, err);
    if (status != VTR_OK) {
        vtr_sample_release(&sample);
        return status;
    }
    const void **frames = vtr_malloc(sample.n, sizeof *frames);
    double(*starts)[2] = vtr_malloc(sample.n, sizeof *starts);
    if (frames == NULL || starts == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the form of the direct beam");
    else
        status = learn(job, &sample, frames, starts, err);
    vtr_free(frames);
    vtr_free(starts);
    vtr_sample_release(&sample);
    return status;
}

vtr_status map_step_beam(map_worker *w, map_job *job, vtr_error *err)
{
    vtr_status status = VTR_OK;
    size_t at = map_held_at(w, job, w->first);
    for (size_t lane = 0; status == VTR_OK && lane < w->n; lane++) {
        size_t position = w->first + lane;
        const void *frame = w->frames[lane];
        if (!job->has_beam || frame == NULL) {
            ring_centre(job, at + lane, &w->ellipses[lane], frame == NULL);
            continue;
        }
        double start[2];
        vtr_beam_params params = job->beam_params;
        vtr_beam_position beam;
        expect(start, job, position);
        params.start_x_px = start[0];
        params.start_y_px = start[1];
        status = job->beam_template == NULL
                     ? vtr_beam_centre_of_mass(&beam, job->info->type, frame, &params, err)
                     : vtr_beam_match(&beam, job->info->type, frame, job->beam_template, w->beam_scratch,
                                      &params, err);
        if (status == VTR_OK)
            store_beam(job, at + lane, beam.x_px, beam.y_px, sqrt(beam.covariance[0]),
                       sqrt(beam.covariance[1]), beam.counts, beam.flags);
    }
    return status;
}
