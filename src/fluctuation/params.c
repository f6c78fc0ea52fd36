/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "fluctuation/fluctuation_internal.h"

#define MEMBER(name) offsetof(vtr_fluctuation_params, name)
static const vtr_parameter parameters[] = {
    {"k-range", "1/Å", VTR_PARAMETER_RANGE, MEMBER(k_range), NAN, .metavar = "LO:HI",
     .help = "k = 1/d to measure; from outside of the direct beam to the edge of the detector unless given"},
    {"k-width", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(k_width), NAN, 1e-6, 10, .metavar = "WIDTH",
     .help = "width of a ring; two pixels unless given"},
    {"gain", "counts per electron", VTR_PARAMETER_DOUBLE, MEMBER(gain), NAN, 1e-9, 1e9, .metavar = "GAIN",
     .help = "recorded units per electron; the calibration's unless given"},
    {"read-noise", "counts", VTR_PARAMETER_DOUBLE, MEMBER(read_noise), NAN, 0, 1e9, .metavar = "SD",
     .help = "standard deviation of a pixel without electrons; the calibration's unless given"},
    {"bragg", NULL, VTR_PARAMETER_DOUBLE, MEMBER(bragg), NAN, 1, 1e6, .metavar = "TIMES",
     .help = "leave a pattern out of a ring with a pixel above so many times the ring's mean"},
    {"bins", NULL, VTR_PARAMETER_SIZE, MEMBER(n_bins), 1, 1, 32, .metavar = "N",
     .help = "sort positions by thickness into so many bins of equal size, each with its own mean"},
    {"signal", NULL, VTR_PARAMETER_CHOICE, MEMBER(signal), VTR_FLUCTUATION_TOTAL, .choices = "total|haadf",
     .help = "what stands for the thickness: all counts, or those beyond the ring"},
    {"blocks", NULL, VTR_PARAMETER_SIZE, MEMBER(n_blocks), 25, 2, 10000, .metavar = "N",
     .help = "regions of the scan whose scatter gives the errors, about"},
    {"band", "1/Å", VTR_PARAMETER_RANGE, MEMBER(band), NAN, .metavar = "LO:HI",
     .help = "k of the maps; the calibration's ring unless given"},
    {"window", "positions", VTR_PARAMETER_SIZE, MEMBER(window), 9, 3, 1001, .metavar = "N",
     .help = "side of the windows of the local variance; odd"},
};
const vtr_parameter_table vtr_fluctuation_parameters = {"Fluctuation", parameters,
                                                        sizeof parameters / sizeof *parameters};
#undef MEMBER

#define MEMBER(name) offsetof(vtr_fluctuation_model_params, name)
static const vtr_parameter model_parameters[] = {
    {"resolution", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(resolution_inv_angstrom), 0.0305, 1e-4, 1,
     .metavar = "Q", .help = "of the probe that looks at the model: 0.61 over the radius of its Airy disc"},
    {"psi", NULL, VTR_PARAMETER_SIZE, MEMBER(n_psi), 40, 4, 10000, .metavar = "N",
     .help = "directions: steps of a whole turn of the model"},
    {"theta", NULL, VTR_PARAMETER_SIZE, MEMBER(n_theta), 20, 2, 10000, .metavar = "N",
     .help = "directions: steps of half a turn at the equator"},
    {"table", NULL, VTR_PARAMETER_CHOICE, MEMBER(table), VTR_ELECTRON_KIRKLAND,
     .choices = VTR_ELECTRON_TABLE_CHOICES, .help = "electron scattering factors of the model"},
};
const vtr_parameter_table vtr_fluctuation_model_parameters = {
    "Model", model_parameters, sizeof model_parameters / sizeof *model_parameters};

vtr_fluctuation_model_params vtr_fluctuation_model_default_params(void)
{
    vtr_fluctuation_model_params params;
    vtr_parameters_default(&vtr_fluctuation_model_parameters, &params);
    return params;
}
