/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_MARKUP_H
#define VITRAIL_CLI_MARKUP_H

/* Texts of a file as markup: of figures (Pango) and of pages (HTML) alike. */

#include <stddef.h>

/* The next character of *text as markup, which moves on behind it: & < > " as entities; bytes that are no UTF-8 and
 * what no page may hold (control characters but tab and line end, noncharacters) as U+FFFD. At most 6 bytes and a NUL. */
void cli_markup_character(char out[8], const char **text);
/* As much of the text as fits in whole characters. */
void cli_markup_escape(char *out, size_t size, const char *text);

#endif
