/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "panels.h"
#include "vitrail/constants.h"
#include "vitrail/magnetic.h"

/* What vitrail magnetic may have written, in the order of preference. */
static const struct {
    const char *size, *angle, *title;
} fields[] = {{"B", "B_angle", "direction of <i>B</i>"},
              {"Bt", "B_angle", "direction of <i>B</i>"},
              {"E", "E_angle", "direction of <i>E</i>"},
              {"Et", "E_angle", "direction of <i>E</i>"}};

vtr_status cli_panels_add_field(cli_panels *panels, vtr_error *err)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        cli_quantity *size = NULL, *angle = NULL;
        if (!cli_names_has(panels->names, "magnetic", fields[i].size)) continue;
        vtr_status status = cli_panels_read(&size, panels, "magnetic", fields[i].size, err);
        if (status == VTR_OK) status = cli_panels_read(&angle, panels, "magnetic", fields[i].angle, err);
        if (status != VTR_OK) return status;
        for (size_t k = 0; k < angle->n_y * angle->n_x; k++)
            angle->values[k] *= (float)VTR_RADIANS_PER_DEGREE;
        vtr_figure_panel panel = cli_quantity_panel(size);
        panel.map.angle_rad = angle->values;
        panel.map.fold = 1;
        panel.title = fields[i].title;
        return cli_panels_append(panels, &panel, err);
    }
    return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no field; make it with vitrail magnetic", panels->path);
}

vtr_status cli_panels_add_walls(cli_panels *panels, vtr_error *err)
{
    cli_quantity *wall = NULL;
    if (!cli_names_has(panels->names, "magnetic", "wall"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no domain walls; make them with vitrail magnetic",
                        panels->path);
    vtr_status status = cli_panels_add_field(panels, err);
    if (status == VTR_OK) status = cli_panels_read(&wall, panels, "magnetic", "wall", err);
    if (status != VTR_OK) return status;
    vtr_figure_panel *panel = &panels->panel[panels->n - 1];
    size_t n = panel->map.n_y * panel->map.n_x;
    float *size = cli_panels_take(panels, n, sizeof *size, err);
    if (size == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        size[i] = wall->values[i] > 0 ? 0 : panel->map.values[i];
    panel->map.values = size;
    panel->title = "domains and walls";
    return VTR_OK;
}

/* --- the angle between field and strain ------------------------------------------------------------------------ */

static const char angle_label[] = "angle <i>e</i><sub>1</sub> to field (°)";

/* One of the datasets that vitrail magnetic writes with the strain; the panels own it. */
static double *read_counts(cli_panels *panels, const char *name, size_t n, vtr_error *err)
{
    size_t rank, shape[8], total = 1;
    if (!vtr_mapfile_has(panels->file, "magnetic", name)) {
        vtr_fail(err, VTR_ERR_NOT_FOUND,
                 "'%s' has no angles between field and strain; make them with vitrail strain, then vitrail "
                 "magnetic",
                 panels->path);
        return NULL;
    }
    if (vtr_mapfile_shape(panels->file, "magnetic", name, &rank, shape, NULL, err) != VTR_OK) return NULL;
    for (size_t k = 0; k < rank; k++)
        total *= shape[k];
    if (total != n) {
        vtr_fail(err, VTR_ERR_SHAPE, "'magnetic/%s' of '%s' has %zu values, not %zu", name, panels->path,
                 total, n);
        return NULL;
    }
    double *values = cli_panels_take(panels, n, sizeof *values, err);
    if (values == NULL ||
        vtr_mapfile_read(panels->file, "magnetic", name, VTR_TYPE_F64, n, values, err) != VTR_OK)
        return NULL;
    return values;
}

enum { N_ANGLES = VTR_MAGNETIC_ANGLES, N_STRAINS = VTR_MAGNETIC_STRAINS };

/* Steps with counting errors, and where two directions that know nothing of each other would lie. */
vtr_status cli_panels_add_angles(cli_panels *panels, vtr_error *err)
{
    double *count = read_counts(panels, "angle_count", N_ANGLES, err), total = 0;
    if (count == NULL) return err != NULL ? err->status : VTR_ERR_NOT_FOUND;
    double *numbers = cli_panels_take(panels, 6 * N_ANGLES + 4, sizeof *numbers, err);
    vtr_figure_series *series = cli_panels_take(panels, 2, sizeof *series, err);
    if (numbers == NULL || series == NULL) return VTR_ERR_MEMORY;
    double *x = numbers, *y = x + 2 * N_ANGLES, *error = y + 2 * N_ANGLES, *flat = error + 2 * N_ANGLES;
    for (size_t i = 0; i < N_ANGLES; i++)
        total += count[i];
    for (size_t i = 0; i < 2 * N_ANGLES; i++) {
        x[i] = 90.0 / N_ANGLES * (double)((i + 1) / 2);
        y[i] = total > 0 ? 100 * count[i / 2] / total : NAN;
        error[i] = total > 0 ? 100 * sqrt(count[i / 2]) / total : NAN;
    }
    flat[1] = 90;
    flat[2] = flat[3] = 100.0 / N_ANGLES;
    series[0] = (vtr_figure_series){.n = 2 * N_ANGLES, .x = x, .y = y, .error = error, .label = "measured"};
    series[1] = (vtr_figure_series){
        .n = 2, .x = flat, .y = flat + 2, .label = "independent directions", .style = VTR_LINE_DASHED};
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 2);
    panel.plot.x_label = angle_label;
    panel.plot.y_label = "positions (%)";
    panel.plot.y_limits[0] = 0;
    return cli_panels_append(panels, &panel, err);
}

/* The strain below which 99 % of the positions lie, as a number of bins. */
static size_t used_strains(const double *joint)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < N_STRAINS * N_ANGLES; i++)
        total += joint[i];
    for (size_t k = 0; k < N_STRAINS; k++) {
        for (size_t i = 0; i < N_ANGLES; i++)
            sum += joint[k * N_ANGLES + i];
        if (sum >= 0.99 * total) return k + 1;
    }
    return N_STRAINS;
}

/* Mean angle of each bin of strain with its standard error. */
static void mean_angles(double *mean, double *error, const double *joint, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double sum = 0, first = 0, second = 0;
        for (size_t i = 0; i < N_ANGLES; i++) {
            double angle = 90.0 / N_ANGLES * ((double)i + 0.5), count = joint[k * N_ANGLES + i];
            sum += count;
            first += count * angle;
            second += count * angle * angle;
        }
        mean[k] = sum > 1 ? first / sum : NAN;
        error[k] = sum > 1 ? sqrt(fmax(second / sum - mean[k] * mean[k], 0) / (sum - 1)) : NAN;
    }
}

vtr_status cli_panels_add_joint(cli_panels *panels, vtr_error *err)
{
    double *joint = read_counts(panels, "joint_count", (size_t)N_STRAINS * N_ANGLES, err);
    double *strains = joint != NULL ? read_counts(panels, "strain_bins", N_STRAINS, err) : NULL;
    if (strains == NULL) return err != NULL ? err->status : VTR_ERR_NOT_FOUND;
    size_t n = used_strains(joint);
    double *numbers = cli_panels_take(panels, (2 + N_ANGLES) * n, sizeof *numbers, err);
    vtr_figure_series *series = cli_panels_take(panels, 1, sizeof *series, err);
    if (numbers == NULL || series == NULL) return VTR_ERR_MEMORY;
    double *mean = numbers, *error = mean + n, *cells = error + n;
    mean_angles(mean, error, joint, n);
    for (size_t k = 0; k < n; k++) {
        strains[k] *= 100;
        for (size_t i = 0; i < N_ANGLES; i++)
            cells[i * n + k] = joint[k * N_ANGLES + i];
    }
    *series = (vtr_figure_series){.n = n, .x = strains, .y = mean, .error = error, .label = "mean angle"};
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 1);
    panel.plot.x_label = "deviatoric strain (%)";
    panel.plot.y_label = angle_label;
    panel.plot.cells = cells;
    panel.plot.cells_y = N_ANGLES;
    panel.plot.cells_x = n;
    panel.plot.cells_x_range[1] = panel.plot.x_limits[1] = 2 * strains[0] * (double)n;
    panel.plot.cells_y_range[1] = panel.plot.y_limits[1] = 90;
    panel.plot.x_limits[0] = panel.plot.y_limits[0] = 0;
    return cli_panels_append(panels, &panel, err);
}
