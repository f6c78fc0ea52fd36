/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"
#include "support.h"
#include "vitrail/constants.h"

/* Bands, spacings and curl of a list that is given; steps found in maps that hold one. */
enum { N_Y = 80, N_X = 100, N = N_Y * N_X };
#define STEP 5.0

/* Maps of a strain (t, c, s) in the distance (y, x) nm from the first position, with errors of 0.001. */
static void make_maps(vtr_band_maps *maps, void (*strain)(double e[3], double y, double x), double noise,
                      uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 4);
    *maps = (vtr_band_maps){N_Y, N_X, N, N, STEP, STEP, STEP};
    for (int j = 0; j < VTR_TCS; j++) {
        maps->value[j] = vtr_calloc(N, sizeof(double));
        maps->weight[j] = vtr_calloc(N, sizeof(double));
    }
    maps->covariance = vtr_calloc(N * VTR_COVARIANCES, sizeof(double));
    for (size_t i = 0; i < N; i++) {
        double e[3];
        strain(e, STEP * (double)(i / N_X), STEP * (double)(i % N_X));
        for (int j = 0; j < VTR_TCS; j++) {
            maps->value[j][i] = e[j] + noise * vtr_random_normal(&random);
            maps->weight[j][i] = 1e6;
            maps->covariance[i * VTR_COVARIANCES + (size_t)j] = 1e-6;
        }
    }
}

static const double band_angle = -37 * VTR_RADIANS_PER_DEGREE, band_y = 210, band_x = 240;

static void step(double e[3], double y, double x)
{
    double d = (y - band_y) * cos(band_angle) - (x - band_x) * sin(band_angle);
    double f = (d > 0 ? 1 : -1) * exp(-fabs(d) / 45);
    e[VTR_T] = 0.0012 * f;
    e[VTR_C] = -0.0004 * f;
    e[VTR_S] = 0.0007 * f;
}

static void nothing(double e[3], double y, double x)
{
    (void)y;
    (void)x;
    e[0] = e[1] = e[2] = 0;
}

/* The direction of e1 turns by 1.5e-3 rad a nm along x: angle t = 0.3 + 1.5e-3 x. */
static void turning(double e[3], double y, double x)
{
    (void)y;
    double t = 0.3 + 1.5e-3 * (x - 250);
    e[VTR_T] = 0;
    e[VTR_C] = 0.01 * cos(2 * t);
    e[VTR_S] = 0.01 * sin(2 * t);
}

static const vtr_matrix_strain no_matrix = {.length_nm = 20, .power = 2};

static void a_step_is_found(void **state)
{
    (void)state;
    vtr_error err;
    vtr_band_maps maps;
    for (uint64_t seed = 0; seed < 6; seed++) {
        vtr_band_step found = {0};
        make_maps(&maps, step, 1e-3, seed);
        assert_ok(vtr_band_step_find(&found, &maps, maps.value, &no_matrix, 0.05, &err));
        assert_true(found.chi2 > 100);
        double degrees = (found.angle - band_angle) / VTR_RADIANS_PER_DEGREE;
        assert_true(found.angle_error > 0);
        assert_near(degrees, 0, 4 * found.angle_error / VTR_RADIANS_PER_DEGREE);
        assert_near(degrees, 0, 1.5);
        double d = (found.y_nm - band_y) * cos(band_angle) - (found.x_nm - band_x) * sin(band_angle);
        assert_near(d, 0, STEP);
        /* its profile taken out, nothing is left to be found */
        assert_ok(vtr_band_step_profile(&found, &maps, maps.value, &err));
        vtr_band_step_add(&found, &maps, maps.value, -1);
        vtr_band_step again = {0};
        assert_ok(vtr_band_step_find(&again, &maps, maps.value, &no_matrix, 0.05, &err));
        assert_true(again.chi2 == 0);
        vtr_band_step_release(&found);
        vtr_band_maps_release(&maps);
    }
}

static void noise_has_no_step(void **state)
{
    (void)state;
    vtr_error err;
    vtr_band_maps maps;
    size_t n = 0;
    for (uint64_t seed = 20; seed < 40; seed++) {
        vtr_band_step found = {0};
        make_maps(&maps, nothing, 1e-3, seed);
        assert_ok(vtr_band_step_find(&found, &maps, maps.value, &no_matrix, 0.05, &err));
        n += found.chi2 > 0;
        vtr_band_maps_release(&maps);
    }
    assert_true(n <= 4); /* one expected at most in 20 maps; above 4 in less than one case in 200 */
}

static vtr_inclusion at(double y, double x, double error)
{
    vtr_inclusion q = {.y_nm = y, .x_nm = x, .radius_nm = 15, .shear = 0.01};
    q.covariance[VTR_INCLUSION_Y][VTR_INCLUSION_Y] = q.covariance[VTR_INCLUSION_X][VTR_INCLUSION_X] =
        error * error;
    return q;
}

/* Four on a line of 120 degrees, out of order, and one beside it. */
static void inclusions_are_put_in_order(void **state)
{
    (void)state;
    vtr_error err;
    vtr_band_maps maps;
    vtr_inclusions in = {.n = 5, .list = vtr_malloc(5, sizeof(vtr_inclusion))};
    double angle = 120 * VTR_RADIANS_PER_DEGREE;
    const double places[4] = {90, -110, 0, -40};
    make_maps(&maps, turning, 0, 0);
    for (int i = 0; i < 4; i++)
        in.list[i] = at(200 + places[i] * sin(angle), 250 + places[i] * cos(angle), 2);
    in.list[4] = at(100, 430, 2);
    assert_ok(vtr_inclusions_order(&in, &maps, NULL, 0, &err));
    assert_int_equal(in.n_bands, 1);
    assert_int_equal(in.bands[0].n_inclusions, 4);
    assert_near(in.bands[0].angle_degrees, -60, 1e-6); /* the same line, its x growing */
    /* slope's error by hand: sigma / sqrt(sum (place - mean)^2) */
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (places[i] + 15) * (places[i] + 15);
    assert_near(in.bands[0].angle_error_degrees, 2 / sqrt(sum) / VTR_RADIANS_PER_DEGREE, 1e-6);
    assert_near(in.bands[0].offset_rms_nm, 0, 1e-6);
    assert_int_equal(in.list[4].band, -1);
    assert_int_equal(in.n_gaps, 3);
    const double spacing[3] = {90, 40, 70};
    for (int g = 0; g < 3; g++) {
        const vtr_inclusion_gap *gap = &in.gaps[g];
        assert_near(gap->spacing_nm, spacing[g], 1e-6);
        assert_near(gap->spacing_error_nm, 2 * sqrt(2), 1e-9);
        double x = 0.5 * (in.list[gap->first].x_nm + in.list[gap->second].x_nm), t = 0.3 + 1.5e-3 * (x - 250);
        /* cos t dt/dx; a plane fitted to a slightly curved field within 22 nm */
        assert_near(gap->curl_inv_nm, 1.5e-3 * cos(t), 1e-5);
        assert_true(gap->curl_error_inv_nm > 0);
    }
    vtr_inclusions_release(&in);
    vtr_band_maps_release(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_found),
        cmocka_unit_test(noise_has_no_step),
        cmocka_unit_test(inclusions_are_put_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
