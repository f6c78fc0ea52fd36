/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"

enum { N_Y = 36, N_X = 48 };
static const double lens[3] = {1.04, 0.97, 0.02};

/* Random strain of the given scatter everywhere, behind a lens; less of it in a box. */
static void fill(vtr_ring_map *map, double scatter, double scatter_in_box, const vtr_box *box, double sigma)
{
    vtr_error err;
    vtr_random random;
    assert_ok(vtr_ring_map_init(map, N_Y, N_X, &err));
    vtr_random_start(&random, 8, 0);
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++) {
            bool inside = box != NULL && y >= box->y0 && y < box->y1 && x >= box->x0 && x < box->x1;
            double e[3], w[3], s = inside ? scatter_in_box : scatter;
            for (int k = 0; k < 3; k++)
                e[k] = 0.003 + s * vtr_random_normal(&random);
            rings_w(w, e, lens);
            rings_put(map, y, x, w, sigma);
        }
    map->k0_inv_angstrom = 0.4;
}

static vtr_field_params params_with(size_t y0, size_t y1, size_t x0, size_t x1)
{
    vtr_field_params params = vtr_field_default_params();
    params.reference = (vtr_box){y0, y1, x0, x1};
    params.scan_rotation_degrees = 0;
    params.flip = VTR_FLIP_NO;
    return params;
}

/* A strain of percents over the region, whose errors differ: the weighted mean of e is zero to rounding. */
static void mean_strain_of_the_region_is_zero(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field_reference reference;
    vtr_strain_frame frame;
    vtr_field_params params = params_with(3, 20, 5, 30);
    fill(&map, 0.02, 0, NULL, 0.01);
    assert_ok(vtr_field_reference_set(&reference, &map, &params, &err));
    assert_int_equal(reference.n_valid, 17 * 25);
    assert_false(reference.is_found);
    vtr_strain_frame_set(&frame, &reference, &params);
    double mean[3] = {0};
    for (size_t y = 3; y < 20; y++)
        for (size_t x = 5; x < 30; x++) {
            double w[3], covariance[3][3], e[3];
            vtr_field_w(w, covariance, &map, y * N_X + x);
            vtr_strain_point(e, NULL, w, (const double(*)[3])covariance, &frame);
            for (int k = 0; k < 3; k++)
                mean[k] += e[k] / (17 * 25);
        }
    for (int k = 0; k < 3; k++)
        assert_near(mean[k], 0, 1e-15);
    /* Its covariance is that of a mean of equal errors; size and shape of the reference ring. */
    assert_near(sqrt(reference.covariance[0][0]), 0.01 / sqrt(17 * 25), 1e-12);
    assert_near(sqrt(reference.covariance[2][2]), 0.01 / sqrt(2 * 17 * 25), 1e-12);
    double d =
        reference.distortion[0] * reference.distortion[1] - reference.distortion[2] * reference.distortion[2];
    assert_near(d, 1, 1e-14);
    assert_near(reference.w[0] / reference.distortion[0] * reference.radius_px, 60, 1e-12);
    assert_near(reference.k0_inv_angstrom / reference.radius_px, 0.4 / 60, 1e-15);
    assert_near(reference.spread, 0.02 * 2, 0.003); /* four components of 2 % */
    vtr_ring_map_release(&map);
}

/* Positions with large errors hardly count; those with none stand for the region, not for themselves alone. */
static void precise_positions_count_more(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field_reference reference;
    vtr_field_params params = params_with(0, 1, 0, 4);
    fill(&map, 0, 0, NULL, 1e-4);
    double round[3] = {1, 1, 0}, off[3] = {1.5, 1.5, 0};
    for (size_t x = 0; x < 4; x++)
        rings_put(&map, 0, x, x < 2 ? round : off, x < 2 ? 1e-4 : 1.0);
    assert_ok(vtr_field_reference_set(&reference, &map, &params, &err));
    assert_true(reference.w[0] < 1.25 && reference.w[0] > 1.0);
    vtr_ring_map_release(&map);
}

static void the_calm_region_is_found(void **state)
{
    (void)state;
    const vtr_box calm = {11, 19, 29, 40};
    vtr_error err;
    vtr_ring_map map;
    vtr_field_reference reference;
    vtr_field_params params = params_with(0, 0, 0, 0);
    fill(&map, 0.004, 0.0005, &calm, 0.0005);
    assert_ok(vtr_field_reference_set(&reference, &map, &params, &err));
    assert_true(reference.is_found);
    assert_int_equal(reference.box.y1 - reference.box.y0, 6);
    assert_int_equal(reference.box.x1 - reference.box.x0, 8);
    assert_true(reference.box.y0 >= 11 && reference.box.y1 <= 19 && reference.box.x0 >= 29 &&
                reference.box.x1 <= 40);
    /* With half of it lost, it is passed over. */
    for (size_t y = 11; y < 19; y++)
        for (size_t x = 29; x < 40; x++)
            if ((x + y) % 2 == 0) map.flags[y * N_X + x] = VTR_FLAG_NO_RING;
    assert_ok(vtr_field_reference_set(&reference, &map, &params, &err));
    assert_false(reference.box.y0 >= 11 && reference.box.y1 <= 19 && reference.box.x0 >= 29 &&
                 reference.box.x1 <= 40);
    vtr_ring_map_release(&map);
}

static void wrong_regions_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field_reference reference;
    vtr_field_params outside = params_with(0, 37, 0, 4), lost = params_with(2, 5, 3, 6),
                     none = params_with(0, 0, 0, 0);
    fill(&map, 0.01, 0, NULL, 0.01);
    assert_fails(vtr_field_reference_set(&reference, &map, &outside, &err), VTR_ERR_RANGE,
                 "0:37,0:4 is not inside the map of 36 x 48");
    for (size_t y = 2; y < 5; y++)
        for (size_t x = 3; x < 6; x++)
            map.flags[y * N_X + x] = VTR_FLAG_NOT_CONVERGED;
    assert_fails(vtr_field_reference_set(&reference, &map, &lost, &err), VTR_ERR_NO_DATA,
                 "2:5,3:6 has a ring");
    map.flags[2 * N_X + 3] = VTR_FLAG_POOR_FIT; /* a doubtful value is a value */
    assert_ok(vtr_field_reference_set(&reference, &map, &lost, &err));
    assert_int_equal(reference.n_valid, 1);
    for (size_t i = 0; i < N_Y * N_X; i++)
        map.flags[i] = VTR_FLAG_MISSING;
    assert_fails(vtr_field_reference_set(&reference, &map, &none, &err), VTR_ERR_NO_DATA,
                 "no position of the map");
    vtr_ring_map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_strain_of_the_region_is_zero),
        cmocka_unit_test(precise_positions_count_more),
        cmocka_unit_test(the_calm_region_is_found),
        cmocka_unit_test(wrong_regions_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
