/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"
#include "pass/virtual_internal.h"

/* Frames that a worker reads at a time: as many as a batch has at most. */
enum { AT_A_TIME = VTR_LANES };

typedef struct virtual_job {
    map_job schedule; /* its batches and shifts; with a calibration only */
    vtr_dataset *dataset;
    const vtr_dataset_info *info;
    virtual_pixels *pixels; /* of each shift */
    size_t n_shifts, stride, frame_bytes;
    float *image;
    const vtr_progress *progress;
    vtr_status status;
    vtr_error error;
    double done;
} virtual_job;

static bool is_stopped(virtual_job *job)
{
    bool is_it;
#pragma omp critical(vtr_virtual_state)
    is_it = job->status != VTR_OK;
    return is_it;
}

static void stop(virtual_job *job, vtr_status status, const vtr_error *error)
{
#pragma omp critical(vtr_virtual_state)
    if (job->status == VTR_OK) {
        job->status = status;
        if (error != NULL) job->error = *error;
    }
}

/* The detector's pixels of the batch that holds a position: batches are in scan order. */
static const virtual_pixels *pixels_of(const virtual_job *job, size_t position)
{
    size_t low = 0, high = job->schedule.n_batches;
    if (high == 0) return &job->pixels[0];
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (job->schedule.batches[middle].first <= position)
            low = middle;
        else
            high = middle;
    }
    return &job->pixels[job->schedule.batches[low].variant];
}

static vtr_status sum_frames(virtual_job *job, unsigned char *buffer, float *out, size_t first, size_t n,
                             vtr_error *err)
{
    size_t there = first < job->info->n_frames ? job->info->n_frames - first : 0;
    if (there > n) there = n;
    vtr_status status = there == 0 ? VTR_OK : vtr_dataset_read(job->dataset, first, there, buffer, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        out[i] = i < there ? (float)virtual_pixels_sum(pixels_of(job, first + i), job->info->type,
                                                       buffer + i * job->frame_bytes)
                           : NAN;
    return status;
}

/* One row of the image: all frames of a row in pieces, or single ones of every stride-th. */
static vtr_status one_row(virtual_job *job, unsigned char *buffer, size_t row, vtr_error *err)
{
    size_t n_x = job->info->shape[1], n_out = (n_x + job->stride - 1) / job->stride;
    size_t step = job->stride == 1 ? AT_A_TIME : job->stride, first = row * job->stride * n_x;
    float *out = job->image + row * n_out;
    vtr_status status = VTR_OK;
    for (size_t x = 0; status == VTR_OK && x < n_x; x += step) {
        size_t n = job->stride > 1 ? 1 : n_x - x < AT_A_TIME ? n_x - x : AT_A_TIME;
        status = sum_frames(job, buffer, out + x / job->stride, first + x, n, err);
    }
    return status;
}

static void report(virtual_job *job, size_t n_rows)
{
#pragma omp critical(vtr_virtual_report)
    {
        job->done += 1;
        vtr_progress_report(job->progress, "virtual detector", job->done, (double)n_rows, "rows");
    }
    if (vtr_progress_cancelled(job->progress)) stop(job, VTR_ERR_INTERRUPTED, NULL);
}

static void do_rows(virtual_job *job, long n_rows)
{
    size_t n = job->stride == 1 ? AT_A_TIME : 1;
    unsigned char *buffer = vtr_malloc(n, job->frame_bytes);
    if (buffer == NULL) {
        vtr_error error = {0};
        stop(job, vtr_fail(&error, VTR_ERR_MEMORY, "out of memory for %zu patterns", n), &error);
    }
#pragma omp for schedule(dynamic, 1)
    for (long row = 0; row < n_rows; row++) {
        vtr_error error = {0};
        if (is_stopped(job)) continue;
        vtr_status status = one_row(job, buffer, (size_t)row, &error);
        if (status != VTR_OK) stop(job, status, &error);
        report(job, (size_t)n_rows);
    }
    vtr_free(buffer);
}

/* The detector's pixels at every shift that occurs. */
static vtr_status list_pixels(virtual_job *job, size_t *n_pixels, const vtr_calibration *c,
                              const vtr_virtual *detector, vtr_error *err)
{
    const double w[3] = {c != NULL ? c->wxx : 1, c != NULL ? c->wyy : 1, c != NULL ? c->wxy : 0};
    unsigned char *used = c != NULL ? vtr_calibration_used(c) : NULL;
    vtr_status status = VTR_OK;
    size_t most = 0;
    if (c != NULL && used == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a virtual detector");
    if (c != NULL) status = map_batches_create(&job->schedule, err);
    job->n_shifts = c != NULL ? job->schedule.n_variants : 1;
    job->pixels = status == VTR_OK ? vtr_calloc(job->n_shifts, sizeof *job->pixels) : NULL;
    if (status == VTR_OK && job->pixels == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a virtual detector");
    for (size_t v = 0; status == VTR_OK && v < job->n_shifts; v++) {
        const map_variant *variant = c != NULL ? &job->schedule.variants[v] : NULL;
        const double shift[2] = {variant != NULL ? (double)variant->shift_x : 0,
                                 variant != NULL ? (double)variant->shift_y : 0};
        status = virtual_pixels_list(&job->pixels[v], detector, w, shift, used, job->info->shape[2],
                                     job->info->shape[3], err);
        if (job->pixels[v].n_pixels > most) most = job->pixels[v].n_pixels;
    }
    if (status == VTR_OK && most == 0)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "no used pixel is on the virtual detector");
    if (status == VTR_OK && n_pixels != NULL) *n_pixels = most;
    vtr_free(used);
    return status;
}

static void release(virtual_job *job)
{
    for (size_t v = 0; job->pixels != NULL && v < job->n_shifts; v++)
        vtr_free(job->pixels[v].stretches);
    vtr_free(job->pixels);
    map_job_release(&job->schedule);
}

vtr_status vtr_virtual_image(float *image, size_t *n_pixels, vtr_dataset *dataset,
                             const vtr_calibration *calibration, const vtr_virtual *detector, size_t stride,
                             int threads, const vtr_progress *progress, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    if (stride == 0) return vtr_fail(err, VTR_ERR_ARGUMENT, "a stride of 0 positions");
    if (calibration != NULL && (info->shape[2] != calibration->det_y || info->shape[3] != calibration->det_x))
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'%s' holds patterns of %zu x %zu, the calibration is for %zu x %zu",
                        vtr_dataset_path(dataset), info->shape[2], info->shape[3], calibration->det_y,
                        calibration->det_x);
    virtual_job job = {.schedule = {.dataset = dataset,
                                    .info = info,
                                    .calibration = calibration,
                                    .n_positions = info->shape[0] * info->shape[1]},
                       .dataset = dataset,
                       .info = info,
                       .stride = stride,
                       .frame_bytes = info->shape[2] * info->shape[3] * vtr_type_size(info->type),
                       .image = image,
                       .progress = progress};
    vtr_status status = list_pixels(&job, n_pixels, calibration, detector, err);
    if (status == VTR_OK) {
#pragma omp parallel num_threads(vtr_thread_count(threads))
        do_rows(&job, (long)((info->shape[0] + stride - 1) / stride));
        status = job.status == VTR_OK || job.error.message[0] == '\0'
                     ? job.status
                     : vtr_fail(err, job.status, "%s", job.error.message);
    }
    release(&job);
    return status;
}
