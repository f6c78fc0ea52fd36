/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/seq_internal.h"

/* Norpix StreamPix sequences, which Direct Electron's cameras write too: a header of 1024 bytes, frames of grey numbers
 * from byte 8192 on (1024 before version 5), each followed by its time and padding. */

enum {
    HEADER_BYTES = 1024,
    FIRST_FRAME = 8192,
    AT_VERSION = 28,
    AT_WIDTH = 548,
    AT_HEIGHT = 552,
    AT_BITS = 556,
    AT_REAL_BITS = 560,
    AT_IMAGE_BYTES = 564,
    AT_KIND = 568,
    AT_FRAMES = 572,
    AT_STRIDE = 580,
    AT_COMPRESSION = 620,
    KIND_GREY = 100,
};

static bool probe(const unsigned char *head, size_t n)
{
    static const unsigned char magic[] = {0xed, 0xfe, 0, 0, 'N', 0, 'o', 0, 'r', 0, 'p', 0, 'i', 0, 'x', 0};
    return n >= HEADER_BYTES && memcmp(head, magic, sizeof magic) == 0;
}

static size_t word(const unsigned char *head, size_t at)
{
    return (size_t)vtr_bytes_to_unsigned(head + at, 4, false);
}

static vtr_status set_type(seq_layout *layout, const unsigned char *head, const char *path, vtr_error *err)
{
    size_t bits = word(head, AT_BITS), kind = word(head, AT_KIND);
    if (word(head, AT_COMPRESSION) != 0)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': its frames are compressed; save the sequence uncompressed in "
                        "StreamPix",
                        path);
    if (kind != KIND_GREY || (bits != 8 && bits != 16))
        return vtr_fail(err, VTR_ERR_TYPE,
                        "cannot read '%s': its frames are of kind %zu with %zu bits; grey ones of 8 or 16 "
                        "bits can be read",
                        path, kind, bits);
    layout->type = bits == 8 ? VTR_TYPE_U8 : VTR_TYPE_U16;
    layout->bits = word(head, AT_REAL_BITS);
    return VTR_OK;
}

vtr_status seq_layout_read(seq_layout *layout, const vtr_file *file, const char *path, vtr_error *err)
{
    unsigned char head[HEADER_BYTES];
    vtr_status status = vtr_file_read(file, 0, head, sizeof head, err);
    if (status == VTR_OK) status = set_type(layout, head, path, err);
    if (status != VTR_OK) return status;
    layout->rows = word(head, AT_HEIGHT);
    layout->columns = word(head, AT_WIDTH);
    layout->promised = word(head, AT_FRAMES);
    layout->offset = word(head, AT_VERSION) >= 5 ? FIRST_FRAME : HEADER_BYTES;
    layout->stride = word(head, AT_STRIDE);
    const uint64_t bytes = (uint64_t)layout->rows * layout->columns * vtr_type_size(layout->type);
    if (layout->stride == 0 || layout->stride < bytes || word(head, AT_IMAGE_BYTES) != bytes)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': its header is damaged (%zu bytes a frame of %zu x %zu)", path,
                        word(head, AT_IMAGE_BYTES), layout->rows, layout->columns);
    const uint64_t after = file->size > layout->offset ? file->size - layout->offset : 0;
    layout->there = after < bytes ? 0 : (size_t)((after - bytes) / layout->stride + 1);
    return VTR_OK;
}

size_t seq_layout_count(const seq_layout *layout)
{
    return layout->promised > 0 && layout->promised < layout->there ? layout->promised : layout->there;
}

void seq_note_references(vtr_dataset *dataset, const char *name)
{
    char whole[512];
    vtr_file file = {.descriptor = -1};
    snprintf(whole, sizeof whole, "%s.dark.mrc", name);
    char *path = vtr_companion_path(dataset->path, whole);
    if (path != NULL && vtr_file_open(&file, path, NULL) == VTR_OK)
        vtr_dataset_note(dataset, "raw counts: the dark and gain references beside it are not applied");
    vtr_file_close(&file);
    vtr_free(path);
}

static vtr_status open_frames(vtr_dataset *dataset, const seq_layout *layout, vtr_error *err)
{
    const size_t promised = layout->promised, there = layout->there;
    const uint64_t sizes[3] = {promised > 0 ? promised : 1, layout->rows, layout->columns};
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, 3, err);
    if (status != VTR_OK) return status;
    dataset->flat.offset = layout->offset;
    dataset->flat.stride = layout->stride;
    dataset->flat.is_plain = true;
    dataset->flat.bytes = vtr_dataset_frame_bytes(&dataset->info);
    dataset->stored_frames = dataset->info.shape[1] = seq_layout_count(layout);
    if (promised == 0 && there > 0)
        vtr_dataset_note(dataset, "the recording was not ended; the file holds %zu frames", there);
    else if (there < promised)
        vtr_dataset_note(dataset, "the header promises %zu frames, the file holds %zu", promised, there);
    seq_note_references(dataset, vtr_companion_name(dataset->path));
    return VTR_OK;
}

static vtr_status open_seq(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    seq_layout layout;
    bool is_joined = false;
    vtr_status status = seq_layout_read(&layout, &dataset->file, dataset->path, err);
    if (status != VTR_OK) return status;
    dataset->info.type = layout.type;
    if (layout.bits >= 1 && layout.bits < 8 * vtr_type_size(layout.type))
        dataset->info.saturation = (double)((1U << layout.bits) - 1);
    dataset->flat.is_swapped = vtr_is_big_endian();
    status = seq_join_halves(dataset, &layout, &is_joined, err);
    if (status == VTR_OK && !is_joined) status = open_frames(dataset, &layout, err);
    if (status == VTR_OK && dataset->stored_frames > 1 && params->scan_shape[0] == 0)
        vtr_dataset_note(dataset, "the header does not say the scan's shape; give --scan-shape");
    return status;
}

static vtr_status read_seq(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    return dataset->state != NULL ? seq_read_halves(dataset, first, n, frames, err)
                                  : vtr_flat_read(dataset, first, n, frames, err);
}

const vtr_dataset_format vtr_format_seq = {
    .name = "Norpix sequence", .probe = probe, .open = open_seq, .read = read_seq, .close = seq_close_halves};
