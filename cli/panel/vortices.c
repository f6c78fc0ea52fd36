/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "panels.h"

/* The deviatoric strain with its directions, and circles about the defects of vitrail vortices with their winding. */

/* Columns of the table, in this order. */
enum { Y, X, WINDING, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"y", "x", "winding"};
enum { LABEL = 16 };

/* "+½", "−1". */
static void write_winding(char label[LABEL], double winding)
{
    const char *sign = winding < 0 ? "\u2212" : "+";
    if (fabs(winding) < 0.75)
        snprintf(label, LABEL, "%s½", sign);
    else
        snprintf(label, LABEL, "%s%.0f", sign, fabs(winding));
}

static vtr_status add_circles(vtr_figure_overlay *overlay, cli_panels *panels, const cli_quantity *q,
                              vtr_error *err)
{
    size_t rank, shape[8] = {0};
    double *column[N_COLUMNS];
    if (!vtr_mapfile_has(panels->file, "vortices", "y")) return VTR_OK; /* none was found */
    vtr_status status = vtr_mapfile_shape(panels->file, "vortices", "y", &rank, shape, NULL, err);
    size_t n = shape[0];
    for (int k = 0; k < N_COLUMNS && status == VTR_OK; k++) {
        column[k] = cli_panels_take(panels, n, sizeof(double), err);
        if (column[k] == NULL) return VTR_ERR_MEMORY;
        status = vtr_mapfile_read(panels->file, "vortices", column_names[k], VTR_TYPE_F64, n, column[k], err);
    }
    if (status != VTR_OK) return status;
    vtr_figure_circle *circles = cli_panels_take(panels, n, sizeof *circles, err);
    char *labels = circles != NULL ? cli_panels_take(panels, n * LABEL, 1, err) : NULL;
    if (labels == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        write_winding(labels + i * LABEL, column[WINDING][i]);
        circles[i] = (vtr_figure_circle){.y = column[Y][i] / q->step_nm[0],
                                         .x = column[X][i] / q->step_nm[1],
                                         .radius = 0.02 * (double)q->n_x,
                                         .angle_rad = NAN,
                                         .label = labels + i * LABEL};
    }
    overlay->circles = circles;
    overlay->n_circles = n;
    return VTR_OK;
}

vtr_status cli_panels_add_vortices(cli_panels *panels, vtr_error *err)
{
    double threshold;
    cli_quantity *angle = NULL, *amplitude = NULL;
    if (vtr_mapfile_read_numbers(panels->file, "vortices", NULL, "threshold", 1, &threshold, NULL) != VTR_OK)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no vortices; look for them with vitrail vortices",
                        panels->path);
    vtr_status status = cli_panels_read_directions(&angle, &amplitude, panels, err);
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = cli_quantity_panel(amplitude);
    panel.map.overlay.director_angle_rad = angle->values;
    panel.map.overlay.director_amplitude = amplitude->values;
    panel.map.overlay.director_label =
        "direction of <i>e</i><sub>1</sub>; circles: where it turns by ±½ (or ±1)";
    status = add_circles(&panel.map.overlay, panels, amplitude, err);
    return status == VTR_OK ? cli_panels_append(panels, &panel, err) : status;
}
