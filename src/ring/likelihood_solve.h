/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_SOLVE_H
#define VITRAIL_RING_LIKELIHOOD_SOLVE_H

/* The small dense algebra of the likelihood fit, and its model at one bin in double precision. */

#include "ring/likelihood_internal.h"

/* Solves the normal equations of one lane, parameters with fixed[k] != 0 held; `decrement` is step . gradient.
 * Returns 0, or -1 where the matrix is not positive definite. */
int vtr_fit_solve(const fit_normal *normal, int lane, const double fixed[FIT_N], double step[FIT_N],
                  double *decrement);
/* The inverse of the matrix of one lane; rows of fixed parameters are zero. */
int vtr_fit_invert(const fit_normal *normal, int lane, const double fixed[FIT_N],
                   double inverse[FIT_N][FIT_N]);
void vtr_fit_copy_lane(fit_normal *to, const fit_normal *from, int lane);

/* The model at one bin: counts = n (height * ring + background). */
typedef struct vtr_fit_point {
    double rho_px, height, ring, background;
} vtr_fit_point;
void vtr_fit_evaluate(const fit_model *model, const fit_bin *bin, const double parameters[FIT_N],
                      vtr_fit_point *out);
/* E from the kernel's table. */
double vtr_fit_table_value(const fit_table *table, double rho_px);

#endif
