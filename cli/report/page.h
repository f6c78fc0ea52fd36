/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_PAGE_H
#define VITRAIL_CLI_REPORT_PAGE_H

/* The HTML of a report: one page that needs nothing from elsewhere. */

#include <stdio.h>

#include "cli/cli.h"
#include "vitrail/figure.h"

extern const char cli_page_style[];

/* Everything before the first section: head, style sheet, title. */
void cli_page_start(FILE *out, const char *title, const char *subtitle);
void cli_page_end(FILE *out);
/* A text as it stands, whatever it holds. */
void cli_page_text(FILE *out, const char *text);
/* Markup without its tags, for places that take none. */
void cli_page_plain(FILE *out, const char *markup);

/* Where a shown value is from, written beside it as data-... attributes, so that it can be compared with the file:
 * a dataset or an attribute below /entry, one of its values, or what was taken of all. */
typedef struct cli_source {
    const char *group, *name, *attribute; /* NULL: none */
    const char *take;                     /* "median", "bit3", ...; NULL: the value itself */
    size_t index;                         /* of the value, C order */
    double factor;                        /* what is shown is factor * value; 0 counts as 1 */
} cli_source;

/* The start tag of an element that shows a value of the file. */
void cli_page_open(FILE *out, const char *tag, const char *class_name, const cli_source *source);
/* A number with four digits, whole numbers in full, a true minus sign and powers of ten; an n-dash for none. */
void cli_page_number(FILE *out, double value);
/* An element that holds a number: of four digits, or with so many decimals where `decimals` is not negative. */
void cli_page_value(FILE *out, const char *tag, double value, int decimals, const cli_source *source);
/* Decimals that give the larger of two numbers three digits. */
int cli_page_decimals(double a, double b);

/* A figure as a PNG within the page; `alt` (HTML) is for those who cannot see it, `caption` HTML or NULL. */
vtr_status cli_page_figure(FILE *out, const vtr_figure_panel *panels, size_t n, double dpi, const char *alt,
                           const char *caption, vtr_error *err);

#endif
