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

double vtr_electron_interaction_rad_per_volt_angstrom(double beam_energy_kev)
{
    double mass_kg = VTR_ELECTRON_MASS_KG * (1 + beam_energy_kev / VTR_ELECTRON_REST_KEV);
    double wavelength_m = 1e-10 * vtr_electron_wavelength_angstrom(beam_energy_kev);
    double per_volt_m =
        2 * VTR_PI * mass_kg * VTR_ELEMENTARY_CHARGE_C * wavelength_m / (VTR_PLANCK_J_S * VTR_PLANCK_J_S);
    return 1e-10 * per_volt_m;
}

double vtr_xray_wavelength_angstrom(double energy_kev)
{
    return 1e7 * VTR_PLANCK_J_S * VTR_SPEED_OF_LIGHT_M_S / (VTR_ELEMENTARY_CHARGE_C * energy_kev);
}

double vtr_xray_energy_kev(double wavelength_angstrom)
{
    return vtr_xray_wavelength_angstrom(wavelength_angstrom); /* E lambda = h c either way round */
}

double vtr_k_of_scattering_angle(double two_theta_rad, double wavelength_angstrom)
{
    return 2 * sin(two_theta_rad / 2) / wavelength_angstrom;
}

double vtr_scattering_angle_rad(double k_inv_angstrom, double wavelength_angstrom)
{
    double sine = k_inv_angstrom * wavelength_angstrom / 2;
    return fabs(sine) <= 1 ? 2 * asin(sine) : NAN;
}
