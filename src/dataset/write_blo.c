/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "dataset/writer_internal.h"
#include "vitrail/constants.h"

/* NanoMEGAS block files, for programs that index or map patterns from them: bytes, square patterns; little endian. Facts of
 * the layout from files and from what rosettasciio documents of them. */

enum {
    HEADER_BYTES = 64,
    IMAGE_AT = 4096, /* the image of the scan; the frames follow it */
    FRAME_HEADER_BYTES = 6,
    FRAME_MARK = 0x55AA,
    LARGEST = 65535,
    PIXELS_PER_METRE = 10000, /* on the screen: with it the camera length tells k */
};

typedef struct blo_state {
    int descriptor;
    float *image; /* [scan_y * scan_x] mean counts of each pattern */
} blo_state;

static void put(unsigned char *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static void put_real(unsigned char *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(at, bits, sizeof bits);
}

static uint64_t frames_at(const vtr_dataset_info *info)
{
    return IMAGE_AT + vtr_dataset_n_positions(info);
}

static vtr_status check(const vtr_dataset_writer *writer, vtr_error *err)
{
    const vtr_dataset_info *info = &writer->info;
    const size_t *s = info->shape;
    if (info->type != VTR_TYPE_U8)
        return vtr_fail(
            err, VTR_ERR_TYPE,
            "cannot write '%s': block files hold bytes, not %s; --to-type u8 writes them where no "
            "count exceeds 255",
            writer->path, vtr_type_name(info->type));
    if (s[2] != s[3])
        return vtr_fail(
            err, VTR_ERR_SHAPE,
            "cannot write '%s': block files hold square patterns, not %zu x %zu px; cut them with "
            "--detector",
            writer->path, s[2], s[3]);
    if (s[0] > LARGEST || s[1] > LARGEST || s[2] > LARGEST || frames_at(info) > UINT32_MAX)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "cannot write '%s': a scan of %zu x %zu is too large for a block file", writer->path,
                        s[0], s[1]);
    return VTR_OK;
}

static void make_header(unsigned char header[HEADER_BYTES], const vtr_dataset_info *info)
{
    memset(header, 0, HEADER_BYTES);
    memcpy(header, "IMGBLO", 6);
    put(header + 6, 0x0102, 2);
    put(header + 8, IMAGE_AT, 4);
    put(header + 12, frames_at(info), 4);
    put(header + 16, 0x0002003F, 4); /* what it means is not known; as in files of the maker's program */
    put(header + 20, info->shape[3], 2);
    put(header + 24, info->shape[1], 2);
    put(header + 26, info->shape[0], 2);
    put_real(header + 30, isnan(info->scan_step_nm[1]) ? 1 : info->scan_step_nm[1]);
    put_real(header + 38, isnan(info->scan_step_nm[0]) ? 1 : info->scan_step_nm[0]);
    put(header + 50, PIXELS_PER_METRE, 2);
    if (!(info->beam_energy_kev > 0)) return;
    put(header + 46, (uint64_t)llround(1e3 * info->beam_energy_kev), 4);
    double angle = info->k_step_inv_angstrom[1] * vtr_electron_wavelength_angstrom(info->beam_energy_kev);
    double tenths_of_mm = 1e4 / PIXELS_PER_METRE / angle;
    if (tenths_of_mm >= 1 && tenths_of_mm < UINT32_MAX) put(header + 52, (uint64_t)llround(tenths_of_mm), 4);
}

static vtr_status open_blo(vtr_dataset_writer *writer, vtr_error *err)
{
    vtr_status status = check(writer, err);
    if (status != VTR_OK) return status;
    blo_state *state = vtr_malloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    writer->state = state;
    state->image = vtr_calloc(vtr_dataset_n_positions(&writer->info), sizeof *state->image);
    state->descriptor = open(writer->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (state->descriptor < 0)
        return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path, strerror(errno));
    if (state->image == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    unsigned char header[HEADER_BYTES];
    make_header(header, &writer->info);
    return vtr_writer_put(writer, state->descriptor, 0, header, sizeof header, err);
}

static vtr_status write_blo(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                            vtr_error *err)
{
    const blo_state *state = writer->state;
    const size_t bytes = vtr_dataset_frame_bytes(&writer->info);
    const unsigned char *frame = frames;
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < n; i++, frame += bytes) {
        unsigned char mark[FRAME_HEADER_BYTES];
        uint64_t at = frames_at(&writer->info) + (first + i) * (bytes + FRAME_HEADER_BYTES), sum = 0;
        put(mark, FRAME_MARK, 2);
        put(mark + 2, first + i, 4);
        status = vtr_writer_put(writer, state->descriptor, at, mark, sizeof mark, err);
        if (status == VTR_OK)
            status = vtr_writer_put(writer, state->descriptor, at + sizeof mark, frame, bytes, err);
        for (size_t k = 0; k < bytes; k++)
            sum += frame[k];
        state->image[first + i] = (float)((double)sum / (double)bytes);
    }
    return status;
}

/* All that the patterns hold at each position, from 0 to 255. */
static vtr_status write_image(const vtr_dataset_writer *writer, vtr_error *err)
{
    const blo_state *state = writer->state;
    const size_t n = vtr_dataset_n_positions(&writer->info);
    float least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        least = fminf(least, state->image[i]);
        most = fmaxf(most, state->image[i]);
    }
    unsigned char *bytes = vtr_malloc(n, 1);
    if (bytes == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    for (size_t i = 0; i < n; i++)
        bytes[i] =
            most > least ? (unsigned char)lroundf(255 * (state->image[i] - least) / (most - least)) : 0;
    vtr_status status = vtr_writer_put(writer, state->descriptor, IMAGE_AT, bytes, n, err);
    vtr_free(bytes);
    return status;
}

static vtr_status close_blo(vtr_dataset_writer *writer, bool is_kept, vtr_error *err)
{
    blo_state *state = writer->state;
    if (state == NULL) return VTR_OK;
    vtr_status status = is_kept ? write_image(writer, err) : VTR_OK;
    if (state->descriptor >= 0 && close(state->descriptor) != 0 && is_kept && status == VTR_OK)
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path, strerror(errno));
    vtr_free(state->image);
    vtr_free(state);
    return status;
}

const vtr_writer_format vtr_writer_blo = {
    .endings = {".blo"}, .open = open_blo, .write = write_blo, .close = close_blo};
