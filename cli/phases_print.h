/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_PHASES_PRINT_H
#define VITRAIL_CLI_PHASES_PRINT_H

#include "cli.h"
#include "vitrail/phases.h"

/* What vitrail phases prints; `comparison` with the specimen of the map file `other`, or NULL. */
void cli_phases_print(const vtr_phases *phases);
void cli_phases_print_comparison(const vtr_unmix_comparison *comparison, const vtr_phases *a,
                                 const vtr_phases *b, const char *other);
void cli_phases_print_json(const vtr_phases *phases, const vtr_unmix_comparison *comparison);

#endif
