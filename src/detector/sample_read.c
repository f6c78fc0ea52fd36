/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/detector.h"

/* Rows and columns of a grid of at most `most` points, as near to square steps as the scan's shape allows. */
static void grid_shape(size_t *rows, size_t *columns, size_t scan_y, size_t scan_x, size_t most)
{
    double ideal = sqrt((double)most * (double)scan_y / (double)scan_x);
    *rows = ideal < 1 ? 1 : ideal > (double)scan_y ? scan_y : (size_t)ideal;
    *columns = most / *rows < scan_x ? most / *rows : scan_x;
    *rows = most / *columns < scan_y ? most / *columns : scan_y;
}

static size_t most_frames(size_t max_frames, size_t max_bytes, size_t frame_bytes)
{
    size_t most = max_frames > 0 ? max_frames : SIZE_MAX;
    if (max_bytes > 0 && max_bytes / frame_bytes < most) most = max_bytes / frame_bytes;
    return most > 0 ? most : 1;
}

/* Lists the grid's positions that have a frame. */
static size_t list_positions(size_t *position, const vtr_dataset_info *info, size_t rows, size_t columns)
{
    size_t n = 0;
    for (size_t j = 0; j < rows; j++) {
        size_t y = (2 * j + 1) * info->shape[0] / (2 * rows);
        for (size_t i = 0; i < columns; i++) {
            size_t x = (2 * i + 1) * info->shape[1] / (2 * columns);
            size_t at = y * info->shape[1] + x;
            if (at < info->n_frames) position[n++] = at;
        }
    }
    return n;
}

static vtr_status read_frames(vtr_sample *sample, vtr_dataset *dataset, const vtr_progress *progress,
                              vtr_error *err)
{
    size_t n_pixels = sample->det_y * sample->det_x;
    for (size_t f = 0; f < sample->n; f++) {
        if (vtr_progress_cancelled(progress))
            return vtr_fail(err, VTR_ERR_INTERRUPTED, "reading the sample stopped");
        vtr_status status =
            vtr_dataset_read_f32(dataset, sample->position[f], 1, sample->frames + f * n_pixels, err);
        if (status) return status;
        vtr_progress_report(progress, "sample", (double)(f + 1), (double)sample->n, "patterns");
    }
    return VTR_OK;
}

vtr_status vtr_sample_read(vtr_sample *sample, vtr_dataset *dataset, size_t max_frames, size_t max_bytes,
                           const vtr_progress *progress, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t n_pixels = 0, n_floats = 0, rows = 0, columns = 0;
    if (info->n_frames == 0 || info->shape[0] == 0 || info->shape[1] == 0 || info->shape[2] == 0 ||
        info->shape[3] == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "'%s' holds no frames", vtr_dataset_path(dataset));
    if (!vtr_multiply_size(info->shape[2], info->shape[3], &n_pixels) ||
        !vtr_multiply_size(n_pixels, sizeof(float), &n_floats))
        return vtr_fail(err, VTR_ERR_MEMORY, "frames of '%s' are too large", vtr_dataset_path(dataset));

    size_t most = most_frames(max_frames, max_bytes, n_floats);
    grid_shape(&rows, &columns, info->shape[0], info->shape[1], most);
    vtr_sample out = {
        .det_y = info->shape[2], .det_x = info->shape[3], .scan_y = info->shape[0], .scan_x = info->shape[1]};
    out.position = vtr_calloc(rows * columns, sizeof *out.position);
    vtr_status status = VTR_OK;
    if (!out.position) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a sample of %zu frames", rows * columns);
        goto cleanup;
    }
    out.n = list_positions(out.position, info, rows, columns);
    if (out.n == 0) { /* a recording broken off so early that the grid misses it */
        out.position[0] = 0;
        out.n = 1;
    }
    size_t n_values = 0;
    out.frames =
        vtr_multiply_size(out.n, n_pixels, &n_values) ? vtr_malloc(n_values, sizeof *out.frames) : NULL;
    if (!out.frames) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a sample of %zu frames", out.n);
        goto cleanup;
    }
    status = read_frames(&out, dataset, progress, err);
    if (status) goto cleanup;
    *sample = out;
    return VTR_OK;

cleanup:
    vtr_sample_release(&out);
    return status;
}
