/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/merlin_internal.h"

/* Quantum Detectors Merlin (.mib): before each frame stands a header of text ("MQ1,number,bytes of the header, chips,
 * columns, rows, U08|U16|U32|R64, layout, ..."), the numbers are big-endian. The acquisition's own header, FILE.hdr,
 * gives the scan. The lowest row of the picture comes first in the file (the hot pixel of a region of interest stays
 * the same number of rows from the file's beginning, whatever the region's height): rows are turned round here. */

enum { HEADER_MAX_BYTES = 4096, SIDE_MAX_BYTES = 65536, FIELDS = 8, FIELD_BYTES = 24 };

typedef struct merlin_header {
    size_t bytes, chips, columns, rows;
    char pixel[FIELD_BYTES];  /* U08, U16, U32, R64 */
    char layout[FIELD_BYTES]; /* 1x1, 2x2, Nx1 */
    size_t depth;             /* of the counters, 0 where the header does not say */
} merlin_header;

/* What the .hdr file says; zeros where it does not. */
typedef struct merlin_acquisition {
    size_t scan_x, scan_y, frames, frames_per_trigger, depth;
} merlin_acquisition;

typedef struct merlin_state {
    vtr_merlin_raw raw;
    size_t header_bytes;
} merlin_state;

static bool probe(const unsigned char *head, size_t n)
{
    return n >= 64 && memcmp(head, "MQ1,", 4) == 0;
}

static vtr_status damaged(const vtr_dataset *dataset, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': its Merlin header is damaged (%s)", dataset->path,
                    what);
}

/* Copies field `index` of text separated by commas, spaces cut off. */
static bool copy_field(char field[FIELD_BYTES], const char *text, size_t index)
{
    for (; index > 0; index--) {
        text = strchr(text, ',');
        if (text == NULL) return false;
        text++;
    }
    text += strspn(text, " ");
    size_t n = strcspn(text, ", \r\n");
    if (n >= FIELD_BYTES) return false;
    memcpy(field, text, n);
    field[n] = '\0';
    return true;
}

static bool size_field(size_t *value, const char *text, size_t index)
{
    char field[FIELD_BYTES];
    return copy_field(field, text, index) && vtr_parse_size(field, value) == 0;
}

static vtr_status parse_header(merlin_header *header, const vtr_dataset *dataset, vtr_error *err)
{
    char text[HEADER_MAX_BYTES + 1] = "";
    size_t got = 0;
    vtr_status status = vtr_file_read_some(&dataset->file, 0, text, HEADER_MAX_BYTES, &got, err);
    if (status != VTR_OK) return status;
    *header = (merlin_header){0};
    if (!size_field(&header->bytes, text, 2) || !size_field(&header->chips, text, 3) ||
        !size_field(&header->columns, text, 4) || !size_field(&header->rows, text, 5) ||
        !copy_field(header->pixel, text, 6) || !copy_field(header->layout, text, 7))
        return damaged(dataset, "its first fields", err);
    if (header->bytes < 64 || header->bytes > HEADER_MAX_BYTES || header->bytes > got)
        return damaged(dataset, "its length", err);
    if (header->columns == 0 || header->rows == 0 || header->columns > 65536 || header->rows > 65536)
        return damaged(dataset, "the size of the frames", err);
    text[header->bytes] = '\0';
    const char *second = strstr(text, "MQ1A,"); /* time, exposure, bits of the counters */
    if (second == NULL || !size_field(&header->depth, second, 3)) header->depth = 0;
    return VTR_OK;
}

/* The number after "name": in the acquisition's header; left alone where it is missing. */
static void find_number(size_t *value, const char *text, const char *name)
{
    const char *at = strstr(text, name);
    if (at == NULL) return;
    at += strcspn(at, ":\r\n");
    if (*at != ':') return;
    at++;
    at += strspn(at, " \t");
    char digits[FIELD_BYTES];
    size_t n = strspn(at, "0123456789");
    if (n == 0 || n >= sizeof digits) return;
    memcpy(digits, at, n);
    digits[n] = '\0';
    vtr_parse_size(digits, value);
}

/* Reads FILE.hdr beside FILE.mib; a missing one is no failure. */
static void read_acquisition(merlin_acquisition *acquisition, const vtr_dataset *dataset)
{
    *acquisition = (merlin_acquisition){0};
    char *path = vtr_strdup(dataset->path), *text = NULL;
    vtr_file file = {.descriptor = -1};
    if (path == NULL || !vtr_text_ends_with_nocase(path, ".mib")) goto cleanup;
    memcpy(path + strlen(path) - 3, "hdr", 3);
    if (vtr_file_open(&file, path, NULL) != VTR_OK) goto cleanup;
    size_t n = file.size < SIDE_MAX_BYTES ? (size_t)file.size : SIDE_MAX_BYTES, got = 0;
    text = vtr_calloc(n + 1, 1);
    if (text == NULL || vtr_file_read_some(&file, 0, text, n, &got, NULL) != VTR_OK) goto cleanup;
    for (size_t i = 0; i < got; i++)
        if (text[i] == '\0') text[i] = ' ';
    find_number(&acquisition->scan_x, text, "ScanX");
    find_number(&acquisition->scan_y, text, "ScanY");
    find_number(&acquisition->frames, text, "Frames in Acquisition");
    find_number(&acquisition->frames_per_trigger, text, "Frames per Trigger");
    find_number(&acquisition->depth, text, "Counter Depth");

cleanup:
    vtr_file_close(&file);
    vtr_free(text);
    vtr_free(path);
}

/* Scan: as the acquisition says; rows of as many frames as one trigger starts; else one row. */
static void set_scan(vtr_dataset *dataset, const merlin_acquisition *acquisition, bool is_given)
{
    size_t frames = acquisition->frames > 0 ? acquisition->frames : dataset->stored_frames;
    size_t per_trigger = acquisition->frames_per_trigger;
    size_t *shape = dataset->info.shape;
    if (acquisition->scan_x > 0 && acquisition->scan_y > 0) {
        shape[0] = acquisition->scan_y;
        shape[1] = acquisition->scan_x;
    } else if (per_trigger > 1 && frames > per_trigger && frames % per_trigger == 0) {
        shape[0] = frames / per_trigger;
        shape[1] = per_trigger;
        if (!is_given)
            vtr_dataset_note(dataset,
                             "scan of %zu x %zu from the frames per trigger; --scan-shape overrides it",
                             shape[0], shape[1]);
    } else {
        shape[0] = 1;
        shape[1] = frames;
        dataset->is_open_ended = acquisition->frames == 0;
        if (frames > 1 && !is_given)
            vtr_dataset_note(dataset, "the header does not say the scan's shape; give --scan-shape");
    }
}

static vtr_status set_plain(vtr_dataset *dataset, const merlin_header *header, vtr_error *err)
{
    static const struct {
        const char *name;
        vtr_type type;
        size_t depth;
    } pixels[] = {{"U08", VTR_TYPE_U8, 6}, {"U16", VTR_TYPE_U16, 12}, {"U32", VTR_TYPE_U32, 24}};
    size_t i = 0;
    while (i < 3 && strcmp(pixels[i].name, header->pixel) != 0)
        i++;
    if (i == 3)
        return vtr_fail(err, VTR_ERR_TYPE, "cannot read '%s': Merlin pixels of type '%s' are not known",
                        dataset->path, header->pixel);
    dataset->info.type = pixels[i].type;
    dataset->info.shape[2] = header->rows;
    dataset->info.shape[3] = header->columns;
    size_t depth = header->depth > 0 && header->depth <= 32 ? header->depth : pixels[i].depth;
    dataset->info.saturation = (double)(((uint64_t)1 << depth) - 1);
    dataset->flat.is_swapped = !vtr_is_big_endian();
    dataset->flat.offset = header->bytes;
    dataset->flat.stride = header->bytes + vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.is_plain = dataset->flat.is_turned = true;
    dataset->stored_frames = vtr_flat_count(dataset, vtr_dataset_frame_bytes(&dataset->info));
    return VTR_OK;
}

static vtr_status set_raw(vtr_dataset *dataset, const merlin_header *header, vtr_error *err)
{
    merlin_state *state = vtr_calloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    dataset->state = state;
    state->header_bytes = header->bytes;
    vtr_merlin_raw *raw = &state->raw;
    raw->depth = (int)header->depth;
    raw->is_quad = header->chips == 4 && strcmp(header->layout, "2x2") == 0;
    raw->rows = header->rows;
    raw->row_pixels = header->depth == 24 ? header->columns / 2 : header->columns;
    if (header->depth != 1 && header->depth != 6 && header->depth != 12 && header->depth != 24)
        return damaged(dataset, "raw frames, but not of 1, 6, 12 or 24 bits", err);
    if (raw->row_pixels == 0 || raw->row_pixels % 256 != 0)
        return damaged(dataset, "raw rows of odd length", err);
    dataset->info.type = raw->depth <= 6 ? VTR_TYPE_U8 : raw->depth == 12 ? VTR_TYPE_U16 : VTR_TYPE_U32;
    dataset->info.shape[2] = raw->is_quad ? 2 * raw->rows : raw->rows;
    dataset->info.shape[3] = raw->is_quad ? raw->row_pixels / 2 : raw->row_pixels;
    dataset->info.saturation = (double)(((uint64_t)1 << raw->depth) - 1);
    dataset->flat.offset = header->bytes;
    dataset->flat.stride = header->bytes + vtr_merlin_raw_bytes(raw);
    dataset->stored_frames = vtr_flat_count(dataset, vtr_merlin_raw_bytes(raw));
    return VTR_OK;
}

static vtr_status open_merlin(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    merlin_header header;
    merlin_acquisition acquisition;
    vtr_status status = parse_header(&header, dataset, err);
    if (status != VTR_OK) return status;
    read_acquisition(&acquisition, dataset);
    if (header.depth == 0) header.depth = acquisition.depth;
    status = (strcmp(header.pixel, "R64") == 0 ? set_raw : set_plain)(dataset, &header, err);
    if (status != VTR_OK) return status;
    if (dataset->stored_frames == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': it holds no whole frame", dataset->path);
    set_scan(dataset, &acquisition, params->scan_shape[0] != 0);
    return vtr_dataset_check_shape(dataset, err);
}

static vtr_status read_raw(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const merlin_state *state = dataset->state;
    size_t sent_bytes = vtr_merlin_raw_bytes(&state->raw),
           frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    unsigned char *sent = vtr_malloc(sent_bytes, 1);
    if (sent == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        status = vtr_file_read(&dataset->file, dataset->flat.offset + (first + i) * dataset->flat.stride,
                               sent, sent_bytes, err);
        if (status == VTR_OK) vtr_merlin_raw_decode((char *)frames + i * frame_bytes, sent, &state->raw);
    }
    vtr_free(sent);
    return status;
}

static vtr_status read_merlin(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    vtr_status status = (dataset->state == NULL ? vtr_flat_read : read_raw)(dataset, first, n, frames, err);
    if (status == VTR_OK) vtr_flat_turn_rows(dataset, frames, n);
    return status;
}

static void close_merlin(vtr_dataset *dataset)
{
    vtr_free(dataset->state);
}

const vtr_dataset_format vtr_format_merlin = {
    .name = "Merlin", .probe = probe, .open = open_merlin, .read = read_merlin, .close = close_merlin};
