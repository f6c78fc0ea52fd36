/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_TRANSPOSE_AVX2_H
#define VITRAIL_POLAR_TRANSPOSE_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "polar/polar_internal.h"

#define VECTOR_BYTES 32
#define VECTOR_MIN(a, b) ((v_f32)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define VECTOR_MAX(a, b) ((v_f32)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define VECTOR_SQRT(a) ((v_f32)_mm256_sqrt_ps((__m256)(a)))
#define VECTOR_FLOOR(a) ((v_f32)_mm256_floor_ps((__m256)(a)))
#define BLOCKS_HAVE_RANGE 1

/* The largest pixel of each frame, apart for even and odd pixels; frames 0 to 7 and 8 to 15. */
typedef struct pixel_range {
    __m256i high[2];
} pixel_range;

static inline void pixel_range_start(pixel_range *range)
{
    range->high[0] = range->high[1] = _mm256_setzero_si256();
}

/* Raises extremes[1] to what `range` holds. */
static inline void pixel_range_finish(const pixel_range *range, double extremes[2][VTR_LANES])
{
    uint16_t high[2 * VTR_LANES];
    memcpy(high, range->high, sizeof high);
    for (int lane = 0; lane < VTR_LANES; lane++) {
        double larger = high[2 * lane] > high[2 * lane + 1] ? high[2 * lane] : high[2 * lane + 1];
        if (larger > extremes[1][lane]) extremes[1][lane] = larger;
    }
}

/* Transposes 8 words of 32 bits of 8 frames; a word is a 32-bit pixel, or two pixels of 16 bits that are parted
 * afterwards: half the shuffles of moving them singly. */
static inline void transpose_words(__m256i word[8], const __m256i row[8])
{
    __m256i t[8], a[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(row[i], row[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(row[i], row[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        a[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        a[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        a[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        a[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        word[i] = _mm256_permute2x128_si256(a[i], a[i + 4], 0x20);
        word[i + 4] = _mm256_permute2x128_si256(a[i], a[i + 4], 0x31);
    }
}

/* Sixteen pixels of 16 bits of 8 frames; `out` is at the first of these frames' lanes. */
static inline void put_pairs(uint32_t *out, const __m256i row[8], bool is_signed, __m256i *high)
{
    __m256i word[8];
    transpose_words(word, row);
    for (int i = 0; i < 8; i++) {
        __m256i even, odd;
        if (high != NULL) *high = _mm256_max_epu16(*high, word[i]);
        if (is_signed) {
            even = _mm256_srai_epi32(_mm256_slli_epi32(word[i], 16), 16);
            odd = _mm256_srai_epi32(word[i], 16);
        } else {
            even = _mm256_and_si256(word[i], _mm256_set1_epi32(0xffff));
            odd = _mm256_srli_epi32(word[i], 16);
        }
        _mm256_store_si256((void *)(out + 2 * i * VTR_LANES), even);
        _mm256_store_si256((void *)(out + (2 * i + 1) * VTR_LANES), odd);
    }
}

#define DEFINE_LOAD_BLOCK(NAME, PIXEL, LOAD, IS_SIGNED)                                                      \
    static inline void load_block_##NAME(uint32_t *restrict out, const void *const frames[VTR_LANES],        \
                                         size_t offset, pixel_range *range)                                  \
    {                                                                                                        \
        for (int part = 0; part < 2; part++) {                                                               \
            for (int x = 0; x < VTR_TILE_X; x += 16) {                                                       \
                __m256i row[8];                                                                              \
                for (int lane = 0; lane < 8; lane++)                                                         \
                    row[lane] = LOAD((const PIXEL *)frames[8 * part + lane] + offset + x);                   \
                put_pairs(out + x * VTR_LANES + 8 * part, row, IS_SIGNED,                                    \
                          range != NULL ? &range->high[part] : NULL);                                        \
            }                                                                                                \
        }                                                                                                    \
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
    for (size_t part = 0; part < 2; part++) {
        for (size_t x = 0; x < VTR_TILE_X; x += 8) {
            __m256i row[8], word[8];
            for (size_t lane = 0; lane < 8; lane++)
                row[lane] = load_256((const uint32_t *)frames[8 * part + lane] + offset + x);
            transpose_words(word, row);
            for (size_t i = 0; i < 8; i++)
                _mm256_store_si256((void *)(out + (x + i) * VTR_LANES + 8 * part), word[i]);
        }
    }
}

/* --- what block_sums_x86.h needs -------------------------------------------------------------------------- */

#define HAS_BLOCK_SUMS 1
#define V(name) V_##name
#define V_setzero _mm256_setzero_si256
#define V_or _mm256_or_si256
#define V_set1_epi16 _mm256_set1_epi16
#define V_add_epi16 _mm256_add_epi16
#define V_add_epi32 _mm256_add_epi32
#define V_madd_epi16 _mm256_madd_epi16
#define V_max_epu16 _mm256_max_epu16
#define V_unpacklo_epi16 _mm256_unpacklo_epi16
#define V_unpackhi_epi16 _mm256_unpackhi_epi16

typedef __m256i words;

static inline words load_u16_words(const uint16_t *from)
{
    return _mm256_loadu_si256((const void *)from);
}

static inline words load_u8_words(const uint8_t *from)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)from));
}

static inline void store_words(uint16_t *to, words value)
{
    _mm256_storeu_si256((void *)to, value);
}

static inline int has_bits(words value, int mask)
{
    return !_mm256_testz_si256(value, _mm256_set1_epi16((short)mask));
}

static inline void put_in_order(uint32_t *to, words low, words high)
{
    _mm256_storeu_si256((void *)to, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((void *)(to + 8), _mm256_permute2x128_si256(low, high, 0x31));
}

#include "polar/block_sums_x86.h"

#endif
