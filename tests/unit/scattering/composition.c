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
    assert_int_equal(c.n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atomic_percent_fractions_and_formula_units_are_read),
        cmocka_unit_test(wrong_compositions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
