/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The largest singular value alone. Those of noise lie close together, so power iterations take many passes and end below
 * it; the product of all pairs of channels takes one pass and has it to the last digit. */
#include <lapacke.h>
#include <math.h>

#include "unmix/unmix_internal.h"

enum { CHANNELS_MOST = 256 }; /* beyond, products of pairs cost more than the iterations: 64 sums of m^2 */

typedef struct gram_job {
    const unmix_kernels *kernels;
    size_t m;
} gram_job;

static void add_products(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const gram_job *job = user;
    (void)first;
    for (size_t i = 0; i < n * job->m; i++)
        scratch[i] = (double)rows[i];
    job->kernels->accumulate(sums, n, job->m, rows, job->m, scratch);
}

static vtr_status by_products(double *s, const unmix_matrix *a, vtr_error *err)
{
    size_t m = a->m;
    gram_job job = {vtr_unmix_kernels_best(), m};
    double *gram = vtr_malloc(m * m, sizeof *gram), *value = vtr_malloc(m, sizeof *value);
    vtr_status status = VTR_OK;
    if (gram == NULL || value == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the products of %zu channels", m);
    if (status == VTR_OK)
        status = vtr_unmix_each_block(a, add_products, &job, gram, m * m, UNMIX_BLOCK * m, err);
    if (status == VTR_OK &&
        LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'L', (lapack_int)m, gram, (lapack_int)m, value) != 0)
        status = vtr_fail(err, VTR_ERR_NUMERIC, "the eigenvalues of %zu channels failed", m);
    if (status == VTR_OK) *s = sqrt(fmax(value[m - 1], 0));
    vtr_free(gram);
    vtr_free(value);
    return status;
}

static vtr_status by_iterations(double *s, const unmix_matrix *a, size_t width, uint64_t seed, vtr_error *err)
{
    double *v = vtr_malloc(width * a->m, sizeof *v), *value = vtr_malloc(width, sizeof *value);
    vtr_status status = VTR_OK;
    if (v == NULL || value == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu singular vectors", width);
    if (status == VTR_OK) status = vtr_unmix_subspace(v, value, a, NULL, width, seed, err);
    if (status == VTR_OK) *s = value[0];
    vtr_free(v);
    vtr_free(value);
    return status;
}

vtr_status vtr_unmix_largest(double *s, const unmix_matrix *a, size_t width, uint64_t seed, vtr_error *err)
{
    return a->m <= CHANNELS_MOST ? by_products(s, a, err) : by_iterations(s, a, width, seed, err);
}
