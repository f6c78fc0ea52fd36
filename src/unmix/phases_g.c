/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Components as pair distribution functions: on the scale of G, with errors and range. */
#include <cblas.h>

#include "unmix/phases_internal.h"
#include "unmix/unmix_internal.h"

vtr_status vtr_phases_spread(double *spread, const phases_job *job, vtr_error *err)
{
    const vtr_phases *r = job->result;
    size_t k = r->n_components;
    double gram[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX] = {0};
    double inverse[VTR_UNMIX_COMPONENTS_MAX * VTR_UNMIX_COMPONENTS_MAX] = {0};
    for (size_t p = 0; p < job->n; p++)
        for (size_t i = 0; i < k && isfinite(r->maps[p]); i++)
            for (size_t j = 0; j < k; j++)
                gram[i * k + j] += job->position_weight[p] * (double)r->maps[i * job->n + p] *
                                   (double)r->maps[j * job->n + p];
    for (size_t i = 0; i < k; i++)
        inverse[i * k + i] = 1;
    vtr_status status = vtr_unmix_solve(inverse, k, k, gram, inverse, err);
    for (size_t i = 0; status == VTR_OK && i < k; i++)
        spread[i] = sqrt(inverse[i * k + i]);
    return status;
}

static void apply_range(phases_job *job, size_t j, const double t[2], const double *mean_g, double *ends)
{
    vtr_phases *r = job->result;
    for (size_t i = 0; i < job->n_r; i++) {
        double value = r->components[j * job->n_r + i], step = value - mean_g[i];
        for (size_t e = 0; e < 2; e++)
            ends[e * job->n_r + i] = value + t[e] * step;
        r->component_low[j * job->n_r + i] = fmin(value, fmin(ends[i], ends[job->n_r + i]));
        r->component_high[j * job->n_r + i] = fmax(value, fmax(ends[i], ends[job->n_r + i]));
    }
}

vtr_status vtr_phases_to_g(phases_job *job, const double *spread, const double (*t)[2], vtr_error *err)
{
    vtr_phases *r = job->result;
    size_t k = r->n_components, n_r = job->n_r;
    double *mean_g = vtr_malloc(n_r, sizeof *mean_g), *ends = vtr_malloc(2 * n_r, sizeof *ends);
    vtr_status status = VTR_OK;
    if (mean_g == NULL || ends == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the range of components");
    if (status == VTR_OK)
        status = vtr_pdf_positions_to_g(job->positions, r->quantity, k, r->spectra, r->components, err);
    if (status == VTR_OK)
        status = vtr_pdf_positions_to_g(job->positions, r->quantity, 1, job->mean, mean_g, err);
    for (size_t j = 0; status == VTR_OK && j < k; j++) {
        for (size_t i = 0; i < n_r; i++) {
            const double *row = job->noise + i * job->n_q;
            r->component_errors[j * n_r + i] = spread[j] * cblas_dnrm2((int)job->n_q, row, 1);
        }
        if (t != NULL) apply_range(job, j, t[j], mean_g, ends);
    }
    vtr_free(mean_g);
    vtr_free(ends);
    return status;
}
