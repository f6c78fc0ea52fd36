/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static char *copy_of(const char *text, bool *is_short_of_memory)
{
    char *copy = text != NULL ? cli_malloc(strlen(text) + 1) : NULL;
    if (copy != NULL)
        strcpy(copy, text);
    else if (text != NULL)
        *is_short_of_memory = true;
    return copy;
}

static void keep(void *user, const vtr_mapfile_item *item)
{
    cli_contents *c = user;
    if (c->n == c->capacity) {
        size_t capacity = c->capacity > 0 ? 2 * c->capacity : 256;
        cli_item *larger = realloc(c->items, capacity * sizeof *larger);
        if (larger == NULL) {
            c->is_short_of_memory = true;
            return;
        }
        c->items = larger;
        c->capacity = capacity;
    }
    cli_item *kept = &c->items[c->n++];
    *kept =
        (cli_item){.is_number = item->is_number, .is_text = item->is_text, .rank = item->rank, .n = item->n};
    memcpy(kept->shape, item->shape, sizeof kept->shape);
    kept->group = copy_of(item->group, &c->is_short_of_memory);
    kept->name = copy_of(item->name, &c->is_short_of_memory);
    kept->attribute = copy_of(item->attribute, &c->is_short_of_memory);
}

vtr_status cli_contents_read(cli_contents *contents, const vtr_mapfile *file, vtr_error *err)
{
    cli_contents made = {0};
    vtr_status status = vtr_mapfile_contents(file, keep, &made, err);
    if (status == VTR_OK && made.is_short_of_memory)
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the names of a map file");
    if (status == VTR_OK)
        *contents = made;
    else
        cli_contents_release(&made);
    return status;
}

void cli_contents_release(cli_contents *contents)
{
    for (size_t i = 0; i < contents->n; i++) {
        free(contents->items[i].group);
        free(contents->items[i].name);
        free(contents->items[i].attribute);
    }
    free(contents->items);
    *contents = (cli_contents){0};
}

bool cli_item_is_group(const cli_item *item)
{
    return item->name == NULL && item->attribute == NULL;
}

bool cli_item_is_dataset(const cli_item *item)
{
    return item->name != NULL && item->attribute == NULL;
}

bool cli_is_within(const char *group, const char *top)
{
    size_t n = strlen(top);
    return strncmp(group, top, n) == 0 && (group[n] == '\0' || group[n] == '/');
}

char *cli_read_text(const vtr_mapfile *file, const char *group, const char *name, const char *attribute)
{
    for (size_t size = 1 << 10; size <= (size_t)1 << 22; size *= 4) {
        char *text = cli_malloc(size);
        vtr_status status = text == NULL
                                ? VTR_ERR_MEMORY
                                : vtr_mapfile_read_text(file, group, name, attribute, text, size, NULL);
        if (status == VTR_OK) return text;
        free(text);
        if (status != VTR_ERR_SHAPE) return NULL;
    }
    return NULL;
}

bool cli_read_setting(const vtr_mapfile *file, const char *step, const char *name, char *value, size_t size)
{
    char group[128];
    snprintf(group, sizeof group, "process/%.100s", step);
    value[0] = '\0';
    char *text =
        vtr_mapfile_has(file, group, "parameters") ? cli_read_text(file, group, "parameters", NULL) : NULL;
    for (const char *line = text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n"), n = strlen(name);
        if (length > n + 3 && strncmp(line, name, n) == 0 && strncmp(line + n, " = ", 3) == 0) {
            snprintf(value, size, "%.*s", (int)(length - n - 3), line + n + 3);
            break;
        }
        line += length + (line[length] == '\n');
    }
    free(text);
    return value[0] != '\0';
}
