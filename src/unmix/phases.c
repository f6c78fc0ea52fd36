/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/phases.h"

#include <stdarg.h>
#include <stdio.h>

#include "unmix/phases_internal.h"

#define MEMBER(name) offsetof(vtr_phases_params, name)

static const vtr_parameter parameters[] = {
    {"components", NULL, VTR_PARAMETER_SIZE, MEMBER(n_components), .maximum = VTR_UNMIX_COMPONENTS_MAX,
     .metavar = "K", .help = "number of components; 0: as many as stand out of the noise"},
    {"method", NULL, VTR_PARAMETER_CHOICE, MEMBER(method), .choices = "nmf|pca|ica|mlls",
     .help = "a mixture, principal or independent components, or given references"},
    {"on", NULL, VTR_PARAMETER_CHOICE, MEMBER(on), .choices = "auto|F|S|G|I",
     .help = "what is divided: F(Q), S(Q), G(r) or the profile; auto is F, with mlls G"},
    {"range", NULL, VTR_PARAMETER_RANGE, MEMBER(range), .metavar = "LO:HI",
     .help = "part of that which is used, in 1/Å of Q or in Å"},
    {"mask", NULL, VTR_PARAMETER_STRING, MEMBER(mask), .metavar = "FILE|REGION",
     .help = "positions used: non-zero pixels of an image, or a region"},
    {"region", NULL, VTR_PARAMETER_LIST, MEMBER(regions), .metavar = "NAME=REGION",
     .help = "fractions in this region too; may be repeated"},
    {"principle", NULL, VTR_PARAMETER_CHOICE, MEMBER(principle), .choices = "volume|pure|luck",
     .help =
         "chooses among mixtures that fit alike: smallest volume, nearly pure positions, or nothing but the "
         "start"},
    {"pure", NULL, VTR_PARAMETER_SIZE, MEMBER(n_pure), .default_value = 20, .minimum = 1, .maximum = 1e6,
     .metavar = "N", .help = "positions averaged for each pure component"},
    {"wide", NULL, VTR_PARAMETER_DOUBLE, MEMBER(wide), .default_value = 0.1, .maximum = 1, .metavar = "RANGE",
     .help = "warn where the range of a fraction is wider"},
    {"algorithm", NULL, VTR_PARAMETER_CHOICE, MEMBER(algorithm), .choices = "als|hals|mu",
     .help = "of the factorisation: extrapolated least squares, coordinate descent, multiplicative updates"},
    {"loss", NULL, VTR_PARAMETER_CHOICE, MEMBER(loss), .choices = "frobenius|kullback-leibler",
     .help = "of the factorisation: squared residuals, or the divergence of counts (with --on I)"},
    {"negative", NULL, VTR_PARAMETER_CHOICE, MEMBER(negative), .choices = "shift|semi",
     .help = "negative data in the factorisation: shift all by the smallest value, or let components have "
             "either sign"},
    {"start", NULL, VTR_PARAMETER_CHOICE, MEMBER(start), .choices = "random|pca|nndsvd|nndsvda",
     .help = "where the factorisation begins"},
    {"starts", NULL, VTR_PARAMETER_SIZE, MEMBER(n_starts), .default_value = 10, .minimum = 1, .maximum = 1e5,
     .metavar = "N", .help = "random starts of the factorisation, of which the best is refined"},
    {"consensus", NULL, VTR_PARAMETER_SIZE, MEMBER(n_consensus), .default_value = 20, .maximum = 1e5,
     .metavar = "N", .help = "starts refined to the end, to see how often each component comes back"},
    {"parallel", NULL, VTR_PARAMETER_SIZE, MEMBER(n_parallel), .default_value = 5, .maximum = 1000,
     .metavar = "N", .help = "cubes of noise that count the components"},
    {"reference", NULL, VTR_PARAMETER_LIST, MEMBER(references), .metavar = "FILE|REGION",
     .help =
         "of mlls: FILE.gr, components of another MAP.h5, or the mean over [NAME=]REGION; may be repeated"},
    {"free", NULL, VTR_PARAMETER_BOOL, MEMBER(is_free), .help = "of mlls: weights of either sign"},
    {"sum-to-one", NULL, VTR_PARAMETER_BOOL, MEMBER(sum_to_one),
     .help = "of mlls: the weights of a position sum to one"},
    {"seed", NULL, VTR_PARAMETER_SIZE, MEMBER(seed), .default_value = 1, .metavar = "SEED",
     .help = "of the random numbers"},
};
const vtr_parameter_table vtr_phases_parameters = {"Phases", parameters,
                                                   sizeof parameters / sizeof *parameters};

vtr_phases_params vtr_phases_default_params(void)
{
    vtr_phases_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_phases_parameters, &params);
    return params;
}

void vtr_phases_note(phases_job *job, const char *format, ...)
{
    va_list list;
    vtr_phases *r = job->result;
    if (r->n_notes == VTR_PHASES_NOTES) return;
    va_start(list, format);
    vsnprintf(r->notes[r->n_notes++], sizeof r->notes[0], format, list);
    va_end(list);
}

vtr_status vtr_phases_allocate(phases_job *job, size_t k, vtr_error *err)
{
    vtr_phases *r = job->result;
    struct {
        double **values;
        size_t n;
    } const arrays[] = {{&r->spectra, job->m},
                        {&r->components, job->n_r},
                        {&r->component_errors, job->n_r},
                        {&r->component_low, job->n_r},
                        {&r->component_high, job->n_r}};
    bool has_memory = (r->names = vtr_calloc(k, sizeof *r->names)) != NULL;
    has_memory &= (r->fractions = vtr_calloc(k, sizeof *r->fractions)) != NULL;
    has_memory &= (r->correlations = vtr_calloc(k, sizeof *r->correlations)) != NULL;
    has_memory &= (r->maps = vtr_malloc(k * job->n, sizeof *r->maps)) != NULL;
    has_memory &= (r->map_errors = vtr_malloc(k * job->n, sizeof *r->map_errors)) != NULL;
    r->n_components = k;
    r->params.n_components = k;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        double *values = *arrays[i].values = vtr_malloc(k * arrays[i].n, sizeof *values);
        has_memory &= values != NULL;
        for (size_t j = 0; values != NULL && j < k * arrays[i].n; j++)
            values[j] = NAN;
    }
    if (!has_memory) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", k);
    for (size_t i = 0; i < k * job->n; i++)
        r->maps[i] = r->map_errors[i] = NAN;
    for (size_t j = 0; j < k; j++)
        snprintf(r->names[j], sizeof r->names[j], "%s %zu",
                 r->params.method == VTR_PHASES_NMF ? "phase" : "component", j + 1);
    return VTR_OK;
}

static vtr_status run(phases_job *job, vtr_error *err)
{
    size_t k = job->result->params.n_components, n_channels = 0;
    for (size_t c = 0; c < job->m; c++)
        n_channels += job->result->channel_used[c];
    if (k > n_channels || k > job->result->n_used)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "%zu components of %zu positions with %zu channels: ask for fewer", k,
                        job->result->n_used, n_channels);
    switch (job->params->method) {
    case VTR_PHASES_PCA:
    case VTR_PHASES_ICA:
        return vtr_phases_principal(job, err);
    case VTR_PHASES_MLLS:
        return vtr_phases_references(job, err);
    default:
        return vtr_phases_mixture(job, err);
    }
}

vtr_status vtr_phases_compute(vtr_phases *out, const vtr_mapfile *file, const vtr_phases_params *given,
                              int threads, const vtr_progress *progress, vtr_error *err)
{
    vtr_phases_params params = given != NULL ? *given : vtr_phases_default_params();
    vtr_phases result = {.params = params};
    phases_job job = {
        .file = file, .params = &params, .threads = threads, .progress = progress, .result = &result};
    vtr_status status = VTR_OK;
    if (params.method == VTR_PHASES_MLLS && params.references.n == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "mlls needs references: give --reference FILE.gr, MAP.h5 or NAME=REGION");
    if (params.method != VTR_PHASES_MLLS && params.references.n > 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "references are for --method mlls");
    status = vtr_phases_open(&job, err);
    if (status == VTR_OK) status = vtr_phases_count(&job, err);
    if (status == VTR_OK) status = run(&job, err);
    if (status == VTR_OK) status = vtr_phases_read(&job, err);
    if (!vtr_ranks_know_failure(params.ranks)) status = vtr_ranks_agree(params.ranks, status, err);
    vtr_phases_close(&job);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_phases_release(&result);
    return status;
}

void vtr_phases_release(vtr_phases *r)
{
    for (size_t j = 0; r->correlations != NULL && j < r->n_components; j++)
        vtr_correlation_release(&r->correlations[j]);
    void *const owned[] = {
        r->names,      r->channel,          r->channel_used,    r->spectra,        r->r,
        r->components, r->component_errors, r->component_low,   r->component_high, r->maps,
        r->map_errors, r->fractions,        r->correlations,    r->pdfs,           r->peaks,
        r->verdicts,   r->nmf_components,   r->nmf_correlation, r->nmf_order};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        vtr_free(owned[i]);
    for (size_t i = 0; r->regions != NULL && i < r->n_regions; i++)
        vtr_free(r->regions[i].fractions);
    vtr_free(r->regions);
    vtr_simplex_result_release(&r->mixture);
    vtr_nmf_result_release(&r->nmf);
    vtr_pca_result_release(&r->pca);
    vtr_ica_result_release(&r->ica);
    vtr_mlls_result_release(&r->mlls);
    *r = (vtr_phases){0};
}
