/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_VIRTUAL_INTERNAL_H
#define VITRAIL_PASS_VIRTUAL_INTERNAL_H

#include <stdbool.h>

#include "vitrail/virtual.h"

/* The pixels of a detector as stretches [first, last) of the frame. */
typedef struct virtual_pixels {
    size_t n, n_pixels;
    size_t (*stretches)[2];
} virtual_pixels;

/* Those of patterns that lie `shift` (x, y) px off the calibrated centre. `used` may be NULL. Freed with vtr_free. */
vtr_status virtual_pixels_list(virtual_pixels *out, const vtr_virtual *detector, const double w[3],
                               const double shift[2], const unsigned char *used, size_t det_y, size_t det_x,
                               vtr_error *err);
/* Their sum in a frame. */
double virtual_pixels_sum(const virtual_pixels *pixels, vtr_type type, const void *frame);

#endif
