/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "panels.h"
#include "vitrail/constants.h"
#include "vitrail/line_profile.h"

/* Columns of the table, in this order. */
enum { FIRST_Y, FIRST_X, LAST_Y, LAST_X, WIDTH, DECAY_BELOW, DECAY_ABOVE, VOLUMETRIC, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"first_y", "first_x",     "last_y",      "last_x",
                                                    "width",   "decay_below", "decay_above", "volumetric"};
enum { MAX_PROFILES = 8, LABEL = 24 };

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

static vtr_status add_lines(cli_panels *panels, const table *t, cli_quantity *q, vtr_error *err)
{
    vtr_figure_line *lines = cli_panels_take(panels, t->n, sizeof *lines, err);
    char *labels = lines != NULL ? cli_panels_take(panels, t->n * LABEL, 1, err) : NULL;
    if (labels == NULL) return VTR_ERR_MEMORY;
    for (size_t b = 0; b < t->n; b++) {
        snprintf(labels + b * LABEL, LABEL, "SB%zu", b + 1);
        lines[b] = (vtr_figure_line){
            .y = {t->column[FIRST_Y][b] / q->step_nm[0], t->column[LAST_Y][b] / q->step_nm[0]},
            .x = {t->column[FIRST_X][b] / q->step_nm[1], t->column[LAST_X][b] / q->step_nm[1]},
            .label = labels + b * LABEL};
    }
    vtr_figure_panel panel = cli_quantity_panel(q);
    panel.map.overlay.lines = lines;
    panel.map.overlay.n_lines = t->n;
    return cli_panels_append(panels, &panel, err);
}

/* The step at a distance, in the unit of the map. */
static double step_at(const table *t, size_t b, double d, double factor)
{
    double decay = t->column[d > 0 ? DECAY_ABOVE : DECAY_BELOW][b];
    return factor * t->column[VOLUMETRIC][b] * tanh(d / t->column[WIDTH][b]) * exp(-fabs(d) / decay);
}

/* The fit lies where the profile has the same mean. */
static void set_fit(double *fit, const vtr_line_profile *p, const table *t, size_t b, double factor)
{
    double sum = 0, weight = 0;
    for (size_t k = 0; k < p->n; k++) {
        fit[k] = step_at(t, b, p->distance_nm[k], factor);
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
    series[0] = (vtr_figure_series){p->n, distance, mean, error, "mean along the band", VTR_LINE_POINTS};
    series[1] = (vtr_figure_series){p->n, distance, fit, NULL, "fit", VTR_LINE_SOLID};
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
    vtr_line line = {.n_points = 2,
                     .x_nm = {t->column[FIRST_X][b], t->column[LAST_X][b]},
                     .y_nm = {t->column[FIRST_Y][b], t->column[LAST_Y][b]},
                     .width_nm = 2 * fmin(half, size / 2),
                     .step_nm = NAN,
                     .is_across = true};
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
