/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "series/series_internal.h"

#define AT(member) offsetof(vtr_series_params, member)

static const vtr_parameter parameters[] = {
    {"smoothing", "nm", VTR_PARAMETER_DOUBLE, AT(smoothing_nm), NAN, 1e-6, 1e9, .metavar = "NM",
     .help =
         "standard deviation of the window in which maps are registered and contrast is taken; default: 1.5 "
         "of the coarsest step"},
    {"largest-angle", "degrees", VTR_PARAMETER_DOUBLE, AT(largest_angle_degrees), 5, 0, 180,
     .metavar = "DEGREES", .help = "rotation that is looked for, to either side"},
    {"least-overlap", NULL, VTR_PARAMETER_DOUBLE, AT(least_overlap), 0.25, 0.01, 1, .metavar = "SHARE",
     .help = "share of the smaller map that lies in the other"},
    {"false-alarms", NULL, VTR_PARAMETER_DOUBLE, AT(false_alarms), 1e-3, 1e-12, 1, .metavar = "RATE",
     .help = "maps with nothing in common that are registered all the same"},
};
const vtr_parameter_table vtr_series_parameters = {"Registration", parameters,
                                                   sizeof parameters / sizeof *parameters};

vtr_series_params vtr_series_default_params(void)
{
    vtr_series_params params = {0};
    vtr_parameters_default(&vtr_series_parameters, &params);
    return params;
}
