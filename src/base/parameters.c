/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

static void *member(const vtr_parameter *parameter, void *values)
{
    return (char *)values + parameter->offset;
}

static const void *member_const(const vtr_parameter *parameter, const void *values)
{
    return (const char *)values + parameter->offset;
}

void vtr_parameters_default(const vtr_parameter_table *table, void *values)
{
    for (size_t i = 0; i < table->n; i++) {
        const vtr_parameter *p = &table->parameters[i];
        void *m = member(p, values);
        switch (p->type) {
        case VTR_PARAMETER_BOOL:
            *(bool *)m = p->default_value != 0;
            break;
        case VTR_PARAMETER_INT:
        case VTR_PARAMETER_CHOICE:
            *(int *)m = (int)p->default_value;
            break;
        case VTR_PARAMETER_SIZE:
            *(size_t *)m = (size_t)p->default_value;
            break;
        case VTR_PARAMETER_DOUBLE:
            *(double *)m = p->default_value;
            break;
        case VTR_PARAMETER_STRING:
            *(const char **)m = NULL;
            break;
        case VTR_PARAMETER_RANGE:
            ((double *)m)[0] = ((double *)m)[1] = NAN;
            break;
        case VTR_PARAMETER_BOX:
            *(vtr_box *)m = (vtr_box){0};
            break;
        case VTR_PARAMETER_SHAPE:
            memset(m, 0, 4 * sizeof(size_t));
            break;
        case VTR_PARAMETER_LIST:
            ((vtr_text_list *)m)->n = 0;
            break;
        }
    }
}

const vtr_parameter *vtr_parameters_find(const vtr_parameter_table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->parameters[i].name, name) == 0) return &table->parameters[i];
    return NULL;
}

static vtr_status bad(const vtr_parameter *p, const char *text, const char *expected, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s: '%s' is not %s", p->name, text, expected);
}

static vtr_status check_range(const vtr_parameter *p, double value, vtr_error *err)
{
    if (p->minimum == 0 && p->maximum == 0) return VTR_OK;
    if (value >= p->minimum && value <= p->maximum) return VTR_OK;
    return vtr_fail(err, VTR_ERR_RANGE, "--%s: %g is outside %g to %g%s%s", p->name, value, p->minimum,
                    p->maximum, p->unit != NULL ? " " : "", p->unit != NULL ? p->unit : "");
}

/* Splits "a<sep>b" at the first separator; 0, or -1 where there is none or a part is too long. */
static int split_pair(const char *text, char separator, char first[64], char second[64])
{
    const char *at = strchr(text, separator);
    if (at == NULL || at - text >= 64 || strlen(at + 1) >= 64) return -1;
    memcpy(first, text, (size_t)(at - text));
    first[at - text] = '\0';
    strcpy(second, at + 1);
    return 0;
}

static int parse_size_pair(const char *text, size_t *low, size_t *high)
{
    char first[64], second[64];
    if (split_pair(text, ':', first, second) != 0) return -1;
    return vtr_parse_size(first, low) == 0 && vtr_parse_size(second, high) == 0 ? 0 : -1;
}

static int parse_box(const char *text, vtr_box *box)
{
    char rows[64], columns[64];
    vtr_box b;
    if (split_pair(text, ',', rows, columns) != 0 || parse_size_pair(rows, &b.y0, &b.y1) != 0 ||
        parse_size_pair(columns, &b.x0, &b.x1) != 0 || b.y0 >= b.y1 || b.x0 >= b.x1)
        return -1;
    *box = b;
    return 0;
}

static int parse_shape(const char *text, size_t shape[4])
{
    size_t parsed[4] = {0}, n = 0;
    while (n < 4) {
        size_t length = strcspn(text, "x,");
        char part[32];
        if (length >= sizeof part) return -1;
        memcpy(part, text, length);
        part[length] = '\0';
        if (vtr_parse_size(part, &parsed[n]) != 0 || parsed[n] == 0) return -1;
        n++;
        if (text[length] == '\0') {
            memcpy(shape, parsed, sizeof parsed);
            return 0;
        }
        text += length + 1;
    }
    return -1;
}

static int parse_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    int index = 0;
    for (const char *c = choices; length > 0 && *c != '\0'; index++) {
        size_t n = strcspn(c, "|");
        if (n == length && strncmp(c, text, n) == 0) return index;
        c += n + (c[n] == '|');
    }
    return -1;
}

static vtr_status set_bool(const vtr_parameter *p, bool *value, const char *text, vtr_error *err)
{
    if (text == NULL || *text == '\0' || strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 ||
        strcmp(text, "1") == 0)
        *value = true;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *value = false;
    else
        return bad(p, text, "yes or no", err);
    return VTR_OK;
}

static vtr_status set_number(const vtr_parameter *p, void *m, const char *text, vtr_error *err)
{
    double number = 0;
    size_t size = 0;
    if (p->type == VTR_PARAMETER_SIZE) {
        if (vtr_parse_size(text, &size) != 0) return bad(p, text, "a whole number", err);
        number = (double)size;
    } else if (vtr_parse_double(text, &number) != 0 || !isfinite(number)) {
        return bad(p, text, "a number", err);
    } else if (p->type == VTR_PARAMETER_INT && (number != floor(number) || fabs(number) > 2e9)) {
        return bad(p, text, "a whole number", err);
    }
    vtr_status status = check_range(p, number, err);
    if (status != VTR_OK) return status;
    if (p->type == VTR_PARAMETER_SIZE) *(size_t *)m = size;
    if (p->type == VTR_PARAMETER_INT) *(int *)m = (int)number;
    if (p->type == VTR_PARAMETER_DOUBLE) *(double *)m = number;
    return VTR_OK;
}

static vtr_status set_range(const vtr_parameter *p, double range[2], const char *text, vtr_error *err)
{
    char low[64], high[64];
    double l, h;
    if (split_pair(text, ':', low, high) != 0 || vtr_parse_double(low, &l) != 0 ||
        vtr_parse_double(high, &h) != 0 || !(l < h))
        return bad(p, text, "a range LO:HI with LO below HI", err);
    vtr_status status = check_range(p, l, err);
    if (status == VTR_OK) status = check_range(p, h, err);
    if (status != VTR_OK) return status;
    range[0] = l;
    range[1] = h;
    return VTR_OK;
}

vtr_status vtr_parameters_set(const vtr_parameter *p, void *values, const char *text, vtr_error *err)
{
    void *m = member(p, values);
    if (p->type == VTR_PARAMETER_BOOL) return set_bool(p, m, text, err);
    if (text == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s needs a value", p->name);
    switch (p->type) {
    case VTR_PARAMETER_BOOL:
        break;
    case VTR_PARAMETER_INT:
    case VTR_PARAMETER_SIZE:
    case VTR_PARAMETER_DOUBLE:
        return set_number(p, m, text, err);
    case VTR_PARAMETER_STRING:
        *(const char **)m = text;
        break;
    case VTR_PARAMETER_CHOICE: {
        int index = parse_choice(p->choices, text);
        if (index < 0)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s: '%s' is not one of %s", p->name, text, p->choices);
        *(int *)m = index;
        break;
    }
    case VTR_PARAMETER_RANGE:
        return set_range(p, m, text, err);
    case VTR_PARAMETER_BOX:
        if (parse_box(text, m) != 0) return bad(p, text, "a region Y0:Y1,X0:X1", err);
        break;
    case VTR_PARAMETER_SHAPE:
        if (parse_shape(text, m) != 0) return bad(p, text, "a shape such as 10x20x256x256", err);
        break;
    case VTR_PARAMETER_LIST: {
        vtr_text_list *list = m;
        if (list->n == VTR_TEXT_LIST_MAX)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s: at most %d of them", p->name, VTR_TEXT_LIST_MAX);
        list->text[list->n++] = text;
        break;
    }
    }
    return VTR_OK;
}

static size_t format_choice(const char *choices, int index, char *text, size_t size)
{
    for (; index > 0 && *choices != '\0'; index--) {
        size_t n = strcspn(choices, "|");
        choices += n + (choices[n] == '|');
    }
    return (size_t)snprintf(text, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

static size_t format_list(const vtr_text_list *list, char *text, size_t size)
{
    size_t length = 0;
    if (size > 0) text[0] = '\0';
    for (size_t i = 0; i < list->n; i++)
        length += (size_t)snprintf(length < size ? text + length : NULL, length < size ? size - length : 0,
                                   "%s%s", i > 0 ? " " : "", list->text[i]);
    return length;
}

/* Digits with which a number reads back as itself: 15 where they do, so that 0.95 stays 0.95. */
static int digits_of(double value)
{
    for (int digits = 15; digits < 17; digits++) {
        char text[40];
        double back;
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (vtr_parse_double(text, &back) == 0 && back == value) return digits;
    }
    return 17;
}

size_t vtr_parameters_format(const vtr_parameter *p, const void *values, char *text, size_t size)
{
    const void *m = member_const(p, values);
    switch (p->type) {
    case VTR_PARAMETER_BOOL:
        return (size_t)snprintf(text, size, "%s", *(const bool *)m ? "yes" : "no");
    case VTR_PARAMETER_INT:
        return (size_t)snprintf(text, size, "%d", *(const int *)m);
    case VTR_PARAMETER_SIZE:
        return (size_t)snprintf(text, size, "%zu", *(const size_t *)m);
    case VTR_PARAMETER_DOUBLE: {
        double value = *(const double *)m;
        return isnan(value) ? (size_t)snprintf(text, size, "%s", "")
                            : (size_t)snprintf(text, size, "%.*g", digits_of(value), value);
    }
    case VTR_PARAMETER_STRING:
        return (size_t)snprintf(text, size, "%s", *(char *const *)m != NULL ? *(char *const *)m : "");
    case VTR_PARAMETER_CHOICE:
        return format_choice(p->choices, *(const int *)m, text, size);
    case VTR_PARAMETER_RANGE: {
        const double *range = m;
        if (isnan(range[0])) return (size_t)snprintf(text, size, "%s", "");
        return (size_t)snprintf(text, size, "%.*g:%.*g", digits_of(range[0]), range[0], digits_of(range[1]),
                                range[1]);
    }
    case VTR_PARAMETER_BOX: {
        const vtr_box *box = m;
        if (box->y1 == 0) return (size_t)snprintf(text, size, "%s", "");
        return (size_t)snprintf(text, size, "%zu:%zu,%zu:%zu", box->y0, box->y1, box->x0, box->x1);
    }
    case VTR_PARAMETER_SHAPE: {
        const size_t *shape = m;
        size_t length = 0;
        if (size > 0) text[0] = '\0';
        for (int i = 0; i < 4 && shape[i] != 0; i++)
            length +=
                (size_t)snprintf(length < size ? text + length : NULL, length < size ? size - length : 0,
                                 "%s%zu", i > 0 ? "x" : "", shape[i]);
        return length;
    }
    case VTR_PARAMETER_LIST:
        return format_list(m, text, size);
    }
    return 0;
}
