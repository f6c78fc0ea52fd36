/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_DETECTOR_FRAMES_H
#define VITRAIL_TEST_DETECTOR_FRAMES_H

/* Simulated frames of known noise for the tests of this room. */

#include "vitrail/detector.h"

typedef struct frames_params {
    size_t n, det_y, det_x;
    double electrons; /* a pattern, on the mean */
    double contrast;  /* variance of the speckle over the square of its mean */
    double grain_px;  /* full width at half maximum of its correlation */
    double thickness; /* relative slow variation from frame to frame */
    double gain, offset, read_noise;
    bool is_rounded; /* to whole numbers */
    uint64_t seed;
} frames_params;

/* Expected electrons of the pixels of a ring (radius 0.28 of the side) on a falling background, without
 * direct beam; their sum is `electrons`. */
void frames_expected(double *expected, size_t det_y, size_t det_x, double electrons);
/* Frames about frames_expected; release with vtr_sample_release. */
void frames_make(vtr_sample *sample, const frames_params *params);

#endif
