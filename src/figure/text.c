/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "figure/figure_internal.h"
#include "vitrail/constants.h"

#define SMALLEST_PT 4.5

/* Writes <sub> and <sup> as spans of fixed size and rise: Pango 1.50 takes theirs from the font's metrics,
 * which come out several times too large when metrics are not hinted. False where `size` is too small. */
static bool expand_scripts(char *out, size_t size, const char *text, double size_pt)
{
    size_t used = 0;
    while (*text != '\0') {
        char span[96];
        const char *part = span;
        size_t length, taken = 1;
        bool is_sub = strncmp(text, "<sub>", 5) == 0,
             is_end = strncmp(text, "</su", 4) == 0 && text[5] == '>';
        if (is_sub || strncmp(text, "<sup>", 5) == 0) {
            snprintf(span, sizeof span, "<span size='%d' rise='%d'>", (int)(0.72 * size_pt * PANGO_SCALE),
                     (int)((is_sub ? -0.16 : 0.36) * size_pt * PANGO_SCALE));
            taken = 5;
        } else if (is_end) {
            snprintf(span, sizeof span, "</span>");
            taken = 6;
        } else {
            part = text;
        }
        length = part == text ? 1 : strlen(span);
        if (used + length >= size) return false;
        memcpy(out + used, part, length);
        used += length;
        text += taken;
    }
    out[used] = '\0';
    return true;
}

/* A Pango layout of `text` at a size in pt of the page, whatever the resolution of the device. */
static PangoLayout *make_layout(cairo_t *cr, const char *text, double size_pt)
{
    PangoLayout *layout = pango_cairo_create_layout(cr);
    pango_cairo_context_set_resolution(pango_layout_get_context(layout), 72);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(pango_layout_get_context(layout), options);
    cairo_font_options_destroy(options);
    /* or small text that is drawn upwards loses its spaces */
    pango_context_set_round_glyph_positions(pango_layout_get_context(layout), false);
    pango_layout_context_changed(layout);

    PangoFontDescription *font = pango_font_description_from_string("DejaVu Sans, sans-serif");
    pango_font_description_set_size(font, (gint)(size_pt * PANGO_SCALE));
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    char markup[1024];
    if (expand_scripts(markup, sizeof markup, text, size_pt) &&
        pango_parse_markup(markup, -1, 0, NULL, NULL, NULL, NULL))
        pango_layout_set_markup(layout, markup, -1);
    else
        pango_layout_set_text(layout, text, -1);
    return layout;
}

void vtr_text_size(cairo_t *cr, const char *text, double size_pt, double *w, double *h)
{
    PangoLayout *layout = make_layout(cr, text, size_pt);
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    *w = logical.width / (double)PANGO_SCALE;
    *h = logical.height / (double)PANGO_SCALE;
    g_object_unref(layout);
}

void vtr_text(cairo_t *cr, const char *text, double size_pt, double x, double y, int align)
{
    PangoLayout *layout = make_layout(cr, text, size_pt);
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    /* the middle of digits and capitals, not of the line with room for subscripts, sits on y */
    double baseline = pango_layout_get_baseline(layout) / (double)PANGO_SCALE;
    cairo_move_to(cr, x - 0.5 * align * logical.width / PANGO_SCALE, y - baseline + 0.365 * size_pt);
    pango_cairo_show_layout(cr, layout);
    cairo_new_path(cr);
    g_object_unref(layout);
}

void vtr_text_upwards(cairo_t *cr, const char *text, double size_pt, double x, double y, double room)
{
    double w, h;
    vtr_text_size(cr, text, size_pt, &w, &h);
    if (w > room) size_pt = size_pt * room / w > SMALLEST_PT ? size_pt * room / w : SMALLEST_PT;
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -VTR_PI / 2);
    vtr_text(cr, text, size_pt, 0, 0, VTR_CENTRE);
    cairo_restore(cr);
}
