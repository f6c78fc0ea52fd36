/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BANDS_INTERNAL_H
#define VITRAIL_BANDS_INTERNAL_H

#include "band/band_internal.h"
#include "vitrail/bands.h"

/* What a band's fit adjusts: angle, offset across from its pivot, logarithms of width and of the decay lengths of both
 * sides; then the step and the constant of each component (t, c, s). */
enum { FIT_ANGLE, FIT_OFFSET, FIT_WIDTH, FIT_DECAY, FIT_STEP = 5, FIT_CONSTANT = 8, FIT_N = 11 };

typedef struct vtr_band_fit {
    double pivot_y_nm, pivot_x_nm;
    double value[FIT_N];
    double covariance[FIT_N][FIT_N];
    bool is_determined[FIT_N]; /* not held at a bound */
} vtr_band_fit;

/* Middle and ends of the line through a fit's pivot within the map; false where it misses the map. */
bool vtr_band_fit_ends(const vtr_band_fit *fit, const vtr_band_maps *maps, double end_y[2], double end_x[2]);
/* Weighted least squares from a start that has angle, offset, width and decays. */
void vtr_band_fit_refine(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS]);
/* residual += sign * the steps, without the constants. */
void vtr_band_fit_add(const vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                      double sign);
/* chi^2 of the three steps. */
double vtr_band_fit_chi2(const vtr_band_fit *fit);
/* Inverts a symmetric positive matrix [n][stride] in place; false where it is singular. */
bool vtr_band_invert(double *matrix, size_t n, size_t stride);

/* The fluctuation of what the bands' fits left, along the line of `band`, whose ends and width are set. */
vtr_status vtr_band_along(vtr_band *band, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                          double false_alarms, vtr_error *err);

#endif
