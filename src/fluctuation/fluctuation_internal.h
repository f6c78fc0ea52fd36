/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FLUCTUATION_INTERNAL_H
#define VITRAIL_FLUCTUATION_INTERNAL_H

#include "base/base_internal.h"
#include "vitrail/fluctuation.h"

typedef struct fluctuation_ring {
    size_t first, n;   /* in the list of pixels */
    double shape;      /* sum of the expected shape q, whose mean is near 1 */
    double inverse[3]; /* sums of q^-2, q^-3, q^-4 */
} fluctuation_ring;

struct vtr_fluctuation_plan {
    size_t det_y, det_x, n_rings, n_pixels, most_pixels; /* most: of one ring */
    fluctuation_ring *rings;
    size_t *pixels;  /* [n_pixels] place in a pattern, ring by ring */
    float *shape;    /* [n_pixels] q */
    double *inverse; /* [n_pixels] 1/q */
    vtr_noise noise;
    double bragg;
};

/* Sums over positions for each ring; those over pixels are apart. */
typedef struct fluctuation_sum {
    double n, n_left;
    double first, second; /* of the ring's sum, and its factorial moment */
    double weighted;      /* of sum_i c_i/q_i */
    double pixel;         /* of sum_i (c_i^2 - g c_i - s^2)/q_i^2 */
    double ring, n_ring;  /* of the patterns' own variance around the ring, and patterns that have one */
    double ring_counting; /* of what counting adds to the variance of that */
} fluctuation_sum;

struct vtr_fluctuation_sums {
    const vtr_fluctuation_plan *plan;
    fluctuation_sum *rings; /* [n_rings] */
    double *first, *second; /* [n_pixels] of c and of c^2 */
    double *counts;         /* [most_pixels] of the pattern at work */
    float *mean, *ring;     /* [n_rings] for who wants to know them of the pattern just added */
};

/* Curves of n rings, without values. Released by the caller, after a failure too. */
vtr_status fluctuation_curves_create(vtr_fluctuation_curves *curves, size_t n, vtr_error *err);

#endif
