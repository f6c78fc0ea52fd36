/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principal and independent components, as changes of G. */
#include "unmix/phases_internal.h"

/* Root mean square of a map about its mean, which for principal components is zero. */
static double spread_of(const float *map, size_t n)
{
    double sum = 0, count = 0;
    for (size_t p = 0; p < n; p++)
        if (isfinite(map[p])) {
            sum += (double)map[p] * (double)map[p];
            count++;
        }
    return count > 0 ? sqrt(sum / count) : 0;
}

/* Products of the maps with the positions' deviations: [n_components][m]. */
static vtr_status add_products(void *user, size_t first, size_t n, const float *rows, double *sums,
                               vtr_error *err)
{
    const phases_job *job = user;
    const vtr_phases *r = job->result;
    size_t width = job->n_white + job->m;
    (void)err;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < r->n_components; j++) {
            double x = (double)r->maps[j * job->n + first + i];
            const float *row = rows + i * width + job->n_white;
            for (size_t c = 0; isfinite(x) && c < job->m; c++)
                sums[j * job->m + c] += x * (double)row[c];
        }
    return VTR_OK;
}

/* Changes by one standard deviation of the map: the covariance of the channels with it. */
static vtr_status copy_changes(phases_job *job, const float *maps, vtr_error *err)
{
    vtr_phases *r = job->result;
    for (size_t j = 0; j < r->n_components; j++) {
        double unit = spread_of(maps + j * job->n, job->n);
        for (size_t p = 0; p < job->n; p++)
            r->maps[j * job->n + p] = (float)((double)maps[j * job->n + p] / unit);
    }
    vtr_status status =
        vtr_phases_each_block(job, &job->white, add_products, job, r->spectra, r->n_components * job->m, err);
    for (size_t i = 0; status == VTR_OK && i < r->n_components * job->m; i++)
        r->spectra[i] = job->mean[i % job->m] + r->spectra[i] / (double)r->n_used;
    return status;
}

/* Spectra and G less those of the mean. */
static vtr_status take_mean_off(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    double *mean_g = vtr_malloc(job->n_r, sizeof *mean_g);
    if (mean_g == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean");
    vtr_status status = vtr_pdf_positions_to_g(job->positions, r->quantity, 1, job->mean, mean_g, err);
    for (size_t j = 0; status == VTR_OK && j < r->n_components; j++) {
        for (size_t i = 0; i < job->n_r; i++)
            r->components[j * job->n_r + i] -= mean_g[i];
        for (size_t c = 0; c < job->m; c++)
            r->spectra[j * job->m + c] -= job->mean[c];
    }
    vtr_free(mean_g);
    return status;
}

vtr_status vtr_phases_principal(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    bool is_ica = job->params->method == VTR_PHASES_ICA;
    double spread[VTR_UNMIX_COMPONENTS_MAX];
    size_t k = r->params.n_components;
    vtr_status status = VTR_OK;
    if (k > r->pca.n_components)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "%zu components, but noise is independent along %zu directions only", k,
                        r->pca.n_components);
    vtr_pca_result few = r->pca;
    few.n_components = k;
    if (is_ica) status = vtr_ica(&r->ica, &few, job->params->seed, err);
    if (status == VTR_OK) status = vtr_phases_allocate(job, k, err);
    if (status != VTR_OK) return status;
    status = copy_changes(job, is_ica ? r->ica.maps : few.maps, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < k; j++)
        spread[j] = 1 / sqrt((double)r->n_used);
    status = vtr_phases_to_g(job, spread, NULL, err);
    return status == VTR_OK ? take_mean_off(job, err) : status;
}
