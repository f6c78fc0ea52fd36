/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/recipe.h"

#include <stdlib.h>

#include "fuzz.h"

/* Walks the tree: every node has its place, and there are no more of them than promised. */
static size_t count(const vtr_recipe_node *node, size_t depth)
{
    if (node->line == 0 || node->column == 0 || depth > VTR_RECIPE_MAX_DEPTH + 1) abort();
    size_t n = 1;
    if (node->kind == VTR_RECIPE_LIST || node->kind == VTR_RECIPE_MAP)
        for (const vtr_recipe_node *member = node->first; member != NULL; member = member->next)
            n += count(member, depth + 1);
    return n;
}

int fuzz_one(const uint8_t *data, size_t size)
{
    vtr_error err = {0};
    vtr_recipe *recipe = NULL;
    vtr_status status = vtr_recipe_parse(&recipe, "recipe", (const char *)data, size, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK && count(vtr_recipe_root(recipe), 0) > VTR_RECIPE_MAX_NODES) abort();
    vtr_recipe_free(recipe);
    return 0;
}
