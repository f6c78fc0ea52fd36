/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"

enum { N_Y = 30, N_X = 50 };
static const double ax[6] = {63.5, 0.021, -0.013, 0.0007, -0.0004, 0.0011};
static const double ay[6] = {61.25, -0.008, 0.017, -0.0003, 0.0009, 0.0002};
static const double round_ring[3] = {1, 1, 0};

static double surface(const double a[6], size_t n, double u, double v)
{
    const double t[6] = {1, u, v, u * u, u * v, v * v};
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * t[i];
    return sum;
}

static void fill(vtr_ring_map *map, size_t n_y, size_t n_x, size_t n_terms, double noise)
{
    vtr_error err;
    vtr_random random;
    vtr_random_start(&random, 4, 2);
    assert_ok(vtr_ring_map_init(map, n_y, n_x, &err));
    for (size_t i = 0; i < n_y * n_x; i++) {
        double u = (double)(i % n_x) - (double)(n_x - 1) / 2, v = (double)(i / n_x) - (double)(n_y - 1) / 2;
        rings_put(map, i / n_x, i % n_x, round_ring, 0.01);
        map->ellipse[5 * i] = surface(ax, n_terms, u, v) + noise * vtr_random_normal(&random);
        map->ellipse[5 * i + 1] = surface(ay, n_terms, u, v) + noise * vtr_random_normal(&random);
    }
}

static void exact_surfaces_come_back(void **state)
{
    (void)state;
    for (int model = 0; model < 2; model++) {
        vtr_error err;
        vtr_ring_map map;
        vtr_field_descan d;
        size_t n = model == 0 ? 3 : 6;
        fill(&map, N_Y, N_X, n, 0);
        map.flags[17] = VTR_FLAG_EMPTY;
        map.ellipse[5 * 17] = map.ellipse[5 * 18] = NAN;
        assert_ok(
            vtr_field_descan_fit(&d, &map, model == 0 ? VTR_DESCAN_PLANE : VTR_DESCAN_PARABOLOID, &err));
        assert_int_equal(d.n_coefficients, n);
        assert_int_equal(d.n_valid, N_Y * N_X - 2);
        for (size_t i = 0; i < n; i++) {
            assert_near(d.cx[i], ax[i], 1e-11);
            assert_near(d.cy[i], ay[i], 1e-11);
        }
        assert_near(d.rms_x_px, 0, 1e-10);
        vtr_ring_map_release(&map);
    }
}

/* A quarter of the centres wild on one side: the surface stays, the residual is the noise. */
static void wild_centres_are_put_aside(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field_descan d;
    fill(&map, N_Y, N_X, 3, 0.05);
    for (size_t i = 0; i < N_Y * N_X; i += 4)
        map.ellipse[5 * i] += 8;
    assert_ok(vtr_field_descan_fit(&d, &map, VTR_DESCAN_PLANE, &err));
    assert_near(d.cx[0], ax[0], 0.008);
    assert_near(d.cx[1], ax[1], 0.0006);
    assert_near(d.cx[2], ax[2], 0.001);
    assert_near(d.rms_x_px, 0.05, 0.004);
    assert_near(d.n_used, 0.75 * N_Y * N_X, 5);
    vtr_ring_map_release(&map);
}

/* A scan of one row, or of one position, does not determine all terms: finite, and right where it matters. */
static void small_scans_have_a_surface(void **state)
{
    (void)state;
    const size_t shapes[][2] = {{1, 40}, {40, 1}, {1, 1}, {2, 2}};
    for (int s = 0; s < 4; s++) {
        vtr_error err;
        vtr_ring_map map;
        vtr_field_descan d;
        fill(&map, shapes[s][0], shapes[s][1], 3, 0);
        assert_ok(vtr_field_descan_fit(&d, &map, VTR_DESCAN_PARABOLOID, &err));
        for (size_t i = 0; i < 6; i++)
            assert_true(isfinite(d.cx[i]) && isfinite(d.cy[i]));
        assert_near(d.rms_x_px, 0, 1e-9);
        vtr_ring_map_release(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_surfaces_come_back),
        cmocka_unit_test(wild_centres_are_put_aside),
        cmocka_unit_test(small_scans_have_a_surface),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
