/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_MODEL_H
#define VITRAIL_RING_LIKELIHOOD_MODEL_H

/* The model of the likelihood fit at one bin, in double precision. */

#include "ring/likelihood_internal.h"

/* The model at one bin: counts = n (height * ring + background). */
typedef struct vtr_fit_point {
    double rho_px, height, ring, background;
} vtr_fit_point;
void vtr_fit_evaluate(const fit_model *model, const fit_bin *bin, const double parameters[FIT_N],
                      vtr_fit_point *out);
/* E from the kernel's table. */
double vtr_fit_table_value(const fit_table *table, double rho_px);

#endif
