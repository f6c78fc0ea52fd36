/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sum of a virtual detector's pixels where these are small integers: sixteen at a time, with the vectors of GCC and
 * Clang, which are whatever the processor has.
 *
 * A vector of 16-bit pixels is taken as one of 32-bit words: their lower halves are one sum, their upper halves another,
 * and neither needs the pixels to be taken apart. Signed pixels are counted from their lowest value. A loop over each
 * stretch of pixels was tried first: of the 80 or so that a stretch has, the ends cost as much as the rest. */
#include <string.h>

#include "base/base_internal.h"
#include "pass/virtual_internal.h"

/* Runs whose sums cannot overflow 32 bits: each adds at most 2 x 65535 to a place. */
enum { WITHOUT_OVERFLOW = 32768 };

typedef uint32_t words __attribute__((vector_size(16)));

/* What the places of a few runs add up to. */
typedef struct places {
    words low, high;
} places;

static inline __attribute__((always_inline)) void add_16(places *sums, words pixels)
{
    sums->low += pixels & 0xffff;
    sums->high += pixels >> 16;
}

/* Two neighbours of 8 bits make a number that 16 bits hold. */
static inline __attribute__((always_inline)) void add_8(places *sums, words pixels)
{
    add_16(sums, (pixels & 0x00ff00ff) + (pixels >> 8 & 0x00ff00ff));
}

static uint64_t total(const places *sums)
{
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (uint64_t)sums->low[i] + sums->high[i];
    return sum;
}

static uint64_t sum_16(const virtual_pixels *pixels, const unsigned char *frame, uint32_t lowest)
{
    uint64_t sum = 0;
    for (size_t r = 0; r < pixels->n_runs; r += WITHOUT_OVERFLOW) {
        size_t end = pixels->n_runs - r < WITHOUT_OVERFLOW ? pixels->n_runs : r + WITHOUT_OVERFLOW;
        places a = {0}, b = {0};
        for (size_t i = r; i < end; i++) {
            words run[2];
            memcpy(run, frame + (size_t)2 * pixels->runs[i], sizeof run);
            add_16(&a, run[0] ^ lowest);
            add_16(&b, run[1] ^ lowest);
        }
        sum += total(&a) + total(&b);
    }
    for (size_t r = 0; r < pixels->n_parts; r += WITHOUT_OVERFLOW) {
        size_t end = pixels->n_parts - r < WITHOUT_OVERFLOW ? pixels->n_parts : r + WITHOUT_OVERFLOW;
        places a = {0}, b = {0};
        for (size_t i = r; i < end; i++) {
            words run[2], mask[2];
            memcpy(run, frame + (size_t)2 * pixels->parts[i].first, sizeof run);
            memcpy(mask, pixels->parts[i].mask, sizeof mask);
            add_16(&a, (run[0] ^ lowest) & mask[0]);
            add_16(&b, (run[1] ^ lowest) & mask[1]);
        }
        sum += total(&a) + total(&b);
    }
    return sum;
}

static uint64_t sum_8(const virtual_pixels *pixels, const unsigned char *frame, uint32_t lowest)
{
    uint64_t sum = 0;
    for (size_t r = 0; r < pixels->n_runs; r += WITHOUT_OVERFLOW) {
        size_t end = pixels->n_runs - r < WITHOUT_OVERFLOW ? pixels->n_runs : r + WITHOUT_OVERFLOW;
        places a = {0};
        for (size_t i = r; i < end; i++) {
            words run;
            memcpy(&run, frame + pixels->runs[i], sizeof run);
            add_8(&a, run ^ lowest);
        }
        sum += total(&a);
    }
    for (size_t i = 0; i < pixels->n_parts; i++)
        for (size_t k = 0; k < VIRTUAL_RUN; k++)
            sum += (frame[pixels->parts[i].first + k] ^ (lowest & 0xff)) & pixels->parts[i].mask[k];
    return sum;
}

double virtual_runs_sum(const virtual_pixels *pixels, vtr_type type, const void *frame)
{
    int64_t n = (int64_t)pixels->n_pixels;
    switch (type) {
    case VTR_TYPE_U8:
        return (double)sum_8(pixels, frame, 0);
    case VTR_TYPE_I8:
        return (double)((int64_t)sum_8(pixels, frame, 0x80808080) - n * 128);
    case VTR_TYPE_U16:
        return (double)sum_16(pixels, frame, 0);
    default:
        return (double)((int64_t)sum_16(pixels, frame, 0x80008000) - n * 32768);
    }
}
