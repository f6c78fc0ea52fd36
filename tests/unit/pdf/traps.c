/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes wrong with profiles as they come, and what must not change the answer. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "pdf_scene.h"
#include "support.h"
#include "vitrail/constants.h"

static vtr_pdf compute(const scene *s)
{
    vtr_error err;
    vtr_pdf pdf;
    assert_ok(vtr_pdf_compute(&pdf, &s->profile, &s->params, &err));
    return pdf;
}

static void units_change_nothing(void **state)
{
    (void)state;
    static const vtr_pdf_axis axis[] = {VTR_PDF_AXIS_Q_INV_NM, VTR_PDF_AXIS_K_INV_ANGSTROM,
                                        VTR_PDF_AXIS_K_INV_NM};
    scene s;
    double other[SCENE_N];
    scene_make(&s, 1000, 3, 0.05);
    vtr_pdf truth = compute(&s);
    for (int k = 0; k < 3; k++) {
        for (int j = 0; j < SCENE_N; j++)
            other[j] = s.q[j] / vtr_pdf_axis_scale(axis[k]);
        s.profile.axis = other;
        s.profile.axis_kind = axis[k];
        vtr_pdf pdf = compute(&s);
        assert_int_equal(pdf.n_q, truth.n_q);
        for (size_t i = 0; i < pdf.n_r; i++)
            assert_near(pdf.G[i], truth.G[i], 1e-8);
        vtr_pdf_release(&pdf);
    }
    vtr_pdf_release(&truth);
}

/* Intensities in any unit: G and its error stay, N goes along. */
static void scale_of_the_intensity_changes_nothing(void **state)
{
    (void)state;
    scene s, large;
    scene_make(&s, 1000, 3, 0.05);
    large = s;
    for (int j = 0; j < SCENE_N; j++) {
        large.intensity[j] *= 1e9;
        large.variance[j] *= 1e18;
    }
    large.profile =
        (vtr_pdf_profile){SCENE_N, large.q, large.intensity, large.variance, large.profile.axis_kind};
    vtr_pdf a = compute(&s), b = compute(&large);
    assert_near(b.normalisation.scale / a.normalisation.scale, 1e9, 1);
    for (size_t i = 0; i < a.n_r; i++) {
        assert_near(b.G[i], a.G[i], 1e-8);
        assert_near(b.G_error[i], a.G_error[i], 1e-8);
    }
    vtr_pdf_release(&a);
    vtr_pdf_release(&b);
}

static void k_given_for_q_is_noticed(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, 1000, 3, 0);
    vtr_pdf good = compute(&s);
    assert_int_equal(good.normalisation.notes & VTR_PDF_NOTE_AXIS, 0);
    assert_near(good.normalisation.first_peak, 2.75, 0.2);
    for (int j = 0; j < SCENE_N; j++)
        s.q[j] /= 2 * VTR_PI;
    vtr_pdf bad = compute(&s);
    assert_true((bad.normalisation.notes & VTR_PDF_NOTE_AXIS) != 0);
    assert_true(strlen(vtr_pdf_note_text(VTR_PDF_NOTE_AXIS)) > 20);
    vtr_pdf_release(&good);
    vtr_pdf_release(&bad);
}

static void gaps_and_ends_of_the_data(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    scene_make(&s, 1000, 3, 0);
    for (int j = 0; j < 20; j++) /* a beam stop */
        s.intensity[j] = NAN;
    s.intensity[SCENE_N - 1] = NAN;
    pdf = compute(&s);
    assert_near(pdf.normalisation.qmin, 1.3, 1e-9);
    vtr_pdf_release(&pdf);
    s.params.qmin = 0.8;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_RANGE, "qmin");
    s.params.qmin = NAN;
    s.params.qmax = 25;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_RANGE, "qmax");
    s.params.qmax = 15;
    s.params.qmaxinst = 12;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_RANGE, "qmaxinst");
    s.params.qmax = s.params.qmaxinst = NAN;
    s.intensity[250] = NAN;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_NO_DATA, "gaps");
}

static void short_windows_and_bad_intensities(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    scene_make(&s, 1000, 3, 0);
    s.params.fit[0] = 19;
    s.params.fit[1] = 20;
    pdf = compute(&s);
    assert_true((pdf.normalisation.notes & VTR_PDF_NOTE_SHORT_WINDOW) != 0);
    vtr_pdf_release(&pdf);
    s.params.fit[1] = 19.1;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_RANGE, "fit range");
    s.params.fit[0] = s.params.fit[1] = NAN;
    s.intensity[400] = -1;
    pdf = compute(&s);
    assert_true((pdf.normalisation.notes & VTR_PDF_NOTE_NEGATIVE) != 0);
    vtr_pdf_release(&pdf);
    memset(s.intensity, 0, sizeof s.intensity);
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_NUMERIC, "scale");
    s.params.composition = "Zr50Xx50";
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_ARGUMENT, "Xx");
    s.params.composition = NULL;
    assert_fails(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err), VTR_ERR_ARGUMENT, "composition");
}

/* What one result found, held for the next: the same G from the same profile. */
static void everything_can_be_held(void **state)
{
    (void)state;
    scene s;
    char polynomial[512];
    scene_make(&s, 1000, 3, 0.05);
    vtr_pdf first = compute(&s);
    assert_true(vtr_pdf_polynomial_text(&first.normalisation, polynomial, sizeof polynomial) <
                sizeof polynomial);
    s.params.scale = first.normalisation.scale;
    s.params.constant = first.normalisation.constant;
    s.params.polynomial = polynomial;
    vtr_pdf second = compute(&s);
    assert_int_equal(second.normalisation.source, VTR_PDF_SCALE_GIVEN);
    for (size_t i = 0; i < first.n_r; i++)
        assert_near(second.G[i], first.G[i], 1e-7);
    s.params.scale = NAN;
    s.params.match = 18;
    vtr_pdf third = compute(&s);
    assert_int_equal(third.normalisation.source, VTR_PDF_SCALE_MATCHED);
    double atomic = NAN;
    for (size_t j = 0; j + 1 < third.n_q; j++)
        if (third.q[j] <= 18 && third.q[j + 1] > 18) {
            double t = (18 - third.q[j]) / (third.q[j + 1] - third.q[j]);
            atomic = (1 - t) * (third.atomic[j] - third.intensity[j]) +
                     t * (third.atomic[j + 1] - third.intensity[j + 1]);
        }
    assert_near(atomic + s.params.constant, 0, 1e-6);
    vtr_pdf_release(&first);
    vtr_pdf_release(&second);
    vtr_pdf_release(&third);
}

/* The density sets N to 2 %, with backgrounds that the window takes for scattering; the core's edge, blurred by 0.2 Å,
 * makes the line of this scene end earlier than that of a glass. */
static void density_sets_the_scale_whatever_the_background(void **state)
{
    (void)state;
    static const double part[] = {0, 0.1, 0.4};
    for (int k = 0; k < 3; k++) {
        scene s;
        scene_make(&s, 1000, 0, 0);
        vtr_composition c;
        vtr_error err;
        assert_ok(vtr_composition_parse(&c, "Cu", &err));
        for (int j = 0; j < SCENE_N; j++) {
            double f, f2;
            vtr_electron_averages(&c, s.q[j] / (2 * VTR_PI), &f, &f2);
            s.intensity[j] += 1000 * part[k] * f2;
        }
        s.params.density = SCENE_DENSITY;
        vtr_pdf pdf = compute(&s);
        assert_int_equal(pdf.normalisation.source, VTR_PDF_SCALE_DENSITY);
        assert_near(pdf.normalisation.scale, 1000, 20);
        assert_near(pdf.normalisation.window_scale, 1000 * (1 + part[k]), 20);
        vtr_pdf_release(&pdf);
    }
}

/* G with a window is the transform of F times that window; the plain kernel that of s. */
static void windows_and_kernels(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, 1000, 3, 0.05);
    for (int window = VTR_PDF_WINDOW_NONE; window <= VTR_PDF_WINDOW_COSINE; window++)
        for (int kernel = 0; kernel < 2; kernel++) {
            s.params.window = window;
            s.params.kernel = kernel;
            vtr_pdf pdf = compute(&s);
            double f[SCENE_N], g, qmax = pdf.normalisation.qmax;
            for (size_t j = 0; j < pdf.n_q; j++) {
                double q = pdf.q[j], x = VTR_PI * q / qmax;
                double w[] = {1, sin(x) / x, exp(-2 * q * q / (qmax * qmax)), pow(0.1, q * q / (qmax * qmax)),
                              q < 0.8 * qmax ? 1 : (1 + cos(VTR_PI * (q - 0.8 * qmax) / (0.2 * qmax))) / 2};
                f[j] = pdf.F[j] * w[window] * (kernel == VTR_PDF_KERNEL_PLAIN ? 1 / (4 * q) : 1);
            }
            for (size_t i = 10; i < pdf.n_r; i += 37) {
                vtr_pdf_transform(pdf.n_q, pdf.q, f, 1, &pdf.r[i], &g);
                assert_near(pdf.G[i], g, 1e-9);
            }
            assert_true((pdf.R != NULL) == (kernel == VTR_PDF_KERNEL_SINE));
            vtr_pdf_release(&pdf);
        }
}

/* With the line below qmin filled in, G lies nearer to -4 pi rho r inside the core. */
static void extrapolation_mends_the_slope(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, 1000, 0, 0);
    s.params.qmin = 1.5;
    s.params.scale = 1000;
    s.params.no_constant = s.params.no_background = true;
    vtr_pdf without = compute(&s);
    s.params.extrapolate = true;
    vtr_pdf with = compute(&s);
    double line = -4 * VTR_PI * SCENE_DENSITY * with.r[50];
    assert_true(fabs(with.G[50] - line) < 0.2 * fabs(without.G[50] - line));
    vtr_pdf_release(&without);
    vtr_pdf_release(&with);
}

static void rpoly_between_whole_orders_is_a_mean(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, 1000, 3, 0.05);
    vtr_pdf part[3];
    double qmaxinst = 20.46;
    for (int k = 0; k < 3; k++) {
        double order = k == 0 ? 2 : k == 1 ? 3 : 2.25;
        s.params.rpoly = (order + 1) * VTR_PI / qmaxinst + 1e-12;
        part[k] = compute(&s);
    }
    for (size_t i = 0; i < part[0].n_r;
         i++) /* the weights of the two fits follow F of the round before: not quite */
        assert_near(part[2].G[i], 0.75 * part[0].G[i] + 0.25 * part[1].G[i], 1e-3);
    for (int k = 0; k < 3; k++)
        vtr_pdf_release(&part[k]);
}

static void shells_and_coordination(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    double range[4][2], number, error, sum = 0;
    scene_make(&s, 1000, 0, 0);
    s.params.density = SCENE_DENSITY;
    vtr_pdf pdf = compute(&s);
    assert_int_equal(vtr_pdf_find_shells(pdf.n_r, pdf.r, pdf.G, pdf.normalisation.first_peak, 2, range), 2);
    assert_true(range[0][0] < 2.7 && range[0][1] > 3 && range[0][1] < 4.6);
    assert_true(range[1][0] == range[0][1] && range[1][1] > 5);
    assert_ok(vtr_pdf_coordination(&pdf, range[0][0], range[0][1], &number, &error, &err));
    for (size_t i = 1; i < pdf.n_r; i++)
        if (pdf.r[i - 1] >= range[0][0] - 1e-9 && pdf.r[i] <= range[0][1] + 1e-9)
            sum += 0.01 * (pdf.R[i - 1] + pdf.R[i]);
    assert_near(number, sum, 1e-6);
    assert_true(number > 9 && number < 15 && error > 0);
    assert_fails(vtr_pdf_coordination(&pdf, 3, 50, &number, &error, &err), VTR_ERR_RANGE, "50");
    assert_near(vtr_pdf_shared_atoms_distance(3, 1), 6, 1e-12);
    assert_near(vtr_pdf_shared_atoms_distance(3, 2), 5.19615, 1e-5);
    assert_near(vtr_pdf_shared_atoms_distance(3, 3), 4.89898, 1e-5);
    assert_true(isnan(vtr_pdf_shared_atoms_distance(3, 4)));
    vtr_pdf_release(&pdf);
}

static vtr_status compute_and_apply(void *context, vtr_error *err)
{
    const scene *s = context;
    static float intensity[SCENE_N], variance[SCENE_N], g[501], g_error[501];
    double scale;
    vtr_pdf pdf;
    vtr_pdf_peak peak;
    vtr_pdf_plan *plan = NULL;
    vtr_pdf_block out = {.G = g, .G_error = g_error, .scale = &scale};
    for (int j = 0; j < SCENE_N; j++) {
        intensity[j] = (float)s->intensity[j];
        variance[j] = (float)s->variance[j];
    }
    vtr_status status = vtr_pdf_compute(&pdf, &s->profile, &s->params, err);
    if (status != VTR_OK) return status;
    status = vtr_pdf_peak_fit(&peak, &pdf, 2, 4, err);
    vtr_pdf_release(&pdf);
    if (status == VTR_OK) status = vtr_pdf_plan_create(&plan, &s->profile, &s->params, err);
    if (status == VTR_OK) status = vtr_pdf_apply(plan, 1, intensity, variance, &out, 1, err);
    if (status == VTR_OK) status = vtr_pdf_peaks(plan, 1, &out, variance, 2, 4, &peak, 1, err);
    vtr_pdf_plan_free(&plan);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, 1000, 0, 0);
    s.params.density = SCENE_DENSITY;
    test_every_allocation_fails(compute_and_apply, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_change_nothing),
        cmocka_unit_test(scale_of_the_intensity_changes_nothing),
        cmocka_unit_test(k_given_for_q_is_noticed),
        cmocka_unit_test(gaps_and_ends_of_the_data),
        cmocka_unit_test(short_windows_and_bad_intensities),
        cmocka_unit_test(everything_can_be_held),
        cmocka_unit_test(density_sets_the_scale_whatever_the_background),
        cmocka_unit_test(windows_and_kernels),
        cmocka_unit_test(extrapolation_mends_the_slope),
        cmocka_unit_test(rpoly_between_whole_orders_is_a_mean),
        cmocka_unit_test(shells_and_coordination),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
