/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "beam/disc_internal.h"
#include "beam/match_internal.h"
#include "vitrail/constants.h"

const match_kernels *vtr_match_kernels_best(void)
{
#ifdef VITRAIL_X86_KERNELS
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return &vtr_match_kernels_avx512;
    case VTR_CPU_AVX2:
        return &vtr_match_kernels_avx2;
    default:
        break;
    }
#endif
    return &vtr_match_kernels_portable;
}

/* How far from the middle of its pixel the centre may lie, and the spline's own reach, in px. */
enum { MARGIN_PX = 3 };

vtr_beam_template *vtr_template_new(const vtr_beam_params *params, size_t n_nodes)
{
    vtr_beam_template *t = vtr_calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    double reach = fmax(params->background_px[1], params->disc_radius_px + 3);
    t->n_nodes = n_nodes;
    t->radius_px = params->disc_radius_px;
    t->window_half_px = (size_t)ceil(reach);
    t->window_side = 2 * t->window_half_px + 1;
    t->window_stride = (t->window_side + MATCH_GROUP - 1) / MATCH_GROUP * MATCH_GROUP;
    t->half_px = t->window_half_px + MARGIN_PX;
    t->rows = 2 * t->half_px + 2;
    t->columns = t->rows + MATCH_GROUP;
    t->coefficients = vtr_calloc(n_nodes * n_nodes * t->rows * t->columns, sizeof *t->coefficients);
    t->circle = vtr_calloc(t->window_side * t->window_stride, sizeof *t->circle);
    if (t->coefficients == NULL || t->circle == NULL) {
        vtr_beam_template_free(t);
        return NULL;
    }
    for (size_t y = 0; y < t->window_side; y++)
        for (size_t x = 0; x < t->window_side; x++) {
            double off_x = (double)x - (double)t->window_half_px,
                   off_y = (double)y - (double)t->window_half_px;
            t->circle[y * t->window_stride + x] = hypot(off_x, off_y) <= reach ? 1 : 0;
        }
    return t;
}

void vtr_beam_template_free(vtr_beam_template *template)
{
    if (template == NULL) return;
    vtr_free(template->coefficients);
    vtr_free(template->circle);
    vtr_free(template);
}

size_t vtr_template_place(const vtr_beam_template *t, size_t j, size_t i)
{
    size_t phase = j % t->n_nodes * t->n_nodes + i % t->n_nodes;
    return (phase * t->rows + j / t->n_nodes) * t->columns + i / t->n_nodes;
}

/* The four cubic B-splines at `part` between two nodes, and their slopes by px. */
static void spline(float weight[MATCH_TAPS], float slope[MATCH_TAPS], double part, double n_nodes)
{
    double u = part, v = 1 - part;
    const double w[MATCH_TAPS] = {v * v * v / 6, (4 - 6 * u * u + 3 * u * u * u) / 6,
                                  (4 - 6 * v * v + 3 * v * v * v) / 6, u * u * u / 6};
    const double s[MATCH_TAPS] = {-v * v / 2, -2 * u + 1.5 * u * u, 2 * v - 1.5 * v * v, u * u / 2};
    for (int k = 0; k < MATCH_TAPS; k++) {
        weight[k] = (float)w[k];
        slope[k] = (float)(s[k] * n_nodes);
    }
}

void vtr_template_taps(match_taps *taps, const vtr_beam_template *t, double x, double y)
{
    double n = (double)t->n_nodes, margin = (double)(t->half_px - t->window_half_px);
    double node_x = n * (margin + x), node_y = n * (margin + y);
    size_t first_x = (size_t)node_x - 1, first_y = (size_t)node_y - 1;
    spline(taps->weight_x, taps->slope_x, node_x - floor(node_x), n);
    spline(taps->weight_y, taps->slope_y, node_y - floor(node_y), n);
    for (size_t j = 0; j < MATCH_TAPS; j++)
        for (size_t i = 0; i < MATCH_TAPS; i++)
            taps->node[j][i] = t->coefficients + vtr_template_place(t, first_y + j, first_x + i);
    taps->columns = t->columns;
}

/* A window without noise about the middle, through the same sums as any frame. */
void vtr_template_measure(vtr_beam_template *t)
{
    match_taps taps;
    double sums[MATCH_SUMS];
    const match_window window = {t->circle, t->circle, t->window_side, t->window_stride};
    const match_level level = {0, 1, 1}; /* m = 1: plain integrals */
    vtr_template_taps(&taps, t, 0, 0);
    vtr_match_kernels_best()->sums(sums, &window, &taps, &level);
    t->area_px = sums[SUM_T];
    t->slope = sums[SUM_SLOPE];
    t->edge_px = sqrt(VTR_PI) * t->radius_px / t->slope; /* that of a normal edge of the same slope */
}

/* Values at the nodes of a line to the coefficients of the spline through them, zero beyond its ends (M. Unser, IEEE Signal
 * Processing Magazine 16, 22, 1999). */
static void filter_line(double *line, size_t n)
{
    const double pole = sqrt(3.0) - 2;
    for (size_t k = 1; k < n; k++)
        line[k] += pole * line[k - 1];
    line[n - 1] *= -pole / (1 - pole * pole);
    for (size_t k = n - 1; k-- > 0;)
        line[k] = pole * (line[k + 1] - line[k]);
    for (size_t k = 0; k < n; k++)
        line[k] *= 6;
}

static void filter(double *values, double *column, size_t n)
{
    for (size_t j = 0; j < n; j++)
        filter_line(values + j * n, n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            column[j] = values[j * n + i];
        filter_line(column, n);
        for (size_t j = 0; j < n; j++)
            values[j * n + i] = column[j];
    }
}

enum { DISC_NODES = 4 };
/* The spline's tails fall below what a float holds at full precision, and processors take a hundred times as long for such. */
static const double negligible = 1e-9;

vtr_status vtr_beam_template_disc(vtr_beam_template **out, const vtr_beam_params *params, vtr_error *err)
{
    vtr_status status = vtr_disc_check_params(params, err);
    if (status != VTR_OK) return status;
    vtr_beam_template *t = vtr_template_new(params, DISC_NODES);
    size_t n = t != NULL ? (2 * t->half_px + 1) * DISC_NODES : 0;
    double *values = vtr_malloc(n * (n + 1), sizeof *values);
    if (t == NULL || values == NULL) {
        vtr_beam_template_free(t);
        vtr_free(values);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the template of the direct beam");
    }
    const double at[DISC_N] = {[DISC_RADIUS] = params->disc_radius_px,
                               [DISC_LOG_EDGE] = log(params->disc_edge_px),
                               [DISC_SKEW] = params->disc_skew,
                               [DISC_FLAT] = params->disc_flat};
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++) {
            double y = (double)j / DISC_NODES - (double)t->half_px;
            double x = (double)i / DISC_NODES - (double)t->half_px;
            values[j * n + i] = vtr_disc_edge_at(at, hypot(x, y), params->disc_edge_px).form;
        }
    filter(values, values + n * n, n);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++)
            t->coefficients[vtr_template_place(t, j, i)] =
                fabs(values[j * n + i]) > negligible ? (float)values[j * n + i] : 0;
    vtr_free(values);
    t->is_disc = true;
    vtr_template_measure(t);
    *out = t;
    return VTR_OK;
}

vtr_status vtr_beam_scratch_create(vtr_beam_scratch **out, const vtr_beam_template *template, vtr_error *err)
{
    vtr_beam_scratch *s = vtr_calloc(1, sizeof *s);
    size_t n = template->window_side * template->window_stride;
    if (s != NULL) {
        s->value = vtr_calloc(n, sizeof *s->value);
        s->weight = vtr_calloc(n, sizeof *s->weight);
    }
    if (s == NULL || s->value == NULL || s->weight == NULL) {
        vtr_beam_scratch_free(s);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to match the direct beam");
    }
    *out = s;
    return VTR_OK;
}

void vtr_beam_scratch_free(vtr_beam_scratch *scratch)
{
    if (scratch == NULL) return;
    vtr_free(scratch->value);
    vtr_free(scratch->weight);
    vtr_free(scratch);
}
