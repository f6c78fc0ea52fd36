/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <string.h>

#include "pdf/region_distribution.h"
#include "pdf/region_internal.h"

/* D^T M D over tr(M V), D the difference at the elements, V its covariance, M the inverse of the covariance that the
 * correlations predict. V is never inverted, so there may be fewer blocks than elements; M comes from all positions and is
 * only a choice of weights: a poor one costs power, not the level. With Wishart's moments of V,
 *
 *   F(f, dof f),  f = (tr MV)^2 / tr (MV)^2        G. E. P. Box, Ann. Math. Statist. 25, 290 (1954); E. Brunner, H. Dette,
 *                                                  A. Munk, J. Am. Statist. Assoc. 92, 1494 (1997)
 *
 * Where M is V's inverse up to a factor, f is the number of elements and F Hotelling's statistic with a known covariance. */

/* Divides column vectors [n_k] by the square root of what is predicted, and multiplies with the inverse of the correlation's
 * factor: M becomes 1. */
static void whiten(double *vector, const region_contrast *c, const region_job *job)
{
    for (size_t k = 0; k < job->n_k; k++)
        vector[k] /= job->deviation[k] * sqrt(c->predicted[k]);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)job->n_k, job->shape,
                (int)job->n_k, vector, 1);
}

/* One factor for all elements: noise of single ones would leak from where G varies much to where whitening magnifies. */
static double mean_factor(const region_contrast *c, size_t n_k)
{
    double sum = 0;
    for (size_t k = 0; k < n_k; k++)
        sum += c->factor[k];
    return sum / (double)n_k;
}

/* tr V and tr V^2 of whitened V = sum of the blocks' products. */
static void traces(double *trace, double *squares, double *covariance, double *shares,
                   const region_contrast *c, const region_job *job)
{
    size_t n_k = job->n_k;
    for (size_t b = 0; b < c->n_blocks; b++) {
        double *share = shares + b * n_k;
        region_at_elements(share, job, c->sums + b * job->in->n_r);
        whiten(share, c, job);
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n_k, (int)n_k, (int)c->n_blocks,
                mean_factor(c, n_k), shares, (int)n_k, shares, (int)n_k, 0, covariance, (int)n_k);
    *trace = *squares = 0;
    for (size_t i = 0; i < n_k; i++)
        *trace += covariance[i * n_k + i];
    for (size_t i = 0; i < n_k * n_k; i++)
        *squares += covariance[i] * covariance[i];
}

static void test_whole(vtr_pdf_compare_pair *pair, double *room, const region_contrast *c,
                       const region_job *job)
{
    size_t n_k = job->n_k;
    double trace, squares, size = 0, dof = c->dof, *difference = room;
    traces(&trace, &squares, room + n_k, room + n_k + n_k * n_k, c, job);
    region_at_elements(difference, job, pair->difference);
    whiten(difference, c, job);
    for (size_t k = 0; k < n_k; k++)
        size += difference[k] * difference[k];
    /* of V with `dof`: E (tr V)^2 = (tr)^2 + 2 tr^2/dof and E tr V^2 = (1 + 1/dof) tr^2 + (tr)^2/dof, solved for the true ones */
    double of_trace = (1 + 1 / dof) * trace * trace - 2 / dof * squares;
    double of_squares = squares - trace * trace / dof;
    double f = of_squares > 0 ? of_trace / of_squares : (double)n_k;
    f = fmin(fmax(f, 1), (double)n_k);
    pair->F = size / trace;
    pair->dof[0] = f;
    pair->dof[1] = f * dof;
    pair->p_whole = pdf_f_above(pair->F, pair->dof);
}

vtr_status region_test(vtr_pdf_compare_pair *pair, const region_contrast *contrast, const region_job *job,
                       vtr_error *err)
{
    size_t n_k = job->n_k;
    double *room = vtr_malloc(n_k * (1 + n_k + contrast->n_blocks), sizeof *room);
    if (room == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a test of %zu values", n_k);
    test_whole(pair, room, contrast, job);
    vtr_free(room);
    for (size_t i = 0; i < job->in->n_r; i++) {
        bool is_in = job->in->r[i] >= job->range[0] && job->in->r[i] <= job->range[1];
        pair->p[i] =
            is_in ? pdf_t_beyond_anywhere(pair->difference[i] / pair->error[i], contrast->dof, (double)n_k)
                  : NAN;
    }
    return VTR_OK;
}
