/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_ESHELBY_INTERNAL_H
#define VITRAIL_TWIN_ESHELBY_INTERNAL_H

#include <stdbool.h>

#include "vitrail/twin.h"

/* A circular inclusion (a cylinder along z) of radius a in an unbounded isotropic matrix of the same elastic
 * constants, in plane strain, with the eigenstrain E + d I: E = shear (2 n n^T - I), d = dilation. With x the
 * place relative to its centre and r = |x| the displacement is, inside (r <= a),
 *
 *   u = (3 - 4 nu) / (4 (1 - nu)) E x + d / (2 (1 - nu)) x,
 *
 * and outside
 *
 *   u = a^2 / (4 (1 - nu) r^2) { [2 (1 - 2 nu) + a^2/r^2] E x + 2 [1 - a^2/r^2] (x.E x / r^2) x }
 *       + d a^2 / (2 (1 - nu) r^2) x.
 *
 * The traceless part: R. Dasgupta, H. G. E. Hentschel, I. Procaccia, Phys. Rev. E 87, 022810 (2013),
 * appendix; the dilation: J. D. Eshelby, Proc. R. Soc. A 241, 376 (1957), for a circle.
 *
 * The elastic strain is the strain of u less, inside, the eigenstrain: that is what stresses the atoms' cages
 * and moves the ring, because the eigenstrain is rearrangement. */

/* Displacement in nm at (y, x) nm from the inclusion's centre. */
void vtr_eshelby_displacement(const vtr_twin_inclusion *inclusion, double y_nm, double x_nm, double u_yx[2]);

/* Elastic strain [exx, eyy, exy] there; on the circle the value inside. */
void vtr_eshelby_elastic_strain(const vtr_twin_inclusion *inclusion, double y_nm, double x_nm,
                                double strain[3]);

#endif
