/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_MLLS_H
#define VITRAIL_UNMIX_MLLS_H

/* Multiple linear least squares: every position of a cube as a mixture of given references. */

#include "vitrail/unmix.h"

VTR_BEGIN_DECLS

/* Spectra on the scale of the data. `axis` of both, where given, must agree to a thousandth of a step. */
typedef struct vtr_mlls_references {
    size_t n, n_channels;
    const double *values;    /* [n][n_channels] */
    const double *axis;      /* [n_channels] of the references, or NULL */
    const double *data_axis; /* [n_channels] of the cube, or NULL */
} vtr_mlls_references;

typedef struct vtr_mlls_params {
    bool is_free;    /* weights of either sign; else non-negative */
    bool sum_to_one; /* of the weights of a position */
    /* a constant as one more reference, free in sign only if the others are; not in the sum */
    bool with_constant;
    /* errors from the weights of the data; else from each position's own residual */
    bool weights_are_variances;
} vtr_mlls_params;

VTR_API extern const vtr_parameter_table vtr_mlls_parameters; /* of vtr_mlls_params */
VTR_API vtr_mlls_params vtr_mlls_default_params(void);

typedef struct vtr_mlls_result {
    size_t n_references; /* the constant included, which is the last one */
    size_t n_positions, n_used_positions, n_used_channels, n_invalid;
    /* [n_references][n_positions], weights and their standard deviations; NAN where left out. The error of a
     * weight that stands at zero is that of the free fit */
    float *maps, *errors;
    /* [n_positions], rms of the weighted residual: 1 where weights are variances and the model holds */
    float *residual;
    double *fractions;       /* [n_references], mean weight over the mean sum, without the constant */
    double *fraction_errors; /* from the errors of the positions, as independent of each other */
    double condition; /* of the weighted references scaled to unit length: large where they are alike */
} vtr_mlls_result;

/* Non-negative weights by block principal pivoting (unmix.h), free ones in closed form.
 * VTR_ERR_SHAPE: references of another length or axis; VTR_ERR_ARGUMENT: more references than used channels;
 * VTR_ERR_NO_DATA: a reference that is not finite in a used channel, or zero in all; VTR_ERR_NUMERIC: references that are
 * combinations of each other. */
VTR_API vtr_status vtr_mlls(vtr_mlls_result *out, const vtr_unmix_data *data,
                            const vtr_mlls_references *references, const vtr_mlls_params *params, int threads,
                            vtr_error *err);
VTR_API void vtr_mlls_result_release(vtr_mlls_result *result);

VTR_END_DECLS

#endif
