/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SERIES_INTERNAL_H
#define VITRAIL_SERIES_INTERNAL_H

/* Smoothed maps, the search for a start, and the fit from there. */

#include "base/base_internal.h"
#include "vitrail/series.h"

/* Fields of one recording as a Gaussian window sees them. */
typedef struct smooth_maps {
    size_t n_y, n_x, n_fields;
    double step_nm[2], sigma_nm;
    const vtr_series_maps *maps;     /* kinds; not owned */
    float *value[VTR_SERIES_FIELDS]; /* [n_y][n_x], NAN where too little of the window has data */
    float *variance[VTR_SERIES_FIELDS];
} smooth_maps;

/* One map: values and their variances by the error bars. `used` may be NULL. The window must hold four fifths of its weight
 * in data. */
vtr_status vtr_smooth_field(float *value, float *variance, const vtr_series_map *map, const uint8_t *used,
                            double sigma_nm, vtr_error *err);
vtr_status vtr_smooth_create(smooth_maps *out, const vtr_series_maps *maps, double sigma_nm, vtr_error *err);
void vtr_smooth_release(smooth_maps *maps);
/* sum_jk q_j q'_k exp(-d_jk^2/(4 sigma^2)) of two images [n_y][n_x]: noise smoothed by the window has that correlation.
 * `scratch` [2][n_y][n_x]. */
double vtr_smooth_product(const double *first, const double *second, size_t n_y, size_t n_x,
                          const double step_nm[2], double sigma_nm, double *scratch);

/* Value (and slopes along y and x, per nm; NULL: not wanted) of an image at a place, by cubic convolution; false outside of its
 * data. */
bool vtr_series_interpolate(double *value, double slope[2], const float *image, size_t n_y, size_t n_x,
                            const double step_nm[2], const double at_nm[2]);

/* A start: the transform about the middle of `recording` with the highest correlation. `n_trials` independent ones were
 * looked at. */
vtr_status vtr_series_search(vtr_series_transform *out, double *n_trials, const smooth_maps *reference,
                             const smooth_maps *recording, const vtr_series_params *params, vtr_error *err);

/* Weighted least squares from there; fills in all but params and overlap. */
vtr_status vtr_series_fit(vtr_series_registration *out, const smooth_maps *reference,
                          const smooth_maps *recording, const vtr_series_transform *start, vtr_error *err);

#endif
