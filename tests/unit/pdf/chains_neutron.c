/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Neutrons: interference cross-sections in barn per steradian and atom, as Gudrun writes them, and a table of S(Q). */
#include <math.h>
#include <stdlib.h>

#include "chain.h"
#include "vitrail/constants.h"
#include "vitrail/pdf_correct.h"

/* Points between lo and hi in Q; Gudrun writes zeros where there are no data. */
static vtr_profile_text read_between(const char *name, double lo, double hi)
{
    vtr_profile_text p = chain_read(name, "1,2,3");
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++) {
        if (p.x[i] < lo || p.x[i] > hi || p.y[i] == 0) continue;
        p.x[n] = p.x[i];
        p.y[n] = p.y[i];
        p.error[n++] = p.error[i];
    }
    p.n = n;
    p.axis = VTR_PROFILE_AXIS_Q;
    return p;
}

static vtr_pdf_params neutron_params(const char *composition, double density)
{
    vtr_pdf_params p = vtr_pdf_default_params();
    p.composition = composition;
    p.radiation = VTR_RADIATION_NEUTRON;
    p.density = density;
    return p;
}

static vtr_pdf compute(const vtr_profile_text *profile, const vtr_pdf_params *params)
{
    vtr_error err;
    vtr_pdf pdf;
    double *variance = chain_variance(profile);
    vtr_pdf_profile p = {profile->n, profile->x, profile->y, variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&pdf, &p, params, &err));
    free(variance);
    return pdf;
}

static vtr_pdf transform(vtr_profile_text *profile, vtr_profile_content content, vtr_pdf_params *params)
{
    vtr_error err;
    assert_ok(vtr_profile_from_structure(profile, content, params, &err));
    return compute(profile, params);
}

static double mean_length(const char *text)
{
    vtr_error err;
    vtr_composition c;
    vtr_scatterer s;
    double f;
    assert_ok(vtr_composition_parse(&c, text, &err));
    assert_ok(vtr_scatterer_init(&s, &c, &(vtr_scatterer_params){.radiation = VTR_RADIATION_NEUTRON}, &err));
    vtr_scatterer_averages(&s, 1, &f, NULL, NULL);
    return f;
}

#define D2O "neutron_D2O/NIMROD00016609_D2O_in_N10"
/* Gudrun's D(r) is (2/pi) Int Q i(Q) sin(Q r) dQ = <b>^2 G; its r names the lower end of a step. */
static void compare_water(const char *title, const vtr_pdf *pdf, double most)
{
    vtr_profile_text d = chain_read(D2O ".mdor01", "1,2");
    double length = mean_length("D2O"), half = (d.x[1] - d.x[0]) / 2;
    for (size_t i = 0; i < d.n; i++) {
        d.x[i] += half;
        d.y[i] *= 100 / (length * length);
    }
    chain_compare_G(title, pdf, &d, 0.8, (double[2]){0.85, 1.1}, false, most);
    vtr_profile_text_release(&d);
}

static vtr_pdf_params water_params(void)
{
    vtr_pdf_params p = neutron_params("D2O", 0.1);
    p.rmin = 0.015;
    p.rstep = 0.03;
    return p;
}

static void heavy_water(void **state)
{
    (void)state;
    vtr_profile_text p = read_between(D2O ".mint01", 0.02, 50);
    vtr_pdf_params params = water_params();
    vtr_pdf pdf = transform(&p, VTR_PROFILE_BARN, &params);
    compare_water("D2O, .mint01 to .mdor01", &pdf, 0.05);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&p);
}

/* From the whole cross-section: N is known, 0.01 barn/fm^2, and the polynomial takes out what inelasticity adds. */
static void heavy_water_from_the_cross_section(void **state)
{
    (void)state;
    vtr_profile_text p = read_between(D2O ".mdcs01", 0.3, 50);
    vtr_pdf_params params = water_params();
    params.scale = 0.01;
    params.constant = 0;
    params.background_order = 3;
    vtr_pdf pdf = compute(&p, &params);
    compare_water("D2O, .mdcs01 to .mdor01", &pdf, 0.055);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&p);
}

/* Vitreous silica: Si-O at 1.61 Å, O-O at 2.63 Å. Each silicon has four oxygen neighbours; the window of 35 1/Å puts a part
 * of them beyond 1.95 Å. */
static void silica(void **state)
{
    (void)state;
    vtr_error err;
    vtr_profile_text p = read_between("neutron/SiO2_NIMROD.mint01", 0.02, 50);
    vtr_pdf_params params = neutron_params("SiO2", 0.0661);
    params.rstep = 0.01;
    params.window = VTR_PDF_WINDOW_LORCH;
    params.qmax = 35;
    vtr_pdf pdf = transform(&p, VTR_PROFILE_BARN, &params);
    vtr_pdf_peak first, second;
    double number, number_error;
    assert_ok(vtr_pdf_peak_fit(&first, &pdf, 1.4, 1.9, &err));
    assert_ok(vtr_pdf_peak_fit(&second, &pdf, 2.4, 2.9, &err));
    assert_ok(vtr_pdf_coordination(&pdf, 1.3, 1.95, &number, &number_error, &err));
    double si = 4.1491, o = 5.805, mean = (si + 2 * o) / 3, four = 2 * si * o * 4 / 3 / (mean * mean);
    print_message("SiO2: Si-O %.4f, O-O %.4f, oxygen about silicon %.2f\n", first.position, second.position,
                  4 * number / four);
    assert_near(first.position, 1.61, 0.01);
    assert_near(second.position, 2.63, 0.01);
    assert_near(4 * number / four, 3.9, 0.15);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&p);
}

/* Liquid argon at 85 K: g rises to 3.05 at 3.68 Å (Yarnell et al., figure 5) and is nothing where atoms overlap. */
static void argon(void **state)
{
    (void)state;
    vtr_profile_text p = chain_read("neutron/argon_yarnell.sq", "1,2");
    p.axis = VTR_PROFILE_AXIS_Q;
    vtr_pdf_params params = neutron_params("Ar", 0.02125);
    vtr_pdf pdf = transform(&p, VTR_PROFILE_S, &params);
    size_t highest_at = 1;
    double worst = 0, highest = 0;
    for (size_t i = 1; i < pdf.n_r; i++) {
        if (pdf.r[i] > 0.3 && pdf.r[i] < 3) worst = fmax(worst, fabs(pdf.g[i]));
        if (pdf.r[i] > 3 && pdf.g[i] > pdf.g[highest_at]) highest_at = i;
    }
    highest = pdf.g[highest_at];
    print_message("argon: g highest %.3f at %.2f, at most %.3f below 3\n", highest, pdf.r[highest_at], worst);
    assert_near(pdf.r[highest_at], 3.68, 0.04);
    assert_near(highest, 3.05, 0.05);
    assert_true(worst < 0.06);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&p);
}

static int finish(void **state)
{
    (void)state;
    return chain_figure("chains-neutron");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heavy_water),
        cmocka_unit_test(heavy_water_from_the_cross_section),
        cmocka_unit_test(silica),
        cmocka_unit_test(argon),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
