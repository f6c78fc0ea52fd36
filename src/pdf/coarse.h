/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_COARSE_H
#define VITRAIL_PDF_COARSE_H

/* G is band-limited: it holds no frequency in r above qmax, and its variance none above 2 qmax. The products are made on
 * a grid of distances just fine enough for that, and a short filter gives the rest: a third of the work. */

#include <stddef.h>

enum { COARSE_TAPS = 16, COARSE_MAX_FACTOR = 64 };

typedef struct pdf_coarse {
    size_t n_r;        /* points wanted, from rmin in steps of rstep */
    size_t n, factor;  /* points computed, every factor-th */
    double rmin, step; /* of the points computed, which begin below r = rmin, at negative r too */
    float weight[COARSE_MAX_FACTOR][COARSE_TAPS];
} pdf_coarse;

/* `band`: highest frequency, as Q; `fill`: how much of the coarse grid's band it may take: 0.5 leaves errors of 2e-6 of
 * the largest value, 0.7 of 1e-3. A factor of 1 means that the points wanted are computed. */
void pdf_coarse_plan(pdf_coarse *grid, double rmin, double rstep, size_t n_r, double band, double fill);
/* coarse [n] -> out [n_r]; `phase` [n] is scratch. */
void pdf_coarse_expand(const pdf_coarse *grid, const float *coarse, float *phase, float *out);

#endif
