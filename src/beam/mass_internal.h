/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_MASS_INTERNAL_H
#define VITRAIL_BEAM_MASS_INTERNAL_H

/* Sums over a disc and a ring of whole numbers, exact, so that every instruction set gives the same bits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/beam.h"

/* Pixels in the widest vector of a kernel; rows that it adds at a time, and that it calls for
 * ahead of them; rows whose sums 32 bits hold for sure: with values up to
 * 65535 the second moment of the places in a column is below 65535 64 65 66/6 < 2^32. */
enum { MASS_GROUP = 16, MASS_ROWS = 4, MASS_AHEAD = 16, MASS_BLOCK = 64, MASS_SIDE = 512 };

/* The rows y0 <= y < y0 + n_rows of a circle in the columns left <= x < left + width, width a multiple of MASS_GROUP: each
 * from x0 on n pixels, counted from `left`. Rows have room for a multiple of MASS_ROWS. */
typedef struct mass_circle {
    size_t y0, n_rows, left, width;
    uint32_t x0[MASS_SIDE + MASS_ROWS], n[MASS_SIDE + MASS_ROWS];
} mass_circle;

/* Sums over the rows of each column: of the values, and of the values times dy and dy^2, dy = y - cy. */
typedef struct mass_columns {
    double value[MASS_SIDE], dy[MASS_SIDE], dy2[MASS_SIDE];
    double highest; /* of the values, 0 among them */
} mass_columns;

/* `columns` are set for the circle's width; `highest` only where it is asked for. */
typedef void (*mass_disc)(mass_columns *columns, const void *frame, size_t det_x, const mass_circle *circle,
                          double cy, bool wants_highest);
/* Sum between two circles about the same centre, with the columns of the outer one; the inner one's x0 counts from its
 * own `left`. */
typedef double (*mass_ring)(const void *frame, size_t det_x, const mass_circle *outer,
                            const mass_circle *inner);

typedef struct mass_kernels {
    /* x0 and n of every row of a circle whose other members are set: the pixels of the det_x that lie within */
    void (*chords)(mass_circle *circle, double cx, double cy, double radius, int32_t det_x);
    mass_disc disc_u8, disc_u16, disc_i8, disc_i16;
    mass_ring ring_u8, ring_u16, ring_i8, ring_i16;
} mass_kernels;

extern const mass_kernels vtr_mass_kernels_portable, vtr_mass_kernels_avx2, vtr_mass_kernels_avx512;
const mass_kernels *vtr_mass_kernels_best(void);

/* The pixels within `radius` of (cx, cy) that are on the detector; false where they are none or too many for the kernels. */
bool vtr_mass_circle(mass_circle *circle, const vtr_beam_params *params, double cx, double cy, double radius);

#endif
