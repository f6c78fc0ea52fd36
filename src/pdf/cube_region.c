/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/cube_internal.h"
#include "vitrail/constants.h"

/* Means over regions. Differences from the mean PDF of the scan are summed, so that the squares lose no digits. */

vtr_status pdf_region_sums_init(pdf_region_sums *sums, const vtr_region *region, size_t n_r, vtr_error *err)
{
    *sums = (pdf_region_sums){.region = region, .n_r = n_r};
    sums->difference = vtr_calloc(n_r, sizeof(double));
    sums->square = vtr_calloc(n_r, sizeof(double));
    sums->variance = vtr_calloc(n_r, sizeof(double));
    sums->groups = vtr_calloc(PDF_REGION_GROUPS * n_r, sizeof(double));
    if (sums->difference == NULL || sums->square == NULL || sums->variance == NULL || sums->groups == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean of region '%s'", region->name);
    return VTR_OK;
}

void pdf_region_sums_release(pdf_region_sums *sums)
{
    vtr_free(sums->difference);
    vtr_free(sums->square);
    vtr_free(sums->variance);
    vtr_free(sums->groups);
    *sums = (pdf_region_sums){0};
}

void pdf_region_sums_add(pdf_region_sums *sums, const double *mean_g, size_t first, size_t n, const float *g,
                         const float *error)
{
    size_t n_r = sums->n_r;
    for (size_t p = 0; p < n; p++) {
        const float *row = g + p * n_r, *deviation = error + p * n_r;
        if (!sums->region->member[first + p] || !isfinite(row[0])) continue;
        double *group = sums->groups + sums->n % PDF_REGION_GROUPS * n_r;
        for (size_t i = 0; i < n_r; i++) {
            double d = (double)row[i] - mean_g[i];
            sums->difference[i] += d;
            group[i] += d;
            sums->square[i] += d * d;
            sums->variance[i] += (double)deviation[i] * (double)deviation[i];
        }
        sums->n++;
    }
}

/* The scatter of the groups as independent parts of the mean's error: with n_b of n positions in group b of B,
 * (n_b/n)(G_b - G) sqrt(B/(B - 1)), whose squares add up to the variance of the mean. */
static void fill_sensitivity(vtr_pdf *pdf, const pdf_region_sums *sums)
{
    size_t n = sums->n, n_r = sums->n_r, n_groups = pdf->n_q;
    double factor = sqrt((double)n_groups / ((double)n_groups - 1));
    for (size_t b = 0; b < n_groups; b++) {
        double members = (double)(n / n_groups + (b < n % n_groups));
        for (size_t i = 0; i < n_r; i++) {
            double mean = sums->difference[i] / (double)n;
            pdf->sensitivity[i * n_groups + b] =
                factor * (sums->groups[b * n_r + i] - members * mean) / (double)n;
        }
    }
}

static vtr_status fit_shells(vtr_pdf_region_mean *out, const pdf_region_sums *sums, const vtr_pdf_plan *plan,
                             const double shell_range[2][2], vtr_error *err)
{
    size_t n_r = sums->n_r, n_groups = sums->n < PDF_REGION_GROUPS ? sums->n : PDF_REGION_GROUPS;
    vtr_pdf pdf = {
        .n_q = n_groups, .n_r = n_r, .r = plan->r, .G = out->G, .normalisation = plan->normalisation};
    bool has_line = plan->normalisation.density > 0 && plan->params.kernel == VTR_PDF_KERNEL_SINE;
    bool has_scatter = n_groups > 1;
    double *room = vtr_malloc(n_r, sizeof *room);
    double *sensitivity = vtr_malloc(n_r * (n_groups + 1), sizeof *sensitivity);
    if (room == NULL || sensitivity == NULL) {
        vtr_free(room);
        vtr_free(sensitivity);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the shells of region '%s'", out->name);
    }
    for (size_t i = 0; i < n_r; i++)
        room[i] = plan->r[i] * (out->G[i] + 4 * VTR_PI * plan->r[i] * plan->normalisation.density);
    if (has_scatter) {
        pdf.sensitivity = sensitivity;
        fill_sensitivity(&pdf, sums);
    }
    for (size_t s = 0; s < 2; s++) {
        out->shell[s] = (vtr_pdf_peak){NAN, NAN, NAN, NAN, NAN, NAN};
        pdf.R = has_line && s == 0 ? room : NULL; /* without R a maximum stands on zero */
        if (isfinite(shell_range[s][0]))
            vtr_pdf_peak_fit(&out->shell[s], &pdf, shell_range[s][0], shell_range[s][1], NULL);
    }
    vtr_free(room);
    vtr_free(sensitivity);
    return VTR_OK;
}

vtr_status pdf_region_sums_finish(vtr_pdf_region_mean *out, const pdf_region_sums *sums,
                                  const vtr_pdf_plan *plan, const double *mean_g,
                                  const double shell_range[2][2], vtr_error *err)
{
    double n = (double)sums->n;
    size_t n_r = sums->n_r;
    *out = (vtr_pdf_region_mean){.n = sums->n};
    strcpy(out->name, sums->region->name);
    strcpy(out->definition, sums->region->definition);
    out->G = vtr_malloc(n_r, sizeof(double));
    out->G_error = vtr_malloc(n_r, sizeof(double));
    out->G_propagated = vtr_malloc(n_r, sizeof(double));
    if (out->G == NULL || out->G_error == NULL || out->G_propagated == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean of region '%s'", out->name);
    for (size_t i = 0; i < n_r; i++) {
        double mean = sums->difference[i] / n, squares = sums->square[i] - n * mean * mean;
        out->G[i] = n > 0 ? mean_g[i] + mean : NAN;
        out->G_error[i] = n > 1 ? sqrt(fmax(squares, 0) / (n * (n - 1))) : NAN;
        out->G_propagated[i] = n > 0 ? sqrt(sums->variance[i]) / n : NAN;
    }
    return fit_shells(out, sums, plan, shell_range, err);
}
