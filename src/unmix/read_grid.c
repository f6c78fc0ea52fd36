/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products of all pairs of positions of a map, by lag. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

bool vtr_read_is_used(const vtr_unmix_map *map, size_t position)
{
    return (map->used == NULL || map->used[position]) && isfinite(map->values[position]);
}

static vtr_status make_room(read_grid *grid, vtr_error *err)
{
    size_t n = grid->p_y * grid->p_x;
    grid->pairs = vtr_malloc(n, sizeof *grid->pairs);
    grid->covariance = vtr_malloc(n, sizeof *grid->covariance);
    grid->work = vtr_malloc(n, sizeof *grid->work);
    grid->spectrum = vtr_malloc(grid->p_y * (grid->p_x / 2 + 1), sizeof *grid->spectrum);
    if (grid->pairs == NULL || grid->covariance == NULL || grid->work == NULL || grid->spectrum == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the lags of a map of %zu x %zu", grid->n_y,
                        grid->n_x);
    if (!vtr_fourier_create(&grid->fourier, grid->p_y, grid->p_x, grid->work, grid->spectrum, FFTW_ESTIMATE))
        return vtr_fail(err, VTR_ERR_NUMERIC, "no Fourier transform for a map of %zu x %zu", grid->n_y,
                        grid->n_x);
    return VTR_OK;
}

/* out [p_y][p_x] = sums over pairs of what is in `work`. */
static void correlate(read_grid *grid, double *out)
{
    size_t n = grid->p_y * grid->p_x;
    fftw_execute(grid->fourier.forward);
    for (size_t i = 0; i < grid->p_y * (grid->p_x / 2 + 1); i++) {
        double re = grid->spectrum[i][0], im = grid->spectrum[i][1];
        grid->spectrum[i][0] = re * re + im * im;
        grid->spectrum[i][1] = 0;
    }
    fftw_execute(grid->fourier.backward);
    for (size_t i = 0; i < n; i++)
        out[i] = grid->work[i] / (double)n;
}

/* Mean of the used values and of their squared errors. */
static void find_means(read_grid *grid, const vtr_unmix_map *map)
{
    double sum = 0, noise = 0;
    for (size_t p = 0; p < map->n_y * map->n_x; p++) {
        if (!vtr_read_is_used(map, p)) continue;
        grid->n_used++;
        sum += (double)map->values[p];
        noise += map->errors != NULL ? (double)map->errors[p] * (double)map->errors[p] : NAN;
    }
    grid->mean = sum / (double)grid->n_used;
    grid->noise = noise / (double)grid->n_used;
}

static void fill(read_grid *grid, const vtr_unmix_map *map, bool is_mask)
{
    memset(grid->work, 0, grid->p_y * grid->p_x * sizeof *grid->work);
    for (size_t p = 0; p < map->n_y * map->n_x; p++)
        if (vtr_read_is_used(map, p))
            grid->work[p / map->n_x * grid->p_x + p % map->n_x] =
                is_mask ? 1 : (double)map->values[p] - grid->mean;
}

vtr_status vtr_read_grid_open(read_grid *grid, const vtr_unmix_map *map, vtr_error *err)
{
    *grid = (read_grid){.n_y = map->n_y,
                        .n_x = map->n_x,
                        .p_y = vtr_fourier_size(2 * map->n_y),
                        .p_x = vtr_fourier_size(2 * map->n_x)};
    find_means(grid, map);
    vtr_status status = make_room(grid, err);
    if (status != VTR_OK) {
        vtr_read_grid_close(grid);
        return status;
    }
    fill(grid, map, true);
    correlate(grid, grid->pairs);
    fill(grid, map, false);
    correlate(grid, grid->covariance);
    for (size_t i = 0; i < grid->p_y * grid->p_x; i++) {
        grid->pairs[i] = floor(grid->pairs[i] + 0.5);
        grid->covariance[i] = grid->pairs[i] > 0 ? grid->covariance[i] / grid->pairs[i] : 0;
    }
    return VTR_OK;
}

void vtr_read_grid_close(read_grid *grid)
{
    vtr_fourier_release(&grid->fourier);
    vtr_free(grid->pairs);
    vtr_free(grid->covariance);
    vtr_free(grid->work);
    vtr_free(grid->spectrum);
    *grid = (read_grid){0};
}

/* Cov(sum a c, sum b c) = (2/N) sum_u t(u) (a * R)(u) (b * R)(u), t(u) the share of the pairs that a finite map has at u:
 * Bartlett's formula, whose two terms are equal but for t. Subtracting the map's own mean takes the mean of all c(u)
 * n(u)/N^2 off every covariance. */
vtr_status vtr_read_bartlett(double *covariance, read_grid *grid, size_t n, double *functionals,
                             const double *R, vtr_error *err)
{
    size_t n_grid = grid->p_y * grid->p_x, n_half = grid->p_y * (grid->p_x / 2 + 1);
    double n_used = (double)grid->n_used;
    fftw_complex *spectrum = vtr_malloc(n_half, sizeof *spectrum);
    if (spectrum == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the errors of a length");
    memcpy(grid->work, R, n_grid * sizeof *R);
    fftw_execute(grid->fourier.forward);
    memcpy(spectrum, grid->spectrum, n_half * sizeof *spectrum);
    for (size_t k = 0; k < n; k++) {
        double *row = functionals + k * n_grid, sum = 0;
        for (size_t i = 0; i < n_grid; i++)
            sum += row[i];
        for (size_t i = 0; i < n_grid; i++)
            grid->work[i] = row[i] - sum * grid->pairs[i] / (n_used * n_used);
        fftw_execute(grid->fourier.forward);
        /* R and the functionals are even: their spectra are real */
        for (size_t i = 0; i < n_half; i++) {
            grid->spectrum[i][0] *= spectrum[i][0] / (double)n_grid;
            grid->spectrum[i][1] = 0;
        }
        fftw_execute(grid->fourier.backward);
        memcpy(row, grid->work, n_grid * sizeof *row);
    }
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < n; l++) {
            double sum = 0;
            for (size_t i = 0; i < n_grid; i++)
                sum += grid->pairs[i] * functionals[k * n_grid + i] * functionals[l * n_grid + i];
            covariance[k * n + l] = 2 * sum / (n_used * n_used);
        }
    vtr_free(spectrum);
    return VTR_OK;
}
