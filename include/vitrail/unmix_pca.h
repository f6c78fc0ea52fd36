/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_PCA_H
#define VITRAIL_UNMIX_PCA_H

/* Principal and independent components of a cube, and how many of them are more than noise. */

#include "vitrail/unmix.h"

VTR_BEGIN_DECLS

typedef struct vtr_pca_params {
    size_t n_components;
    size_t n_parallel; /* cubes of noise that the singular values are compared with; 0: none */
    /* the weights of the data are one over the variance itself, not up to a factor */
    bool weights_are_variances;
    size_t seed;
} vtr_pca_params;

VTR_API extern const vtr_parameter_table vtr_pca_parameters; /* of vtr_pca_params */
VTR_API vtr_pca_params vtr_pca_default_params(void);

typedef struct vtr_pca_result {
    size_t n_components, n_positions, n_channels, n_used_positions, n_used_channels, n_invalid;
    double *mean;       /* [n_channels], weighted; NAN in channels left out */
    double *components; /* [k][n_channels]; orthonormal once multiplied by the roots of the channel weights */
    float *maps;        /* [k][n_positions], data ~ mean + sum_k maps components; NAN where left out */
    double *singular;   /* [k], of the weighted cube less its mean */
    double *explained;  /* [k], share of the variance */
    double noise_singular; /* what one cube of noise in a hundred exceeds; NAN without them */
    size_t n_significant;  /* leading singular values above it */
    /* [k + 1], squared residuals of the first 0 .. k components per degree of freedom; 1 for counting noise.
     * NAN unless weights_are_variances */
    double *chi2;
    /* the smallest number of components for which chi2 is 1 within three of its standard deviations; k + 1:
     * none; 0 too where chi2 is not known */
    size_t n_by_residual;
} vtr_pca_result;

/* Principal components of the weighted cube less its weighted mean, by a randomised singular value decomposition: some
 * passes over the cube, out of core where it is read. Cubes of noise are the cube's deviations from the mean, less the
 * components that were found significant so far, with a random sign for every entry: that keeps the size of the noise
 * everywhere and takes away what positions share. Noise that is correlated from channel to channel, as in G(r), is taken
 * for structure: count components in s(Q) or I(k).
 *
 * N. Halko, P. G. Martinsson, J. A. Tropp, SIAM Rev. 53, 217 (2011); J. L. Horn, Psychometrika 30, 179 (1965) (parallel
 * analysis); D. Hong, Y. Sheng, E. Dobriban, arXiv:2012.02985 (signs); I. M. Johnstone, Ann. Stat. 29, 295 (2001) (the
 * spread). Errors as vtr_nmf. */
VTR_API vtr_status vtr_pca(vtr_pca_result *out, const vtr_unmix_data *data, const vtr_pca_params *params,
                           int threads, const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_pca_result_release(vtr_pca_result *result);

typedef struct vtr_ica_result {
    size_t n_components, n_positions, n_channels;
    double *components; /* [k][n_channels], data ~ mean + sum_k maps components */
    /* [k][n_positions], independent: uncorrelated, of unit variance, positive skewness; the most skewed first */
    float *maps;
    double *skewness; /* [k] */
    size_t n_iterations;
    bool is_converged;
} vtr_ica_result;

/* Independent components in the space of a PCA: FastICA, all components at once, contrast log cosh. A. Hyvärinen, IEEE
 * Trans. Neural Netw. 10, 626 (1999). VTR_ERR_NUMERIC: a map of the PCA that has no variance. */
VTR_API vtr_status vtr_ica(vtr_ica_result *out, const vtr_pca_result *pca, size_t seed, vtr_error *err);
VTR_API void vtr_ica_result_release(vtr_ica_result *result);

VTR_END_DECLS

#endif
