/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether other starts lead to the same components. */
#include <math.h>
#include <string.h>

#include "unmix/nmf_internal.h"

/* Two components with at least this correlation are the same. */
#define SAME 0.99

static vtr_status open_consensus(vtr_nmf_consensus *c, size_t k, size_t n_channels, vtr_error *err)
{
    c->returns = vtr_calloc(k, sizeof(double));
    c->correlation = vtr_calloc(k, sizeof(double));
    c->component_spread = vtr_calloc(k * n_channels, sizeof(double));
    c->fraction_low = vtr_malloc(k, sizeof(double));
    c->fraction_high = vtr_malloc(k, sizeof(double));
    if (c->returns == NULL || c->correlation == NULL || c->component_spread == NULL ||
        c->fraction_low == NULL || c->fraction_high == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the consensus of %zu components", k);
    for (size_t j = 0; j < k; j++) {
        c->fraction_low[j] = INFINITY;
        c->fraction_high[j] = -INFINITY;
    }
    c->objective_low = INFINITY;
    c->objective_high = -INFINITY;
    return VTR_OK;
}

/* Adds one factorisation: the n-th, counted from one. Mean and squared deviations grow by Welford's rule. */
static vtr_status add(vtr_nmf_consensus *c, double *mean, const vtr_nmf_result *reference,
                      const vtr_nmf_result *other, size_t n, vtr_error *err)
{
    size_t k = reference->n_components, m = reference->n_channels, order[VTR_UNMIX_COMPONENTS_MAX];
    double correlation[VTR_UNMIX_COMPONENTS_MAX];
    vtr_status status =
        vtr_unmix_match(order, correlation, k, m, reference->components, other->components, err);
    for (size_t j = 0; j < k && status == VTR_OK; j++) {
        double fraction = other->fractions[order[j]];
        if (correlation[j] >= SAME) c->returns[j]++;
        c->correlation[j] += (correlation[j] - c->correlation[j]) / (double)n;
        c->fraction_low[j] = fmin(c->fraction_low[j], fraction);
        c->fraction_high[j] = fmax(c->fraction_high[j], fraction);
        for (size_t i = j * m, o = order[j] * m; i < (j + 1) * m; i++, o++) {
            double before = other->components[o] - mean[i];
            mean[i] += before / (double)n;
            c->component_spread[i] += before * (other->components[o] - mean[i]);
        }
    }
    return status;
}

static vtr_status one_start(vtr_nmf_consensus *c, double *mean, const vtr_nmf_result *result, nmf_job *job,
                            size_t start, vtr_error *err)
{
    vtr_nmf_result other = {.n_components = job->k,
                            .n_positions = result->n_positions,
                            .n_channels = result->n_channels,
                            .shift = result->shift};
    vtr_status status = vtr_nmf_begin(job, start + 1, err);
    if (status == VTR_OK) status = vtr_nmf_run(&job->fit, job->params->max_iterations, err);
    if (status == VTR_OK) status = vtr_nmf_end(&job->fit, err);
    if (status == VTR_OK) status = vtr_unmix_scale(&other, &job->fit, &job->a, false, err);
    if (status == VTR_OK) status = add(c, mean, result, &other, start + 1, err);
    c->objective_low = fmin(c->objective_low, job->fit.objective);
    c->objective_high = fmax(c->objective_high, job->fit.objective);
    vtr_nmf_result_release(&other);
    return status;
}

vtr_status vtr_nmf_agree(vtr_nmf_result *result, nmf_job *job, vtr_error *err)
{
    vtr_nmf_consensus *c = &result->consensus;
    size_t k = result->n_components, n = job->params->n_consensus;
    double *mean = vtr_calloc(k * result->n_channels, sizeof *mean);
    vtr_status status = open_consensus(c, k, result->n_channels, err);
    if (status == VTR_OK && mean == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the consensus of %zu components", k);
    for (size_t start = 0; start < n && status == VTR_OK; start++) {
        status = one_start(c, mean, result, job, start, err);
        vtr_progress_report(job->fit.progress, "consensus", (double)start + 1, (double)n, "starts");
    }
    c->n_starts = n;
    for (size_t j = 0; j < k && status == VTR_OK; j++)
        c->returns[j] /= (double)n;
    for (size_t i = 0; i < k * result->n_channels && status == VTR_OK; i++)
        c->component_spread[i] = sqrt(c->component_spread[i] / (double)(n > 1 ? n - 1 : 1));
    vtr_free(mean);
    return status;
}
