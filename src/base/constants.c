/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/constants.h"

#include <math.h>

double vtr_electron_wavelength_angstrom(double beam_energy_kev)
{
    double energy_j = beam_energy_kev * 1e3 * VTR_ELEMENTARY_CHARGE_C;
    double rest_j = VTR_ELECTRON_MASS_KG * VTR_SPEED_OF_LIGHT_M_S * VTR_SPEED_OF_LIGHT_M_S;
    return 1e10 * VTR_PLANCK_J_S / sqrt(2 * VTR_ELECTRON_MASS_KG * energy_j * (1 + energy_j / (2 * rest_j)));
}

double vtr_electron_speed_m_s(double beam_energy_kev)
{
    double energy_j = beam_energy_kev * 1e3 * VTR_ELEMENTARY_CHARGE_C;
    double gamma = 1 + energy_j / (VTR_ELECTRON_MASS_KG * VTR_SPEED_OF_LIGHT_M_S * VTR_SPEED_OF_LIGHT_M_S);
    return VTR_SPEED_OF_LIGHT_M_S * sqrt(1 - 1 / (gamma * gamma));
}
