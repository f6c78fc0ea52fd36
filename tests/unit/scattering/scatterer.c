/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "support.h"
#include "support_reference.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

static vtr_scatterer make(const char *composition, vtr_scatterer_params params)
{
    vtr_error err;
    vtr_composition c;
    vtr_scatterer s;
    assert_ok(vtr_composition_parse(&c, composition, &err));
    assert_ok(vtr_scatterer_init(&s, &c, &params, &err));
    return s;
}

/* Q is 2 pi k: a missing or doubled 2 pi shows. */
static void electrons_average_the_factors_at_Q_over_2_pi(void **state)
{
    (void)state;
    vtr_scatterer s = make("Zr50Cu45Al5", (vtr_scatterer_params){0});
    double k = 0.45, f, f2, incoherent, expected_f, expected_f2;
    vtr_scatterer_averages(&s, 2 * VTR_PI * k, &f, &f2, &incoherent);
    vtr_electron_averages(&s.composition, k, &expected_f, &expected_f2);
    assert_near(f, expected_f, 1e-12);
    assert_near(f2, expected_f2, 1e-12);
    assert_near(incoherent, 0, 0);
    double by_hand = 0.5 * vtr_electron_factor(40, k) + 0.45 * vtr_electron_factor(29, k) +
                     0.05 * vtr_electron_factor(13, k);
    assert_near(f, by_hand, 1e-12);
    s = make("Zr50Cu45Al5", (vtr_scatterer_params){.electron_table = VTR_ELECTRON_MOTT_BETHE});
    vtr_scatterer_averages(&s, 2 * VTR_PI * k, &f, NULL, NULL);
    assert_near(f / expected_f, 1, 0.01);
    assert_true(f != expected_f);
}

/* <f^2> and <f>^2 of CaSiO3 and Ga91.5Sn8.5, and their effective form factors (<f> over <Z>, Q to 24), as
 * LiquidDiffract has them: the same numbers to the last bits. */
static void averages_are_those_of_liquiddiffract(void **state)
{
    (void)state;
    static const struct {
        const char *composition, *averages, *effective;
        size_t n_effective;
        double mean_number;
    } cases[] = {
        {"CaSiO3", "total-scattering/liquid_Ga/average_scattering_functions_CaSiO3_0-12.npy",
         "total-scattering/liquid_Ga/effective_ff_CaSiO3_0-12.npy", 600, 58.0 / 5},
        {"Ga91.5Sn8.5",
         "total-scattering/LiquidDiffract_GaSn/average_scattering_functions_Ga915Sn85_0-12.npy",
         "total-scattering/LiquidDiffract_GaSn/effective_ff_Ga915Sn85_0-24.npy", 1200,
         0.915 * 31 + 0.085 * 50},
    };
    for (size_t c = 0; c < 2; c++) {
        double *averages = reference_load(cases[c].averages, 1200);
        double *effective = reference_load(cases[c].effective, cases[c].n_effective);
        if (averages == NULL || effective == NULL) skip();
        vtr_scatterer s =
            make(cases[c].composition,
                 (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .xray_table = VTR_XRAY_CROMER_MANN});
        for (size_t i = 0; i < cases[c].n_effective; i++) {
            double f, f2;
            vtr_scatterer_averages(&s, 0.02 * (double)i, &f, &f2, NULL);
            assert_near(f / cases[c].mean_number, effective[i], 1e-12);
            if (i >= 600) continue;
            assert_near(f2 / averages[i], 1, 1e-12);
            assert_near(f * f / averages[600 + i], 1, 1e-12);
        }
        free(averages);
        free(effective);
    }
}

/* Dispersion makes the factors complex: |<f>|^2 and <|f|^2> by hand, and the weights still add to one. */
static void dispersion_enters_as_a_complex_factor(void **state)
{
    (void)state;
    vtr_error err;
    vtr_scatterer s = make(
        "Fe80B20",
        (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .energy_kev = 7.2, .with_dispersion = true});
    double Q = 3, f, f2, fe1, fe2, b1, b2, weights[3];
    assert_ok(vtr_xray_dispersion(26, 7.2, &fe1, &fe2, &err));
    assert_ok(vtr_xray_dispersion(5, 7.2, &b1, &b2, &err));
    fe1 += vtr_xray_factor(VTR_XRAY_WAASMAIER, 26, Q / (2 * VTR_PI));
    b1 += vtr_xray_factor(VTR_XRAY_WAASMAIER, 5, Q / (2 * VTR_PI));
    vtr_scatterer_averages(&s, Q, &f, &f2, NULL);
    double real = 0.8 * fe1 + 0.2 * b1, imaginary = 0.8 * fe2 + 0.2 * b2;
    assert_near(f * f, real * real + imaginary * imaginary, 1e-9);
    assert_near(f2, 0.8 * (fe1 * fe1 + fe2 * fe2) + 0.2 * (b1 * b1 + b2 * b2), 1e-9);
    vtr_scatterer_pair_weights(&s, Q, weights);
    assert_near(weights[1], 2 * 0.8 * 0.2 * (fe1 * b1 + fe2 * b2) / (f * f), 1e-12);
    assert_near(weights[0] + weights[1] + weights[2], 1, 1e-12);
    /* iron without its dispersion scatters more at the edge */
    vtr_scatterer plain = make("Fe80B20", (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY});
    double plain_f;
    vtr_scatterer_averages(&plain, Q, &plain_f, NULL, NULL);
    assert_true(plain_f > f + 1);
}

static void compton_is_averaged_with_its_recoil(void **state)
{
    (void)state;
    vtr_scatterer_params params = {.radiation = VTR_RADIATION_XRAY};
    double Q = 10, k = Q / (2 * VTR_PI), without, with;
    vtr_scatterer s = make("SiO2", params);
    vtr_scatterer_averages(&s, Q, NULL, NULL, &without);
    assert_near(without,
                vtr_compton_factor(VTR_COMPTON_HUBBELL, 14, k) / 3 +
                    vtr_compton_factor(VTR_COMPTON_HUBBELL, 8, k) * 2 / 3,
                1e-12);
    params.energy_kev = 60;
    params.recoil_power = 3;
    s = make("SiO2", params);
    vtr_scatterer_averages(&s, Q, NULL, NULL, &with);
    assert_near(with / without, vtr_compton_recoil(60, k, 3), 1e-12);
    params.compton_table = VTR_COMPTON_NONE;
    s = make("SiO2", params);
    vtr_scatterer_averages(&s, Q, NULL, NULL, &with);
    assert_near(with, 0, 0);
}

/* Neutron glass SiO2: the well known partial weights at any Q. b_Si = 4.15, b_O = 5.80 fm. */
static void neutrons_scatter_alike_at_any_Q(void **state)
{
    (void)state;
    vtr_scatterer s = make("SiO2", (vtr_scatterer_params){.radiation = VTR_RADIATION_NEUTRON});
    double mean = (4.15071 + 2 * 5.805) / 3, f, f2, incoherent, weights[3];
    vtr_scatterer_averages(&s, 35, &f, &f2, &incoherent);
    assert_near(f, mean, 1e-9);
    assert_near(f2, (4.15071 * 4.15071 + 2 * 5.805 * 5.805) / 3, 1e-9);
    assert_near(incoherent, 100 * 0.004 / 3 / (4 * VTR_PI), 1e-9);
    vtr_scatterer_pair_weights(&s, 1, weights);
    assert_near(weights[0], 0.0694, 5e-4); /* Si-Si */
    assert_near(weights[1], 0.3881, 5e-4); /* Si-O */
    assert_near(weights[2], 0.5425, 5e-4); /* O-O */
    /* light water: the mean length is negative, and keeps its sign */
    s = make("H2O", (vtr_scatterer_params){.radiation = VTR_RADIATION_NEUTRON});
    vtr_scatterer_averages(&s, 1, &f, NULL, &incoherent);
    assert_near(f, (2 * -3.7409 + 5.805) / 3, 1e-9);
    assert_near(incoherent, 100 * 2 * 80.26 / 3 / (4 * VTR_PI), 1e-6);
}

/* Five elements: fifteen weights in their order, adding to one at every Q and for every radiation. */
static void pair_weights_add_to_one(void **state)
{
    (void)state;
    for (int radiation = VTR_RADIATION_ELECTRON; radiation <= VTR_RADIATION_NEUTRON; radiation++) {
        vtr_scatterer s =
            make("Fe85.2Si0.5B9.5P4Cu0.8", (vtr_scatterer_params){.radiation = (vtr_radiation)radiation});
        for (double Q = 0; Q < 25; Q += 2.5) {
            double weights[15], f[5], mean, sum = 0;
            vtr_scatterer_pair_weights(&s, Q, weights);
            vtr_scatterer_factors(&s, Q, f, NULL);
            vtr_scatterer_averages(&s, Q, &mean, NULL, NULL);
            for (int i = 0; i < 15; i++)
                sum += weights[i];
            assert_near(sum, 1, 1e-12);
            assert_near(weights[0], 0.852 * 0.852 * f[0] * f[0] / (mean * mean), 1e-12);
            assert_near(weights[2], 2 * 0.852 * 0.095 * f[0] * f[2] / (mean * mean), 1e-12); /* Fe-B */
            assert_near(weights[9], 0.095 * 0.095 * f[2] * f[2] / (mean * mean), 1e-12);     /* B-B */
            assert_near(weights[14], 0.008 * 0.008 * f[4] * f[4] / (mean * mean), 1e-12);    /* Cu-Cu */
        }
    }
}

/* Parts that a table lacks are named before any number comes out. */
static void a_missing_element_is_named_with_the_tables_that_have_it(void **state)
{
    (void)state;
    vtr_error err;
    vtr_scatterer s = {.max_Q_inv_angstrom = 7};
    vtr_composition c = {.n = 2, .number = {8, 99}, .fraction = {0.5, 0.5}};
    vtr_scatterer_params params = {.electron_table = VTR_ELECTRON_MOTT_BETHE};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_NOT_FOUND, "no Es (Z 99)");
    test_assert_contains(err.message, "lobato, kirkland");
    params = (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_NOT_FOUND, "tables that have it: none");
    c.number[1] = 84;
    params.radiation = VTR_RADIATION_NEUTRON;
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_NOT_FOUND, "no Po (Z 84)");
    c.number[1] = 104;
    assert_fails(vtr_scatterer_init(&s, &c, NULL, &err), VTR_ERR_ARGUMENT, "element 104");
    c.n = 0;
    assert_fails(vtr_scatterer_init(&s, &c, NULL, &err), VTR_ERR_ARGUMENT, "1 to 24 elements");
    assert_near(s.max_Q_inv_angstrom, 7, 0);
}

static void wrong_settings_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_scatterer s;
    vtr_composition c = {.n = 1, .number = {14}, .fraction = {1}};
    vtr_scatterer_params params = {.radiation = VTR_RADIATION_XRAY, .with_dispersion = true};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_ARGUMENT, "give it in keV");
    params = (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .recoil_power = 2};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_ARGUMENT, "give it in keV");
    params.recoil_power = 1;
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_ARGUMENT, "0, 2 or 3, not 1");
    params = (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .energy_kev = -1};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_ARGUMENT, "-1 keV");
    params =
        (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .energy_kev = 1e8, .with_dispersion = true};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_RANGE, "Si (Z 14)");
    params = (vtr_scatterer_params){.radiation = (vtr_radiation)3};
    assert_fails(vtr_scatterer_init(&s, &c, &params, &err), VTR_ERR_ARGUMENT, "unknown radiation");
}

/* Beyond a table there are no numbers, and the sentence says which table ends where. */
static void Q_beyond_the_tables_is_flagged(void **state)
{
    (void)state;
    vtr_error err;
    double f, f2, incoherent, weights[3];
    vtr_scatterer s = make("SiO2", (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY});
    assert_near(s.max_Q_inv_angstrom, 24 * VTR_PI, 1e-9);
    assert_ok(vtr_scatterer_check(&s, 75, &err));
    assert_fails(vtr_scatterer_check(&s, 76, &err), VTR_ERR_RANGE,
                 "Waasmaier & Kirfel (1995) end at Q = 75.4");
    assert_fails(vtr_scatterer_check(&s, NAN, &err), VTR_ERR_RANGE, "nan");
    vtr_scatterer_averages(&s, 76, &f, &f2, &incoherent);
    vtr_scatterer_pair_weights(&s, 76, weights);
    assert_true(isnan(f) && isnan(f2) && isnan(incoherent) && isnan(weights[1]));
    vtr_scatterer_averages(&s, 75, &f, &f2, &incoherent);
    assert_true(f > 0 && f2 > 0 && incoherent > 0);
    s = make("SiO2", (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .xray_table = VTR_XRAY_XRAYLIB});
    assert_fails(vtr_scatterer_check(&s, 90, &err), VTR_ERR_RANGE, "Hubbell et al. (1975) end at Q = 87.96");
    s = make("SiO2", (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .energy_kev = 8.048});
    assert_fails(vtr_scatterer_check(&s, 9, &err), VTR_ERR_RANGE, "straight back at 8.157");
    assert_ok(vtr_scatterer_check(&s, 8, &err));
    for (double energy = 5; energy < 70; energy += 0.37) {
        s = make("SiO2", (vtr_scatterer_params){.radiation = VTR_RADIATION_XRAY, .energy_kev = energy});
        assert_fails(vtr_scatterer_check(&s, 76, &err), VTR_ERR_RANGE, "straight back");
    }
    s = make("SiO2", (vtr_scatterer_params){0});
    assert_ok(vtr_scatterer_check(&s, 1e3, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(electrons_average_the_factors_at_Q_over_2_pi),
        cmocka_unit_test(averages_are_those_of_liquiddiffract),
        cmocka_unit_test(dispersion_enters_as_a_complex_factor),
        cmocka_unit_test(compton_is_averaged_with_its_recoil),
        cmocka_unit_test(neutrons_scatter_alike_at_any_Q),
        cmocka_unit_test(pair_weights_add_to_one),
        cmocka_unit_test(a_missing_element_is_named_with_the_tables_that_have_it),
        cmocka_unit_test(wrong_settings_are_named),
        cmocka_unit_test(Q_beyond_the_tables_is_flagged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
