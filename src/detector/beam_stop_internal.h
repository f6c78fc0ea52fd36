/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DETECTOR_BEAM_STOP_INTERNAL_H
#define VITRAIL_DETECTOR_BEAM_STOP_INTERNAL_H

#include "detector/mask_internal.h"

/* What the two searches for shades share; images are [det_y][det_x]. */
typedef struct vtr_stop_finder {
    size_t det_y, det_x, n;
    size_t edge_half_px;    /* half width of the window in which an edge must rise */
    double dark, bright;    /* levels */
    double *smooth, *noise; /* smoothed mean and its standard deviation */
    double *low, *high;     /* extremes of `smooth` in the window */
    double *far_low;        /* smallest of `smooth` in a window twice as wide */
    double *rows;           /* scratch, 2 n */
    double *ratio;          /* scratch, 2 n */
    unsigned char *below;   /* 1: below the level; 2: in a region already looked at */
    size_t *region;         /* pixels of the region at hand */
    size_t n_region;
    size_t n_about_disc; /* pixels of the last region that was only the dark around a disc; 0: none */
    unsigned char *lit;  /* scratch */
    size_t *queue;       /* scratch */
} vtr_stop_finder;

extern const double vtr_stop_smallest_part; /* of the frame */

/* Collects the region of pixels with below == 1 that holds `seed`, setting them to 2. */
void vtr_stop_collect(vtr_stop_finder *s, size_t seed);
/* Whether the region reaches the frame's border or covers its middle. */
bool vtr_stop_is_placed(const vtr_stop_finder *s);

/* Whether the region at hand, found as a shade, is only the dark around a bright disc: it keeps the brightest part from
 * the frame's border, and that part is even, or the region itself holds a pattern about it. */
bool vtr_stop_surrounds_disc(vtr_stop_finder *s);

/* Adds to shade [n] the regions where less than half of what the same radius holds elsewhere arrives. */
vtr_status vtr_stop_search_ratio(vtr_stop_finder *s, const vtr_mask_image *image, unsigned char *shade,
                                 vtr_error *err);

#endif
