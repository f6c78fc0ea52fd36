/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Positions read again from a map file are what vitrail pdf wrote. */
#include "vitrail/pdf_positions.h"

#include <math.h>

#include "../unmix/phases_scene.h"

static vtr_error err;
static phases_scene scene;
static vtr_mapfile *file;
static vtr_pdf_positions *positions;

static void open_scene(void)
{
    phases_scene_make(&scene, "map.h5", 1);
    assert_ok(vtr_mapfile_open(&file, scene.path, &err));
    assert_ok(vtr_pdf_positions_open(&positions, file, NULL, NULL, &err));
}

static void close_scene(void)
{
    vtr_pdf_positions_close(&positions);
    vtr_mapfile_close(&file);
}

static float *read_again(vtr_pdf_quantity quantity)
{
    size_t m = vtr_pdf_positions_n_channels(positions, quantity);
    float *values = test_malloc(SCENE_N * m * sizeof *values);
    assert_ok(vtr_pdf_positions_read(positions, quantity, 0, SCENE_N, values, 0, &err));
    return values;
}

static float *stored(const char *name, size_t n)
{
    float *values = test_malloc(n * sizeof *values);
    assert_ok(vtr_mapfile_read(file, "pdf", name, VTR_TYPE_F32, n, values, &err));
    return values;
}

/* More positions than one block holds. F that is stored ends at qmaxinst, that which is read again at qmax. */
static void values_are_those_of_the_file(void **state)
{
    (void)state;
    open_scene();
    const vtr_pdf_plan *plan = vtr_pdf_positions_plan(positions);
    size_t n_q = vtr_pdf_plan_n_q(plan), n_r = vtr_pdf_plan_n_r(plan);
    size_t m = vtr_pdf_positions_n_channels(positions, VTR_PDF_QUANTITY_F);
    const double *q = vtr_pdf_positions_axis(positions, VTR_PDF_QUANTITY_F);
    assert_true(m < n_q && fabs(q[m - 1] - 12.5) < 0.06);
    assert_int_equal(vtr_pdf_positions_n_channels(positions, VTR_PDF_QUANTITY_G), n_r);
    float *F = read_again(VTR_PDF_QUANTITY_F), *S = read_again(VTR_PDF_QUANTITY_S),
          *G = read_again(VTR_PDF_QUANTITY_G), *stored_F = stored("F", SCENE_N * n_q),
          *stored_G = stored("G", SCENE_N * n_r);
    for (size_t p = 0; p < SCENE_N; p++) {
        for (size_t c = 0; c < m; c++) {
            assert_true(F[p * m + c] == stored_F[p * n_q + c]);
            assert_near(S[p * m + c], 1 + (double)F[p * m + c] / q[c], 1e-6);
        }
        for (size_t i = 0; i < n_r; i++)
            assert_true(G[p * n_r + i] == stored_G[p * n_r + i]);
    }
    test_free(F);
    test_free(S);
    test_free(G);
    test_free(stored_F);
    test_free(stored_G);
    close_scene();
}

/* G of one position from its F, S or intensity. What a cube computes it does on coarse grids, to 2e-6 of G's size. */
static void every_quantity_leads_to_the_same_G(void **state)
{
    (void)state;
    open_scene();
    size_t n_r = vtr_pdf_positions_n_channels(positions, VTR_PDF_QUANTITY_G);
    float *G = read_again(VTR_PDF_QUANTITY_G);
    double *spectrum = test_malloc(2000 * sizeof *spectrum), *found = test_malloc(n_r * sizeof *found);
    for (int quantity = 0; quantity < 4; quantity++) {
        size_t m = vtr_pdf_positions_n_channels(positions, (vtr_pdf_quantity)quantity), p = 777;
        float *values = read_again((vtr_pdf_quantity)quantity);
        for (size_t c = 0; c < m; c++)
            spectrum[c] = (double)values[p * m + c];
        assert_ok(vtr_pdf_positions_to_g(positions, (vtr_pdf_quantity)quantity, 1, spectrum, found, &err));
        for (size_t i = 0; i < n_r; i++)
            assert_near(found[i], G[p * n_r + i], 2e-4);
        test_free(values);
    }
    for (size_t c = 0; c < 2000; c++)
        spectrum[c] = -spectrum[c];
    assert_fails(vtr_pdf_positions_to_g(positions, VTR_PDF_QUANTITY_I, 1, spectrum, found, &err),
                 VTR_ERR_NUMERIC, "not positive");
    test_free(spectrum);
    test_free(found);
    test_free(G);
    close_scene();
}

/* The noise of a typical position is what the file's error bars are in the mean: 1 % for the positions' own scales. */
static void noise_is_that_of_the_error_bars(void **state)
{
    (void)state;
    static const char *const names[2] = {"G_errors", "F_errors"};
    static const vtr_pdf_quantity quantities[2] = {VTR_PDF_QUANTITY_G, VTR_PDF_QUANTITY_F};
    open_scene();
    size_t n_q = vtr_pdf_plan_n_q(vtr_pdf_positions_plan(positions));
    for (int t = 0; t < 2; t++) {
        size_t m = vtr_pdf_positions_n_channels(positions, quantities[t]), width = t == 0 ? m : n_q;
        double *parts = test_malloc(m * n_q * sizeof *parts);
        float *errors = stored(names[t], SCENE_N * width);
        assert_ok(vtr_pdf_positions_noise(positions, quantities[t], parts, &err));
        for (size_t c = m / 10; c < m; c += 7) {
            double variance = 0, mean = 0;
            for (size_t i = 0; i < n_q; i++)
                variance += parts[c * n_q + i] * parts[c * n_q + i];
            for (size_t p = 0; p < SCENE_N; p++)
                mean += pow((double)errors[p * width + c], 2) / SCENE_N;
            assert_near(sqrt(variance / mean), 1, 0.02);
        }
        test_free(parts);
        test_free(errors);
    }
    close_scene();
}

static void weights_are_relative_and_a_gap_has_one(void **state)
{
    (void)state;
    static double weight[SCENE_N];
    open_scene();
    close_scene();
    phases_scene_set(&scene, 5, NAN);
    assert_ok(vtr_mapfile_open(&file, scene.path, &err));
    assert_ok(vtr_pdf_positions_open(&positions, file, NULL, NULL, &err));
    float *F = read_again(VTR_PDF_QUANTITY_F);
    assert_true(isnan(F[5 * vtr_pdf_positions_n_channels(positions, VTR_PDF_QUANTITY_F)]));
    assert_ok(vtr_pdf_positions_weights(positions, VTR_PDF_QUANTITY_F, weight, &err));
    assert_true(weight[5] == 1);
    for (size_t p = 0; p < SCENE_N; p++)
        assert_true(weight[p] > 0.8 && weight[p] < 1.25);
    test_free(F);
    close_scene();
}

static void a_file_without_pdfs_says_so(void **state)
{
    (void)state;
    const char *path = test_folder_path("bare.h5");
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_mapfile_group(file, "profile", &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_fails(vtr_pdf_positions_open(&positions, file, NULL, NULL, &err), VTR_ERR_NOT_FOUND,
                 "vitrail pdf");
    assert_null(positions);
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_the_file),
        cmocka_unit_test(every_quantity_leads_to_the_same_G),
        cmocka_unit_test(noise_is_that_of_the_error_bars),
        cmocka_unit_test(weights_are_relative_and_a_gap_has_one),
        cmocka_unit_test(a_file_without_pdfs_says_so),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
