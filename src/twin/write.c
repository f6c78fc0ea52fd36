/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/dataset.h"

enum { MOST_FRAMES_AT_ONCE = 64 };
static const size_t block_bytes = (size_t)4 << 20;

/* "folder/scan.npy" -> "folder/scan_truth.h5", or "folder/scan_vacuum.npy" where `ending` is NULL; freed with vtr_free,
 * NULL when memory is short. */
static char *path_beside(const char *path, const char *addition, const char *ending)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t stem = dot != NULL && (slash == NULL || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
    if (ending == NULL) ending = path + stem;
    size_t size = stem + strlen(addition) + strlen(ending) + 1;
    char *beside = vtr_malloc(size, 1);
    if (beside != NULL) snprintf(beside, size, "%.*s%s%s", (int)stem, path, addition, ending);
    return beside;
}

static void fill_dataset_info(vtr_dataset_info *out, const vtr_twin *twin)
{
    const vtr_twin_info *info = &twin->info;
    *out = (vtr_dataset_info){.n_frames = twin->n_positions,
                              .type = info->type,
                              .scan_step_nm = {info->scan_step_nm, info->scan_step_nm},
                              .k_step_inv_angstrom = {info->k_step, info->k_step},
                              .beam_energy_kev = info->beam_energy_kev,
                              .saturation = isinf(info->saturation) ? NAN : info->saturation};
    memcpy(out->shape, info->shape, sizeof out->shape);
}

/* What the threads share while they write. */
typedef struct write_job {
    const vtr_twin *twin;
    vtr_dataset_writer *writer;
    const vtr_progress *progress;
    bool is_vacuum;
    size_t frame_bytes, frames_a_block, n_blocks, n_done;
    vtr_status status; /* of the first failure */
    vtr_error err;
} write_job;

static vtr_status write_block(const write_job *job, size_t block, void *scratch, char *frames, vtr_error *err)
{
    size_t first = block * job->frames_a_block, n = job->twin->n_positions - first;
    if (n > job->frames_a_block) n = job->frames_a_block;
    for (size_t i = 0; i < n; i++) {
        vtr_twin_position position;
        if (job->is_vacuum)
            vtr_twin_get_vacuum(job->twin, first + i, &position);
        else
            vtr_twin_get_position(job->twin, first + i, &position);
        size_t stream = first + i + (job->is_vacuum ? job->twin->n_positions : 0);
        vtr_twin_frame(job->twin, &position, stream, scratch, frames + i * job->frame_bytes);
    }
    return vtr_dataset_writer_write(job->writer, first, n, frames, err);
}

/* Notes what became of a block, tells the caller, asks whether to go on. */
static void note_block(write_job *job, vtr_status status, const vtr_error *err)
{
#pragma omp critical(vtr_twin_write)
    {
        job->n_done++;
        if (job->status == VTR_OK && status != VTR_OK) {
            job->err = *err;
#pragma omp atomic write
            job->status = status;
        }
        double done = (double)job->n_done / (double)job->n_blocks * (double)job->twin->n_positions;
        vtr_progress_report(job->progress, "simulate", done, (double)job->twin->n_positions, "patterns");
        if (job->status == VTR_OK && vtr_progress_cancelled(job->progress)) {
            vtr_fail(&job->err, VTR_ERR_INTERRUPTED, "interrupted; nothing is kept");
#pragma omp atomic write
            job->status = VTR_ERR_INTERRUPTED;
        }
    }
}

static vtr_status write_frames(write_job *job, int threads, vtr_error *err)
{
    const vtr_twin *twin = job->twin;
    job->frame_bytes = twin->n_pixels * vtr_type_size(twin->info.type);
    job->frames_a_block = block_bytes / job->frame_bytes;
    if (job->frames_a_block < 1) job->frames_a_block = 1;
    if (job->frames_a_block > MOST_FRAMES_AT_ONCE) job->frames_a_block = MOST_FRAMES_AT_ONCE;
    job->n_blocks = (twin->n_positions + job->frames_a_block - 1) / job->frames_a_block;
#pragma omp parallel num_threads(threads)
    {
        void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
        char *frames = vtr_malloc(job->frames_a_block, job->frame_bytes);
#pragma omp for schedule(dynamic)
        for (size_t block = 0; block < job->n_blocks; block++) {
            vtr_status stop, status;
            vtr_error block_err = {0};
#pragma omp atomic read
            stop = job->status;
            if (stop != VTR_OK) continue;
            if (scratch == NULL || frames == NULL)
                status = vtr_fail(&block_err, VTR_ERR_MEMORY, "out of memory for simulated patterns");
            else
                status = write_block(job, block, scratch, frames, &block_err);
            note_block(job, status, &block_err);
        }
        vtr_free(scratch);
        vtr_free(frames);
    }
    if (job->status != VTR_OK && err != NULL) *err = job->err;
    return job->status;
}

/* One recording; `truth` (NULL: none) is written before it stands under its name: where there is a recording, there is
 * its truth. */
static vtr_status write_recording(const vtr_twin *twin, const char *path, bool is_vacuum, const char *truth,
                                  const vtr_twin_write_params *params, const vtr_progress *progress,
                                  vtr_error *err)
{
    vtr_dataset_info info;
    fill_dataset_info(&info, twin);
    write_job job = {.twin = twin, .progress = progress, .is_vacuum = is_vacuum};
    vtr_status status = vtr_dataset_writer_open(&job.writer, path, &info, params->force, err);
    if (status == VTR_OK) status = write_frames(&job, vtr_thread_count(params->threads), err);
    if (status == VTR_OK && truth != NULL) status = vtr_twin_write_truth(twin, truth, params, err);
    if (status == VTR_OK)
        status = vtr_dataset_writer_finish(&job.writer, err);
    else
        vtr_dataset_writer_abandon(&job.writer);
    return status;
}

vtr_status vtr_twin_write(const vtr_twin *twin, const char *path, const vtr_twin_write_params *params,
                          const vtr_progress *progress, vtr_error *err)
{
    vtr_twin_write_params given = params != NULL ? *params : (vtr_twin_write_params){0};
    bool has_vacuum = twin->induction_angle != NULL;
    char *truth = path_beside(path, "_truth", ".h5"), *vacuum = path_beside(path, "_vacuum", NULL);
    vtr_status status = truth == NULL || vacuum == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path)
                            : vtr_output_check(truth, given.force, err);
    if (status == VTR_OK && has_vacuum) status = vtr_output_check(vacuum, given.force, err);
    if (status == VTR_OK) status = write_recording(twin, path, false, truth, &given, progress, err);
    if (status == VTR_OK && has_vacuum)
        status = write_recording(twin, vacuum, true, NULL, &given, progress, err);
    vtr_free(truth);
    vtr_free(vacuum);
    return status;
}
