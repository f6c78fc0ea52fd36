/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_BLOCK_SUMS_X86_H
#define VITRAIL_POLAR_BLOCK_SUMS_X86_H

/* Sums over the frames of 32 unsigned pixels, for AVX2 and AVX-512: the including file defines V(name) as
 * _mm256_name or _mm512_name, `words` as the register of integers, and
 *   load_u16_words, load_u8_words      pixels from memory, as 16-bit words
 *   has_bits(words, mask)              whether any word has a bit of mask
 *   in_order(words out[2], low, high)  undoes the order in which unpacklo and unpackhi leave 32-bit words */

enum {
    WORDS = VECTOR_BYTES / 2,
    BLOCK_TOO_LARGE = 0, /* a pixel above 16383: only the maxima are right */
    BLOCK_FITS = 1,
    BLOCK_SMALL = 2, /* no pixel above VTR_PATTERN_SMALL */
};

/* The pixels of two frames are interleaved so that one multiply-add gives a^2 + b^2, another a + b. */
#define DEFINE_SUM_BLOCK(NAME, PIXEL)                                                                        \
    static inline int sum_block_##NAME(const void *const *frames, size_t n, size_t first,                    \
                                       uint32_t sum[VTR_PATTERN_BLOCK], uint32_t squares[VTR_PATTERN_BLOCK], \
                                       uint16_t maximum[VTR_PATTERN_BLOCK])                                  \
    {                                                                                                        \
        words all = V(setzero)(), one = V(set1_epi16)(1);                                                    \
        for (size_t part = 0; part < VTR_PATTERN_BLOCK; part += WORDS) {                                     \
            words low = V(setzero)(), high = low, low_squares = low, high_squares = low, most = low;         \
            for (size_t f = 0; f < n; f += 2) {                                                              \
                words a = load_##NAME##_words((const PIXEL *)frames[f] + first + part);                      \
                words b = f + 1 < n ? load_##NAME##_words((const PIXEL *)frames[f + 1] + first + part)       \
                                    : V(setzero)();                                                          \
                words l = V(unpacklo_epi16)(a, b), h = V(unpackhi_epi16)(a, b);                              \
                low = V(add_epi32)(low, V(madd_epi16)(l, one));                                              \
                high = V(add_epi32)(high, V(madd_epi16)(h, one));                                            \
                low_squares = V(add_epi32)(low_squares, V(madd_epi16)(l, l));                                \
                high_squares = V(add_epi32)(high_squares, V(madd_epi16)(h, h));                              \
                most = V(max_epu16)(most, V(max_epu16)(a, b));                                               \
            }                                                                                                \
            put_in_order(sum + part, low, high);                                                             \
            put_in_order(squares + part, low_squares, high_squares);                                         \
            words before = load_u16_words(maximum + part);                                                   \
            store_words(maximum + part, V(max_epu16)(before, most));                                         \
            all = V(or)(all, most);                                                                          \
        }                                                                                                    \
        if (!has_bits(all, 0xffff & ~VTR_PATTERN_SMALL)) return BLOCK_SMALL;                                 \
        return has_bits(all, 0xc000) ? BLOCK_TOO_LARGE : BLOCK_FITS;                                         \
    }

DEFINE_SUM_BLOCK(u8, uint8_t)
DEFINE_SUM_BLOCK(u16, uint16_t)

#endif
