/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "pdf/region_internal.h"
#include "vitrail/output.h"

static const char group[] = "pdf/comparison";

/* --- the map file ------------------------------------------------------------------------------------------- */

static vtr_status write_curve(vtr_mapfile *file, const char *to, const vtr_pdf_compare *c, const char *name,
                              const double *values, const double *errors, const char *long_name,
                              vtr_error *err)
{
    static const char *const axes[] = {"r"};
    vtr_status status = vtr_mapfile_group(file, to, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, to, "r", VTR_TYPE_F64, 1, &c->n_r, c->r, "angstrom",
                                   "distance r (Å)", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_quantity(file, to, name, VTR_TYPE_F64, 1, &c->n_r, values, errors,
                                            "1/angstrom^2", long_name, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, to, name, err);
    return status == VTR_OK ? vtr_mapfile_axes(file, to, 1, axes, err) : status;
}

static vtr_status write_region(vtr_mapfile *file, const vtr_pdf_compare *c, const vtr_pdf_compare_region *g,
                               vtr_error *err)
{
    char to[sizeof group + VTR_REGION_NAME];
    snprintf(to, sizeof to, "%s/%s", group, g->name);
    const vtr_mapfile_attribute numbers[] = {{"positions", 1, {(double)g->n}},
                                             {"independent_positions", 1, {g->n_effective}},
                                             {"blocks", 1, {(double)g->n_blocks}},
                                             {"degrees_of_freedom", 1, {g->dof}}};
    vtr_status status = write_curve(file, to, c, "G", g->G, g->G_error, "mean G of the region", err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, to, NULL, "definition", g->definition, err);
    if (status == VTR_OK) status = vtr_mapfile_write_attributes(file, to, numbers, 4, err);
    for (size_t v = 0; status == VTR_OK && v < VTR_PDF_COMPARED; v++) {
        const double values[2] = {g->value[v], g->error[v]};
        status = vtr_mapfile_write_numbers(file, to, NULL, vtr_pdf_compared_values[v].name, 2, values, err);
    }
    return status;
}

static vtr_status write_pair(vtr_mapfile *file, const vtr_pdf_compare *c, const vtr_pdf_compare_pair *pair,
                             vtr_error *err)
{
    char to[sizeof group + 2 * VTR_REGION_NAME + 8];
    snprintf(to, sizeof to, "%s/%s-%s", group, c->regions[pair->a].name, c->regions[pair->b].name);
    const vtr_mapfile_attribute numbers[] = {{"F", 1, {pair->F}},
                                             {"degrees_of_freedom", 2, {pair->dof[0], pair->dof[1]}},
                                             {"p_whole", 1, {pair->p_whole}},
                                             {"p_whole_holm", 1, {pair->p_whole_holm}},
                                             {"degrees_of_freedom_of_values", 1, {pair->value_dof}}};
    vtr_status status = write_curve(file, to, c, "difference", pair->difference, pair->error,
                                    "difference of the regions' mean G", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, to, "p", VTR_TYPE_F64, 1, &c->n_r, pair->p, NULL,
                                   "probability of such a difference anywhere in the range", err);
    if (status == VTR_OK) status = vtr_mapfile_write_attributes(file, to, numbers, 5, err);
    for (size_t v = 0; status == VTR_OK && v < VTR_PDF_COMPARED; v++) {
        const double values[5] = {pair->value_difference[v], pair->value_error[v], pair->t[v],
                                  pair->p_value[v], pair->p_holm[v]};
        status = vtr_mapfile_write_numbers(file, to, NULL, vtr_pdf_compared_values[v].name, 5, values, err);
    }
    return status == VTR_OK
               ? vtr_mapfile_write_text(file, to, NULL, "values",
                                        "difference, its error, t, p, p corrected after Holm", err)
               : status;
}

vtr_status vtr_pdf_compare_write(vtr_mapfile *file, const vtr_pdf_compare *c, vtr_error *err)
{
    const vtr_mapfile_attribute numbers[] = {{"range", 2, {c->range[0], c->range[1]}},
                                             {"elements", 1, {(double)c->n_elements}},
                                             {"block", 1, {(double)c->block}},
                                             {"reach", 1, {(double)c->reach}}};
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = vtr_mapfile_write_attributes(file, group, numbers, 4, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "correlation", c->reach, c->correlation, err);
    for (size_t i = 0; status == VTR_OK && i < c->n_regions; i++)
        status = write_region(file, c, &c->regions[i], err);
    for (size_t i = 0; status == VTR_OK && i < c->n_pairs; i++)
        status = write_pair(file, c, &c->pairs[i], err);
    return status;
}

/* --- tables ------------------------------------------------------------------------------------------------- */

static vtr_status write_table(FILE *out, void *user, vtr_error *err)
{
    const vtr_pdf_compare *c = user;
    (void)err;
    fputs("a,b,quantity,unit,value_a,error_a,value_b,error_b,difference,error,statistic,dof1,dof2,p,p_holm\n",
          out);
    for (size_t i = 0; i < c->n_pairs; i++) {
        const vtr_pdf_compare_pair *pair = &c->pairs[i];
        const vtr_pdf_compare_region *a = &c->regions[pair->a], *b = &c->regions[pair->b];
        fprintf(out, "%s,%s,G,,,,,,,,%.9g,%.9g,%.9g,%.9g,%.9g\n", a->name, b->name, pair->F, pair->dof[0],
                pair->dof[1], pair->p_whole, pair->p_whole_holm);
        for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
            const vtr_pdf_compared *value = &vtr_pdf_compared_values[v];
            if (isnan(pair->value_difference[v])) continue;
            fprintf(out, "%s,%s,%s,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,,%.9g,%.9g,%.9g\n", a->name, b->name,
                    value->name, value->unit, a->value[v], a->error[v], b->value[v], b->error[v],
                    pair->value_difference[v], pair->value_error[v], pair->t[v], pair->value_dof,
                    pair->p_value[v], pair->p_holm[v]);
        }
    }
    return VTR_OK;
}

vtr_status vtr_pdf_compare_write_csv(const char *path, const vtr_pdf_compare *compare, bool force,
                                     vtr_error *err)
{
    return vtr_output_write(path, force, write_table, (void *)compare, err);
}

static vtr_status write_curves(FILE *out, void *user, vtr_error *err)
{
    const vtr_pdf_compare *c = user;
    (void)err;
    fputs("r_angstrom", out);
    for (size_t g = 0; g < c->n_regions; g++)
        fprintf(out, ",%s,%s_error", c->regions[g].name, c->regions[g].name);
    for (size_t i = 0; i < c->n_pairs; i++) {
        const char *a = c->regions[c->pairs[i].a].name, *b = c->regions[c->pairs[i].b].name;
        fprintf(out, ",%s-%s,%s-%s_error,%s-%s_p", a, b, a, b, a, b);
    }
    fputc('\n', out);
    for (size_t j = 0; j < c->n_r; j++) {
        fprintf(out, "%.9g", c->r[j]);
        for (size_t g = 0; g < c->n_regions; g++)
            fprintf(out, ",%.9g,%.9g", c->regions[g].G[j], c->regions[g].G_error[j]);
        for (size_t i = 0; i < c->n_pairs; i++) {
            const vtr_pdf_compare_pair *pair = &c->pairs[i];
            fprintf(out, ",%.9g,%.9g,", pair->difference[j], pair->error[j]);
            if (!isnan(pair->p[j])) fprintf(out, "%.9g", pair->p[j]);
        }
        fputc('\n', out);
    }
    return VTR_OK;
}

vtr_status vtr_pdf_compare_write_curves(const char *path, const vtr_pdf_compare *compare, bool force,
                                        vtr_error *err)
{
    return vtr_output_write(path, force, write_curves, (void *)compare, err);
}
