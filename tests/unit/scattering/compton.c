/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "support.h"
#include "support_reference.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* From 0 (as k^2) to Z, never falling. */
static void compton_grows_from_zero_to_all_electrons(void **state)
{
    (void)state;
    for (int number = 1; number <= 100; number++) {
        double before = 0;
        assert_near(vtr_compton_factor(VTR_COMPTON_HUBBELL, number, 0), 0, 0);
        for (double k = 0.001; k <= 14; k *= 1.02) {
            double s = vtr_compton_factor(VTR_COMPTON_HUBBELL, number, k);
            assert_true(s >= before * (1 - 1e-12) && s <= number * (1 + 1e-12));
            before = s;
        }
        assert_near(before, number, 0.08 * number);
        double small = vtr_compton_factor(VTR_COMPTON_HUBBELL, number, 0.001);
        assert_near(vtr_compton_factor(VTR_COMPTON_HUBBELL, number, 0.002), 4 * small, 1e-12);
    }
}

/* The same table typed by others and splined by others. Beyond its second point (x = 0.01) the two agree
 * within 0.5 %, the rounding to three digits; a misread number as in the common transcription (C, x =
 * 0.04: 0.0202 for 0.202; Si, x = 0.07: 1.31 for 1.37) would be far outside. In the first interval the
 * shape is open. */
static void hubbell_and_xraylib_agree(void **state)
{
    (void)state;
    for (int number = 1; number <= 98; number++)
        for (double k = 0.02; k <= 14; k *= 1.01)
            assert_near(vtr_compton_factor(VTR_COMPTON_HUBBELL, number, k) /
                            vtr_compton_factor(VTR_COMPTON_XRAYLIB, number, k),
                        1, 0.006);
}

/* Hydrogen: one electron scatters incoherently what it does not scatter coherently, S = 1 - f0^2. The
 * table has three digits, f0 is the closed form. */
static void hydrogen_is_the_closed_form(void **state)
{
    (void)state;
    for (double k = 0.01; k <= 3; k += 0.01) {
        double x = VTR_PI * VTR_BOHR_RADIUS_ANGSTROM * k, f = 1 / ((1 + x * x) * (1 + x * x));
        assert_near(vtr_compton_factor(VTR_COMPTON_HUBBELL, 1, k) / (1 - f * f), 1, 0.01);
    }
}

/* LiquidDiffract's Compton scattering of CaSiO3 (per formula unit, Q = 0, 0.02 ... 12 1/Å): the same table
 * between whose points it draws other curves, and with Si at Q = 0.88 misread. Above Q = 1.3 within 0.5 %. */
static void calcium_silicate_agrees_with_liquiddiffract(void **state)
{
    (void)state;
    double *reference = reference_load("total-scattering/liquid_Ga/compton_scattering_CaSiO3_0-12.npy", 600);
    if (reference == NULL) skip();
    for (int i = 0; i < 600; i++) {
        double k = 0.02 * i / (2 * VTR_PI), sum = vtr_compton_factor(VTR_COMPTON_HUBBELL, 20, k) +
                                                  vtr_compton_factor(VTR_COMPTON_HUBBELL, 14, k) +
                                                  3 * vtr_compton_factor(VTR_COMPTON_HUBBELL, 8, k);
        assert_near(sum, reference[i], i > 65 ? 0.005 * sum : 0.1);
    }
    free(reference);
}

/* 1/(1 + E/mc^2 (1 - cos 2theta)): at 60 keV and 90 degrees 1/(1 + 60/511), squared for counts, cubed for
 * energy. */
static void recoil_is_comptons_formula(void **state)
{
    (void)state;
    double wavelength = vtr_xray_wavelength_angstrom(60),
           right_angle = vtr_k_of_scattering_angle(VTR_PI / 2, wavelength);
    double ratio = 1 / (1 + 60 / 510.99895);
    assert_near(vtr_compton_recoil(60, right_angle, 1), ratio, 1e-9);
    assert_near(vtr_compton_recoil(60, right_angle, 2), ratio * ratio, 1e-9);
    assert_near(vtr_compton_recoil(60, right_angle, 3), ratio * ratio * ratio, 1e-9);
    assert_near(vtr_compton_recoil(60, 0, 3), 1, 0);
    assert_near(vtr_compton_recoil(60, 2 / wavelength, 1), 1 / (1 + 2 * 60 / 510.99895), 1e-9);
    assert_true(isnan(vtr_compton_recoil(60, 2.001 / wavelength, 2)));
}

static void what_a_table_lacks_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(vtr_compton_factor(VTR_COMPTON_HUBBELL, 101, 1)));
    assert_true(isnan(vtr_compton_factor(VTR_COMPTON_HUBBELL, 6, 14.1)));
    assert_true(isnan(vtr_compton_factor(VTR_COMPTON_XRAYLIB, 99, 1)));
    assert_near(vtr_compton_factor(VTR_COMPTON_NONE, 6, 1), 0, 0);
    assert_near(vtr_compton_factor(VTR_COMPTON_XRAYLIB, 6, 0), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compton_grows_from_zero_to_all_electrons),
        cmocka_unit_test(hubbell_and_xraylib_agree),
        cmocka_unit_test(hydrogen_is_the_closed_form),
        cmocka_unit_test(calcium_silicate_agrees_with_liquiddiffract),
        cmocka_unit_test(recoil_is_comptons_formula),
        cmocka_unit_test(what_a_table_lacks_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
