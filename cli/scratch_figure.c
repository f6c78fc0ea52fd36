/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scratch_figure.h"
#include "vitrail/figure.h"

/* Materials that have a colour; more are refused. */
enum { MAX_MATERIALS = 7, N_QUANTITIES = 3, MAX_SERIES = 2 * MAX_MATERIALS, MAX_POINTS = 1500 };

/* Points of a quantity against what it is a slope of, and the line from the origin through them. */
typedef struct slope_panel {
    vtr_figure_series series[MAX_SERIES];
    double line_x[MAX_MATERIALS][2], line_y[MAX_MATERIALS][2];
} slope_panel;

typedef struct drawing {
    const vtr_scratch_tests *s;
    slope_panel slopes[N_QUANTITIES];
    vtr_figure_series *curves; /* of all tracks; those of a material stand together */
    double *memory;            /* coordinates of all of these */
    size_t n_used;
    vtr_figure_panel panels[MAX_MATERIALS + N_QUANTITIES];
    size_t n_panels;
} drawing;

static double *take(drawing *d, size_t n)
{
    double *from = d->memory + d->n_used;
    d->n_used += n;
    return from;
}

static bool is_of(const vtr_scratch_track *track, const vtr_scratch_material *material)
{
    return strcmp(track->material, material->name) == 0;
}

/* --- curves ------------------------------------------------------------------------------------------------- */

/* A curve of at most MAX_POINTS samples, less its zero. */
static vtr_figure_series curve_of(drawing *d, const vtr_scratch_track *track)
{
    const vtr_scratch_curve *c = &track->curve;
    const vtr_scratch_friction *f = &track->friction;
    size_t step = c->n / MAX_POINTS + 1, n = 0;
    double *x = take(d, MAX_POINTS), *y = take(d, MAX_POINTS), centre = 0;
    for (size_t i = f->contact[0]; i < f->contact[1]; i++)
        centre += c->distance_um[i] / (double)(f->contact[1] - f->contact[0]);
    for (size_t i = 0; i < c->n && n < MAX_POINTS; i += step, n++) {
        x[n] = c->distance_um[i];
        y[n] = c->lateral_mn[i] - f->zero_mn - f->zero_drift_mn_per_um * (x[n] - centre);
    }
    return (vtr_figure_series){.n = n, .x = x, .y = y, .style = VTR_LINE_SOLID};
}

/* The regions of the track with the largest load are pointed out: the kinetic one shaded, the end of the
 * static one marked. */
static void add_curves(drawing *d, const vtr_scratch_material *material, vtr_figure_series *series,
                       vtr_figure_mark *mark)
{
    const vtr_scratch_track *largest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < d->s->n_tracks; i++) {
        const vtr_scratch_track *t = &d->s->tracks[i];
        if (!is_of(t, material)) continue;
        series[n++] = curve_of(d, t);
        if (largest == NULL || t->friction.load_mn > largest->friction.load_mn) largest = t;
    }
    const vtr_scratch_friction *f = &largest->friction;
    const double *x = largest->curve.distance_um;
    vtr_figure_panel panel = vtr_figure_plot_panel(series, n);
    panel.title = material->name[0] != '\0' ? material->name : NULL;
    panel.plot.x_label = "distance (µm)";
    panel.plot.y_label = "lateral force (mN)";
    panel.plot.span[0] = x[f->kinetic[0]];
    panel.plot.span[1] = x[f->kinetic[1] - 1];
    panel.plot.span_label = "kinetic";
    panel.plot.y_limits[1] = 1.25 * fmax(f->peak_lateral_mn, f->lateral_mn); /* room for the label over it */
    *mark = (vtr_figure_mark){x[f->peak], "static"};
    panel.plot.marks = mark;
    panel.plot.n_marks = 1;
    d->panels[d->n_panels++] = panel;
}

/* --- slopes ------------------------------------------------------------------------------------------------- */

static void coordinates(double out[3], const vtr_scratch_track *t, int quantity)
{
    const vtr_scratch_friction *f = &t->friction;
    const double points[N_QUANTITIES][3] = {
        {f->load_mn, f->lateral_mn, f->lateral_error_mn},
        {f->load_mn, t->area_um2, t->area_error_um2},
        {f->load_mn, t->section_um2, t->section_error_um2},
    };
    memcpy(out, points[quantity], sizeof points[quantity]);
}

/* What a load of 1 mN gives by the line from the origin: mN, um^2 (load = hardness x area), um^2. */
static double per_load(const vtr_scratch_material *m, int quantity)
{
    return quantity == 0   ? m->friction[0].slope
           : quantity == 1 ? 1 / m->hardness[0].slope
                           : 1e-6 * m->wear[0].slope;
}

/* Lines stand MAX_MATERIALS behind their points, so that they have their colour; what lies between is empty. */
static void add_slopes(drawing *d, int quantity)
{
    static const char *const y_labels[N_QUANTITIES] = {"lateral force (mN)", "contact area (µm<sup>2</sup>)",
                                                       "wear section (µm<sup>2</sup>)"};
    slope_panel *p = &d->slopes[quantity];
    bool is_empty = true;
    for (size_t k = 0; k < d->s->n_materials; k++) {
        const vtr_scratch_material *m = &d->s->materials[k];
        if (quantity == 2 && m->wear[0].n == 0) continue;
        double *x = take(d, m->n_tracks), *y = take(d, m->n_tracks), *error = take(d, m->n_tracks), most = 0;
        size_t n = 0;
        bool has_errors = true;
        for (size_t i = 0; i < d->s->n_tracks; i++) {
            double point[3];
            if (!is_of(&d->s->tracks[i], m)) continue;
            coordinates(point, &d->s->tracks[i], quantity);
            x[n] = point[0];
            y[n] = point[1];
            error[n++] = point[2];
            has_errors = has_errors && isfinite(point[2]);
            most = fmax(most, point[0]);
        }
        is_empty = false;
        p->line_x[k][1] = 1.05 * most;
        p->line_y[k][1] = 1.05 * most * per_load(m, quantity);
        p->series[k] = (vtr_figure_series){.n = n,
                                           .x = x,
                                           .y = y,
                                           .error = has_errors ? error : NULL,
                                           .label = m->name[0] != '\0' ? m->name : NULL,
                                           .style = VTR_LINE_POINTS};
        p->series[MAX_MATERIALS + k] =
            (vtr_figure_series){.n = 2, .x = p->line_x[k], .y = p->line_y[k], .style = VTR_LINE_DASHED};
    }
    if (is_empty) return;
    vtr_figure_panel panel = vtr_figure_plot_panel(p->series, MAX_SERIES);
    panel.plot.x_label = "normal load (mN)";
    panel.plot.y_label = y_labels[quantity];
    d->panels[d->n_panels++] = panel;
}

/* --- the page ----------------------------------------------------------------------------------------------- */

static vtr_status draw(drawing *d, const char *path, bool force, vtr_error *err)
{
    vtr_figure_mark marks[MAX_MATERIALS];
    vtr_figure_series *series = d->curves;
    for (size_t k = 0; k < d->s->n_materials; k++) {
        add_curves(d, &d->s->materials[k], series, &marks[k]);
        series += d->s->materials[k].n_tracks;
    }
    for (int quantity = 0; quantity < N_QUANTITIES; quantity++)
        add_slopes(d, quantity);
    vtr_figure_page page = vtr_figure_default_page(d->n_panels);
    page.columns = d->n_panels > 4 ? 3 : 2;
    page.force = force;
    return vtr_figure_write(path, d->panels, d->n_panels, &page, err);
}

vtr_status cli_scratch_draw(const char *path, const vtr_scratch_tests *s, bool force, vtr_error *err)
{
    if (s->n_materials > MAX_MATERIALS)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--figure: %zu materials are more than the %d that have a colour", s->n_materials,
                        MAX_MATERIALS);
    drawing *d = calloc(1, sizeof *d);
    vtr_status status = VTR_OK;
    if (d != NULL) {
        d->s = s;
        d->curves = calloc(s->n_tracks, sizeof *d->curves);
        d->memory = malloc(s->n_tracks * (2 * MAX_POINTS + 3 * N_QUANTITIES) * sizeof *d->memory);
    }
    if (d == NULL || d->curves == NULL || d->memory == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
    else
        status = draw(d, path, force, err);
    if (d != NULL) {
        free(d->curves);
        free(d->memory);
    }
    free(d);
    return status;
}
