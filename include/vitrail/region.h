/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_REGION_H
#define VITRAIL_REGION_H

/* A named set of positions of a scan: a shape, an image, or a condition on maps of the file. */

#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"

VTR_BEGIN_DECLS

enum { VTR_REGION_NAME = 64 };

typedef struct vtr_region {
    char name[VTR_REGION_NAME];
    char definition[256];
    size_t n_y, n_x;
    size_t n;              /* positions in it */
    unsigned char *member; /* [n_y][n_x], 1 = in the region */
} vtr_region;

/* Reads "NAME=TERM&TERM...", all terms to hold, each of them negated by a '!' before it:
 *
 *     Y0:Y1,X0:X1                  rows Y0 to Y1 - 1, columns X0 to X1 - 1
 *     ellipse:Y,X,RY,RX[,ANGLE]    within half-axes RY and RX about (Y, X), the x half-axis turned by ANGLE degrees
 *                                  from +x towards +y
 *     polygon:Y,X;Y,X;Y,X...       inside by the even-odd rule
 *     mask:FILE                    non-zero pixels of an image of n_y x n_x
 *     MAP<VALUE                    a condition (<, <=, >, >=) on a map of `file`: density<-0.01, strain/exx>=0.002.
 *                                  Where the map is NAN no condition holds, a negated one neither.
 *     @SB1, @bands                 within its width (at least a step) of the line of a band of /entry/bands; of any
 *     @SB1-zone, @zones            within its affected zone: its decay lengths on either side
 *     @inclusions[:FACTOR]         within FACTOR (1) radii of an inclusion of /entry/inclusions
 *     @between[:FACTOR]            between neighbours along a band, as wide as they are, not within FACTOR (1) radii
 *     @matrix[:FACTOR]             in no zone of a band, and not within FACTOR (2) radii of an inclusion
 *
 * `file` may be NULL: there are no maps then. Y and X are positions counted from 0, whole numbers at their centres.
 * VTR_ERR_ARGUMENT: what is none of these; VTR_ERR_NOT_FOUND: no such map; VTR_ERR_RANGE: a rectangle outside the scan;
 * VTR_ERR_SHAPE: a mask of another size; VTR_ERR_NO_DATA: no position is in it. `out` is untouched on failure and released with vtr_region_release. */
VTR_API vtr_status vtr_region_parse(vtr_region *out, const char *text, const vtr_mapfile *file, size_t n_y,
                                    size_t n_x, vtr_error *err);
VTR_API void vtr_region_release(vtr_region *region);

VTR_END_DECLS

#endif
