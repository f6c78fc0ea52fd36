/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

enum { N = 40 };

static void fill(double x[N], double y[N], double error[N])
{
    for (int i = 0; i < N; i++) {
        x[i] = 0.01 * i;
        y[i] = sin(3.7 * x[i]) / 3;
        error[i] = 0.001 * (i + 1);
    }
}

/* What is written reads back: numbers to 9 digits, errors to 6, header, axis and error column. */
static void what_is_written_reads_back(void **state)
{
    (void)state;
    double x[N], y[N], error[N];
    fill(x, y, error);
    const vtr_text_entry entries[] = {{"input and output specifications", NULL},
                                      {"inputfile", "a file = b.chi"},
                                      {"qmax", "24"},
                                      {"mode", "xray"}};
    for (int kind = VTR_PDF_TEXT_IQ; kind <= VTR_PDF_TEXT_GR; kind++)
        for (int with_error = 0; with_error < 2; with_error++) {
            vtr_error err;
            char name[16];
            vtr_profile_text p;
            snprintf(name, sizeof name, "own.%s", vtr_pdf_text_ending((vtr_pdf_text_kind)kind));
            const char *path = test_folder_path(name);
            vtr_pdf_text table = {(vtr_pdf_text_kind)kind, N, x, y, with_error ? error : NULL, entries, 4};
            assert_ok(vtr_pdf_text_write(path, &table, true, &err));
            assert_ok(vtr_profile_text_read(&p, path, NULL, &err));
            assert_int_equal(p.n, N);
            assert_int_equal(p.error != NULL, with_error);
            for (int i = 0; i < N; i++) {
                assert_near(p.x[i], x[i], 1e-9);
                assert_near(p.y[i], y[i], 1e-9);
                if (with_error) assert_near(p.error[i], error[i], 1e-6 * error[i]);
            }
            assert_int_equal(p.axis, kind == VTR_PDF_TEXT_GR ? VTR_PROFILE_AXIS_R : VTR_PROFILE_AXIS_Q);
            assert_string_equal(vtr_profile_text_find(&p, "qmax"), "24");
            assert_string_equal(vtr_profile_text_find(&p, "inputfile"), "a file = b.chi");
            assert_string_equal(vtr_profile_text_find(&p, "outputtype"),
                                vtr_pdf_text_ending((vtr_pdf_text_kind)kind));
            vtr_profile_text_release(&p);
        }
}

/* The lines by which PDFgui and diffpy know a .gr file: keys before "#### start data", labels, four columns. */
static void the_layout_is_that_of_refinement_programs(void **state)
{
    (void)state;
    double x[N], y[N], error[N];
    char text[4096] = "";
    vtr_error err;
    fill(x, y, error);
    y[1] = NAN; /* left out */
    const vtr_text_entry entries[] = {{"qmax", "24"}, {"note", "two\nlines"}};
    vtr_pdf_text table = {VTR_PDF_TEXT_GR, N, x, y, error, entries, 2};
    const char *path = test_folder_path("layout.gr");
    assert_ok(vtr_pdf_text_write(path, &table, false, &err));
    FILE *file = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_int_equal(strncmp(text, "[DEFAULT]\n", 10), 0);
    test_assert_contains(text, "\nqmax = 24\n");
    test_assert_contains(text, "\nnote = two?lines\n");
    test_assert_contains(text,
                         "\n#### start data\n#S 1\n#L r($\\AA$)  G($\\AA^{-2}$)  dr  dG\n0 0 0 0.001\n0.02 ");
    assert_fails(vtr_pdf_text_write(path, &table, false, &err), VTR_ERR_EXISTS, "--force");
    assert_false(test_file_exists(test_folder_path("layout.gr.partial")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_layout_is_that_of_refinement_programs),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
