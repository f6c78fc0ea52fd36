/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/field.h"

#include <omp.h>
#include <stdio.h>

#include "rings.h"
#include "support.h"

enum { N_Y = 24, N_X = 31 };
static const double lens[3] = {1.03, 0.98, 0.015};
static const vtr_box reference = {2, 9, 20, 29};

/* A smooth strain of the specimen at (y, x), none in the reference region. */
static void specimen(double e[3], size_t y, size_t x)
{
    double v = (double)y, u = (double)x;
    bool is_reference = y >= reference.y0 && y < reference.y1 && x >= reference.x0 && x < reference.x1;
    double scale = is_reference ? 0 : 0.01;
    e[0] = scale * (sin(0.2 * u) + 0.3 * cos(0.3 * v));
    e[1] = scale * (0.5 * cos(0.15 * u + 0.1 * v) - 0.2);
    e[2] = scale * sin(0.1 * u - 0.25 * v);
}

static void fill(vtr_ring_map *map)
{
    vtr_error err;
    assert_ok(vtr_ring_map_init(map, N_Y, N_X, &err));
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++) {
            double e[3], w[3];
            specimen(e, y, x);
            rings_w(w, e, lens);
            rings_put(map, y, x, w, 1e-3);
        }
    map->k0_inv_angstrom = 0.41;
    map->scan_step_nm[0] = map->scan_step_nm[1] = 5.8;
}

static vtr_field_params params_with_reference(void)
{
    vtr_field_params params = vtr_field_default_params();
    params.reference = reference;
    return params;
}

static float at(const vtr_field *field, const char *name, size_t y, size_t x)
{
    const vtr_field_map *map = vtr_field_find(field, name);
    assert_non_null(map);
    return map->values[y * field->n_x + x];
}

static void strain_comes_back_over_the_map(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field field;
    vtr_field_params params = params_with_reference();
    fill(&map);
    assert_ok(vtr_field_compute(&field, &map, &params, &err));
    assert_int_equal(field.n_valid, N_Y * N_X);
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++) {
            double e[3];
            specimen(e, y, x);
            assert_near(at(&field, "exx", y, x), e[0], 2e-9);
            assert_near(at(&field, "eyy", y, x), e[1], 2e-9);
            assert_near(at(&field, "exy", y, x), e[2], 2e-9);
            assert_near(at(&field, "density", y, x), 1 - ((1 + e[0]) * (1 + e[1]) - e[2] * e[2]), 4e-9);
        }
    assert_near(field.reference.w[2], lens[2], 1e-14);
    assert_near(field.descan.cx[1], 0.25, 1e-12);
    assert_near(field.descan.cy[2], 0.0625, 1e-12);
    vtr_field_summary summary;
    assert_ok(vtr_field_summarise(&summary, &field, vtr_field_find(&field, "exx"), &err));
    assert_int_equal(summary.n_valid, N_Y * N_X);
    assert_near(summary.median_error, 1e-3, 1e-4);
    vtr_field_release(&field);
    vtr_field_release(&field);
    vtr_ring_map_release(&map);
}

/* Lost positions are NAN in every map, never zero; a doubtful fit keeps its value; errors not known are NAN. */
static void lost_positions_are_nan(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field field;
    fill(&map);
    map.flags[5] = VTR_FLAG_NO_RING;
    map.ellipse[5 * 40 + 3] = NAN;
    map.ellipse[5 * 41 + 4] = 2; /* not positive definite */
    map.flags[90] = VTR_FLAG_POOR_FIT | VTR_FLAG_SATURATED;
    map.covariance[15 * 120 + 9] = NAN;
    assert_ok(vtr_field_compute(&field, &map, NULL, &err));
    assert_int_equal(field.n_valid, N_Y * N_X - 3);
    for (size_t m = 0; m < field.n_maps; m++) {
        const size_t lost[] = {5, 40, 41};
        for (int k = 0; k < 3; k++)
            assert_true(isnan(field.maps[m].values[lost[k]]) && isnan(field.maps[m].errors[lost[k]]));
        assert_true(isfinite(field.maps[m].values[90]) && isfinite(field.maps[m].errors[90]));
        assert_true(isfinite(field.maps[m].values[120]) && isnan(field.maps[m].errors[120]));
    }
    vtr_field_release(&field);
    vtr_ring_map_release(&map);
}

/* The specimen turned or mirrored as a whole by a 2 x 2 matrix m of 0 and +-1: position p goes to m p, W to m W m^T. */
typedef struct motion {
    int m[2][2];
} motion;

static void move(size_t *y, size_t *x, const motion *g, size_t from_y, size_t from_x)
{
    /* Along a reversed axis indices count down from the end. */
    long u = (long)from_x, v = (long)from_y;
    long nx = g->m[0][0] * u + g->m[0][1] * v, ny = g->m[1][0] * u + g->m[1][1] * v;
    if (g->m[0][0] + g->m[0][1] < 0) nx += (g->m[0][0] != 0 ? N_X : N_Y) - 1;
    if (g->m[1][0] + g->m[1][1] < 0) ny += (g->m[1][1] != 0 ? N_Y : N_X) - 1;
    *x = (size_t)nx;
    *y = (size_t)ny;
}

static void moved_map(vtr_ring_map *out, const vtr_ring_map *map, const motion *g)
{
    vtr_error err;
    bool is_transposed = g->m[0][0] == 0;
    assert_ok(vtr_ring_map_init(out, is_transposed ? N_X : N_Y, is_transposed ? N_Y : N_X, &err));
    out->radius_px = map->radius_px;
    const double transposed[2][2] = {{g->m[0][0], g->m[1][0]}, {g->m[0][1], g->m[1][1]}};
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++) {
            size_t to_y, to_x, i = y * N_X + x;
            double w[3];
            move(&to_y, &to_x, g, y, x);
            rings_congruence(w, map->ellipse + 5 * i + 2, transposed);
            rings_put(out, to_y, to_x, w, 1e-3);
        }
}

static vtr_box moved_box(const vtr_box *b, const motion *g)
{
    size_t y0, x0, y1, x1;
    move(&y0, &x0, g, b->y0, b->x0);
    move(&y1, &x1, g, b->y1 - 1, b->x1 - 1);
    return (vtr_box){y0 < y1 ? y0 : y1, (y0 < y1 ? y1 : y0) + 1, x0 < x1 ? x0 : x1, (x0 < x1 ? x1 : x0) + 1};
}

static void turned_and_mirrored_specimens(void **state)
{
    (void)state;
    static const motion motions[] = {{{{1, 0}, {0, 1}}},  {{{0, -1}, {1, 0}}}, {{{-1, 0}, {0, -1}}},
                                     {{{0, 1}, {-1, 0}}}, {{{0, 1}, {1, 0}}},  {{{1, 0}, {0, -1}}},
                                     {{{-1, 0}, {0, 1}}}, {{{0, -1}, {-1, 0}}}};
    static const char *const scalars[] = {"e1",      "e2",     "volumetric", "deviatoric",
                                          "density", "energy", "curl"};
    vtr_error err;
    vtr_ring_map map;
    vtr_field before, after;
    fill(&map);
    map.scan_step_nm[0] = map.scan_step_nm[1] = NAN;
    vtr_random random;
    vtr_random_start(&random, 1, 0);
    for (size_t i = 0; i < N_Y * N_X; i++) /* so that no two regions are equally homogeneous */
        for (size_t k = 2; k < 5; k++)
            map.ellipse[5 * i + k] += 1e-5 * vtr_random_normal(&random);
    assert_ok(vtr_field_compute(&before, &map, NULL, &err));
    for (size_t k = 0; k < 8; k++) {
        const motion *g = &motions[k];
        vtr_ring_map moved;
        moved_map(&moved, &map, g);
        assert_ok(vtr_field_compute(&after, &moved, NULL, &err));
        vtr_box expected = moved_box(&before.reference.box, g);
        assert_memory_equal(&after.reference.box, &expected, sizeof expected);
        for (size_t y = 0; y < N_Y; y++)
            for (size_t x = 0; x < N_X; x++) {
                size_t to_y, to_x;
                move(&to_y, &to_x, g, y, x);
                const double e[3] = {at(&before, "exx", y, x), at(&before, "eyy", y, x),
                                     at(&before, "exy", y, x)};
                const double transposed[2][2] = {{g->m[0][0], g->m[1][0]}, {g->m[0][1], g->m[1][1]}};
                double turned[3];
                rings_congruence(turned, e, transposed);
                assert_near(at(&after, "exx", to_y, to_x), turned[0], 1e-9);
                assert_near(at(&after, "eyy", to_y, to_x), turned[1], 1e-9);
                assert_near(at(&after, "exy", to_y, to_x), turned[2], 1e-9);
                for (size_t q = 0; q < sizeof scalars / sizeof *scalars; q++)
                    assert_near(at(&after, scalars[q], to_y, to_x), at(&before, scalars[q], y, x), 1e-6);
            }
        vtr_field_release(&after);
        vtr_ring_map_release(&moved);
    }
    vtr_field_release(&before);
    vtr_ring_map_release(&map);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field one, two;
    fill(&map);
    omp_set_num_threads(1);
    assert_ok(vtr_field_compute(&one, &map, NULL, &err));
    omp_set_num_threads(3);
    assert_ok(vtr_field_compute(&two, &map, NULL, &err));
    for (size_t m = 0; m < one.n_maps; m++) {
        assert_memory_equal(one.maps[m].values, two.maps[m].values, N_Y * N_X * sizeof(float));
        assert_memory_equal(one.maps[m].errors, two.maps[m].errors, N_Y * N_X * sizeof(float));
    }
    vtr_field_release(&one);
    vtr_field_release(&two);
    vtr_ring_map_release(&map);
}

static void fields_are_written_with_what_made_them(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field field;
    vtr_mapfile *file = NULL;
    vtr_field_params params = params_with_reference();
    params.axis_degrees = 30;
    params.young_gpa = 108.5;
    params.poisson = 0.36;
    params.descan = VTR_DESCAN_PARABOLOID;
    fill(&map);
    map.scan_rotation_degrees = 12;
    map.is_flipped = true;
    assert_ok(vtr_field_compute(&field, &map, &params, &err));
    test_folder_make();
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), false, &err));
    assert_ok(vtr_field_write(file, &field, &err));
    float values[N_Y * N_X];
    double number, box[4], axis[N_X], descan[6];
    char text[128];
    for (size_t m = 0; m < field.n_maps; m++) {
        char name[64];
        snprintf(name, sizeof name, "%s_errors", field.maps[m].name);
        assert_ok(
            vtr_mapfile_read(file, "strain", field.maps[m].name, VTR_TYPE_F32, N_Y * N_X, values, &err));
        assert_memory_equal(values, field.maps[m].values, sizeof values);
        assert_ok(vtr_mapfile_read(file, "strain", name, VTR_TYPE_F32, N_Y * N_X, values, &err));
        assert_memory_equal(values, field.maps[m].errors, sizeof values);
    }
    assert_ok(vtr_mapfile_read_text(file, "strain", "energy", "units", text, sizeof text, &err));
    assert_string_equal(text, "J/m^3");
    assert_ok(vtr_mapfile_read_text(file, "strain", NULL, "signal", text, sizeof text, &err));
    assert_string_equal(text, "exx");
    assert_ok(vtr_mapfile_read(file, "strain", "scan_x", VTR_TYPE_F64, N_X, axis, &err));
    assert_near(axis[2], 11.6, 1e-12);
    assert_ok(vtr_mapfile_read_numbers(file, "strain", NULL, "reference", 4, box, &err));
    assert_near(box[3], 29, 0);
    assert_ok(vtr_mapfile_read_numbers(file, "strain", NULL, "descan_x", 6, descan, &err));
    assert_near(descan[1], 0.25, 1e-9);
    assert_ok(vtr_mapfile_read_numbers(file, "strain", NULL, "scan_rotation", 1, &number, &err));
    assert_near(number, 12, 0);
    assert_ok(vtr_mapfile_read_numbers(file, "strain", NULL, "flip", 1, &number, &err));
    assert_near(number, 1, 0);
    vtr_mapfile_close(&file);
    test_folder_remove();
    vtr_field_release(&field);
    vtr_ring_map_release(&map);
}

static void wrong_settings_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field field;
    vtr_field_params params = vtr_field_default_params();
    fill(&map);
    params.young_gpa = 100;
    assert_fails(vtr_field_compute(&field, &map, &params, &err), VTR_ERR_ARGUMENT, "together");
    params.poisson = 0.7;
    assert_fails(vtr_field_compute(&field, &map, &params, &err), VTR_ERR_RANGE, "0.7");
    vtr_ring_map_release(&map);
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    vtr_error err;
    vtr_ring_map map;
    vtr_field field;
    fill(&map);
    vtr_status status = VTR_ERR_MEMORY;
    for (long n = 0; status != VTR_OK; n++) {
        assert_true(n < 200);
        vtr_memory_fail_after(n);
        status = vtr_field_compute(&field, &map, NULL, &err);
        vtr_memory_fail_after(-1);
        if (status != VTR_OK) assert_int_equal(status, VTR_ERR_MEMORY);
    }
    vtr_field_release(&field);
    vtr_ring_map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strain_comes_back_over_the_map),
        cmocka_unit_test(lost_positions_are_nan),
        cmocka_unit_test(turned_and_mirrored_specimens),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(fields_are_written_with_what_made_them),
        cmocka_unit_test(wrong_settings_are_named),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
