/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_RING_FITS_H
#define VITRAIL_TEST_RING_FITS_H

/* Patterns of known rings, and their turned and mirrored copies, for the tests of the fits of one pattern. */

#include "vitrail/ring.h"

typedef struct pattern_params {
    size_t det_y, det_x;
    double a_px, b_px, angle_degrees, centre_x_px, centre_y_px;
    double width_px;            /* standard deviation */
    double height, base, slope; /* ring's; background at the ring and its change over the ring's radius */
    double noise;               /* 0: none; else Poisson noise with this seed */
} pattern_params;

/* A ring of semi-axes 40.8 and 39.2 px on 128 x 120 px. */
pattern_params pattern_usual(void);
/* The frame, to be freed with vtr_free; ring's |W u| = radius_px of the frame struct. */
float *pattern_make(const pattern_params *p);
/* Frame struct with the expected centre 0.7 px off, annulus +- `half_px`. */
vtr_ring_frame pattern_frame(const float *frame, const pattern_params *p, double half_px);

/* The eight symmetries of a square: bit 0 mirrors x, bit 1 mirrors y, bit 2 then transposes. */
float *pattern_turn(const float *frame, size_t det_y, size_t det_x, int symmetry);
/* The ellipse as it lies in the turned pattern; shapes of the pattern before. */
vtr_ring_ellipse ellipse_turn(const vtr_ring_ellipse *ellipse, size_t det_y, size_t det_x, int symmetry);

/* Runs a fit on all eight and compares with the first, to `tolerance` in px and in W times radius. */
typedef vtr_status (*pattern_fit)(vtr_ring_ellipse *out, const vtr_ring_frame *frame);
void check_equivariance(pattern_fit fit, const float *frame, const vtr_ring_frame *of, double tolerance);

#endif
