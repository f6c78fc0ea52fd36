/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One panel with a picture (map or pattern) and what belongs to it; plots are in plot.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "figure/figure_internal.h"

vtr_status vtr_panel_check(const vtr_figure_panel *panel, vtr_error *err)
{
    const vtr_figure_map *m = &panel->map;
    switch (panel->kind) {
    case VTR_FIGURE_MAP:
        if (m->n_y == 0 || m->n_x == 0)
            return vtr_fail(err, VTR_ERR_SHAPE, "a map of %zu x %zu positions cannot be drawn", m->n_y,
                            m->n_x);
        if (m->shares != NULL && (m->n_shares == 0 || m->n_shares >= VTR_MAX_KEYS))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "a mixture of %zu has no colours; at most %d", m->n_shares,
                            VTR_MAX_KEYS - 1);
        if (m->values == NULL && m->angle_rad == NULL && m->shares == NULL)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "a map needs values or angles");
        if (m->angle_rad != NULL && m->fold != 1 && m->fold != 2)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "fold is %d; it is 1 for vectors, 2 for directors",
                            m->fold);
        if ((m->overlay.vector_x == NULL) != (m->overlay.vector_y == NULL))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "arrows need both components");
        return VTR_OK;
    case VTR_FIGURE_PATTERN:
        if (panel->pattern.det_y == 0 || panel->pattern.det_x == 0 || panel->pattern.values == NULL)
            return vtr_fail(err, VTR_ERR_SHAPE, "a pattern of %zu x %zu px cannot be drawn",
                            panel->pattern.det_y, panel->pattern.det_x);
        return VTR_OK;
    case VTR_FIGURE_PLOT:
        if (panel->plot.n_series == 0 || panel->plot.series == NULL)
            return vtr_fail(err, VTR_ERR_SHAPE, "a plot needs at least one line");
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_ARGUMENT, "unknown kind of panel %d", (int)panel->kind);
}

static vtr_key *add_key(vtr_panel_work *work, vtr_key_kind kind, const unsigned char rgb[3], const char *text)
{
    vtr_key *key = &work->keys[work->n_keys++];
    *key = (vtr_key){.kind = kind, .rgb = {rgb[0], rgb[1], rgb[2]}};
    snprintf(key->text, sizeof key->text, "%s", text);
    return key;
}

static void map_keys(vtr_panel_work *work, const vtr_figure_map *map)
{
    static const unsigned char ink[3] = {20, 20, 20};
    const vtr_figure_overlay *overlay = &map->overlay;
    for (size_t j = 0; map->shares != NULL && j < map->n_shares; j++)
        add_key(work, VTR_KEY_SWATCH, vtr_line_rgb[j], map->share_names != NULL ? map->share_names[j] : "");
    if (map->shares != NULL && work->n_keys == VTR_MAX_KEYS) return;
    if (work->raster.has_missing) add_key(work, VTR_KEY_SWATCH, vtr_missing_rgb, "no data");
    if (overlay->n_boxes > 0 && overlay->box_label != NULL)
        add_key(work, VTR_KEY_BOX, ink, overlay->box_label);
    if (overlay->director_angle_rad != NULL && overlay->director_label != NULL)
        add_key(work, VTR_KEY_LINE, ink, overlay->director_label);
    double longest = overlay->vector_x != NULL ? vtr_overlay_longest(map) : 0;
    if (longest > 0) {
        double factor = overlay->vector_factor != 0 ? overlay->vector_factor : 1;
        char number[32], text[96];
        vtr_number_text(number, sizeof number, vtr_round_length(longest * factor));
        snprintf(text, sizeof text, "%s %s", number,
                 overlay->vector_unit != NULL ? overlay->vector_unit : "");
        add_key(work, VTR_KEY_ARROW, ink, text)->length =
            vtr_round_length(longest * factor) / (longest * factor);
    }
}

static double true_aspect(const vtr_figure_map *map)
{
    bool has_steps = map->step_y_nm > 0 && map->step_x_nm > 0;
    double aspect = (double)map->n_y / (double)map->n_x * (has_steps ? map->step_y_nm / map->step_x_nm : 1);
    /* a scan of one line would be invisible */
    return fmin(fmax(aspect, 0.05), 20);
}

static vtr_status prepare_map(vtr_panel_work *work, const vtr_figure_map *map, vtr_error *err)
{
    const vtr_figure_colours *colours = &map->colours;
    bool directions = map->angle_rad != NULL;
    work->bar = (vtr_colour_bar){
        .palette = colours->palette, .scaling = colours->scaling, .label = colours->label, .limits = {0, 1}};
    if (work->bar.palette == VTR_PALETTE_AUTO)
        work->bar.palette = colours->is_signed ? VTR_PALETTE_DIVERGING : VTR_PALETTE_VIRIDIS;
    vtr_status status = VTR_OK;
    if (map->values != NULL) {
        vtr_figure_colours wanted = *colours;
        if (directions) wanted.from_zero = true, wanted.is_signed = false, wanted.scaling = VTR_SCALE_LINEAR;
        status = vtr_find_limits(work->bar.limits, work->bar.out_of_range, map->values, NULL,
                                 map->n_y * map->n_x, &wanted, err);
    }
    if (status == VTR_OK && directions && !(work->bar.limits[1] > 0))
        status =
            vtr_fail(err, VTR_ERR_ARGUMENT, "the brightness of directions needs an upper limit above zero");
    if (status == VTR_OK) status = vtr_raster_map(&work->raster, map, work->bar.limits, err);
    if (status != VTR_OK) return status;
    work->aspect = true_aspect(map);
    if (directions && map->values != NULL) {
        char number[32];
        vtr_number_text(number, sizeof number, work->bar.limits[1]);
        snprintf(work->limit_text, sizeof work->limit_text, "rim: %s", number);
    }
    map_keys(work, map);
    return VTR_OK;
}

static vtr_status prepare_pattern(vtr_panel_work *work, const vtr_figure_pattern *pattern, vtr_error *err)
{
    static const unsigned char ring[3] = {40, 190, 220}, grey[3] = {120, 120, 120};
    const vtr_figure_colours *colours = &pattern->colours;
    work->bar =
        (vtr_colour_bar){.palette = colours->palette, .scaling = colours->scaling, .label = colours->label};
    if (work->bar.palette == VTR_PALETTE_AUTO) work->bar.palette = VTR_PALETTE_MAGMA;
    vtr_status status = vtr_find_limits(work->bar.limits, work->bar.out_of_range, pattern->values,
                                        pattern->used, pattern->det_y * pattern->det_x, colours, err);
    if (status == VTR_OK) status = vtr_raster_pattern(&work->raster, pattern, work->bar.limits, err);
    if (status != VTR_OK) return status;
    work->aspect = fmin(fmax((double)pattern->det_y / (double)pattern->det_x, 0.05), 20);
    if (pattern->has_ellipse) add_key(work, VTR_KEY_LINE, ring, "fitted ring");
    if (pattern->has_ellipse && (pattern->annulus_px[0] > 0 || pattern->annulus_px[1] > 0))
        add_key(work, VTR_KEY_DASHES, grey, "annulus");
    if (work->raster.has_masked) add_key(work, VTR_KEY_SWATCH, vtr_masked_rgb, "masked");
    if (work->raster.has_missing) add_key(work, VTR_KEY_SWATCH, vtr_missing_rgb, "no data");
    return VTR_OK;
}

vtr_status vtr_panel_prepare(vtr_panel_work *work, const vtr_figure_panel *panel, vtr_error *err)
{
    work->panel = panel;
    switch (panel->kind) {
    case VTR_FIGURE_MAP:
        return prepare_map(work, &panel->map, err);
    case VTR_FIGURE_PATTERN:
        return prepare_pattern(work, &panel->pattern, err);
    case VTR_FIGURE_PLOT:
        break;
    }
    work->aspect = 0.62;
    return VTR_OK;
}

void vtr_panel_release(vtr_panel_work *work)
{
    vtr_raster_release(&work->raster);
}

static bool has_heading(const vtr_panel_work *work)
{
    return work->letter[0] != '\0' || (work->panel->title != NULL && work->panel->title[0] != '\0');
}

/* Height of what stands beside a box: of a picture lower than this, more than its own. */
static double beside(double height)
{
    return fmax(height, 36);
}

void vtr_panel_measure(vtr_panel_work *work, cairo_t *cr, double width, double height)
{
    const vtr_figure_panel *panel = work->panel;
    vtr_margins *m = &work->margins;
    *m = (vtr_margins){.left = 0.5, .right = 0.5, .top = 3, .bottom = 2};
    if (panel->kind == VTR_FIGURE_PLOT)
        *m = vtr_plot_margins(cr, &panel->plot, width, height);
    else if (panel->kind == VTR_FIGURE_MAP && panel->map.angle_rad != NULL)
        m->right = vtr_wheel_width(cr, work->bar.label, work->limit_text);
    else if (panel->kind != VTR_FIGURE_MAP || panel->map.shares == NULL)
        m->right = vtr_colour_bar_width(cr, &work->bar, beside(height));
    if (work->n_keys > 0)
        m->bottom += VTR_KEY_HEIGHT * (double)vtr_key_rows(cr, work->keys, work->n_keys, width + m->right);
    if (panel->kind != VTR_FIGURE_PLOT) m->bottom += beside(height) - height;
    if (has_heading(work)) m->top = VTR_TEXT_PT + 6;
}

static void draw_heading(const vtr_panel_work *work, cairo_t *cr, vtr_rectangle box)
{
    double x = box.x, y = box.y - 3 - VTR_TEXT_PT / 2, w, h;
    if (work->panel->kind == VTR_FIGURE_PLOT) x -= work->margins.left;
    vtr_set_grey(cr, 0);
    if (work->letter[0] != '\0') {
        vtr_text(cr, work->letter, VTR_TEXT_PT, x, y, VTR_LEFT);
        vtr_text_size(cr, work->letter, VTR_TEXT_PT, &w, &h);
        x += w + 4;
    }
    if (work->panel->title != NULL) vtr_text(cr, work->panel->title, VTR_TEXT_PT, x, y, VTR_LEFT);
}

/* Mean lightness of the pixels from (y0, x0) to the ends y1, x1. */
static double lightness_of(const vtr_raster *raster, size_t y0, size_t y1, size_t x0, size_t x1)
{
    double sum = 0;
    size_t stride = 1 + (raster->n_x > raster->n_y ? raster->n_x : raster->n_y) / 150, n = 0;
    for (size_t y = y0; y < y1; y += stride)
        for (size_t x = x0; x < x1; x += stride, n++)
            sum += vtr_figure_lightness(raster->rgb + 3 * (y * raster->n_x + x));
    return n > 0 ? sum / (double)n : 1;
}

/* Of the lower left or right corner, where the scale bar goes. */
static double corner_lightness(const vtr_raster *raster, bool at_right)
{
    size_t y0 = raster->n_y - (raster->n_y + 5) / 6, third = (raster->n_x + 2) / 3;
    size_t x0 = at_right ? raster->n_x - third : 0;
    return lightness_of(raster, y0, raster->n_y, x0, x0 + third);
}

/* Whether a rectangle (the reference region) lies where the scale bar usually goes. */
static bool corner_is_taken(const vtr_figure_map *map)
{
    for (size_t i = 0; i < map->overlay.n_boxes; i++) {
        const vtr_box *b = &map->overlay.boxes[i];
        if (5 * b->x0 < 2 * map->n_x && 4 * b->y1 > 3 * map->n_y) return true;
    }
    return false;
}

static void draw_scale(const vtr_panel_work *work, vtr_canvas *canvas, vtr_rectangle box)
{
    const vtr_figure_panel *panel = work->panel;
    bool is_map = panel->kind == VTR_FIGURE_MAP;
    double step = is_map ? panel->map.step_x_nm : 10 * panel->pattern.k_step_inv_angstrom;
    double across = step * (double)(is_map ? panel->map.n_x : panel->pattern.det_x);
    if (is_map ? panel->map.hide_scale_bar : panel->pattern.hide_scale_bar) return;
    if (!(across > 0) || !isfinite(across)) return;
    double length = vtr_round_length(0.3 * across);
    char text[64];
    if (is_map)
        vtr_length_text(text, sizeof text, length);
    else
        vtr_wave_number_text(text, sizeof text, length);
    bool at_right = is_map && corner_is_taken(&panel->map);
    vtr_draw_scale_bar(canvas, box, length / across * box.w, text, corner_lightness(&work->raster, at_right),
                       at_right);
}

static void draw_keys(vtr_panel_work *work, vtr_canvas *canvas, vtr_rectangle box)
{
    for (size_t i = 0; i < work->n_keys; i++)
        if (work->keys[i].kind == VTR_KEY_ARROW)
            work->keys[i].length *= vtr_overlay_arrow_length(&work->panel->map, box);
    vtr_rectangle place = {box.x, box.y + beside(box.h) + 2, box.w + work->margins.right, 0};
    vtr_draw_keys(canvas, work->keys, work->n_keys, place);
}

vtr_status vtr_panel_draw(vtr_panel_work *work, vtr_canvas *canvas, vtr_rectangle box, vtr_error *err)
{
    const vtr_figure_panel *panel = work->panel;
    cairo_t *cr = canvas->cr;
    draw_heading(work, cr, box);
    if (panel->kind == VTR_FIGURE_PLOT) {
        vtr_draw_plot(canvas, &panel->plot, box);
        return VTR_OK;
    }
    box = vtr_snap(canvas, box);
    vtr_status status = vtr_draw_raster(canvas, box, &work->raster, err);
    if (status != VTR_OK) return status;
    if (panel->kind == VTR_FIGURE_MAP)
        vtr_draw_overlay(canvas, box, &panel->map,
                         lightness_of(&work->raster, 0, work->raster.n_y, 0, work->raster.n_x));
    if (panel->kind == VTR_FIGURE_PATTERN && panel->pattern.has_ellipse)
        vtr_draw_ring(canvas, box, &panel->pattern);
    draw_scale(work, canvas, box);
    cairo_rectangle(cr, box.x, box.y, box.w, box.h);
    vtr_set_grey(cr, 0.1);
    cairo_set_line_width(cr, 0.5);
    cairo_stroke(cr);
    vtr_rectangle taller = {box.x, box.y, box.w, beside(box.h)};
    if (panel->kind == VTR_FIGURE_MAP && panel->map.angle_rad != NULL)
        vtr_draw_wheel(canvas, taller, panel->map.fold, work->bar.label, work->limit_text);
    else if (panel->kind != VTR_FIGURE_MAP || panel->map.shares == NULL)
        vtr_draw_colour_bar(canvas, &work->bar, taller);
    draw_keys(work, canvas, box);
    return VTR_OK;
}
