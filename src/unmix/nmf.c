/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Non-negative matrix factorisation from the checks to the result: short runs from many starts, the best one refined on the
 * leading singular subspace, then on the cube itself. */
#include <math.h>
#include <string.h>

#include "unmix/nmf_internal.h"

enum { EXTRA_RANK = 5 };

/* The penalty of sum_to_one, in mean squared lengths of a row: a sum is then off by the misfit over this, some 1e-6. */
#define PENALTY 1e4

static vtr_status check_params(const vtr_nmf_params *p, const unmix_matrix *a, vtr_error *err)
{
    size_t k = p->n_components;
    bool is_divergence = p->loss == VTR_NMF_KULLBACK_LEIBLER;
    if (k == 0 || k > VTR_UNMIX_COMPONENTS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu components: between 1 and %d are possible", k,
                        VTR_UNMIX_COMPONENTS_MAX);
    if (k > a->m || k > a->n)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "%zu components from %zu positions with %zu channels: ask for at most %zu", k, a->n,
                        a->m, a->m < a->n ? a->m : a->n);
    if (a->high <= 0 && p->negative == VTR_NMF_SHIFT)
        return vtr_fail(err, VTR_ERR_RANGE,
                        "no value of the cube is positive (%g to %g): shifting it would make a mixture of "
                        "nothing; check sign "
                        "and background, or let components be negative (semi)",
                        a->low, a->high);
    if (is_divergence && (p->sum_to_one || p->volume > 0 || p->negative == VTR_NMF_SEMI))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the Kullback-Leibler loss goes with neither sum-to-one nor volume nor semi: take frobenius");
    if (p->volume > 0 && !p->sum_to_one)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a volume needs weights that sum to one: give sum-to-one too");
    if (p->negative == VTR_NMF_SEMI && p->method == VTR_NMF_MU)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "multiplicative updates cannot make negative components: take als or hals");
    return VTR_OK;
}

vtr_status vtr_nmf_run(unmix_fit *fit, size_t most, vtr_error *err)
{
    return fit->params->loss == VTR_NMF_KULLBACK_LEIBLER ? vtr_unmix_diverge(fit, most, err)
                                                         : vtr_unmix_alternate(fit, most, err);
}

vtr_status vtr_nmf_end(unmix_fit *fit, vtr_error *err)
{
    return fit->params->loss == VTR_NMF_KULLBACK_LEIBLER ? vtr_unmix_diverge_end(fit, err)
                                                         : vtr_unmix_alternate_end(fit, err);
}

/* The cube in its leading singular vectors, and the variance of an entry outside of them. */
static vtr_status open_small(nmf_job *job, vtr_error *err)
{
    const unmix_matrix *a = &job->a;
    size_t most = a->m < a->n ? a->m : a->n, rank = job->k + EXTRA_RANK < most ? job->k + EXTRA_RANK : most;
    double *v = vtr_malloc(rank * a->m, sizeof *v), *s = vtr_malloc(rank, sizeof *s), rest = a->norm2;
    vtr_status status = VTR_OK;
    if (v == NULL || s == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu singular vectors", rank);
    if (status == VTR_OK) status = vtr_unmix_subspace(v, s, a, NULL, rank, job->params->seed, err);
    if (status == VTR_OK) status = vtr_unmix_compress(&job->small, a, v, rank, err);
    for (size_t l = 0; l < job->k && status == VTR_OK; l++)
        rest -= s[l] * s[l];
    job->variance = fmax(rest, 1e-14 * a->norm2) / (double)(a->n * a->m);
    vtr_free(v);
    vtr_free(s);
    return status;
}

/* Where the runs of many iterations go: the compressed cube, if the loss allows it. */
static const unmix_matrix *workplace(const nmf_job *job)
{
    return job->params->loss == VTR_NMF_KULLBACK_LEIBLER ? &job->a : &job->small;
}

static vtr_status take_start(nmf_job *job, const double *start, vtr_error *err)
{
    const unmix_matrix *a = &job->a;
    bool is_multiplied = job->params->loss == VTR_NMF_KULLBACK_LEIBLER || job->params->method == VTR_NMF_MU;
    for (size_t j = 0; j < job->k; j++)
        for (size_t c = 0; c < a->m; c++) {
            double x = start[j * a->data->n_channels + a->channel[c]];
            if (!isfinite(x))
                return vtr_fail(err, VTR_ERR_NO_DATA,
                                "component %zu of the start is not finite in channel %zu", j, a->channel[c]);
            x = (x + a->shift) * a->channel_scale[c];
            /* A zero stays a zero under multiplication. */
            double least = is_multiplied ? 1e-6 * a->mean[c] : 0;
            job->fit.h[j * a->m + c] = job->fit.is_free ? x : fmax(x, least);
        }
    return VTR_OK;
}

/* The divergence changes slowly along its valley. Squared residuals with one over the mean counts of a channel as weights
 * are close to it (M. R. Keenan, P. G. Kotula, Surf. Interface Anal. 36, 203, 2004) and quick: begin where they end.
 * `which` as in vtr_nmf_begin;
 * start [k][n_channels], on the scale of the data. */
static vtr_status warm_up(double *start, const nmf_job *job, uint64_t which, vtr_error *err)
{
    const unmix_matrix *a = &job->a;
    size_t n_channels = a->data->n_channels, count = job->k * n_channels;
    vtr_nmf_params params = *job->params;
    vtr_unmix_data data = *a->data;
    vtr_nmf_result result = {0};
    double *weight = vtr_calloc(n_channels, sizeof *weight), mean = 0;
    if (weight == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu channels", n_channels);
    for (size_t c = 0; c < a->m; c++)
        mean += a->mean[c] / a->channel_scale[c] / (double)a->m;
    for (size_t c = 0; c < a->m; c++)
        weight[a->channel[c]] = a->channel_scale[c] / fmax(a->mean[c] / a->channel_scale[c], 1e-3 * mean);
    data.channel_weight = weight;
    params.loss = VTR_NMF_FROBENIUS;
    params.method = VTR_NMF_ALS;
    params.n_consensus = 0;
    if (which > 0) {
        params.start = VTR_NMF_RANDOM;
        params.start_components = NULL;
        params.n_starts = 1;
        params.seed += which;
    }
    vtr_status status =
        vtr_nmf(&result, &data, &params, a->threads, which > 0 ? NULL : job->fit.progress, err);
    for (size_t i = 0; i < count && status == VTR_OK; i++)
        start[i] = result.components[i];
    vtr_nmf_result_release(&result);
    vtr_free(weight);
    return status;
}

static vtr_status warm_start(nmf_job *job, uint64_t which, vtr_error *err)
{
    double *start = vtr_malloc(job->k * job->a.data->n_channels, sizeof *start);
    vtr_status status = VTR_OK;
    if (start == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", job->k);
    if (status == VTR_OK) status = warm_up(start, job, which, err);
    if (status == VTR_OK) status = take_start(job, start, err);
    vtr_free(start);
    return status;
}

vtr_status vtr_nmf_begin(nmf_job *job, uint64_t which, vtr_error *err)
{
    job->fit.a = workplace(job);
    job->fit.has_w = false;
    if (job->params->start_components != NULL && which == 0)
        return take_start(job, job->params->start_components, err);
    if (which > 0 && job->params->loss == VTR_NMF_KULLBACK_LEIBLER) return warm_start(job, which, err);
    vtr_nmf_params params = *job->params;
    if (which > 0) params.start = VTR_NMF_RANDOM;
    return vtr_unmix_start(job->fit.h, &job->small, &params, job->k, job->fit.is_free, which, err);
}

/* Short runs from every start; the components of the best one are left in the fit. */
static vtr_status choose_start(nmf_job *job, size_t *best, vtr_error *err)
{
    size_t count = job->k * job->a.m;
    bool is_one = job->params->start != VTR_NMF_RANDOM || job->params->start_components != NULL;
    size_t n = is_one || job->params->n_starts == 0 ? 1 : job->params->n_starts;
    double least = INFINITY, *kept = NULL;
    vtr_status status = VTR_OK;
    *best = 0;
    if (n > 1 && (kept = vtr_malloc(count, sizeof *kept)) == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", job->k);
    for (size_t start = 0; start < n && status == VTR_OK; start++) {
        status = vtr_nmf_begin(job, start, err);
        if (n == 1 || status != VTR_OK) break;
        status = vtr_nmf_run(&job->fit, job->params->n_short, err);
        vtr_progress_report(job->fit.progress, "starts", (double)start + 1, (double)n, "starts");
        if (status == VTR_OK && job->fit.objective < least) {
            least = job->fit.objective;
            *best = start;
            memcpy(kept, job->fit.h, count * sizeof *kept);
        }
    }
    if (status == VTR_OK && kept != NULL) memcpy(job->fit.h, kept, count * sizeof *kept);
    vtr_free(kept);
    job->fit.has_w = false;
    return status;
}

/* On the compressed cube to the end, then on the cube. */
static vtr_status refine(nmf_job *job, vtr_error *err)
{
    unmix_fit *fit = &job->fit;
    size_t most = job->params->max_iterations;
    vtr_status status = VTR_OK;
    fit->n_history = 0;
    if (workplace(job) == &job->small) {
        fit->a = &job->small;
        status = vtr_nmf_run(fit, most, err);
    }
    if (status != VTR_OK) return status;
    size_t left = most > fit->n_history ? most - fit->n_history : 0;
    fit->a = &job->a;
    /* The compressed loss differs a little from that of the cube: what is said of the objective is said of the cube. */
    size_t spent = fit->n_history;
    bool is_settled = fit->is_converged && spent > 0;
    fit->n_history = 0;
    if (left > 0) status = vtr_nmf_run(fit, left, err);
    fit->is_converged = fit->is_converged || (left == 0 && is_settled);
    job->n_iterations = spent + fit->n_history;
    return status;
}

vtr_status vtr_nmf_open(nmf_job *job, const vtr_unmix_data *data, const vtr_nmf_params *params, int threads,
                        const vtr_progress *progress, vtr_error *err)
{
    bool is_divergence = params->loss == VTR_NMF_KULLBACK_LEIBLER, is_free = params->negative == VTR_NMF_SEMI;
    size_t k = params->n_components;
    *job = (nmf_job){.params = params, .k = k};
    vtr_status status = vtr_unmix_open(&job->a, data, is_divergence, threads, err);
    if (status == VTR_OK) status = check_params(params, &job->a, err);
    if (status == VTR_OK)
        status = vtr_unmix_shift(&job->a, !is_free && job->a.low < 0 ? -job->a.low : 0, err);
    if (status == VTR_OK) status = open_small(job, err);
    if (status != VTR_OK) return status;
    job->fit = (unmix_fit){.a = &job->a, .params = params, .k = k, .is_free = is_free, .progress = progress};
    job->fit.penalty = params->sum_to_one ? PENALTY * job->a.norm2 / (double)job->a.n : 0;
    job->fit.volume = params->volume * job->variance * (double)job->a.n;
    job->fit.capacity = params->max_iterations;
    job->fit.h = vtr_calloc(k * job->a.m, sizeof *job->fit.h);
    job->fit.w = vtr_calloc(k * job->a.n, sizeof *job->fit.w);
    job->fit.history = vtr_malloc(params->max_iterations, sizeof *job->fit.history);
    if (job->fit.h == NULL || job->fit.w == NULL || job->fit.history == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components of %zu positions", k,
                        job->a.n);
    return VTR_OK;
}

void vtr_nmf_close(nmf_job *job)
{
    vtr_free(job->fit.h);
    vtr_free(job->fit.w);
    vtr_free(job->fit.history);
    vtr_unmix_close(&job->small);
    vtr_unmix_close(&job->a);
}

static vtr_status fill(vtr_nmf_result *result, nmf_job *job, size_t start, vtr_error *err)
{
    const unmix_matrix *a = &job->a;
    *result = (vtr_nmf_result){.n_components = job->k,
                               .n_positions = a->data->n_positions,
                               .n_channels = a->data->n_channels,
                               .n_used_positions = a->n,
                               .n_used_channels = a->m,
                               .n_invalid = a->n_invalid,
                               .shift = a->shift,
                               .is_converged = job->fit.is_converged,
                               .n_iterations = job->n_iterations,
                               .n_history = job->fit.n_history,
                               .start = start};
    vtr_status status = vtr_nmf_end(&job->fit, err);
    if (status == VTR_OK) status = vtr_unmix_scale(result, &job->fit, a, true, err);
    result->objective = job->fit.objective;
    result->kkt = job->fit.kkt;
    result->explained =
        job->params->loss == VTR_NMF_KULLBACK_LEIBLER ? NAN : 1 - 2 * job->fit.objective / a->deviation2;
    result->history = job->fit.history;
    job->fit.history = NULL;
    return status;
}

static vtr_status choose(nmf_job *job, vtr_nmf_params *params, size_t *start, vtr_error *err)
{
    bool is_given = params->start_components != NULL;
    if (params->loss != VTR_NMF_KULLBACK_LEIBLER || is_given) return choose_start(job, start, err);
    double *components = vtr_malloc(job->k * job->a.data->n_channels, sizeof *components);
    if (components == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", job->k);
    vtr_status status = warm_up(components, job, 0, err);
    params->start_components = components;
    if (status == VTR_OK) status = choose_start(job, start, err);
    params->start_components = NULL;
    vtr_free(components);
    return status;
}

vtr_status vtr_nmf(vtr_nmf_result *out, const vtr_unmix_data *data, const vtr_nmf_params *given, int threads,
                   const vtr_progress *progress, vtr_error *err)
{
    vtr_nmf_params params = given != NULL ? *given : vtr_nmf_default_params();
    vtr_nmf_result result = {0};
    nmf_job job;
    size_t start;
    vtr_status status = vtr_nmf_open(&job, data, &params, threads, progress, err);
    if (status == VTR_OK) status = choose(&job, &params, &start, err);
    if (status == VTR_OK) status = refine(&job, err);
    if (status == VTR_OK) status = fill(&result, &job, start, err);
    if (status == VTR_OK && params.n_consensus > 0) status = vtr_nmf_agree(&result, &job, err);
    vtr_nmf_close(&job);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_nmf_result_release(&result);
    return status;
}

void vtr_nmf_result_release(vtr_nmf_result *result)
{
    vtr_nmf_consensus *c = &result->consensus;
    vtr_free(result->components);
    vtr_free(result->maps);
    vtr_free(result->scale);
    vtr_free(result->fractions);
    vtr_free(result->history);
    vtr_free(c->returns);
    vtr_free(c->correlation);
    vtr_free(c->component_spread);
    vtr_free(c->fraction_low);
    vtr_free(c->fraction_high);
    *result = (vtr_nmf_result){0};
}
