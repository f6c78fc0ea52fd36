/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of kernel.h: a tile of sixteen frames into the buffer, from there to the cells. */

/* What is called for while a tile is worked on: bytes begin ... end - 1 of each frame, in eight slices. */
typedef struct ahead {
    const void *const *frames;
    size_t begin, end, slice;
} ahead;

/* The tile's share of the strip of tiles below it, in the order of the file: memory serves runs of neighbouring cache
 * lines about twice as fast as the single lines that a tile reads of each frame. */
INLINE ahead share_below(const vtr_polar_program *program, const vtr_polar_tile *tile,
                         const void *const frames[VTR_LANES], size_t row_bytes)
{
    size_t strip = (tile->y + VTR_TILE_Y) * row_bytes, limit = program->det_y * row_bytes;
    size_t strip_end = strip + VTR_TILE_Y * row_bytes < limit ? strip + VTR_TILE_Y * row_bytes : limit;
    if (strip >= limit) return (ahead){.frames = frames};
    size_t share = (strip_end - strip + program->tiles_x - 1) / program->tiles_x;
    size_t begin = strip + tile->x / VTR_TILE_X * share;
    return (ahead){.frames = frames,
                   .begin = begin,
                   .end = begin + share < strip_end ? begin + share : strip_end,
                   .slice = (share + 511) / 512 * 64};
}

/* Calls for one slice of half of the frames, into the second cache. A few lines at a time, between other work: a core
 * can wait for few of them at once. */
INLINE void call_for(const ahead *next, size_t first_lane, size_t slice)
{
    size_t begin = next->begin + slice * next->slice, end = begin + next->slice;
    if (end > next->end) end = next->end;
    for (size_t at = begin; at < end; at += 64)
        for (size_t lane = first_lane; lane < first_lane + VTR_LANES / 2; lane++)
            __builtin_prefetch((const char *)next->frames[lane] + at, 0, 2);
}

INLINE void load_block_u64(uint64_t *restrict out, const void *const frames[VTR_LANES], size_t offset,
                           pixel_range *range)
{
    (void)range;
    for (size_t x = 0; x < VTR_TILE_X; x++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            out[x * VTR_LANES + lane] = ((const uint64_t *)frames[lane])[offset + x];
}

/* Rows narrower than a tile, completed with zeros, which no segment names. */
#define DEFINE_COPY_EDGES(TYPE)                                                                              \
    INLINE void copy_edges_##TYPE(pixel_##TYPE edge[VTR_LANES][VTR_TILE_X], const void *edges[VTR_LANES],    \
                                  const void *const *frames, size_t n, size_t offset, size_t width)          \
    {                                                                                                        \
        memset(edge, 0, VTR_LANES * sizeof *edge);                                                           \
        for (size_t lane = 0; lane < n; lane++) {                                                            \
            memcpy(edge[lane], (const pixel_##TYPE *)frames[lane] + offset, width * sizeof **edge);          \
            edges[lane] = edge[lane];                                                                        \
        }                                                                                                    \
    }

DEFINE_COPY_EDGES(u8)
DEFINE_COPY_EDGES(i8)
DEFINE_COPY_EDGES(u16)
DEFINE_COPY_EDGES(i16)
DEFINE_COPY_EDGES(u32)
DEFINE_COPY_EDGES(i32)
DEFINE_COPY_EDGES(f32)
DEFINE_COPY_EDGES(f64)

/* load_tile_TYPE(buffer, tile, det_x, frames, range, next, pattern, first_block): where `pattern` is not NULL the pixels
 * are added to its blocks from `first_block` on, on their way. */
#define DEFINE_LOAD_TILE(TYPE, LOAD, VALUE, ADD_BLOCK)                                                       \
    INLINE void load_tile_##TYPE(VALUE *restrict buffer, const vtr_polar_tile *tile, size_t det_x,           \
                                 const void *const frames[VTR_LANES], pixel_range *range, const ahead *next, \
                                 vtr_pattern *pattern, size_t first_block)                                   \
    {                                                                                                        \
        pixel_##TYPE edge[VTR_LANES][VTR_TILE_X];                                                            \
        const void *edges[VTR_LANES];                                                                        \
        for (size_t y = 0; y < tile->height; y++) {                                                          \
            size_t offset = (tile->y + y) * det_x + tile->x;                                                 \
            bool is_narrow = tile->width < VTR_TILE_X;                                                       \
            if (is_narrow) copy_edges_##TYPE(edge, edges, frames, VTR_LANES, offset, tile->width);           \
            const void *const *rows = is_narrow ? edges : frames;                                            \
            call_for(next, 0, y);                                                                            \
            if (pattern != NULL)                                                                             \
                ADD_BLOCK(pattern, first_block + y, offset, rows, VTR_LANES, is_narrow ? 0 : offset);        \
            load_block_##LOAD(buffer + y * VTR_TILE_X * VTR_LANES, rows, is_narrow ? 0 : offset, range);     \
        }                                                                                                    \
    }

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
    call_for(next, VTR_LANES / 2, LENGTH - 1);                                                               \
    add_segments_##NAME(cells, buffer, range, cell, pixel, tile->n_segments[LENGTH - 1], LENGTH, has_range); \
    cell += tile->n_segments[LENGTH - 1];                                                                    \
    pixel += (size_t)tile->n_segments[LENGTH - 1] * LENGTH;

#define DEFINE_ADD_TILE(NAME, WORD, SUM, VECTOR)                                                             \
    INLINE void add_tile_##NAME(                                                                             \
        SUM *restrict cells, const WORD *restrict buffer, VECTOR range[2][16 * sizeof(SUM) / VECTOR_BYTES],  \
        const vtr_polar_program *program, const vtr_polar_tile *tile, bool has_range, const ahead *next)     \
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
