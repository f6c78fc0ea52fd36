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

static void weight_sums(const unmix_fit *fit, const unmix_matrix *a, double *gram, double *total)
{
    size_t k = fit->k;
    memset(gram, 0, k * k * sizeof *gram);
    memset(total, 0, k * sizeof *total);
    for (size_t i = 0; i < a->n; i++) {
        double scale = vtr_unmix_position_scale(a, i);
        for (size_t j = 0; j < k; j++) {
            double x = fit->w[i * k + j] / scale;
            total[j] += x;
            for (size_t l = 0; l < k; l++)
                gram[j * k + l] += x * fit->w[i * k + l] / scale;
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
    for (size_t i = 0; i < a->n; i++) {
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

/* Mean share of each component, over the positions with any weight. */
static void mean_shares(double *fraction, const unmix_fit *fit, const double *factor)
{
    size_t k = fit->k, n = 0;
    memset(fraction, 0, k * sizeof *fraction);
    for (size_t i = 0; i < fit->a->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < k; j++)
            sum += fit->w[i * k + j] * factor[j];
        if (!(sum > 0)) continue;
        n++;
        for (size_t j = 0; j < k; j++)
            fraction[j] += fit->w[i * k + j] * factor[j] / sum;
    }
    for (size_t j = 0; j < k && n > 0; j++)
        fraction[j] /= (double)n;
}

vtr_status vtr_unmix_scale(vtr_nmf_result *result, const unmix_fit *fit, const unmix_matrix *a,
                           vtr_error *err)
{
    double gram[MOST * MOST], total[MOST], factor[MOST], fraction[MOST];
    size_t k = fit->k, order[MOST];
    result->components = vtr_malloc(k * result->n_channels, sizeof *result->components);
    result->maps = vtr_malloc(k * result->n_positions, sizeof *result->maps);
    result->scale = vtr_malloc(result->n_positions, sizeof *result->scale);
    result->fractions = vtr_malloc(k, sizeof *result->fractions);
    if (result->components == NULL || result->maps == NULL || result->scale == NULL ||
        result->fractions == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of %zu components", k);
    for (size_t j = 0; j < k; j++)
        factor[j] = 1;
    result->is_scale_common = true;
    if (fit->penalty == 0) {
        weight_sums(fit, a, gram, total);
        result->is_scale_common = common_factors(factor, gram, total, k);
        if (!result->is_scale_common) equal_factors(factor, fit, total);
    }
    mean_shares(fraction, fit, factor);
    sort_by(order, fraction, k);
    for (size_t j = 0; j < k; j++)
        result->fractions[j] = fraction[order[j]];
    fill_maps(result, fit, a, factor, order);
    fill_components(result, fit, a, factor, order);
    return VTR_OK;
}
