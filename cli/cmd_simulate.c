/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "vitrail/twin.h"

typedef struct simulate_options {
    const char *output;
} simulate_options;

static const vtr_parameter parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, offsetof(simulate_options, output), .metavar = "FILE",
     .help = "the recording; its ending chooses the format: .h5, .hdf5, .emd (EMD 1.0), .hspy or .npy"},
};
static const vtr_parameter_table table = {"Output", parameters, sizeof parameters / sizeof *parameters};

static simulate_options options;
static vtr_twin_params twin_params;

static size_t fill_groups(cli_group *groups)
{
    vtr_parameters_default(&table, &options);
    vtr_parameters_default(&vtr_twin_parameters, &twin_params);
    groups[0] = (cli_group){&table, &options};
    vtr_parameters_default(&vtr_structure_parameters, &twin_params.structure);
    groups[1] = (cli_group){&vtr_twin_parameters, &twin_params};
    groups[2] = (cli_group){&vtr_structure_parameters, &twin_params.structure};
    return 3;
}

/* The command line as typed, words apart by blanks. */
static void join_words(const cli_run *run, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "vitrail");
    for (int i = 0; i < run->argc && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, " %s", run->argv[i]);
}

static void print_result(const cli_run *run, const vtr_twin_info *info)
{
    const size_t *n = info->shape;
    double bytes = (double)(n[0] * n[1] * n[2] * n[3] * vtr_type_size(info->type));
    if (run->common.json) {
        printf("{\"output\": ");
        cli_json_string(stdout, options.output);
        printf(", \"preset\": ");
        cli_json_string(stdout, info->preset);
        printf(", \"shape\": [%zu, %zu, %zu, %zu], \"type\": \"%s\", \"ring_radius_px\": ", n[0], n[1], n[2],
               n[3], vtr_type_name(info->type));
        cli_json_number(stdout, info->ring_radius_px);
        printf(", \"k_step\": ");
        cli_json_number(stdout, info->k_step);
        printf("}\n");
    } else if (!run->common.quiet) {
        printf("%s: %s, %zu x %zu patterns of %zu x %zu px, %s, %.1f MB\n", options.output, info->preset,
               n[0], n[1], n[2], n[3], vtr_type_name(info->type), bytes / 1e6);
    }
}

static vtr_status run_simulate(const cli_run *run, vtr_error *err)
{
    if (options.output == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no output; name the recording with -o FILE");
    if (run->n_inputs == 2) twin_params.model = run->inputs[1];
    vtr_twin *twin = NULL;
    vtr_status status = vtr_twin_open(&twin, run->inputs[0], &twin_params, err);
    if (status != VTR_OK) return status;
    char command[4096];
    join_words(run, command, sizeof command);
    vtr_twin_write_params params = {
        .threads = run->common.threads, .force = run->common.force, .command = command};
    status = vtr_twin_write(twin, options.output, &params, &run->progress, err);
    if (status == VTR_OK) print_result(run, vtr_twin_get_info(twin));
    vtr_twin_close(&twin);
    return status;
}

const cli_command cli_simulate = {
    .name = "simulate",
    .usage = "[options] PRESET [MODEL] -o FILE",
    .summary = "a recording of a simulated specimen, with its truth",
    .details =
        "Presets: rings (one uniform strain), fe-band (an Fe-based ribbon with two shear bands, one of them "
        "with "
        "Eshelby inclusions), zr-band (a weaker band on a more inhomogeneous matrix), lorentz (magnetic "
        "domains in the strain of "
        "two bands, with a vacuum recording FILE_vacuum), thickness (one field of view in foils of several "
        "thicknesses, one a file), two-phase (a liquid-like "
        "and a solid-like structure mixed at random), structure MODEL (the atoms of a file: XYZ, LAMMPS data "
        "or "
        "dump, CIF in P1, POSCAR). The truth is written "
        "beside FILE, its ending replaced by _truth.h5: a map file whose group 'truth' holds strain, "
        "principal strains, density, centre, dose and thickness factor of every position; of two-phase and "
        "structure also S(Q), G(r) and what else is known of the structures.",
    .min_inputs = 1,
    .max_inputs = 2,
    .options = fill_groups,
    .run = run_simulate,
};
