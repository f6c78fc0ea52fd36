/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "calibration_text.h"
#include "commands.h"

static struct {
    const char *output;
} own;
static vtr_calibrate_params params;
static vtr_dataset_params recording;

static const vtr_parameter own_parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, 0, .metavar = "FILE",
     .help = "store the calibration there, for vitrail map --calibration"},
};
static const vtr_parameter_table own_table = {"Output", own_parameters, 1};

static size_t options(cli_group *groups)
{
    vtr_parameters_default(&own_table, &own);
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    vtr_parameters_default(&vtr_dataset_parameters, &recording);
    groups[0] = (cli_group){&own_table, &own};
    groups[1] = (cli_group){&vtr_calibrate_parameters, &params};
    groups[2] = (cli_group){&vtr_dataset_parameters, &recording};
    return 3;
}

/* Exactly one of `glass` and `standard` is there. */
static vtr_status store(const vtr_calibration *glass, const vtr_standard_pattern *standard,
                        const cli_run *run, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    const cli_group settings[] = {{&vtr_calibrate_parameters, &params},
                                  {&vtr_dataset_parameters, &recording}};
    vtr_status status = vtr_mapfile_create(&file, own.output, run->common.force, err);
    if (status == VTR_OK)
        status = glass != NULL ? vtr_calibration_write(glass, file, err)
                               : vtr_standard_pattern_write(standard, file, err);
    if (status == VTR_OK)
        status = cli_add_provenance(file, "calibrate", run, settings, 2, run->inputs[0], err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    vtr_mapfile_close(&file);
    return status;
}

static bool is_stored_quietly(const cli_run *run)
{
    return run->common.quiet && own.output != NULL;
}

static vtr_status run_glass(vtr_dataset *dataset, const cli_run *run, vtr_error *err)
{
    vtr_calibration *calibration = NULL;
    vtr_status status =
        vtr_calibrate(&calibration, dataset, &params, run->common.threads, &run->progress, err);
    if (status == VTR_OK && own.output != NULL) status = store(calibration, NULL, run, err);
    if (status == VTR_OK) {
        if (run->common.json)
            cli_print_calibration_json(calibration);
        else if (!is_stored_quietly(run))
            cli_print_calibration(calibration);
    }
    vtr_calibration_free(calibration);
    return status;
}

static vtr_status run_standard(vtr_dataset *dataset, const cli_run *run, vtr_error *err)
{
    vtr_standard_pattern *standard = NULL;
    vtr_status status = vtr_calibrate_standard(&standard, dataset, &params, &run->progress, err);
    if (status == VTR_OK && own.output != NULL) status = store(NULL, standard, run, err);
    if (status == VTR_OK) {
        if (run->common.json)
            cli_print_standard_json(standard);
        else if (!is_stored_quietly(run))
            cli_print_standard(standard);
    }
    vtr_standard_pattern_free(standard);
    return status;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status == VTR_OK) status = (params.standard != NULL ? run_standard : run_glass)(dataset, run, err);
    vtr_dataset_close(&dataset);
    return status;
}

const cli_command cli_calibrate = {
    .name = "calibrate",
    .usage = "[options] RECORDING",
    .summary = "mask, camera, centre, distortion, ring and speckle of a recording",
    .details =
        "Samples patterns over the whole scan and measures what the pass needs: which pixels can be used, "
        "the "
        "camera's gain and noise, the centre and its descan, the elliptic distortion, the ring's profile, "
        "and the "
        "speckle's contrast and grain. vitrail map does the same by itself unless it is given the result.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
