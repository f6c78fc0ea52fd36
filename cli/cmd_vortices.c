/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "commands.h"
#include "vitrail/vortices.h"

static vtr_vortices_params params;
static struct {
    const char *csv;
} output;

static const vtr_parameter output_parameters[] = {
    {"csv", NULL, VTR_PARAMETER_STRING, 0, .metavar = "FILE", .help = "also write the defects as a table"},
};
static const vtr_parameter_table output_table = {"Output", output_parameters, 1};

static size_t groups(cli_group *out)
{
    params = vtr_vortices_default_params();
    output.csv = NULL;
    out[0] = (cli_group){&vtr_vortices_parameters, &params};
    out[1] = (cli_group){&output_table, &output};
    return 2;
}

static void print_text(const vtr_vortices *v)
{
    printf("defects       %zu above %.2f standard deviations; directors averaged over %g nm\n", v->n,
           v->threshold, v->params.smooth_nm);
    for (size_t i = 0; i < v->n; i++) {
        const vtr_defect *d = &v->list[i];
        printf("%-4zu %+4.1f  at x, y %.1f ± %.1f, %.1f ± %.1f nm, %.1f standard deviations\n", i + 1,
               d->winding, d->x_nm, d->x_error_nm, d->y_nm, d->y_error_nm, d->significance);
    }
}

static void print_json(const vtr_vortices *v)
{
    printf("{\n  ");
    cli_json_member("threshold", v->threshold, ", ");
    cli_json_member("smooth_nm", v->params.smooth_nm, ",\n  \"defects\": [\n");
    for (size_t i = 0; i < v->n; i++) {
        const vtr_defect *d = &v->list[i];
        printf("    {");
        cli_json_member("winding", d->winding, ", ");
        cli_json_member("x_nm", d->x_nm, ", ");
        cli_json_member("x_error_nm", d->x_error_nm, ", ");
        cli_json_member("y_nm", d->y_nm, ", ");
        cli_json_member("y_error_nm", d->y_error_nm, ", ");
        cli_json_member("significance", d->significance, ", ");
        cli_json_member("loop_nm", d->loop_nm, i + 1 < v->n ? "},\n" : "}\n");
    }
    printf("  ]\n}\n");
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    static vtr_vortices vortices;
    vtr_mapfile *file = NULL;
    vtr_strain_maps maps = {0};
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK) {
        status = vtr_strain_maps_read(&maps, file, err);
        if (status == VTR_OK) status = vtr_vortices_of_strain(&vortices, &maps, &params, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", run->inputs[0]);
    }
    const cli_group settings[] = {{&vtr_vortices_parameters, &params}, {&output_table, &output}};
    if (status == VTR_OK) status = vtr_vortices_write(file, &vortices, err);
    if (status == VTR_OK) status = cli_add_provenance(file, "vortices", run, settings, 2, NULL, err);
    if (status == VTR_OK && output.csv != NULL)
        status = vtr_vortices_write_csv(output.csv, &vortices, run->common.force, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    if (status == VTR_OK && run->common.json)
        print_json(&vortices);
    else if (status == VTR_OK && !run->common.quiet)
        print_text(&vortices);
    vtr_mapfile_close(&file);
    vtr_strain_maps_release(&maps);
    return status;
}

const cli_command cli_vortices = {
    .name = "vortices",
    .usage = "[options] MAP.h5",
    .summary = "defects of the directions of strain: where they turn by half a turn or a whole one",
    .details =
        "Finds the places about which the principal directions of strain, and with them those of the maximum "
        "shear, turn by half a turn or a whole one, tells them from those of noise by a loop that noise "
        "cannot "
        "unwind, and adds /entry/vortices. An earlier one is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = groups,
    .run = run,
};
