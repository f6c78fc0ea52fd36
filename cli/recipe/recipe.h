/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_RECIPE_H
#define VITRAIL_CLI_RECIPE_H

/* vitrail run: recipe -> plan (a list of commands with their words) -> the commands, one after the other.
 *
 * A recipe's text is read by vtr_recipe_parse. What its keys may be stands in two places only: the table of
 * flow.c says which commands are steps, in which order; their own option tables say which settings they have. */

#include "cli/cli.h"
#include "vitrail/recipe.h"

/* --- the flow ------------------------------------------------------------------------------------------------- */

enum { CLI_FLOW_OUTPUTS = 3, CLI_FLOW_NEEDS = 2, CLI_FLOW_HIDDEN = 6 };

/* A command that can be a step. */
typedef struct cli_flow {
    const cli_command *command;
    bool on_recording;  /* its input is the recording; else the map file */
    bool once;          /* stands in a recipe once; else a list of steps is one after the other */
    bool several;       /* takes the map files of a whole series at once (common: yes) */
    bool leaves_record; /* in /entry/process of its output or of the map file */
    const char *rest;   /* key of the words that follow the input ("quantity"); NULL: none */
    const char *output; /* default of `output`; NULL: none */
    const char *after;  /* a step that it cannot do without; NULL: none */
    const char *needs[CLI_FLOW_NEEDS];     /* settings that it cannot do without; one of "line|band" */
    const char *outputs[CLI_FLOW_OUTPUTS]; /* options that name a file to write */
    const char *hidden[CLI_FLOW_HIDDEN];   /* titles of option tables that are not for map files */
} cli_flow;

/* In the order in which they are done. */
extern const cli_flow cli_flow_steps[];
extern const size_t cli_n_flow_steps;
const cli_flow *cli_flow_find(const char *name);
bool cli_flow_is_output(const cli_flow *flow, const char *option);

/* --- the plan --------------------------------------------------------------------------------------------------- */

enum { CLI_STEP_WORDS = 256, CLI_STEP_OUTPUTS = CLI_FLOW_OUTPUTS };

typedef struct cli_step {
    const cli_flow *flow;
    size_t line, column;   /* of its key; 0: not in the recipe, done all the same */
    const char *recording; /* name of the one that it is done for; NULL: for all */
    const char *map_file;  /* that it makes or reads; NULL: none, or several */
    int argc;
    char *argv[CLI_STEP_WORDS];
    size_t n_outputs;
    const char *outputs[CLI_STEP_OUTPUTS];
} cli_step;

/* One of the recordings of a recipe. */
typedef struct cli_recipe_input {
    const char *file, *name; /* the name stands for <name> */
    const char *map_file;
    const vtr_recipe_node *settings; /* a map with options of the recording; NULL: none */
    const vtr_recipe_node *node;
} cli_recipe_input;

typedef struct cli_plan {
    const char *name; /* of the recipe, for messages */
    const char
        *output; /* map file in place of the recipe's, everything else beside it; NULL: as the recipe says */
    const char *only; /* name of the one recording that it is made for; NULL: for all */
    size_t n_inputs;
    cli_recipe_input inputs[CLI_MAX_INPUTS];
    bool is_series;
    const cli_recipe_input *lock; /* its calibration serves for all; NULL: each has its own */
    size_t n_steps, capacity;
    cli_step *steps;
    struct cli_text *texts;
} cli_plan;

/* Fills the plan, whose name, output and only are set, from the recipe, which has to live as long. Every setting is
 * checked against its option's table. On failure too, cli_plan_release has to be called. */
vtr_status cli_plan_make(cli_plan *plan, const vtr_recipe *recipe, vtr_error *err);
void cli_plan_release(cli_plan *plan);

/* --- what the files of the plan share ---------------------------------------------------------------------------- */

/* recording, recordings and lock; the map files are named later. */
vtr_status cli_plan_read_inputs(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err);
/* By name or by file; NULL where there is none. */
const cli_recipe_input *cli_plan_find_input(const cli_plan *plan, const char *name);

/* "NAME:LINE:COLUMN: sentence", with VTR_ERR_ARGUMENT: of the value, and of the key. */
vtr_status cli_plan_fail(const cli_plan *plan, const vtr_recipe_node *node, vtr_error *err,
                         const char *format, ...) VTR_PRINTF_LIKE(4, 5);
vtr_status cli_plan_fail_key(const cli_plan *plan, const vtr_recipe_node *node, vtr_error *err,
                             const char *format, ...) VTR_PRINTF_LIKE(4, 5);

/* Text that lives as long as the plan; NULL when memory is short. */
char *cli_plan_text(cli_plan *plan, const char *format, ...) VTR_PRINTF_LIKE(2, 3);

/* The text with every <name> replaced; the plan's. */
vtr_status cli_plan_expand(cli_plan *plan, const char **out, const char *text, const cli_recipe_input *input,
                           const vtr_recipe_node *node, vtr_error *err);
/* Where an output goes: the recipe's path, or with --output beside that file. */
vtr_status cli_plan_place(cli_plan *plan, const char **out, const char *path, const cli_recipe_input *input,
                          vtr_error *err);

/* The way from one absolute folder to another: "." "maps" "../recipes". */
void cli_relative_path(char *out, size_t size, const char *from, const char *to);

vtr_status cli_step_add(cli_step *step, const char *word, vtr_error *err);

/* Adds the words of one setting to the step: checks the node's kind and each text with the parameter's own table. */
vtr_status cli_recipe_option(cli_plan *plan, cli_step *step, const cli_recipe_input *input,
                             const vtr_parameter *parameter, void *values, const vtr_recipe_node *node,
                             vtr_error *err);

/* A key that a step does not have, or that a recipe does not have (flow NULL): says which was meant. */
vtr_status cli_recipe_unknown_key(const cli_plan *plan, const cli_flow *flow, const vtr_recipe_node *node,
                                  vtr_error *err);

/* --- doing it ------------------------------------------------------------------------------------------------------ */

typedef struct cli_plan_run {
    const cli_run *run;  /* common options, progress */
    const char *text;    /* the recipe's */
    const char *command; /* that the map file is to remember */
    const char *folder;  /* of the recipe, absolute; it is the working folder */
    bool is_resumed, is_dry;
    bool is_elsewhere; /* the working folder was another one */
} cli_plan_run;

/* Refuses, before anything is done: outputs that exist (unless --force or --resume), two that are one, and one that
 * is a recording; recordings that cannot be read. */
vtr_status cli_plan_check(const cli_plan *plan, const cli_plan_run *how, vtr_error *err);
vtr_status cli_plan_run_steps(const cli_plan *plan, const cli_plan_run *how, vtr_error *err);
/* What would be done, as command lines. */
vtr_status cli_plan_print(const cli_plan *plan, const cli_plan_run *how, vtr_error *err);

/* When a step was done: the date as the file has it, and its place among the steps of that file. */
typedef struct cli_step_record {
    char date[32];
    double index;
} cli_step_record;

/* Is the step's result there, made by the same command line and version? `record` may be NULL. */
bool cli_step_is_done(const cli_step *step, cli_step_record *record);

/* --- a recipe for a recording ---------------------------------------------------------------------------------------- */

typedef struct cli_recipe_draft {
    size_t n_files;
    const char *files[CLI_MAX_INPUTS]; /* seen from the recipe's folder */
    cli_group recording, calibrate;    /* what was said to open and to calibrate the first one */
    const struct vtr_dataset_info *info;
    const struct vtr_calibration *calibration;
} cli_recipe_draft;

/* A recipe for these recordings, with what was found and every other setting at its default as a comment. */
void cli_recipe_write(FILE *out, const cli_recipe_draft *draft);

#endif
