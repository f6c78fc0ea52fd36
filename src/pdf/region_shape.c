/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>

#include "pdf/region_internal.h"
#include "vitrail/constants.h"

/* The correlation of the elements over the positions. It is made from the residuals that V is made from too, and fits them
 * better than it fits an independent difference: D^T M D would be too large by about n_k over the number of independent
 * positions. Drawn towards the one that depends on the distance in r alone, which has hardly any freedom, it is not. */
static void sum_products(region_job *job)
{
    size_t n_k = job->n_k, n = 0;
    for (size_t p = 0; p < job->n; p++) {
        if (!job->is_used[p]) continue;
        const float *e = job->element + p * n_k;
        n++;
        for (size_t k = 0; k < n_k; k++)
            for (size_t l = 0; l <= k; l++)
                job->shape[k * n_k + l] += (double)e[k] * (double)e[l];
    }
    for (size_t i = 0; i < n_k * n_k; i++)
        job->shape[i] /= (double)n;
}

/* Positions that would tell products of elements as well if they were independent: M. S. Bartlett, J. R. Statist. Soc. 98,
 * 536 (1935), over two dimensions. */
static double n_of_products(const region_job *job)
{
    double n = 0, area = 1;
    for (size_t p = 0; p < job->n; p++)
        n += job->is_used[p];
    for (size_t lag = 1; lag < job->reach; lag++) {
        double mean = 0;
        for (size_t k = 0; k < job->n_k; k++)
            mean += job->correlation[k * REGION_MAX_REACH + lag] / (double)job->n_k;
        area += 2 * VTR_PI * (double)lag * mean * mean;
    }
    return n / area;
}

static void draw(region_job *job, double part)
{
    size_t n_k = job->n_k;
    for (size_t lag = 0; lag < n_k; lag++) {
        double mean = 0; /* over n_k: so divided it has no negative eigenvalue */
        for (size_t k = lag; k < n_k; k++)
            mean += job->shape[k * n_k + k - lag] / (double)n_k;
        for (size_t k = lag; k < n_k; k++) {
            double *c = &job->shape[k * n_k + k - lag];
            *c += part * (mean - *c);
        }
    }
}

vtr_status region_shape(region_job *job, vtr_error *err)
{
    size_t n_k = job->n_k;
    job->shape = vtr_calloc(n_k * n_k, sizeof *job->shape);
    if (job->shape == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the covariance of %zu values of G", n_k);
    sum_products(job);
    draw(job, fmin(1, 10 * (double)n_k / n_of_products(job)));
    for (size_t k = 0; k < n_k; k++)
        job->shape[k * n_k + k] += 1e-3; /* what no position varies in is not to be magnified */
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)n_k, job->shape, (int)n_k) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the covariance of G has no Cholesky factor");
    return VTR_OK;
}
