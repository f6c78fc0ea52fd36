/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "map.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/panel/panels.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/pdf_strain.h"

static vtr_pdf_cube_params params;

typedef struct cli_pdf_map_result {
    vtr_pdf_cube_result cube;
    vtr_pdf_strain_result strain; /* n_positions 0: not asked for */
} cli_pdf_map_result;

/* --- what is printed ---------------------------------------------------------------------------------------- */

static void print_head(const vtr_pdf_cube_result *result)
{
    const vtr_pdf_normalisation *n = &result->normalisation;
    printf("positions     %zu of %zu with a PDF\n", result->n_valid, result->n_positions);
    printf("range         Q %.3f to %.3f 1/Å, data up to %.3f 1/Å (Q = 2 pi k)\n", n->qmin, n->qmax,
           n->qmaxinst);
    printf("scale         %s, %.5g in the mean\n", cli_pdf_scale_words(n->source), n->scale);
    if (isfinite(n->density))
        printf("density       %.5f atoms/Å^3, %s\n", n->density,
               n->is_density_given ? "given" : "from the mean");
    for (int s = 0; s < 2; s++)
        if (isfinite(result->shell_range[s][0]))
            printf("%s  looked for from %.2f to %.2f Å\n", s == 0 ? "first shell " : "second shell",
                   result->shell_range[s][0], result->shell_range[s][1]);
}

static void print_regions(const vtr_pdf_cube_result *result)
{
    printf("\n%-16s %9s %18s %18s %18s %18s\n", "region", "positions", "nearest (Å)", "height (1/Å^2)",
           "fwhm (Å)", "second (Å)");
    for (size_t i = 0; i < result->n_regions; i++) {
        const vtr_pdf_region_mean *m = &result->regions[i];
        const vtr_pdf_peak *a = &m->shell[0], *b = &m->shell[1];
        printf("%-16s %9zu %9.4f ±%7.4f %9.4f ±%7.4f %9.4f ±%7.4f %9.4f ±%7.4f\n", m->name, m->n, a->position,
               a->position_error, a->height, a->height_error, a->fwhm, a->fwhm_error, b->position,
               b->position_error);
    }
}

/* Visits the maps of /entry/pdf that have errors. */
static vtr_status for_maps(const char *path,
                           vtr_status (*visit)(const cli_quantity *, const cli_quantity *, vtr_error *),
                           vtr_error *err)
{
    vtr_mapfile *file = NULL;
    cli_names *names = calloc(1, sizeof *names);
    vtr_status status =
        names == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the maps' names") : VTR_OK;
    if (status == VTR_OK) status = vtr_mapfile_open(&file, path, err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    for (size_t i = 0; status == VTR_OK && i < names->n; i++) {
        char errors[CLI_NAME + 8];
        cli_quantity value = {0}, error = {0};
        bool is_pdf = strcmp(names->group[i], "pdf") == 0 || strcmp(names->group[i], "pdf/images") == 0;
        snprintf(errors, sizeof errors, "%s_errors", names->name[i]);
        if (!is_pdf || !cli_names_has(names, names->group[i], errors)) continue;
        status = cli_quantity_read(&value, file, names->group[i], names->name[i], err);
        if (status == VTR_OK) status = cli_quantity_read(&error, file, names->group[i], errors, err);
        if (status == VTR_OK) status = visit(&value, &error, err);
        cli_quantity_release(&value);
        cli_quantity_release(&error);
    }
    vtr_mapfile_close(&file);
    free(names);
    return status;
}

static vtr_status print_map(const cli_quantity *value, const cli_quantity *error, vtr_error *err)
{
    cli_statistics v, e;
    vtr_status status = cli_quantity_statistics(&v, value, err);
    if (status == VTR_OK) status = cli_quantity_statistics(&e, error, err);
    if (status != VTR_OK) return status;
    printf("%-16s %12.5g %12.5g %12.5g %12.4g %8.1f %%  %s\n", value->name, v.low, v.median, v.high, e.median,
           100 * v.valid, value->unit);
    return VTR_OK;
}

static void print_strain(const vtr_pdf_strain_result *strain)
{
    static const char *const names[3] = {"exx", "eyy", "exy"};
    printf("\nfirst shell along %zu directions: r1 %.4f Å without strain, %zu of %zu positions, errors times "
           "%.2f\n",
           strain->n_directions, strain->distance, strain->n_valid, strain->n_positions,
           strain->error_factor);
    for (int i = 0; strain->has_ring && i < 3; i++)
        printf("%s beside the ring's: correlation %.3f, ratio %.3f ± %.3f\n", names[i],
               strain->comparison[i].correlation, strain->comparison[i].ratio,
               strain->comparison[i].ratio_error);
    for (size_t i = 0; i < strain->n_regions; i++) {
        const vtr_pdf_shell_strain *e = &strain->regions[i].strain;
        printf("%-16s", strain->regions[i].name);
        for (int k = 0; k < 3; k++)
            printf("  %s %8.4f ± %.4f %%", names[k], 100 * e->e[k], 100 * e->e_error[k]);
        printf("\n");
    }
}

static vtr_status print_text(const cli_pdf_map_result *result, const char *path, vtr_error *err)
{
    print_head(&result->cube);
    printf("\n%-16s %12s %12s %12s %12s %10s\n", "map", "5 %", "median", "95 %", "error", "valid");
    vtr_status status = for_maps(path, print_map, err);
    print_regions(&result->cube);
    if (result->strain.n_positions > 0) print_strain(&result->strain);
    return status;
}

static void json_peak(const char *name, const vtr_pdf_peak *peak, const char *end)
{
    printf("\"%s\": {", name);
    cli_json_member("position", peak->position, ", ");
    cli_json_member("position_error", peak->position_error, ", ");
    cli_json_member("height", peak->height, ", ");
    cli_json_member("height_error", peak->height_error, ", ");
    cli_json_member("fwhm", peak->fwhm, ", ");
    cli_json_member("fwhm_error", peak->fwhm_error, "}");
    fputs(end, stdout);
}

static vtr_status json_map(const cli_quantity *value, const cli_quantity *error, vtr_error *err)
{
    cli_statistics v, e;
    vtr_status status = cli_quantity_statistics(&v, value, err);
    if (status == VTR_OK) status = cli_quantity_statistics(&e, error, err);
    if (status != VTR_OK) return status;
    fputs(",\n    ", stdout);
    cli_json_string(stdout, value->name);
    fputs(": {", stdout);
    cli_json_member("median", v.median, ", ");
    cli_json_member("low", v.low, ", ");
    cli_json_member("high", v.high, ", ");
    cli_json_member("median_error", e.median, ", ");
    cli_json_member("valid", v.valid, "}");
    return VTR_OK;
}

static void json_strain(const vtr_pdf_strain_result *strain)
{
    static const char *const names[3] = {"exx", "eyy", "exy"};
    fputs(",\n  \"strain\": {", stdout);
    cli_json_member("distance", strain->distance, ", ");
    cli_json_member("error_factor", strain->error_factor, ", ");
    printf("\"valid\": %zu", strain->n_valid);
    for (int i = 0; strain->has_ring && i < 3; i++) {
        printf(",\n    \"ring_%s\": {", names[i]);
        cli_json_member("correlation", strain->comparison[i].correlation, ", ");
        cli_json_member("ratio", strain->comparison[i].ratio, ", ");
        cli_json_member("ratio_error", strain->comparison[i].ratio_error, "}");
    }
    for (size_t i = 0; i < strain->n_regions; i++) {
        fputs(",\n    ", stdout);
        cli_json_string(stdout, strain->regions[i].name);
        for (int k = 0; k < 3; k++) {
            printf("%s\"%s\": [", k == 0 ? ": {" : ", ", names[k]);
            cli_json_number(stdout, strain->regions[i].strain.e[k]);
            fputs(", ", stdout);
            cli_json_number(stdout, strain->regions[i].strain.e_error[k]);
            fputs(k == 2 ? "]}" : "]", stdout);
        }
    }
    fputs("}", stdout);
}

static void json_regions(const vtr_pdf_cube_result *cube)
{
    for (size_t i = 0; i < cube->n_regions; i++) {
        const vtr_pdf_region_mean *m = &cube->regions[i];
        fputs(i == 0 ? "\n    " : ",\n    ", stdout);
        cli_json_string(stdout, m->name);
        fputs(": {\"definition\": ", stdout);
        cli_json_string(stdout, m->definition);
        printf(", \"positions\": %zu, ", m->n);
        json_peak("first", &m->shell[0], ", ");
        json_peak("second", &m->shell[1], "}");
    }
}

static vtr_status print_json(const cli_pdf_map_result *result, const char *path, vtr_error *err)
{
    const vtr_pdf_normalisation *n = &result->cube.normalisation;
    printf("{\n  \"positions\": %zu,\n  \"valid\": %zu,\n  ", result->cube.n_positions, result->cube.n_valid);
    cli_json_member("qmin", n->qmin, ", ");
    cli_json_member("qmax", n->qmax, ", ");
    cli_json_member("qmaxinst", n->qmaxinst, ", ");
    cli_json_member("density", n->density, ", ");
    printf("\"density_given\": %s,\n  \"scale_from\": ", n->is_density_given ? "true" : "false");
    cli_json_string(stdout, cli_pdf_scale_words(n->source));
    fputs(",\n  \"maps\": {\"convention\": \"Q = 2 pi k in 1/Å, G in 1/Å^2\"", stdout);
    vtr_status status = for_maps(path, json_map, err);
    fputs("},\n  \"regions\": {", stdout);
    json_regions(&result->cube);
    fputs("}", stdout);
    if (result->strain.n_positions > 0) json_strain(&result->strain);
    fputs("\n}\n", stdout);
    return status;
}

/* --- files -------------------------------------------------------------------------------------------------- */

static vtr_status write_regions(const vtr_pdf_cube_result *result, const vtr_pdf_params *pdf,
                                const char *output, bool force, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < result->n_regions; i++) {
        const vtr_pdf_region_mean *m = &result->regions[i];
        char path[4096], positions[32], qmin[32], qmax[32];
        snprintf(positions, sizeof positions, "%zu", m->n);
        snprintf(qmin, sizeof qmin, "%.9g", result->normalisation.qmin);
        snprintf(qmax, sizeof qmax, "%.9g", result->normalisation.qmax);
        const vtr_text_entry entries[] = {
            {"composition", pdf->composition}, {"qmin", qmin},          {"qmax", qmax}, {"region", m->name},
            {"definition", m->definition},     {"positions", positions}};
        const vtr_pdf_text table = {VTR_PDF_TEXT_GR,
                                    result->n_r,
                                    result->r,
                                    m->G,
                                    m->n > 1 ? m->G_error : m->G_propagated,
                                    entries,
                                    sizeof entries / sizeof *entries};
        if (snprintf(path, sizeof path, "%s-%s.gr", output, m->name) >= (int)sizeof path)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the name '%s' is too long", output);
        status = vtr_pdf_text_write(path, &table, force, err);
    }
    return status;
}

/* The regions in one plot, and the strain of the shell beside the ring's where it was computed. */
static vtr_status collect(cli_panels *panels, vtr_error *err)
{
    vtr_status status = cli_panels_add_regions(panels, err);
    double axis = 0;
    vtr_mapfile_read_numbers(panels->file, "strain", NULL, "axis", 1, &axis, NULL);
    bool has_both = axis == 0 && cli_names_has(panels->names, "pdf/strain", "exx") &&
                    cli_names_has(panels->names, "strain", "exx");
    return status == VTR_OK && params.with_sectors && has_both ? cli_panels_add_shell_strain(panels, err)
                                                               : status;
}

static vtr_status draw(const char *path, const char *figure, bool force, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    cli_names *names = calloc(1, sizeof *names);
    cli_panels *panels = calloc(1, sizeof *panels);
    vtr_status status =
        names == NULL || panels == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a figure") : VTR_OK;
    if (status == VTR_OK) status = vtr_mapfile_open(&file, path, err);
    if (status == VTR_OK) status = cli_names_read(names, file, err);
    if (status == VTR_OK) {
        *panels = (cli_panels){.file = file, .path = path, .names = names};
        status = collect(panels, err);
    }
    if (status == VTR_OK) {
        vtr_figure_page page = vtr_figure_default_page(panels->n);
        page.force = force;
        status = vtr_figure_write(figure, panels->panel, panels->n, &page, err);
    }
    if (panels != NULL) cli_panels_release(panels);
    vtr_mapfile_close(&file);
    free(panels);
    free(names);
    return status;
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status check(const cli_run *run, const cli_pdf_files *files, vtr_error *err)
{
    const struct {
        const char *name;
        bool is_given;
    } others[] = {{"format", files->format != NULL},
                  {"background", files->background != NULL},
                  {"calibration", files->calibration != NULL},
                  {"compare", files->compare != NULL},
                  {"table", files->table != NULL}};
    if (run->n_inputs > 1)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "one map file at a time; '%s' is a second input",
                        run->inputs[1]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].is_given)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s is for patterns and profiles, not for a map file",
                            others[i].name);
    return VTR_OK;
}

/* Everything that changes the file; nothing does where a part of it fails. */
static vtr_status compute(cli_pdf_map_result *result, const cli_run *run, const cli_group groups[2],
                          const vtr_pdf_params *pdf, vtr_error *err)
{
    const cli_group settings[] = {groups[0], groups[1], {&vtr_pdf_cube_parameters, &params}};
    vtr_mapfile *file = NULL;
    vtr_status status = cli_open_shared(&file, run->inputs[0], run, err);
    params.ranks = run->ranks;
    if (status == VTR_OK)
        status = vtr_pdf_cube(file, pdf, &params, run->common.threads, &result->cube, &run->progress, err);
    bool is_writer = status == VTR_OK && cli_is_first(run), is_shared = status == VTR_OK;
    if (is_writer && params.with_sectors)
        status =
            vtr_pdf_strain(file, pdf, &params, run->common.threads, &result->strain, &run->progress, err);
    if (is_writer && status == VTR_OK) status = cli_add_provenance(file, "pdf", run, settings, 3, NULL, err);
    if (is_writer && status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    if (is_shared) status = vtr_ranks_agree(run->ranks, status, err);
    vtr_mapfile_close(&file);
    return status;
}

static void warn_of(const vtr_pdf_normalisation *normalisation, const cli_run *run)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (normalisation->notes & bit) vtr_progress_warn(&run->progress, "%s", vtr_pdf_note_text(bit));
}

/* What is written beside the map file, and printed. */
static vtr_status show(const cli_pdf_map_result *result, const cli_run *run, const vtr_pdf_params *pdf,
                       const cli_pdf_files *files, vtr_error *err)
{
    const char *path = run->inputs[0];
    bool force = run->common.force;
    vtr_status status = VTR_OK;
    warn_of(&result->cube.normalisation, run);
    if (files->output != NULL) status = write_regions(&result->cube, pdf, files->output, force, err);
    if (status == VTR_OK && files->figure != NULL) status = draw(path, files->figure, force, err);
    if (status != VTR_OK) return status;
    if (run->common.json) return print_json(result, path, err);
    return run->common.quiet ? VTR_OK : print_text(result, path, err);
}

vtr_status cli_pdf_map(const cli_run *run, const cli_group groups[2], const vtr_pdf_params *pdf,
                       const cli_pdf_files *files, vtr_error *err)
{
    cli_pdf_map_result result = {0};
    memcpy(params.first, files->peak, sizeof params.first);
    vtr_status status = vtr_ranks_agree(run->ranks, check(run, files, err), err);
    if (status == VTR_OK) status = compute(&result, run, groups, pdf, err);
    if (status == VTR_OK) status = cli_print_traffic(run, err);
    if (status == VTR_OK && cli_is_first(run)) status = show(&result, run, pdf, files, err);
    vtr_pdf_cube_result_release(&result.cube);
    vtr_pdf_strain_result_release(&result.strain);
    return status;
}

cli_group cli_pdf_map_options(void)
{
    params = vtr_pdf_cube_default_params();
    return (cli_group){&vtr_pdf_cube_parameters, &params};
}
