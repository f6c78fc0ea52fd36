/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_STATE_H
#define VITRAIL_RING_LIKELIHOOD_STATE_H

/* What the parts of the likelihood fit share: likelihood.c makes the plan, likelihood_start.c the first step,
 * likelihood_fit.c the others, likelihood_ellipse.c the result in detector pixels. */

#include "ring/likelihood.h"

/* The first step from the template at rest, whose derivatives and weights are the same for all patterns but for the
 * amplitude: a linear map of the counts. */
typedef struct fit_start {
    double template_gradient[FIT_N]; /* of the template's own counts */
    double inverse[FIT_LEVELS][FIT_N]
                  [FIT_N]; /* of the matrix with the prior at amplitudes 2^(i - FIT_LEVELS/2) */
    bool is_usable[FIT_LEVELS];
} fit_start;

struct vtr_likelihood {
    fit_model model;
    const fit_kernels *kernels;
    fit_bin *bins;
    fit_bin_plan *plan;
    fit_sector *sectors;
    float *table;
    fit_start start;
    double fixed[FIT_N], fixed_first[FIT_N]; /* 1 where a parameter is held at its start */
    int n_first;                             /* steps that are taken with fixed_first */
    double template_counts, background_level;
    double gain;
    double visible; /* part of the annulus that is not masked */
    double annulus_width_px, radius_px, ring_width_px;
    bool has_excess;
    fit_excess excess;
    double centre_x_px, centre_y_px, w0[3];
    vtr_likelihood_params params;
    size_t degrees_of_freedom;
};

struct vtr_likelihood_work {
    float *data; /* [n_sectors][n_radii][16], counts per pixel above the offset */
    double total[VTR_FIT_LANES];
    double gradient[FIT_N][VTR_FIT_LANES]; /* of the data at the start */
    double decrement[VTR_FIT_LANES];       /* of the step before; INFINITY: says nothing of the next */
    double damping[VTR_FIT_LANES];         /* part of a step that is taken */
    bool is_settled[VTR_FIT_LANES];
    fit_weighting weighting;
    fit_prior prior;
    fit_normal normal;
    fit_factors factors;
    fit_step step;
    fit_errors errors;
    fit_covariance covariance;
};

/* The part of a pattern's heights that its own counts vouch for. */
double vtr_likelihood_own_part(double electrons);
/* Weight of the prior of parameter k at an amplitude (0: none), and the value it expects. */
double vtr_likelihood_prior(const vtr_likelihood *likelihood, double amplitude, int k, double *centre);
/* Fills likelihood->start and the start's weighted derivatives in likelihood->plan. */
void vtr_likelihood_start_create(vtr_likelihood *likelihood);
/* After vtr_likelihood_load: heights, weighting and prior of each lane, and flags where there is nothing to fit. */
void vtr_likelihood_start_lanes(const vtr_likelihood *likelihood, vtr_likelihood_work *work,
                                vtr_fit_batch *out);
/* The first step of each lane into work->step; 0 where the start is of no use. */
void vtr_likelihood_start_step(const vtr_likelihood *likelihood, vtr_likelihood_work *work,
                               const vtr_fit_batch *out);

#endif
