/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_H
#define VITRAIL_RING_H

/* The first amorphous ring of one pattern as an ellipse: |W (x - c)| = radius, W symmetric and positive definite,
 * x and c in px (x column, y row). A ring that is small along a direction (tension there) has W large along it. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/parameters.h"
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
/* Standard deviations of a/b and of the angle (degrees) from the covariance, to first order; on a circle the angle has
 * none (it is large). */
VTR_API void vtr_ring_ellipse_axes_errors(const vtr_ring_ellipse *ellipse, double *ratio_error,
                                          double *angle_error_degrees);
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

/* --- fits of one pattern by itself ------------------------------------------------------------------------ */

/* Working memory of `threshold` and `sectors` for frames of one shape; one a thread. */
typedef struct vtr_ring_scratch vtr_ring_scratch;
VTR_API vtr_status vtr_ring_scratch_create(vtr_ring_scratch **out, size_t det_y, size_t det_x,
                                           vtr_error *err);
VTR_API void vtr_ring_scratch_free(vtr_ring_scratch *scratch);

/* Ellipse through n points [n] by direct least squares: the conic a x^2 + b xy + c y^2 + d x + e y + f of least
 * squares under 4 ac - b^2 = 1 (Fitzgibbon, Pilu & Fisher, IEEE Trans. Pattern Anal. Mach. Intell. 21, 476 (1999),
 * doi:10.1109/34.765658) in the split, numerically stable form of Halir & Flusser (WSCG 1998). W is scaled to
 * |W (x - c)| = radius_px; the covariance is that of the points' scatter about the ellipse, carried to first order.
 * VTR_ERR_NO_DATA for fewer than six points or points on a line. */
VTR_API vtr_status vtr_ellipse_fit_direct(vtr_ring_ellipse *out, const double *x_px, const double *y_px,
                                          size_t n, double radius_px, vtr_error *err);

typedef struct vtr_ring_threshold_params {
    double fraction; /* of the maximum */
    double blur_px;  /* standard deviation of a Gaussian blur before; 0: none */
} vtr_ring_threshold_params;
VTR_API extern const vtr_parameter_table vtr_ring_threshold_parameters;

/* The fit of S. Kang's dissertation (TU Darmstadt, 2023): vtr_ellipse_fit_direct through the pixels above `fraction`
 * of the maximum within the annulus. It finds the ring only where the ring, not the background, holds the maximum;
 * kept to reproduce published work. chi2 is the points' mean squared distance from the ellipse in px^2. What cannot
 * be fitted is a flag in out->flags, not an error; VTR_ERR_ARGUMENT or VTR_ERR_SHAPE for a frame that cannot be
 * meant. `params` may be NULL. */
VTR_API vtr_status vtr_ring_fit_threshold(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                                          const vtr_ring_threshold_params *params, vtr_ring_scratch *scratch,
                                          vtr_error *err);

typedef struct vtr_ring_sectors_params {
    size_t n_sectors;     /* a multiple of 8: then the fit turns and mirrors with the pattern */
    double least_visible; /* part of a sector's annulus that must be used */
} vtr_ring_sectors_params;
VTR_API extern const vtr_parameter_table vtr_ring_sectors_parameters;

/* Peak radius in each azimuthal sector by weighted least squares (a Gaussian whose width all sectors
 * share, on a linear background), then the ellipse through them weighted by their errors; both are repeated on the ellipse
 * found until it stays. The covariance holds the counts' and camera's noise, times chi2 where that is above 1
 * (speckle, texture); chi2 is that of the sectors' radii about the ellipse. Errors as of vtr_ring_fit_threshold. */
VTR_API vtr_status vtr_ring_fit_sectors(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                                        const vtr_ring_sectors_params *params, vtr_ring_scratch *scratch,
                                        vtr_error *err);

/* --- calibration by a polycrystalline standard -------------------------------------------------------------- */

enum { VTR_STANDARD_RINGS_MAX = 12 };

typedef struct vtr_standard_ring {
    double k_inv_angstrom; /* 1/d of the lattice */
    double
        radius_px; /* measured, distortion taken out; NAN where not visible or not told from its neighbour */
    double radius_error_px;
    double residual; /* radius_px * k_step / k - 1 */
} vtr_standard_ring;

/* With u = W (x - c), k = k_step |u|: W symmetric and of unit determinant. A lens (and camera) that makes circles to
 * ellipses of axis ratio a/b, long along `angle_degrees`, has W small along that direction. */
typedef struct vtr_standard_calibration {
    double centre_x_px, centre_y_px;
    double centre_error_px[2];
    double wxx, wyy, wxy;
    double axis_ratio, angle_degrees, axis_ratio_error, angle_error_degrees;
    double k_step_inv_angstrom, k_step_error;
    double chi2; /* of the rings about their common ellipse; errors are scaled by it where it is above 1 */
    size_t n_rings, n_used;
    vtr_standard_ring rings[VTR_STANDARD_RINGS_MAX];
} vtr_standard_calibration;

/* Centre, elliptic distortion and k scale from the mean pattern [det_y][det_x] of a standard known to
 * vtr_standard_rings; `used` [det_y][det_x], 0 = masked, NULL: all. The scale is found by itself, then every ring that
 * stands apart from its neighbours is fitted by sectors and all together give one ellipse. VTR_ERR_NOT_FOUND for an
 * unknown standard, VTR_ERR_NO_DATA when fewer than two of its rings are found. */
VTR_API vtr_status vtr_standard_calibrate(vtr_standard_calibration *out, const double *mean,
                                          const unsigned char *used, size_t det_y, size_t det_x,
                                          const char *standard, vtr_error *err);

VTR_END_DECLS

#endif
