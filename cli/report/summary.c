/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

static void put_attribute(const cli_report_job *r, const char *group, const char *attribute, double factor)
{
    cli_source source = {.group = group, .attribute = attribute, .factor = factor};
    cli_page_value(r->out, "strong", factor * cli_report_number(r, group, attribute), -1, &source);
}

/* Quantity and statistics of a map; false where the file lacks it or it has no value anywhere. */
static bool read_map(cli_quantity *q, cli_statistics *s, const cli_report_job *r, const char *group,
                     const char *name)
{
    *q = (cli_quantity){0};
    if (!cli_names_has(r->names, group, name) || cli_quantity_read(q, r->file, group, name, NULL) != VTR_OK)
        return false;
    bool is_read = cli_quantity_statistics(s, q, NULL) == VTR_OK && s->valid > 0;
    cli_quantity_release_values(q);
    return is_read;
}

static void put_taken(const cli_report_job *r, const cli_quantity *q, const char *take, double value,
                      int decimals)
{
    cli_source source = {.group = q->group, .name = q->name, .take = take, .factor = q->factor};
    cli_page_value(r->out, "strong", value, decimals, &source);
}

/* "text A UNIT to B UNIT (5 % to 95 % of the positions)" */
static void put_range(const cli_report_job *r, const char *group, const char *name, const char *text)
{
    cli_quantity q;
    cli_statistics s;
    if (!read_map(&q, &s, r, group, name)) return;
    int decimals = cli_page_decimals(s.low, s.high);
    fprintf(r->out, "<li>%s ", text);
    put_taken(r, &q, "p5", s.low, decimals);
    fputs(" to ", r->out);
    put_taken(r, &q, "p95", s.high, decimals);
    fprintf(r->out, " %s in nine tenths of the positions.</li>\n", q.unit);
}

static void put_median(const cli_report_job *r, const char *group, const char *name, const char *text)
{
    cli_quantity q;
    cli_statistics s;
    if (!read_map(&q, &s, r, group, name)) return;
    fprintf(r->out, "<li>%s ", text);
    put_taken(r, &q, "median", s.median, cli_page_decimals(s.median, 0));
    fprintf(r->out, " %s.</li>\n", q.unit);
}

/* --- sentences ----------------------------------------------------------------------------------------------- */

static void say_scan(const cli_report_job *r)
{
    for (size_t i = 0; i < r->contents->n; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_map = cli_item_is_dataset(item) && item->rank >= 2 &&
                      (strcmp(item->group, "ring") == 0 || cli_names_has(r->names, item->group, item->name));
        if (!is_map) continue;
        cli_source source = {.group = item->group, .name = item->name, .take = "rows"};
        double step[2];
        fputs("<li>The scan has ", r->out);
        cli_page_value(r->out, "strong", (double)item->shape[0], -1, &source);
        fputs(" rows of ", r->out);
        source.take = "columns";
        cli_page_value(r->out, "strong", (double)item->shape[1], -1, &source);
        fputs(" positions", r->out);
        if (vtr_mapfile_read_numbers(r->file, "ring", NULL, "scan_step_nm", 2, step, NULL) == VTR_OK &&
            isfinite(step[0]) && isfinite(step[1])) {
            cli_source along = {.group = "ring", .attribute = "scan_step_nm"};
            fputs(", ", r->out);
            cli_page_value(r->out, "strong", step[0], -1, &along);
            fputs(" nm from row to row and ", r->out);
            along.index = 1;
            cli_page_value(r->out, "strong", step[1], -1, &along);
            fputs(" nm along them", r->out);
        }
        fputs(".</li>\n", r->out);
        return;
    }
}

static void say_ring(const cli_report_job *r)
{
    size_t rank, shape[8];
    if (!vtr_mapfile_has(r->file, "ring", "flags") ||
        vtr_mapfile_shape(r->file, "ring", "flags", &rank, shape, NULL, NULL) != VTR_OK || rank != 2)
        return;
    size_t n = shape[0] * shape[1], fitted = 0;
    uint32_t *flags = cli_malloc((n > 0 ? n : 1) * sizeof *flags);
    if (flags != NULL && n > 0 &&
        vtr_mapfile_read(r->file, "ring", "flags", VTR_TYPE_U32, n, flags, NULL) == VTR_OK) {
        for (size_t i = 0; i < n; i++)
            fitted += (flags[i] & VTR_FLAGS_NO_RING_DATA) == 0;
        cli_source source = {.group = "ring", .name = "flags", .take = "fitted"};
        fputs("<li>The first ring was fitted at ", r->out);
        cli_page_value(r->out, "strong", (double)fitted, -1, &source);
        fputs(" positions, ", r->out);
        source.take = "fitted-share";
        source.factor = 100;
        cli_page_value(r->out, "strong", 100 * (double)fitted / (double)n, 2, &source);
        fprintf(r->out, " %% of them.%s</li>\n",
                fitted == 0 ? " No position has a value: look at the flags below." : "");
    }
    free(flags);
}

static void say_strain(const cli_report_job *r)
{
    put_range(r, "strain", "volumetric", "The volumetric strain is");
    put_range(r, "strain", "deviatoric", "The deviatoric strain is");
    put_median(r, "strain", "exx_errors",
               "One position tells <i>ε</i><sub>xx</sub> to a standard deviation of");
    if (vtr_mapfile_has(r->file, "strain", "exx"))
        fprintf(r->out, "<li>The reference, in which the strain is zero in the mean, was %s.</li>\n",
                cli_report_number(r, "strain", "reference_found") > 0
                    ? "found by the program as the most homogeneous region: whether it is without strain is "
                      "yours to judge"
                    : "chosen");
}

static void say_count(const cli_report_job *r, const char *group, const char *one, const char *many)
{
    double count = cli_report_number(r, group, "count");
    if (!isfinite(count)) return;
    fputs("<li>", r->out);
    put_attribute(r, group, "count", 1);
    fprintf(r->out, " %s found.</li>\n", count == 1 ? one : many);
}

static void say_phases(const cli_report_job *r)
{
    size_t rank, shape[8];
    double values[64];
    if (!vtr_mapfile_has(r->file, "phases", "fractions") ||
        vtr_mapfile_shape(r->file, "phases", "fractions", &rank, shape, NULL, NULL) != VTR_OK || rank != 1 ||
        shape[0] > 64 ||
        vtr_mapfile_read(r->file, "phases", "fractions", VTR_TYPE_F64, shape[0], values, NULL) != VTR_OK)
        return;
    fputs("<li>The map divides into structures with shares of ", r->out);
    for (size_t i = 0; i < shape[0]; i++) {
        cli_source source = {.group = "phases", .name = "fractions", .index = i, .factor = 100};
        fputs(i == 0 ? "" : i + 1 < shape[0] ? ", " : " and ", r->out);
        cli_page_value(r->out, "strong", 100 * values[i], 1, &source);
    }
    fputs(" %.</li>\n", r->out);
}

/* What the steps themselves found worth saying. */
static void say_notes(const cli_report_job *r)
{
    for (size_t i = 0; i < r->contents->n; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_note = item->attribute != NULL && item->name == NULL && item->is_text && item->n == 1 &&
                       (strncmp(item->attribute, "note_", 5) == 0 || strcmp(item->attribute, "notes") == 0);
        char *text = is_note ? cli_read_text(r->file, item->group, NULL, item->attribute) : NULL;
        if (text != NULL && text[0] != '\0') {
            fputs("<li>Note of <code>", r->out);
            cli_page_text(r->out, item->group);
            fputs("</code>: ", r->out);
            cli_page_text(r->out, text);
            fputs(".</li>\n", r->out);
        }
        free(text);
    }
}

vtr_status cli_report_summary(const cli_report_job *r, vtr_error *err)
{
    cli_report_start(r, "summary", "In short");
    fputs("<ul>\n", r->out);
    say_scan(r);
    say_ring(r);
    say_strain(r);
    say_count(r, "bands", "shear band was", "shear bands were");
    say_count(r, "inclusions", "inclusion was", "inclusions were");
    put_median(r, "pdf", "nearest", "The nearest neighbours are at a distance of, in the median,");
    put_range(r, "pdf/strain", "volumetric", "The volumetric strain of the first shell is");
    say_phases(r);
    put_median(r, "magnetic", "B", "The induction is, in the median,");
    put_median(r, "magnetic", "angle_to_strain",
               "The angle between field and largest tension is, in the median,");
    put_range(r, "magnetic", "energy", "The magnetoelastic energy density is");
    say_notes(r);
    fputs("</ul>\n", r->out);
    cli_report_end(r);
    return vtr_progress_cancelled(&r->run->progress)
               ? vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted; no report was written")
               : VTR_OK;
}
