/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "vitrail/detector.h"

static void rings_are_those_of_the_lattice(void **state)
{
    (void)state;
    size_t n;
    const double *gold = vtr_standard_rings("gold", &n);
    assert_non_null(gold);
    assert_true(n >= 8);
    assert_near(1 / gold[0], 2.355, 0.001); /* d111, card 00-004-0784 */
    assert_near(1 / gold[1], 2.039, 0.001);
    assert_near(1 / gold[2], 1.442, 0.001);
    assert_near(gold[3] / gold[0], sqrt(11.0 / 3), 1e-12);
    const double *silicon = vtr_standard_rings("silicon", &n);
    assert_near(1 / silicon[0], 3.13560, 1e-5);
    assert_near(1 / silicon[1], 1.92016, 1e-5);
    assert_near(silicon[2] / silicon[1], sqrt(11.0 / 8), 1e-12);
}

static void every_standard_ascends(void **state)
{
    (void)state;
    const char *names[] = {"gold",
                           "aluminium",
                           "silicon",
                           "silver",
                           "platinum",
                           "copper",
                           "nickel",
                           "palladium",
                           "germanium",
                           "iron",
                           "magnesia",
                           "salt",
                           "ceria",
                           "lanthanum hexaboride",
                           "thallium chloride"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        const double *rings = vtr_standard_rings(names[i], &n);
        assert_non_null(rings);
        for (size_t k = 1; k < n; k++)
            assert_true(rings[k] > rings[k - 1]);
    }
}

static void names_and_symbols_are_known(void **state)
{
    (void)state;
    size_t n;
    assert_ptr_equal(vtr_standard_rings("Au", &n), vtr_standard_rings("GOLD", NULL));
    assert_ptr_equal(vtr_standard_rings("aluminum", &n), vtr_standard_rings("Al", NULL));
    assert_null(vtr_standard_rings("unobtainium", &n));
    assert_int_equal(n, 0);
    assert_null(vtr_standard_rings(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_are_those_of_the_lattice),
        cmocka_unit_test(every_standard_ascends),
        cmocka_unit_test(names_and_symbols_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
