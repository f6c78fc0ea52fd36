/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/tiff_internal.h"
#include "dataset/writer_internal.h"

/* TIFF: one image, uncompressed, of the type it has. */

typedef struct tiff_state {
    TIFF *tiff;
    vtr_tiff_reason reason;
} tiff_state;

enum { ROWS_PER_STRIP = 64 };

static vtr_status fail_tiff(const vtr_dataset_writer *writer, vtr_error *err)
{
    const tiff_state *state = writer->state;
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path,
                    state->reason.text[0] != '\0' ? state->reason.text : vtr_tiff_silence());
}

static vtr_status open_tiff(vtr_dataset_writer *writer, vtr_error *err)
{
    const vtr_dataset_info *info = &writer->info;
    if (vtr_dataset_n_positions(info) != 1)
        return vtr_fail(
            err, VTR_ERR_SHAPE,
            "cannot write '%s': TIFF holds one pattern here, not %zu; write .npy or .h5, or choose one "
            "position",
            writer->path, vtr_dataset_n_positions(info));
    tiff_state *state = vtr_calloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    writer->state = state;
    state->tiff = vtr_tiff_open(writer->partial, "w", &state->reason);
    if (state->tiff == NULL) return fail_tiff(writer, err);
    bool is_float = info->type == VTR_TYPE_F32 || info->type == VTR_TYPE_F64;
    bool is_signed = info->type == VTR_TYPE_I8 || info->type == VTR_TYPE_I16 || info->type == VTR_TYPE_I32;
    int format = is_float ? SAMPLEFORMAT_IEEEFP : is_signed ? SAMPLEFORMAT_INT : SAMPLEFORMAT_UINT;
    bool done = TIFFSetField(state->tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)info->shape[3]) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_IMAGELENGTH, (uint32_t)info->shape[2]) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_BITSPERSAMPLE, (int)(8 * vtr_type_size(info->type))) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_SAMPLESPERPIXEL, 1) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_SAMPLEFORMAT, format) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_ROWSPERSTRIP, ROWS_PER_STRIP) == 1 &&
                TIFFSetField(state->tiff, TIFFTAG_SOFTWARE, "vitrail") == 1;
    return done ? VTR_OK : fail_tiff(writer, err);
}

static vtr_status write_tiff(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                             vtr_error *err)
{
    (void)first; /* there is but one frame */
    (void)n;
    tiff_state *state = writer->state;
    const vtr_dataset_info *info = &writer->info;
    size_t row_bytes = info->shape[3] * vtr_type_size(info->type);
    for (size_t y = 0, strip = 0; y < info->shape[2]; y += ROWS_PER_STRIP, strip++) {
        size_t rows = info->shape[2] - y < ROWS_PER_STRIP ? info->shape[2] - y : ROWS_PER_STRIP;
        /* libtiff takes a pointer to what it does not change while the byte order is this machine's */
        void *from = (void *)((uintptr_t)frames + y * row_bytes);
        if (TIFFWriteEncodedStrip(state->tiff, (uint32_t)strip, from, (tmsize_t)(rows * row_bytes)) < 0)
            return fail_tiff(writer, err);
    }
    return VTR_OK;
}

static vtr_status close_tiff(vtr_dataset_writer *writer, bool is_kept, vtr_error *err)
{
    tiff_state *state = writer->state;
    if (state == NULL) return VTR_OK;
    vtr_status status = VTR_OK;
    if (is_kept && TIFFFlush(state->tiff) != 1) status = fail_tiff(writer, err);
    if (state->tiff != NULL) TIFFClose(state->tiff);
    vtr_free(state);
    return status;
}

const vtr_writer_format vtr_writer_tiff = {
    .endings = {".tif", ".tiff"}, .open = open_tiff, .write = write_tiff, .close = close_tiff};
