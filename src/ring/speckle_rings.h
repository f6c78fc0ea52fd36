/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_SPECKLE_RINGS_H
#define VITRAIL_RING_SPECKLE_RINGS_H

/* Speckle in the samples of a radial profile: measured along whole rings at every radius, and what it makes of the mean
 * of a ring or of a sector of it.
 *
 * The mean of a ring over its own variance: it cannot be seen in one pattern, where it is the mean, and over the scan it
 * is mixed with what changes in the specimen. But speckle is as strong in the zeroth harmonic of the angle as in those
 * beside it (twice as strong, with opposite grains alike, in even ones as in odd ones): what arcs of the ring do about
 * their own pattern's mean, centre and ellipse says how much that mean itself moves. */

#include <stddef.h>

#include "ring/speckle.h"

/* Samples of profiles: at r_first + j r_step, as vtr_polar_profile takes them with these parameters. */
typedef struct vtr_speckle_samples {
    double r_first_px, r_step_px;
    size_t n, n_sectors; /* n_sectors 0: the whole ring */
} vtr_speckle_samples;

/* Sums over patterns, to be measured from: [n_radii] rings of 1 px in n_arcs arcs. */
typedef struct vtr_ring_lags {
    size_t n_radii, n_arcs, n_lags; /* n_lags = n_arcs/2 + 1 */
    double *products; /* [n_radii][n_lags] of residuals of arcs so many arcs apart, over all such pairs */
    double *mean;     /* [n_radii] of the ring */
    double *square;   /* [n_radii] of the ring's mean, less its noise */
    double *noise;    /* [n_radii] variance of the ring's mean by noise */
    double *n;        /* [n_radii] patterns */
} vtr_ring_lags;

vtr_status vtr_ring_lags_create(vtr_ring_lags *lags, size_t n_radii, size_t n_arcs, vtr_error *err);
void vtr_ring_lags_release(vtr_ring_lags *lags);
/* sums += more */
void vtr_ring_lags_add(vtr_ring_lags *sums, const vtr_ring_lags *more);

/* What makes arcs into residuals: their mean and first two harmonics taken out (their mean alone where few arcs are
 * seen), by least squares with the numbers of pixels as weights. Near the centre arcs are joined in twos or fours. */
typedef struct vtr_arc_fit {
    size_t n_radii, n_arcs;
    unsigned char *joined; /* [n_radii] */
    unsigned char *terms;  /* [n_radii]; 0: not used, for too little of the ring is seen */
    double *pixels;        /* [n_radii][n_arcs] as given */
    double *n_pixels; /* [n_radii][n_arcs / joined ...] of joined arcs, 0 where one is too short to be used */
    double *solution; /* [n_radii][VTR_ARC_TERMS][n_arcs / joined ...]: coefficients from arcs */
} vtr_arc_fit;
enum { VTR_ARC_TERMS = 5, VTR_MOST_ARCS = 96 };

/* n_pixels [n_radii][n_arcs] is copied; n_arcs is a multiple of 16 up to VTR_MOST_ARCS. */
vtr_status vtr_arc_fit_create(vtr_arc_fit *fit, size_t n_radii, size_t n_arcs, const double *n_pixels,
                              vtr_error *err);
void vtr_arc_fit_release(vtr_arc_fit *fit);
/* Adds the arcs [n_arcs] of ring `radius` of one pattern, whose ring's mean and its variance by noise are given. Does
 * nothing where an arc that is used is NAN. */
void vtr_ring_lags_take(vtr_ring_lags *lags, const vtr_arc_fit *fit, size_t radius, const double *arcs,
                        double mean, double noise);

/* speckle->near, opposite, radius_step_px from the sums, with speckle->correlation along and across the rings. The patterns'
 * centres lie about that of the arcs with a standard deviation of `spread_px` along x and along y: twice as much lie
 * opposite arcs apart. */
vtr_status vtr_speckle_measure_rings(vtr_speckle *speckle, const vtr_ring_lags *lags, const vtr_arc_fit *fit,
                                     double spread_px, vtr_error *err);

/* Variance of each sample relative to its square, [n] or [n_sectors][n], for the used pixels of a plan with sectors
 * (0: none) as in vtr_polar_profile. Zeros without speckle. */
vtr_status vtr_speckle_of_samples(float *relative_variance, const vtr_speckle *speckle,
                                  const vtr_speckle_samples *samples, const vtr_ring_pixels *pixels,
                                  vtr_error *err);

/* Correlation, by speckle alone, of samples `lag` apart at radius r. */
double vtr_speckle_sample_correlation(const vtr_speckle *speckle, const vtr_speckle_samples *samples,
                                      double radius_px, size_t lag);

#endif
