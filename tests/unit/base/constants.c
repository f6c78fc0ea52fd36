/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/constants.h"

#include <math.h>

#include "support.h"

/* Published to five digits, e.g. Williams & Carter, Transmission Electron Microscopy (2009), table 1.2. */
static void wavelengths_are_the_published_ones(void **state)
{
    (void)state;
    assert_near(vtr_electron_wavelength_angstrom(100), 0.037014, 5e-7);
    assert_near(vtr_electron_wavelength_angstrom(200), 0.025079, 5e-7);
    assert_near(vtr_electron_wavelength_angstrom(300), 0.019687, 5e-7);
}

static void speeds_are_the_published_ones(void **state)
{
    (void)state;
    assert_near(vtr_electron_speed_m_s(100) / VTR_SPEED_OF_LIGHT_M_S, 0.54822, 5e-6);
    assert_near(vtr_electron_speed_m_s(200) / VTR_SPEED_OF_LIGHT_M_S, 0.69531, 5e-6);
    assert_near(vtr_electron_speed_m_s(300) / VTR_SPEED_OF_LIGHT_M_S, 0.77653, 5e-6);
}

/* lambda = h / (gamma m v) ties the two formulas together at every energy. */
static void wavelength_and_speed_agree(void **state)
{
    (void)state;
    for (double energy = 1; energy < 2000; energy *= 1.7) {
        double v = vtr_electron_speed_m_s(energy), beta = v / VTR_SPEED_OF_LIGHT_M_S;
        double momentum = VTR_ELECTRON_MASS_KG * v / sqrt(1 - beta * beta);
        assert_near(vtr_electron_wavelength_angstrom(energy) * momentum / (1e10 * VTR_PLANCK_J_S), 1, 1e-12);
    }
}

/* A slow electron: lambda = h / sqrt(2 m e V), v = sqrt(2 e V / m). */
static void slow_electrons_are_classical(void **state)
{
    (void)state;
    double energy_j = 1e-3 * VTR_ELEMENTARY_CHARGE_C;
    double momentum = sqrt(2 * VTR_ELECTRON_MASS_KG * energy_j);
    assert_near(vtr_electron_wavelength_angstrom(1e-6) * momentum / (1e10 * VTR_PLANCK_J_S), 1, 1e-8);
    assert_near(vtr_electron_speed_m_s(1e-6) * VTR_ELECTRON_MASS_KG / momentum, 1, 1e-6);
}

/* Kirkland, Advanced Computing in Electron Microscopy (2010), figure 5.2 and table: 9.244, 7.288, 6.526 x
 * 1e-4 rad/(V Å) at 100, 200, 300 kV. */
static void interaction_is_the_published_one(void **state)
{
    (void)state;
    assert_near(vtr_electron_interaction_rad_per_volt_angstrom(100), 9.244e-4, 5e-8);
    assert_near(vtr_electron_interaction_rad_per_volt_angstrom(200), 7.288e-4, 5e-8);
    assert_near(vtr_electron_interaction_rad_per_volt_angstrom(300), 6.526e-4, 5e-8);
    /* the other form, 2 pi / (lambda V) (m c^2 + e V) / (2 m c^2 + e V) */
    for (double energy = 1; energy < 2000; energy *= 1.7)
        assert_near(vtr_electron_interaction_rad_per_volt_angstrom(energy) *
                        vtr_electron_wavelength_angstrom(energy) * 1e3 * energy / (2 * VTR_PI) *
                        (2 * VTR_ELECTRON_REST_KEV + energy) / (VTR_ELECTRON_REST_KEV + energy),
                    1, 1e-9);
}

/* Cu K-alpha1: 8.04778 keV, 1.540593 Å (Hölzer et al., Phys. Rev. A 56, 4554, 1997). */
static void xray_wavelength_and_energy_are_inverse(void **state)
{
    (void)state;
    assert_near(vtr_xray_wavelength_angstrom(8.04778), 1.540593, 2e-5);
    assert_near(vtr_xray_energy_kev(vtr_xray_wavelength_angstrom(67.53)), 67.53, 1e-12);
    assert_near(vtr_xray_wavelength_angstrom(67.53), 0.1835957, 3e-6); /* as a beamline's header has it */
    assert_near(VTR_ELECTRON_REST_KEV, 510.99895, 1e-5);
}

/* Bragg: d = 1/k. At 300 kV 1/Å is 19.687 mrad; for Cu K-alpha the (111) of silicon, d = 3.1356 Å, is at
 * 28.44 degrees. */
static void k_and_angle_are_braggs_law(void **state)
{
    (void)state;
    double electron = vtr_electron_wavelength_angstrom(300), xray = vtr_xray_wavelength_angstrom(8.04778);
    assert_near(1e3 * vtr_scattering_angle_rad(1, electron), 19.687, 2e-3);
    assert_near(vtr_scattering_angle_rad(1 / 3.1356, xray) / VTR_RADIANS_PER_DEGREE, 28.443, 2e-3);
    for (double angle = 0; angle < VTR_PI; angle += 0.1)
        assert_near(vtr_scattering_angle_rad(vtr_k_of_scattering_angle(angle, xray), xray), angle, 1e-7);
    assert_true(isnan(vtr_scattering_angle_rad(2.001 / xray, xray)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wavelengths_are_the_published_ones),
        cmocka_unit_test(speeds_are_the_published_ones),
        cmocka_unit_test(wavelength_and_speed_agree),
        cmocka_unit_test(slow_electrons_are_classical),
        cmocka_unit_test(interaction_is_the_published_one),
        cmocka_unit_test(xray_wavelength_and_energy_are_inverse),
        cmocka_unit_test(k_and_angle_are_braggs_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
