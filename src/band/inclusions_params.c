/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"

#define MEMBER(name) offsetof(vtr_inclusions_params, name)
static const vtr_parameter parameters[] = {
    {"poisson", NULL, VTR_PARAMETER_DOUBLE, MEMBER(poisson), .default_value = NAN, .minimum = -0.99,
     .maximum = 0.499, .metavar = "RATIO",
     .help = "Poisson's ratio; unless given that of vitrail strain, else 0.33"},
    {"core", NULL, VTR_PARAMETER_CHOICE, MEMBER(core), .choices = "hard|gaussian",
     .help = "how the eigenstrain fills an inclusion"},
    {"radius", "nm", VTR_PARAMETER_RANGE, MEMBER(radius_nm), .metavar = "LO:HI",
     .help = "of the inclusions looked for; unless given one step to an eighth of the shorter side"},
    {"probe", "nm", VTR_PARAMETER_DOUBLE, MEMBER(probe_nm), .default_value = 0, .minimum = 0, .maximum = 1000,
     .metavar = "NM", .help = "width over which a position averages; 0: much smaller than a step"},
    {"false-alarms", NULL, VTR_PARAMETER_DOUBLE, MEMBER(false_alarms), .default_value = 0.01, .minimum = 1e-9,
     .maximum = 10, .metavar = "N", .help = "expected in a map without inclusions; sets the threshold"},
    {"significance", NULL, VTR_PARAMETER_DOUBLE, MEMBER(significance), .default_value = 3, .minimum = 0,
     .maximum = 100, .metavar = "N",
     .help = "drop inclusions with no eigenstrain above this many of its errors"},
    {"keep-bands", NULL, VTR_PARAMETER_BOOL, MEMBER(keep_bands),
     .help = "look for no steps across bands, and leave them in the map"},
};
const vtr_parameter_table vtr_inclusions_parameters = {"Inclusions", parameters,
                                                       sizeof parameters / sizeof *parameters};

vtr_inclusions_params vtr_inclusions_default_params(void)
{
    vtr_inclusions_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_inclusions_parameters, &params);
    return params;
}

void vtr_inclusions_release(vtr_inclusions *inclusions)
{
    vtr_free(inclusions->list);
    vtr_free(inclusions->bands);
    vtr_free(inclusions->gaps);
    for (int j = 0; j < 3; j++)
        vtr_free(inclusions->residual[j]);
    *inclusions = (vtr_inclusions){0};
}
