/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_OPTIONS_H
#define VITRAIL_CLI_OPTIONS_H

#include "cli.h"

/* The options that every command has, as a table. */
extern const vtr_parameter_table cli_common_options;

/* Parses argv[1..] of a command: options of `groups` and the common ones (--name VALUE, --name=VALUE, -o VALUE for
 * --output, -k VALUE for one-letter names), everything else an input; "--" ends the options. */
vtr_status cli_parse(cli_run *run, const cli_group *groups, size_t n_groups, int argc, char **argv,
                     vtr_error *err);

/* The help of a command, as printed by --help. */
void cli_print_help(FILE *out, const cli_command *command);

#endif
