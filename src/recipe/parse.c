/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/base_internal.h"
#include "recipe/recipe_internal.h"

/* Nodes and texts are released together, newest first. */
typedef struct piece {
    struct piece *older;
    char *text;
    vtr_recipe_node node;
} piece;

struct vtr_recipe {
    piece *newest;
    const vtr_recipe_node *root;
    size_t n_nodes;
};

typedef struct reader {
    yaml_parser_t yaml;
    const char *name, *text;
    size_t size;
    vtr_recipe *recipe;
    vtr_error *err;
} reader;

static vtr_status fail_at(const reader *r, recipe_mark at, const char *format, ...) VTR_PRINTF_LIKE(3, 4);

static vtr_status fail_at(const reader *r, recipe_mark at, const char *format, ...)
{
    char sentence[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return vtr_fail(r->err, VTR_ERR_FORMAT, "%s:%zu:%zu: %s", r->name, at.line, at.column, sentence);
}

static recipe_mark mark_of(yaml_mark_t mark)
{
    return (recipe_mark){mark.line + 1, mark.column + 1};
}

/* Why libyaml could not go on. */
static vtr_status fail_syntax(const reader *r)
{
    const yaml_parser_t *yaml = &r->yaml;
    if (yaml->error == YAML_MEMORY_ERROR)
        return vtr_fail(r->err, VTR_ERR_MEMORY, "out of memory for a recipe");
    /* what cannot be decoded has an offset only */
    const recipe_mark at = yaml->error == YAML_READER_ERROR
                               ? vtr_recipe_mark_of(r->text, yaml->problem_offset)
                               : mark_of(yaml->problem_mark);
    if (vtr_recipe_byte_at(r->text, r->size, at) == '\t')
        return fail_at(r, at, "a tab; YAML is indented with spaces");
    return fail_at(r, at, "not YAML: %s%s%s", yaml->problem != NULL ? yaml->problem : "broken",
                   yaml->context != NULL ? ", " : "", yaml->context != NULL ? yaml->context : "");
}

static vtr_status check_event(const reader *r, const yaml_event_t *event)
{
    const recipe_mark at = mark_of(event->start_mark);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return fail_at(r, at, "aliases (*%s) are not taken: write the value out",
                       (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL)
        return fail_at(r, at, "anchors (&%s) are not taken: write the value out", (const char *)anchor);
    if (tag != NULL) return fail_at(r, at, "tags (%s) are not taken", (const char *)tag);
    return VTR_OK;
}

/* The next event, which the caller deletes on success. */
static vtr_status next(reader *r, yaml_event_t *event)
{
    if (!yaml_parser_parse(&r->yaml, event)) return fail_syntax(r);
    vtr_status status = check_event(r, event);
    if (status != VTR_OK) yaml_event_delete(event);
    return status;
}

static vtr_status new_node(reader *r, vtr_recipe_node **out, vtr_recipe_kind kind, recipe_mark at)
{
    if (r->recipe->n_nodes == VTR_RECIPE_MAX_NODES)
        return fail_at(r, at, "more than %d values", VTR_RECIPE_MAX_NODES);
    piece *made = vtr_calloc(1, sizeof *made);
    if (made == NULL) return vtr_fail(r->err, VTR_ERR_MEMORY, "out of memory for a recipe");
    made->older = r->recipe->newest;
    r->recipe->newest = made;
    r->recipe->n_nodes++;
    made->node = (vtr_recipe_node){.kind = kind, .line = at.line, .column = at.column};
    *out = &made->node;
    return VTR_OK;
}

/* The text of a scalar, owned by the recipe's newest piece. */
static vtr_status keep_text(reader *r, const char **out, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    const recipe_mark at = mark_of(event->start_mark);
    if (length > VTR_RECIPE_MAX_TEXT)
        return fail_at(r, at, "a text of %zu bytes; at most %d are taken", length, VTR_RECIPE_MAX_TEXT);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return fail_at(r, at,
                           text[i] == '\n' ? "text over several lines; write it on one"
                                           : "a control character in the text");
    char *copy = vtr_strdup(text);
    if (copy == NULL) return vtr_fail(r->err, VTR_ERR_MEMORY, "out of memory for a recipe");
    /* a node's key comes with the node, its text after that: each has a piece of its own */
    r->recipe->newest->text = copy;
    *out = copy;
    return VTR_OK;
}

static bool is_nothing(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static vtr_status read_scalar(reader *r, vtr_recipe_node **out, const yaml_event_t *event)
{
    const recipe_mark at = mark_of(event->start_mark);
    vtr_status status = new_node(r, out, is_nothing(event) ? VTR_RECIPE_EMPTY : VTR_RECIPE_TEXT, at);
    if (status != VTR_OK || (*out)->kind == VTR_RECIPE_EMPTY) return status;
    (*out)->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return keep_text(r, &(*out)->text, event);
}

static vtr_status read_value(reader *r, vtr_recipe_node **out, const yaml_event_t *event, size_t depth);

static vtr_status read_list(reader *r, vtr_recipe_node *list, size_t depth)
{
    const vtr_recipe_node **end = &list->first;
    for (;;) {
        yaml_event_t event;
        vtr_status status = next(r, &event);
        if (status != VTR_OK) return status;
        const bool is_end = event.type == YAML_SEQUENCE_END_EVENT;
        vtr_recipe_node *member = NULL;
        if (!is_end) status = read_value(r, &member, &event, depth + 1);
        yaml_event_delete(&event);
        if (status != VTR_OK || is_end) return status;
        *end = member;
        end = &member->next;
    }
}

static vtr_status check_key(const reader *r, const vtr_recipe_node *map, const vtr_recipe_node *key)
{
    const recipe_mark at = {key->line, key->column};
    if (key->kind != VTR_RECIPE_TEXT) return fail_at(r, at, "a key that is no text");
    if (strcmp(key->text, "<<") == 0)
        return fail_at(r, at, "merge keys (<<) are not taken: write the values out");
    const vtr_recipe_node *earlier = vtr_recipe_find(map, key->text);
    if (earlier == NULL) return VTR_OK;
    return fail_at(r, at, "'%s' stands twice, first in line %zu; give it once (several values are a list)",
                   key->text, earlier->key_line);
}

/* A key, whose event is given, and its value. */
static vtr_status read_member(reader *r, const vtr_recipe_node *map, vtr_recipe_node **out,
                              const yaml_event_t *event, size_t depth)
{
    vtr_recipe_node *key = NULL, *value = NULL;
    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(r, mark_of(event->start_mark), "a key that is no text");
    vtr_status status = read_scalar(r, &key, event);
    if (status == VTR_OK) status = check_key(r, map, key);
    if (status != VTR_OK) return status;
    yaml_event_t after;
    status = next(r, &after);
    if (status != VTR_OK) return status;
    status = read_value(r, &value, &after, depth + 1);
    yaml_event_delete(&after);
    if (status != VTR_OK) return status;
    value->key = key->text;
    value->key_line = key->line;
    value->key_column = key->column;
    *out = value;
    return VTR_OK;
}

static vtr_status read_map(reader *r, vtr_recipe_node *map, size_t depth)
{
    const vtr_recipe_node **end = &map->first;
    for (;;) {
        yaml_event_t event;
        vtr_status status = next(r, &event);
        if (status != VTR_OK) return status;
        const bool is_end = event.type == YAML_MAPPING_END_EVENT;
        vtr_recipe_node *member = NULL;
        if (!is_end) status = read_member(r, map, &member, &event, depth);
        yaml_event_delete(&event);
        if (status != VTR_OK || is_end) return status;
        *end = member;
        end = &member->next;
    }
}

/* The value that begins with this event. The depth bounds the recursion. */
static vtr_status read_value(reader *r, vtr_recipe_node **out, const yaml_event_t *event, size_t depth)
{
    const recipe_mark at = mark_of(event->start_mark);
    if (event->type == YAML_SCALAR_EVENT) return read_scalar(r, out, event);
    if (depth > VTR_RECIPE_MAX_DEPTH) return fail_at(r, at, "nested more than %d deep", VTR_RECIPE_MAX_DEPTH);
    const bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    vtr_status status = new_node(r, out, is_list ? VTR_RECIPE_LIST : VTR_RECIPE_MAP, at);
    if (status != VTR_OK) return status;
    return is_list ? read_list(r, *out, depth) : read_map(r, *out, depth);
}

/* The next event, which has to be of this type. */
static vtr_status expect(reader *r, yaml_event_type_t type, const char *complaint)
{
    yaml_event_t event;
    vtr_status status = next(r, &event);
    if (status != VTR_OK) return status;
    if (event.type != type) status = fail_at(r, mark_of(event.start_mark), "%s", complaint);
    yaml_event_delete(&event);
    return status;
}

static vtr_status read_root(reader *r)
{
    yaml_event_t event;
    vtr_recipe_node *root = NULL;
    vtr_status status = next(r, &event);
    if (status != VTR_OK) return status;
    if (event.type == YAML_STREAM_END_EVENT) {
        status = fail_at(r, (recipe_mark){1, 1}, "an empty recipe");
    } else {
        yaml_event_delete(&event);
        status = next(r, &event);
        if (status != VTR_OK) return status;
        if (event.type == YAML_MAPPING_START_EVENT)
            status = read_value(r, &root, &event, 1);
        else
            status = fail_at(r, mark_of(event.start_mark),
                             "a recipe is a map of keys, 'recording: scan.h5' and so on");
    }
    yaml_event_delete(&event);
    r->recipe->root = root;
    return status;
}

static vtr_status read_document(reader *r)
{
    vtr_status status = expect(r, YAML_STREAM_START_EVENT, "not YAML");
    if (status == VTR_OK) status = read_root(r);
    if (status == VTR_OK) status = expect(r, YAML_DOCUMENT_END_EVENT, "not YAML");
    if (status == VTR_OK)
        status = expect(r, YAML_STREAM_END_EVENT, "a second document ('---'); a recipe is one");
    return status;
}

vtr_status vtr_recipe_parse(vtr_recipe **out, const char *name, const char *text, size_t size, vtr_error *err)
{
    vtr_status status = vtr_recipe_check_text(name, text, size, err);
    if (status != VTR_OK) return status;
    reader r = {.name = name, .text = text, .size = size, .err = err};
    r.recipe = vtr_calloc(1, sizeof *r.recipe);
    if (r.recipe == NULL || !yaml_parser_initialize(&r.yaml)) {
        vtr_free(r.recipe);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a recipe");
    }
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, size);
    status = read_document(&r);
    yaml_parser_delete(&r.yaml);
    if (status != VTR_OK) {
        vtr_recipe_free(r.recipe);
        return status;
    }
    *out = r.recipe;
    return VTR_OK;
}

void vtr_recipe_free(vtr_recipe *recipe)
{
    if (recipe == NULL) return;
    while (recipe->newest != NULL) {
        piece *newest = recipe->newest;
        recipe->newest = newest->older;
        vtr_free(newest->text);
        vtr_free(newest);
    }
    vtr_free(recipe);
}

const vtr_recipe_node *vtr_recipe_root(const vtr_recipe *recipe)
{
    return recipe->root;
}

const vtr_recipe_node *vtr_recipe_find(const vtr_recipe_node *map, const char *key)
{
    if (map == NULL || map->kind != VTR_RECIPE_MAP) return NULL;
    for (const vtr_recipe_node *member = map->first; member != NULL; member = member->next)
        if (strcmp(member->key, key) == 0) return member;
    return NULL;
}
