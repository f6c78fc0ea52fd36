/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/constants.h"

/* The strain along a band, averaged over a strip of the line's width, in bins of a step: three harmonics of one period
 * in each of t, c and s, for all periods from six steps to half the line. Three, because inclusions are narrow against
 * their distances; with one, a harmonic of theirs would do as well as their period. */
enum { HARMONICS = 3, COLUMNS = 2 * HARMONICS + 1, FREEDOM = 2 * HARMONICS * VTR_TCS, OVERSAMPLING = 4 };

typedef struct strip {
    size_t n;
    double step_nm, *mean[VTR_TCS], *weight[VTR_TCS];
} strip;

static void fill(strip *s, const vtr_band_fit *fit, const vtr_band_maps *maps,
                 double *const residual[VTR_TCS])
{
    double half = fmax(2 * maps->step, exp(fit->value[FIT_WIDTH])), ends[2];
    if (!vtr_band_curve_within(fit, maps, false, ends)) return;
    for (size_t i = 0; i < maps->n; i++) {
        vtr_band_place at;
        if (!vtr_band_is_valid(maps, i)) continue;
        vtr_band_curve_at(&at, fit, maps->step_y * (double)(i / maps->n_x),
                          maps->step_x * (double)(i % maps->n_x));
        double along = (at.s - ends[0]) / s->step_nm;
        if (fabs(at.d) > half || along < 0 || along >= (double)s->n) continue;
        for (int j = 0; j < VTR_TCS; j++) {
            s->mean[j][(size_t)along] += maps->weight[j][i] * residual[j][i];
            s->weight[j][(size_t)along] += maps->weight[j][i];
        }
    }
    for (int j = 0; j < VTR_TCS; j++)
        for (size_t k = 0; k < s->n; k++)
            if (s->weight[j][k] > 0) s->mean[j][k] /= s->weight[j][k];
}

/* Least squares of one component for one frequency: chi^2 of the harmonics against a constant; coefficients and their
 * covariance where wanted. */
static double fit_component(const strip *s, int j, double frequency, double *coefficients,
                            double covariance[COLUMNS][COLUMNS])
{
    double matrix[COLUMNS][COLUMNS] = {{0}}, right[COLUMNS] = {0}, found[COLUMNS], chi2 = 0;
    for (size_t k = 0; k < s->n; k++) {
        double row[COLUMNS], w = s->weight[j][k];
        double phase = 2 * VTR_PI * frequency * s->step_nm * ((double)k + 0.5);
        row[2 * HARMONICS] = 1;
        for (int h = 0; h < HARMONICS; h++) {
            row[2 * h] = cos((h + 1) * phase);
            row[2 * h + 1] = sin((h + 1) * phase);
        }
        for (int a = 0; a < COLUMNS; a++) {
            right[a] += w * row[a] * s->mean[j][k];
            for (int b = 0; b < COLUMNS; b++)
                matrix[a][b] += w * row[a] * row[b];
        }
    }
    double constant = right[2 * HARMONICS] * right[2 * HARMONICS] / matrix[2 * HARMONICS][2 * HARMONICS];
    if (!vtr_band_invert(matrix[0], COLUMNS, COLUMNS)) return 0;
    for (int a = 0; a < COLUMNS; a++) {
        found[a] = 0;
        for (int b = 0; b < COLUMNS; b++)
            found[a] += matrix[a][b] * right[b];
        chi2 += found[a] * right[a];
    }
    if (coefficients != NULL) memcpy(coefficients, found, sizeof found);
    if (covariance != NULL) memcpy(covariance, matrix, sizeof matrix);
    return chi2 - constant;
}

static double chi2_of(const strip *s, double frequency)
{
    double chi2 = 0;
    for (int j = 0; j < VTR_TCS; j++)
        chi2 += fit_component(s, j, frequency, NULL, NULL);
    return chi2;
}

/* Upper tail of chi^2 with an even number of degrees of freedom: exp(-x/2) sum (x/2)^k/k!. */
static double tail(double chi2)
{
    double term = exp(-chi2 / 2), sum = 0;
    for (int k = 0; k < FREEDOM / 2; k++, term *= chi2 / 2 / k)
        sum += term;
    return sum;
}

static double quantile(double p)
{
    double low = 0, high = 1400;
    for (int i = 0; i < 80; i++) {
        double middle = 0.5 * (low + high);
        if (tail(middle) > p)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

/* sqrt(sum of squares), less what noise adds to it, and its error. */
static void set_amplitude(double *amplitude, double *error, const strip *s, double frequency, int first,
                          int last)
{
    double squares = 0, noise = 0, spread = 0;
    for (int j = first; j <= last; j++) {
        double q[COLUMNS] = {0}, covariance[COLUMNS][COLUMNS] = {{0}};
        fit_component(s, j, frequency, q, covariance);
        for (int a = 0; a < 2 * HARMONICS; a++) {
            squares += q[a] * q[a];
            noise += covariance[a][a];
            for (int b = 0; b < 2 * HARMONICS; b++)
                spread += q[a] * covariance[a][b] * q[b];
        }
    }
    *error = squares > 0 ? sqrt(spread / squares) : NAN;
    *amplitude = sqrt(fmax(squares - noise, 0));
}

static void search(vtr_band *band, const strip *s, double false_alarms)
{
    double length = s->step_nm * (double)s->n, grid = 1 / (OVERSAMPLING * length);
    double first = 2 / length, last = 1 / (6 * s->step_nm), best = first;
    size_t n = 0;
    for (double f = first; f <= last; f += grid, n++) {
        double chi2 = chi2_of(s, f);
        if (chi2 > band->period_chi2) {
            best = f;
            band->period_chi2 = chi2;
        }
    }
    if (n == 0) return;
    for (double h = grid / 2; h > 1e-4 * grid; h /= 2)
        for (int sign = -1; sign <= 1; sign += 2) {
            double chi2 = chi2_of(s, best + sign * h);
            if (chi2 <= band->period_chi2) continue;
            best += sign * h;
            band->period_chi2 = chi2;
        }
    double h = grid / 8, fall = 2 * band->period_chi2 - chi2_of(s, best + h) - chi2_of(s, best - h);
    band->period_nm = 1 / best;
    band->period_error_nm = fall > 0 ? h * sqrt(2 / fall) / (best * best) : NAN;
    set_amplitude(&band->amplitude_volumetric, &band->amplitude_volumetric_error, s, best, VTR_T, VTR_T);
    set_amplitude(&band->amplitude_deviatoric, &band->amplitude_deviatoric_error, s, best, VTR_C, VTR_S);
    band->period_threshold = quantile(false_alarms / (double)n);
    band->is_early = band->period_chi2 > band->period_threshold;
}

vtr_status vtr_band_along(vtr_band *band, const vtr_band_fit *fit, const vtr_band_maps *maps,
                          double *const residual[VTR_TCS], double false_alarms, vtr_error *err)
{
    strip s = {.n = (size_t)(band->length_nm / maps->step), .step_nm = maps->step};
    band->period_nm = band->period_error_nm = NAN;
    band->amplitude_volumetric = band->amplitude_volumetric_error = NAN;
    band->amplitude_deviatoric = band->amplitude_deviatoric_error = NAN;
    band->period_chi2 = 0;
    band->period_threshold = NAN;
    band->is_early = false;
    if (s.n < 4 * COLUMNS) return VTR_OK;
    double *memory = vtr_calloc(2 * VTR_TCS * s.n, sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the strain along a band");
    for (int j = 0; j < VTR_TCS; j++) {
        s.mean[j] = memory + (size_t)(2 * j) * s.n;
        s.weight[j] = memory + (size_t)(2 * j + 1) * s.n;
    }
    fill(&s, fit, maps, residual);
    search(band, &s, false_alarms);
    vtr_free(memory);
    return VTR_OK;
}
