/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "commands.h"
#include "vitrail/energy.h"

static vtr_energy_params params;
static struct {
    const char *csv;
} options;

static const vtr_parameter option_parameters[] = {
    {"csv", NULL, VTR_PARAMETER_STRING, 0, .metavar = "FILE", .help = "also write the regions as a table"},
};
static const vtr_parameter_table option_table = {"Output", option_parameters, 1};

static size_t groups(cli_group *out)
{
    params = vtr_energy_default_params();
    vtr_parameters_default(&option_table, &options);
    out[0] = (cli_group){&vtr_energy_parameters, &params};
    out[1] = (cli_group){&option_table, &options};
    return 2;
}

/* --- as text ------------------------------------------------------------------------------------------------ */

static void print_value(vtr_energy_value v, double factor)
{
    if (isfinite(v.value))
        printf(" %10.4g ±%9.3g", factor * v.value, factor * v.error);
    else
        printf(" %21s", "-");
}

static void print_text(const vtr_energy *e)
{
    printf("moduli        Young %g GPa, Poisson %g; plane stress\n", e->params.young_gpa, e->params.poisson);
    if (e->params.thickness_nm > 0) printf("thickness     %g nm\n", e->params.thickness_nm);
    printf("errors        times %g; the energy of noise is subtracted\n\n", e->params.error_factor);
    printf("%-12s %9s %21s %21s %21s %10s %21s %21s %21s\n", "region", "positions", "energy (kJ/m^3)",
           "volumetric", "deviatoric", "noise", "foil (mJ/m^2)", "band (mJ/m^2)", "above the matrix");
    for (size_t i = 0; i < e->n_regions; i++) {
        const vtr_energy_region *r = &e->regions[i];
        printf("%-12s %9zu", r->name, r->n);
        print_value(r->density, 1e-3);
        print_value(r->volumetric, 1e-3);
        print_value(r->deviatoric, 1e-3);
        printf(" %10.4g", 1e-3 * r->noise);
        print_value(r->per_area, 1e3);
        print_value(r->of_band, 1e3);
        print_value(r->excess_band, 1e3);
        printf("\n");
    }
}

/* --- as JSON ------------------------------------------------------------------------------------------------ */

static void print_region(const vtr_energy_region *r, const char *end)
{
    printf("    {");
    cli_json_text("region", r->name, ", ");
    cli_json_text("definition", r->definition, "");
    for (size_t c = 0; c < vtr_n_energy_columns; c++) {
        const vtr_energy_column *column = &vtr_energy_columns[c];
        char name[64];
        printf(", ");
        cli_json_member(column->name, column->value(r).value, "");
        if (!column->has_error) continue;
        snprintf(name, sizeof name, "%s_error", column->name);
        printf(", ");
        cli_json_member(name, column->value(r).error, "");
    }
    printf("%s", end);
}

static void print_json(const vtr_energy *e)
{
    printf("{\n  ");
    cli_json_member("young_gpa", e->params.young_gpa, ", ");
    cli_json_member("poisson", e->params.poisson, ", ");
    cli_json_member("thickness_nm", e->params.thickness_nm, ", ");
    cli_json_member("error_factor", e->params.error_factor, ",\n  \"regions\": [\n");
    for (size_t i = 0; i < e->n_regions; i++)
        print_region(&e->regions[i], i + 1 < e->n_regions ? "},\n" : "}\n");
    printf("  ]\n}\n");
}

/* --- the work ----------------------------------------------------------------------------------------------- */

static vtr_status save(vtr_mapfile **file, const vtr_energy *energy, const cli_run *run, vtr_error *err)
{
    const cli_group settings[] = {{&vtr_energy_parameters, &params}, {&option_table, &options}};
    vtr_status status = vtr_energy_write(*file, energy, err);
    if (status == VTR_OK) status = cli_add_provenance(*file, "energy", run, settings, 2, NULL, err);
    if (status == VTR_OK && options.csv != NULL)
        status = vtr_energy_write_csv(options.csv, energy, run->common.force, err);
    return status == VTR_OK ? vtr_mapfile_commit(file, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_energy energy = {0};
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_energy_of_file(&energy, file, &params, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    if (status == VTR_OK) status = save(&file, &energy, run, err);
    if (status == VTR_OK && run->common.json)
        print_json(&energy);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&energy);
    vtr_mapfile_close(&file);
    vtr_energy_release(&energy);
    return status;
}

const cli_command cli_energy = {
    .name = "energy",
    .usage = "[options] MAP.h5",
    .summary = "elastic energy in regions, in bands and in the matrix, without that of noise",
    .details =
        "Takes the elastic energy of the strain of a map file, subtracts what noise adds to it with the "
        "positions' error bars, and gives the mean of regions in J/m^3, per area of the foil and per area of "
        "shear bands in J/m^2, each with its standard deviation. Adds /entry/energy; an earlier one is "
        "replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
