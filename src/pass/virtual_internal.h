/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_VIRTUAL_INTERNAL_H
#define VITRAIL_PASS_VIRTUAL_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "vitrail/virtual.h"

/* Pixels that are added up at a time: a detector's rows are short, and a loop over each of them costs more than its sum. */
enum { VIRTUAL_RUN = 16 };

/* A run of which only some pixels are the detector's: those whose mask is all ones. */
typedef struct virtual_part {
    uint32_t first;
    uint16_t mask[VIRTUAL_RUN];
} virtual_part;

/* The pixels of a detector as stretches [first, last) of the frame; and the same as runs, whole ones and parts. */
typedef struct virtual_pixels {
    size_t n, n_pixels, n_runs, n_parts;
    size_t (*stretches)[2];
    uint32_t *runs; /* first pixels */
    virtual_part *parts;
} virtual_pixels;

/* The frames that it is for. */
typedef struct virtual_frames {
    size_t det_y, det_x;
    bool is_turned;            /* the last row comes first */
    const unsigned char *used; /* [det_y][det_x] as they are shown; NULL: all */
    const double *w;           /* xx, yy, xy */
} virtual_frames;

/* Those of patterns that lie `shift` (x, y) px off the calibrated centre. Released with virtual_pixels_release. */
vtr_status virtual_pixels_list(virtual_pixels *out, const vtr_virtual *detector, const virtual_frames *frames,
                               const double shift[2], vtr_error *err);
void virtual_pixels_release(virtual_pixels *pixels);
/* Their sum in a frame: of integers exactly. */
double virtual_pixels_sum(const virtual_pixels *pixels, vtr_type type, const void *frame);
/* The same of integers of 8 and 16 bits, from the runs. */
double virtual_runs_sum(const virtual_pixels *pixels, vtr_type type, const void *frame);

#endif
