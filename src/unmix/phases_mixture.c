/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mixture that a principle chooses, and a factorisation from many starts beside it. */
#include "unmix/phases_internal.h"

static const double returns = 0.9; /* of the starts: below, a component is called unstable */

/* The data with the factorisation's demands: no component of a mixture of counts is negative. */
static vtr_status factorise(phases_job *job, vtr_error *err)
{
    const vtr_phases_params *p = job->params;
    vtr_nmf_params params = vtr_nmf_default_params();
    params.n_components = job->result->params.n_components;
    params.method = p->algorithm;
    params.loss = p->loss;
    params.negative = p->negative;
    params.start = p->start;
    params.n_starts = p->n_starts;
    params.n_consensus = p->n_consensus;
    params.seed = p->seed;
    return vtr_nmf(&job->result->nmf, &job->data, &params, job->threads, job->progress, err);
}

/* The factorisation's components as G, each beside that of the mixture which it is most like. */
static vtr_status match(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    size_t k = r->n_components, m = job->m, order[VTR_UNMIX_COMPONENTS_MAX];
    double *sorted = vtr_malloc(k * m, sizeof *sorted);
    r->nmf_components = vtr_malloc(k * job->n_r, sizeof *r->nmf_components);
    r->nmf_correlation = vtr_malloc(k, sizeof *r->nmf_correlation);
    r->nmf_order = vtr_malloc(k, sizeof *r->nmf_order);
    vtr_status status = VTR_OK;
    if (sorted == NULL || r->nmf_components == NULL || r->nmf_correlation == NULL || r->nmf_order == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", k);
    if (status == VTR_OK)
        status = vtr_unmix_match(order, r->nmf_correlation, k, m, r->spectra, r->nmf.components, err);
    for (size_t j = 0; status == VTR_OK && j < k; j++) {
        r->nmf_order[j] = order[j];
        memcpy(sorted + j * m, r->nmf.components + order[j] * m, m * sizeof *sorted);
    }
    if (status == VTR_OK)
        status = vtr_pdf_positions_to_g(job->positions, r->quantity, k, sorted, r->nmf_components, err);
    vtr_free(sorted);
    return status;
}

static void judge_consensus(phases_job *job)
{
    vtr_phases *r = job->result;
    const vtr_nmf_consensus *c = &r->nmf.consensus;
    for (size_t j = 0; j < r->n_components && c->n_starts > 0; j++) {
        size_t at = r->nmf_order[j];
        if (c->returns[at] < returns)
            vtr_phases_note(job, "%s came back from %.0f %% of %zu other starts of the factorisation only",
                            r->names[j], 100 * c->returns[at], c->n_starts);
    }
}

/* --- chosen by a principle ------------------------------------------------------------------------------------ */

static vtr_status choose(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_phases_params *p = job->params;
    vtr_simplex_params params = vtr_simplex_default_params();
    params.n_components = r->params.n_components;
    params.principle = p->principle == VTR_PHASES_PURE ? VTR_SIMPLEX_PURE : VTR_SIMPLEX_VOLUME;
    params.weights_are_variances = true;
    params.n_pure = p->n_pure;
    params.wide = p->wide;
    params.seed = p->seed;
    params.n_y = r->n_y;
    params.n_x = r->n_x;
    return vtr_simplex(&r->mixture, &job->white_data, &params, job->threads, err);
}

static void copy_mixture(phases_job *job)
{
    vtr_phases *r = job->result;
    const vtr_simplex_result *s = &r->mixture;
    size_t k = s->n_components, width = job->n_white + job->m;
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < job->m; c++)
            r->spectra[j * job->m + c] = job->mean[c] + s->components[j * width + job->n_white + c];
    memcpy(r->maps, s->maps, k * job->n * sizeof *r->maps);
    memcpy(r->map_errors, s->map_errors, k * job->n * sizeof *r->map_errors);
}

/* How far each component may go along the line from the mean, which is zero here, in the mean over the channels. Exact
 * for two components, which can move in no other way. */
static void find_ends(double (*ends)[2], const phases_job *job)
{
    const vtr_simplex_result *s = &job->result->mixture;
    for (size_t j = 0; j < s->n_components; j++) {
        size_t row = j * s->n_channels;
        double sum[2] = {0, 0}, weight = 0;
        for (size_t c = 0; c < job->n_white; c++) {
            double value = s->components[row + c];
            double a = value * (s->component_low[row + c] - value),
                   b = value * (s->component_high[row + c] - value);
            sum[0] += fmin(a, b);
            sum[1] += fmax(a, b);
            weight += value * value;
        }
        ends[j][0] = weight > 0 ? sum[0] / weight : 0;
        ends[j][1] = weight > 0 ? sum[1] / weight : 0;
    }
}

static vtr_status by_principle(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    double spread[VTR_UNMIX_COMPONENTS_MAX], ends[VTR_UNMIX_COMPONENTS_MAX][2];
    vtr_status status = choose(job, err);
    if (status == VTR_OK) status = vtr_phases_allocate(job, r->params.n_components, err);
    if (status != VTR_OK) return status;
    copy_mixture(job);
    find_ends(ends, job);
    status = vtr_phases_spread(spread, job, err);
    if (status == VTR_OK) status = vtr_phases_to_g(job, spread, (const double(*)[2])ends, err);
    return status;
}

/* --- as it comes ---------------------------------------------------------------------------------------------- */

static vtr_status by_luck(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    size_t k = r->params.n_components;
    double spread[VTR_UNMIX_COMPONENTS_MAX];
    vtr_status status = vtr_phases_allocate(job, k, err);
    if (status != VTR_OK) return status;
    memcpy(r->spectra, r->nmf.components, k * job->m * sizeof *r->spectra);
    memcpy(r->maps, r->nmf.maps, k * job->n * sizeof *r->maps);
    vtr_phases_note(job,
                    "no principle chose this mixture: others fit as well, with other fractions and peaks");
    status = vtr_phases_spread(spread, job, err);
    return status == VTR_OK ? vtr_phases_to_g(job, spread, NULL, err) : status;
}

vtr_status vtr_phases_mixture(phases_job *job, vtr_error *err)
{
    bool is_luck = job->params->principle == VTR_PHASES_LUCK;
    vtr_status status = VTR_OK;
    if (!is_luck) status = by_principle(job, err);
    if (status == VTR_OK) status = factorise(job, err);
    if (status == VTR_OK && is_luck) status = by_luck(job, err);
    if (status == VTR_OK) status = match(job, err);
    if (status == VTR_OK) judge_consensus(job);
    return status;
}
