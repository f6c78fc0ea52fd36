/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

enum { BITS = 32 };

/* How many positions have which bit. */
typedef struct counts {
    size_t n, flagged, lost, bit[BITS];
} counts;

static bool is_flags(const cli_item *item)
{
    return cli_item_is_dataset(item) && item->is_number && item->rank == 2 && item->n > 0 &&
           strcmp(item->name, "flags") == 0;
}

bool cli_report_has_flags(const cli_report_job *r)
{
    for (size_t i = 0; i < r->contents->n; i++)
        if (is_flags(&r->contents->items[i])) return true;
    return false;
}

static vtr_status count(counts *out, const cli_report_job *r, const cli_item *item, vtr_error *err)
{
    uint32_t *flags = cli_malloc(item->n * sizeof *flags);
    if (flags == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the flags of %zu positions", item->n);
    vtr_status status = vtr_mapfile_read(r->file, item->group, item->name, VTR_TYPE_U32, item->n, flags, err);
    *out = (counts){.n = item->n};
    for (size_t i = 0; i < item->n && status == VTR_OK; i++) {
        out->flagged += flags[i] != 0;
        out->lost += (flags[i] & VTR_FLAGS_NO_RING_DATA) != 0;
        for (size_t bit = 0; bit < BITS; bit++)
            out->bit[bit] += flags[i] >> bit & 1u;
    }
    free(flags);
    return status;
}

static void row(const cli_report_job *r, const cli_item *item, const char *what, const char *value, size_t n,
                size_t all, const char *take)
{
    char share[24];
    cli_source source = {.group = item->group, .name = item->name, .take = take};
    fprintf(r->out, "<tr><th scope=\"row\">%s</th><td class=\"u\">%s</td>", what, value);
    cli_page_value(r->out, "td", (double)n, 0, &source);
    snprintf(share, sizeof share, "%.16s-share", take);
    source.take = share;
    source.factor = 100;
    cli_page_value(r->out, "td", 100 * (double)n / (double)all, 2, &source);
    fputs("<td class=\"u\">%</td></tr>\n", r->out);
}

static vtr_status table(const cli_report_job *r, const cli_item *item, vtr_error *err)
{
    counts c = {0};
    vtr_status status = count(&c, r, item, err);
    if (status != VTR_OK) return status;
    if (c.flagged == 0) {
        fputs("<p>In <code>", r->out);
        cli_page_text(r->out, item->group);
        fprintf(r->out, "</code> none of %zu positions is flagged.</p>\n", c.n);
        return VTR_OK;
    }
    fputs("<div class=\"scroll\"><table>\n<caption>Positions flagged in <code>", r->out);
    cli_page_text(r->out, item->group);
    fputs("</code>. A position may have several reasons.</caption>\n<thead><tr><th scope=\"col\">why</th>"
          "<th scope=\"col\">value</th><th scope=\"col\" class=\"n\">positions</th>"
          "<th scope=\"col\" class=\"n\">share</th><th scope=\"col\">unit</th></tr></thead>\n<tbody>\n",
          r->out);
    for (unsigned bit = 0; bit < BITS; bit++) {
        char take[16], what[64];
        if (c.bit[bit] == 0) continue;
        snprintf(take, sizeof take, "bit%u", bit);
        if (bit < CLI_FLAGS)
            snprintf(what, sizeof what, "%s", cli_flag_text(bit));
        else
            snprintf(what, sizeof what, "unknown reason (bit %u)", bit);
        char *bracket = strstr(what, " (value kept)"); /* has a column of its own */
        if (bracket != NULL) *bracket = '\0';
        row(r, item, what, (VTR_FLAGS_NO_RING_DATA >> bit & 1u) != 0 ? "none" : "kept", c.bit[bit], c.n,
            take);
    }
    row(r, item, "any reason", "", c.flagged, c.n, "flagged");
    row(r, item, "a reason that leaves no value", "none", c.lost, c.n, "lost");
    fputs("</tbody></table></div>\n", r->out);
    return VTR_OK;
}

vtr_status cli_report_flags(const cli_report_job *r, vtr_error *err)
{
    vtr_status status = VTR_OK;
    cli_report_start(r, "flags", "What was flagged, and why");
    fputs("<p>A position without a value is grey in every map; nothing is filled in. A value that is kept is "
          "there, "
          "but to be looked at with care.</p>\n",
          r->out);
    for (size_t i = 0; i < r->contents->n && status == VTR_OK; i++)
        if (is_flags(&r->contents->items[i])) status = table(r, &r->contents->items[i], err);
    cli_report_end(r);
    return status;
}
