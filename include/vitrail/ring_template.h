/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_TEMPLATE_H
#define VITRAIL_RING_TEMPLATE_H

/* What the likelihood fit knows of a recording before it sees a pattern: the profile of the ring, taken from the
 * recording's own mean, and the statistics of its speckle. Data only; both are part of a vtr_calibration. */

#include <stddef.h>

#include "vitrail/api.h"

VTR_BEGIN_DECLS

enum { VTR_TEMPLATE_MAX_KNOTS = 256 };

/* Counts per pixel of the mean pattern at radius r (px): E(r) + level g(r) (1 + bend[0] t + bend[1] t^2), with
 * g(r) = exp(-kappa (r - r0)) through the ring's two feet, t = (r - r0) / half_width, E a cubic spline on even knots. */
typedef struct vtr_ring_template {
    double annulus_px[2]; /* bins with a mean radius inside are fitted */
    double radius_px;     /* where E is largest: the nominal radius */
    double width_px;      /* full width of E at half of its height */
    double r0_px, half_width_px;
    double kappa_per_px;
    double level; /* recorded units per pixel at r0 */
    double knot_first_px, knot_step_px;
    double bend[2];
    size_t n_knots; /* number of coefficients */
    double coefficients[VTR_TEMPLATE_MAX_KNOTS];
} vtr_ring_template;

enum {
    VTR_SPECKLE_NODES = 13,
    VTR_SPECKLE_MAX_LAG = 40,
    VTR_SPECKLE_LAGS = 2 * VTR_SPECKLE_MAX_LAG + 1,
    VTR_SPECKLE_RADII = 64
};

/* A pattern is taken as m(x) (1 + s(x)) with <s(x) s(x')> = contrast(r) [ rho(x - x') + F(x + x' - 2c) ], c the
 * pattern's centre: opposite speckles are the same speckle as far as Friedel's law holds. */
typedef struct vtr_speckle {
    double contrast; /* variance of the intensity over its mean squared, all of the annulus; 0: none found */
    double contrast_error;
    double radial[VTR_SPECKLE_NODES]; /* contrast(r) / contrast at t = -1 ... 1, t = (r - r0) / half_width */
    double grain_px;                  /* full width at half maximum of rho; NAN where there is no speckle */
    double friedel;                   /* F(0) */
    size_t max_lag_px;                /* correlations beyond are zero */
    /* rho and F at lags (y, x), the zero lag in the middle of [2 max_lag + 1][2 max_lag + 1] */
    double correlation[VTR_SPECKLE_LAGS * VTR_SPECKLE_LAGS];
    double folded[VTR_SPECKLE_LAGS * VTR_SPECKLE_LAGS];
    /* along whole rings, at radii i radius_step_px over all of the pattern: variance of the intensity over its mean
     * squared, and covariance with the opposite pixel; a step of 0: not measured */
    double radius_step_px, near[VTR_SPECKLE_RADII], opposite[VTR_SPECKLE_RADII];
} vtr_speckle;

VTR_END_DECLS

#endif
