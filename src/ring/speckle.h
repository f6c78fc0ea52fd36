/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_SPECKLE_H
#define VITRAIL_RING_SPECKLE_H

/* Speckle statistics of a glass, measured from the residuals of a sample of fitted patterns, and what they mean for
 * the fit. */

#include <stddef.h>

#include "ring/likelihood.h"
#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/ring_template.h"

/* The pixels of the annulus in the plan's circle coordinates. */
typedef struct vtr_ring_pixels {
    size_t det_y, det_x;
    const unsigned char *used;
    vtr_ring_bins bins; /* geometry (c0, W0) and, per bin, the pixel numbers */
    double r_step_px;
    double sector_start_rad; /* angle at which sector 0 begins */
} vtr_ring_pixels;

/* Given the sample's frames with the fitted parameters [n][FIT_N] and flags [n] of `likelihood`; measures. The part
 * of the residuals' correlation that the fit itself took away is put back (by projection, exactly to the order of
 * the linearised fit), and the counting and read-out noise is taken out. */
vtr_status vtr_speckle_measure(vtr_speckle *out, const vtr_sample *sample, const double (*parameters)[FIT_N],
                               const unsigned *flags, const vtr_likelihood *likelihood,
                               const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                               const vtr_noise *noise, const double *relative_variance, vtr_error *err);

/* Relative variance of each bin's sum, [n_radii][n_sectors] of the whole plan. */
vtr_status vtr_speckle_bins(double *relative_variance, const vtr_speckle *speckle,
                            const vtr_ring_template *ring, const vtr_ring_pixels *pixels, vtr_error *err);

/* The excess matrices of vtr_fit_speckle, for weights with these relative variances. */
vtr_status vtr_speckle_excess(double excess[FIT_LEVELS][FIT_NORMAL_N], const vtr_speckle *speckle,
                              const vtr_likelihood *likelihood, const vtr_ring_template *ring,
                              const vtr_ring_pixels *pixels, const vtr_noise *noise,
                              const double *relative_variance, vtr_error *err);

#endif
