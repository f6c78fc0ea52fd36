/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base_internal.h"
#include "pdf/pdf_text_internal.h"
#include "pdf/profile_axis.h"
#include "vitrail/pdf_text.h"

enum { MIN_POINTS = 10 };

static const vtr_parameter parameters[] = {
    {"columns", NULL, VTR_PARAMETER_STRING, offsetof(vtr_profile_text_params, columns),
     .metavar = "X,Y[,ERROR]",
     .help = "columns of a text file, by number from 1 or by name; found unless given"},
    {"q-unit", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_profile_text_params, axis),
     .choices = "auto|Q|Q-nm|k|k-nm|twotheta",
     .help = "what x of a text file is: Q or k = 1/d in 1/Å or 1/nm, two theta in degrees; auto: as the file "
             "says, else Q in 1/Å"},
    {"wavelength", "Å", VTR_PARAMETER_DOUBLE, offsetof(vtr_profile_text_params, wavelength_angstrom),
     .default_value = NAN, .minimum = 1e-3, .maximum = 100, .metavar = "LAMBDA",
     .help = "of profiles over two theta, in place of the file's"},
};
const vtr_parameter_table vtr_profile_text_parameters = {"Profiles in text", parameters,
                                                         sizeof parameters / sizeof *parameters};

vtr_profile_text_params vtr_profile_text_default_params(void)
{
    vtr_profile_text_params params = {.k_step_inv_angstrom = NAN};
    vtr_parameters_default(&vtr_profile_text_parameters, &params);
    return params;
}

/* Where the numbers are, and what the columns are called. */
typedef struct layout {
    size_t first; /* line */
    size_t n_columns;
    bool is_chosen; /* by the caller: rows may be longer than the first one */
    size_t n_names;
    char names[TEXT_MAX_FIELDS][80];
    size_t x, y, error; /* columns; SIZE_MAX: none */
} layout;

static bool is_row(const vtr_text_line *line)
{
    return line->kind == VTR_LINE_NUMBERS;
}

static const vtr_text_line *next_row(const vtr_text_lines *lines, size_t i)
{
    for (i++; i < lines->n; i++)
        if (is_row(&lines->lines[i]))
            return &lines->lines[i];
        else if (lines->lines[i].kind == VTR_LINE_TEXT)
            return NULL;
    return NULL;
}

/* The first row of the table: after its marker where there is one; a row that is followed by longer ones is a count. */
static vtr_status find_table(layout *l, const vtr_text_lines *lines, const char *path, vtr_error *err)
{
    size_t i = 0;
    for (size_t k = 0; k < lines->n; k++)
        if (lines->lines[k].is_data_marker) i = k + 1;
    for (; i < lines->n; i++) {
        const vtr_text_line *line = &lines->lines[i], *next = NULL;
        if (!is_row(line)) continue;
        next = next_row(lines, i);
        if (next != NULL && next->n_fields > line->n_fields) continue;
        l->first = i;
        l->n_columns = line->n_fields;
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_NO_DATA, "'%s' holds no columns of numbers", path);
}

static const char *without_comment(const char *text)
{
    text += strspn(text, "#!% \t");
    return text[0] == 'L' && (text[1] == ' ' || text[1] == '\t') ? text + 2 : text;
}

/* Names stand in the last line before the table that has as many as there are columns; Fit2D writes them on a line each,
 * before the count. */
static void find_names(layout *l, const vtr_text_lines *lines)
{
    for (size_t i = l->first; i-- > 0 && i + 12 > l->first;) {
        const vtr_text_line *line = &lines->lines[i];
        if (line->kind != VTR_LINE_COMMENT && line->kind != VTR_LINE_TEXT) continue;
        if (strchr(line->text, '=') != NULL || line->is_data_marker) continue;
        const char *text = without_comment(line->text);
        double value;
        l->n_names = vtr_text_names(text, l->names);
        if (l->n_names == l->n_columns && vtr_parse_double(l->names[0], &value) != 0) return;
    }
    l->n_names = 0;
    if (l->n_columns < 2 || l->first < 4 || !is_row(&lines->lines[l->first - 1])) return;
    for (size_t k = 0; k < 2; k++) {
        const vtr_text_line *line = &lines->lines[l->first - 3 + k];
        if (line->kind != VTR_LINE_TEXT) return;
        snprintf(l->names[k], sizeof l->names[k], "%.79s", line->text);
    }
    l->n_names = 2;
}

/* "dG" beside "G(r)", "sigma", "esd", "error": a standard deviation of the column before. */
static bool is_error_name(const char *name, const char *y_name)
{
    static const char *const words[] = {"err", "sig", "esd", "std", "unc", "e.s.d", "variance"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(name, words[i], strlen(words[i])) == 0) return strcmp(words[i], "variance") != 0;
    if (vtr_text_holds_nocase(name, "_err") || vtr_text_holds_nocase(name, "_esd")) return true;
    return (name[0] == 'd' || name[0] == 'D') && name[1] != '\0' &&
           tolower((unsigned char)name[1]) == tolower((unsigned char)y_name[0]);
}

static void choose_columns(layout *l)
{
    l->x = 0;
    l->y = l->n_columns > 1 ? 1 : 0;
    l->error = SIZE_MAX;
    if (l->n_names == l->n_columns) {
        for (size_t i = 2; i < l->n_columns && l->error == SIZE_MAX; i++)
            if (is_error_name(l->names[i], l->names[l->y])) l->error = i;
    } else if (l->n_columns == 3 || l->n_columns == 4) {
        l->error = l->n_columns - 1;
    }
}

static vtr_status find_column(size_t *column, const layout *l, const char *name, const char *path,
                              vtr_error *err)
{
    size_t number;
    if (vtr_parse_size(name, &number) == 0) {
        if (number >= 1 && number <= l->n_columns) {
            *column = number - 1;
            return VTR_OK;
        }
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--columns: there is no column %s in '%s', which has %zu",
                        name, path, l->n_columns);
    }
    for (size_t i = 0; i < l->n_names; i++)
        if (strcmp(l->names[i], name) == 0) {
            *column = i;
            return VTR_OK;
        }
    return vtr_fail(err, VTR_ERR_ARGUMENT, "--columns: '%s' names no column '%s'; number them from 1", path,
                    name);
}

static vtr_status given_columns(layout *l, const char *text, const char *path, vtr_error *err)
{
    size_t columns[3] = {0, 1, SIZE_MAX}, n = 0;
    for (const char *at = text; *at != '\0' || n == 0; n++) {
        char name[80];
        size_t length = strcspn(at, ",");
        if (n == 3 || length == 0 || length >= sizeof name) n = SIZE_MAX - 1;
        if (n > 3) break;
        memcpy(name, at, length);
        name[length] = '\0';
        vtr_status status = find_column(&columns[n], l, name, path, err);
        if (status != VTR_OK) return status;
        at += length + (at[length] == ',');
    }
    if (n != 2 && n != 3)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--columns: '%s' is not X,Y or X,Y,ERROR", text);
    l->x = columns[0];
    l->y = columns[1];
    l->error = columns[2];
    l->is_chosen = true;
    return VTR_OK;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static vtr_status check_point(const vtr_profile_text *p, double x, double y, bool y_is_missing,
                              const char *path, size_t line, vtr_error *err)
{
    if (!isfinite(x) || (!isfinite(y) && !y_is_missing))
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "'%s', line %zu: %s is not a finite number; take the line out, or leave "
                        "its field empty in a file with commas",
                        path, line, isfinite(x) ? "y" : "x");
    if (p->n > 0 && x < p->x[p->n - 1])
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: x = %g follows %g, but x has to ascend", path,
                        line, x, p->x[p->n - 1]);
    return VTR_OK;
}

static vtr_status add_row(vtr_profile_text *p, const layout *l, const char *text, double k_step,
                          const char *path, size_t line, vtr_error *err)
{
    double values[TEXT_MAX_FIELDS];
    bool missing[TEXT_MAX_FIELDS];
    size_t n = vtr_text_numbers(text, values, missing);
    if (n < l->n_columns || (n > l->n_columns && !l->is_chosen))
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: %zu numbers where line %zu has %zu", path, line,
                        n, l->first + 1, l->n_columns);
    double x = l->n_columns == 1 ? (double)p->n * k_step : values[l->x];
    vtr_status status = check_point(p, x, values[l->y], missing[l->y], path, line, err);
    if (status != VTR_OK) return status;
    p->x[p->n] = x;
    p->y[p->n] = values[l->y];
    if (p->error != NULL) p->error[p->n] = values[l->error];
    if (p->error != NULL && values[l->error] < 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: an error of %g is negative", path, line,
                        values[l->error]);
    p->n++;
    return VTR_OK;
}

/* x written with too few digits repeats: "1.00E+01" for 10, 10.01, ... Where an even grid, rounded to three digits, is
 * what stands there, the grid is meant. */
static bool restore_even_grid(vtr_profile_text *p)
{
    double step = p->x[1] - p->x[0];
    if (!(step > 0.0)) return false;
    for (size_t i = 0; i < p->n; i++)
        if (!(fabs(p->x[0] + (double)i * step - p->x[i]) <= 0.005001 * fabs(p->x[i]))) return false;
    for (size_t i = 1; i < p->n; i++)
        p->x[i] = p->x[0] + (double)i * step;
    p->is_grid_restored = true;
    return true;
}

static bool is_end_mark(const vtr_text_line *line, const layout *l)
{
    return l->n_columns > 1 && line->n_fields == 1 && strcmp(line->text, "-1") == 0;
}

static vtr_status read_rows(vtr_profile_text *p, const layout *l, const vtr_text_lines *lines, double k_step,
                            const char *path, vtr_error *err)
{
    size_t repeated = 0; /* line */
    for (size_t i = l->first; i < lines->n; i++) {
        const vtr_text_line *line = &lines->lines[i];
        if (line->kind == VTR_LINE_BLANK || line->kind == VTR_LINE_COMMENT) continue;
        if (is_row(line) && is_end_mark(line, l)) break;
        if (!is_row(line))
            return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: '%.40s' where numbers are expected", path,
                            i + 1, line->text);
        vtr_status status = add_row(p, l, line->text, k_step, path, i + 1, err);
        if (status != VTR_OK) return status;
        if (repeated == 0 && p->n > 1 && p->x[p->n - 1] == p->x[p->n - 2]) repeated = i + 1;
    }
    if (repeated > 0 && !restore_even_grid(p))
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s', line %zu: x is there twice", path, repeated);
    if (p->n < MIN_POINTS)
        return vtr_fail(err, VTR_ERR_NO_DATA, "'%s' holds %zu points; a profile has at least %d", path, p->n,
                        MIN_POINTS);
    return VTR_OK;
}

/* --- header ----------------------------------------------------------------------------------------------------- */

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n > 0 && strchr(" \t", text[n - 1]) != NULL;)
        text[--n] = '\0';
    return text;
}

/* Cuts the lines before the table into keys and values, in place. */
static vtr_status read_entries(vtr_profile_text *p, vtr_text_lines *lines, size_t first, vtr_error *err)
{
    p->entries = vtr_calloc(first, sizeof *p->entries);
    if (p->entries == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a header");
    for (size_t i = 0; i < first; i++) {
        char *text = lines->lines[i].text;
        if (lines->lines[i].kind != VTR_LINE_TEXT && lines->lines[i].kind != VTR_LINE_COMMENT) continue;
        text += strspn(text, "#!% \t");
        char *separator = strpbrk(text, "=:");
        if (separator == NULL || separator == text || *text == '[') continue;
        *separator = '\0';
        p->entries[p->n_entries++] = (vtr_text_entry){trimmed(text), trimmed(separator + 1)};
    }
    return VTR_OK;
}

const char *vtr_profile_text_find(const vtr_profile_text *profile, const char *key)
{
    for (size_t i = 0; i < profile->n_entries; i++)
        if (strcasecmp(profile->entries[i].key, key) == 0) return profile->entries[i].value;
    return NULL;
}

/* --- all -------------------------------------------------------------------------------------------------------- */

static vtr_status allocate(vtr_profile_text *p, size_t n, bool has_error, vtr_error *err)
{
    p->x = vtr_calloc(n, sizeof *p->x);
    p->y = vtr_calloc(n, sizeof *p->y);
    if (has_error) p->error = vtr_calloc(n, sizeof *p->error);
    if (p->x == NULL || p->y == NULL || (has_error && p->error == NULL))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile");
    return VTR_OK;
}

static vtr_status read_table(vtr_profile_text *p, layout *l, vtr_text_lines *lines, const char *path,
                             const vtr_profile_text_params *params, vtr_error *err)
{
    vtr_status status = find_table(l, lines, path, err);
    if (status != VTR_OK) return status;
    find_names(l, lines);
    choose_columns(l);
    if (params->columns != NULL) status = given_columns(l, params->columns, path, err);
    if (status == VTR_OK && l->n_columns == 1 && !(params->k_step_inv_angstrom > 0))
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "'%s' has one value a line; --k-step says how far they are apart in k = 1/d", path);
    if (status == VTR_OK) status = allocate(p, lines->n - l->first, l->error != SIZE_MAX, err);
    if (status == VTR_OK) status = read_rows(p, l, lines, params->k_step_inv_angstrom, path, err);
    if (status != VTR_OK) return status;
    if (l->x < l->n_names) memcpy(p->x_name, l->names[l->x], sizeof p->x_name);
    if (l->y < l->n_names && l->n_columns > 1) memcpy(p->y_name, l->names[l->y], sizeof p->y_name);
    return VTR_OK;
}

vtr_status vtr_profile_text_read(vtr_profile_text *out, const char *path,
                                 const vtr_profile_text_params *given, vtr_error *err)
{
    vtr_profile_text_params params = given != NULL ? *given : vtr_profile_text_default_params();
    vtr_profile_text p = {.wavelength_angstrom = NAN};
    vtr_text_lines lines = {0};
    layout *l = vtr_calloc(1, sizeof *l);
    if (l == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    vtr_status status = vtr_text_lines_read(&lines, path, err);
    if (status == VTR_OK) status = read_table(&p, l, &lines, path, &params, err);
    if (status == VTR_OK) status = read_entries(&p, &lines, l->first, err);
    if (status == VTR_OK) vtr_profile_axis_find(&p, path, l->n_columns == 1, &params);
    p.text = lines.text;
    lines.text = NULL;
    vtr_text_lines_release(&lines);
    vtr_free(l);
    if (status == VTR_OK)
        *out = p;
    else
        vtr_profile_text_release(&p);
    return status;
}

void vtr_profile_text_release(vtr_profile_text *p)
{
    vtr_free(p->x);
    vtr_free(p->y);
    vtr_free(p->error);
    vtr_free(p->entries);
    vtr_free(p->text);
    *p = (vtr_profile_text){0};
}
