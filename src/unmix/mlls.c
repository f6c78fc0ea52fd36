/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every position as a mixture of given references. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"
#include "vitrail/unmix_mlls.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX };

/* Of sum_to_one, over the mean square of a reference: what the sum is off by is then taken out exactly. */
#define PENALTY 1e6

#define MEMBER(name) offsetof(vtr_mlls_params, name)

static const vtr_parameter parameters[] = {
    {"free", NULL, VTR_PARAMETER_BOOL, MEMBER(is_free), .help = "weights of either sign"},
    {"sum-to-one", NULL, VTR_PARAMETER_BOOL, MEMBER(sum_to_one), .help = "weights of a position sum to one"},
    {"constant", NULL, VTR_PARAMETER_BOOL, MEMBER(with_constant), .help = "a constant beside the references"},
    {"weights-are-variances", NULL, VTR_PARAMETER_BOOL, MEMBER(weights_are_variances),
     .help = "weights are one over the variance itself"},
};

const vtr_parameter_table vtr_mlls_parameters = {"Linear least squares", parameters,
                                                 sizeof parameters / sizeof *parameters};

vtr_mlls_params vtr_mlls_default_params(void)
{
    vtr_mlls_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_mlls_parameters, &params);
    return params;
}

typedef struct mlls_job {
    const unmix_matrix *a;
    const unmix_kernels *kernels;
    vtr_mlls_params params;
    size_t k, n_summed; /* with the constant, without it */
    double *h;          /* [k][m] */
    double gram[MOST * MOST], covariance[MOST * MOST], deviation[MOST];
    double along[MOST]; /* where the free minimum lies for a sum of one and nothing else */
    double penalty;
    unmix_nnls nnls;
    vtr_mlls_result *result;
} mlls_job;

static vtr_status check_references(const vtr_mlls_references *r, const vtr_unmix_data *data, vtr_error *err)
{
    if (r->n_channels != data->n_channels)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "the references have %zu channels and the cube %zu: bring them onto its axis",
                        r->n_channels, data->n_channels);
    for (size_t c = 0; r->axis != NULL && r->data_axis != NULL && c < r->n_channels; c++) {
        size_t beside = c + 1 < r->n_channels ? c + 1 : c > 0 ? c - 1 : c;
        double step = fabs(r->data_axis[beside] - r->data_axis[c]);
        if (!(fabs(r->axis[c] - r->data_axis[c]) <= 1e-3 * step + 1e-9))
            return vtr_fail(
                err, VTR_ERR_SHAPE,
                "channel %zu of the references lies at %g, that of the cube at %g: bring them onto its axis",
                c, r->axis[c], r->data_axis[c]);
    }
    return VTR_OK;
}

static vtr_status load_references(mlls_job *job, const vtr_mlls_references *r, vtr_error *err)
{
    const unmix_matrix *a = job->a;
    for (size_t j = 0; j < job->k; j++) {
        double norm2 = 0;
        for (size_t c = 0; c < a->m; c++) {
            double x = j < r->n ? r->values[j * r->n_channels + a->channel[c]] : 1;
            if (!isfinite(x))
                return vtr_fail(err, VTR_ERR_NO_DATA,
                                "reference %zu is not finite in channel %zu: mask the channel", j + 1,
                                a->channel[c]);
            job->h[j * a->m + c] = x * a->channel_scale[c];
            norm2 += x * x;
        }
        if (!(norm2 > 0))
            return vtr_fail(err, VTR_ERR_NO_DATA, "reference %zu is zero in all used channels", j + 1);
    }
    for (size_t i = 0; i < job->k; i++)
        for (size_t j = 0; j < job->k; j++) {
            double sum = 0;
            for (size_t c = 0; c < a->m; c++)
                sum += job->h[i * a->m + c] * job->h[j * a->m + c];
            job->gram[i * job->k + j] = sum;
        }
    return VTR_OK;
}

/* Root of the ratio of the extreme eigenvalues of the references at unit length. */
static vtr_status find_condition(mlls_job *job, vtr_error *err)
{
    size_t k = job->k;
    double g[MOST * MOST], value[MOST];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            g[i * k + j] = job->gram[i * k + j] / sqrt(job->gram[i * k + i] * job->gram[j * k + j]);
    if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'L', (lapack_int)k, g, (lapack_int)k, value) != 0 ||
        !(value[0] > 1e-12 * value[k - 1]))
        return vtr_fail(err, VTR_ERR_NUMERIC,
                        "the %zu references (a constant included, where asked for) are combinations of each "
                        "other: leave one "
                        "out",
                        k);
    job->result->condition = sqrt(value[k - 1] / value[0]);
    return VTR_OK;
}

/* Of the free fit, with the sum held at one if it is, and the solver. */
static vtr_status prepare(mlls_job *job, vtr_error *err)
{
    size_t k = job->k;
    double unit[MOST * MOST] = {0}, row[MOST] = {0}, all = 0, bound[MOST * MOST], mean = 0;
    for (size_t j = 0; j < k; j++) {
        unit[j * k + j] = 1;
        mean += job->gram[j * k + j] / (double)k;
    }
    vtr_status status = vtr_unmix_solve(job->covariance, k, k, job->gram, unit, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < k; j++)
        for (size_t l = 0; l < job->n_summed; l++)
            row[j] += job->covariance[j * k + l];
    for (size_t l = 0; l < job->n_summed; l++)
        all += row[l];
    job->penalty = job->params.sum_to_one ? PENALTY * mean : 0;
    for (size_t j = 0; j < k; j++)
        job->along[j] = row[j] / all;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            bool is_summed = i < job->n_summed && j < job->n_summed;
            bound[i * k + j] = job->gram[i * k + j] + (is_summed ? job->penalty : 0);
            if (job->params.sum_to_one) job->covariance[i * k + j] -= row[i] * row[j] / all;
        }
    for (size_t j = 0; j < k; j++)
        job->deviation[j] = sqrt(fmax(job->covariance[j * k + j], 0));
    return vtr_unmix_nnls_open(&job->nnls, k, bound, err);
}

/* Given p = h . row, the weights. */
static void solve_position(const mlls_job *job, const double *p, double scale, double *x)
{
    size_t k = job->k;
    double target[MOST], sum = 0;
    memcpy(target, p, k * sizeof *p);
    if (!job->params.is_free) {
        for (size_t j = 0; j < job->n_summed; j++)
            target[j] += job->penalty * scale;
        vtr_unmix_nnls_solve(&job->nnls, target, x);
        for (size_t j = 0; j < job->n_summed; j++)
            sum += x[j];
        for (size_t j = 0; j < job->n_summed && job->params.sum_to_one && sum > 0; j++)
            x[j] *= scale / sum;
        return;
    }
    /* With the sum held the covariance takes p to the solution less the part along the constraint. */
    for (size_t i = 0; i < k; i++) {
        x[i] = job->params.sum_to_one ? scale * job->along[i] : 0;
        for (size_t j = 0; j < k; j++)
            x[i] += job->covariance[i * k + j] * target[j];
    }
}

static void do_block(void *user, size_t first, size_t n, const float *rows, double *sums, double *p)
{
    const mlls_job *job = user;
    const unmix_matrix *a = job->a;
    size_t k = job->k, n_all = a->data->n_positions;
    vtr_mlls_result *result = job->result;
    (void)sums;
    job->kernels->project(p, n, a->m, rows, k, job->h);
    for (size_t i = 0; i < n; i++) {
        size_t position = a->position[first + i];
        double x[MOST], scale = vtr_unmix_position_scale(a, first + i), square = 0;
        solve_position(job, p + i * k, scale, x);
        for (size_t c = 0; c < a->m; c++) {
            double r = (double)rows[i * a->m + c];
            for (size_t j = 0; j < k; j++)
                r -= x[j] * job->h[j * a->m + c];
            square += r * r;
        }
        size_t n_free = k - (job->params.sum_to_one ? 1 : 0);
        double variance = a->m > n_free ? square / (double)(a->m - n_free) : NAN;
        result->residual[position] = (float)sqrt(variance);
        for (size_t j = 0; j < k; j++) {
            double error = job->deviation[j] * (job->params.weights_are_variances ? 1 : sqrt(variance));
            result->maps[j * n_all + position] = (float)(x[j] / scale);
            result->errors[j * n_all + position] = (float)(error / scale);
        }
    }
}

static vtr_status gather_maps(mlls_job *job, vtr_error *err)
{
    vtr_mlls_result *result = job->result;
    vtr_status status = vtr_unmix_gather_all(result->residual, sizeof(float), job->a, err);
    for (size_t j = 0; status == VTR_OK && j < job->k; j++) {
        size_t at = j * result->n_positions;
        status = vtr_unmix_gather_all(result->maps + at, sizeof(float), job->a, err);
        if (status == VTR_OK) status = vtr_unmix_gather_all(result->errors + at, sizeof(float), job->a, err);
    }
    return status;
}

static void find_fractions(mlls_job *job)
{
    vtr_mlls_result *result = job->result;
    size_t n = job->a->n, n_all = result->n_positions;
    double all = 0, mean[MOST] = {0}, variance[MOST] = {0};
    for (size_t j = 0; j < job->k; j++) {
        for (size_t i = 0; i < n; i++) {
            size_t at = j * n_all + job->a->position[i];
            mean[j] += (double)result->maps[at] / (double)n;
            variance[j] += (double)result->errors[at] * (double)result->errors[at] / ((double)n * (double)n);
        }
        if (j < job->n_summed) all += mean[j];
    }
    for (size_t j = 0; j < job->k; j++) {
        result->fractions[j] = j < job->n_summed ? mean[j] / all : NAN;
        result->fraction_errors[j] = j < job->n_summed ? sqrt(variance[j]) / fabs(all) : NAN;
    }
}

static vtr_status allocate(mlls_job *job, vtr_error *err)
{
    vtr_mlls_result *result = job->result;
    size_t count = job->k * result->n_positions;
    job->h = vtr_malloc(job->k * job->a->m, sizeof *job->h);
    result->maps = vtr_malloc(count, sizeof *result->maps);
    result->errors = vtr_malloc(count, sizeof *result->errors);
    result->residual = vtr_malloc(result->n_positions, sizeof *result->residual);
    result->fractions = vtr_malloc(job->k, sizeof *result->fractions);
    result->fraction_errors = vtr_malloc(job->k, sizeof *result->fraction_errors);
    if (job->h == NULL || result->maps == NULL || result->errors == NULL || result->residual == NULL ||
        result->fractions == NULL || result->fraction_errors == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of %zu references", job->k);
    for (size_t i = 0; i < count; i++)
        result->maps[i] = result->errors[i] = NAN;
    for (size_t p = 0; p < result->n_positions; p++)
        result->residual[p] = NAN;
    return VTR_OK;
}

static vtr_status fit(mlls_job *job, const vtr_mlls_references *references, vtr_error *err)
{
    vtr_status status = allocate(job, err);
    if (status == VTR_OK) status = load_references(job, references, err);
    if (status == VTR_OK) status = find_condition(job, err);
    if (status == VTR_OK) status = prepare(job, err);
    if (status == VTR_OK)
        status = vtr_unmix_each_block(job->a, do_block, job, NULL, 0, UNMIX_BLOCK * job->k, err);
    if (status == VTR_OK) status = gather_maps(job, err);
    if (status == VTR_OK) find_fractions(job);
    vtr_unmix_nnls_close(&job->nnls);
    vtr_free(job->h);
    return status;
}

vtr_status vtr_mlls(vtr_mlls_result *out, const vtr_unmix_data *data, const vtr_mlls_references *references,
                    const vtr_mlls_params *given, int threads, vtr_error *err)
{
    unmix_matrix a = {0};
    vtr_mlls_result result = {0};
    mlls_job job = {.a = &a, .kernels = vtr_unmix_kernels_best(), .result = &result};
    job.params = given != NULL ? *given : vtr_mlls_default_params();
    job.n_summed = references->n;
    job.k = references->n + (job.params.with_constant ? 1 : 0);
    if (references->n == 0 || job.k > VTR_UNMIX_COMPONENTS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu references: between 1 and %d are possible", references->n,
                        VTR_UNMIX_COMPONENTS_MAX);
    vtr_status status = check_references(references, data, err);
    if (status == VTR_OK) status = vtr_unmix_open(&a, data, false, threads, err);
    if (status == VTR_OK && job.k > a.m)
        status =
            vtr_fail(err, VTR_ERR_ARGUMENT, "%zu references for %zu used channels: give fewer", job.k, a.m);
    if (status == VTR_OK) status = vtr_unmix_shift(&a, 0, err);
    result = (vtr_mlls_result){.n_references = job.k,
                               .n_positions = data->n_positions,
                               .n_used_positions = a.n,
                               .n_used_channels = a.m,
                               .n_invalid = a.n_invalid};
    if (status == VTR_OK) status = fit(&job, references, err);
    vtr_unmix_close(&a);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_mlls_result_release(&result);
    return status;
}

void vtr_mlls_result_release(vtr_mlls_result *result)
{
    vtr_free(result->maps);
    vtr_free(result->errors);
    vtr_free(result->residual);
    vtr_free(result->fractions);
    vtr_free(result->fraction_errors);
    *result = (vtr_mlls_result){0};
}
