/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/twin.h"

static vtr_error err;

enum { N_Y = 20, N_X = 30 };

static vtr_twin_params small_params(void)
{
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = N_Y;
    params.scan[1] = N_X;
    params.pattern[0] = params.pattern[1] = 48;
    params.contrast = 0;
    return params;
}

/* Every domain lies along e1 where the strain is uniform, or turns from one to the next. */
static void strain_sets_the_easy_axis(void **state)
{
    (void)state;
    vtr_twin *twin = NULL;
    vtr_twin_params params = small_params();
    params.strain_scale = 0;
    params.matrix_strain = 0;
    params.exx = 0.003;
    params.eyy = -0.003;
    size_t n_along = 0;
    assert_ok(vtr_twin_open(&twin, "lorentz", &params, &err));
    for (size_t i = 0; i < N_Y * N_X; i++) {
        vtr_twin_position p;
        vtr_twin_get_position(twin, i, &p);
        assert_near(hypot(p.bx, p.by), 1.4, 1e-6);
        n_along += fabs(p.by) < 0.05;
    }
    assert_true(n_along > 0.8 * N_Y * N_X);
    vtr_twin_close(&twin);
}

/* The energy of the truth against the sum over principal stresses: Y/(1 - nu^2) (e1 + nu e2) along e1, and the other. */
static void energy_is_that_of_the_principal_stresses(void **state)
{
    (void)state;
    vtr_twin_film f = vtr_twin_get_film();
    double factor = 1e9 * f.young_gpa / (1 - f.poisson * f.poisson), e1 = 0.004, e2 = -0.001, angle, energy;
    double s1 = factor * (e1 + f.poisson * e2), s2 = factor * (e2 + f.poisson * e1);
    for (int degrees = -180; degrees < 180; degrees += 15) {
        double b = (degrees + 50) * VTR_RADIANS_PER_DEGREE, t = 50 * VTR_RADIANS_PER_DEGREE, c = cos(t),
               s = sin(t);
        vtr_twin_position p = {.exx = e1 * c * c + e2 * s * s,
                               .eyy = e1 * s * s + e2 * c * c,
                               .exy = (e1 - e2) * c * s,
                               .bx = cos(b),
                               .by = sin(b)};
        vtr_twin_magnetoelastic(&p, &angle, &energy);
        double d = degrees * VTR_RADIANS_PER_DEGREE, gamma = cos(d) * cos(d);
        assert_near(energy, -1.5e-6 * f.magnetostriction_ppm * (s1 * gamma + s2 * (1 - gamma)),
                    1e-6 * fabs(s1));
        assert_near(cos(angle * VTR_RADIANS_PER_DEGREE), fabs(cos(d)), 1e-9);
    }
}

/* The pattern's centre less that of the vacuum is the textbook deflection, here with the detector a quarter turn from the
 * scan and mirrored: scan x points along detector y, scan y along detector x. */
static void the_pattern_is_deflected(void **state)
{
    (void)state;
    vtr_twin *twin = NULL;
    vtr_twin_params params = small_params();
    params.is_magnetised = true;
    params.scan_rotation = 90;
    params.flip = true;
    params.thickness_nm = 50;
    params.induction_t = 2;
    assert_ok(vtr_twin_open(&twin, "lorentz", &params, &err));
    double rad_per_px = vtr_twin_get_info(twin)->k_step * 0.0196875;
    for (size_t i = 0; i < N_Y * N_X; i++) {
        vtr_twin_position p, vacuum;
        vtr_twin_get_position(twin, i, &p);
        vtr_twin_get_vacuum(twin, i, &vacuum);
        assert_near(p.bx, 2 * cos(30 * VTR_RADIANS_PER_DEGREE), 1e-6);
        assert_near(p.by, 1, 1e-6);
        assert_near(p.centre_y - vacuum.centre_y, 47.6e-6 / 2 * p.by / rad_per_px,
                    1e-3 * 47.6e-6 / rad_per_px);
        assert_near(p.centre_x - vacuum.centre_x, -47.6e-6 / 2 * p.bx / rad_per_px,
                    1e-3 * 47.6e-6 / rad_per_px);
        assert_true(vacuum.is_vacuum && !p.is_vacuum);
    }
    vtr_twin_close(&twin);
}

/* The vacuum holds the direct beam and nothing else; the beam's counts are the specimen's. */
static void the_vacuum_is_empty(void **state)
{
    (void)state;
    vtr_twin *twin = NULL;
    vtr_twin_params params = small_params();
    static double expected[48 * 48];
    vtr_twin_position vacuum;
    double sum = 0, far = 0;
    assert_ok(vtr_twin_open(&twin, "lorentz", &params, &err));
    vtr_twin_get_vacuum(twin, 5, &vacuum);
    vtr_twin_expected(twin, &vacuum, expected);
    for (size_t i = 0; i < 48 * 48; i++) {
        double r = hypot((double)(i % 48) - vacuum.centre_x, (double)(i / 48) - vacuum.centre_y);
        sum += expected[i];
        if (r > 8) far += expected[i];
    }
    assert_near(sum / vacuum.electrons, 1, 0.02);
    assert_near(far, 0, 1e-6);
    vtr_twin_close(&twin);
}

static void only_lorentz_is_magnetised(void **state)
{
    (void)state;
    vtr_twin *twin = NULL;
    vtr_twin_params params = small_params();
    params.is_magnetised = true;
    assert_fails(vtr_twin_open(&twin, "fe-band", &params, &err), VTR_ERR_ARGUMENT, "preset lorentz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strain_sets_the_easy_axis),
        cmocka_unit_test(energy_is_that_of_the_principal_stresses),
        cmocka_unit_test(the_pattern_is_deflected),
        cmocka_unit_test(the_vacuum_is_empty),
        cmocka_unit_test(only_lorentz_is_magnetised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
