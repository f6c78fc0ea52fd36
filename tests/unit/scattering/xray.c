/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "support.h"
#include "support_reference.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* f0(0) counts the electrons; the fits miss by up to 0.04 (Waasmaier) and 0.06 (Cromer-Mann). */
static void all_electrons_scatter_forward(void **state)
{
    (void)state;
    for (int number = 1; number <= 98; number++) {
        assert_near(vtr_xray_factor(VTR_XRAY_WAASMAIER, number, 0), number, 0.04);
        assert_near(vtr_xray_factor(VTR_XRAY_CROMER_MANN, number, 0), number, 0.06);
        assert_near(vtr_xray_factor(VTR_XRAY_XRAYLIB, number, 0), number, 1e-9);
    }
}

/* Two fits to the same relativistic Hartree-Fock tables: within 0.3 % of Z wherever both hold (k <= 4),
 * and of f0 itself within 1 % (H: 3 %) to k = 1.9. Most wrong digits move a sum of five exponentials by
 * more. */
static void waasmaier_and_cromer_mann_agree(void **state)
{
    (void)state;
    for (int number = 1; number <= 98; number++)
        for (double k = 0; k <= 4; k += 0.05) {
            double waasmaier = vtr_xray_factor(VTR_XRAY_WAASMAIER, number, k);
            double cromer_mann = vtr_xray_factor(VTR_XRAY_CROMER_MANN, number, k);
            assert_near(waasmaier, cromer_mann, 0.003 * number);
            if (k < 1.9) assert_near(waasmaier / cromer_mann, 1, number == 1 ? 0.03 : 0.01);
        }
}

/* xraylib tabulates Hubbell et al. (1975): Hartree-Fock without relativity, so the inner shells of heavy
 * atoms are wider, up to 1.6 % of Z (Cf). */
static void waasmaier_and_xraylib_agree(void **state)
{
    (void)state;
    for (int number = 1; number <= 98; number++)
        for (double k = 0; k <= 12; k += 0.05)
            assert_near(vtr_xray_factor(VTR_XRAY_WAASMAIER, number, k),
                        vtr_xray_factor(VTR_XRAY_XRAYLIB, number, k), 0.016 * number);
}

/* Hydrogen has a closed form, (1 + (pi a0 k)^2)^-2. */
static void hydrogen_is_the_closed_form(void **state)
{
    (void)state;
    for (double k = 0; k <= 3; k += 0.1) {
        double x = VTR_PI * VTR_BOHR_RADIUS_ANGSTROM * k, f = 1 / ((1 + x * x) * (1 + x * x));
        for (int table = VTR_XRAY_WAASMAIER; table <= VTR_XRAY_XRAYLIB; table++)
            assert_near(vtr_xray_factor((vtr_xray_table)table, 1, k), f, 0.001);
    }
}

/* LiquidDiffract's form factors, Q = 0, 0.02 ... 1/Å: the Cromer-Mann numbers to the last bits. */
static void cromer_mann_is_what_liquiddiffract_uses(void **state)
{
    (void)state;
    double *ga = reference_load("total-scattering/liquid_Ga/atomic_ff_Ga_0-12.npy", 600);
    double *si = reference_load("total-scattering/liquid_Ga/atomic_ff_Si_0-12.npy", 600);
    if (ga == NULL || si == NULL) skip();
    for (int i = 0; i < 600; i++) {
        double k = 0.02 * i / (2 * VTR_PI);
        assert_near(vtr_xray_factor(VTR_XRAY_CROMER_MANN, 31, k), ga[i], 1e-12);
        assert_near(vtr_xray_factor(VTR_XRAY_CROMER_MANN, 14, k), si[i], 1e-12);
        /* and the default table is within 0.2 % */
        assert_near(vtr_xray_factor(VTR_XRAY_WAASMAIER, 31, k) / ga[i], 1, 0.002);
        assert_near(vtr_xray_factor(VTR_XRAY_WAASMAIER, 14, k) / si[i], 1, 0.002);
    }
    free(ga);
    free(si);
}

static double f1_of(int number, double energy_kev)
{
    vtr_error err;
    double f1, f2;
    assert_ok(vtr_xray_dispersion(number, energy_kev, &f1, &f2, &err));
    assert_true(f2 > 0);
    return f1;
}

/* f'' jumps up across the K edge of iron (7.112 keV), f' has its minimum there, and both fade far above.
 * Cu K-alpha on iron: f' = -1.13, f'' = 3.20 (International Tables C, 4.2.6.8; the calculations differ by
 * a few 0.01). */
static void dispersion_has_its_edges(void **state)
{
    (void)state;
    vtr_error err;
    double below1, below2, above1, above2, f1, f2;
    assert_ok(vtr_xray_dispersion(26, 7.0, &below1, &below2, &err));
    assert_ok(vtr_xray_dispersion(26, 7.2, &above1, &above2, &err));
    assert_true(above2 > 4 * below2);
    assert_true(f1_of(26, 7.11) < f1_of(26, 7.0) && f1_of(26, 7.11) < f1_of(26, 7.3));
    assert_ok(vtr_xray_dispersion(26, 8.0478, &f1, &f2, &err));
    assert_near(f1, -1.13, 0.05);
    assert_near(f2, 3.20, 0.05);
    assert_ok(vtr_xray_dispersion(26, 100, &f1, &f2, &err));
    assert_near(f1, 0, 0.2);
    assert_near(f2, 0, 0.1);
    f1 = 7;
    assert_fails(vtr_xray_dispersion(26, 1e9, &f1, &f2, &err), VTR_ERR_RANGE, "Fe (Z 26) at 1e+09 keV");
    assert_near(f1, 7, 0);
}

static void what_a_table_lacks_is_nan(void **state)
{
    (void)state;
    for (int table = VTR_XRAY_WAASMAIER; table <= VTR_XRAY_XRAYLIB; table++)
        assert_true(isnan(vtr_xray_factor((vtr_xray_table)table, 0, 0)) &&
                    isnan(vtr_xray_factor((vtr_xray_table)table, 99, 0)) &&
                    isnan(vtr_xray_factor((vtr_xray_table)table, 6, NAN)));
    assert_true(isnan(vtr_xray_factor(VTR_XRAY_WAASMAIER, 6, 12.1)));
    assert_true(isnan(vtr_xray_factor(VTR_XRAY_CROMER_MANN, 6, 4.1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_electrons_scatter_forward),
        cmocka_unit_test(waasmaier_and_cromer_mann_agree),
        cmocka_unit_test(waasmaier_and_xraylib_agree),
        cmocka_unit_test(hydrogen_is_the_closed_form),
        cmocka_unit_test(cromer_mann_is_what_liquiddiffract_uses),
        cmocka_unit_test(dispersion_has_its_edges),
        cmocka_unit_test(what_a_table_lacks_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
