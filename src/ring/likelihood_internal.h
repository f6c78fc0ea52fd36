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

#include <stdbool.h>
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

/* One bin; bins are ordered sector by sector, radii ascending within. */
typedef struct fit_bin {
    float n;          /* pixels */
    float radius_px;  /* mean |u| */
    float cos1, sin1; /* means over the bin's pixels of cos phi, sin phi */
    float cos2, sin2; /* of cos 2phi, sin 2phi */
    float background; /* g(radius) */
    float t;          /* (radius - r0) / half_width */
    float expected;   /* counts of the template */
    float speckle;    /* relative variance of the bin's sum by speckle */
} fit_bin;

/* Families of derivatives that differ only by {1, cos 2phi, sin 2phi}: the ring moved outwards, the ring's height,
 * and the background's three powers of t; and the shift of the centre, with {-cos phi, -sin phi}. */
enum { FAMILY_MOVE, FAMILY_RING, FAMILY_G0, FAMILY_G1, FAMILY_G2, FAMILY_SHIFT, FAMILY_N };

/* The same bin as the kernel computes with it: everything per pixel, products with powers of the radius taken. */
typedef struct fit_bin_plan {
    float pixels; /* 0: not used */
    float inverse_pixels;
    float offset;                                 /* of the camera, in the bin's sum */
    float cos2, sin2, cos1_r, sin1_r, inverse_r2; /* cos phi / r, sin phi / r, 1 / r^2 */
    float radius_px;
    float position, position_slope; /* of rho = r (1 + s) in the table: position + position_slope * s */
    float t, t_slope;               /* t of |v| = r (1 + s) likewise */
    float decay;                    /* g(|v|) = background * exp(decay * s) */
    float background;
    float expected;        /* counts per pixel of the template */
    float speckle;         /* relative variance times pixels */
    float start[FAMILY_N]; /* weight times derivative at the template, for the first step */
} fit_bin_plan;

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
    size_t n_sectors, n_radii, first_radius; /* of the polar plan's radii, those that the fit uses */
    const fit_bin *bins;                     /* [n_sectors][n_radii] */
    const fit_bin_plan *plan;                /* [n_sectors][n_radii] */
    const fit_sector *sectors;               /* [n_sectors] */
    fit_table table;
    float kappa, inverse_half_width, level, bend[2];
    float gain, read_variance; /* of a pixel, recorded units */
} fit_model;

/* Normal equations of 16 patterns at their current parameters. */
typedef struct fit_normal {
    double matrix[FIT_NORMAL_N][VTR_FIT_LANES]; /* lower triangle, row by row */
    double gradient[FIT_N][VTR_FIT_LANES];
    double chi2[VTR_FIT_LANES];
} fit_normal;

/* What the weights go by: max(own * mu + borrowed * n (E(rho) + level g (1 + bend)), floor * expected); the slopes likewise take
 * their heights in part from the template. A pattern of few counts has no business weighting by its own fitted
 * heights: they scatter, the error bars with them, and the fit would not settle. The answer is where the scores
 * vanish for the pattern's own model whatever the weights, so it is not biased by them. */
typedef struct fit_weighting {
    float floor[VTR_FIT_LANES], own[VTR_FIT_LANES], borrowed[VTR_FIT_LANES];
} fit_weighting;

/* What is known of a pattern's heights before any count: they lie about a centre with a weight (0: nothing known). */
typedef struct fit_prior {
    double weight[FIT_N][VTR_FIT_LANES], centre[FIT_N][VTR_FIT_LANES];
} fit_prior;

/* Cholesky factors of the matrices, scaled to unit diagonal: parameters differ by many orders of magnitude. The
 * diagonal of l holds reciprocals; scale 0: held. */
typedef struct fit_factors {
    double l[FIT_NORMAL_N][VTR_FIT_LANES], scale[FIT_N][VTR_FIT_LANES];
    int64_t is_wanted[VTR_FIT_LANES]; /* -1: factorise this lane's matrix; 0: keep the factor that is there */
    int64_t is_singular[VTR_FIT_LANES]; /* -1 where the matrix is not positive definite */
} fit_factors;

typedef struct fit_step {
    double step[FIT_N][VTR_FIT_LANES];
    double decrement[VTR_FIT_LANES]; /* step . gradient: by how much the step is to lower chi-squared */
} fit_step;

/* The excess of the scores' covariance at amplitudes 2^(i - FIT_LEVELS/2) of the template, parameters of height and
 * background scaled by the amplitude. */
enum { FIT_LEVELS = 17 };
typedef double fit_excess[FIT_LEVELS][FIT_NORMAL_N];

/* What the covariance takes besides the factors. */
typedef struct fit_errors {
    const fit_excess *excess; /* NULL: no speckle */
    double radius_px, ring_sigma_px;
    double amplitude[VTR_FIT_LANES];
    int64_t level[VTR_FIT_LANES];     /* lower one of the two levels of the excess */
    double level_part[VTR_FIT_LANES]; /* way to the next level */
} fit_errors;

typedef struct fit_covariance {
    double covariance[5][5][VTR_FIT_LANES]; /* of (dx, dy, m, p, q) */
    double height_error[VTR_FIT_LANES];
} fit_covariance;

/* The kernels, built for each instruction set, with the same bits from every build. Lanes do not mix. */
typedef struct fit_kernels {
    /* Takes `sums` [n_radii of the polar plan][n_sectors][16] as counts per pixel above the offset, `data`
     * [n_sectors][n_radii][16]; their sum over the pixels, `total` [16]; and their products with the start's weighted
     * derivatives, `gradient` [FIT_N][16]. */
    void (*load)(float *data, double *total, double (*gradient)[VTR_FIT_LANES], const fit_model *model,
                 const float *sums);
    /* The normal equations at `parameters` [FIT_N][16]; without the matrix, if the gradient alone is asked for. */
    void (*equations)(fit_normal *out, const fit_model *model, const float *data, const float *parameters,
                      const fit_weighting *weighting, bool with_matrix);
    /* Adds the prior at `parameters` to the equations. */
    void (*add_prior)(fit_normal *normal, const fit_prior *prior, const float *parameters);
    /* Factorises the wanted lanes; parameters with fixed[k] != 0 are held. */
    void (*factorise)(fit_factors *factors, const fit_normal *normal, const double fixed[FIT_N]);
    void (*solve)(fit_step *out, const fit_factors *factors, const fit_normal *normal);
    void (*covariance)(fit_covariance *out, const fit_factors *factors, const fit_prior *prior,
                       const float *parameters, const fit_errors *errors);
} fit_kernels;
extern const fit_kernels vtr_fit_kernels_portable, vtr_fit_kernels_avx2, vtr_fit_kernels_avx512;

static inline size_t fit_index(size_t row, size_t column)
{
    return row >= column ? row * (row + 1) / 2 + column : column * (column + 1) / 2 + row;
}

#endif
