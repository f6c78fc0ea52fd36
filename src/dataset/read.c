/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

enum { CONVERTED_FRAMES = 8 };

/* Positions of one scan row, one stored frame each. */
static vtr_status read_in_row(vtr_dataset *dataset, size_t y, size_t x, size_t n, char *frames,
                              vtr_error *err)
{
    size_t n_x = dataset->info.shape[1], frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    size_t row_start = dataset->skip_frames + y * (n_x + dataset->flyback);
    if (!dataset->is_snake || y % 2 == 0)
        return dataset->format->read(dataset, row_start + x, n, frames, err);
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        status =
            dataset->format->read(dataset, row_start + n_x - 1 - (x + i), 1, frames + i * frame_bytes, err);
    return status;
}

static vtr_status read_rows(vtr_dataset *dataset, size_t first, size_t n, char *frames, vtr_error *err)
{
    if (dataset->flyback == 0 && !dataset->is_snake)
        return dataset->format->read(dataset, dataset->skip_frames + first, n, frames, err);
    size_t n_x = dataset->info.shape[1], frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    vtr_status status = VTR_OK;
    while (n > 0 && status == VTR_OK) {
        size_t y = first / n_x, x = first % n_x, here = n_x - x < n ? n_x - x : n;
        status = read_in_row(dataset, y, x, here, frames, err);
        first += here;
        frames += here * frame_bytes;
        n -= here;
    }
    return status;
}

vtr_status vtr_dataset_read(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    size_t there;
#pragma omp atomic read
    there = dataset->n_readable;
    if (first > there || n > there - first)
        return vtr_fail(err, VTR_ERR_RANGE, "'%s' has frames for positions 0 to %zu, not for %zu to %zu",
                        dataset->path, there - 1, first, first + n - 1);
    if (n == 0) return VTR_OK;
    vtr_status status = read_rows(dataset, first, n, frames, err);
    if (status == VTR_OK) return VTR_OK;
    return vtr_fail_context(err, status, "cannot read positions %zu to %zu of '%s'", first, first + n - 1,
                            dataset->path);
}

vtr_status vtr_dataset_read_f32(vtr_dataset *dataset, size_t first, size_t n, float *frames, vtr_error *err)
{
    if (dataset->info.type == VTR_TYPE_F32) return vtr_dataset_read(dataset, first, n, frames, err);
    size_t pixels = vtr_dataset_frame_pixels(&dataset->info),
           frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    void *block = vtr_malloc(n < CONVERTED_FRAMES ? n : CONVERTED_FRAMES, frame_bytes);
    if (block == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", dataset->path);
    vtr_status status = VTR_OK;
    for (size_t done = 0; done < n && status == VTR_OK; done += CONVERTED_FRAMES) {
        size_t here = n - done < CONVERTED_FRAMES ? n - done : CONVERTED_FRAMES;
        status = vtr_dataset_read(dataset, first + done, here, block, err);
        if (status == VTR_OK) vtr_to_float(frames + done * pixels, block, here * pixels, dataset->info.type);
    }
    vtr_free(block);
    return status;
}
