/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_MERLIN_INTERNAL_H
#define VITRAIL_DATASET_MERLIN_INTERNAL_H

#include "dataset/dataset_internal.h"

/* A frame as the counters send it ("raw", R64): 64-bit words, most significant byte first, the leftmost pixel in the
 * lowest bits: 64 pixels of 1 bit, 8 of 6 bits in bytes, or 4 of 12 bits in 16. 24 bits are two such pictures of 12
 * bits, the high ones first. A 2 x 2 assembly comes as rows of four chips, [4 | 3 | 2 | 1] for the picture
 *
 *     1 2
 *     3 4   with 3 and 4 turned by 180 degrees, in the order of rows that the camera's software writes.
 *
 * Checked against frames that the camera's own software had assembled: correlation above 0.97 chip by chip. */
typedef struct vtr_merlin_raw {
    int depth;               /* 1, 6, 12, 24 bits */
    size_t rows, row_pixels; /* as sent: one row holds all chips */
    bool is_quad;
} vtr_merlin_raw;

/* Bytes of a frame as sent, without its header. */
size_t vtr_merlin_raw_bytes(const vtr_merlin_raw *raw);
/* Unpacks one frame into pixels of u8 (1 and 6 bits), u16 (12) or u32 (24), [det_y][det_x]. */
void vtr_merlin_raw_decode(void *frame, const unsigned char *sent, const vtr_merlin_raw *raw);

#endif
