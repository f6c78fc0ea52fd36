/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation length of a map: where the measured autocovariance, averaged over directions, has fallen to 1/e, and what a
 * model of it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unmix/read_internal.h"
#include "vitrail/constants.h"

enum { POSITIONS_MIN = 100, FITS = 4 };
enum { A = 0, LN_P = 1, SHAPE = 2 }; /* of read_fit.theta */
static const double fitted_lengths =
    2.5; /* lags are fitted up to so many 1/e lengths, with less and less weight */
static const double summed_lengths = 12; /* beyond, the model adds nothing to the variance of the mean */

typedef struct reading {
    const vtr_unmix_map *map;
    read_grid grid;
    read_lag *lags; /* [n], all of a half plane, by distance */
    size_t n;
    double width; /* of a ring, nm */
    size_t n_rings;
    double *ring_r, *ring; /* [n_rings] mean distance and covariance; 0 is lag 0 */
    double *ring_pairs;    /* [n_rings], lags in a ring */
    read_fit circle, ellipse;
    double v;    /* variance of the mean for A = 1 */
    double zero; /* R(0) */
    double *functionals;
    vtr_correlation *out;
} reading;

static int by_distance(const void *a, const void *b)
{
    const read_lag *x = a, *y = b;
    if (x->r != y->r) return x->r < y->r ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static size_t ring_of(const reading *t, double r)
{
    return (size_t)floor(r / t->width + 0.5);
}

/* Lag 0 and those of a half plane within `reach`. */
static vtr_status list_lags(reading *t, double reach, vtr_error *err)
{
    const read_grid *g = &t->grid;
    const double *step = t->map->step_nm;
    size_t most_y = (size_t)fmin((double)g->n_y - 1, floor(reach / step[0]));
    size_t most_x = (size_t)fmin((double)g->n_x - 1, floor(reach / step[1]));
    vtr_free(t->lags);
    t->n = 0;
    t->lags = vtr_malloc((most_y + 1) * (2 * most_x + 1), sizeof *t->lags);
    if (t->lags == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the lags of a map");
    for (size_t dy = 0; dy <= most_y; dy++)
        for (size_t i = 0; i <= 2 * most_x; i++) {
            if (dy == 0 && i < most_x) continue;
            size_t right = i >= most_x ? i - most_x : g->p_x - (most_x - i);
            double y = (double)dy * step[0], x = ((double)i - (double)most_x) * step[1], r = hypot(y, x);
            read_lag lag = {y, x, r, dy * g->p_x + right, 0, 0, 0, 0};
            lag.opposite = (g->p_y - dy) % g->p_y * g->p_x + (g->p_x - right) % g->p_x;
            lag.pairs = g->pairs[lag.at];
            lag.covariance = g->covariance[lag.at];
            if (r <= reach && lag.pairs > 0) t->lags[t->n++] = lag;
        }
    qsort(t->lags, t->n, sizeof *t->lags, by_distance);
    return VTR_OK;
}

static vtr_status average_rings(reading *t, vtr_error *err)
{
    const vtr_unmix_map *m = t->map;
    double half = fmin((double)m->n_y * m->step_nm[0], (double)m->n_x * m->step_nm[1]) / 2;
    t->width = fmin(m->step_nm[0], m->step_nm[1]);
    t->n_rings = ring_of(t, half) + 1;
    vtr_status status = list_lags(t, half + t->width / 2, err);
    if (status != VTR_OK) return status;
    t->ring_r = vtr_calloc(t->n_rings, sizeof *t->ring_r);
    t->ring = vtr_calloc(t->n_rings, sizeof *t->ring);
    t->ring_pairs = vtr_calloc(t->n_rings, sizeof *t->ring_pairs);
    if (t->ring_r == NULL || t->ring == NULL || t->ring_pairs == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the autocorrelation");
    for (size_t i = 0; i < t->n; i++) {
        size_t j = ring_of(t, t->lags[i].r);
        if (j >= t->n_rings) continue;
        t->ring_r[j] += t->lags[i].r;
        t->ring[j] += t->lags[i].covariance;
        t->ring_pairs[j]++;
    }
    for (size_t j = 0; j < t->n_rings; j++) {
        t->ring_r[j] /= t->ring_pairs[j];
        t->ring[j] /= t->ring_pairs[j];
    }
    return VTR_OK;
}

/* A first guess of the circle's theta; false where neighbours are not alike, or alike over half the map. Four lags of noise
 * average to a covariance of 1/sqrt(4 N) of its variance. */
static bool guess(reading *t)
{
    double n = (double)t->grid.n_used, first = t->ring[1], *theta = t->circle.theta;
    if (t->n_rings < 4 || !(first > 3 * t->ring[0] / sqrt(4 * n))) return false;
    theta[A] = first + fmax(0, (first - t->ring[2]) / 3);
    for (size_t j = 2; j < t->n_rings; j++)
        if (t->ring[j] < theta[A] * exp(-1)) {
            double part = (t->ring[j - 1] - theta[A] * exp(-1)) / (t->ring[j - 1] - t->ring[j]);
            double length = t->ring_r[j - 1] + fmax(0, part) * (t->ring_r[j] - t->ring_r[j - 1]);
            theta[LN_P] = log(1.5);
            theta[SHAPE] = log(length);
            return true;
        }
    return false;
}

/* Room for a fit over lags up to `reach`, and their weights: equal for all distances, fading out. The noise's own lag takes
 * part where the noise is known. */
static vtr_status prepare_fit(reading *t, read_fit *fit, double length, vtr_error *err)
{
    double reach = fmax(fitted_lengths * length, 3.5 * t->width);
    size_t first = t->out->is_noise_given ? 0 : 1;
    fit->lags = t->lags + first;
    fit->n = t->n - first;
    fit->n_used = (double)t->grid.n_used;
    fit->n_params = fit->is_ellipse ? 5 : 3;
    fit->n_fitted = 0;
    while (fit->n_fitted < fit->n && fit->lags[fit->n_fitted].r < reach)
        fit->n_fitted++;
    vtr_free(fit->jacobian);
    vtr_free(fit->functional);
    vtr_free(fit->values);
    fit->jacobian = vtr_malloc(fit->n_fitted * fit->n_params, sizeof *fit->jacobian);
    fit->functional = vtr_malloc(fit->n_fitted * fit->n_params, sizeof *fit->functional);
    fit->values = vtr_malloc(fit->n_fitted, sizeof *fit->values);
    if (fit->jacobian == NULL || fit->functional == NULL || fit->values == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of an autocorrelation");
    for (size_t i = 0; i < fit->n_fitted; i++) {
        read_lag *l = fit->lags + i;
        double fade = 1 - l->r * l->r / (reach * reach);
        l->weight = fade * fade * l->pairs / fit->n_used / fmax(l->r, 0.5 * t->width);
    }
    return VTR_OK;
}

/* The circle until its length and the lags it is fitted to agree, then the ellipse. *is_found false: no fit. */
static vtr_status fit_models(reading *t, bool *is_found, vtr_error *err)
{
    read_fit *circle = &t->circle, *ellipse = &t->ellipse;
    vtr_status status = VTR_OK;
    for (int i = 0; i < FITS; i++) {
        double length = exp(circle->theta[SHAPE]);
        status = list_lags(t, summed_lengths * length, err);
        if (status == VTR_OK && t->out->is_noise_given) t->lags[0].covariance -= t->out->noise;
        if (status == VTR_OK) status = prepare_fit(t, circle, length, err);
        if (status != VTR_OK) return status;
        *is_found = vtr_read_fit_solve(circle);
        if (!*is_found) return VTR_OK;
    }
    double m = exp(-2 * circle->theta[SHAPE]);
    const double start[READ_PARAMS] = {circle->theta[A], circle->theta[LN_P], m, m, 0};
    memcpy(ellipse->theta, start, sizeof start);
    ellipse->is_ellipse = true;
    status = prepare_fit(t, ellipse, exp(circle->theta[SHAPE]), err);
    if (status == VTR_OK) *is_found = vtr_read_fit_solve(ellipse);
    return status;
}

static double *functional(const reading *t, size_t k)
{
    return t->functionals + k * t->grid.p_y * t->grid.p_x;
}

/* row += factor times the covariance of a lag, which stands for its opposite too. */
static void add_lag(double *row, const read_lag *lag, double factor)
{
    row[lag->at] += factor / 2;
    row[lag->opposite] += factor / 2;
}

static void add_parameter(double *row, const read_fit *fit, size_t k, double factor)
{
    for (size_t i = 0; i < fit->n_fitted; i++)
        add_lag(row, fit->lags + i, factor * fit->functional[k * fit->n_fitted + i]);
}

/* Mean of the fitted model over a ring of lags. */
static double ring_model(const reading *t, const double *theta, size_t ring, double v)
{
    double sum = 0;
    for (size_t i = 0; i < t->circle.n; i++) {
        const read_lag *l = t->circle.lags + i;
        if (ring_of(t, l->r) == ring && l->r > 0)
            sum += vtr_read_model_rho(&t->circle, theta, l->y, l->x) - v;
    }
    return theta[A] * sum / t->ring_pairs[ring];
}

/* What a ring lies above the model. */
static double above(const reading *t, const double *theta, size_t ring, double v)
{
    return ring == 0 ? 0 : t->ring[ring] - ring_model(t, theta, ring, v);
}

/* Two rings and the part of the way from one to the other, for what lies at a distance. */
typedef struct between {
    size_t ring[2];
    double share[2];
} between;

static between find_rings(const reading *t, double r)
{
    size_t j = 1;
    while (j + 1 < t->n_rings && t->ring_r[j] < r)
        j++;
    double part = fmin(1, (r - t->ring_r[j - 1]) / (t->ring_r[j] - t->ring_r[j - 1]));
    return (between){{j - 1, j}, {1 - part, part}};
}

/* The measured R at a distance: the model, and what the rings to both sides lie above it. */
static double measured(const reading *t, const double *theta, double r)
{
    between b = find_rings(t, r);
    double v = vtr_read_model_v(&t->circle, theta),
           sum = theta[A] * vtr_read_model_rho(&t->circle, theta, 0, r);
    for (int side = 0; side < 2; side++)
        sum += b.share[side] * above(t, theta, b.ring[side], v);
    return sum;
}

/* Where the measured R is 1/e of R(0), the first time; NAN where that is not among the rings. */
static double crossing(const reading *t)
{
    const double *theta = t->circle.theta;
    double level = t->zero * exp(-1), from = 0;
    size_t j = 1;
    while (j < t->n_rings && measured(t, theta, t->ring_r[j]) > level)
        from = t->ring_r[j++];
    if (j == t->n_rings) return NAN;
    double lo = from, hi = t->ring_r[j];
    for (int i = 0; i < 40; i++) {
        double middle = (lo + hi) / 2;
        *(measured(t, theta, middle) > level ? &lo : &hi) = middle;
    }
    return (lo + hi) / 2;
}

/* R(0), and how it moves with the covariances. */
static void find_zero(reading *t, double *row)
{
    const read_fit *fit = &t->circle;
    t->v = vtr_read_model_v(fit, fit->theta);
    if (!t->out->is_noise_given) {
        t->zero = fit->theta[A];
        add_parameter(row, fit, A, 1);
        return;
    }
    t->zero = t->ring[0] - t->out->noise + fit->theta[A] * t->v;
    row[0] += 1;
    add_parameter(row, fit, A, t->v);
}

/* How the crossing moves: R there less R(0)/e, over less the slope. */
static void move_crossing(const reading *t, double r, const double *zero, double *row)
{
    const read_fit *fit = &t->circle;
    double step = 0.05 * t->width;
    double slope = (measured(t, fit->theta, r + step) - measured(t, fit->theta, r - step)) / (2 * step);
    between b = find_rings(t, r);
    for (size_t k = 0; k < fit->n_params; k++) {
        double up[READ_PARAMS], down[READ_PARAMS], d = k == A ? 1e-4 * fit->theta[A] : 1e-4;
        memcpy(up, fit->theta, sizeof up);
        memcpy(down, fit->theta, sizeof down);
        up[k] += d;
        down[k] -= d;
        add_parameter(row, fit, k, (measured(t, up, r) - measured(t, down, r)) / (2 * d));
    }
    for (size_t i = 0; i < fit->n; i++)
        for (int side = 0; side < 2; side++)
            if (b.ring[side] > 0 && ring_of(t, fit->lags[i].r) == b.ring[side])
                add_lag(row, fit->lags + i, b.share[side] / t->ring_pairs[b.ring[side]]);
    for (size_t i = 0; i < t->grid.p_y * t->grid.p_x; i++)
        row[i] = -(row[i] - zero[i] * exp(-1)) / slope;
}

enum { ZERO, CROSSING, LENGTH, EXPONENT, ELLIPSE, N_FUNCTIONALS = ELLIPSE + 3 };

/* R of the model at every lag of the grid, with the noise. */
static void fill_model(const reading *t, double *R)
{
    const read_grid *g = &t->grid;
    for (size_t y = 0; y < g->p_y; y++)
        for (size_t x = 0; x < g->p_x; x++) {
            double dy = 2 * y <= g->p_y ? (double)y : (double)y - (double)g->p_y;
            double dx = 2 * x <= g->p_x ? (double)x : (double)x - (double)g->p_x;
            R[y * g->p_x + x] =
                t->ellipse.theta[A] * vtr_read_model_rho(&t->ellipse, t->ellipse.theta,
                                                         dy * t->map->step_nm[0], dx * t->map->step_nm[1]);
        }
    R[0] += t->out->noise;
}

/* Covariances of all numbers of the result. */
static vtr_status find_errors(reading *t, double covariance[N_FUNCTIONALS * N_FUNCTIONALS], vtr_error *err)
{
    size_t n = t->grid.p_y * t->grid.p_x;
    double *R = vtr_malloc(n, sizeof *R);
    if (R == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the errors of a length");
    fill_model(t, R);
    vtr_status status = vtr_read_bartlett(covariance, &t->grid, N_FUNCTIONALS, t->functionals, R, err);
    vtr_free(R);
    return status;
}

static void describe_ellipse(vtr_correlation *out, const read_fit *fit, const double *covariance)
{
    for (size_t i = 0; i < 3; i++) {
        out->ellipse[i] = fit->theta[SHAPE + i];
        for (size_t j = 0; j < 3; j++)
            out->ellipse_covariance[i][j] = covariance[(ELLIPSE + i) * N_FUNCTIONALS + ELLIPSE + j];
    }
    /* the long axis is the eigenvector of the smaller eigenvalue of M */
    out->angle_degrees = 0.5 * atan2(-2 * out->ellipse[2], out->ellipse[1] - out->ellipse[0]) * 180 / VTR_PI;
    out->length_x_nm = vtr_correlation_along(out, 0, &out->length_x_error_nm);
    out->length_y_nm = vtr_correlation_along(out, 90, &out->length_y_error_nm);
    out->long_nm = vtr_correlation_along(out, out->angle_degrees, &out->long_error_nm);
    out->short_nm = vtr_correlation_along(out, out->angle_degrees + 90, &out->short_error_nm);
}

static vtr_status describe_fit(reading *t, vtr_error *err)
{
    vtr_correlation *out = t->out;
    double covariance[N_FUNCTIONALS * N_FUNCTIONALS];
    find_zero(t, functional(t, ZERO));
    out->signal = t->zero;
    if (!out->is_noise_given) out->noise = fmax(0, t->ring[0] + t->circle.theta[A] * t->v - t->zero);
    double length = t->zero > 0 ? crossing(t) : NAN;
    if (isfinite(length)) move_crossing(t, length, functional(t, ZERO), functional(t, CROSSING));
    add_parameter(functional(t, LENGTH), &t->circle, SHAPE, 1);
    add_parameter(functional(t, EXPONENT), &t->circle, LN_P, 1);
    for (size_t i = 0; i < 3; i++)
        add_parameter(functional(t, ELLIPSE + i), &t->ellipse, SHAPE + i, 1);
    vtr_status status = find_errors(t, covariance, err);
    if (status != VTR_OK) return status;
    out->signal_error = sqrt(covariance[0]);
    out->n_independent = 1 / t->v;
    out->mean_error = sqrt(t->zero * t->v + out->noise / (double)t->grid.n_used);
    if (!(t->zero > 3 * out->signal_error) || isnan(length)) return VTR_OK;
    out->length_nm = length;
    out->length_error_nm = sqrt(covariance[CROSSING * (N_FUNCTIONALS + 1)]);
    out->model_length_nm = exp(t->circle.theta[SHAPE]);
    out->model_length_error_nm = out->model_length_nm * sqrt(covariance[LENGTH * (N_FUNCTIONALS + 1)]);
    out->exponent = exp(t->circle.theta[LN_P]);
    out->exponent_error = out->exponent * sqrt(covariance[EXPONENT * (N_FUNCTIONALS + 1)]);
    describe_ellipse(out, &t->ellipse, covariance);
    return VTR_OK;
}

/* The curves, divided by R(0), what the subtracted mean took away added; `is_found`: there is a fit. */
static vtr_status describe_curves(reading *t, bool is_found, vtr_error *err)
{
    vtr_correlation *out = t->out;
    const read_grid *g = &t->grid;
    const double *theta = t->circle.theta;
    double add = is_found ? theta[A] * t->v : 0, zero = is_found ? t->zero : t->ring[0];
    out->n_lags = t->n_rings;
    out->n_x = g->n_x / 2 + 1;
    out->n_y = g->n_y / 2 + 1;
    out->lag_nm = vtr_malloc(out->n_lags, sizeof *out->lag_nm);
    out->radial = vtr_malloc(out->n_lags, sizeof *out->radial);
    out->model = vtr_malloc(out->n_lags, sizeof *out->model);
    out->along_x = vtr_malloc(out->n_x, sizeof *out->along_x);
    out->along_y = vtr_malloc(out->n_y, sizeof *out->along_y);
    if (out->lag_nm == NULL || out->radial == NULL || out->model == NULL || out->along_x == NULL ||
        out->along_y == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the autocorrelation");
    for (size_t j = 0; j < out->n_lags; j++) {
        out->lag_nm[j] = t->ring_r[j];
        out->radial[j] = j == 0 ? 1 : (t->ring[j] + add) / zero;
        out->model[j] =
            is_found ? theta[A] / zero * vtr_read_model_rho(&t->circle, theta, 0, t->ring_r[j]) : NAN;
    }
    for (size_t j = 0; j < out->n_x; j++)
        out->along_x[j] = j == 0 ? 1 : (g->covariance[j] + add) / zero;
    for (size_t j = 0; j < out->n_y; j++)
        out->along_y[j] = j == 0 ? 1 : (g->covariance[j * g->p_x] + add) / zero;
    return VTR_OK;
}

static void release(reading *t)
{
    read_fit *fits[2] = {&t->circle, &t->ellipse};
    for (int i = 0; i < 2; i++) {
        vtr_free(fits[i]->jacobian);
        vtr_free(fits[i]->functional);
        vtr_free(fits[i]->values);
    }
    vtr_free(t->lags);
    vtr_free(t->ring_r);
    vtr_free(t->ring);
    vtr_free(t->ring_pairs);
    vtr_free(t->functionals);
    vtr_read_grid_close(&t->grid);
}

static vtr_status check(const vtr_unmix_map *map, vtr_error *err)
{
    size_t n = 0;
    bool is_constant = true;
    double first = NAN;
    if (!(map->step_nm[0] > 0) || !(map->step_nm[1] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "steps of %g and %g nm: a correlation length needs the scan's",
                        map->step_nm[0], map->step_nm[1]);
    for (size_t p = 0; p < map->n_y * map->n_x; p++) {
        if (!vtr_read_is_used(map, p)) continue;
        if (n++ == 0) first = (double)map->values[p];
        if ((double)map->values[p] != first) is_constant = false;
    }
    if (n < POSITIONS_MIN)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu positions: a correlation length needs %d", n,
                        POSITIONS_MIN);
    return is_constant ? vtr_fail(err, VTR_ERR_NO_DATA,
                                  "the map is %g everywhere: it has no correlation length", first)
                       : VTR_OK;
}

static vtr_correlation nothing_found(void)
{
    return (vtr_correlation){.length_nm = NAN,
                             .length_error_nm = NAN,
                             .model_length_nm = NAN,
                             .model_length_error_nm = NAN,
                             .exponent = NAN,
                             .exponent_error = NAN,
                             .length_x_nm = NAN,
                             .length_x_error_nm = NAN,
                             .length_y_nm = NAN,
                             .length_y_error_nm = NAN,
                             .long_nm = NAN,
                             .long_error_nm = NAN,
                             .short_nm = NAN,
                             .short_error_nm = NAN,
                             .angle_degrees = NAN,
                             .ellipse = {NAN, NAN, NAN},
                             .signal_error = NAN,
                             .n_independent = NAN,
                             .mean_error = NAN};
}

vtr_status vtr_correlation_compute(vtr_correlation *out, const vtr_unmix_map *map, vtr_error *err)
{
    vtr_correlation found = nothing_found();
    reading t = {.map = map, .out = &found};
    bool is_found = false;
    vtr_status status = check(map, err);
    if (status != VTR_OK) return status;
    status = vtr_read_grid_open(&t.grid, map, err);
    if (status != VTR_OK) return status;
    found.n_used = t.grid.n_used;
    found.is_noise_given = isfinite(t.grid.noise);
    found.noise = found.is_noise_given ? t.grid.noise : t.grid.covariance[0];
    found.signal = found.is_noise_given ? t.grid.covariance[0] - found.noise : 0;
    status = average_rings(&t, err);
    if (status == VTR_OK && guess(&t)) status = fit_models(&t, &is_found, err);
    if (status == VTR_OK && is_found) {
        t.functionals = vtr_calloc(N_FUNCTIONALS * t.grid.p_y * t.grid.p_x, sizeof *t.functionals);
        status = t.functionals != NULL
                     ? describe_fit(&t, err)
                     : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the errors of a length");
    }
    if (status == VTR_OK) status = describe_curves(&t, is_found, err);
    release(&t);
    if (status == VTR_OK)
        *out = found;
    else
        vtr_correlation_release(&found);
    return status;
}

void vtr_correlation_release(vtr_correlation *correlation)
{
    if (correlation == NULL) return;
    vtr_free(correlation->lag_nm);
    vtr_free(correlation->radial);
    vtr_free(correlation->model);
    vtr_free(correlation->along_x);
    vtr_free(correlation->along_y);
    *correlation = (vtr_correlation){0};
}

double vtr_correlation_along(const vtr_correlation *correlation, double angle_degrees, double *error)
{
    double c = cos(angle_degrees * VTR_PI / 180), s = sin(angle_degrees * VTR_PI / 180);
    const double to[3] = {c * c, s * s, 2 * c * s};
    double square = 0, variance = 0;
    for (int i = 0; i < 3; i++) {
        square += to[i] * correlation->ellipse[i];
        for (int j = 0; j < 3; j++)
            variance += to[i] * to[j] * correlation->ellipse_covariance[i][j];
    }
    if (error != NULL) *error = 0.5 * pow(square, -1.5) * sqrt(variance);
    return 1 / sqrt(square);
}
