/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "allocation.h"
#include "vitrail/constants.h"
#include "vitrail/pdf_text.h"

static const char *file_of(const char *name, const char *text)
{
    const char *path = test_folder_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* Ten rows of x = 1, 2, ..., y = 10 x, error = 0.1, with `separator` and `line_end`. */
static const char *rows(const char *separator, const char *line_end, int n_columns)
{
    static char text[4096];
    size_t n = 0;
    for (int i = 1; i <= 10; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%d%s%d", i, separator, 10 * i);
        for (int k = 2; k < n_columns; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s0.%d", separator, k - 1);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", line_end);
    }
    return text;
}

static const char *with_header(const char *header, const char *body)
{
    static char text[8192];
    snprintf(text, sizeof text, "%s%s", header, body);
    return text;
}

static vtr_profile_text read_text(const char *text, const vtr_profile_text_params *params)
{
    vtr_error err;
    vtr_profile_text p;
    assert_ok(vtr_profile_text_read(&p, file_of("profile.dat", text), params, &err));
    return p;
}

static void assert_rows(const vtr_profile_text *p)
{
    assert_int_equal(p->n, 10);
    for (int i = 0; i < 10; i++) {
        assert_near(p->x[i], i + 1, 0);
        assert_near(p->y[i], 10 * (i + 1), 0);
    }
}

static void separators_and_line_ends_do_not_matter(void **state)
{
    (void)state;
    const char *const separators[] = {" ", "\t", ",", ", ", ";", "   "}, *const ends[] = {"\n", "\r\n",
                                                                                          " \t\n"};
    for (int s = 0; s < 6; s++)
        for (int e = 0; e < 3; e++) {
            vtr_profile_text p = read_text(rows(separators[s], ends[e], 3), NULL);
            assert_rows(&p);
            assert_non_null(p.error);
            assert_near(p.error[4], 0.1, 0);
            vtr_profile_text_release(&p);
        }
}

static void headers_of_every_kind_are_passed_over(void **state)
{
    (void)state;
    const char *const headers[] = {
        "",
        "# a comment\n\n",
        "a title\nQ (Inverse Angstrom)\nIntensity\n   10\n", /* Fit2D */
        "10\n# Q I\n",                                       /* a count */
        "[DEFAULT]\nversion = 1\nqmax = 24\n#### start data\n#S 1\n#L Q(x)  I\n",
        "12 13\n14 15\n#### start data\n", /* what is before the marker is no data */
        "q,I\n",
        "\xef\xbb\xbfQ I\n", /* byte order mark */
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        vtr_profile_text p = read_text(with_header(headers[i], rows(" ", "\n", 2)), NULL);
        assert_rows(&p);
        assert_null(p.error);
        assert_int_equal(p.axis, VTR_PROFILE_AXIS_Q);
        vtr_profile_text_release(&p);
    }
}

static void errors_are_found_by_place_and_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int n_columns;
        double error; /* of the first row; 0: none */
    } cases[] = {{"", 3, 0.1},
                 {"", 4, 0.2},
                 {"# Q I sigma\n", 3, 0.1},
                 {"# r g(r) coordination\n", 3, 0},
                 {"", 5, 0},
                 {"#L r(A)  G(A^-2)  dr  dG\n", 4, 0.2},
                 {"# Q S FK dS\n", 4, 0.2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_profile_text p =
            read_text(with_header(cases[i].header, rows(" ", "\n", cases[i].n_columns)), NULL);
        assert_int_equal(p.error != NULL, cases[i].error > 0);
        if (p.error != NULL) assert_near(p.error[0], cases[i].error, 0);
        vtr_profile_text_release(&p);
    }
}

static void columns_can_be_chosen(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text_params params = vtr_profile_text_default_params();
    const char *text = with_header("a,b,c,d\n", rows(",", "\n", 4));
    params.columns = "b,a,d";
    vtr_profile_text p = read_text(text, &params);
    assert_near(p.x[2], 30, 0);
    assert_near(p.y[2], 3, 0);
    assert_near(p.error[2], 0.2, 0);
    vtr_profile_text_release(&p);
    params.columns = "2,1";
    p = read_text(text, &params);
    assert_near(p.x[2], 30, 0);
    assert_null(p.error);
    vtr_profile_text_release(&p);
    const char *const wrong[] = {"1", "1,2,3,4", "1,e", "1,5", "", "1,,2"};
    const char *path = file_of("profile.dat", text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        params.columns = wrong[i];
        assert_fails(vtr_profile_text_read(&p, path, &params, &err), VTR_ERR_ARGUMENT, "--columns");
    }
}

static void fortran_and_empty_fields(void **state)
{
    (void)state;
    const char *body = "1,1.5D+01\n2,\n3,2.5d-1\n4,4\n5,5\n6,6\n7,7\n8,8\n9,9\n10,10\n";
    vtr_profile_text p = read_text(body, NULL);
    assert_near(p.y[0], 15, 0);
    assert_true(isnan(p.y[1]));
    assert_near(p.y[2], 0.25, 0);
    vtr_profile_text_release(&p);
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
    vtr_profile_text p = read_text("0.5 1.5\n1 2\n2 2\n3 3\n4 4\n5 5\n6 6\n7 7\n8 8\n9 9\n", NULL);
    assert_near(p.x[0], 0.5, 0);
    assert_near(p.y[0], 1.5, 0);
    vtr_profile_text_release(&p);
    setlocale(LC_ALL, "C");
}

static void one_value_a_line_needs_a_step(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p;
    const char *path = file_of("one.txt", "0\n0\n3\n4\n5\n6\n7\n8\n9\n10\n");
    vtr_profile_text_params params = vtr_profile_text_default_params();
    assert_fails(vtr_profile_text_read(&p, path, &params, &err), VTR_ERR_ARGUMENT, "--k-step");
    params.k_step_inv_angstrom = 0.01;
    assert_ok(vtr_profile_text_read(&p, path, &params, &err));
    assert_ok(vtr_profile_text_to_Q(&p, path, &err));
    assert_near(p.x[3], 2 * VTR_PI * 0.03, 1e-15);
    assert_true(isnan(p.y[0]) && isnan(p.y[1]));
    assert_near(p.y[2], 3, 0);
    vtr_profile_text_release(&p);
}

/* Every unit becomes Q = 2 pi k in 1/Å: the first row is at 1 of its unit. */
static void units_become_Q(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int axis;
        double wavelength, expected;
        bool is_assumed;
    } cases[] = {
        {"# Q(A^-1) I\n", 0, NAN, 1, false},
        {"# q_nm^-1 I\n", 0, NAN, 0.1, false},
        {"# Q (nm^-1)  I\n", 0, NAN, 0.1, false},
        {"t\nQ (Inverse Nanometres)\nIntensity\n 10\n", 0, NAN, 0.1, false},
        {"# k I\n", 0, NAN, 2 * VTR_PI, false},
        {"# k(1/nm) I\n", 0, NAN, 0.2 * VTR_PI, false},
        {"dataformat = Qnm\n", 0, NAN, 0.1, false},
        {"dataformat = Qnm\noutputtype = iq\n", 0, NAN, 1, false}, /* speaks of the input */
        {"", 0, NAN, 1, true},
        {"# Q I\n", VTR_PROFILE_AXIS_K, NAN, 2 * VTR_PI, false}, /* the option wins */
        {"# 2th_deg I\n", 0, 0.5, 0.21932176, false},            /* 8 pi sin(0.5 degrees) */
        {"# Wavelength: 5e-11\n# 2th_deg I\n", 0, NAN, 0.21932176, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_profile_text_params params = vtr_profile_text_default_params();
        params.axis = cases[i].axis;
        params.wavelength_angstrom = cases[i].wavelength;
        vtr_profile_text p = read_text(with_header(cases[i].header, rows(" ", "\n", 2)), &params);
        assert_int_equal(p.is_axis_assumed, cases[i].is_assumed);
        assert_ok(vtr_profile_text_to_Q(&p, "profile.dat", &err));
        assert_near(p.x[0], cases[i].expected, 1e-7);
        vtr_profile_text_release(&p);
    }
}

static void angles_need_a_wavelength_and_r_is_no_profile(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = read_text(with_header("# 2theta I\n", rows(" ", "\n", 2)), NULL);
    assert_fails(vtr_profile_text_to_Q(&p, "p.xy", &err), VTR_ERR_ARGUMENT, "--wavelength");
    vtr_profile_text_release(&p);
    p = read_text(with_header("#L r($\\AA$)  G($\\AA^{-2}$)\n", rows(" ", "\n", 2)), NULL);
    assert_int_equal(p.axis, VTR_PROFILE_AXIS_R);
    assert_fails(vtr_profile_text_to_Q(&p, "p.gr", &err), VTR_ERR_ARGUMENT, "function of r");
    vtr_profile_text_release(&p);
}

static void header_lines_are_keys_and_values(void **state)
{
    (void)state;
    vtr_profile_text p = read_text(
        with_header("[PDF]\nqmax = 24.0\n# Wavelength: 1.9e-11\nname=a = b\n", rows(" ", "\n", 2)), NULL);
    assert_string_equal(vtr_profile_text_find(&p, "QMAX"), "24.0");
    assert_string_equal(vtr_profile_text_find(&p, "name"), "a = b");
    assert_near(p.wavelength_angstrom, 0.19, 1e-12);
    assert_null(vtr_profile_text_find(&p, "qmin"));
    vtr_profile_text_release(&p);
}

/* Three digits of 9.9, 9.91, ..., 10.3: from 10 on x repeats. */
static void rounded_x_is_the_even_grid(void **state)
{
    (void)state;
    char text[2048];
    size_t n = 0;
    for (int i = 0; i <= 40; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.2e %d\n", 9.9 + 0.01 * i, i);
    vtr_profile_text p = read_text(text, NULL);
    assert_true(p.is_grid_restored);
    for (int i = 0; i <= 40; i++)
        assert_near(p.x[i], 9.9 + 0.01 * i, 1e-12);
    vtr_profile_text_release(&p);
}

static void wrong_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        vtr_status status;
        const char *part;
    } cases[] = {
        {"", VTR_ERR_NO_DATA, "no columns of numbers"},
        {"only\nwords\n", VTR_ERR_NO_DATA, "no columns of numbers"},
        {"1 2\n2 3\n3 4\n", VTR_ERR_NO_DATA, "holds 3 points"},
        {"1 2\n2 3\n3 4\n3 5\n", VTR_ERR_FORMAT, "line 4: x is there twice"},
        {"# h\n1 2\n2 3\n1.5 4\n", VTR_ERR_FORMAT, "line 4: x = 1.5 follows 2"},
        {"1 2\n2 nan\n3 4\n", VTR_ERR_FORMAT, "line 2: y is not a finite number"},
        {"1 2\ninf 3\n3 4\n", VTR_ERR_FORMAT, "line 2: x is not a finite number"},
        {"1 2\n2 3\n3 x\n4 5\n", VTR_ERR_FORMAT, "line 3: '3 x' where numbers are expected"},
        {"1 2\n2 3\n3\n4 5\n", VTR_ERR_FORMAT, "line 3: 1 numbers where line 1 has 2"},
        {"1 2 0.1\n2 3 -0.1\n3 4 0.1\n", VTR_ERR_FORMAT, "line 2: an error of -0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_profile_text p;
        assert_fails(vtr_profile_text_read(&p, file_of("wrong.dat", cases[i].text), NULL, &err),
                     cases[i].status, cases[i].part);
    }
    vtr_error err;
    vtr_profile_text p;
    assert_fails(vtr_profile_text_read(&p, test_folder_path("missing.dat"), NULL, &err), VTR_ERR_NOT_FOUND,
                 "cannot open");
    const char *binary = test_folder_path("binary.dat");
    FILE *file = fopen(binary, "wb");
    fwrite("1 2\0\n", 1, 5, file);
    fclose(file);
    assert_fails(vtr_profile_text_read(&p, binary, NULL, &err), VTR_ERR_FORMAT, "no text");
}

/* Points, first and last x and y and the axis of published files, read off the files by eye. */
static void published_files_read(void **state)
{
    (void)state;
    enum { Q = VTR_PROFILE_AXIS_Q, NM = VTR_PROFILE_AXIS_Q_INV_NM, R = VTR_PROFILE_AXIS_R };
    static const struct {
        const char *path, *columns;
        size_t n;
        double x0, y0, x1, y1;
        int axis;
        bool has_error;
    } files[] = {
        {"total-scattering/Ni_powder/Ni.chi", NULL, 0, 0, 0, NAN, NAN, Q, true},
        {"total-scattering/Ni_powder/Ni.gr", NULL, 6001, 0, 0, 60, NAN, R, false},
        {"total-scattering/TiO2_film_on_glass/tio2-ito-glass-250.chi", NULL, 1478, 0.10816784, 0, NAN, NAN,
         NM, false},
        {"total-scattering/TiO2_film_on_glass/tio2-ito-glass-250.iq", NULL, 0, 0.703091, 8.57981, NAN, NAN, Q,
         false},
        {"total-scattering/TiO2_film_on_glass/tio2-ito-glass-250.fq", NULL, 0, 0.703091, 0.0337701, NAN, NAN,
         Q, false},
        {"total-scattering/TiO2_film_on_glass/tio2-ito-glass-250.gr", NULL, 10001, 0, 0, 100, NAN, R, false},
        {"total-scattering/LaB6_GudrunX_PDFgetX3/LaB6_0p4mm_011_av10_monitor.xye", NULL, 0, 1.600140,
         168.6895, NAN, NAN, VTR_PROFILE_AXIS_TWO_THETA, true},
        {"total-scattering/LaB6_GudrunX_PDFgetX3/LaB6_0p4mm_011_av10_monitor.sq", NULL, 0, 0.802694, 0.863281,
         NAN, NAN, Q, false},
        {"total-scattering/LaB6_GudrunX_PDFgetX3/LaB6_0p4mm_011_av10_monitor.soq", NULL, 0, 0.79750, -2.78201,
         NAN, NAN, Q, true},
        {"total-scattering/LaB6_GudrunX_PDFgetX3/LaB6_0p4mm_011_av10_monitor.gofr", NULL, 0, 0, 3.71734, NAN,
         NAN, R, true},
        {"total-scattering/Mg2SiO4_glass/Mg2SiO4_ambient.xy", NULL, 0, 1.235171111, 1213.103027, NAN, NAN, Q,
         false},
        {"total-scattering/liquid_Ga/example_data.dat", NULL, 0, 0.03715, 7.4482, 12.4318, 6.3557, Q, false},
        {"total-scattering/liquid_Fe81S19/Fe81S19.chi", NULL, 0, 3, 710.95588, 25, 881.77003, Q, false},
        {"total-scattering/ezpit/sum_A_CoPiITO_110320-1_Nsum5.chi", NULL, 0, 0.42262, 8766.4727, 33.81249,
         632.68182, Q, false},
        {"total-scattering/NiTi_shape_memory/experimental.fq", NULL, 0, 1.20153, -0.94746, 22.00558, -0.00521,
         Q, false},
        {"total-scattering/NiTi_shape_memory/experimental.gr", NULL, 0, 0.01, -0.01153117, 19.99,
         -0.009858122, R, false},
        {"total-scattering/Zr50Cu45Al5_metallic_glass/xrd_zr50_kramer.txt", NULL, 1999, 0.01, -0.0161, 19.99,
         -0.0302, Q, false},
        {"rings/Zr50Cu45Al5_electron_Gr.txt", NULL, 274, 0, 0, 11.99745, -0.0224, Q, true},
        {"total-scattering/neutron/SiO2_NIMROD.mint01", NULL, 1002, 0, 0, 50.025, 0, Q, true},
        {"total-scattering/neutron_D2O/NIMROD00016609_D2O_in_N10.mint01", NULL, 2090, 0.01, 0, 50.02304, 0, Q,
         true},
        {"total-scattering/neutron/argon_yarnell.sq", NULL, 0, 0.0294, 0.0522, 11.7474, 0.9941, Q, false},
        {"total-scattering/transforms/argon.reciprocal_space.dat", "Q,Q[S(Q)-1]", 1751, 0.02, 0.004921, 35.02,
         0.007507, Q, false},
        {"total-scattering/transforms/argon.real_space.dat", NULL, 1279, 0.075, 0, 63.975, 0.999877, R,
         false},
        {"total-scattering/transforms/argon.gr", "2,3", 1280, 0.025, 0, 63.975, 0.999877, R, false},
        {"rings/amorphous_Ta2O5_q.csv", "q,Iq", 1615, 0, 0, 33.97255463738931, 7, Q, false},
        {"rings/amorphous_Ta2O5_r.csv", NULL, 1000, 0.01, -0.0026718301730742086, 10, -0.08400563134582908, R,
         false},
        {"rings/fem/fem_Pd82Si18_as_quenched.txt", "1,2,3", 0, NAN, NAN, NAN, NAN, Q, true},
    };
    size_t n_found = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = test_data_path(files[i].path);
        if (path == NULL) continue;
        n_found++;
        vtr_error err;
        vtr_profile_text p;
        vtr_profile_text_params params = vtr_profile_text_default_params();
        params.columns = files[i].columns;
        assert_ok(vtr_profile_text_read(&p, path, &params, &err));
        if (files[i].n > 0 && files[i].n != p.n) fail_msg("%s: %zu points", files[i].path, p.n);
        if (isfinite(files[i].x0)) assert_near(p.x[0], files[i].x0, 1e-9);
        if (isfinite(files[i].y0)) assert_near(p.y[0], files[i].y0, 1e-9);
        if (isfinite(files[i].x1)) assert_near(p.x[p.n - 1], files[i].x1, 1e-9);
        if (isfinite(files[i].y1)) assert_near(p.y[p.n - 1], files[i].y1, 1e-9);
        if ((int)p.axis != files[i].axis) fail_msg("%s: axis %d", files[i].path, (int)p.axis);
        if ((p.error != NULL) != files[i].has_error) fail_msg("%s: errors", files[i].path);
        vtr_profile_text_release(&p);
    }
    if (n_found == 0) skip();
}

/* The .hspy file and the text file of the same profile, which another program wrote. */
static void a_hyperspy_signal_is_its_text(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text signal, text;
    const char *signal_path = test_data_path("rings/amorphous_SiO2_profile.hspy");
    const char *text_path = test_data_path("rings/amorphous_SiO2_profile.txt");
    if (signal_path == NULL || text_path == NULL) skip();
    vtr_profile_text_params params = vtr_profile_text_default_params();
    assert_fails(vtr_profile_hspy_read(&signal, signal_path, &params, &err), VTR_ERR_ARGUMENT, "--k-step");
    params.k_step_inv_angstrom = 0.00167;
    assert_ok(vtr_profile_hspy_read(&signal, signal_path, &params, &err));
    assert_ok(vtr_profile_text_read(&text, text_path, &params, &err));
    assert_int_equal(signal.n, text.n);
    assert_int_equal(signal.axis, text.axis);
    for (size_t i = 0; i < text.n; i++) {
        assert_near(signal.x[i], text.x[i], 1e-12);
        assert_near(signal.y[i], text.y[i], 1e-7 * text.y[i]); /* eight digits of text */
    }
    vtr_profile_text_release(&signal);
    vtr_profile_text_release(&text);
    const char *other = test_data_path("rings/amorphous_nbd_sum_512.hspy");
    if (other != NULL)
        assert_fails(vtr_profile_hspy_read(&signal, other, &params, &err), VTR_ERR_NOT_FOUND,
                     "no one-dimensional");
    assert_fails(vtr_profile_hspy_read(&signal, text_path, &params, &err), VTR_ERR_NOT_FOUND,
                 "no one-dimensional");
}

static vtr_status read_once(void *context, vtr_error *err)
{
    vtr_profile_text p;
    vtr_status status = vtr_profile_text_read(&p, context, NULL, err);
    if (status == VTR_OK) vtr_profile_text_release(&p);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", file_of("profile.dat", with_header("a = b\n", rows(" ", "\n", 3))));
    test_every_allocation_fails(read_once, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators_and_line_ends_do_not_matter),
        cmocka_unit_test(headers_of_every_kind_are_passed_over),
        cmocka_unit_test(errors_are_found_by_place_and_by_name),
        cmocka_unit_test(columns_can_be_chosen),
        cmocka_unit_test(fortran_and_empty_fields),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(one_value_a_line_needs_a_step),
        cmocka_unit_test(units_become_Q),
        cmocka_unit_test(angles_need_a_wavelength_and_r_is_no_profile),
        cmocka_unit_test(header_lines_are_keys_and_values),
        cmocka_unit_test(rounded_x_is_the_even_grid),
        cmocka_unit_test(wrong_files_are_refused_with_their_line),
        cmocka_unit_test(published_files_read),
        cmocka_unit_test(a_hyperspy_signal_is_its_text),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
