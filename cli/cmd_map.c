/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "calibration_text.h"
#include "commands.h"
#include "vitrail/pass.h"

typedef struct own_values {
    const char *output, *calibration;
} own_values;

static own_values own;
static vtr_map_params params;
static vtr_calibrate_params calibrate_params;
static vtr_dataset_params recording;

static const vtr_parameter own_parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, offsetof(own_values, output), .metavar = "MAP.h5",
     .help = "the map file to write (required)"},
    {"calibration", NULL, VTR_PARAMETER_STRING, offsetof(own_values, calibration), .metavar = "FILE",
     .help = "calibration stored by vitrail calibrate, or another map file; measured anew unless given"},
};
static const vtr_parameter_table own_table = {"Files", own_parameters, 2};

static size_t fill_groups(cli_group *groups)
{
    groups[0] = (cli_group){&own_table, &own};
    groups[1] = (cli_group){&vtr_map_parameters, &params};
    groups[2] = (cli_group){&vtr_calibrate_parameters, &calibrate_params};
    groups[3] = (cli_group){&vtr_dataset_parameters, &recording};
    return 4;
}

static size_t options(cli_group *groups)
{
    size_t n = fill_groups(groups);
    for (size_t i = 0; i < n; i++)
        vtr_parameters_default(groups[i].table, groups[i].values);
    return n;
}

static vtr_status get_calibration(vtr_calibration **out, vtr_dataset *dataset, const cli_run *run,
                                  vtr_error *err)
{
    if (own.calibration == NULL)
        return vtr_calibrate(out, dataset, &calibrate_params, run->common.threads, &run->progress, err);
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, own.calibration, err);
    if (status == VTR_OK) status = vtr_calibration_read(out, file, err);
    vtr_mapfile_close(&file);
    return status;
}

static void print_summary(const vtr_map_summary *s, bool as_json)
{
    double rate = (double)(s->n_positions - s->n_missing) / s->seconds;
    if (!as_json) {
        printf("map           %zu of %zu positions fitted in %.1f s: %.0f patterns/s, %.2f GB/s\n",
               s->n_fitted, s->n_positions, s->seconds, rate, s->bytes / s->seconds / 1e9);
        printf("error         of a strain component, median: %.3g %%\n", 100 * s->median_error);
        return;
    }
    printf("{\n  \"positions\": %zu,\n  \"fitted\": %zu,\n  \"missing\": %zu,\n  \"flagged\": %zu,\n",
           s->n_positions, s->n_fitted, s->n_missing, s->n_flagged);
    printf("  \"seconds\": %.3f,\n  \"patterns_per_second\": %.0f,\n  \"median_error\": ", s->seconds, rate);
    cli_json_number(stdout, s->median_error);
    printf("\n}\n");
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    if (own.output == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "no output given; say where to write the map file: -o MAP.h5");
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_map_summary summary;
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status == VTR_OK) status = vtr_mapfile_create(&file, own.output, run->common.force, err);
    if (status == VTR_OK) status = get_calibration(&calibration, dataset, run, err);
    if (status == VTR_OK && !run->common.json && !run->common.quiet) cli_print_calibration(calibration);
    if (status == VTR_OK)
        status =
            vtr_map(file, dataset, calibration, &params, run->common.threads, &summary, &run->progress, err);
    cli_group settings[CLI_MAX_GROUPS];
    const size_t n_settings = fill_groups(settings);
    if (status == VTR_OK)
        status = cli_add_provenance(file, "map", run, settings, n_settings, run->inputs[0], err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    if (status == VTR_OK && (run->common.json || !run->common.quiet))
        print_summary(&summary, run->common.json);
    vtr_mapfile_close(&file);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    return status;
}

const cli_command cli_map = {
    .name = "map",
    .usage = "[options] RECORDING -o MAP.h5",
    .summary = "one pass over a recording: ring, profile, beam and images of every position",
    .details =
        "Reads the recording once and writes a map file, thousands of times smaller, from which every later "
        "analysis is made: the ring's ellipse with its covariance, the direct beam, the radial profile with "
        "its "
        "variance, virtual detectors, and the mean, maximum and variance patterns.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
