/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(electrons_average_the_factors_at_Q_over_2_pi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
