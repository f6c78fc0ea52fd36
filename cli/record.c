/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Text that grows; `failed` once memory was short. */
typedef struct growing {
    char *text;
    size_t length, capacity;
    bool failed;
} growing;

static void add(growing *g, const char *text, size_t n)
{
    if (!g->failed && g->length + n + 1 > g->capacity) {
        size_t capacity = 2 * (g->length + n + 1);
        char *larger = realloc(g->text, capacity);
        g->failed = larger == NULL;
        if (larger != NULL) {
            g->text = larger;
            g->capacity = capacity;
        }
    }
    if (g->failed) return;
    memcpy(g->text + g->length, text, n);
    g->length += n;
    g->text[g->length] = '\0';
}

static void add_text(growing *g, const char *text)
{
    add(g, text, strlen(text));
}

static char *finish(growing *g)
{
    add(g, "", 0);
    if (!g->failed) return g->text;
    free(g->text);
    return NULL;
}

/* A word of the shell: in single quotes where it holds anything that the shell would read. */
static void add_word(growing *g, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        add_text(g, word);
        return;
    }
    add_text(g, "'");
    for (const char *c = word; *c != '\0'; c++)
        if (*c == '\'')
            add_text(g, "'\\''");
        else
            add(g, c, 1);
    add_text(g, "'");
}

char *cli_shell_word(const char *word)
{
    growing g = {0};
    add_word(&g, word);
    return finish(&g);
}

char *cli_command_line(int argc, char *const *argv)
{
    growing g = {0};
    add_text(&g, "vitrail");
    for (int i = 0; i < argc; i++) {
        add_text(&g, " ");
        add_word(&g, argv[i]);
    }
    return finish(&g);
}

char *cli_settings_text(const cli_group *groups, size_t n_groups)
{
    growing g = {0};
    for (size_t i = 0; i < n_groups; i++)
        for (size_t k = 0; k < groups[i].table->n; k++) {
            const vtr_parameter *p = &groups[i].table->parameters[k];
            char value[4096];
            vtr_parameters_format(p, groups[i].values, value, sizeof value);
            add_text(&g, p->name);
            add_text(&g, " = ");
            add_text(&g, value);
            add_text(&g, "\n");
        }
    return finish(&g);
}

/* The settings of a run are its recipe. */
static vtr_status add_recipe(vtr_mapfile *file, const cli_recipe_note *recipe, vtr_error *err)
{
    vtr_status status = vtr_mapfile_provenance(file, "run", recipe->command, recipe->text, NULL, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, "process/run", NULL, "folder", recipe->folder, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, "process/run", NULL, "recording", recipe->recording, err);
    return status;
}

vtr_status cli_add_provenance(vtr_mapfile *file, const char *step, const cli_run *run,
                              const cli_group *groups, size_t n_groups, const char *input, vtr_error *err)
{
    char *command = cli_command_line(run->argc, run->argv), *settings = cli_settings_text(groups, n_groups);
    vtr_status status = command == NULL || settings == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the provenance")
                            : vtr_mapfile_provenance(file, step, command, settings, input, err);
    free(command);
    free(settings);
    if (status == VTR_OK && run->recipe != NULL && strcmp(step, "map") == 0)
        status = add_recipe(file, run->recipe, err);
    return status;
}
