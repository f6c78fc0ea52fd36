/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* Lobato's values of ten elements at six k, computed elsewhere from the published numbers. */
static void factors_match_values_computed_elsewhere(void **state)
{
    (void)state;
    const char *path = test_data_path("tables/electron_crosscheck_values.csv");
    if (path == NULL) skip();
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[256];
    int n = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        int number;
        double k, kirkland, lobato;
        if (line[0] == '#' || sscanf(line, "%d,%*[^,],%lf,%lf,%lf", &number, &k, &kirkland, &lobato) != 4)
            continue;
        assert_near(vtr_electron_factor(number, k), lobato, 1e-5);
        assert_near(vtr_electron_factor(number, k), kirkland, 0.03 * kirkland);
        n++;
    }
    fclose(file);
    assert_int_equal(n, 60);
}

/* Far out every electron meets the bare nucleus: f_e -> Z / (2 pi^2 a0 k^2). */
static void factors_end_as_rutherford(void **state)
{
    (void)state;
    for (int number = 1; number <= 103; number++) {
        double k = 60, nucleus = number / (2 * VTR_PI * VTR_PI * VTR_BOHR_RADIUS_ANGSTROM * k * k);
        assert_near(vtr_electron_factor(number, k) / nucleus, 1, 0.02);
    }
}

static void averages_are_weighted_means(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition c;
    assert_ok(vtr_composition_parse(&c, "Zr50Cu50", &err));
    double zr = vtr_electron_factor(40, 0.4), cu = vtr_electron_factor(29, 0.4), f, f2;
    vtr_electron_averages(&c, 0.4, &f, &f2);
    assert_near(f, 0.5 * (zr + cu), 1e-12);
    assert_near(f2, 0.5 * (zr * zr + cu * cu), 1e-12);
}

static void elements_outside_the_table_have_no_factor(void **state)
{
    (void)state;
    assert_true(isnan(vtr_electron_factor(0, 0.1)) && isnan(vtr_electron_factor(104, 0.1)));
    assert_null(vtr_element_symbol(104));
    assert_int_equal(vtr_element_number("Lr"), 103);
    assert_int_equal(vtr_element_number("Xx"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_match_values_computed_elsewhere),
        cmocka_unit_test(factors_end_as_rutherford),
        cmocka_unit_test(averages_are_weighted_means),
        cmocka_unit_test(elements_outside_the_table_have_no_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
