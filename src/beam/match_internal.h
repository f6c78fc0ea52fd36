/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_MATCH_INTERNAL_H
#define VITRAIL_BEAM_MATCH_INTERNAL_H

/* Matching a frame to a template: what the sources of template and match share. Counts are in electrons here, with a shift
 * that makes the variance equal to the mean: (value - offset)/gain + (read/gain)^2. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/beam.h"

enum { MATCH_TAPS = 4, MATCH_GROUP = 8 }; /* cubic spline; pixels that a kernel takes at a time */

/* T(u) = sum_k c_k B(n u - k) B(...), n nodes a pixel. The coefficients lie by phase, [n][n][rows][columns], so that the
 * nodes of neighbouring pixels are neighbours. */
struct vtr_beam_template {
    size_t n_nodes;       /* a pixel */
    size_t half_px;       /* the table reaches from -half_px to half_px + a margin */
    size_t rows, columns; /* of one phase */
    float *coefficients;
    size_t window_half_px, window_side,
        window_stride; /* the pixels of the fit; stride: a multiple of MATCH_GROUP */
    float *circle;     /* [window_side][window_stride]: 1 within the window's circle */
    double area_px;    /* integral of T */
    double slope;      /* integral of |grad T|^2 */
    double edge_px;    /* width of the edge, by its slope */
    double radius_px;
    bool is_disc;
};

struct vtr_beam_scratch {
    float *value, *weight; /* [window_side][window_stride] */
};

typedef struct match_window {
    const float *value, *weight; /* electrons, 0 or 1 */
    size_t rows, stride;
} match_window;

/* The nodes about every pixel of a window and their weights, the same for all pixels. */
typedef struct match_taps {
    const float *node[MATCH_TAPS][MATCH_TAPS]; /* [y][x] of the window's first pixel */
    float weight_y[MATCH_TAPS], slope_y[MATCH_TAPS], weight_x[MATCH_TAPS], slope_x[MATCH_TAPS];
    size_t columns;
} match_taps;

/* m = b + a T, at least `least`. */
typedef struct match_level {
    float amplitude, background, least;
} match_level;

/* Sums over the pixels, X and Y the slopes of T by x and y, w the weight, q = w/m, d = v - m. */
enum {
    SUM_XD,
    SUM_YD,
    SUM_TD,
    SUM_D, /* times q */
    SUM_XX,
    SUM_XY,
    SUM_YY,
    SUM_XT,
    SUM_YT,
    SUM_X,
    SUM_Y,
    SUM_TT,
    SUM_T,
    SUM_1, /* times q */
    SUM_RESIDUAL,
    SUM_MEAN,
    SUM_MEAN2,
    SUM_SLOPE, /* d^2, m, m^2, X^2 + Y^2, times w */
    MATCH_SUMS
};

typedef struct match_kernels {
    void (*sums)(double sums[MATCH_SUMS], const match_window *window, const match_taps *taps,
                 const match_level *level);
    /* sum w (v ln m - m) */
    double (*likelihood)(const match_window *window, const match_taps *taps, const match_level *level);
} match_kernels;

extern const match_kernels vtr_match_kernels_portable, vtr_match_kernels_avx2, vtr_match_kernels_avx512;
const match_kernels *vtr_match_kernels_best(void);

/* Storage for a template of a window and n_nodes a pixel, coefficients zero; NULL without memory. */
vtr_beam_template *vtr_template_new(const vtr_beam_params *params, size_t n_nodes);
/* The nodes for a window whose middle pixel lies (x, y) px from the centre, |x|, |y| <= 2. */
void vtr_template_taps(match_taps *taps, const vtr_beam_template *template, double x, double y);
/* Where the coefficient of node (j, i) lies, j and i from 0 to n_nodes * rows and columns. */
size_t vtr_template_place(const vtr_beam_template *template, size_t j, size_t i);
/* Integrals and the edge's width from the coefficients. */
void vtr_template_measure(vtr_beam_template *template);
/* A match within one window: (x, y) px from the window's middle pixel, electrons. */
typedef struct vtr_match_state {
    double x, y, amplitude, background;
} vtr_match_state;
/* Matches the window in `scratch` from `state`, which is untouched where that does not settle within the window. */
bool vtr_match_window(vtr_match_state *state, const vtr_beam_template *template, vtr_beam_scratch *scratch,
                      const vtr_beam_params *params);

/* Reads the window about pixel (x, y) of a frame; 0 weight where there is no data or saturation. Whether any was saturated. */
bool vtr_match_load(vtr_beam_scratch *scratch, vtr_type type, const void *frame,
                    const vtr_beam_template *template, const vtr_beam_params *params, ptrdiff_t x,
                    ptrdiff_t y);

#endif
