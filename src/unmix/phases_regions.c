/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unmix/phases_internal.h"
#include "vitrail/region.h"

/* Mean of every map over the region. What moves the fractions of the whole moves a region's by as much: for two
 * components shares change linearly with the mixture, s' = a + b s, and b is near one. */
static void fill(vtr_phases_region *region, const phases_job *job, const unsigned char *member)
{
    const vtr_phases *r = job->result;
    for (size_t j = 0; j < r->n_components; j++) {
        double sum = 0, square = 0, n = 0;
        for (size_t p = 0; p < job->n; p++) {
            float x = r->maps[j * job->n + p], error = r->map_errors[j * job->n + p];
            if (!member[p] || !isfinite(x)) continue;
            sum += (double)x;
            square += (double)error * (double)error;
            n++;
        }
        region->n = (size_t)n;
        region->fractions[j] = sum / n;
        region->errors[j] = sqrt(square) / n;
        region->low[j] = region->fractions[j] + r->fraction_low[j] - r->fractions[j];
        region->high[j] = region->fractions[j] + r->fraction_high[j] - r->fractions[j];
    }
}

vtr_status vtr_phases_regions(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_text_list *list = &job->params->regions;
    size_t k = r->n_components;
    if (list->n == 0) return VTR_OK;
    r->regions = vtr_calloc(list->n, sizeof *r->regions);
    if (r->regions == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
    for (size_t i = 0; i < list->n; i++) {
        vtr_region region = {0};
        vtr_phases_region *out = &r->regions[i];
        vtr_status status = vtr_region_parse(&region, list->text[i], job->file, r->n_y, r->n_x, err);
        if (status != VTR_OK) return status;
        r->n_regions = i + 1;
        memcpy(out->name, region.name, sizeof out->name);
        memcpy(out->definition, region.definition, sizeof out->definition);
        out->fractions = vtr_malloc(4 * k, sizeof(double));
        if (out->fractions != NULL) {
            out->errors = out->fractions + k;
            out->low = out->errors + k;
            out->high = out->low + k;
            fill(out, job, region.member);
        }
        vtr_region_release(&region);
        if (out->fractions == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
    }
    return VTR_OK;
}
