/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker of the pass whose patterns are brought to it. */
#include "vitrail/frames.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

struct vtr_frames {
    vtr_dataset_info info;
    vtr_map_params params;
    map_job job;
    map_worker *worker;
};

static vtr_map_params params_or_default(const vtr_map_params *given)
{
    vtr_map_params params;
    vtr_parameters_default(&vtr_map_parameters, &params);
    if (given == NULL) return params;
    params.fit = given->fit;
    params.threshold = given->threshold;
    params.profile_step_px = given->profile_step_px;
    params.no_profile = given->no_profile;
    return params;
}

/* The sum of all patterns is the pass's: nobody asks for it here. */
static vtr_status begin(vtr_frames *frames, vtr_error *err)
{
    vtr_status status = map_job_create(&frames->job, err);
    if (status == VTR_OK) status = map_worker_create(&frames->worker, &frames->job, err);
    if (status == VTR_OK) vtr_pattern_free(&frames->worker->pattern);
    return status;
}

vtr_status vtr_frames_create(vtr_frames **out, const vtr_calibration *calibration,
                             const vtr_map_params *params, size_t n_y, size_t n_x, vtr_type type,
                             vtr_error *err)
{
    if (n_y == 0 || n_x == 0 || n_y > SIZE_MAX / n_x)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a scan of %zu x %zu positions; both must be at least 1", n_y,
                        n_x);
    vtr_frames *frames = vtr_calloc(1, sizeof *frames);
    if (frames == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for patterns in memory");
    frames->params = params_or_default(params);
    frames->info = (vtr_dataset_info){.shape = {n_y, n_x, calibration->det_y, calibration->det_x},
                                      .n_frames = n_y * n_x,
                                      .type = type,
                                      .saturation = NAN,
                                      .beam_energy_kev = NAN};
    /* results leave after each batch, so that those of one run are enough */
    frames->job = (map_job){.info = &frames->info,
                            .calibration = calibration,
                            .params = &frames->params,
                            .n_positions = n_y * n_x,
                            .n_held = MAP_RUN_POSITIONS};
    vtr_status status = begin(frames, err);
    if (status != VTR_OK) {
        vtr_frames_free(&frames);
        return status;
    }
    *out = frames;
    return VTR_OK;
}

void vtr_frames_free(vtr_frames **frames)
{
    if (*frames == NULL) return;
    map_worker_free((*frames)->worker);
    map_job_release(&(*frames)->job);
    vtr_free(*frames);
    *frames = NULL;
}

size_t vtr_frames_samples(const vtr_calibration *calibration, const vtr_map_params *given)
{
    vtr_map_params params = params_or_default(given);
    return params.no_profile ? 0 : map_profile_samples(calibration, params.profile_step_px);
}

/* The batch that holds a position. */
static size_t find_batch(const map_job *job, size_t position)
{
    size_t low = 0, high = job->n_batches;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (job->batches[middle].first <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static vtr_status work_on(vtr_frames *frames, size_t batch, const void *const patterns[VTR_LANES],
                          vtr_error *err)
{
    map_step_take(frames->worker, &frames->job, batch, patterns);
    vtr_status status = map_step_bin(frames->worker, &frames->job, err);
    if (status == VTR_OK) status = map_step_fit(frames->worker, &frames->job, err);
    return status == VTR_OK ? map_step_profile(frames->worker, &frames->job, err) : status;
}

static void hand_over(void *to, size_t index, const void *from, size_t from_index, size_t n, size_t bytes)
{
    if (to != NULL && bytes > 0)
        memcpy((char *)to + index * bytes, (const char *)from + from_index * bytes, n * bytes);
}

/* Results of n positions from `position` on, as those of index ... of the portion. */
static void deliver(const vtr_frames *frames, const vtr_frames_results *r, size_t index, size_t position,
                    size_t n)
{
    const map_worker *w = frames->worker;
    const vtr_ring_map *ring = &frames->job.ring;
    size_t at = map_held_at(w, &frames->job, position), row = position - w->run_first;
    hand_over(r->ellipse, index, ring->ellipse, at, n, VTR_RING_MAP_ELLIPSE_N * sizeof *ring->ellipse);
    hand_over(r->covariance, index, ring->covariance, at, n,
              VTR_RING_MAP_COVARIANCE_N * sizeof *ring->covariance);
    hand_over(r->chi2, index, ring->chi2, at, n, sizeof *ring->chi2);
    hand_over(r->flags, index, ring->flags, at, n, sizeof *ring->flags);
    hand_over(r->intensity, index, w->rows[0], row, n, frames->job.n_profile * sizeof(float));
    hand_over(r->variance, index, w->rows[1], row, n, frames->job.n_profile * sizeof(float));
}

vtr_status vtr_frames_compute(vtr_frames *frames, size_t first, size_t n, const void *patterns,
                              const vtr_frames_results *results, vtr_error *err)
{
    const map_job *job = &frames->job;
    if (first > job->n_positions || n > job->n_positions - first)
        return vtr_fail(err, VTR_ERR_RANGE, "positions %zu to %zu of a scan of %zu", first, first + n,
                        job->n_positions);
    const size_t *shape = frames->info.shape;
    size_t bytes = shape[2] * shape[3] * vtr_type_size(frames->info.type), end = first + n;
    vtr_status status = VTR_OK;
    for (size_t position = first; status == VTR_OK && position < end;) {
        const void *lanes[VTR_LANES] = {NULL};
        size_t batch = find_batch(job, position), begin_at = job->batches[batch].first;
        size_t stop = begin_at + job->batches[batch].n;
        if (stop > end) stop = end;
        for (size_t p = position; p < stop; p++)
            lanes[p - begin_at] = (const char *)patterns + (p - first) * bytes;
        status = work_on(frames, batch, lanes, err);
        if (status == VTR_OK) deliver(frames, results, position - first, position, stop - position);
        position = stop;
    }
    return status;
}
