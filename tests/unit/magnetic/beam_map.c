/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "allocation.h"
#include "beams.h"

static vtr_error err;

enum { N_Y = 5, N_X = 7, N = N_Y * N_X };

/* A map file as the pass leaves it. */
static const char *make_file(const char *name)
{
    const char *path = test_folder_path(name);
    const size_t shape[2] = {N_Y, N_X};
    static const char *const names[] = {"x", "y", "x_errors", "y_errors"};
    static const char *const w_names[] = {"wxx", "wyy", "wxy"};
    const double w[3] = {1.01, 0.99, 0.002}, k = 2e-4, energy = 200, step[2] = {3, 4}, rotation = 20,
                 flip = 1;
    double values[N];
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_mapfile_group(file, "beam", &err));
    assert_ok(vtr_mapfile_group(file, "calibration", &err));
    assert_ok(vtr_mapfile_group(file, "ring", &err));
    for (size_t q = 0; q < 4; q++) {
        for (size_t i = 0; i < N; i++)
            values[i] = q < 2 ? 60 + (double)q + 0.01 * (double)i : 0.02;
        assert_ok(
            vtr_mapfile_write(file, "beam", names[q], VTR_TYPE_F64, 2, shape, values, "px", NULL, &err));
    }
    for (size_t i = 0; i < 3; i++)
        assert_ok(vtr_mapfile_write_numbers(file, "calibration", NULL, w_names[i], 1, &w[i], &err));
    assert_ok(vtr_mapfile_write_numbers(file, "calibration", NULL, "k_step_inv_angstrom", 1, &k, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "calibration", NULL, "beam_energy_kev", 1, &energy, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "calibration", NULL, "scan_step_nm", 2, step, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "ring", NULL, "scan_rotation", 1, &rotation, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "ring", NULL, "flip", 1, &flip, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    return path;
}

static void reads_what_the_pass_wrote(void **state)
{
    (void)state;
    vtr_mapfile *file = NULL;
    vtr_beam_map map;
    assert_ok(vtr_mapfile_open(&file, make_file("map.h5"), &err));
    assert_ok(vtr_beam_map_read(&map, file, &err));
    assert_int_equal(map.n_y, N_Y);
    assert_int_equal(map.n_x, N_X);
    assert_near(map.x_px[9], 60.09, 1e-12);
    assert_near(map.y_px[9], 61.09, 1e-12);
    assert_near(map.x_errors_px[9], 0.02, 1e-12);
    assert_near(map.w[2], 0.002, 1e-12);
    assert_near(map.k_step_inv_angstrom, 2e-4, 1e-12);
    assert_near(map.scan_step_nm[1], 4, 1e-12);
    assert_near(map.scan_rotation_degrees, 20, 1e-12);
    assert_true(map.is_flipped);
    vtr_beam_map_release(&map);
    vtr_mapfile_close(&file);
}

/* Maps, errors, settings and notes stand in /entry/magnetic afterwards, and are read back. */
static void writes_the_group(void **state)
{
    (void)state;
    vtr_mapfile *file = NULL;
    vtr_beam_map map;
    vtr_magnetic m;
    double thickness[N], read[N], number;
    char text[2048];
    const char *path = make_file("edit.h5");
    for (size_t i = 0; i < N; i++)
        thickness[i] = 100;
    assert_ok(vtr_mapfile_edit(&file, path, &err));
    assert_ok(vtr_beam_map_read(&map, file, &err));
    const vtr_magnetic_input input = {&map, NULL, NULL, thickness};
    vtr_magnetic_params params = vtr_magnetic_default_params();
    params.thickness = "100";
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    assert_ok(vtr_magnetic_write(file, &m, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    for (size_t q = 0; q < m.n_maps; q++) {
        char name[64];
        assert_ok(vtr_mapfile_read(file, "magnetic", m.maps[q].name, VTR_TYPE_F64, N, read, &err));
        assert_near(read[8], m.maps[q].values[8], 0);
        snprintf(name, sizeof name, "%s_errors", m.maps[q].name);
        assert_ok(vtr_mapfile_read(file, "magnetic", name, VTR_TYPE_F64, N, read, &err));
        assert_near(read[8], m.maps[q].errors[8], 0);
    }
    assert_ok(vtr_mapfile_read_text(file, "magnetic", "By", "units", text, sizeof text, &err));
    assert_string_equal(text, "T");
    assert_ok(vtr_mapfile_read_text(file, "magnetic", NULL, "notes", text, sizeof text, &err));
    test_assert_contains(text, "whole map");
    assert_ok(vtr_mapfile_read_numbers(file, "magnetic", NULL, "scan_rotation", 1, &number, &err));
    assert_near(number, 20, 1e-12);
    vtr_mapfile_close(&file);
    vtr_magnetic_release(&m);
    vtr_beam_map_release(&map);
}

static void a_file_without_beam_is_refused(void **state)
{
    (void)state;
    vtr_mapfile *file = NULL;
    vtr_beam_map map;
    vtr_field_params strain;
    const char *path = test_folder_path("none.h5");
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_fails(vtr_beam_map_read(&map, file, &err), VTR_ERR_NOT_FOUND, "no direct beam");
    assert_fails(vtr_magnetic_strain_settings(&strain, file, &err), VTR_ERR_NOT_FOUND, "vitrail strain");
    vtr_mapfile_close(&file);
}

static void thickness_is_a_number_or_an_image(void **state)
{
    (void)state;
    double *thickness = NULL;
    assert_ok(vtr_thickness_read(&thickness, "120.5", 3, 4, &err));
    assert_near(thickness[11], 120.5, 0);
    vtr_thickness_free(thickness);
    assert_fails(vtr_thickness_read(&thickness, "0", 3, 4, &err), VTR_ERR_RANGE, "thickness above 0");
    assert_fails(vtr_thickness_read(&thickness, "-3", 3, 4, &err), VTR_ERR_RANGE, "thickness above 0");
    assert_fails(vtr_thickness_read(&thickness, "none.tif", 3, 4, &err), VTR_ERR_NOT_FOUND, "none.tif");
}

static vtr_status everything(void *context, vtr_error *error)
{
    const vtr_beam_map *beam = context;
    vtr_magnetic m = {0};
    const vtr_magnetic_input input = {beam, beam, NULL, NULL};
    vtr_status status = vtr_magnetic_compute(&m, &input, NULL, error);
    vtr_magnetic_release(&m);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    vtr_beam_map beam;
    beams_make(&beam, 4, 6, 0.01);
    test_every_allocation_fails(everything, &beam);
    vtr_beam_map_release(&beam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_pass_wrote),      cmocka_unit_test(writes_the_group),
        cmocka_unit_test(a_file_without_beam_is_refused), cmocka_unit_test(thickness_is_a_number_or_an_image),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
