/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PAIRS_INTERNAL_H
#define VITRAIL_PAIRS_INTERNAL_H

/* Atoms sorted into small boxes, so that the neighbours within a distance are those of the boxes about. */

#include "base/base_internal.h"
#include "vitrail/structure.h"

/* From one box to another, in boxes along each edge. */
typedef struct vtr_box_offset {
    int step[3];
} vtr_box_offset;

typedef struct vtr_atom_boxes {
    bool is_periodic;
    double edge[3][3]; /* of the whole grid: the cell, or what holds the particle */
    size_t n[3];       /* boxes along each edge */
    size_t n_boxes;
    size_t *first;       /* [n_boxes + 1] into the arrays below */
    double *x[3];        /* [n_atoms], Å, sorted by box */
    unsigned char *kind; /* [n_atoms], element's place in the composition */
    size_t n_offsets;    /* half of all, so that each pair of boxes comes once; not the box itself */
    vtr_box_offset *offset;
} vtr_atom_boxes;

vtr_status vtr_atom_boxes_make(vtr_atom_boxes *boxes, const vtr_structure *structure, double r_max,
                               vtr_error *err);
void vtr_atom_boxes_release(vtr_atom_boxes *boxes);
/* The box `offset` away from a box, with what its atoms' positions are to be moved by; false where there is none. */
bool vtr_atom_boxes_neighbour(const vtr_atom_boxes *boxes, size_t box, const vtr_box_offset *offset,
                              size_t *other, double shift[3]);

#endif
