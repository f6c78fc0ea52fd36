/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_MODEL_CRYSTALS_H
#define VITRAIL_TEST_MODEL_CRYSTALS_H

#include "support.h"
#include "vitrail/structure.h"

/* n^3 orthogonal cells of `edges` (Å) with `n_basis` atoms at these fractions, of copper; each moved at random by a normal
 * distribution of this width. */
vtr_structure crystal_make(size_t n, const double edges[3], const double (*basis)[3], size_t n_basis,
                           double noise_angstrom);
vtr_structure crystal_fcc(size_t n, double noise_angstrom);
vtr_structure crystal_bcc(size_t n, double noise_angstrom);
/* Of the ideal axial ratio. */
vtr_structure crystal_hcp(size_t n, double noise_angstrom);
/* The same atoms, each position and the cell multiplied by this matrix (columns: what x, y, z become). */
vtr_structure crystal_deformed(const vtr_structure *from, const double matrix[3][3]);
/* One atom within the twelve of an icosahedron, far from anything else. */
vtr_structure crystal_icosahedron(void);

#endif
