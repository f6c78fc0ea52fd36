/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_H
#define VITRAIL_RING_H

/* The first amorphous ring of one pattern as an ellipse: |W (x - c)| = radius, W symmetric and positive definite,
 * x and c in px (x column, y row). A ring that is small along a direction (tension there) has W large along it. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

/* Order of the parameters in `covariance`. */
enum { VTR_ELLIPSE_CX, VTR_ELLIPSE_CY, VTR_ELLIPSE_WXX, VTR_ELLIPSE_WYY, VTR_ELLIPSE_WXY, VTR_ELLIPSE_N };

typedef struct vtr_ring_ellipse {
    double centre_x_px, centre_y_px;
    double wxx, wyy, wxy;
    double covariance[VTR_ELLIPSE_N][VTR_ELLIPSE_N];
    double amplitude; /* height of the ring, recorded units per pixel */
    double chi2;      /* reduced chi-squared of the fit */
    uint32_t flags;   /* vtr_flag bits; with any of VTR_FLAGS_NO_RING_DATA the numbers are NAN */
} vtr_ring_ellipse;

/* Semi-axes a >= b in px and the angle of the major axis in degrees from +x towards +y, in (-90, 90]. */
VTR_API void vtr_ring_ellipse_axes(const vtr_ring_ellipse *ellipse, double radius_px, double *a_px,
                                   double *b_px, double *angle_degrees);
/* The ellipse with these semi-axes and this centre; det W is scaled so that |W (x - c)| = radius_px. */
VTR_API void vtr_ring_ellipse_from_axes(vtr_ring_ellipse *ellipse, double radius_px, double centre_x_px,
                                        double centre_y_px, double a_px, double b_px, double angle_degrees);
/* All values NAN with these flags. */
VTR_API void vtr_ring_ellipse_none(vtr_ring_ellipse *ellipse, uint32_t flags);

/* What the per-pattern fits `threshold` and `sectors` work on. */
typedef struct vtr_ring_frame {
    size_t det_y, det_x;
    const float *frame;              /* [det_y][det_x], NaN = missing */
    const unsigned char *used;       /* [det_y][det_x], 0 = masked */
    double centre_x_px, centre_y_px; /* expected */
    double radius_px;                /* the nominal radius: |W (x - c)| = radius_px */
    double annulus_px[2];            /* where the ring is looked for, about the expected centre */
    vtr_noise noise;
} vtr_ring_frame;

VTR_END_DECLS

#endif
