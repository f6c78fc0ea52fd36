/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/base_internal.h"
#include "companion/scratch_internal.h"

/* --- fields ------------------------------------------------------------------------------------------------- */

/* Semicolons and tabs leave commas to the numbers; a comma in brackets belongs to a name. */
static char separator_of(const char *header)
{
    int depth = 0;
    if (strchr(header, ';') != NULL) return ';';
    if (strchr(header, '\t') != NULL) return '\t';
    for (const char *c = header; *c != '\0'; c++) {
        if (*c == '(' || *c == '[') depth++;
        if (*c == ')' || *c == ']') depth--;
        if (*c == ',' && depth <= 0) return ',';
    }
    return ' ';
}

static bool begins_unit(const char *at)
{
    at += strspn(at, " ");
    return *at == '(' || *at == '[';
}

/* The next field, without blanks and quotes around it, cut to VTR_SCRATCH_NAME. Returns where the one after it begins, NULL
 * after the last. A bracket after a blank still belongs to the name before it. */
static const char *next_field(char out[VTR_SCRATCH_NAME], const char *at, char separator)
{
    size_t length = 0;
    int depth = 0;
    bool quoted = false;
    at += strspn(at, separator == '\t' ? " " : " \t");
    for (; *at != '\0'; at++) {
        if (*at == '"') {
            quoted = !quoted;
            continue;
        }
        depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
        bool is_blank = separator == ' ' && (*at == ' ' || *at == '\t');
        if (!quoted && depth <= 0 && (*at == separator || is_blank) && !(is_blank && begins_unit(at))) break;
        if (length + 1 < VTR_SCRATCH_NAME) out[length++] = *at;
    }
    while (length > 0 && isspace((unsigned char)out[length - 1]))
        length--;
    out[length] = '\0';
    if (*at == '\0') return NULL;
    return separator == ' ' ? at + strspn(at, " \t") : at + 1;
}

static size_t count_fields(const char *line, char separator)
{
    char field[VTR_SCRATCH_NAME];
    size_t n = 0;
    for (const char *at = line; at != NULL; n++)
        at = next_field(field, at, separator);
    return n;
}

void vtr_scratch_table_text(char out[VTR_SCRATCH_NAME], const vtr_scratch_table *table, size_t line,
                            size_t column)
{
    const char *at = table->lines.lines[line].text;
    if (line == table->header) at += strspn(at, "#!% ");
    for (size_t i = 0; at != NULL && i < column; i++)
        at = next_field(out, at, table->separator);
    out[0] = '\0';
    if (at != NULL) next_field(out, at, table->separator);
}

/* --- names and units ---------------------------------------------------------------------------------------- */

/* Lower case, words joined by underscores, the micro sign (of Latin-1's block or the Greek letter) as u. */
static void simplify(char *name)
{
    char *to = name;
    for (const char *from = name; *from != '\0';) {
        if (vtr_text_starts_with(from, "\xc2\xb5") || vtr_text_starts_with(from, "\xce\xbc")) {
            *to++ = 'u';
            from += 2;
        } else if (isspace((unsigned char)*from) || *from == '-' || *from == '.') {
            if (to > name && to[-1] != '_') *to++ = '_';
            from++;
        } else {
            *to++ = (char)tolower((unsigned char)*from++);
        }
    }
    while (to > name && to[-1] == '_')
        to--;
    *to = '\0';
}

/* Splits "Normal load (mN)" into normal_load and mN. */
static void split_unit(char *name, char unit[VTR_SCRATCH_NAME])
{
    char *open = strpbrk(name, "([");
    unit[0] = '\0';
    if (open != NULL) {
        size_t n = strcspn(open + 1, ")]");
        memcpy(unit, open + 1, n);
        unit[n] = '\0';
        *open = '\0';
    }
    simplify(name);
}

typedef struct known_unit {
    const char *name;
    vtr_scratch_dimension dimension;
    double factor;
} known_unit;

static const known_unit units[] = {
    {"N", VTR_SCRATCH_FORCE, 1e3},    {"mN", VTR_SCRATCH_FORCE, 1},    {"uN", VTR_SCRATCH_FORCE, 1e-3},
    {"m", VTR_SCRATCH_LENGTH, 1e6},   {"mm", VTR_SCRATCH_LENGTH, 1e3}, {"um", VTR_SCRATCH_LENGTH, 1},
    {"nm", VTR_SCRATCH_LENGTH, 1e-3}, {"s", VTR_SCRATCH_TIME, 1},      {"ms", VTR_SCRATCH_TIME, 1e-3},
    {"min", VTR_SCRATCH_TIME, 60},
};
/* in the order of the parameters' choices */
static const char *const force_units[] = {"", "N", "mN", "uN"}, *const length_units[] = {"", "m", "mm", "um",
                                                                                         "nm"};

/* 0: no such unit. Areas and volumes are powers of lengths: um^2, um2. */
static double unit_factor(const char *text, vtr_scratch_dimension dimension, bool any_case)
{
    char name[VTR_SCRATCH_NAME];
    int power = dimension == VTR_SCRATCH_AREA ? 2 : dimension == VTR_SCRATCH_VOLUME ? 3 : 1;
    size_t n = 0;
    for (const char *at = text; *at != '\0'; at++)
        if (vtr_text_starts_with(at, "\xc2\xb5") || vtr_text_starts_with(at, "\xce\xbc")) {
            name[n++] = 'u';
            at++;
        } else if (vtr_text_starts_with(at, "\xc2\xb2") || vtr_text_starts_with(at, "\xc2\xb3")) {
            name[n++] = at[1] == '\xb2' ? '2' : '3';
            at++;
        } else if (*at != '^' && *at != ' ') {
            name[n++] = *at;
        }
    name[n] = '\0';
    if (power > 1) {
        if (n < 2 || name[n - 1] != '0' + power) return 0;
        name[n - 1] = '\0';
        dimension = VTR_SCRATCH_LENGTH;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].dimension == dimension &&
            (any_case ? strcasecmp(units[i].name, name) : strcmp(units[i].name, name)) == 0)
            return pow(units[i].factor, power);
    return 0;
}

static double default_factor(vtr_scratch_dimension dimension, const vtr_scratch_params *params)
{
    if (dimension == VTR_SCRATCH_TIME) return 1;
    if (dimension == VTR_SCRATCH_FORCE) return unit_factor(force_units[params->force_unit], dimension, false);
    double length = unit_factor(length_units[params->length_unit], VTR_SCRATCH_LENGTH, false);
    return pow(length, dimension == VTR_SCRATCH_AREA ? 2 : dimension == VTR_SCRATCH_VOLUME ? 3 : 1);
}

/* Whether `name` is one of the quantity's, alone or with a unit behind it (load_mN). */
static bool is_name(const char *name, const vtr_scratch_quantity *quantity, const char **suffix)
{
    for (const char *at = quantity->names; *at != '\0';) {
        size_t n = strcspn(at, "|");
        if (strncmp(name, at, n) == 0 && (name[n] == '\0' || name[n] == '_')) {
            *suffix = name[n] == '_' ? name + n + 1 : "";
            if (**suffix == '\0') return true;
            if (quantity->dimension != VTR_SCRATCH_TEXT &&
                unit_factor(*suffix, quantity->dimension, true) > 0)
                return true;
        }
        at += n + (at[n] == '|');
    }
    return false;
}

static int first_name_length(const vtr_scratch_quantity *quantity)
{
    return (int)strcspn(quantity->names, "|");
}

vtr_status vtr_scratch_table_column(vtr_scratch_column *out, const vtr_scratch_table *table,
                                    const vtr_scratch_quantity *quantity, const vtr_scratch_params *params,
                                    vtr_error *err)
{
    vtr_scratch_column column = {.factor = 1};
    for (size_t i = 0; i < table->n_columns && !column.is_there; i++) {
        char name[VTR_SCRATCH_NAME], unit[VTR_SCRATCH_NAME], whole[VTR_SCRATCH_NAME];
        const char *suffix = "";
        vtr_scratch_table_text(name, table, table->header, i);
        memcpy(whole, name, sizeof whole);
        split_unit(name, unit);
        if (!is_name(name, quantity, &suffix)) continue;
        column = (vtr_scratch_column){true, i, 1};
        if (quantity->dimension == VTR_SCRATCH_TEXT) break;
        column.factor = unit[0] != '\0'     ? unit_factor(unit, quantity->dimension, false)
                        : suffix[0] != '\0' ? unit_factor(suffix, quantity->dimension, true)
                                            : default_factor(quantity->dimension, params);
        if (column.factor > 0) break;
        if (unit[0] != '\0')
            return vtr_fail(err, VTR_ERR_FORMAT, "column '%s' of '%s': '%s' is no unit of it", whole,
                            table->path, unit);
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "column '%s' of '%s' has no unit; write it as '%s (%s)' or give --%s-unit", whole,
                        table->path, whole, quantity->dimension == VTR_SCRATCH_FORCE ? "mN" : "um",
                        quantity->dimension == VTR_SCRATCH_FORCE ? "force" : "length");
    }
    *out = column;
    return VTR_OK;
}

/* --- the table ---------------------------------------------------------------------------------------------- */

static bool names_key(const vtr_scratch_table *table, const vtr_scratch_quantity *key)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        char name[VTR_SCRATCH_NAME], unit[VTR_SCRATCH_NAME];
        const char *suffix;
        vtr_scratch_table_text(name, table, table->header, i);
        split_unit(name, unit);
        if (is_name(name, key, &suffix)) return true;
    }
    return false;
}

vtr_status vtr_scratch_table_read(vtr_scratch_table *out, const char *path, const vtr_scratch_quantity *key,
                                  vtr_error *err)
{
    vtr_scratch_table table = {.path = path};
    vtr_status status = vtr_text_lines_read(&table.lines, path, err);
    if (status != VTR_OK) return status;
    bool is_empty = true;
    for (size_t i = 0; i < table.lines.n; i++) {
        const vtr_text_line *line = &table.lines.lines[i];
        if (line->kind == VTR_LINE_BLANK) continue;
        is_empty = false;
        if (line->kind == VTR_LINE_NUMBERS) break;
        table.header = i;
        table.separator = separator_of(line->text + strspn(line->text, "#!% "));
        table.n_columns = count_fields(line->text + strspn(line->text, "#!% "), table.separator);
        if (table.n_columns > 1 && names_key(&table, key)) {
            *out = table;
            return VTR_OK;
        }
    }
    vtr_scratch_table_release(&table);
    if (is_empty) return vtr_fail(err, VTR_ERR_NO_DATA, "'%s' is empty", path);
    return vtr_fail(err, VTR_ERR_FORMAT, "'%s' has no header with a column '%.*s'", path,
                    first_name_length(key), key->names);
}

void vtr_scratch_table_release(vtr_scratch_table *table)
{
    vtr_text_lines_release(&table->lines);
    *table = (vtr_scratch_table){0};
}

vtr_status vtr_scratch_table_row(bool *is_row, const vtr_scratch_table *table, size_t line, vtr_error *err)
{
    const vtr_text_line *at = &table->lines.lines[line];
    *is_row = line > table->header && at->kind != VTR_LINE_BLANK && at->kind != VTR_LINE_COMMENT;
    if (!*is_row) return VTR_OK;
    size_t n = count_fields(at->text, table->separator);
    if (n == table->n_columns) return VTR_OK;
    return vtr_fail(err, VTR_ERR_FORMAT, "line %zu of '%s' has %zu fields, its header %zu", line + 1,
                    table->path, n, table->n_columns);
}

vtr_status vtr_scratch_table_number(double *out, const vtr_scratch_table *table, size_t line,
                                    const vtr_scratch_column *column, vtr_error *err)
{
    char text[VTR_SCRATCH_NAME], name[VTR_SCRATCH_NAME];
    double value = NAN;
    vtr_scratch_table_text(text, table, line, column->index);
    char *comma = table->separator == ',' ? NULL : strchr(text, ',');
    if (comma != NULL) *comma = '.';
    if (text[0] != '\0' && strcasecmp(text, "nan") != 0 && vtr_parse_double(text, &value) != 0) {
        vtr_scratch_table_text(name, table, table->header, column->index);
        return vtr_fail(err, VTR_ERR_FORMAT, "line %zu of '%s': '%s' in column '%s' is not a number",
                        line + 1, table->path, text, name);
    }
    *out = value * column->factor;
    return VTR_OK;
}
