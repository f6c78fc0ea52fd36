/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of kernel.h: sum, sum of squares and maximum over the frames at each pixel. */

/* pattern_range_TYPE(pattern, first, frames, n, offset, n_pixels): pixels offset ... offset + n_pixels - 1 of n frames
 * to the pattern's pixels from `first` on. */
#define DEFINE_PATTERN_INTEGER(TYPE, SUM, MAXIMUM)                                                           \
    static void pattern_range_##TYPE(vtr_pattern *pattern, size_t first, const void *const *frames,          \
                                     size_t n, size_t offset, size_t n_pixels)                               \
    {                                                                                                        \
        for (size_t done = 0; done < n_pixels; done += VTR_PATTERN_BLOCK) {                                  \
            size_t left = n_pixels - done, n_block = left < VTR_PATTERN_BLOCK ? left : VTR_PATTERN_BLOCK;    \
            MAXIMUM *restrict maximum = (MAXIMUM *)pattern->maximum + first + done;                          \
            SUM sum[VTR_PATTERN_BLOCK] = {0};                                                                \
            uint64_t squares[VTR_PATTERN_BLOCK] = {0};                                                       \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const pixel_##TYPE *restrict frame = (const pixel_##TYPE *)frames[f] + offset + done;        \
                for (size_t i = 0; i < n_block; i++) {                                                       \
                    SUM value = (SUM)frame[i];                                                               \
                    sum[i] += value;                                                                         \
                    squares[i] += (uint32_t)(value * value);                                                 \
                    maximum[i] = frame[i] > maximum[i] ? frame[i] : maximum[i];                              \
                }                                                                                            \
            }                                                                                                \
            for (size_t i = 0; i < n_block; i++) {                                                           \
                pattern->sum[first + done + i] += sum[i];                                                    \
                pattern->sum_of_squares[first + done + i] += squares[i];                                     \
            }                                                                                                \
        }                                                                                                    \
    }

DEFINE_PATTERN_INTEGER(u8, uint32_t, uint16_t)
DEFINE_PATTERN_INTEGER(u16, uint32_t, uint16_t)
DEFINE_PATTERN_INTEGER(i8, int32_t, int16_t)
DEFINE_PATTERN_INTEGER(i16, int32_t, int16_t)

#define DEFINE_PATTERN_REAL(TYPE)                                                                            \
    static void pattern_range_##TYPE(vtr_pattern *pattern, size_t first, const void *const *frames,          \
                                     size_t n, size_t offset, size_t n_pixels)                               \
    {                                                                                                        \
        for (size_t done = 0; done < n_pixels; done += VTR_PATTERN_BLOCK) {                                  \
            size_t left = n_pixels - done, n_block = left < VTR_PATTERN_BLOCK ? left : VTR_PATTERN_BLOCK;    \
            double *restrict sum = pattern->real_sum + first + done;                                         \
            double *restrict squares = pattern->real_sum_of_squares + first + done;                          \
            double *restrict maximum = pattern->real_maximum + first + done;                                 \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const pixel_##TYPE *restrict frame = (const pixel_##TYPE *)frames[f] + offset + done;        \
                for (size_t i = 0; i < n_block; i++) {                                                       \
                    double value = (double)frame[i];                                                         \
                    sum[i] += value;                                                                         \
                    squares[i] += value * value;                                                             \
                    maximum[i] = value > maximum[i] ? value : maximum[i];                                    \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
    }

DEFINE_PATTERN_REAL(u32)
DEFINE_PATTERN_REAL(i32)
DEFINE_PATTERN_REAL(f32)
DEFINE_PATTERN_REAL(f64)

#define DEFINE_PATTERN_WHOLE(TYPE)                                                                           \
    static void pattern_whole_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n)              \
    {                                                                                                        \
        pattern_range_##TYPE(pattern, 0, frames, n, 0, pattern->n_pixels);                                   \
    }

DEFINE_PATTERN_WHOLE(i8)
DEFINE_PATTERN_WHOLE(i16)
DEFINE_PATTERN_WHOLE(u32)
DEFINE_PATTERN_WHOLE(i32)
DEFINE_PATTERN_WHOLE(f32)
DEFINE_PATTERN_WHOLE(f64)

/* Where no blocks are summed. */
INLINE void no_block(vtr_pattern *pattern, size_t block, size_t first, const void *const *frames, size_t n,
                     size_t offset)
{
    (void)pattern, (void)block, (void)first, (void)frames, (void)n, (void)offset;
}

#if HAS_BLOCK_SUMS

/* block_TYPE(pattern, block, first, frames, n, offset): 32 pixels from `offset` on to a block, whose first pixel is
 * `first`. Its 32-bit sums are emptied before they could overflow: a frame's square is below 2^20 weight. */
#define DEFINE_PATTERN_BLOCK(TYPE)                                                                           \
    INLINE void block_##TYPE(vtr_pattern *pattern, size_t block, size_t first, const void *const *frames,    \
                             size_t n, size_t offset)                                                        \
    {                                                                                                        \
        uint32_t sum[VTR_PATTERN_BLOCK], squares[VTR_PATTERN_BLOCK];                                         \
        vtr_pattern_block *restrict to = &pattern->blocks[block];                                            \
        unsigned weight = sum_block_##TYPE(frames, n, offset, sum, squares, to->maximum);                    \
        if (weight > VTR_PATTERN_FULL) {                                                                     \
            size_t width = vtr_pattern_block_width(pattern, first);                                          \
            pattern_range_##TYPE(pattern, first, frames, n, offset, width);                                  \
            return;                                                                                          \
        }                                                                                                    \
        if (pattern->weight[block] + weight > VTR_PATTERN_FULL) vtr_pattern_empty(pattern, block, first);    \
        pattern->weight[block] = (uint16_t)(pattern->weight[block] + weight);                                \
        for (size_t i = 0; i < VTR_PATTERN_BLOCK; i++) {                                                     \
            to->sum[i] += sum[i];                                                                            \
            to->squares[i] += squares[i];                                                                    \
        }                                                                                                    \
    }                                                                                                        \
    static void pattern_whole_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n)              \
    {                                                                                                        \
        pixel_##TYPE edge[VTR_LANES][VTR_TILE_X];                                                            \
        const void *edges[VTR_LANES];                                                                        \
        for (size_t first = 0, width; first < pattern->n_pixels; first += width) {                           \
            size_t block = vtr_pattern_block_of(pattern, first);                                             \
            width = vtr_pattern_block_width(pattern, first);                                                 \
            if (width < VTR_TILE_X) {                                                                        \
                copy_edges_##TYPE(edge, edges, frames, n, first, width);                                     \
                block_##TYPE(pattern, block, first, edges, n, 0);                                            \
            } else {                                                                                         \
                block_##TYPE(pattern, block, first, frames, n, first);                                       \
            }                                                                                                \
        }                                                                                                    \
    }

DEFINE_PATTERN_BLOCK(u8)
DEFINE_PATTERN_BLOCK(u16)

#else

DEFINE_PATTERN_WHOLE(u8)
DEFINE_PATTERN_WHOLE(u16)
#define block_u8 no_block
#define block_u16 no_block

#endif
