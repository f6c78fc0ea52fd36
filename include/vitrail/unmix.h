/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_H
#define VITRAIL_UNMIX_H

/* A cube of spectra (pair distribution functions, structure functions, profiles) as a mixture of a few: the data, and
 * their non-negative matrix factorisation
 *
 *     A [position][channel]  ~  W [position][component] H [component][channel],     W >= 0.
 *
 * What else is done with the same data: unmix_pca.h (how many components, subspaces, independent components), unmix_mlls.h
 * (given references), unmix_simplex.h (which factorisations the data allow). docs/methods/phases.md has the mathematics. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"

VTR_BEGIN_DECLS

enum { VTR_UNMIX_COMPONENTS_MAX = 32 };

/* Rows first <= position < first + n of the cube into `rows` [n][n_channels]. Called by one thread at a time unless
 * is_read_shared, in any order, several times for the same rows. */
typedef vtr_status (*vtr_unmix_read)(void *user, float *rows, size_t first, size_t n, vtr_error *err);

/* The cube and what of it counts. Nothing here is owned or changed.
 *
 * A position or channel whose mask is zero is left out exactly as if it were cut off, whatever its values. A position
 * with a NAN or an infinity in a channel that is used is left out too; the results say how many. A weight is one over
 * a variance, up to a common factor; the loss of an entry is multiplied by those of its position and its channel. */
typedef struct vtr_unmix_data {
    size_t n_positions, n_channels;
    const float *values; /* [n_positions][n_channels]; NULL: `read` gives them, out of core */
    vtr_unmix_read read;
    void *user;                    /* of `read` */
    bool is_read_shared;           /* `read` may be called by several threads at once */
    const uint8_t *position_used;  /* [n_positions], 0 = left out; NULL: all are used */
    const uint8_t *channel_used;   /* [n_channels] */
    const double *position_weight; /* [n_positions], > 0 where used; NULL: 1 */
    const double *channel_weight;  /* [n_channels] */
    /* That share the positions, in the parts of vtr_unmix_part; each asks only for rows of its own. All of them call the
     * same functions with the same arguments and get the same results. NULL: this process alone. */
    vtr_ranks *ranks;
} vtr_unmix_data;

/* The positions of a rank: *first ... *first + *n - 1. */
VTR_API void vtr_unmix_part(size_t *first, size_t *n, const vtr_unmix_data *data);

typedef enum vtr_nmf_method {
    VTR_NMF_ALS, /* alternating exact non-negative least squares, extrapolated: fewest passes over the data */
    VTR_NMF_HALS, /* hierarchical alternating least squares: coordinate descent */
    VTR_NMF_MU,   /* multiplicative updates of Lee & Seung */
} vtr_nmf_method;
typedef enum vtr_nmf_loss { VTR_NMF_FROBENIUS, VTR_NMF_KULLBACK_LEIBLER } vtr_nmf_loss;
typedef enum vtr_nmf_negative {
    VTR_NMF_SHIFT, /* the smallest value is subtracted from all, and added to the components afterwards */
    VTR_NMF_SEMI,  /* components may have either sign, only weights are non-negative */
} vtr_nmf_negative;
typedef enum vtr_nmf_start { VTR_NMF_RANDOM, VTR_NMF_PCA, VTR_NMF_NNDSVD, VTR_NMF_NNDSVDA } vtr_nmf_start;

typedef struct vtr_nmf_params {
    size_t n_components;
    int method, loss, negative, start; /* the enums above */
    size_t n_starts;       /* random starts, each run for n_short iterations; the best is refined */
    size_t n_short;        /* iterations of a short run */
    size_t max_iterations; /* of the refinement */
    double tolerance;      /* ends it: relative change of the residual's norm in one iteration */
    size_t n_consensus;    /* random starts refined to the end and compared with the result; 0: none */
    bool sum_to_one;       /* demand of the fit that the weights of a position sum to one (Frobenius) */
    double volume;         /* weight of the volume of the components, see vtr_nmf; 0: none */
    size_t seed;
    /* [n_components][n_channels], on the scale of the data: begin here and nowhere else; not in the table */
    const double *start_components;
} vtr_nmf_params;

VTR_API extern const vtr_parameter_table vtr_nmf_parameters; /* of vtr_nmf_params */
VTR_API vtr_nmf_params vtr_nmf_default_params(void);

/* How often a component comes back from other starts. Two components are the same when their correlation over the
 * channels is at least 0.99, after the assignment with the largest sum of correlations. */
typedef struct vtr_nmf_consensus {
    size_t n_starts;
    double *returns;                      /* [k], share of the starts in which it came back */
    double *correlation;                  /* [k], mean over the starts */
    double *component_spread;             /* [k][n_channels], standard deviation over the starts */
    double *fraction_low, *fraction_high; /* [k], over the starts */
    double objective_low, objective_high;
} vtr_nmf_consensus;

typedef struct vtr_nmf_result {
    size_t n_components, n_positions, n_channels;
    size_t n_used_positions, n_used_channels;
    size_t n_invalid; /* positions left out for a NAN or an infinity */
    /* [k][n_channels], on the scale of the data, the shift undone; NAN in channels left out. Sorted by
     * fraction, the largest first */
    double *components;
    float *maps;       /* [k][n_positions]; those of a position sum to one; NAN where it is left out */
    float *scale;      /* [n_positions]: data + shift ~ scale * sum_k maps_k (components_k + shift) */
    double *fractions; /* [k], mean of the map */
    double shift;      /* that was added to the data before the factorisation */
    /* the components' scale is that with which the sums of the weights are closest to one; else that of their
     * totals, because the data have no common scale */
    bool is_scale_common;
    double objective; /* half the weighted sum of squared residuals, or the weighted divergence */
    /* 1 - squared residuals / squared deviations from the mean spectrum; Frobenius, else NAN */
    double explained;
    /* how far the end is from a stationary point: rms step of one coordinate update, relative to the rms of
     * what it changes, the larger one of W and H */
    double kkt;
    bool is_converged;   /* the residual settled before max_iterations */
    size_t n_iterations; /* of the refinement, on the subspace and on the cube */
    size_t n_history;
    /* [n_history], the loss (with the penalties of sum_to_one and volume) after each iteration on the cube;
     * never increases */
    double *history;
    size_t start; /* which of the starts was refined */
    vtr_nmf_consensus consensus;
} vtr_nmf_result;

/* Factorises the cube.
 *
 * Frobenius: for components H each position's weights are solved for exactly (ALS), by coordinate descent (HALS) or
 * multiplied (MU), then the components for those weights; ALS extrapolates the components, never uphill. Runs of many
 * iterations work on the leading singular subspace of the data, a hundredth of their size, and end on the data
 * themselves. Kullback-Leibler (Poisson): multiplicative updates on the data, from where weighted squared residuals end.
 *
 * `volume` > 0 adds volume * sigma^2 * log det(H H^T), sigma^2 the mean squared residual of an entry times the number of
 * positions: among factorisations that fit alike it takes the one with the smallest components' volume. With sum_to_one.
 *
 * The result depends on data, params and nothing else: not on `threads`. Errors: VTR_ERR_ARGUMENT for more components than
 * channels or positions, settings that exclude each other; VTR_ERR_NO_DATA for data without usable or without different
 * values; VTR_ERR_RANGE for data that are all negative. `out` is untouched on failure and released with
 * vtr_nmf_result_release.
 *
 * D. D. Lee, H. S. Seung, Nature 401, 788 (1999); A. Cichocki, A.-H. Phan, IEICE Trans. E92-A, 708 (2009) (HALS);
 * J. Kim, H. Park, SIAM J. Sci. Comput. 33, 3261 (2011) (exact steps by block pivoting); A. M. S. Ang, N. Gillis, Neural
 * Comput. 31, 417 (2019) (extrapolation); C. Ding, T. Li, M. I. Jordan, IEEE TPAMI 32, 45 (2010) (semi); V. Leplat,
 * A. M. S. Ang, N. Gillis, ICASSP 2019, 3402 (volume). */
VTR_API vtr_status vtr_nmf(vtr_nmf_result *out, const vtr_unmix_data *data, const vtr_nmf_params *params,
                           int threads, const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_nmf_result_release(vtr_nmf_result *result);

/* order[i] = the row of `b` that belongs to row i of `a`, both [n][n_channels]: the one-to-one assignment with the largest
 * sum of correlations, which go to correlation[n]. Channels that are NAN in either are left out. */
VTR_API vtr_status vtr_unmix_match(size_t *order, double *correlation, size_t n, size_t n_channels,
                                   const double *a, const double *b, vtr_error *err);

VTR_END_DECLS

#endif
