/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FastICA on the whitened maps of a PCA. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"
#include "vitrail/unmix_pca.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX, ITERATIONS = 500 };

typedef struct whitened {
    size_t n, k;
    size_t *position; /* [n] with a value */
    double *z;        /* [n][k], uncorrelated, of unit variance */
    double mean[MOST], spread[MOST];
} whitened;

static vtr_status whiten(whitened *w, const vtr_pca_result *pca, vtr_error *err)
{
    size_t k = w->k;
    for (size_t p = 0; p < pca->n_positions; p++)
        if (isfinite(pca->maps[p])) w->position[w->n++] = p;
    for (size_t j = 0; j < k; j++) {
        const float *map = pca->maps + j * pca->n_positions;
        double sum = 0, square = 0;
        for (size_t i = 0; i < w->n; i++)
            sum += (double)map[w->position[i]];
        w->mean[j] = sum / (double)w->n;
        for (size_t i = 0; i < w->n; i++) {
            double x = (double)map[w->position[i]] - w->mean[j];
            square += x * x;
        }
        w->spread[j] = sqrt(square / (double)w->n);
        if (!(w->spread[j] > 0))
            return vtr_fail(err, VTR_ERR_NUMERIC, "principal component %zu has no variance: ask for fewer",
                            j + 1);
        for (size_t i = 0; i < w->n; i++)
            w->z[i * k + j] = ((double)map[w->position[i]] - w->mean[j]) / w->spread[j];
    }
    return VTR_OK;
}

/* u <- (u u^T)^(-1/2) u: its polar factor. */
static vtr_status decorrelate(double *u, size_t k, vtr_error *err)
{
    double left[MOST * MOST], right[MOST * MOST], s[MOST], work[MOST];
    if (LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'A', 'A', (lapack_int)k, (lapack_int)k, u, (lapack_int)k, s, left,
                       (lapack_int)k, right, (lapack_int)k, work) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "the independent components could not be made orthogonal");
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            u[i * k + j] = 0;
            for (size_t l = 0; l < k; l++)
                u[i * k + j] += left[i * k + l] * right[l * k + j];
        }
    return VTR_OK;
}

/* next = E[g(u z) z^T] - E[g'(u z)] u with g = tanh. */
static void fixed_point(double *next, const double *u, const whitened *w)
{
    size_t k = w->k;
    double slope[MOST] = {0};
    memset(next, 0, k * k * sizeof *next);
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < k; j++) {
            double y = 0;
            for (size_t l = 0; l < k; l++)
                y += u[j * k + l] * w->z[i * k + l];
            double g = tanh(y);
            slope[j] += 1 - g * g;
            for (size_t l = 0; l < k; l++)
                next[j * k + l] += g * w->z[i * k + l];
        }
    for (size_t j = 0; j < k; j++)
        for (size_t l = 0; l < k; l++)
            next[j * k + l] = (next[j * k + l] - slope[j] * u[j * k + l]) / (double)w->n;
}

static vtr_status iterate(double *u, vtr_ica_result *result, const whitened *w, size_t seed, vtr_error *err)
{
    size_t k = w->k;
    double next[MOST * MOST];
    vtr_random random;
    vtr_random_start(&random, seed, 0x494341u);
    for (size_t i = 0; i < k * k; i++)
        u[i] = vtr_random_normal(&random);
    vtr_status status = decorrelate(u, k, err);
    while (status == VTR_OK && !result->is_converged && result->n_iterations < ITERATIONS) {
        double turned = 0;
        fixed_point(next, u, w);
        status = decorrelate(next, k, err);
        for (size_t j = 0; j < k && status == VTR_OK; j++) {
            double dot = 0;
            for (size_t l = 0; l < k; l++)
                dot += u[j * k + l] * next[j * k + l];
            turned = fmax(turned, fabs(fabs(dot) - 1));
        }
        memcpy(u, next, k * k * sizeof *u);
        result->n_iterations++;
        result->is_converged = turned < 1e-10;
    }
    return status;
}

static double source(const double *row, const whitened *w, size_t i)
{
    double y = 0;
    for (size_t l = 0; l < w->k; l++)
        y += row[l] * w->z[i * w->k + l];
    return y;
}

/* Signs that make the skewness positive, and the order by it. */
static void sort_sources(size_t *order, double *skewness, double *u, const whitened *w)
{
    size_t k = w->k;
    for (size_t j = 0; j < k; j++) {
        double cube = 0;
        for (size_t i = 0; i < w->n; i++) {
            double y = source(u + j * k, w, i);
            cube += y * y * y;
        }
        for (size_t l = 0; l < k && cube < 0; l++)
            u[j * k + l] = -u[j * k + l];
        skewness[j] = fabs(cube) / (double)w->n;
        size_t at = j;
        for (; at > 0 && skewness[order[at - 1]] < skewness[j]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
}

/* u is orthogonal: a source's spectrum is what the whitened components are, summed with its row of u. */
static void fill(vtr_ica_result *result, const vtr_pca_result *pca, const whitened *w, double *u)
{
    size_t k = w->k, order[MOST];
    double skewness[MOST];
    sort_sources(order, skewness, u, w);
    for (size_t p = 0; p < k * result->n_positions; p++)
        result->maps[p] = NAN;
    for (size_t j = 0; j < k; j++) {
        const double *row = u + order[j] * k;
        result->skewness[j] = skewness[order[j]];
        for (size_t i = 0; i < w->n; i++)
            result->maps[j * result->n_positions + w->position[i]] = (float)source(row, w, i);
        for (size_t c = 0; c < result->n_channels; c++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += row[l] * w->spread[l] * pca->components[l * result->n_channels + c];
            result->components[j * result->n_channels + c] = sum;
        }
    }
}

vtr_status vtr_ica(vtr_ica_result *out, const vtr_pca_result *pca, size_t seed, vtr_error *err)
{
    size_t k = pca->n_components;
    vtr_ica_result result = {
        .n_components = k, .n_positions = pca->n_positions, .n_channels = pca->n_channels};
    whitened w = {.k = k};
    double u[MOST * MOST];
    vtr_status status = VTR_OK;
    w.position = vtr_malloc(pca->n_positions, sizeof *w.position);
    w.z = vtr_malloc(k * pca->n_positions, sizeof *w.z);
    result.components = vtr_malloc(k * pca->n_channels, sizeof *result.components);
    result.maps = vtr_malloc(k * pca->n_positions, sizeof *result.maps);
    result.skewness = vtr_malloc(k, sizeof *result.skewness);
    if (w.position == NULL || w.z == NULL || result.components == NULL || result.maps == NULL ||
        result.skewness == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu independent components", k);
    if (status == VTR_OK) status = whiten(&w, pca, err);
    if (status == VTR_OK) status = iterate(u, &result, &w, seed, err);
    if (status == VTR_OK) fill(&result, pca, &w, u);
    vtr_free(w.position);
    vtr_free(w.z);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_ica_result_release(&result);
    return status;
}

void vtr_ica_result_release(vtr_ica_result *result)
{
    vtr_free(result->components);
    vtr_free(result->maps);
    vtr_free(result->skewness);
    *result = (vtr_ica_result){0};
}
