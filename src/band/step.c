/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

/* A shear band is a straight line across which the strain has an antisymmetric step, sign(d) exp(-|d|/decay) in the
 * distance d from the line, or a symmetric ridge, exp(-|d|/decay). For every line its three amplitudes (t, c, s) by least squares lower chi^2 by
 *
 *   sum_j (sum_i w_ij v_ij f_i)^2 / sum_i w_ij f_i^2,
 *
 * 3 degrees of freedom; the weights hold the matrix's random strain, as white noise with the same power at long waves:
 * 1/(sigma^2 + variance pi length^2/(step_y step_x)), twice that for an exponential correlation. */
enum { N_ANGLES = 180, N_DECAYS = 3 };
static const double decays[N_DECAYS] = {5, 10, 20},
                    ridge_decays[N_DECAYS] = {2, 5, 10}; /* steps of the scan */

static double long_wave_factor(const vtr_matrix_strain *matrix, const vtr_band_maps *maps)
{
    double area = VTR_PI * matrix->length_nm * matrix->length_nm / (maps->step_y * maps->step_x);
    return matrix->power == 1 ? 2 * area : area;
}

static double step_weight(const vtr_band_maps *maps, const vtr_matrix_strain *matrix, double factor, int j,
                          size_t i)
{
    double w = maps->weight[j][i];
    return w > 0 ? 1 / (1 / w + matrix->variance[j] * factor) : 0;
}

/* Distance of a position from the line through the map's first position; positive where the band's normal points. */
static double distance_of(const vtr_band_maps *maps, size_t i, double cosine, double sine)
{
    return maps->step_y * (double)(i / maps->n_x) * cosine - maps->step_x * (double)(i % maps->n_x) * sine;
}

/* Weighted sums of the residual over lines of one angle, in bins of a step. */
typedef struct projection {
    size_t n;
    double first_nm, bin_nm, *sum[VTR_TCS], *weight[VTR_TCS];
} projection;

static void project(projection *p, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                    const vtr_matrix_strain *matrix, double angle)
{
    double c = cos(angle), s = sin(angle), factor = long_wave_factor(matrix, maps);
    p->first_nm = -0.5 * p->bin_nm - fmax(0, s) * maps->step_x * (double)(maps->n_x - 1) +
                  fmin(0, c) * maps->step_y * (double)(maps->n_y - 1);
    for (int j = 0; j < VTR_TCS; j++) {
        memset(p->sum[j], 0, p->n * sizeof(double));
        memset(p->weight[j], 0, p->n * sizeof(double));
    }
    for (size_t i = 0; i < maps->n; i++) {
        if (!vtr_band_is_valid(maps, i)) continue;
        size_t bin = (size_t)((distance_of(maps, i, c, s) - p->first_nm) / p->bin_nm);
        if (bin >= p->n) bin = p->n - 1;
        for (int j = 0; j < VTR_TCS; j++) {
            double w = step_weight(maps, matrix, factor, j, i);
            p->sum[j][bin] += w * residual[j][i];
            p->weight[j][bin] += w;
        }
    }
}

/* chi^2 of a step (sign -1) or a ridge (1) between bins `at` - 1 and `at`. */
static double chi2_of_bins(const projection *p, size_t at, double decay_nm, double sign)
{
    size_t reach = (size_t)(4 * decay_nm / p->bin_nm), low = at > reach ? at - reach : 0;
    size_t high = at + reach < p->n ? at + reach : p->n;
    double chi2 = 0, ratio = exp(-p->bin_nm / decay_nm);
    for (int j = 0; j < VTR_TCS; j++) {
        double vf = 0, ff = 0, f = sqrt(ratio);
        for (size_t b = at; b < high; b++, f *= ratio) {
            vf += p->sum[j][b] * f;
            ff += p->weight[j][b] * f * f;
        }
        f = sqrt(ratio);
        for (size_t b = at; b > low; b--, f *= ratio) {
            vf += sign * p->sum[j][b - 1] * f;
            ff += p->weight[j][b - 1] * f * f;
        }
        if (ff > 0) chi2 += vf * vf / ff;
    }
    return chi2;
}

typedef struct line {
    double angle, offset_nm, decay_nm, chi2; /* offset from the map's first position */
    bool is_ridge;
} line;

static double form_of(const line *l, double d, double step_nm)
{
    return (l->is_ridge ? 1 : tanh(2 * d / step_nm)) * exp(-fabs(d) / l->decay_nm);
}

/* The same from the positions, for a line at any place; its amplitudes where they are asked for. */
static double chi2_of(const line *l, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                      const vtr_matrix_strain *matrix, double *amplitude)
{
    double c = cos(l->angle), s = sin(l->angle), factor = long_wave_factor(matrix, maps), chi2 = 0;
    double vf[VTR_TCS] = {0}, ff[VTR_TCS] = {0};
    for (size_t i = 0; i < maps->n; i++) {
        double d = distance_of(maps, i, c, s) - l->offset_nm;
        if (!vtr_band_is_valid(maps, i) || fabs(d) > 4 * l->decay_nm) continue;
        double f = form_of(l, d, maps->step);
        for (int j = 0; j < VTR_TCS; j++) {
            double w = step_weight(maps, matrix, factor, j, i);
            vf[j] += w * residual[j][i] * f;
            ff[j] += w * f * f;
        }
    }
    for (int j = 0; j < VTR_TCS; j++) {
        if (ff[j] > 0) chi2 += vf[j] * vf[j] / ff[j];
        if (amplitude != NULL) amplitude[j] = ff[j] > 0 ? vf[j] / ff[j] : 0;
    }
    return chi2;
}

static void search_form(line *best, const projection *p, const vtr_band_maps *maps, double angle,
                        bool is_ridge)
{
    for (int k = 0; k < N_DECAYS; k++) {
        double decay = (is_ridge ? ridge_decays : decays)[k] * maps->step;
        for (size_t at = 2; at + 1 < p->n; at++) {
            double chi2 = chi2_of_bins(p, at, decay, is_ridge ? 1 : -1);
            if (chi2 <= best->chi2) continue;
            *best = (line){angle, p->first_nm + p->bin_nm * (double)at, decay, chi2, is_ridge};
        }
    }
}

/* Turns about the middle of the line within the map, so that angle and offset do not hang together. */
static line moved(const line *l, const vtr_band_maps *maps, double angle, double offset)
{
    double y = 0.5 * maps->step_y * (double)(maps->n_y - 1), x = 0.5 * maps->step_x * (double)(maps->n_x - 1);
    double d = y * cos(l->angle) - x * sin(l->angle) - l->offset_nm;
    y -= d * cos(l->angle);
    x += d * sin(l->angle);
    line to = *l;
    to.angle += angle;
    to.offset_nm = y * cos(to.angle) - x * sin(to.angle) + offset;
    return to;
}

/* A pattern search, by halving steps. */
static void refine(line *l, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                   const vtr_matrix_strain *matrix)
{
    double da = 0.5 * VTR_RADIANS_PER_DEGREE, dd = 0.5 * maps->step;
    l->chi2 = chi2_of(l, maps, residual, matrix, NULL);
    for (int halvings = 0; halvings < 5;) {
        const double turn[4] = {da, -da, 0, 0}, shift[4] = {0, 0, dd, -dd};
        bool is_better = false;
        for (int k = 0; k < 4; k++) {
            line to = moved(l, maps, turn[k], shift[k]);
            to.chi2 = chi2_of(&to, maps, residual, matrix, NULL);
            if (to.chi2 <= l->chi2) continue;
            *l = to;
            is_better = true;
        }
        if (is_better) continue;
        halvings++;
        da /= 2;
        dd /= 2;
    }
}

/* From the curvature of chi^2, which falls by 1 where the angle is off by its error. */
static double angle_error(const line *l, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                          const vtr_matrix_strain *matrix)
{
    double h = 0.3 * VTR_RADIANS_PER_DEGREE;
    line up = moved(l, maps, h, 0), down = moved(l, maps, -h, 0);
    double fall = l->chi2 - 0.5 * (chi2_of(&up, maps, residual, matrix, NULL) +
                                   chi2_of(&down, maps, residual, matrix, NULL));
    return fall > 0 ? h / sqrt(fall) : NAN;
}

static size_t offsets_of(const vtr_band_maps *maps)
{
    double diagonal = hypot(maps->step_y * (double)maps->n_y, maps->step_x * (double)maps->n_x);
    return (size_t)(diagonal / maps->step) + 2;
}

double vtr_band_line_level(const vtr_band_maps *maps, bool with_ridges, double false_alarms)
{
    double trials = (double)(N_ANGLES * N_DECAYS * (with_ridges ? 2 : 1)) * (double)offsets_of(maps);
    return vtr_chi2_3_quantile(false_alarms / trials);
}

vtr_status vtr_band_line_find(vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                              const vtr_matrix_strain *matrix, bool with_ridges, double false_alarms,
                              vtr_error *err)
{
    projection p = {.n = offsets_of(maps), .bin_nm = maps->step};
    double *memory = vtr_malloc(p.n * 2 * VTR_TCS, sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of bands");
    for (int j = 0; j < VTR_TCS; j++) {
        p.sum[j] = memory + (size_t)(2 * j) * p.n;
        p.weight[j] = memory + (size_t)(2 * j + 1) * p.n;
    }
    line best = {0};
    for (int k = 0; k < N_ANGLES; k++) {
        double angle = (k - 89) * VTR_PI / N_ANGLES;
        project(&p, maps, residual, matrix, angle);
        search_form(&best, &p, maps, angle, false);
        if (with_ridges) search_form(&best, &p, maps, angle, true);
    }
    vtr_free(memory);
    *step = (vtr_band_step){0};
    if (best.chi2 < vtr_band_line_level(maps, with_ridges, false_alarms)) return VTR_OK;
    refine(&best, maps, residual, matrix);
    line middle = moved(&best, maps, 0, 0);
    double y = 0.5 * maps->step_y * (double)(maps->n_y - 1), x = 0.5 * maps->step_x * (double)(maps->n_x - 1);
    double d = y * cos(best.angle) - x * sin(best.angle) - middle.offset_nm;
    *step = (vtr_band_step){.y_nm = y - d * cos(best.angle),
                            .x_nm = x + d * sin(best.angle),
                            .angle = best.angle,
                            .angle_error = angle_error(&best, maps, residual, matrix),
                            .decay_nm = best.decay_nm,
                            .chi2 = best.chi2,
                            .is_ridge = best.is_ridge};
    return VTR_OK;
}

vtr_status vtr_band_step_find(vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                              const vtr_matrix_strain *matrix, double false_alarms, vtr_error *err)
{
    return vtr_band_line_find(step, maps, residual, matrix, false, false_alarms, err);
}

static line line_of(const vtr_band_step *step)
{
    return (line){.angle = step->angle,
                  .offset_nm = step->y_nm * cos(step->angle) - step->x_nm * sin(step->angle),
                  .decay_nm = step->decay_nm,
                  .is_ridge = step->is_ridge};
}

double vtr_band_step_chi2(double amplitude[VTR_TCS], const vtr_band_step *step, const vtr_band_maps *maps,
                          double *const residual[VTR_TCS], const vtr_matrix_strain *matrix)
{
    line l = line_of(step);
    return chi2_of(&l, maps, residual, matrix, amplitude);
}

/* Where the line begins and ends in the map, along its own direction. */
static void extent_of(const line *l, const vtr_band_maps *maps, double extent[2])
{
    double c = cos(l->angle), s = sin(l->angle);
    extent[0] = INFINITY;
    extent[1] = -INFINITY;
    for (size_t i = 0; i < maps->n; i++) {
        double along = vtr_band_x(maps, i) * c + vtr_band_y(maps, i) * s;
        if (!vtr_band_is_valid(maps, i) || fabs(distance_of(maps, i, c, s) - l->offset_nm) > l->decay_nm)
            continue;
        extent[0] = fmin(extent[0], along);
        extent[1] = fmax(extent[1], along);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The line in SEGMENTS parts of its length in the map; of each the amplitude along that of the whole, 1 where it is alike. The
 * second smallest: an inclusion reaches over most of the parts of a small map. */
double vtr_band_step_evenness(const double amplitude[VTR_TCS], const vtr_band_step *step,
                              const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    enum { SEGMENTS = 9 };
    line l = line_of(step);
    double c = cos(l.angle), s = sin(l.angle), extent[2], ratio[SEGMENTS];
    double vf[SEGMENTS] = {0}, ff[SEGMENTS] = {0};
    extent_of(&l, maps, extent);
    for (size_t i = 0; i < maps->n; i++) {
        double d = distance_of(maps, i, c, s) - l.offset_nm, f = form_of(&l, d, maps->step);
        double along = vtr_band_x(maps, i) * c + vtr_band_y(maps, i) * s;
        double place = SEGMENTS * (along - extent[0]) / (extent[1] - extent[0]);
        if (!vtr_band_is_valid(maps, i) || fabs(d) > 4 * l.decay_nm || !(place >= 0 && place <= SEGMENTS))
            continue;
        size_t k = (size_t)fmin(place, SEGMENTS - 1);
        for (int j = 0; j < VTR_TCS; j++) {
            double w = maps->weight[j][i] * f * amplitude[j];
            vf[k] += w * residual[j][i];
            ff[k] += w * f * amplitude[j];
        }
    }
    size_t n = 0;
    for (size_t k = 0; k < SEGMENTS; k++)
        if (ff[k] > 0) ratio[n++] = vf[k] / ff[k];
    qsort(ratio, n, sizeof *ratio, compare);
    return n > 1 ? ratio[1] : 0;
}

void vtr_band_step_add_form(const vtr_band_step *step, const double amplitude[VTR_TCS],
                            const vtr_band_maps *maps, double *const residual[VTR_TCS], double sign)
{
    line l = line_of(step);
    double c = cos(l.angle), s = sin(l.angle);
    for (size_t i = 0; i < maps->n; i++) {
        double d = distance_of(maps, i, c, s) - l.offset_nm;
        if (!vtr_band_is_valid(maps, i) || fabs(d) > 4 * l.decay_nm) continue;
        for (int j = 0; j < VTR_TCS; j++)
            residual[j][i] += sign * amplitude[j] * form_of(&l, d, maps->step);
    }
}

/* --- the mean strain at every distance ---------------------------------------------------------------------------- */

/* The two knots around a distance and the weight of the second; false outside. */
static bool knots_of(const vtr_band_step *step, const vtr_band_maps *maps, size_t i, size_t *knot,
                     double *part)
{
    double y = maps->step_y * (double)(i / maps->n_x) - step->y_nm;
    double x = maps->step_x * (double)(i % maps->n_x) - step->x_nm;
    double place = (y * cos(step->angle) - x * sin(step->angle) - step->first_nm) / step->knot_nm;
    if (!(place >= 0 && place < (double)(step->n_knots - 1))) return false;
    *knot = (size_t)place;
    *part = place - (double)*knot;
    return true;
}

/* Solves the tridiagonal normal equations of a piecewise linear profile in place; knots without data are 0. */
static void solve_tridiagonal(double *diagonal, double *upper, double *right, size_t n)
{
    for (size_t k = 0; k < n; k++)
        diagonal[k] = diagonal[k] > 0 ? diagonal[k] * (1 + 1e-9) : 1;
    for (size_t k = 1; k < n; k++) {
        double m = upper[k - 1] / diagonal[k - 1];
        diagonal[k] -= m * upper[k - 1];
        right[k] -= m * right[k - 1];
    }
    for (size_t k = n; k-- > 0;)
        right[k] = (right[k] - (k + 1 < n ? upper[k] * right[k + 1] : 0)) / diagonal[k];
}

vtr_status vtr_band_step_profile(vtr_band_step *step, const vtr_band_maps *maps,
                                 double *const residual[VTR_TCS], vtr_error *err)
{
    if (step->n_knots == 0) {
        step->knot_nm = 0.5 * maps->step;
        step->first_nm = -4 * step->decay_nm;
        step->n_knots = (size_t)(8 * step->decay_nm / step->knot_nm) + 1;
    }
    double *memory = vtr_malloc(2 * step->n_knots, sizeof *memory);
    for (int j = 0; j < VTR_TCS; j++)
        if (step->profile[j] == NULL) step->profile[j] = vtr_malloc(step->n_knots, sizeof(double));
    if (memory == NULL || step->profile[0] == NULL || step->profile[1] == NULL || step->profile[2] == NULL) {
        vtr_free(memory);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profile of a band");
    }
    double *diagonal = memory, *upper = memory + step->n_knots;
    for (int j = 0; j < VTR_TCS; j++) {
        memset(memory, 0, 2 * step->n_knots * sizeof *memory);
        memset(step->profile[j], 0, step->n_knots * sizeof(double));
        for (size_t i = 0; i < maps->n; i++) {
            size_t k;
            double part, w = maps->weight[j][i];
            if (!(w > 0) || !knots_of(step, maps, i, &k, &part)) continue;
            diagonal[k] += w * (1 - part) * (1 - part);
            diagonal[k + 1] += w * part * part;
            upper[k] += w * part * (1 - part);
            step->profile[j][k] += w * (1 - part) * residual[j][i];
            step->profile[j][k + 1] += w * part * residual[j][i];
        }
        solve_tridiagonal(diagonal, upper, step->profile[j], step->n_knots);
    }
    vtr_free(memory);
    return VTR_OK;
}

void vtr_band_step_add(const vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                       double sign)
{
    for (size_t i = 0; i < maps->n; i++) {
        size_t k;
        double part;
        if (!vtr_band_is_valid(maps, i) || !knots_of(step, maps, i, &k, &part)) continue;
        for (int j = 0; j < VTR_TCS; j++)
            residual[j][i] += sign * ((1 - part) * step->profile[j][k] + part * step->profile[j][k + 1]);
    }
}

void vtr_band_step_release(vtr_band_step *step)
{
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(step->profile[j]);
    *step = (vtr_band_step){0};
}
