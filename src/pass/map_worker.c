/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

void map_worker_free(map_worker *w)
{
    if (w == NULL) return;
    vtr_polar_batch_free(&w->batch);
    vtr_likelihood_work_free(w->work);
    vtr_ring_scratch_free(w->scratch);
    vtr_pattern_free(&w->pattern);
    vtr_free(w->frame_f32);
    vtr_free(w->buffer);
    vtr_free(w->mean);
    vtr_free(w->variance);
    vtr_free(w->rows[0]);
    vtr_free(w->rows[1]);
    vtr_beam_scratch_free(w->beam_scratch);
    map_sectors_worker_release(&w->sectors);
    vtr_free(w);
}

static size_t frame_bytes(const map_job *job)
{
    return job->info->shape[2] * job->info->shape[3] * vtr_type_size(job->info->type);
}

size_t map_worker_bytes(const map_job *job)
{
    /* frames, and one of zeros; three numbers a pixel for the mean pattern, and recent ones; polar cells; profiles */
    size_t pixels = job->info->shape[2] * job->info->shape[3];
    return (VTR_LANES + 1) * frame_bytes(job) + pixels * 28 +
           3 * (job->n_radii * job->calibration->sectors) * VTR_LANES * sizeof(float) +
           2 * MAP_RUN_POSITIONS * job->n_profile * sizeof(float) + map_sectors_worker_bytes(job);
}

static vtr_status allocate(map_worker *w, const map_job *job, vtr_error *err)
{
    const size_t *shape = job->info->shape;
    vtr_status status = vtr_polar_batch_create(&w->batch, err);
    if (status == VTR_OK) status = vtr_pattern_create(&w->pattern, job->info->type, shape[2], shape[3], err);
    bool is_likelihood = job->params->fit == VTR_FIT_LIKELIHOOD;
    if (status == VTR_OK && !is_likelihood)
        status = vtr_ring_scratch_create(&w->scratch, shape[2], shape[3], err);
    if (status != VTR_OK) return status;
    if (is_likelihood)
        w->work = vtr_likelihood_work_new(job->variants[0].likelihood);
    else
        w->frame_f32 = vtr_malloc(shape[2] * shape[3], sizeof *w->frame_f32);
    w->buffer = vtr_malloc(VTR_LANES, frame_bytes(job));
    w->mean = vtr_calloc(job->n_profile * VTR_LANES, sizeof *w->mean);
    w->variance = vtr_calloc(job->n_profile * VTR_LANES, sizeof *w->variance);
    for (int k = 0; k < 2; k++)
        w->rows[k] = vtr_calloc(job->n_profile * MAP_RUN_POSITIONS, sizeof *w->rows[k]);
    if ((is_likelihood ? w->work == NULL : w->frame_f32 == NULL) || w->buffer == NULL || w->mean == NULL ||
        w->variance == NULL || w->rows[0] == NULL || w->rows[1] == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a worker of the pass");
    if (job->beam_template != NULL)
        status = vtr_beam_scratch_create(&w->beam_scratch, job->beam_template, err);
    return status == VTR_OK ? map_sectors_worker_create(&w->sectors, job, err) : status;
}

vtr_status map_worker_create(map_worker **out, const map_job *job, vtr_error *err)
{
    map_worker *w = vtr_calloc(1, sizeof *w);
    if (w == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a worker of the pass");
    w->merged_s = vtr_clock_s();
    vtr_status status = allocate(w, job, err);
    if (status != VTR_OK) {
        map_worker_free(w);
        return status;
    }
    *out = w;
    return VTR_OK;
}

void map_step_take(map_worker *w, const map_job *job, size_t batch, const void *const frames[VTR_LANES])
{
    const map_batch *b = &job->batches[batch];
    w->first = b->first;
    w->n = b->n;
    w->run_first = job->batches[batch - batch % MAP_RUN_BATCHES].first;
    w->variant = &job->variants[b->variant];
    memcpy(w->frames, frames, sizeof w->frames);
}

size_t map_held_at(const map_worker *w, const map_job *job, size_t position)
{
    return job->n_held == job->n_positions ? position
                                           : w->number * MAP_RUN_POSITIONS + position - w->run_first;
}

/* Sums in polar bins, in the virtual detectors and of the whole pattern; mean pattern. */
vtr_status map_step_bin(map_worker *w, map_job *job, vtr_error *err)
{
    const vtr_polar_batch *batch = w->batch;
    size_t at = map_held_at(w, job, w->first);
    vtr_status status =
        vtr_polar_bin(w->batch, w->variant->plan, job->info->type, w->frames, w->pattern, err);
    for (size_t lane = 0; status == VTR_OK && lane < w->n; lane++) {
        bool is_missing = w->frames[lane] == NULL;
        job->total[at + lane] = is_missing ? NAN : (float)batch->total[lane];
        for (size_t v = 0; v < job->n_virtual; v++)
            job->virtual_images[v * job->n_held + at + lane] =
                is_missing ? NAN : (float)batch->annuli[v * VTR_LANES + lane];
    }
    return status;
}

vtr_status map_worker_compute(map_worker *w, map_job *job, size_t batch, const void *const frames[VTR_LANES],
                              vtr_error *err)
{
    map_step_take(w, job, batch, frames);
    vtr_status status = map_step_bin(w, job, err);
    if (status == VTR_OK) status = map_step_fit(w, job, err);
    if (status == VTR_OK) status = map_step_beam(w, job, err);
    if (status == VTR_OK) status = map_step_profile(w, job, err);
    if (status == VTR_OK) status = map_step_sectors(w, job, err);
    return status;
}

/* Reads the frames of a batch that are there; the others are missing. */
static vtr_status read_frames(map_worker *w, map_job *job, const map_batch *batch,
                              const void *frames[VTR_LANES], vtr_error *err)
{
    size_t n_frames = map_follow_frames(job), there = batch->first < n_frames ? n_frames - batch->first : 0;
    if (there > batch->n) there = batch->n;
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        frames[lane] = lane < there ? w->buffer + lane * frame_bytes(job) : NULL;
    return there == 0 ? VTR_OK : vtr_dataset_read(job->dataset, batch->first, there, w->buffer, err);
}

size_t map_run_count(const map_job *job)
{
    return (job->n_batches + MAP_RUN_BATCHES - 1) / MAP_RUN_BATCHES;
}

static size_t first_batch(const map_job *job, size_t run)
{
    size_t batch = run * MAP_RUN_BATCHES;
    return batch < job->n_batches ? batch : job->n_batches;
}

void map_run_positions(const map_job *job, size_t run, size_t *first, size_t *n)
{
    size_t next = first_batch(job, run + 1);
    *first = job->batches[first_batch(job, run)].first;
    *n = (next < job->n_batches ? job->batches[next].first : job->n_positions) - *first;
}

vtr_status map_worker_run(map_worker *w, map_job *job, size_t run, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t b = first_batch(job, run); status == VTR_OK && b < first_batch(job, run + 1); b++) {
        const void *frames[VTR_LANES];
        status = read_frames(w, job, &job->batches[b], frames, err);
        if (status == VTR_OK) status = map_worker_compute(w, job, b, frames, err);
    }
    if (status != VTR_OK) return status;
    size_t first, n;
    map_run_positions(job, run, &first, &n);
    return map_worker_flush(w, job, first, n, err);
}
