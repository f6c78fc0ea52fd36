/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

size_t vtr_flat_count(vtr_dataset *dataset, size_t frame_bytes)
{
    vtr_flat *flat = &dataset->flat;
    flat->bytes = frame_bytes;
    uint64_t size = dataset->file.size;
    if (flat->offset > size || size - flat->offset < frame_bytes) return 0;
    return (size_t)((size - flat->offset - frame_bytes) / flat->stride + 1);
}

vtr_status vtr_flat_read(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const vtr_flat *flat = &dataset->flat;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info),
           pixels = vtr_dataset_frame_pixels(&dataset->info);
    vtr_status status = VTR_OK;
    if (flat->stride == frame_bytes)
        status =
            vtr_file_read(&dataset->file, flat->offset + first * flat->stride, frames, n * frame_bytes, err);
    else
        for (size_t i = 0; i < n && status == VTR_OK; i++)
            status = vtr_file_read(&dataset->file, flat->offset + (first + i) * flat->stride,
                                   (char *)frames + i * frame_bytes, frame_bytes, err);
    if (status != VTR_OK) return status;
    if (flat->is_swapped) vtr_swap_bytes(frames, n * pixels, vtr_type_size(dataset->info.type));
    if (flat->stored != VTR_FLAT_AS_IS)
        vtr_integers_to_doubles(frames, n * pixels, flat->stored == VTR_FLAT_SIGNED_64);
    return VTR_OK;
}

vtr_status vtr_flat_read_at(const vtr_dataset *dataset, const uint64_t *places, size_t n, void *frames,
                            vtr_error *err)
{
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    for (size_t i = 0; i < n; i++) {
        vtr_status status =
            vtr_file_read(&dataset->file, places[i], (char *)frames + i * frame_bytes, frame_bytes, err);
        if (status != VTR_OK) return status;
    }
    if (dataset->flat.is_swapped)
        vtr_swap_bytes(frames, n * vtr_dataset_frame_pixels(&dataset->info),
                       vtr_type_size(dataset->info.type));
    return VTR_OK;
}

uint64_t vtr_flat_place(const vtr_dataset *dataset, size_t position)
{
    size_t n_x = dataset->info.shape[1], y = position / n_x, x = position % n_x;
    if (dataset->is_snake && y % 2 == 1) x = n_x - 1 - x;
    size_t frame = dataset->skip_frames + y * (n_x + dataset->flyback) + x;
    return dataset->flat.offset + frame * dataset->flat.stride;
}

void vtr_turn_rows(char *first, size_t rows, size_t row_bytes)
{
    char piece[1024];
    for (size_t y = 0; y < rows / 2; y++) {
        char *upper = first + y * row_bytes, *lower = first + (rows - 1 - y) * row_bytes;
        for (size_t done = 0; done < row_bytes; done += sizeof piece) {
            size_t here = row_bytes - done < sizeof piece ? row_bytes - done : sizeof piece;
            memcpy(piece, upper + done, here);
            memcpy(upper + done, lower + done, here);
            memcpy(lower + done, piece, here);
        }
    }
}

void vtr_flat_turn_rows(const vtr_dataset *dataset, char *frames, size_t n)
{
    size_t rows = dataset->info.shape[2], frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    for (; n > 0; n--, frames += frame_bytes)
        vtr_turn_rows(frames, rows, frame_bytes / rows);
}
