/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "commands.h"
#include "phases_print.h"

static struct {
    const char *compare;
} files;
static const vtr_parameter file_parameters[] = {
    {"compare", NULL, VTR_PARAMETER_STRING, 0, .metavar = "MAP.h5",
     .help = "divide this map file in the same way, without writing to it, and say what differs"},
};
static const vtr_parameter_table file_table = {"Comparison", file_parameters, 1};
static vtr_phases_params params;

static size_t options(cli_group *groups)
{
    params = vtr_phases_default_params();
    vtr_parameters_default(&file_table, &files);
    groups[0] = (cli_group){&vtr_phases_parameters, &params};
    groups[1] = (cli_group){&file_table, &files};
    return 2;
}

/* The other specimen as many components as this one has. Masks and regions are this one's. */
static vtr_status divide_other(vtr_phases *other, const vtr_phases *phases, const cli_run *run,
                               vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_phases_params same = params;
    same.n_components = phases->n_components;
    same.mask = NULL;
    same.regions.n = 0;
    vtr_status status = vtr_mapfile_open(&file, files.compare, err);
    if (status == VTR_OK)
        status = vtr_phases_compute(other, file, &same, run->common.threads, &run->progress, err);
    vtr_mapfile_close(&file);
    return status == VTR_OK ? VTR_OK : vtr_fail_context(err, status, "'%s'", files.compare);
}

static void print(const vtr_phases *phases, const vtr_phases *other, const vtr_unmix_comparison *comparison,
                  const cli_run *run)
{
    for (size_t i = 0; i < phases->n_notes; i++)
        vtr_progress_warn(&run->progress, "%s", phases->notes[i]);
    if (run->common.json) {
        cli_phases_print_json(phases, files.compare != NULL ? comparison : NULL);
        return;
    }
    if (run->common.quiet) return;
    cli_phases_print(phases);
    if (files.compare != NULL) cli_phases_print_comparison(comparison, phases, other, files.compare);
}

/* What rank 0 does alone. */
static vtr_status write(vtr_mapfile **file, const vtr_phases *phases, const vtr_phases *other,
                        vtr_unmix_comparison *comparison, const cli_run *run, vtr_error *err)
{
    const cli_group settings[2] = {{&vtr_phases_parameters, &params}, {&file_table, &files}};
    vtr_status status = files.compare != NULL ? vtr_phases_compare(comparison, phases, other, err) : VTR_OK;
    if (status == VTR_OK) status = vtr_phases_write(*file, phases, err);
    if (status == VTR_OK) status = cli_add_provenance(*file, "phases", run, settings, 2, NULL, err);
    return status == VTR_OK ? vtr_mapfile_commit(file, err) : status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_phases phases = {0}, other = {0};
    vtr_unmix_comparison *comparison = calloc(1, sizeof *comparison);
    vtr_status status = comparison == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory") : VTR_OK;
    params.ranks = run->ranks;
    if (status == VTR_OK) status = cli_open_shared(&file, run->inputs[0], run, err);
    if (status == VTR_OK)
        status = vtr_phases_compute(&phases, file, &params, run->common.threads, &run->progress, err);
    if (status == VTR_OK && files.compare != NULL) status = divide_other(&other, &phases, run, err);
    if (status == VTR_OK) {
        if (cli_is_first(run)) status = write(&file, &phases, &other, comparison, run, err);
        status = vtr_ranks_agree(run->ranks, status, err);
    }
    if (status == VTR_OK) status = cli_print_traffic(run, err);
    if (status == VTR_OK && cli_is_first(run)) print(&phases, &other, comparison, run);
    vtr_mapfile_close(&file);
    vtr_phases_release(&phases);
    vtr_phases_release(&other);
    free(comparison);
    return status;
}

const cli_command cli_phases = {
    .name = "phases",
    .usage = "[options] MAP.h5",
    .summary = "structures that a glass is made of: their PDFs, maps and fractions, and how sure those are",
    .details =
        "Adds /entry/phases to a map file that vitrail pdf has worked on: components as pair distribution "
        "functions, maps, fractions and their ranges. An earlier /entry/phases is replaced.",
    .min_inputs = 1,
    .max_inputs = 1,
    .takes_ranks = true,
    .options = options,
    .run = run,
};
