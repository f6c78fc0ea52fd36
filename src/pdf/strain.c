/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_strain.h"

#include <stdio.h>
#include <string.h>

#include "pdf/strain_internal.h"
#include "vitrail/constants.h"

void vtr_pdf_strain_result_release(vtr_pdf_strain_result *result)
{
    for (size_t i = 0; result->regions != NULL && i < result->n_regions; i++) {
        vtr_free(result->regions[i].distance);
        vtr_free(result->regions[i].distance_error);
    }
    vtr_free(result->regions);
    vtr_free(result->angle_degrees);
    *result = (vtr_pdf_strain_result){0};
}

static void release(pdf_strain *s)
{
    pdf_source_release(&s->source);
    vtr_pdf_plan_free(&s->plan);
    void *arrays[] = {s->directions.angle_degrees, s->directions.c2, s->directions.s2, s->distance,
                      s->distance_error,           s->flags,         s->chi2};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        vtr_free(arrays[i]);
    for (size_t q = 0; q < 4; q++) {
        vtr_free(s->maps[q]);
        vtr_free(s->errors[q]);
    }
    for (size_t i = 0; i < s->n_sums; i++) {
        vtr_region_release(&s->sums[i].region);
        vtr_free(s->sums[i].intensity);
        vtr_free(s->sums[i].variance);
        vtr_free(s->sums[i].n);
    }
    vtr_free(s);
}

/* --- before the blocks -------------------------------------------------------------------------------------- */

static vtr_status read_directions(pdf_strain *s, vtr_error *err)
{
    pdf_directions *d = &s->directions;
    double width = NAN, angles[2 * PDF_MAX_DIRECTIONS];
    d->n = s->source.n_directions;
    if (d->n > PDF_MAX_DIRECTIONS)
        return vtr_fail(err, VTR_ERR_SHAPE, "%zu sectors are too many; at most %d", s->source.n_sectors,
                        2 * PDF_MAX_DIRECTIONS);
    vtr_status status =
        vtr_mapfile_read(s->file, "sectors", "angle", VTR_TYPE_F64, s->source.n_sectors, angles, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_numbers(s->file, "sectors", NULL, "width_degrees", 1, &width, err);
    if (status != VTR_OK) return status;
    d->angle_degrees = vtr_malloc(d->n, sizeof(double));
    d->c2 = vtr_malloc(d->n, sizeof(double));
    d->s2 = vtr_malloc(d->n, sizeof(double));
    if (d->angle_degrees == NULL || d->c2 == NULL || d->s2 == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu directions", d->n);
    double w = width * VTR_RADIANS_PER_DEGREE, mean = w > 1e-9 ? sin(w) / w : 1;
    for (size_t i = 0; i < d->n; i++) {
        double apart = fabs(remainder(angles[i + d->n] - angles[i], 360));
        if (!(fabs(apart - 180) < 1e-6) || !(width > 0 && width <= 90))
            return vtr_fail(err, VTR_ERR_FORMAT,
                            "the sectors at %g and %g degrees are not opposite, or not of a width up to 90",
                            angles[i], angles[i + d->n]);
        d->angle_degrees[i] = angles[i];
        d->c2[i] = mean * cos(2 * angles[i] * VTR_RADIANS_PER_DEGREE);
        d->s2[i] = mean * sin(2 * angles[i] * VTR_RADIANS_PER_DEGREE);
    }
    return VTR_OK;
}

static vtr_status find_shell(pdf_strain *s, vtr_error *err)
{
    double found[1][2];
    const double *given = s->params->first;
    size_t n = vtr_pdf_find_shells(s->plan->n_r, s->plan->r, s->plan->mean_g,
                                   s->plan->normalisation.first_peak, 1, found);
    if (n == 0 && !isfinite(given[0]))
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no first shell in the mean PDF of the sectors; give --peak LO:HI");
    for (int e = 0; e < 2; e++)
        s->shell_range[e] = isfinite(given[0]) ? given[e] : found[0][e];
    return VTR_OK;
}

static vtr_status allocate(pdf_strain *s, vtr_error *err)
{
    size_t n = s->source.n_positions;
    bool is_short = (s->distance = vtr_malloc(n * s->directions.n, sizeof(float))) == NULL;
    is_short |= (s->distance_error = vtr_malloc(n * s->directions.n, sizeof(float))) == NULL;
    is_short |= (s->flags = vtr_calloc(n, sizeof *s->flags)) == NULL;
    is_short |= (s->chi2 = vtr_malloc(n, sizeof(float))) == NULL;
    for (size_t q = 0; q < 4; q++) {
        is_short |= (s->maps[q] = vtr_malloc(n, sizeof(float))) == NULL;
        is_short |= (s->errors[q] = vtr_malloc(n, sizeof(float))) == NULL;
    }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for maps of %zu positions", n) : VTR_OK;
}

static vtr_status add_sums(pdf_strain *s, const char *text, vtr_error *err)
{
    pdf_profile_sums *sums = &s->sums[s->n_sums];
    size_t n = s->directions.n * s->source.n_data;
    vtr_status status = vtr_region_parse(&sums->region, text, s->file, s->source.n_y, s->source.n_x, err);
    if (status != VTR_OK) return status;
    s->n_sums++;
    for (size_t i = 0; i + 1 < s->n_sums; i++)
        if (strcmp(s->sums[i].region.name, sums->region.name) == 0)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "two regions are named '%s'%s", sums->region.name,
                            i == 0 ? "; that of zero strain has this name" : "");
    sums->intensity = vtr_calloc(n, sizeof(double));
    sums->variance = vtr_calloc(n, sizeof(double));
    sums->n = vtr_calloc(s->directions.n, sizeof(double));
    if (sums->intensity == NULL || sums->variance == NULL || sums->n == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for region '%s'", sums->region.name);
    return VTR_OK;
}

/* The reference of the ring's strain where the file has it, else the whole scan; then the regions. */
static vtr_status make_sums(pdf_strain *s, vtr_error *err)
{
    char text[128];
    double box[4];
    const pdf_source *source = &s->source;
    if (vtr_mapfile_has(s->file, "strain", "exx") &&
        vtr_mapfile_read_numbers(s->file, "strain", NULL, "reference", 4, box, NULL) == VTR_OK)
        snprintf(text, sizeof text, "reference=%.0f:%.0f,%.0f:%.0f", box[0], box[1], box[2], box[3]);
    else
        snprintf(text, sizeof text, "reference=0:%zu,0:%zu", source->n_y, source->n_x);
    vtr_status status = add_sums(s, text, err);
    for (size_t i = 0; status == VTR_OK && i < s->params->regions.n; i++)
        status = add_sums(s, s->params->regions.text[i], err);
    return status;
}

/* --- regions ------------------------------------------------------------------------------------------------ */

/* Mean profiles of a region, and their first maxima. */
static vtr_status region_distances(vtr_pdf_strain_region *out, pdf_strain *s, const pdf_profile_sums *sums,
                                   vtr_error *err)
{
    size_t n = s->directions.n, n_data = s->source.n_data, n_r = s->plan->n_r;
    float *intensity = vtr_malloc(n * n_data, sizeof(float)),
          *variance = vtr_malloc(n * n_data, sizeof(float));
    vtr_pdf_block block = {.G = vtr_malloc(n * n_r, sizeof(float)), .scale = vtr_malloc(n, sizeof(double))};
    vtr_pdf_peak peaks[PDF_MAX_DIRECTIONS];
    vtr_status status = VTR_ERR_MEMORY;
    strcpy(out->name, sums->region.name);
    out->n = sums->n_positions;
    out->distance = vtr_malloc(n, sizeof(double));
    out->distance_error = vtr_malloc(n, sizeof(double));
    if (intensity == NULL || variance == NULL || block.G == NULL || block.scale == NULL ||
        out->distance == NULL || out->distance_error == NULL) {
        vtr_fail(err, status, "out of memory for region '%s'", out->name);
        goto cleanup;
    }
    for (size_t i = 0; i < n * n_data; i++) { /* 0/0 is NAN: no profile along this direction */
        double count = sums->n[i / n_data];
        intensity[i] = (float)(sums->intensity[i] / count);
        variance[i] = (float)(sums->variance[i] / (count * count));
    }
    status = vtr_pdf_apply(s->plan, n, intensity, variance, &block, s->threads, err);
    if (status == VTR_OK)
        status = vtr_pdf_peaks(s->plan, n, &block, variance, s->shell_range[0], s->shell_range[1], peaks,
                               s->threads, err);
    for (size_t d = 0; status == VTR_OK && d < n; d++) {
        out->distance[d] = peaks[d].position;
        out->distance_error[d] = peaks[d].position_error;
    }
cleanup:
    vtr_free(intensity);
    vtr_free(variance);
    vtr_free(block.G);
    vtr_free(block.scale);
    return status;
}

vtr_status pdf_strain_regions(vtr_pdf_strain_result *result, pdf_strain *s, vtr_error *err)
{
    pdf_tensor reference = {.chi2 = NAN};
    vtr_status status = VTR_OK;
    result->regions = vtr_calloc(s->n_sums, sizeof *result->regions);
    if (result->regions == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu regions", s->n_sums);
    result->n_regions = s->n_sums;
    for (size_t i = 0; status == VTR_OK && i < s->n_sums; i++) {
        vtr_pdf_strain_region *region = &result->regions[i];
        status = region_distances(region, s, &s->sums[i], err);
        if (status != VTR_OK) return status;
        pdf_tensor t = {.chi2 = NAN};
        bool is_valid = pdf_tensor_fit(&t, &s->directions, region->distance, region->distance_error);
        if (i == 0) {
            if (!is_valid)
                return vtr_fail(err, VTR_ERR_NO_DATA,
                                "the reference has no first shell along three directions");
            reference = t;
            memset(reference.covariance, 0, sizeof reference.covariance); /* its part is the smaller one */
            result->distance = t.p[PDF_TENSOR_MEAN];
        }
        double e[4] = {NAN, NAN, NAN, NAN}, error[4] = {NAN, NAN, NAN, NAN};
        if (is_valid) pdf_tensor_strain(e, error, &t, &reference, s->factor);
        memcpy(region->strain.e, e, sizeof region->strain.e);
        memcpy(region->strain.e_error, error, sizeof region->strain.e_error);
        region->strain.chi2 = is_valid ? t.chi2 : NAN;
        for (size_t d = 0; d < s->directions.n; d++)
            region->distance_error[d] *= s->factor;
    }
    return VTR_OK;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

static vtr_status fill_result(vtr_pdf_strain_result *result, pdf_strain *s, vtr_error *err)
{
    size_t n = s->directions.n;
    result->n_positions = s->source.n_positions;
    result->n_valid = s->n_valid;
    result->n_directions = n;
    result->error_factor = s->factor;
    memcpy(result->shell_range, s->shell_range, sizeof s->shell_range);
    result->angle_degrees = vtr_malloc(n, sizeof(double));
    if (result->angle_degrees == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu directions", n);
    memcpy(result->angle_degrees, s->directions.angle_degrees, n * sizeof(double));
    vtr_status status = pdf_strain_regions(result, s, err);
    return status == VTR_OK ? pdf_strain_compare(result, s, err) : status;
}

vtr_status vtr_pdf_strain(vtr_mapfile *file, const vtr_pdf_params *pdf, const vtr_pdf_cube_params *params,
                          int threads, vtr_pdf_strain_result *out, const vtr_progress *progress,
                          vtr_error *err)
{
    vtr_pdf_cube_params defaults = vtr_pdf_cube_default_params();
    vtr_pdf_strain_result result = {0};
    pdf_strain *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    *s = (pdf_strain){.file = file,
                      .params = params != NULL ? params : &defaults,
                      .threads = threads,
                      .progress = progress};
    vtr_status status = pdf_source_open(&s->source, file, "sectors", err);
    if (status == VTR_OK) status = read_directions(s, err);
    if (status == VTR_OK) status = pdf_source_mean(&s->source, NULL, progress, err);
    if (status == VTR_OK) status = pdf_source_plan(&s->plan, &s->source, pdf, err);
    if (status == VTR_OK) status = find_shell(s, err);
    if (status == VTR_OK) status = allocate(s, err);
    if (status == VTR_OK) status = make_sums(s, err);
    if (status == VTR_OK) status = pdf_strain_blocks(s, err);
    if (status == VTR_OK) status = pdf_strain_maps(s, err);
    if (status == VTR_OK) status = fill_result(&result, s, err);
    if (status == VTR_OK) status = pdf_strain_write(s, &result, err);
    release(s);
    if (status == VTR_OK && out != NULL)
        *out = result;
    else
        vtr_pdf_strain_result_release(&result);
    return status;
}
