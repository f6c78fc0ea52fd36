/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_cube.h"

#include <stdio.h>
#include <string.h>

#include "pdf/cube_internal.h"

#define MEMBER(name) offsetof(vtr_pdf_cube_params, name)

static const vtr_parameter parameters[] = {
    {"image", NULL, VTR_PARAMETER_LIST, MEMBER(images), .metavar = "NAME=r:LO:HI",
     .help = "a map of the integral of G (r:LO:HI), R (R:LO:HI, atoms) or S (Q:LO:HI); may be repeated"},
    {"region", NULL, VTR_PARAMETER_LIST, MEMBER(regions), .metavar = "NAME=REGION",
     .help = "a mean over Y0:Y1,X0:X1, ellipse:Y,X,RY,RX, polygon:Y,X;..., mask:FILE or density<-0.01; may "
             "be repeated"},
    {"second-peak", "Å", VTR_PARAMETER_RANGE, MEMBER(second), .metavar = "LO:HI",
     .help = "where the second peak is; found in the mean unless given"},
    {"with-F", NULL, VTR_PARAMETER_BOOL, MEMBER(with_structure), .help = "store F(Q) of every position too"},
    {"only-maps", NULL, VTR_PARAMETER_BOOL, MEMBER(only_maps), .help = "do not store G(r) of every position"},
    {"sectors", NULL, VTR_PARAMETER_BOOL, MEMBER(with_sectors),
     .help = "the strain of the first shell too, from the sectors that vitrail map --sectors keeps"},
};
const vtr_parameter_table vtr_pdf_cube_parameters = {"Map files", parameters,
                                                     sizeof parameters / sizeof *parameters};

vtr_pdf_cube_params vtr_pdf_cube_default_params(void)
{
    vtr_pdf_cube_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_pdf_cube_parameters, &params);
    params.first[0] = params.first[1] = NAN;
    return params;
}

void vtr_pdf_cube_result_release(vtr_pdf_cube_result *result)
{
    for (size_t i = 0; result->regions != NULL && i < result->n_regions; i++) {
        vtr_free(result->regions[i].G);
        vtr_free(result->regions[i].G_error);
        vtr_free(result->regions[i].G_propagated);
    }
    vtr_free(result->regions);
    vtr_free(result->r);
    *result = (vtr_pdf_cube_result){0};
}

static void release(pdf_cube *cube)
{
    pdf_source_release(&cube->source);
    vtr_pdf_plan_free(&cube->plan);
    vtr_free(cube->flags);
    vtr_free(cube->scale);
    vtr_free(cube->scale_error);
    for (size_t s = 0; s < 2; s++)
        for (size_t v = 0; v < 3; v++) {
            vtr_free(cube->peaks[s][v]);
            vtr_free(cube->peak_errors[s][v]);
        }
    for (size_t i = 0; i < cube->n_images; i++)
        pdf_image_release(&cube->images[i]);
    for (size_t i = 0; i < cube->n_regions; i++) {
        pdf_region_sums_release(&cube->sums[i]);
        vtr_region_release(&cube->regions[i]);
    }
    vtr_free(cube);
}

/* Ranges of the shells: given, or found in the mean; those that are not there stay NAN. */
static void find_shells(pdf_cube *cube)
{
    const vtr_pdf_plan *plan = cube->plan;
    double found[2][2];
    size_t n =
        vtr_pdf_find_shells(plan->n_r, plan->r, plan->mean_g, plan->normalisation.first_peak, 2, found);
    const double *given[2] = {cube->params->first, cube->params->second};
    for (size_t s = 0; s < 2; s++)
        for (size_t e = 0; e < 2; e++)
            cube->shell_range[s][e] = isfinite(given[s][0]) ? given[s][e] : s < n ? found[s][e] : NAN;
}

static vtr_status allocate_maps(pdf_cube *cube, vtr_error *err)
{
    size_t n = cube->source.n_positions;
    bool is_short = (cube->flags = vtr_calloc(n, sizeof *cube->flags)) == NULL;
    is_short |= (cube->scale = vtr_malloc(n, sizeof(float))) == NULL;
    is_short |= (cube->scale_error = vtr_malloc(n, sizeof(float))) == NULL;
    for (size_t s = 0; s < 2; s++)
        for (size_t v = 0; v < 3 && isfinite(cube->shell_range[s][0]); v++) {
            is_short |= (cube->peaks[s][v] = vtr_malloc(n, sizeof(float))) == NULL;
            is_short |= (cube->peak_errors[s][v] = vtr_malloc(n, sizeof(float))) == NULL;
        }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for maps of %zu positions", n) : VTR_OK;
}

static vtr_status make_images(pdf_cube *cube, vtr_error *err)
{
    const vtr_text_list *list = &cube->params->images;
    const double *mean = cube->source.mean + cube->plan->first;
    for (size_t i = 0; i < list->n; i++) {
        pdf_image *image = &cube->images[cube->n_images++];
        vtr_status status =
            pdf_image_init(image, list->text[i], cube->plan, mean, cube->source.n_positions, err);
        if (status != VTR_OK) return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(image->name, cube->images[j].name) == 0)
                return vtr_fail(err, VTR_ERR_ARGUMENT, "two images are named '%s'", image->name);
    }
    return VTR_OK;
}

static vtr_status make_regions(pdf_cube *cube, vtr_error *err)
{
    char whole[64];
    const vtr_text_list *list = &cube->params->regions;
    const pdf_source *s = &cube->source;
    snprintf(whole, sizeof whole, "all=0:%zu,0:%zu", s->n_y, s->n_x);
    for (size_t i = 0; i <= list->n; i++) {
        vtr_region *region = &cube->regions[i];
        vtr_status status =
            vtr_region_parse(region, i == 0 ? whole : list->text[i - 1], cube->file, s->n_y, s->n_x, err);
        if (status != VTR_OK) return status;
        cube->n_regions = i + 1;
        for (size_t j = 0; j < i; j++)
            if (strcmp(region->name, cube->regions[j].name) == 0)
                return vtr_fail(err, VTR_ERR_ARGUMENT, "two regions are named '%s'%s", region->name,
                                j == 0 ? "; the whole scan has this name" : "");
        status = pdf_region_sums_init(&cube->sums[i], region, cube->plan->n_r, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

static vtr_status check(const pdf_cube *cube, vtr_error *err)
{
    if (cube->n_valid > 0) return VTR_OK;
    return vtr_fail(err, VTR_ERR_NO_DATA, "no position has a whole profile between %g and %g 1/Å",
                    cube->plan->normalisation.qmin, cube->plan->normalisation.qmaxinst);
}

static vtr_status finish_regions(vtr_pdf_cube_result *result, const pdf_cube *cube, vtr_error *err)
{
    const vtr_pdf_plan *plan = cube->plan;
    result->regions = vtr_calloc(cube->n_regions, sizeof *result->regions);
    result->r = vtr_malloc(plan->n_r, sizeof *result->r);
    if (result->regions == NULL || result->r == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the means of %zu regions", cube->n_regions);
    memcpy(result->r, plan->r, plan->n_r * sizeof *plan->r);
    result->n_r = plan->n_r;
    result->n_positions = cube->source.n_positions;
    result->n_valid = cube->n_valid;
    result->n_regions = cube->n_regions;
    result->normalisation = plan->normalisation;
    memcpy(result->shell_range, cube->shell_range, sizeof cube->shell_range);
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < cube->n_regions; i++)
        status = pdf_region_sums_finish(&result->regions[i], &cube->sums[i], plan, plan->mean_g,
                                        (const double(*)[2])cube->shell_range, err);
    return status;
}

/* Everything that the blocks need, the sums over the scan apart. */
static vtr_status prepare(pdf_cube *cube, const vtr_pdf_params *pdf, vtr_error *err)
{
    vtr_status status = pdf_source_plan(&cube->plan, &cube->source, pdf, err);
    if (status == VTR_OK) find_shells(cube);
    if (status == VTR_OK) status = allocate_maps(cube, err);
    if (status == VTR_OK) status = make_images(cube, err);
    if (status == VTR_OK) status = make_regions(cube, err);
    if (status == VTR_OK && vtr_ranks_rank(cube->params->ranks) == 0)
        status = pdf_cube_create_group(cube, err);
    return status;
}

/* What rank 0 does alone. */
static vtr_status finish(vtr_pdf_cube_result *result, pdf_cube *cube, const vtr_pdf_params *pdf,
                         vtr_error *err)
{
    vtr_status status = check(cube, err);
    if (status == VTR_OK) status = finish_regions(result, cube, err);
    if (status == VTR_OK)
        status = pdf_cube_write_results(cube, result->regions, pdf != NULL ? pdf->composition : NULL, err);
    if (status == VTR_OK && pdf != NULL) status = pdf_settings_write(cube->file, pdf, err);
    return status;
}

vtr_status vtr_pdf_cube(vtr_mapfile *file, const vtr_pdf_params *pdf, const vtr_pdf_cube_params *params,
                        int threads, vtr_pdf_cube_result *out, const vtr_progress *progress, vtr_error *err)
{
    vtr_pdf_cube_params defaults = vtr_pdf_cube_default_params();
    vtr_pdf_cube_result result = {0};
    vtr_ranks *ranks = params != NULL ? params->ranks : NULL;
    bool is_first = vtr_ranks_rank(ranks) == 0;
    pdf_cube *cube = vtr_calloc(1, sizeof *cube);
    if (cube == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    *cube = (pdf_cube){.file = file,
                       .params = params != NULL ? params : &defaults,
                       .threads = threads,
                       .progress = progress};
    vtr_status status = vtr_ranks_agree(ranks, pdf_source_open(&cube->source, file, "profile", err), err);
    if (status == VTR_OK) status = pdf_source_mean(&cube->source, ranks, progress, err);
    if (status == VTR_OK) status = vtr_ranks_agree(ranks, prepare(cube, pdf, err), err);
    if (status == VTR_OK) status = pdf_cube_blocks(cube, err);
    if (status == VTR_OK)
        status = vtr_ranks_agree(ranks, is_first ? finish(&result, cube, pdf, err) : VTR_OK, err);
    release(cube);
    if (status == VTR_OK && out != NULL)
        *out = result;
    else
        vtr_pdf_cube_result_release(&result);
    return status;
}
