/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The coordinates in which a map is smooth. The largest variance of a cube of pair distribution functions may be noise that
 * its channels share, from the scale and the background of each position; but noise knows nothing of neighbours. So among
 * many principal components those combinations are taken whose neighbours differ least for their variance: maximum
 * autocorrelation factors, P. Switzer, A. A. Green, Tech. Rep. 6, Dept. of Statistics, Stanford (1984). */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { MOST = SIMPLEX_FACTORS };

/* Half the mean product of differences between neighbours `lag` apart, along rows and columns: the sum over pairs. */
static size_t add_differences(double *sum, const double *x, const size_t *at, size_t d, size_t n_y,
                              size_t n_x, size_t lag)
{
    size_t n = 0;
    for (size_t p = 0; p < n_y * n_x; p++)
        for (int along = 0; along < 2; along++) {
            size_t py = p / n_x, px = p % n_x;
            if ((along == 0 ? px + lag >= n_x : py + lag >= n_y) || at[p] == SIZE_MAX) continue;
            size_t q = along == 0 ? p + lag : p + lag * n_x;
            if (at[q] == SIZE_MAX) continue;
            n++;
            for (size_t i = 0; i < d; i++)
                for (size_t j = 0; j < d; j++)
                    sum[i * d + j] +=
                        0.5 * (x[at[p] * d + i] - x[at[q] * d + i]) * (x[at[p] * d + j] - x[at[q] * d + j]);
        }
    return n;
}

vtr_status vtr_simplex_differences(double *one, double *two, const unmix_matrix *a, const double *x, size_t d,
                                   size_t n_y, size_t n_x, vtr_error *err)
{
    double *sum[2] = {one, two};
    size_t *at = vtr_malloc(n_y * n_x, sizeof *at);
    vtr_status status = VTR_OK;
    if (at == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", n_y * n_x);
    for (size_t p = 0; p < n_y * n_x; p++)
        at[p] = SIZE_MAX;
    for (size_t i = 0; i < a->n; i++)
        at[a->position[i]] = i;
    for (size_t lag = 1; lag <= 2 && status == VTR_OK; lag++) {
        memset(sum[lag - 1], 0, d * d * sizeof(double));
        size_t n = add_differences(sum[lag - 1], x, at, d, n_y, n_x, lag);
        if (n <= 10 * d)
            status = vtr_fail(err, VTR_ERR_NO_DATA,
                              "%zu pairs of neighbours are too few to tell noise from structure", n);
        for (size_t i = 0; i < d * d && status == VTR_OK; i++)
            sum[lag - 1][i] /= (double)n;
    }
    vtr_free(at);
    return status;
}

/* covariance [r][r], what is left of it without noise, and differences of neighbours. */
typedef struct moments {
    double covariance[MOST * MOST], signal[MOST * MOST], difference[MOST * MOST];
} moments;

static vtr_status find_moments(moments *m, const unmix_matrix *a, const double *wide, size_t r,
                               const vtr_simplex_params *params, vtr_error *err)
{
    double two[MOST * MOST];
    vtr_status status =
        vtr_simplex_differences(m->difference, two, a, wide, r, params->n_y, params->n_x, err);
    memset(m->covariance, 0, sizeof m->covariance);
    for (size_t p = 0; p < a->n; p++)
        for (size_t i = 0; i < r; i++)
            for (size_t j = 0; j < r; j++)
                m->covariance[i * r + j] += wide[p * r + i] * wide[p * r + j] / (double)a->n;
    for (size_t i = 0; i < r * r; i++)
        m->signal[i] = m->covariance[i] - (4 * m->difference[i] - two[i]) / 3;
    return status;
}

/* What a step along each factor adds to the principal components, [d][r]: their covariance with it, noise left out, over
 * its variance, noise left out. */
static vtr_status regress(double *step, const moments *m, const double *factor, size_t r, size_t d,
                          vtr_error *err)
{
    double inner[MOST * MOST];
    for (size_t l = 0; l < d; l++)
        for (size_t i = 0; i < r; i++) {
            step[l * r + i] = 0;
            for (size_t j = 0; j < r; j++)
                step[l * r + i] += m->signal[i * r + j] * factor[l * r + j];
        }
    for (size_t k = 0; k < d; k++)
        for (size_t l = 0; l < d; l++) {
            double sum = 0;
            for (size_t i = 0; i < r; i++)
                sum += 0.5 * (factor[k * r + i] * step[l * r + i] + factor[l * r + i] * step[k * r + i]);
            inner[k * d + l] = sum;
        }
    if (vtr_unmix_solve(step, d, r, inner, step, NULL) != VTR_OK)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "fewer than %zu components vary smoothly over the map: ask for fewer, or do without "
                        "the map's shape",
                        d + 1);
    return VTR_OK;
}

vtr_status vtr_simplex_smooth_factors(double *x, double *axis, const unmix_matrix *a, const double *wide,
                                      const double *v, size_t r, size_t d, const vtr_simplex_params *params,
                                      vtr_error *err)
{
    moments m;
    double vectors[MOST * MOST], metric[MOST * MOST], value[MOST], factor[MOST * MOST], step[MOST * MOST];
    vtr_status status = find_moments(&m, a, wide, r, params, err);
    if (status != VTR_OK) return status;
    memcpy(vectors, m.difference, r * r * sizeof *vectors);
    memcpy(metric, m.covariance, r * r * sizeof *metric);
    if (LAPACKE_dsygv(LAPACK_ROW_MAJOR, 1, 'V', 'L', (lapack_int)r, vectors, (lapack_int)r, metric,
                      (lapack_int)r, value) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the smooth components of the map were not found");
    for (size_t l = 0; l < d; l++)
        for (size_t i = 0; i < r; i++)
            factor[l * r + i] = vectors[i * r + l];
    status = regress(step, &m, factor, r, d, err);
    if (status != VTR_OK) return status;
    for (size_t p = 0; p < a->n; p++)
        for (size_t l = 0; l < d; l++) {
            double sum = 0;
            for (size_t i = 0; i < r; i++)
                sum += factor[l * r + i] * wide[p * r + i];
            x[p * d + l] = sum;
        }
    memset(axis, 0, d * a->m * sizeof *axis);
    for (size_t l = 0; l < d; l++)
        for (size_t i = 0; i < r; i++)
            for (size_t c = 0; c < a->m; c++)
                axis[l * a->m + c] += step[l * r + i] * v[i * a->m + c];
    return VTR_OK;
}
