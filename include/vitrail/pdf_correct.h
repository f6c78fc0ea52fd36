/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_CORRECT_H
#define VITRAIL_PDF_CORRECT_H

/* What is done to a profile in text before it is normalised: polarisation, absorption, and functions other than the
 * intensity turned back into one. */

#include <stddef.h>

#include "vitrail/parameters.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_text.h"

VTR_BEGIN_DECLS

typedef enum vtr_absorption {
    VTR_ABSORPTION_NONE,
    VTR_ABSORPTION_TRANSMISSION, /* plate whose normal halves the angle between the beam and the scattered one */
    VTR_ABSORPTION_REFLECTION, /* plate seen from above, at equal angles */
    VTR_ABSORPTION_PLATE,      /* plate across the beam, area detector behind it */
    VTR_ABSORPTION_CYLINDER,   /* capillary across the beam and wholly in it */
} vtr_absorption;

typedef enum vtr_profile_content {
    VTR_PROFILE_INTENSITY,
    VTR_PROFILE_S,
    VTR_PROFILE_F,    /* Q (S - 1) */
    VTR_PROFILE_BARN, /* <b>^2 (S - 1) in barn per steradian and atom */
} vtr_profile_content;

typedef struct vtr_profile_correct_params {
    double polarisation; /* (across - within)/(across + within) the plane of scattering; NAN: no correction */
    double monochromator_deg; /* two theta of a crystal in the same plane, for an X-ray tube; NAN: none */
    int absorption;           /* vtr_absorption */
    double mu_t;              /* coefficient times thickness, of plates; NAN in reflection: thick */
    double mu_r;              /* coefficient times radius of the sample, of a cylinder */
    double wall_mu_r;         /* coefficient of the capillary times the radius of the sample */
    double wall_ratio;        /* outer radius of the capillary over that of the sample; 1: no capillary */
    int content;              /* vtr_profile_content */
    double q_step;            /* 1/Å, points are averaged over such steps; NAN: as they are */
} vtr_profile_correct_params;

VTR_API extern const vtr_parameter_table vtr_profile_correct_parameters;
VTR_API vtr_profile_correct_params vtr_profile_correct_default_params(void);

/* Divides y and its errors, over Q, by the polarisation factor and by what the sample's own absorption leaves.
 * VTR_ERR_ARGUMENT: no wavelength (it may be NAN where no correction needs it), or settings that do not go together;
 * VTR_ERR_RANGE: points beyond back-scattering, or beyond 90 degrees for VTR_ABSORPTION_PLATE. */
VTR_API vtr_status vtr_profile_correct(vtr_profile_text *profile, double wavelength_angstrom,
                                       const vtr_profile_correct_params *params, vtr_error *err);
/* Multiplies the profile of the empty capillary, before it is taken off, by what the sample lets through of it. Another
 * geometry leaves it as it is. */
VTR_API vtr_status vtr_profile_correct_background(vtr_profile_text *profile, double wavelength_angstrom,
                                                  const vtr_profile_correct_params *params, vtr_error *err);

/* Turns S, F or <b>^2 (S - 1) into the intensity <f^2> + incoherent + <f>^2 (S - 1) of `params`, of which scale and
 * constant are then held at 1 and 0 without a background polynomial: S and F come out as they were, with G beside them. */
VTR_API vtr_status vtr_profile_from_structure(vtr_profile_text *profile, vtr_profile_content content,
                                              vtr_pdf_params *params, vtr_error *err);

/* Means of x and y over the steps of a profile over Q, [k - 1/2, k + 1/2] times `step`: fewer points where they lie closer
 * than pi/rmax, which is all that G(r) up to rmax can use; G(r) is lower by sin(x)/x, x = step r/2. Errors of independent
 * points. Steps without data hold no point. */
VTR_API vtr_status vtr_profile_text_rebin(vtr_profile_text *profile, double step, vtr_error *err);

/* [(1 + p) + (1 - p) cos^2(2 theta)]/2: 0 for unpolarised radiation and for azimuthal means of whole rings, 1 where the
 * electric field stands across the plane of scattering. */
VTR_API double vtr_polarisation_factor(double degree, double two_theta_rad);

/* Part that the absorption leaves of what a plate scatters, over that of a plate without absorption. NAN where the
 * geometry sees nothing. */
VTR_API double vtr_plate_absorption(vtr_absorption geometry, double mu_t, double two_theta_rad);

/* Factors of Paalman & Pings (J. Appl. Phys. 33, 2635, 1962) of a cylinder of radius 1 in a wall up to `wall_ratio`,
 * absorption coefficients per that radius, at n angles: of the sample in its wall, of the wall around the sample, of the
 * empty wall. The last two are NAN without a wall; each output may be NULL. Integrals over the cross-section, good to
 * 1e-3 of the factor up to a mu_r of 3 and 1e-2 up to 8. VTR_ERR_MEMORY. */
VTR_API vtr_status vtr_cylinder_absorption(size_t n, const double *two_theta_rad, double mu_r,
                                           double wall_mu_r, double wall_ratio, double *sample, double *wall,
                                           double *empty, vtr_error *err);

VTR_END_DECLS

#endif
