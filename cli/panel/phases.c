/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The phases of a map file: their PDFs, maps, how they mix, fractions and lengths. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "panels.h"

enum { MOST = 32, NAME = 64 };

/* What vitrail phases wrote. */
typedef struct phases {
    size_t n, n_r, n_y, n_x;
    char (*names)[NAME];    /* [n] */
    const char **labels;    /* [n], the same */
    double *r, *components; /* [n_r], [n][n_r] */
    double *low, *high;     /* [n][n_r], range or error bars */
    double *fractions;      /* [5][n]: value, low, high, lowest and highest of the starts; NAN: not there */
    double *returns, *is_noise; /* [n] */
    bool is_mixture, is_change;
} phases;

static vtr_status read_column(double **values, cli_panels *panels, const char *name, size_t n, vtr_error *err)
{
    *values = cli_panels_take(panels, n, sizeof **values, err);
    if (*values == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*values)[i] = NAN;
    if (!vtr_mapfile_has(panels->file, "phases", name)) return VTR_OK;
    return vtr_mapfile_read(panels->file, "phases", name, VTR_TYPE_F64, n, *values, err);
}

static vtr_status read_names(phases *p, cli_panels *panels, vtr_error *err)
{
    char text[MOST * NAME] = "";
    p->names = cli_panels_take(panels, p->n, sizeof *p->names, err);
    p->labels = cli_panels_take(panels, p->n, sizeof *p->labels, err);
    if (p->names == NULL || p->labels == NULL) return VTR_ERR_MEMORY;
    vtr_status status = vtr_mapfile_read_text(panels->file, "phases", NULL, "names", text, sizeof text, err);
    const char *at = text;
    for (size_t j = 0; status == VTR_OK && j < p->n; j++) {
        size_t length = strcspn(at, ";");
        snprintf(p->names[j], NAME, "%.*s", (int)length, at);
        p->labels[j] = p->names[j];
        at += length + (at[length] == ';');
    }
    return status;
}

static vtr_status read_fractions(phases *p, cli_panels *panels, vtr_error *err)
{
    static const char *const names[5] = {"fractions", "fractions_low", "fractions_high",
                                         "consensus_fractions_low", "consensus_fractions_high"};
    p->fractions = cli_panels_take(panels, 5 * p->n, sizeof *p->fractions, err);
    if (p->fractions == NULL) return VTR_ERR_MEMORY;
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < 5; i++) {
        double *column = NULL;
        status = read_column(&column, panels, names[i], p->n, err);
        if (status == VTR_OK) memcpy(p->fractions + i * p->n, column, p->n * sizeof *column);
    }
    return status;
}

/* Without a range what is drawn about a component is its standard deviation. */
static void fill_range(phases *p, const double *errors)
{
    for (size_t i = 0; i < p->n * p->n_r; i++) {
        if (isnan(p->low[i])) p->low[i] = p->components[i] - errors[i];
        if (isnan(p->high[i])) p->high[i] = p->components[i] + errors[i];
    }
}

static vtr_status read_phases(phases *p, cli_panels *panels, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    double *errors = NULL;
    char method[16] = "";
    if (!vtr_mapfile_has(panels->file, "phases", "components"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no phases; make them with vitrail phases",
                        panels->path);
    vtr_status status = vtr_mapfile_shape(panels->file, "phases", "components", &rank, shape, NULL, err);
    if (status == VTR_OK && (rank != 2 || shape[0] == 0 || shape[0] > MOST))
        return vtr_fail(err, VTR_ERR_SHAPE, "components of '%s' are not of shape phase x r", panels->path);
    *p = (phases){.n = shape[0], .n_r = shape[1]};
    if (status == VTR_OK)
        status = vtr_mapfile_read_text(panels->file, "phases", NULL, "method", method, sizeof method, err);
    p->is_mixture = strcmp(method, "nmf") == 0;
    p->is_change = strcmp(method, "pca") == 0 || strcmp(method, "ica") == 0;
    if (status == VTR_OK) status = read_names(p, panels, err);
    if (status == VTR_OK) status = read_column(&p->r, panels, "r", p->n_r, err);
    if (status == VTR_OK) status = read_column(&p->components, panels, "components", p->n * p->n_r, err);
    if (status == VTR_OK) status = read_column(&errors, panels, "components_errors", p->n * p->n_r, err);
    if (status == VTR_OK) status = read_column(&p->low, panels, "components_low", p->n * p->n_r, err);
    if (status == VTR_OK) status = read_column(&p->high, panels, "components_high", p->n * p->n_r, err);
    if (status == VTR_OK) status = read_column(&p->returns, panels, "consensus", p->n, err);
    if (status == VTR_OK) status = read_column(&p->is_noise, panels, "is_noise", p->n, err);
    if (status == VTR_OK) status = read_fractions(p, panels, err);
    if (status == VTR_OK) fill_range(p, errors);
    return status;
}

/* --- components --------------------------------------------------------------------------------------------- */

/* The first neighbours, and where second ones are expected for clusters that share 3, 2 or 1 atoms. */
static vtr_status add_marks(vtr_figure_panel *panel, cli_panels *panels, const phases *p, size_t j,
                            vtr_error *err)
{
    static const char *const labels[3] = {"3", "2", "1"};
    double *expected = NULL;
    vtr_figure_mark *marks = cli_panels_take(panels, 3, sizeof *marks, err);
    if (marks == NULL) return VTR_ERR_MEMORY;
    vtr_status status = read_column(&expected, panels, "second_expected", 3 * p->n, err);
    for (size_t i = 0; status == VTR_OK && i < 3; i++)
        marks[i] = (vtr_figure_mark){expected[3 * j + 2 - i], labels[i]};
    panel->plot.marks = marks;
    panel->plot.n_marks = 3;
    return status;
}

/* A title that lives as long as the panels. */
static char *title_of(cli_panels *panels, const phases *p, size_t j, vtr_error *err)
{
    enum { TITLE = 200 };
    char *title = cli_panels_take(panels, TITLE, 1, err);
    if (title == NULL) return NULL;
    double value = 100 * p->fractions[j], low = 100 * p->fractions[p->n + j],
           high = 100 * p->fractions[2 * p->n + j];
    const char *noise = p->is_noise[j] > 0 ? ", noise" : "";
    if (isfinite(value) && high > low)
        snprintf(title, TITLE, "%s: %.1f %% (%.1f to %.1f)%s", p->names[j], value, low, high, noise);
    else if (isfinite(value))
        snprintf(title, TITLE, "%s: %.1f %%%s", p->names[j], value, noise);
    else
        snprintf(title, TITLE, "%s%s", p->names[j], noise);
    return title;
}

/* Below the first neighbour there is nothing but the line and termination. */
static void show_distances(vtr_figure_panel *panel, const phases *p)
{
    panel->plot.x_limits[0] = 1.5;
    panel->plot.x_limits[1] = fmin(10, p->r[p->n_r - 1]);
}

/* Lines before the component's own give it the colour that it has in the other panels. */
static vtr_status add_component(cli_panels *panels, const phases *p, size_t j, vtr_error *err)
{
    vtr_figure_series *series = cli_panels_take(panels, j + 1, sizeof *series, err);
    if (series == NULL) return VTR_ERR_MEMORY;
    series[j] = (vtr_figure_series){.n = p->n_r,
                                    .x = p->r,
                                    .y = p->components + j * p->n_r,
                                    .low = p->low + j * p->n_r,
                                    .high = p->high + j * p->n_r};
    vtr_figure_panel panel = vtr_figure_plot_panel(series, j + 1);
    panel.title = title_of(panels, p, j, err);
    if (panel.title == NULL) return VTR_ERR_MEMORY;
    panel.plot.x_label = p->is_change ? "<i>r</i> (Å)" : "<i>r</i> (Å); dashed: 3, 2, 1 shared atoms";
    panel.plot.y_label = p->is_change ? "change of <i>G</i>(<i>r</i>) (1/Å²)" : "<i>G</i>(<i>r</i>) (1/Å²)";
    show_distances(&panel, p);
    vtr_status status = p->is_change ? VTR_OK : add_marks(&panel, panels, p, j, err);
    return status == VTR_OK ? cli_panels_append(panels, &panel, err) : status;
}

static vtr_status add_components(cli_panels *panels, const phases *p, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t j = 0; status == VTR_OK && j < p->n; j++)
        status = add_component(panels, p, j, err);
    return status;
}

/* All components in one plot, and those of the factorisation that no principle chose. */
static vtr_status add_overlay(cli_panels *panels, const phases *p, vtr_error *err)
{
    double *nmf = NULL;
    vtr_figure_series *series = cli_panels_take(panels, 2 * MOST, sizeof *series, err);
    if (series == NULL) return VTR_ERR_MEMORY;
    vtr_status status = read_column(&nmf, panels, "nmf_components", p->n * p->n_r, err);
    if (status != VTR_OK) return status;
    /* the lines' colours come round every seven */
    const size_t colours = 7, n = p->n < colours ? p->n : colours;
    for (size_t j = 0; j < n; j++) {
        series[j] = (vtr_figure_series){
            .n = p->n_r, .x = p->r, .y = p->components + j * p->n_r, .label = p->n < 3 ? p->labels[j] : NULL};
        series[colours + j] =
            (vtr_figure_series){.n = p->n_r, .x = p->r, .y = nmf + j * p->n_r, .style = VTR_LINE_DASHED};
    }
    vtr_figure_panel panel = vtr_figure_plot_panel(series, isfinite(nmf[0]) ? colours + n : n);
    panel.title = isfinite(nmf[0]) ? "dashed: factorisation" : NULL;
    panel.plot.x_label = "<i>r</i> (Å)";
    panel.plot.y_label = "<i>G</i>(<i>r</i>) (1/Å²)";
    show_distances(&panel, p);
    return cli_panels_append(panels, &panel, err);
}

/* --- maps --------------------------------------------------------------------------------------------------- */

static vtr_status add_map(cli_panels *panels, const phases *p, size_t j, vtr_error *err)
{
    enum { LABEL = 100 };
    char name[32];
    cli_quantity *q = NULL;
    char *label = cli_panels_take(panels, LABEL, 1, err);
    if (label == NULL) return VTR_ERR_MEMORY;
    snprintf(name, sizeof name, "phase_%zu", j + 1);
    vtr_status status = cli_panels_read(&q, panels, "phases", name, err);
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = cli_quantity_panel(q);
    snprintf(label, LABEL, "%s%s", p->names[j], p->is_change ? "" : " (%)");
    panel.map.colours.label = label;
    panel.map.colours.is_signed = p->is_change;
    if (!p->is_change) {
        panel.map.colours.factor = 100;
        panel.map.colours.limits[0] = 0;
        panel.map.colours.limits[1] = 100;
    }
    return cli_panels_append(panels, &panel, err);
}

static vtr_status add_maps(cli_panels *panels, const phases *p, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t j = 0; status == VTR_OK && j < p->n; j++)
        status = add_map(panels, p, j, err);
    return status;
}

static vtr_status add_mix(cli_panels *panels, const phases *p, vtr_error *err)
{
    cli_quantity *q = NULL;
    if (p->is_change)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "principal and independent components do not mix to a whole");
    vtr_status status = cli_panels_read(&q, panels, "phases", "phase_1", err);
    if (status != VTR_OK) return status;
    size_t n = q->n_y * q->n_x;
    float *shares = cli_panels_take(panels, p->n * n, sizeof *shares, err);
    if (shares == NULL) return VTR_ERR_MEMORY;
    status = vtr_mapfile_read(panels->file, "phases", "maps", VTR_TYPE_F32, p->n * n, shares, err);
    vtr_figure_panel panel = cli_quantity_panel(q);
    panel.title = "mixture";
    panel.map.shares = shares;
    panel.map.n_shares = p->n;
    panel.map.share_names = p->labels;
    return status == VTR_OK ? cli_panels_append(panels, &panel, err) : status;
}

/* --- fractions and lengths ---------------------------------------------------------------------------------- */

/* Points with bars at the numbers of the components plus `beside`; without a value in the middle of the bar. */
static vtr_status make_points(vtr_figure_series *series, cli_panels *panels, const phases *p, size_t value,
                              size_t low, double beside, vtr_error *err)
{
    size_t n = p->n;
    double *room = cli_panels_take(panels, 4 * n, sizeof *room, err);
    if (room == NULL) return VTR_ERR_MEMORY;
    for (size_t j = 0; j < n; j++) {
        room[j] = (double)(j + 1) + beside;
        room[2 * n + j] = 100 * p->fractions[low * n + j];
        room[3 * n + j] = 100 * p->fractions[(low + 1) * n + j];
        room[n + j] =
            value < low ? 100 * p->fractions[value * n + j] : 0.5 * (room[2 * n + j] + room[3 * n + j]);
    }
    bool has_bars = isfinite(room[2 * n]);
    *series = (vtr_figure_series){.n = n,
                                  .x = room,
                                  .y = room + n,
                                  .low = has_bars ? room + 2 * n : NULL,
                                  .high = has_bars ? room + 3 * n : NULL,
                                  .style = VTR_LINE_POINTS};
    return VTR_OK;
}

/* Which of the other starts return a component stands in the title. */
static vtr_status add_fractions(cli_panels *panels, const phases *p, vtr_error *err)
{
    enum { TITLE = 200 };
    vtr_figure_series *series = cli_panels_take(panels, 2, sizeof *series, err);
    char *title = cli_panels_take(panels, TITLE, 1, err);
    if (series == NULL || title == NULL) return VTR_ERR_MEMORY;
    vtr_status status = make_points(&series[0], panels, p, 0, 1, -0.06, err);
    if (status == VTR_OK) status = make_points(&series[1], panels, p, 3, 3, 0.06, err);
    if (status != VTR_OK) return status;
    int used = snprintf(title, TITLE, "%s", isfinite(p->returns[0]) ? "starts that return:" : "fractions");
    for (size_t j = 0; isfinite(p->returns[0]) && j < p->n && used < TITLE - 16; j++)
        used +=
            snprintf(title + used, (size_t)(TITLE - used), "%s %.0f", j > 0 ? "," : "", 100 * p->returns[j]);
    if (isfinite(p->returns[0])) snprintf(title + used, (size_t)(TITLE - used), " %%");
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 2);
    panel.title = title;
    panel.plot.x_label = "component; at its right: other starts";
    panel.plot.y_label = "fraction (%)";
    panel.plot.x_limits[0] = 0.5;
    panel.plot.x_limits[1] = (double)p->n + 0.5;
    return cli_panels_append(panels, &panel, err);
}

static vtr_status add_lengths(cli_panels *panels, const phases *p, vtr_error *err)
{
    enum { LABEL = 96 };
    size_t rank = 0, shape[8] = {0};
    double *lag = NULL, *values = NULL, *length = NULL, *error = NULL;
    if (!vtr_mapfile_has(panels->file, "phases", "autocorrelation")) return VTR_OK;
    vtr_status status = vtr_mapfile_shape(panels->file, "phases", "autocorrelation", &rank, shape, NULL, err);
    vtr_figure_series *series = cli_panels_take(panels, p->n, sizeof *series, err);
    if (series == NULL) return VTR_ERR_MEMORY;
    if (status == VTR_OK) status = read_column(&lag, panels, "lag", shape[1], err);
    if (status == VTR_OK) status = read_column(&values, panels, "autocorrelation", p->n * shape[1], err);
    if (status == VTR_OK) status = read_column(&length, panels, "length", p->n, err);
    if (status == VTR_OK) status = read_column(&error, panels, "length_errors", p->n, err);
    for (size_t j = 0; status == VTR_OK && j < p->n; j++) {
        char *label = cli_panels_take(panels, LABEL, 1, err);
        if (label == NULL) return VTR_ERR_MEMORY;
        if (isfinite(length[j]))
            snprintf(label, LABEL, "%.2f ± %.2f nm", length[j], error[j]);
        else
            snprintf(label, LABEL, "%s", p->names[j]);
        series[j] = (vtr_figure_series){.n = shape[1],
                                        .x = lag,
                                        .y = values + j * shape[1],
                                        .label = label,
                                        .style = j > 0 ? VTR_LINE_DASHED : VTR_LINE_SOLID};
    }
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = vtr_figure_plot_panel(series, p->n);
    panel.plot.x_label = "distance (nm)";
    panel.plot.y_label = "autocorrelation";
    panel.title = "correlation length";
    panel.plot.x_limits[0] = 0;
    panel.plot.x_limits[1] = lag[shape[1] - 1] / 2;
    return cli_panels_append(panels, &panel, err);
}

/* In three columns components stand over their maps. */
static vtr_status add_all(cli_panels *panels, const phases *p, vtr_error *err)
{
    bool is_early = p->n < 3 && !p->is_change, is_late = p->n >= 3 && !p->is_change;
    vtr_status status = add_components(panels, p, err);
    if (status == VTR_OK && is_early) status = add_overlay(panels, p, err);
    if (status == VTR_OK) status = add_maps(panels, p, err);
    if (status == VTR_OK && is_late) status = add_overlay(panels, p, err);
    if (status == VTR_OK && !p->is_change) status = add_mix(panels, p, err);
    if (status == VTR_OK && !p->is_change) status = add_fractions(panels, p, err);
    return status == VTR_OK ? add_lengths(panels, p, err) : status;
}

static const struct {
    const char *name;
    vtr_status (*add)(cli_panels *, const phases *, vtr_error *);
} kinds[] = {{"phases", add_all},       {"components", add_components}, {"mixture", add_mix},
             {"shares", add_maps},      {"fractions", add_fractions},   {"lengths", add_lengths},
             {"consensus", add_overlay}};

vtr_status cli_panels_add_phases(cli_panels *panels, const char *which, vtr_error *err)
{
    phases p;
    vtr_status status = read_phases(&p, panels, err);
    for (size_t i = 0; status == VTR_OK && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(which, kinds[i].name) == 0) return kinds[i].add(panels, &p, err);
    return status;
}

bool cli_is_phases(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(text, kinds[i].name) == 0) return true;
    return false;
}
