/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels of polar binning, included once for each instruction set (kernel_portable.c, kernel_avx2.c,
 * kernel_avx512.c) and the same to the bit in each: integer sums are exact, sums of doubles have one order,
 * and no product is contracted into an addition. The including file defines
 *   KERNELS            the name of the table
 *   load_block_u16(uint32_t out[32][16], const void *const frames[16], size_t offset, pixel_range *range)
 *                      and likewise i16, u8, i8: 32 pixels of 16 frames, widened to 32 bits and transposed
 *   load_block_u32     the same for 32-bit words of any kind
 *   HAS_BLOCK_SUMS     whether there is sum_block_u16 (block_sums_x86.h) */

#include <math.h>
#include <string.h>

#include "polar/polar_internal.h"

#define INLINE static inline __attribute__((always_inline))

#include "polar/kernel_tile.h"

#include "polar/kernel_pattern.h"

#include "polar/kernel_profile.h"

DEFINE_LOAD_TILE(u8, u8, uint32_t, block_u8)
DEFINE_LOAD_TILE(i8, i8, uint32_t, no_block)
DEFINE_LOAD_TILE(u16, u16, uint32_t, block_u16)
DEFINE_LOAD_TILE(i16, i16, uint32_t, no_block)
DEFINE_LOAD_TILE(u32, u32, uint32_t, no_block)
DEFINE_LOAD_TILE(i32, u32, uint32_t, no_block)
DEFINE_LOAD_TILE(f32, u32, uint32_t, no_block)
DEFINE_LOAD_TILE(f64, u64, uint64_t, no_block)

/* --- all tiles of sixteen frames -------------------------------------------------------------------------- */

/* Adds the rows of the tiles that begin at `tile` to the pattern, before the tiles are read: the memory is walked
 * through once. */
INLINE void add_strip(const vtr_polar_strips *strips, const vtr_polar_tile *tile, size_t det_x,
                      void (*add)(vtr_pattern *, size_t, const void *const *, size_t, size_t, size_t))
{
    if (strips == NULL || tile->x != 0) return;
    size_t first = tile->y * det_x;
    add(strips->pattern, first, strips->frames, strips->n_frames, first, tile->height * det_x);
}

/* bin_TYPE: WORD is what the loader leaves, ADD names the adder, VALUE is the pixels' type and SUM that of the sums;
 * where HAS_BLOCKS, a tile's pixels are added to the pattern as they are loaded. */
#define DEFINE_BIN(TYPE, WORD, ADD, VECTOR, VALUE, SUM, LOWEST, HIGHEST, HAS_RANGE, HAS_BLOCKS)              \
    static void bin_##TYPE(const vtr_polar_program *program, size_t det_x,                                   \
                           const void *const frames[VTR_LANES], vtr_polar_workspace *work,                   \
                           const vtr_polar_strips *strips)                                                   \
    {                                                                                                        \
        vtr_pattern *blocks = HAS_BLOCKS && strips != NULL ? strips->pattern : NULL;                         \
        VALUE limits[2][VTR_LANES];                                                                          \
        VECTOR range[2][VTR_LANES * sizeof(SUM) / VECTOR_BYTES];                                             \
        pixel_range block_range;                                                                             \
        pixel_range_start(&block_range);                                                                     \
        for (size_t lane = 0; lane < VTR_LANES; lane++) {                                                    \
            limits[0][lane] = HIGHEST;                                                                       \
            limits[1][lane] = LOWEST;                                                                        \
        }                                                                                                    \
        memcpy(range, limits, sizeof range);                                                                 \
        memset(work->cells, 0, program->n_cells *VTR_LANES * sizeof(SUM));                                   \
        for (size_t t = 0; t < program->n_tiles; t++) {                                                      \
            const vtr_polar_tile *tile = &program->tiles[t];                                                 \
            ahead next = share_below(program, tile, frames, det_x * sizeof(pixel_##TYPE));                   \
            bool has_range = HAS_RANGE && !tile->has_unused;                                                 \
            if (!HAS_BLOCKS) add_strip(strips, tile, det_x, pattern_range_##TYPE);                           \
            load_tile_##TYPE((WORD *)work->buffer, tile, det_x, frames, has_range ? &block_range : NULL,     \
                             &next, blocks, t *VTR_TILE_Y);                                                  \
            if (has_range)                                                                                   \
                add_tile_##ADD((SUM *)work->cells, work->buffer, range, program, tile, false, &next);        \
            else                                                                                             \
                add_tile_##ADD((SUM *)work->cells, work->buffer, range, program, tile, true, &next);         \
        }                                                                                                    \
        memcpy(limits, range, sizeof range);                                                                 \
        for (size_t lane = 0; lane < VTR_LANES; lane++) {                                                    \
            work->extremes[0][lane] = (double)limits[0][lane];                                               \
            work->extremes[1][lane] = (double)limits[1][lane];                                               \
        }                                                                                                    \
        if (HAS_RANGE) pixel_range_finish(&block_range, work->extremes);                                     \
    }

DEFINE_BIN(u8, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE,
           HAS_BLOCK_SUMS)
DEFINE_BIN(u16, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE,
           HAS_BLOCK_SUMS)
DEFINE_BIN(i8, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0, 0)
DEFINE_BIN(i16, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0, 0)
DEFINE_BIN(u32, uint32_t, wide_unsigned, v_f64, double, double, -INFINITY, INFINITY, 0, 0)
DEFINE_BIN(i32, uint32_t, wide_signed, v_f64, double, double, -INFINITY, INFINITY, 0, 0)
DEFINE_BIN(f32, uint32_t, float, v_f64, double, double, -INFINITY, INFINITY, 0, 0)
DEFINE_BIN(f64, uint64_t, double, v_f64, double, double, -INFINITY, INFINITY, 0, 0)

/* --- cells to bins and intervals --------------------------------------------------------------------------
 */

#define DEFINE_MERGE(NAME, SUM, TOTAL)                                                                       \
    static void merge_##NAME(const vtr_polar_plan *plan, vtr_polar_workspace *work, float *sums)             \
    {                                                                                                        \
        const vtr_polar_program *program = plan->program;                                                    \
        const SUM *cells = work->cells;                                                                      \
        for (size_t b = 0; b <= plan->n_bins; b++) {                                                         \
            size_t first = program->bin_first_cell[b], end = program->bin_first_cell[b + 1];                 \
            float *restrict row = sums + b * VTR_LANES;                                                      \
            if (end == first + 1) {                                                                          \
                for (size_t lane = 0; lane < VTR_LANES; lane++)                                              \
                    row[lane] = (float)cells[first * VTR_LANES + lane];                                      \
                continue;                                                                                    \
            }                                                                                                \
            double sum[VTR_LANES] = {0};                                                                     \
            for (size_t c = first; c < end; c++)                                                             \
                for (size_t lane = 0; lane < VTR_LANES; lane++)                                              \
                    sum[lane] += (double)cells[c * VTR_LANES + lane];                                        \
            for (size_t lane = 0; lane < VTR_LANES; lane++)                                                  \
                row[lane] = (float)sum[lane];                                                                \
        }                                                                                                    \
        memset(work->intervals, 0, program->n_intervals *VTR_LANES * sizeof *work->intervals);               \
        for (size_t r = 0; r < program->n_runs; r++) {                                                       \
            TOTAL sum[VTR_LANES] = {0};                                                                      \
            for (size_t c = program->runs[r].first_cell; c < program->runs[r + 1].first_cell; c++)           \
                for (size_t lane = 0; lane < VTR_LANES; lane++)                                              \
                    sum[lane] += (TOTAL)cells[c * VTR_LANES + lane];                                         \
            for (size_t lane = 0; lane < VTR_LANES; lane++)                                                  \
                work->intervals[program->runs[r].interval * VTR_LANES + lane] += (double)sum[lane];          \
        }                                                                                                    \
    }

DEFINE_MERGE(unsigned, uint32_t, uint64_t)
DEFINE_MERGE(signed, int32_t, int64_t)
DEFINE_MERGE(real, double, double)

const vtr_polar_kernels KERNELS = {
    .bin = {[VTR_TYPE_U8] = bin_u8,
            [VTR_TYPE_U16] = bin_u16,
            [VTR_TYPE_U32] = bin_u32,
            [VTR_TYPE_I8] = bin_i8,
            [VTR_TYPE_I16] = bin_i16,
            [VTR_TYPE_I32] = bin_i32,
            [VTR_TYPE_F32] = bin_f32,
            [VTR_TYPE_F64] = bin_f64},
    .merge_unsigned = merge_unsigned,
    .merge_signed = merge_signed,
    .merge_real = merge_real,
    .pattern_add = {[VTR_TYPE_U8] = pattern_whole_u8,
                    [VTR_TYPE_U16] = pattern_whole_u16,
                    [VTR_TYPE_U32] = pattern_whole_u32,
                    [VTR_TYPE_I8] = pattern_whole_i8,
                    [VTR_TYPE_I16] = pattern_whole_i16,
                    [VTR_TYPE_I32] = pattern_whole_i32,
                    [VTR_TYPE_F32] = pattern_whole_f32,
                    [VTR_TYPE_F64] = pattern_whole_f64},
    .profile_reach = profile_reach,
    .profile = profile,
    .profile_finish = profile_finish,
};
