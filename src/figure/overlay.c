/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sticks, arrows and rectangles over a map; ellipse and annulus over a pattern. */
#include <math.h>

#include "figure/figure_internal.h"
#include "vitrail/constants.h"

size_t vtr_overlay_spacing(const vtr_figure_map *map)
{
    if (map->overlay.spacing > 0) return map->overlay.spacing;
    size_t longest = map->n_x > map->n_y ? map->n_x : map->n_y;
    return (longest + 21) / 22;
}

/* (sum w cos 2a, sum w sin 2a) / n: a director equals its opposite, so it is its double angle that can be
 * averaged. */
double vtr_mean_director(const vtr_figure_map *map, size_t y0, size_t y1, size_t x0, size_t x1,
                         double *angle_rad)
{
    double c = 0, s = 0;
    size_t n = 0;
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++) {
            size_t i = y * map->n_x + x;
            double angle = map->overlay.director_angle_rad[i];
            double weight = map->overlay.director_amplitude != NULL ? map->overlay.director_amplitude[i] : 1;
            if (!isfinite(angle) || !isfinite(weight)) continue;
            c += weight * cos(2 * angle);
            s += weight * sin(2 * angle);
            n++;
        }
    *angle_rad = n > 0 ? atan2(s, c) / 2 : NAN;
    return n > 0 ? hypot(c, s) / (double)n : NAN;
}

static double mean_vector(const vtr_figure_map *map, size_t y0, size_t y1, size_t x0, size_t x1,
                          double *angle_rad)
{
    double sum_x = 0, sum_y = 0;
    size_t n = 0;
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++) {
            double vx = map->overlay.vector_x[y * map->n_x + x], vy = map->overlay.vector_y[y * map->n_x + x];
            if (!isfinite(vx) || !isfinite(vy)) continue;
            sum_x += vx;
            sum_y += vy;
            n++;
        }
    *angle_rad = n > 0 ? atan2(sum_y, sum_x) : NAN;
    return n > 0 ? hypot(sum_x, sum_y) / (double)n : NAN;
}

typedef double cell_mean(const vtr_figure_map *, size_t, size_t, size_t, size_t, double *);

static double longest_of(const vtr_figure_map *map, cell_mean *mean)
{
    size_t step = vtr_overlay_spacing(map);
    double longest = 0, angle;
    for (size_t y = 0; y + step <= map->n_y; y += step)
        for (size_t x = 0; x + step <= map->n_x; x += step) {
            double length = mean(map, y, y + step, x, x + step, &angle);
            if (length > longest) longest = length;
        }
    return longest;
}

double vtr_overlay_longest(const vtr_figure_map *map)
{
    return longest_of(map, mean_vector);
}

/* A stroke in black or white ink with a rim of the other, so that it shows on every colour. */
static void stroke_with_rim(cairo_t *cr, double width, double ink)
{
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_source_rgba(cr, 1 - ink, 1 - ink, 1 - ink, 0.75);
    cairo_set_line_width(cr, width + 0.7);
    cairo_stroke_preserve(cr);
    vtr_set_grey(cr, ink);
    cairo_set_line_width(cr, width);
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}

static void draw_stick(cairo_t *cr, double x, double y, double length, double angle, double ink)
{
    double dx = 0.5 * length * cos(angle), dy = 0.5 * length * sin(angle);
    cairo_move_to(cr, x - dx, y - dy);
    cairo_line_to(cr, x + dx, y + dy);
    stroke_with_rim(cr, 0.75, ink);
}

static void draw_arrow(cairo_t *cr, double x, double y, double length, double angle, double ink)
{
    double head = fmin(2.6, 0.45 * length);
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, angle);
    cairo_move_to(cr, -length / 2, 0);
    cairo_line_to(cr, length / 2, 0);
    cairo_move_to(cr, length / 2 - head, -0.6 * head);
    cairo_line_to(cr, length / 2, 0);
    cairo_line_to(cr, length / 2 - head, 0.6 * head);
    stroke_with_rim(cr, 0.75, ink);
    cairo_restore(cr);
}

/* Whole cells only: the remainder at the right and lower edge is shared between both sides. */
typedef void draw_sign(cairo_t *cr, double x, double y, double length, double angle, double ink);

static void draw_cells(cairo_t *cr, vtr_rectangle box, const vtr_figure_map *map, cell_mean *mean,
                       size_t shift, double full_length, double ink, draw_sign *draw)
{
    size_t step = vtr_overlay_spacing(map);
    double px = box.w / (double)map->n_x, py = box.h / (double)map->n_y, longest = longest_of(map, mean);
    size_t y0 = map->n_y % step / 2 + shift, x0 = map->n_x % step / 2 + shift;
    for (size_t y = y0; y + step <= map->n_y; y += step)
        for (size_t x = x0; x + step <= map->n_x; x += step) {
            double angle, size = mean(map, y, y + step, x, x + step, &angle);
            if (!(size > 0.1 * longest)) continue; /* a dot would tell nothing */
            /* directions are those of the specimen: a step in y need not be as long as one in x */
            double half = (double)step / 2;
            draw(cr, box.x + px * ((double)x + half), box.y + py * ((double)y + half),
                 full_length * fmin(size / longest, 1), angle, ink);
        }
}

static void draw_boxes(cairo_t *cr, vtr_rectangle box, const vtr_figure_map *map, double ink)
{
    double px = box.w / (double)map->n_x, py = box.h / (double)map->n_y;
    for (size_t i = 0; i < map->overlay.n_boxes; i++) {
        const vtr_box *b = &map->overlay.boxes[i];
        double x0 = fmin((double)b->x0, (double)map->n_x), x1 = fmin((double)b->x1, (double)map->n_x);
        double y0 = fmin((double)b->y0, (double)map->n_y), y1 = fmin((double)b->y1, (double)map->n_y);
        if (!(x1 > x0) || !(y1 > y0)) continue;
        cairo_rectangle(cr, box.x + px * x0, box.y + py * y0, px * (x1 - x0), py * (y1 - y0));
        stroke_with_rim(cr, 0.9, ink);
    }
}

/* A text in black or white with a rim of the other. */
static void draw_label(cairo_t *cr, const char *text, double x, double y, double ink)
{
    const double rim = 0.5;
    for (int k = 0; k < 8; k++) {
        vtr_set_grey(cr, 1 - ink);
        vtr_text(cr, text, VTR_SMALL_PT, x + rim * cos(k * VTR_PI / 4), y + rim * sin(k * VTR_PI / 4),
                 VTR_LEFT);
    }
    vtr_set_grey(cr, ink);
    vtr_text(cr, text, VTR_SMALL_PT, x, y, VTR_LEFT);
}

/* The path of a circle or an ellipse; strokes keep their width. */
static void outline(cairo_t *cr, const vtr_figure_circle *c, double x, double y, double r)
{
    double stretch = c->aspect > 1 ? sqrt(c->aspect) : 1;
    cairo_save(cr);
    cairo_translate(cr, x, y);
    if (stretch > 1) cairo_rotate(cr, c->long_axis_rad);
    cairo_scale(cr, r * stretch, r / stretch);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * VTR_PI);
    cairo_restore(cr);
}

static void draw_circles(cairo_t *cr, vtr_rectangle box, const vtr_figure_map *map, double ink)
{
    double px = box.w / (double)map->n_x, py = box.h / (double)map->n_y;
    for (size_t i = 0; i < map->overlay.n_circles; i++) {
        const vtr_figure_circle *c = &map->overlay.circles[i];
        double x = box.x + px * (c->x + 0.5), y = box.y + py * (c->y + 0.5), r = px * c->radius;
        if (r > 0) {
            outline(cr, c, x, y, r);
            stroke_with_rim(cr, 0.75, ink);
        }
        if (isfinite(c->angle_rad)) draw_stick(cr, x, y, 3.2 * r, c->angle_rad, ink);
        if (c->label != NULL) draw_label(cr, c->label, x + 1.2 * r + 1.5, y - 1.2 * r - 1.5, ink);
    }
}

static void draw_lines(cairo_t *cr, vtr_rectangle box, const vtr_figure_map *map, double ink)
{
    double px = box.w / (double)map->n_x, py = box.h / (double)map->n_y;
    for (size_t i = 0; i < map->overlay.n_lines; i++) {
        const vtr_figure_line *l = &map->overlay.lines[i];
        double x[2], y[2];
        for (int k = 0; k < 2; k++) {
            x[k] = box.x + px * (l->x[k] + 0.5);
            y[k] = box.y + py * (l->y[k] + 0.5);
        }
        cairo_move_to(cr, x[0], y[0]);
        cairo_line_to(cr, x[1], y[1]);
        stroke_with_rim(cr, 0.75, ink);
        if (l->label != NULL) draw_label(cr, l->label, 0.5 * (x[0] + x[1]) + 3, 0.5 * (y[0] + y[1]) - 3, ink);
    }
}

static double cell_length(const vtr_figure_map *map, vtr_rectangle box)
{
    return (double)vtr_overlay_spacing(map) * fmin(box.w / (double)map->n_x, box.h / (double)map->n_y);
}

double vtr_overlay_arrow_length(const vtr_figure_map *map, vtr_rectangle box)
{
    return 1.15 * cell_length(map, box);
}

void vtr_draw_overlay(vtr_canvas *canvas, vtr_rectangle box, const vtr_figure_map *map, double lightness)
{
    cairo_t *cr = canvas->cr;
    double ink = lightness < 0.4 ? 1 : 0.05;
    cairo_save(cr);
    cairo_rectangle(cr, box.x, box.y, box.w, box.h);
    cairo_clip(cr);
    /* both together: sticks between the arrows, in the other ink */
    bool has_arrows = map->overlay.vector_x != NULL;
    if (map->overlay.director_angle_rad != NULL)
        draw_cells(cr, box, map, vtr_mean_director, has_arrows ? vtr_overlay_spacing(map) / 2 : 0,
                   0.9 * cell_length(map, box), has_arrows ? 1 - ink : ink, draw_stick);
    if (has_arrows)
        draw_cells(cr, box, map, mean_vector, 0, vtr_overlay_arrow_length(map, box), ink, draw_arrow);
    draw_boxes(cr, box, map, ink);
    draw_lines(cr, box, map, ink);
    draw_circles(cr, box, map, ink);
    cairo_restore(cr);
}

/* Points x = c + W^-1 radius (cos t, sin t). */
static void trace_ellipse(cairo_t *cr, const vtr_figure_pattern *p, double radius_px, double px, double py)
{
    enum { N = 240 };
    double det = p->wxx * p->wyy - p->wxy * p->wxy;
    for (int i = 0; i < N; i++) {
        double u = radius_px * cos(2 * VTR_PI * i / N), v = radius_px * sin(2 * VTR_PI * i / N);
        double x = p->centre_x_px + (p->wyy * u - p->wxy * v) / det;
        double y = p->centre_y_px + (p->wxx * v - p->wxy * u) / det;
        /* the centre of pixel 0 is at 0, its corner at -1/2 */
        if (i == 0)
            cairo_move_to(cr, px * (x + 0.5), py * (y + 0.5));
        else
            cairo_line_to(cr, px * (x + 0.5), py * (y + 0.5));
    }
    cairo_close_path(cr);
}

static void draw_ellipse(cairo_t *cr, const vtr_figure_pattern *p, double radius_px, double px, double py)
{
    trace_ellipse(cr, p, radius_px, px, py);
    cairo_set_source_rgba(cr, 0, 0, 0, 0.55);
    cairo_set_line_width(cr, 1.7);
    cairo_stroke_preserve(cr);
    cairo_set_source_rgb(cr, 0.25, 0.85, 0.95);
    cairo_set_line_width(cr, 0.9);
    cairo_stroke(cr);
}

static void draw_cross(cairo_t *cr, double x, double y)
{
    const double arm = 3.2;
    cairo_move_to(cr, x - arm, y);
    cairo_line_to(cr, x + arm, y);
    cairo_move_to(cr, x, y - arm);
    cairo_line_to(cr, x, y + arm);
    cairo_set_source_rgba(cr, 0, 0, 0, 0.7);
    cairo_set_line_width(cr, 1.7);
    cairo_stroke_preserve(cr);
    vtr_set_grey(cr, 1);
    cairo_set_line_width(cr, 0.8);
    cairo_stroke(cr);
}

void vtr_draw_ring(vtr_canvas *canvas, vtr_rectangle box, const vtr_figure_pattern *p)
{
    cairo_t *cr = canvas->cr;
    double px = box.w / (double)p->det_x, py = box.h / (double)p->det_y;
    cairo_save(cr);
    cairo_rectangle(cr, box.x, box.y, box.w, box.h);
    cairo_clip(cr);
    cairo_translate(cr, box.x, box.y);
    for (int i = 0; i < 2; i++) {
        if (!(p->annulus_px[i] > 0)) continue;
        cairo_new_sub_path(cr);
        cairo_arc(cr, px * (p->centre_x_px + 0.5), py * (p->centre_y_px + 0.5), px * p->annulus_px[i], 0,
                  2 * VTR_PI);
        cairo_set_dash(cr, (const double[]){2.6, 1.8}, 2, 0);
        cairo_set_source_rgba(cr, 1, 1, 1, 0.85);
        cairo_set_line_width(cr, 0.7);
        cairo_stroke(cr);
    }
    cairo_set_dash(cr, NULL, 0, 0);
    draw_ellipse(cr, p, p->radius_px, px, py);
    for (size_t i = 0; i < p->n_more_radii; i++)
        if (p->more_radii_px[i] > 0) draw_ellipse(cr, p, p->more_radii_px[i], px, py);
    draw_cross(cr, px * (p->centre_x_px + 0.5), py * (p->centre_y_px + 0.5));
    cairo_restore(cr);
}
