/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "dataset/merlin_internal.h"

/* Bits that one pixel takes up in a word. */
static size_t stored_bits(const vtr_merlin_raw *raw)
{
    return raw->depth == 1 ? 1 : raw->depth == 6 ? 8 : 16;
}

size_t vtr_merlin_raw_bytes(const vtr_merlin_raw *raw)
{
    size_t picture = raw->rows * raw->row_pixels * stored_bits(raw) / 8;
    return raw->depth == 24 ? 2 * picture : picture;
}

static size_t item_bytes(const vtr_merlin_raw *raw)
{
    return raw->depth <= 6 ? 1 : raw->depth == 12 ? 2 : 4;
}

/* n pixels in a row from whole words to out[0], out[step], ... (step 1 or -1); 24 bits gather in two turns. */
static void decode_run(unsigned char *out, ptrdiff_t step, const unsigned char *sent, size_t n,
                       const vtr_merlin_raw *raw)
{
    size_t bits = stored_bits(raw), per_word = 64 / bits;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (size_t x = 0; x < n; x += per_word, sent += 8) {
        uint64_t word = vtr_bytes_to_unsigned(sent, 8, true);
        for (size_t i = 0; i < per_word; i++, word >>= bits) {
            uint64_t value = word & mask;
            ptrdiff_t at = step * (ptrdiff_t)(x + i);
            if (raw->depth <= 6) {
                out[at] = (unsigned char)value;
            } else if (raw->depth == 12) {
                uint16_t pixel = (uint16_t)value;
                memcpy(out + 2 * at, &pixel, 2);
            } else {
                uint32_t pixel;
                memcpy(&pixel, out + 4 * at, 4);
                pixel = pixel << 12 | (uint32_t)value;
                memcpy(out + 4 * at, &pixel, 4);
            }
        }
    }
}

/* Places the rows of one picture (a whole frame, or the high or the low half of 24 bits). */
static void decode_picture(unsigned char *frame, const unsigned char *sent, const vtr_merlin_raw *raw)
{
    size_t item = item_bytes(raw), row_bytes = raw->row_pixels * stored_bits(raw) / 8;
    if (!raw->is_quad) {
        for (size_t y = 0; y < raw->rows; y++)
            decode_run(frame + y * raw->row_pixels * item, 1, sent + y * row_bytes, raw->row_pixels, raw);
        return;
    }
    size_t chip = raw->row_pixels / 4, width = 2 * chip, chip_bytes = row_bytes / 4;
    for (size_t y = 0; y < raw->rows; y++) {
        const unsigned char *row = sent + y * row_bytes;
        unsigned char *upper = frame + y * width * item;
        unsigned char *lower = frame + (2 * raw->rows - 1 - y) * width * item;
        decode_run(upper, 1, row + 3 * chip_bytes, chip, raw);
        decode_run(upper + chip * item, 1, row + 2 * chip_bytes, chip, raw);
        decode_run(lower + (chip - 1) * item, -1, row + chip_bytes, chip, raw);
        decode_run(lower + (width - 1) * item, -1, row, chip, raw);
    }
}

void vtr_merlin_raw_decode(void *frame, const unsigned char *sent, const vtr_merlin_raw *raw)
{
    if (raw->depth != 24) {
        decode_picture(frame, sent, raw);
        return;
    }
    memset(frame, 0, raw->rows * raw->row_pixels * item_bytes(raw));
    decode_picture(frame, sent, raw);
    decode_picture(frame, sent + vtr_merlin_raw_bytes(raw) / 2, raw);
}
