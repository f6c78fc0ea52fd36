/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_COMPARE_FIGURE_H
#define VITRAIL_CLI_COMPARE_FIGURE_H

#include <stdbool.h>

#include "vitrail/pdf_compare.h"

/* G of the regions in one panel, then the difference of each pair with its error, black where it is significant. */
vtr_status cli_compare_figure(const char *path, const vtr_pdf_compare *compare, bool force, vtr_error *err);

#endif
