/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

/* --- steps --------------------------------------------------------------------------------------------------- */

enum { MAX_STEPS = 64 };

typedef struct step {
    const char *group; /* "process/map" */
    double index;
} step;

static size_t find_steps(step steps[MAX_STEPS], const cli_report_job *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->contents->n && n < MAX_STEPS; i++) {
        const cli_item *item = &r->contents->items[i];
        if (!cli_item_is_group(item) || strncmp(item->group, "process/", 8) != 0) continue;
        step next = {item->group, 0};
        if (!vtr_mapfile_has(r->file, item->group, "sequence_index") ||
            vtr_mapfile_read(r->file, item->group, "sequence_index", VTR_TYPE_F64, 1, &next.index, NULL) !=
                VTR_OK)
            next.index = INFINITY;
        size_t at = n++;
        for (; at > 0 && steps[at - 1].index > next.index; at--)
            steps[at] = steps[at - 1];
        steps[at] = next;
    }
    return n;
}

static const char *title_of(const char *name)
{
    static const char *const titles[][2] = {{"command", "Command"},
                                            {"date", "Time (UTC)"},
                                            {"program", "Program"},
                                            {"version", "Version"},
                                            {"input", "Input"},
                                            {"input_size", "Size of the input (bytes)"},
                                            {"input_checksum", "Checksum of the input"},
                                            {"sequence_index", "Step"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], name) == 0) return titles[i][1];
    return NULL;
}

/* Texts of several lines stand below the table. */
static bool is_block(const cli_item *item, const char *text)
{
    return strcmp(item->name, "parameters") == 0 || (text != NULL && strchr(text, '\n') != NULL);
}

static char *step_text(const cli_report_job *r, const cli_item *item)
{
    return item->is_text && item->n == 1 ? cli_read_text(r->file, item->group, item->name, NULL) : NULL;
}

static double step_number(const cli_report_job *r, const cli_item *item)
{
    double value = NAN;
    if (item->is_number && item->n == 1)
        vtr_mapfile_read(r->file, item->group, item->name, VTR_TYPE_F64, 1, &value, NULL);
    return value;
}

static bool is_row(const cli_report_job *r, const cli_item *item, const char *group)
{
    if (!cli_item_is_dataset(item) || strcmp(item->group, group) != 0) return false;
    char *text = step_text(r, item);
    bool is_one = text != NULL ? !is_block(item, text) : isfinite(step_number(r, item));
    free(text);
    return is_one;
}

static void step_row(const cli_report_job *r, const cli_item *item)
{
    cli_source source = {.group = item->group, .name = item->name};
    char *text = step_text(r, item);
    const char *title = title_of(item->name);
    fputs("<tr><th scope=\"row\">", r->out);
    cli_page_text(r->out, title != NULL ? title : item->name);
    fputs("</th>", r->out);
    if (text != NULL) {
        source.take = "text";
        cli_page_open(r->out, "td", "text", &source);
        fputs("<code>", r->out);
        cli_page_text(r->out, text);
        fputs("</code></td></tr>\n", r->out);
    } else {
        fputs("<td>", r->out);
        cli_page_value(r->out, "span", step_number(r, item), -1, &source);
        fputs("</td></tr>\n", r->out);
    }
    free(text);
}

static void step_block(const cli_report_job *r, const cli_item *item)
{
    char *text = step_text(r, item);
    cli_source source = {.group = item->group, .name = item->name, .take = "text"};
    if (text != NULL && text[0] != '\0' && is_block(item, text)) {
        bool are_settings = strcmp(item->name, "parameters") == 0;
        fputs("<p class=\"soft\">", r->out);
        cli_page_text(r->out, are_settings ? "Settings" : item->name);
        fputs("</p>\n", r->out);
        cli_page_open(r->out, "pre", are_settings ? "settings" : NULL, &source);
        cli_page_text(r->out, text);
        fputs("</pre>\n", r->out);
    }
    free(text);
}

static void one_step(const cli_report_job *r, const step *s)
{
    bool is_open = false;
    fputs("<h3>", r->out);
    cli_page_text(r->out, s->group + strlen("process/"));
    fputs("</h3>\n", r->out);
    for (size_t i = 0; i < r->contents->n; i++) {
        const cli_item *item = &r->contents->items[i];
        if (!is_row(r, item, s->group)) continue;
        if (!is_open)
            fputs("<div class=\"scroll\"><table>\n<caption>Record of this step</caption>\n<tbody>\n", r->out);
        is_open = true;
        step_row(r, item);
    }
    if (is_open) fputs("</tbody></table></div>\n", r->out);
    for (size_t i = 0; i < r->contents->n; i++)
        if (cli_item_is_dataset(&r->contents->items[i]) && strcmp(r->contents->items[i].group, s->group) == 0)
            step_block(r, &r->contents->items[i]);
}

void cli_report_process(const cli_report_job *r)
{
    step steps[MAX_STEPS];
    size_t n = find_steps(steps, r);
    cli_report_start(r, "process", "How it was made");
    if (n == 0)
        fputs("<p>The file does not say how it was made.</p>\n", r->out);
    else
        fputs("<p>Every step that has written to the map file, in their order, as it was called and with all "
              "of its "
              "settings.</p>\n",
              r->out);
    for (size_t i = 0; i < n; i++)
        one_step(r, &steps[i]);
    cli_report_end(r);
}

/* --- contents ------------------------------------------------------------------------------------------------ */

static void catalogue_row(const cli_report_job *r, const cli_item *item)
{
    char *name = cli_read_text(r->file, item->group, item->name, "long_name");
    char *unit = cli_read_text(r->file, item->group, item->name, "units");
    cli_source source = {.group = item->group, .name = item->name, .take = "shape"};
    fputs("<tr><th scope=\"row\"><code>", r->out);
    cli_page_text(r->out, item->group);
    if (item->group[0] != '\0') fputc('/', r->out);
    cli_page_text(r->out, item->name);
    fputs("</code></th>", r->out);
    cli_page_open(r->out, "td", "shape", &source);
    for (size_t d = 0; d < item->rank; d++)
        fprintf(r->out, "%s%zu", d > 0 ? " × " : "", item->shape[d]);
    if (item->rank == 0) fputs("one", r->out);
    fputs("</td><td class=\"u\">", r->out);
    cli_page_text(r->out, unit != NULL ? unit : "");
    fputs("</td><td class=\"u wrap\">", r->out);
    cli_page_text(r->out, name != NULL ? name : "");
    fputs("</td></tr>\n", r->out);
    free(name);
    free(unit);
}

void cli_report_catalogue(const cli_report_job *r)
{
    cli_report_start(r, "contents", "Contents of the file");
    fputs("<p>The map file is HDF5 with NeXus groups; any reader of either opens it. These are its datasets "
          "below "
          "<code>/entry</code>.</p>\n"
          "<div class=\"scroll\"><table>\n<caption>Datasets</caption>\n<thead><tr><th scope=\"col\">name</th>"
          "<th scope=\"col\">shape</th><th scope=\"col\">unit</th><th "
          "scope=\"col\">what</th></tr></thead>\n<tbody>\n",
          r->out);
    for (size_t i = 0; i < r->contents->n; i++) {
        const cli_item *item = &r->contents->items[i];
        if (cli_item_is_dataset(item) && !cli_is_within(item->group, "process")) catalogue_row(r, item);
    }
    fputs("</tbody></table></div>\n", r->out);
    cli_report_end(r);
}
