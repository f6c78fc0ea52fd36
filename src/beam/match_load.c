/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "beam/beam_internal.h"
#include "beam/match_internal.h"

/* What one row of a window needs. */
typedef struct row_of_window {
    const void *frame;
    const unsigned char *used; /* from the row's first pixel; NULL: all */
    const float *circle;
    size_t first, n;
    double gain, shift, saturation;
} row_of_window;

static inline __attribute__((always_inline)) bool load_row(float *value, float *weight, pixel_reader read,
                                                           const row_of_window *row)
{
    bool is_saturated = false;
    double inverse_gain = 1 / row->gain;
    for (size_t k = 0; k < row->n; k++) {
        double v = read(row->frame, row->first + k);
        bool is_used = isfinite(v) && (row->used == NULL || row->used[k] != 0);
        bool is_there = is_used && !(v >= row->saturation);
        is_saturated |= is_used && !is_there && row->circle[k] != 0;
        value[k] = is_there ? (float)((v + row->shift) * inverse_gain) : 0;
        weight[k] = is_there ? row->circle[k] : 0;
    }
    return is_saturated;
}

#define DEFINE_LOAD(TYPE)                                                                                    \
    static bool load_##TYPE(float *value, float *weight, const row_of_window *row)                           \
    {                                                                                                        \
        return load_row(value, weight, pixel_##TYPE, row);                                                   \
    }
DEFINE_LOAD(u8)
DEFINE_LOAD(u16)
DEFINE_LOAD(u32)
DEFINE_LOAD(i8)
DEFINE_LOAD(i16)
DEFINE_LOAD(i32)
DEFINE_LOAD(f32)
DEFINE_LOAD(f64)

static bool (*const loaders[VTR_TYPE_COUNT])(float *value, float *weight, const row_of_window *row) = {
    [VTR_TYPE_U8] = load_u8,   [VTR_TYPE_U16] = load_u16, [VTR_TYPE_U32] = load_u32,
    [VTR_TYPE_I8] = load_i8,   [VTR_TYPE_I16] = load_i16, [VTR_TYPE_I32] = load_i32,
    [VTR_TYPE_F32] = load_f32, [VTR_TYPE_F64] = load_f64,
};

bool vtr_match_load(vtr_beam_scratch *scratch, vtr_type type, const void *frame, const vtr_beam_template *t,
                    const vtr_beam_params *p, ptrdiff_t x, ptrdiff_t y)
{
    ptrdiff_t half = (ptrdiff_t)t->window_half_px, n_x = (ptrdiff_t)p->det_x, n_y = (ptrdiff_t)p->det_y;
    ptrdiff_t left = x - half > 0 ? x - half : 0, right = x + half + 1 < n_x ? x + half + 1 : n_x;
    double read = p->noise.read_noise;
    row_of_window row = {.frame = frame,
                         .gain = p->noise.gain,
                         .shift = read * read / p->noise.gain - p->noise.offset,
                         .saturation = p->saturation};
    bool is_saturated = false;
    for (size_t k = 0; k < t->window_side; k++) {
        ptrdiff_t from = y - half + (ptrdiff_t)k;
        float *value = scratch->value + k * t->window_stride,
              *weight = scratch->weight + k * t->window_stride;
        bool is_whole = from >= 0 && from < n_y && left == x - half && right == x + half + 1;
        if (!is_whole) memset(value, 0, t->window_side * sizeof *value);
        if (!is_whole) memset(weight, 0, t->window_side * sizeof *weight);
        if (from < 0 || from >= n_y || right <= left) continue;
        size_t skipped = (size_t)(left - (x - half));
        row.first = (size_t)from * p->det_x + (size_t)left;
        row.n = (size_t)(right - left);
        row.used = p->used != NULL ? p->used + row.first : NULL;
        row.circle = t->circle + k * t->window_stride + skipped;
        is_saturated |= loaders[type](value + skipped, weight + skipped, &row);
    }
    return is_saturated;
}
