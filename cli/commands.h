/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_COMMANDS_H
#define VITRAIL_CLI_COMMANDS_H

#include "cli.h"

/* The commands, sorted by name; `n` of them. */
extern const cli_command *const cli_commands[];
extern const size_t cli_n_commands;
const cli_command *cli_find_command(const char *name);

/* How a command is run by another one. */
typedef struct cli_call {
    cli_common common;             /* options before those in argv */
    const cli_recipe_note *recipe; /* NULL: none */
    /* with --resume, where the command has it; it is not remembered, since the result is the same */
    bool resumes;
    vtr_ranks *ranks;
} cli_call;

/* Runs a command with argv[1..] as its options and inputs; `call` may be NULL. */
vtr_status cli_execute(const cli_command *command, const cli_call *call, int argc, char **argv,
                       vtr_error *err);

/* One line a command. */
extern const cli_command cli_bands;
extern const cli_command cli_calibrate;
extern const cli_command cli_compare;
extern const cli_command cli_completion;
extern const cli_command cli_convert;
extern const cli_command cli_energy;
extern const cli_command cli_export;
extern const cli_command cli_figure;
extern const cli_command cli_fluctuation;
extern const cli_command cli_inclusions;
extern const cli_command cli_info;
extern const cli_command cli_magnetic;
extern const cli_command cli_map;
extern const cli_command cli_pdf;
extern const cli_command cli_phases;
extern const cli_command cli_plan_recording;
extern const cli_command cli_profile;
extern const cli_command cli_report;
extern const cli_command cli_run_recipe;
extern const cli_command cli_scratch;
extern const cli_command cli_series;
extern const cli_command cli_simulate;
extern const cli_command cli_strain;
extern const cli_command cli_structure;
extern const cli_command cli_thickness;
extern const cli_command cli_view;
extern const cli_command cli_vortices;

#endif
