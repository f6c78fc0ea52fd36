/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands beside and in a picture: colour bar, colour wheel, scale bar, keys. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/figure_internal.h"
#include "vitrail/constants.h"

#define GAP 5.0
#define BAR_WIDTH 6.0
#define TICK_LENGTH 2.2
#define LINE_WIDTH 0.5
#define INK 0.1
#define KEY_GAP 9.0

/* --- colour bar
 * ---------------------------------------------------------------------------------------------- */

static void bar_ticks(vtr_ticks *ticks, const vtr_colour_bar *bar, double height)
{
    size_t most = (size_t)fmin(fmax(height / 15, 2), 7);
    if (bar->scaling == VTR_SCALE_LOG)
        vtr_ticks_log(ticks, bar->limits[0], bar->limits[1], most);
    else
        vtr_ticks_linear(ticks, bar->limits[0], bar->limits[1], most);
}

static double widest_tick(cairo_t *cr, const vtr_ticks *ticks)
{
    double widest = 0;
    for (size_t i = 0; i < ticks->n; i++) {
        double w, h;
        vtr_text_size(cr, ticks->text[i], VTR_SMALL_PT, &w, &h);
        widest = fmax(widest, w);
    }
    return widest;
}

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

double vtr_colour_bar_width(cairo_t *cr, const vtr_colour_bar *bar, double height)
{
    vtr_ticks ticks;
    bar_ticks(&ticks, bar, height);
    return GAP + BAR_WIDTH + TICK_LENGTH + 2 + widest_tick(cr, &ticks) +
           (has_text(bar->label) ? VTR_TEXT_PT + 5 : 1);
}

/* A triangle at an end of the bar: there are values beyond it. */
static void draw_end(cairo_t *cr, const vtr_colour_bar *bar, double x, double y, double height,
                     double position)
{
    unsigned char rgb[3];
    vtr_palette_colour(rgb, bar->palette, position);
    vtr_set_rgb(cr, rgb);
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x + BAR_WIDTH / 2, y + height);
    cairo_line_to(cr, x + BAR_WIDTH, y);
    cairo_fill(cr);
}

static void outline_bar(cairo_t *cr, const vtr_colour_bar *bar, vtr_rectangle r, double end)
{
    cairo_move_to(cr, r.x, r.y);
    if (bar->out_of_range[1]) cairo_line_to(cr, r.x + r.w / 2, r.y - end);
    cairo_line_to(cr, r.x + r.w, r.y);
    cairo_line_to(cr, r.x + r.w, r.y + r.h);
    if (bar->out_of_range[0]) cairo_line_to(cr, r.x + r.w / 2, r.y + r.h + end);
    cairo_line_to(cr, r.x, r.y + r.h);
    cairo_close_path(cr);
    vtr_set_grey(cr, INK);
    cairo_set_line_width(cr, LINE_WIDTH);
    cairo_stroke(cr);
}

static void fill_bar(vtr_canvas *canvas, const vtr_colour_bar *bar, vtr_rectangle r)
{
    enum { N = 256 };
    unsigned char rgb[N][3], is_data[N];
    for (int i = 0; i < N; i++)
        vtr_palette_colour(rgb[i], bar->palette, 1 - (i + 0.5) / N);
    memset(is_data, 1, N);
    vtr_raster column = {.n_y = N, .n_x = 1, .rgb = rgb[0], .is_data = is_data};
    vtr_draw_raster(canvas, vtr_snap(canvas, r), &column, NULL);
}

void vtr_draw_colour_bar(vtr_canvas *canvas, const vtr_colour_bar *bar, vtr_rectangle box)
{
    cairo_t *cr = canvas->cr;
    double end = fmin(5, box.h / 8);
    double above = bar->out_of_range[1] ? end : 0, below = bar->out_of_range[0] ? end : 0;
    vtr_rectangle r = vtr_snap(
        canvas, (vtr_rectangle){box.x + box.w + GAP, box.y + above, BAR_WIDTH, box.h - above - below});
    fill_bar(canvas, bar, r);
    if (above > 0) draw_end(cr, bar, r.x, r.y, -end, 1);
    if (below > 0) draw_end(cr, bar, r.x, r.y + r.h, end, 0);
    outline_bar(cr, bar, r, end);
    vtr_ticks ticks;
    bar_ticks(&ticks, bar, box.h);
    for (size_t i = 0; i < ticks.n; i++) {
        double y = r.y + r.h * (1 - vtr_scale_position(bar->limits, bar->scaling, ticks.value[i]));
        cairo_move_to(cr, r.x + r.w, y);
        cairo_line_to(cr, r.x + r.w + TICK_LENGTH, y);
        cairo_stroke(cr);
        vtr_text(cr, ticks.text[i], VTR_SMALL_PT, r.x + r.w + TICK_LENGTH + 2, y, VTR_LEFT);
    }
    double minor[VTR_MAX_MINOR];
    size_t n_minor =
        bar->scaling == VTR_SCALE_LOG ? vtr_ticks_minor(minor, bar->limits[0], bar->limits[1]) : 0;
    for (size_t i = 0; i < n_minor; i++) {
        double y = r.y + r.h * (1 - vtr_scale_position(bar->limits, bar->scaling, minor[i]));
        cairo_move_to(cr, r.x + r.w, y);
        cairo_line_to(cr, r.x + r.w + TICK_LENGTH / 2, y);
        cairo_stroke(cr);
    }
    if (!has_text(bar->label)) return;
    double x = r.x + r.w + TICK_LENGTH + 2 + widest_tick(cr, &ticks) + 4 + VTR_TEXT_PT / 2;
    vtr_text_upwards(cr, bar->label, VTR_TEXT_PT, x, box.y + box.h / 2, box.h + 4);
}

/* --- colour wheel
 * -------------------------------------------------------------------------------------------- */

#define WHEEL_RADIUS 15.0

bool vtr_wheel_pixel(unsigned char rgb[3], double dx, double dy, int fold)
{
    double r = hypot(dx, dy);
    if (r > 1) return false;
    vtr_wheel_colour(rgb, atan2(dy, dx), fold, r);
    return true;
}

double vtr_wheel_width(cairo_t *cr, const char *label, const char *limit_text)
{
    double degrees, limit, h;
    vtr_text_size(cr, "0°", VTR_SMALL_PT, &degrees, &h);
    vtr_text_size(cr, limit_text, VTR_SMALL_PT, &limit, &h);
    return GAP + fmax(2 * WHEEL_RADIUS + 2 + degrees, limit) + (has_text(label) ? VTR_TEXT_PT + 5 : 1);
}

/* The disc as a picture clipped to a circle. */
static void fill_wheel(vtr_canvas *canvas, double x, double y, double radius, int fold)
{
    enum { N = 160 };
    static const double outside = 1.03; /* colours go on a little under the clip's edge */
    unsigned char rgb[N * N * 3], is_data[N * N];
    memset(is_data, 1, sizeof is_data);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double dx = outside * (2 * (j + 0.5) / N - 1), dy = outside * (2 * (i + 0.5) / N - 1);
            double beyond = fmax(1, hypot(dx, dy) * (1 + 1e-9));
            vtr_wheel_pixel(rgb + 3 * (i * N + j), dx / beyond, dy / beyond, fold);
        }
    vtr_raster disc = {.n_y = N, .n_x = N, .rgb = rgb, .is_data = is_data};
    cairo_t *cr = canvas->cr;
    cairo_save(cr);
    cairo_arc(cr, x, y, radius, 0, 2 * VTR_PI);
    cairo_clip(cr);
    double half = outside * radius;
    vtr_draw_raster(canvas, (vtr_rectangle){x - half, y - half, 2 * half, 2 * half}, &disc, NULL);
    cairo_restore(cr);
    cairo_arc(cr, x, y, radius, 0, 2 * VTR_PI);
    vtr_set_grey(cr, INK);
    cairo_set_line_width(cr, LINE_WIDTH);
    cairo_stroke(cr);
}

void vtr_draw_wheel(vtr_canvas *canvas, vtr_rectangle box, int fold, const char *label,
                    const char *limit_text)
{
    cairo_t *cr = canvas->cr;
    double text_height = VTR_SMALL_PT + 3;
    double radius = fmin(WHEEL_RADIUS, fmax(4, (box.h - 2 * text_height) / 2));
    double limit, h;
    vtr_text_size(cr, limit_text, VTR_SMALL_PT, &limit, &h);
    double x = box.x + box.w + GAP + fmax(WHEEL_RADIUS, limit / 2 - 4);
    double y = box.y + box.h / 2 - text_height;
    fill_wheel(canvas, x, y, radius, fold);
    vtr_set_grey(cr, INK);
    vtr_text(cr, "0°", VTR_SMALL_PT, x + radius + 2, y, VTR_LEFT);
    vtr_text(cr, "90°", VTR_SMALL_PT, x, y + radius + 2 + VTR_SMALL_PT / 2, VTR_CENTRE);
    vtr_text(cr, limit_text, VTR_SMALL_PT, x, y + radius + 2 + 1.9 * VTR_SMALL_PT, VTR_CENTRE);
    if (!has_text(label)) return;
    double right = box.x + box.w + vtr_wheel_width(cr, label, limit_text);
    vtr_text_upwards(cr, label, VTR_TEXT_PT, right - VTR_TEXT_PT / 2 - 1, box.y + box.h / 2, box.h + 4);
}

/* --- scale bar
 * ----------------------------------------------------------------------------------------------- */

void vtr_draw_scale_bar(vtr_canvas *canvas, vtr_rectangle box, double length, const char *text,
                        double lightness, bool at_right)
{
    cairo_t *cr = canvas->cr;
    const double pad = 3, thickness = 1.8, inset = 4, line = VTR_SMALL_PT + 1;
    double w, h;
    vtr_text_size(cr, text, VTR_SMALL_PT, &w, &h);
    vtr_rectangle plate = {box.x + inset, 0, fmax(w, length) + 2 * pad, line + thickness + 2 * pad};
    if (at_right) plate.x = box.x + box.w - inset - plate.w;
    plate.y = box.y + box.h - inset - plate.h;
    if (plate.h + 2 * inset > box.h) plate.y = box.y + (box.h - plate.h) / 2;
    double paper = lightness < 0.55 ? 0 : 1;
    cairo_set_source_rgba(cr, paper, paper, paper, 0.66);
    vtr_rounded_rectangle(cr, plate, 1.5);
    cairo_fill(cr);
    vtr_set_grey(cr, 1 - paper);
    double middle = plate.x + plate.w / 2;
    cairo_rectangle(cr, middle - length / 2, plate.y + plate.h - pad - thickness, length, thickness);
    cairo_fill(cr);
    vtr_text(cr, text, VTR_SMALL_PT, middle, plate.y + pad + line / 2 - 0.8, VTR_CENTRE);
}

/* --- keys
 * ---------------------------------------------------------------------------------------------------- */

static double draw_key_sign(cairo_t *cr, const vtr_key *key, double x, double y)
{
    const double side = 5;
    double length = 11;
    vtr_set_rgb(cr, key->rgb);
    cairo_set_line_width(cr, 1);
    switch (key->kind) {
    case VTR_KEY_SWATCH:
        cairo_rectangle(cr, x, y - side / 2, side, side);
        cairo_fill(cr);
        return side;
    case VTR_KEY_BOX:
        cairo_rectangle(cr, x + 0.5, y - side / 2, side + 2, side);
        cairo_stroke(cr);
        return side + 3;
    case VTR_KEY_ARROW:
        length = key->length;
        cairo_move_to(cr, x, y);
        cairo_line_to(cr, x + length - 2, y);
        cairo_stroke(cr);
        cairo_move_to(cr, x + length, y);
        cairo_line_to(cr, x + length - 3.4, y - 1.7);
        cairo_line_to(cr, x + length - 3.4, y + 1.7);
        cairo_close_path(cr);
        cairo_fill(cr);
        return length;
    case VTR_KEY_DASHES:
        cairo_set_dash(cr, (const double[]){2.6, 1.6}, 2, 0);
        break;
    case VTR_KEY_LINE:
        break;
    }
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x + length, y);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    return length;
}

static double key_width(cairo_t *cr, const vtr_key *key)
{
    double w, h, sign = key->kind == VTR_KEY_SWATCH ? 5 : key->kind == VTR_KEY_BOX ? 8 : 11;
    vtr_text_size(cr, key->text, VTR_SMALL_PT, &w, &h);
    return fmax(sign, key->length) + 3 + w;
}

size_t vtr_key_rows(cairo_t *cr, const vtr_key *keys, size_t n, double width)
{
    size_t rows = n > 0;
    double x = 0;
    for (size_t i = 0; i < n; i++) {
        double w = key_width(cr, &keys[i]);
        if (x > 0 && x + w > width) rows++, x = 0;
        x += w + KEY_GAP;
    }
    return rows;
}

void vtr_draw_keys(vtr_canvas *canvas, const vtr_key *keys, size_t n, vtr_rectangle place)
{
    cairo_t *cr = canvas->cr;
    double x = 0, y = place.y + VTR_KEY_HEIGHT / 2;
    for (size_t i = 0; i < n; i++) {
        double w = key_width(cr, &keys[i]);
        if (x > 0 && x + w > place.w) {
            y += VTR_KEY_HEIGHT;
            x = 0;
        }
        double sign = draw_key_sign(cr, &keys[i], place.x + x, y);
        vtr_set_grey(cr, 0.25);
        vtr_text(cr, keys[i].text, VTR_SMALL_PT, place.x + x + sign + 3, y, VTR_LEFT);
        x += w + KEY_GAP;
    }
}
