/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* fstat, nanosleep */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* Recordings that are still being written: how many frames are whole, judged by the size of the file. */

enum { HEAD_BYTES = 4096, FREE_BYTES = 16, LOOK_NS = 50000000 };

static size_t head_bytes(const vtr_dataset *dataset)
{
    return dataset->flat.offset < HEAD_BYTES ? (size_t)dataset->flat.offset : HEAD_BYTES;
}

static vtr_status check_kind(const vtr_dataset *dataset, vtr_error *err)
{
    const vtr_dataset_format *format = dataset->format;
    bool is_whole = format == &vtr_format_npy || format == &vtr_format_raw || format == &vtr_format_merlin ||
                    (format == &vtr_format_dm && dataset->state == NULL);
    if (!is_whole)
        return vtr_fail(
            err, VTR_ERR_FORMAT,
            "cannot follow '%s': %s files are read when they are complete; raw, .npy, .mib and .dm4 "
            "files can be followed",
            dataset->path, dataset->info.format);
    if (dataset->is_open_ended)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "cannot follow '%s': nothing says how many positions there will be; give --scan-shape",
            dataset->path);
    return VTR_OK;
}

/* A file that has its full size from the start tells nothing by it. */
static vtr_status check_end(vtr_dataset *dataset, vtr_error *err)
{
    if (vtr_dataset_count_positions(dataset, dataset->stored_frames) <
        vtr_dataset_n_positions(&dataset->info))
        return VTR_OK;
    size_t n = dataset->flat.bytes;
    unsigned char *frame = vtr_malloc(1, n);
    if (frame == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory following '%s'", dataset->path);
    uint64_t last = dataset->flat.offset + (dataset->stored_frames - 1) * dataset->flat.stride;
    vtr_status status = vtr_file_read(&dataset->file, last, frame, n, err);
    bool is_zero = status == VTR_OK && frame[0] == 0 && memcmp(frame, frame + 1, n - 1) == 0;
    vtr_free(frame);
    if (!is_zero) return status;
    return vtr_fail(
        err, VTR_ERR_FORMAT,
        "cannot follow '%s': it has its full size, but its last frame holds zeros only, so nothing "
        "tells which frames are written; map it without --follow once it is complete",
        dataset->path);
}

static vtr_status begin(vtr_dataset *dataset, vtr_error *err)
{
    vtr_status status = check_kind(dataset, err);
    if (status == VTR_OK) status = check_end(dataset, err);
    if (status != VTR_OK) return status;
    unsigned char *head = vtr_calloc(head_bytes(dataset) + 1, 1);
    if (head == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory following '%s'", dataset->path);
    status = vtr_file_read(&dataset->file, 0, head, head_bytes(dataset), err);
    if (status == VTR_OK)
        dataset->head = head;
    else
        vtr_free(head);
    return status;
}

static vtr_status check_head(vtr_dataset *dataset, vtr_error *err)
{
    unsigned char now[HEAD_BYTES];
    size_t n = head_bytes(dataset);
    if (n <= FREE_BYTES) return VTR_OK;
    vtr_status status = vtr_file_read(&dataset->file, 0, now, n, err);
    if (status == VTR_OK && memcmp(now + FREE_BYTES, dataset->head + FREE_BYTES, n - FREE_BYTES) != 0)
        status = vtr_fail(err, VTR_ERR_IO, "the header of '%s' changed while it was followed", dataset->path);
    return status;
}

static vtr_status check_size(vtr_dataset *dataset, vtr_error *err)
{
    struct stat open_file, named;
    if (fstat(dataset->file.descriptor, &open_file) != 0 || stat(dataset->path, &named) != 0)
        return vtr_fail(err, VTR_ERR_IO, "cannot follow '%s': %s", dataset->path, strerror(errno));
    if (open_file.st_ino != named.st_ino || open_file.st_dev != named.st_dev)
        return vtr_fail(err, VTR_ERR_IO, "'%s' was replaced by another file while it was followed",
                        dataset->path);
    uint64_t size = (uint64_t)open_file.st_size;
    if (size < dataset->info.file_bytes)
        return vtr_fail(
            err, VTR_ERR_IO, "'%s' became shorter while it was followed: %llu bytes after %llu bytes",
            dataset->path, (unsigned long long)size, (unsigned long long)dataset->info.file_bytes);
    dataset->info.file_bytes = size;
    return VTR_OK;
}

vtr_status vtr_dataset_grow(vtr_dataset *dataset, size_t *n_frames, vtr_error *err)
{
    vtr_status status = dataset->head == NULL ? begin(dataset, err) : VTR_OK;
    if (status == VTR_OK) status = check_size(dataset, err);
    if (status == VTR_OK) status = check_head(dataset, err);
    if (status != VTR_OK) return status;
    const vtr_flat *flat = &dataset->flat;
    uint64_t size = dataset->info.file_bytes;
    size_t stored = size < flat->offset + flat->bytes
                        ? 0
                        : (size_t)((size - flat->offset - flat->bytes) / flat->stride + 1);
    size_t n = vtr_dataset_count_positions(dataset, stored);
#pragma omp atomic write
    dataset->n_readable = n;
    *n_frames = n;
    return VTR_OK;
}

void vtr_dataset_settle(vtr_dataset *dataset)
{
    dataset->info.n_frames = dataset->n_readable;
}

bool vtr_dataset_step_back(vtr_dataset *dataset, uint64_t n_frames)
{
    if (n_frames > dataset->info.n_frames) return false;
    dataset->info.n_frames = (size_t)n_frames;
    return true;
}

/* Of an error: the file is not there yet, empty, or its header or first frame is not whole. */
static bool may_come(vtr_status status)
{
    return status == VTR_ERR_NOT_FOUND || status == VTR_ERR_NO_DATA || status == VTR_ERR_FORMAT;
}

/* Opens what is there. *is_enough is false where more has to come; the dataset is open if it returns VTR_OK. */
static vtr_status try_open(vtr_dataset **out, bool *is_enough, const char *path,
                           const vtr_dataset_params *params, size_t wanted, vtr_error *err)
{
    size_t there = 0;
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, params, err);
    *is_enough = status != VTR_OK && !may_come(status);
    if (status != VTR_OK) return status;
    size_t all = vtr_dataset_n_positions(&dataset->info);
    status = vtr_dataset_grow(dataset, &there, err);
    *is_enough = status != VTR_OK || there >= (wanted < all ? wanted : all);
    if (status == VTR_OK) {
        vtr_dataset_settle(dataset);
        *out = dataset;
    } else
        vtr_dataset_close(&dataset);
    return status;
}

vtr_status vtr_dataset_open_growing(vtr_dataset **out, const char *path, const vtr_dataset_params *params,
                                    const vtr_growing_params *growing, const vtr_progress *progress,
                                    vtr_error *err)
{
    const struct timespec pause = {0, LOOK_NS};
    double begin_s = vtr_clock_s();
    for (;;) {
        vtr_dataset *dataset = NULL;
        bool is_enough;
        bool is_last = vtr_clock_s() - begin_s >= growing->timeout_s;
        vtr_status status = try_open(&dataset, &is_enough, path, params, growing->n_frames, err);
        if (is_enough || is_last) {
            if (status == VTR_OK) *out = dataset;
            return status;
        }
        vtr_dataset_close(&dataset);
        if (vtr_progress_cancelled(progress))
            return vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted before enough patterns were there");
        nanosleep(&pause, NULL);
    }
}
