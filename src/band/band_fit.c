/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/bands_internal.h"

/* Weighted least squares, by Levenberg and Marquardt's way, of
 *
 *   value(d, s) = [step tanh(d/width) exp(-|d|/decay) + ridge exp(-|d|/decay)] e(s) + constant
 *
 * to t, c and s at once, d the distance from an arc and s the arc length along it. Steps and ridges of the deviator are in the
 * band's frame where it runs: its part in the scan's frame is (normal + i shear) exp(2 i angle(s)). e(s) is 1 between the ends
 * and goes to 0 over a step of the scan at those that lie in the map. */

/* So many decay lengths off (of 6e-6), or so many steps beyond its end, a band is nothing. */
#define FAR 12.0

bool vtr_band_invert(double *m, size_t n, size_t stride)
{
    double scale[FIT_N], inverse[FIT_N][FIT_N];
    for (size_t i = 0; i < n; i++) {
        if (!(m[i * stride + i] > 0)) return false;
        scale[i] = 1 / sqrt(m[i * stride + i]);
    }
    double factor[FIT_N][FIT_N];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = m[i * stride + j] * scale[i] * scale[j];
            for (size_t k = 0; k < j; k++)
                sum -= factor[i][k] * factor[j][k];
            if (i == j && !(sum > 1e-13)) return false;
            factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
        }
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < n; i++) {
            double sum = i == c;
            for (size_t k = 0; k < i; k++)
                sum -= factor[i][k] * inverse[k][c];
            inverse[i][c] = sum / factor[i][i];
        }
        for (size_t i = n; i-- > 0;) {
            double sum = inverse[i][c];
            for (size_t k = i + 1; k < n; k++)
                sum -= factor[k][i] * inverse[k][c];
            inverse[i][c] = sum / factor[i][i];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            m[i * stride + j] = inverse[i][j] * scale[i] * scale[j];
    return true;
}

/* What a band gives at a position, and how that changes with all that is fitted. */
typedef struct shape {
    bool is_far;
    double value[VTR_TCS];
    double by[VTR_TCS][FIT_N];
} shape;

/* The lengths and directions that all positions share. */
typedef struct form {
    const vtr_band_fit *fit;
    double width, decay[2], fade, cosine2, sine2; /* of twice the angle, at s = 0 */
} form;

static form form_of(const vtr_band_fit *fit, const vtr_band_maps *maps)
{
    double angle = 2 * fit->value[FIT_ANGLE];
    return (form){fit,
                  exp(fit->value[FIT_WIDTH]),
                  {exp(fit->value[FIT_DECAY]), exp(fit->value[FIT_DECAY + 1])},
                  maps->step,
                  cos(angle),
                  sin(angle)};
}

/* (trace, normal, shear) to (t, c, s). */
static void turn(double out[VTR_TCS], const double in[VTR_TCS], double c, double s)
{
    out[VTR_T] = in[VTR_T];
    out[VTR_C] = in[VTR_C] * c - in[VTR_S] * s;
    out[VTR_S] = in[VTR_C] * s + in[VTR_S] * c;
}

/* e and its logarithmic derivatives by s and by both ends. */
static double window(const form *f, double s, double by[3])
{
    double e = 1;
    by[0] = by[1] = by[2] = 0;
    for (int k = 0; k < 2; k++) {
        double end = f->fit->value[FIT_FIRST + k], sign = k == 0 ? 1 : -1;
        if (!isfinite(end)) continue;
        double rise = tanh(sign * (s - end) / f->fade);
        e *= 0.5 * (1 + rise);
        by[0] += sign * (1 - rise) / f->fade;
        by[1 + k] = -sign * (1 - rise) / f->fade;
    }
    return e;
}

static void set_shape(shape *out, const form *f, const vtr_band_place *at)
{
    const double *value = f->fit->value;
    int side = at->d > 0;
    double decay = f->decay[side], off = fabs(at->d) / decay, ends[3];
    out->is_far =
        off > FAR || at->s < value[FIT_FIRST] - FAR * f->fade || at->s > value[FIT_LAST] + FAR * f->fade;
    if (out->is_far) return;
    double e = window(f, at->s, ends), fall = e * exp(-off), rise = tanh(at->d / f->width);
    double steep = (1 - rise * rise) / f->width, slope = side ? -1 / decay : 1 / decay;
    double bend = 2 * value[FIT_CURVATURE] * at->s, c = f->cosine2, s = f->sine2;
    if (bend != 0) {
        double cb = cos(bend), sb = sin(bend), before = c;
        c = c * cb - s * sb;
        s = s * cb + before * sb;
    }
    double all[VTR_TCS], by_d[VTR_TCS], by_width[VTR_TCS], turned[VTR_TCS], turned_d[VTR_TCS],
        turned_width[VTR_TCS];
    for (int j = 0; j < VTR_TCS; j++) {
        double step = value[FIT_STEP + j], ridge = value[FIT_RIDGE + j];
        all[j] = (step * rise + ridge) * fall;
        by_d[j] = (step * steep + (step * rise + ridge) * slope) * fall;
        by_width[j] = -at->d * steep * step * fall;
    }
    turn(turned, all, c, s);
    turn(turned_d, by_d, c, s);
    turn(turned_width, by_width, c, s);
    const double by_turn[VTR_TCS] = {0, -2 * turned[VTR_S], 2 * turned[VTR_C]};
    for (int j = 0; j < VTR_TCS; j++) {
        double *by = out->by[j];
        out->value[j] = turned[j];
        for (int p = 0; p < FIT_LINE; p++) {
            double angle = value[FIT_CURVATURE] * at->by_s[p] + (p == FIT_ANGLE ? 1 : 0) +
                           (p == FIT_CURVATURE ? at->s : 0);
            by[p] = turned_d[j] * at->by_d[p] + turned[j] * ends[0] * at->by_s[p] + by_turn[j] * angle;
        }
        by[FIT_FIRST] = turned[j] * ends[1];
        by[FIT_LAST] = turned[j] * ends[2];
        by[FIT_WIDTH] = turned_width[j];
        by[FIT_DECAY + side] = turned[j] * off;
        by[FIT_DECAY + 1 - side] = 0;
    }
    for (int k = 0; k < VTR_TCS; k++) {
        const double unit[VTR_TCS] = {k == VTR_T, k == VTR_C, k == VTR_S};
        double column[VTR_TCS];
        turn(column, unit, c, s);
        for (int j = 0; j < VTR_TCS; j++) {
            out->by[j][FIT_STEP + k] = column[j] * rise * fall;
            out->by[j][FIT_RIDGE + k] = column[j] * fall;
        }
    }
}

void vtr_band_fit_form(double out[VTR_TCS], const vtr_band_fit *fit, const vtr_band_place *at)
{
    double decay = exp(fit->value[FIT_DECAY + (at->d > 0)]), fall = exp(-fabs(at->d) / decay);
    double rise = tanh(at->d / exp(fit->value[FIT_WIDTH])), all[VTR_TCS];
    double angle = 2 * (fit->value[FIT_ANGLE] + fit->value[FIT_CURVATURE] * at->s);
    for (int j = 0; j < VTR_TCS; j++)
        all[j] = (fit->value[FIT_STEP + j] * rise + fit->value[FIT_RIDGE + j]) * fall;
    turn(out, all, cos(angle), sin(angle));
}

static void place_of(vtr_band_place *at, const vtr_band_fit *fit, const vtr_band_maps *maps, size_t i)
{
    vtr_band_curve_at(at, fit, maps->step_y * (double)(i / maps->n_x),
                      maps->step_x * (double)(i % maps->n_x));
}

/* Adds a position to the equations of one component; the trace knows nothing of normal and shear. */
static void add_rows(double matrix[FIT_N][FIT_N], double right[FIT_N], const shape *at, int j, double w,
                     double off)
{
    static const int deviator[12] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13};
    static const int trace[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 11};
    const int *which = j == VTR_T ? trace : deviator, n = j == VTR_T ? 10 : 12;
    double weighted[FIT_N];
    for (int a = 0; a < n; a++) {
        int p = which[a];
        weighted[a] = w * at->by[j][p];
        right[p] += weighted[a] * off;
        matrix[FIT_CONSTANT + j][p] += weighted[a];
        for (int b = 0; b <= a; b++)
            matrix[p][which[b]] += weighted[a] * at->by[j][which[b]];
    }
}

double vtr_band_fit_equations(double matrix[FIT_N][FIT_N], double right[FIT_N], const vtr_band_fit *fit,
                              const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    double chi2 = 0;
    form f = form_of(fit, maps);
    memset(matrix, 0, sizeof(double[FIT_N][FIT_N]));
    memset(right, 0, sizeof(double[FIT_N]));
    for (size_t i = 0; i < maps->n; i++) {
        vtr_band_place place;
        shape at;
        if (!vtr_band_is_valid(maps, i)) continue;
        place_of(&place, fit, maps, i);
        set_shape(&at, &f, &place);
        for (int j = 0; j < VTR_TCS; j++) {
            double w = maps->weight[j][i], off = residual[j][i] - fit->value[FIT_CONSTANT + j];
            if (!at.is_far) {
                off -= at.value[j];
                add_rows(matrix, right, &at, j, w, off);
            }
            chi2 += w * off * off;
            right[FIT_CONSTANT + j] += w * off;
            matrix[FIT_CONSTANT + j][FIT_CONSTANT + j] += w;
        }
    }
    for (int a = 0; a < FIT_N; a++)
        for (int b = 0; b < a; b++)
            matrix[b][a] = matrix[a][b];
    return chi2;
}

/* (matrix + damping diagonal)^-1 of the parameters that take part, 0 elsewhere. */
static bool invert_active(double out[FIT_N][FIT_N], double matrix[FIT_N][FIT_N], const bool active[FIT_N],
                          double damping)
{
    double packed[FIT_N][FIT_N];
    int which[FIT_N];
    size_t n = 0;
    for (int k = 0; k < FIT_N; k++)
        if (active[k]) which[n++] = k;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            packed[a][b] = matrix[which[a]][which[b]] * (a == b ? 1 + damping : 1);
    memset(out, 0, sizeof(double[FIT_N][FIT_N]));
    if (!vtr_band_invert(packed[0], n, FIT_N)) return false;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            out[which[a]][which[b]] = packed[a][b];
    return true;
}

/* Widths from a twentieth of a step to twenty, decays from half a step to the map's diagonal. */
static void bounds_of(double low[3], double high[3], const vtr_band_maps *maps)
{
    double diagonal = hypot(maps->step_y * (double)maps->n_y, maps->step_x * (double)maps->n_x);
    low[0] = log(0.05 * maps->step);
    high[0] = log(20 * maps->step);
    low[1] = low[2] = log(0.5 * maps->step);
    high[1] = high[2] = log(diagonal);
}

static bool at_bound(const vtr_band_fit *fit, const vtr_band_maps *maps, int k)
{
    double low[3], high[3], v = fit->value[FIT_WIDTH + k];
    bounds_of(low, high, maps);
    return v <= low[k] + 1e-9 || v >= high[k] - 1e-9;
}

/* How far one step of the fit may go; a gently curved line turns by less than a radian over the map. */
static double largest_change(const vtr_band_maps *maps, int a)
{
    double diagonal = hypot(maps->step_y * (double)maps->n_y, maps->step_x * (double)maps->n_x);
    if (a == FIT_ANGLE) return 0.05;
    if (a == FIT_OFFSET) return 2 * maps->step;
    if (a == FIT_CURVATURE) return 16 * maps->step / (diagonal * diagonal);
    if (a < FIT_WIDTH) return 4 * maps->step;
    return a < FIT_STEP ? 0.7 : INFINITY;
}

static double clamped(double value, double limit)
{
    return fmin(fmax(value, -limit), limit);
}

static void move(vtr_band_fit *to, const vtr_band_fit *from, const vtr_band_maps *maps,
                 double inverse[FIT_N][FIT_N], const double right[FIT_N])
{
    double low[3], high[3];
    bounds_of(low, high, maps);
    *to = *from;
    for (int a = 0; a < FIT_N; a++) {
        double change = 0;
        if (!from->is_active[a]) continue;
        for (int b = 0; b < FIT_N; b++)
            change += inverse[a][b] * right[b];
        to->value[a] += clamped(change, largest_change(maps, a));
    }
    double diagonal = hypot(maps->step_y * (double)maps->n_y, maps->step_x * (double)maps->n_x);
    to->value[FIT_CURVATURE] = clamped(to->value[FIT_CURVATURE], 1 / diagonal);
    for (int k = 0; k < 3; k++)
        to->value[FIT_WIDTH + k] = fmin(fmax(to->value[FIT_WIDTH + k], low[k]), high[k]);
}

/* Steps, ridges and constants for the shape as it is. */
static void solve_linear(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    double matrix[FIT_N][FIT_N], right[FIT_N], inverse[FIT_N][FIT_N];
    bool active[FIT_N] = {false};
    for (int k = FIT_STEP; k < FIT_N; k++) {
        fit->value[k] = 0;
        active[k] = fit->is_active[k];
    }
    vtr_band_fit_equations(matrix, right, fit, maps, residual);
    if (!invert_active(inverse, matrix, active, 0)) return;
    for (int a = FIT_STEP; a < FIT_N; a++)
        for (int b = FIT_STEP; b < FIT_N; b++)
            fit->value[a] += inverse[a][b] * right[b];
}

static double descend(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    enum { MAX_STEPS = 60 };
    double matrix[FIT_N][FIT_N], right[FIT_N], inverse[FIT_N][FIT_N], damping = 1e-3;
    double other_matrix[FIT_N][FIT_N], other_right[FIT_N];
    solve_linear(fit, maps, residual);
    double chi2 = vtr_band_fit_equations(matrix, right, fit, maps, residual);
    for (int step = 0; step < MAX_STEPS && damping < 1e8; step++) {
        vtr_band_fit to;
        if (!invert_active(inverse, matrix, fit->is_active, damping)) {
            damping *= 10;
            continue;
        }
        move(&to, fit, maps, inverse, right);
        double now = vtr_band_fit_equations(other_matrix, other_right, &to, maps, residual);
        if (!(now <= chi2)) {
            damping *= 10;
            continue;
        }
        bool is_done = chi2 - now < 1e-3;
        *fit = to;
        memcpy(matrix, other_matrix, sizeof matrix);
        memcpy(right, other_right, sizeof right);
        chi2 = now;
        damping = fmax(damping / 10, 1e-9);
        if (is_done) break;
    }
    for (int k = 0; k < FIT_N; k++)
        fit->is_determined[k] =
            fit->is_active[k] && (k < FIT_WIDTH || k >= FIT_STEP || !at_bound(fit, maps, k - FIT_WIDTH));
    if (!invert_active(fit->covariance, matrix, fit->is_determined, 0))
        memset(fit->is_determined, false, sizeof fit->is_determined);
    return chi2;
}

/* Far too wide a step with a short decay is a smooth dipole, in which the fit stays where another band's tail was; it gets a
 * second start. */
double vtr_band_fit_refine(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    double chi2 = descend(fit, maps, residual);
    double shorter = fmin(fit->value[FIT_DECAY], fit->value[FIT_DECAY + 1]);
    if (!fit->is_active[FIT_WIDTH] || fit->value[FIT_WIDTH] < shorter) return chi2;
    vtr_band_fit again = *fit;
    again.value[FIT_WIDTH] = log(0.5 * maps->step);
    again.value[FIT_DECAY] = again.value[FIT_DECAY + 1] = log(10 * maps->step);
    double other = descend(&again, maps, residual);
    if (!(other < chi2)) return chi2;
    *fit = again;
    return other;
}

void vtr_band_fit_add(const vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                      double sign)
{
    form f = form_of(fit, maps);
    for (size_t i = 0; i < maps->n; i++) {
        vtr_band_place place;
        shape at;
        if (!vtr_band_is_valid(maps, i)) continue;
        place_of(&place, fit, maps, i);
        set_shape(&at, &f, &place);
        for (int j = 0; j < VTR_TCS && !at.is_far; j++)
            residual[j][i] += sign * at.value[j];
    }
}

double vtr_band_fit_chi2(const vtr_band_fit *fit, int first)
{
    double block[VTR_TCS][VTR_TCS], chi2 = 0;
    for (int a = 0; a < VTR_TCS; a++)
        for (int b = 0; b < VTR_TCS; b++)
            block[a][b] = fit->covariance[first + a][first + b];
    if (!vtr_band_invert(block[0], VTR_TCS, VTR_TCS)) return 0;
    for (int a = 0; a < VTR_TCS; a++)
        for (int b = 0; b < VTR_TCS; b++)
            chi2 += fit->value[first + a] * block[a][b] * fit->value[first + b];
    return chi2;
}
