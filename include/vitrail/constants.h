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

/* Rest energy of the electron. */
#define VTR_ELECTRON_REST_KEV                                                                                \
    (VTR_ELECTRON_MASS_KG * VTR_SPEED_OF_LIGHT_M_S * VTR_SPEED_OF_LIGHT_M_S / VTR_ELEMENTARY_CHARGE_C * 1e-3)

#define VTR_PI 3.14159265358979323846
#define VTR_RADIANS_PER_DEGREE (VTR_PI / 180.0)

/* Relativistic wavelength of an electron, in Å: h / sqrt(2 m e V (1 + e V / (2 m c^2))).
 * 300 kV: 0.019687 Å; 200 kV: 0.025079 Å. */
VTR_API double vtr_electron_wavelength_angstrom(double beam_energy_kev);

/* Speed of an electron, in m/s. */
VTR_API double vtr_electron_speed_m_s(double beam_energy_kev);

/* Interaction constant of electrons, in rad/(V Å): the phase that a projected potential adds, 2 pi m e
 * lambda / h^2 with the relativistic mass (E. J. Kirkland, Advanced Computing in Electron Microscopy, eq.
 * 5.6). 300 kV: 6.526e-4; 200 kV: 7.288e-4. */
VTR_API double vtr_electron_interaction_rad_per_volt_angstrom(double beam_energy_kev);

/* Wavelength of X-rays in Å, and back to their energy in keV: h c / E (12.398 keV Å). */
VTR_API double vtr_xray_wavelength_angstrom(double energy_kev);
VTR_API double vtr_xray_energy_kev(double wavelength_angstrom);

/* k = 2 sin(theta)/lambda in 1/Å of a scattering angle 2 theta, and back (mrad: times 1e-3). NAN for a k
 * beyond 2/lambda, where there is no angle. */
VTR_API double vtr_k_of_scattering_angle(double two_theta_rad, double wavelength_angstrom);
VTR_API double vtr_scattering_angle_rad(double k_inv_angstrom, double wavelength_angstrom);

VTR_END_DECLS

#endif
