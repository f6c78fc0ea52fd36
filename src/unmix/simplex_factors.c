/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The coordinates in which a map is smooth. The largest variance of a cube of pair distribution functions may be noise that
 * its channels share, from the scale and the background of each position; but noise knows nothing of neighbours. So among
 * many principal components those combinations are taken whose neighbours differ least for their variance: maximum
 * autocorrelation factors, P. Switzer, A. A. Green, Tech. Rep. 6, Dept. of Statistics, Stanford (1984). With enough
 * principal components that is also the combination with the least noise for its signal. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { PAIRS = 256, SHUFFLES = 3 }; /* differences added at a time */

/* The lower triangle of sum [d][d] += x^T x. */
static void add_squares(double *sum, const double *x, size_t n, size_t d)
{
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)d, (int)n, 1, x, (int)d, 1, sum, (int)d);
}

static void fill_upper(double *sum, size_t d, double factor)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            sum[j * d + i] = sum[i * d + j] *= factor;
}

/* Half the mean product of differences between neighbours `lag` apart, along rows and columns: the sum over pairs. `row`
 * [PAIRS][d]. */
static size_t add_differences(double *sum, double *row, const double *x, const size_t *at, size_t d,
                              size_t n_y, size_t n_x, size_t lag)
{
    size_t n = 0, held = 0;
    for (size_t p = 0; p < n_y * n_x; p++)
        for (int along = 0; along < 2; along++) {
            size_t py = p / n_x, px = p % n_x;
            if ((along == 0 ? px + lag >= n_x : py + lag >= n_y) || at[p] == SIZE_MAX) continue;
            size_t q = along == 0 ? p + lag : p + lag * n_x;
            if (at[q] == SIZE_MAX) continue;
            for (size_t i = 0; i < d; i++)
                row[held * d + i] = x[at[p] * d + i] - x[at[q] * d + i];
            n++;
            if (++held < PAIRS) continue;
            add_squares(sum, row, held, d);
            held = 0;
        }
    add_squares(sum, row, held, d);
    return n;
}

/* For lags whose sum is wanted. `at` as of vtr_simplex_places. */
static vtr_status find_differences(double *const sum[2], const size_t *at, const double *x, size_t d,
                                   size_t n_y, size_t n_x, vtr_error *err)
{
    double *row = vtr_malloc(PAIRS * d, sizeof *row);
    if (row == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu differences", d);
    vtr_status status = VTR_OK;
    for (size_t lag = 1; lag <= 2 && status == VTR_OK; lag++) {
        if (sum[lag - 1] == NULL) continue;
        memset(sum[lag - 1], 0, d * d * sizeof(double));
        size_t n = add_differences(sum[lag - 1], row, x, at, d, n_y, n_x, lag);
        if (n <= 10 * d)
            status = vtr_fail(err, VTR_ERR_NO_DATA,
                              "%zu pairs of neighbours are too few to tell noise from structure", n);
        else
            fill_upper(sum[lag - 1], d, 0.5 / (double)n);
    }
    vtr_free(row);
    return status;
}

vtr_status vtr_simplex_differences(double *one, double *two, const unmix_matrix *a, const double *x, size_t d,
                                   size_t n_y, size_t n_x, vtr_error *err)
{
    double *const sum[2] = {one, two};
    size_t *at = vtr_malloc(n_y * n_x, sizeof *at);
    if (at == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", n_y * n_x);
    vtr_simplex_places(at, a, n_y * n_x);
    vtr_status status = find_differences(sum, at, x, d, n_y, n_x, err);
    vtr_free(at);
    return status;
}

/* The factors of the map, and those of its positions in any order. */
typedef struct factors_job {
    const double *wide, *metric; /* [n][r], its covariance [r][r] */
    size_t r;
    const vtr_simplex_params *params;
    size_t *at[1 + SHUFFLES];
    double *factor[1 + SHUFFLES]; /* [r][r], columns of the first: factors, the smoothest first */
    double *value[1 + SHUFFLES];  /* [r], how much their neighbours differ for their variance */
} factors_job;

static vtr_status allocate(factors_job *job, vtr_error *err)
{
    size_t n = job->params->n_y * job->params->n_x, r = job->r;
    bool has_memory = true;
    for (size_t i = 0; i <= SHUFFLES; i++) {
        has_memory = (job->at[i] = vtr_malloc(n, sizeof(size_t))) != NULL && has_memory;
        has_memory = (job->factor[i] = vtr_malloc(r * r, sizeof(double))) != NULL && has_memory;
        has_memory = (job->value[i] = vtr_malloc(r, sizeof(double))) != NULL && has_memory;
    }
    return has_memory ? VTR_OK
                      : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu principal components", r);
}

static void release(factors_job *job)
{
    for (size_t i = 0; i <= SHUFFLES; i++) {
        vtr_free(job->at[i]);
        vtr_free(job->factor[i]);
        vtr_free(job->value[i]);
    }
}

/* The used positions among their places, so that as many have a neighbour as before. */
static void shuffle(size_t *at, const unmix_matrix *a, uint64_t seed, uint64_t stream)
{
    vtr_random random;
    vtr_random_start(&random, seed, stream);
    for (size_t i = a->n; i > 1; i--) {
        size_t j = (size_t)(vtr_random_uniform(&random) * (double)i);
        size_t *one = &at[a->position[i - 1]], *other = &at[a->position[j]], kept = *one;
        *one = *other;
        *other = kept;
    }
}

static vtr_status find_factors(factors_job *job, size_t i, vtr_error *err)
{
    double *const sum[2] = {job->factor[i], NULL}, *metric = vtr_malloc(job->r * job->r, sizeof *metric);
    if (metric == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu principal components", job->r);
    memcpy(metric, job->metric, job->r * job->r * sizeof *metric);
    vtr_status status =
        find_differences(sum, job->at[i], job->wide, job->r, job->params->n_y, job->params->n_x, err);
    lapack_int r = (lapack_int)job->r;
    if (status == VTR_OK && LAPACKE_dsygv(LAPACK_ROW_MAJOR, 1, i == 0 ? 'V' : 'N', 'L', r, job->factor[i], r,
                                          metric, r, job->value[i]) != 0)
        status = vtr_fail(err, VTR_ERR_NUMERIC, "the smooth components of the map were not found");
    vtr_free(metric);
    return status;
}

static vtr_status find_all(factors_job *job, const unmix_matrix *a, vtr_error *err)
{
    size_t n = job->params->n_y * job->params->n_x;
    vtr_status status = VTR_OK;
    openblas_set_num_threads(1);
#pragma omp parallel for schedule(dynamic) num_threads(a->threads)
    for (size_t i = 0; i <= SHUFFLES; i++) {
        vtr_error own;
        vtr_simplex_places(job->at[i], a, n);
        if (i > 0) shuffle(job->at[i], a, job->params->seed, 0x73687566666cu + i);
        vtr_status here = find_factors(job, i, &own);
        if (here == VTR_OK) continue;
#pragma omp critical(vtr_simplex_factors)
        status = vtr_fail(err, here, "%s", own.message);
    }
    return status;
}

vtr_status vtr_simplex_smooth_factors(double *x, size_t *n_smooth, double *chance, const unmix_matrix *a,
                                      const double *wide, size_t r, size_t d,
                                      const vtr_simplex_params *params, vtr_error *err)
{
    double *metric = vtr_calloc(r * r, sizeof *metric);
    factors_job job = {.wide = wide, .metric = metric, .r = r, .params = params};
    vtr_status status = allocate(&job, err);
    if (status == VTR_OK && metric == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu principal components", r);
    if (status == VTR_OK) {
        add_squares(metric, wide, a->n, r);
        fill_upper(metric, r, 1 / (double)a->n);
        status = find_all(&job, a, err);
    }
    if (status == VTR_OK) {
        *chance = 0;
        for (size_t i = 1; i <= SHUFFLES; i++)
            *chance = fmax(*chance, 1 - job.value[i][0]);
        /* eigenvalues at an edge scatter by r^(-2/3) of it (Johnstone, Ann. Stat. 29, 295, 2001) */
        double most = *chance * (1 + 2 * pow((double)r, -2.0 / 3));
        for (*n_smooth = 0; *n_smooth < d && 1 - job.value[0][*n_smooth] > most;)
            ++*n_smooth;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)a->n, (int)d, (int)r, 1, wide, (int)r,
                    job.factor[0], (int)r, 0, x, (int)d);
    }
    release(&job);
    vtr_free(metric);
    return status;
}
