/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "panels.h"

static const char folder[] = "pdf/regions/";

static vtr_status read_column(double **values, cli_panels *panels, const char *group, const char *name,
                              size_t n, vtr_error *err)
{
    *values = cli_panels_take(panels, n, sizeof **values, err);
    if (*values == NULL) return VTR_ERR_MEMORY;
    return vtr_mapfile_read(panels->file, group, name, VTR_TYPE_F64, n, *values, err);
}

/* The mean G of a region with its standard error, labelled by name and number of positions. */
static vtr_status read_region(vtr_figure_series *series, cli_panels *panels, const char *group,
                              vtr_error *err)
{
    enum { LABEL = 128 };
    double *r = NULL, *g = NULL, *error = NULL, positions = 0;
    size_t rank, shape[8];
    char *label = cli_panels_take(panels, LABEL, 1, err);
    if (label == NULL) return VTR_ERR_MEMORY;
    vtr_status status = vtr_mapfile_shape(panels->file, group, "G", &rank, shape, NULL, err);
    if (status == VTR_OK) status = read_column(&r, panels, group, "r", shape[0], err);
    if (status == VTR_OK) status = read_column(&g, panels, group, "G", shape[0], err);
    if (status == VTR_OK) status = read_column(&error, panels, group, "G_errors", shape[0], err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_numbers(panels->file, group, NULL, "positions", 1, &positions, err);
    if (status != VTR_OK) return status;
    snprintf(label, LABEL, "%s (%.0f)", group + strlen(folder), positions);
    *series = (vtr_figure_series){shape[0], r, g, error, label, VTR_LINE_SOLID};
    return VTR_OK;
}

vtr_status cli_panels_add_regions(cli_panels *panels, vtr_error *err)
{
    const cli_names *names = panels->names;
    size_t n = 0;
    vtr_status status = VTR_OK;
    vtr_figure_series *series = cli_panels_take(panels, names->n, sizeof *series, err);
    if (series == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; status == VTR_OK && i < names->n; i++)
        if (strncmp(names->group[i], folder, strlen(folder)) == 0 && strcmp(names->name[i], "member") == 0)
            status = read_region(&series[n++], panels, names->group[i], err);
    if (status != VTR_OK) return status;
    if (n == 0)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' has no PDFs of regions; make them with vitrail pdf --region", panels->path);
    vtr_figure_panel panel = vtr_figure_plot_panel(series, n);
    panel.plot.x_label = "<i>r</i> (Å)";
    panel.plot.y_label = "<i>G</i>(<i>r</i>) (1/Å²)";
    return cli_panels_append(panels, &panel, err);
}

/* --- strain of the shell beside that of the ring ------------------------------------------------------------ */

/* A component of both, in %, in the frame of the ring's strain; the shell's errors. */
static vtr_status read_component(vtr_figure_series *series, cli_panels *panels, const char *name, size_t n,
                                 vtr_error *err)
{
    char errors[CLI_NAME];
    double *ring = NULL, *shell = NULL, *error = NULL;
    snprintf(errors, sizeof errors, "%s_errors", name);
    vtr_status status = read_column(&ring, panels, "strain", name, n, err);
    if (status == VTR_OK) status = read_column(&shell, panels, "pdf/strain", name, n, err);
    if (status == VTR_OK) status = read_column(&error, panels, "pdf/strain", errors, n, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < n; i++) {
        ring[i] *= 100;
        shell[i] *= 100;
        error[i] *= 100;
    }
    *series = (vtr_figure_series){n, ring, shell, n <= 400 ? error : NULL, name, VTR_LINE_POINTS};
    return VTR_OK;
}

vtr_status cli_panels_add_shell_strain(cli_panels *panels, vtr_error *err)
{
    static const char *const names[3] = {"exx", "eyy", "exy"};
    size_t rank, shape[8];
    double axis = 0;
    vtr_status status = vtr_mapfile_read_numbers(panels->file, "strain", NULL, "axis", 1, &axis, err);
    if (status == VTR_OK && axis != 0)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the strain of '%s' is in a frame turned by %g degrees, that of the shell in the scan's: compute "
            "it with --axis 0 to draw both",
            panels->path, axis);
    if (status == VTR_OK)
        status = vtr_mapfile_shape(panels->file, "pdf/strain", "exx", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    vtr_figure_series *series = cli_panels_take(panels, 3, sizeof *series, err);
    if (series == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; status == VTR_OK && i < 3; i++)
        status = read_component(&series[i], panels, names[i], shape[0] * shape[1], err);
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 3);
    panel.plot.x_label = "strain of the first ring (%)";
    panel.plot.y_label = "strain of the first shell (%)";
    return cli_panels_append(panels, &panel, err);
}
