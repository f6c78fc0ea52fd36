/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_BLOCK_SUMS_X86_H
#define VITRAIL_POLAR_BLOCK_SUMS_X86_H

/* Sums over the frames of 32 unsigned pixels, for AVX2 and AVX-512: the including file defines V(name) as
 * _mm256_name or _mm512_name, `words` as the register of integers, and
 *   load_u16_words, load_u8_words      pixels from memory, as 16-bit words
 *   has_bits(words, mask)              whether any word has a bit of mask
 *   put_in_order(to, low, high)        undoes the order in which unpacklo and unpackhi leave 32-bit words */

enum { WORDS = VECTOR_BYTES / 2 };

/* The least power of four such that every word's square is below 2^20 times it. */
static inline unsigned weight_of(words all)
{
    unsigned weight = 1;
    for (int mask = 0xfc00; has_bits(all, mask); mask = mask << 1 & 0xffff)
        weight *= 4;
    return weight;
}

/* Two frames' pixels of 15 bits, interleaved, added in 32 bits. */
static inline void add_pairs(words *low, words *high, words a, words b, bool is_squared)
{
    words l = V(unpacklo_epi16)(a, b), h = V(unpackhi_epi16)(a, b), one = V(set1_epi16)(1);
    *low = V(add_epi32)(*low, V(madd_epi16)(l, is_squared ? l : one));
    *high = V(add_epi32)(*high, V(madd_epi16)(h, is_squared ? h : one));
}

/* sum_block_TYPE(frames, n, offset, sum, squares, maximum): of 32 pixels from `offset` on; returns their weight. Where
 * that is beyond VTR_PATTERN_FULL only the maxima are right. */
#define DEFINE_SUM_BLOCK(TYPE)                                                                               \
    static inline __attribute__((always_inline))                                                             \
    words frame_words_##TYPE(const void *const *frames, size_t n, size_t f, size_t at)                       \
    {                                                                                                        \
        return f < n ? load_##TYPE##_words((const pixel_##TYPE *)frames[f] + at) : V(setzero)();             \
    }                                                                                                        \
    static inline __attribute__((always_inline)) unsigned sum_block_##TYPE(                                  \
        const void *const *frames, size_t n, size_t offset, uint32_t sum[VTR_PATTERN_BLOCK],                 \
        uint32_t squares[VTR_PATTERN_BLOCK], uint16_t maximum[VTR_PATTERN_BLOCK])                            \
    {                                                                                                        \
        words all = V(setzero)();                                                                            \
        for (size_t part = 0; part < VTR_PATTERN_BLOCK; part += WORDS) {                                     \
            words low = V(setzero)(), high = low, most = low, narrow = low;                                  \
            for (size_t f = 0; f < n; f += 2) {                                                              \
                words a = frame_words_##TYPE(frames, n, f, offset + part);                                   \
                words b = frame_words_##TYPE(frames, n, f + 1, offset + part);                               \
                add_pairs(&low, &high, a, b, true);                                                          \
                narrow = V(add_epi16)(narrow, V(add_epi16)(a, b));                                           \
                most = V(max_epu16)(most, V(max_epu16)(a, b));                                               \
            }                                                                                                \
            put_in_order(squares + part, low, high);                                                         \
            low = V(unpacklo_epi16)(narrow, V(setzero)());                                                   \
            high = V(unpackhi_epi16)(narrow, V(setzero)());                                                  \
            if (has_bits(most, 0xf000)) { /* sixteen of these do not fit into 16 bits */                     \
                low = high = V(setzero)();                                                                   \
                for (size_t f = 0; f < n; f += 2)                                                            \
                    add_pairs(&low, &high, frame_words_##TYPE(frames, n, f, offset + part),                  \
                              frame_words_##TYPE(frames, n, f + 1, offset + part), false);                   \
            }                                                                                                \
            put_in_order(sum + part, low, high);                                                             \
            store_words(maximum + part, V(max_epu16)(load_u16_words(maximum + part), most));                 \
            all = V(or)(all, most);                                                                          \
        }                                                                                                    \
        return weight_of(all);                                                                               \
    }

DEFINE_SUM_BLOCK(u8)
DEFINE_SUM_BLOCK(u16)

#endif
