/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_THICKNESS_H
#define VITRAIL_THICKNESS_H

/* Thickness of a foil from an unfiltered image and one of the electrons without energy loss: t = lambda ln(It/I0), lambda the
 * mean free path between losses (R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed.,
 * eq. 5.1). Formulas, ranges and where they fail: docs/methods/thickness.md. */

#include "vitrail/parameters.h"
#include "vitrail/scattering.h"

VTR_BEGIN_DECLS

typedef enum vtr_mean_free_path_model {
    VTR_MEAN_FREE_PATH_IAKOUBOVSKII, /* from the density; known to some 10 % */
    VTR_MEAN_FREE_PATH_MALIS,        /* from the atomic number; known to some 20 % */
} vtr_mean_free_path_model;

/* Mean free path of inelastic scattering in nm by K. Iakoubovskii, K. Mitsuishi, Y. Nakayama, K. Furuya, Microsc. Res.
 * Tech. 71, 626 (2008), eq. 9; half-angles of the probe and of what enters the spectrometer. An infinite collection
 * angle: all is collected. */
VTR_API double vtr_mean_free_path_iakoubovskii_nm(double beam_energy_kev, double density_g_per_cm3,
                                                  double convergence_mrad, double collection_mrad);
/* By T. Malis, S. C. Cheng, R. F. Egerton, J. Electron Microsc. Tech. 8, 193 (1988); a parallel beam, and collection
 * angles of at most some 15 mrad. NAN where the logarithm is not positive. */
VTR_API double vtr_mean_free_path_malis_nm(double beam_energy_kev, double atomic_number,
                                           double collection_mrad);
/* The atomic number that stands for a compound in it: sum f Z^1.3/sum f Z^0.3 (Egerton, eq. 5.4). */
VTR_API double vtr_effective_atomic_number(const vtr_composition *composition);

VTR_END_DECLS

#endif
