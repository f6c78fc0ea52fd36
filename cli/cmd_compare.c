/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "commands.h"
#include "compare_figure.h"

static vtr_pdf_compare_params params;
typedef struct output_files {
    const char *csv, *curves, *figure;
} output_files;
static output_files output;

#define MEMBER(name) offsetof(output_files, name)

static const vtr_parameter output_parameters[] = {
    {"csv", NULL, VTR_PARAMETER_STRING, MEMBER(csv), .metavar = "FILE",
     .help = "also write the tests as a table"},
    {"curves", NULL, VTR_PARAMETER_STRING, MEMBER(curves), .metavar = "FILE",
     .help = "also write G and the differences with their errors over r, as a table"},
    {"figure", NULL, VTR_PARAMETER_STRING, MEMBER(figure), .metavar = "FILE",
     .help = "draw them (PNG, SVG or PDF)"},
};
static const vtr_parameter_table output_table = {"Output", output_parameters,
                                                 sizeof output_parameters / sizeof *output_parameters};

static size_t groups(cli_group *out)
{
    params = vtr_pdf_compare_default_params();
    vtr_parameters_default(&output_table, &output);
    out[0] = (cli_group){&vtr_pdf_compare_parameters, &params};
    out[1] = (cli_group){&output_table, &output};
    return 2;
}

/* --- as text ------------------------------------------------------------------------------------------------ */

static void print_regions(const vtr_pdf_compare *c)
{
    printf("compared      G from %.2f to %.2f Å, %zu elements of resolution\n", c->range[0], c->range[1],
           c->n_elements);
    if (c->reach > 1)
        printf("positions     are alike up to %zu apart, neighbours by %.3f; blocks of %zu\n\n", c->reach - 1,
               c->correlation[1], c->block);
    else
        printf("positions     are not like their neighbours; blocks of %zu\n\n", c->block);
    printf("%-16s %9s %11s %7s\n", "region", "positions", "independent", "blocks");
    for (size_t i = 0; i < c->n_regions; i++) {
        const vtr_pdf_compare_region *r = &c->regions[i];
        printf("%-16s %9zu %11.0f %7zu\n", r->name, r->n, r->n_effective, r->n_blocks);
    }
}

static void print_pair(const vtr_pdf_compare *c, const vtr_pdf_compare_pair *pair)
{
    printf("\n%s less %s\n", c->regions[pair->a].name, c->regions[pair->b].name);
    printf("  %-18s F %.3f of %.1f and %.0f degrees of freedom, p %.3g, corrected %.3g\n", "G", pair->F,
           pair->dof[0], pair->dof[1], pair->p_whole, pair->p_whole_holm);
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        if (isnan(pair->value_difference[v])) continue;
        printf("  %-18s %9.4f ± %-8.4f t %7.2f, p %.3g, corrected %.3g\n", vtr_pdf_compared_values[v].name,
               pair->value_difference[v], pair->value_error[v], pair->t[v], pair->p_value[v],
               pair->p_holm[v]);
    }
}

static void print_text(const vtr_pdf_compare *c)
{
    print_regions(c);
    for (size_t i = 0; i < c->n_pairs; i++)
        print_pair(c, &c->pairs[i]);
}

/* --- as JSON ------------------------------------------------------------------------------------------------ */

static void json_region(const vtr_pdf_compare_region *r, const char *end)
{
    printf("    {");
    cli_json_text("region", r->name, ", ");
    cli_json_text("definition", r->definition, ", ");
    printf("\"positions\": %zu, \"blocks\": %zu, ", r->n, r->n_blocks);
    cli_json_member("independent", r->n_effective, "");
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        const double values[2] = {r->value[v], r->error[v]};
        fputs(", ", stdout);
        cli_json_array(vtr_pdf_compared_values[v].name, values, 2, "");
    }
    fputs(end, stdout);
}

static void json_pair(const vtr_pdf_compare *c, const vtr_pdf_compare_pair *pair, const char *end)
{
    printf("    {");
    cli_json_text("a", c->regions[pair->a].name, ", ");
    cli_json_text("b", c->regions[pair->b].name, ", ");
    cli_json_member("F", pair->F, ", ");
    cli_json_array("degrees_of_freedom", pair->dof, 2, ", ");
    cli_json_member("p", pair->p_whole, ", ");
    cli_json_member("p_corrected", pair->p_whole_holm, "");
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        printf(",\n     \"%s\": {", vtr_pdf_compared_values[v].name);
        cli_json_member("difference", pair->value_difference[v], ", ");
        cli_json_member("error", pair->value_error[v], ", ");
        cli_json_member("t", pair->t[v], ", ");
        cli_json_member("p", pair->p_value[v], ", ");
        cli_json_member("p_corrected", pair->p_holm[v], "}");
    }
    fputs(end, stdout);
}

static void print_json(const vtr_pdf_compare *c)
{
    printf("{\n  ");
    cli_json_array("range", c->range, 2, ", ");
    printf("\"elements\": %zu, \"reach\": %zu, \"block\": %zu,\n  ", c->n_elements, c->reach, c->block);
    cli_json_array("correlation", c->correlation, c->reach, ",\n  \"regions\": [\n");
    for (size_t i = 0; i < c->n_regions; i++)
        json_region(&c->regions[i], i + 1 < c->n_regions ? "},\n" : "}\n");
    printf("  ],\n  \"pairs\": [\n");
    for (size_t i = 0; i < c->n_pairs; i++)
        json_pair(c, &c->pairs[i], i + 1 < c->n_pairs ? "},\n" : "}\n");
    printf("  ]\n}\n");
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status save(vtr_mapfile **file, const vtr_pdf_compare *compare, const cli_run *run, vtr_error *err)
{
    const cli_group settings[] = {{&vtr_pdf_compare_parameters, &params}, {&output_table, &output}};
    bool force = run->common.force;
    vtr_status status = vtr_pdf_compare_write(*file, compare, err);
    if (status == VTR_OK) status = cli_add_provenance(*file, "compare", run, settings, 2, NULL, err);
    if (status == VTR_OK && output.csv != NULL)
        status = vtr_pdf_compare_write_csv(output.csv, compare, force, err);
    if (status == VTR_OK && output.curves != NULL)
        status = vtr_pdf_compare_write_curves(output.curves, compare, force, err);
    if (status == VTR_OK && output.figure != NULL)
        status = cli_compare_figure(output.figure, compare, force, err);
    return status == VTR_OK ? vtr_mapfile_commit(file, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_pdf_compare compare = {0};
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_pdf_compare_of_file(&compare, file, &params, run->common.threads, &run->progress, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    if (status == VTR_OK) status = save(&file, &compare, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&compare);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&compare);
    vtr_mapfile_close(&file);
    vtr_pdf_compare_release(&compare);
    return status;
}

const cli_command cli_compare = {
    .name = "compare",
    .usage = "[options] MAP.h5",
    .summary = "whether the pair distribution functions of regions differ, with errors and significance",
    .details =
        "Compares the mean PDFs of regions of a map file on which vitrail pdf has been run: standard errors "
        "that hold for positions which resemble their neighbours, a test of each pair as a whole, at each r, "
        "and of position, height, width and neighbours of the first two shells. Adds /entry/pdf/comparison; "
        "an "
        "earlier one is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
