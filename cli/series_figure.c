/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "series_show.h"
#include "vitrail/figure.h"

/* The panels of a quantity: where there is a line, the map with it and the profiles; then the numbers. */
enum { MAP, PROFILES, CONTRAST, SNR, SPREAD, LENGTH, KINDS };

/* Everything that the panels point to. */
typedef struct drawing {
    const cli_series_job *job;
    vtr_figure_panel panel[KINDS * VTR_SERIES_QUANTITIES];
    size_t n_panels;
    vtr_figure_series series[KINDS * VTR_SERIES_QUANTITIES][VTR_SERIES_RECORDINGS];
    double values[KINDS * VTR_SERIES_QUANTITIES][2][2][VTR_SERIES_RECORDINGS];
    char axis[KINDS * VTR_SERIES_QUANTITIES][256];
    vtr_figure_mark marks[VTR_SERIES_RECORDINGS];
    vtr_figure_line line[VTR_LINE_PROFILE_POINTS]; /* in positions of the first recording */
    double *profiles[VTR_SERIES_RECORDINGS][VTR_SERIES_QUANTITIES];
} drawing;

static const char *what_places_are(const cli_series_job *job)
{
    return job->over != NULL ? job->over : "recording";
}

/* Places along x with a margin, and names for those that are no numbers. */
static void set_places(drawing *d, vtr_figure_panel *panel)
{
    const cli_series_job *job = d->job;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < job->series->n; i++) {
        low = fmin(low, job->places[i]);
        high = fmax(high, job->places[i]);
        d->marks[i] = (vtr_figure_mark){job->places[i], job->labels[i]};
    }
    double margin = high > low ? 0.12 * (high - low) : 1;
    panel->plot.x_limits[0] = low - margin;
    panel->plot.x_limits[1] = high + margin;
    panel->plot.x_label = what_places_are(job);
    if (job->has_places) return;
    panel->plot.marks = d->marks;
    panel->plot.n_marks = job->series->n;
}

/* A number of a recording's quantity, with its error, as it is shown. */
static void get(double pair[2], const vtr_series_recording *r, size_t q, int kind, double factor)
{
    const vtr_series_reading *reading = &r->reading[q];
    const double all[KINDS][2] = {
        {NAN, NAN},
        {NAN, NAN},
        {factor * reading->contrast.contrast, factor * reading->contrast.contrast_error},
        {reading->contrast.snr, reading->contrast.snr_error},
        {factor * reading->spread, factor * reading->spread_error},
        {reading->length_nm, reading->length_error_nm}};
    pair[0] = all[kind][0];
    pair[1] = all[kind][1];
}

static void set_label(char *text, size_t size, const cli_quantity *words, int kind)
{
    static const char *const what[KINDS] = {
        "", "", "contrast, noise", "signal to noise", "spread", "correlation length"};
    const char *unit = kind == LENGTH ? "nm" : kind == SNR ? "" : words->unit;
    snprintf(text, size, "%s%s%s%s", what[kind], unit[0] != '\0' ? " (" : "", unit,
             unit[0] != '\0' ? ")" : "");
}

/* The noise of a position beside the contrast, the matrix away from bands beside the spread of strain. */
static size_t add_second(drawing *d, size_t p, size_t q, int kind)
{
    const vtr_series *s = d->job->series;
    double factor = d->job->words[q].factor;
    bool has_any = false;
    for (size_t i = 0; i < s->n; i++) {
        const vtr_series_recording *r = &s->recording[i];
        bool is_strain = factor != 1;
        d->values[p][1][0][i] = kind == CONTRAST              ? factor * r->reading[q].contrast.noise
                                : kind == SPREAD && is_strain ? factor * r->matrix_strain
                                : kind == LENGTH              ? r->matrix_length_nm
                                                              : NAN;
        d->values[p][1][1][i] = kind == SPREAD   ? factor * r->matrix_strain_error
                                : kind == LENGTH ? r->matrix_length_error_nm
                                                 : 0;
        has_any = has_any || isfinite(d->values[p][1][0][i]);
    }
    if (!has_any) return 1;
    d->series[p][0].label = kind == CONTRAST ? "contrast" : "whole map";
    d->series[p][1] = (vtr_figure_series){.n = s->n,
                                          .x = d->job->places,
                                          .y = d->values[p][1][0],
                                          .error = d->values[p][1][1],
                                          .label = kind == CONTRAST ? "noise" : "matrix",
                                          .style = VTR_LINE_POINTS};
    return 2;
}

static void add_numbers(drawing *d, size_t q, int kind)
{
    const cli_series_job *job = d->job;
    size_t p = d->n_panels++, n = job->series->n;
    for (size_t i = 0; i < n; i++) {
        double pair[2];
        get(pair, &job->series->recording[i], q, kind, job->words[q].factor);
        d->values[p][0][0][i] = pair[0];
        d->values[p][0][1][i] = pair[1];
    }
    d->series[p][0] = (vtr_figure_series){.n = n,
                                          .x = job->places,
                                          .y = d->values[p][0][0],
                                          .error = d->values[p][0][1],
                                          .style = VTR_LINE_POINTS};
    size_t n_series = kind == SNR ? 1 : add_second(d, p, q, kind);
    d->panel[p] = vtr_figure_plot_panel(d->series[p], n_series);
    set_label(d->axis[p], sizeof d->axis[p], &job->words[q], kind);
    d->panel[p].title = job->words[q].symbol;
    d->panel[p].plot.y_label = d->axis[p];
    set_places(d, &d->panel[p]);
}

/* The first recording with the line over it. */
static void add_map(drawing *d, size_t q)
{
    const cli_series_job *job = d->job;
    const vtr_line_map *map = &job->series->recording[0].reading[q].map;
    vtr_figure_panel *panel = &d->panel[d->n_panels++];
    *panel = cli_quantity_panel(&job->words[q]);
    panel->title = job->labels[0];
    for (size_t k = 0; k + 1 < job->line.n_points; k++)
        for (size_t end = 0; end < 2; end++) {
            d->line[k].y[end] = job->line.y_nm[k + end] / map->step_nm[0];
            d->line[k].x[end] = job->line.x_nm[k + end] / map->step_nm[1];
        }
    panel->map.overlay.lines = d->line;
    panel->map.overlay.n_lines = job->line.n_points - 1;
}

static vtr_status add_profiles(drawing *d, size_t q, vtr_error *err)
{
    const cli_series_job *job = d->job;
    size_t p = d->n_panels++;
    for (size_t i = 0; i < job->series->n; i++) {
        const vtr_line_profile *profile = &job->profile[i][q];
        double *shown = malloc(2 * profile->n * sizeof *shown);
        if (shown == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
        d->profiles[i][q] = shown;
        for (size_t k = 0; k < profile->n; k++) {
            shown[k] = job->words[q].factor * profile->mean[k];
            shown[profile->n + k] = job->words[q].factor * profile->error[k];
        }
        d->series[p][i] = (vtr_figure_series){.n = profile->n,
                                              .x = profile->distance_nm,
                                              .y = shown,
                                              .error = shown + profile->n,
                                              .label = job->labels[i]};
    }
    d->panel[p] = vtr_figure_plot_panel(d->series[p], job->series->n);
    d->panel[p].plot.x_label =
        job->line.is_across ? "distance from the line (nm)" : "distance along the line (nm)";
    snprintf(d->axis[p], sizeof d->axis[p], "%s", job->words[q].label);
    d->panel[p].plot.y_label = d->axis[p];
    return VTR_OK;
}

static vtr_status add_quantity(drawing *d, size_t q, vtr_error *err)
{
    if (d->job->has_line) add_map(d, q);
    vtr_status status = d->job->has_line ? add_profiles(d, q, err) : VTR_OK;
    for (int kind = CONTRAST; kind < KINDS && status == VTR_OK; kind++)
        add_numbers(d, q, kind);
    return status;
}

vtr_status cli_series_draw(const cli_series_job *job, const char *path, vtr_error *err)
{
    drawing *d = calloc(1, sizeof *d);
    vtr_status status = d == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure") : VTR_OK;
    if (status != VTR_OK) return status;
    d->job = job;
    for (size_t q = 0; q < job->series->n_quantities && status == VTR_OK; q++)
        status = add_quantity(d, q, err);
    if (status == VTR_OK) {
        vtr_figure_page page = vtr_figure_default_page(d->n_panels);
        page.columns = 2;
        page.title = job->title;
        page.force = job->run->common.force;
        status = vtr_figure_write(path, d->panel, d->n_panels, &page, err);
    }
    for (size_t i = 0; i < VTR_SERIES_RECORDINGS; i++)
        for (size_t q = 0; q < VTR_SERIES_QUANTITIES; q++)
            free(d->profiles[i][q]);
    free(d);
    return status;
}
