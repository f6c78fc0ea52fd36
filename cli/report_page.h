/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_PAGE_H
#define VITRAIL_CLI_REPORT_PAGE_H

/* The HTML of a report: one page that needs nothing from elsewhere. */

#include <stdio.h>

#include "cli.h"
#include "vitrail/figure.h"

/* Everything before the first section: head, style sheet, title. */
void cli_page_start(FILE *out, const char *title, const char *subtitle);
void cli_page_end(FILE *out);
/* Text with &, < and > escaped. */
void cli_page_text(FILE *out, const char *text);
/* A figure as a PNG within the page; `alt` is for those who cannot see it, `caption` HTML or NULL. */
vtr_status cli_page_figure(FILE *out, const vtr_figure_panel *panels, size_t n, const char *alt,
                           const char *caption, vtr_error *err);

#endif
