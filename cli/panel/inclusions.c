/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "panels.h"
#include "vitrail/constants.h"

/* Columns of the catalogue, in this order. */
enum { Y, X, RADIUS, SHEAR, ANGLE, ASPECT, LONG_AXIS, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"y",     "x",      "radius",   "shear",
                                                    "angle", "aspect", "long_axis"};

typedef struct catalogue {
    size_t n;
    double *column[N_COLUMNS];
} catalogue;

static vtr_status read_catalogue(catalogue *c, cli_panels *panels, vtr_error *err)
{
    static const char group[] = "inclusions/catalogue";
    size_t rank, shape[8] = {0};
    vtr_status status = VTR_OK;
    if (!vtr_mapfile_has(panels->file, group, "y")) return VTR_OK; /* none was found */
    status = vtr_mapfile_shape(panels->file, group, "y", &rank, shape, NULL, err);
    c->n = shape[0];
    for (int k = 0; k < N_COLUMNS && status == VTR_OK; k++) {
        c->column[k] = cli_panels_take(panels, c->n, sizeof(double), err);
        if (c->column[k] == NULL) return VTR_ERR_MEMORY;
        status =
            vtr_mapfile_read(panels->file, group, column_names[k], VTR_TYPE_F64, c->n, c->column[k], err);
    }
    return status;
}

/* exx or exy, whichever the inclusions strain more: their double angles against the frame of the strain. */
static bool shows_in_exy(const catalogue *c, const cli_panels *panels)
{
    double axis = 0, cosine = 0, sine = 0;
    if (vtr_mapfile_read_numbers(panels->file, "inclusions", NULL, "axis", 1, &axis, NULL) != VTR_OK)
        axis = 0;
    for (size_t i = 0; i < c->n; i++) {
        double twice = 2 * (c->column[ANGLE][i] - axis) * VTR_RADIANS_PER_DEGREE;
        cosine += c->column[SHEAR][i] * fabs(cos(twice));
        sine += c->column[SHEAR][i] * fabs(sin(twice));
    }
    return sine > cosine;
}

static vtr_status make_circles(vtr_figure_circle **out, cli_panels *panels, const catalogue *c,
                               const cli_quantity *q, bool is_plain, vtr_error *err)
{
    enum { LABEL = 24 };
    vtr_figure_circle *circles = cli_panels_take(panels, c->n, sizeof *circles, err);
    char *labels = circles != NULL ? cli_panels_take(panels, c->n * LABEL, 1, err) : NULL;
    if (labels == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < c->n; i++) {
        snprintf(labels + i * LABEL, LABEL, "%zu", i + 1);
        circles[i] =
            (vtr_figure_circle){.y = c->column[Y][i] / q->step_nm[0],
                                .x = c->column[X][i] / q->step_nm[1],
                                .radius = c->column[RADIUS][i] / q->step_nm[1],
                                .aspect = c->column[ASPECT][i],
                                .long_axis_rad = c->column[LONG_AXIS][i] * VTR_RADIANS_PER_DEGREE,
                                .angle_rad = is_plain ? NAN : c->column[ANGLE][i] * VTR_RADIANS_PER_DEGREE,
                                .label = is_plain ? NULL : labels + i * LABEL};
    }
    *out = circles;
    return VTR_OK;
}

static vtr_status add_panel(cli_panels *panels, cli_quantity *q, const catalogue *c, bool is_plain,
                            double limit, vtr_error *err)
{
    vtr_figure_circle *circles = NULL;
    vtr_figure_panel panel = cli_quantity_panel(q);
    vtr_status status = make_circles(&circles, panels, c, q, is_plain, err);
    if (status != VTR_OK) return status;
    panel.map.overlay.circles = circles;
    panel.map.overlay.n_circles = c->n;
    panel.map.colours.limits[0] = -limit;
    panel.map.colours.limits[1] = limit;
    return cli_panels_append(panels, &panel, err);
}

vtr_status cli_panels_add_inclusions(cli_panels *panels, vtr_error *err)
{
    catalogue c = {0};
    cli_quantity *strain = NULL, *residual = NULL;
    cli_statistics statistics;
    if (!cli_names_has(panels->names, "inclusions", "residual_exx"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' has no inclusions; look for them with vitrail inclusions", panels->path);
    vtr_status status = read_catalogue(&c, panels, err);
    if (status != VTR_OK) return status;
    bool is_exy = shows_in_exy(&c, panels);
    status = cli_panels_read(&strain, panels, "strain", is_exy ? "exy" : "exx", err);
    if (status == VTR_OK)
        status =
            cli_panels_read(&residual, panels, "inclusions", is_exy ? "residual_exy" : "residual_exx", err);
    if (status == VTR_OK) status = cli_quantity_statistics(&statistics, strain, err);
    if (status != VTR_OK) return status;
    /* the same colours in both panels, which show all but the tails of the noise */
    double limit = 1.5 * fmax(fabs(statistics.low), fabs(statistics.high));
    status = add_panel(panels, strain, &c, false, limit, err);
    return status == VTR_OK ? add_panel(panels, residual, &c, true, limit, err) : status;
}
