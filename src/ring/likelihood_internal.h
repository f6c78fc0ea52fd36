/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_LIKELIHOOD_INTERNAL_H
#define VITRAIL_RING_LIKELIHOOD_INTERNAL_H

/* The likelihood fit of the ring on polar bins, 16 patterns at a time (one lane of a vector a pattern).
 *
 * With u = W0 (x - c0) the circle coordinates of the plan, v = u - d and rho = |(I + e) v|, a bin of n pixels expects
 *
 *   mu = n [ (a + ac cos 2phi + as sin 2phi) E(rho)
 *            + g(|v|) (b0 + b1 t + b2 t^2 + (bc0 + bc1 t) cos 2phi + (bs0 + bs1 t) sin 2phi) ]
 *
 * counts, E the ring's profile above a smooth background g(r) = exp(-kappa (r - r0)), t = (r - r0) / half_width.
 * The terms in cos 2phi and sin 2phi let everything that does not move with the strain (<f^2>, plural scattering)
 * stay where it is: without them 1 % of strain reads as 0.96 %. */

#include <stddef.h>
#include <stdint.h>

enum { VTR_FIT_LANES = 16 };

/* Parameters of the fit; strain as m = (exx + eyy)/2, p = (exx - eyy)/2, q = exy. */
enum {
    FIT_DX,
    FIT_DY,
    FIT_M,
    FIT_P,
    FIT_Q,
    FIT_A,
    FIT_AC,
    FIT_AS,
    FIT_B0,
    FIT_BC0,
    FIT_BS0,
    FIT_B1,
    FIT_BC1,
    FIT_BS1,
    FIT_B2,
    FIT_N
};
enum { FIT_NORMAL_N = FIT_N * (FIT_N + 1) / 2 };

/* What the kernel needs of one bin; bins are ordered sector by sector, radii ascending within. */
typedef struct fit_bin {
    float n;         /* pixels */
    float radius_px; /* mean |u| */
    float inverse_radius;
    float cos1, sin1; /* means over the bin's pixels of cos phi, sin phi */
    float cos2, sin2; /* of cos 2phi, sin 2phi */
    float background; /* g(radius) */
    float t;          /* (radius - r0) / half_width */
    float expected;   /* counts of the template */
    float speckle;    /* relative variance of the bin's sum by speckle */
} fit_bin;

/* Trigonometric factors of a sector as a whole, for the normal equations. */
typedef struct fit_sector {
    float cos1, sin1, cos2, sin2;
} fit_sector;

/* E and dE/drho at the points rho_first + i * step of a fine table. */
typedef struct fit_table {
    const float *values; /* [n][2] */
    int n;
    float rho_first_px, step_px;
} fit_table;

typedef struct fit_model {
    size_t n_sectors, n_radii;
    const fit_bin *bins;       /* [n_sectors][n_radii] */
    const fit_sector *sectors; /* [n_sectors] */
    fit_table table;
    float kappa, inverse_half_width, level, bend[2];
    float gain, read_variance; /* of a pixel, recorded units */
} fit_model;

/* Normal equations of 16 patterns at their current parameters. */
typedef struct fit_normal {
    double matrix[FIT_NORMAL_N][VTR_FIT_LANES]; /* lower triangle, row by row */
    double gradient[FIT_N][VTR_FIT_LANES];
    double chi2[VTR_FIT_LANES];
    double counts[VTR_FIT_LANES]; /* sum of mu */
} fit_normal;

/* What the weights go by: max(own * mu + borrowed * n (E(rho) + level g (1 + bend)), floor * expected); the slopes likewise take
 * their heights in part from the template. A pattern of few counts has no business weighting by its own fitted
 * heights: they scatter, the error bars with them, and the fit would not settle. The answer is where the scores
 * vanish for the pattern's own model whatever the weights, so it is not biased by them. */
typedef struct fit_weighting {
    float floor[VTR_FIT_LANES], own[VTR_FIT_LANES], borrowed[VTR_FIT_LANES];
} fit_weighting;

/* Given `data` [n_sectors][n_radii][16] sums above the offset and `parameters` [FIT_N][16]; returns the normal
 * equations. The same bits from every build of the kernel. */
typedef void fit_kernel(fit_normal *out, const fit_model *model, const float *data, const float *parameters,
                        const fit_weighting *weighting);
fit_kernel vtr_fit_kernel_portable, vtr_fit_kernel_avx2, vtr_fit_kernel_avx512;

static inline size_t fit_index(size_t row, size_t column)
{
    return row >= column ? row * (row + 1) / 2 + column : column * (column + 1) / 2 + row;
}

#endif
