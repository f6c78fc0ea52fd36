/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <string.h>

/* One line a command here and one in the table below. */

/* One line each, so that two additions do not touch the same line. */
/* clang-format off */
const cli_command *const cli_commands[] = {
    &cli_bands,
    &cli_calibrate,
    &cli_completion,
    &cli_convert,
    &cli_figure,
    &cli_inclusions,
    &cli_info,
    &cli_magnetic,
    &cli_map,
    &cli_pdf,
    &cli_phases,
    &cli_profile,
    &cli_report,
    &cli_simulate,
    &cli_strain,
    &cli_view,
    NULL,
};
/* clang-format on */
const size_t cli_n_commands = sizeof cli_commands / sizeof *cli_commands - 1;

const cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        if (strcmp(cli_commands[i]->name, name) == 0) return cli_commands[i];
    return NULL;
}
