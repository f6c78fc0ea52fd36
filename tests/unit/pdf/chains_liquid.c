/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X-ray intensities of liquids and glasses: sum rule, low-r refinement, against the results of other programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "vitrail/pdf_refine.h"

enum { N_GA = 622, N_GA_R = 2048 }; /* of the reference: Q = 0, 0.02, ..., 12.42 */
static const double ga_density = 0.048;

/* Q from 0 by 0.02 of the reference's rows. */
static double *ga_grid(void)
{
    double *q = calloc(N_GA, sizeof *q);
    for (int i = 0; i < N_GA; i++)
        q[i] = 0.02 * i;
    return q;
}

static vtr_pdf_params ga_params(const char *composition)
{
    vtr_pdf_params p = vtr_pdf_default_params();
    p.composition = composition;
    p.radiation = VTR_RADIATION_XRAY;
    p.xray_factors = VTR_XRAY_CROMER_MANN;
    p.density = ga_density;
    p.rcut = 2.3;
    p.rmax = 15;
    return p;
}

static vtr_pdf ga_refine(const vtr_pdf_params *params, const vtr_pdf_refine_params *refine)
{
    vtr_error err;
    vtr_pdf pdf;
    vtr_profile_text p = chain_read("liquid_Ga/example_data.dat", NULL);
    vtr_pdf_profile profile = {p.n, p.x, p.y, NULL, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_refine(&pdf, NULL, &profile, params, refine, &err));
    vtr_profile_text_release(&p);
    return pdf;
}

/* S by the sum rule; the reference was interpolated to its grid before. */
static void gallium_S(void **state)
{
    (void)state;
    vtr_pdf_params params = ga_params("Ga");
    vtr_pdf pdf = ga_refine(&params, NULL);
    double *q = ga_grid(), *s = chain_load("liquid_Ga/SQ_initial_Ga.npy", N_GA);
    chain_compare(&(chain_comparison){.title = "liquid Ga: S(Q), sum rule",
                                      .x_label = "Q (1/Å)",
                                      .y_label = "S",
                                      .n = pdf.n_q,
                                      .x = pdf.q,
                                      .y = pdf.S,
                                      .n_reference = N_GA,
                                      .x_reference = q,
                                      .y_reference = s,
                                      .lo = 0.1,
                                      .hi = 12.4},
                  0.0025);
    free(q), free(s);
    vtr_pdf_release(&pdf);
}

static void gallium_D(void **state)
{
    (void)state;
    vtr_pdf_params params = ga_params("Ga");
    params.window = VTR_PDF_WINDOW_COSINE;
    params.window_width = 8;
    params.rstep = 3.14159265358979 / 40.96; /* of the reference: pi/(2048 0.02) */
    vtr_pdf pdf = ga_refine(&params, NULL);
    double *rows = chain_load("liquid_Ga/Dr_initial_Ga.npy", 2 * N_GA_R);
    chain_compare(&(chain_comparison){.title = "liquid Ga: D(r), cosine window",
                                      .x_label = "r (Å)",
                                      .y_label = "G (1/Å²)",
                                      .n = pdf.n_r,
                                      .x = pdf.r,
                                      .y = pdf.G,
                                      .n_reference = N_GA_R,
                                      .x_reference = rows,
                                      .y_reference = rows + N_GA_R,
                                      .lo = 2.3,
                                      .hi = 15},
                  0.001);
    free(rows);
    vtr_pdf_release(&pdf);
}

static void gallium_refined(void **state)
{
    (void)state;
    vtr_pdf_params params = ga_params("Ga");
    vtr_pdf_refine_params refine = vtr_pdf_refine_default_params();
    refine.iterations = 5;
    refine.step = 2 / 3.14159265358979;
    refine.structure_only = true;
    vtr_pdf pdf = ga_refine(&params, &refine);
    double *q = ga_grid(), *i = chain_load("liquid_Ga/iQ_refined_Ga.npy", N_GA);
    for (size_t j = 0; j < pdf.n_q; j++)
        pdf.S[j] -= 1;
    chain_compare(&(chain_comparison){.title = "liquid Ga: S(Q) - 1, 5 iterations",
                                      .x_label = "Q (1/Å)",
                                      .y_label = "S - 1",
                                      .n = pdf.n_q,
                                      .x = pdf.q,
                                      .y = pdf.S,
                                      .n_reference = N_GA - 1,
                                      .x_reference = q + 1,
                                      .y_reference = i + 1,
                                      .lo = 0.1,
                                      .hi = 12.4},
                  0.0075);
    free(q), free(i);
    vtr_pdf_release(&pdf);
}

/* sum c_i kappa_i^2 of vtr_pdf_formalism, as the mean over the reference's Q; LiquidDiffract divides by the atoms of the
 * formula unit: S_inf. */
static double limit_of_silicate(void)
{
    vtr_error err;
    vtr_composition c;
    vtr_scatterer s;
    double kappa[3] = {0}, f[3], mean, sum = 0;
    vtr_scatterer_params params = {.radiation = VTR_RADIATION_XRAY, .xray_table = VTR_XRAY_CROMER_MANN};
    assert_ok(vtr_composition_parse(&c, "CaSiO3", &err));
    assert_ok(vtr_scatterer_init(&s, &c, &params, &err));
    for (int j = 0; j < N_GA; j++) {
        vtr_scatterer_factors(&s, 0.02 * j, f, NULL);
        vtr_scatterer_averages(&s, 0.02 * j, &mean, NULL, NULL);
        for (int i = 0; i < 3; i++)
            kappa[i] += f[i] / mean / N_GA;
    }
    for (int i = 0; i < 3; i++)
        sum += c.fraction[i] * kappa[i] * kappa[i];
    return sum;
}

/* LiquidDiffract leaves S_inf out of the density's part of its sum rule in the second formalism, as if the density were
 * 1/S_inf higher. */
static void silicate_formalisms(void **state)
{
    (void)state;
    static const char *const files[] = {"liquid_Ga/SQ_initial_CaSiO3_FZ.npy",
                                        "liquid_Ga/SQ_initial_CaSiO3_AL.npy"};
    static const char *const names[] = {"Ga as if CaSiO3: Faber-Ziman", "Ga as if CaSiO3: Ashcroft-Langreth"};
    double *q = ga_grid(), limit = limit_of_silicate() / 5;
    for (int k = 0; k < 2; k++) {
        vtr_pdf_params params = ga_params("CaSiO3");
        vtr_pdf_refine_params refine = vtr_pdf_refine_default_params();
        refine.formalism = k == 0 ? VTR_PDF_FABER_ZIMAN : VTR_PDF_ASHCROFT_LANGRETH;
        if (k == 1) params.density /= limit;
        vtr_pdf pdf = ga_refine(&params, &refine);
        double *s = chain_load(files[k], N_GA);
        for (size_t j = 0; k == 1 && j < pdf.n_q; j++)
            pdf.S[j] *= limit;
        chain_compare(&(chain_comparison){.title = names[k],
                                          .x_label = "Q (1/Å)",
                                          .y_label = "S",
                                          .n = pdf.n_q,
                                          .x = pdf.q,
                                          .y = pdf.S,
                                          .n_reference = N_GA,
                                          .x_reference = q,
                                          .y_reference = s,
                                          .lo = 0.1,
                                          .hi = 12.4},
                      0.005);
        free(s);
        vtr_pdf_release(&pdf);
    }
    free(q);
}

/* The density that the data themselves ask for: 0.048 stands in the file's first line. */
static void gallium_density(void **state)
{
    (void)state;
    static const double rcut[] = {2.2, 2.3};
    for (int k = 0; k < 2; k++) {
        vtr_pdf_params params = ga_params("Ga");
        vtr_pdf_refine_params refine = vtr_pdf_refine_default_params();
        params.rcut = rcut[k];
        params.density = 0.06;
        refine.iterations = 4;
        refine.find_density = true;
        vtr_pdf pdf = ga_refine(&params, &refine);
        print_message("liquid Ga: density with rcut %g: %.5f\n", rcut[k], pdf.normalisation.density);
        assert_near(pdf.normalisation.density, ga_density, 0.0012);
        assert_false(pdf.normalisation.is_density_given);
        vtr_pdf_release(&pdf);
    }
}

/* No result comes with these data; Si-O is 1.63 Å and Mg-O 2.0 Å in this glass (Kohara et al., Science 303, 1649, 2004). */
static void forsterite_glass(void **state)
{
    (void)state;
    vtr_error err;
    vtr_pdf pdf;
    vtr_pdf_refinement report;
    vtr_pdf_peak silicon, magnesium;
    vtr_profile_text p = chain_read("Mg2SiO4_glass/Mg2SiO4_ambient.xy", NULL),
                     b = chain_read("Mg2SiO4_glass/Mg2SiO4_ambient_bkg.xy", NULL);
    assert_ok(vtr_profile_text_to_Q(&p, "glass", &err));
    assert_ok(vtr_profile_text_to_Q(&b, "background", &err));
    assert_ok(vtr_profile_text_subtract(&p, &b, 1, &err));
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = "Mg2SiO4";
    params.radiation = VTR_RADIATION_XRAY;
    params.mass_density = 2.9;
    params.qmax = 20;
    params.rcut = 1.3;
    params.extrapolate = true;
    params.rstep = 0.01;
    vtr_pdf_refine_params refine = vtr_pdf_refine_default_params();
    refine.iterations = 10;
    vtr_pdf_profile profile = {p.n, p.x, p.y, NULL, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_refine(&pdf, &report, &profile, &params, &refine, &err));
    assert_ok(vtr_pdf_peak_fit(&silicon, &pdf, 1.4, 1.85, &err));
    assert_ok(vtr_pdf_peak_fit(&magnesium, &pdf, 1.9, 2.2, &err));
    print_message("Mg2SiO4: Si-O %.3f, Mg-O %.3f, misfit at low r %.3g to %.3g\n", silicon.position,
                  magnesium.position, report.misfit_before, report.misfit_after);
    assert_near(silicon.position, 1.63, 0.02);
    assert_near(magnesium.position, 2.03, 0.05);
    assert_true(report.misfit_after < 0.01 * report.misfit_before);
    vtr_pdf_release(&pdf);
    vtr_profile_text_release(&p);
    vtr_profile_text_release(&b);
}

static int finish(void **state)
{
    (void)state;
    return chain_figure("chains-liquid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gallium_S),       cmocka_unit_test(gallium_D),
        cmocka_unit_test(gallium_refined), cmocka_unit_test(silicate_formalisms),
        cmocka_unit_test(gallium_density), cmocka_unit_test(forsterite_glass),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
