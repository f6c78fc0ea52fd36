/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/band_internal.h"

double vtr_matrix_correlation(const vtr_matrix_strain *matrix, double distance_nm)
{
    double ratio = distance_nm / matrix->length_nm;
    return exp(-(matrix->power == 1 ? ratio : ratio * ratio));
}

/* Autocovariances are taken along x and along y, in tiles, so that a few tiles that hold more than matrix can be put
 * aside. */
enum { TILE = 16, LAGS = 12 };

typedef struct tile {
    /* [direction][lag]: along x, along y; lag 0 with the variances of the error bars taken out */
    double sum[VTR_TCS][2][LAGS + 1], count[2][LAGS + 1];
    double error_variance[VTR_TCS];
    double size; /* by which tiles are trimmed */
} tile;

static void add_position(tile *t, const vtr_band_maps *maps, double *const residual[VTR_TCS], size_t y,
                         size_t x)
{
    size_t i = y * maps->n_x + x;
    const double *v = maps->covariance + i * VTR_COVARIANCES;
    for (int j = 0; j < VTR_TCS; j++)
        t->error_variance[j] += v[j];
    for (size_t lag = 0; lag <= LAGS; lag++) {
        const size_t other[2] = {i + lag, i + lag * maps->n_x};
        const bool inside[2] = {x + lag < maps->n_x, y + lag < maps->n_y};
        for (int k = 0; k < 2; k++) {
            if (!inside[k] || !vtr_band_is_valid(maps, other[k])) continue;
            t->count[k][lag]++;
            for (int j = 0; j < VTR_TCS; j++)
                t->sum[j][k][lag] += residual[j][i] * residual[j][other[k]];
        }
    }
}

static void fill_tile(tile *t, const vtr_band_maps *maps, double *const residual[VTR_TCS], size_t ty,
                      size_t tx)
{
    memset(t, 0, sizeof *t);
    for (size_t y = ty * TILE; y < (ty + 1) * TILE && y < maps->n_y; y++)
        for (size_t x = tx * TILE; x < (tx + 1) * TILE && x < maps->n_x; x++)
            if (vtr_band_is_valid(maps, y * maps->n_x + x)) add_position(t, maps, residual, y, x);
    for (int j = 0; j < VTR_TCS;
         j++) /* of the nearest neighbours, each component on the scale of its errors */
        for (int k = 0; k < 2; k++)
            if (t->count[k][1] > 0)
                t->size += fabs(t->sum[j][k][1]) / t->count[k][1] / (t->error_variance[j] / t->count[0][0]);
}

static int by_size(const void *a, const void *b)
{
    double x = ((const tile *)a)->size, y = ((const tile *)b)->size;
    return (x > y) - (x < y);
}

static void add_tile(tile *sum, const tile *t)
{
    for (int j = 0; j < VTR_TCS; j++) {
        sum->error_variance[j] += t->error_variance[j];
        for (int k = 0; k < 2; k++)
            for (int lag = 0; lag <= LAGS; lag++)
                sum->sum[j][k][lag] += t->sum[j][k][lag];
    }
    for (int k = 0; k < 2; k++)
        for (int lag = 0; lag <= LAGS; lag++)
            sum->count[k][lag] += t->count[k][lag];
}

/* Variances for one form of the correlation by least squares, each component on the scale of its errors; the sum of
 * squares left. */
static double fit_variances(vtr_matrix_strain *matrix, const tile *sum, const double step[2])
{
    double left = 0;
    for (int j = 0; j < VTR_TCS; j++) {
        double cr = 0, rr = 0, cc = 0, scale = sum->error_variance[j] / sum->count[0][0];
        for (int k = 0; k < 2; k++)
            for (int lag = 1; lag <= LAGS; lag++) {
                if (sum->count[k][lag] == 0) continue;
                double c = sum->sum[j][k][lag] / sum->count[k][lag];
                double r = vtr_matrix_correlation(matrix, lag * step[k]);
                cr += c * r;
                rr += r * r;
                cc += c * c;
            }
        matrix->variance[j] = rr > 0 && cr > 0 ? cr / rr : 0;
        left += (cc - 2 * matrix->variance[j] * cr + matrix->variance[j] * matrix->variance[j] * rr) /
                (scale * scale);
    }
    return left;
}

static void fit(vtr_matrix_strain *matrix, const tile *sum, const vtr_band_maps *maps)
{
    const double step[2] = {maps->step_x, maps->step_y};
    double least = INFINITY;
    for (int power = 1; power <= 2; power++)
        for (double length = 0.7; length < 20; length *= 1.1) {
            vtr_matrix_strain trial = {.length_nm = length * maps->step, .power = power};
            double left = fit_variances(&trial, sum, step);
            if (left >= least) continue;
            least = left;
            *matrix = trial;
        }
    double scatter = 0;
    for (int j = 0; j < VTR_TCS; j++) {
        double variance = sum->sum[j][0][0] / sum->count[0][0] - matrix->variance[j];
        scatter += variance / (sum->error_variance[j] / sum->count[0][0]) / VTR_TCS;
    }
    matrix->error_factor = sqrt(fmax(scatter, 0));
}

vtr_status vtr_matrix_estimate(vtr_matrix_strain *matrix, const vtr_band_maps *maps,
                               double *const residual[VTR_TCS], double trimmed, vtr_error *err)
{
    size_t n_ty = (maps->n_y + TILE - 1) / TILE, n_tx = (maps->n_x + TILE - 1) / TILE, n = 0;
    tile *tiles = vtr_malloc(n_ty * n_tx, sizeof *tiles), sum = {0};
    if (tiles == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the matrix of the map");
    for (size_t t = 0; t < n_ty * n_tx; t++) {
        fill_tile(&tiles[n], maps, residual, t / n_tx, t % n_tx);
        if (tiles[n].count[0][0] > 0) n++;
    }
    qsort(tiles, n, sizeof *tiles, by_size);
    size_t kept = n - (size_t)(trimmed * (double)n);
    for (size_t t = 0; t < kept; t++)
        add_tile(&sum, &tiles[t]);
    vtr_free(tiles);
    fit(matrix, &sum, maps);
    return VTR_OK;
}
