/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The noise of the coordinates of a position. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

/* Half the mean product of differences between neighbours `lag` apart, along rows and columns: sum over pairs. */
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

/* Maps are smooth: half the mean squared difference grows with the square of the distance from the noise at zero. So four
 * thirds of that at distance one less a third of that at two. */
static bool from_neighbours(double *covariance, const unmix_matrix *a, const double *x, size_t d,
                            const vtr_simplex_params *params)
{
    size_t n_all = params->n_y * params->n_x, *at = vtr_malloc(n_all, sizeof *at);
    double sum[2][SIMPLEX_DIMENSIONS * SIMPLEX_DIMENSIONS] = {{0}};
    bool is_positive = at != NULL;
    for (size_t p = 0; p < n_all && at != NULL; p++)
        at[p] = SIZE_MAX;
    for (size_t i = 0; i < a->n && at != NULL; i++)
        at[a->position[i]] = i;
    for (size_t lag = 1; lag <= 2 && is_positive; lag++) {
        size_t n = add_differences(sum[lag - 1], x, at, d, params->n_y, params->n_x, lag);
        is_positive = n > 10 * d;
        for (size_t i = 0; i < d * d && is_positive; i++)
            sum[lag - 1][i] /= (double)n;
    }
    for (size_t i = 0; i < d * d; i++)
        covariance[i] = (4 * sum[0][i] - sum[1][i]) / 3;
    for (size_t i = 0; i < d; i++)
        is_positive = is_positive && covariance[i * d + i] > 1e-3 * sum[0][i * d + i];
    vtr_free(at);
    return is_positive;
}

vtr_status vtr_simplex_noise(double *covariance, vtr_simplex_noise_source *source, const unmix_matrix *a,
                             const double *x, size_t d, double outside2, const vtr_simplex_params *params,
                             vtr_error *err)
{
    double variance = 0;
    if (params->n_y * params->n_x != 0) {
        if (params->n_y * params->n_x != a->data->n_positions)
            return vtr_fail(err, VTR_ERR_SHAPE, "a map of %zu x %zu is not one of %zu positions", params->n_y,
                            params->n_x, a->data->n_positions);
        *source = VTR_SIMPLEX_NOISE_NEIGHBOURS;
        if (from_neighbours(covariance, a, x, d, params)) return VTR_OK;
    }
    memset(covariance, 0, d * d * sizeof *covariance);
    if (params->weights_are_variances) {
        *source = VTR_SIMPLEX_NOISE_VARIANCES;
        for (size_t i = 0; i < a->n; i++) {
            double scale = vtr_unmix_position_scale(a, i);
            variance += 1 / (scale * scale) / (double)a->n;
        }
    } else {
        *source = VTR_SIMPLEX_NOISE_RESIDUAL;
        double degrees = ((double)a->n - 1 - (double)d) * ((double)a->m - (double)d);
        variance = degrees > 0 ? outside2 / degrees : 0;
    }
    /* Data without noise still have the roundings of single precision. */
    for (size_t i = 0; i < d; i++)
        covariance[i * d + i] = fmax(variance, 1e-13 * a->norm2 / (double)a->n);
    return VTR_OK;
}
