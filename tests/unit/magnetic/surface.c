/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beams.h"

static vtr_error err;

enum { N_Y = 18, N_X = 25, N = N_Y * N_X };

static double x[N], y[N], variance[N];

static void fill(const double a[6], const double b[6])
{
    for (size_t i = 0; i < N; i++) {
        double t[6];
        vtr_surface_terms(t, N_Y, N_X, i);
        x[i] = y[i] = 0;
        variance[i] = 1e-4;
        for (size_t j = 0; j < 6; j++) {
            x[i] += a[j] * t[j];
            y[i] += b[j] * t[j];
        }
    }
}

static void a_paraboloid_comes_back(void **state)
{
    (void)state;
    const double a[6] = {3, 0.1, -0.2, 1e-3, 2e-3, -3e-3}, b[6] = {-7, 0.4, 0.05, 0, -1e-3, 2e-3};
    unsigned char region[N];
    vtr_magnetic_surface s;
    fill(a, b);
    x[7] = NAN;
    x[40] = 1e6; /* outside of the region */
    for (size_t i = 0; i < N; i++)
        region[i] = i != 40;
    assert_ok(vtr_surface_fit(&s, 6, N_Y, N_X, x, y, variance, variance, region, &err));
    for (size_t j = 0; j < 6; j++) {
        assert_near(s.cx[j], a[j], 1e-9);
        assert_near(s.cy[j], b[j], 1e-9);
    }
    assert_int_equal(s.n_used, N - 2);
    assert_false(s.is_whole_map);
    assert_near(s.rms_x_px, 0, 1e-9);
}

/* A scan of one row leaves the slope across it open: the fit takes none. */
static void one_row_has_no_slope_across(void **state)
{
    (void)state;
    vtr_magnetic_surface s;
    double v[5] = {1, 2, 3, 4, 5}, w[5] = {1e-4, 1e-4, 1e-4, 1e-4, 1e-4};
    assert_ok(vtr_surface_fit(&s, 3, 1, 5, v, v, w, w, NULL, &err));
    assert_near(s.cx[0], 3, 1e-12);
    assert_near(s.cx[1], 1, 1e-12);
    assert_near(s.cx[2], 0, 1e-12);
    assert_true(s.is_whole_map);
}

/* Over many maps of noise, the surface at a corner scatters as its covariance says. */
static void the_covariance_is_true(void **state)
{
    (void)state;
    enum { MAPS = 1500 };
    const double a[6] = {3, 0.1, -0.2}, none[6] = {0};
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    beams_pulls pulls = {0};
    for (int k = 0; k < MAPS; k++) {
        vtr_magnetic_surface s;
        double t[6], value = 0, truth = 0, square = 0;
        fill(a, none);
        for (size_t i = 0; i < N; i++)
            x[i] += 0.01 * vtr_random_normal(&random);
        assert_ok(vtr_surface_fit(&s, 3, N_Y, N_X, x, y, variance, variance, NULL, &err));
        vtr_surface_terms(t, N_Y, N_X, 0);
        for (size_t j = 0; j < 3; j++) {
            value += s.cx[j] * t[j];
            truth += a[j] * t[j];
            for (size_t l = 0; l < 3; l++)
                square += t[j] * s.cx_covariance[j][l] * t[l];
        }
        beams_pull(&pulls, value, sqrt(square), truth);
    }
    beams_check_pulls(&pulls, 4 / sqrt(MAPS), __LINE__);
}

static void a_region_without_beam_is_refused(void **state)
{
    (void)state;
    const double none[6] = {0};
    unsigned char region[N] = {0};
    vtr_magnetic_surface s;
    fill(none, none);
    assert_fails(vtr_surface_fit(&s, 3, N_Y, N_X, x, y, variance, variance, region, &err), VTR_ERR_NO_DATA,
                 "no position of the region");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paraboloid_comes_back),
        cmocka_unit_test(one_row_has_no_slope_across),
        cmocka_unit_test(the_covariance_is_true),
        cmocka_unit_test(a_region_without_beam_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
