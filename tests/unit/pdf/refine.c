/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sum rule and low-r refinement on an intensity of known scale, structure and density. */
#include "vitrail/pdf_refine.h"

#include <math.h>
#include <string.h>

#include "allocation.h"
#include "pdf_scene.h"
#include "support.h"

enum { N = SCENE_N };

static void prepare(scene *s, vtr_pdf_refine_params *refine)
{
    scene_make(s, 1000, 0, 0);
    s->params.density = SCENE_DENSITY;
    s->params.rcut = 2;
    s->params.extrapolate = true;
    *refine = vtr_pdf_refine_default_params();
}

/* What is missing below 0.5 1/Å and beyond the end of the data is 0.2 % of the integral. */
static void the_sum_rule_gives_the_scale(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    vtr_pdf_refine_params refine;
    prepare(&s, &refine);
    assert_ok(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err));
    assert_near(pdf.normalisation.scale, 1000, 2);
    assert_int_equal(pdf.normalisation.source, VTR_PDF_SCALE_DENSITY);
    for (size_t j = 0; j < pdf.n_q; j++)
        assert_near(pdf.F[j], s.f[j], 0.003 * (fabs(s.f[j]) + 3 * pdf.q[j]));
    vtr_pdf_release(&pdf);
}

static double distance(const vtr_pdf *pdf, const scene *s)
{
    double sum = 0, norm = 0;
    for (size_t j = 0; j < pdf->n_q; j++) {
        sum += (pdf->F[j] - s->f[j]) * (pdf->F[j] - s->f[j]);
        norm += s->f[j] * s->f[j];
    }
    return sqrt(sum / norm);
}

/* A factor that varies over 12 1/Å acts below 2 pi/12 Å, where nothing else is: the iterations take it out. */
static void iterations_take_out_a_slow_factor(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf before, after;
    vtr_pdf_refinement report;
    vtr_pdf_refine_params refine;
    prepare(&s, &refine);
    for (int j = 0; j < N; j++)
        s.intensity[j] *= 1 + 0.05 * sin(s.q[j] / 2);
    assert_ok(vtr_pdf_refine(&before, NULL, &s.profile, &s.params, &refine, &err));
    refine.iterations = 10;
    assert_ok(vtr_pdf_refine(&after, &report, &s.profile, &s.params, &refine, &err));
    print_message("F differs by %.3f before, by %.3f after; low r %g, %g\n", distance(&before, &s),
                  distance(&after, &s), report.misfit_before, report.misfit_after);
    assert_true(distance(&before, &s) > 0.1);
    assert_true(distance(&after, &s) < 0.2 * distance(&before, &s));
    assert_true(report.misfit_after < 1e-3 * report.misfit_before);
    vtr_pdf_release(&before);
    vtr_pdf_release(&after);
}

static void the_density_is_found(void **state)
{
    (void)state;
    static const double starts[] = {0.6, 1.5};
    for (int k = 0; k < 2; k++) {
        scene s;
        vtr_error err;
        vtr_pdf pdf;
        vtr_pdf_refine_params refine;
        prepare(&s, &refine);
        s.params.density = starts[k] * SCENE_DENSITY;
        refine.iterations = 3;
        refine.find_density = true;
        assert_ok(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err));
        print_message("density %g of %g\n", pdf.normalisation.density, SCENE_DENSITY);
        assert_near(pdf.normalisation.density / SCENE_DENSITY, 1, 0.03);
        vtr_pdf_release(&pdf);
    }
}

/* dG/dI through scale and iterations, against the difference that one changed point makes. */
static void errors_follow_the_iterations(void **state)
{
    (void)state;
    static const int points[] = {20, 60, 150};
    scene s;
    vtr_error err;
    vtr_pdf pdf, changed;
    vtr_pdf_refine_params refine;
    prepare(&s, &refine);
    refine.iterations = 5;
    assert_ok(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err));
    for (int k = 0; k < 3; k++) {
        int j = points[k];
        double sigma = sqrt(s.variance[j]), kept = s.intensity[j];
        s.intensity[j] += 1e-3 * sigma;
        assert_ok(vtr_pdf_refine(&changed, NULL, &s.profile, &s.params, &refine, &err));
        s.intensity[j] = kept;
        double largest = 0;
        for (size_t i = 0; i < pdf.n_r; i++)
            largest = fmax(largest, fabs(pdf.sensitivity[i * pdf.n_q + (size_t)j]));
        for (size_t i = 0; i < pdf.n_r; i++)
            assert_near((changed.G[i] - pdf.G[i]) / 1e-3, pdf.sensitivity[i * pdf.n_q + (size_t)j],
                        1e-3 * largest);
        vtr_pdf_release(&changed);
    }
    vtr_pdf_release(&pdf);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    vtr_pdf_refine_params refine;
    prepare(&s, &refine);
    s.params.density = NAN;
    assert_fails(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err), VTR_ERR_ARGUMENT,
                 "need a density");
    prepare(&s, &refine);
    s.params.kernel = VTR_PDF_KERNEL_PLAIN;
    assert_fails(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err), VTR_ERR_ARGUMENT,
                 "absolute G");
    prepare(&s, &refine);
    refine.find_density = true;
    refine.density_range[0] = 2 * SCENE_DENSITY;
    refine.density_range[1] = 3 * SCENE_DENSITY;
    assert_fails(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err), VTR_ERR_NOT_FOUND,
                 "leaves least at low r");
    for (int j = 0; j < N; j++)
        s.intensity[j] = -s.intensity[j];
    refine.find_density = false;
    assert_fails(vtr_pdf_refine(&pdf, NULL, &s.profile, &s.params, &refine, &err), VTR_ERR_NUMERIC, "scale");
}

static vtr_status refine_once(void *context, vtr_error *err)
{
    scene *s = context;
    vtr_pdf pdf;
    vtr_pdf_refine_params refine = vtr_pdf_refine_default_params();
    refine.iterations = 2;
    refine.formalism = VTR_PDF_ASHCROFT_LANGRETH;
    vtr_status status = vtr_pdf_refine(&pdf, NULL, &s->profile, &s->params, &refine, err);
    if (status == VTR_OK) vtr_pdf_release(&pdf);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    scene s;
    vtr_pdf_refine_params refine;
    prepare(&s, &refine);
    s.profile.n = 100;
    test_every_allocation_fails(refine_once, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_rule_gives_the_scale), cmocka_unit_test(iterations_take_out_a_slow_factor),
        cmocka_unit_test(the_density_is_found),         cmocka_unit_test(errors_follow_the_iterations),
        cmocka_unit_test(wrong_requests_are_refused),   cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
