/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MAGNETIC_INTERNAL_H
#define VITRAIL_MAGNETIC_INTERNAL_H

#include <math.h>

#include "base/base_internal.h"
#include "vitrail/magnetic.h"

/* --- resampling (resample.c) ------------------------------------------------------------------------------------ */

/* For every new position, the old ones that it is made of. */
typedef struct vtr_stencil {
    size_t n_new, n_most;
    size_t *first, *n; /* [n_new] */
    double *weight;    /* [n_new][n_most], adding to 1 */
} vtr_stencil;

/* From n_old to n_new positions over the same length, each at (i + 1/2) of its steps. */
vtr_status vtr_stencil_create(vtr_stencil *stencil, size_t n_old, size_t n_new, vtr_error *err);
void vtr_stencil_release(vtr_stencil *stencil);
/* A new position from a map [old y][old x] through both stencils; with `is_variance` its weights are squared. NAN where
 * a position that counts is NAN. */
double vtr_stencil_apply(const vtr_stencil *along_y, const vtr_stencil *along_x, const double *map,
                         size_t n_x_old, size_t y, size_t x, bool is_variance);

/* --- descan surface (surface.c) --------------------------------------------------------------------------------- */

/* The terms 1, u, v, u^2, u v, v^2 at a position. */
void vtr_surface_terms(double terms[6], size_t n_y, size_t n_x, size_t position);
/* Fits `n_terms` of them to x and y (NAN: no data) at the positions of `region` (NULL: all). */
vtr_status vtr_surface_fit(vtr_magnetic_surface *surface, size_t n_terms, size_t n_y, size_t n_x,
                           const double *x, const double *y, const double *x_variance,
                           const double *y_variance, const unsigned char *region, vtr_error *err);

/* --- results (magnetic.c) --------------------------------------------------------------------------------------- */

/* Adds a map of NAN to the result; NULL with err filled when memory is short. */
vtr_field_map *vtr_magnetic_add_map(vtr_magnetic *magnetic, const char *name, const char *unit,
                                    const char *long_name, bool is_signed, vtr_error *err);
void vtr_magnetic_note(vtr_magnetic *magnetic, const char *format, ...) VTR_PRINTF_LIKE(2, 3);

/* Value and standard deviation in degrees of the direction of a vector with covariance (xx, yy, xy); where the vector is
 * lost in its noise the error is that of a uniform distribution over 360 degrees. */
void vtr_magnetic_direction(double *degrees, double *error, const double vector[2],
                            const double covariance[3]);

/* Walls, domains and histograms of /entry/magnetic (domains_write.c). */
vtr_status vtr_magnetic_write_domains(vtr_mapfile *file, const vtr_magnetic *magnetic, vtr_error *err);

/* divergence and curl of the projected field `projected` [n_y][n_x][2] with covariances [3] (differences.c). */
vtr_status vtr_magnetic_add_differences(vtr_magnetic *magnetic, const double *projected,
                                        const double *covariance, vtr_error *err);

#endif
