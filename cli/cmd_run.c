/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* realpath, chdir, getcwd */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/recipe/recipe.h"
#include "commands.h"
#include "vitrail/calibration.h"
#include "vitrail/dataset.h"
#include "vitrail/input.h"
#include "vitrail/output.h"

typedef struct run_options {
    const char *output;
    bool init, again, dry_run, resume;
} run_options;

static run_options options;
static vtr_dataset_params recording;
static vtr_calibrate_params calibrate;

#define MEMBER(name) offsetof(run_options, name)
static const vtr_parameter parameters[] = {
    {"output", NULL, VTR_PARAMETER_STRING, MEMBER(output), .metavar = "FILE",
     .help = "the map file, in place of the recipe's; what else the recipe writes goes into the same folder. "
             "With --init the recipe"},
    {"init", NULL, VTR_PARAMETER_BOOL, MEMBER(init),
     .help = "write a recipe for these recordings, with what calibrate finds and every setting explained"},
    {"again", NULL, VTR_PARAMETER_BOOL, MEMBER(again),
     .help = "the input is a map file: repeat the recipe that it holds"},
    {"dry-run", NULL, VTR_PARAMETER_BOOL, MEMBER(dry_run),
     .help = "check the recipe, print the command lines that would run, do nothing"},
    {"resume", NULL, VTR_PARAMETER_BOOL, MEMBER(resume),
     .help = "go on after the steps whose results are there already, made by the same command lines"},
};
static const vtr_parameter_table table = {"Recipe", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    vtr_parameters_default(&vtr_dataset_parameters, &recording);
    vtr_parameters_default(&vtr_calibrate_parameters, &calibrate);
    out[0] = (cli_group){&table, &options};
    out[1] = (cli_group){&vtr_dataset_parameters, &recording};
    out[2] = (cli_group){&vtr_calibrate_parameters, &calibrate};
    return 3;
}

/* --- the recipe's text ---------------------------------------------------------------------------------------------- */

/* A recipe, where it comes from, and where its paths begin. */
typedef struct source {
    char *text;
    size_t size;
    char name[PATH_MAX];    /* for messages */
    char folder[PATH_MAX];  /* absolute */
    char command[PATH_MAX]; /* that map files remember */
    char only[256];         /* of --again: the one of a series; "" for all */
} source;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The absolute folder of a file, and from there along `way`. */
static vtr_status find_folder(char out[PATH_MAX], const char *file, const char *way, vtr_error *err)
{
    char path[2 * PATH_MAX];
    const size_t length = (size_t)(base_name(file) - file);
    snprintf(path, sizeof path, "%.*s%s%s", (int)length, file, length > 0 || way[0] == '/' ? "" : "./", way);
    if (realpath(path, out) != NULL) return VTR_OK;
    return vtr_fail(err, VTR_ERR_IO, "cannot find the folder '%s' of the recipe: %s", path, strerror(errno));
}

static vtr_status read_recipe(source *s, const char *path, vtr_error *err)
{
    snprintf(s->name, sizeof s->name, "%s", path);
    snprintf(s->command, sizeof s->command, "vitrail run %s", base_name(path));
    vtr_status status = find_folder(s->folder, path, "", err);
    if (status != VTR_OK) return status;
    FILE *in = NULL;
    status = vtr_input_open(&in, path, err);
    if (status != VTR_OK) return status;
    s->size = fread(s->text, 1, VTR_RECIPE_MAX_BYTES + 1, in);
    const bool is_broken = ferror(in) != 0;
    const int reason = errno;
    fclose(in);
    s->text[s->size] = '\0';
    return is_broken ? vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", path, strerror(reason)) : VTR_OK;
}

static vtr_status read_again(source *s, const char *path, vtr_error *err)
{
    static const char group[] = "process/run";
    char way[PATH_MAX] = "";
    vtr_mapfile *file = NULL;
    snprintf(s->name, sizeof s->name, "%s (its recipe)", path);
    vtr_status status = vtr_mapfile_open(&file, path, err);
    if (status == VTR_OK && !vtr_mapfile_has(file, group, "parameters"))
        status = vtr_fail(
            err, VTR_ERR_NOT_FOUND,
            "'%s' holds no recipe: it was not made by vitrail run; /entry/process has the command of "
            "each step",
            path);
    if (status == VTR_OK)
        status =
            vtr_mapfile_read_text(file, group, "parameters", NULL, s->text, VTR_RECIPE_MAX_BYTES + 1, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_text(file, group, "command", NULL, s->command, sizeof s->command, err);
    if (status == VTR_OK) status = vtr_mapfile_read_text(file, group, NULL, "folder", way, sizeof way, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_text(file, group, NULL, "recording", s->only, sizeof s->only, err);
    vtr_mapfile_close(&file);
    if (status != VTR_OK) return status;
    s->size = strlen(s->text);
    return find_folder(s->folder, path, way, err);
}

/* --- doing it --------------------------------------------------------------------------------------------------------- */

/* Goes to the recipe's folder; --output is meant as seen from where we were. */
static vtr_status go_to_folder(cli_plan *plan, cli_plan_run *how, vtr_error *err)
{
    char here[PATH_MAX], real[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL || realpath(here, real) == NULL)
        return vtr_fail(err, VTR_ERR_IO, "cannot find the working folder: %s", strerror(errno));
    if (chdir(how->folder) != 0)
        return vtr_fail(err, VTR_ERR_IO, "cannot go to '%s': %s", how->folder, strerror(errno));
    how->is_elsewhere = strcmp(real, how->folder) != 0;
    plan->output = options.output;
    if (options.output == NULL || options.output[0] == '/' || !how->is_elsewhere) return VTR_OK;
    plan->output = cli_plan_text(plan, "%s/%s", real, options.output);
    return plan->output != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
}

static vtr_status follow(const source *s, const cli_run *run, vtr_error *err)
{
    vtr_recipe *recipe = NULL;
    cli_plan plan = {.name = s->name, .only = s->only[0] != '\0' ? s->only : NULL};
    const bool is_dry = options.dry_run;
    cli_plan_run how = {.run = run,
                        .text = s->text,
                        .command = s->command,
                        .folder = s->folder,
                        .is_resumed = options.resume,
                        .is_dry = is_dry};
    vtr_status status = vtr_recipe_parse(&recipe, s->name, s->text, s->size, err);
    /* a recipe is what somebody typed: what is wrong with it is wrong use */
    if (status == VTR_ERR_FORMAT) status = err->status = VTR_ERR_ARGUMENT;
    if (status == VTR_OK) status = go_to_folder(&plan, &how, err);
    if (status == VTR_OK) status = cli_plan_make(&plan, recipe, err);
    if (status == VTR_OK) status = cli_plan_check(&plan, &how, err);
    if (status == VTR_OK) status = (is_dry ? cli_plan_print : cli_plan_run_steps)(&plan, &how, err);
    cli_plan_release(&plan);
    vtr_recipe_free(recipe);
    return status;
}

static vtr_status run_source(const cli_run *run, vtr_error *err)
{
    source *s = calloc(1, sizeof *s);
    if (s != NULL) s->text = malloc(VTR_RECIPE_MAX_BYTES + 2);
    vtr_status status = s == NULL || s->text == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a recipe")
                            : (options.again ? read_again : read_recipe)(s, run->inputs[0], err);
    if (status == VTR_OK) status = follow(s, run, err);
    if (s != NULL) free(s->text);
    free(s);
    return status;
}

/* --- a recipe for a recording ------------------------------------------------------------------------------------------ */

static vtr_status write_draft(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    cli_recipe_write(out, user);
    return VTR_OK;
}

/* The recordings as the recipe has to call them: paths are relative to it. */
static vtr_status name_files(cli_recipe_draft *draft, cli_plan *texts, const cli_run *run, vtr_error *err)
{
    const char *place = options.output != NULL ? options.output : "";
    const bool is_here = base_name(place) == place;
    char recipe[PATH_MAX], folder[PATH_MAX], way[PATH_MAX];
    vtr_status status = find_folder(recipe, place, "", err);
    for (size_t i = 0; i < run->n_inputs && status == VTR_OK; i++) {
        const char *file = run->inputs[i];
        draft->files[i] = file;
        if (is_here || file[0] == '/') continue;
        status = find_folder(folder, file, "", err);
        if (status != VTR_OK) continue;
        cli_relative_path(way, sizeof way, recipe, folder);
        draft->files[i] =
            strcmp(way, ".") == 0 ? base_name(file) : cli_plan_text(texts, "%s/%s", way, base_name(file));
        if (draft->files[i] == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    }
    return status;
}

static vtr_status init(const cli_run *run, vtr_error *err)
{
    cli_plan texts = {0};
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status == VTR_OK)
        status = vtr_calibrate(&calibration, dataset, &calibrate, run->common.threads, &run->progress, err);
    if (status == VTR_OK) {
        cli_recipe_draft draft = {.n_files = run->n_inputs,
                                  .recording = {&vtr_dataset_parameters, &recording},
                                  .calibrate = {&vtr_calibrate_parameters, &calibrate},
                                  .info = vtr_dataset_get_info(dataset),
                                  .calibration = calibration};
        status = name_files(&draft, &texts, run, err);
        if (status == VTR_OK && options.output != NULL)
            status = vtr_output_write(options.output, run->common.force, write_draft, &draft, err);
        else if (status == VTR_OK)
            status = write_draft(stdout, &draft, err);
    }
    cli_plan_release(&texts);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    return status;
}

/* The first option of the table that is not at its default; NULL: none. */
static const char *changed(const vtr_parameter_table *of, const void *values, void *defaults)
{
    vtr_parameters_default(of, defaults);
    for (size_t i = 0; i < of->n; i++) {
        char now[4096], before[4096];
        vtr_parameters_format(&of->parameters[i], values, now, sizeof now);
        vtr_parameters_format(&of->parameters[i], defaults, before, sizeof before);
        if (strcmp(now, before) != 0) return of->parameters[i].name;
    }
    return NULL;
}

/* What belongs into the recipe is no option here. */
static vtr_status check_options(const cli_run *run, vtr_error *err)
{
    vtr_dataset_params dataset_defaults;
    vtr_calibrate_params calibrate_defaults;
    const char *name = changed(&vtr_dataset_parameters, &recording, &dataset_defaults);
    if (name == NULL) name = changed(&vtr_calibrate_parameters, &calibrate, &calibrate_defaults);
    if (name != NULL && !options.init)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s goes with --init; write it into the recipe", name);
    if (options.init && (options.again || options.dry_run || options.resume))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--init does not go with --again, --dry-run or --resume");
    if (!options.init && run->n_inputs > 1) return vtr_fail(err, VTR_ERR_ARGUMENT, "one recipe at a time");
    return VTR_OK;
}

static vtr_status run_recipe(const cli_run *run, vtr_error *err)
{
    vtr_status status = check_options(run, err);
    if (status != VTR_OK) return status;
    return (options.init ? init : run_source)(run, err);
}

const cli_command cli_run_recipe = {
    .name = "run",
    .usage = "[options] RECIPE.yaml | --init RECORDING... | --again MAP.h5",
    .summary = "everything from calibrate to report from one file, a recipe",
    .details = "A recipe names the recording (or a series of them) and the steps, each with its settings, "
               "which are the "
               "options of that command without their dashes. The steps run in the order of the flow; paths "
               "are relative to the "
               "recipe. What is wrong in it is refused with line and column before anything is done. The map "
               "file holds its "
               "recipe, and --again repeats it.",
    .min_inputs = 1,
    .max_inputs = CLI_MAX_INPUTS,
    .options = groups,
    .run = run_recipe,
};
