/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "pdf/region_internal.h"
#include "vitrail/pdf_positions.h"

/* Regions of a map file, and its PDFs computed again. */

typedef struct source {
    vtr_pdf_positions *positions;
    int threads;
} source;

static vtr_status read_positions(void *user, size_t first, size_t n, float *G, vtr_error *err)
{
    source *s = user;
    return vtr_pdf_positions_read(s->positions, VTR_PDF_QUANTITY_G, first, n, G, s->threads, err);
}

/* --- regions ------------------------------------------------------------------------------------------------ */

static const char folder[] = "pdf/regions/";

typedef struct region_names {
    size_t n;
    char name[VTR_TEXT_LIST_MAX][VTR_REGION_NAME];
} region_names;

static void keep_name(void *user, const char *group, const char *name)
{
    region_names *names = user;
    if (strncmp(group, folder, strlen(folder)) != 0 || strcmp(name, "member") != 0) return;
    const char *own = group + strlen(folder);
    if (strcmp(own, "all") == 0 || names->n == VTR_TEXT_LIST_MAX || strlen(own) >= VTR_REGION_NAME) return;
    strcpy(names->name[names->n++], own);
}

static vtr_status read_region(vtr_region *out, const vtr_mapfile *file, const char *name, size_t n_y,
                              size_t n_x, vtr_error *err)
{
    char group[sizeof folder + VTR_REGION_NAME];
    vtr_region region = {.n_y = n_y, .n_x = n_x, .member = vtr_malloc(n_y * n_x, 1)};
    if (region.member == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for region '%s'", name);
    snprintf(group, sizeof group, "%s%s", folder, name);
    strcpy(region.name, name);
    vtr_status status = vtr_mapfile_read(file, group, "member", VTR_TYPE_U8, n_y * n_x, region.member, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_text(file, group, NULL, "definition", region.definition,
                                       sizeof region.definition, err);
    for (size_t p = 0; p < n_y * n_x; p++)
        region.n += region.member[p] != 0;
    if (status == VTR_OK)
        *out = region;
    else
        vtr_region_release(&region);
    return status;
}

/* Those of `list`, else those that vitrail pdf has made means of. */
static vtr_status find_regions(vtr_region *regions, size_t *n, const vtr_mapfile *file,
                               const vtr_text_list *list, size_t n_y, size_t n_x, vtr_error *err)
{
    region_names names = {0};
    vtr_status status = VTR_OK;
    if (list->n == 0) status = vtr_mapfile_list(file, keep_name, &names, err);
    size_t wanted = list->n > 0 ? list->n : names.n;
    if (status == VTR_OK && wanted < 2)
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "%zu region%s; a comparison needs two: --region inclusions=@inclusions --region "
                          "matrix=@matrix",
                          wanted, wanted == 1 ? "" : "s");
    for (*n = 0; status == VTR_OK && *n < wanted;) {
        status = list->n > 0 ? vtr_region_parse(&regions[*n], list->text[*n], file, n_y, n_x, err)
                             : read_region(&regions[*n], file, names.name[*n], n_y, n_x, err);
        if (status == VTR_OK) ++*n;
    }
    return status;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

static vtr_status describe(vtr_pdf_compare_input *in, const vtr_mapfile *file, source *s, vtr_error *err)
{
    const vtr_pdf_normalisation *n = vtr_pdf_plan_normalisation(vtr_pdf_positions_plan(s->positions));
    *in = (vtr_pdf_compare_input){.n_y = vtr_pdf_positions_n_y(s->positions),
                                  .n_x = vtr_pdf_positions_n_x(s->positions),
                                  .n_r = vtr_pdf_positions_n_channels(s->positions, VTR_PDF_QUANTITY_G),
                                  .r = vtr_pdf_positions_axis(s->positions, VTR_PDF_QUANTITY_G),
                                  .qmax = n->qmax,
                                  .density = n->density,
                                  .user = s,
                                  .read = read_positions};
    memcpy(in->step_nm, vtr_pdf_positions_step_nm(s->positions), sizeof in->step_nm);
    if (vtr_pdf_positions_params(s->positions)->kernel == VTR_PDF_KERNEL_PLAIN) in->density = NAN;
    vtr_status status =
        vtr_mapfile_read_numbers(file, "pdf", NULL, "first_shell", 2, in->shell_range[0], err);
    return status == VTR_OK
               ? vtr_mapfile_read_numbers(file, "pdf", NULL, "second_shell", 2, in->shell_range[1], err)
               : status;
}

vtr_status vtr_pdf_compare_of_file(vtr_pdf_compare *out, const vtr_mapfile *file,
                                   const vtr_pdf_compare_params *params, int threads,
                                   const vtr_progress *progress, vtr_error *err)
{
    vtr_pdf_compare_params used = params != NULL ? *params : vtr_pdf_compare_default_params();
    vtr_pdf_compare_input input;
    vtr_region regions[VTR_TEXT_LIST_MAX];
    source s = {.threads = threads};
    size_t n = 0;
    vtr_status status = vtr_pdf_positions_open(&s.positions, file, NULL, progress, err);
    if (status == VTR_OK) status = describe(&input, file, &s, err);
    if (status == VTR_OK) status = find_regions(regions, &n, file, &used.regions, input.n_y, input.n_x, err);
    if (status == VTR_OK && !isfinite(used.range[0])) {
        const vtr_pdf_normalisation *norm = vtr_pdf_plan_normalisation(vtr_pdf_positions_plan(s.positions));
        used.range[0] = fmax(isfinite(norm->rcut) ? norm->rcut : 0, input.r[0]);
        used.range[1] = fmin(10, input.r[input.n_r - 1]);
    }
    if (status == VTR_OK) status = vtr_pdf_compare_compute(out, &input, regions, n, &used, progress, err);
    for (size_t i = 0; i < n; i++)
        vtr_region_release(&regions[i]);
    vtr_pdf_positions_close(&s.positions);
    return status;
}
