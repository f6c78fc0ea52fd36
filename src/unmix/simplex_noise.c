/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The noise of the coordinates of a position. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

/* Maps are smooth: half the mean squared difference grows with the square of the distance from the noise at zero. So four
 * thirds of that at distance one less a third of that at two. False where that is no variance. */
static bool from_neighbours(double *covariance, const unmix_matrix *a, const double *x, size_t d,
                            const vtr_simplex_params *params)
{
    double one[SIMPLEX_DIMENSIONS * SIMPLEX_DIMENSIONS], two[SIMPLEX_DIMENSIONS * SIMPLEX_DIMENSIONS];
    if (vtr_simplex_differences(one, two, a, x, d, params->n_y, params->n_x, NULL) != VTR_OK) return false;
    for (size_t i = 0; i < d * d; i++)
        covariance[i] = (4 * one[i] - two[i]) / 3;
    for (size_t i = 0; i < d; i++)
        if (!(covariance[i * d + i] > 1e-3 * one[i * d + i])) return false;
    return true;
}

void vtr_simplex_noise(double *covariance, vtr_simplex_noise_source *source, const unmix_matrix *a,
                       const double *x, size_t d, double outside2, const vtr_simplex_params *params)
{
    double variance = 0;
    if (params->n_y * params->n_x != 0) {
        *source = VTR_SIMPLEX_NOISE_NEIGHBOURS;
        if (from_neighbours(covariance, a, x, d, params)) return;
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
}
