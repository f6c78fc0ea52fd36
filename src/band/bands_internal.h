/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BANDS_INTERNAL_H
#define VITRAIL_BANDS_INTERNAL_H

#include "band/band_internal.h"
#include "vitrail/bands.h"

/* What a band's fit adjusts: angle at its pivot, offset across from there, curvature, both ends along it, logarithms of width
 * and of the decay lengths of both sides; then step and ridge (trace, and normal and shear in the band's frame where it
 * runs), and the constant of each component (t, c, s). */
enum {
    FIT_ANGLE,
    FIT_OFFSET,
    FIT_CURVATURE,
    FIT_LINE, /* so many of them */
    FIT_FIRST = 3,
    FIT_LAST,
    FIT_WIDTH,
    FIT_DECAY,
    FIT_STEP = 8,
    FIT_RIDGE = 11,
    FIT_CONSTANT = 14,
    FIT_N = 17
};

typedef struct vtr_band_fit {
    double pivot_y_nm, pivot_x_nm;
    double value[FIT_N]; /* ends: infinite where the band leaves the map */
    double covariance[FIT_N][FIT_N];
    bool is_active[FIT_N];             /* adjusted */
    bool is_determined[FIT_N];         /* and not held at a bound */
    double curvature, curvature_error; /* where it was tried, whether or not it was kept */
    double other[VTR_TCS],
        other_error[VTR_TCS]; /* the ridge of a step, tried likewise; the step of a ridge */
} vtr_band_fit;

static inline bool vtr_band_fit_is_ridge(const vtr_band_fit *fit)
{
    return !fit->is_active[FIT_WIDTH];
}

/* --- the line (band_curve.c) --------------------------------------------------------------------------------------- */

/* A place relative to a line: distance, arc length, and how angle, offset and curvature change them. */
typedef struct vtr_band_place {
    double d, s, by_d[FIT_LINE], by_s[FIT_LINE];
} vtr_band_place;

void vtr_band_curve_at(vtr_band_place *out, const vtr_band_fit *fit, double y_nm, double x_nm);
void vtr_band_curve_point(const vtr_band_fit *fit, double along_nm, double place_yx[2]);
/* Standard deviation across the line of a place on it. */
double vtr_band_curve_error(const vtr_band_fit *fit, double along_nm);
/* Arc lengths between which the line lies in the map; false where it misses it. `whole`: whatever the band's ends are. */
bool vtr_band_curve_within(const vtr_band_fit *fit, const vtr_band_maps *maps, bool whole, double along[2]);
/* Moves the pivot to the middle of what lies in the map, where angle, place and curvature do not hang together. */
void vtr_band_curve_centre(vtr_band_fit *fit, const vtr_band_maps *maps);

/* --- the fit (band_fit.c) ------------------------------------------------------------------------------------------ */

/* Weighted least squares from a start that has line, width and decays; what is not active stays. Returns chi^2. */
double vtr_band_fit_refine(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS]);
/* chi^2, its matrix of normal equations and -1/2 of its gradient. */
double vtr_band_fit_equations(double matrix[FIT_N][FIT_N], double right[FIT_N], const vtr_band_fit *fit,
                              const vtr_band_maps *maps, double *const residual[VTR_TCS]);
/* residual += sign * the band, without the constants. */
void vtr_band_fit_add(const vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                      double sign);
/* The strain (t, c, s) of a band without ends at a place. */
void vtr_band_fit_form(double form[VTR_TCS], const vtr_band_fit *fit, const vtr_band_place *at);
/* chi^2 of the three values from `first`: FIT_STEP or FIT_RIDGE. */
double vtr_band_fit_chi2(const vtr_band_fit *fit, int first);
/* Inverts a symmetric positive matrix [n][stride] in place; false where it is singular. */
bool vtr_band_invert(double *matrix, size_t n, size_t stride);

/* --- what a band has and what not (band_shape.c) ------------------------------------------------------------------- */

/* All of these take a residual that holds the band. */
/* Ends where the strain along the line begins or ceases, infinite where it reaches the map's edge. False where it is not there
 * along most of it, or along too little: not a band. */
vtr_status vtr_band_find_ends(vtr_band_fit *fit, bool *is_even, const vtr_band_maps *maps,
                              double *const residual[VTR_TCS], vtr_error *err);
/* Curvature, and ridge beside a step or step beside a ridge: kept where they are significant, known in any case. */
void vtr_band_try_curvature(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS]);
void vtr_band_try_other(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS]);

/* --- the rest -------------------------------------------------------------------------------------------------------- */

/* How much the means of blocks scatter over their errors, of each component; divides the weights by it, and takes the median
 * off the residual. `factors` are what the variances were multiplied by before, and are replaced (band_weights.c). */
/* Puts the values in order. */
double vtr_band_median(double *values, size_t n);
typedef struct vtr_band_scratch {
    double *means, *weights; /* [n] */
} vtr_band_scratch;
void vtr_band_set_weights(double factors[VTR_TCS], const vtr_band_maps *maps, double *const residual[VTR_TCS],
                          const vtr_band_scratch *scratch);

/* Turns a line round if it runs towards smaller x; then a fit as the caller sees it (band_result.c). */
void vtr_band_fit_forwards(vtr_band_fit *fit);
void vtr_band_result(vtr_band *band, const vtr_band_fit *fit, const vtr_band_maps *maps, bool is_drawn);

/* The fluctuation of what the bands' fits left, along the line of a band, whose ends and width are set. */
vtr_status vtr_band_along(vtr_band *band, const vtr_band_fit *fit, const vtr_band_maps *maps,
                          double *const residual[VTR_TCS], double false_alarms, vtr_error *err);

/* Density, points, spacing, directions (bands_network.c). */
vtr_status vtr_bands_network(vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps,
                             vtr_error *err);

/* The matrix away from the bands (inhomogeneity.c), from what they left. */
vtr_status vtr_bands_matrix_measure(vtr_bands_matrix *matrix, const vtr_band_fit *fits, size_t n,
                                    const vtr_band_maps *maps, double *const residual[VTR_TCS],
                                    vtr_error *err);

#endif
