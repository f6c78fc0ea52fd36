/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/fit_internal.h"

/* One width for both sides, though a glass' ring may be skewed: with two, the radius and the difference of the widths
 * are so alike that the scatter of the mean radius grows by half, while what one width costs is a shift that all
 * positions of a recording share. */
enum { RADIUS, WIDTH, HEIGHT, BASE, SLOPE, N_PEAK };

double vtr_ring_peak_shape(double *derivative, const vtr_ring_peak *peak, double radius_px)
{
    double distance = radius_px - peak->radius_px;
    double shape = exp(-0.5 * distance * distance / (peak->width_px * peak->width_px));
    *derivative = shape * distance / (peak->width_px * peak->width_px);
    return shape;
}

static double model(double gradient[N_PEAK], const vtr_ring_peak *peak, double radius_px)
{
    double derivative, shape = vtr_ring_peak_shape(&derivative, peak, radius_px);
    double distance = radius_px - peak->radius_px;
    gradient[RADIUS] = peak->height * derivative;
    gradient[WIDTH] = peak->height * derivative * distance / peak->width_px;
    gradient[HEIGHT] = shape;
    gradient[BASE] = 1;
    gradient[SLOPE] = radius_px - peak->middle_px;
    return peak->height * shape + peak->base + peak->slope * gradient[SLOPE];
}

static double normal_equations(double normal[N_PEAK][N_PEAK], double right[N_PEAK], const vtr_ring_peak *peak,
                               const double *radius, const double *value, const double *weight, size_t n)
{
    double chi2 = 0;
    memset(normal, 0, N_PEAK * sizeof *normal);
    memset(right, 0, N_PEAK * sizeof *right);
    for (size_t i = 0; i < n; i++) {
        double gradient[N_PEAK], rest = value[i] - model(gradient, peak, radius[i]);
        chi2 += weight[i] * rest * rest;
        for (int j = 0; j < N_PEAK; j++) {
            right[j] += weight[i] * gradient[j] * rest;
            for (int k = 0; k < N_PEAK; k++)
                normal[j][k] += weight[i] * gradient[j] * gradient[k];
        }
    }
    return chi2;
}

/* A start: a line through both ends, the largest value above it (three neighbours together), a fifth of the annulus
 * as width. */
static vtr_ring_peak guess(const double *radius, const double *value, size_t n)
{
    size_t end = n / 8 > 1 ? n / 8 : 1, best = n / 2;
    double first = 0, last = 0, most = -INFINITY;
    for (size_t i = 0; i < end; i++) {
        first += value[i] / (double)end;
        last += value[n - 1 - i] / (double)end;
    }
    double lo = radius[0], hi = radius[n - 1], span = hi - lo;
    for (size_t i = 2; i + 2 < n; i++) {
        double mean = 0;
        for (size_t k = i - 2; k <= i + 2; k++)
            mean += value[k] / 5;
        double above = mean - first - (last - first) * (radius[i] - lo) / span;
        if (above > most) {
            most = above;
            best = i;
        }
    }
    return (vtr_ring_peak){.radius_px = radius[best],
                           .width_px = 0.15 * span,
                           .height = most,
                           .base = 0.5 * (first + last),
                           .slope = (last - first) / span,
                           .middle_px = 0.5 * (lo + hi)};
}

static vtr_ring_peak moved(const vtr_ring_peak *peak, const double step[N_PEAK], double lo, double hi)
{
    vtr_ring_peak next = *peak;
    double widest = hi - lo;
    next.radius_px = fmin(fmax(peak->radius_px + step[RADIUS], lo), hi);
    next.width_px = fmin(fmax(peak->width_px + step[WIDTH], 0.4), widest);
    next.height += step[HEIGHT];
    next.base += step[BASE];
    next.slope += step[SLOPE];
    return next;
}

bool vtr_ring_peak_fit(vtr_ring_peak *out, const double *radius, const double *value, const double *weight,
                       size_t n)
{
    if (n < N_PEAK + 2) return false;
    vtr_ring_peak peak = guess(radius, value, n);
    double normal[N_PEAK][N_PEAK], inverse[N_PEAK][N_PEAK], right[N_PEAK], damping = 1e-3;
    double chi2 = normal_equations(normal, right, &peak, radius, value, weight, n);
    for (int round = 0; round < 200; round++) {
        double damped[N_PEAK][N_PEAK], step[N_PEAK] = {0};
        memcpy(damped, normal, sizeof damped);
        for (int j = 0; j < N_PEAK; j++)
            damped[j][j] *= 1 + damping;
        if (!vtr_ellipse_invert(&inverse[0][0], &damped[0][0], N_PEAK)) return false;
        for (int j = 0; j < N_PEAK; j++)
            for (int k = 0; k < N_PEAK; k++)
                step[j] += inverse[j][k] * right[k];
        vtr_ring_peak next = moved(&peak, step, radius[0], radius[n - 1]);
        double next_normal[N_PEAK][N_PEAK], next_right[N_PEAK];
        double next_chi2 = normal_equations(next_normal, next_right, &next, radius, value, weight, n);
        bool is_still = fabs(next.radius_px - peak.radius_px) < 1e-9 && fabs(step[WIDTH]) < 1e-7;
        if (next_chi2 <= chi2) {
            peak = next;
            chi2 = next_chi2;
            memcpy(normal, next_normal, sizeof normal);
            memcpy(right, next_right, sizeof right);
            damping = fmax(damping / 10, 1e-12);
        } else {
            damping *= 10;
        }
        if (is_still || damping > 1e12) break;
    }
    if (!vtr_ellipse_invert(&inverse[0][0], &normal[0][0], N_PEAK)) return false;
    peak.height_error = sqrt(inverse[HEIGHT][HEIGHT] * fmax(1, chi2 / (double)(n - N_PEAK)));
    *out = peak;
    return peak.height > 0;
}
