/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/structure.h"

static const double step = 0.03;

/* Around an atom of a sphere of radius a a ball of radius R holds rho 4 pi/3 R^3 (1 - 9R/16a + R^3/32a^3) others in the
 * mean, and at a distance r the density is rho (1 - 3r/4a + ...): the number counted up to 10 Å gives rho and a, and the
 * line of G is that of `r`. */
static double particle_density(const vtr_pairs *pairs, double r)
{
    double neighbours = 0, density = 0.05, radius = 0, R = 10;
    for (size_t p = 0; p < pairs->n_pairs; p++)
        for (size_t b = 0; (double)b * pairs->r_step < R; b++)
            neighbours += 2 * (double)pairs->count[p * pairs->n_bins + b] / (double)pairs->n_atoms;
    for (int i = 0; i < 50; i++) {
        radius = cbrt(3 * (double)pairs->n_atoms / (4 * VTR_PI * density));
        double t = R / radius;
        density = neighbours / (4 * VTR_PI / 3 * R * R * R * (1 - 9 * t / 16 + t * t * t / 32));
    }
    return density * (1 - 0.75 * r / radius);
}

bool model_load(model_specimen *model, const char *name, const char *elements, double r_max, double line)
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
    how.r_max = r_max;
    assert_ok(vtr_structure_read(&structure, path, &params, &err));
    assert_ok(vtr_structure_pairs(&pairs, &structure, &how, &err));
    model->n_q = 0;
    model->patterns = 400;
    for (double q = 0.8; q < 20.01; q += step)
        model->q[model->n_q++] = q;
    assert_ok(vtr_structure_debye(&pairs, NULL, model->n_q, model->q, 0, model->s, model->intensity, &err));
    for (size_t j = 0; j < model->n_q; j++)
        vtr_electron_averages(&structure.composition, model->q[j] / (2 * VTR_PI), NULL, &model->atomic[j]);
    model->density = structure.is_periodic
                         ? vtr_structure_number_density(&structure)
                         : particle_density(&pairs, 0.75 * line * vtr_pairs_nearest_neighbour(&pairs));
    vtr_composition_text(&structure.composition, model->composition, sizeof model->composition);
    vtr_structure_release(&structure);
    vtr_pairs_release(&pairs);
    return true;
}

static double background_at(int background, double q)
{
    double x = q / 10;
    switch (background) {
    case MODEL_CONSTANT:
        return 0.1;
    case MODEL_PARABOLA:
        return 0.2 + 0.5 * x - 0.2 * x * x;
    case MODEL_LEVELS_OFF:
        return 0.37 * (1 - exp(-pow(q / 8, 1.5)));
    default:
        return 0;
    }
}

size_t model_record(const model_specimen *model, double qmax, int background, double patterns,
                    double *intensity, double *variance)
{
    size_t n = 0;
    double counts = 0;
    for (; n < model->n_q && model->q[n] <= qmax; n++) {
        intensity[n] = model->intensity[n] + background_at(background, model->q[n]) * model->atomic[n];
        /* the cut of g at half the cell lets the intensity dip below zero at low Q by some 1e-2 of <f^2> */
        intensity[n] = fmax(intensity[n], 0.005 * model->atomic[n]);
        counts += intensity[n] * 2 * VTR_PI * model->q[n] / step;
    }
    for (size_t j = 0; j < n; j++)
        variance[j] = intensity[j] * counts / (2 * VTR_PI * model->q[j] / step) / 1e6 / patterns;
    return n;
}

vtr_pdf_params model_params(const model_specimen *model)
{
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = model->composition;
    params.no_constant = true;
    params.rmax = 15;
    return params;
}

model_figures model_compare(const model_specimen *model, double qmax, int background,
                            const vtr_pdf_params *params, double foot, double reach)
{
    double intensity[MODEL_MOST], variance[MODEL_MOST], difference = 0, norm = 0;
    vtr_error err;
    vtr_pdf pdf, truth;
    vtr_pdf_peak peak, true_peak;
    vtr_random random;
    size_t n = model_record(model, qmax, background, model->patterns, intensity, variance);
    vtr_random_start(&random, 11, (uint64_t)qmax);
    for (size_t j = 0; j < n; j++)
        intensity[j] += sqrt(variance[j]) * vtr_random_normal(&random);
    vtr_pdf_profile profile = {n, model->q, intensity, variance, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    assert_ok(vtr_pdf_compute(&pdf, &profile, params, &err));
    truth = pdf; /* shares everything but G */
    truth.G = malloc(pdf.n_r * sizeof *truth.G);
    truth.sensitivity = NULL;
    vtr_structure_truth_pdf(n, model->q, model->s, NULL, pdf.n_r, pdf.r, truth.G);
    for (size_t i = 0; i < pdf.n_r; i++) {
        if (pdf.r[i] < foot) continue;
        difference += pow(pdf.G[i] - truth.G[i], 2);
        norm += pow(truth.G[i], 2);
    }
    double r1 = pdf.normalisation.first_peak;
    assert_ok(vtr_pdf_peak_fit(&peak, &pdf, r1 - reach, r1 + reach, &err));
    assert_ok(vtr_pdf_peak_fit(&true_peak, &truth, r1 - reach, r1 + reach, &err));
    model_figures figures = {pdf.normalisation.source,
                             pdf.normalisation.scale,
                             pdf.normalisation.density / model->density,
                             peak.position - true_peak.position,
                             peak.height / true_peak.height,
                             sqrt(difference / norm)};
    print_message(
        "%s qmax %.0f background %d order %zu, %s: N %.4f, density %.4f of the truth, peak %+.4f Å, height "
        "%.4f, R %.4f\n",
        model->composition, qmax, background, params->background_order,
        figures.source == VTR_PDF_SCALE_WINDOW ? "window" : "density", figures.scale, figures.density,
        figures.position, figures.height, figures.r_factor);
    free(truth.G);
    vtr_pdf_release(&pdf);
    return figures;
}
