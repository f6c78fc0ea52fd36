/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "vitrail/unmix.h"

#define MEMBER(name) offsetof(vtr_nmf_params, name)

static const vtr_parameter parameters[] = {
    {"components", NULL, VTR_PARAMETER_SIZE, MEMBER(n_components), .default_value = 2, .minimum = 1,
     .maximum = VTR_UNMIX_COMPONENTS_MAX, .metavar = "K", .help = "number of components"},
    {"algorithm", NULL, VTR_PARAMETER_CHOICE, MEMBER(method), .choices = "als|hals|mu",
     .help = "extrapolated least squares, coordinate descent, or multiplicative updates"},
    {"loss", NULL, VTR_PARAMETER_CHOICE, MEMBER(loss), .choices = "frobenius|kullback-leibler",
     .help = "what is made small: squared residuals, or the divergence of counts"},
    {"negative", NULL, VTR_PARAMETER_CHOICE, MEMBER(negative), .choices = "shift|semi",
     .help = "negative data: shift all by the smallest value, or let components have either sign"},
    {"start", NULL, VTR_PARAMETER_CHOICE, MEMBER(start), .choices = "random|pca|nndsvd|nndsvda",
     .help = "where to begin"},
    {"starts", NULL, VTR_PARAMETER_SIZE, MEMBER(n_starts), .default_value = 10, .minimum = 1, .maximum = 1e5,
     .metavar = "N", .help = "random starts, of which the best is refined"},
    {"short", NULL, VTR_PARAMETER_SIZE, MEMBER(n_short), .default_value = 5, .minimum = 1, .maximum = 1e4,
     .metavar = "N", .help = "iterations of each start"},
    {"iterations", NULL, VTR_PARAMETER_SIZE, MEMBER(max_iterations), .default_value = 1000, .minimum = 1,
     .maximum = 1e6, .metavar = "N", .help = "most iterations of the refinement"},
    {"tolerance", NULL, VTR_PARAMETER_DOUBLE, MEMBER(tolerance), .default_value = 1e-7, .maximum = 0.1,
     .metavar = "T", .help = "relative change of the residual that ends the refinement"},
    {"consensus", NULL, VTR_PARAMETER_SIZE, MEMBER(n_consensus), .maximum = 1e5, .metavar = "N",
     .help = "starts refined to the end, to see how often each component comes back"},
    {"sum-to-one", NULL, VTR_PARAMETER_BOOL, MEMBER(sum_to_one),
     .help = "demand of the fit that the weights of a position sum to one"},
    {"volume", NULL, VTR_PARAMETER_DOUBLE, MEMBER(volume), .maximum = 1e6, .metavar = "WEIGHT",
     .help = "prefer components of small volume, with this weight"},
    {"seed", NULL, VTR_PARAMETER_SIZE, MEMBER(seed), .default_value = 1, .metavar = "SEED",
     .help = "of the random numbers"},
};

const vtr_parameter_table vtr_nmf_parameters = {"Factorisation", parameters,
                                                sizeof parameters / sizeof *parameters};

vtr_nmf_params vtr_nmf_default_params(void)
{
    vtr_nmf_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_nmf_parameters, &params);
    return params;
}
