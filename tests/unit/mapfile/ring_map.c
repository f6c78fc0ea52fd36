/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/ring_map.h"

#include <math.h>
#include <string.h>

#include "support.h"

static void fill(vtr_ring_map *map)
{
    vtr_error err;
    assert_ok(vtr_ring_map_init(map, 3, 4, &err));
    for (size_t i = 0; i < 12 * 5; i++)
        map->ellipse[i] = (double)i / 4;
    for (size_t i = 0; i < 12 * 15; i++)
        map->covariance[i] = (double)i / 8;
    for (size_t i = 0; i < 12; i++) {
        map->chi2[i] = 1 + (double)i / 16;
        map->flags[i] = (uint32_t)i << 3;
    }
    map->ellipse[7] = NAN;
    map->radius_px = 61.25;
    map->k0_inv_angstrom = NAN;
    map->scan_step_nm[0] = 5.8;
    map->scan_step_nm[1] = 2.9;
    map->scan_rotation_degrees = -33.5;
    map->is_flipped = true;
}

static void ring_maps_come_back(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    vtr_ring_map map, back = {0};
    test_folder_make();
    fill(&map);
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), false, &err));
    assert_fails(vtr_ring_map_read(&back, file, &err), VTR_ERR_NOT_FOUND, "vitrail map");
    assert_ok(vtr_ring_map_write(file, &map, &err));
    assert_ok(vtr_ring_map_read(&back, file, &err));
    double scan_y[3], scan_x[4];
    assert_ok(vtr_mapfile_read(file, "ring", "scan_y", VTR_TYPE_F64, 3, scan_y, &err));
    assert_ok(vtr_mapfile_read(file, "ring", "scan_x", VTR_TYPE_F64, 4, scan_x, &err));
    assert_near(scan_y[2], 11.6, 1e-12);
    assert_near(scan_x[2], 5.8, 1e-12);
    vtr_mapfile_close(&file);
    test_folder_remove();

    assert_int_equal(back.n_y, 3);
    assert_int_equal(back.n_x, 4);
    assert_memory_equal(back.covariance, map.covariance, 12 * 15 * sizeof(double));
    assert_memory_equal(back.chi2, map.chi2, 12 * sizeof(double));
    assert_memory_equal(back.flags, map.flags, 12 * sizeof(uint32_t));
    for (size_t i = 0; i < 12 * 5; i++)
        assert_true(i == 7 ? isnan(back.ellipse[i]) : back.ellipse[i] == map.ellipse[i]);
    assert_true(isnan(back.k0_inv_angstrom));
    assert_near(back.radius_px, 61.25, 0);
    assert_near(back.scan_step_nm[1], 2.9, 0);
    assert_near(back.scan_rotation_degrees, -33.5, 0);
    assert_true(back.is_flipped);
    vtr_ring_map_release(&back);
    vtr_ring_map_release(&map);
}

static void covariance_is_the_upper_triangle_row_by_row(void **state)
{
    (void)state;
    size_t next = 0;
    for (size_t i = 0; i < 5; i++)
        for (size_t j = i; j < 5; j++, next++) {
            assert_int_equal(vtr_ring_map_covariance_index(i, j), next);
            assert_int_equal(vtr_ring_map_covariance_index(j, i), next);
        }
    assert_int_equal(next, VTR_RING_MAP_COVARIANCE_N);
}

static void wrong_shapes_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    vtr_ring_map map, back = {0};
    const size_t shape[] = {3, 4, 4};
    test_folder_make();
    fill(&map);
    assert_fails(vtr_ring_map_init(&back, 0, 4, &err), VTR_ERR_SHAPE, "0 x 4");
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), false, &err));
    assert_ok(vtr_ring_map_write(file, &map, &err));
    assert_ok(vtr_mapfile_write(file, "ring", "covariance", VTR_TYPE_F64, 3, shape, map.covariance, NULL,
                                NULL, &err));
    assert_fails(vtr_ring_map_read(&back, file, &err), VTR_ERR_SHAPE, "holds 48 values, expected 180");
    assert_ok(
        vtr_mapfile_write(file, "ring", "ellipse", VTR_TYPE_F64, 3, shape, map.covariance, NULL, NULL, &err));
    assert_fails(vtr_ring_map_read(&back, file, &err), VTR_ERR_SHAPE, "scan_y x scan_x x 5");
    assert_null(back.ellipse);
    vtr_mapfile_close(&file);
    vtr_ring_map_release(&map);
    test_folder_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_maps_come_back),
        cmocka_unit_test(covariance_is_the_upper_triangle_row_by_row),
        cmocka_unit_test(wrong_shapes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
