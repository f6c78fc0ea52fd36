/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
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
    bool is_plain; /* parts of frames are read as they stand in the file */
    float *image;
    const vtr_progress *progress;
    pthread_mutex_t lock; /* of what follows; critical regions would be shared with other images */
    vtr_status status;
    vtr_error error;
    double done;
} virtual_job;

static bool is_stopped(virtual_job *job)
{
    pthread_mutex_lock(&job->lock);
    bool is_it = job->status != VTR_OK;
    pthread_mutex_unlock(&job->lock);
    return is_it;
}

static void stop(virtual_job *job, vtr_status status, const vtr_error *error)
{
    pthread_mutex_lock(&job->lock);
    if (job->status == VTR_OK) {
        job->status = status;
        if (error != NULL) job->error = *error;
    }
    pthread_mutex_unlock(&job->lock);
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
    vtr_status status = n == 0 ? VTR_OK : vtr_dataset_read(job->dataset, first, n, buffer, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        out[i] = (float)virtual_pixels_sum(pixels_of(job, first + i), job->info->type,
                                           buffer + i * job->frame_bytes);
    return status;
}

/* Only what lies between the detector's first and last pixel is read; of frames that the file's pages hold already,
 * nothing but its pixels is touched. */
static vtr_status sum_plain(const virtual_job *job, unsigned char *buffer, float *out, size_t position,
                            bool is_in_memory, vtr_error *err)
{
    const vtr_dataset *d = job->dataset;
    const virtual_pixels *pixels = pixels_of(job, position);
    size_t size = vtr_type_size(job->info->type);
    uint64_t place = vtr_flat_place(d, position);
    const unsigned char *frame = is_in_memory ? d->file.pages + place : buffer;
    if (pixels->n == 0) {
        *out = 0;
        return VTR_OK;
    }
    if (!is_in_memory) {
        size_t begin = pixels->stretches[0][0] * size, end = pixels->stretches[pixels->n - 1][1] * size;
        vtr_status status = vtr_file_read(&d->file, place + begin, buffer + begin, end - begin, err);
        if (status != VTR_OK)
            return vtr_fail_context(err, status, "cannot read position %zu of '%s'", position,
                                    vtr_dataset_path(d));
    }
    bool is_aligned = (uintptr_t)frame % size == 0;
    for (size_t i = 0; (d->flat.is_swapped || !is_aligned) && i < pixels->n; i++) {
        size_t begin = pixels->stretches[i][0] * size, n = pixels->stretches[i][1] - pixels->stretches[i][0];
        if (frame != buffer) memcpy(buffer + begin, frame + begin, n * size);
        if (d->flat.is_swapped) vtr_swap_bytes(buffer + begin, n, size);
    }
    *out = (float)virtual_pixels_sum(pixels, job->info->type,
                                     d->flat.is_swapped || !is_aligned ? buffer : frame);
    return VTR_OK;
}

/* Whether the frames of a row of the scan are in memory: without gaps between the first and the last of them. */
static bool is_row_in_memory(const virtual_job *job, size_t first, size_t n)
{
    if (!job->is_plain || job->stride > 1 || n == 0) return false;
    uint64_t a = vtr_flat_place(job->dataset, first), b = vtr_flat_place(job->dataset, first + n - 1);
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return vtr_file_is_in_memory(&job->dataset->file, low, (size_t)(high - low) + job->frame_bytes);
}

/* One row of the image: all frames of a row in pieces, or single ones of every stride-th. */
static vtr_status one_row(virtual_job *job, unsigned char *buffer, size_t row, vtr_error *err)
{
    size_t n_x = job->info->shape[1], n_out = (n_x + job->stride - 1) / job->stride;
    size_t step = job->stride > 1 ? job->stride : job->is_plain ? 1 : AT_A_TIME;
    size_t first = row * job->stride * n_x, n_frames = job->info->n_frames;
    size_t there = first >= n_frames ? 0 : n_frames - first < n_x ? n_frames - first : n_x;
    bool is_in_memory = is_row_in_memory(job, first, there);
    float *out = job->image + row * n_out;
    vtr_status status = VTR_OK;
    for (size_t x = 0; x < n_out; x++)
        out[x] = NAN;
    for (size_t x = 0; status == VTR_OK && x < there; x += step) {
        size_t n = job->stride > 1 ? 1 : there - x < step ? there - x : step;
        float *here = out + x / job->stride;
        status = job->is_plain ? sum_plain(job, buffer, here, first + x, is_in_memory, err)
                               : sum_frames(job, buffer, here, first + x, n, err);
    }
    return status;
}

static void report(virtual_job *job, size_t n_rows)
{
    pthread_mutex_lock(&job->lock);
    job->done += 1;
    vtr_progress_report(job->progress, "virtual detector", job->done, (double)n_rows, "rows");
    pthread_mutex_unlock(&job->lock);
    if (vtr_progress_cancelled(job->progress)) stop(job, VTR_ERR_INTERRUPTED, NULL);
}

static void do_rows(virtual_job *job, long n_rows)
{
    size_t n = job->stride == 1 && !job->is_plain ? AT_A_TIME : 1;
    unsigned char *buffer = vtr_calloc(n, job->frame_bytes); /* zeros: runs reach beyond what is read */
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
    const virtual_frames frames = {.det_y = job->info->shape[2],
                                   .det_x = job->info->shape[3],
                                   .is_turned = job->is_plain && job->dataset->flat.is_turned,
                                   .used = used,
                                   .w = w};
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
        status = virtual_pixels_list(&job->pixels[v], detector, &frames, shift, err);
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
    pthread_mutex_destroy(&job->lock);
    for (size_t v = 0; job->pixels != NULL && v < job->n_shifts; v++)
        virtual_pixels_release(&job->pixels[v]);
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
                       .is_plain = dataset->flat.is_plain,
                       .image = image,
                       .progress = progress};
    pthread_mutex_init(&job.lock, NULL);
    vtr_status status = list_pixels(&job, n_pixels, calibration, detector, err);
    if (job.is_plain) vtr_file_map(&dataset->file);
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
