/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "detector/noise_internal.h"

/* From pooled differences to gain and read-out noise.
 *
 * Half the mean squared difference of two residuals at distance h is  w + s (1 - rho(h)):  w the white
 * variance, s the variance of what is correlated over a few pixels (speckle), rho its correlation. Thickness
 * and drift, which are the same at both pixels, have left. rho(h) = grain^(h^2), a Gaussian, near enough over
 * two pixels for any probe; it is one number for the recording, found where the misfit over all bins is
 * least. What it leaves of the speckle goes as the square of the mean, and is caught by the third term of  w
 * = intercept + gain m + contrast m^2.
 */

/* Pairs of pixels at each distance, per pixel. */
static const double lag_weight[VTR_NOISE_LAGS] = {2, 2, 2, 4, 2};
const double vtr_noise_lag_squared_px[VTR_NOISE_LAGS] = {1, 2, 4, 5, 8};

typedef struct bins {
    size_t n;
    double mean[VTR_NOISE_BINS];
    double pairs[VTR_NOISE_BINS];
    double gamma[VTR_NOISE_BINS][VTR_NOISE_LAGS];
} bins;

static bins pool(const vtr_noise_sums *sums, size_t left_out)
{
    bins b = {0};
    for (size_t i = 0; i < VTR_NOISE_BINS; i++) {
        double pairs[VTR_NOISE_LAGS] = {0}, squares[VTR_NOISE_LAGS] = {0}, mean = 0, all = 0;
        bool is_full = true;
        for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++) {
            for (size_t g = 0; g < VTR_NOISE_GROUPS; g++) {
                if (g == left_out) continue;
                pairs[lag] += sums[g].pairs[lag][i];
                squares[lag] += sums[g].half_square[lag][i];
                mean += sums[g].mean[lag][i];
            }
            all += pairs[lag];
            is_full = is_full && pairs[lag] >= 100;
        }
        if (!is_full) continue;
        b.mean[b.n] = mean / all;
        b.pairs[b.n] = pairs[0];
        for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++)
            b.gamma[b.n][lag] = squares[lag] / pairs[lag];
        b.n++;
    }
    return b;
}

/* Splits each bin's gamma(h) into white and correlated part; returns the misfit relative to the white part.
 */
static double split(double *white, double *speckle, const bins *b, double grain)
{
    double u[VTR_NOISE_LAGS], n = 0, su = 0, suu = 0, misfit = 0;
    for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++) {
        u[lag] = 1 - pow(grain, vtr_noise_lag_squared_px[lag]);
        n += lag_weight[lag];
        su += lag_weight[lag] * u[lag];
        suu += lag_weight[lag] * u[lag] * u[lag];
    }
    for (size_t i = 0; i < b->n; i++) {
        double sg = 0, sgu = 0;
        for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++) {
            sg += lag_weight[lag] * b->gamma[i][lag];
            sgu += lag_weight[lag] * b->gamma[i][lag] * u[lag];
        }
        double slope = (n * sgu - sg * su) / (n * suu - su * su);
        if (slope < 0) slope = 0;
        white[i] = (sg - slope * su) / n;
        speckle[i] = slope;
        for (size_t lag = 0; lag < VTR_NOISE_LAGS; lag++) {
            double rest = b->gamma[i][lag] - white[i] - slope * u[lag];
            if (b->gamma[i][0] > 0) misfit += b->pairs[i] * rest * rest / (b->gamma[i][0] * b->gamma[i][0]);
        }
    }
    return misfit;
}

/* The correlation between neighbours with the least misfit, by golden section over what grains of 0.7 to 12
 * px (full width of half the correlation) give. */
static double find_grain(const bins *b)
{
    double white[VTR_NOISE_BINS], speckle[VTR_NOISE_BINS];
    double lo = 0.05, hi = 0.98, best = lo, least = INFINITY;
    for (double grain = lo; grain <= hi; grain += 0.03) {
        double misfit = split(white, speckle, b, grain);
        if (misfit < least) {
            least = misfit;
            best = grain;
        }
    }
    lo = fmax(lo, best - 0.03);
    hi = fmin(hi, best + 0.03);
    for (int step = 0; step < 20; step++) {
        double a = hi - 0.618034 * (hi - lo), c = lo + 0.618034 * (hi - lo);
        if (split(white, speckle, b, a) < split(white, speckle, b, c))
            hi = c;
        else
            lo = a;
    }
    return 0.5 * (lo + hi);
}

/* Solves the n x n (n <= 3) normal equations in place; false when they are singular. */
static bool solve(double a[3][4], int n)
{
    for (int i = 0; i < n; i++) {
        if (!(a[i][i] > 0)) return false;
        for (int k = 0; k < n; k++) {
            if (k == i) continue;
            double factor = a[k][i] / a[i][i];
            for (int j = i; j < 4; j++)
                a[k][j] -= factor * a[i][j];
        }
    }
    for (int i = 0; i < n; i++)
        a[i][3] /= a[i][i];
    return true;
}

/* Standard deviation that the third coefficient is given beforehand: what a correlation that is not quite
 * Gaussian leaves is a small part of the speckle's contrast. Without it dark pixels alone would have to tell
 * the three apart. */
static double expected_contrast(const bins *b, const double *speckle)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < b->n; i++) {
        sum += b->pairs[i] * speckle[i];
        squares += b->pairs[i] * b->mean[i] * b->mean[i];
    }
    return 1e-4 + 0.01 * sum / squares;
}

/* Weighted polynomial of `n_terms` through the white variances. The variance of a bin's estimate is about
 * (2 V^2 + gain^2 V) / pairs, with the V that the fit expects (never the one seen: a bin without any counts
 * would get an infinite weight). */
static bool fit_polynomial(vtr_noise_line *line, const bins *b, const double *white, const double *speckle,
                           int n_terms)
{
    double floor = INFINITY, scale = b->mean[b->n - 1] != 0 ? fabs(b->mean[b->n - 1]) : 1;
    for (size_t i = 0; i < b->n; i++)
        if (white[i] > 0) floor = fmin(floor, white[i]);
    for (int round = 0; round < 6; round++) {
        double a[3][4] = {{0}};
        for (size_t i = 0; i < b->n; i++) {
            double m = b->mean[i] / scale, power[3] = {1, m, m * m};
            double v = line->intercept + line->gain * b->mean[i] + line->contrast * b->mean[i] * b->mean[i];
            if (round == 0 || v < 0.1 * floor) v = fmax(white[i], floor);
            double whole = v + speckle[i];
            double weight = b->pairs[i] / (2 * whole * whole + line->gain * line->gain * v);
            for (int j = 0; j < n_terms; j++) {
                for (int k = 0; k < n_terms; k++)
                    a[j][k] += weight * power[j] * power[k];
                a[j][3] += weight * power[j] * white[i];
            }
        }
        double prior = expected_contrast(b, speckle) * scale * scale;
        a[2][2] += 1 / (prior * prior);
        if (!solve(a, n_terms)) return false;
        line->intercept = a[0][3];
        line->gain = a[1][3] / scale;
        line->contrast = n_terms > 2 ? a[2][3] / (scale * scale) : 0;
    }
    return isfinite(line->gain) && isfinite(line->intercept);
}

bool vtr_noise_fit(vtr_noise_line *line, const vtr_noise_sums sums[VTR_NOISE_GROUPS], size_t left_out)
{
    bins b = pool(sums, left_out);
    if (b.n < 3) return false;
    double white[VTR_NOISE_BINS], speckle[VTR_NOISE_BINS];
    vtr_noise_line fit = {.grain = find_grain(&b)};
    split(white, speckle, &b, fit.grain);
    fit.dark_mean = b.mean[0];
    fit.dark_variance = white[0];
    /* the third term wants a lever: signals that differ by a factor of four or more */
    double lowest = fabs(b.mean[0]), highest = fabs(b.mean[b.n - 1]);
    int n_terms = b.n >= 5 && highest > 4 * lowest ? 3 : 2;
    if (!fit_polynomial(&fit, &b, white, speckle, n_terms)) return false;
    *line = fit;
    return true;
}
