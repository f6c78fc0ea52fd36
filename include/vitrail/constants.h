/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CONSTANTS_H
#define VITRAIL_CONSTANTS_H

#include "vitrail/api.h"

VTR_BEGIN_DECLS

/* CODATA 2018 (Tiesinga et al., Rev. Mod. Phys. 93, 025010, 2021); the first four are exact by definition. */
#define VTR_PLANCK_J_S 6.62607015e-34
#define VTR_ELEMENTARY_CHARGE_C 1.602176634e-19
#define VTR_SPEED_OF_LIGHT_M_S 299792458.0
#define VTR_AVOGADRO_PER_MOL 6.02214076e23
#define VTR_ELECTRON_MASS_KG 9.1093837015e-31
#define VTR_BOHR_RADIUS_ANGSTROM 0.529177210903

#define VTR_PI 3.14159265358979323846
#define VTR_RADIANS_PER_DEGREE (VTR_PI / 180.0)

/* Relativistic wavelength of an electron, in Å: h / sqrt(2 m e V (1 + e V / (2 m c^2))).
 * 300 kV: 0.019687 Å; 200 kV: 0.025079 Å. */
VTR_API double vtr_electron_wavelength_angstrom(double beam_energy_kev);

/* Speed of an electron, in m/s. */
VTR_API double vtr_electron_speed_m_s(double beam_energy_kev);

VTR_END_DECLS

#endif
