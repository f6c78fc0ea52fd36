/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FIELD_H
#define VITRAIL_FIELD_H

/* Strain, packing density, elastic energy and curl from the ellipses of the first ring (DESIGN, 2).
 *
 * A real-space in-plane strain e (symmetric, tension positive) maps the circle |k| = k0 to |(I + e) k| = k0. The
 * lenses distort all rings alike; what they do is read from a reference region as the matrix W_ref, and
 *
 *     (I + e)^2 = D W^2 D,   D = W_ref^-1,   so   e = sqrtm(D W^2 D) - I
 *
 * as matrices, never as differences of axes. W_ref is the matrix for which the weighted mean of e over the region is
 * zero exactly. Gammer et al., Appl. Phys. Lett. 109, 081906 (2016) and Sheng et al., Mater. Today Commun. 33, 104542
 * (2022) take strain from the ring's radii along its axes; the matrix form is the same for a round reference. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/ring_map.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

typedef enum vtr_descan_model { VTR_DESCAN_PLANE, VTR_DESCAN_PARABOLOID } vtr_descan_model;
typedef enum vtr_flip { VTR_FLIP_RECORDED, VTR_FLIP_NO, VTR_FLIP_YES } vtr_flip;

typedef struct vtr_field_params {
    vtr_box reference;            /* all zero: the most homogeneous region is found */
    double axis_degrees;          /* x of the tensors' frame, from +x of the scan towards +y */
    double scan_rotation_degrees; /* NAN: that of the ring map */
    int flip;                     /* vtr_flip; VTR_FLIP_RECORDED: that of the ring map */
    bool is_first_order;          /* e_i = (k0 - k_i)/k0 instead of k0/k_i - 1 */
    bool is_mean;                 /* volumetric is (e1 + e2)/2 instead of e1 + e2 */
    double young_gpa, poisson;    /* NAN: energy is (e1 + e2)^2/2 without unit */
    int descan;                   /* vtr_descan_model */
} vtr_field_params;

VTR_API extern const vtr_parameter_table vtr_field_parameters; /* of vtr_field_params */
VTR_API vtr_field_params vtr_field_default_params(void);

/* The reference region and the ring in it. */
typedef struct vtr_field_reference {
    vtr_box box;
    bool is_found; /* by the program, not given */
    size_t n_valid;
    double w[3];             /* W_ref: xx, yy, xy, in the detector frame */
    double covariance[3][3]; /* of w, from the fits' covariances */
    double distortion[3]; /* W_ref / sqrt(det W_ref): takes the recorded ring of the reference to a circle */
    double radius_px;     /* of the circle of the same area */
    double k0_inv_angstrom; /* k of that radius; NAN = not known */
    double spread;          /* weighted rms of |e| = sqrt(exx^2 + eyy^2 + 2 exy^2) in the region */
} vtr_field_reference;

/* Surfaces c = a0 + a1 u + a2 v (+ a3 u^2 + a4 u v + a5 v^2) through the rings' centres, u = x - (n_x - 1)/2 and
 * v = y - (n_y - 1)/2 in positions, c in px. */
typedef struct vtr_field_descan {
    vtr_descan_model model;
    size_t n_coefficients; /* 3 or 6 */
    double cx[6], cy[6];
    double rms_x_px, rms_y_px; /* of the residuals that the robust fit did not put aside */
    size_t n_used, n_valid;
} vtr_field_descan;

/* One quantity over the scan: [n_y][n_x], NAN where there is none; standard deviations beside it. */
typedef struct vtr_field_map {
    const char *name, *unit, *long_name; /* static text */
    bool is_signed;                      /* has a natural zero with both signs about it */
    float *values, *errors;
} vtr_field_map;

typedef struct vtr_field {
    size_t n_y, n_x, n_valid;
    size_t n_maps;
    vtr_field_map *maps; /* in the order of the table in src/field/quantity.c */
    vtr_field_reference reference;
    vtr_field_descan descan;
    vtr_field_params params; /* as used: rotation and flip filled in */
    double scan_step_nm[2];  /* y, x; NAN = not known */
} vtr_field;

/* All quantities of all positions. Tensors are in the scan frame (detector = R(rotation) diag(1, -1 if flip) scan)
 * turned by axis_degrees. Standard deviations propagate the covariance of (Wxx, Wyy, Wxy) and that of W_ref, taken
 * as independent of each other.
 * Errors: VTR_ERR_NO_DATA where no position, or none of the reference region, is valid; VTR_ERR_RANGE where the
 * region is not inside the map. `field` is untouched on failure, and released with vtr_field_release. */
VTR_API vtr_status vtr_field_compute(vtr_field *field, const vtr_ring_map *map,
                                     const vtr_field_params *params, vtr_error *err);
VTR_API void vtr_field_release(vtr_field *field);

/* The map of this name, or NULL. */
VTR_API const vtr_field_map *vtr_field_find(const vtr_field *field, const char *name);

/* /entry/strain, replaced if there is one: every quantity with NAME_errors, axes, attributes. */
VTR_API vtr_status vtr_field_write(vtr_mapfile *file, const vtr_field *field, vtr_error *err);

/* Median, spread (1.4826 times the median distance from the median: the standard deviation of a normal
 * distribution) and median standard deviation over the valid positions of a map. */
typedef struct vtr_field_summary {
    size_t n_valid;
    double median, spread, median_error;
} vtr_field_summary;
VTR_API vtr_status vtr_field_summarise(vtr_field_summary *summary, const vtr_field *field,
                                       const vtr_field_map *map, vtr_error *err);

VTR_END_DECLS

#endif
