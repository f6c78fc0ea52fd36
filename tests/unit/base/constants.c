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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wavelengths_are_the_published_ones),
        cmocka_unit_test(speeds_are_the_published_ones),
        cmocka_unit_test(wavelength_and_speed_agree),
        cmocka_unit_test(slow_electrons_are_classical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
