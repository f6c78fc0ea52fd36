/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What components and maps say (unmix_read.h): lengths, fractions, peaks, which is noise, what differs. */
#include "unmix/phases_internal.h"

static bool is_change(const vtr_phases *r)
{
    return r->params.method == VTR_PHASES_PCA || r->params.method == VTR_PHASES_ICA;
}

static vtr_unmix_map map_of(const vtr_phases *r, size_t j)
{
    bool has_errors =
        r->map_errors != NULL && !is_change(r) && r->mixture.n_components + r->mlls.n_references > 0;
    double step = isfinite(r->step_nm[0]) ? r->step_nm[0] : 1;
    return (vtr_unmix_map){.n_y = r->n_y,
                           .n_x = r->n_x,
                           .step_nm = {step, isfinite(r->step_nm[1]) ? r->step_nm[1] : step},
                           .values = r->maps + j * r->n_positions,
                           .errors = has_errors ? r->map_errors + j * r->n_positions : NULL};
}

/* --- fractions ---------------------------------------------------------------------------------------------- */

/* Of the whole, or of a region. A mixture's have the range of its corners. References' weights need not sum to one: their
 * fractions are shares of the sum, as vtr_mlls has them. */
static vtr_status find_fractions(vtr_unmix_fraction *out, const vtr_phases *r, const uint8_t *region,
                                 vtr_error *err)
{
    size_t k = r->n_components;
    double total = 0;
    vtr_status status = VTR_OK;
    if (r->mixture.n_components > 0)
        return vtr_unmix_fractions(out, &r->mixture, region, r->correlations, err);
    for (size_t j = 0; status == VTR_OK && j < k; j++) {
        const vtr_unmix_map map = map_of(r, j);
        const vtr_correlation *c = r->correlations[j].n_lags > 0 ? &r->correlations[j] : NULL;
        status = vtr_unmix_map_mean(&out[j], &map, region, c, err);
        total += status == VTR_OK ? out[j].value : 0;
    }
    for (size_t j = 0; status == VTR_OK && r->mlls.n_references > 0 && j < k; j++) {
        double *const scaled[] = {&out[j].value,     &out[j].error,    &out[j].sample_error,
                                  &out[j].range[0],  &out[j].range[1], &out[j].allowed[0],
                                  &out[j].allowed[1]};
        for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++)
            *scaled[i] /= total;
    }
    /* what the other starts of a factorisation say is the only range that it has */
    const vtr_nmf_consensus *c = &r->nmf.consensus;
    for (size_t j = 0; status == VTR_OK && region == NULL && r->params.principle == VTR_PHASES_LUCK &&
                       c->n_starts > 0 && j < k;
         j++) {
        out[j].range[0] = fmin(out[j].value, c->fraction_low[j]);
        out[j].range[1] = fmax(out[j].value, c->fraction_high[j]);
    }
    return status;
}

static vtr_status read_region(vtr_phases_region *out, const phases_job *job, const char *text, vtr_error *err)
{
    vtr_region region = {0};
    vtr_status status = vtr_region_parse(&region, text, job->file, job->result->n_y, job->result->n_x, err);
    if (status != VTR_OK) return status;
    memcpy(out->name, region.name, sizeof out->name);
    memcpy(out->definition, region.definition, sizeof out->definition);
    out->fractions = vtr_calloc(job->result->n_components, sizeof *out->fractions);
    if (out->fractions == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for region '%s'", text);
    if (status == VTR_OK) status = find_fractions(out->fractions, job->result, region.member, err);
    if (status != VTR_OK) status = vtr_fail_context(err, status, "region '%s'", region.name);
    vtr_region_release(&region);
    return status;
}

static vtr_status read_regions(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_text_list *list = &job->params->regions;
    vtr_status status = VTR_OK;
    if (list->n == 0) return VTR_OK;
    r->regions = vtr_calloc(list->n, sizeof *r->regions);
    if (r->regions == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
    for (size_t i = 0; status == VTR_OK && i < list->n; i++) {
        r->n_regions = i + 1;
        status = read_region(&r->regions[i], job, list->text[i], err);
    }
    return status;
}

/* --- lengths ------------------------------------------------------------------------------------------------ */

/* A map too small for it has none. */
static vtr_status read_lengths(vtr_phases *r, vtr_error *err)
{
    for (size_t j = 0; j < r->n_components; j++) {
        const vtr_unmix_map map = map_of(r, j);
        vtr_status status = vtr_correlation_compute(&r->correlations[j], &map, err);
        if (status == VTR_ERR_NO_DATA) {
            r->correlations[j] = (vtr_correlation){.length_nm = NAN, .length_error_nm = NAN, .signal = NAN};
            status = VTR_OK;
        }
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

/* --- noise ------------------------------------------------------------------------------------------------- */

/* The extent of the last coordinate is that of the component whose map has the least structure. */
static vtr_status judge(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    vtr_unmix_evidence evidence[VTR_UNMIX_COMPONENTS_MAX] = {0};
    const vtr_nmf_consensus *c = &r->nmf.consensus;
    size_t k = r->n_components, last = 0;
    for (size_t j = 0; j < k; j++) {
        const vtr_correlation *own = &r->correlations[j], *least = &r->correlations[last];
        evidence[j] = (vtr_unmix_evidence){
            .pdf = r->pdfs[j], .correlation = own->n_lags > 0 ? own : NULL, .extent = NAN, .returns = NAN};
        if (c->n_starts > 0 && r->nmf_order != NULL) evidence[j].returns = c->returns[r->nmf_order[j]];
        if (own->signal / (own->signal + own->noise) < least->signal / (least->signal + least->noise))
            last = j;
    }
    if (r->mixture.n_components > 0) evidence[last].extent = r->mixture.extent;
    vtr_status status = vtr_unmix_judge(r->verdicts, k, evidence, err);
    for (size_t j = 0; status == VTR_OK && j < k; j++)
        if (r->verdicts[j].is_noise)
            vtr_phases_note(job, "%s is noise: %.180s", r->names[j], r->verdicts[j].reason);
    return status;
}

static void judge_range(phases_job *job)
{
    vtr_phases *r = job->result;
    double widest = 0;
    for (size_t j = 0; j < r->n_components; j++) {
        const vtr_unmix_fraction *f = &r->fractions[j];
        widest = fmax(widest, f->is_bounded ? f->allowed[1] - f->allowed[0] : f->range[1] - f->range[0]);
    }
    if (widest > r->params.wide)
        vtr_phases_note(job, "a fraction is open by %.0f %%: the data do not settle the mixture",
                        100 * widest);
}

vtr_status vtr_phases_read(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    size_t k = r->n_components;
    vtr_status status = read_lengths(r, err);
    if (status == VTR_OK) status = find_fractions(r->fractions, r, NULL, err);
    if (status == VTR_OK) status = read_regions(job, err);
    if (status != VTR_OK || is_change(r)) return status;
    bool is_mixture = r->params.method == VTR_PHASES_NMF;
    r->pdfs = vtr_calloc(k, sizeof *r->pdfs);
    r->peaks = vtr_calloc(k, sizeof *r->peaks);
    if (is_mixture) r->verdicts = vtr_calloc(k, sizeof *r->verdicts);
    if (r->pdfs == NULL || r->peaks == NULL || (is_mixture && r->verdicts == NULL))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the peaks of %zu components", k);
    status = vtr_phases_peaks(job, err);
    if (status != VTR_OK || !is_mixture) return status;
    judge_range(job);
    return judge(job, err);
}

static vtr_unmix_specimen specimen_of(const vtr_phases *p)
{
    return (vtr_unmix_specimen){.k = p->n_components,
                                .pdfs = p->pdfs,
                                .peaks = p->peaks,
                                .fractions = p->fractions,
                                .correlations = p->correlations};
}

vtr_status vtr_phases_compare(vtr_unmix_comparison *out, const vtr_phases *a, const vtr_phases *b,
                              vtr_error *err)
{
    const vtr_unmix_specimen first = specimen_of(a), second = specimen_of(b);
    if (a->pdfs == NULL || b->pdfs == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "principal and independent components are not compared");
    return vtr_unmix_compare(out, &first, &second, err);
}
