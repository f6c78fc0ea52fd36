/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole chain against counted truth: models of metallic glasses, Debye intensities with real scattering factors, a
 * smooth background, Poisson counts; the model's own G through the same window of Q is the truth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/pdf.h"
#include "vitrail/structure.h"

enum { MOST = 600, TRIALS = 1000 };

typedef struct specimen {
    size_t n_q;
    double q[MOST], s[MOST], intensity[MOST], atomic[MOST], density;
    char composition[128];
} specimen;

static bool load(specimen *glass, const char *name, const char *elements)
{
    vtr_error err;
    vtr_structure structure;
    vtr_pairs pairs;
    char file[256] = "structures/";
    const char *path = test_data_path(strcat(file, name));
    if (path == NULL) return false;
    vtr_structure_params params = {.elements = elements};
    vtr_pairs_params how = vtr_pairs_default_params();
    how.r_step = 0.002;
    assert_ok(vtr_structure_read(&structure, path, &params, &err));
    assert_ok(vtr_structure_pairs(&pairs, &structure, &how, &err));
    glass->n_q = 0;
    for (double q = 0.8; q < 18; q += 0.03)
        glass->q[glass->n_q++] = q;
    assert_ok(vtr_structure_debye(&pairs, NULL, glass->n_q, glass->q, 0, glass->s, glass->intensity, &err));
    for (size_t j = 0; j < glass->n_q; j++)
        vtr_electron_averages(&structure.composition, glass->q[j] / (2 * VTR_PI), NULL, &glass->atomic[j]);
    glass->density = vtr_structure_number_density(&structure);
    vtr_composition_text(&structure.composition, glass->composition, sizeof glass->composition);
    vtr_structure_release(&structure);
    vtr_pairs_release(&pairs);
    return true;
}

/* The intensity up to qmax on a background, and the variance of the mean of `patterns` of 1e6 counts each. */
static size_t record(const specimen *glass, double qmax, int background, double patterns, double *intensity,
                     double *variance)
{
    size_t n = 0;
    double counts = 0;
    for (; n < glass->n_q && glass->q[n] <= qmax; n++) {
        double x = glass->q[n] / 10, part[] = {0, 0.1, 0.2 + 0.5 * x - 0.2 * x * x};
        intensity[n] = glass->intensity[n] + part[background] * glass->atomic[n];
        /* the cut of g at half the cell lets the intensity dip below zero at low Q by some 1e-2 of <f^2> */
        intensity[n] = fmax(intensity[n], 0.005 * glass->atomic[n]);
        counts += intensity[n] * 2 * VTR_PI * glass->q[n] / 0.03;
    }
    for (size_t j = 0; j < n; j++)
        variance[j] = intensity[j] * counts / (2 * VTR_PI * glass->q[j] / 0.03) / 1e6 / patterns;
    return n;
}

static vtr_pdf_params settings(const specimen *glass)
{
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = glass->composition;
    params.no_constant = true;
    params.rmax = 15;
    return params;
}

static void compare(const specimen *glass, double qmax, int background, bool has_density)
{
    double intensity[MOST], variance[MOST], difference = 0, norm = 0;
    vtr_error err;
    vtr_pdf pdf, truth;
    vtr_pdf_peak peak, true_peak;
    vtr_random random;
    size_t n = record(glass, qmax, background, 400, intensity, variance);
    vtr_random_start(&random, 11, (uint64_t)qmax);
    for (size_t j = 0; j < n; j++)
        intensity[j] += sqrt(variance[j]) * vtr_random_normal(&random);
    vtr_pdf_params params = settings(glass);
    if (has_density) params.density = glass->density;
    vtr_pdf_profile profile = {n, glass->q, intensity, variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&pdf, &profile, &params, &err));
    assert_int_equal(pdf.normalisation.source, has_density ? VTR_PDF_SCALE_DENSITY : VTR_PDF_SCALE_WINDOW);
    truth = pdf; /* shares everything but G */
    truth.G = malloc(pdf.n_r * sizeof *truth.G);
    truth.sensitivity = NULL;
    vtr_structure_truth_pdf(n, glass->q, glass->s, NULL, pdf.n_r, pdf.r, truth.G);
    for (size_t i = 0; i < pdf.n_r; i++) {
        if (pdf.r[i] < 2) continue;
        difference += pow(pdf.G[i] - truth.G[i], 2);
        norm += pow(truth.G[i], 2);
    }
    double r1 = pdf.normalisation.first_peak;
    assert_ok(vtr_pdf_peak_fit(&peak, &pdf, r1 - 0.5, r1 + 0.5, &err));
    assert_ok(vtr_pdf_peak_fit(&true_peak, &truth, r1 - 0.5, r1 + 0.5, &err));
    print_message("%s qmax %.0f background %d %s: N %.4f, density %.4f of the truth, peak %+.4f Å, height "
                  "%.4f, R %.4f\n",
                  glass->composition, qmax, background, has_density ? "density" : "window ",
                  pdf.normalisation.scale, pdf.normalisation.density / glass->density,
                  peak.position - true_peak.position, peak.height / true_peak.height,
                  sqrt(difference / norm));
    assert_near(peak.position, true_peak.position, 0.005);
    assert_near(peak.height / true_peak.height, 1, 0.02);
    assert_true(sqrt(difference / norm) < 0.03);
    assert_near(pdf.normalisation.density / glass->density, 1, 0.03);
    assert_near(pdf.normalisation.scale, 1, 0.02);
    free(truth.G);
    vtr_pdf_release(&pdf);
}

static const char *const model[][2] = {{"Zr50Cu45Al5_9826.xyz", NULL},
                                       {"Zr50Cu35Al15_10000.xyz", NULL},
                                       {"init_config_Cu64.5Zr35.5_1.0e+10.lammps", "Cu,Zr"}};

/* With the density given, whatever the background; without, where none of it is proportional to <f^2>, and the density
 * comes out instead. */
static void pdf_is_that_of_the_atoms(void **state)
{
    (void)state;
    static specimen g;
    for (int m = 0; m < 3; m++) {
        if (!load(&g, model[m][0], model[m][1])) skip();
        for (double qmax = 12; qmax < 19; qmax += 3) {
            for (int background = 0; background < 3; background++)
                compare(&g, qmax, background, true);
            compare(&g, qmax, 0, false);
        }
    }
}

/* What one pattern of 1e6 counts gives: error bars that are true, and how large they are. */
static void one_pattern_has_true_error_bars(void **state)
{
    (void)state;
    static specimen g;
    static float intensity[TRIALS * MOST], variance[TRIALS * MOST], G[TRIALS * 800], G_error[TRIALS * 800];
    static vtr_pdf_peak peak[TRIALS];
    static double scale[TRIALS];
    double mean[MOST], spread[MOST], on_g = 0, on_place = 0, on_height = 0;
    vtr_error err;
    vtr_pdf truth;
    vtr_pdf_peak true_peak;
    vtr_pdf_plan *plan = NULL;
    vtr_random random;
    if (!load(&g, model[0][0], model[0][1])) skip();
    size_t n = record(&g, 14, 2, 1, mean, spread), n_on_g = 0;
    vtr_random_start(&random, 5, 0);
    for (size_t i = 0; i < TRIALS * n; i++) {
        double per_count = spread[i % n] / mean[i % n];
        double counted = (double)vtr_random_poisson(&random, mean[i % n] / per_count);
        intensity[i] = (float)(counted * per_count);
        variance[i] = (float)(counted * per_count * per_count);
    }
    vtr_pdf_params params = settings(&g);
    params.density = g.density;
    vtr_pdf_profile profile = {n, g.q, mean, spread, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&truth, &profile, &params, &err));
    assert_ok(vtr_pdf_peak_fit(&true_peak, &truth, 2.5, 3.4, &err));
    assert_ok(vtr_pdf_plan_create(&plan, &profile, &params, &err));
    vtr_pdf_block out = {.G = G, .G_error = G_error, .scale = scale};
    assert_ok(vtr_pdf_apply(plan, TRIALS, intensity, variance, &out, 0, &err));
    assert_ok(vtr_pdf_peaks(plan, TRIALS, &out, variance, 2.5, 3.4, peak, 0, &err));
    for (size_t i = 0; i < TRIALS; i++) {
        for (size_t k = 50; k < truth.n_r; k += 11, n_on_g++)
            on_g += pow(((double)G[i * truth.n_r + k] - truth.G[k]) / (double)G_error[i * truth.n_r + k], 2);
        on_place += pow((peak[i].position - true_peak.position) / peak[i].position_error, 2);
        on_height += pow((peak[i].height - true_peak.height) / peak[i].height_error, 2);
    }
    print_message(
        "one pattern: pulls G %.3f, position %.3f, height %.3f; position to %.4f Å, height to %.3f of %.3f\n",
        sqrt(on_g / (double)n_on_g), sqrt(on_place / TRIALS), sqrt(on_height / TRIALS),
        peak[0].position_error, peak[0].height_error, true_peak.height);
    /* 1000 trials know a standard deviation to 2.2 % */
    assert_near(sqrt(on_g / (double)n_on_g), 1, 0.05);
    assert_near(sqrt(on_place / TRIALS), 1, 0.05);
    assert_near(sqrt(on_height / TRIALS), 1, 0.05);
    vtr_pdf_release(&truth);
    vtr_pdf_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pdf_is_that_of_the_atoms),
        cmocka_unit_test(one_pattern_has_true_error_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
