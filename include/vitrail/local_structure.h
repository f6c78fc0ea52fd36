/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_LOCAL_STRUCTURE_H
#define VITRAIL_LOCAL_STRUCTURE_H

/* What surrounds each atom of a model: Voronoi cells, bond angles, and how the surroundings deform from one configuration to
 * another. docs/methods/local-structure.md has the definitions. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/structure.h"

VTR_BEGIN_DECLS

/* Faces with more edges than that are counted as having that many. */
enum { VTR_VORONOI_EDGES = 12 };

/* All points nearer to an atom than to any other. The index <n3, n4, n5, n6> is faces[3 ... 6]. */
typedef struct vtr_voronoi_cell {
    bool is_open;                               /* at the surface of a particle: no data, all else 0 or NAN */
    unsigned n_faces;                           /* that are counted: the coordination number */
    unsigned faces[VTR_VORONOI_EDGES + 1];      /* of them by their number of edges */
    double volume_angstrom3, surface_angstrom2; /* of the whole cell */
} vtr_voronoi_cell;

/* cells [n] of a model of n atoms, periodic or not. Faces below `smallest_face` of a cell's surface (0: none) are not counted;
 * edges are those of the whole cell. `threads` 0: all. Errors: VTR_ERR_NO_DATA: two atoms in one place. C. H. Rycroft, Chaos 19, 041111
 * (2009) names the index; J. L. Finney, Proc. R. Soc. A 319, 479 (1970). */
VTR_API vtr_status vtr_voronoi_cells(vtr_voronoi_cell *cells, const vtr_structure *structure,
                                     double smallest_face, int threads, vtr_error *err);

/* Cells of one index, closed ones alone. */
typedef struct vtr_voronoi_index {
    unsigned faces[4]; /* n3 ... n6 */
    size_t n;
} vtr_voronoi_index;

/* The indices of the cells [n], or of those of one element (atomic number; 0: all), the most frequent first; *n_cells is how many
 * cells there were. *list is to be freed with vtr_voronoi_census_free. */
VTR_API vtr_status vtr_voronoi_census(vtr_voronoi_index **list, size_t *n_list, size_t *n_cells,
                                      const vtr_voronoi_cell *cells, const vtr_structure *structure,
                                      int element, vtr_error *err);
VTR_API void vtr_voronoi_census_free(vtr_voronoi_index *list);

/* Å: the first minimum of the density of pairs beyond its highest maximum, which ends the first shell; NAN where there is none
 * within the pairs counted, which should reach twice the nearest distance. Bins of 0.02 Å smoothed over nine. */
VTR_API double vtr_pairs_first_minimum(const vtr_pairs *pairs);
/* count [n][n_elements]: neighbours of each atom nearer than the cutoff, by the elements of the composition. */
VTR_API vtr_status vtr_coordination_numbers(unsigned *count, const vtr_structure *structure,
                                            double cutoff_angstrom, int threads, vtr_error *err);

/* Angles between the directions to two neighbours of an atom nearer than `cutoff_angstrom`, over all atoms: density [n_bins] per degree
 * over 0 to 180 degrees, whose integral is 1; *n_angles is how many there were. */
VTR_API vtr_status vtr_bond_angles(double *density, size_t n_bins, size_t *n_angles,
                                   const vtr_structure *structure, double cutoff_angstrom, int threads,
                                   vtr_error *err);

/* How the neighbours of an atom moved: J is the gradient that takes their vectors before to those after best, in the least
 * squares; what it leaves, the mean of |after - J before|^2 over them, is D2min (M. L. Falk, J. S. Langer, Phys. Rev. E 57, 7192
 * (1998), eq. 2.11 to 2.13, there as a sum). strain = (J^T J - 1)/2, of Green and Lagrange: xx, yy, zz, yz, xz, xy. */
typedef struct vtr_local_deformation {
    size_t n_neighbours;                      /* fewer than 3, or all in one plane: no data, NAN */
    double d2min_angstrom2, strain[6], shear; /* shear: sqrt of half of deviator : deviator, von Mises' */
} vtr_local_deformation;

/* out [n]; the same atoms in the same order in both. Neighbours are those nearer than the cutoff before; through periodic
 * boundaries an atom has moved the nearest way, cell and all. Errors: VTR_ERR_SHAPE: other atoms. */
VTR_API vtr_status vtr_local_deformations(vtr_local_deformation *out, const vtr_structure *before,
                                          const vtr_structure *after, double cutoff_angstrom, int threads,
                                          vtr_error *err);

VTR_END_DECLS

#endif
