/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <float.h>
#include <math.h>

#include "vitrail/scratch.h"

typedef struct points {
    const double *x, *x_error, *y, *y_error; /* errors NULL: equal weights */
    size_t n;
    bool through_origin;
} points;

typedef struct step {
    double slope, x_mean, y_mean;
    double sum_weight, sum_square; /* of weights, and of weights times the adjusted x's squared distance */
    double x_adjusted;             /* mean of the adjusted x */
} step;

static double weight(const points *p, size_t i, double slope)
{
    if (p->y_error == NULL) return 1;
    return 1 / (p->y_error[i] * p->y_error[i] + slope * slope * p->x_error[i] * p->x_error[i]);
}

/* The x on the line that belongs to a point, as seen from the means. */
static double adjusted(const points *p, size_t i, const step *s, double slope)
{
    double u = p->x[i] - s->x_mean, v = p->y[i] - s->y_mean;
    if (p->y_error == NULL) return u;
    double x2 = p->x_error[i] * p->x_error[i], y2 = p->y_error[i] * p->y_error[i];
    return weight(p, i, slope) * (u * y2 + slope * v * x2);
}

static step iterate(const points *p, double slope)
{
    step s = {0};
    double top = 0, bottom = 0;
    for (size_t i = 0; i < p->n; i++) {
        double w = weight(p, i, slope);
        s.sum_weight += w;
        s.x_mean += w * p->x[i];
        s.y_mean += w * p->y[i];
    }
    s.x_mean = p->through_origin ? 0 : s.x_mean / s.sum_weight;
    s.y_mean = p->through_origin ? 0 : s.y_mean / s.sum_weight;
    for (size_t i = 0; i < p->n; i++) {
        double w = weight(p, i, slope), beta = adjusted(p, i, &s, slope);
        top += w * beta * (p->y[i] - s.y_mean);
        bottom += w * beta * (p->x[i] - s.x_mean);
    }
    s.slope = top / bottom;
    for (size_t i = 0; i < p->n; i++)
        s.x_adjusted += weight(p, i, s.slope) * (adjusted(p, i, &s, s.slope) + s.x_mean) / s.sum_weight;
    double centre = p->through_origin ? 0 : s.x_adjusted;
    for (size_t i = 0; i < p->n; i++) {
        double off = adjusted(p, i, &s, s.slope) + s.x_mean - centre;
        s.sum_square += weight(p, i, s.slope) * off * off;
    }
    return s;
}

static bool has_errors(const double *x_error, const double *y_error, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x_error[i]) || !isfinite(y_error[i]) || x_error[i] + y_error[i] <= 0) return false;
    return true;
}

vtr_status vtr_scratch_fit_line(vtr_scratch_line *out, const double *x, const double *x_error,
                                const double *y, const double *y_error, size_t n, bool through_origin,
                                vtr_error *err)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    if (n < 2 || !(high > low))
        return vtr_fail(err, VTR_ERR_NO_DATA, "a line needs points at two places at least");
    bool weighted = has_errors(x_error, y_error, n);
    points p = {x, weighted ? x_error : NULL, y, weighted ? y_error : NULL, n, through_origin};
    points start = {x, NULL, y, NULL, n, through_origin};
    step s = iterate(&start, 0);
    for (int i = 0; i < 50; i++) {
        double before = s.slope;
        s = iterate(&p, before);
        if (fabs(s.slope - before) <= 1e-13 * fabs(before)) break;
    }
    vtr_scratch_line line = {.n = n, .slope = s.slope, .from_scatter = !weighted};
    line.intercept = through_origin ? 0 : s.y_mean - s.slope * s.x_mean;
    line.degrees = n - (through_origin ? 1 : 2);
    for (size_t i = 0; i < n; i++) {
        double off = y[i] - line.intercept - s.slope * x[i];
        line.chi2 += weight(&p, i, s.slope) * off * off;
    }
    double scale = 1;
    if (!weighted) scale = line.degrees > 0 ? sqrt(line.chi2 / (double)line.degrees) : NAN;
    line.slope_error = scale / sqrt(s.sum_square);
    if (!through_origin)
        line.intercept_error = scale * sqrt(1 / s.sum_weight + s.x_adjusted * s.x_adjusted / s.sum_square);
    if (!weighted) line.chi2 = NAN;
    *out = line;
    return VTR_OK;
}
