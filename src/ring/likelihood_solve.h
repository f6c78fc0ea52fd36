/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_SOLVE_H
#define VITRAIL_RING_LIKELIHOOD_SOLVE_H

/* The small dense algebra of the likelihood fit, and its model at one bin in double precision. */

#include "ring/likelihood_internal.h"

/* Cholesky factor of the matrix of one lane, scaled to unit diagonal: parameters differ by many orders of magnitude. */
typedef struct vtr_fit_factor {
    double l[FIT_N][FIT_N], scale[FIT_N]; /* the diagonal of l holds reciprocals; scale 0: held */
} vtr_fit_factor;

/* Parameters with fixed[k] != 0 are held. Returns 0, or -1 where the matrix is not positive definite. */
int vtr_fit_factorise(vtr_fit_factor *factor, const fit_normal *normal, int lane, const double fixed[FIT_N]);
/* The step that solves the normal equations; returns step . gradient. */
double vtr_fit_step(const vtr_fit_factor *factor, const fit_normal *normal, int lane, double step[FIT_N]);
/* The first n_columns of the inverse matrix; rows and columns of held parameters are zero. */
void vtr_fit_inverse(const vtr_fit_factor *factor, int n_columns, double inverse[FIT_N][FIT_N]);

/* The model at one bin: counts = n (height * ring + background). */
typedef struct vtr_fit_point {
    double rho_px, height, ring, background;
} vtr_fit_point;
void vtr_fit_evaluate(const fit_model *model, const fit_bin *bin, const double parameters[FIT_N],
                      vtr_fit_point *out);
/* E from the kernel's table. */
double vtr_fit_table_value(const fit_table *table, double rho_px);

#endif
