/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_MAP_H
#define VITRAIL_RING_MAP_H

/* The ellipses of every position of a scan, as they stand in /entry/ring of a map file (DESIGN, The map
 * file). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"

VTR_BEGIN_DECLS

/* Values per position: the ellipse in the order of VTR_ELLIPSE_CX ... (ring.h), and the upper triangle of its
 * 5 x 5 covariance, row by row: (cx, cx), (cx, cy), ... (cx, Wxy), (cy, cy), ... (Wxy, Wxy). */
enum { VTR_RING_MAP_ELLIPSE_N = 5, VTR_RING_MAP_COVARIANCE_N = 15 };

/* Maps [n_y][n_x]; a position with a bit of VTR_FLAGS_NO_RING_DATA holds NAN. */
typedef struct vtr_ring_map {
    size_t n_y, n_x;
    double *ellipse;    /* [n_y][n_x][5]: cx, cy in px, Wxx, Wyy, Wxy; the ring is |W (x - c)| = radius_px */
    double *covariance; /* [n_y][n_x][15] */
    double *chi2;       /* [n_y][n_x], reduced */
    uint32_t *flags;    /* [n_y][n_x], vtr_flag bits */
    double radius_px;
    double k0_inv_angstrom;       /* of a ring of radius_px; NAN = not known */
    double scan_step_nm[2];       /* y, x; NAN = not known */
    double scan_rotation_degrees; /* detector = R(rotation) diag(1, flip ? -1 : 1) scan */
    bool is_flipped;
} vtr_ring_map;

/* Zeroed memory for n_y x n_x positions. Released with vtr_ring_map_release, which takes a zeroed struct too.
 */
VTR_API vtr_status vtr_ring_map_init(vtr_ring_map *map, size_t n_y, size_t n_x, vtr_error *err);
VTR_API void vtr_ring_map_release(vtr_ring_map *map);

/* Index of covariance element (i, j) in the 15 of a position. */
VTR_API size_t vtr_ring_map_covariance_index(size_t i, size_t j);

/* /entry/ring, replaced if there is one: datasets `ellipse`, `covariance`, `chi2` (float32), `flags`
 * (uint32), axes scan_y and scan_x, and the attributes. `chi2` is the signal. */
VTR_API vtr_status vtr_ring_map_write(vtr_mapfile *file, const vtr_ring_map *map, vtr_error *err);

/* VTR_ERR_NOT_FOUND where the file has no ring group; *map is untouched on failure. */
VTR_API vtr_status vtr_ring_map_read(vtr_ring_map *map, const vtr_mapfile *file, vtr_error *err);

/* Writes scan_y and scan_x of a group of maps: in nm where the steps are known, else as positions. The
 * group's first two axes. */
VTR_API vtr_status vtr_mapfile_write_scan_axes(vtr_mapfile *file, const char *group, size_t n_y, size_t n_x,
                                               const double scan_step_nm[2], vtr_error *err);
/* The steps of such axes of n_y and n_x positions, y and x; NAN where there are none or not in nm. A scan of one line
 * has one step. */
VTR_API vtr_status vtr_mapfile_read_scan_steps(const vtr_mapfile *file, const char *group, size_t n_y,
                                               size_t n_x, double step_nm[2], vtr_error *err);

VTR_END_DECLS

#endif
