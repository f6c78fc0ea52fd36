/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the neighbours of a position say about it. Their noise is not its own: so a position may be chosen by them and
 * measured by itself, and what choosing and measuring share is structure, not noise. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { REACH = 5, CLASSES = 13 };

/* Neighbours by their distance: the class of its square, -1 beyond the reach. */
static int class_of(int dy, int dx)
{
    static const int squares[CLASSES] = {1, 2, 4, 5, 8, 9, 10, 13, 16, 17, 18, 20, 25};
    for (int i = 0; i < CLASSES; i++)
        if (dy * dy + dx * dx == squares[i]) return i;
    return -1;
}

void vtr_simplex_places(size_t *at, const unmix_matrix *a, size_t n)
{
    for (size_t p = 0; p < n; p++)
        at[p] = SIZE_MAX;
    for (size_t i = 0; i < a->n; i++)
        at[a->position[i]] = i;
}

/* Means of the neighbours of each class, less the mean of all; 0 where none is there. */
static void average(double mean[CLASSES], const double *y, size_t d, double centre, const size_t *at,
                    size_t p, size_t n_y, size_t n_x)
{
    int count[CLASSES] = {0}, py = (int)(p / n_x), px = (int)(p % n_x);
    memset(mean, 0, CLASSES * sizeof *mean);
    for (int dy = -REACH; dy <= REACH; dy++)
        for (int dx = -REACH; dx <= REACH; dx++) {
            int c = class_of(dy, dx), qy = py + dy, qx = px + dx;
            if (c < 0 || qy < 0 || qx < 0 || qy >= (int)n_y || qx >= (int)n_x) continue;
            size_t q = at[(size_t)qy * n_x + (size_t)qx];
            if (q == SIZE_MAX) continue;
            mean[c] += y[q * d] - centre;
            count[c]++;
        }
    for (int c = 0; c < CLASSES; c++)
        mean[c] /= count[c] > 0 ? count[c] : 1;
}

/* One coordinate by least squares: every class of distance has one coefficient. */
static vtr_status predict(double *guess, double *features, const unmix_matrix *a, const double *y, size_t d,
                          double centre, const size_t *at, const vtr_simplex_params *params, vtr_error *err)
{
    double gram[CLASSES * CLASSES] = {0}, product[CLASSES] = {0}, trace = 0;
#pragma omp parallel for num_threads(a->threads)
    for (size_t i = 0; i < a->n; i++)
        average(features + i * CLASSES, y, d, centre, at, a->position[i], params->n_y, params->n_x);
    for (size_t i = 0; i < a->n; i++)
        for (int c = 0; c < CLASSES; c++) {
            product[c] += features[i * CLASSES + (size_t)c] * (y[i * d] - centre);
            for (int e = 0; e < CLASSES; e++)
                gram[c * CLASSES + e] +=
                    features[i * CLASSES + (size_t)c] * features[i * CLASSES + (size_t)e];
        }
    for (int c = 0; c < CLASSES; c++)
        trace += gram[c * CLASSES + c];
    for (int c = 0; c < CLASSES; c++) /* a narrow map lacks some classes */
        gram[c * CLASSES + c] += 1e-9 * trace;
    vtr_status status = vtr_unmix_solve(product, CLASSES, 1, gram, product, err);
    for (size_t i = 0; i < a->n && status == VTR_OK; i++) {
        double sum = centre;
        for (int c = 0; c < CLASSES; c++)
            sum += product[c] * features[i * CLASSES + (size_t)c];
        guess[i * d] = sum;
    }
    return status;
}

vtr_status vtr_simplex_predict(double *guess, const unmix_matrix *a, const double *y, const double *mean,
                               size_t d, const vtr_simplex_params *params, vtr_error *err)
{
    size_t *at = vtr_malloc(params->n_y * params->n_x, sizeof *at);
    double *features = vtr_malloc(a->n * CLASSES, sizeof *features);
    vtr_status status = VTR_OK;
    if (at == NULL || features == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu positions", a->n);
    else
        vtr_simplex_places(at, a, params->n_y * params->n_x);
    for (size_t l = 0; l < d && status == VTR_OK; l++)
        status = predict(guess + l, features, a, y + l, d, mean[l], at, params, err);
    vtr_free(at);
    vtr_free(features);
    return status;
}

/* --- spectra ------------------------------------------------------------------------------------------------ */

typedef struct spectra_job {
    const unmix_matrix *a;
    const unmix_kernels *kernels;
    const double *z; /* [n][d], deviations */
    size_t d;
} spectra_job;

static void add_spectra(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const spectra_job *job = user;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < job->d; l++)
            scratch[i * job->d + l] =
                job->z[(first + i) * job->d + l] / vtr_unmix_position_scale(job->a, first + i);
    job->kernels->accumulate(sums, n, job->a->m, rows, job->d, scratch);
}

vtr_status vtr_simplex_steps(double *axis, const unmix_matrix *a, const double *y, const double *z, size_t d,
                             vtr_error *err)
{
    spectra_job job = {a, vtr_unmix_kernels_best(), z, d};
    double inner[SIMPLEX_DIMENSIONS * SIMPLEX_DIMENSIONS] = {0}, sum[SIMPLEX_DIMENSIONS] = {0};
    lapack_int pivot[SIMPLEX_DIMENSIONS];
    vtr_status status = vtr_unmix_each_block(a, add_spectra, &job, axis, d * a->m, UNMIX_BLOCK * d, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < d; k++) {
            sum[k] += z[i * d + k];
            for (size_t l = 0; l < d; l++)
                inner[k * d + l] += z[i * d + k] * y[i * d + l];
        }
    for (size_t k = 0; k < d; k++)
        for (size_t c = 0; c < a->m; c++)
            axis[k * a->m + c] -= sum[k] * a->mean[c];
    if (LAPACKE_dgesv(LAPACK_ROW_MAJOR, (lapack_int)d, (lapack_int)a->m, inner, (lapack_int)d, pivot, axis,
                      (lapack_int)a->m) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the %zu coordinates of the positions are not independent", d);
    return VTR_OK;
}
