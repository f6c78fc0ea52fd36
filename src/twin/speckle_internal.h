/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_SPECKLE_INTERNAL_H
#define VITRAIL_TWIN_SPECKLE_INTERNAL_H

/* Speckle: gamma-distributed factors of mean 1 with given variance, grain and Friedel correlation. */

#include "base/base_internal.h"

/* --- the map of a standard normal to the gamma distribution of mean 1 -------------------------------------
 */

enum { VTR_MARGINAL_N = 2049, VTR_MARGINAL_TERMS = 40 };
#define VTR_MARGINAL_LIMIT 8.0

/* t(g) on g = -LIMIT to LIMIT in N - 1 equal steps, and the share of every Hermite order in its variance:
 * R(rho) = sum_n weight[n] rho^(n + 1). */
typedef struct vtr_marginal {
    float value[VTR_MARGINAL_N];
    double weight[VTR_MARGINAL_TERMS];
} vtr_marginal;

/* contrast > 0: the variance of t. */
void vtr_marginal_make(vtr_marginal *marginal, double contrast);
/* R and its inverse on [0, 1]. */
double vtr_marginal_correlation(const vtr_marginal *marginal, double rho);
double vtr_marginal_inverse(const vtr_marginal *marginal, double correlation);
/* Regularised lower incomplete gamma function P(a, x). */
double vtr_gamma_p(double a, double x);

/* --- the speckle of a recording ----------------------------------------------------------------------------
 */

typedef struct vtr_speckle vtr_speckle;

typedef struct vtr_speckle_params {
    double contrast, grain_px, friedel;
    size_t det_y, det_x;
    uint64_t seed;
} vtr_speckle_params;

vtr_status vtr_speckle_create(vtr_speckle **out, const vtr_speckle_params *params, vtr_error *err);
void vtr_speckle_free(vtr_speckle *speckle);

/* One frame's window into the fields, drawn at random, for a pattern's centre. */
typedef struct vtr_speckle_window {
    const float *direct, *mirror;
    long offset_y, offset_x, mirror_y, mirror_x;
    double centre_y, centre_x;
} vtr_speckle_window;
void vtr_speckle_draw(const vtr_speckle *speckle, vtr_random *random, double centre_y, double centre_x,
                      vtr_speckle_window *window);
/* Factors t of row y: factors[det_x]. */
void vtr_speckle_row(const vtr_speckle *speckle, const vtr_speckle_window *window, size_t y, float *factors);
double vtr_speckle_autocorrelation(const vtr_speckle *speckle, double distance_px);

#endif
