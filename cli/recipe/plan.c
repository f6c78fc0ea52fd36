/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "recipe.h"
#include "vitrail/calibration.h"

/* From the recipe's tree to the list of commands. */

/* What a step is made from. */
typedef struct making {
    cli_plan *plan;
    const cli_flow *flow;
    const cli_recipe_input *input; /* NULL: common to all */
    const vtr_recipe_node *node;   /* its settings; NULL or empty: none */
    const char *calibration;       /* for map: the file that a step before it writes; NULL: none */
    cli_group groups[CLI_MAX_GROUPS];
    size_t n_groups;
} making;

/* --- a step ---------------------------------------------------------------------------------------------------------- */

static const vtr_recipe_node *setting_of(const making *m, const char *key)
{
    return m->node != NULL ? vtr_recipe_find(m->node, key) : NULL;
}

static const vtr_parameter *find_option(const making *m, const char *name, void **values)
{
    for (size_t i = 0; i < m->n_groups; i++) {
        const vtr_parameter *p = vtr_parameters_find(m->groups[i].table, name);
        if (p == NULL) continue;
        *values = m->groups[i].values;
        return p;
    }
    return NULL;
}

static bool is_common(const vtr_recipe_node *node)
{
    const vtr_recipe_node *common = vtr_recipe_find(node, "common");
    return common != NULL && common->kind == VTR_RECIPE_TEXT &&
           vtr_recipe_key_distance(common->text, "yes") == 0;
}

static vtr_status check_common(const making *m, vtr_error *err)
{
    const vtr_recipe_node *common = setting_of(m, "common");
    if (common == NULL) return VTR_OK;
    const bool is_no = common->kind == VTR_RECIPE_TEXT && vtr_recipe_key_distance(common->text, "no") == 0;
    if (!is_common(m->node) && !is_no)
        return cli_plan_fail(m->plan, common, err, "common: yes or no is wanted");
    if (!m->plan->is_series)
        return cli_plan_fail_key(m->plan, common, err, "common is for a series (recordings)");
    return VTR_OK;
}

/* Words such as the quantities of a figure: text, or a list of them. */
static vtr_status add_rest(const making *m, cli_step *step, vtr_error *err)
{
    const vtr_recipe_node *rest = m->flow->rest != NULL ? setting_of(m, m->flow->rest) : NULL;
    if (rest == NULL) return VTR_OK;
    const char *text = rest->kind == VTR_RECIPE_TEXT ? rest->text : "";
    for (const vtr_recipe_node *n = rest->kind == VTR_RECIPE_LIST ? rest->first : NULL; n != NULL;
         n = n->next) {
        if (n->kind != VTR_RECIPE_TEXT)
            return cli_plan_fail(m->plan, n, err, "%s: text is wanted", m->flow->rest);
        text = cli_plan_text(m->plan, "%s%s%s", text, n == rest->first ? "" : ",", n->text);
        if (text == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    }
    if (text[0] == '\0')
        return cli_plan_fail(m->plan, rest, err, "%s: text, or a list of it, is wanted", m->flow->rest);
    if (text[0] == '-')
        return cli_plan_fail(m->plan, rest, err, "%s: '%s' begins with a dash", m->flow->rest, text);
    return cli_step_add(step, text, err);
}

static bool reads_recording(const making *m)
{
    return m->flow->on_recording || (m->flow->rest != NULL && setting_of(m, m->flow->rest) == NULL);
}

/* A file as a word of a command line: not an option, whatever its name. */
static const char *as_input(cli_plan *plan, const char *file)
{
    return file[0] == '-' ? cli_plan_text(plan, "./%s", file) : file;
}

static vtr_status add_inputs(const making *m, cli_step *step, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (m->input != NULL)
        return cli_step_add(step, as_input(m->plan, reads_recording(m) ? m->input->file : m->input->map_file),
                            err);
    for (size_t i = 0; i < m->plan->n_inputs && status == VTR_OK; i++)
        status = cli_step_add(step, as_input(m->plan, m->plan->inputs[i].map_file), err);
    return status;
}

static vtr_status add_output(const making *m, cli_step *step, const char *path, vtr_error *err)
{
    step->outputs[step->n_outputs++] = path;
    return cli_step_add(step, cli_plan_text(m->plan, "--output=%s", path), err);
}

/* The settings of the step itself. */
static vtr_status add_settings(making *m, cli_step *step, vtr_error *err)
{
    const bool is_map = strcmp(m->flow->command->name, "map") == 0;
    for (const vtr_recipe_node *n = m->node != NULL ? m->node->first : NULL; n != NULL; n = n->next) {
        if (m->flow->rest != NULL && strcmp(n->key, m->flow->rest) == 0) continue;
        if (m->flow->several && strcmp(n->key, "common") == 0) continue;
        void *values = NULL;
        const vtr_parameter *p = find_option(m, n->key, &values);
        if (p == NULL) return cli_recipe_unknown_key(m->plan, m->flow, n, err);
        const bool is_of_calibration = vtr_parameters_find(&vtr_calibrate_parameters, n->key) != NULL ||
                                       strcmp(n->key, "calibration") == 0;
        if (is_map && m->calibration != NULL && is_of_calibration)
            return cli_plan_fail_key(m->plan, n, err,
                                     "%s: the map takes its calibration from the step calibrate%s", n->key,
                                     strcmp(n->key, "calibration") != 0 ? "; give it there" : "");
        if (is_map && strcmp(n->key, "output") == 0) continue; /* known already */
        vtr_status status = cli_recipe_option(m->plan, step, m->input, p, values, n, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

/* What the recipe says of the recording, for what opens it. */
static vtr_status add_recording_settings(making *m, cli_step *step, vtr_error *err)
{
    if (m->input == NULL || m->input->settings == NULL || !reads_recording(m)) return VTR_OK;
    for (const vtr_recipe_node *n = m->input->settings->first; n != NULL; n = n->next) {
        void *values = NULL;
        const vtr_parameter *p = find_option(m, n->key, &values);
        if (p == NULL || setting_of(m, n->key) != NULL || strcmp(n->key, "name") == 0) continue;
        vtr_status status = cli_recipe_option(m->plan, step, m->input, p, values, n, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

static vtr_status add_outputs(making *m, cli_step *step, vtr_error *err)
{
    if (strcmp(m->flow->command->name, "map") == 0) return add_output(m, step, m->input->map_file, err);
    if (setting_of(m, "output") != NULL || m->flow->output == NULL) return VTR_OK;
    const char *path = m->flow->output;
    if (m->input == NULL) path = strstr(path, "<name>") + strlen("<name>"); /* ".html" */
    if (m->input == NULL) path = cli_plan_text(m->plan, "%s%s", m->flow->command->name, path);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    vtr_status status = cli_plan_expand(m->plan, &path, path, m->input, m->node, err);
    if (status == VTR_OK) status = cli_plan_place(m->plan, &path, path, m->input, err);
    return status == VTR_OK ? add_output(m, step, path, err) : status;
}

static vtr_status new_step(cli_plan *plan, cli_step **out, vtr_error *err)
{
    if (plan->n_steps == plan->capacity) {
        const size_t capacity = 2 * plan->capacity + 16;
        cli_step *larger = realloc(plan->steps, capacity * sizeof *larger);
        if (larger == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
        plan->steps = larger;
        plan->capacity = capacity;
    }
    *out = &plan->steps[plan->n_steps++];
    **out = (cli_step){0};
    return VTR_OK;
}

static vtr_status check_node(const making *m, vtr_error *err)
{
    if (m->node == NULL || m->node->kind == VTR_RECIPE_MAP || m->node->kind == VTR_RECIPE_EMPTY)
        return VTR_OK;
    if (m->node->kind == VTR_RECIPE_LIST && m->flow->once)
        return cli_plan_fail(m->plan, m->node, err, "%s: stands in a recipe once, not in a list",
                             m->flow->command->name);
    return cli_plan_fail(
        m->plan, m->node, err,
        "%s: settings are wanted, or nothing for the defaults; without the key the step is left out",
        m->flow->command->name);
}

/* Has it one of the settings in "line|band"? */
static bool has_one_of(const making *m, const char *names)
{
    char name[64];
    for (size_t n; *names != '\0'; names += n + (names[n] == '|')) {
        n = strcspn(names, "|");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        if (setting_of(m, name) != NULL) return true;
    }
    return false;
}

static vtr_status check_needs(const making *m, vtr_error *err)
{
    const char *name = m->flow->command->name;
    for (size_t i = 0; i < CLI_FLOW_NEEDS && m->flow->needs[i] != NULL; i++)
        if (!has_one_of(m, m->flow->needs[i]))
            return cli_plan_fail(m->plan, m->node, err,
                                 "%s: no %s, which it cannot do without; see vitrail help %s", name,
                                 m->flow->needs[i], name);
    return VTR_OK;
}

static vtr_status make_step(making *m, cli_step **out, vtr_error *err)
{
    vtr_status status = check_node(m, err);
    if (status == VTR_OK) status = check_needs(m, err);
    if (status == VTR_OK) status = new_step(m->plan, out, err);
    if (status != VTR_OK) return status;
    cli_step *step = *out;
    step->flow = m->flow;
    if (m->node != NULL) {
        step->line = m->node->key != NULL ? m->node->key_line : m->node->line;
        step->column = m->node->key != NULL ? m->node->key_column : m->node->column;
    }
    step->recording = m->input != NULL ? m->input->name : NULL;
    step->map_file = m->input != NULL ? m->input->map_file : NULL;
    m->n_groups = m->flow->command->options(m->groups);
    status = cli_step_add(step, m->flow->command->name, err);
    if (status == VTR_OK && m->flow->several) status = check_common(m, err);
    if (status == VTR_OK) status = add_inputs(m, step, err);
    if (status == VTR_OK) status = add_rest(m, step, err);
    if (status == VTR_OK) status = add_settings(m, step, err);
    if (status == VTR_OK) status = add_recording_settings(m, step, err);
    if (status == VTR_OK) status = add_outputs(m, step, err);
    if (status == VTR_OK && m->calibration != NULL)
        status = cli_step_add(step, cli_plan_text(m->plan, "--calibration=%s", m->calibration), err);
    return status;
}

/* --- the whole --------------------------------------------------------------------------------------------------------- */

static vtr_status name_map_files(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    const cli_flow *flow = cli_flow_find("map");
    const vtr_recipe_node *output = vtr_recipe_find(vtr_recipe_find(root, "map"), "output");
    if (output != NULL && (output->kind != VTR_RECIPE_TEXT || output->text[0] == '\0'))
        return cli_plan_fail(plan, output, err, "output: the name of the map file is wanted");
    const char *text = plan->output != NULL ? plan->output : output != NULL ? output->text : flow->output;
    for (size_t i = 0; i < plan->n_inputs; i++) {
        vtr_status status =
            cli_plan_expand(plan, &plan->inputs[i].map_file, text, &plan->inputs[i], output, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

static vtr_status check_keys(const cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    static const char *const keys[] = {"recording", "recordings", "lock"};
    for (const vtr_recipe_node *m = root->first; m != NULL; m = m->next) {
        bool is_known = cli_flow_find(m->key) != NULL;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            is_known = is_known || strcmp(m->key, keys[i]) == 0;
        if (!is_known) return cli_recipe_unknown_key(plan, NULL, m, err);
        const cli_flow *flow = cli_flow_find(m->key);
        if (flow != NULL && flow->after != NULL && vtr_recipe_find(root, flow->after) == NULL)
            return cli_plan_fail_key(plan, m, err, "%s needs the step %s, which the recipe lacks", m->key,
                                     flow->after);
    }
    return VTR_OK;
}

/* The steps of a key that are common to all recordings, or those that are not. */
static vtr_status make_steps(cli_plan *plan, const cli_flow *flow, const cli_recipe_input *input,
                             const vtr_recipe_node *node, bool wants_common, vtr_error *err)
{
    making m = {.plan = plan, .flow = flow, .input = input};
    const bool is_list = node->kind == VTR_RECIPE_LIST;
    if (is_list && node->first == NULL)
        return cli_plan_fail(plan, node, err, "%s: an empty list", flow->command->name);
    vtr_status status = VTR_OK;
    for (m.node = is_list ? node->first : node; m.node != NULL && status == VTR_OK;
         m.node = is_list ? m.node->next : NULL) {
        cli_step *step;
        if ((plan->is_series && flow->several && is_common(m.node)) == wants_common)
            status = make_step(&m, &step, err);
    }
    return status;
}

/* The calibration as a step of its own, whose file the map then takes. */
static vtr_status make_calibration(cli_plan *plan, const cli_recipe_input *input, const vtr_recipe_node *root,
                                   const char **file, vtr_error *err)
{
    making m = {.plan = plan, .flow = cli_flow_find("calibrate"), .input = input};
    m.node = vtr_recipe_find(root, "calibrate");
    cli_step *step;
    vtr_status status = make_step(&m, &step, err);
    if (status == VTR_OK) *file = step->outputs[0];
    return status;
}

static vtr_status make_input(cli_plan *plan, const cli_recipe_input *input, const char *calibration,
                             const vtr_recipe_node *root, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (calibration == NULL && vtr_recipe_find(root, "calibrate") != NULL)
        status = make_calibration(plan, input, root, &calibration, err);
    if (status != VTR_OK) return status;
    making map = {.plan = plan, .flow = cli_flow_find("map"), .input = input, .calibration = calibration};
    map.node = vtr_recipe_find(root, "map");
    cli_step *step;
    status = make_step(&map, &step, err);
    for (size_t i = 0; i < cli_n_flow_steps && status == VTR_OK; i++) {
        const cli_flow *flow = &cli_flow_steps[i];
        const vtr_recipe_node *node = vtr_recipe_find(root, flow->command->name);
        const bool is_made = strcmp(flow->command->name, "calibrate") == 0 || flow == map.flow;
        if (node != NULL && !is_made) status = make_steps(plan, flow, input, node, false, err);
    }
    return status;
}

static vtr_status make_common(cli_plan *plan, const vtr_recipe_node *root, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < cli_n_flow_steps && status == VTR_OK; i++) {
        const vtr_recipe_node *node = vtr_recipe_find(root, cli_flow_steps[i].command->name);
        if (node != NULL && cli_flow_steps[i].several)
            status = make_steps(plan, &cli_flow_steps[i], NULL, node, true, err);
    }
    return status;
}

vtr_status cli_plan_make(cli_plan *plan, const vtr_recipe *recipe, vtr_error *err)
{
    const vtr_recipe_node *root = vtr_recipe_root(recipe);
    const char *calibration = NULL;
    vtr_status status = check_keys(plan, root, err);
    if (status == VTR_OK) status = cli_plan_read_inputs(plan, root, err);
    if (status == VTR_OK) status = name_map_files(plan, root, err);
    if (status == VTR_OK && plan->only != NULL && cli_plan_find_input(plan, plan->only) == NULL)
        status = vtr_fail(err, VTR_ERR_ARGUMENT, "%s: no recording '%s'", plan->name, plan->only);
    if (status == VTR_OK && plan->lock != NULL)
        status = make_calibration(plan, plan->lock, root, &calibration, err);
    for (size_t i = 0; i < plan->n_inputs && status == VTR_OK; i++)
        if (plan->only == NULL || cli_plan_find_input(plan, plan->only) == &plan->inputs[i])
            status = make_input(plan, &plan->inputs[i], calibration, root, err);
    if (status == VTR_OK && plan->is_series && plan->only == NULL) status = make_common(plan, root, err);
    return status;
}
