/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"

enum { N = 400 };

/* A shell at 2.8 Å in SiO2's electron factors, times 250, with errors of 1 %: enough for a result. */
static vtr_pdf make_result(const vtr_pdf_params *params)
{
    static double q[N], intensity[N], variance[N];
    vtr_error err;
    vtr_composition composition;
    vtr_scatterer scatterer;
    vtr_pdf pdf;
    assert_ok(vtr_composition_parse(&composition, "SiO2", &err));
    assert_ok(vtr_scatterer_init(&scatterer, &composition, NULL, &err));
    for (int i = 0; i < N; i++) {
        double f, f2;
        q[i] = 0.5 + 0.04 * i;
        vtr_scatterer_averages(&scatterer, q[i], &f, &f2, NULL);
        double s = 4 * exp(-0.01 * q[i] * q[i]) * sin(2.8 * q[i]) / (2.8 * q[i]);
        intensity[i] = 250 * (f2 + f * f * s) + 3;
        variance[i] = 1e-4 * intensity[i] * intensity[i];
    }
    vtr_pdf_profile profile = {N, q, intensity, variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&pdf, &profile, params, &err));
    return pdf;
}

static vtr_pdf_params usual(void)
{
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = "SiO2";
    params.qmax = 15;
    params.window = VTR_PDF_WINDOW_LORCH;
    params.background_order = 2;
    return params;
}

static void the_four_functions_are_written(void **state)
{
    (void)state;
    vtr_pdf_params params = usual();
    vtr_pdf pdf = make_result(&params);
    const double *y[] = {pdf.intensity, pdf.S, pdf.F, pdf.G};
    const double *error[] = {pdf.intensity_error, pdf.S_error, pdf.F_error, pdf.G_error};
    for (int kind = 0; kind < 4; kind++) {
        vtr_error err;
        vtr_profile_text back;
        const vtr_text_entry source[] = {{"inputfile", "profile.dat"}};
        const char *path = test_folder_path(vtr_pdf_text_ending((vtr_pdf_text_kind)kind));
        assert_ok(vtr_pdf_result_write(path, (vtr_pdf_text_kind)kind, &pdf, &params, source, 1, false, &err));
        assert_ok(vtr_profile_text_read(&back, path, NULL, &err));
        assert_int_equal(back.n, kind == VTR_PDF_TEXT_GR ? pdf.n_r : pdf.n_q);
        const double *x = kind == VTR_PDF_TEXT_GR ? pdf.r : pdf.q;
        for (size_t i = 0; i < back.n; i++) {
            assert_near(back.x[i], x[i], 1e-8 * x[i]);
            assert_near(back.y[i], y[kind][i], 1e-8 * fabs(y[kind][i]));
            assert_near(back.error[i], error[kind][i], 1e-5 * error[kind][i]);
        }
        assert_string_equal(vtr_profile_text_find(&back, "mode"), "electron");
        assert_string_equal(vtr_profile_text_find(&back, "composition"), "SiO2");
        assert_string_equal(vtr_profile_text_find(&back, "qmax"), "15");
        assert_string_equal(vtr_profile_text_find(&back, "inputfile"), "profile.dat");
        assert_string_equal(vtr_profile_text_find(&back, "scale_from"), "window");
        vtr_profile_text_release(&back);
    }
    vtr_pdf_release(&pdf);
}

/* The next profile is treated as the first was: the ranges found, the settings given; what is given anew wins. */
static void settings_lock_the_next_profile(void **state)
{
    (void)state;
    vtr_error err;
    vtr_pdf_params params = usual();
    vtr_pdf pdf = make_result(&params);
    const char *path = test_folder_path("lock.gr");
    assert_ok(vtr_pdf_result_write(path, VTR_PDF_TEXT_GR, &pdf, &params, NULL, 0, false, &err));
    vtr_pdf_params next = vtr_pdf_default_params();
    next.qmax = 12;
    char *text = NULL;
    assert_ok(vtr_pdf_settings_read(&next, &text, path, 0, &err));
    assert_string_equal(next.composition, "SiO2");
    assert_near(next.qmax, 12, 0);
    assert_near(next.qmin, pdf.normalisation.qmin, 1e-9);
    assert_near(next.qmaxinst, 15, 0); /* not the last point below qmax */
    assert_near(next.fit[0], pdf.normalisation.fit[0], 1e-9);
    assert_near(next.rcut, pdf.normalisation.rcut, 1e-9);
    assert_int_equal(next.window, VTR_PDF_WINDOW_LORCH);
    assert_int_equal(next.background_order, 2);
    assert_true(isnan(next.scale) && isnan(next.constant) && next.polynomial == NULL);
    vtr_pdf_settings_free(text);
    vtr_pdf_release(&pdf);
}

/* With everything held, the same profile gives the same G though nothing is fitted. */
static void what_was_found_can_be_held(void **state)
{
    (void)state;
    vtr_error err;
    unsigned hold;
    vtr_pdf_params params = usual();
    vtr_pdf pdf = make_result(&params);
    const char *path = test_folder_path("hold.gr");
    assert_ok(vtr_pdf_result_write(path, VTR_PDF_TEXT_GR, &pdf, &params, NULL, 0, false, &err));
    assert_ok(vtr_pdf_hold_parse(&hold, "scale,constant,polynomial", &err));
    assert_int_equal(hold, VTR_PDF_HOLD_SCALE | VTR_PDF_HOLD_CONSTANT | VTR_PDF_HOLD_POLYNOMIAL);
    vtr_pdf_params held = vtr_pdf_default_params();
    char *text = NULL;
    assert_ok(vtr_pdf_settings_read(&held, &text, path, hold, &err));
    assert_near(held.scale, pdf.normalisation.scale, 1e-8 * pdf.normalisation.scale);
    assert_non_null(held.polynomial);
    vtr_pdf again = make_result(&held);
    assert_int_equal(again.normalisation.source, VTR_PDF_SCALE_GIVEN);
    for (size_t i = 0; i < pdf.n_r; i++)
        assert_near(again.G[i], pdf.G[i], 1e-6);
    assert_fails(vtr_pdf_hold_parse(&hold, "scale,window", &err), VTR_ERR_ARGUMENT, "'window'");
    vtr_pdf_release(&again);
    vtr_pdf_release(&pdf);
    vtr_pdf_settings_free(text);
}

static void a_file_without_settings_locks_nothing(void **state)
{
    (void)state;
    vtr_error err;
    char *text = NULL;
    vtr_pdf_params params = vtr_pdf_default_params();
    const char *path = test_folder_path("plain.gr");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 12; i++)
        fprintf(file, "%d %d\n", i, i);
    fclose(file);
    assert_fails(vtr_pdf_settings_read(&params, &text, path, 0, &err), VTR_ERR_NOT_FOUND, "no settings");
    assert_null(text);
}

static void the_r_factor_is_the_relative_distance(void **state)
{
    (void)state;
    double x[50], y[50], other[101], far[101];
    for (int i = 0; i < 50; i++)
        x[i] = 0.1 * i, y[i] = 1.02 * (3 + 2 * x[i]);
    for (int i = 0; i < 101; i++)
        far[i] = 0.03 * i, other[i] = 3 + 2 * far[i]; /* linear, up to 3 */
    assert_near(vtr_pdf_r_factor(50, x, y, 101, far, other, 0, INFINITY), 0.02, 1e-12);
    y[2] = 100; /* below the range */
    assert_near(vtr_pdf_r_factor(50, x, y, 101, far, other, 0.25, 2), 0.02, 1e-12);
    assert_true(isnan(vtr_pdf_r_factor(50, x, y, 101, far, other, 3.5, 4)));
}

/* Linear between the background's points; errors add; nothing beyond it. */
static void a_background_is_taken_off(void **state)
{
    (void)state;
    vtr_error err;
    double x[] = {0, 1, 2.5, 3, 4}, y[] = {10, 10, 10, 10, 10}, e[] = {0.3, 0.3, 0.3, 0.3, 0.3};
    double bx[] = {1, 2, 3}, by[] = {1, 2, 4}, be[] = {0.2, 0.2, 0.2};
    vtr_profile_text profile = {.n = 5, .x = x, .y = y, .error = e, .axis = VTR_PROFILE_AXIS_Q};
    vtr_profile_text background = {.n = 3, .x = bx, .y = by, .error = be, .axis = VTR_PROFILE_AXIS_Q};
    assert_ok(vtr_profile_text_subtract(&profile, &background, 2, &err));
    assert_true(isnan(y[0]) && isnan(y[4]));
    assert_near(y[1], 8, 1e-12);
    assert_near(y[2], 10 - 2 * 3, 1e-12);
    assert_near(y[3], 2, 1e-12);
    assert_near(e[1], sqrt(0.09 + 4 * 0.04), 1e-12);
    assert_near(e[2], sqrt(0.09 + 4 * 0.02), 1e-12);
    background.axis = VTR_PROFILE_AXIS_TWO_THETA;
    assert_fails(vtr_profile_text_subtract(&profile, &background, 2, &err), VTR_ERR_ARGUMENT, "over Q");
}

static void arrays_are_profiles(void **state)
{
    (void)state;
    static const struct {
        size_t n_y, n_x;
    } shapes[] = {{2, 20}, {20, 2}, {3, 20}, {20, 3}};
    for (int k = 0; k < 4; k++) {
        vtr_error err;
        float values[60];
        size_t n_y = shapes[k].n_y, n_x = shapes[k].n_x, columns = n_y < n_x ? n_y : n_x;
        for (size_t i = 0; i < 20; i++)
            for (size_t c = 0; c < columns; c++)
                values[n_y < n_x ? c * 20 + i : i * columns + c] =
                    (float[]){(float)i, 100 - (float)i, 0.5F}[c];
        vtr_dataset_info info = {.shape = {1, 1, n_y, n_x}, .type = VTR_TYPE_F32};
        vtr_dataset_writer *writer = NULL;
        vtr_dataset *dataset = NULL;
        vtr_profile_text p;
        const char *path = test_folder_path("array.npy");
        assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
        assert_ok(vtr_dataset_writer_write(writer, 0, 1, values, &err));
        assert_ok(vtr_dataset_writer_finish(&writer, &err));
        assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
        assert_ok(vtr_profile_array_read(&p, dataset, NULL, &err));
        assert_int_equal(p.n, 20);
        assert_near(p.x[7], 7, 0);
        assert_near(p.y[7], 93, 0);
        assert_int_equal(p.error != NULL, columns == 3);
        vtr_profile_text_release(&p);
        vtr_dataset_close(&dataset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_functions_are_written),
        cmocka_unit_test(settings_lock_the_next_profile),
        cmocka_unit_test(what_was_found_can_be_held),
        cmocka_unit_test(a_file_without_settings_locks_nothing),
        cmocka_unit_test(the_r_factor_is_the_relative_distance),
        cmocka_unit_test(a_background_is_taken_off),
        cmocka_unit_test(arrays_are_profiles),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
