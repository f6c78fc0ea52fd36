/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_TERMINAL_H
#define VITRAIL_CLI_TERMINAL_H

#include "cli.h"

/* Sets run->progress: a bar on stderr (rate, time left) when stderr is a terminal and the work takes over a
 * second; warnings on stderr; `cancelled` once SIGINT or SIGTERM arrived. */
void cli_terminal_start(cli_run *run);
/* Ends the bar's line. */
void cli_terminal_end(void);

#endif
