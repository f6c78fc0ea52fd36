/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_PHASES_PRINT_H
#define VITRAIL_CLI_PHASES_PRINT_H

#include "cli.h"
#include "vitrail/phases.h"

/* What vitrail phases prints. */
void cli_phases_print(const vtr_phases *phases);
void cli_phases_print_json(const vtr_phases *phases);

#endif
