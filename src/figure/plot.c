/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "figure/figure_internal.h"
#include "vitrail/constants.h"

#define TICK_LENGTH 2.5

typedef struct axes {
    double x[2], y[2];
    bool log_x, log_y;
    vtr_rectangle box;
} axes;

static double lower(const vtr_figure_series *s, size_t i)
{
    if (s->low != NULL) return s->low[i];
    return s->error != NULL && isfinite(s->error[i]) ? s->y[i] - s->error[i] : s->y[i];
}

static double upper(const vtr_figure_series *s, size_t i)
{
    if (s->high != NULL) return s->high[i];
    return s->error != NULL && isfinite(s->error[i]) ? s->y[i] + s->error[i] : s->y[i];
}

static void widen(double range[2], double value)
{
    if (!isfinite(value)) return;
    if (!(value >= range[0])) range[0] = value; /* NaN at first */
    if (!(value <= range[1])) range[1] = value;
}

static void finish_range(double range[2], const double given[2], bool is_log, double padding)
{
    if (!isfinite(range[0])) range[0] = is_log ? 0.1 : 0, range[1] = 1;
    if (!(range[1] > range[0])) {
        double half = range[0] != 0 ? 0.1 * fabs(range[0]) : 1;
        range[0] -= half;
        range[1] += half;
    }
    if (is_log) {
        double ratio = pow(range[1] / range[0], padding);
        range[0] /= ratio;
        range[1] *= ratio;
    } else {
        double pad = padding * (range[1] - range[0]);
        range[0] -= pad;
        range[1] += pad;
    }
    for (int i = 0; i < 2; i++)
        if (isfinite(given[i])) range[i] = given[i];
}

static axes find_axes(const vtr_figure_plot *plot, vtr_rectangle box)
{
    axes a = {.x = {NAN, NAN}, .y = {NAN, NAN}, .log_x = plot->log_x, .log_y = plot->log_y, .box = box};
    for (size_t k = 0; k < plot->n_series; k++)
        for (size_t i = 0; i < plot->series[k].n; i++) {
            const vtr_figure_series *s = &plot->series[k];
            if (isfinite(s->y[i]) && (!plot->log_x || s->x[i] > 0)) widen(a.x, s->x[i]);
        }
    finish_range(a.x, plot->x_limits, plot->log_x, plot->log_x ? 0.03 : 0);
    for (size_t k = 0; k < plot->n_series; k++)
        for (size_t i = 0; i < plot->series[k].n; i++) {
            const vtr_figure_series *s = &plot->series[k];
            if (!(s->x[i] >= a.x[0] && s->x[i] <= a.x[1]) || (plot->log_y && !(s->y[i] > 0))) continue;
            widen(a.y, plot->log_y && !(lower(s, i) > 0) ? s->y[i] : lower(s, i));
            widen(a.y, upper(s, i));
        }
    finish_range(a.y, plot->y_limits, plot->log_y, 0.05);
    if (a.log_y && !(a.y[0] > 0)) a.y[0] = a.y[1] > 0 ? 1e-3 * a.y[1] : 0.1;
    if (!(a.y[1] > a.y[0])) a.y[1] = a.log_y ? 10 * a.y[0] : a.y[0] + 1;
    if (a.log_x && !(a.x[0] > 0)) a.x[0] = a.x[1] > 0 ? 1e-3 * a.x[1] : 0.1;
    if (!(a.x[1] > a.x[0])) a.x[1] = a.log_x ? 10 * a.x[0] : a.x[0] + 1;
    return a;
}

/* Where in a range, 0 to 1. On log axes what is not positive lies beyond the lower edge. */
static double place_in(const double range[2], bool is_log, double value)
{
    return is_log ? log(fmax(value, range[0] * 1e-3) / range[0]) / log(range[1] / range[0])
                  : (value - range[0]) / (range[1] - range[0]);
}

static double place_x(const axes *a, double x)
{
    return a->box.x + a->box.w * place_in(a->x, a->log_x, x);
}

static double place_y(const axes *a, double y)
{
    double t = place_in(a->y, a->log_y, y);
    return a->box.y + a->box.h * (1 - fmin(fmax(t, -1), 2));
}

static void y_ticks(vtr_ticks *ticks, const axes *a, double height)
{
    size_t most = (size_t)fmin(fmax(height / 18, 3), 8);
    if (a->log_y)
        vtr_ticks_log(ticks, a->y[0], a->y[1], most);
    else
        vtr_ticks_linear(ticks, a->y[0], a->y[1], most);
}

static void x_ticks(vtr_ticks *ticks, const axes *a, double width)
{
    size_t most = (size_t)fmin(fmax(width / 22, 3), 9);
    if (a->log_x)
        vtr_ticks_log(ticks, a->x[0], a->x[1], most);
    else
        vtr_ticks_linear(ticks, a->x[0], a->x[1], most);
}

static double widest(cairo_t *cr, const vtr_ticks *ticks)
{
    double most = 0;
    for (size_t i = 0; i < ticks->n; i++) {
        double w, h;
        vtr_text_size(cr, ticks->text[i], VTR_SMALL_PT, &w, &h);
        most = fmax(most, w);
    }
    return most;
}

vtr_margins vtr_plot_margins(cairo_t *cr, const vtr_figure_plot *plot, double width, double height)
{
    axes a = find_axes(plot, (vtr_rectangle){0, 0, width, height});
    vtr_ticks ticks;
    y_ticks(&ticks, &a, height);
    double left = TICK_LENGTH + 2 + widest(cr, &ticks) + (plot->y_label != NULL ? VTR_TEXT_PT + 6 : 1);
    double bottom = TICK_LENGTH + 2 + VTR_SMALL_PT + (plot->x_label != NULL ? VTR_TEXT_PT + 6 : 3);
    return (vtr_margins){.left = left, .right = 7, .top = 4, .bottom = bottom};
}

static void draw_span(cairo_t *cr, const vtr_figure_plot *plot, const axes *a)
{
    if (!(plot->span[1] > plot->span[0])) return;
    double x0 = place_x(a, fmax(plot->span[0], a->x[0])), x1 = place_x(a, fmin(plot->span[1], a->x[1]));
    if (!(x1 > x0)) return;
    cairo_set_source_rgb(cr, 0.93, 0.93, 0.93);
    cairo_rectangle(cr, x0, a->box.y, x1 - x0, a->box.h);
    cairo_fill(cr);
    if (plot->span_label == NULL) return;
    vtr_set_grey(cr, 0.45);
    vtr_text(cr, plot->span_label, VTR_SMALL_PT, (x0 + x1) / 2, a->box.y + a->box.h - 6, VTR_CENTRE);
}

/* Counts as cells from white to grey, in proportion to their root: rare ones show too. */
static void draw_cells(cairo_t *cr, const vtr_figure_plot *plot, const axes *a)
{
    double most = 0;
    for (size_t i = 0; plot->cells != NULL && i < plot->cells_y * plot->cells_x; i++)
        if (isfinite(plot->cells[i])) most = fmax(most, plot->cells[i]);
    if (!(most > 0)) return;
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE); /* no seams between cells */
    for (size_t y = 0; y < plot->cells_y; y++)
        for (size_t x = 0; x < plot->cells_x; x++) {
            double t = sqrt(fmax(plot->cells[y * plot->cells_x + x], 0) / most);
            const double *rx = plot->cells_x_range, *ry = plot->cells_y_range;
            double wide = (rx[1] - rx[0]) / (double)plot->cells_x,
                   high = (ry[1] - ry[0]) / (double)plot->cells_y;
            double x0 = place_x(a, rx[0] + wide * (double)x), x1 = place_x(a, rx[0] + wide * (double)(x + 1)),
                   y0 = place_y(a, ry[0] + high * (double)y), y1 = place_y(a, ry[0] + high * (double)(y + 1));
            if (!(t > 0)) continue;
            vtr_set_grey(cr, 1 - 0.6 * t); /* lines in colours stand out on it */
            cairo_rectangle(cr, x0, y1 - 0.1, x1 - x0 + 0.1, y0 - y1 + 0.1);
            cairo_fill(cr);
        }
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
}

/* Labels that would touch the one before go a line lower. */
static void draw_marks(cairo_t *cr, const vtr_figure_plot *plot, const axes *a)
{
    double end = -INFINITY;
    int line = 0;
    for (size_t i = 0; i < plot->n_marks; i++) {
        const vtr_figure_mark *m = &plot->marks[i];
        if (!(m->x > a->x[0] && m->x < a->x[1])) continue;
        double x = place_x(a, m->x), w = 0, h = 0;
        if (m->label != NULL) vtr_text_size(cr, m->label, VTR_SMALL_PT, &w, &h);
        line = x - w / 2 < end + 2 ? line + 1 : 0;
        end = x + w / 2;
        double y = a->box.y + 4 + VTR_SMALL_PT / 2 + line * (VTR_SMALL_PT + 2);
        vtr_set_grey(cr, 0.45);
        cairo_set_line_width(cr, 0.5);
        cairo_set_dash(cr, (const double[]){1.5, 1.5}, 2, 0);
        cairo_move_to(cr, x, m->label != NULL ? y + VTR_SMALL_PT / 2 + 2 : a->box.y);
        cairo_line_to(cr, x, a->box.y + a->box.h);
        cairo_stroke(cr);
        cairo_set_dash(cr, NULL, 0, 0);
        if (m->label != NULL) vtr_text(cr, m->label, VTR_SMALL_PT, x, y, VTR_CENTRE);
    }
}

static bool is_point(const vtr_figure_series *s, size_t i)
{
    return i < s->n && isfinite(s->x[i]) && isfinite(s->y[i]);
}

/* The band of one uninterrupted run of points. */
static void trace_band(cairo_t *cr, const axes *a, const vtr_figure_series *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        cairo_line_to(cr, place_x(a, s->x[i]), place_y(a, upper(s, i)));
    for (size_t i = to; i-- > from;)
        cairo_line_to(cr, place_x(a, s->x[i]), place_y(a, lower(s, i)));
    cairo_close_path(cr);
}

static void draw_line(cairo_t *cr, const axes *a, const vtr_figure_series *s, const unsigned char rgb[3])
{
    for (size_t i = 0; i < s->n;) {
        size_t end = i;
        while (is_point(s, end))
            end++;
        if ((s->error != NULL || s->low != NULL) && end > i + 1) {
            trace_band(cr, a, s, i, end);
            cairo_set_source_rgba(cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0, 0.22);
            cairo_fill(cr);
        }
        for (size_t j = i; j < end; j++)
            cairo_line_to(cr, place_x(a, s->x[j]), place_y(a, s->y[j]));
        vtr_set_rgb(cr, rgb);
        cairo_set_line_width(cr, 0.9);
        if (s->style == VTR_LINE_DASHED) cairo_set_dash(cr, (const double[]){3, 1.8}, 2, 0);
        cairo_stroke(cr);
        cairo_set_dash(cr, NULL, 0, 0);
        i = end + 1;
    }
}

static void draw_points(cairo_t *cr, const axes *a, const vtr_figure_series *s, const unsigned char rgb[3])
{
    vtr_set_rgb(cr, rgb);
    cairo_set_line_width(cr, 0.7);
    for (size_t i = 0; i < s->n; i++) {
        if (!is_point(s, i)) continue;
        double x = place_x(a, s->x[i]);
        if (s->error != NULL || s->low != NULL) {
            cairo_move_to(cr, x, place_y(a, lower(s, i)));
            cairo_line_to(cr, x, place_y(a, upper(s, i)));
            cairo_stroke(cr);
        }
        cairo_arc(cr, x, place_y(a, s->y[i]), 1.4, 0, 2 * VTR_PI);
        cairo_fill(cr);
    }
}

static void draw_axes(cairo_t *cr, const vtr_figure_plot *plot, const axes *a)
{
    vtr_rectangle b = a->box;
    vtr_ticks ticks;
    vtr_set_grey(cr, 0.1);
    cairo_set_line_width(cr, 0.5);
    cairo_rectangle(cr, b.x, b.y, b.w, b.h);
    cairo_stroke(cr);
    x_ticks(&ticks, a, b.w);
    for (size_t i = 0; i < ticks.n; i++) {
        double x = place_x(a, ticks.value[i]);
        cairo_move_to(cr, x, b.y + b.h);
        cairo_line_to(cr, x, b.y + b.h + TICK_LENGTH);
        cairo_stroke(cr);
        vtr_text(cr, ticks.text[i], VTR_SMALL_PT, x, b.y + b.h + TICK_LENGTH + 2 + VTR_SMALL_PT / 2,
                 VTR_CENTRE);
    }
    double minor[VTR_MAX_MINOR];
    size_t n_minor = a->log_x ? vtr_ticks_minor(minor, a->x[0], a->x[1]) : 0;
    for (size_t i = 0; i < n_minor; i++) {
        cairo_move_to(cr, place_x(a, minor[i]), b.y + b.h);
        cairo_line_to(cr, place_x(a, minor[i]), b.y + b.h + TICK_LENGTH / 2);
        cairo_stroke(cr);
    }
    if (plot->x_label != NULL)
        vtr_text(cr, plot->x_label, VTR_TEXT_PT, b.x + b.w / 2,
                 b.y + b.h + TICK_LENGTH + VTR_SMALL_PT + 6 + VTR_TEXT_PT / 2, VTR_CENTRE);
    y_ticks(&ticks, a, b.h);
    for (size_t i = 0; i < ticks.n; i++) {
        double y = place_y(a, ticks.value[i]);
        cairo_move_to(cr, b.x, y);
        cairo_line_to(cr, b.x - TICK_LENGTH, y);
        cairo_stroke(cr);
        vtr_text(cr, ticks.text[i], VTR_SMALL_PT, b.x - TICK_LENGTH - 2, y, VTR_RIGHT);
    }
    n_minor = a->log_y ? vtr_ticks_minor(minor, a->y[0], a->y[1]) : 0;
    for (size_t i = 0; i < n_minor; i++) {
        cairo_move_to(cr, b.x, place_y(a, minor[i]));
        cairo_line_to(cr, b.x - TICK_LENGTH / 2, place_y(a, minor[i]));
        cairo_stroke(cr);
    }
    if (plot->y_label != NULL)
        vtr_text_upwards(cr, plot->y_label, VTR_TEXT_PT,
                         b.x - TICK_LENGTH - 2 - widest(cr, &ticks) - 4 - VTR_TEXT_PT / 2, b.y + b.h / 2,
                         b.h + 8);
}

/* How many points of the lines lie in a rectangle. */
static size_t points_within(const vtr_figure_plot *plot, const axes *a, vtr_rectangle r)
{
    size_t n = 0;
    for (size_t k = 0; k < plot->n_series; k++)
        for (size_t i = 0; i < plot->series[k].n; i++) {
            const vtr_figure_series *s = &plot->series[k];
            if (!is_point(s, i)) continue;
            double x = place_x(a, s->x[i]), y = place_y(a, s->y[i]);
            n += x >= r.x && x <= r.x + r.w && y >= r.y && y <= r.y + r.h;
        }
    return n;
}

static vtr_rectangle legend_place(const vtr_figure_plot *plot, const axes *a, double w, double h)
{
    vtr_rectangle b = a->box, best = {b.x + b.w - w - 4, b.y + 4, w, h};
    size_t fewest = points_within(plot, a, best);
    const double xs[] = {b.x + b.w - w - 4, b.x + 4, b.x + 4},
                 ys[] = {b.y + b.h - h - 4, b.y + 4, b.y + b.h - h - 4};
    for (int i = 0; i < 3 && fewest > 0; i++) {
        vtr_rectangle r = {xs[i], ys[i], w, h};
        size_t n = points_within(plot, a, r);
        if (n < fewest) {
            fewest = n;
            best = r;
        }
    }
    return best;
}

static void draw_legend(cairo_t *cr, const vtr_figure_plot *plot, const axes *a)
{
    const double line = VTR_SMALL_PT + 3, sign = 12;
    double width = 0;
    size_t n = 0;
    for (size_t k = 0; k < plot->n_series; k++) {
        double w, h;
        if (plot->series[k].label == NULL) continue;
        vtr_text_size(cr, plot->series[k].label, VTR_SMALL_PT, &w, &h);
        width = fmax(width, w);
        n++;
    }
    if (n == 0) return;
    vtr_rectangle r = legend_place(plot, a, width + sign + 8, (double)n * line + 4);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.8);
    cairo_rectangle(cr, r.x, r.y, r.w, r.h);
    cairo_fill(cr);
    double y = r.y + 2 + line / 2;
    for (size_t k = 0; k < plot->n_series; k++) {
        const vtr_figure_series *s = &plot->series[k];
        if (s->label == NULL) continue;
        const double x[2] = {0, 1}, ys[2] = {0, 0};
        axes small = {.x = {0, 1}, .y = {-1, 1}, .box = {r.x + 2, y - 2, sign, 4}};
        vtr_figure_series sample = {.n = 2, .x = x, .y = ys, .style = s->style};
        const double middle = 0.5;
        if (s->style == VTR_LINE_POINTS) sample.n = 1, sample.x = &middle;
        (s->style == VTR_LINE_POINTS ? draw_points : draw_line)(cr, &small, &sample,
                                                                vtr_line_rgb[k % VTR_LINE_COLOURS]);
        vtr_set_grey(cr, 0.15);
        vtr_text(cr, s->label, VTR_SMALL_PT, r.x + sign + 5, y, VTR_LEFT);
        y += line;
    }
}

void vtr_draw_plot(vtr_canvas *canvas, const vtr_figure_plot *plot, vtr_rectangle box)
{
    cairo_t *cr = canvas->cr;
    axes a = find_axes(plot, box);
    cairo_save(cr);
    cairo_rectangle(cr, box.x, box.y, box.w, box.h);
    cairo_clip(cr);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    draw_cells(cr, plot, &a);
    draw_span(cr, plot, &a);
    draw_marks(cr, plot, &a);
    for (size_t k = 0; k < plot->n_series; k++) {
        const vtr_figure_series *s = &plot->series[k];
        (s->style == VTR_LINE_POINTS ? draw_points : draw_line)(cr, &a, s,
                                                                vtr_line_rgb[k % VTR_LINE_COLOURS]);
    }
    cairo_restore(cr);
    draw_axes(cr, plot, &a);
    draw_legend(cr, plot, &a);
}
