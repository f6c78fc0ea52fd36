/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_WORDS_H
#define VITRAIL_CLI_REPORT_WORDS_H

/* What people call the groups and attributes of a map file. */

#include <stdbool.h>
#include <stddef.h>

typedef struct cli_words {
    char label[160], unit[32]; /* HTML, escaped */
    double factor;             /* what is shown is factor * value */
    bool is_boolean;           /* 1 and 0 are yes and no */
    bool is_box;               /* of first row, end of the rows, first column, end of the columns */
} cli_words;

/* Of an attribute; one that has no words of its own is called by its name, its unit told by its ending. */
void cli_words_of(cli_words *out, const char *group, const char *attribute);
/* Place of an attribute among those of its group, as people expect them; those without words come last. */
size_t cli_place_of(const char *group, const char *attribute);
/* Whether a column of numbers holds fractions, which are shown in per cent. */
bool cli_is_fraction(const char *group, const char *name);
/* Title of a group's section (HTML, escaped) and a sentence on what is in it, "" where nothing is known. */
void cli_words_of_group(char title[160], const char **sentence, const char *group);
/* Place of a section: what was found first, then what it rests on. */
size_t cli_place_of_group(const char *group);
/* What serves programs only: classes, signals, axes. */
bool cli_is_nexus(const char *attribute);

#endif
