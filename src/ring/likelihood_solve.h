/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_SOLVE_H
#define VITRAIL_RING_LIKELIHOOD_SOLVE_H

/* The inverse of one matrix of the likelihood fit, where a plan is made. Patterns are solved by the kernels, 16 at a
 * time. */

#include "ring/likelihood_internal.h"

/* `matrix` is the lower triangle, row by row. Parameters with fixed[k] != 0 are held: their rows and columns of the
 * inverse are zero. Returns 0, or -1 where the matrix is not positive definite. */
int vtr_fit_invert(double inverse[FIT_N][FIT_N], const double matrix[FIT_NORMAL_N],
                   const double fixed[FIT_N]);

#endif
