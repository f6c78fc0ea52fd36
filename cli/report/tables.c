/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/markup.h"
#include "sections.h"
#include "words.h"

enum {
    MAX_NUMBERS = 6,
    MAX_ROWS = 1000,
    MAX_ACROSS = 6,
    MAX_CELLS = 400,
    MAX_LENGTH = 1 << 16,
    MAX_ATTRIBUTES = 512
};

/* --- attributes ---------------------------------------------------------------------------------------------- */

double cli_report_number(const cli_report_job *r, const char *group, const char *attribute)
{
    double value;
    vtr_status status = vtr_mapfile_read_numbers(r->file, group, NULL, attribute, 1, &value, NULL);
    return status == VTR_OK ? value : NAN;
}

static bool is_shown_attribute(const cli_item *item, const char *group)
{
    if (item->attribute == NULL || strcmp(item->group, group) != 0 || cli_is_nexus(item->attribute))
        return false;
    size_t n = strlen(item->attribute);
    if (n > 6 && strcmp(item->attribute + n - 6, "_units") == 0)
        return false; /* stands in the unit's column */
    return item->n > 0 && (item->is_number || (item->is_text && item->n == 1));
}

static void put_extremes(const cli_report_job *r, cli_source source, const double *values, size_t n,
                         double factor)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    source.take = "min";
    cli_page_value(r->out, "span", isfinite(low) ? factor * low : NAN, -1, &source);
    fputs(" to ", r->out);
    source.take = "max";
    cli_page_value(r->out, "span", isfinite(high) ? factor * high : NAN, -1, &source);
}

static void put_numbers(const cli_report_job *r, const cli_item *item, const cli_words *words)
{
    double *values = cli_malloc(item->n * sizeof *values);
    cli_source source = {
        .group = item->group, .name = item->name, .attribute = item->attribute, .factor = words->factor};
    bool is_read =
        values != NULL && vtr_mapfile_read_numbers(r->file, item->group, item->name, item->attribute, item->n,
                                                   values, NULL) == VTR_OK;
    fputs("<td>", r->out);
    if (is_read && item->n > MAX_NUMBERS) {
        put_extremes(r, source, values, item->n, words->factor);
    } else if (is_read && words->is_boolean && item->n == 1) {
        source.take = "yes";
        cli_page_open(r->out, "span", NULL, &source);
        fprintf(r->out, "%s</span>", values[0] != 0 ? "yes" : "no");
    } else if (is_read) {
        static const char *const box[] = {"rows from ", " to before ", ", columns from ", " to before "};
        for (size_t i = 0; i < item->n; i++) {
            bool is_box = words->is_box && item->n == 4;
            fputs(is_box ? box[i] : i > 0 ? ", " : "", r->out);
            source.index = i;
            cli_page_value(r->out, "span", words->factor * values[i], -1, &source);
        }
    }
    fputs("</td>", r->out);
    free(values);
}

static void put_text(const cli_report_job *r, const cli_item *item)
{
    char *text = cli_read_text(r->file, item->group, item->name, item->attribute);
    cli_source source = {
        .group = item->group, .name = item->name, .attribute = item->attribute, .take = "text"};
    bool is_long = text != NULL && strchr(text, '\n') != NULL;
    cli_page_open(r->out, "td", is_long ? "text lines" : "text", &source);
    if (text != NULL) cli_page_text(r->out, text);
    fputs("</td>", r->out);
    free(text);
}

static void put_unit(const cli_report_job *r, const cli_item *item, const cli_words *words)
{
    char name[160];
    snprintf(name, sizeof name, "%.150s_units", item->attribute);
    char *unit = words->unit[0] == '\0' ? cli_read_text(r->file, item->group, item->name, name) : NULL;
    fputs("<td class=\"u\">", r->out);
    if (unit != NULL)
        cli_page_text(r->out, unit);
    else
        fputs(words->unit, r->out);
    fputs("</td>", r->out);
    free(unit);
}

static void attribute_row(const cli_report_job *r, const cli_item *item)
{
    cli_words words;
    cli_words_of(&words, item->group, item->attribute);
    fputs("<tr><th scope=\"row\">", r->out);
    if (item->name != NULL) {
        fputs("<code>", r->out);
        cli_page_text(r->out, item->name);
        fputs("</code>: ", r->out);
    }
    fputs(words.label, r->out);
    if (item->is_number && item->n > MAX_NUMBERS) fprintf(r->out, ", %zu values", item->n);
    fputs("</th>", r->out);
    if (item->is_text)
        put_text(r, item);
    else
        put_numbers(r, item, &words);
    put_unit(r, item, &words);
    fputs("</tr>\n", r->out);
}

void cli_report_attributes(const cli_report_job *r, const char *group)
{
    size_t order[MAX_ATTRIBUTES], n = 0;
    for (size_t i = 0; i < r->contents->n && n < MAX_ATTRIBUTES; i++) {
        const cli_item *items = r->contents->items;
        if (!is_shown_attribute(&items[i], group)) continue;
        size_t at = n++, place = cli_place_of(group, items[i].attribute);
        for (; at > 0 && cli_place_of(group, items[order[at - 1]].attribute) > place; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    if (n == 0) return;
    fputs("<div class=\"scroll\"><table>\n<caption>Numbers and settings</caption>\n<thead><tr>"
          "<th scope=\"col\">what</th><th scope=\"col\">value</th><th scope=\"col\">unit</th></tr></thead>\n"
          "<tbody>\n",
          r->out);
    for (size_t i = 0; i < n; i++)
        attribute_row(r, &r->contents->items[order[i]]);
    fputs("</tbody></table></div>\n", r->out);
}

/* --- columns ------------------------------------------------------------------------------------------------- */

/* A column of numbers with the errors beside it. */
typedef struct column {
    const cli_item *item;
    double *values, *errors; /* [n]; errors NULL: none */
    char unit[32];           /* HTML */
    double factor;           /* what is shown is factor * value */
} column;

typedef struct columns {
    size_t n, n_rows;
    column list[64];
} columns;

static void release(columns *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->list[i].values);
        free(c->list[i].errors);
    }
    c->n = 0;
}

static bool is_column(const cli_item *item, const char *group)
{
    return cli_item_is_dataset(item) && strcmp(item->group, group) == 0 && item->is_number &&
           item->rank == 1 && item->n > 0 && item->n <= MAX_LENGTH && strncmp(item->name, "scan_", 5) != 0;
}

static double *read_all(const cli_report_job *r, const char *group, const char *name, size_t n,
                        vtr_error *err)
{
    double *values = cli_malloc(n * sizeof *values);
    if (values == NULL) {
        vtr_fail(err, VTR_ERR_MEMORY, "no memory for %zu numbers", n);
        return NULL;
    }
    if (vtr_mapfile_read(r->file, group, name, VTR_TYPE_F64, n, values, err) == VTR_OK) return values;
    free(values);
    return NULL;
}

static void read_unit(char unit[32], const cli_report_job *r, const cli_item *item)
{
    char *text = cli_read_text(r->file, item->group, item->name, "units");
    cli_markup_escape(unit, 32, text != NULL ? cli_unit_sign(text) : "");
    free(text);
}

static bool has_dataset(const cli_report_job *r, const char *group, const char *name, size_t n)
{
    for (size_t i = 0; i < r->contents->n; i++)
        if (is_column(&r->contents->items[i], group) && strcmp(r->contents->items[i].name, name) == 0)
            return r->contents->items[i].n == n;
    return false;
}

/* Whether a dataset holds the errors of another one of the group, and so stands beside that. */
static bool stands_beside(const cli_report_job *r, const cli_item *item)
{
    char name[256];
    if (!cli_is_errors(item->name)) return false;
    snprintf(name, sizeof name, "%.*s", (int)(strlen(item->name) - 7), item->name);
    return has_dataset(r, item->group, name, item->n);
}

static vtr_status add_column(columns *c, const cli_report_job *r, const cli_item *item, vtr_error *err)
{
    char name[256];
    column *made = &c->list[c->n];
    *made = (column){.item = item, .values = read_all(r, item->group, item->name, item->n, err)};
    if (made->values == NULL) return VTR_ERR_IO;
    c->n++;
    read_unit(made->unit, r, item);
    made->factor = 1;
    if (made->unit[0] == '\0' && cli_is_fraction(item->group, item->name)) {
        made->factor = 100;
        strcpy(made->unit, "%");
    }
    snprintf(name, sizeof name, "%.200s_errors", item->name);
    if (!has_dataset(r, item->group, name, item->n)) return VTR_OK;
    made->errors = read_all(r, item->group, name, item->n, err);
    return made->errors != NULL ? VTR_OK : VTR_ERR_IO;
}

/* What the column is, in the words of the file, or its name. */
static void put_name(const cli_report_job *r, const column *c)
{
    char *text = cli_read_text(r->file, c->item->group, c->item->name, "long_name");
    cli_page_text(r->out, c->item->name);
    if (text != NULL && text[0] != '\0' && strcmp(text, c->item->name) != 0) {
        fputs(" <span class=\"name\">", r->out);
        cli_page_text(r->out, text);
        fputs("</span>", r->out);
    }
    free(text);
}

/* A number, its error after it; as many decimals as give the error two digits. */
static void put_cell(const cli_report_job *r, const column *c, size_t row)
{
    char name[256];
    cli_source source = {.group = c->item->group, .name = c->item->name, .index = row, .factor = c->factor};
    double error = c->errors != NULL ? c->factor * c->errors[row] : NAN;
    int decimals = error > 0 && isfinite(error) ? (int)fmax(1 - floor(log10(error)), 0) : -1;
    if (decimals > 7) decimals = -1;
    fputs("<td class=\"n\">", r->out);
    cli_page_value(r->out, "span", c->factor * c->values[row], decimals, &source);
    if (isfinite(error)) {
        snprintf(name, sizeof name, "%.200s_errors", c->item->name);
        source.name = name;
        fputs(" ± ", r->out);
        cli_page_value(r->out, "span", error, decimals, &source);
    }
    fputs("</td>", r->out);
}

/* Few rows, many columns: a line for each column. */
static void put_across(const cli_report_job *r, const columns *c)
{
    fputs("<thead><tr><th scope=\"col\">what</th>", r->out);
    for (size_t row = 0; row < c->n_rows; row++)
        fprintf(r->out, "<th scope=\"col\" class=\"n\">%zu</th>", row + 1);
    fputs("<th scope=\"col\">unit</th></tr></thead>\n<tbody>\n", r->out);
    for (size_t i = 0; i < c->n; i++) {
        fputs("<tr><th scope=\"row\">", r->out);
        put_name(r, &c->list[i]);
        fputs("</th>", r->out);
        for (size_t row = 0; row < c->n_rows; row++)
            put_cell(r, &c->list[i], row);
        fprintf(r->out, "<td class=\"u\">%s</td></tr>\n", c->list[i].unit);
    }
}

static void put_down(const cli_report_job *r, const columns *c)
{
    fputs("<thead><tr><th scope=\"col\">number</th>", r->out);
    for (size_t i = 0; i < c->n; i++) {
        fputs("<th scope=\"col\" class=\"n\">", r->out);
        cli_page_text(r->out, c->list[i].item->name);
        if (c->list[i].unit[0] != '\0') fprintf(r->out, " (%s)", c->list[i].unit);
        fputs("</th>", r->out);
    }
    fputs("</tr></thead>\n<tbody>\n", r->out);
    for (size_t row = 0; row < c->n_rows; row++) {
        fprintf(r->out, "<tr><th scope=\"row\">%zu</th>", row + 1);
        for (size_t i = 0; i < c->n; i++)
            put_cell(r, &c->list[i], row);
        fputs("</tr>\n", r->out);
    }
}

/* What is too long for a table is told by its ends: its curve is a figure. */
static void put_ranges(const cli_report_job *r, const columns *c)
{
    fputs("<thead><tr><th scope=\"col\">what</th><th scope=\"col\">lowest to highest value</th>"
          "<th scope=\"col\">unit</th></tr></thead>\n<tbody>\n",
          r->out);
    for (size_t i = 0; i < c->n; i++) {
        cli_source source = {
            .group = c->list[i].item->group, .name = c->list[i].item->name, .factor = c->list[i].factor};
        fputs("<tr><th scope=\"row\">", r->out);
        put_name(r, &c->list[i]);
        fprintf(r->out, ", %zu values</th><td>", c->n_rows);
        put_extremes(r, source, c->list[i].values, c->n_rows, c->list[i].factor);
        fprintf(r->out, "</td><td class=\"u\">%s</td></tr>\n", c->list[i].unit);
    }
}

/* Whether the columns are curves over an axis and not a table of things. */
static bool are_curves(const columns *c)
{
    static const char *const axes[] = {"r", "Q", "k", "channel", "lag", "energy_loss"};
    for (size_t i = 0; i < c->n; i++)
        for (size_t a = 0; a < sizeof axes / sizeof *axes; a++)
            if (strcmp(c->list[i].item->name, axes[a]) == 0) return c->n_rows > MAX_ACROSS;
    return c->n_rows > MAX_ROWS;
}

static vtr_status columns_of_length(const cli_report_job *r, const char *group, size_t n, vtr_error *err)
{
    columns c = {.n_rows = n};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < r->contents->n && status == VTR_OK; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_one = is_column(item, group) && item->n == n && !stands_beside(r, item);
        if (is_one && c.n < sizeof c.list / sizeof *c.list) status = add_column(&c, r, item, err);
    }
    if (status == VTR_OK && c.n > 0) {
        fprintf(r->out,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"numbers\">"
                "<table class=\"columns\">\n<caption>%s</caption>\n",
                are_curves(&c) ? "Curves and axes"
                : c.n > 1      ? "Numbers that belong together"
                               : "Numbers");
        if (are_curves(&c))
            put_ranges(r, &c);
        else if (n <= MAX_ACROSS)
            put_across(r, &c);
        else
            put_down(r, &c);
        fputs("</tbody></table></div>\n", r->out);
    }
    release(&c);
    return status;
}

/* --- small arrays -------------------------------------------------------------------------------------------- */

static bool is_small_array(const cli_item *item, const char *group)
{
    return cli_item_is_dataset(item) && strcmp(item->group, group) == 0 && item->is_number &&
           item->rank >= 2 && item->n > 0 && item->n <= MAX_CELLS && item->shape[item->rank - 1] <= 16 &&
           strcmp(group, "ring") != 0; /* the ellipses of a small scan */
}

/* The last index runs along a row; the others are its number. */
static void put_array(const cli_report_job *r, const cli_item *item, const double *values)
{
    size_t across = item->shape[item->rank - 1], rows = item->n / across;
    column c = {.item = item};
    read_unit(c.unit, r, item);
    fputs("<div class=\"scroll\"><table>\n<caption>", r->out);
    put_name(r, &c);
    if (c.unit[0] != '\0') fprintf(r->out, " (%s)", c.unit);
    fputs("</caption>\n<thead><tr><th scope=\"col\">row</th>", r->out);
    for (size_t i = 0; i < across; i++)
        fprintf(r->out, "<th scope=\"col\" class=\"n\">%zu</th>", i + 1);
    fputs("</tr></thead>\n<tbody>\n", r->out);
    for (size_t row = 0; row < rows; row++) {
        fputs("<tr><th scope=\"row\">", r->out);
        size_t rest = row, below = rows;
        for (size_t d = 0; d + 1 < item->rank; d++) {
            below /= item->shape[d];
            fprintf(r->out, "%s%zu", d > 0 ? ", " : "", rest / below + 1);
            rest %= below;
        }
        fputs("</th>", r->out);
        for (size_t i = 0; i < across; i++) {
            cli_source source = {.group = item->group, .name = item->name, .index = row * across + i};
            cli_page_value(r->out, "td", values[row * across + i], -1, &source);
        }
        fputs("</tr>\n", r->out);
    }
    fputs("</tbody></table></div>\n", r->out);
}

static bool is_map(const cli_report_job *r, const cli_item *item)
{
    return cli_names_has(r->names, item->group, item->name);
}

vtr_status cli_report_columns(const cli_report_job *r, const char *group, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < r->contents->n && status == VTR_OK; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_first = is_column(item, group);
        for (size_t j = 0; j < i && is_first; j++)
            if (is_column(&r->contents->items[j], group)) is_first = r->contents->items[j].n != item->n;
        if (is_first) status = columns_of_length(r, group, item->n, err);
        if (status == VTR_OK && is_small_array(item, group) && !is_map(r, item)) {
            double *values = read_all(r, group, item->name, item->n, err);
            if (values == NULL) return VTR_ERR_IO;
            put_array(r, item, values);
            free(values);
        }
    }
    return status;
}
