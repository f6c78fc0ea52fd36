/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vitrail/constants.h"
#include "vitrail/pdf.h"

#define MEMBER(name) offsetof(vtr_pdf_params, name)

static const vtr_parameter parameters[] = {
    {"composition", NULL, VTR_PARAMETER_STRING, MEMBER(composition), .metavar = "FORMULA",
     .help = "elements and amounts, at.% or a formula unit: Zr46Cu38Al8Ag8, SiO2"},
    {"radiation", NULL, VTR_PARAMETER_CHOICE, MEMBER(radiation), .choices = VTR_RADIATION_CHOICES,
     .help = "what was scattered"},
    {"factors", NULL, VTR_PARAMETER_CHOICE, MEMBER(factors), .choices = VTR_ELECTRON_TABLE_CHOICES,
     .help = "electron scattering factors"},
    {"xray-factors", NULL, VTR_PARAMETER_CHOICE, MEMBER(xray_factors), .choices = VTR_XRAY_TABLE_CHOICES,
     .help = "X-ray form factors"},
    {"compton", NULL, VTR_PARAMETER_CHOICE, MEMBER(compton), .choices = VTR_COMPTON_TABLE_CHOICES,
     .help = "Compton scattering of X-rays"},
    {"xray-energy", "keV", VTR_PARAMETER_DOUBLE, MEMBER(xray_energy_kev), .default_value = NAN, .minimum = 1,
     .maximum = 1000, .metavar = "KEV", .help = "energy of the X-rays, for dispersion and recoil"},
    {"recoil", NULL, VTR_PARAMETER_SIZE, MEMBER(recoil_power), .maximum = 3, .metavar = "POWER",
     .help = "power of the recoil factor on Compton scattering: 2 for counted photons, 3 for energy"},
    {"dispersion", NULL, VTR_PARAMETER_BOOL, MEMBER(with_dispersion),
     .help = "add f' and f'' at the energy to the X-ray factors"},
    {"density", "atoms/Å^3", VTR_PARAMETER_DOUBLE, MEMBER(density), .default_value = NAN, .minimum = 1e-4,
     .maximum = 1, .metavar = "RHO", .help = "number density, which then sets the scale"},
    {"mass-density", "g/cm^3", VTR_PARAMETER_DOUBLE, MEMBER(mass_density), .default_value = NAN,
     .minimum = 1e-3, .maximum = 50, .metavar = "RHO",
     .help = "mass density, in place of the number density"},
    {"qmin", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(qmin), .default_value = NAN, .maximum = 1000, .metavar = "Q",
     .help = "begin of the range; where the data begin unless given"},
    {"qmax", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(qmax), .default_value = NAN, .maximum = 1000, .metavar = "Q",
     .help = "end of the transform; qmaxinst unless given"},
    {"qmaxinst", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(qmaxinst), .default_value = NAN, .maximum = 1000,
     .metavar = "Q", .help = "end of the data that scale and background are fitted to"},
    {"fit-range", "1/Å", VTR_PARAMETER_RANGE, MEMBER(fit), .metavar = "LO:HI",
     .help = "window of the scale and the constant; the upper 40 % unless given"},
    {"scale-from-window", NULL, VTR_PARAMETER_BOOL, MEMBER(scale_from_window),
     .help = "the scale from the window even where a density is given"},
    {"equal-sizes", NULL, VTR_PARAMETER_BOOL, MEMBER(equal_sizes),
     .help = "one g(r) for all pairs of elements, without allowance for the sizes of an alloy's atoms"},
    {"scale", NULL, VTR_PARAMETER_DOUBLE, MEMBER(scale), .default_value = NAN, .metavar = "N",
     .help = "the scale, held at this value"},
    {"constant", NULL, VTR_PARAMETER_DOUBLE, MEMBER(constant), .default_value = NAN, .metavar = "C",
     .help = "the constant under the intensity, held at this value"},
    {"match", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(match), .default_value = NAN, .maximum = 1000,
     .metavar = "Q", .help = "where the intensity is to equal N <f^2> + constant, one of which is held"},
    {"background-order", NULL, VTR_PARAMETER_SIZE, MEMBER(background_order), .default_value = 4,
     .maximum = VTR_PDF_MAX_ORDER, .metavar = "N", .help = "order of the background polynomial in s(Q)"},
    {"background-shape", NULL, VTR_PARAMETER_CHOICE, MEMBER(background_shape),
     .choices = "auto|structure|atoms",
     .help = "what the polynomial multiplies: <f>^2, or the atoms' own scattering"},
    {"rpoly", "Å", VTR_PARAMETER_DOUBLE, MEMBER(rpoly), .default_value = NAN, .maximum = 20, .metavar = "R",
     .help = "set the order by the distance below which the polynomial acts"},
    {"plain-polynomial", NULL, VTR_PARAMETER_BOOL, MEMBER(plain_polynomial),
     .help = "fit the polynomial to all of F without weights, as PDFgetX3 does"},
    {"no-background", NULL, VTR_PARAMETER_BOOL, MEMBER(no_background), .help = "no background polynomial"},
    {"no-constant", NULL, VTR_PARAMETER_BOOL, MEMBER(no_constant), .help = "no constant under the intensity"},
    {"polynomial", NULL, VTR_PARAMETER_STRING, MEMBER(polynomial), .metavar = "P0,P1,...",
     .help = "the background polynomial of s(Q), sum of Pk Q^k, held at these values"},
    {"rcut", "Å", VTR_PARAMETER_DOUBLE, MEMBER(rcut), .default_value = NAN, .maximum = 20, .metavar = "R",
     .help = "below it there are no neighbours; a part of the first distance unless given"},
    {"window", NULL, VTR_PARAMETER_CHOICE, MEMBER(window),
     .choices = "none|lorch|gaussian|exponential|cosine",
     .help = "factor on F(Q) against termination ripples"},
    {"window-width", NULL, VTR_PARAMETER_DOUBLE, MEMBER(window_width), .default_value = NAN,
     .metavar = "WIDTH", .help = "1/Å of the Gaussian, Å^2 of the exponential, begin of the cosine in 1/Å"},
    {"kernel", NULL, VTR_PARAMETER_CHOICE, MEMBER(kernel), .choices = "sine|plain",
     .help = "absolute G(r), or the relative integral of s sin(2 pi k r) over k"},
    {"rmin", "Å", VTR_PARAMETER_DOUBLE, MEMBER(rmin), .maximum = 1000, .metavar = "R",
     .help = "first distance"},
    {"rmax", "Å", VTR_PARAMETER_DOUBLE, MEMBER(rmax), .default_value = 20, .minimum = 1e-3, .maximum = 1000,
     .metavar = "R", .help = "last distance"},
    {"rstep", "Å", VTR_PARAMETER_DOUBLE, MEMBER(rstep), .default_value = 0.02, .minimum = 1e-4, .maximum = 10,
     .metavar = "DR", .help = "step of the distances"},
    {"extrapolate", NULL, VTR_PARAMETER_BOOL, MEMBER(extrapolate),
     .help = "continue F in a straight line to zero below qmin"},
};

const vtr_parameter_table vtr_pdf_parameters = {"Pair distribution function", parameters,
                                                sizeof parameters / sizeof *parameters};

vtr_pdf_params vtr_pdf_default_params(void)
{
    vtr_pdf_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_pdf_parameters, &params);
    return params;
}

double vtr_pdf_axis_scale(vtr_pdf_axis axis)
{
    switch (axis) {
    case VTR_PDF_AXIS_Q_INV_NM:
        return 0.1;
    case VTR_PDF_AXIS_K_INV_ANGSTROM:
        return 2 * VTR_PI;
    case VTR_PDF_AXIS_K_INV_NM:
        return 0.2 * VTR_PI;
    case VTR_PDF_AXIS_Q_INV_ANGSTROM:
        break;
    }
    return 1;
}

const char *vtr_pdf_note_text(uint32_t note)
{
    switch (note) {
    case VTR_PDF_NOTE_SHORT_WINDOW:
        return "the window of the scale is shorter than two oscillations of the structure: give a wider "
               "--fit-range";
    case VTR_PDF_NOTE_AXIS:
        return "the intensity does not fall as <f^2> does, or no first neighbour shows between 0.8 and 6 Å: "
               "is the axis k where Q is meant, or the "
               "reverse?";
    case VTR_PDF_NOTE_NEGATIVE:
        return "the range holds intensities that are zero or negative";
    case VTR_PDF_NOTE_DENSITY:
        return "the density read from the line at low r is not positive";
    case VTR_PDF_NOTE_ORDER:
        return "the background polynomial reaches up to the first neighbour, so a density can neither set "
               "the scale nor be "
               "found: lower --background-order, or give a wider range";
    case VTR_PDF_NOTE_SCALE:
        return "the scale that the density gives is far from that of the high-Q window: check density, "
               "composition and "
               "background order";
    default:
        return "";
    }
}

size_t vtr_pdf_polynomial_text(const vtr_pdf_normalisation *normalisation, char *text, size_t size)
{
    size_t length = 0;
    if (size > 0) text[0] = '\0';
    for (size_t k = 0; k < normalisation->n_polynomial; k++) {
        size_t room = length < size ? size - length : 0;
        int n = snprintf(room > 0 ? text + length : NULL, room, "%s%.17g", k > 0 ? "," : "",
                         normalisation->polynomial[k]);
        length += (size_t)n;
    }
    return length;
}
