/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* sigma_coh = 4 pi b^2 (1 barn = 100 fm^2) ties two columns together. Where absorption is strong the
 * length has an imaginary part, which adds to the cross-section. Some lengths were measured again after
 * the cross-sections were compiled (Ho 11 %, Xe 9 %, others less); a wrong row or unit is much farther
 * off. */
static void lengths_and_cross_sections_agree(void **state)
{
    (void)state;
    int n = 0;
    for (int number = 1; number <= 103; number++) {
        double b = vtr_neutron_length_fm(number), coherent = vtr_neutron_coherent_barn(number);
        if (isnan(b) || vtr_neutron_absorption_barn(number) > 700) continue;
        assert_near(coherent, 4 * VTR_PI * b * b / 100, 0.12 * coherent + 0.01);
        n++;
    }
    assert_in_range(n, 80, 91);
}

/* What every neutron scatterer knows: hydrogen and titanium scatter with the opposite sign, vanadium
 * hardly coherently. */
static void known_elements_are_in_place(void **state)
{
    (void)state;
    assert_near(vtr_neutron_length_fm(1), -3.74, 0.01);
    assert_near(vtr_neutron_incoherent_barn(1), 80.26, 0.1);
    assert_near(vtr_neutron_total_barn(1), 82.02, 0.1);
    assert_near(vtr_neutron_length_fm(22), -3.37, 0.1);
    assert_near(vtr_neutron_length_fm(8), 5.805, 0.005);
    assert_near(vtr_neutron_length_fm(28), 10.3, 0.1);
    assert_near(vtr_neutron_coherent_barn(23), 0.018, 0.001);
    assert_near(vtr_neutron_total_barn(23), 5.1, 0.1);
    assert_true(isnan(vtr_neutron_length_fm(84)) && isnan(vtr_neutron_length_fm(0)) &&
                isnan(vtr_neutron_total_barn(104)));
}

/* Deuterium differs from hydrogen for neutrons and in weight alone; 4 pi b^2 is its coherent cross-section. */
static void deuterium_is_an_element_of_compositions(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition water;
    char text[32];
    assert_ok(vtr_composition_parse(&water, "D2O", &err));
    assert_int_equal(water.number[0], VTR_DEUTERIUM);
    vtr_composition_text(&water, text, sizeof text);
    assert_string_equal(text, "D2O");
    double b = vtr_neutron_length_fm(VTR_DEUTERIUM);
    assert_near(0.01 * 4 * 3.14159265 * b * b, vtr_neutron_coherent_barn(VTR_DEUTERIUM), 0.001);
    assert_near(vtr_atomic_weight(VTR_DEUTERIUM) / vtr_atomic_weight(1), 1.998, 0.001);
    assert_near(vtr_number_density(&water, 1.1044), 0.0996, 1e-4); /* heavy water at 25 degrees */
    assert_near(vtr_electron_factor(VTR_DEUTERIUM, 0.3), vtr_electron_factor(1, 0.3), 0);
    assert_near(vtr_xray_factor(VTR_XRAY_WAASMAIER, VTR_DEUTERIUM, 0.3),
                vtr_xray_factor(VTR_XRAY_WAASMAIER, 1, 0.3), 0);
    assert_near(vtr_compton_factor(VTR_COMPTON_HUBBELL, VTR_DEUTERIUM, 0.3),
                vtr_compton_factor(VTR_COMPTON_HUBBELL, 1, 0.3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_and_cross_sections_agree),
        cmocka_unit_test(known_elements_are_in_place),
        cmocka_unit_test(deuterium_is_an_element_of_compositions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
