/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "vitrail/thickness.h"

/* Fifteen elements at 80, 200, 300 keV, printed to 0.01 nm. */
static void values_of_the_table(void **state)
{
    (void)state;
    static const double energies_kev[3] = {80, 200, 300};
    const char *path = test_data_path("tables/inelastic_mean_free_path_check.csv");
    if (path == NULL) skip();
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[512], symbol[8];
    int n = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        double density, iakoubovskii[3], malis[3];
        if (sscanf(line, "%7[A-Za-z],%lf,%lf,%lf,%lf,%lf,%lf,%lf", symbol, &density, &iakoubovskii[0],
                   &iakoubovskii[1], &iakoubovskii[2], &malis[0], &malis[1], &malis[2]) != 8)
            continue;
        n++;
        for (int i = 0; i < 3; i++) {
            assert_near(vtr_mean_free_path_iakoubovskii_nm(energies_kev[i], density, 0, INFINITY),
                        iakoubovskii[i], 0.0051);
            assert_near(vtr_mean_free_path_malis_nm(energies_kev[i], vtr_element_number(symbol), 10),
                        malis[i], 0.0051);
        }
    }
    fclose(file);
    assert_int_equal(n, 15);
}

/* A parallel beam: the collected part of a Lorentzian up to beta, ln((beta^2 + thE^2)/(beta^2 + thC^2) thC^2/thE^2). */
static void collection_angles(void **state)
{
    (void)state;
    const double energy_kev = 200, density = 8, f = (1 + 200. / 1022) / pow(1 + 200. / 511, 2);
    double loss = 5.5 * pow(density, 0.3) / (f * energy_kev), last = 0;
    for (double beta = 2; beta < 200; beta *= 1.7) {
        double whole = vtr_mean_free_path_iakoubovskii_nm(energy_kev, density, 0, INFINITY);
        double part = vtr_mean_free_path_iakoubovskii_nm(energy_kev, density, 0, beta);
        double collected = log((beta * beta + loss * loss) / (beta * beta + 400) * 400 / (loss * loss)) /
                           log(400 / (loss * loss));
        assert_near(whole / part, collected, 1e-12);
        assert_true(part > whole); /* fewer losses are seen */
        assert_true(last == 0 || part < last);
        last = part;
        /* the larger of the two angles rules, and the two may change places */
        assert_near(vtr_mean_free_path_iakoubovskii_nm(energy_kev, density, beta, 0), part, 1e-9);
    }
    assert_near(vtr_mean_free_path_iakoubovskii_nm(energy_kev, density, 0, 1e6),
                vtr_mean_free_path_iakoubovskii_nm(energy_kev, density, 0, INFINITY), 1e-6);
    assert_true(isnan(vtr_mean_free_path_malis_nm(100, 29, 0.05)));
}

static void atomic_numbers_of_compounds(void **state)
{
    (void)state;
    vtr_error err;
    vtr_composition c;
    assert_ok(vtr_composition_parse(&c, "Fe", &err));
    assert_near(vtr_effective_atomic_number(&c), 26, 1e-12);
    assert_ok(vtr_composition_parse(&c, "SiO2", &err));
    double above = pow(14, 1.3) + 2 * pow(8, 1.3), below = pow(14, 0.3) + 2 * pow(8, 0.3);
    assert_near(vtr_effective_atomic_number(&c), above / below, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_table),
        cmocka_unit_test(collection_angles),
        cmocka_unit_test(atomic_numbers_of_compounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
