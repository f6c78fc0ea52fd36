/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "recipe.h"

/* The texts of a plan: file names, words, messages. */

struct cli_text {
    struct cli_text *older;
    char text[];
};

char *cli_plan_text(cli_plan *plan, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    struct cli_text *made = n < 0 ? NULL : malloc(sizeof *made + (size_t)n + 1);
    if (made != NULL) {
        vsnprintf(made->text, (size_t)n + 1, format, again);
        made->older = plan->texts;
        plan->texts = made;
    }
    va_end(again);
    return made != NULL ? made->text : NULL;
}

void cli_plan_release(cli_plan *plan)
{
    while (plan->texts != NULL) {
        struct cli_text *newest = plan->texts;
        plan->texts = newest->older;
        free(newest);
    }
    free(plan->steps);
    *plan = (cli_plan){0};
}

static vtr_status fail(const cli_plan *plan, size_t line, size_t column, vtr_error *err, const char *format,
                       va_list arguments)
{
    char sentence[448];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    return vtr_fail(err, VTR_ERR_ARGUMENT, "%s:%zu:%zu: %s", plan->name, line, column, sentence);
}

vtr_status cli_plan_fail(const cli_plan *plan, const vtr_recipe_node *node, vtr_error *err,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* what is not in the recipe (--output, a default) has no place there */
    vtr_status status =
        fail(plan, node != NULL ? node->line : 1, node != NULL ? node->column : 1, err, format, arguments);
    va_end(arguments);
    return status;
}

vtr_status cli_plan_fail_key(const cli_plan *plan, const vtr_recipe_node *node, vtr_error *err,
                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vtr_status status = fail(plan, node->key_line, node->key_column, err, format, arguments);
    va_end(arguments);
    return status;
}

vtr_status cli_plan_expand(cli_plan *plan, const char **out, const char *text, const cli_recipe_input *input,
                           const vtr_recipe_node *node, vtr_error *err)
{
    static const char mark[] = "<name>";
    const char *made = text, *at;
    while ((at = strstr(made, mark)) != NULL) {
        if (input == NULL)
            return cli_plan_fail(plan, node, err,
                                 "<name> stands for one recording; this step is common to all");
        const size_t before = (size_t)(at - made);
        if (strlen(made) + strlen(input->name) > VTR_RECIPE_MAX_TEXT)
            return cli_plan_fail(plan, node, err, "too long with <name> written out");
        made = cli_plan_text(plan, "%.*s%s%s", (int)before, made, input->name, at + strlen(mark));
        if (made == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    }
    *out = made;
    return VTR_OK;
}

vtr_status cli_plan_place(cli_plan *plan, const char **out, const char *path, const cli_recipe_input *input,
                          vtr_error *err)
{
    *out = path;
    if (plan->output == NULL || path[0] == '/') return VTR_OK;
    const char *given = plan->output;
    vtr_status status = input == NULL ? VTR_OK : cli_plan_expand(plan, &given, given, input, NULL, err);
    if (status != VTR_OK) return status;
    const char *slash = strrchr(given, '/');
    if (slash == NULL) return VTR_OK;
    *out = cli_plan_text(plan, "%.*s/%s", (int)(slash - given), given, path);
    return *out != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
}

vtr_status cli_step_add(cli_step *step, const char *word, vtr_error *err)
{
    if (word == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    /* one place stays for the NULL at the end */
    if (step->argc + 1 >= CLI_STEP_WORDS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d words for one step of a recipe",
                        CLI_STEP_WORDS - 1);
    step->argv[step->argc++] = (char *)(uintptr_t)word;
    return VTR_OK;
}

void cli_relative_path(char *out, size_t size, const char *from, const char *to)
{
    size_t same = 0;
    for (size_t i = 0; from[i] == to[i]; i++) {
        if (from[i] == '/' || from[i] == '\0') same = i;
        if (from[i] == '\0') break;
    }
    /* one may end where the other goes on with a slash */
    const size_t n = strlen(from), m = strlen(to), shorter = n < m ? n : m;
    if (strncmp(from, to, shorter) == 0 && (from[shorter] == '/' || to[shorter] == '/')) same = shorter;
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = same; i < n; i++)
        if (from[i] == '/' && from[i + 1] != '\0' && length + 4 < size) {
            memcpy(out + length, "../", 4);
            length += 3;
        }
    const char *rest = to + same + (to[same] == '/');
    snprintf(out + length, size - length, "%s", *rest != '\0' ? rest : length > 0 ? "" : ".");
    length = strlen(out);
    if (length > 1 && out[length - 1] == '/') out[length - 1] = '\0';
}
