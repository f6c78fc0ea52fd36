/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sums over a window of pixels against a template; included once by each match_kernel_*.c, which is compiled for one
 * instruction set. Eight pixels at a time whatever its width, only operations that IEEE 754 rounds exactly, no fused
 * multiply-add: all builds give the same bits. */

#include <stdint.h>
#include <string.h>

#include "beam/match_internal.h"

typedef float lanes __attribute__((vector_size(4 * MATCH_GROUP)));
typedef int32_t lanes_int __attribute__((vector_size(4 * MATCH_GROUP)));
typedef double reals __attribute__((vector_size(8 * MATCH_GROUP)));

#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const float *from)
{
    lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE lanes larger(lanes a, lanes b)
{
    lanes_int is_larger = a > b;
    return (lanes)((is_larger & (lanes_int)a) | (~is_larger & (lanes_int)b));
}

/* ln of normal positive numbers: the exponent, and 2 artanh((x - 1)/(x + 1)) of what is left between sqrt(1/2) and sqrt(2);
 * relative error below 2e-7. */
INLINE lanes logarithm(lanes x)
{
    const int32_t root_half = 0x3f3504f3;
    lanes_int exponent = ((lanes_int)x - root_half) >> 23;
    lanes rest = (lanes)((lanes_int)x - (exponent << 23));
    lanes t = (rest - 1.0f) / (rest + 1.0f), t2 = t * t;
    lanes series = t * (2.0f + t2 * (2.0f / 3 + t2 * (2.0f / 5 + t2 * (2.0f / 7 + t2 * (2.0f / 9)))));
    return __builtin_convertvector(exponent, lanes) * 0.693147181f + series;
}

/* In a fixed order. */
INLINE double add_lanes(reals v)
{
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

/* The template and its slopes at eight pixels, `at` elements after the window's first. */
INLINE void look_up(lanes *value, lanes *slope_x, lanes *slope_y, const match_taps *taps, size_t at)
{
    lanes t = {0}, tx = {0}, ty = {0};
    for (int i = 0; i < MATCH_TAPS; i++) {
        lanes v = {0}, d = {0};
        for (int j = 0; j < MATCH_TAPS; j++) {
            lanes c = load(taps->node[j][i] + at);
            v += taps->weight_y[j] * c;
            d += taps->slope_y[j] * c;
        }
        t += taps->weight_x[i] * v;
        tx += taps->slope_x[i] * v;
        ty += taps->weight_x[i] * d;
    }
    *value = t;
    *slope_x = tx;
    *slope_y = ty;
}

INLINE lanes look_up_value(const match_taps *taps, size_t at)
{
    lanes t = {0};
    for (int i = 0; i < MATCH_TAPS; i++) {
        lanes v = {0};
        for (int j = 0; j < MATCH_TAPS; j++)
            v += taps->weight_y[j] * load(taps->node[j][i] + at);
        t += taps->weight_x[i] * v;
    }
    return t;
}

static void sum_pixels(double sums[MATCH_SUMS], const match_window *window, const match_taps *taps,
                       const match_level *level)
{
    reals total[MATCH_SUMS];
    memset(total, 0, sizeof total);
    lanes least = {0};
    least += level->least;
    for (size_t y = 0; y < window->rows; y++) {
        lanes row[MATCH_SUMS];
        memset(row, 0, sizeof row);
        for (size_t x = 0; x < window->stride; x += MATCH_GROUP) {
            lanes t, tx, ty;
            look_up(&t, &tx, &ty, taps, y * taps->columns + x);
            lanes w = load(window->weight + y * window->stride + x);
            lanes m = larger(level->background + level->amplitude * t, least);
            lanes d = load(window->value + y * window->stride + x) - m, q = w / m, wm = w * m;
            lanes qd = q * d, qx = q * tx, qy = q * ty, qt = q * t;
            row[SUM_XD] += tx * qd;
            row[SUM_YD] += ty * qd;
            row[SUM_TD] += t * qd;
            row[SUM_D] += qd;
            row[SUM_XX] += tx * qx;
            row[SUM_XY] += tx * qy;
            row[SUM_YY] += ty * qy;
            row[SUM_XT] += qx * t;
            row[SUM_YT] += qy * t;
            row[SUM_X] += qx;
            row[SUM_Y] += qy;
            row[SUM_TT] += qt * t;
            row[SUM_T] += qt;
            row[SUM_1] += q;
            row[SUM_RESIDUAL] += w * d * d;
            row[SUM_MEAN] += wm;
            row[SUM_MEAN2] += wm * m;
            row[SUM_SLOPE] += w * (tx * tx + ty * ty);
        }
        for (int k = 0; k < MATCH_SUMS; k++)
            total[k] += __builtin_convertvector(row[k], reals);
    }
    for (int k = 0; k < MATCH_SUMS; k++)
        sums[k] = add_lanes(total[k]);
}

static double likelihood(const match_window *window, const match_taps *taps, const match_level *level)
{
    reals total = {0};
    lanes least = {0};
    least += level->least;
    for (size_t y = 0; y < window->rows; y++) {
        lanes row = {0};
        for (size_t x = 0; x < window->stride; x += MATCH_GROUP) {
            lanes t = look_up_value(taps, y * taps->columns + x);
            lanes m = larger(level->background + level->amplitude * t, least);
            lanes v = load(window->value + y * window->stride + x);
            row += load(window->weight + y * window->stride + x) * (v * logarithm(m) - m);
        }
        total += __builtin_convertvector(row, reals);
    }
    return add_lanes(total);
}

const match_kernels KERNELS = {sum_pixels, likelihood};
