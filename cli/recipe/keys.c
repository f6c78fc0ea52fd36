/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "recipe.h"

/* Which key was meant by one that there is not. */

typedef struct nearest {
    const char *wanted, *found;
    size_t distance;
} nearest;

static void look_at(nearest *n, const char *key)
{
    const size_t distance = vtr_recipe_key_distance(n->wanted, key);
    if (distance >= n->distance) return;
    n->distance = distance;
    n->found = key;
}

static void look_at_table(nearest *n, const vtr_parameter_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        look_at(n, table->parameters[i].name);
}

static void look_at_step(nearest *n, const cli_flow *flow)
{
    cli_group groups[CLI_MAX_GROUPS];
    const size_t n_groups = flow->command->options(groups);
    for (size_t i = 0; i < n_groups; i++)
        look_at_table(n, groups[i].table);
    if (flow->rest != NULL) look_at(n, flow->rest);
    if (flow->several) look_at(n, "common");
}

static void look_at_recipe(nearest *n)
{
    static const char *const keys[] = {"recording", "recordings", "lock"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        look_at(n, keys[i]);
    for (size_t i = 0; i < cli_n_flow_steps; i++)
        look_at(n, cli_flow_steps[i].command->name);
}

/* The first step that has exactly this setting, and how many have it. */
static size_t owners_of(const char *key, const char **first)
{
    size_t n_owners = 0;
    for (size_t i = 0; i < cli_n_flow_steps; i++) {
        nearest n = {.wanted = key, .distance = 1};
        look_at_step(&n, &cli_flow_steps[i]);
        if (n.found != NULL && n_owners++ == 0) *first = cli_flow_steps[i].command->name;
    }
    return n_owners;
}

vtr_status cli_recipe_unknown_key(const cli_plan *plan, const cli_flow *flow, const vtr_recipe_node *node,
                                  vtr_error *err)
{
    const char *where = flow != NULL ? flow->command->name : "a recipe", *key = node->key;
    /* a third of the letters wrong is no slip of the hand any more */
    const size_t length = strlen(key);
    nearest n = {.wanted = key, .distance = (length > 5 ? length / 3 : 1) + 1};
    if (flow != NULL)
        look_at_step(&n, flow);
    else
        look_at_recipe(&n);
    if (n.found != NULL)
        return cli_plan_fail_key(plan, node, err, "unknown key '%.64s' of %s; did you mean '%s'?", key, where,
                                 n.found);
    if (vtr_parameters_find(&cli_common_options, key) != NULL)
        return cli_plan_fail_key(plan, node, err, "'%s' belongs on the command line: vitrail run --%s", key,
                                 key);
    const char *owner = NULL;
    const size_t n_owners = owners_of(key, &owner);
    if (owner != NULL)
        return cli_plan_fail_key(plan, node, err, "unknown key '%s' of %s; it is a setting of %s%s", key,
                                 where, owner, n_owners > 1 ? " and others" : "");
    if (flow == NULL && cli_find_command(key) != NULL)
        return cli_plan_fail_key(plan, node, err, "'%s' is no step of a recipe; see vitrail help run", key);
    return cli_plan_fail_key(plan, node, err, "unknown key '%.64s' of %s; see vitrail help %s", key, where,
                             flow != NULL ? where : "run");
}
