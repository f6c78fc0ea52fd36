/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* stat, access */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recipe.h"

/* What can be seen before the first step is done. */

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    if (strcmp(a, b) == 0) return true;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static vtr_status fail_step(const cli_plan *plan, const cli_step *step, vtr_error *err, const char *sentence,
                            const char *path)
{
    const char *command = step->flow->command->name;
    if (step->line == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%s: %s: '%s' %s", plan->name, command, path, sentence);
    return vtr_fail(err, VTR_ERR_ARGUMENT, "%s:%zu:%zu: %s: '%s' %s", plan->name, step->line, step->column,
                    command, path, sentence);
}

/* An output that another step writes, or that is one of the recordings. */
static vtr_status check_clashes(const cli_plan *plan, size_t index, size_t output, vtr_error *err)
{
    const cli_step *step = &plan->steps[index];
    const char *path = step->outputs[output];
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (is_same_file(path, plan->inputs[i].file))
            return fail_step(plan, step, err, "is the recording itself; name another output", path);
    for (size_t i = 0; i <= index; i++)
        for (size_t k = 0; k < plan->steps[i].n_outputs; k++) {
            if (i == index && k >= output) break;
            if (!is_same_file(path, plan->steps[i].outputs[k])) continue;
            return fail_step(plan, step, err,
                             plan->is_series
                                 ? "is written twice; <name> stands for the name of each recording"
                                 : "is written twice",
                             path);
        }
    return VTR_OK;
}

static bool has_text(const vtr_mapfile *file, const char *group, const char *name, const char *wanted)
{
    enum { LONGEST = 65536 };
    char *found = malloc(LONGEST);
    const bool is_there = found != NULL && vtr_mapfile_has(file, group, name) &&
                          vtr_mapfile_read_text(file, group, name, NULL, found, LONGEST, NULL) == VTR_OK &&
                          strcmp(found, wanted) == 0;
    free(found);
    return is_there;
}

static bool read_record(cli_step_record *record, const vtr_mapfile *file, const char *group)
{
    return vtr_mapfile_read_text(file, group, "date", NULL, record->date, sizeof record->date, NULL) ==
               VTR_OK &&
           vtr_mapfile_read(file, group, "sequence_index", VTR_TYPE_F64, 1, &record->index, NULL) == VTR_OK;
}

bool cli_step_is_done(const cli_step *step, cli_step_record *record)
{
    const char *name = step->flow->command->name;
    const char *path = strcmp(name, "calibrate") == 0 ? step->outputs[0] : step->map_file;
    if (!step->flow->leaves_record || path == NULL || !exists(path)) return false;
    char group[64], *wanted = cli_command_line(step->argc, (char *const *)step->argv);
    vtr_mapfile *file = NULL;
    snprintf(group, sizeof group, "process/%s", name);
    const bool is_done = wanted != NULL && vtr_mapfile_open(&file, path, NULL) == VTR_OK &&
                         has_text(file, group, "command", wanted) &&
                         has_text(file, group, "version", vtr_version()) &&
                         (record == NULL || read_record(record, file, group));
    vtr_mapfile_close(&file);
    free(wanted);
    return is_done;
}

/* Going on after an earlier run may replace what the last steps wrote, but no calibration or map that was made otherwise. */
static vtr_status check_existing(const cli_plan *plan, const cli_step *step, const cli_plan_run *how,
                                 vtr_error *err)
{
    if (how->run->common.force) return VTR_OK;
    for (size_t k = 0; k < step->n_outputs; k++) {
        if (!exists(step->outputs[k])) continue;
        const bool is_made_by_pass = step->flow->on_recording;
        if (!how->is_resumed)
            return vtr_fail(
                err, VTR_ERR_EXISTS,
                "'%s' exists already; --force makes everything anew, --resume goes on after what is done",
                step->outputs[k]);
        if (is_made_by_pass && !cli_step_is_done(step, NULL))
            return vtr_fail(
                err, VTR_ERR_EXISTS,
                "%s: '%s' was not made by this step as it stands in the recipe now; --force makes "
                "everything anew",
                plan->name, step->outputs[k]);
    }
    return VTR_OK;
}

vtr_status cli_plan_check(const cli_plan *plan, const cli_plan_run *how, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < plan->n_steps && status == VTR_OK; i++)
        for (size_t k = 0; k < plan->steps[i].n_outputs && status == VTR_OK; k++)
            status = check_clashes(plan, i, k, err);
    if (status != VTR_OK || how->is_dry) return status;
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (access(plan->inputs[i].file, R_OK) != 0) {
            cli_plan_fail(plan, plan->inputs[i].node, err, "cannot read '%s': %s", plan->inputs[i].file,
                          strerror(errno));
            return err->status = VTR_ERR_IO;
        }
    for (size_t i = 0; i < plan->n_steps && status == VTR_OK; i++)
        status = check_existing(plan, &plan->steps[i], how, err);
    return status;
}
