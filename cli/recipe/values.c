/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "recipe.h"

/* A value of the recipe as the word that the command line would have: the option's table says what it has to be. */

typedef struct setting {
    cli_plan *plan;
    cli_step *step;
    const cli_recipe_input *input;
    const vtr_parameter *parameter;
    void *values;
} setting;

static bool is_number(const vtr_parameter *p)
{
    return p->type == VTR_PARAMETER_INT || p->type == VTR_PARAMETER_SIZE || p->type == VTR_PARAMETER_DOUBLE;
}

/* What the value is, for somebody who gave something else. */
static const char *form_of(const vtr_parameter *p)
{
    switch (p->type) {
    case VTR_PARAMETER_BOOL:
        return "yes or no";
    case VTR_PARAMETER_INT:
    case VTR_PARAMETER_SIZE:
        return "a whole number";
    case VTR_PARAMETER_DOUBLE:
        return "a number";
    case VTR_PARAMETER_RANGE:
        return "a range LO:HI";
    case VTR_PARAMETER_BOX:
        return "a region Y0:Y1,X0:X1";
    case VTR_PARAMETER_SHAPE:
        return "a shape such as 10x20x256x256";
    case VTR_PARAMETER_CHOICE:
        return p->choices;
    case VTR_PARAMETER_STRING:
    case VTR_PARAMETER_LIST:
        break;
    }
    return "text";
}

static vtr_status fail_kind(const setting *s, const vtr_recipe_node *node, vtr_error *err)
{
    const vtr_parameter *p = s->parameter;
    if (node->kind == VTR_RECIPE_EMPTY)
        return cli_plan_fail(s->plan, node, err,
                             "%s: no value; give %s, or leave the line out for the default", p->name,
                             form_of(p));
    return cli_plan_fail(s->plan, node, err, "%s: %s is wanted, not %s", p->name, form_of(p),
                         node->kind == VTR_RECIPE_LIST ? "a list" : "a map of keys");
}

/* Length of the text without the unit that may follow a number: "30 degrees", "30°". */
static size_t without_unit(const vtr_parameter *p, const char *text)
{
    static const char *const degrees[] = {"degrees", "degree", "deg", "°"};
    const size_t length = strlen(text);
    if (p->unit == NULL) return length;
    const char *units[5] = {p->unit};
    size_t n_units = 1;
    if (strcmp(p->unit, "degrees") == 0)
        for (size_t i = 0; i < 4; i++)
            units[n_units++] = degrees[i];
    for (size_t i = 0; i < n_units; i++) {
        const size_t n = strlen(units[i]);
        if (n >= length || strcmp(text + length - n, units[i]) != 0) continue;
        size_t left = length - n;
        while (left > 0 && text[left - 1] == ' ')
            left--;
        return left;
    }
    return length;
}

/* 012 is ten for some readers of YAML and twelve for others. */
static bool has_leading_zero(const char *text)
{
    if (*text == '-' || *text == '+') text++;
    return text[0] == '0' && isdigit((unsigned char)text[1]);
}

/* The text as the command line would have it: truth values in one way, numbers without their unit. */
static vtr_status normalise(const setting *s, const char **out, const vtr_recipe_node *node, vtr_error *err)
{
    const vtr_parameter *p = s->parameter;
    const char *text = node->text;
    *out = text;
    if (p->type == VTR_PARAMETER_BOOL) {
        static const char *const words[][2] = {{"on", "yes"}, {"off", "no"},   {"yes", "yes"},
                                               {"no", "no"},  {"true", "yes"}, {"false", "no"}};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (vtr_recipe_key_distance(text, words[i][0]) == 0) *out = words[i][1];
    }
    if (!is_number(p)) return VTR_OK;
    if (has_leading_zero(text))
        return cli_plan_fail(s->plan, node, err,
                             "%s: '%s' begins with a zero, which some take for octal; leave it out", p->name,
                             text);
    const size_t length = without_unit(p, text);
    if (text[length] != '\0') *out = cli_plan_text(s->plan, "%.*s", (int)length, text);
    return *out != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
}

/* Checks the text with the parameter's own table. */
static vtr_status check(const setting *s, const char *text, const vtr_recipe_node *node, vtr_error *err)
{
    vtr_error inner = {0};
    if (vtr_parameters_set(s->parameter, s->values, text, &inner) == VTR_OK) return VTR_OK;
    const char *sentence = inner.message + (strncmp(inner.message, "--", 2) == 0 ? 2 : 0);
    const bool has_unit =
        is_number(s->parameter) && s->parameter->unit != NULL && inner.status == VTR_ERR_ARGUMENT;
    return cli_plan_fail(s->plan, node, err, "%s%s%s", sentence, has_unit ? " in " : "",
                         has_unit ? s->parameter->unit : "");
}

/* Adds "--name=text"; of an output the place where it goes. */
static vtr_status add_text(const setting *s, const char *text, const vtr_recipe_node *node, vtr_error *err)
{
    const vtr_parameter *p = s->parameter;
    if (p->type == VTR_PARAMETER_BOOL) {
        const bool is_set = strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
        if (is_set == (p->default_value != 0)) return VTR_OK;
        return cli_step_add(s->step, cli_plan_text(s->plan, is_set ? "--%s" : "--%s=no", p->name), err);
    }
    const char *made = text;
    vtr_status status = VTR_OK;
    if (p->type == VTR_PARAMETER_STRING || p->type == VTR_PARAMETER_LIST)
        status = cli_plan_expand(s->plan, &made, text, s->input, node, err);
    if (status == VTR_OK && cli_flow_is_output(s->step->flow, p->name)) {
        status = cli_plan_place(s->plan, &made, made, s->input, err);
        s->step->outputs[s->step->n_outputs++] = made;
    }
    if (status != VTR_OK) return status;
    return cli_step_add(s->step, cli_plan_text(s->plan, "--%s=%s", p->name, made), err);
}

static vtr_status add_scalar(const setting *s, const vtr_recipe_node *node, vtr_error *err)
{
    if (node->kind != VTR_RECIPE_TEXT) return fail_kind(s, node, err);
    const char *text = node->text;
    vtr_status status = normalise(s, &text, node, err);
    if (status == VTR_OK) status = check(s, text, node, err);
    return status == VTR_OK ? add_text(s, text, node, err) : status;
}

/* A list of texts as one, with this between them. */
static vtr_status join(const setting *s, const char *separator, const vtr_recipe_node *list, vtr_error *err)
{
    const char *text = "";
    for (const vtr_recipe_node *m = list->first; m != NULL && text != NULL; m = m->next) {
        if (m->kind != VTR_RECIPE_TEXT) return fail_kind(s, m, err);
        text = cli_plan_text(s->plan, "%s%s%s", text, m == list->first ? "" : separator, m->text);
    }
    if (text == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    vtr_status status = check(s, text, list, err);
    return status == VTR_OK ? add_text(s, text, list, err) : status;
}

/* An option that may be given several times: a list of texts, a map "NAME: text" where it is NAME=..., or one text. */
static vtr_status add_several(const setting *s, const vtr_recipe_node *node, vtr_error *err)
{
    if (node->kind != VTR_RECIPE_LIST && node->kind != VTR_RECIPE_MAP) return add_scalar(s, node, err);
    const bool is_map = node->kind == VTR_RECIPE_MAP;
    const char *metavar = s->parameter->metavar != NULL ? s->parameter->metavar : "";
    if (is_map && strncmp(metavar, "NAME=", 5) != 0) return fail_kind(s, node, err);
    vtr_status status = VTR_OK;
    for (const vtr_recipe_node *m = node->first; m != NULL && status == VTR_OK; m = m->next) {
        if (m->kind != VTR_RECIPE_TEXT) return fail_kind(s, m, err);
        vtr_recipe_node named = *m;
        if (is_map) named.text = cli_plan_text(s->plan, "%s=%s", m->key, m->text);
        status = named.text != NULL ? add_scalar(s, &named, err)
                                    : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the recipe's steps");
    }
    return status;
}

vtr_status cli_recipe_option(cli_plan *plan, cli_step *step, const cli_recipe_input *input,
                             const vtr_parameter *parameter, void *values, const vtr_recipe_node *node,
                             vtr_error *err)
{
    const setting s = {plan, step, input, parameter, values};
    const bool is_list = node->kind == VTR_RECIPE_LIST;
    const char *metavar = parameter->metavar != NULL ? parameter->metavar : "";
    if (parameter->type == VTR_PARAMETER_LIST) return add_several(&s, node, err);
    if (parameter->type == VTR_PARAMETER_RANGE && is_list) return join(&s, ":", node, err);
    if (parameter->type == VTR_PARAMETER_SHAPE && is_list) return join(&s, "x", node, err);
    if (parameter->type == VTR_PARAMETER_STRING && is_list && strchr(metavar, ',') != NULL)
        return join(&s, ",", node, err);
    return add_scalar(&s, node, err);
}
