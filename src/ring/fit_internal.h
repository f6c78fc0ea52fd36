/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_FIT_INTERNAL_H
#define VITRAIL_RING_FIT_INTERNAL_H

/* What the fits of one pattern by itself share. */

#include <stdbool.h>

#include "vitrail/ring.h"

/* Per-thread memory; images and lists of det_y * det_x. */
struct vtr_ring_scratch {
    size_t det_y, det_x;
    double *image, *rows, *weight; /* blurred frame and its parts */
    double *x_px, *y_px;           /* pixels above the threshold */
};

/* One pixel range of the frame that holds the annulus: rows y0 <= y < y1, columns x0 <= x < x1. */
vtr_box vtr_ring_annulus_box(const vtr_ring_frame *frame, double margin_px);

/* Whether pixel p of the frame is used and has a value. */
static inline bool vtr_ring_is_used(const vtr_ring_frame *frame, size_t p)
{
    return (!frame->used || frame->used[p]) && frame->frame[p] - frame->frame[p] == 0;
}

/* Checks shapes and annulus. */
vtr_status vtr_ring_check_frame(const vtr_ring_frame *frame, const vtr_ring_scratch *scratch, vtr_error *err);

/* 0, or why the annulus has nothing to fit: VTR_FLAG_INVALID (no pixel with a value though some are used),
 * VTR_FLAG_FEW_PIXELS (too little of the ring's azimuth is used), VTR_FLAG_EMPTY (no signal). */
uint32_t vtr_ring_check_data(const vtr_ring_frame *frame);

/* W of the ellipse applied to a vector, and |W u|. */
double vtr_ellipse_radius(const vtr_ring_ellipse *ellipse, double x_px, double y_px);

/* d |W (x - c)| / d (cx, cy, Wxx, Wyy, Wxy) at x, given in px; returns |W (x - c)|. */
double vtr_ellipse_gradient(double gradient[VTR_ELLIPSE_N], const vtr_ring_ellipse *ellipse, double x_px,
                            double y_px);

/* Inverse of a symmetric positive definite matrix [n][n], n <= VTR_ELLIPSE_FIT_MAX; false when it is not one to rounding. */
enum { VTR_ELLIPSE_FIT_MAX = 8 };
bool vtr_ellipse_invert(double *inverse, const double *matrix, int n);

/* VTR_FLAG_OUT_OF_RANGE when an axis lies outside the frame's annulus or the centre has moved by more than half of
 * the annulus' width, else 0. */
uint32_t vtr_ellipse_check_range(const vtr_ring_ellipse *ellipse, const vtr_ring_frame *frame);

/* A ring's profile: a Gaussian on a linear background. */
typedef struct vtr_ring_peak {
    double radius_px, width_px; /* of the peak; standard deviation */
    double height, base, slope; /* background: base + slope * (radius - middle_px) */
    double middle_px;
    double height_error; /* from the weights, or the scatter where that is larger */
} vtr_ring_peak;

/* The peak without its height, and its derivative by the peak's radius. */
double vtr_ring_peak_shape(double *derivative, const vtr_ring_peak *peak, double radius_px);

/* Fits the peak to a profile of n radii by weighted least squares (Levenberg-Marquardt); `weight` is the inverse
 * variance. False when no peak comes out of it. */
bool vtr_ring_peak_fit(vtr_ring_peak *peak, const double *radius_px, const double *value,
                       const double *weight, size_t n);

/* As vtr_ring_fit_sectors, from this ellipse instead of the frame's circle. */
void vtr_ring_fit_sectors_from(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                               const vtr_ring_sectors_params *params, const vtr_ring_ellipse *start);

#endif
