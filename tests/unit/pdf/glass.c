/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole chain against counted truth: models of metallic glasses, Debye intensities with real scattering factors, a
 * smooth background, Poisson counts; the model's own G through the same window of Q is the truth. */
#include <math.h>
#include <stdlib.h>

#include "base/base_internal.h"
#include "model_scene.h"
#include "support.h"

enum { TRIALS = 1000 };

static model_figures compare(const model_specimen *glass, double qmax, int background,
                             const vtr_pdf_params *params)
{
    model_figures f = model_compare(glass, qmax, background, params, 2, 0.5);
    assert_int_equal(f.source, isnan(params->density) ? VTR_PDF_SCALE_WINDOW : VTR_PDF_SCALE_DENSITY);
    assert_near(f.position, 0, 0.005);
    assert_near(f.height, 1, 0.02);
    assert_true(f.r_factor < 0.03);
    assert_near(f.density, 1, 0.03);
    assert_near(f.scale, 1, 0.02);
    return f;
}

/* With the density given, whatever the background; without, where none of it is proportional to <f^2>, and the density
 * comes out instead. */
static void pdf_is_that_of_the_atoms(void **state)
{
    static const char *const model[][2] = {{"Zr50Cu45Al5_9826.xyz", NULL},
                                           {"Zr50Cu35Al15_10000.xyz", NULL},
                                           {"Zr50Cu35Al15_t3_1250.xyz", NULL},
                                           {"init_config_Cu64.5Zr35.5_1.0e+10.lammps", "Cu,Zr"}};
    (void)state;
    static model_specimen g;
    for (size_t m = 0; m < sizeof model / sizeof *model; m++) {
        if (!model_load(&g, model[m][0], model[m][1], NAN, 0.75)) skip();
        vtr_pdf_params params = model_params(&g), window = params;
        params.density = g.density;
        for (double qmax = 12; qmax < 19; qmax += 3) {
            for (int background = MODEL_NONE; background <= MODEL_PARABOLA; background++)
                compare(&g, qmax, background, &params);
            compare(&g, qmax, MODEL_NONE, &window);
        }
    }
}

/* A nanoparticle, denser inside than outside (0.053 to 0.047 atoms/Å^3): which density its line has is known to 3 % by
 * counting, and better from its PDF with N from the window. That density then holds on any background. <f^2>/<f>^2 changes
 * by a tenth, so the background is one that follows the atoms; its shells are low and broad, and noise alone would give an
 * R of 2.6 % with 400 patterns. */
static void metallic_particle(void **state)
{
    (void)state;
    static model_specimen g;
    if (!model_load(&g, "AET_metallic_glass_18356.xyz", NULL, NAN, 0.75)) skip();
    g.patterns = 6400;
    vtr_pdf_params window = model_params(&g);
    window.background_shape = VTR_PDF_BACKGROUND_ATOMS;
    for (double qmax = 12; qmax < 19; qmax += 3) {
        vtr_pdf_params params = window;
        params.density = g.density * compare(&g, qmax, MODEL_NONE, &window).density;
        for (int background = MODEL_CONSTANT; background <= MODEL_PARABOLA; background++)
            compare(&g, qmax, background, &params);
    }
}

/* What one pattern of 1e6 counts gives: error bars that are true, and how large they are. */
static void one_pattern_has_true_error_bars(void **state)
{
    (void)state;
    static model_specimen g;
    static float intensity[TRIALS * MODEL_MOST], variance[TRIALS * MODEL_MOST], G[TRIALS * 800],
        G_error[TRIALS * 800];
    static vtr_pdf_peak peak[TRIALS];
    static double scale[TRIALS];
    double mean[MODEL_MOST], spread[MODEL_MOST], on_g = 0, on_place = 0, on_height = 0;
    vtr_error err;
    vtr_pdf truth;
    vtr_pdf_peak true_peak;
    vtr_pdf_plan *plan = NULL;
    vtr_random random;
    if (!model_load(&g, "Zr50Cu45Al5_9826.xyz", NULL, NAN, 0.75)) skip();
    size_t n = model_record(&g, 14, MODEL_PARABOLA, 1, mean, spread), n_on_g = 0;
    vtr_random_start(&random, 5, 0);
    for (size_t i = 0; i < TRIALS * n; i++) {
        double per_count = spread[i % n] / mean[i % n];
        double counted = (double)vtr_random_poisson(&random, mean[i % n] / per_count);
        intensity[i] = (float)(counted * per_count);
        variance[i] = (float)(counted * per_count * per_count);
    }
    vtr_pdf_params params = model_params(&g);
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
        cmocka_unit_test(metallic_particle),
        cmocka_unit_test(one_pattern_has_true_error_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
