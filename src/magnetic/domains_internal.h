/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DOMAINS_INTERNAL_H
#define VITRAIL_DOMAINS_INTERNAL_H

/* What the files about domains and walls share. */

#include "magnetic/magnetic_internal.h"
#include "vitrail/constants.h"

/* --- the field about a place (local_field.c) ---------------------------------------------------------------------- */

/* A Gaussian kernel over a map of vectors. */
typedef struct vtr_local_plan {
    size_t n[2], reach[2];                         /* y, x */
    double step[2];                                /* nm, or 1 */
    double scale;                                  /* standard deviation of the kernel, as the steps */
    const double *field, *covariance, *sum_factor; /* as in vtr_magnetic */
} vtr_local_plan;

/* False where the kernel is far wider than any wall. */
bool vtr_local_plan_set(vtr_local_plan *plan, const vtr_magnetic *magnetic, double scale_nm);

typedef struct vtr_local_field {
    double b[2];            /* the field, x and y */
    double j[2][2];         /* its slopes: of component k along x and y, per nm */
    double b_covariance[3]; /* xx, yy, xy */
    double j_covariance[3]
                       [3]; /* the same of the slopes along x, of those along x with those along y, along y */
} vtr_local_field;

/* The field at a place (in positions); false where too little of it is known. */
bool vtr_local_field_at(vtr_local_field *out, const vtr_local_plan *plan, double y, double x);

/* The fastest change of the field: its size per nm with its standard deviation, and the direction (x, y) along which. */
typedef struct vtr_local_slope {
    double value, error, normal[2];
} vtr_local_slope;
void vtr_local_change(vtr_local_slope *out, const vtr_local_field *field);
/* How fast its direction turns, rad/nm; NAN where it has none. */
void vtr_local_turning(double *rate, double *error, const vtr_local_field *field);
/* The four slopes against their covariance: chi-squared with 4 degrees of freedom where the field is uniform. */
double vtr_local_chi2(const vtr_local_field *field);
double vtr_local_direction_error(const vtr_local_field *field); /* rad */

/* --- walls (walls.c) ---------------------------------------------------------------------------------------------- */

/* A position on a wall, or on the edge of a field. */
typedef struct vtr_wall_point {
    bool is_edge; /* one side has next to no field: it parts regions and is no wall */
    size_t at;
    double place[2];  /* y, x of the crest, in positions */
    double normal[2]; /* x, y */
    double length;    /* of the wall that it stands for, nm */
    double angle,
        angle_error; /* from the field on the side against the normal to that along it, rad; NAN: the map ends
                                  within the wall */
    double jump, jump_error;   /* of the field between them, in its unit */
    double slope, slope_error; /* of the field, per nm */
} vtr_wall_point;

/* The crests of the field's fastest change, as thin lines; `turning` [n_y][n_x] is for the map. To be freed. */
vtr_status vtr_walls_find(vtr_wall_point **points, size_t *n, const vtr_local_plan *plan,
                          const vtr_magnetic_params *params, vtr_field_map *turning, vtr_error *err);

/* --- regions (regions.c) ------------------------------------------------------------------------------------------ */

/* Numbers the regions between walls from 1 (0: no data, or too small) into `label` [n_y][n_x], largest first;
 * `is_wall` [n_y][n_x]. */
vtr_status vtr_regions_label(uint32_t *label, size_t *n_regions, const unsigned char *is_wall,
                             const vtr_local_plan *plan, vtr_error *err);

#endif
