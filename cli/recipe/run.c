/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* dup, dup2, realpath, fileno */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "recipe.h"

/* Does the steps of a plan, one after the other. */

/* What becomes of the steps. */
typedef struct course {
    const cli_plan *plan;
    const cli_plan_run *how;
    size_t n_done, n_skipped;
    /* by recording of the plan: one of its steps was done now, so that nothing made after it counts as done */
    bool is_anew[CLI_MAX_INPUTS];
    cli_step_record
        last[CLI_MAX_INPUTS]; /* of its steps that were done before: each has to be younger than the last */
    FILE *captured;           /* what the step printed, for JSON */
} course;

/* --- what a step prints, as a part of one JSON document ------------------------------------------------------------ */

/* Runs the step with standard output in a file. */
static vtr_status capture(course *c, const cli_step *step, const cli_call *call, vtr_error *err)
{
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    if (kept < 0 || dup2(fileno(c->captured), STDOUT_FILENO) < 0) {
        if (kept >= 0) close(kept);
        return vtr_fail(err, VTR_ERR_IO, "cannot redirect standard output");
    }
    vtr_status status =
        cli_execute(step->flow->command, call, step->argc, (char **)(uintptr_t)step->argv, err);
    fflush(stdout);
    if (dup2(kept, STDOUT_FILENO) < 0 && status == VTR_OK)
        status = vtr_fail(err, VTR_ERR_IO, "cannot restore standard output");
    close(kept);
    return status;
}

static void json_step(const cli_step *step, const char *line)
{
    fputs("{\"step\": ", stdout);
    cli_json_string(stdout, step->flow->command->name);
    if (step->recording != NULL) {
        fputs(", \"recording\": ", stdout);
        cli_json_string(stdout, step->recording);
    }
    fputs(", \"command\": ", stdout);
    cli_json_string(stdout, line);
}

/* Copies what was captured, without its last line's end; "null" where there is nothing. */
static void print_captured(FILE *captured)
{
    rewind(captured);
    bool is_empty = true;
    size_t n_ends = 0;
    for (int c; (c = fgetc(captured)) != EOF;) {
        if (c == '\n') {
            n_ends++;
            continue;
        }
        for (; n_ends > 0 && !is_empty; n_ends--)
            putchar('\n');
        n_ends = 0;
        putchar(c);
        is_empty = false;
    }
    if (is_empty) fputs("null", stdout);
}

/* --- one step -------------------------------------------------------------------------------------------------------- */

/* Of the recipe, seen from the folder of the map file, so that both can be moved together. */
static void folder_from(char *out, size_t size, const char *map_file, const char *folder)
{
    char path[PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(map_file, '/');
    snprintf(path, sizeof path, "%.*s", slash != NULL ? (int)(slash - map_file + 1) : 1,
             slash != NULL ? map_file : ".");
    if (realpath(path, real) == NULL) snprintf(real, sizeof real, "%s", folder);
    cli_relative_path(out, size, real, folder);
}

static size_t input_of(const cli_plan *plan, const cli_step *step)
{
    size_t i = 0;
    while (i + 1 < plan->n_inputs && strcmp(plan->inputs[i].name, step->recording) != 0)
        i++;
    return i;
}

/* The calibration that serves for a whole series. */
static bool is_for_all(const course *c, const cli_step *step)
{
    return c->plan->lock != NULL && strcmp(step->flow->command->name, "calibrate") == 0;
}

static bool is_skipped(course *c, const cli_step *step)
{
    cli_step_record record;
    if (!c->how->is_resumed || step->recording == NULL || !cli_step_is_done(step, &record)) return false;
    const size_t input = input_of(c->plan, step);
    const cli_step_record *last = &c->last[input];
    if (c->is_anew[input] || strcmp(record.date, last->date) < 0 || record.index <= last->index) return false;
    /* the calibration's place is one in another file */
    if (strcmp(step->flow->command->name, "calibrate") == 0) record.index = 0;
    c->last[input] = record;
    for (size_t i = 0; i < c->plan->n_inputs && is_for_all(c, step); i++)
        c->last[i] = record;
    return true;
}

/* What comes after a step that was done now may rest on it. */
static void remember(course *c, const cli_step *step)
{
    if (step->recording == NULL) return;
    c->is_anew[input_of(c->plan, step)] = true;
    for (size_t i = 0; i < c->plan->n_inputs && is_for_all(c, step); i++)
        c->is_anew[i] = true;
}

static void say(const course *c, size_t index, const char *what, const char *line)
{
    if (c->how->run->common.quiet) return;
    if (!c->how->run->common.json) fflush(stdout);
    fprintf(stderr, "step %zu of %zu%s: %s\n", index + 1, c->plan->n_steps, what, line);
}

/* The folders of what the step writes, where they are missing. */
static vtr_status make_folders(const cli_step *step, vtr_error *err)
{
    for (size_t i = 0; i < step->n_outputs; i++) {
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%s", step->outputs[i]);
        for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            if (mkdir(folder, 0777) != 0 && errno != EEXIST)
                return vtr_fail(err, VTR_ERR_IO, "cannot make the folder '%s': %s", folder, strerror(errno));
            *slash = '/';
        }
    }
    return VTR_OK;
}

static vtr_status do_step(course *c, size_t index, const char *line, vtr_error *err)
{
    const cli_step *step = &c->plan->steps[index];
    vtr_status status = make_folders(step, err);
    if (status != VTR_OK) return status;
    char folder[PATH_MAX] = ".";
    if (step->map_file != NULL) folder_from(folder, sizeof folder, step->map_file, c->how->folder);
    const cli_recipe_note note = {c->how->text, c->how->command, folder, step->recording};
    cli_call call = {c->how->run->common, &note, c->how->is_resumed};
    /* what is replaced here has been asked about before the first step */
    if (c->how->is_resumed && !step->flow->on_recording) call.common.force = true;
    say(c, index, "", line);
    if (!call.common.json)
        return cli_execute(step->flow->command, &call, step->argc, (char **)(uintptr_t)step->argv, err);
    c->captured = tmpfile();
    if (c->captured == NULL) return vtr_fail(err, VTR_ERR_IO, "no temporary file for the step's result");
    status = capture(c, step, &call, err);
    if (status == VTR_OK) {
        printf(c->n_done + c->n_skipped > 0 ? ",\n" : "\n");
        json_step(step, line);
        fputs(", \"result\": ", stdout);
        print_captured(c->captured);
        fputs("}", stdout);
    }
    fclose(c->captured);
    return status;
}

static void skip_step(course *c, size_t index, const char *line)
{
    say(c, index, ", done before", line);
    if (!c->how->run->common.json) return;
    printf(c->n_done + c->n_skipped > 0 ? ",\n" : "\n");
    json_step(&c->plan->steps[index], line);
    fputs(", \"done_before\": true}", stdout);
}

/* Which step failed, and what is there all the same. */
static vtr_status fail_at_step(const course *c, size_t index, vtr_status status, vtr_error *err)
{
    const cli_step *step = &c->plan->steps[index];
    char kept[128] = "";
    if (index == 1) snprintf(kept, sizeof kept, "; step 1 is done: --resume goes on after it");
    if (index > 1)
        snprintf(kept, sizeof kept, "; steps 1 to %zu are done: --resume goes on after them", index);
    char inner[sizeof err->message];
    snprintf(inner, sizeof inner, "%s", err->message[0] != '\0' ? err->message : vtr_status_text(status));
    return vtr_fail(err, status, "step %zu of %zu, %s%s%s: %s%s", index + 1, c->plan->n_steps,
                    step->flow->command->name, step->recording != NULL && c->plan->is_series ? " of " : "",
                    step->recording != NULL && c->plan->is_series ? step->recording : "", inner, kept);
}

static vtr_status next_step(course *c, size_t index, vtr_error *err)
{
    const cli_step *step = &c->plan->steps[index];
    char *line = cli_command_line(step->argc, (char *const *)step->argv);
    if (line == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    vtr_status status = VTR_OK;
    if (vtr_progress_cancelled(&c->how->run->progress)) {
        status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
    } else if (is_skipped(c, step)) {
        skip_step(c, index, line);
        c->n_skipped++;
    } else {
        status = do_step(c, index, line, err);
        if (status == VTR_OK) {
            remember(c, step);
            c->n_done++;
        }
    }
    free(line);
    return status == VTR_OK ? VTR_OK : fail_at_step(c, index, status, err);
}

vtr_status cli_plan_run_steps(const cli_plan *plan, const cli_plan_run *how, vtr_error *err)
{
    const bool is_json = how->run->common.json;
    course c = {.plan = plan, .how = how};
    if (is_json) {
        fputs("{\"recipe\": ", stdout);
        cli_json_string(stdout, plan->name);
        fputs(", \"steps\": [", stdout);
    }
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < plan->n_steps && status == VTR_OK; i++)
        status = next_step(&c, i, err);
    if (is_json) {
        printf("\n], \"done\": %zu, \"done_before\": %zu, \"failed\": ", c.n_done, c.n_skipped);
        if (status == VTR_OK)
            fputs("null", stdout);
        else
            cli_json_string(stdout, err->message);
        fputs("}\n", stdout);
    } else if (status == VTR_OK && !how->run->common.quiet) {
        fflush(stdout);
        fprintf(stderr, "done: %zu step%s", c.n_done, c.n_done == 1 ? "" : "s");
        if (c.n_skipped > 0) fprintf(stderr, ", %zu done before", c.n_skipped);
        fputc('\n', stderr);
    }
    return status;
}

static vtr_status print_line(const cli_step *step, const cli_plan_run *how, const char *end, vtr_error *err)
{
    char *line = cli_command_line(step->argc, (char *const *)step->argv);
    if (line == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    if (how->run->common.json) {
        json_step(step, line);
        printf("}%s\n", end);
    } else {
        printf("%s%s\n", line, how->run->common.force ? " --force" : "");
    }
    free(line);
    return VTR_OK;
}

vtr_status cli_plan_print(const cli_plan *plan, const cli_plan_run *how, vtr_error *err)
{
    const bool is_json = how->run->common.json;
    if (is_json) {
        fputs("{\"recipe\": ", stdout);
        cli_json_string(stdout, plan->name);
        fputs(", \"folder\": ", stdout);
        cli_json_string(stdout, how->folder);
        fputs(", \"steps\": [\n", stdout);
    } else if (how->is_elsewhere) {
        char *folder = cli_shell_word(how->folder);
        if (folder == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
        printf("cd %s\n", folder);
        free(folder);
    }
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < plan->n_steps && status == VTR_OK; i++)
        status = print_line(&plan->steps[i], how, i + 1 < plan->n_steps ? "," : "", err);
    if (is_json) fputs("]}\n", stdout);
    return status;
}
