/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_TRANSPOSE_PORTABLE_H
#define VITRAIL_POLAR_TRANSPOSE_PORTABLE_H

#include "polar/polar_internal.h"

#define VECTOR_BYTES 16
#define VECTOR_MIN(a, b) ((v_f32)(((v_i32)(a) & ((a) < (b))) | ((v_i32)(b) & ~((a) < (b)))))
#define VECTOR_MAX(a, b) ((v_f32)(((v_i32)(a) & ((a) > (b))) | ((v_i32)(b) & ~((a) > (b)))))
#define VECTOR_SQRT(a) each_of(a, sqrtf)
#define VECTOR_FLOOR(a) each_of(a, floorf)
#define BLOCKS_HAVE_RANGE 0
#define HAS_BLOCK_SUMS 0

typedef float portable_f32 __attribute__((vector_size(VECTOR_BYTES), may_alias));

static inline portable_f32 each_of(portable_f32 values, float function(float))
{
    for (size_t i = 0; i < VECTOR_BYTES / sizeof(float); i++)
        values[i] = function(values[i]);
    return values;
}

typedef char pixel_range;

static inline void pixel_range_start(pixel_range *range)
{
    *range = 0;
}

static inline void pixel_range_finish(const pixel_range *range, double extremes[2][VTR_LANES])
{
    (void)range;
    (void)extremes;
}

/* 32 pixels of 16 frames: out[pixel][frame], signed pixels in two's complement. */
#define DEFINE_LOAD_BLOCK(NAME, PIXEL)                                                                       \
    static inline void load_block_##NAME(uint32_t *restrict out, const void *const frames[VTR_LANES],        \
                                         size_t offset, pixel_range *range)                                  \
    {                                                                                                        \
        (void)range;                                                                                         \
        for (size_t x = 0; x < VTR_TILE_X; x++)                                                              \
            for (size_t lane = 0; lane < VTR_LANES; lane++)                                                  \
                out[x * VTR_LANES + lane] = (uint32_t)((const PIXEL *)frames[lane])[offset + x];             \
    }

DEFINE_LOAD_BLOCK(u8, uint8_t)
DEFINE_LOAD_BLOCK(i8, int8_t)
DEFINE_LOAD_BLOCK(u16, uint16_t)
DEFINE_LOAD_BLOCK(i16, int16_t)
DEFINE_LOAD_BLOCK(u32, uint32_t)

#endif
