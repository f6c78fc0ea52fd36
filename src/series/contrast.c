/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "series/series_internal.h"

/* With v the smoothed values, V their variances by the error bars, f = v less its mean and N positions,
 *
 *     S^2 = (sum f^2 - sum V)/N,   var(S^2) = (4 (f C f - tr C^2) + 2 tr C^2)/N^2,
 *
 * C_jk = sqrt(V_j V_k) exp(-d^2/(4 sigma^2)) the covariance of the noise; tr C^2 is what noise in f adds to f C f. */
typedef struct sums {
    double n, squares, variances, linear, quadratic;
} sums;

static void add_up(sums *s, const float *value, const float *variance, const uint8_t *used,
                   const vtr_series_map *map, double sigma_nm, double *scratch)
{
    size_t n = map->n_y * map->n_x;
    double *image = scratch, *rest = scratch + n, mean = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(value[i]) && (used == NULL || used[i])) {
            mean += (double)value[i];
            s->n++;
        }
    mean /= s->n;
    for (size_t i = 0; i < n; i++) {
        bool is_used = isfinite(value[i]) && (used == NULL || used[i]);
        double f = is_used ? (double)value[i] - mean : 0, v = is_used ? (double)variance[i] : 0;
        s->squares += f * f;
        s->variances += v;
        image[i] = f * sqrt(v);
    }
    s->linear = vtr_smooth_product(image, image, map->n_y, map->n_x, map->step_nm, sigma_nm, rest);
    for (size_t i = 0; i < n; i++)
        image[i] = isfinite(value[i]) && (used == NULL || used[i]) ? (double)variance[i] : 0;
    /* exp(-d^2/(4 sigma^2)) squared is that of a window narrower by sqrt(2) */
    s->quadratic =
        vtr_smooth_product(image, image, map->n_y, map->n_x, map->step_nm, sigma_nm / sqrt(2), rest);
}

static double mean_square_error(const vtr_series_map *map, const uint8_t *used)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        if (!isfinite(map->values[i]) || !isfinite(map->errors[i]) || (used != NULL && !used[i])) continue;
        sum += (double)map->errors[i] * (double)map->errors[i];
        n++;
    }
    return sum / n;
}

static void set_contrast(vtr_series_contrast *out, const sums *s)
{
    double square = (s->squares - s->variances) / s->n;
    double variance = (4 * fmax(0, s->linear - s->quadratic) + 2 * s->quadratic) / (s->n * s->n);
    out->n_positions = (size_t)s->n;
    out->contrast = square > 0 ? sqrt(square) : NAN;
    out->contrast_error = sqrt(variance) / (2 * out->contrast);
    out->snr = out->contrast / out->noise;
    out->snr_error = out->contrast_error / out->noise;
}

vtr_status vtr_series_contrast_compute(vtr_series_contrast *out, const vtr_series_map *map,
                                       const uint8_t *used, double smoothing_nm, vtr_error *err)
{
    size_t n = map->n_y * map->n_x;
    sums s = {0};
    if (map->errors == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "contrast beyond the noise needs error bars");
    float *smoothed = vtr_malloc(2 * n, sizeof *smoothed);
    double *scratch = vtr_malloc(3 * n, sizeof *scratch);
    vtr_status status = smoothed != NULL && scratch != NULL
                            ? vtr_smooth_field(smoothed, smoothed + n, map, NULL, smoothing_nm, err)
                            : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the contrast of a map");
    if (status == VTR_OK) {
        add_up(&s, smoothed, smoothed + n, used, map, smoothing_nm, scratch);
        if (s.n < 10)
            status = vtr_fail(err, VTR_ERR_NO_DATA, "%.0f positions are too few for a contrast", s.n);
    }
    if (status == VTR_OK) {
        *out = (vtr_series_contrast){.noise = sqrt(mean_square_error(map, used))};
        set_contrast(out, &s);
    }
    vtr_free(smoothed);
    vtr_free(scratch);
    return status;
}
