/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MODEL_INTERNAL_H
#define VITRAIL_MODEL_INTERNAL_H

#include "base/base_internal.h"
#include "vitrail/local_structure.h"

/* A neighbour: which atom, and the vector to it (or to its image). */
typedef struct vtr_neighbour {
    size_t atom;
    double to[3], distance2;
} vtr_neighbour;

/* The atoms and their periodic images within a reach of the cell, in boxes along x, y, z. */
typedef struct vtr_surroundings {
    size_t n, n_points; /* atoms; with their images */
    double (*at)[3];    /* [n] wrapped into the cell */
    double spacing, reach;
    double low[3], box;
    size_t n_boxes[3];
    size_t *first; /* [boxes + 1] into the next two */
    size_t *atom;
    double (*place)[3];
} vtr_surroundings;

vtr_status vtr_surroundings_make(vtr_surroundings *out, const vtr_structure *structure, double reach,
                                 vtr_error *err);
void vtr_surroundings_release(vtr_surroundings *surroundings);
/* Neighbours of an atom within `distance` <= reach, at most `most` of them into list; how many there are. */
size_t vtr_neighbours_of(vtr_neighbour *list, size_t most, const vtr_surroundings *surroundings, size_t atom,
                         double distance);
/* The same in memory that grows; false where there is none. */
typedef struct vtr_neighbours {
    vtr_neighbour *list;
    size_t n, room;
} vtr_neighbours;
bool vtr_neighbours_get(vtr_neighbours *out, const vtr_surroundings *surroundings, size_t atom,
                        double distance);

#endif
