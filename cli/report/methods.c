/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "references.h"
#include "sections.h"
#include "statements.h"

/* --- choosing ------------------------------------------------------------------------------------------------ */

static bool begins(const char *text, const char *begin)
{
    return text != NULL && (begin[0] == '\0' ? text[0] != '\0' : strncmp(text, begin, strlen(begin)) == 0);
}

static bool holds(const cli_report_job *r, const condition *c)
{
    double value = 0;
    char setting[512];
    bool is_number = c->kind >= YES && c->kind <= UNKNOWN &&
                     vtr_mapfile_read_numbers(r->file, c->group, NULL, c->name, 1, &value, NULL) == VTR_OK;
    switch (c->kind) {
    case ALWAYS:
        return true;
    case HAS:
        return vtr_mapfile_has(r->file, c->group, c->name);
    case LACKS:
        return !vtr_mapfile_has(r->file, c->group, c->name);
    case YES:
        return is_number && isfinite(value) && value != 0;
    case NO:
        return is_number && value == 0;
    case KNOWN:
        return is_number && isfinite(value);
    case UNKNOWN:
        return is_number && !isfinite(value);
    case SET:
        if (!cli_read_setting(r->file, c->group, c->name, setting, sizeof setting)) return false;
        return c->value == NULL ? strcmp(setting, "none") != 0 && strcmp(setting, "nan") != 0
                                : strcmp(setting, c->value) == 0;
    default:
        break;
    }
    char *text = cli_read_text(r->file, c->group, NULL, c->name);
    bool is_so = begins(text, c->value);
    free(text);
    return is_so;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

/* The references in the order in which the text first names them. */
typedef struct cited {
    size_t n, place[64]; /* in the table */
} cited;

static size_t cite(cited *c, const char *key, size_t length)
{
    size_t place = cli_reference_find(key, length);
    for (size_t i = 0; i < c->n; i++)
        if (c->place[i] == place) return i + 1;
    if (place == cli_n_references || c->n == sizeof c->place / sizeof *c->place) return 0;
    c->place[c->n++] = place;
    return c->n;
}

/* "[key,key]" as links to the list. */
static void put_citation(const cli_report_job *r, cited *c, const char *keys, size_t length)
{
    fputc('[', r->out);
    for (const char *end = keys + length; keys < end;) {
        size_t n = strcspn(keys, ",]");
        size_t number = cite(c, keys, n);
        fprintf(r->out, "<a href=\"#%sreference-%zu\">%zu</a>", r->prefix, number, number);
        keys += n;
        if (*keys == ',') fputs(", ", r->out);
        keys++;
    }
    fputc(']', r->out);
}

/* "group@attribute:index*factor" or "step=setting". */
static void put_value(const cli_report_job *r, const char *token, size_t length)
{
    char place[128], setting[512];
    snprintf(place, sizeof place, "%.*s", (int)length, token);
    char *at = strchr(place, '@'), *equals = strchr(place, '=');
    if (at == NULL && equals != NULL) {
        *equals = '\0';
        cli_read_setting(r->file, place, equals + 1, setting, sizeof setting);
        cli_page_text(r->out, setting);
        return;
    }
    if (at == NULL) return;
    *at++ = '\0';
    char *star = strchr(at, '*'), *colon = strchr(at, ':');
    if (star != NULL) *star++ = '\0';
    if (colon != NULL) *colon++ = '\0';
    double values[4], factor = star != NULL ? strtod(star, NULL) : 1;
    cli_source source = {.group = place,
                         .attribute = at,
                         .factor = factor,
                         .index = colon != NULL ? strtoul(colon, NULL, 10) : 0};
    char *text = cli_read_text(r->file, place, NULL, at);
    if (text != NULL) {
        source.take = "text";
        cli_page_open(r->out, "span", NULL, &source);
        cli_page_text(r->out, text);
        fputs("</span>", r->out);
    } else {
        bool is_read = false;
        for (size_t n = source.index + 1; n <= 4 && !is_read; n++)
            is_read = vtr_mapfile_read_numbers(r->file, place, NULL, at, n, values, NULL) == VTR_OK;
        cli_page_value(r->out, "span", is_read ? factor * values[source.index] : NAN, -1, &source);
    }
    free(text);
}

static void put_statement(const cli_report_job *r, cited *c, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t length = strcspn(text, *text == '{' ? "}" : "]");
        if (*text == '{') {
            put_value(r, text + 1, length - 1);
            text += length;
        } else if (*text == '[') {
            put_citation(r, c, text + 1, length - 1);
            text += length;
        } else {
            fputc(*text, r->out);
        }
    }
}

static void put_topic(const cli_report_job *r, cited *c, const topic *t)
{
    fprintf(r->out, "<h3>%s</h3>\n<p>", t->title);
    bool is_first = true;
    for (size_t i = 0; i < t->n; i++) {
        const statement *s = &t->statements[i];
        if (!holds(r, &s->when[0]) || !holds(r, &s->when[1])) continue;
        if (!is_first) fputc('\n', r->out);
        is_first = false;
        put_statement(r, c, s->text);
    }
    fputs("</p>\n", r->out);
}

void cli_report_methods(const cli_report_job *r)
{
    cited c = {0};
    cli_report_start(r, "methods", "Methods, for a paper");
    fputs("<p class=\"soft\">Put together from what the map file says about itself; every sentence holds for "
          "this file. "
          "Add what it cannot know: specimen, microscope, camera.</p>\n",
          r->out);
    for (size_t i = 0; i < cli_report_n_topics; i++)
        if (holds(r, &cli_report_topics[i].when)) put_topic(r, &c, &cli_report_topics[i]);
    fputs("<h3>References</h3>\n<ol class=\"references\">\n", r->out);
    for (size_t i = 0; i < c.n; i++)
        fprintf(r->out, "<li id=\"%sreference-%zu\">%s%s%s.</li>\n", r->prefix, i + 1,
                cli_references[c.place[i]].text, c.place[i] == 0 ? ", version " : "",
                c.place[i] == 0 ? vtr_version() : "");
    fputs("</ol>\n<h3>The references in BibTeX</h3>\n<pre class=\"bibtex\">", r->out);
    for (size_t i = 0; i < c.n; i++)
        cli_reference_put_bibtex(r->out, &cli_references[c.place[i]]);
    fputs("</pre>\n", r->out);
    cli_report_end(r);
}
