/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DETECTOR_IMAGE_INTERNAL_H
#define VITRAIL_DETECTOR_IMAGE_INTERNAL_H

/* Small image operations of this room; every image is [det_y][det_x], NAN = no value. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/detector.h"

/* Mean and variance (about it, n - 1) of every pixel over the sample's finite values; NAN where a pixel has
 * none, variance 0 where it has one. `variance` may be NULL. */
void vtr_sample_moments(double *mean, double *variance, const vtr_sample *sample);

/* Value below which the fraction p of values[0 ... n - 1] lies (nearest rank); reorders `values`, which must
 * all be finite; n > 0. */
double vtr_quantile(double *values, size_t n, double p);

/* The fraction p of the finite values of an image, using `scratch` [n]; NAN when there are none. */
double vtr_image_quantile(const double *image, size_t n, double p, double *scratch);

/* Median of the finite values in the 3 x 3 px around each pixel. */
void vtr_image_median3(double *out, const double *in, size_t det_y, size_t det_x);

/* Mean of the finite values in the (2 half + 1)^2 px around each pixel; `rows` is scratch of 2 det_y det_x.
 */
void vtr_image_box(double *out, const double *in, size_t det_y, size_t det_x, size_t half, double *rows);

/* Smallest (largest) finite value in the (2 half + 1)^2 px around each pixel; `rows` is scratch
 * [det_y][det_x]. */
void vtr_image_extreme(double *out, const double *in, size_t det_y, size_t det_x, size_t half, bool largest,
                       double *rows);

#endif
