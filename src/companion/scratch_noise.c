/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "companion/scratch_internal.h"

enum { MIN_FREQUENCIES = 8, MAX_FREQUENCIES = 40, MAX_CELLS = 4096, MIN_BLOCKS = 3, MAX_BLOCKS = 8 };
static const double pi = 3.14159265358979323846;

/* Takes mean and trend off; out may be values. */
static void detrend(double *out, const double *values, size_t n)
{
    double mean = 0, slope = 0, square = 0, middle = 0.5 * ((double)n - 1);
    for (size_t i = 0; i < n; i++) {
        double t = (double)i - middle;
        mean += values[i] / (double)n;
        slope += values[i] * t;
        square += t * t;
    }
    slope /= square;
    for (size_t i = 0; i < n; i++)
        out[i] = values[i] - mean - slope * ((double)i - middle);
}

static double autocovariance(const double *values, size_t n, size_t lag)
{
    double sum = 0;
    for (size_t i = 0; i + lag < n; i++)
        sum += values[i] * values[i + lag];
    return sum / (double)(n - lag);
}

/* First lag at which the autocorrelation is below one half. */
static size_t half_lag(const double *values, size_t n)
{
    double variance = autocovariance(values, n, 0);
    size_t lag = 1;
    while (lag < n / 4 && autocovariance(values, n, lag) > 0.5 * variance)
        lag++;
    return lag;
}

static double power(const double *values, size_t n, size_t cycles)
{
    double re = 0, im = 0, turn = 2 * pi * (double)cycles / (double)n;
    for (size_t i = 0; i < n; i++) {
        re += values[i] * cos(turn * (double)i);
        im += values[i] * sin(turn * (double)i);
    }
    return (re * re + im * im) / (double)n;
}

/* The variance of a mean is the spectrum at zero over n. The spectrum there is flat up to the inverse of the correlation length,
 * and below an oscillation; the first frequency is left out, since the trend took most of it. An integral of the
 * autocorrelation was tried and left: with stick-slip it depends on where it is cut. */
double vtr_scratch_mean_error(const double *values, size_t n, double period)
{
    double *rest = vtr_malloc(n, sizeof *rest);
    if (rest == NULL) return NAN;
    detrend(rest, values, n);
    size_t m = n / (20 * half_lag(rest, n));
    if (m < MIN_FREQUENCIES) m = MIN_FREQUENCIES;
    if (m > MAX_FREQUENCIES) m = MAX_FREQUENCIES;
    if (isfinite(period) && (double)m > 0.6 * (double)n / period) m = (size_t)(0.6 * (double)n / period);
    if (m < 2) m = 2;
    double sum = 0;
    for (size_t k = 2; k < m + 2; k++)
        sum += power(rest, n, k) / (double)m;
    vtr_free(rest);
    return sqrt(sum / (double)n);
}

/* --- stick-slip --------------------------------------------------------------------------------------------- */

/* Means over `n_cells` equal steps of distance, by differences of the integral, so that uneven samples do no harm. */
static void resample(double *cells, size_t n_cells, const double *distance, const double *values, size_t n)
{
    double step = (distance[n - 1] - distance[0]) / (double)n_cells, integral = 0, last = 0;
    for (size_t i = 0, k = 0; k < n_cells; k++) {
        double edge = k + 1 == n_cells ? distance[n - 1] : distance[0] + step * (double)(k + 1);
        for (; i + 2 < n && distance[i + 1] < edge; i++)
            integral += 0.5 * (values[i] + values[i + 1]) * (distance[i + 1] - distance[i]);
        double width = distance[i + 1] - distance[i], share = width > 0 ? (edge - distance[i]) / width : 0;
        double at = values[i] + share * (values[i + 1] - values[i]);
        double here = integral + 0.5 * (values[i] + at) * (edge - distance[i]);
        cells[k] = (here - last) / step;
        last = here;
    }
}

typedef struct correlation {
    size_t n, n_lags; /* of the series; lags below n_lags are known */
    double *values;   /* [n], detrended */
    double *r;        /* [n_lags] */
} correlation;

static void correlate(correlation *c)
{
    detrend(c->values, c->values, c->n);
    double variance = autocovariance(c->values, c->n, 0);
    for (size_t lag = 0; lag < c->n_lags; lag++)
        c->r[lag] = variance > 0 ? autocovariance(c->values, c->n, lag) / variance : 0;
}

/* The lag of the maximum near `lag`, by a parabola through the lags within a sixth of it. */
static double vertex(const double *r, size_t n_lags, size_t lag)
{
    long half = (long)(lag / 6) > 1 ? (long)(lag / 6) : 1;
    if ((long)lag + half >= (long)n_lags) half = (long)(n_lags - 1 - lag);
    if (half < 1) return (double)lag;
    double s0 = 0, s2 = 0, s4 = 0, y0 = 0, y1 = 0, y2 = 0;
    for (long t = -half; t <= half; t++) {
        double y = r[(long)lag + t], t2 = (double)(t * t);
        s0++;
        s2 += t2;
        s4 += t2 * t2;
        y0 += y;
        y1 += y * (double)t;
        y2 += y * t2;
    }
    double curvature = (s0 * y2 - s2 * y0) / (s0 * s4 - s2 * s2);
    double off = -0.5 * (y1 / s2) / curvature;
    return curvature < 0 && fabs(off) <= (double)half ? (double)lag + off : (double)lag;
}

static size_t highest(const double *r, size_t from, size_t to)
{
    size_t best = from;
    for (size_t i = from; i < to; i++)
        if (r[i] > r[best]) best = i;
    return best;
}

static size_t first_negative(const correlation *c)
{
    size_t zero = 1;
    while (zero < c->n_lags && c->r[zero] > 0)
        zero++;
    return zero;
}

/* The first maximum that is three quarters as high as the highest beyond the first zero; 0 where there is none. */
static size_t find_period(const correlation *c)
{
    size_t zero = first_negative(c);
    if (zero + 2 >= c->n_lags) return 0;
    double height = c->r[highest(c->r, zero, c->n_lags)];
    if (!(height > 0)) return 0;
    size_t from = zero;
    while (c->r[from] < 0.75 * height)
        from++;
    size_t to = from;
    while (to < c->n_lags && c->r[to] > 0.5 * height)
        to++;
    return highest(c->r, from, to);
}

/* Chance that noise with the correlation found up to its first zero has a maximum as high: at a lag beyond, the
 * autocorrelation of noise is normal with the variance sum r^2/n (M. S. Bartlett, J. R. Stat. Soc. Suppl. 8, 27 (1946)). As many
 * lags are independent as zeros fit into all of them. */
static double chance_of(const correlation *c, size_t period)
{
    size_t zero = first_negative(c);
    double square = 1, trials = (double)c->n_lags / (double)zero;
    for (size_t lag = 1; lag < zero; lag++)
        square += 2 * c->r[lag] * c->r[lag];
    double variance = square / (double)(c->n - period);
    double one = 0.5 * erfc(c->r[period] / sqrt(2 * variance));
    return -expm1(trials * log1p(-fmin(one, 1 - 1e-12)));
}

/* Standard deviation of the mean of the lengths that blocks of at least 2.5 periods have on their own. */
static double length_error(const correlation *c, size_t period)
{
    size_t blocks = (size_t)((double)c->n / (2.5 * (double)period)), low = (3 * period) / 5;
    if (blocks > MAX_BLOCKS) blocks = MAX_BLOCKS;
    if (blocks < MIN_BLOCKS) return NAN;
    double sum = 0, square = 0;
    size_t length = c->n / blocks, high = (8 * period) / 5, to = (7 * period) / 5 + 1;
    if (to > high) to = high; /* of a period of three */
    double *r = vtr_malloc(high, sizeof *r);
    if (r == NULL) return NAN;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t lag = 0; lag < high; lag++)
            r[lag] = autocovariance(c->values + b * length, length, lag);
        double at = vertex(r, high, highest(r, low, to));
        sum += at;
        square += at * at;
    }
    vtr_free(r);
    double mean = sum / (double)blocks, variance = fmax(0, square / (double)blocks - mean * mean);
    return sqrt(variance / (double)(blocks - 1));
}

vtr_status vtr_scratch_find_stick_slip(vtr_scratch_friction *friction, const double *distance_um,
                                       const double *lateral_mn, size_t n, vtr_error *err)
{
    static const double largest_chance = 1e-3;
    friction->stick_slip_um = friction->stick_slip_error_um = NAN;
    friction->stick_slip_correlation = 0;
    friction->stick_slip_chance = 1;
    if (!(distance_um[n - 1] > distance_um[0])) return VTR_OK;
    correlation c = {.n = n < MAX_CELLS ? n : MAX_CELLS};
    c.n_lags = c.n / 3;
    c.values = vtr_malloc(c.n, sizeof *c.values);
    c.r = vtr_malloc(c.n_lags, sizeof *c.r);
    vtr_status status = VTR_OK;
    if (c.values == NULL || c.r == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for an autocorrelation");
    if (status == VTR_OK) {
        resample(c.values, c.n, distance_um, lateral_mn, n);
        correlate(&c);
        size_t period = find_period(&c);
        double step = (distance_um[n - 1] - distance_um[0]) / (double)c.n;
        if (period > 0) {
            friction->stick_slip_correlation = c.r[period];
            friction->stick_slip_chance = chance_of(&c, period);
        }
        if (period > 2 && friction->stick_slip_chance < largest_chance) {
            friction->stick_slip_um = step * vertex(c.r, c.n_lags, period);
            friction->stick_slip_error_um = step * length_error(&c, period);
        }
    }
    vtr_free(c.values);
    vtr_free(c.r);
    return status;
}
