/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/vortices.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"

enum { N_Y = 60, N_X = 70, N = N_Y * N_X };
static const double STEP_Y = 3, STEP_X = 2;
static double c[N], s[N], variance[N];
static vtr_vortices found;

static vtr_directors directors(void)
{
    return (vtr_directors){N_Y, N_X, c, s, variance, {STEP_Y, STEP_X}};
}

/* Director angle winding * azimuth about (y0, x0) nm, of strength growing from zero as an isotropic point's does; the double
 * angle from an angle in degrees, `flip` adding half a turn to every other one. */
static void defect(double y0, double x0, double winding, double noise, double flip, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 1);
    for (size_t i = 0; i < N; i++) {
        double y = (double)(i / N_X) * STEP_Y - y0, x = (double)(i % N_X) * STEP_X - x0, r = hypot(y, x);
        double angle = winding * atan2(y, x) + 0.3 + (double)(i % 2) * flip, strength = r / (20 + r);
        c[i] = strength * cos(2 * angle) + noise * vtr_random_normal(&random);
        s[i] = strength * sin(2 * angle) + noise * vtr_random_normal(&random);
        variance[i] = noise * noise;
    }
}

static void defects_have_their_place_and_winding(void **state)
{
    (void)state;
    vtr_error err;
    static const double windings[] = {0.5, -0.5, 1, -1};
    for (size_t k = 0; k < 4; k++) {
        defect(80.3, 71.6, windings[k], 0.05, 0, k);
        vtr_directors d = directors();
        assert_ok(vtr_vortices_find(&found, &d, NULL, &err));
        assert_int_equal(found.n, 1);
        assert_near(found.list[0].winding, windings[k], 0);
        assert_true(found.list[0].significance >= found.threshold);
        /* the zero is linear in the middle only: its errors, and a step */
        assert_near(found.list[0].y_nm, 80.3, 4 * found.list[0].y_error_nm + 1);
        assert_near(found.list[0].x_nm, 71.6, 4 * found.list[0].x_error_nm + 1);
    }
}

static void signs_of_directors_do_not_matter(void **state)
{
    (void)state;
    vtr_error err;
    static vtr_vortices other;
    defect(80.3, 71.6, 0.5, 0.05, 0, 7);
    vtr_directors d = directors();
    assert_ok(vtr_vortices_find(&found, &d, NULL, &err));
    defect(80.3, 71.6, 0.5, 0.05, 3.14159265358979323846, 7);
    assert_ok(vtr_vortices_find(&other, &d, NULL, &err));
    assert_int_equal(found.n, other.n);
    assert_near(found.list[0].y_nm, other.list[0].y_nm, 1e-9);
    assert_near(found.list[0].significance, other.list[0].significance, 1e-9);
}

/* 40 maps of noise, and 40 of a uniform director in noise as large as it: at 0.01 a map 0.8 are allowed on average, fewer are
 * expected because the chance is a bound. */
static void noise_has_no_defects(void **state)
{
    (void)state;
    vtr_error err;
    size_t n = 0;
    for (uint64_t seed = 0; seed < 80; seed++) {
        vtr_random random;
        vtr_random_start(&random, seed, 2);
        for (size_t i = 0; i < N; i++) {
            c[i] = vtr_random_normal(&random) + (double)(seed % 2);
            s[i] = vtr_random_normal(&random);
            variance[i] = 1;
        }
        vtr_directors d = directors();
        assert_ok(vtr_vortices_find(&found, &d, NULL, &err));
        n += found.n;
    }
    assert_true(n <= 2);
}

static void holes_and_steps(void **state)
{
    (void)state;
    vtr_error err;
    defect(80.3, 71.6, 0.5, 0.05, 0, 3);
    vtr_directors d = directors();
    for (size_t i = 0; i < N; i++)
        if (i % N_X > 30 && i % N_X < 42) c[i] = NAN; /* the defect lies in a hole */
    assert_ok(vtr_vortices_find(&found, &d, NULL, &err));
    assert_int_equal(found.n, 0);
    d.step_nm[0] = NAN;
    assert_fails(vtr_vortices_find(&found, &d, NULL, &err), VTR_ERR_ARGUMENT, "--scan-step");
    d = directors();
    for (size_t i = 0; i < N; i++)
        variance[i] = NAN;
    assert_fails(vtr_vortices_find(&found, &d, NULL, &err), VTR_ERR_NO_DATA, "error bars");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defects_have_their_place_and_winding),
        cmocka_unit_test(signs_of_directors_do_not_matter),
        cmocka_unit_test(noise_has_no_defects),
        cmocka_unit_test(holes_and_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
