/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* Bare numbers: shape, type, byte order, header and gap come from the options or from the side file. */

static bool probe(const unsigned char *head, size_t n)
{
    (void)head;
    (void)n;
    return true;
}

/* A raw file may say the size of its frames only: then their number follows from the size of the file. */
static vtr_status set_shape(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    uint64_t sizes[4];
    size_t n = 0;
    while (n < 4 && params->shape[n] != 0) {
        sizes[n] = params->shape[n];
        n++;
    }
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, n, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.offset = params->header_bytes;
    if (__builtin_add_overflow(frame_bytes, params->gap_bytes, &dataset->flat.stride))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--gap %zu is impossible", params->gap_bytes);
    dataset->stored_frames = vtr_flat_count(dataset, frame_bytes);
    if (dataset->stored_frames == 0)
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "cannot read '%s': its %llu bytes hold no frame of %zu x %zu %s after a header of %zu bytes",
            dataset->path, (unsigned long long)dataset->file.size, dataset->info.shape[2],
            dataset->info.shape[3], vtr_type_name(dataset->info.type), params->header_bytes);
    dataset->is_open_ended = n == 2;
    if (n == 2) dataset->info.shape[1] = dataset->stored_frames;
    dataset->flat.is_plain = true;
    return VTR_OK;
}

static vtr_status open_raw(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    if (params->type == NULL)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s' as raw binary numbers without --type",
                        dataset->path);
    if (vtr_type_parse(&dataset->info.type, params->type) != 0)
        return vtr_fail(err, VTR_ERR_TYPE, "--type: '%s' is not one of u8, u16, u32, i8, i16, i32, f32, f64",
                        params->type);
    dataset->flat.is_swapped = (params->byte_order == 1) != vtr_is_big_endian();
    return set_shape(dataset, params, err);
}

const vtr_dataset_format vtr_format_raw = {
    .name = "raw", .probe = probe, .open = open_raw, .read = vtr_flat_read, .close = NULL};
