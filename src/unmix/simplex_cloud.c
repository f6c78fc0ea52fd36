/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The positions as points in few dimensions, in units of their noise. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX };

/* Coordinates x [n][r] of the positions along v [r][m], less those of the mean. */
static vtr_status project(double *x, const double *v, size_t r, const unmix_matrix *a, vtr_error *err)
{
    unmix_matrix small;
    vtr_status status = vtr_unmix_compress(&small, a, v, r, err);
    if (status != VTR_OK) return status;
    status = vtr_unmix_gather_used(small.compressed, r * sizeof *small.compressed, a, err);
    double *offset = vtr_calloc(r, sizeof *offset);
    if (status == VTR_OK && offset == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu coordinates", r);
    if (status != VTR_OK) {
        vtr_unmix_close(&small);
        vtr_free(offset);
        return status;
    }
    for (size_t l = 0; l < r; l++)
        for (size_t c = 0; c < a->m; c++)
            offset[l] += v[l * a->m + c] * a->mean[c];
    for (size_t i = 0; i < a->n; i++)
        for (size_t l = 0; l < r; l++)
            x[i * r + l] = (double)small.compressed[i * r + l] / vtr_unmix_position_scale(a, i) - offset[l];
    vtr_unmix_close(&small);
    vtr_free(offset);
    return VTR_OK;
}

/* How many principal components the smooth coordinates of a map are chosen from: more hold more of what is known about the
 * noise, but each takes some positions to be told from chance, and all of them time. */
static size_t count_factors(const unmix_matrix *a, size_t d)
{
    size_t most = a->m < a->n ? a->m : a->n, r = a->n / 32,
           affordable = (size_t)(4e9 / ((double)a->n * (double)a->m));
    if (r > affordable) r = affordable;
    if (r < SIMPLEX_FACTORS_LEAST) r = SIMPLEX_FACTORS_LEAST;
    if (r > SIMPLEX_FACTORS_MOST) r = SIMPLEX_FACTORS_MOST;
    if (r > most) r = most;
    return r < d ? d : r;
}

/* Into cloud->y the coordinates with the largest variance, and what a step along each adds into step [d][m]; or, of a map,
 * those smooth ones among many that have it. */
static vtr_status choose_coordinates(simplex_cloud *cloud, double *step, double *outside2,
                                     const unmix_matrix *a, const vtr_simplex_params *params, vtr_error *err)
{
    size_t d = cloud->d, r = params->n_y * params->n_x != 0 ? count_factors(a, d) : d;
    double *v = vtr_malloc(r * a->m, sizeof *v), *wide = vtr_malloc(a->n * r, sizeof *wide);
    double *s = vtr_malloc(r, sizeof *s);
    vtr_status status = VTR_OK;
    if (v == NULL || wide == NULL || s == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu coordinates of %zu positions", r, a->n);
    if (status == VTR_OK) status = vtr_unmix_subspace(v, s, a, a->mean, r, params->seed, err);
    *outside2 = a->deviation2;
    for (size_t l = 0; l < d && status == VTR_OK; l++)
        *outside2 = fmax(*outside2 - s[l] * s[l], 0);
    /* Directions with nothing but rounding in them have no place among smooth ones. */
    while (status == VTR_OK && r > d && !(s[r - 1] > 1e-5 * s[0]))
        r--;
    if (status == VTR_OK) status = project(wide, v, r, a, err);
    if (status == VTR_OK && cloud->is_map)
        status = vtr_simplex_smooth_factors(cloud->y, &cloud->n_smooth, &cloud->chance, a, wide, r, d, params,
                                            err);
    else if (status == VTR_OK) {
        memcpy(cloud->y, wide, a->n * d * sizeof *wide);
        memcpy(step, v, d * a->m * sizeof *v);
    }
    vtr_free(v);
    vtr_free(wide);
    vtr_free(s);
    return status;
}

/* Points in units of the noise: x = L y with L the root of its covariance, which goes there. */
static vtr_status whiten(simplex_cloud *cloud, double *extent, double *covariance, vtr_error *err)
{
    size_t d = cloud->d;
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)d, covariance, (lapack_int)d) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC,
                        "the noise of the %zu leading components is not positive definite", d);
    for (size_t i = 0; i < cloud->n; i++) {
        double *y = cloud->y + i * d;
        for (size_t r = 0; r < d; r++) {
            for (size_t c = 0; c < r; c++)
                y[r] -= covariance[r * d + c] * y[c];
            y[r] /= covariance[r * d + r];
        }
        for (size_t l = 0; l < d; l++)
            cloud->mean[l] += y[l] / (double)cloud->n;
    }
    double square = 0;
    for (size_t i = 0; i < cloud->n; i++)
        square += pow(cloud->y[i * d + d - 1] - cloud->mean[d - 1], 2) / (double)cloud->n;
    *extent = sqrt(square);
    /* Noise that was chosen for its smoothness has lost this part of its differences. */
    if (cloud->n_smooth < d) *extent *= sqrt(fmax(1 - 4 * cloud->chance / 3, 0));
    return VTR_OK;
}

/* The axes of principal components, whose steps are orthogonal. */
static void turn_axes(simplex_cloud *cloud, const double *root, const double *step, size_t m)
{
    size_t d = cloud->d;
    for (size_t l = 0; l < d; l++)
        for (size_t r = l; r < d; r++)
            for (size_t c = 0; c < m; c++)
                cloud->axis[l * m + c] += root[r * d + l] * step[r * m + c];
}

/* The axes of smooth coordinates: the spectrum's regression on a coordinate, with what the neighbours say as the
 * instrument, whose noise is not that of the spectrum. A coordinate of noise is its own instrument. */
static vtr_status regress_axes(simplex_cloud *cloud, const unmix_matrix *a, const vtr_simplex_params *params,
                               vtr_error *err)
{
    size_t d = cloud->d;
    double *guess = vtr_malloc(2 * a->n * d, sizeof *guess);
    if (guess == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu positions", a->n);
    double *instrument = guess + a->n * d;
    vtr_status status = vtr_simplex_predict(guess, a, cloud->y, cloud->mean, d, params, err);
    for (size_t i = 0; i < a->n && status == VTR_OK; i++)
        for (size_t l = 0; l < d; l++)
            instrument[i * d + l] = (l < cloud->n_smooth ? guess : cloud->y)[i * d + l] - cloud->mean[l];
    if (status == VTR_OK) status = vtr_simplex_steps(cloud->axis, a, cloud->y, instrument, d, err);
    if (status == VTR_OK && cloud->n_smooth == d && a->n >= SIMPLEX_TAIL_LEAST)
        cloud->guess = guess;
    else
        vtr_free(guess);
    return status;
}

vtr_status vtr_simplex_open_cloud(simplex_cloud *cloud, vtr_simplex_noise_source *source, double *extent,
                                  const unmix_matrix *a, const vtr_simplex_params *params, vtr_error *err)
{
    size_t d = params->n_components - 1;
    double covariance[MOST * MOST], outside2;
    *cloud = (simplex_cloud){.n = a->n,
                             .d = d,
                             .n_smooth = d,
                             .is_map = params->n_y * params->n_x != 0,
                             .centre = a->mean,
                             .seed = params->seed,
                             .threads = a->threads};
    cloud->y = vtr_malloc(a->n * d, sizeof *cloud->y);
    cloud->mean = vtr_calloc(d, sizeof *cloud->mean);
    cloud->axis = vtr_calloc(d * a->m, sizeof *cloud->axis);
    double *step = vtr_malloc(d * a->m, sizeof *step);
    vtr_status status = VTR_OK;
    if (cloud->y == NULL || cloud->mean == NULL || cloud->axis == NULL || step == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the coordinates of %zu positions", a->n);
    if (status == VTR_OK) status = choose_coordinates(cloud, step, &outside2, a, params, err);
    if (status == VTR_OK) {
        vtr_simplex_noise(covariance, source, a, cloud->y, d, outside2, params);
        status = whiten(cloud, extent, covariance, err);
    }
    if (status == VTR_OK && cloud->is_map)
        status = regress_axes(cloud, a, params, err);
    else if (status == VTR_OK)
        turn_axes(cloud, covariance, step, a->m);
    vtr_free(step);
    return status;
}

void vtr_simplex_close_cloud(simplex_cloud *cloud)
{
    vtr_free(cloud->y);
    vtr_free(cloud->mean);
    vtr_free(cloud->axis);
    vtr_free(cloud->guess);
}
