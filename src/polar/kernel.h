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

INLINE void load_block_u64(uint64_t *restrict out, const uint64_t *const rows[VTR_LANES], pixel_range *range)
{
    (void)range;
    for (size_t x = 0; x < VTR_TILE_X; x++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            out[x * VTR_LANES + lane] = rows[lane][x];
}

/* load_tile_NAME(buffer, tile, det_x, frames): a tile narrower than a block is completed with zeros, which no
 * segment names. */
#define DEFINE_LOAD_TILE(NAME, PIXEL, VALUE)                                                                 \
    INLINE void load_tile_##NAME(VALUE *restrict buffer, const vtr_polar_tile *tile, size_t det_x,           \
                                 const void *const frames[VTR_LANES], pixel_range *range)                    \
    {                                                                                                        \
        PIXEL edge[VTR_LANES][VTR_TILE_X];                                                                   \
        const PIXEL *rows[VTR_LANES];                                                                        \
        if (tile->width < VTR_TILE_X) memset(edge, 0, sizeof edge);                                          \
        for (size_t y = 0; y < tile->height; y++) {                                                          \
            size_t offset = (tile->y + y) * det_x + tile->x;                                                 \
            for (size_t lane = 0; lane < VTR_LANES; lane++)                                                  \
                rows[lane] = (const PIXEL *)frames[lane] + offset;                                           \
            if (tile->width < VTR_TILE_X) {                                                                  \
                for (size_t lane = 0; lane < VTR_LANES; lane++) {                                            \
                    memcpy(edge[lane], rows[lane], tile->width * sizeof(PIXEL));                             \
                    rows[lane] = edge[lane];                                                                 \
                }                                                                                            \
            }                                                                                                \
            load_block_##NAME(buffer + y * VTR_TILE_X * VTR_LANES, rows, range);                             \
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

/* --- all tiles of sixteen frames -------------------------------------------------------------------------- */

/* bin_TYPE: LOAD names the loader, WORD its element, ADD the adder, VALUE the pixels' type and SUM that of the sums.
 */
#define DEFINE_BIN(TYPE, LOAD, WORD, ADD, VECTOR, VALUE, SUM, LOWEST, HIGHEST, HAS_RANGE)                    \
    static void bin_##TYPE(const vtr_polar_program *program, size_t det_x,                                   \
                           const void *const frames[VTR_LANES], vtr_polar_workspace *work)                   \
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
            const vtr_polar_tile *tile = &program->tiles[t];                                                 \
            if (HAS_RANGE && !tile->has_unused) {                                                            \
                load_tile_##LOAD((WORD *)work->buffer, tile, det_x, frames, &block_range);                   \
                add_tile_##ADD((SUM *)work->cells, (const WORD *)work->buffer, range, program, tile, false); \
            } else {                                                                                         \
                load_tile_##LOAD((WORD *)work->buffer, tile, det_x, frames, NULL);                           \
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

DEFINE_BIN(u8, u8, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE)
DEFINE_BIN(u16, u16, uint32_t, unsigned, v_u32, uint32_t, uint32_t, 0, UINT32_MAX, BLOCKS_HAVE_RANGE)
DEFINE_BIN(i8, i8, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0)
DEFINE_BIN(i16, i16, uint32_t, signed, v_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX, 0)
DEFINE_BIN(u32, u32, uint32_t, wide_unsigned, v_f64, double, double, -INFINITY, INFINITY, 0)
DEFINE_BIN(i32, u32, uint32_t, wide_signed, v_f64, double, double, -INFINITY, INFINITY, 0)
DEFINE_BIN(f32, u32, uint32_t, float, v_f64, double, double, -INFINITY, INFINITY, 0)
DEFINE_BIN(f64, u64, uint64_t, double, v_f64, double, double, -INFINITY, INFINITY, 0)

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

/* --- sums over the frames at each pixel -------------------------------------------------------------------
 */

enum { PATTERN_BLOCK = 64 };

/* Pixels in blocks whose sums stay in registers or the first cache while the frames go by. */
#define DEFINE_PATTERN_INTEGER(TYPE, PIXEL, SUM, MAXIMUM)                                                    \
    static void pattern_add_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n)                \
    {                                                                                                        \
        MAXIMUM *maximum = (MAXIMUM *)pattern->maximum;                                                      \
        for (size_t first = 0; first < pattern->n_pixels; first += PATTERN_BLOCK) {                          \
            size_t n_block =                                                                                 \
                pattern->n_pixels - first < PATTERN_BLOCK ? pattern->n_pixels - first : PATTERN_BLOCK;       \
            SUM sum[PATTERN_BLOCK] = {0};                                                                    \
            uint64_t squares[PATTERN_BLOCK] = {0};                                                           \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const PIXEL *restrict frame = (const PIXEL *)frames[f] + first;                              \
                for (size_t i = 0; i < n_block; i++) {                                                       \
                    SUM value = (SUM)frame[i];                                                               \
                    sum[i] += value;                                                                         \
                    squares[i] += (uint32_t)(value * value);                                                 \
                }                                                                                            \
                for (size_t i = 0; i < n_block; i++)                                                         \
                    maximum[first + i] = frame[i] > maximum[first + i] ? frame[i] : maximum[first + i];      \
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

#define DEFINE_PATTERN_REAL(TYPE, PIXEL)                                                                     \
    static void pattern_add_##TYPE(vtr_pattern *pattern, const void *const *frames, size_t n)                \
    {                                                                                                        \
        double *restrict sum = pattern->real_sum, *restrict squares = pattern->real_sum_of_squares;          \
        double *restrict maximum = pattern->real_maximum;                                                    \
        for (size_t first = 0; first < pattern->n_pixels; first += PATTERN_BLOCK) {                          \
            size_t end =                                                                                     \
                pattern->n_pixels - first < PATTERN_BLOCK ? pattern->n_pixels : first + PATTERN_BLOCK;       \
            for (size_t f = 0; f < n; f++) {                                                                 \
                const PIXEL *restrict frame = frames[f];                                                     \
                for (size_t i = first; i < end; i++) {                                                       \
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

/* --- radial profiles --------------------------------------------------------------------------------------
 */

/* x = (rho - r_first) / step of one bin in each lane. Where the shift and the strain are small against the
 * radius
 * (`is_near`), the root is its series to the third order in q = rho^2 / r^2 - 1, right to 1e-7 for |q| <
 * 0.04. */
INLINE void bin_positions(float x[VTR_LANES], const vtr_profile_task *task, const vtr_profile_bin *bin,
                          bool is_near)
{
    const vtr_profile_lanes *a = task->lanes;
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        float u = a->axx[lane] * bin->x + a->axy[lane] * bin->y - a->tx[lane];
        float v = a->axy[lane] * bin->x + a->ayy[lane] * bin->y - a->ty[lane];
        float rho_squared = u * u + v * v, rho;
        if (is_near) {
            float q = rho_squared * bin->inv_radius_squared - 1;
            rho = bin->radius + bin->radius * (q * (0.5f - q * (0.125f - q * 0.0625f)));
        } else {
            rho = sqrtf(rho_squared);
        }
        x[lane] = (rho - task->r_first) * task->inv_step;
    }
}

INLINE void add_to_row(float *restrict row, const float weight[VTR_LANES], const float sum[VTR_LANES],
                       float n_pixels, float speckle)
{
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        float w = weight[lane], wn = w * n_pixels;
        row[lane] += w * sum[lane];
        row[VTR_LANES + lane] += wn;
        row[2 * VTR_LANES + lane] += w * wn;
        if (speckle >= 0) row[3 * VTR_LANES + lane] += w * w * speckle;
    }
}

/* The usual case: all lanes of a bin fall between `base` and base + 2. */
INLINE void split_in_three(float *rows, const float x[VTR_LANES], int base, const float sum[VTR_LANES],
                           float n_pixels, float speckle)
{
    float weight[3][VTR_LANES];
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        float place = x[lane] - (float)base, before = 1 - place, after = place - 1;
        before = before > 0 ? before : 0;
        after = after > 0 ? after : 0;
        weight[0][lane] = before;
        weight[2][lane] = after;
        weight[1][lane] = 1 - before - after;
    }
    for (int k = 0; k < 3; k++)
        add_to_row(rows + (VTR_PROFILE_MARGIN + base + k) * VTR_PROFILE_ROW, weight[k], sum, n_pixels,
                   speckle);
}

INLINE void split(float *rows, const float x[VTR_LANES], int first, int end, const float sum[VTR_LANES],
                  float n_pixels, float speckle)
{
    for (int j = first; j < end; j++) {
        float weight[VTR_LANES];
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            float w = 1 - fabsf(x[lane] - (float)j);
            weight[lane] = w > 0 ? w : 0;
        }
        add_to_row(rows + (VTR_PROFILE_MARGIN + j) * VTR_PROFILE_ROW, weight, sum, n_pixels, speckle);
    }
}

INLINE void profile_with(const vtr_profile_task *task, bool has_speckle)
{
    int n = (int)task->n;
    for (size_t b = 0; b < task->n_bins; b++) {
        const vtr_profile_bin *bin = &task->bins[b];
        int base = task->base[b], slots = task->slots[b];
        if (slots == 0 || base >= n || base + slots <= 0) continue;
        float x[VTR_LANES], sum[VTR_LANES];
        if (task->is_near[b])
            bin_positions(x, task, bin, true);
        else
            bin_positions(x, task, bin, false);
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            sum[lane] = task->sums[b * VTR_LANES + lane] - bin->n_pixels * task->offset;
        float speckle = has_speckle ? bin->n_pixels * bin->n_pixels * task->speckle[b] : -1;
        if (slots == 3)
            split_in_three(task->rows, x, base, sum, bin->n_pixels, speckle);
        else
            split(task->rows, x, base > 0 ? base : 0, base + slots < n ? base + slots : n, sum, bin->n_pixels,
                  speckle);
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
    .pattern_add = {[VTR_TYPE_U8] = pattern_add_u8,
                    [VTR_TYPE_U16] = pattern_add_u16,
                    [VTR_TYPE_U32] = pattern_add_u32,
                    [VTR_TYPE_I8] = pattern_add_i8,
                    [VTR_TYPE_I16] = pattern_add_i16,
                    [VTR_TYPE_I32] = pattern_add_i32,
                    [VTR_TYPE_F32] = pattern_add_f32,
                    [VTR_TYPE_F64] = pattern_add_f64},
    .profile = profile,
};
