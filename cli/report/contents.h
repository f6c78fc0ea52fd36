/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_REPORT_CONTENTS_H
#define VITRAIL_CLI_REPORT_CONTENTS_H

/* What a map file holds, kept: a report shows all of it, what it has no words for too. */

#include "vitrail/mapfile.h"

/* As vtr_mapfile_item, with texts of its own. */
typedef struct cli_item {
    char *group, *name, *attribute;
    bool is_number, is_text;
    size_t rank, shape[8], n;
} cli_item;

typedef struct cli_contents {
    cli_item *items; /* in the file's order */
    size_t n, capacity;
    bool is_short_of_memory;
} cli_contents;

vtr_status cli_contents_read(cli_contents *contents, const vtr_mapfile *file, vtr_error *err);
void cli_contents_release(cli_contents *contents);

/* Whether item i is a group itself, a dataset itself, an attribute of the group or of one of its datasets. */
bool cli_item_is_group(const cli_item *item);
bool cli_item_is_dataset(const cli_item *item);
/* Whether `group` is `top` or lies below it. */
bool cli_is_within(const char *group, const char *top);

/* A text of the file, whatever its length; to be freed; NULL where it is no text. As vtr_mapfile_read_text. */
char *cli_read_text(const vtr_mapfile *file, const char *group, const char *name, const char *attribute);
/* The value in the "name = value" lines of the settings of a step; false where there is none or an empty one. */
bool cli_read_setting(const vtr_mapfile *file, const char *step, const char *name, char *value, size_t size);

#endif
