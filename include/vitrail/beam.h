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
    double disc_skew, disc_flat;         /* its edge's form: 0 for a normal edge */
    double disc_errors[4]; /* how well radius (px), ln edge, skew and flat are known; 0: the usual priors */
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
 * for the form of the edge, which are held near disc_radius_px, disc_edge_px, disc_skew and disc_flat by priors as wide as
 * disc_errors, or of 5 % + 0.15 px, 0.15 and 0.05: at low doses they are not measured, and by symmetry they matter little
 * to the position. Started at the
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

/* Learns the disc's shape, which all positions of a recording share, from n of its frames: the disc_... of `params` are set,
 * with their errors. The likelihood of all frames together, each one's centre averaged over what its counts leave open
 * (expectation maximisation: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39, 1, 1977), so that the edge
 * of many weak patterns comes out as sharp as that of one strong one.
 * Given     frames  [n] of [det_y][det_x], of `type`
 *           starts  [n] where each one's disc is expected, x and y in px; NULL: where `params` has it
 * VTR_ERR_NO_DATA where fewer than two frames have a disc: `params` stays as it is. */
VTR_API vtr_status vtr_beam_learn_disc(vtr_beam_params *params, vtr_type type, const void *const *frames,
                                       const double (*starts)[2], size_t n, vtr_error *err);

/* The beam as a template that is moved over the frame. One template serves all positions of a recording and all threads;
 * each thread has its own scratch. */
typedef struct vtr_beam_template vtr_beam_template;
typedef struct vtr_beam_scratch vtr_beam_scratch;

/* The disc of the parameters' disc_.... On success *out is to be freed with vtr_beam_template_free. */
VTR_API vtr_status vtr_beam_template_disc(vtr_beam_template **out, const vtr_beam_params *params,
                                          vtr_error *err);
/* The mean of n frames' discs of whatever form, brought onto each other: a spline of two nodes a pixel by least squares, so
 * that neither pixels nor interpolation blur it. Its place is its centre of mass in the parameters' mask. Arguments as of
 * vtr_beam_learn_disc; VTR_ERR_NO_DATA where no frame has a beam. */
VTR_API vtr_status vtr_beam_template_mean(vtr_beam_template **out, const vtr_beam_params *params,
                                          vtr_type type, const void *const *frames, const double (*starts)[2],
                                          size_t n, vtr_error *err);
VTR_API void vtr_beam_template_free(vtr_beam_template *beam_template);

VTR_API vtr_status vtr_beam_scratch_create(vtr_beam_scratch **out, const vtr_beam_template *beam_template,
                                           vtr_error *err);
VTR_API void vtr_beam_scratch_free(vtr_beam_scratch *scratch);

/* Position of the direct beam by its template T: b + a T(x - c) fitted over (cx, cy, a, b) to the pixels out to the
 * background's outer radius by maximum likelihood of the counts and the camera's noise, from the centre of mass; the
 * likelihood's mean over the centre where its error comes near the edge's width. This is cross-correlation with the weights
 * that the noise asks for. Nothing is allocated; `scratch` is overwritten.
 *
 * Masked, NaN and saturated pixels are left out (VTR_FLAG_SATURATED). Where the residuals are larger than chance has them,
 * the disc of vtr_beam_template_disc gives way to vtr_beam_disc, which fits the edge as well and sees shadows; with a mean
 * disc, pixels that are off by more than a factor of two and five standard deviations are left out, and the errors enlarged by
 * what remains. The beam is lost (VTR_FLAG_NO_BEAM) as in vtr_beam_disc. `params` are those of the template but for where
 * the disc is expected. */
VTR_API vtr_status vtr_beam_match(vtr_beam_position *position, vtr_type type, const void *frame,
                                  const vtr_beam_template *beam_template, vtr_beam_scratch *scratch,
                                  const vtr_beam_params *params, vtr_error *err);

VTR_END_DECLS

#endif
