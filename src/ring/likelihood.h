/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_H
#define VITRAIL_RING_LIKELIHOOD_H

/* The likelihood fit of the ring, made ready once (geometry, template, noise, speckle) and run on batches of 16
 * patterns whose polar sums are given. */

#include <stdbool.h>
#include <stddef.h>

#include "ring/likelihood_internal.h"
#include "ring/template_internal.h"
#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/ring.h"

/* Geometry of polar bins, index [radius][sector]; arrays are the caller's and are copied. */
typedef struct vtr_ring_bins {
    size_t n_radii, n_sectors;
    const double *n_pixels, *radius_px, *cos1, *sin1, *cos2, *sin2;
    double centre_x_px, centre_y_px; /* c0 and W0 of the plan: u = W0 (x - c0) */
    double wxx, wyy, wxy;
} vtr_ring_bins;

typedef struct vtr_likelihood_params {
    bool harmonics;       /* ring height and background with cos 2phi and sin 2phi amplitudes */
    int background_order; /* 0, 1 or 2: powers of t of the smooth background */
    bool is_far;          /* shifts of the order of the ring's width are to be expected: start stiffly */
    int max_iterations;
    double min_significance; /* ring height over its error below which there is no ring */
} vtr_likelihood_params;

vtr_likelihood_params vtr_likelihood_default_params(void);

/* What the pooled speckle statistics add: the relative variance of each bin's sum, for the weights, and the excess
 * of the score's covariance over what those weights hold. */
typedef struct vtr_fit_speckle {
    const double *relative_variance; /* [n_radii][n_sectors] of the whole plan; NULL: none */
    fit_excess excess;
} vtr_fit_speckle;

typedef struct vtr_likelihood vtr_likelihood;

vtr_status vtr_likelihood_create(vtr_likelihood **out, const vtr_ring_bins *bins,
                                 const vtr_ring_template *ring, const vtr_noise *noise,
                                 const vtr_fit_speckle *speckle, const vtr_likelihood_params *params,
                                 vtr_error *err);
void vtr_likelihood_free(vtr_likelihood *likelihood);

/* Scratch of one worker. */
typedef struct vtr_likelihood_work vtr_likelihood_work;
vtr_likelihood_work *vtr_likelihood_work_new(const vtr_likelihood *likelihood);
void vtr_likelihood_work_free(vtr_likelihood_work *work);

/* Raw outcome of a batch, one lane a pattern. */
typedef struct vtr_fit_batch {
    float parameters[FIT_N][VTR_FIT_LANES];
    double covariance[5][5][VTR_FIT_LANES]; /* of (dx, dy, m, p, q), speckle included */
    double height_error[VTR_FIT_LANES];
    double chi2[VTR_FIT_LANES];      /* reduced */
    double amplitude[VTR_FIT_LANES]; /* counts over those of the template */
    int iterations[VTR_FIT_LANES];
    uint32_t flags[VTR_FIT_LANES];
} vtr_fit_batch;

/* Takes a batch's data into `work`, without fitting. */
void vtr_likelihood_load(const vtr_likelihood *likelihood, vtr_likelihood_work *work, const float *sums);
/* `sums` [n_radii][n_sectors][16]: recorded counts of each bin (offset not subtracted). */
void vtr_likelihood_fit(const vtr_likelihood *likelihood, vtr_likelihood_work *work, const float *sums,
                        vtr_fit_batch *out);

/* A lane as an ellipse in detector pixels. */
void vtr_likelihood_ellipse(const vtr_likelihood *likelihood, const vtr_fit_batch *batch, int lane,
                            vtr_ring_ellipse *out);

/* What the speckle statistics and the tests look into. */
const fit_model *vtr_likelihood_model(const vtr_likelihood *likelihood);
/* The heights of a lane as far as its own counts vouch for them: blends parameters[FIT_A ...] with those of the template
 * at this amplitude. */
void vtr_likelihood_blend_heights(const vtr_likelihood *likelihood, double amplitude,
                                  double parameters[FIT_N]);
/* [FIT_N], 1 where a parameter is held. */
const double *vtr_likelihood_fixed(const vtr_likelihood *likelihood);
/* First radius index of the plan that the fit uses. */
size_t vtr_likelihood_first_radius(const vtr_likelihood *likelihood);
/* Adds the observations of lane `lane` of the batch last loaded, with shifts and strains as in `parameters` [FIT_N] instead of
 * the fitted ones, to the equations of the template. `posterior` are the variances with which these five are known: each
 * observation is spread over the radii that they allow (the M step of an EM algorithm), or else every pattern's noise
 * would sharpen the template. */
void vtr_likelihood_add_to_template(const vtr_likelihood *likelihood, const vtr_likelihood_work *work,
                                    int lane, const double *parameters, const double posterior[5],
                                    const vtr_ring_template *ring, vtr_template_equations *equations);

#endif
