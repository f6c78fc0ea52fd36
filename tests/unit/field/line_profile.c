/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/line_profile.h"

#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"

static vtr_error err;

/* Steps of 2 nm along x and 3 nm along y: an axis that is swapped shows. */
enum { N_Y = 40, N_X = 60, N = N_Y * N_X };
static const double step_y = 3, step_x = 2;
static float values[N], errors[N];

static vtr_line_map make_map(void)
{
    return (vtr_line_map){
        .n_y = N_Y, .n_x = N_X, .step_nm = {step_y, step_x}, .values = values, .errors = errors};
}

static void fill(double (*f)(double x, double y))
{
    for (size_t i = 0; i < N; i++) {
        values[i] = (float)f(step_x * (double)(i % N_X), step_y * (double)(i / N_X));
        errors[i] = 0.5F;
    }
}

static double plane(double x, double y)
{
    return 1 + 0.3 * x - 0.7 * y;
}

static vtr_line straight(double x0, double y0, double x1, double y1, double width)
{
    return (vtr_line){.n_points = 2, .x_nm = {x0, x1}, .y_nm = {y0, y1}, .width_nm = width, .step_nm = NAN};
}

/* A plane comes out exactly at every angle, along and across: at distance s it is its value at that place. float32 and
 * 4 samples a step leave 1e-4. */
static void a_plane_is_exact_at_every_angle(void **state)
{
    (void)state;
    fill(plane);
    vtr_line_map map = make_map();
    for (int degrees = 0; degrees < 360; degrees += 15) {
        double c = cos(degrees * VTR_PI / 180), s = sin(degrees * VTR_PI / 180);
        vtr_line line = straight(60 - 20 * c, 60 - 20 * s, 60 + 20 * c, 60 + 20 * s, 14);
        for (int across = 0; across < 2; across++) {
            vtr_line_profile p;
            line.is_across = across == 1;
            assert_ok(vtr_line_profile_compute(&p, &map, &line, &err));
            assert_int_equal(p.n, across ? 7 : 20);
            for (size_t i = 0; i < p.n; i++) {
                double d = p.distance_nm[i];
                assert_near(d, 2 * ((double)i + 0.5) - (across ? 7 : 0), 1e-9);
                /* across: to the side of +y of a line along +x */
                double x = across ? 60 - d * s : 60 + (d - 20) * c,
                       y = across ? 60 + d * c : 60 + (d - 20) * s;
                assert_near(p.mean[i], plane(x, y), 1e-4);
                assert_near(p.coverage[i], 1, 0);
            }
            vtr_line_profile_release(&p);
        }
    }
}

static double edge(double x, double y)
{
    (void)y;
    return x < 50 ? 0 : 1;
}

/* Positions at 48 (0) and 50 nm (1): between them the map runs linearly from 0 to 1. A value over [48, 50] is its mean
 * 1/2; over [47, 49] the integral of the ramp from 48 to 49 over 2 nm, 1/8. */
static void a_step_is_as_wide_as_one_position(void **state)
{
    (void)state;
    fill(edge);
    vtr_line_map map = make_map();
    for (int k = 0; k < 2; k++) {
        vtr_line_profile p;
        double from = k == 0 ? 40 : 39;
        const vtr_line line = straight(from, 60, from + 20, 60, 9);
        assert_ok(vtr_line_profile_compute(&p, &map, &line, &err));
        assert_int_equal(p.n, 10);
        for (size_t i = 0; i < p.n; i++) {
            double middle = from + p.distance_nm[i];
            double expected = middle < 47.5   ? 0
                              : middle > 50.5 ? 1
                              : k == 0        ? 0.5
                              : middle < 49   ? 0.125
                                              : 0.875;
            assert_near(p.mean[i], expected, 0.01);
        }
        vtr_line_profile_release(&p);
    }
}

/* Independent noise: the pulls of the mean have variance 1, along and across, at a crooked angle; 40 fields of 20 and 12
 * values, some of which share positions, leave 4/sqrt(600). The scatter is that of the noise. */
static void standard_errors_are_true(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 5, 1);
    vtr_line_map map = make_map();
    double square[2] = {0}, n[2] = {0}, scatter[2] = {0};
    for (int round = 0; round < 40; round++) {
        fill(plane);
        for (size_t i = 0; i < N; i++) {
            errors[i] = i % 3 == 0 ? 1.5F : 0.5F;
            values[i] = 7 + errors[i] * (float)vtr_random_normal(&random);
        }
        for (int across = 0; across < 2; across++) {
            vtr_line line = straight(30, 40, 65, 60, 24);
            vtr_line_profile p;
            line.is_across = across == 1;
            assert_ok(vtr_line_profile_compute(&p, &map, &line, &err));
            for (size_t i = 0; i < p.n; i++) {
                double pull = (p.mean[i] - 7) / p.error[i];
                square[across] += pull * pull;
                scatter[across] += p.scatter[i] * p.scatter[i];
                n[across]++;
                assert_in_range((uint64_t)p.positions[i], 5, 60);
            }
            vtr_line_profile_release(&p);
        }
    }
    for (int k = 0; k < 2; k++) {
        assert_near(square[k] / n[k], 1, 0.16);
        assert_near(scatter[k] / n[k], (1.5 * 1.5 + 2 * 0.25) / 3, 0.1);
    }
}

/* Without errors the standard error is the scatter over the root of the positions. */
static void a_map_without_errors_has_those_of_its_scatter(void **state)
{
    (void)state;
    vtr_line_profile p;
    vtr_line_map map = make_map();
    const vtr_line line = straight(20, 30, 80, 30, 20);
    fill(plane);
    map.errors = NULL;
    assert_ok(vtr_line_profile_compute(&p, &map, &line, &err));
    assert_near(p.error[5], p.scatter[5] / sqrt(p.positions[5]), 1e-12);
    assert_true(p.error[5] > 0.5); /* the plane falls by 14 over the width */
    vtr_line_profile_release(&p);
}

/* What is missing is no zero: a hole leaves the mean of the rest, half a hole no value at all; beyond the map there is
 * none either. The map ends half a step beyond its last position, at 119 nm along x. */
static void holes_and_edges_have_no_data(void **state)
{
    (void)state;
    vtr_line_profile p;
    vtr_line_map map = make_map();
    fill(plane);
    for (size_t i = 0; i < N; i++) {
        size_t x = i % N_X, y = i / N_X;
        values[i] = x >= 20 && x < 30 && y >= 20 ? NAN : 4;
    }
    const vtr_line along = straight(31, 61.5, 131, 61.5, 30); /* the hole takes over half of it */
    assert_ok(vtr_line_profile_compute(&p, &map, &along, &err));
    for (size_t i = 0; i < p.n; i++) {
        double x = 31 + p.distance_nm[i];
        bool in_hole = x > 39 && x<59, beyond = x> 119;
        if (in_hole || beyond) {
            assert_true(isnan(p.mean[i]) && isnan(p.error[i]) && isnan(p.scatter[i]));
            assert_near(p.coverage[i], beyond ? 0 : 0.4, 0.02);
        } else {
            assert_near(p.mean[i], 4, 1e-6);
            assert_near(p.coverage[i], 1, 0.01);
        }
    }
    vtr_line_profile_release(&p);
    const vtr_line above = straight(30, 55.5, 70, 55.5, 30); /* a little less than half */
    assert_ok(vtr_line_profile_compute(&p, &map, &above, &err));
    for (size_t i = 0; i < p.n; i++)
        assert_near(p.mean[i], 4, 1e-6);
    vtr_line_profile_release(&p);
}

/* Directions about 180 degrees: their mean is 180, not 0; directors of 85 and -85 are 90. The line goes on over the jump. */
static void directions_have_a_circular_mean(void **state)
{
    (void)state;
    vtr_line_profile p;
    vtr_line_map map = make_map();
    fill(plane);
    for (int director = 0; director < 2; director++) {
        double period = director ? 180 : 360;
        map.period = period;
        for (size_t i = 0; i < N;
             i++) { /* rises by 1 degree a column from just below the jump, +-10 row by row */
            double angle = period / 2 - 20 + (double)(i % N_X) + (i / N_X % 2 ? 10 : -10);
            values[i] = (float)(angle > period / 2 ? angle - period : angle);
        }
        const vtr_line line = straight(10, 30, 110, 30, 24);
        assert_ok(vtr_line_profile_compute(&p, &map, &line, &err));
        for (size_t i = 0; i < p.n; i++)
            assert_near(p.mean[i], period / 2 - 20 + (10 + p.distance_nm[i]) / 2, 0.7);
        assert_near(p.scatter[10], 10, 1);
        vtr_line_profile_release(&p);
    }
}

/* A path turns with its corners: distances go on, and a plane is followed. */
static void a_path_goes_round_corners(void **state)
{
    (void)state;
    vtr_line_profile p;
    vtr_line line;
    vtr_line_map map = make_map();
    fill(plane);
    assert_ok(vtr_line_parse(&line, "20,30,60,30,60,90", &err));
    assert_int_equal(line.n_points, 3);
    assert_ok(vtr_line_profile_compute(&p, &map, &line, &err)); /* without a width: the line itself */
    assert_int_equal(p.n, 50);
    for (size_t i = 0; i < p.n; i++) {
        double s = p.distance_nm[i];
        assert_near(p.mean[i], s < 40 ? plane(20 + s, 30) : plane(60, 30 + s - 40), 1e-4);
    }
    vtr_line_profile_release(&p);
}

static void wrong_lines_are_refused(void **state)
{
    (void)state;
    vtr_line_profile p;
    vtr_line line;
    vtr_line_map map = make_map();
    fill(plane);
    line = straight(-50, -10, 200, -10, 4);
    assert_fails(vtr_line_profile_compute(&p, &map, &line, &err), VTR_ERR_RANGE, "outside of the map");
    line = straight(5, 5, 5, 5, 4);
    assert_fails(vtr_line_profile_compute(&p, &map, &line, &err), VTR_ERR_ARGUMENT, "no length");
    line = straight(5, 5, 50, 5, 0);
    line.is_across = true;
    assert_fails(vtr_line_profile_compute(&p, &map, &line, &err), VTR_ERR_ARGUMENT, "width");
    line = straight(5, 5, 50, 5, 4);
    line.step_nm = 1e-9;
    assert_fails(vtr_line_profile_compute(&p, &map, &line, &err), VTR_ERR_ARGUMENT, "more than");
    for (size_t i = 0; i < N; i++)
        values[i] = NAN;
    line = straight(5, 5, 50, 5, 4);
    assert_fails(vtr_line_profile_compute(&p, &map, &line, &err), VTR_ERR_NO_DATA, "no data");
    static const char *const bad[] = {"", "1,2,3", "1,2,3,", "1,2,3,4,5", "1,2,3,x", "1;2;3;4", "1,2,3,nan"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(vtr_line_parse(&line, bad[i], &err), VTR_ERR_ARGUMENT, "X0,Y0,X1,Y1");
}

static vtr_status work(void *context, vtr_error *error)
{
    (void)context;
    vtr_line_profile p = {0};
    vtr_line_map map = make_map();
    const vtr_line line = straight(5, 5, 50, 40, 4);
    vtr_status status = vtr_line_profile_compute(&p, &map, &line, error);
    vtr_line_profile_release(&p);
    return status;
}

static void short_memory_is_an_error(void **state)
{
    (void)state;
    fill(plane);
    test_every_allocation_fails(work, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plane_is_exact_at_every_angle),
        cmocka_unit_test(a_step_is_as_wide_as_one_position),
        cmocka_unit_test(standard_errors_are_true),
        cmocka_unit_test(a_map_without_errors_has_those_of_its_scatter),
        cmocka_unit_test(holes_and_edges_have_no_data),
        cmocka_unit_test(directions_have_a_circular_mean),
        cmocka_unit_test(a_path_goes_round_corners),
        cmocka_unit_test(wrong_lines_are_refused),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
