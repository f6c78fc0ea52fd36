/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/region_internal.h"
#include "vitrail/constants.h"

/* --- elements of resolution --------------------------------------------------------------------------------- */

vtr_status region_elements(region_job *job, const double range[2], vtr_error *err)
{
    const vtr_pdf_compare_input *in = job->in;
    double step = VTR_PI / in->qmax, end = in->r[in->n_r - 1];
    if (!(in->qmax > 0)) return vtr_fail(err, VTR_ERR_ARGUMENT, "qmax is %g 1/Å", in->qmax);
    if (!(range[0] >= in->r[0] && range[1] <= end + 1e-9 && range[1] - range[0] > 2 * step))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "G from %g to %g Å cannot be compared from %g to %g Å: it has one value in %.3g Å",
                        in->r[0], end, range[0], range[1], step);
    job->range[0] = range[0], job->range[1] = range[1];
    job->n_k = (size_t)((range[1] - range[0]) / step) + 1;
    job->k_index = vtr_malloc(job->n_k, sizeof *job->k_index);
    job->k_fraction = vtr_malloc(job->n_k, sizeof *job->k_fraction);
    if (job->k_index == NULL || job->k_fraction == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    for (size_t k = 0, i = 0; k < job->n_k; k++) {
        double r = range[0] + (double)k * step;
        while (i + 2 < in->n_r && in->r[i + 1] <= r)
            i++;
        job->k_index[k] = i;
        job->k_fraction[k] = fmin(1, (r - in->r[i]) / (in->r[i + 1] - in->r[i]));
    }
    return VTR_OK;
}

void region_at_elements(double *out, const region_job *job, const double *curve)
{
    for (size_t k = 0; k < job->n_k; k++) {
        const double *at = curve + job->k_index[k];
        out[k] = at[0] + job->k_fraction[k] * (at[1] - at[0]);
    }
}

/* --- reading ------------------------------------------------------------------------------------------------ */

/* Has `take` take every position of the scan, in its order. */
static vtr_status for_positions(region_job *job, const char *what,
                                void (*take)(region_job *, size_t p, const float *G), vtr_error *err)
{
    size_t n_r = job->in->n_r;
    float *G = vtr_malloc(REGION_BLOCK_READ * n_r, sizeof *G);
    vtr_status status = G == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for PDFs") : VTR_OK;
    for (size_t first = 0; status == VTR_OK && first < job->n; first += REGION_BLOCK_READ) {
        size_t n = job->n - first < REGION_BLOCK_READ ? job->n - first : REGION_BLOCK_READ;
        vtr_progress_report(job->progress, what, (double)first, (double)job->n, "positions");
        status = vtr_progress_cancelled(job->progress) ? vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted")
                                                       : job->in->read(job->in->user, first, n, G, err);
        for (size_t i = 0; status == VTR_OK && i < n; i++)
            take(job, first + i, G + i * n_r);
    }
    vtr_free(G);
    return status;
}

static void take_mean(region_job *job, size_t p, const float *G)
{
    size_t n_r = job->in->n_r;
    bool is_in = false, is_finite = true;
    for (size_t g = 0; g < job->n_regions; g++)
        is_in = is_in || job->regions[g].member[p] != 0;
    for (size_t i = 0; is_in && i < n_r; i++)
        is_finite = is_finite && isfinite(G[i]);
    if (!is_in || !is_finite) return;
    job->is_used[p] = 1;
    for (size_t k = 0; k < job->n_k; k++) {
        const float *at = G + job->k_index[k];
        job->element[p * job->n_k + k] = at[0] + (float)job->k_fraction[k] * (at[1] - at[0]);
    }
    for (size_t g = 0; g < job->n_regions; g++) {
        if (!job->regions[g].member[p]) continue;
        double *mean = job->mean + g * n_r, *variance = job->variance + g * n_r;
        double n = (double)++job->count[g];
        for (size_t i = 0; i < n_r; i++) { /* Welford's */
            double d = (double)G[i] - mean[i];
            mean[i] += d / n;
            variance[i] += d * ((double)G[i] - mean[i]);
        }
    }
}

vtr_status region_read_means(region_job *job, vtr_error *err)
{
    size_t n_r = job->in->n_r, n = job->n_regions * n_r;
    job->is_used = vtr_calloc(job->n, 1);
    job->element = vtr_malloc(job->n * job->n_k, sizeof *job->element);
    job->count = vtr_calloc(job->n_regions, sizeof *job->count);
    job->mean = vtr_calloc(n, sizeof *job->mean);
    job->variance = vtr_calloc(n, sizeof *job->variance);
    if (job->is_used == NULL || job->element == NULL || job->count == NULL || job->mean == NULL ||
        job->variance == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the PDFs of %zu positions", job->n);
    vtr_status status = for_positions(job, "means of regions", take_mean, err);
    for (size_t g = 0; status == VTR_OK && g < job->n_regions; g++) {
        if (job->count[g] < 4)
            return vtr_fail(err, VTR_ERR_NO_DATA,
                            "region '%s' has %zu positions with a PDF, too few to tell how sure its mean is",
                            job->regions[g].name, job->count[g]);
        for (size_t i = 0; i < n_r; i++)
            job->variance[g * n_r + i] /= (double)job->count[g] - 1;
    }
    return status;
}

static void take_block(region_job *job, size_t p, const float *G)
{
    if (!job->is_used[p]) return;
    size_t y = p / job->in->n_x, x = p % job->in->n_x, n_r = job->in->n_r;
    size_t block = y / job->block * job->n_block_x + x / job->block;
    for (size_t g = 0; g < job->n_regions; g++) {
        if (!job->regions[g].member[p]) continue;
        const double *mean = job->mean + g * n_r;
        double *sums = job->sums + (block * job->n_regions + g) * n_r;
        job->block_count[block * job->n_regions + g]++;
        for (size_t i = 0; i < n_r; i++)
            sums[i] += (double)G[i] - mean[i];
    }
}

vtr_status region_read_blocks(region_job *job, vtr_error *err)
{
    size_t n = job->n_block_y * job->n_block_x * job->n_regions;
    job->sums = vtr_calloc(n * job->in->n_r, sizeof *job->sums);
    job->block_count = vtr_calloc(n, sizeof *job->block_count);
    if (job->sums == NULL || job->block_count == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu blocks of positions",
                        job->n_block_y * job->n_block_x);
    return for_positions(job, "blocks of regions", take_block, err);
}
