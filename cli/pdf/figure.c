/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"
#include "vitrail/figure.h"

static const char q_label[] = "<i>Q</i> (1/Å)", r_label[] = "<i>r</i> (Å)";
static const double per_cubic_nm = 1000; /* of atoms/Å^3 */

static vtr_figure_series line(size_t n, const double *x, const double *y, const double *error,
                              const char *label)
{
    return (vtr_figure_series){.n = n, .x = x, .y = y, .error = error, .label = label};
}

static vtr_figure_panel panel_of(const vtr_figure_series *series, size_t n, const char *x_label,
                                 const char *y_label)
{
    vtr_figure_panel panel = vtr_figure_plot_panel(series, n);
    panel.plot.x_label = x_label;
    panel.plot.y_label = y_label;
    return panel;
}

/* Where the second peak is expected, by ascending distance. */
static size_t add_marks(vtr_figure_mark marks[4], const cli_pdf_result *result)
{
    static const char *const labels[] = {"1", "2", "3"};
    if (result->n_peaks == 0) return 0;
    double first = result->peaks[0].position;
    marks[0] = (vtr_figure_mark){first, "<i>r</i><sub>1</sub>"};
    for (int shared = 3; shared >= 1; shared--)
        marks[4 - shared] =
            (vtr_figure_mark){vtr_pdf_shared_atoms_distance(first, shared), labels[shared - 1]};
    return 4;
}

static vtr_status draw_one(const char *path, const cli_pdf_result *result, bool force, vtr_error *err)
{
    const vtr_pdf *p = &result->pdf;
    double *fitted = malloc(p->n_q * sizeof *fitted);
    if (fitted == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
    for (size_t j = 0; j < p->n_q; j++)
        fitted[j] = p->atomic[j] + p->background[j];
    const vtr_figure_series intensity[] = {line(p->n_q, p->q, p->intensity, p->intensity_error, "<i>I</i>"),
                                           line(p->n_q, p->q, fitted, NULL, "atoms and background"),
                                           line(p->n_q, p->q, p->atomic, NULL, "atoms")};
    const vtr_figure_series S = line(p->n_q, p->q, p->S, p->S_error, NULL);
    const vtr_figure_series F = line(p->n_q, p->q, p->F, p->F_error, NULL);
    const vtr_figure_series G = line(p->n_r, p->r, p->G, p->G_error, NULL);
    vtr_figure_mark marks[4];
    vtr_figure_panel panels[] = {panel_of(intensity, 3, q_label, "<i>I</i>"),
                                 panel_of(&S, 1, q_label, "<i>S</i>(<i>Q</i>)"),
                                 panel_of(&F, 1, q_label, "<i>F</i>(<i>Q</i>) (1/Å)"),
                                 panel_of(&G, 1, r_label, "<i>G</i>(<i>r</i>) (1/Å<sup>2</sup>)")};
    panels[0].plot.log_y = true;
    panels[3].plot.marks = marks;
    panels[3].plot.n_marks = add_marks(marks, result);
    vtr_figure_page page = vtr_figure_default_page(4);
    page.force = force;
    page.columns = 2;
    vtr_status status = vtr_figure_write(path, panels, 4, &page, err);
    free(fitted);
    return status;
}

/* First distance against density; NAN where either is missing. */
static vtr_status draw_series(const char *path, const cli_pdf_result *results, size_t n, bool force,
                              vtr_error *err)
{
    vtr_figure_series *lines = calloc(n, sizeof *lines);
    double *numbers = calloc(3 * n, sizeof *numbers);
    vtr_status status = VTR_OK;
    if (lines == NULL || numbers == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
        goto cleanup;
    }
    double *density = numbers, *position = numbers + n, *error = numbers + 2 * n,
           limits[2] = {INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++) {
        const vtr_pdf *p = &results[i].pdf;
        double spread =
            per_cubic_nm * (p->normalisation.is_density_given ? 0 : p->normalisation.density_error);
        lines[i] = line(p->n_r, p->r, p->G, p->G_error, results[i].name);
        density[i] = per_cubic_nm * p->normalisation.density;
        limits[0] = fmin(limits[0], density[i] - (isfinite(spread) ? spread : 0));
        limits[1] = fmax(limits[1], density[i] + (isfinite(spread) ? spread : 0));
        position[i] = results[i].n_peaks > 0 ? results[i].peaks[0].position : NAN;
        error[i] = results[i].n_peaks > 0 ? results[i].peaks[0].position_error : NAN;
    }
    vtr_figure_series points = line(n, density, position, error, NULL);
    points.style = VTR_LINE_POINTS;
    vtr_figure_panel panels[] = {
        panel_of(lines, n, r_label, "<i>G</i>(<i>r</i>) (1/Å<sup>2</sup>)"),
        panel_of(&points, 1, "density (atoms/nm<sup>3</sup>)", "first distance (Å)")};
    double margin = 0.1 * (limits[1] - limits[0]);
    if (margin > 0) /* points are not to lie on the frame */
        panels[1].plot.x_limits[0] = limits[0] - margin, panels[1].plot.x_limits[1] = limits[1] + margin;
    vtr_figure_page page = vtr_figure_default_page(2);
    page.force = force;
    status = vtr_figure_write(path, panels, 2, &page, err);
cleanup:
    free(lines);
    free(numbers);
    return status;
}

vtr_status cli_pdf_figure(const char *path, const cli_pdf_result *results, size_t n, bool force,
                          vtr_error *err)
{
    return n == 1 ? draw_one(path, results, force, err) : draw_series(path, results, n, force, err);
}
