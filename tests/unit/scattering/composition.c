/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "support.h"
#include "vitrail/scattering.h"

static double fraction_of(const vtr_composition *composition, const char *symbol)
{
    for (size_t i = 0; i < composition->n; i++)
        if (strcmp(vtr_element_symbol(composition->number[i]), symbol) == 0) return composition->fraction[i];
    return 0;
}

static void atomic_percent_fractions_and_formula_units_are_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition c;
    assert_ok(vtr_composition_parse(&c, "Fe85.2Si0.5B9.5P4Cu0.8", &err));
    assert_int_equal(c.n, 5);
    assert_near(fraction_of(&c, "Fe"), 0.852, 1e-12);
    assert_near(fraction_of(&c, "P"), 0.04, 1e-12);
    assert_ok(vtr_composition_parse(&c, "Zr0.5 Cu0.45 Al0.05", &err));
    assert_near(fraction_of(&c, "Al"), 0.05, 1e-12);
    assert_ok(vtr_composition_parse(&c, "SiO2", &err));
    assert_near(fraction_of(&c, "O"), 2.0 / 3, 1e-12);
    /* CO2 is carbon and oxygen, Co is cobalt */
    assert_ok(vtr_composition_parse(&c, "CO2", &err));
    assert_int_equal(c.number[0], 6);
    assert_ok(vtr_composition_parse(&c, "Co", &err));
    assert_int_equal(c.number[0], 27);
}

/* Brackets are lists of their own; formula units in them count in moles, per cent and fractions in atoms. */
static void brackets_and_mixtures_are_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition c, same;
    assert_ok(vtr_composition_parse(&c, "[(Fe0.5Co0.5)0.75 B0.2 Si0.05]96 Nb4", &err));
    assert_near(fraction_of(&c, "Co"), 0.5 * 0.75 * 0.96, 1e-12);
    assert_near(fraction_of(&c, "Nb"), 0.04, 1e-12);
    assert_ok(vtr_composition_parse(&c, "(Zr50Cu50)95Al5", &err));
    assert_near(fraction_of(&c, "Cu"), 0.475, 1e-12);
    assert_ok(vtr_composition_parse(&c, "Ca(OH)2", &err));
    assert_near(fraction_of(&c, "O"), 0.4, 1e-12);
    assert_ok(vtr_composition_parse(&c, "Mg2SiO4", &err));
    assert_near(fraction_of(&c, "O"), 4.0 / 7, 1e-12);
    /* 20 Na2O, 10 B2O3, 70 SiO2: 40 Na, 20 B, 70 Si and 20 + 30 + 140 O of 320 atoms, as counted in the
     * model of this glass that the tests hold (1880 B, 3760 Na, 17860 O, 6580 Si) */
    assert_ok(vtr_composition_parse(&c, "20Na2O-10B2O3-70SiO2", &err));
    assert_near(fraction_of(&c, "Na"), 3760.0 / 30080, 1e-12);
    assert_near(fraction_of(&c, "B"), 1880.0 / 30080, 1e-12);
    assert_near(fraction_of(&c, "O"), 17860.0 / 30080, 1e-12);
    assert_ok(vtr_composition_parse(&same, "(Na2O)0.2(B2O3)0.1(SiO2)0.7", &err));
    for (size_t i = 0; i < c.n; i++)
        assert_near(fraction_of(&same, vtr_element_symbol(c.number[i])), c.fraction[i], 1e-12);
}

static void assert_text(const char *typed, const char *expected)
{
    vtr_error err;
    vtr_composition c, again;
    char text[128];
    assert_ok(vtr_composition_parse(&c, typed, &err));
    assert_int_equal(vtr_composition_text(&c, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
    assert_ok(vtr_composition_parse(&again, text, &err));
    for (size_t i = 0; i < c.n; i++)
        assert_near(again.fraction[i], c.fraction[i], 1e-9);
}

static void the_text_reads_back(void **state)
{
    (void)state;
    assert_text("Fe85.2Si0.5B9.5P4Cu0.8", "Fe85.2Si0.5B9.5P4Cu0.8");
    assert_text("Zr0.5Cu0.5", "Zr50Cu50");
    assert_text("Fe99B", "Fe99B1");
    assert_text("Ta2 O5", "Ta2O5");
    assert_text("Ga", "Ga");
    assert_text("Zr33.333Cu66.667", "Zr33.333Cu66.667");
    assert_text("20Na2O-10B2O3-70SiO2", "Na12.5O59.375B6.25Si21.875");
    char text[4];
    vtr_composition c = {.n = 2, .number = {14, 8}, .fraction = {1.0 / 3, 2.0 / 3}};
    assert_int_equal(vtr_composition_text(&c, text, 3), 4);
    assert_string_equal(text, "Si");
    assert_int_equal(vtr_composition_text(&c, NULL, 0), 4);
}

static void wrong_compositions_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition c = {.n = 7};
    assert_fails(vtr_composition_parse(&c, "Fe80Xx20", &err), VTR_ERR_ARGUMENT, "'Xx20'");
    assert_fails(vtr_composition_parse(&c, "Fe85.2Si10.5B9.5P4Cu0.8", &err), VTR_ERR_ARGUMENT, "add to 110");
    assert_fails(vtr_composition_parse(&c, "Zr50Cu25Zr25", &err), VTR_ERR_ARGUMENT, "Zr is named twice");
    assert_fails(vtr_composition_parse(&c, "Zr1.2.3", &err), VTR_ERR_ARGUMENT, "'1.2.3' after Zr");
    assert_fails(vtr_composition_parse(&c, "Zr0Cu100", &err), VTR_ERR_ARGUMENT, "'0' after Zr");
    assert_fails(vtr_composition_parse(&c, "zr50cu50", &err), VTR_ERR_ARGUMENT, "chemical element");
    assert_fails(vtr_composition_parse(&c, "  ", &err), VTR_ERR_ARGUMENT, "empty");
    assert_fails(vtr_composition_parse(&c, NULL, &err), VTR_ERR_ARGUMENT, "composition");
    assert_fails(vtr_composition_parse(&c, "(Fe0.5Co0.4)75B25", &err), VTR_ERR_ARGUMENT, "add to 0.9");
    assert_fails(vtr_composition_parse(&c, "20Na2O-70SiO2", &err), VTR_ERR_ARGUMENT, "add to 90");
    assert_fails(vtr_composition_parse(&c, "(Fe0.5Co0.5", &err), VTR_ERR_ARGUMENT, "not closed by ')'");
    assert_fails(vtr_composition_parse(&c, "(Fe0.5Co0.5]75B25", &err), VTR_ERR_ARGUMENT, "not closed by ')'");
    assert_fails(vtr_composition_parse(&c, "Fe75B25)", &err), VTR_ERR_ARGUMENT, "')' closes no bracket");
    assert_fails(vtr_composition_parse(&c, "Zr50-", &err), VTR_ERR_ARGUMENT, "add to 50");
    assert_fails(vtr_composition_parse(&c, "20Na2O-80", &err), VTR_ERR_ARGUMENT, "chemical element");
    assert_fails(vtr_composition_parse(&c, "()2", &err), VTR_ERR_ARGUMENT, "chemical element");
    assert_fails(vtr_composition_parse(&c, "((((((((((H))))))))))", &err), VTR_ERR_ARGUMENT, "nested");
    assert_int_equal(c.n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atomic_percent_fractions_and_formula_units_are_read),
        cmocka_unit_test(brackets_and_mixtures_are_read),
        cmocka_unit_test(the_text_reads_back),
        cmocka_unit_test(wrong_compositions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
