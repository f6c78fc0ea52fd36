/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_SIMPLEX_H
#define VITRAIL_UNMIX_SIMPLEX_H

/* Which mixture it is. Where shares sum to one, the positions of a mixture of k spectra lie in a simplex of k corners, the
 * spectra, in the k - 1 leading principal components. Any simplex that holds them fits alike. A named principle chooses:
 *
 *   volume   the smallest simplex that holds what the positions are without their noise
 *   pure     corners at positions that are nearly pure
 *
 * and the range says what else the data allow. */

#include "vitrail/unmix.h"

VTR_BEGIN_DECLS

typedef enum vtr_simplex_principle { VTR_SIMPLEX_VOLUME, VTR_SIMPLEX_PURE } vtr_simplex_principle;
typedef enum vtr_simplex_noise_source {
    VTR_SIMPLEX_NOISE_VARIANCES,  /* weights are variances */
    VTR_SIMPLEX_NOISE_NEIGHBOURS, /* neighbouring positions of a map, extrapolated to distance zero */
    VTR_SIMPLEX_NOISE_RESIDUAL,   /* what lies outside the subspace, as if it were alike in every direction */
} vtr_simplex_noise_source;

typedef struct vtr_simplex_params {
    size_t n_components;        /* 2 or 3 for volume, any for pure */
    int principle;              /* vtr_simplex_principle */
    bool weights_are_variances; /* of the data */
    size_t n_pure;              /* positions averaged for a corner */
    double wide;                /* a range of a fraction beyond this is wide */
    size_t seed;
    size_t n_y, n_x; /* shape of the map, n_y n_x = n_positions; 0: not known. Not in the table */
    /* [n_channels], what no component may fall below, such as -4 pi rho0 r for G; NULL: nothing is known. Not
     * in the table */
    const double *lower;
} vtr_simplex_params;

VTR_API extern const vtr_parameter_table vtr_simplex_parameters; /* of vtr_simplex_params */
VTR_API vtr_simplex_params vtr_simplex_default_params(void);

typedef struct vtr_simplex_result {
    size_t n_components, n_positions, n_channels, n_used_positions, n_used_channels, n_invalid;
    vtr_simplex_principle principle;
    vtr_simplex_noise_source noise_source;
    /* [k][n_channels], the corners; the largest fraction first; NAN in channels left out */
    double *components;
    /* [k][n_positions], shares and standard deviations; they sum to one and, by noise, may leave 0 to 1: their
     * mean is free of the bias that a limit would bring */
    float *maps, *map_errors;
    double *fractions;                      /* [k], means of the maps */
    double *fraction_low, *fraction_high;   /* [k], range for corners within their statistical uncertainty */
    double *component_low, *component_high; /* [k][n_channels], likewise */
    /* `lower` was given and bounds the simplex on all sides; else the next four are 0, 1, -inf, inf */
    bool is_bounded;
    /* [k], over every simplex that fits and respects `lower` */
    double *allowed_fraction_low, *allowed_fraction_high;
    double *allowed_component_low, *allowed_component_high; /* [k][n_channels] */
    bool is_wide; /* a range of fractions (the allowed one where it is bounded) is wider than params.wide */
    double noise; /* rms standard deviation of a share */
    /* Of the positions along the last coordinate, in standard deviations of the noise: 1 is noise alone, so there are
     * fewer components than asked for. */
    double extent;
    /* Of a map: one more than the coordinates whose neighbours are more alike than noise may be. Where that is less than
     * n_components, as many of those asked for are noise. n_components where the map's shape is not known. */
    size_t n_found;
} vtr_simplex_result;

/* For `volume`, along each direction in the subspace the edge of the noise-free positions is where the log-likelihood of the
 * observed ones, each noise-free value plus normal noise, falls by 2 (two standard deviations) when nothing is allowed
 * beyond it, the distribution inside being free (J. Kiefer, J. Wolfowitz, Ann. Math. Stat. 27, 887, 1956). For k = 2 the two
 * edges are the corners; for k = 3 the triangle of least area around the edges is searched. The statistical range goes
 * inwards to where the log-likelihood falls by 8, and outwards by 1.2 standard deviations of the noise, which held in
 * trials.
 *
 * Where the shape of the map is given the coordinates are not those of the largest variance, which noise that channels
 * share may have, but the smoothest ones among the leading principal components (P. Switzer, A. A. Green, Tech. Rep. 6,
 * Dept. of Statistics, Stanford, 1984): so G(r) of every position can be divided too. Components are the regression of the
 * spectra on them with the neighbours as instruments. From 4096 positions on an edge is where the measured values of the
 * positions that their neighbours say are outermost begin, whatever the noise is like as long as neighbours do not share
 * it; the statistical range is then two standard errors of that, and what the neighbours' own error may hide.
 *
 * The allowed range is W. H. Lawton, E. A. Sylvestre, Technometrics 13, 617 (1971) for k = 2, in closed form; for k = 3
 * sampled triangles. A bound that the edges themselves break is taken to lie there.
 *
 * `pure`: successive projection, U. M. C. Araújo et al., Chemom. Intell. Lab. Syst. 57, 65 (2001), then the mean of the
 * n_pure positions farthest out along the corner's direction; too far in by nature, where no position is pure.
 *
 * VTR_ERR_ARGUMENT: k that the principle does not know; VTR_ERR_SHAPE: a map of another size; VTR_ERR_NO_DATA: fewer than
 * k - 1 coordinates that are smooth. Otherwise as vtr_nmf. */
VTR_API vtr_status vtr_simplex(vtr_simplex_result *out, const vtr_unmix_data *data,
                               const vtr_simplex_params *params, int threads, vtr_error *err);
VTR_API void vtr_simplex_result_release(vtr_simplex_result *result);

VTR_END_DECLS

#endif
