/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_TRANSPOSE_AVX512_H
#define VITRAIL_POLAR_TRANSPOSE_AVX512_H

#include <immintrin.h>
#include <string.h>

#include "polar/polar_internal.h"

#define VECTOR_BYTES 64
#define VECTOR_MIN(a, b) ((v_f32)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define VECTOR_MAX(a, b) ((v_f32)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define VECTOR_SQRT(a) ((v_f32)_mm512_sqrt_ps((__m512)(a)))
#define VECTOR_FLOOR(a) ((v_f32)_mm512_floor_ps((__m512)(a)))
#define BLOCKS_HAVE_RANGE 1

/* The largest pixel of each frame, apart for even and odd pixels. */
typedef struct pixel_range {
    __m512i high;
} pixel_range;

static inline void pixel_range_start(pixel_range *range)
{
    range->high = _mm512_setzero_si512();
}

/* Raises extremes[1] to what `range` holds. */
static inline void pixel_range_finish(const pixel_range *range, double extremes[2][VTR_LANES])
{
    uint16_t high[2 * VTR_LANES];
    _mm512_storeu_si512(high, range->high);
    for (int lane = 0; lane < VTR_LANES; lane++) {
        double larger = high[2 * lane] > high[2 * lane + 1] ? high[2 * lane] : high[2 * lane + 1];
        if (larger > extremes[1][lane]) extremes[1][lane] = larger;
    }
}

/* Transposes 8 words of 32 bits of 16 frames. Frames i and i + 4 share a register from the start (low and high half),
 * so that three rounds of shuffles, 24 in all, bring the sixteen frames of a word together in their order. A word is
 * a 32-bit pixel, or two pixels of 16 bits that are parted afterwards: half the shuffles of moving them singly. */
static inline void transpose_words(__m512i word[8], const __m256i half[VTR_LANES])
{
    __m512i z[8], t[8], a[8];
    for (int i = 0; i < 4; i++) {
        z[i] = _mm512_inserti64x4(_mm512_castsi256_si512(half[i]), half[i + 4], 1);
        z[i + 4] = _mm512_inserti64x4(_mm512_castsi256_si512(half[i + 8]), half[i + 12], 1);
    }
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi32(z[i], z[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(z[i], z[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        a[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        word[i] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
        word[i + 4] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xdd);
    }
}

/* Sixteen pixels of 16 bits of 16 frames. */
static inline void put_pairs(uint32_t *out, const __m256i half[VTR_LANES], bool is_signed, pixel_range *range)
{
    __m512i word[8];
    transpose_words(word, half);
    for (int i = 0; i < 8; i++) {
        __m512i even, odd;
        if (range != NULL) range->high = _mm512_max_epu16(range->high, word[i]);
        if (is_signed) {
            even = _mm512_srai_epi32(_mm512_slli_epi32(word[i], 16), 16);
            odd = _mm512_srai_epi32(word[i], 16);
        } else {
            even = _mm512_and_si512(word[i], _mm512_set1_epi32(0xffff));
            odd = _mm512_srli_epi32(word[i], 16);
        }
        _mm512_store_si512(out + 2 * i * VTR_LANES, even);
        _mm512_store_si512(out + (2 * i + 1) * VTR_LANES, odd);
    }
}

/* Both halves of a cache line are read together: sixteen frames of one size often share a set of the first cache,
 * which has fewer ways. */
#define DEFINE_LOAD_BLOCK(NAME, PIXEL, LOAD, IS_SIGNED)                                                      \
    static inline void load_block_##NAME(uint32_t *restrict out, const void *const frames[VTR_LANES],        \
                                         size_t offset, pixel_range *range)                                  \
    {                                                                                                        \
        __m256i first[VTR_LANES], second[VTR_LANES];                                                         \
        for (int lane = 0; lane < VTR_LANES; lane++) {                                                       \
            first[lane] = LOAD((const PIXEL *)frames[lane] + offset);                                        \
            second[lane] = LOAD((const PIXEL *)frames[lane] + offset + 16);                                  \
        }                                                                                                    \
        put_pairs(out, first, IS_SIGNED, range);                                                             \
        put_pairs(out + 16 * VTR_LANES, second, IS_SIGNED, range);                                           \
    }

static inline __m256i load_256(const void *from)
{
    return _mm256_loadu_si256(from);
}

static inline __m256i load_u8(const uint8_t *from)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)from));
}

static inline __m256i load_i8(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)from));
}

DEFINE_LOAD_BLOCK(u8, uint8_t, load_u8, false)
DEFINE_LOAD_BLOCK(i8, int8_t, load_i8, true)
DEFINE_LOAD_BLOCK(u16, uint16_t, load_256, false)
DEFINE_LOAD_BLOCK(i16, int16_t, load_256, true)

static inline void load_block_u32(uint32_t *restrict out, const void *const frames[VTR_LANES], size_t offset,
                                  pixel_range *range)
{
    (void)range;
    for (size_t x = 0; x < VTR_TILE_X; x += 8) {
        __m256i half[VTR_LANES];
        __m512i word[8];
        for (int lane = 0; lane < VTR_LANES; lane++)
            half[lane] = load_256((const uint32_t *)frames[lane] + offset + x);
        transpose_words(word, half);
        for (size_t i = 0; i < 8; i++)
            _mm512_store_si512(out + (x + i) * VTR_LANES, word[i]);
    }
}

/* --- what block_sums_x86.h needs -------------------------------------------------------------------------- */

#define HAS_BLOCK_SUMS 1
#define V(name) V_##name
#define V_setzero _mm512_setzero_si512
#define V_or _mm512_or_si512
#define V_set1_epi16 _mm512_set1_epi16
#define V_add_epi16 _mm512_add_epi16
#define V_add_epi32 _mm512_add_epi32
#define V_madd_epi16 _mm512_madd_epi16
#define V_max_epu16 _mm512_max_epu16
#define V_unpacklo_epi16 _mm512_unpacklo_epi16
#define V_unpackhi_epi16 _mm512_unpackhi_epi16

typedef __m512i words;

static inline words load_u16_words(const uint16_t *from)
{
    return _mm512_loadu_si512(from);
}

static inline words load_u8_words(const uint8_t *from)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)from));
}

static inline void store_words(uint16_t *to, words value)
{
    _mm512_storeu_si512(to, value);
}

static inline int has_bits(words value, int mask)
{
    return _mm512_test_epi16_mask(value, _mm512_set1_epi16((short)mask)) != 0;
}

static inline void put_in_order(uint32_t *to, words low, words high)
{
    const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                  second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi64(low, first, high));
    _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi64(low, second, high));
}

#include "polar/block_sums_x86.h"

#endif
