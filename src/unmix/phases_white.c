/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Channels share noise: those of F through scale and background, those of G all with their neighbours. Along the
 * eigenvectors of the covariance of a typical position noise is independent, and divided by its standard deviation it is
 * one everywhere: what every method takes for granted. Where a direction has next to no noise (the background was taken
 * out along it, or G was sampled finer than qmax resolves) it has next to no signal either and is left out. */
#include <cblas.h>
#include <lapacke.h>

#include "unmix/phases_internal.h"

static const double least_variance = 1e-5; /* of the largest: below, a direction is left out */

/* Rows of the whitener from the eigenvectors (columns, ascending). */
static void take_directions(phases_job *job, size_t n_used, const double *vectors, const double *value)
{
    const vtr_phases *r = job->result;
    job->n_white = 0;
    for (size_t a = n_used; a-- > 0 && value[a] > least_variance * value[n_used - 1];) {
        double *row = job->whitener + job->n_white++ * job->m;
        for (size_t c = 0, u = 0; c < job->m; c++)
            row[c] = r->channel_used[c] ? vectors[u++ * n_used + a] / sqrt(value[a]) : 0;
    }
}

static vtr_status find_whitener(phases_job *job, vtr_error *err)
{
    const vtr_phases *r = job->result;
    size_t n_used = 0;
    double *parts = vtr_malloc(job->m * job->n_q, sizeof *parts);
    double *covariance = vtr_malloc(job->m * job->m, sizeof *covariance);
    double *value = vtr_malloc(job->m, sizeof *value);
    vtr_status status = VTR_OK;
    job->whitener = vtr_malloc(job->m * job->m, sizeof *job->whitener);
    if (parts == NULL || covariance == NULL || value == NULL || job->whitener == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the noise of %zu channels", job->m);
    for (size_t c = 0; status == VTR_OK && c < job->m; c++)
        if (r->channel_used[c])
            memcpy(parts + n_used++ * job->n_q, job->parts + c * job->n_q, job->n_q * sizeof *parts);
    if (status == VTR_OK) {
        lapack_int n = (lapack_int)n_used;
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, n, (int)job->n_q, 1, parts, (int)job->n_q, 0,
                    covariance, n);
        if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'L', n, covariance, n, value) != 0)
            status = vtr_fail(err, VTR_ERR_NUMERIC, "the noise of the channels has no eigenvectors");
    }
    if (status == VTR_OK) take_directions(job, n_used, covariance, value);
    vtr_free(parts);
    vtr_free(covariance);
    vtr_free(value);
    return status;
}

void vtr_phases_whiten_rows(double *white, const phases_job *job, size_t n, const double *rows)
{
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < job->n_white; a++) {
            const double *direction = job->whitener + a * job->m;
            double sum = 0;
            for (size_t c = 0; c < job->m; c++)
                if (direction[c] != 0) sum += direction[c] * rows[i * job->m + c];
            white[i * job->n_white + a] = sum;
        }
}

/* Deviations from the mean, so that single precision is enough. The products are those of rows one by one, which do not
 * depend on how many are taken together. */
static vtr_status whiten_block(void *user, size_t first, size_t n, const float *rows, double *sums,
                               vtr_error *err)
{
    phases_job *job = user;
    size_t m = job->m, w = job->n_white, width = w + m;
    float *deviation = vtr_malloc(n * m, sizeof *deviation), *to = vtr_malloc(n * width, sizeof *to);
    double *along = vtr_malloc(n * w, sizeof *along);
    vtr_status status = VTR_OK;
    (void)sums;
    if (deviation == NULL || to == NULL || along == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a block of positions");
    for (size_t i = 0; status == VTR_OK && i < n * m; i++)
        deviation[i] = (float)((double)rows[i] - job->mean[i % m]);
    if (status == VTR_OK) vtr_unmix_kernels_best()->project(along, n, m, deviation, w, job->whitener);
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        for (size_t a = 0; a < w; a++)
            to[i * width + a] = (float)along[i * w + a];
        memcpy(to + i * width + w, deviation + i * m, m * sizeof *to);
    }
    if (status == VTR_OK) status = vtr_phases_store_put(&job->white, to, first, n, err);
    vtr_free(deviation);
    vtr_free(to);
    vtr_free(along);
    return status;
}

vtr_status vtr_phases_whiten(phases_job *job, vtr_error *err)
{
    vtr_status status = find_whitener(job, err);
    if (status != VTR_OK) return status;
    size_t width = job->n_white + job->m;
    job->white_weight = vtr_malloc(width, sizeof *job->white_weight);
    job->white_used = vtr_calloc(width, 1);
    if (job->white_weight == NULL || job->white_used == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu channels", width);
    for (size_t c = 0; c < width; c++) {
        const double carried = 1e-12;
        job->white_used[c] = c < job->n_white;
        job->white_weight[c] = c < job->n_white ? 1 : carried * job->channel_weight[c - job->n_white];
    }
    status = vtr_phases_store_open(&job->white, job->values.first, job->values.n, width, job->n, err);
    status = vtr_ranks_agree(job->params->ranks, status, err);
    if (status != VTR_OK) return status;
    return vtr_phases_each_block(job, &job->values, whiten_block, job, NULL, 0, err);
}
