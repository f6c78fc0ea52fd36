/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_H
#define VITRAIL_CLI_H

/* To add a command: write cli/cmd_NAME.c with a cli_command, declare it in commands.h, add it to the sorted table
 * in commands.c and the file to CMakeLists.txt, and write docs/man/vitrail-NAME.md. What can be a step of a recipe has an
 * entry in recipe/flow.c. The command's file holds its option tables, one call into the library, one writer: no physics;
 * what it shows may have a folder of its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };
enum { CLI_MAX_INPUTS = 64 };

/* Options that every command has. */
typedef struct cli_common {
    bool help, quiet, verbose, json, force;
    int threads;
    const char *memory; /* NULL: the default */
} cli_common;

/* One table of options with the struct that it fills. */
typedef struct cli_group {
    const vtr_parameter_table *table;
    void *values;
} cli_group;

/* The recipe that a command is a step of, which the map file is to hold. */
typedef struct cli_recipe_note {
    const char *text;      /* of the whole recipe */
    const char *command;   /* "vitrail run scan.yaml" */
    const char *folder;    /* of the recipe, seen from the map file's */
    const char *recording; /* the name of the one of a series that the map file is made from */
} cli_recipe_note;

/* What a command gets: its inputs in order, its common options, and the progress to hand to the library. */
typedef struct cli_run {
    const char *command;
    cli_common common;
    size_t n_inputs;
    const char *inputs[CLI_MAX_INPUTS];
    /* bar on stderr when it is a terminal and not --quiet; warnings; SIGINT, SIGTERM */
    vtr_progress progress;
    const cli_recipe_note *recipe; /* NULL outside vitrail run */
    vtr_ranks *ranks;              /* NULL: one; only rank 0 prints, and writes files */
    int argc;
    char **argv;
} cli_run;

typedef struct cli_command {
    const char *name;
    const char *usage;   /* "[options] FILE" */
    const char *summary; /* one line, lower case, no full stop: "what a file holds" */
    const char *details; /* a paragraph or more for --help and the manual page; may be NULL */
    size_t min_inputs, max_inputs;
    /* Several ranks may run it (mpirun): a failure of one of them goes through vtr_ranks_agree. */
    bool takes_ranks;
    /* Fills groups (at most CLI_MAX_GROUPS) with the command's option tables and their (static) structs, sets the
     * defaults, returns how many. Called before `run`, and alone to print help. */
    size_t (*options)(cli_group *groups);
    /* Does the work: VTR_OK, or a failure with its sentence in err (main prints it and picks the exit status). */
    vtr_status (*run)(const cli_run *run, vtr_error *err);
} cli_command;
enum { CLI_MAX_GROUPS = 12 };

/* --- for commands ------------------------------------------------------------------------------------------- */

/* A wrong use found by the command itself (exit status 2): fill err with vtr_fail(err, VTR_ERR_ARGUMENT, ...) and
 * return it. VTR_ERR_ARGUMENT becomes exit status 2, every other failure 1, VTR_ERR_INTERRUPTED 130. */

/* Writes a JSON string with its quotes and escapes; and a number ("null" for NaN and infinities). */
void cli_json_string(FILE *out, const char *text);
void cli_json_number(FILE *out, double value);
/* Members of an object on stdout, "name": ..., and `end` after them (", " or "}"). */
void cli_json_member(const char *name, double value, const char *end);
void cli_json_array(const char *name, const double *values, size_t n, const char *end);
void cli_json_text(const char *name, const char *text, const char *end);

/* malloc, after whose failure no file gets its name: what shows a result leaves out what it has no memory for. */
void *cli_malloc(size_t n_bytes);

/* A field of a CSV file, in quotes where it holds a comma or a quote. */
void cli_csv_text(FILE *out, const char *text);

/* The options of the groups as "name = value" lines; to be freed with free(), NULL where memory is short. */
char *cli_settings_text(const cli_group *groups, size_t n_groups);

/* Adds to the map file how it was made: the command line as one would type it, the options of the groups as
 * "name = value" lines, and the input where it is not NULL. What begins a map file ("map") also adds the recipe. */
vtr_status cli_add_provenance(vtr_mapfile *file, const char *step, const cli_run *run,
                              const cli_group *groups, size_t n_groups, const char *input, vtr_error *err);

/* --- ranks: a command that several of them run --- */
bool cli_is_first(const cli_run *run);
/* A map file, at rank 0 to be edited, at the others to be read; a failure is everybody's. */
vtr_status cli_open_shared(vtr_mapfile **out, const char *path, const cli_run *run, vtr_error *err);
/* What each rank has sent and received, for --verbose. */
vtr_status cli_print_traffic(const cli_run *run, vtr_error *err);

/* A word, and a command line of vitrail, as one would type it; to be freed, NULL when memory is short. */
char *cli_shell_word(const char *word);
char *cli_command_line(int argc, char *const *argv);

#endif
