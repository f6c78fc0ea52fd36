/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/region_distribution.h"
#include "pdf/region_internal.h"
#include "vitrail/pdf_compare.h"

#define MEMBER(name) offsetof(vtr_pdf_compare_params, name)

static const vtr_parameter parameters[] = {
    {"region", NULL, VTR_PARAMETER_LIST, MEMBER(regions), .metavar = "NAME=REGION",
     .help = "a region, as of vitrail pdf; may be repeated; those of vitrail pdf unless given"},
    {"range", "Å", VTR_PARAMETER_RANGE, MEMBER(range), .metavar = "LO:HI",
     .help = "where G is compared as a whole; from the first peak's foot to 10 Å unless given"},
    {"block", "positions", VTR_PARAMETER_SIZE, MEMBER(block), 0, 0, 4096, .metavar = "N",
     .help = "side of the blocks that errors are counted in; from the correlation unless given"},
};
const vtr_parameter_table vtr_pdf_compare_parameters = {"Comparison", parameters,
                                                        sizeof parameters / sizeof *parameters};

/* Below this many degrees of freedom an error is as uncertain as it is large. */
static const double fewest_dof = 4;

vtr_pdf_compare_params vtr_pdf_compare_default_params(void)
{
    vtr_pdf_compare_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_pdf_compare_parameters, &params);
    return params;
}

void vtr_pdf_compare_release(vtr_pdf_compare *compare)
{
    for (size_t i = 0; compare->regions != NULL && i < compare->n_regions; i++) {
        vtr_free(compare->regions[i].G);
        vtr_free(compare->regions[i].G_error);
        vtr_free(compare->regions[i].G_error_uncorrelated);
    }
    for (size_t i = 0; compare->pairs != NULL && i < compare->n_pairs; i++) {
        vtr_free(compare->pairs[i].difference);
        vtr_free(compare->pairs[i].error);
        vtr_free(compare->pairs[i].p);
    }
    vtr_free(compare->regions);
    vtr_free(compare->pairs);
    vtr_free(compare->r);
    *compare = (vtr_pdf_compare){0};
}

static void release_job(region_job *job)
{
    vtr_free(job->k_index);
    vtr_free(job->k_fraction);
    vtr_free(job->is_used);
    vtr_free(job->element);
    vtr_free(job->count);
    vtr_free(job->mean);
    vtr_free(job->variance);
    vtr_free(job->deviation);
    vtr_free(job->ratio);
    vtr_free(job->shape);
    vtr_free(job->correlation);
    vtr_free(job->sums);
    vtr_free(job->block_count);
}

/* --- results ------------------------------------------------------------------------------------------------ */

static vtr_status allocate(vtr_pdf_compare *out, const region_job *job, vtr_error *err)
{
    size_t n = job->n_regions, n_r = job->in->n_r;
    *out = (vtr_pdf_compare){.n_regions = n, .n_pairs = n * (n - 1) / 2, .n_r = n_r};
    bool is_short = (out->regions = vtr_calloc(n, sizeof *out->regions)) == NULL;
    is_short |= (out->pairs = vtr_calloc(out->n_pairs, sizeof *out->pairs)) == NULL;
    is_short |= (out->r = vtr_malloc(n_r, sizeof *out->r)) == NULL;
    for (size_t i = 0; i < n && !is_short; i++) {
        vtr_pdf_compare_region *g = &out->regions[i];
        is_short |= (g->G = vtr_malloc(n_r, sizeof *g->G)) == NULL;
        is_short |= (g->G_error = vtr_malloc(n_r, sizeof *g->G_error)) == NULL;
        is_short |= (g->G_error_uncorrelated = vtr_malloc(n_r, sizeof *g->G_error)) == NULL;
    }
    for (size_t i = 0; i < out->n_pairs && !is_short; i++) {
        vtr_pdf_compare_pair *pair = &out->pairs[i];
        is_short |= (pair->difference = vtr_malloc(n_r, sizeof *pair->difference)) == NULL;
        is_short |= (pair->error = vtr_malloc(n_r, sizeof *pair->error)) == NULL;
        is_short |= (pair->p = vtr_malloc(n_r, sizeof *pair->p)) == NULL;
    }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu regions", n) : VTR_OK;
}

static void describe(vtr_pdf_compare *out, const region_job *job)
{
    out->n_y = job->in->n_y, out->n_x = job->in->n_x;
    memcpy(out->step_nm, job->in->step_nm, sizeof out->step_nm);
    memcpy(out->r, job->in->r, job->in->n_r * sizeof *out->r);
    memcpy(out->range, job->range, sizeof out->range);
    out->n_elements = job->n_k;
    out->reach = job->reach;
    out->block = job->block;
    for (size_t lag = 0; lag < job->reach; lag++)
        for (size_t k = 0; k < job->n_k; k++)
            out->correlation[lag] += job->correlation[k * REGION_MAX_REACH + lag] / (double)job->n_k;
}

static vtr_status finish_region(vtr_pdf_compare_region *out, double *shares, const region_job *job, size_t g,
                                vtr_error *err)
{
    region_contrast contrast;
    size_t n_r = job->in->n_r;
    double inflation = 0;
    vtr_status status = region_contrast_make(&contrast, job, g, g, err);
    if (status == VTR_OK) status = region_shell_shares(out->value, shares, job, g, err);
    if (status != VTR_OK) return status;
    strcpy(out->name, job->regions[g].name);
    strcpy(out->definition, job->regions[g].definition);
    out->n = job->count[g];
    out->n_blocks = contrast.n_blocks;
    out->dof = contrast.dof;
    memcpy(out->G, job->mean + g * n_r, n_r * sizeof *out->G);
    region_contrast_error(out->G_error, &contrast, job);
    for (size_t i = 0; i < n_r; i++)
        out->G_error_uncorrelated[i] = sqrt(job->variance[g * n_r + i] / (double)out->n);
    for (size_t k = 0; k < job->n_k; k++) {
        size_t i = job->k_index[k];
        inflation += pow(out->G_error[i] / out->G_error_uncorrelated[i], 2) / (double)job->n_k;
    }
    out->n_effective = (double)out->n / inflation;
    region_shell_errors(out->error, &contrast, job, shares, NULL, out->value);
    region_contrast_release(&contrast);
    if (out->dof >= fewest_dof) return VTR_OK;
    return vtr_fail(
        err, VTR_ERR_NO_DATA,
        "region '%s' has %zu positions in %zu blocks of %zu, which are alike up to %zu apart: that "
        "is too few independent ones to tell how sure its mean is",
        out->name, out->n, out->n_blocks, job->block, job->reach);
}

static vtr_status finish_pair(vtr_pdf_compare_pair *pair, const vtr_pdf_compare *out, const double *shares,
                              const region_job *job, vtr_error *err)
{
    region_contrast contrast;
    size_t n_blocks = job->n_block_y * job->n_block_x;
    const vtr_pdf_compare_region *a = &out->regions[pair->a], *b = &out->regions[pair->b];
    vtr_status status = region_contrast_make(&contrast, job, pair->a, pair->b, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < out->n_r; i++)
        pair->difference[i] = a->G[i] - b->G[i];
    region_contrast_error(pair->error, &contrast, job);
    status = region_test(pair, &contrast, job, err);
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++)
        pair->value_difference[v] = a->value[v] - b->value[v];
    region_shell_errors(pair->value_error, &contrast, job, shares + pair->a * n_blocks * VTR_PDF_COMPARED,
                        shares + pair->b * n_blocks * VTR_PDF_COMPARED, pair->value_difference);
    pair->value_dof = contrast.dof;
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        pair->t[v] = pair->value_difference[v] / pair->value_error[v];
        pair->p_value[v] = pdf_t_beyond(pair->t[v], contrast.dof);
    }
    region_contrast_release(&contrast);
    return status;
}

static vtr_status correct(vtr_pdf_compare *out, vtr_error *err)
{
    size_t n = out->n_pairs;
    double *p = vtr_malloc(2 * n * VTR_PDF_COMPARED, sizeof *p), *corrected = p + n * VTR_PDF_COMPARED;
    if (p == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu pairs", n);
    for (size_t i = 0; i < n; i++)
        p[i] = out->pairs[i].p_whole;
    pdf_holm(corrected, p, n);
    for (size_t i = 0; i < n; i++) {
        out->pairs[i].p_whole_holm = corrected[i];
        memcpy(p + i * VTR_PDF_COMPARED, out->pairs[i].p_value, sizeof out->pairs[i].p_value);
    }
    pdf_holm(corrected, p, n * VTR_PDF_COMPARED);
    for (size_t i = 0; i < n; i++)
        memcpy(out->pairs[i].p_holm, corrected + i * VTR_PDF_COMPARED, sizeof out->pairs[i].p_holm);
    vtr_free(p);
    return VTR_OK;
}

static vtr_status finish(vtr_pdf_compare *out, const region_job *job, vtr_error *err)
{
    size_t n_shares = job->n_block_y * job->n_block_x * VTR_PDF_COMPARED, i = 0;
    double *shares = vtr_calloc(job->n_regions * n_shares, sizeof *shares);
    if (shares == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the shells of regions");
    vtr_status status = VTR_OK;
    for (size_t g = 0; status == VTR_OK && g < job->n_regions; g++)
        status = finish_region(&out->regions[g], shares + g * n_shares, job, g, err);
    for (size_t a = 0; a < job->n_regions; a++)
        for (size_t b = a + 1; status == VTR_OK && b < job->n_regions; b++) {
            vtr_pdf_compare_pair *pair = &out->pairs[i++];
            pair->a = a, pair->b = b;
            status = finish_pair(pair, out, shares, job, err);
        }
    vtr_free(shares);
    return status == VTR_OK ? correct(out, err) : status;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

static vtr_status check(const vtr_pdf_compare_input *in, const vtr_region *regions, size_t n, vtr_error *err)
{
    if (n < 2)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu region%s; a comparison needs two", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        if (regions[i].n_y != in->n_y || regions[i].n_x != in->n_x)
            return vtr_fail(err, VTR_ERR_SHAPE, "region '%s' is %zu x %zu, the scan %zu x %zu",
                            regions[i].name, regions[i].n_y, regions[i].n_x, in->n_y, in->n_x);
        for (size_t j = 0; j < i; j++)
            if (strcmp(regions[i].name, regions[j].name) == 0)
                return vtr_fail(err, VTR_ERR_ARGUMENT, "two regions are named '%s'", regions[i].name);
    }
    return VTR_OK;
}

vtr_status vtr_pdf_compare_compute(vtr_pdf_compare *out, const vtr_pdf_compare_input *input,
                                   const vtr_region *regions, size_t n, const vtr_pdf_compare_params *params,
                                   const vtr_progress *progress, vtr_error *err)
{
    vtr_pdf_compare_params defaults = vtr_pdf_compare_default_params();
    vtr_pdf_compare result = {0};
    region_job job = {
        .in = input, .regions = regions, .n_regions = n, .n = input->n_y * input->n_x, .progress = progress};
    if (params == NULL) params = &defaults;
    vtr_status status = check(input, regions, n, err);
    if (status == VTR_OK) {
        double last = input->r[input->n_r - 1];
        const double whole[2] = {fmax(1, input->r[0]), fmin(10, last)};
        status = region_elements(&job, isfinite(params->range[0]) ? params->range : whole, err);
    }
    if (status == VTR_OK) status = region_read_means(&job, err);
    if (status == VTR_OK) status = region_standardise(&job, err);
    if (status == VTR_OK) status = region_correlate(&job, params->block, err);
    if (status == VTR_OK) status = region_shape(&job, err);
    if (status == VTR_OK) status = region_read_blocks(&job, err);
    if (status == VTR_OK) status = allocate(&result, &job, err);
    if (status == VTR_OK) describe(&result, &job);
    if (status == VTR_OK) status = finish(&result, &job, err);
    release_job(&job);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_pdf_compare_release(&result);
    return status;
}
