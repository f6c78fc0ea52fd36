/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "pdf/pdf_text_internal.h"
#include "vitrail/input.h"

/* A profile is small; a larger file is something else. */
static const size_t max_bytes = (size_t)256 << 20;

static vtr_status read_all(char **text, size_t *n, const char *path, vtr_error *err)
{
    FILE *file = NULL;
    vtr_status status = vtr_input_open(&file, path, err);
    if (status != VTR_OK) return status;
    size_t capacity = 1 << 16, length = 0;
    char *buffer = vtr_malloc(capacity, 1);
    while (buffer != NULL) {
        length += fread(buffer + length, 1, capacity - 1 - length, file);
        if (length < capacity - 1 || capacity > max_bytes) break;
        char *larger = vtr_malloc(2 * capacity, 1);
        if (larger != NULL) memcpy(larger, buffer, length);
        vtr_free(buffer);
        buffer = larger;
        capacity *= 2;
    }
    if (buffer == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    else if (ferror(file))
        status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    else if (length > max_bytes)
        status = vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s' as text: it is larger than 256 MiB", path);
    else if (memchr(buffer, '\0', length) != NULL)
        status =
            vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s' as text: it holds bytes that are no text", path);
    fclose(file);
    if (status != VTR_OK) {
        vtr_free(buffer);
        return status;
    }
    buffer[length] = '\0';
    *text = buffer;
    *n = length;
    return VTR_OK;
}

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

/* The next field: blanks belong to the separator around them, two commas enclose an empty field. Returns where the next
 * one begins, NULL after the last. */
static const char *next_field(const char *at, const char **begin, size_t *length)
{
    at += strspn(at, " \t");
    *begin = at;
    while (*at != '\0' && !is_separator(*at))
        at++;
    *length = (size_t)(at - *begin);
    at += strspn(at, " \t");
    if (*at == ',' || *at == ';') return at + 1;
    return *at != '\0' ? at : NULL;
}

/* Fortran writes 1.0D+00. */
static int parse_number(const char *begin, size_t length, double *value)
{
    char text[64];
    if (length >= sizeof text) return -1;
    memcpy(text, begin, length);
    text[length] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (*c == 'D' || *c == 'd') *c = 'E';
    return vtr_parse_double(text, value);
}

/* The number of fields of a line of numbers; 0 where it is none. */
static size_t count_numbers(const char *line)
{
    size_t n = 0, n_numbers = 0;
    for (const char *at = line; at != NULL && n < TEXT_MAX_FIELDS; n++) {
        const char *begin;
        size_t length;
        double value;
        at = next_field(at, &begin, &length);
        if (length == 0) continue;
        if (parse_number(begin, length, &value) != 0) return 0;
        n_numbers++;
    }
    return n_numbers > 0 ? n : 0;
}

size_t vtr_text_numbers(const char *line, double values[TEXT_MAX_FIELDS], bool is_missing[TEXT_MAX_FIELDS])
{
    size_t n = 0;
    for (const char *at = line; at != NULL && n < TEXT_MAX_FIELDS; n++) {
        const char *begin;
        size_t length;
        at = next_field(at, &begin, &length);
        bool is_number = parse_number(begin, length, &values[n]) == 0;
        if (!is_number) values[n] = NAN;
        if (is_missing != NULL) is_missing[n] = !is_number;
    }
    return n;
}

size_t vtr_text_names(const char *line, char names[TEXT_MAX_FIELDS][80])
{
    size_t n = 0;
    const char *at = line + strspn(line, " \t,;");
    while (*at != '\0' && n < TEXT_MAX_FIELDS) {
        size_t length = 0;
        int depth = 0;
        for (;; at++) {
            if (*at == '(' || *at == '[') depth++;
            if ((*at == ')' || *at == ']') && depth > 0) depth--;
            bool ends = *at == '\0' || (depth == 0 && is_separator(*at));
            /* a bracket after a blank still belongs to the name */
            if (ends && *at == ' ' && (at[strspn(at, " ")] == '(' || at[strspn(at, " ")] == '['))
                ends = false;
            if (ends) break;
            if (length + 1 < sizeof names[n]) names[n][length++] = *at;
        }
        names[n++][length] = '\0';
        at += strspn(at, " \t,;");
    }
    return n;
}

static void classify(vtr_text_line *line)
{
    const char *text = line->text;
    line->is_data_marker = *text == '#' && strstr(text, "start data") != NULL;
    if (*text == '\0')
        line->kind = VTR_LINE_BLANK;
    else if (strchr("#!%", *text) != NULL)
        line->kind = VTR_LINE_COMMENT;
    else if ((line->n_fields = count_numbers(text)) > 0)
        line->kind = VTR_LINE_NUMBERS;
    else
        line->kind = VTR_LINE_TEXT;
}

static void trim(vtr_text_line *line, size_t length)
{
    char *end = line->text + length;
    while (end > line->text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    while (isspace((unsigned char)*line->text))
        line->text++;
}

vtr_status vtr_text_lines_read(vtr_text_lines *out, const char *path, vtr_error *err)
{
    vtr_text_lines lines = {0};
    size_t length;
    vtr_status status = read_all(&lines.text, &length, path, err);
    if (status != VTR_OK) return status;
    size_t capacity = 1;
    for (const char *c = lines.text; (c = strchr(c, '\n')) != NULL; c++)
        capacity++;
    lines.lines = vtr_calloc(capacity, sizeof *lines.lines);
    if (lines.lines == NULL) {
        vtr_free(lines.text);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    }
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char *at = lines.text + (vtr_text_starts_with(lines.text, byte_order_mark) ? 3 : 0);
    while (lines.n < capacity) {
        vtr_text_line *line = &lines.lines[lines.n++];
        size_t n = strcspn(at, "\n");
        bool is_last = at[n] == '\0';
        line->text = at;
        trim(line, n);
        classify(line);
        at += n + 1;
        if (is_last) break;
    }
    *out = lines;
    return VTR_OK;
}

void vtr_text_lines_release(vtr_text_lines *lines)
{
    vtr_free(lines->lines);
    vtr_free(lines->text);
    *lines = (vtr_text_lines){0};
}
