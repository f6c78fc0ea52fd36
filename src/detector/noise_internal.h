/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DETECTOR_NOISE_INTERNAL_H
#define VITRAIL_DETECTOR_NOISE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Differences of residuals at these distances, pooled in bins of the mean, over groups of frames. */
enum { VTR_NOISE_LAGS = 5, VTR_NOISE_BINS = 32, VTR_NOISE_GROUPS = 16 };

/* Sums over the pairs of pixels of one group of frames. */
typedef struct vtr_noise_sums {
    double pairs[VTR_NOISE_LAGS][VTR_NOISE_BINS];
    double mean[VTR_NOISE_LAGS][VTR_NOISE_BINS];        /* sum of the pair's mean */
    double half_square[VTR_NOISE_LAGS][VTR_NOISE_BINS]; /* sum of half the squared difference */
} vtr_noise_sums;

/* V = intercept + gain m + contrast m^2 for the white part of the variance. */
typedef struct vtr_noise_line {
    double intercept, gain, contrast;
    double grain;                    /* correlation of the speckle between neighbouring pixels, 0 to 1 */
    double dark_mean, dark_variance; /* of the darkest bin */
} vtr_noise_line;

/* Fits the line to the sums of all groups but `left_out` (VTR_NOISE_GROUPS: all). False when the bins do not
 * determine it. */
bool vtr_noise_fit(vtr_noise_line *line, const vtr_noise_sums sums[VTR_NOISE_GROUPS], size_t left_out);

/* Squared distances of the lags in px^2. */
extern const double vtr_noise_lag_squared_px[VTR_NOISE_LAGS];

#endif
