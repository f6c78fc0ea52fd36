/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"
#include "phases_print.h"

static vtr_phases_params params;

static size_t options(cli_group *groups)
{
    params = vtr_phases_default_params();
    groups[0] = (cli_group){&vtr_phases_parameters, &params};
    return 1;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    vtr_phases phases = {0};
    vtr_status status = vtr_mapfile_edit(&file, run->inputs[0], err);
    if (status == VTR_OK)
        status = vtr_phases_compute(&phases, file, &params, run->common.threads, &run->progress, err);
    if (status == VTR_OK) status = vtr_phases_write(file, &phases, err);
    const cli_group settings = {&vtr_phases_parameters, &params};
    if (status == VTR_OK) status = cli_add_provenance(file, "phases", run, &settings, 1, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    for (size_t i = 0; status == VTR_OK && i < phases.n_notes; i++)
        vtr_progress_warn(&run->progress, "%s", phases.notes[i]);
    if (status == VTR_OK) (run->common.json ? cli_phases_print_json : cli_phases_print)(&phases);
    vtr_mapfile_close(&file);
    vtr_phases_release(&phases);
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
    .options = options,
    .run = run,
};
