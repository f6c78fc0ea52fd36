/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/bands_internal.h"

/* Weighted least squares of
 *
 *   value_j(d) = step_j tanh(d/width) exp(-|d|/decay) + constant_j,    d = (y - y0) cos a - (x - x0) sin a - offset,
 *
 * to t, c and s at once by Levenberg and Marquardt's way. */

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

/* The shape at a position and its derivatives by angle, offset, ln width and both ln decay. */
static double shape_at(double derivative[FIT_STEP], const vtr_band_fit *fit, const vtr_band_maps *maps,
                       size_t i, double cosine, double sine, const double length[3])
{
    double y = maps->step_y * (double)(i / maps->n_x) - fit->pivot_y_nm;
    double x = maps->step_x * (double)(i % maps->n_x) - fit->pivot_x_nm;
    double d = y * cosine - x * sine - fit->value[FIT_OFFSET], along = x * cosine + y * sine;
    int side = d > 0;
    double decay = length[1 + side], fall = exp(-fabs(d) / decay), rise = tanh(d / length[0]);
    if (derivative == NULL) return rise * fall;
    double steepness = (1 - rise * rise) * fall, f = rise * fall;
    double by_d = steepness / length[0] - (d > 0 ? f : -f) / decay;
    derivative[FIT_ANGLE] = -along * by_d;
    derivative[FIT_OFFSET] = -by_d;
    derivative[FIT_WIDTH] = -d / length[0] * steepness;
    derivative[FIT_DECAY + side] = fabs(d) / decay * f;
    derivative[FIT_DECAY + 1 - side] = 0;
    return f;
}

static void lengths_of(double length[3], const vtr_band_fit *fit)
{
    for (int k = 0; k < 3; k++)
        length[k] = exp(fit->value[FIT_WIDTH + k]);
}

/* Normal equations and chi^2. */
static double normal_equations(double matrix[FIT_N][FIT_N], double right[FIT_N], const vtr_band_fit *fit,
                               const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    double chi2 = 0, length[3], cosine = cos(fit->value[FIT_ANGLE]), sine = sin(fit->value[FIT_ANGLE]);
    lengths_of(length, fit);
    memset(matrix, 0, sizeof(double[FIT_N][FIT_N]));
    memset(right, 0, sizeof(double[FIT_N]));
    for (size_t i = 0; i < maps->n; i++) {
        double by[FIT_STEP], row[FIT_STEP + 2];
        if (!vtr_band_is_valid(maps, i)) continue;
        double f = shape_at(by, fit, maps, i, cosine, sine, length);
        for (int j = 0; j < VTR_TCS; j++) {
            const int at[FIT_STEP + 2] = {0, 1, 2, 3, 4, FIT_STEP + j, FIT_CONSTANT + j};
            double w = maps->weight[j][i], step = fit->value[FIT_STEP + j];
            double off = residual[j][i] - step * f - fit->value[FIT_CONSTANT + j];
            for (int k = 0; k < FIT_STEP; k++)
                row[k] = step * by[k];
            row[FIT_STEP] = f;
            row[FIT_STEP + 1] = 1;
            chi2 += w * off * off;
            for (int a = 0; a < FIT_STEP + 2; a++) {
                right[at[a]] += w * row[a] * off;
                for (int b = 0; b <= a; b++)
                    matrix[at[a]][at[b]] += w * row[a] * row[b];
            }
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

static void move(vtr_band_fit *to, const vtr_band_fit *from, const vtr_band_maps *maps,
                 double inverse[FIT_N][FIT_N], const double right[FIT_N])
{
    double low[3], high[3];
    bounds_of(low, high, maps);
    *to = *from;
    for (int a = 0; a < FIT_N; a++) {
        double change = 0;
        for (int b = 0; b < FIT_N; b++)
            change += inverse[a][b] * right[b];
        if (a == FIT_ANGLE) change = fmin(fmax(change, -0.05), 0.05);
        if (a == FIT_OFFSET) change = fmin(fmax(change, -2 * maps->step), 2 * maps->step);
        if (a >= FIT_WIDTH && a < FIT_STEP) change = fmin(fmax(change, -0.7), 0.7);
        to->value[a] += change;
    }
    for (int k = 0; k < 3; k++)
        to->value[FIT_WIDTH + k] = fmin(fmax(to->value[FIT_WIDTH + k], low[k]), high[k]);
}

/* Steps and constants for the shape as it is. */
static void solve_linear(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    double matrix[FIT_N][FIT_N], right[FIT_N], inverse[FIT_N][FIT_N];
    bool active[FIT_N] = {false};
    for (int k = FIT_STEP; k < FIT_N; k++) {
        fit->value[k] = 0;
        active[k] = true;
    }
    normal_equations(matrix, right, fit, maps, residual);
    if (!invert_active(inverse, matrix, active, 0)) return;
    for (int a = FIT_STEP; a < FIT_N; a++)
        for (int b = FIT_STEP; b < FIT_N; b++)
            fit->value[a] += inverse[a][b] * right[b];
}

void vtr_band_fit_refine(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    enum { MAX_STEPS = 60 };
    double matrix[FIT_N][FIT_N], right[FIT_N], inverse[FIT_N][FIT_N], damping = 1e-3;
    double other_matrix[FIT_N][FIT_N], other_right[FIT_N];
    bool all[FIT_N];
    memset(all, true, sizeof all);
    solve_linear(fit, maps, residual);
    double chi2 = normal_equations(matrix, right, fit, maps, residual);
    for (int step = 0; step < MAX_STEPS && damping < 1e8; step++) {
        vtr_band_fit to;
        if (!invert_active(inverse, matrix, all, damping)) {
            damping *= 10;
            continue;
        }
        move(&to, fit, maps, inverse, right);
        double now = normal_equations(other_matrix, other_right, &to, maps, residual);
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
        fit->is_determined[k] = k < FIT_WIDTH || k >= FIT_STEP || !at_bound(fit, maps, k - FIT_WIDTH);
    if (!invert_active(fit->covariance, matrix, fit->is_determined, 0))
        memset(fit->is_determined, false, sizeof fit->is_determined);
}

void vtr_band_fit_add(const vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                      double sign)
{
    double length[3], cosine = cos(fit->value[FIT_ANGLE]), sine = sin(fit->value[FIT_ANGLE]);
    lengths_of(length, fit);
    for (size_t i = 0; i < maps->n; i++) {
        if (!vtr_band_is_valid(maps, i)) continue;
        double f = sign * shape_at(NULL, fit, maps, i, cosine, sine, length);
        for (int j = 0; j < VTR_TCS; j++)
            residual[j][i] += f * fit->value[FIT_STEP + j];
    }
}

double vtr_band_fit_chi2(const vtr_band_fit *fit)
{
    double block[VTR_TCS][VTR_TCS], chi2 = 0;
    for (int a = 0; a < VTR_TCS; a++)
        for (int b = 0; b < VTR_TCS; b++)
            block[a][b] = fit->covariance[FIT_STEP + a][FIT_STEP + b];
    if (!vtr_band_invert(block[0], VTR_TCS, VTR_TCS)) return 0;
    for (int a = 0; a < VTR_TCS; a++)
        for (int b = 0; b < VTR_TCS; b++)
            chi2 += fit->value[FIT_STEP + a] * block[a][b] * fit->value[FIT_STEP + b];
    return chi2;
}

bool vtr_band_fit_ends(const vtr_band_fit *fit, const vtr_band_maps *maps, double end_y[2], double end_x[2])
{
    double cosine = cos(fit->value[FIT_ANGLE]), sine = sin(fit->value[FIT_ANGLE]), low = -INFINITY,
           high = INFINITY;
    double y = fit->pivot_y_nm + fit->value[FIT_OFFSET] * cosine,
           x = fit->pivot_x_nm - fit->value[FIT_OFFSET] * sine;
    const double place[2] = {y, x}, direction[2] = {sine, cosine};
    const double size[2] = {maps->step_y * (double)(maps->n_y - 1), maps->step_x * (double)(maps->n_x - 1)};
    for (int k = 0; k < 2; k++) {
        if (fabs(direction[k]) < 1e-12) {
            if (place[k] < 0 || place[k] > size[k]) return false;
            continue;
        }
        double a = -place[k] / direction[k], b = (size[k] - place[k]) / direction[k];
        low = fmax(low, fmin(a, b));
        high = fmin(high, fmax(a, b));
    }
    if (!(high > low)) return false;
    end_y[0] = y + low * sine;
    end_y[1] = y + high * sine;
    end_x[0] = x + low * cosine;
    end_x[1] = x + high * cosine;
    return true;
}
