/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_INCLUSIONS_INTERNAL_H
#define VITRAIL_INCLUSIONS_INTERNAL_H

#include "band/band_internal.h"

enum { VTR_INCLUSIONS_MAX = 512, VTR_INCLUSION_RADII_MAX = 24 };

/* The search: what is left of the maps, and the model that was taken out of them. */
typedef struct vtr_inclusion_search {
    vtr_band_maps maps;
    vtr_inclusions_params params;
    vtr_band_model model;
    double *residual[VTR_TCS]; /* value - steps - inclusions */
    size_t n_steps, n, n_trials, n_refused;
    vtr_band_step steps[VTR_STEPS_MAX];
    vtr_inclusion list[VTR_INCLUSIONS_MAX];
    struct {
        double y_nm, x_nm, radius_nm;
    } refused[VTR_INCLUSIONS_MAX]; /* places of this search whose fit is no inclusion */
    double *chi2;
    unsigned char *radius;
    double radii_nm[VTR_INCLUSION_RADII_MAX];
    vtr_inclusion_levels levels;
    size_t n_radii;
} vtr_inclusion_search;

/* --- bands in the search (inclusions_steps.c) ----------------------------------------------------------------------- */

/* Finds the bands' steps in the residual and takes them out; the matrix is that of what is left. */
vtr_status vtr_inclusion_search_steps(vtr_inclusion_search *s, double trimmed, vtr_error *err);
/* The mean strain along each band again, from what is left without the inclusions. */
vtr_status vtr_inclusion_renew_steps(vtr_inclusion_search *s, vtr_error *err);
void vtr_inclusion_put_steps_back(vtr_inclusion_search *s);

#endif
