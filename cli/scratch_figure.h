/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_SCRATCH_FIGURE_H
#define VITRAIL_CLI_SCRATCH_FIGURE_H

#include "vitrail/scratch.h"

/* Draws the curves of every material with their regions, and the three slopes with error bars. */
vtr_status cli_scratch_draw(const char *path, const vtr_scratch_tests *s, bool force, vtr_error *err);

#endif
