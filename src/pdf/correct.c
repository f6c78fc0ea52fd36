/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"
#include "vitrail/pdf_correct.h"

#define MEMBER(name) offsetof(vtr_profile_correct_params, name)

static const vtr_parameter parameters[] = {
    {"content", NULL, VTR_PARAMETER_CHOICE, MEMBER(content), .choices = "intensity|S|F|barn",
     .help = "what y is: barn is <b>^2 (S - 1) in barn per steradian and atom"},
    {"q-step", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(q_step), .default_value = NAN, .minimum = 1e-4,
     .maximum = 1, .metavar = "DQ", .help = "average the points over steps of this width"},
    {"polarisation", NULL, VTR_PARAMETER_DOUBLE, MEMBER(polarisation), .default_value = NAN, .minimum = -1,
     .maximum = 1, .metavar = "P",
     .help = "1: field across the plane of scattering, -1: within it, 0: neither, or whole rings"},
    {"monochromator", "degrees", VTR_PARAMETER_DOUBLE, MEMBER(monochromator_deg), .default_value = NAN,
     .minimum = 0, .maximum = 180, .metavar = "ANGLE",
     .help = "two theta of the crystal behind an X-ray tube, in place of the polarisation"},
    {"absorption", NULL, VTR_PARAMETER_CHOICE, MEMBER(absorption),
     .choices = "none|transmission|reflection|plate|cylinder", .help = "shape of the sample in the beam"},
    {"mu-t", NULL, VTR_PARAMETER_DOUBLE, MEMBER(mu_t), .default_value = NAN, .maximum = 50, .metavar = "MUT",
     .help = "absorption coefficient times thickness of a plate"},
    {"mu-r", NULL, VTR_PARAMETER_DOUBLE, MEMBER(mu_r), .default_value = NAN, .maximum = 8, .metavar = "MUR",
     .help = "absorption coefficient times radius of a cylinder"},
    {"wall-mu-r", NULL, VTR_PARAMETER_DOUBLE, MEMBER(wall_mu_r), .maximum = 8, .metavar = "MUR",
     .help = "absorption coefficient of the capillary times radius of the sample"},
    {"wall-ratio", NULL, VTR_PARAMETER_DOUBLE, MEMBER(wall_ratio), .default_value = 1, .minimum = 1,
     .maximum = 10, .metavar = "RATIO", .help = "outer radius of the capillary over that of the sample"},
};

const vtr_parameter_table vtr_profile_correct_parameters = {"Corrections", parameters,
                                                            sizeof parameters / sizeof *parameters};

vtr_profile_correct_params vtr_profile_correct_default_params(void)
{
    vtr_profile_correct_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_profile_correct_parameters, &params);
    return params;
}

double vtr_polarisation_factor(double degree, double two_theta_rad)
{
    double c = cos(two_theta_rad);
    return ((1 + degree) + (1 - degree) * c * c) / 2;
}

/* A crystal lets cos^2(2 theta_M) of the field within its plane pass: (1 - c^2)/(1 + c^2) is left polarised. */
static double degree_of(const vtr_profile_correct_params *p)
{
    if (isnan(p->monochromator_deg)) return p->polarisation;
    double c = cos(p->monochromator_deg * VTR_PI / 180);
    return (1 - c * c) / (1 + c * c);
}

static vtr_status check(const vtr_profile_correct_params *p, vtr_error *err)
{
    if (!isnan(p->monochromator_deg) && !isnan(p->polarisation))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "polarisation and monochromator are two ways to say the same: give one of them");
    if (p->absorption == VTR_ABSORPTION_CYLINDER && isnan(p->mu_r))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "absorption of a cylinder needs mu-r");
    if ((p->absorption == VTR_ABSORPTION_TRANSMISSION || p->absorption == VTR_ABSORPTION_PLATE) &&
        isnan(p->mu_t))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "absorption of a plate needs mu-t");
    return VTR_OK;
}

static vtr_status to_two_theta(double *two_theta, const vtr_profile_text *profile, double wavelength,
                               vtr_error *err)
{
    if (profile->axis != VTR_PROFILE_AXIS_Q)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "corrections need a profile over Q");
    if (!(wavelength > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "polarisation and absorption need the wavelength: give --wavelength");
    for (size_t i = 0; i < profile->n; i++) {
        double s = profile->x[i] * wavelength / (4 * VTR_PI);
        if (s > 1 && isfinite(profile->y[i]))
            return vtr_fail(err, VTR_ERR_RANGE,
                            "Q = %g 1/Å lies beyond back-scattering at a wavelength of %g Å", profile->x[i],
                            wavelength);
        two_theta[i] = 2 * asin(fmin(s, 1));
    }
    return VTR_OK;
}

/* One factor of a cylinder at the n angles: computed degree by degree, linear between (the factors turn slowly: 1e-5). */
typedef enum part { SAMPLE, WALL_SEEN_THROUGH_SAMPLE } part;
static vtr_status cylinder(double *factor, size_t n, const double *two_theta,
                           const vtr_profile_correct_params *p, part which, vtr_error *err)
{
    enum { N_NODES = 182 };
    double node[N_NODES], value[N_NODES], empty[N_NODES];
    double step = VTR_PI / 180;
    for (int i = 0; i < N_NODES; i++)
        node[i] = step * i;
    bool is_wall = which == WALL_SEEN_THROUGH_SAMPLE;
    vtr_status status =
        vtr_cylinder_absorption(N_NODES, node, p->mu_r, p->wall_mu_r, p->wall_ratio, is_wall ? NULL : value,
                                is_wall ? value : NULL, is_wall ? empty : NULL, err);
    if (status != VTR_OK) return status;
    for (int i = 0; is_wall && i < N_NODES; i++)
        value[i] /= empty[i];
    for (size_t i = 0; i < n; i++) {
        size_t k = (size_t)(two_theta[i] / step);
        double t = two_theta[i] / step - (double)k;
        factor[i] = (1 - t) * value[k] + t * value[k + 1];
    }
    return VTR_OK;
}

static void multiply(vtr_profile_text *profile, size_t i, double factor)
{
    profile->y[i] *= factor;
    if (profile->error != NULL) profile->error[i] *= factor;
}

vtr_status vtr_profile_correct(vtr_profile_text *profile, double wavelength_angstrom,
                               const vtr_profile_correct_params *params, vtr_error *err)
{
    double degree = degree_of(params);
    vtr_absorption geometry = (vtr_absorption)params->absorption;
    vtr_status status = check(params, err);
    if (status != VTR_OK || (isnan(degree) && geometry == VTR_ABSORPTION_NONE)) return status;
    size_t n = profile->n;
    double *two_theta = vtr_malloc(2 * n, sizeof *two_theta), *factor = two_theta + n;
    if (two_theta == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu points", n);
    status = to_two_theta(two_theta, profile, wavelength_angstrom, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        factor[i] = vtr_plate_absorption(geometry, params->mu_t, two_theta[i]);
        if (isnan(factor[i]) && isfinite(profile->y[i]) && two_theta[i] > 0)
            status =
                vtr_fail(err, VTR_ERR_RANGE,
                         "a plate across the beam hides angles from 90 degrees on: Q = %g 1/Å lies beyond",
                         profile->x[i]);
    }
    if (status == VTR_OK && geometry == VTR_ABSORPTION_CYLINDER)
        status = cylinder(factor, n, two_theta, params, SAMPLE, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        multiply(profile, i,
                 1 / (factor[i] * (isnan(degree) ? 1 : vtr_polarisation_factor(degree, two_theta[i]))));
    vtr_free(two_theta);
    return status;
}

vtr_status vtr_profile_correct_background(vtr_profile_text *profile, double wavelength_angstrom,
                                          const vtr_profile_correct_params *params, vtr_error *err)
{
    vtr_status status = check(params, err);
    if (status != VTR_OK || params->absorption != VTR_ABSORPTION_CYLINDER || !(params->wall_ratio > 1))
        return status;
    size_t n = profile->n;
    double *two_theta = vtr_malloc(2 * n, sizeof *two_theta), *factor = two_theta + n;
    if (two_theta == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu points", n);
    status = to_two_theta(two_theta, profile, wavelength_angstrom, err);
    if (status == VTR_OK) status = cylinder(factor, n, two_theta, params, WALL_SEEN_THROUGH_SAMPLE, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        multiply(profile, i, factor[i]);
    vtr_free(two_theta);
    return status;
}
