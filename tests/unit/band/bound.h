/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_BAND_BOUND_H
#define VITRAIL_TEST_BAND_BOUND_H

#include "vitrail/inclusions.h"
#include "vitrail/twin.h"

/* How well an inclusion in the maps of scene_make_one can be known at all (Cramer and Rao): the inverse of
 * sum_j J_j^T V_j^-1 J_j over the positions within 90 nm. J is the derivative of the twin's own strain, averaged over the
 * cells of the scan, because a hard rim sampled at points has none; V_j the noise and the matrix's covariance, both as
 * they are and not as they are estimated; a plane in each component is not known either. Over y, x, radius (nm), c, s,
 * dilation. Nothing of the library's fit is used. */
void inclusion_bound(double covariance[VTR_INCLUSION_N][VTR_INCLUSION_N], const vtr_twin_inclusion *truth,
                     double matrix_strain, double matrix_length_nm);

#endif
