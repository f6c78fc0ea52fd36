/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/dataset_internal.h"

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

static vtr_status set_type(vtr_dataset *dataset, const unsigned char *head, vtr_error *err)
{
    size_t bits = word(head, AT_BITS), real_bits = word(head, AT_REAL_BITS), kind = word(head, AT_KIND);
    if (word(head, AT_COMPRESSION) != 0)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': its frames are compressed; save the sequence uncompressed in "
                        "StreamPix",
                        dataset->path);
    if (kind != KIND_GREY || (bits != 8 && bits != 16))
        return vtr_fail(err, VTR_ERR_TYPE,
                        "cannot read '%s': its frames are of kind %zu with %zu bits; grey ones of 8 or 16 "
                        "bits can be read",
                        dataset->path, kind, bits);
    dataset->info.type = bits == 8 ? VTR_TYPE_U8 : VTR_TYPE_U16;
    if (real_bits >= 1 && real_bits < bits) dataset->info.saturation = (double)((1U << real_bits) - 1);
    return VTR_OK;
}

/* References that the camera's software lays beside the raw frames; they are the user's to apply. */
static void note_references(vtr_dataset *dataset)
{
    char name[512];
    vtr_file file = {.descriptor = -1};
    snprintf(name, sizeof name, "%s.dark.mrc", vtr_companion_name(dataset->path));
    char *path = vtr_companion_path(dataset->path, name);
    if (path != NULL && vtr_file_open(&file, path, NULL) == VTR_OK)
        vtr_dataset_note(dataset, "raw counts: the dark and gain references beside it are not applied");
    vtr_file_close(&file);
    vtr_free(path);
}

static vtr_status open_seq(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    unsigned char head[HEADER_BYTES];
    vtr_status status = vtr_file_read(&dataset->file, 0, head, sizeof head, err);
    if (status == VTR_OK) status = set_type(dataset, head, err);
    if (status != VTR_OK) return status;
    size_t wanted = word(head, AT_FRAMES);
    const uint64_t sizes[3] = {wanted > 0 ? wanted : 1, word(head, AT_HEIGHT), word(head, AT_WIDTH)};
    status = vtr_dataset_set_shape(dataset, sizes, 3, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.offset = word(head, AT_VERSION) >= 5 ? FIRST_FRAME : HEADER_BYTES;
    dataset->flat.stride = word(head, AT_STRIDE);
    dataset->flat.is_swapped = vtr_is_big_endian();
    dataset->flat.is_plain = true;
    if (dataset->flat.stride < frame_bytes || word(head, AT_IMAGE_BYTES) != frame_bytes)
        return vtr_fail(
            err, VTR_ERR_FORMAT, "cannot read '%s': its header is damaged (%zu bytes a frame of %zu x %zu)",
            dataset->path, word(head, AT_IMAGE_BYTES), dataset->info.shape[2], dataset->info.shape[3]);
    size_t there = vtr_flat_count(dataset, frame_bytes);
    dataset->stored_frames = dataset->info.shape[1] = wanted > 0 && wanted < there ? wanted : there;
    if (wanted == 0 && there > 0)
        vtr_dataset_note(dataset, "the recording was not ended; the file holds %zu frames", there);
    else if (there < wanted)
        vtr_dataset_note(dataset, "the header promises %zu frames, the file holds %zu", wanted, there);
    if (dataset->stored_frames > 1 && params->scan_shape[0] == 0)
        vtr_dataset_note(dataset, "the header does not say the scan's shape; give --scan-shape");
    note_references(dataset);
    return VTR_OK;
}

const vtr_dataset_format vtr_format_seq = {
    .name = "Norpix sequence", .probe = probe, .open = open_seq, .read = vtr_flat_read, .close = NULL};
