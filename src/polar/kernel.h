/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels of polar binning, included once for each instruction set (kernel_portable.c, kernel_avx2.c,
 * kernel_avx512.c) and the same to the bit in each: integer sums are exact, sums of doubles have one order,
 * and no product is contracted into an addition. The including file defines KERNELS             the name of
 * the table load_block_u16(uint32_t out[32][16], const uint16_t *const rows[16]) and likewise i16, u8, i8: 32
 * pixels of 16 frames, widened to 32 bits and transposed load_block_u32      the same for 32-bit words of any
 * kind. */

#include <math.h>
#include <string.h>

#include "polar/polar_internal.h"

#define INLINE static inline __attribute__((always_inline))

/* --- one tile into the buffer -----------------------------------------------------------------------------
 */

INLINE void load_block_u64(uint64_t *restrict out, const void *const frames[VTR_LANES], size_t offset,
                           pixel_range *range)
{
    (void)range;
    for (size_t x = 0; x < VTR_TILE_X; x++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            out[x * VTR_LANES + lane] = ((const uint64_t *)frames[lane])[offset + x];
}

/* Calls for one cache line of each frame. */
INLINE void prefetch_rows(const void *const frames[VTR_LANES], size_t offset_bytes)
{
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        __builtin_prefetch((const char *)frames[lane] + offset_bytes);
}

/* load_tile_NAME(buffer, tile, det_x, frames, range, next): a tile narrower than a block is completed with zeros, which
 * no segment names. Meanwhile the memory at the tile after it, `next`, is called for. */
#define DEFINE_LOAD_TILE(NAME, PIXEL, VALUE)                                                                 \
    INLINE void load_tile_##NAME(VALUE *restrict buffer, const vtr_polar_tile *tile, size_t det_x,           \
                                 const void *const frames[VTR_LANES], pixel_range *range,                    \
                                 const vtr_polar_tile *next)                                                 \
    {                                                                                                        \
        PIXEL edge[VTR_LANES][VTR_TILE_X];                                                                   \
        const void *edges[VTR_LANES];                                                                        \
        if (tile->width < VTR_TILE_X) memset(edge, 0, sizeof edge);                                          \
        for (size_t y = 0; y < tile->height; y++) {                                                          \
            VALUE *out = buffer + y * VTR_TILE_X * VTR_LANES;                                                \
            size_t offset = (tile->y + y) * det_x + tile->x;                                                 \
            if (y < next->height) prefetch_rows(frames, ((next->y + y) * det_x + next->x) * sizeof(PIXEL));  \
            if (tile->width == VTR_TILE_X) {                                                                 \
                load_block_##NAME(out, frames, offset, range);                                               \
                continue;                                                                                    \
            }                                                                                                \
            for (size_t lane = 0; lane < VTR_LANES; lane++) {                                                \
                memcpy(edge[lane], (const PIXEL *)frames[lane] + offset, tile->width * sizeof(PIXEL));       \
                edges[lane] = edge[lane];                                                                    \
            }                                                                                                \
            load_block_##NAME(out, edges, 0, range);                                                         \
        }                                                                                                    \
    }

DEFINE_LOAD_TILE(u8, uint8_t, uint32_t)
DEFINE_LOAD_TILE(i8, int8_t, uint32_t)
DEFINE_LOAD_TILE(u16, uint16_t, uint32_t)
DEFINE_LOAD_TILE(i16, int16_t, uint32_t)
DEFINE_LOAD_TILE(u32, uint32_t, uint32_t)
DEFINE_LOAD_TILE(u64, uint64_t, uint64_t)

/* --- its segments to the cells ---------------------------------------------------------------------------- */

typedef uint32_t v_u32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t v_i32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double v_f64 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int64_t v_i64 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint32_t half_u32 __attribute__((vector_size(VECTOR_BYTES / 2), may_alias));
typedef int32_t half_i32 __attribute__((vector_size(VECTOR_BYTES / 2), may_alias));
typedef float half_f32 __attribute__((vector_size(VECTOR_BYTES / 2), may_alias));

enum { LANES_32 = VECTOR_BYTES / 4, LANES_64 = VECTOR_BYTES / 8 };

/* Every lane where `mask` is set from `a`, else from `b`. */
#define SELECT(TYPE, mask, a, b) ((TYPE)(((mask) & (v_i64)(a)) | (~(mask) & (v_i64)(b))))

/* All segments of one length, of 16-bit pixels and narrower. Extremes only where `has_range`, else the loader has
 * them. */
#define DEFINE_ADD_SEGMENTS(NAME, VECTOR)                                                                    \
    INLINE void add_segments_##NAME(uint32_t *restrict cells, const uint32_t *restrict buffer,               \
                                    VECTOR range[2][VTR_LANES / LANES_32], const uint32_t *cell,             \
                                    const uint16_t *pixel, size_t n, size_t length, bool has_range)          \
    {                                                                                                        \
        for (size_t i = 0; i < n; i++, pixel += length) {                                                    \
            VECTOR *row = (VECTOR *)(cells + (size_t)cell[i] * VTR_LANES);                                   \
            _Pragma("GCC unroll 4") for (size_t part = 0; part < VTR_LANES / LANES_32; part++)               \
            {                                                                                                \
                VECTOR sum = {0};                                                                            \
                _Pragma("GCC unroll 8") for (size_t k = 0; k < length; k++)                                  \
                {                                                                                            \
                    VECTOR value = *(const VECTOR *)(buffer + pixel[k] + part * LANES_32);                   \
                    sum += value;                                                                            \
                    if (!has_range) continue;                                                                \
                    range[0][part] = SELECT(VECTOR, (v_i64)(value < range[0][part]), value, range[0][part]); \
                    range[1][part] = SELECT(VECTOR, (v_i64)(value > range[1][part]), value, range[1][part]); \
                }                                                                                            \
                row[part] += sum;                                                                            \
            }                                                                                                \
        }                                                                                                    \
    }

/* The others, in double: `sum` is added to its cell as a whole, so the order of additions is that of the program
 * with any kernel. */
#define DEFINE_ADD_WIDE(NAME, WORD, HALF)                                                                    \
    INLINE void add_segments_##NAME(double *restrict cells, const WORD *restrict buffer,                     \
                                    v_f64 range[2][VTR_LANES / LANES_64], const uint32_t *cell,              \
                                    const uint16_t *pixel, size_t n, size_t length, bool has_range)          \
    {                                                                                                        \
        (void)has_range;                                                                                     \
        for (size_t i = 0; i < n; i++, pixel += length) {                                                    \
            v_f64 *row = (v_f64 *)(cells + (size_t)cell[i] * VTR_LANES);                                     \
            _Pragma("GCC unroll 8") for (size_t part = 0; part < VTR_LANES / LANES_64; part++)               \
            {                                                                                                \
                v_f64 sum = {0};                                                                             \
                _Pragma("GCC unroll 8") for (size_t k = 0; k < length; k++)                                  \
                {                                                                                            \
                    HALF narrow = *(const HALF *)(buffer + pixel[k] + part * LANES_64);                      \
                    v_f64 value = __builtin_convertvector(narrow, v_f64);                                    \
                    sum += value;                                                                            \
                    range[0][part] = SELECT(v_f64, (v_i64)(value < range[0][part]), value, range[0][part]);  \
                    range[1][part] = SELECT(v_f64, (v_i64)(value > range[1][part]), value, range[1][part]);  \
                }                                                                                            \
                row[part] += sum;                                                                            \
            }                                                                                                \
        }                                                                                                    \
    }

#define ADD_LENGTH(NAME, LENGTH)                                                                             \
    add_segments_##NAME(cells, buffer, range, cell, pixel, tile->n_segments[LENGTH - 1], LENGTH, has_range); \
    cell += tile->n_segments[LENGTH - 1];                                                                    \
    pixel += (size_t)tile->n_segments[LENGTH - 1] * LENGTH;

#define DEFINE_ADD_TILE(NAME, WORD, SUM, VECTOR)                                                             \
    INLINE void add_tile_##NAME(                                                                             \
        SUM *restrict cells, const WORD *restrict buffer, VECTOR range[2][16 * sizeof(SUM) / VECTOR_BYTES],  \
        const vtr_polar_program *program, const vtr_polar_tile *tile, bool has_range)                        \
    {                                                                                                        \
        const uint32_t *cell = program->segment_cell + tile->first_segment;                                  \
        const uint16_t *pixel = program->pixel + tile->first_pixel;                                          \
        _Static_assert(VTR_SEGMENT_MAX == 8, "one line for each length");                                    \
        ADD_LENGTH(NAME, 1)                                                                                  \
        ADD_LENGTH(NAME, 2)                                                                                  \
        ADD_LENGTH(NAME, 3)                                                                                  \
        ADD_LENGTH(NAME, 4)                                                                                  \
        ADD_LENGTH(NAME, 5)                                                                                  \
        ADD_LENGTH(NAME, 6)                                                                                  \
        ADD_LENGTH(NAME, 7)                                                                                  \
        ADD_LENGTH(NAME, 8)                                                                                  \
    }

DEFINE_ADD_SEGMENTS(unsigned, v_u32)
DEFINE_ADD_SEGMENTS(signed, v_i32)
DEFINE_ADD_WIDE(wide_unsigned, uint32_t, half_u32)
DEFINE_ADD_WIDE(wide_signed, uint32_t, half_i32)
DEFINE_ADD_WIDE(float, uint32_t, half_f32)
DEFINE_ADD_WIDE(double, uint64_t, v_f64)
DEFINE_ADD_TILE(unsigned, uint32_t, uint32_t, v_u32)
DEFINE_ADD_TILE(signed, uint32_t, uint32_t, v_i32)
DEFINE_ADD_TILE(wide_unsigned, uint32_t, double, v_f64)
DEFINE_ADD_TILE(wide_signed, uint32_t, double, v_f64)
DEFINE_ADD_TILE(float, uint32_t, double, v_f64)
DEFINE_ADD_TILE(double, uint64_t, double, v_f64)

/* --- sums over the frames at each pixel -------------------------------------------------------------------
 */

/* Pixels first ... end - 1 in 64-bit sums. */
#define DEFINE_PATTERN_INTEGER(TYPE, PIXEL, SUM, MAXIMUM)                                                    \
    static void pattern_range_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n,              \
                                     size_t first, size_t end)                                               \
    {                                                                                                        \
        MAXIMUM *maximum = (MAXIMUM *)pattern->maximum;                                                      \
        for (; first < end; first += VTR_PATTERN_BLOCK) {                                                    \
            size_t n_block = end - first < VTR_PATTERN_BLOCK ? end - first : VTR_PATTERN_BLOCK;              \
            SUM sum[VTR_PATTERN_BLOCK] = {0};                                                                \
            uint64_t squares[VTR_PATTERN_BLOCK] = {0};                                                       \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const PIXEL *restrict frame = (const PIXEL *)frames[f] + first;                              \
                for (size_t i = 0; i < n_block; i++) {                                                       \
                    SUM value = (SUM)frame[i];                                                               \
                    sum[i] += value;                                                                         \
                    squares[i] += (uint32_t)(value * value);                                                 \
                    maximum[first + i] = frame[i] > maximum[first + i] ? frame[i] : maximum[first + i];      \
                }                                                                                            \
            }                                                                                                \
            for (size_t i = 0; i < n_block; i++) {                                                           \
                pattern->sum[first + i] += sum[i];                                                           \
                pattern->sum_of_squares[first + i] += squares[i];                                            \
            }                                                                                                \
        }                                                                                                    \
    }

DEFINE_PATTERN_INTEGER(u8, uint8_t, uint32_t, uint16_t)
DEFINE_PATTERN_INTEGER(u16, uint16_t, uint32_t, uint16_t)
DEFINE_PATTERN_INTEGER(i8, int8_t, int32_t, int16_t)
DEFINE_PATTERN_INTEGER(i16, int16_t, int32_t, int16_t)

#if HAS_BLOCK_SUMS

/* The recent sums of a block to the 64-bit ones. */
static void flush_block(vtr_pattern *pattern, size_t block)
{
    for (size_t i = block * VTR_PATTERN_BLOCK; i < (block + 1) * VTR_PATTERN_BLOCK; i++) {
        pattern->sum[i] += pattern->recent_sum[i];
        pattern->sum_of_squares[i] += pattern->recent_squares[i];
        pattern->recent_sum[i] = pattern->recent_squares[i] = 0;
    }
    pattern->n_recent[block] = 0;
}

/* Sixteen frames' sums and squares fit into 32 bits where no pixel is above 16383; where all are small, those of
 * many batches do, which halves the memory that is walked through. */
#define DEFINE_PATTERN_BLOCKS(TYPE)                                                                          \
    static void pattern_blocks_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n,             \
                                      size_t first, size_t end)                                              \
    {                                                                                                        \
        for (; first + VTR_PATTERN_BLOCK <= end; first += VTR_PATTERN_BLOCK) {                               \
            uint32_t sum[VTR_PATTERN_BLOCK], squares[VTR_PATTERN_BLOCK];                                     \
            int size = sum_block_##TYPE(frames, n, first, sum, squares, pattern->maximum + first);           \
            if (size == BLOCK_SMALL) {                                                                       \
                uint32_t *restrict to = pattern->recent_sum + first;                                         \
                uint32_t *restrict to_squares = pattern->recent_squares + first;                             \
                for (size_t i = 0; i < VTR_PATTERN_BLOCK; i++) {                                             \
                    to[i] += sum[i];                                                                         \
                    to_squares[i] += squares[i];                                                             \
                }                                                                                            \
                size_t block = first / VTR_PATTERN_BLOCK;                                                    \
                if (++pattern->n_recent[block] == 255) flush_block(pattern, block);                          \
            } else if (size == BLOCK_FITS) {                                                                 \
                for (size_t i = 0; i < VTR_PATTERN_BLOCK; i++) {                                             \
                    pattern->sum[first + i] += sum[i];                                                       \
                    pattern->sum_of_squares[first + i] += squares[i];                                        \
                }                                                                                            \
            } else {                                                                                         \
                pattern_range_##TYPE(pattern, frames, n, first, first + VTR_PATTERN_BLOCK);                  \
            }                                                                                                \
        }                                                                                                    \
        pattern_range_##TYPE(pattern, frames, n, first, end);                                                \
    }

DEFINE_PATTERN_BLOCKS(u8)
DEFINE_PATTERN_BLOCKS(u16)

#else

#define pattern_blocks_u8 pattern_range_u8
#define pattern_blocks_u16 pattern_range_u16

#endif

#define DEFINE_PATTERN_REAL(TYPE, PIXEL)                                                                     \
    static void pattern_range_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n,              \
                                     size_t first, size_t end)                                               \
    {                                                                                                        \
        double *restrict sum = pattern->real_sum, *restrict squares = pattern->real_sum_of_squares;          \
        double *restrict maximum = pattern->real_maximum;                                                    \
        for (; first < end; first += VTR_PATTERN_BLOCK) {                                                    \
            size_t block_end = end - first < VTR_PATTERN_BLOCK ? end : first + VTR_PATTERN_BLOCK;            \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const PIXEL *restrict frame = frames[f];                                                     \
                for (size_t i = first; i < block_end; i++) {                                                 \
                    double value = (double)frame[i];                                                         \
                    sum[i] += value;                                                                         \
                    squares[i] += value * value;                                                             \
                    maximum[i] = value > maximum[i] ? value : maximum[i];                                    \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
    }

DEFINE_PATTERN_REAL(u32, uint32_t)
DEFINE_PATTERN_REAL(i32, int32_t)
DEFINE_PATTERN_REAL(f32, float)
DEFINE_PATTERN_REAL(f64, double)

/* --- all tiles of sixteen frames -------------------------------------------------------------------------- */

/* Adds the rows of the tiles that begin at `tile` to the pattern, before the tiles are read: the memory is walked
 * through once. Whole blocks, so that a strip may take a few pixels of the next or leave them to it. */
INLINE void add_strip(const vtr_polar_strips *strips, const vtr_polar_tile *tile, size_t det_x,
                      void (*add)(vtr_pattern *, const void *const *, size_t, size_t, size_t))
{
    if (strips == NULL || tile->x != 0) return;
    size_t n_pixels = strips->pattern->n_pixels, first = tile->y * det_x,
           end = (tile->y + tile->height) * det_x;
    first -= first % VTR_PATTERN_BLOCK;
    if (end < n_pixels) end -= end % VTR_PATTERN_BLOCK;
    add(strips->pattern, strips->frames, strips->n_frames, first, end);
}

/* bin_TYPE: LOAD names the loader, WORD its element, ADD the adder, VALUE the pixels' type and SUM that of the sums.
 */
#define DEFINE_BIN(TYPE, LOAD, WORD, ADD, VECTOR, VALUE, SUM, LOWEST, HIGHEST, HAS_RANGE, PATTERN)           \
    static void bin_##TYPE(const vtr_polar_program *program, size_t det_x,                                   \
                           const void *const frames[VTR_LANES], vtr_polar_workspace *work,                   \
                           const vtr_polar_strips *strips)                                                   \
    {                                                                                                        \
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
            const vtr_polar_tile *tile = &program->tiles[t], *next = tile + (t + 1 < program->n_tiles);      \
            add_strip(strips, tile, det_x, PATTERN);                                                         \
            if (HAS_RANGE && !tile->has_unused) {                                                            \
                load_tile_##LOAD((WORD *)work->buffer, tile, det_x, frames, &block_range, next);             \
                add_tile_##ADD((SUM *)work->cells, (const WORD *)work->buffer, range, program, tile, false); \
            } else {                                                                                         \
                load_tile_##LOAD((WORD *)work->buffer, tile, det_x, frames, NULL, next);                     \
                add_tile_##ADD((SUM *)work->cells, (const WORD *)work->buffer, range, program, tile, true);  \
            }                                                                                                \
        }                                                                                                    \
        memcpy(limits, range, sizeof range);                                                                 \
        for (size_t lane = 0; lane < VTR_LANES; lane++) {                                                    \
            work->extremes[0][lane] = (double)limits[0][lane];                                               \
            work->extremes[1][lane] = (double)limits[1][lane];                                               \
        }                                                                                                    \
        if (HAS_RANGE) pixel_range_finish(&block_range, work->extremes);                                     \
    }

DEFINE_BIN(u8, u8, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE,
           pattern_blocks_u8)
DEFINE_BIN(u16, u16, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE,
           pattern_blocks_u16)
DEFINE_BIN(i8, i8, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0, pattern_range_i8)
DEFINE_BIN(i16, i16, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0, pattern_range_i16)
DEFINE_BIN(u32, u32, uint32_t, wide_unsigned, v_f64, double, double, -INFINITY, INFINITY, 0,
           pattern_range_u32)
DEFINE_BIN(i32, u32, uint32_t, wide_signed, v_f64, double, double, -INFINITY, INFINITY, 0, pattern_range_i32)
DEFINE_BIN(f32, u32, uint32_t, float, v_f64, double, double, -INFINITY, INFINITY, 0, pattern_range_f32)
DEFINE_BIN(f64, u64, uint64_t, double, v_f64, double, double, -INFINITY, INFINITY, 0, pattern_range_f64)

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

/* --- radial profiles -------------------------------------------------------------------------------------- */

typedef float v_f32 __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* For each bin the samples base ... base + slots - 1 that it can reach in any lane. A hundredth of a sample stands
 * for rounding. */
static void profile_reach(vtr_profile_task *task, const vtr_profile_spread *s)
{
    const vtr_profile_points *points = task->points;
    for (size_t b = 0; b < task->n_bins; b++) {
        float x = points->x[b], y = points->y[b];
        float u = s->axx * x + s->axy * y - s->tx, v = s->axy * x + s->ayy * y - s->ty;
        float squared = u * u + v * v, middle = sqrtf(squared);
        float spread = points->radius[b] * s->matrix + s->shift;
        float place = (middle - task->r_first) * task->inv_step, reach = spread * task->inv_step + 0.01f;
        place = place > 1e6f ? 1e6f : place;
        reach = reach > 1e6f ? 1e6f : reach;
        float base = floorf(place - reach);
        task->base[b] = base;
        task->slots[b] = points->n_pixels[b] > 0 ? ceilf(2 * reach) + 2 : 0;
        task->place[b] = place - base;
        task->scale[b] = middle * task->inv_step;
        task->inv_squared[b] = spread < 0.018f * middle ? 1 / squared : 0;
    }
}

/* Where a bin falls in each lane, in samples after its base. rho is sqrt(rho_m^2 (1 + q)), rho_m that of the middle of
 * the lanes; the series to the third order in q is right to 1e-7 for |q| < 0.04. Where the lanes differ by more the
 * root itself is taken. */
INLINE v_f32 bin_place(const vtr_profile_task *task, size_t b, size_t part)
{
    const vtr_profile_lanes *a = task->lanes;
    v_f32 axx = *(const v_f32 *)(a->axx + part * LANES_32), ayy = *(const v_f32 *)(a->ayy + part * LANES_32);
    v_f32 axy = *(const v_f32 *)(a->axy + part * LANES_32), tx = *(const v_f32 *)(a->tx + part * LANES_32);
    v_f32 ty = *(const v_f32 *)(a->ty + part * LANES_32);
    float x = task->points->x[b], y = task->points->y[b];
    v_f32 u = axx * x + axy * y - tx, v = axy * x + ayy * y - ty, squared = u * u + v * v;
    if (task->inv_squared[b] > 0) {
        v_f32 q = squared * task->inv_squared[b] - 1;
        return task->scale[b] * (q * (0.5f - q * (0.125f - q * 0.0625f))) + task->place[b];
    }
    for (size_t lane = 0; lane < LANES_32; lane++)
        squared[lane] = sqrtf(squared[lane]);
    return (squared - task->r_first) * task->inv_step - task->base[b];
}

/* The weight w of a bin at one sample: row += {w s, w n, w^2 n, w^2 n^2 speckle}. */
INLINE void add_to_row(float *row, v_f32 w, v_f32 sum, float n_pixels, float speckle, bool has_speckle)
{
    v_f32 wn = w * n_pixels, wwn = w * wn;
    *(v_f32 *)row += w * sum;
    *(v_f32 *)(row + VTR_LANES) += wn;
    *(v_f32 *)(row + 2 * VTR_LANES) += wwn;
    if (has_speckle) *(v_f32 *)(row + 3 * VTR_LANES) += wwn * speckle;
}

INLINE void profile_with(const vtr_profile_task *task, bool has_speckle)
{
    float n = (float)task->n;
    v_f32 zero = {0};
    for (size_t b = 0; b < task->n_bins; b++) {
        float base = task->base[b], slots = task->slots[b], n_pixels = task->points->n_pixels[b];
        if (slots == 0 || base >= n || base + slots <= 0) continue;
        float dark = n_pixels * task->offset, speckle = has_speckle ? n_pixels * task->speckle[b] : 0;
        float *rows = task->rows + (VTR_PROFILE_MARGIN + (ptrdiff_t)base) * VTR_PROFILE_ROW;
        _Pragma("GCC unroll 4") for (size_t part = 0; part < VTR_LANES / LANES_32; part++)
        {
            v_f32 place = bin_place(task, b, part);
            v_f32 sum = *(const v_f32 *)(task->sums + b * VTR_LANES + part * LANES_32) - dark;
            float *row = rows + part * LANES_32;
            if (slots == 3) {
                v_f32 before = VECTOR_MAX(1 - place, zero), after = VECTOR_MAX(place - 1, zero);
                add_to_row(row, before, sum, n_pixels, speckle, has_speckle);
                add_to_row(row + VTR_PROFILE_ROW, 1 - before - after, sum, n_pixels, speckle, has_speckle);
                add_to_row(row + 2 * VTR_PROFILE_ROW, after, sum, n_pixels, speckle, has_speckle);
                continue;
            }
            ptrdiff_t first = base < 0 ? -(ptrdiff_t)base : 0;
            ptrdiff_t end = (ptrdiff_t)(base + slots > n ? n - base : slots);
            for (ptrdiff_t k = first; k < end; k++) {
                v_f32 away = place - (float)k, weight = 1 - VECTOR_MAX(away, -away);
                add_to_row(row + k * VTR_PROFILE_ROW, VECTOR_MAX(weight, zero), sum, n_pixels, speckle,
                           has_speckle);
            }
        }
    }
}

static void profile(const vtr_profile_task *task)
{
    if (task->speckle != NULL)
        profile_with(task, true);
    else
        profile_with(task, false);
}

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
    .pattern_add = {[VTR_TYPE_U8] = pattern_blocks_u8,
                    [VTR_TYPE_U16] = pattern_blocks_u16,
                    [VTR_TYPE_U32] = pattern_range_u32,
                    [VTR_TYPE_I8] = pattern_range_i8,
                    [VTR_TYPE_I16] = pattern_range_i16,
                    [VTR_TYPE_I32] = pattern_range_i32,
                    [VTR_TYPE_F32] = pattern_range_f32,
                    [VTR_TYPE_F64] = pattern_range_f64},
    .profile_reach = profile_reach,
    .profile = profile,
};
