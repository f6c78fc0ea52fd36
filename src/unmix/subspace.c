/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leading singular vectors by a randomised range finder with power iterations, each of which is one pass over the cube; and
 * the cube in their coordinates. N. Halko, P. G. Martinsson, J. A. Tropp, SIAM Rev. 53, 217 (2011), algorithm 4.4. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { OVERSAMPLING = 5, PASSES = 12 };

typedef struct power_job {
    const unmix_matrix *a;
    const unmix_kernels *kernels;
    const double *mean; /* [m] or NULL */
    double *offset;     /* [width], z . mean */
    size_t width;
    double *z; /* [width][m], orthonormal rows */
} power_job;

/* Coordinates of a block in z, then what the next z is made of: [width][m], [width][width] and, for the mean, [width]. */
static void add_power(void *user, size_t first, size_t n, const float *rows, double *sums, double *p)
{
    const power_job *job = user;
    size_t m = job->a->m, width = job->width;
    double *square = sums + width * m, *weighted = square + width * width;
    job->kernels->project(p, n, m, rows, width, job->z);
    for (size_t i = 0; i < n && job->mean != NULL; i++) {
        double scale = vtr_unmix_position_scale(job->a, first + i);
        for (size_t j = 0; j < width; j++) {
            p[i * width + j] -= scale * job->offset[j];
            weighted[j] += scale * p[i * width + j];
        }
    }
    job->kernels->accumulate(sums, n, m, rows, width, p);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            for (size_t l = 0; l <= j; l++)
                square[j * width + l] += p[i * width + j] * p[i * width + l];
}

/* Orthonormal rows that span those of z. */
static vtr_status orthonormalise(double *z, size_t width, size_t m, double *tau, vtr_error *err)
{
    lapack_int rows = (lapack_int)m, columns = (lapack_int)width;
    if (LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, z, rows, tau) != 0 ||
        LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, z, rows, tau) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the orthogonalisation of %zu vectors failed", width);
    return VTR_OK;
}

/* Eigenvalues, largest first, and vectors in the rows of `square`. */
static vtr_status eigen(double *square, double *value, size_t width, vtr_error *err)
{
    if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'L', (lapack_int)width, square, (lapack_int)width, value) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the eigenvalues of %zu vectors failed", width);
    return VTR_OK;
}

/* v [rank][m] = the leading eigenvectors of `square`, whose columns they are, in terms of z. */
static void rotate(double *v, double *s, size_t rank, const power_job *job, const double *square,
                   const double *value)
{
    size_t m = job->a->m, width = job->width;
    for (size_t j = 0; j < rank; j++) {
        size_t column = width - 1 - j;
        memset(v + j * m, 0, m * sizeof *v);
        for (size_t l = 0; l < width; l++)
            for (size_t c = 0; c < m; c++)
                v[j * m + c] += square[l * width + column] * job->z[l * m + c];
        s[j] = sqrt(fmax(value[column], 0));
    }
}

/* The sign is arbitrary: the entry of largest size shall be positive. */
static void fix_signs(double *v, size_t rank, size_t m)
{
    for (size_t j = 0; j < rank; j++) {
        size_t most = 0;
        for (size_t c = 1; c < m; c++)
            if (fabs(v[j * m + c]) > fabs(v[j * m + most])) most = c;
        for (size_t c = 0; c < m && v[j * m + most] < 0; c++)
            if (c != most) v[j * m + c] = -v[j * m + c];
        v[j * m + most] = fabs(v[j * m + most]);
    }
}

static vtr_status one_pass(power_job *job, double *sums, size_t n_sums, vtr_error *err)
{
    size_t m = job->a->m, width = job->width;
    for (size_t j = 0; j < width && job->mean != NULL; j++) {
        job->offset[j] = 0;
        for (size_t c = 0; c < m; c++)
            job->offset[j] += job->z[j * m + c] * job->mean[c];
    }
    vtr_status status = vtr_unmix_each_block(job->a, add_power, job, sums, n_sums, UNMIX_BLOCK * width, err);
    const double *weighted = sums + width * m + width * width;
    for (size_t j = 0; status == VTR_OK && job->mean != NULL && j < width; j++)
        for (size_t c = 0; c < m; c++)
            sums[j * m + c] -= weighted[j] * job->mean[c];
    return status;
}

static vtr_status iterate(double *v, double *s, size_t rank, power_job *job, double *sums, double *value,
                          double *tau, vtr_error *err)
{
    size_t m = job->a->m, width = job->width;
    double total = job->mean != NULL ? job->a->deviation2 : job->a->norm2, before = 0;
    if (job->a->flip != NULL) total = job->a->flip->norm2;
    vtr_status status = orthonormalise(job->z, width, m, tau, err);
    for (int pass = 0; pass < PASSES && status == VTR_OK; pass++) {
        double *square = sums + width * m, captured = 0;
        status = one_pass(job, sums, width * m + width * width + width, err);
        if (status == VTR_OK) status = eigen(square, value, width, err);
        if (status != VTR_OK) break;
        for (size_t j = 0; j < rank; j++)
            captured += fmax(value[width - 1 - j], 0);
        bool is_settled = captured - before <= 1e-4 * fmax(total - captured, 0) + 1e-10 * captured;
        if (is_settled || pass == PASSES - 1) {
            rotate(v, s, rank, job, square, value);
            break;
        }
        before = captured;
        memcpy(job->z, sums, width * m * sizeof *job->z);
        status = orthonormalise(job->z, width, m, tau, err);
    }
    return status;
}

vtr_status vtr_unmix_subspace(double *v, double *s, const unmix_matrix *a, const double *mean, size_t rank,
                              uint64_t seed, vtr_error *err)
{
    size_t most = a->m < a->n ? a->m : a->n, width = rank + OVERSAMPLING < most ? rank + OVERSAMPLING : most;
    power_job job = {.a = a, .kernels = vtr_unmix_kernels_best(), .mean = mean, .width = width};
    double *sums = vtr_malloc(width * a->m + width * width + width, sizeof *sums);
    double *value = vtr_malloc(3 * width, sizeof *value);
    job.z = vtr_malloc(width * a->m, sizeof *job.z);
    vtr_status status = VTR_OK;
    if (rank > width)
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "%zu singular vectors asked of data with %zu positions and %zu channels", rank,
                          a->n, a->m);
    else if (sums == NULL || value == NULL || job.z == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu singular vectors", width);
    if (status == VTR_OK) {
        vtr_random random;
        vtr_random_start(&random, seed, 0x5356u);
        for (size_t i = 0; i < width * a->m; i++)
            job.z[i] = vtr_random_normal(&random);
        job.offset = value + 2 * width;
        status = iterate(v, s, rank, &job, sums, value, value + width, err);
    }
    if (status == VTR_OK) fix_signs(v, rank, a->m);
    vtr_free(sums);
    vtr_free(value);
    vtr_free(job.z);
    return status;
}

typedef struct compress_job {
    const unmix_kernels *kernels;
    const double *v;
    size_t m, rank;
    float *to;
} compress_job;

static void compress_block(void *user, size_t first, size_t n, const float *rows, double *sums, double *p)
{
    const compress_job *job = user;
    (void)sums;
    job->kernels->project(p, n, job->m, rows, job->rank, job->v);
    for (size_t i = 0; i < n * job->rank; i++)
        job->to[first * job->rank + i] = (float)p[i];
}

vtr_status vtr_unmix_compress(unmix_matrix *small, const unmix_matrix *a, const double *v, size_t rank,
                              vtr_error *err)
{
    unmix_matrix s = *a;
    s.width = rank;
    s.compressed = vtr_malloc(a->n * rank, sizeof *s.compressed);
    s.lift = vtr_malloc(rank * a->m, sizeof *s.lift);
    compress_job job = {vtr_unmix_kernels_best(), v, a->m, rank, s.compressed};
    vtr_status status = VTR_OK;
    if (s.compressed == NULL || s.lift == NULL)
        status =
            vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu coordinates of %zu positions", rank, a->n);
    if (status == VTR_OK) {
        memcpy(s.lift, v, rank * a->m * sizeof *v);
        status = vtr_unmix_each_block(a, compress_block, &job, NULL, 0, UNMIX_BLOCK * rank, err);
    }
    if (status == VTR_OK)
        *small = s;
    else {
        vtr_free(s.compressed);
        vtr_free(s.lift);
    }
    return status;
}
