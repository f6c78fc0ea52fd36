/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

struct map_worker {
    vtr_polar_batch *batch;
    vtr_likelihood_work *work;
    vtr_pattern *pattern;
    unsigned char *frames;  /* [16] frames of the recording's type */
    float *mean, *variance; /* [n_profile][16] */
    float *rows[2];         /* [16][n_profile]: the same, position by position */
    vtr_beam_params beam;
    bool has_beam;
};

vtr_pattern *map_worker_pattern(map_worker *worker)
{
    return worker->pattern;
}

void map_worker_free(map_worker *w)
{
    if (w == NULL) return;
    vtr_polar_batch_free(&w->batch);
    vtr_likelihood_work_free(w->work);
    vtr_pattern_free(&w->pattern);
    vtr_free(w->frames);
    vtr_free(w->mean);
    vtr_free(w->variance);
    vtr_free(w->rows[0]);
    vtr_free(w->rows[1]);
    vtr_free(w);
}

static size_t frame_bytes(const map_job *job)
{
    return job->info->shape[2] * job->info->shape[3] * vtr_type_size(job->info->type);
}

vtr_status map_worker_create(map_worker **out, const map_job *job, vtr_error *err)
{
    map_worker *w = vtr_calloc(1, sizeof *w);
    if (w == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a worker of the pass");
    vtr_status status = vtr_polar_batch_create(&w->batch, err);
    if (status == VTR_OK)
        status =
            vtr_pattern_create(&w->pattern, job->info->type, job->info->shape[2], job->info->shape[3], err);
    w->work = vtr_likelihood_work_new(job->variants[0].likelihood);
    w->frames = vtr_malloc(VTR_LANES, frame_bytes(job));
    size_t n = job->n_profile * VTR_LANES;
    w->mean = vtr_calloc(n, sizeof *w->mean);
    w->variance = vtr_calloc(n, sizeof *w->variance);
    for (int k = 0; k < 2; k++)
        w->rows[k] = vtr_calloc(n, sizeof *w->rows[k]);
    if (status == VTR_OK && (w->work == NULL || w->frames == NULL || w->mean == NULL || w->variance == NULL ||
                             w->rows[0] == NULL || w->rows[1] == NULL))
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a worker of the pass");
    if (status != VTR_OK) {
        map_worker_free(w);
        return status;
    }
    const vtr_calibration *c = job->calibration;
    w->has_beam = isfinite(c->beam_radius_px);
    if (w->has_beam) {
        w->beam = vtr_beam_default_params(c->det_y, c->det_x, c->centre_x_px, c->centre_y_px,
                                          c->beam_radius_px + 2);
        w->beam.used = job->used;
        w->beam.saturation = c->saturation;
        w->beam.noise = c->noise;
    }
    *out = w;
    return VTR_OK;
}

/* Why a lane cannot be fitted, before the fit looks at it. */
static unsigned lane_flags(const map_job *job, const vtr_polar_batch *batch, size_t lane)
{
    unsigned flags = batch->flags[lane] & (VTR_FLAG_MISSING | VTR_FLAG_EMPTY);
    bool is_negative = batch->has_negative[lane] && job->calibration->noise.is_counting;
    if (batch->has_nonfinite[lane] || is_negative) flags |= VTR_FLAG_INVALID;
    bool is_float = job->info->type == VTR_TYPE_F32 || job->info->type == VTR_TYPE_F64;
    if (!is_float && batch->maximum[lane] >= job->calibration->saturation) flags |= VTR_FLAG_SATURATED;
    return flags;
}

static void store_ellipse(map_job *job, size_t position, const vtr_ring_ellipse *e)
{
    double *ellipse = job->ring.ellipse + position * VTR_RING_MAP_ELLIPSE_N;
    double *covariance = job->ring.covariance + position * VTR_RING_MAP_COVARIANCE_N;
    bool has_data = (e->flags & VTR_FLAGS_NO_RING_DATA) == 0;
    const double values[] = {e->centre_x_px, e->centre_y_px, e->wxx, e->wyy, e->wxy};
    for (size_t i = 0; i < VTR_ELLIPSE_N; i++) {
        ellipse[i] = has_data ? values[i] : NAN;
        for (size_t j = i; j < VTR_ELLIPSE_N; j++)
            covariance[vtr_ring_map_covariance_index(i, j)] = has_data ? e->covariance[i][j] : NAN;
    }
    job->ring.chi2[position] = has_data ? e->chi2 : NAN;
    job->ring.flags[position] = e->flags;
}

static void store_counts(map_job *job, const vtr_polar_batch *batch, size_t first, size_t n)
{
    for (size_t lane = 0; lane < n; lane++) {
        bool is_missing = (batch->flags[lane] & VTR_FLAG_MISSING) != 0;
        job->total[first + lane] = is_missing ? NAN : (float)batch->total[lane];
        for (size_t v = 0; v < job->n_virtual; v++)
            job->virtual_images[v * job->n_positions + first + lane] =
                is_missing ? NAN : (float)batch->annuli[v * VTR_LANES + lane];
    }
}

static void store_beam(map_job *job, size_t position, double x, double y, double error_x, double error_y,
                       double counts, unsigned flags)
{
    const double values[5] = {x, y, error_x, error_y, counts};
    for (size_t k = 0; k < 5; k++)
        job->beam[k * job->n_positions + position] = (float)values[k];
    job->beam_flags[position] = flags;
}

/* The direct beam; behind a beam stop the ring's own centre stands for it, and the flag says so. */
static vtr_status find_beam(map_worker *w, map_job *job, size_t position, const void *frame,
                            const vtr_ring_ellipse *ellipse, vtr_error *err)
{
    if (!w->has_beam || frame == NULL) {
        bool has_ring = (ellipse->flags & VTR_FLAGS_NO_RING_DATA) == 0;
        unsigned flags = (has_ring ? VTR_FLAG_BEAM_IS_RING_CENTRE : VTR_FLAG_NO_BEAM) |
                         (frame == NULL ? VTR_FLAG_MISSING : 0u);
        store_beam(job, position, has_ring ? ellipse->centre_x_px : NAN,
                   has_ring ? ellipse->centre_y_px : NAN, has_ring ? sqrt(ellipse->covariance[0][0]) : NAN,
                   has_ring ? sqrt(ellipse->covariance[1][1]) : NAN, NAN, flags);
        return VTR_OK;
    }
    double dx, dy;
    vtr_beam_position beam;
    vtr_calibration_descan(job->calibration, job->info->shape, (double)(position / job->info->shape[1]),
                           (double)(position % job->info->shape[1]), &dx, &dy);
    vtr_beam_params params = w->beam;
    params.start_x_px += dx;
    params.start_y_px += dy;
    vtr_status status = vtr_beam_centre_of_mass(&beam, job->info->type, frame, &params, err);
    if (status != VTR_OK) return status;
    store_beam(job, position, beam.x_px, beam.y_px, sqrt(beam.covariance[0]), sqrt(beam.covariance[1]),
               beam.counts, beam.flags);
    return VTR_OK;
}

/* Radial profiles with each lane's own centre and ellipse taken out; lanes without a fit keep the plan's. */
static vtr_status write_profiles(map_worker *w, map_job *job, size_t first, size_t n,
                                 const vtr_fit_batch *fit, vtr_error *err)
{
    vtr_polar_lanes lanes = {0};
    for (size_t lane = 0; lane < n; lane++) {
        if (fit->flags[lane] & VTR_FLAGS_NO_RING_DATA) continue;
        float m = fit->parameters[FIT_M][lane], p = fit->parameters[FIT_P][lane];
        lanes.dx_px[lane] = fit->parameters[FIT_DX][lane];
        lanes.dy_px[lane] = fit->parameters[FIT_DY][lane];
        lanes.exx[lane] = m + p;
        lanes.eyy[lane] = m - p;
        lanes.exy[lane] = fit->parameters[FIT_Q][lane];
    }
    vtr_status status = vtr_polar_profile(w->mean, w->variance, NULL, w->batch, &lanes, &job->profile, err);
    if (status != VTR_OK) return status;
    for (size_t lane = 0; lane < n; lane++)
        for (size_t j = 0; j < job->n_profile; j++) {
            w->rows[0][lane * job->n_profile + j] = w->mean[j * VTR_LANES + lane];
            w->rows[1][lane * job->n_profile + j] = w->variance[j * VTR_LANES + lane];
        }
    static const char *const names[2] = {"intensity", "variance"};
    for (int k = 0; k < 2 && status == VTR_OK; k++) {
        /* a batch may run over the end of a scan row: write it row by row */
        for (size_t done = 0; status == VTR_OK && done < n;) {
            size_t y = (first + done) / job->info->shape[1], x = (first + done) % job->info->shape[1];
            size_t count = job->info->shape[1] - x < n - done ? job->info->shape[1] - x : n - done;
            const size_t start[3] = {y, x, 0}, block[3] = {1, count, job->n_profile};
            status = vtr_mapfile_write_block(job->file, "profile", names[k], VTR_TYPE_F32, 3, start, block,
                                             w->rows[k] + done * job->n_profile, err);
            done += count;
        }
    }
    return status;
}

/* Reads the frames that are there; those that cannot be read are missing. */
static vtr_status read_frames(map_worker *w, map_job *job, size_t first, size_t n,
                              const void *frames[VTR_LANES], vtr_error *err)
{
    size_t there = first < job->info->n_frames ? job->info->n_frames - first : 0;
    if (there > n) there = n;
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        frames[lane] = lane < there ? w->frames + lane * frame_bytes(job) : NULL;
    return there == 0 ? VTR_OK : vtr_dataset_read(job->dataset, first, there, w->frames, err);
}

vtr_status map_worker_batch(map_worker *w, map_job *job, size_t batch, vtr_error *err)
{
    size_t first = batch * VTR_LANES,
           n = job->n_positions - first < VTR_LANES ? job->n_positions - first : VTR_LANES;
    const map_variant *variant = &job->variants[job->variant_of_batch[batch]];
    const void *frames[VTR_LANES];
    vtr_fit_batch fit;
    vtr_status status = read_frames(w, job, first, n, frames, err);
    if (status == VTR_OK)
        status = vtr_polar_bin(w->batch, variant->plan, job->info->type, frames, w->pattern, err);
    if (status != VTR_OK) return status;
    vtr_likelihood_fit(variant->likelihood, w->work, w->batch->sums, &fit);
    store_counts(job, w->batch, first, n);
    for (size_t lane = 0; status == VTR_OK && lane < n; lane++) {
        vtr_ring_ellipse ellipse;
        unsigned flags = lane_flags(job, w->batch, lane);
        fit.flags[lane] = flags & VTR_FLAGS_NO_RING_DATA ? flags : fit.flags[lane] | flags;
        vtr_likelihood_ellipse(variant->likelihood, &fit, (int)lane, &ellipse);
        store_ellipse(job, first + lane, &ellipse);
        status = find_beam(w, job, first + lane, frames[lane], &ellipse, err);
    }
    if (status == VTR_OK && job->n_profile > 0) status = write_profiles(w, job, first, n, &fit, err);
    return status;
}
