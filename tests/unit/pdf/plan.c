/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole road from an intensity of known G: scale, constant and polynomial are taken out, G comes back. */
#include <math.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/pdf.h"

enum { N = 500 };

typedef struct scene {
    double q[N], intensity[N], variance[N], f[N];
    vtr_pdf_profile profile;
    vtr_pdf_params params;
} scene;

/* Gaussian shells in G: g_0 = sum of h exp(-(r - c)^2/(2 w^2)), made odd; its transform in closed form is
 * F = sum of h w sqrt(2 pi) sin(Q c) exp(-w^2 Q^2/2). */
static double structure(double q)
{
    const double shell[3][3] = {{2.8, 1.2, 0.3}, {4.8, 0.4, 0.3}, {7.2, 0.2, 0.4}};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double x = shell[i][2] * q;
        sum += shell[i][1] * shell[i][2] * sqrt(2 * VTR_PI) * sin(q * shell[i][0]) * exp(-x * x / 2);
    }
    return sum;
}

static void make(scene *s, double scale, double constant, double slope)
{
    vtr_error err;
    vtr_composition c;
    assert_ok(vtr_composition_parse(&c, "Zr50Cu50", &err));
    for (int j = 0; j < N; j++) {
        double q = s->q[j] = 0.5 + 0.04 * j, f, f2;
        vtr_electron_averages(&c, q / (2 * VTR_PI), &f, &f2);
        s->f[j] = structure(q);
        s->intensity[j] = scale * (f2 + f * f * (s->f[j] / q + slope * (q - 10) / 10)) + constant;
        s->variance[j] = s->intensity[j] / (40 * q);
    }
    s->profile = (vtr_pdf_profile){N, s->q, s->intensity, s->variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    s->params = vtr_pdf_default_params();
    s->params.composition = "Zr50Cu50";
    s->params.rmax = 10;
}

static void scale_and_constant_are_found(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    make(&s, 1000, 3, 0);
    s.params.no_background = true;
    s.params.fit[0] = 15; /* where the shells have faded to 1e-4 */
    assert_ok(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err));
    assert_near(pdf.normalisation.scale, 1000, 0.05);
    assert_near(pdf.normalisation.constant, 3, 0.001);
    for (size_t j = 0; j < pdf.n_q; j++)
        assert_near(pdf.F[j], s.f[j], 1e-3);
    vtr_pdf_release(&pdf);
}

static void many_profiles_are_each_one(void **state)
{
    (void)state;
    enum { MANY = 70 };
    static float intensity[MANY * N], variance[MANY * N], g[2][MANY * 501], g_error[2][MANY * 501],
        f[MANY * N], f_error[MANY * N];
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    vtr_pdf_plan *plan = NULL;
    double scale[MANY], scale_error[MANY];
    make(&s, 1000, 3, 0.2);
    assert_ok(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err));
    assert_ok(vtr_pdf_plan_create(&plan, &s.profile, &s.params, &err));
    for (int i = 0; i < MANY * N; i++) {
        intensity[i] = (float)s.intensity[i % N];
        variance[i] = (float)s.variance[i % N];
    }
    intensity[3 * N + 40] = NAN;
    for (int threads = 1; threads <= 2; threads++) {
        vtr_pdf_block out = {g[threads - 1], g_error[threads - 1], f, f_error, scale, scale_error};
        assert_ok(vtr_pdf_apply(plan, MANY, intensity, variance, &out, threads, &err));
    }
    assert_memory_equal(g[0], g[1], sizeof g[0]);
    assert_memory_equal(g_error[0], g_error[1], sizeof g_error[0]);
    for (size_t k = 0; k < pdf.n_r; k++) {
        assert_near((double)g[0][69 * pdf.n_r + k], pdf.G[k], 1e-5);
        assert_near((double)g_error[0][69 * pdf.n_r + k], pdf.G_error[k], 1e-4 * pdf.G_error[k] + 1e-7);
        assert_true(isnan(g[0][3 * pdf.n_r + k]) && isnan(g_error[0][3 * pdf.n_r + k]));
    }
    for (size_t j = 0; j < pdf.n_q; j++) {
        assert_near((double)f[69 * N + j], pdf.F[j], 1e-5);
        assert_near((double)f_error[69 * N + j], pdf.F_error[j], 1e-4 * pdf.F_error[j]);
    }
    assert_near(scale[69], pdf.normalisation.scale, 1e-4);
    assert_near(scale_error[69], pdf.normalisation.scale_error, 1e-6);
    vtr_pdf_release(&pdf);
    vtr_pdf_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale_and_constant_are_found),
        cmocka_unit_test(many_profiles_are_each_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
