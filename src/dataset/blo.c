/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* NanoMEGAS block files: a header, a small image of the scan, then patterns of bytes, each behind six bytes of its own.
 * Facts of the layout from files and from what rosettasciio documents of them. */

enum {
    HEADER_BYTES = 64,
    FRAME_HEADER_BYTES = 6,
    AT_ORDER = 6,
    AT_FIRST_FRAME = 12,
    AT_SIDE = 20,
    AT_COLUMNS = 24,
    AT_ROWS = 26,
    AT_STEP_X = 30,
    AT_STEP_Y = 38,
    AT_VOLTS = 46,
    AT_PIXELS_PER_METRE = 50,
};

static bool probe(const unsigned char *head, size_t n)
{
    return n >= HEADER_BYTES && memcmp(head, "IMGBLO", 6) == 0 && head[AT_ORDER] + head[AT_ORDER + 1] == 3;
}

static double real_at(const unsigned char *bytes, bool is_big_endian)
{
    uint64_t bits = vtr_bytes_to_unsigned(bytes, 8, is_big_endian);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void calibrate(vtr_dataset *dataset, const unsigned char *head, bool big)
{
    double volts = (double)vtr_bytes_to_unsigned(head + AT_VOLTS, 4, big),
           per_metre = (double)vtr_bytes_to_unsigned(head + AT_PIXELS_PER_METRE, 2, big);
    vtr_dataset_calibrate(dataset, 1, real_at(head + AT_STEP_X, big), "nm");
    vtr_dataset_calibrate(dataset, 0, real_at(head + AT_STEP_Y, big), "nm");
    if (volts >= 1e3 && volts <= 1e7) dataset->info.beam_energy_kev = 1e-3 * volts;
    if (per_metre > 0)
        vtr_dataset_note(dataset, "pixels of %.6g mm on the screen; give --k-step for 1/Å", 1e3 / per_metre);
}

static vtr_status open_blo(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    unsigned char head[HEADER_BYTES];
    vtr_status status = vtr_file_read(&dataset->file, 0, head, sizeof head, err);
    if (status != VTR_OK) return status;
    bool big = head[AT_ORDER] == 1;
    uint64_t side = vtr_bytes_to_unsigned(head + AT_SIDE, 2, big);
    const uint64_t sizes[4] = {vtr_bytes_to_unsigned(head + AT_ROWS, 2, big),
                               vtr_bytes_to_unsigned(head + AT_COLUMNS, 2, big), side, side};
    dataset->info.type = VTR_TYPE_U8;
    status = vtr_dataset_set_shape(dataset, sizes, 4, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.offset = vtr_bytes_to_unsigned(head + AT_FIRST_FRAME, 4, big) + FRAME_HEADER_BYTES;
    dataset->flat.stride = frame_bytes + FRAME_HEADER_BYTES;
    dataset->flat.is_plain = true;
    dataset->stored_frames = vtr_flat_count(dataset, frame_bytes);
    calibrate(dataset, head, big);
    return VTR_OK;
}

const vtr_dataset_format vtr_format_blo = {
    .name = "NanoMEGAS block", .probe = probe, .open = open_blo, .read = vtr_flat_read, .close = NULL};
