/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_LINE_PROFILE_H
#define VITRAIL_LINE_PROFILE_H

/* A quantity of a map along a line, or across it, averaged over a width.
 *
 * Places are in nm: position (y, x) of the scan lies at (y step_y, x step_x), the first at (0, 0), as the axes of the
 * map file say. Along a line the distance is its arc length from the first point; across it, the distance from it,
 * positive on the side of +y of a line that runs along +x. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"

VTR_BEGIN_DECLS

enum { VTR_LINE_PROFILE_POINTS = 64 };

typedef struct vtr_line {
    size_t n_points; /* 2 or more: a line, or a path of several */
    double x_nm[VTR_LINE_PROFILE_POINTS], y_nm[VTR_LINE_PROFILE_POINTS];
    double width_nm; /* across the line, half of it at either side */
    double step_nm;  /* between two values; not positive or NAN: the smaller step of the scan */
    bool is_across;  /* over the width, averaged along the line */
} vtr_line;

/* A line from "X0,Y0,X1,Y1" or a path from "X0,Y0,X1,Y1,X2,Y2,...", in nm; width and step are left at 0 and NAN.
 * VTR_ERR_ARGUMENT: what is none. */
VTR_API vtr_status vtr_line_parse(vtr_line *line, const char *text, vtr_error *err);

/* The line of a band of /entry/bands ("SB1", ...): straight, or along its arc. Its width is twice the band's along it, and across
 * it twice the longer decay length at either side; 0 where that is not known.
 * VTR_ERR_ARGUMENT: a name that is none; VTR_ERR_NOT_FOUND: no such band. */
VTR_API vtr_status vtr_line_of_band(vtr_line *line, const vtr_mapfile *file, const char *name, bool is_across,
                                    vtr_error *err);

/* A map with what its mean needs. */
typedef struct vtr_line_map {
    size_t n_y, n_x;
    double step_nm[2]; /* y, x; not positive or NAN: not known, a position counts as 1 nm */
    float *values;     /* [n_y][n_x], NAN = no data */
    float *errors;     /* [n_y][n_x] standard deviations; NULL: none */
    double period;     /* of a direction: 360, of a director 180, in the unit of the map; 0: a plain number */
    char unit[32];     /* as in the file */
    char group[64], name[64];
} vtr_line_map;

/* `group`/`name` of a map file with NAME_errors where it has them, and its steps. Released with vtr_line_map_release.
 * VTR_ERR_SHAPE: not a map over the scan. */
VTR_API vtr_status vtr_line_map_read(vtr_line_map *map, const vtr_mapfile *file, const char *group,
                                     const char *name, vtr_error *err);
VTR_API void vtr_line_map_release(vtr_line_map *map);
/* The period of a map of directions (360) or directors (180), in degrees, whose plain mean would be wrong; 0: a plain
 * number. */
VTR_API double vtr_map_period(const char *group, const char *name);

/* One value a step; NAN where less than half of its area has data. */
typedef struct vtr_line_profile {
    size_t n;
    double *distance_nm;
    double *mean; /* of a direction the circular one, continued from value to value without jumps */
    double *
        error; /* standard error of the mean: from the errors of the positions, taken as independent; of a map
                        without errors, from their scatter */
    double *scatter;   /* standard deviation of the values that the mean is made of; NAN of fewer than two */
    double *positions; /* how many independent positions the mean is worth, (sum w)^2 / sum w^2 */
    double *coverage;  /* fraction of the area that has data */
} vtr_line_profile;

/* The mean of the map over rectangles that follow each other along the line (or across it). Between positions the map
 * is interpolated linearly, which keeps a plane exact; a missing neighbour is left out, and where the nearest position
 * is missing there is no data. Errors: VTR_ERR_ARGUMENT: a line without length, without width where it is crossed, or
 * of too many steps; VTR_ERR_RANGE: it lies outside of the map; VTR_ERR_NO_DATA: no data on it. `out` is untouched on
 * failure and released with vtr_line_profile_release. */
VTR_API vtr_status vtr_line_profile_compute(vtr_line_profile *out, const vtr_line_map *map,
                                            const vtr_line *line, vtr_error *err);
VTR_API void vtr_line_profile_release(vtr_line_profile *profile);

VTR_END_DECLS

#endif
