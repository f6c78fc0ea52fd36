/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/region.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "vitrail/ring_map.h"

enum { N_Y = 12, N_X = 17 };

/* A map file with strain/density = y - 5 (NAN in the last column), beam/density = 7 and strain/exx = x. */
static vtr_mapfile *made_file(void)
{
    static float density[N_Y * N_X], exx[N_Y * N_X], other[N_Y * N_X];
    const size_t shape[2] = {N_Y, N_X};
    const double step[2] = {NAN, NAN};
    vtr_error err;
    vtr_mapfile *file = NULL;
    for (size_t i = 0; i < N_Y * N_X; i++) {
        density[i] = i % N_X == N_X - 1 ? NAN : (float)(i / N_X) - 5;
        exx[i] = (float)(i % N_X);
        other[i] = 7;
    }
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "beam", &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_ok(vtr_mapfile_write(file, "beam", "density", VTR_TYPE_F32, 2, shape, other, NULL, NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "strain", "density", VTR_TYPE_F32, 2, shape, density, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, "strain", "exx", VTR_TYPE_F32, 2, shape, exx, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "beam", N_Y, N_X, step, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", N_Y, N_X, step, &err));
    return file;
}

/* Parses, and compares with the rule `expected` of every position. */
static void expect(const vtr_mapfile *file, const char *text, bool (*expected)(double y, double x))
{
    vtr_error err;
    vtr_region region;
    size_t n = 0;
    assert_ok(vtr_region_parse(&region, text, file, N_Y, N_X, &err));
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++) {
            bool wanted = expected((double)y, (double)x);
            n += wanted;
            if (region.member[y * N_X + x] != wanted) fail_msg("'%s' at y %zu, x %zu", text, y, x);
        }
    assert_int_equal(region.n, n);
    vtr_region_release(&region);
    vtr_region_release(&region);
}

static bool rectangle(double y, double x)
{
    return y >= 2 && y < 5 && x >= 3 && x < 9;
}

static bool not_rectangle(double y, double x)
{
    return !rectangle(y, x);
}

/* Half-axis 5 along x turned by 90 degrees lies along y. */
static bool tall_ellipse(double y, double x)
{
    return (y - 6) * (y - 6) / 25 + (x - 8) * (x - 8) / 4 <= 1 + 1e-12;
}

/* The long axis from +x towards +y: downwards to the right. */
static bool slanted_ellipse(double y, double x)
{
    double along = ((x - 8) + (y - 6)) / sqrt(2), across = ((y - 6) - (x - 8)) / sqrt(2);
    return along * along / 25 + across * across / 1.44 <= 1;
}

static bool triangle(double y, double x)
{
    return y > 0.5 && y < 10.5 && x < y - 0.25 && x > 0.5;
}

static bool dense(double y, double x)
{
    return y - 5 > 2 && x < N_X - 1;
}

static bool not_dense(double y, double x)
{
    return y - 5 <= 2 && x < N_X - 1;
}

static bool at_most(double y, double x)
{
    (void)y;
    return x <= 4;
}

static bool less_than(double y, double x)
{
    (void)y;
    return x < 4;
}

static bool dense_in_rectangle(double y, double x)
{
    return y < 8 && y - 5 >= -1 && x >= 3 && x < 9;
}

static void shapes_hold_their_positions(void **state)
{
    (void)state;
    vtr_mapfile *file = made_file();
    expect(file, "a=2:5,3:9", rectangle);
    expect(file, "a=!2:5,3:9", not_rectangle);
    expect(file, "a=ellipse:6,8,5,2", tall_ellipse);
    expect(file, "a=ellipse:6,8,2,5,90", tall_ellipse);
    expect(file, "a=ellipse:6,8,1.2,5,45", slanted_ellipse);
    expect(file, "a=polygon:0.5,0.5;10.5,0.5;10.5,10.25;0.5,0.25", triangle);
    vtr_mapfile_close(&file);
}

static void conditions_hold_where_maps_have_values(void **state)
{
    (void)state;
    vtr_mapfile *file = made_file();
    expect(file, "dense=density>2", dense);
    expect(file, "dense=!density>2", not_dense);
    expect(file, "dense=strain/density<=2", not_dense);
    expect(file, "left=exx<=4", at_most);
    expect(file, "left=exx<4", less_than);
    expect(file, "both=density>=-1&0:8,3:9", dense_in_rectangle);
    vtr_mapfile_close(&file);
}

static bool chequered(double y, double x)
{
    return ((int)y + (int)x) % 2 == 0;
}

static void masks_are_images(void **state)
{
    (void)state;
    vtr_error err;
    vtr_region region;
    vtr_mapfile *file = made_file();
    char text[512];
    FILE *image = fopen(test_folder_path("mask.npy"), "wb");
    char header[118];
    int n = snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d), }",
                     N_Y, N_X);
    memset(header + n, ' ', sizeof header - (size_t)n);
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, image);
    fwrite(header, 1, sizeof header, image);
    for (int i = 0; i < N_Y * N_X; i++)
        fputc((i / N_X + i % N_X) % 2 == 0 ? 200 : 0, image);
    fclose(image);
    snprintf(text, sizeof text, "chess=mask:%s", test_folder_path("mask.npy"));
    expect(file, text, chequered);
    assert_fails(vtr_region_parse(&region, text, file, N_Y, N_X + 1, &err), VTR_ERR_SHAPE, "12 x 17 px");
    vtr_mapfile_close(&file);
}

/* --- bands and inclusions ------------------------------------------------------------------------------------ */

static void put_column(vtr_mapfile *file, const char *table, const char *name, size_t n, const double *values)
{
    vtr_error err;
    assert_ok(vtr_mapfile_write(file, table, name, VTR_TYPE_F64, 1, &n, values, NULL, NULL, &err));
}

/* 60 x 80 positions in steps of 2 nm: a straight band along y = 40 nm that leaves the map, an arc of curvature 1/100 nm about
 * (y 170, x 80) that ends in the map at x = 80, inclusions of radius 6 nm at (y 40, x 40) and (y 40, x 90). */
enum { F_Y = 60, F_X = 80 };
static const double F_STEP = 2;

static vtr_mapfile *feature_file(bool is_empty)
{
    static float exx[F_Y * F_X];
    const size_t shape[2] = {F_Y, F_X};
    const double step[2] = {F_STEP, F_STEP}, number[] = {1, 2}, first = 1, second = 2;
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_create(&file, test_folder_path("features.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_ok(vtr_mapfile_write(file, "strain", "exx", VTR_TYPE_F32, 2, shape, exx, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", F_Y, F_X, step, &err));
    if (is_empty) return file;
    assert_ok(vtr_mapfile_group(file, "bands", &err));
    put_column(file, "bands", "number", 2, number);
    put_column(file, "bands", "y", 2, (const double[]){40, 70});
    put_column(file, "bands", "x", 2, (const double[]){80, 80});
    put_column(file, "bands", "angle", 2, (const double[]){0, 0});
    put_column(file, "bands", "width", 2, (const double[]){5, NAN});
    put_column(file, "bands", "decay_below", 2, (const double[]){9, 3});
    put_column(file, "bands", "decay_above", 2, (const double[]){13, NAN});
    put_column(file, "bands", "curved", 2, (const double[]){0, 1});
    put_column(file, "bands", "curvature", 2, (const double[]){0.5, 0.01});
    put_column(file, "bands", "last_end", 2, (const double[]){NAN, 1});
    put_column(file, "bands", "last_y", 2, (const double[]){40, 70});
    put_column(file, "bands", "last_x", 2, (const double[]){160, 80});
    assert_ok(vtr_mapfile_group(file, "inclusions/catalogue", &err));
    put_column(file, "inclusions/catalogue", "number", 2, number);
    put_column(file, "inclusions/catalogue", "y", 2, (const double[]){40, 40});
    put_column(file, "inclusions/catalogue", "x", 2, (const double[]){40, 90});
    put_column(file, "inclusions/catalogue", "radius", 2, (const double[]){6, 6});
    assert_ok(vtr_mapfile_group(file, "inclusions/gaps", &err));
    put_column(file, "inclusions/gaps", "number", 1, number);
    put_column(file, "inclusions/gaps", "first", 1, &first);
    put_column(file, "inclusions/gaps", "second", 1, &second);
    return file;
}

static bool first_band(double y, double x)
{
    (void)x;
    return fabs(y - 40) <= 5;
}

static bool first_zone(double y, double x)
{
    (void)x;
    return y >= 31 && y <= 53;
}

/* Its width is not known: a step. Up to its end at x = 80, left of which the circle about (170, 80) bends down. */
static bool second_band(double y, double x)
{
    return x <= 80 && fabs(100 - hypot(y - 170, x - 80)) <= 2;
}

static bool second_zone(double y, double x)
{
    double d = 100 - hypot(y - 170, x - 80);
    return x <= 80 && d >= -3 && d <= 2;
}

static bool any_band(double y, double x)
{
    return first_band(y, x) || second_band(y, x);
}

static bool two_inclusions(double y, double x)
{
    return hypot(y - 40, x - 40) <= 6 || hypot(y - 40, x - 90) <= 6;
}

static bool larger_inclusions(double y, double x)
{
    return hypot(y - 40, x - 40) <= 12 || hypot(y - 40, x - 90) <= 12;
}

static bool between_them(double y, double x)
{
    return fabs(y - 40) <= 6 && x >= 40 && x <= 90 && !two_inclusions(y, x);
}

static bool far_matrix(double y, double x)
{
    return !first_zone(y, x) && !second_zone(y, x) && !larger_inclusions(y, x);
}

static void expect_feature(const vtr_mapfile *file, const char *text, bool (*expected)(double y, double x))
{
    vtr_error err;
    vtr_region region;
    assert_ok(vtr_region_parse(&region, text, file, F_Y, F_X, &err));
    for (size_t i = 0; i < F_Y * F_X; i++)
        if (region.member[i] != expected(F_STEP * (double)(i / F_X), F_STEP * (double)(i % F_X)))
            fail_msg("'%s' at y %zu, x %zu", text, i / F_X, i % F_X);
    vtr_region_release(&region);
}

static void bands_and_inclusions_are_regions(void **state)
{
    (void)state;
    vtr_error err;
    vtr_region region;
    vtr_mapfile *file = feature_file(false);
    expect_feature(file, "a=@SB1", first_band);
    expect_feature(file, "a=@SB1-zone", first_zone);
    expect_feature(file, "a=@SB2", second_band);
    expect_feature(file, "a=@SB2-zone", second_zone);
    expect_feature(file, "a=@bands", any_band);
    expect_feature(file, "a=@inclusions", two_inclusions);
    expect_feature(file, "a=@inclusions:2", larger_inclusions);
    expect_feature(file, "a=@between", between_them);
    expect_feature(file, "a=@matrix", far_matrix);
    expect_feature(file, "a=!@zones&!@inclusions:2", far_matrix);
    assert_fails(vtr_region_parse(&region, "a=@SB3", file, F_Y, F_X, &err), VTR_ERR_NOT_FOUND, "2 bands");
    assert_fails(vtr_region_parse(&region, "a=@SB0", file, F_Y, F_X, &err), VTR_ERR_ARGUMENT, "@SB0");
    assert_fails(vtr_region_parse(&region, "a=@SB1zone", file, F_Y, F_X, &err), VTR_ERR_ARGUMENT, "@SB1zone");
    assert_fails(vtr_region_parse(&region, "a=@bands:2", file, F_Y, F_X, &err), VTR_ERR_ARGUMENT, "@bands");
    assert_fails(vtr_region_parse(&region, "a=@matrix:-1", file, F_Y, F_X, &err), VTR_ERR_ARGUMENT,
                 "@matrix");
    assert_fails(vtr_region_parse(&region, "a=@bands", NULL, F_Y, F_X, &err), VTR_ERR_NOT_FOUND, "map file");
    vtr_mapfile_close(&file);
    file = feature_file(true);
    static const char *const missing[] = {"a=@bands", "a=@SB1-zone", "a=@inclusions", "a=@between",
                                          "a=@matrix"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_fails(vtr_region_parse(&region, missing[i], file, F_Y, F_X, &err), VTR_ERR_NOT_FOUND,
                     "vitrail ");
    vtr_mapfile_close(&file);
}

static void what_is_no_region_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_region region = {.n = 99};
    vtr_mapfile *file = made_file();
    static const struct {
        const char *text;
        vtr_status status;
        const char *part;
    } wrong[] = {
        {"2:5,3:9", VTR_ERR_ARGUMENT, "NAME=DEFINITION"},
        {"a=", VTR_ERR_ARGUMENT, "NAME=DEFINITION"},
        {"a/b=2:5,3:9", VTR_ERR_ARGUMENT, "NAME=DEFINITION"},
        {"a=2:5", VTR_ERR_ARGUMENT, "2:5"},
        {"a=2:13,3:9", VTR_ERR_RANGE, "12 x 17"},
        {"a=circle:1,2,3", VTR_ERR_ARGUMENT, "is no region"},
        {"a=ellipse:1,2,3", VTR_ERR_ARGUMENT, "RY,RX"},
        {"a=ellipse:1,2,3,0", VTR_ERR_ARGUMENT, "positive"},
        {"a=polygon:1,2;3,4", VTR_ERR_ARGUMENT, "corners"},
        {"a=polygon:1,2;3,4;5", VTR_ERR_ARGUMENT, "corners"},
        {"a=density<", VTR_ERR_ARGUMENT, "condition"},
        {"a=densty<1", VTR_ERR_NOT_FOUND, "densty"},
        {"a=density<-100", VTR_ERR_NO_DATA, "no position"},
        {"a=density>0&&exx>1", VTR_ERR_ARGUMENT, "is no region"},
        {"a=mask:nowhere.png", VTR_ERR_NOT_FOUND, "nowhere.png"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(vtr_region_parse(&region, wrong[i].text, file, N_Y, N_X, &err), wrong[i].status,
                     wrong[i].part);
    assert_int_equal(region.n, 99);
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_hold_their_positions),
        cmocka_unit_test(conditions_hold_where_maps_have_values),
        cmocka_unit_test(masks_are_images),
        cmocka_unit_test(bands_and_inclusions_are_regions),
        cmocka_unit_test(what_is_no_region_is_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
