/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the factors of the shifted and weighted matrix to components on the scale of the data and maps that sum to one. */
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX };

/* Factors of the weights with which their sums over a position are closest to one: G x = b of w. False where the data
 * have no common scale: a factor comes out that is not positive. */
static bool common_factors(double *factor, const double *gram, const double *total, size_t k)
{
    if (vtr_unmix_solve(factor, k, 1, gram, total, NULL) != VTR_OK) return false;
    double most = 0, least = INFINITY;
    for (size_t j = 0; j < k; j++) {
        most = fmax(most, factor[j]);
        least = fmin(least, factor[j]);
    }
    return isfinite(most) && least > 1e-6 * most;
}

typedef struct scale_job {
    const unmix_fit *fit;
    const unmix_matrix *a;
    const double *factor; /* [k] */
} scale_job;

/* Products of weights and weights on the scale of the data, [k][k] and [k]. */
static void add_weights(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const scale_job *job = user;
    size_t k = job->fit->k;
    (void)rows;
    (void)scratch;
    for (size_t i = first; i < first + n; i++) {
        double scale = vtr_unmix_position_scale(job->a, i);
        for (size_t j = 0; j < k; j++) {
            double x = job->fit->w[i * k + j] / scale;
            sums[k * k + j] += x;
            for (size_t l = 0; l < k; l++)
                sums[j * k + l] += x * job->fit->w[i * k + l] / scale;
        }
    }
}

/* Components of equal length, and a mean sum of one. */
static void equal_factors(double *factor, const unmix_fit *fit, const double *total)
{
    size_t k = fit->k, m = fit->a->m;
    double all = 0;
    for (size_t j = 0; j < k; j++) {
        double length2 = 0;
        for (size_t c = 0; c < m; c++)
            length2 += fit->h[j * m + c] * fit->h[j * m + c];
        factor[j] = sqrt(length2);
        all += factor[j] * total[j] / (double)fit->a->n;
    }
    for (size_t j = 0; j < k; j++)
        factor[j] = all > 0 && factor[j] > 0 ? factor[j] / all : 1;
}

/* order[j] = the component with the j-th largest fraction. */
static void sort_by(size_t *order, const double *fraction, size_t k)
{
    for (size_t j = 0; j < k; j++) {
        size_t at = j;
        for (; at > 0 && fraction[order[at - 1]] < fraction[j]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
}

static void fill_maps(vtr_nmf_result *result, const unmix_fit *fit, const unmix_matrix *a,
                      const double *factor, const size_t *order)
{
    size_t k = fit->k, n_all = result->n_positions;
    for (size_t p = 0; p < n_all; p++)
        result->scale[p] = NAN;
    for (size_t p = 0; p < k * n_all; p++)
        result->maps[p] = NAN;
    for (size_t i = a->row[a->first_chunk]; i < a->row[a->end_chunk]; i++) {
        double sum = 0, scale = vtr_unmix_position_scale(a, i);
        const double *w = fit->w + i * k;
        for (size_t j = 0; j < k; j++)
            sum += w[j] * factor[j];
        result->scale[a->position[i]] = (float)(sum / scale);
        for (size_t j = 0; j < k && sum > 0; j++)
            result->maps[j * n_all + a->position[i]] = (float)(w[order[j]] * factor[order[j]] / sum);
    }
}

static void fill_components(vtr_nmf_result *result, const unmix_fit *fit, const unmix_matrix *a,
                            const double *factor, const size_t *order)
{
    for (size_t j = 0; j < fit->k; j++) {
        double *to = result->components + j * result->n_channels;
        for (size_t c = 0; c < result->n_channels; c++)
            to[c] = NAN;
        for (size_t c = 0; c < a->m; c++)
            to[a->channel[c]] =
                fit->h[order[j] * a->m + c] / (factor[order[j]] * a->channel_scale[c]) - result->shift;
    }
}

/* Shares of each component, and the positions with any weight: [k + 1]. */
static void add_shares(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const scale_job *job = user;
    size_t k = job->fit->k;
    (void)rows;
    (void)scratch;
    for (size_t i = first; i < first + n; i++) {
        const double *w = job->fit->w + i * k;
        double sum = 0;
        for (size_t j = 0; j < k; j++)
            sum += w[j] * job->factor[j];
        if (!(sum > 0)) continue;
        sums[k]++;
        for (size_t j = 0; j < k; j++)
            sums[j] += w[j] * job->factor[j] / sum;
    }
}

static vtr_status find_factors(double *factor, bool *is_common, const scale_job *job, vtr_error *err)
{
    double sums[MOST * MOST + MOST];
    size_t k = job->fit->k;
    for (size_t j = 0; j < k; j++)
        factor[j] = 1;
    *is_common = true;
    if (job->fit->penalty > 0) return VTR_OK;
    vtr_status status = vtr_unmix_each_position(job->a, add_weights, (void *)job, sums, k * k + k, err);
    if (status != VTR_OK) return status;
    *is_common = common_factors(factor, sums, sums + k * k, k);
    if (!*is_common) equal_factors(factor, job->fit, sums + k * k);
    return VTR_OK;
}

static vtr_status gather_maps(vtr_nmf_result *result, const unmix_matrix *a, vtr_error *err)
{
    vtr_status status = vtr_unmix_gather_all(result->scale, sizeof(float), a, err);
    for (size_t j = 0; status == VTR_OK && j < result->n_components; j++)
        status = vtr_unmix_gather_all(result->maps + j * result->n_positions, sizeof(float), a, err);
    return status;
}

vtr_status vtr_unmix_scale(vtr_nmf_result *result, const unmix_fit *fit, const unmix_matrix *a,
                           bool with_maps, vtr_error *err)
{
    double factor[MOST], fraction[MOST + 1];
    size_t k = fit->k, order[MOST];
    scale_job job = {fit, a, factor};
    result->components = vtr_malloc(k * result->n_channels, sizeof *result->components);
    result->maps = vtr_malloc(with_maps ? k * result->n_positions : 0, sizeof *result->maps);
    result->scale = vtr_malloc(with_maps ? result->n_positions : 0, sizeof *result->scale);
    result->fractions = vtr_malloc(k, sizeof *result->fractions);
    if (result->components == NULL || result->maps == NULL || result->scale == NULL ||
        result->fractions == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of %zu components", k);
    vtr_status status = find_factors(factor, &result->is_scale_common, &job, err);
    if (status == VTR_OK) status = vtr_unmix_each_position(a, add_shares, &job, fraction, k + 1, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < k && fraction[k] > 0; j++)
        fraction[j] /= fraction[k];
    sort_by(order, fraction, k);
    for (size_t j = 0; j < k; j++)
        result->fractions[j] = fraction[order[j]];
    fill_components(result, fit, a, factor, order);
    if (!with_maps) return VTR_OK;
    fill_maps(result, fit, a, factor, order);
    return gather_maps(result, a, err);
}
