/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/markup.h"
#include "sections.h"

enum { DPI_MAP = 150, DPI_ERRORS = 100 };

/* Flags have a section of their own, errors stand beside their map. */
static bool is_drawn(const cli_report_job *r, size_t i, const char *group)
{
    char base[CLI_NAME];
    const char *name = r->names->name[i];
    if (strcmp(r->names->group[i], group) != 0 || strcmp(name, "flags") == 0) return false;
    if (!cli_is_errors(name)) return true;
    snprintf(base, sizeof base, "%.*s", (int)(strlen(name) - strlen("_errors")), name);
    return !cli_names_has(r->names, group, base);
}

static bool errors_name(char name[CLI_NAME + 8], const cli_report_job *r, size_t i)
{
    snprintf(name, CLI_NAME + 8, "%s_errors", r->names->name[i]);
    return cli_names_has(r->names, r->names->group[i], name);
}

/* --- statistics ---------------------------------------------------------------------------------------------- */

/* What is shown of a map in numbers. */
typedef struct summary {
    cli_quantity quantity; /* its words, without its values */
    cli_statistics map, errors;
} summary;

static vtr_status summarise(summary *out, const cli_report_job *r, size_t i, vtr_error *err)
{
    char name[CLI_NAME + 8];
    cli_quantity errors = {0};
    *out = (summary){.errors = {NAN, NAN, NAN, 0}};
    vtr_status status =
        cli_quantity_read(&out->quantity, r->file, r->names->group[i], r->names->name[i], err);
    if (status == VTR_OK) status = cli_quantity_statistics(&out->map, &out->quantity, err);
    if (status == VTR_OK && errors_name(name, r, i)) {
        status = cli_quantity_read(&errors, r->file, r->names->group[i], name, err);
        errors.factor = out->quantity.factor; /* one unit a row */
        if (status == VTR_OK) status = cli_quantity_statistics(&out->errors, &errors, err);
        cli_quantity_release(&errors);
    }
    cli_quantity_release_values(&out->quantity);
    return status;
}

static vtr_status statistics_row(const cli_report_job *r, size_t i, vtr_error *err)
{
    summary s;
    char name[CLI_NAME + 8];
    vtr_status status = summarise(&s, r, i, err);
    if (status != VTR_OK) return status;
    const cli_quantity *q = &s.quantity;
    int digits = cli_page_decimals(s.map.low, s.map.high);
    cli_source source = {.group = q->group, .name = q->name, .factor = q->factor};
    const struct {
        const char *take;
        double value;
    } cells[] = {{"median", s.map.median}, {"p5", s.map.low}, {"p95", s.map.high}};
    /* an angle's own median says nothing: it is a direction */
    size_t n = strlen(q->name);
    bool is_angle = strcmp(q->name, "angle") == 0 || (n > 6 && strcmp(q->name + n - 6, "_angle") == 0);
    fprintf(r->out, "<tr><th scope=\"row\">%s</th>", q->symbol);
    for (int c = 0; c < 3; c++) {
        source.take = cells[c].take;
        if (is_angle)
            fputs("<td class=\"n\">–</td>", r->out);
        else
            cli_page_value(r->out, "td", cells[c].value, digits, &source);
    }
    bool has_errors = errors_name(name, r, i);
    if (has_errors) {
        cli_source errors = {.group = q->group, .name = name, .take = "median", .factor = q->factor};
        cli_page_value(r->out, "td", s.errors.median, cli_page_decimals(s.errors.median, 0), &errors);
    } else {
        fputs("<td class=\"n\">–</td>", r->out);
    }
    fprintf(r->out, "<td class=\"u\">%s</td>", q->unit);
    source.take = "valid";
    source.factor = 100;
    cli_page_value(r->out, "td", 100 * s.map.valid, 2, &source);
    fputs("<td class=\"u\">%</td></tr>\n", r->out);
    return VTR_OK;
}

static vtr_status statistics_table(const cli_report_job *r, const char *group, vtr_error *err)
{
    vtr_status status = VTR_OK;
    fputs(
        "<div class=\"scroll\"><table>\n<caption>Maps: median over the positions, the values that 5 % and 95 "
        "% of "
        "them stay below, median standard deviation, and positions with a value</caption>\n"
        "<thead><tr><th scope=\"col\">quantity</th><th scope=\"col\" class=\"n\">median</th>"
        "<th scope=\"col\" class=\"n\">5 %</th><th scope=\"col\" class=\"n\">95 %</th>"
        "<th scope=\"col\" class=\"n\">error</th><th scope=\"col\">unit</th>"
        "<th scope=\"col\" class=\"n\">with a value</th><th scope=\"col\">unit</th></tr></thead>\n<tbody>\n",
        r->out);
    for (size_t i = 0; i < r->names->n && status == VTR_OK; i++)
        if (is_drawn(r, i, group)) status = statistics_row(r, i, err);
    fputs("</tbody></table></div>\n", r->out);
    return status;
}

/* --- pictures ------------------------------------------------------------------------------------------------ */

vtr_status cli_report_figure(const cli_report_job *r, const char *name, double dpi, const char *alt,
                             const char *caption, vtr_error *err)
{
    cli_panels *panels = calloc(1, sizeof *panels);
    if (panels == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a figure");
    *panels = (cli_panels){.file = r->file, .path = r->path, .names = r->names};
    vtr_status status = cli_panels_add(panels, name, err);
    if (status == VTR_OK && panels->n > 0)
        status = cli_page_figure(r->out, panels->panel, panels->n, dpi, alt, caption, err);
    if (status == VTR_ERR_NOT_FOUND) status = VTR_OK;
    cli_panels_release(panels);
    free(panels);
    return status;
}

/* One map as a figure; its alternative text holds its numbers. */
static vtr_status one_map(const cli_report_job *r, const char *group, const char *name, bool is_errors,
                          vtr_error *err)
{
    cli_quantity q = {0};
    cli_statistics s;
    vtr_status status = cli_quantity_read(&q, r->file, group, name, err);
    if (status == VTR_OK) status = cli_quantity_statistics(&s, &q, err);
    if (status == VTR_OK) {
        char alt[640], escaped[2 * CLI_NAME];
        vtr_figure_panel panel = cli_quantity_panel(&q);
        snprintf(alt, sizeof alt, "%s/%s", group, name);
        cli_markup_escape(escaped, sizeof escaped, alt);
        snprintf(alt, sizeof alt, "Map of %s, %zu rows of %zu positions: ", escaped, q.n_y, q.n_x);
        size_t n = strlen(alt);
        if (s.valid > 0)
            snprintf(alt + n, sizeof alt - n,
                     "median %.3g, 5 %% below %.3g, 5 %% above %.3g in the unit of the table", s.median,
                     s.low, s.high);
        else
            snprintf(alt + n, sizeof alt - n, "no position has a value");
        status = cli_page_figure(r->out, &panel, 1, is_errors ? DPI_ERRORS : DPI_MAP, alt, NULL, err);
    }
    cli_quantity_release(&q);
    return status;
}

/* A map with its errors at its right. */
static vtr_status map_row(const cli_report_job *r, size_t i, vtr_error *err)
{
    char name[CLI_NAME + 8];
    fputs("<div class=\"row\">\n", r->out);
    vtr_status status = one_map(r, r->names->group[i], r->names->name[i], false, err);
    if (status == VTR_OK && errors_name(name, r, i)) status = one_map(r, r->names->group[i], name, true, err);
    fputs("</div>\n", r->out);
    return status;
}

/* Those with errors, a row each; then, two a row, those that stand alone. */
static vtr_status draw_maps(const cli_report_job *r, const char *group, bool alone, vtr_error *err)
{
    char name[CLI_NAME + 8];
    bool is_open = false;
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < r->names->n && status == VTR_OK; i++) {
        if (!is_drawn(r, i, group) || errors_name(name, r, i) == alone) continue;
        vtr_progress_report(&r->run->progress, "report", (double)i, (double)r->names->n, "maps");
        if (vtr_progress_cancelled(&r->run->progress))
            return vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted; no report was written");
        if (alone && !is_open) fputs("<div class=\"row\">\n", r->out);
        is_open = alone;
        status = alone ? one_map(r, group, r->names->name[i], false, err) : map_row(r, i, err);
    }
    if (is_open) fputs("</div>\n", r->out);
    return status;
}

vtr_status cli_report_maps(const cli_report_job *r, const char *group, vtr_error *err)
{
    bool has_any = false;
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < r->names->n && !has_any; i++)
        has_any = is_drawn(r, i, group);
    if (!has_any) return VTR_OK;
    status = statistics_table(r, group, err);
    for (int alone = 0; alone < 2 && status == VTR_OK; alone++)
        status = draw_maps(r, group, alone != 0, err);
    return status;
}
