/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare_figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vitrail/figure.h"

enum { MAX_PAIRS = VTR_FIGURE_MAX_PANELS - 1, LABEL = 2 * VTR_REGION_NAME + 32 };
static const double level = 0.05;
static const char r_label[] = "<i>r</i> (Å)";

/* What the panels of the pairs show, and their words. */
typedef struct pair_panel {
    vtr_figure_series series[3];
    double *significant;
    double zero_x[2], zero_y[2];
    char label[LABEL];
} pair_panel;

static vtr_figure_panel region_panel(const vtr_pdf_compare *c, vtr_figure_series *series,
                                     char (*labels)[LABEL])
{
    for (size_t g = 0; g < c->n_regions; g++) {
        const vtr_pdf_compare_region *region = &c->regions[g];
        snprintf(labels[g], LABEL, "%s (%zu)", region->name, region->n);
        series[g] = (vtr_figure_series){
            .n = c->n_r, .x = c->r, .y = region->G, .error = region->G_error, .label = labels[g]};
    }
    vtr_figure_panel panel = vtr_figure_plot_panel(series, c->n_regions);
    panel.plot.x_label = r_label;
    panel.plot.y_label = "<i>G</i>(<i>r</i>) (1/Å<sup>2</sup>)";
    panel.plot.x_limits[0] = c->r[0];
    panel.plot.x_limits[1] = c->range[1];
    return panel;
}

static vtr_figure_panel difference_panel(const vtr_pdf_compare *c, const vtr_pdf_compare_pair *pair,
                                         pair_panel *p)
{
    double most = 0;
    bool is_any = false;
    for (size_t j = 0; j < c->n_r; j++) {
        bool is_in = !isnan(pair->p[j]);
        bool is_significant = is_in && pair->p[j] < level;
        p->significant[j] = is_significant ? pair->difference[j] : NAN;
        is_any = is_any || is_significant;
        if (is_in) most = fmax(most, fabs(pair->difference[j]) + 3 * pair->error[j]);
    }
    snprintf(p->label, LABEL, "%s − %s, <i>p</i> = %.2g", c->regions[pair->a].name, c->regions[pair->b].name,
             pair->p_whole_holm);
    p->zero_x[0] = c->r[0], p->zero_x[1] = c->range[1];
    p->series[0] = (vtr_figure_series){
        .n = c->n_r, .x = c->r, .y = pair->difference, .error = pair->error, .label = p->label};
    p->series[1] = (vtr_figure_series){.n = c->n_r,
                                       .x = c->r,
                                       .y = p->significant,
                                       .label = is_any ? "significant (5 %)" : NULL,
                                       .style = VTR_LINE_POINTS};
    p->series[2] = (vtr_figure_series){.n = 2, .x = p->zero_x, .y = p->zero_y, .style = VTR_LINE_DASHED};
    vtr_figure_panel panel = vtr_figure_plot_panel(p->series, 3);
    panel.plot.x_label = r_label;
    panel.plot.y_label = "Δ<i>G</i>(<i>r</i>) (1/Å<sup>2</sup>)";
    panel.plot.x_limits[0] = c->r[0];
    panel.plot.x_limits[1] = c->range[1];
    panel.plot.y_limits[0] = -1.3 * most;
    panel.plot.y_limits[1] = 1.7 * most; /* room for the legend */
    return panel;
}

vtr_status cli_compare_figure(const char *path, const vtr_pdf_compare *c, bool force, vtr_error *err)
{
    if (c->n_pairs > MAX_PAIRS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a figure holds %d pairs of regions, these are %zu", MAX_PAIRS,
                        c->n_pairs);
    vtr_figure_panel *panels = calloc(1 + c->n_pairs, sizeof *panels);
    vtr_figure_series *series = calloc(c->n_regions, sizeof *series);
    pair_panel *pairs = calloc(c->n_pairs, sizeof *pairs);
    char(*labels)[LABEL] = calloc(c->n_regions, sizeof *labels);
    double *significant = calloc(c->n_pairs * c->n_r, sizeof *significant);
    vtr_status status = VTR_OK;
    if (panels == NULL || series == NULL || pairs == NULL || labels == NULL || significant == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the figure");
    if (status == VTR_OK) {
        panels[0] = region_panel(c, series, labels);
        for (size_t i = 0; i < c->n_pairs; i++) {
            pairs[i].significant = significant + i * c->n_r;
            panels[1 + i] = difference_panel(c, &c->pairs[i], &pairs[i]);
        }
        vtr_figure_page page = vtr_figure_default_page(1 + c->n_pairs);
        page.force = force;
        status = vtr_figure_write(path, panels, 1 + c->n_pairs, &page, err);
    }
    free(panels);
    free(series);
    free(pairs);
    free(labels);
    free(significant);
    return status;
}
