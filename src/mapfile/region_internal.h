/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_REGION_INTERNAL_H
#define VITRAIL_REGION_INTERNAL_H

#include "base/base_internal.h"
#include "vitrail/region.h"

/* The positions of one term of a definition: sets member[i] where it holds, or where it does not hold with `negated`;
 * `member` comes zeroed. *taken is false, and nothing done, where the text is of another kind. */
typedef struct vtr_region_term {
    const char *text;
    bool negated;
    size_t n_y, n_x;
    unsigned char *member;
} vtr_region_term;

vtr_status vtr_region_box(bool *taken, const vtr_region_term *term, vtr_error *err);
vtr_status vtr_region_ellipse(bool *taken, const vtr_region_term *term, vtr_error *err);
vtr_status vtr_region_polygon(bool *taken, const vtr_region_term *term, vtr_error *err);
vtr_status vtr_region_mask(bool *taken, const vtr_region_term *term, vtr_error *err);
vtr_status vtr_region_condition(bool *taken, const vtr_region_term *term, const vtr_mapfile *file,
                                vtr_error *err);
vtr_status vtr_region_feature(bool *taken, const vtr_region_term *term, const vtr_mapfile *file,
                              vtr_error *err);

#endif
