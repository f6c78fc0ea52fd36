/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole road from an intensity of known G: scale, constant and polynomial are taken out, G comes back. */
#include <math.h>
#include <string.h>

#include "pdf_scene.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/pdf.h"

enum { N = SCENE_N };

static void scale_and_constant_are_found(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    scene_make(&s, 1000, 3, 0);
    s.params.no_background = true;
    s.params.fit[0] = 15; /* where s has faded to 3e-4, of which the window's mean leaves some */
    assert_ok(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err));
    assert_near(pdf.normalisation.scale, 1000, 0.2);
    assert_near(pdf.normalisation.constant, 3, 0.02);
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
    scene_make(&s, 1000, 3, 0.2);
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
