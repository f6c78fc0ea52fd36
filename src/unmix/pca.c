/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principal components of a cube, and how many there are. */
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"
#include "vitrail/unmix_pca.h"

#define MEMBER(name) offsetof(vtr_pca_params, name)

static const vtr_parameter parameters[] = {
    {"components", NULL, VTR_PARAMETER_SIZE, MEMBER(n_components), .default_value = 8, .minimum = 1,
     .maximum = VTR_UNMIX_COMPONENTS_MAX, .metavar = "K", .help = "number of components"},
    {"parallel", NULL, VTR_PARAMETER_SIZE, MEMBER(n_parallel), .default_value = 3, .maximum = 1000,
     .metavar = "N", .help = "cubes of noise that the singular values are compared with"},
    {"weights-are-variances", NULL, VTR_PARAMETER_BOOL, MEMBER(weights_are_variances),
     .help = "weights are one over the variance itself"},
    {"seed", NULL, VTR_PARAMETER_SIZE, MEMBER(seed), .default_value = 1, .metavar = "SEED",
     .help = "of the random numbers"},
};

const vtr_parameter_table vtr_pca_parameters = {"Principal components", parameters,
                                                sizeof parameters / sizeof *parameters};

vtr_pca_params vtr_pca_default_params(void)
{
    vtr_pca_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_pca_parameters, &params);
    return params;
}

static vtr_status allocate(vtr_pca_result *result, vtr_error *err)
{
    size_t k = result->n_components;
    result->mean = vtr_malloc(result->n_channels, sizeof(double));
    result->components = vtr_malloc(k * result->n_channels, sizeof(double));
    result->maps = vtr_malloc(k * result->n_positions, sizeof(float));
    result->singular = vtr_malloc(k, sizeof(double));
    result->explained = vtr_malloc(k, sizeof(double));
    result->chi2 = vtr_malloc(k + 1, sizeof(double));
    if (result->mean == NULL || result->components == NULL || result->maps == NULL ||
        result->singular == NULL || result->explained == NULL || result->chi2 == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components of %zu positions", k,
                        result->n_positions);
    return VTR_OK;
}

/* The factor from the mean of the largest singular value of noise to what one in a hundred exceeds: its square is
 * distributed as Tracy and Widom have it, about (sqrt(n) + sqrt(m))^2. I. M. Johnstone, Ann. Stat. 29, 295 (2001). */
static double surely_beyond(double n, double m)
{
    double root = sqrt(n) + sqrt(m), width = root * cbrt(1 / sqrt(n) + 1 / sqrt(m));
    return sqrt(1 + (2.02 + 1.21) * width / (root * root));
}

/* Noise beside j components lies in n - j by m - j dimensions; with random signs it is spread over n by m again, with less in
 * each entry. */
static double respread(double n, double m, double j)
{
    return (sqrt(n - j) + sqrt(m - j)) / (sqrt((1 - j / n) * (1 - j / m)) * (sqrt(n) + sqrt(m)));
}

/* The largest singular value of cubes of noise: of what the first n_removed components leave, with random signs. */
static vtr_status noise_edge(double *edge, unmix_matrix *a, const vtr_pca_params *params, const double *v,
                             const vtr_pca_result *result, size_t n_removed, size_t n_cubes, vtr_error *err)
{
    unmix_flip flip = {.seed = params->seed, .n = n_removed, .v = v, .norm2 = a->deviation2};
    bool is_direct = a->is_direct;
    vtr_status status = VTR_OK;
    for (size_t j = 0; j < n_removed; j++)
        flip.norm2 = fmax(flip.norm2 - result->singular[j] * result->singular[j], 0);
    *edge = 0;
    a->flip = &flip;
    a->is_direct = false;
    for (flip.trial = 1; flip.trial <= n_cubes && status == VTR_OK; flip.trial++) {
        double s = 0;
        status = vtr_unmix_largest(&s, a, result->n_components, params->seed, err);
        *edge += s / (double)n_cubes;
    }
    *edge *=
        surely_beyond((double)a->n, (double)a->m) * respread((double)a->n, (double)a->m, (double)n_removed);
    a->flip = NULL;
    a->is_direct = is_direct;
    return status;
}

/* Signs make noise of structure too, so what was found significant is taken out and the rest is asked again: one cube of
 * noise at a time until nothing more is found, then all of them. */
static vtr_status count_significant(vtr_pca_result *result, unmix_matrix *a, const vtr_pca_params *params,
                                    const double *v, const vtr_progress *progress, vtr_error *err)
{
    size_t k = result->n_components, n = 0, before, n_cubes = 1;
    bool is_last;
    do {
        before = n;
        vtr_status status = vtr_unmix_go_on(a, progress, err);
        if (status == VTR_OK)
            status = noise_edge(&result->noise_singular, a, params, v, result, n, n_cubes, err);
        if (status != VTR_OK) return status;
        while (n < k && result->singular[n] > result->noise_singular)
            n++;
        vtr_progress_report(progress, "noise", (double)n, (double)k, "components");
        is_last = n == k || (n == before && n_cubes == params->n_parallel);
        n_cubes = n == before ? params->n_parallel : 1;
    } while (!is_last);
    result->n_significant = n;
    return VTR_OK;
}

/* chi2 of 0 .. k components and the first that counting noise explains. */
static void judge_residuals(vtr_pca_result *result, const unmix_matrix *a, bool is_known)
{
    double left = a->deviation2;
    size_t k = result->n_components;
    result->n_by_residual = is_known ? k + 1 : 0;
    for (size_t j = 0; j <= k; j++) {
        double degrees = ((double)a->n - 1 - (double)j) * ((double)a->m - (double)j);
        result->chi2[j] = is_known && degrees > 0 ? fmax(left, 0) / degrees : NAN;
        if (result->n_by_residual > k && result->chi2[j] <= 1 + 3 * sqrt(2 / degrees))
            result->n_by_residual = j;
        if (j < k) left -= result->singular[j] * result->singular[j];
    }
}

static void fill_spectra(vtr_pca_result *result, const unmix_matrix *a, const double *v)
{
    for (size_t c = 0; c < result->n_channels; c++)
        result->mean[c] = NAN;
    for (size_t i = 0; i < result->n_components * result->n_channels; i++)
        result->components[i] = NAN;
    for (size_t c = 0; c < a->m; c++) {
        result->mean[a->channel[c]] = a->mean[c] / a->channel_scale[c];
        for (size_t j = 0; j < result->n_components; j++)
            result->components[j * result->n_channels + a->channel[c]] =
                v[j * a->m + c] / a->channel_scale[c];
    }
}

static vtr_status fill_maps(vtr_pca_result *result, const unmix_matrix *a, const double *v, vtr_error *err)
{
    unmix_matrix small;
    size_t k = result->n_components;
    vtr_status status = vtr_unmix_compress(&small, a, v, k, err);
    if (status != VTR_OK) return status;
    status = vtr_unmix_gather_used(small.compressed, k * sizeof *small.compressed, a, err);
    for (size_t i = 0; i < k * result->n_positions; i++)
        result->maps[i] = NAN;
    for (size_t j = 0; j < k; j++) {
        double offset = 0;
        for (size_t c = 0; c < a->m; c++)
            offset += v[j * a->m + c] * a->mean[c];
        for (size_t i = 0; i < a->n; i++)
            result->maps[j * result->n_positions + a->position[i]] =
                (float)((double)small.compressed[i * k + j] / vtr_unmix_position_scale(a, i) - offset);
    }
    vtr_unmix_close(&small);
    return status;
}

static vtr_status analyse(vtr_pca_result *result, unmix_matrix *a, const vtr_pca_params *params,
                          const vtr_progress *progress, vtr_error *err)
{
    size_t k = result->n_components;
    double *v = vtr_malloc(k * a->m, sizeof *v);
    vtr_status status = allocate(result, err);
    if (status == VTR_OK && v == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", k);
    if (status == VTR_OK) status = vtr_unmix_subspace(v, result->singular, a, a->mean, k, params->seed, err);
    if (status == VTR_OK) status = fill_maps(result, a, v, err);
    if (status == VTR_OK) {
        fill_spectra(result, a, v);
        judge_residuals(result, a, params->weights_are_variances);
        for (size_t j = 0; j < k; j++)
            result->explained[j] = result->singular[j] * result->singular[j] / a->deviation2;
    }
    result->noise_singular = NAN;
    if (status == VTR_OK && params->n_parallel > 0)
        status = count_significant(result, a, params, v, progress, err);
    vtr_free(v);
    return status;
}

vtr_status vtr_pca(vtr_pca_result *out, const vtr_unmix_data *data, const vtr_pca_params *given, int threads,
                   const vtr_progress *progress, vtr_error *err)
{
    vtr_pca_params params = given != NULL ? *given : vtr_pca_default_params();
    vtr_pca_result result = {0};
    unmix_matrix a = {0};
    vtr_status status = vtr_unmix_open(&a, data, false, threads, err);
    size_t most = a.m < a.n ? a.m : a.n;
    if (status == VTR_OK && (params.n_components == 0 || params.n_components > most))
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "%zu components from %zu positions with %zu channels: ask for 1 to %zu",
                          params.n_components, a.n, a.m, most);
    if (status == VTR_OK) status = vtr_unmix_shift(&a, 0, err);
    if (status == VTR_OK) {
        result = (vtr_pca_result){.n_components = params.n_components,
                                  .n_positions = data->n_positions,
                                  .n_channels = data->n_channels,
                                  .n_used_positions = a.n,
                                  .n_used_channels = a.m,
                                  .n_invalid = a.n_invalid};
        status = analyse(&result, &a, &params, progress, err);
    }
    vtr_unmix_close(&a);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_pca_result_release(&result);
    return status;
}

void vtr_pca_result_release(vtr_pca_result *result)
{
    vtr_free(result->mean);
    vtr_free(result->components);
    vtr_free(result->maps);
    vtr_free(result->singular);
    vtr_free(result->explained);
    vtr_free(result->chi2);
    *result = (vtr_pca_result){0};
}
