/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VORTICES_H
#define VITRAIL_VORTICES_H

/* Defects of a field of directors: places about which the directions of strain turn by half a turn or a whole one, with a
 * significance, so that noise makes none. docs/methods/vortices.md has the mathematics. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/inclusions.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"

VTR_BEGIN_DECLS

typedef struct vtr_vortices_params {
    double smooth_nm; /* standard deviation of the Gaussian over which directors are averaged; NAN: a step */
    double false_alarms; /* defects expected in a map without any */
} vtr_vortices_params;

VTR_API extern const vtr_parameter_table vtr_vortices_parameters;
VTR_API vtr_vortices_params vtr_vortices_default_params(void);

/* Directors as strength (cos 2 angle, sin 2 angle), which has no sign to flip; NAN is no data. The caller's. */
typedef struct vtr_directors {
    size_t n_y, n_x;
    const double *c, *s;    /* [n_y][n_x] (exx - eyy)/2 and exy */
    const double *variance; /* [n_y][n_x] of either */
    double step_nm[2];      /* y, x */
} vtr_directors;

typedef struct vtr_defect {
    double y_nm, x_nm, y_error_nm, x_error_nm;
    double winding;      /* turns of the director on a way round it, from +x to +y: 1/2, -1/2, 1, -1 */
    double significance; /* standard deviations by which a value on the loop has to move to unwind it */
    double loop_nm;      /* half the side of the smallest loop that is significant */
} vtr_defect;

enum { VTR_DEFECTS_MAX = 256 };
typedef struct vtr_vortices {
    size_t n;
    vtr_defect list[VTR_DEFECTS_MAX]; /* the most significant of those of the smallest loops first */
    double threshold;                 /* of the significance */
    vtr_vortices_params params;       /* as used */
} vtr_vortices;

/* VTR_ERR_ARGUMENT: steps not known; VTR_ERR_NO_DATA: no position has a direction with an error. `out` is untouched on
 * failure. */
VTR_API vtr_status vtr_vortices_find(vtr_vortices *out, const vtr_directors *directors,
                                     const vtr_vortices_params *params, vtr_error *err);
/* Of the principal directions of a strain map; those of the maximum shear turn with them. */
VTR_API vtr_status vtr_vortices_of_strain(vtr_vortices *out, const vtr_strain_maps *maps,
                                          const vtr_vortices_params *params, vtr_error *err);

/* /entry/vortices, replaced if there is one: a table, one entry a defect. */
VTR_API vtr_status vtr_vortices_write(vtr_mapfile *file, const vtr_vortices *vortices, vtr_error *err);
/* The same as text, one defect a line. */
VTR_API vtr_status vtr_vortices_write_csv(const char *path, const vtr_vortices *vortices, bool force,
                                          vtr_error *err);

VTR_END_DECLS

#endif
