/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "panels.h"
#include "vitrail/bands.h"
#include "vitrail/line_profile.h"

/* Columns of the table, in this order. */
enum {
    Y,
    X,
    ANGLE,
    LENGTH,
    CURVATURE,
    CURVED,
    WIDTH,
    DECAY_BELOW,
    DECAY_ABOVE,
    VOLUMETRIC,
    RIDGE,
    OTHER,
    BOTH,
    N_COLUMNS
};
static const char *const column_names[N_COLUMNS] = {
    "y",           "x",           "angle",      "length", "curvature",        "curved", "width",
    "decay_below", "decay_above", "volumetric", "ridge",  "other_volumetric", "both"};
enum { MAX_PROFILES = 8, LABEL = 24, PLACES = 17 };

typedef struct table {
    size_t n;
    double *column[N_COLUMNS];
} table;

static vtr_status read_table(table *t, cli_panels *panels, vtr_error *err)
{
    size_t rank, shape[8] = {0};
    double count = 0;
    vtr_status status = vtr_mapfile_read_numbers(panels->file, "bands", NULL, "count", 1, &count, NULL);
    if (status != VTR_OK)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no bands; look for them with vitrail bands",
                        panels->path);
    if (!vtr_mapfile_has(panels->file, "bands", "width")) return VTR_OK; /* none was found */
    status = vtr_mapfile_shape(panels->file, "bands", "width", &rank, shape, NULL, err);
    t->n = shape[0];
    for (int k = 0; k < N_COLUMNS && status == VTR_OK; k++) {
        t->column[k] = cli_panels_take(panels, t->n, sizeof(double), err);
        if (t->column[k] == NULL) return VTR_ERR_MEMORY;
        status =
            vtr_mapfile_read(panels->file, "bands", column_names[k], VTR_TYPE_F64, t->n, t->column[k], err);
    }
    return status;
}

/* A straight line has two places, an arc several; how many. */
static size_t places_of(const table *t, size_t b, double y[PLACES], double x[PLACES])
{
    const vtr_band band = {.y_nm = t->column[Y][b],
                           .x_nm = t->column[X][b],
                           .angle_degrees = t->column[ANGLE][b],
                           .length_nm = t->column[LENGTH][b],
                           .curvature_inv_nm = t->column[CURVATURE][b],
                           .is_curved = t->column[CURVED][b] > 0};
    size_t n = band.is_curved ? PLACES : 2;
    vtr_band_places(&band, n, y, x);
    return n;
}

/* Circles of two steps around the places where bands meet. */
static vtr_status add_points(cli_panels *panels, vtr_figure_overlay *overlay, const cli_quantity *q,
                             vtr_error *err)
{
    size_t rank, shape[8] = {0};
    if (!vtr_mapfile_has(panels->file, "bands/points", "y")) return VTR_OK;
    vtr_status status = vtr_mapfile_shape(panels->file, "bands/points", "y", &rank, shape, NULL, err);
    size_t n = shape[0];
    if (status != VTR_OK) return status;
    double *places = cli_panels_take(panels, 2 * n, sizeof *places, err);
    vtr_figure_circle *circles = places != NULL ? cli_panels_take(panels, n, sizeof *circles, err) : NULL;
    if (circles == NULL) return VTR_ERR_MEMORY;
    status = vtr_mapfile_read(panels->file, "bands/points", "y", VTR_TYPE_F64, n, places, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read(panels->file, "bands/points", "x", VTR_TYPE_F64, n, places + n, err);
    for (size_t k = 0; k < n && status == VTR_OK; k++)
        circles[k] = (vtr_figure_circle){.y = places[k] / q->step_nm[0],
                                         .x = places[n + k] / q->step_nm[1],
                                         .radius = 0.015 * (double)q->n_x,
                                         .angle_rad = NAN};
    overlay->circles = circles;
    overlay->n_circles = n;
    return status;
}

static vtr_status add_lines(cli_panels *panels, const table *t, cli_quantity *q, vtr_error *err)
{
    vtr_figure_line *lines = cli_panels_take(panels, t->n * (PLACES - 1), sizeof *lines, err);
    char *labels = lines != NULL ? cli_panels_take(panels, t->n * LABEL, 1, err) : NULL;
    size_t n_lines = 0;
    if (labels == NULL) return VTR_ERR_MEMORY;
    for (size_t b = 0; b < t->n; b++) {
        double y[PLACES], x[PLACES];
        size_t n = places_of(t, b, y, x);
        snprintf(labels + b * LABEL, LABEL, "SB%zu", b + 1);
        for (size_t k = 0; k + 1 < n; k++)
            lines[n_lines++] = (vtr_figure_line){.y = {y[k] / q->step_nm[0], y[k + 1] / q->step_nm[0]},
                                                 .x = {x[k] / q->step_nm[1], x[k + 1] / q->step_nm[1]},
                                                 .label = k == (n - 1) / 2 ? labels + b * LABEL : NULL};
    }
    vtr_figure_panel panel = cli_quantity_panel(q);
    panel.map.overlay.lines = lines;
    panel.map.overlay.n_lines = n_lines;
    vtr_status status = add_points(panels, &panel.map.overlay, q, err);
    return status == VTR_OK ? cli_panels_append(panels, &panel, err) : status;
}

/* Step and ridge at a distance, in the unit of the map. */
static double strain_at(const table *t, size_t b, double d, double factor)
{
    double decay = t->column[d > 0 ? DECAY_ABOVE : DECAY_BELOW][b], main = t->column[VOLUMETRIC][b];
    double other = t->column[BOTH][b] > 0 ? t->column[OTHER][b] : 0;
    bool is_ridge = t->column[RIDGE][b] > 0;
    double step = is_ridge ? other : main, ridge = is_ridge ? main : other;
    double rise = isfinite(t->column[WIDTH][b]) ? tanh(d / t->column[WIDTH][b]) : copysign(1, d);
    return factor * (step * rise + ridge) * exp(-fabs(d) / decay);
}

/* The fit lies where the profile has the same mean. */
static void set_fit(double *fit, const vtr_line_profile *p, const table *t, size_t b, double factor)
{
    double sum = 0, weight = 0;
    for (size_t k = 0; k < p->n; k++) {
        fit[k] = strain_at(t, b, p->distance_nm[k], factor);
        double w = 1 / (p->error[k] * p->error[k]);
        if (!isfinite(w * p->mean[k])) continue;
        sum += w * (p->mean[k] - fit[k]);
        weight += w;
    }
    for (size_t k = 0; k < p->n && weight > 0; k++)
        fit[k] += sum / weight;
}

static vtr_status copy_curves(cli_panels *panels, const vtr_line_profile *p, const table *t, size_t b,
                              const cli_quantity *q, double factor, vtr_error *err)
{
    double *room = cli_panels_take(panels, 4 * p->n, sizeof *room, err);
    vtr_figure_series *series = room != NULL ? cli_panels_take(panels, 2, sizeof *series, err) : NULL;
    char *title = series != NULL ? cli_panels_take(panels, LABEL + 64, 1, err) : NULL;
    if (title == NULL) return VTR_ERR_MEMORY;
    double *distance = room, *mean = room + p->n, *error = room + 2 * p->n, *fit = room + 3 * p->n;
    set_fit(fit, p, t, b, factor);
    for (size_t k = 0; k < p->n; k++) {
        distance[k] = p->distance_nm[k];
        mean[k] = q->factor * p->mean[k];
        error[k] = q->factor * p->error[k];
        fit[k] *= q->factor;
    }
    bool is_first = b == 0; /* one legend for all */
    series[0] = (vtr_figure_series){p->n, distance, mean, error, is_first ? "mean" : NULL, VTR_LINE_POINTS};
    series[1] = (vtr_figure_series){p->n, distance, fit, NULL, is_first ? "fit" : NULL, VTR_LINE_SOLID};
    snprintf(title, LABEL, "across SB%zu", b + 1);
    snprintf(title + LABEL, 64, "%.40s (%.15s)", q->symbol, q->unit);
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 2);
    panel.title = title;
    panel.plot.x_label = "distance from the line (nm)";
    panel.plot.y_label = title + LABEL;
    return cli_panels_append(panels, &panel, err);
}

/* Over three decay lengths at either side. */
static vtr_status add_profile(cli_panels *panels, const table *t, size_t b, const vtr_line_map *map,
                              const cli_quantity *q, double factor, vtr_error *err)
{
    vtr_line_profile profile;
    double half = 3 * fmax(t->column[DECAY_BELOW][b], t->column[DECAY_ABOVE][b]);
    double size = fmin(map->step_nm[0] * (double)map->n_y, map->step_nm[1] * (double)map->n_x);
    vtr_line line = {.width_nm = 2 * fmin(half, size / 2), .step_nm = NAN, .is_across = true};
    line.n_points = places_of(t, b, line.y_nm, line.x_nm);
    vtr_status status = vtr_line_profile_compute(&profile, map, &line, err);
    if (status != VTR_OK) return status;
    status = copy_curves(panels, &profile, t, b, q, factor, err);
    vtr_line_profile_release(&profile);
    return status;
}

vtr_status cli_panels_add_bands(cli_panels *panels, vtr_error *err)
{
    table t = {0};
    cli_quantity *q = NULL;
    vtr_line_map map;
    double mean = 0;
    vtr_status status = read_table(&t, panels, err);
    if (status == VTR_OK) status = cli_panels_read(&q, panels, "strain", "volumetric", err);
    if (status == VTR_OK) status = add_lines(panels, &t, q, err);
    if (status == VTR_OK) status = vtr_line_map_read(&map, panels->file, "strain", "volumetric", err);
    if (status != VTR_OK) return status;
    bool is_mean = vtr_mapfile_read_numbers(panels->file, "strain", NULL, "mean", 1, &mean, NULL) == VTR_OK &&
                   mean > 0; /* the map is half the trace then */
    for (size_t b = 0; b < t.n && b < MAX_PROFILES && status == VTR_OK; b++)
        status = add_profile(panels, &t, b, &map, q, is_mean ? 0.5 : 1, err);
    vtr_line_map_release(&map);
    return status;
}
