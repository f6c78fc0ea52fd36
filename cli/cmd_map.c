/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "calibration_text.h"
#include "commands.h"
#include "vitrail/pass.h"

/* What a calibration of a growing recording waits for. */
enum { FIRST_FRAMES = 256 };

typedef struct own_values {
    const char *output, *calibration;
} own_values;

typedef struct keep_values {
    bool resume, no_checkpoint, follow;
    double checkpoint_s, follow_timeout_s, follow_update_s;
} keep_values;

static own_values own;
static keep_values keep;
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

/* None of these changes the map, so they are not part of its settings. */
static const vtr_parameter keep_parameters[] = {
    {"resume", NULL, VTR_PARAMETER_BOOL, offsetof(keep_values, resume),
     .help =
         "go on from the checkpoint that an interrupted pass left beside the map file; begin where there is "
         "none"},
    {"checkpoint", "s", VTR_PARAMETER_DOUBLE, offsetof(keep_values, checkpoint_s), .default_value = 5,
     .maximum = 86400, .metavar = "SECONDS",
     .help = "how often the checkpoint is brought up to date: about how much work an interruption costs"},
    {"no-checkpoint", NULL, VTR_PARAMETER_BOOL, offsetof(keep_values, no_checkpoint),
     .help = "keep none: an interrupted pass is lost"},
    {"follow", NULL, VTR_PARAMETER_BOOL, offsetof(keep_values, follow),
     .help = "the recording is still being written: map what is there, and go on as it grows"},
    {"follow-timeout", "s", VTR_PARAMETER_DOUBLE, offsetof(keep_values, follow_timeout_s),
     .default_value = 60, .minimum = 0.1, .maximum = 86400, .metavar = "SECONDS",
     .help = "how long nothing may come before the rest is taken as missing"},
    {"follow-update", "s", VTR_PARAMETER_DOUBLE, offsetof(keep_values, follow_update_s), .default_value = 2,
     .minimum = 0.1, .maximum = 86400, .metavar = "SECONDS",
     .help = "how often the map file is brought up to date meanwhile"},
};
static const vtr_parameter_table keep_table = {"Interruption, and recordings that grow", keep_parameters, 6};

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
    groups[n++] = (cli_group){&keep_table, &keep};
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

/* *is_finished: the map file is there, and complete. */
static vtr_status open_checkpoint(vtr_checkpoint **out, bool *is_finished, vtr_dataset *dataset,
                                  const cli_run *run, vtr_error *err)
{
    cli_group groups[CLI_MAX_GROUPS];
    size_t n = fill_groups(groups);
    *is_finished = false;
    if (keep.no_checkpoint && keep.resume)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--resume needs a checkpoint: leave out --no-checkpoint");
    if (keep.no_checkpoint) return VTR_OK;
    char *settings = cli_settings_text(groups + 1, n - 1);
    if (settings == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the settings");
    const vtr_checkpoint_params how = {settings, keep.checkpoint_s, keep.resume, run->common.force,
                                       keep.follow};
    vtr_status status = vtr_checkpoint_open(out, is_finished, own.output, dataset, &how, err);
    free(settings);
    return status;
}

static void print_summary(const vtr_map_summary *s, bool as_json)
{
    size_t n_known = s->n_missing + s->n_resumed;
    double rate = n_known < s->n_positions ? (double)(s->n_positions - n_known) / s->seconds : 0;
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

/* Rank 0's, at every rank. */
static vtr_status share_calibration(vtr_calibration **out, vtr_dataset *dataset, const cli_run *run,
                                    vtr_error *err)
{
    vtr_status status = cli_is_first(run) ? get_calibration(out, dataset, run, err) : VTR_OK;
    status = vtr_ranks_agree(run->ranks, status, err);
    return status == VTR_OK ? vtr_calibration_share(out, run->ranks, err) : status;
}

static vtr_status make_map(vtr_mapfile *file, vtr_dataset *dataset, vtr_checkpoint *checkpoint,
                           vtr_map_summary *summary, const cli_run *run, vtr_error *err)
{
    vtr_calibration *calibration = NULL;
    const vtr_follow_params follow = {keep.follow_timeout_s, own.output, keep.follow_update_s};
    const vtr_pass_options how = {.threads = run->common.threads,
                                  .checkpoint = checkpoint,
                                  .progress = &run->progress,
                                  .follow = keep.follow ? &follow : NULL,
                                  .ranks = run->ranks};
    vtr_status status = share_calibration(&calibration, dataset, run, err);
    if (status == VTR_OK && !run->common.json && !run->common.quiet) cli_print_calibration(calibration);
    if (status == VTR_OK) status = vtr_map_with(file, dataset, calibration, &params, &how, summary, err);
    vtr_calibration_free(calibration);
    cli_group settings[CLI_MAX_GROUPS];
    const size_t n_settings = fill_groups(settings);
    return status == VTR_OK && cli_is_first(run)
               ? cli_add_provenance(file, "map", run, settings, n_settings, run->inputs[0], err)
               : status;
}

/* The files of a pass: the recording at every rank, what is written at rank 0. */
typedef struct map_files {
    vtr_dataset *dataset;
    vtr_checkpoint *checkpoint;
    vtr_mapfile *file;
    bool is_finished;
} map_files;

static vtr_status open_recording(vtr_dataset **out, const cli_run *run, vtr_error *err)
{
    const vtr_growing_params growing = {own.calibration == NULL ? FIRST_FRAMES : 1, keep.follow_timeout_s};
    return keep.follow
               ? vtr_dataset_open_growing(out, run->inputs[0], &recording, &growing, &run->progress, err)
               : vtr_dataset_open(out, run->inputs[0], &recording, err);
}

static vtr_status open_files(map_files *files, const cli_run *run, vtr_error *err)
{
    vtr_status status = open_recording(&files->dataset, run, err);
    if (status == VTR_OK && cli_is_first(run))
        status = open_checkpoint(&files->checkpoint, &files->is_finished, files->dataset, run, err);
    if (status == VTR_OK && cli_is_first(run) && !files->is_finished)
        status = vtr_mapfile_create(&files->file, own.output,
                                    run->common.force || (keep.follow && files->checkpoint != NULL), err);
    status = vtr_ranks_agree(run->ranks, status, err);
    if (status == VTR_OK)
        status = vtr_ranks_broadcast(run->ranks, 0, &files->is_finished, sizeof files->is_finished, err);
    return status;
}

static vtr_status commit(map_files *files, vtr_error *err)
{
    return files->checkpoint != NULL ? vtr_checkpoint_commit(&files->checkpoint, &files->file, err)
                                     : vtr_mapfile_commit(&files->file, err);
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    if (own.output == NULL)
        return vtr_ranks_agree(
            run->ranks,
            vtr_fail(err, VTR_ERR_ARGUMENT, "no output given; say where to write the map file: -o MAP.h5"),
            err);
    map_files files = {0};
    vtr_map_summary summary;
    vtr_status status = open_files(&files, run, err);
    if (status == VTR_OK && !files.is_finished) {
        status = make_map(files.file, files.dataset, files.checkpoint, &summary, run, err);
        if (status == VTR_OK && cli_is_first(run)) status = commit(&files, err);
        status = vtr_ranks_agree(run->ranks, status, err);
    }
    if (status == VTR_OK) status = cli_print_traffic(run, err);
    if (status == VTR_OK && files.is_finished && cli_is_first(run))
        fprintf(stderr, "vitrail map: '%s' is complete already\n", own.output);
    else if (status == VTR_OK && cli_is_first(run) && (run->common.json || !run->common.quiet))
        print_summary(&summary, run->common.json);
    vtr_mapfile_close(&files.file);
    vtr_checkpoint_leave(&files.checkpoint, err);
    vtr_dataset_close(&files.dataset);
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
    .takes_ranks = true,
    .options = options,
    .run = run,
};
