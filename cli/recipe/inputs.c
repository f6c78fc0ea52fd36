/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "recipe.h"
#include "vitrail/dataset.h"

/* The recordings of a recipe. */

/* The file's name without its folder and its last ending. */
static const char *stem_of(cli_plan *plan, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    return cli_plan_text(plan, "%.*s", (int)length, base);
}

static vtr_status check_recording_keys(const cli_plan *plan, const vtr_recipe_node *map, vtr_error *err)
{
    static const char *const own[] = {"file", "name"};
    for (const vtr_recipe_node *m = map->first; m != NULL; m = m->next) {
        if (vtr_parameters_find(&vtr_dataset_parameters, m->key) != NULL) continue;
        const bool is_own = strcmp(m->key, own[0]) == 0 || strcmp(m->key, own[1]) == 0;
        if (is_own && m->kind != VTR_RECIPE_TEXT)
            return cli_plan_fail(plan, m, err, "%s: text is wanted", m->key);
        if (is_own) continue;
        const char *nearest = NULL;
        size_t distance = 3;
        for (size_t i = 0; i < vtr_dataset_parameters.n + 2; i++) {
            const char *key = i < 2 ? own[i] : vtr_dataset_parameters.parameters[i - 2].name;
            const size_t there = vtr_recipe_key_distance(m->key, key);
            if (there < distance) {
                distance = there;
                nearest = key;
            }
        }
        if (nearest != NULL)
            return cli_plan_fail_key(plan, m, err, "unknown key '%.64s' of a recording; did you mean '%s'?",
                                     m->key, nearest);
        return cli_plan_fail_key(
            plan, m, err,
            "unknown key '%.64s' of a recording; it has file, name and the options of vitrail info", m->key);
    }
    return VTR_OK;
}

static vtr_status add_recording(cli_plan *plan, const vtr_recipe_node *node, vtr_error *err)
{
    if (plan->n_inputs == CLI_MAX_INPUTS)
        return cli_plan_fail(plan, node, err, "more than %d recordings", CLI_MAX_INPUTS);
    cli_recipe_input input = {.node = node};
    const vtr_recipe_node *file = node, *name = NULL;
    if (node->kind == VTR_RECIPE_MAP) {
        vtr_status status = check_recording_keys(plan, node, err);
        if (status != VTR_OK) return status;
        input.settings = node;
        file = vtr_recipe_find(node, "file");
        name = vtr_recipe_find(node, "name");
        if (file == NULL)
            return cli_plan_fail(plan, node, err, "a recording without a file: 'file: scan.h5'");
    }
    if (file->kind != VTR_RECIPE_TEXT || file->text[0] == '\0')
        return cli_plan_fail(plan, file, err, "the file of a recording is wanted");
    input.file = file->text;
    input.name = name != NULL ? name->text : stem_of(plan, file->text);
    if (input.name == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (strcmp(plan->inputs[i].name, input.name) == 0)
            return cli_plan_fail(
                plan, node, err,
                "two recordings are called '%s'; give this one a name: {file: %s, name: ...}", input.name,
                input.file);
    plan->inputs[plan->n_inputs++] = input;
    return VTR_OK;
}

static vtr_status read_recordings(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    const vtr_recipe_node *one = vtr_recipe_find(root, "recording"),
                          *list = vtr_recipe_find(root, "recordings");
    if (one == NULL && list == NULL)
        return cli_plan_fail(plan, root, err, "no recording; a recipe begins with 'recording: FILE'");
    if (one != NULL && list != NULL)
        return cli_plan_fail_key(plan, list, err, "recording and recordings; give one of them");
    if (one != NULL) return add_recording(plan, one, err);
    if (list->kind != VTR_RECIPE_LIST || list->first == NULL)
        return cli_plan_fail(plan, list, err, "recordings: a list of files is wanted");
    plan->is_series = true;
    vtr_status status = VTR_OK;
    for (const vtr_recipe_node *m = list->first; m != NULL && status == VTR_OK; m = m->next)
        status = add_recording(plan, m, err);
    return status;
}

const cli_recipe_input *cli_plan_find_input(const cli_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (strcmp(plan->inputs[i].name, name) == 0 || strcmp(plan->inputs[i].file, name) == 0)
            return &plan->inputs[i];
    return NULL;
}

/* Whose calibration serves for the whole series: the first one's unless another is named, or 'no'. */
static vtr_status read_lock(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    const vtr_recipe_node *lock = vtr_recipe_find(root, "lock");
    if (lock == NULL) {
        plan->lock = plan->is_series ? &plan->inputs[0] : NULL;
        return VTR_OK;
    }
    if (!plan->is_series) return cli_plan_fail_key(plan, lock, err, "lock is for a series (recordings)");
    if (lock->kind != VTR_RECIPE_TEXT)
        return cli_plan_fail(plan, lock, err, "lock: one of the recordings is wanted, or no");
    plan->lock = cli_plan_find_input(plan, lock->text);
    const bool is_no = lock->is_plain && vtr_recipe_key_distance(lock->text, "no") == 0;
    if (plan->lock == NULL && !is_no)
        return cli_plan_fail(plan, lock, err, "lock: '%s' is none of the recordings", lock->text);
    return VTR_OK;
}

vtr_status cli_plan_read_inputs(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    vtr_status status = read_recordings(plan, root, err);
    return status == VTR_OK ? read_lock(plan, root, err) : status;
}
