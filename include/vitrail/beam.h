/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_H
#define VITRAIL_BEAM_H

/* Position of the direct beam in one frame. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

typedef struct vtr_beam_params {
    size_t det_y, det_x;
    const unsigned char *used;     /* [det_y][det_x], 0 = masked; NULL: all pixels are used */
    double start_x_px, start_y_px; /* where the disc is expected */
    double radius_px;              /* of the mask: the disc's radius and a margin of one or two px */
    double background_px[2];       /* inner and outer radius of the ring that measures the background */
    double search_px;              /* how far from the start the disc may be */
    double saturation;             /* recorded units; NAN: none known */
    vtr_noise noise;
    int n_iterations;                    /* re-centrings at most: none once the mask has settled to 0.02 px */
    double disc_radius_px, disc_edge_px; /* of the disc itself, for vtr_beam_disc: see there */
} vtr_beam_params;

/* For a mask of radius_px at the start: background from radius + 1 to sqrt(2) (radius + 1), search 2 radius,
 * 3 re-centrings, counting noise, no saturation; a disc 2 px smaller than the mask with an edge of 0.5 px. */
VTR_API vtr_beam_params vtr_beam_default_params(size_t det_y, size_t det_x, double start_x_px,
                                                double start_y_px, double radius_px);

typedef struct vtr_beam_position {
    double x_px, y_px;
    double covariance[3]; /* xx, yy, xy, px^2 */
    double counts;        /* above the background, recorded units */
    double background;    /* recorded units per pixel */
    uint32_t flags; /* VTR_FLAG_NO_BEAM: all numbers are NAN; VTR_FLAG_SATURATED: the numbers are kept */
} vtr_beam_position;

/* Centre of mass of the direct beam within a disc-shaped mask that follows it.
 *
 *   c = sum_i (I_i - b) x_i / sum_i (I_i - b),  i in |x_i - c| < radius,  b the mean over the background's
 * ring
 *
 * re-centred up to n_iterations times. Errors by propagation of the counts' and the camera's noise in the disc and
 * in b. A masked (or NaN) pixel is left out together with the pixel opposite to it, so that it does not pull.
 * The beam is lost (VTR_FLAG_NO_BEAM) where the counts above the background are below five of their standard
 * deviations, where the mask leaves the search radius or the detector, or where more than a tenth of it has
 * no data. Given     frame [det_y][det_x] of `type`, NULL: no frame Fails with VTR_ERR_ARGUMENT where the
 * parameters make no sense. */
VTR_API vtr_status vtr_beam_centre_of_mass(vtr_beam_position *position, vtr_type type, const void *frame,
                                           const vtr_beam_params *params, vtr_error *err);

/* The direct beam as a disc with a soft edge, by maximum likelihood: its edge alone tells where it is, so neither what
 * lies inside of it nor part of it missing moves it.
 *
 *   mu_i = b + a Phi((R - |x_i - c|)/s),    Phi the normal distribution,    variance gain (mu_i - offset) + read^2
 *
 * fitted to the pixels out to the background's outer radius by Fisher scoring over (cx, cy, a, b, R, ln s) and two more terms
 * for the form of the edge, which are held near disc_radius_px, disc_edge_px and a normal edge by priors of 5 % + 0.15 px,
 * 0.15 and 0.05: at low doses they are not measured, and by symmetry they matter little to the position. Started at the
 * centre of mass where there is one. Where the error comes near the width of the edge the likelihood's mean over the centre
 * takes the place of its maximum. Errors are those of the fit, enlarged where the residuals are.
 *
 * Left out: masked and NaN pixels; saturated ones (VTR_FLAG_SATURATED: the edge is still seen); and, once the fit has
 * settled, those that are shadowed: below half of what they should be by more than five standard deviations.
 * The beam is lost (VTR_FLAG_NO_BEAM, all numbers NAN) where the amplitude is below five of its standard deviations, the
 * position leaves the search radius or the detector, less than two fifths of the disc's edge has data, or the fit does not
 * settle. `counts` are those of the whole disc as fitted. Arguments and failures as of vtr_beam_centre_of_mass. */
VTR_API vtr_status vtr_beam_disc(vtr_beam_position *position, vtr_type type, const void *frame,
                                 const vtr_beam_params *params, vtr_error *err);

VTR_END_DECLS

#endif
