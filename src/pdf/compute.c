/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

static vtr_status allocate(vtr_pdf *pdf, bool has_errors, bool has_density, vtr_error *err)
{
    double **on_q[] = {&pdf->q, &pdf->intensity, &pdf->atomic, &pdf->background, &pdf->S, &pdf->F};
    double **on_q_errors[] = {&pdf->intensity_error, &pdf->S_error, &pdf->F_error};
    double **on_r[] = {&pdf->r, &pdf->G}, **on_r_density[] = {&pdf->R, &pdf->g, &pdf->R_error, &pdf->g_error};
    bool is_short = false;
    for (size_t i = 0; i < 6; i++)
        is_short |= (*on_q[i] = vtr_calloc(pdf->n_q, sizeof(double))) == NULL;
    for (size_t i = 0; has_errors && i < 3; i++)
        is_short |= (*on_q_errors[i] = vtr_calloc(pdf->n_q, sizeof(double))) == NULL;
    for (size_t i = 0; i < 2; i++)
        is_short |= (*on_r[i] = vtr_calloc(pdf->n_r, sizeof(double))) == NULL;
    for (size_t i = 0; has_density && i < (has_errors ? 4 : 2); i++)
        is_short |= (*on_r_density[i] = vtr_calloc(pdf->n_r, sizeof(double))) == NULL;
    if (has_errors) {
        is_short |= (pdf->G_error = vtr_calloc(pdf->n_r, sizeof(double))) == NULL;
        is_short |= (pdf->sensitivity = vtr_calloc(pdf->n_r * pdf->n_q, sizeof(double))) == NULL;
        is_short |= (pdf->density_sensitivity = vtr_calloc(pdf->n_q, sizeof(double))) == NULL;
    }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a pair distribution function")
                    : VTR_OK;
}

static void fill_structure(vtr_pdf *pdf, const vtr_pdf_plan *plan, const double *intensity)
{
    size_t n = plan->n_q;
    double scale = pdf_structure(plan, intensity, pdf->F);
    memcpy(pdf->q, plan->q, n * sizeof *pdf->q);
    memcpy(pdf->intensity, intensity, n * sizeof *intensity);
    for (size_t j = 0; j < n; j++) {
        pdf->S[j] = 1 + pdf->F[j] / plan->q[j];
        pdf->atomic[j] = scale * plan->atomic[j];
        pdf->background[j] = intensity[j] - scale * (pdf->F[j] + plan->self[j]) / plan->to_f[j];
    }
    memcpy(pdf->r, plan->r, plan->n_r * sizeof *pdf->r);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)plan->n_r, (int)n, 1, plan->transform, (int)n, pdf->F, 1, 0,
                pdf->G, 1);
}

/* Scales a sensitivity row by the standard deviations of the intensity; returns the standard deviation it gives. */
static double weigh(double *row, size_t n, const double *intensity_error)
{
    for (size_t j = 0; j < n; j++)
        row[j] *= intensity_error[j];
    return cblas_dnrm2((int)n, row, 1);
}

static void fill_errors(vtr_pdf *pdf, const vtr_pdf_plan *plan, const double *variance, double *row)
{
    size_t n = plan->n_q;
    double scale = pdf->normalisation.scale;
    for (size_t j = 0; j < n; j++)
        pdf->intensity_error[j] = sqrt(variance[j]);
    for (size_t j = 0; j < n; j++) {
        pdf_structure_sensitivity(plan, j, pdf->F[j], scale, row);
        pdf->F_error[j] = weigh(row, n, pdf->intensity_error);
        pdf->S_error[j] = pdf->F_error[j] / plan->q[j];
    }
    memcpy(pdf->sensitivity, plan->sensitivity, plan->n_r * n * sizeof *pdf->sensitivity);
    for (size_t i = 0; i < plan->n_r; i++) {
        double *s = pdf->sensitivity + i * n;
        cblas_daxpy((int)n, -pdf->G[i], plan->scale.row, 1, s, 1);
        cblas_dscal((int)n, 1 / scale, s, 1);
        pdf->G_error[i] = weigh(s, n, pdf->intensity_error);
    }
    if (!plan->is_density_found) return;
    pdf_ratio_sensitivity(plan, &plan->line, pdf->normalisation.density, scale, pdf->density_sensitivity);
    weigh(pdf->density_sensitivity, n, pdf->intensity_error);
}

/* R = r G + 4 pi r^2 rho0 and g = 1 + G/(4 pi r rho0), with the density's error where it was found. */
static void fill_functions(vtr_pdf *pdf)
{
    double density = pdf->normalisation.density;
    size_t n = pdf->n_q;
    for (size_t i = 0; i < pdf->n_r; i++) {
        double r = pdf->r[i], line = 4 * VTR_PI * r;
        pdf->R[i] = r * (pdf->G[i] + line * density);
        pdf->g[i] = r > 0 ? 1 + pdf->G[i] / (line * density) : NAN;
        if (pdf->G_error == NULL) continue;
        double on_R = 0, on_g = 0;
        const double *s = pdf->sensitivity + i * n, *d = pdf->density_sensitivity;
        for (size_t j = 0; j < n; j++) {
            double dR = r * (s[j] + line * d[j]), dg = s[j] - pdf->G[i] * d[j] / density;
            on_R += dR * dR, on_g += dg * dg;
        }
        pdf->R_error[i] = sqrt(on_R);
        pdf->g_error[i] = r > 0 ? sqrt(on_g) / (line * density) : NAN;
    }
}

vtr_status vtr_pdf_compute(vtr_pdf *out, const vtr_pdf_profile *profile, const vtr_pdf_params *params,
                           vtr_error *err)
{
    vtr_pdf_plan *plan = NULL;
    vtr_pdf pdf = {0};
    double *row = NULL;
    vtr_status status = vtr_pdf_plan_create(&plan, profile, params, err);
    if (status != VTR_OK) return status;
    pdf.n_q = plan->n_q;
    pdf.n_r = plan->n_r;
    pdf.normalisation = plan->normalisation;
    bool has_density = pdf.normalisation.density > 0 && plan->params.kernel == VTR_PDF_KERNEL_SINE;
    status = allocate(&pdf, profile->variance != NULL, has_density, err);
    row = vtr_calloc(plan->n_q, sizeof *row);
    if (status == VTR_OK && row == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    if (status != VTR_OK) goto cleanup;
    fill_structure(&pdf, plan, profile->intensity + plan->first);
    if (profile->variance != NULL) fill_errors(&pdf, plan, profile->variance + plan->first, row);
    if (has_density) fill_functions(&pdf);
    *out = pdf;
    memset(&pdf, 0, sizeof pdf);
cleanup:
    vtr_free(row);
    vtr_pdf_release(&pdf);
    vtr_pdf_plan_free(&plan);
    return status;
}

void vtr_pdf_release(vtr_pdf *pdf)
{
    double *arrays[] = {pdf->q,       pdf->intensity,   pdf->intensity_error,
                        pdf->atomic,  pdf->background,  pdf->S,
                        pdf->S_error, pdf->F,           pdf->F_error,
                        pdf->r,       pdf->G,           pdf->G_error,
                        pdf->R,       pdf->R_error,     pdf->g,
                        pdf->g_error, pdf->sensitivity, pdf->density_sensitivity};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        vtr_free(arrays[i]);
    memset(pdf, 0, sizeof *pdf);
}
