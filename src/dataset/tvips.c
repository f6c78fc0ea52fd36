/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/dataset_internal.h"

/* TVIPS streams: a file header of 256 bytes, then frames, each behind its own header (12 bytes in version 1, as many as
 * the file header says in version 2). Long series go on in NAME_001.tvips, NAME_002.tvips ..., without a file header. */

enum { HEADER_BYTES = 256, FRAME_HEADER_VERSION_1 = 12, MOST_PARTS = 256, LARGEST_SIDE = 65536 };
enum {
    AT_VERSION = 4,
    AT_COLUMNS = 8,
    AT_ROWS = 12,
    AT_BITS = 16,
    AT_BINNING = 28,
    AT_PIXEL = 36,
    AT_KILOVOLTS = 40,
    AT_FRAME_HEADER = 48,
    IN_FRAME_MODE = 24,
    IN_FRAME_ROTATOR = 48,
    MODE_DIFFRACTION = 2,
};

typedef struct part {
    vtr_file file;
    size_t first, n; /* frames of the series */
    uint64_t offset; /* of its first frame's numbers */
} part;

typedef struct series {
    size_t n_parts;
    part parts[MOST_PARTS];
} series;

static size_t word(const unsigned char *bytes, size_t at)
{
    return (size_t)vtr_bytes_to_unsigned(bytes + at, 4, false);
}

/* No magic number: all sizes must be possible together. */
static bool probe(const unsigned char *head, size_t n)
{
    if (n < HEADER_BYTES || word(head, 0) != HEADER_BYTES) return false;
    size_t version = word(head, AT_VERSION), bits = word(head, AT_BITS), binning = word(head, AT_BINNING);
    return (version == 1 || version == 2) && (bits == 8 || bits == 16) &&
           word(head, AT_COLUMNS) - 1 < LARGEST_SIDE && word(head, AT_ROWS) - 1 < LARGEST_SIDE &&
           binning >= 1 && binning <= 64 && word(head, AT_KILOVOLTS) <= 2000;
}

/* Takes the files that follow NAME_000.tvips, as long as there are any, and counts their frames. */
static vtr_status find_parts(vtr_dataset *dataset, series *all, size_t frame_bytes, vtr_error *err)
{
    const char *name = vtr_companion_name(dataset->path), *end = "_000.tvips";
    size_t stem = strlen(name) - (strlen(name) >= strlen(end) ? strlen(end) : 0);
    uint64_t stride = dataset->flat.stride;
    if (!vtr_text_ends_with_nocase(name, end) || stem >= 400) return VTR_OK;
    for (size_t i = 1; i <= MOST_PARTS; i++) {
        char next[512];
        snprintf(next, sizeof next, "%.*s_%03zu%s", (int)stem, name, i, name + stem + 4);
        char *path = vtr_companion_path(dataset->path, next);
        if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
        vtr_file file = {.descriptor = -1};
        bool is_there = vtr_file_open(&file, path, NULL) == VTR_OK;
        vtr_free(path);
        if (!is_there) return VTR_OK;
        if (i == MOST_PARTS) {
            vtr_file_close(&file);
            return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': its series has more than %d files",
                            dataset->path, MOST_PARTS);
        }
        uint64_t header = stride - frame_bytes;
        size_t n = file.size < stride ? 0 : (size_t)(file.size / stride);
        if (file.size % stride != 0) vtr_dataset_note(dataset, "'%s' ends within a frame", next);
        all->parts[all->n_parts++] = (part){file, dataset->stored_frames, n, header};
        dataset->info.file_bytes += file.size;
        dataset->stored_frames += n;
    }
    return VTR_OK;
}

/* Mode and rotator stand in each frame's header of version 2. */
static void read_frame_header(vtr_dataset *dataset, const unsigned char *head, size_t header)
{
    unsigned char frame[IN_FRAME_ROTATOR + 4];
    size_t pixel = word(head, AT_PIXEL), kilovolts = word(head, AT_KILOVOLTS);
    if (kilovolts > 0) dataset->info.beam_energy_kev = (double)kilovolts;
    if (header < sizeof frame || pixel == 0 ||
        vtr_file_read(&dataset->file, HEADER_BYTES, frame, sizeof frame, NULL) != VTR_OK)
        return;
    const char *unit = word(frame, IN_FRAME_MODE) == MODE_DIFFRACTION ? "1/nm" : "nm";
    for (int axis = 2; axis < 4; axis++)
        vtr_dataset_calibrate(dataset, axis, (double)pixel, unit);
    /* the scan begins with the first frame whose rotator counts */
    size_t frames = dataset->stored_frames < 4096 ? dataset->stored_frames : 4096, first = 0;
    for (; first < frames && word(frame, IN_FRAME_ROTATOR) == 0; first++)
        if (first + 1 == frames ||
            vtr_file_read(&dataset->file, HEADER_BYTES + (first + 1) * dataset->flat.stride, frame,
                          sizeof frame, NULL) != VTR_OK)
            return;
    if (first > 0) vtr_dataset_note(dataset, "the scan begins at frame %zu: give --skip %zu", first, first);
}

static vtr_status open_tvips(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    unsigned char head[HEADER_BYTES];
    vtr_status status = vtr_file_read(&dataset->file, 0, head, sizeof head, err);
    if (status != VTR_OK) return status;
    const uint64_t sizes[2] = {word(head, AT_ROWS), word(head, AT_COLUMNS)};
    size_t header =
        word(head, AT_VERSION) == 1 ? (size_t)FRAME_HEADER_VERSION_1 : word(head, AT_FRAME_HEADER);
    dataset->info.type = word(head, AT_BITS) == 8 ? VTR_TYPE_U8 : VTR_TYPE_U16;
    status = vtr_dataset_set_shape(dataset, sizes, 2, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.offset = HEADER_BYTES + (uint64_t)header;
    dataset->flat.stride = frame_bytes + header;
    dataset->flat.is_swapped = vtr_is_big_endian();
    dataset->stored_frames = vtr_flat_count(dataset, frame_bytes);
    series *all = vtr_calloc(1, sizeof *all);
    if (all == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    dataset->state = all;
    size_t in_first = dataset->stored_frames;
    status = find_parts(dataset, all, frame_bytes, err);
    if (status != VTR_OK) return status;
    dataset->flat.is_plain = all->n_parts == 0;
    dataset->info.shape[1] = dataset->stored_frames;
    if (dataset->stored_frames > 1 && params->scan_shape[0] == 0)
        vtr_dataset_note(dataset, "the header does not say the scan's shape; give --scan-shape");
    if (in_first > 0) read_frame_header(dataset, head, header);
    return VTR_OK;
}

static vtr_status read_part(const vtr_dataset *dataset, const part *p, size_t first, size_t n, char *frames,
                            vtr_error *err)
{
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    for (size_t i = 0; i < n; i++) {
        vtr_status status = vtr_file_read(&p->file, p->offset + (first + i) * dataset->flat.stride,
                                          frames + i * frame_bytes, frame_bytes, err);
        if (status != VTR_OK) return status;
    }
    if (dataset->flat.is_swapped)
        vtr_swap_bytes(frames, n * vtr_dataset_frame_pixels(&dataset->info),
                       vtr_type_size(dataset->info.type));
    return VTR_OK;
}

static vtr_status read_tvips(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const series *all = dataset->state;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info), done = 0;
    size_t in_first = all->n_parts > 0 ? all->parts[0].first : dataset->stored_frames;
    if (first < in_first) {
        done = in_first - first < n ? in_first - first : n;
        vtr_status status = vtr_flat_read(dataset, first, done, frames, err);
        if (status != VTR_OK) return status;
    }
    for (size_t i = 0; i < all->n_parts && done < n; i++) {
        const part *p = &all->parts[i];
        if (first + done >= p->first + p->n) continue;
        size_t from = first + done - p->first, here = p->n - from < n - done ? p->n - from : n - done;
        vtr_status status = read_part(dataset, p, from, here, (char *)frames + done * frame_bytes, err);
        if (status != VTR_OK) return status;
        done += here;
    }
    return VTR_OK;
}

static void close_tvips(vtr_dataset *dataset)
{
    series *all = dataset->state;
    for (size_t i = 0; all != NULL && i < all->n_parts; i++)
        vtr_file_close(&all->parts[i].file);
    vtr_free(all);
}

const vtr_dataset_format vtr_format_tvips = {
    .name = "TVIPS", .probe = probe, .open = open_tvips, .read = read_tvips, .close = close_tvips};
