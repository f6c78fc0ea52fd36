/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "vitrail/line_profile.h"

/* SB1 is straight from (x 10, y 20) to (70, 65); SB2 an arc of radius 200 nm about (x 100, y 250), of which 80 nm lie on either
 * side of its middle (100, 50), where it runs along +x and bends towards +y. */
#define RADIUS 200.0

static void put(vtr_mapfile *file, const char *name, double first, double second)
{
    vtr_error err;
    const double values[] = {first, second};
    const size_t n = 2;
    assert_ok(vtr_mapfile_write(file, "bands", name, VTR_TYPE_F64, 1, &n, values, NULL, NULL, &err));
}

static vtr_mapfile *made_file(void)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    double turn = 80 / RADIUS, dx = RADIUS * sin(turn), y = 250 - RADIUS * cos(turn);
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "bands", &err));
    put(file, "number", 1, 2);
    put(file, "x", 40, 100);
    put(file, "y", 42.5, 50);
    put(file, "angle", atan2(45, 60) * 57.29577951308232, 0);
    put(file, "first_x", 10, 100 - dx);
    put(file, "first_y", 20, y);
    put(file, "last_x", 70, 100 + dx);
    put(file, "last_y", 65, y);
    put(file, "curved", 0, 1);
    put(file, "curvature", 0.01, 1 / RADIUS);
    put(file, "width", 9, NAN);
    put(file, "decay_below", 40, NAN);
    put(file, "decay_above", 60, 30);
    return file;
}

static void a_straight_band_is_its_line(void **state)
{
    (void)state;
    vtr_error err;
    vtr_line line;
    vtr_mapfile *file = made_file();
    assert_ok(vtr_line_of_band(&line, file, "SB1", false, &err));
    assert_int_equal(line.n_points, 2);
    assert_near(line.x_nm[0], 10, 0);
    assert_near(line.y_nm[1], 65, 0);
    assert_near(line.width_nm, 18, 0);
    assert_ok(vtr_line_of_band(&line, file, "SB1", true, &err));
    assert_near(line.width_nm, 240, 0);
    assert_true(line.is_across);
    vtr_mapfile_close(&file);
}

/* All points on the circle, in equal steps, from the first end to the last; the length of 32 chords of 5 nm is the arc's less
 * 160 (5/200)^2/24 = 0.004 nm. */
static void a_curved_band_is_its_arc(void **state)
{
    (void)state;
    vtr_error err;
    vtr_line line;
    vtr_mapfile *file = made_file();
    double length = 0;
    assert_ok(vtr_line_of_band(&line, file, "SB2", true, &err));
    assert_near(line.width_nm, 120, 0);
    for (size_t k = 0; k < line.n_points; k++) {
        assert_near(hypot(line.x_nm[k] - 100, line.y_nm[k] - 250), RADIUS, 1e-9);
        if (k > 0) length += hypot(line.x_nm[k] - line.x_nm[k - 1], line.y_nm[k] - line.y_nm[k - 1]);
    }
    assert_near(length, 160, 0.005);
    assert_near(line.x_nm[0], 100 - RADIUS * sin(0.4), 1e-9);
    assert_near(line.x_nm[line.n_points - 1], 100 + RADIUS * sin(0.4), 1e-9);
    assert_near(line.y_nm[line.n_points / 2], 50, 1e-9);
    assert_ok(vtr_line_of_band(&line, file, "SB2", false, &err));
    assert_near(line.width_nm, 0, 0);
    vtr_mapfile_close(&file);
}

static void what_is_no_band_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_line line = {.n_points = 99};
    vtr_mapfile *file = made_file();
    assert_fails(vtr_line_of_band(&line, file, "SB3", false, &err), VTR_ERR_NOT_FOUND, "has 2");
    assert_fails(vtr_line_of_band(&line, file, "SB0", false, &err), VTR_ERR_ARGUMENT, "no band");
    assert_fails(vtr_line_of_band(&line, file, "SB1x", false, &err), VTR_ERR_ARGUMENT, "no band");
    assert_int_equal(line.n_points, 99);
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_straight_band_is_its_line),
        cmocka_unit_test(a_curved_band_is_its_arc),
        cmocka_unit_test(what_is_no_band_is_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
