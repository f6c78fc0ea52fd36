/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

static vtr_twin *open_network(int annealing, int network, size_t seed)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.pattern[0] = params.pattern[1] = 8;
    params.contrast = 0;
    params.annealing = annealing;
    params.network = network;
    params.seed = seed;
    assert_ok(vtr_twin_open(&twin, "network", &params, &err));
    return twin;
}

/* Places at distances along an arc have distance 0 and that arc length; off it, along the circle's radius, the distance. */
static void coordinates_are_those_of_an_arc(void **state)
{
    (void)state;
    for (int k = -1; k <= 1; k++) {
        const vtr_twin_band band = {
            .point_y_nm = 30, .point_x_nm = 70, .angle_degrees = -40, .curvature_inv_nm = 1e-3 * k};
        double angle = -40 * VTR_RADIANS_PER_DEGREE;
        for (double s = -600; s <= 600; s += 150) {
            double place[2], d, along, turned = angle + 1e-3 * k * s;
            vtr_twin_band_place(&band, s, place);
            vtr_twin_band_coordinates(&band, place[0], place[1], &d, &along);
            assert_near(d, 0, 1e-9);
            assert_near(along, s, 1e-9);
            vtr_twin_band_coordinates(&band, place[0] + 25 * cos(turned), place[1] - 25 * sin(turned), &d,
                                      &along);
            assert_near(d, 25, 1e-9);
            assert_near(along, s, 1e-9);
        }
    }
}

/* One straight band through the middle along x: its length is the field's. A half of it: half. */
static void length_is_that_within_the_field(void **state)
{
    (void)state;
    vtr_twin *twin = open_network(0, 0, 1);
    vtr_twin_band band = {
        .point_y_nm = 300, .point_x_nm = 8 * 199 / 2.0, .first_nm = -INFINITY, .last_nm = INFINITY};
    assert_near(vtr_twin_band_length(twin, &band), 8 * 199, 1);
    band.first_nm = 0;
    assert_near(vtr_twin_band_length(twin, &band), 8 * 199 / 2.0, 1);
    band.point_y_nm = -1;
    assert_near(vtr_twin_band_length(twin, &band), 0, 0);
    vtr_twin_close(&twin);
}

/* Every point lies on both of its bands, a branching one where the first begins; every branch in the field has one. */
static void points_lie_on_both_bands(void **state)
{
    (void)state;
    size_t n_branches = 0, n_crossings = 0;
    for (size_t seed = 1; seed <= 3; seed++) {
        vtr_twin *twin = open_network(0, 0, seed);
        const vtr_twin_band *list;
        vtr_twin_point points[64];
        vtr_twin_bands(twin, &list);
        size_t n = vtr_twin_points(twin, points, 64);
        for (size_t k = 0; k < n; k++) {
            double d, along;
            vtr_twin_band_coordinates(&list[points[k].second], points[k].y_nm, points[k].x_nm, &d, &along);
            assert_near(d, 0, 0.5); /* found in steps of 0.4 nm */
            vtr_twin_band_coordinates(&list[points[k].first], points[k].y_nm, points[k].x_nm, &d, &along);
            assert_near(d, 0, 1e-6);
            if (points[k].is_branch) assert_near(along, list[points[k].first].first_nm, 1e-6);
            n_branches += points[k].is_branch;
            n_crossings += !points[k].is_branch;
        }
        vtr_twin_close(&twin);
    }
    assert_true(n_branches >= 3 && n_crossings >= 10);
}

/* A band that begins leaves no strain before its beginning: a branch seen alone. */
static void a_branch_ends(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = open_network(2, 1, 1);
    const vtr_twin_band branch = {.point_y_nm = 600,
                                  .point_x_nm = 800,
                                  .first_nm = 0,
                                  .last_nm = INFINITY,
                                  .decay_nm = 40,
                                  .width_nm = 8,
                                  .deviatoric = 0.003};
    vtr_free(twin->bands);
    assert_ok(vtr_twin_add_bands(twin, &branch, 1, &err));
    for (int j = 0; j < 3; j++)
        vtr_free(twin->strain[j]);
    twin->params.matrix_strain = 0;
    assert_ok(vtr_twin_build_strain(twin, &err));
    size_t row = 78 * 200; /* 24 nm above the line in y */
    double expected = 0.003 * tanh(24.0 / 8) * exp(-24.0 / 40);
    assert_near(twin->strain[2][row + 160], expected, 1e-6);
    assert_near(twin->strain[2][row + 100], 0.5 * expected, 1e-6);
    assert_near(twin->strain[2][row + 40], 0, 1e-6);
    vtr_twin_close(&twin);
}

/* Annealed: fewer bands and a more even matrix, whatever the seed; sparse: fewer than dense. */
static void states_are_in_order(void **state)
{
    (void)state;
    static const double matrix[3] = {1.2e-3, 0.9e-3, 0.6e-3};
    for (size_t seed = 1; seed <= 4; seed++) {
        double density[2][3];
        for (int network = 0; network < 2; network++)
            for (int annealing = 0; annealing < 3; annealing++) {
                vtr_twin *twin = open_network(annealing, network, seed);
                density[network][annealing] = vtr_twin_band_density(twin);
                double before = annealing == 0 ? INFINITY : density[network][annealing - 1];
                assert_true(density[network][annealing] < before);
                assert_near(twin->params.matrix_strain, matrix[annealing], 0);
                vtr_twin_close(&twin);
            }
        for (int annealing = 0; annealing < 3; annealing++)
            assert_true(density[1][annealing] < density[0][annealing]);
    }
}

static void options_are_for_the_network(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.annealing = 1;
    assert_int_equal(vtr_twin_open(&twin, "fe-band", &params, &err), VTR_ERR_ARGUMENT);
    params.annealing = 3;
    assert_int_equal(vtr_twin_open(&twin, "network", &params, &err), VTR_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coordinates_are_those_of_an_arc),
        cmocka_unit_test(length_is_that_within_the_field),
        cmocka_unit_test(points_lie_on_both_bands),
        cmocka_unit_test(a_branch_ends),
        cmocka_unit_test(states_are_in_order),
        cmocka_unit_test(options_are_for_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
