/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X-ray powders and films against the G(r) that PDFgetX3 and its relatives made of them. Their scale is arbitrary: R
 * factors are taken after the best factor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "vitrail/pdf_correct.h"

typedef struct recipe {
    const char *data, *background, *composition;
    double bgscale, rpoly, qmin, qmax, qmaxinst, rmin, rmax;
} recipe;

/* Profile less background, over Q. */
static vtr_profile_text prepare(const recipe *c, double wavelength)
{
    vtr_error err;
    vtr_profile_text p = chain_read(c->data, NULL);
    if (isfinite(wavelength)) p.wavelength_angstrom = wavelength;
    if (isfinite(wavelength)) p.axis = VTR_PROFILE_AXIS_TWO_THETA;
    assert_ok(vtr_profile_text_to_Q(&p, c->data, &err));
    if (p.n > 4000) assert_ok(vtr_profile_text_rebin(&p, 0.01, &err));
    if (c->background == NULL) return p;
    vtr_profile_text b = chain_read(c->background, NULL);
    b.axis = isfinite(wavelength) ? VTR_PROFILE_AXIS_TWO_THETA : b.axis;
    b.wavelength_angstrom = wavelength;
    assert_ok(vtr_profile_text_to_Q(&b, c->background, &err));
    assert_ok(vtr_profile_text_subtract(&p, &b, c->bgscale, &err));
    vtr_profile_text_release(&b);
    return p;
}

/* The ad hoc correction: a polynomial through all of F, its order from rpoly. */
static vtr_pdf_params ad_hoc(const recipe *c)
{
    vtr_pdf_params p = vtr_pdf_default_params();
    p.composition = c->composition;
    p.radiation = VTR_RADIATION_XRAY;
    p.compton = VTR_COMPTON_NONE;
    p.rpoly = c->rpoly;
    p.plain_polynomial = p.no_constant = true;
    p.qmin = c->qmin;
    p.qmax = c->qmax;
    p.qmaxinst = c->qmaxinst;
    p.rmin = c->rmin;
    p.rstep = 0.01;
    p.rmax = c->rmax;
    return p;
}

static vtr_pdf compute(const vtr_profile_text *profile, const vtr_pdf_params *params)
{
    vtr_error err;
    vtr_pdf pdf;
    vtr_pdf_profile p = {profile->n, profile->x, profile->y, NULL, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&pdf, &p, params, &err));
    return pdf;
}

static void run(const char *title, const recipe *c, const char *gr, double foot, double lo, double hi,
                double wavelength, double most)
{
    vtr_profile_text profile = prepare(c, wavelength), reference = chain_read(gr, "1,2");
    vtr_pdf_params params = ad_hoc(c);
    vtr_pdf pdf = compute(&profile, &params);
    chain_compare_G(title, &pdf, &reference, foot, (double[2]){lo, hi}, true, most);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&profile);
    vtr_profile_text_release(&reference);
}

static void nickel(void **state)
{
    (void)state;
    recipe c = {"Ni_powder/Ni.chi", "Ni_powder/kapton.chi", "Ni", 1, 0.9, 0.06, 24, 31.26, 0.01, 20};
    run("Ni powder", &c, "Ni_powder/Ni.gr", 2, 2.3, 2.7, NAN, 0.0015);
    c = (recipe){"Ni_powder/Ni.chi", "Ni_powder/kapton.chi", "Ni", 0.4, 0.9, 0.86, 25, 29, 0.01, 20};
    run("Ni powder, other settings", &c, "Ni_powder/Ni-hires.gr", 2, 2.3, 2.7, NAN, 0.0025);
}

#define LAB6 "LaB6_GudrunX_PDFgetX3/LaB6_0p4mm_011_av10_monitor"
static void lanthanum_hexaboride(void **state)
{
    (void)state;
    recipe c = {LAB6 ".iq", NULL, "LaB6", 0, 1.3, NAN, 23, 23, 0.01, 20};
    run("LaB6 powder, .iq to .gr", &c, LAB6 ".gr", 1.4, 2.8, 3.3, NAN, 0.0032);
    c = (recipe){
        LAB6 ".xye", "LaB6_GudrunX_PDFgetX3/bkg_011_av10_monitor.xye", "LaB6", 1, 1.3, 0.81, 23, 23, 0.01,
        20};
    run("LaB6 powder, .xye to .gr", &c, LAB6 ".gr", 1.4, 2.8, 3.3, 0.270793, 0.022);
}

#define TIO2 "TiO2_film_on_glass/tio2-ito-glass-250"
static void titania_film(void **state)
{
    (void)state;
    recipe c = {
        TIO2 ".chi", "TiO2_film_on_glass/ito-glass-conv.chi", "TiO2", 1.010394815, 1, 0.7, 16, 20, 0.01, 20};
    vtr_profile_text profile = prepare(&c, NAN), iq = chain_read(TIO2 ".iq", "1,2"),
                     fq = chain_read(TIO2 ".fq", "1,2");
    double most = 0;
    for (size_t i = 0; i < iq.n; i++)
        most = fmax(most, fabs(chain_at(profile.n, profile.x, profile.y, iq.x[i]) - iq.y[i]));
    assert_near(most, 0, 1e-4); /* of 0.9 to 12 */
    vtr_pdf_params params = ad_hoc(&c);
    vtr_pdf pdf = compute(&profile, &params);
    chain_compare(&(chain_comparison){.title = "TiO2 film: F(Q)",
                                      .x_label = "Q (1/Å)",
                                      .y_label = "F (1/Å)",
                                      .n = pdf.n_q,
                                      .x = pdf.q,
                                      .y = pdf.F,
                                      .n_reference = fq.n,
                                      .x_reference = fq.x,
                                      .y_reference = fq.y,
                                      .lo = 0.7,
                                      .hi = 16,
                                      .is_scale_free = true},
                  0.025);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&profile);
    vtr_profile_text_release(&iq);
    vtr_profile_text_release(&fq);
    run("TiO2 film on glass", &c, TIO2 ".gr", 1.6, 1.7, 2.2, NAN, 0.007);
}

#define COPI "ezpit/sum_A_CoPiITO_110320-1_Nsum5"
static void cobalt_film(void **state)
{
    (void)state;
    recipe c = {
        COPI ".chi", "ezpit/sum_A_0p7cap_Nsum6.chi", "Co19.35O77.42P3.23", 1, NAN, 0.605078, 24, 26, 0, 20};
    vtr_profile_text profile = prepare(&c, NAN), reference = chain_read(COPI "-Noheader.gr", "1,2");
    vtr_pdf_params params = ad_hoc(&c);
    params.background_order = 10;
    vtr_pdf pdf = compute(&profile, &params);
    chain_compare_G("CoPi film", &pdf, &reference, 1.3, (double[2]){1.7, 2.1}, true, 0.035);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&profile);
    vtr_profile_text_release(&reference);
}

/* The intensity holds atomic scattering and a smooth background, the file's G a correction beside, which is not recorded: a
 * factor that rises by a fifth at 10 1/Å and by a third at 20, as the path through an image plate gives. */
static void silicon(void **state)
{
    (void)state;
    recipe c = {"Si_Ni_iq/si.iq", NULL, "Si", 0, NAN, NAN, NAN, NAN, 0.01, 20};
    vtr_profile_text profile = prepare(&c, NAN), reference = chain_read("Si_Ni_iq/si.gr", "1,2");
    vtr_pdf_params params = ad_hoc(&c);
    params.background_order = 6;
    vtr_pdf pdf = compute(&profile, &params);
    chain_compare_G("Si powder", &pdf, &reference, 2, (double[2]){2.2, 2.5}, true, 0.09);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&profile);
    vtr_profile_text_release(&reference);
}

/* F or S of a file, transformed. */
static vtr_pdf transform(vtr_profile_text *p, vtr_profile_content content, const vtr_pdf_params *base)
{
    vtr_error err;
    vtr_pdf_params params = *base;
    assert_ok(vtr_profile_text_to_Q(p, "file", &err));
    assert_ok(vtr_profile_from_structure(p, content, &params, &err));
    return compute(p, &params);
}

static void transforms(void **state)
{
    (void)state;
    assert_int_equal(chain_figure("chains-powder"), 0);
    static const struct {
        const char *title, *fq, *gr, *composition;
        vtr_profile_content content;
        double foot, lo, hi, most;
    } files[] = {
        {"TiO2 film, .fq to .gr", TIO2 ".fq", TIO2 ".gr", "TiO2", VTR_PROFILE_F, 1.6, 1.7, 2.2, 0.003},
        {"LaB6 powder, .fq to .gr", LAB6 ".fq", LAB6 ".gr", "LaB6", VTR_PROFILE_F, 1.4, 2.8, 3.3, 0.003},
        {"LaB6 powder, .sq to .gr", LAB6 ".sq", LAB6 ".gr", "LaB6", VTR_PROFILE_S, 1.4, 2.8, 3.3, 0.003},
        {"CoPi film, .sq to .gr", COPI "-Nohdeader.sq", COPI "-Noheader.gr", "CoO3", VTR_PROFILE_S, 1.3, 1.7,
         2.1, 0.006},
        {"CoPi film, .fq to .gr", COPI "-NOheader.fq", COPI "-Noheader.gr", "CoO3", VTR_PROFILE_F, 1.3, 1.7,
         2.1, 0.006},
        {"NiTi, .fq to .gr", "NiTi_shape_memory/experimental.fq", "NiTi_shape_memory/experimental.gr", "NiTi",
         VTR_PROFILE_S, 2, 2.4, 2.8, 0.004}};
    vtr_error err;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool is_niti = i + 1 == sizeof files / sizeof *files;
        vtr_profile_text f = chain_read(files[i].fq, "1,2"), g = chain_read(files[i].gr, "1,2");
        vtr_pdf_params base = vtr_pdf_default_params();
        base.composition = files[i].composition;
        base.radiation = VTR_RADIATION_XRAY;
        base.rmin = g.x[0];
        base.rstep = 0.01;
        if (is_niti) { /* its G goes no further than 16.2 1/Å, and in a straight line to zero below 1.2 */
            base.qmax = 16.2;
            base.extrapolate = true;
        }
        for (size_t j = 0; is_niti && j < f.n; j++)
            f.y[j] += 1; /* what the file calls F is S - 1 */
        f.axis = VTR_PROFILE_AXIS_Q;
        if (f.n > 4000) assert_ok(vtr_profile_text_rebin(&f, 0.01, &err));
        vtr_pdf pdf = transform(&f, files[i].content, &base);
        chain_compare_G(files[i].title, &pdf, &g, files[i].foot, (double[2]){files[i].lo, files[i].hi}, false,
                        0.5);
        vtr_pdf_release(&pdf);
        vtr_profile_text_release(&f);
        vtr_profile_text_release(&g);
    }
}

static int finish(void **state)
{
    (void)state;
    return chain_figure("chains-transforms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nickel),       cmocka_unit_test(lanthanum_hexaboride),
        cmocka_unit_test(titania_film), cmocka_unit_test(cobalt_film),
        cmocka_unit_test(silicon),      cmocka_unit_test(transforms),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
