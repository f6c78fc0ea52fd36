/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_correct.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"

enum { N = 200 };
static const double wavelength = 0.7093;

/* Over Q = 0.05, 0.1, ..., with y = 1 and errors of 0.1. */
static vtr_profile_text flat_profile(void)
{
    static double x[N], y[N], error[N];
    for (int i = 0; i < N; i++) {
        x[i] = 0.05 * (i + 1);
        y[i] = 1;
        error[i] = 0.1;
    }
    return (vtr_profile_text){.n = N, .x = x, .y = y, .error = error, .axis = VTR_PROFILE_AXIS_Q};
}

static double two_theta_of(double q)
{
    return 2 * asin(q * wavelength / (4 * VTR_PI));
}

/* Composite Simpson rule over [0, 1]. */
static double integral(double (*f)(double x, double mu), double mu)
{
    enum { STEPS = 20000 };
    double sum = 0;
    for (int i = 0; i <= STEPS; i++)
        sum += (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * f((double)i / STEPS, mu);
    return sum / (3 * STEPS);
}

/* Chords at height sin(x pi/2): straight on, every point of a chord loses the whole chord; straight back, twice its depth. */
static double forward(double x, double mu)
{
    double c = cos(x * VTR_PI / 2);
    return 2 * c * c * exp(-2 * mu * c);
}

static double backward(double x, double mu)
{
    double c = cos(x * VTR_PI / 2);
    return c * -expm1(-4 * mu * c) / (2 * mu);
}

/* Both are single integrals. */
static void a_cylinder_forward_and_backward(void **state)
{
    (void)state;
    static const double mu[] = {0.01, 0.3, 1, 3, 8}, angles[] = {0, VTR_PI};
    for (int i = 0; i < 5; i++) {
        vtr_error err;
        double factor[2], tolerance = mu[i] > 3 ? 1e-2 : 1e-3;
        assert_ok(vtr_cylinder_absorption(2, angles, mu[i], 0, 1, factor, NULL, NULL, &err));
        double ahead = integral(forward, mu[i]), back = integral(backward, mu[i]);
        assert_near(factor[0] / ahead, 1, tolerance);
        assert_near(factor[1] / back, 1, tolerance);
    }
}

/* Hewat's fit for muR below 1 (Acta Cryst. A35, 248, 1979) is good to a per cent. */
static void a_cylinder_between(void **state)
{
    (void)state;
    vtr_error err;
    for (int i = 0; i <= 6; i++)
        for (double mu = 0.1; mu < 1; mu += 0.2) {
            double two_theta = VTR_PI / 6 * i, factor, s2 = pow(sin(two_theta / 2), 2);
            assert_ok(vtr_cylinder_absorption(1, &two_theta, mu, 0, 1, &factor, NULL, NULL, &err));
            double fit = exp(-(1.7133 - 0.0368 * s2) * mu + (0.0927 + 0.375 * s2) * mu * mu);
            assert_near(factor / fit, 1, 0.015);
        }
}

/* A wall of the sample's own matter: sample and wall together are one larger cylinder. An empty one lets the wall be seen
 * through nothing. */
static void a_wall_is_part_of_a_larger_cylinder(void **state)
{
    (void)state;
    vtr_error err;
    const double mu = 0.4, ratio = 1.5;
    for (int i = 0; i <= 4; i++) {
        double angle = VTR_PI / 4 * i, sample, wall, empty, whole;
        assert_ok(vtr_cylinder_absorption(1, &angle, mu, mu, ratio, &sample, &wall, &empty, &err));
        assert_ok(vtr_cylinder_absorption(1, &angle, mu * ratio, 0, 1, &whole, NULL, NULL, &err));
        double area = ratio * ratio;
        assert_near((sample + (area - 1) * wall) / area, whole, 1e-3);
        assert_true(empty > wall);
        assert_ok(vtr_cylinder_absorption(1, &angle, 0, mu, ratio, NULL, &wall, &empty, &err));
        assert_near(wall, empty, 1e-15);
    }
}

static double plate_mean(double z, double mu)
{
    return exp(-mu * z - mu * (1 - z) / cos(0.5));
}

static void plates(void **state)
{
    (void)state;
    assert_near(vtr_plate_absorption(VTR_ABSORPTION_PLATE, 0.7, 0.5), integral(plate_mean, 0.7), 1e-9);
    assert_near(vtr_plate_absorption(VTR_ABSORPTION_PLATE, 0.7, 0), exp(-0.7), 1e-12);
    assert_near(vtr_plate_absorption(VTR_ABSORPTION_TRANSMISSION, 0.7, 0.8), exp(-0.7 / cos(0.4)) / cos(0.4),
                1e-12);
    assert_near(vtr_plate_absorption(VTR_ABSORPTION_REFLECTION, NAN, 0.8), 1, 0);
    assert_near(vtr_plate_absorption(VTR_ABSORPTION_REFLECTION, 1e-6, 0.8), 2e-6 / sin(0.4), 1e-10);
    assert_true(isnan(vtr_plate_absorption(VTR_ABSORPTION_PLATE, 0.7, 2)));
}

static void profiles_and_errors_are_divided(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = flat_profile();
    vtr_profile_correct_params c = vtr_profile_correct_default_params();
    c.polarisation = 0;
    c.absorption = VTR_ABSORPTION_CYLINDER;
    c.mu_r = 0.5;
    assert_ok(vtr_profile_correct(&p, wavelength, &c, &err));
    for (int i = 0; i < N; i += 37) {
        double angle = two_theta_of(p.x[i]), factor;
        assert_ok(vtr_cylinder_absorption(1, &angle, 0.5, 0, 1, &factor, NULL, NULL, &err));
        factor *= (1 + cos(angle) * cos(angle)) / 2;
        assert_near(p.y[i] * factor, 1, 2e-5);
        assert_near(p.error[i], 0.1 * p.y[i], 1e-12);
    }
}

/* A tube behind a crystal at 90 degrees sends light that is wholly polarised across the plane. */
static void polarisation(void **state)
{
    (void)state;
    vtr_error err;
    static const double degrees[] = {-1, 0, 0.3, 1};
    for (int k = 0; k < 4; k++) {
        double across = (1 + degrees[k]) / 2, within = (1 - degrees[k]) / 2;
        assert_near(vtr_polarisation_factor(degrees[k], 1), across + within * pow(cos(1), 2), 1e-15);
    }
    vtr_profile_text p = flat_profile();
    vtr_profile_correct_params c = vtr_profile_correct_default_params();
    c.monochromator_deg = 90;
    assert_ok(vtr_profile_correct(&p, wavelength, &c, &err));
    assert_near(p.y[N - 1], 1, 1e-12);
    c.monochromator_deg = 26.6;
    assert_ok(vtr_profile_correct(&p, wavelength, &c, &err));
    double a = pow(cos(26.6 * VTR_PI / 180), 2), b = pow(cos(two_theta_of(p.x[N - 1])), 2);
    assert_near(p.y[N - 1], (1 + a) / (1 + a * b), 1e-9);
}

static void the_empty_wall_is_dimmed_by_the_sample(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = flat_profile();
    vtr_profile_correct_params c = vtr_profile_correct_default_params();
    assert_ok(vtr_profile_correct_background(&p, NAN, &c, &err));
    assert_near(p.y[0], 1, 0);
    c.absorption = VTR_ABSORPTION_CYLINDER;
    c.mu_r = 0.5;
    c.wall_mu_r = 0.1;
    c.wall_ratio = 1.1;
    assert_ok(vtr_profile_correct_background(&p, wavelength, &c, &err));
    double angle = two_theta_of(p.x[100]), wall, empty;
    assert_ok(vtr_cylinder_absorption(1, &angle, 0.5, 0.1, 1.1, NULL, &wall, &empty, &err));
    assert_near(p.y[100], wall / empty, 2e-5);
    assert_near(p.error[100], 0.1 * wall / empty, 2e-6);
}

/* S and F come out of the normalisation as they went in. */
static void structure_functions_pass_unchanged(void **state)
{
    (void)state;
    static const vtr_profile_content contents[] = {VTR_PROFILE_S, VTR_PROFILE_F, VTR_PROFILE_BARN};
    for (int k = 0; k < 3; k++) {
        vtr_error err;
        vtr_pdf pdf;
        vtr_profile_text p = flat_profile();
        vtr_pdf_params params = vtr_pdf_default_params();
        params.composition = "SiO2";
        params.radiation = k == 2 ? VTR_RADIATION_NEUTRON : VTR_RADIATION_XRAY;
        double b = (4.1491 + 2 * 5.805) / 3, given[N];
        for (int i = 0; i < N; i++) {
            double s = 0.3 * sin(3 * p.x[i]);
            given[i] = p.y[i] = k == 0 ? 1 + s : k == 1 ? p.x[i] * s : 0.01 * b * b * s;
        }
        assert_ok(vtr_profile_from_structure(&p, contents[k], &params, &err));
        vtr_pdf_profile profile = {N, p.x, p.y, NULL, VTR_PDF_AXIS_Q_INV_ANGSTROM};
        assert_ok(vtr_pdf_compute(&pdf, &profile, &params, &err));
        for (size_t j = 0; j < pdf.n_q; j++) {
            double out = k == 0 ? pdf.S[j] : k == 1 ? pdf.F[j] : 0.01 * b * b * (pdf.S[j] - 1);
            assert_near(out, given[j], 1e-4);
        }
        vtr_pdf_release(&pdf);
    }
}

static void steps_average_points(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = flat_profile();
    for (int i = 0; i < N; i++)
        p.y[i] = 2 * p.x[i];
    p.y[9] = NAN; /* at 0.5, of the step about 0.4 */
    assert_ok(vtr_profile_text_rebin(&p, 0.4, &err));
    assert_int_equal(p.n, 26);
    for (size_t i = 0; i < p.n; i++)
        assert_near(p.y[i], 2 * p.x[i], 1e-12);
    assert_near(p.x[10], 3.975, 1e-12); /* 3.8, 3.85, ..., 4.15 */
    assert_near(p.error[10], 0.1 / sqrt(8), 1e-12);
    assert_near(p.error[1], 0.1 / sqrt(7), 1e-12);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = flat_profile();
    vtr_pdf_params params = vtr_pdf_default_params();
    vtr_profile_correct_params c = vtr_profile_correct_default_params();
    c.polarisation = 0;
    assert_fails(vtr_profile_correct(&p, NAN, &c, &err), VTR_ERR_ARGUMENT, "--wavelength");
    assert_fails(vtr_profile_correct(&p, 2, &c, &err), VTR_ERR_RANGE, "back-scattering");
    c.monochromator_deg = 20;
    assert_fails(vtr_profile_correct(&p, 1, &c, &err), VTR_ERR_ARGUMENT, "two ways");
    c = vtr_profile_correct_default_params();
    c.absorption = VTR_ABSORPTION_CYLINDER;
    assert_fails(vtr_profile_correct(&p, 1, &c, &err), VTR_ERR_ARGUMENT, "mu-r");
    c.absorption = VTR_ABSORPTION_PLATE;
    assert_fails(vtr_profile_correct(&p, 1, &c, &err), VTR_ERR_ARGUMENT, "mu-t");
    c.mu_t = 1;
    assert_fails(vtr_profile_correct(&p, 1, &c, &err), VTR_ERR_RANGE, "90 degrees");
    assert_near(p.y[0], 1, 0);
    params.composition = "SiO2";
    params.radiation = VTR_RADIATION_XRAY;
    assert_fails(vtr_profile_from_structure(&p, VTR_PROFILE_BARN, &params, &err), VTR_ERR_ARGUMENT,
                 "neutrons");
    assert_fails(vtr_profile_text_rebin(&p, 0, &err), VTR_ERR_ARGUMENT, "positive step");
    assert_fails(vtr_profile_text_rebin(&p, 5, &err), VTR_ERR_NO_DATA, "too few");
    assert_int_equal(p.n, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cylinder_forward_and_backward),
        cmocka_unit_test(a_cylinder_between),
        cmocka_unit_test(a_wall_is_part_of_a_larger_cylinder),
        cmocka_unit_test(plates),
        cmocka_unit_test(profiles_and_errors_are_divided),
        cmocka_unit_test(polarisation),
        cmocka_unit_test(the_empty_wall_is_dimmed_by_the_sample),
        cmocka_unit_test(structure_functions_pass_unchanged),
        cmocka_unit_test(steps_average_points),
        cmocka_unit_test(wrong_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
