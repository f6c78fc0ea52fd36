/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/template_internal.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"

/* Knots over the annulus: they follow any ring that fills a good part of it, and smooth what noise a pixel carries. */
static const double knots_per_annulus = 20;

/* The four cubic B-splines that are not zero at `radius`, and their slopes; returns the index of the first. */
static size_t basis(const vtr_ring_template *t, double radius_px, double value[4], double slope[4])
{
    double x = (radius_px - t->knot_first_px) / t->knot_step_px;
    double last = (double)(t->n_knots - 3);
    if (!(x > 0)) x = 0;
    if (x > last) x = last;
    size_t i = (size_t)x;
    if (i > t->n_knots - 4) i = t->n_knots - 4;
    double u = x - (double)i, w = 1 - u;
    value[0] = w * w * w / 6;
    value[1] = (4 - 6 * u * u + 3 * u * u * u) / 6;
    value[2] = (4 - 6 * w * w + 3 * w * w * w) / 6;
    value[3] = u * u * u / 6;
    double s = 0.5 / t->knot_step_px;
    slope[0] = -w * w * s;
    slope[1] = (3 * u * u - 4 * u) * s;
    slope[2] = -(3 * w * w - 4 * w) * s;
    slope[3] = u * u * s;
    return i;
}

double vtr_ring_template_value(const vtr_ring_template *t, double radius_px, double *slope)
{
    double value[4], slopes[4];
    size_t i = basis(t, radius_px, value, slopes);
    double e = 0, de = 0;
    for (size_t k = 0; k < 4; k++) {
        e += value[k] * t->coefficients[i + k];
        de += slopes[k] * t->coefficients[i + k];
    }
    double end_px = t->knot_first_px + t->knot_step_px * (double)(t->n_knots - 3);
    if (slope != NULL) *slope = radius_px < t->knot_first_px || radius_px > end_px ? 0 : de;
    return e;
}

double vtr_ring_template_background(const vtr_ring_template *t, double radius_px)
{
    return exp(-t->kappa_per_px * (radius_px - t->r0_px));
}

double vtr_ring_template_counts(const vtr_ring_template *t, double radius_px)
{
    double x = (radius_px - t->r0_px) / t->half_width_px;
    return vtr_ring_template_value(t, radius_px, NULL) +
           t->level * vtr_ring_template_background(t, radius_px) * (1 + x * (t->bend[0] + x * t->bend[1]));
}

void vtr_template_equations_start(vtr_template_equations *e, const vtr_ring_template *t)
{
    memset(e, 0, sizeof *e);
    e->n = t->n_knots;
}

void vtr_template_equations_add(vtr_template_equations *e, const vtr_ring_template *t, double radius_px,
                                double scale, double observed, double weight)
{
    double value[4], slope[4];
    size_t i = basis(t, radius_px, value, slope);
    for (size_t a = 0; a < 4; a++) {
        double wa = weight * scale * value[a];
        e->right[i + a] += wa * observed;
        for (size_t b = a; b < 4; b++)
            e->matrix[i + a][b - a] += wa * scale * value[b];
    }
}

void vtr_template_equations_merge(vtr_template_equations *a, const vtr_template_equations *b)
{
    for (size_t i = 0; i < a->n; i++) {
        a->right[i] += b->right[i];
        for (size_t k = 0; k < 4; k++)
            a->matrix[i][k] += b->matrix[i][k];
    }
}

/* Penalises second differences of the coefficients, weakly enough to matter only where there are no data. */
static void add_smoothness(vtr_template_equations *e)
{
    double trace = 0;
    for (size_t i = 0; i < e->n; i++)
        trace += e->matrix[i][0];
    const double c[3] = {1, -2, 1};
    double strength = 1e-7 * trace / (double)e->n;
    for (size_t i = 0; i + 2 < e->n; i++)
        for (size_t a = 0; a < 3; a++)
            for (size_t b = a; b < 3; b++)
                e->matrix[i + a][b - a] += strength * c[a] * c[b];
}

/* Holds coefficients that the data say nothing of (beyond the annulus) where they are in `t`. */
static void add_anchor(vtr_template_equations *e, const vtr_ring_template *t)
{
    double trace = 0;
    for (size_t i = 0; i < e->n; i++)
        trace += e->matrix[i][0];
    double strength = 1e-4 * trace / (double)e->n;
    for (size_t i = 0; i < e->n; i++) {
        e->matrix[i][0] += strength;
        e->right[i] += strength * t->coefficients[i];
    }
}

/* Radius and full width at half maximum of E within the annulus. */
static void measure_ring(vtr_ring_template *t)
{
    double best = -INFINITY, at = t->r0_px, step = 0.01;
    for (double r = t->annulus_px[0]; r <= t->annulus_px[1]; r += step) {
        double e = vtr_ring_template_value(t, r, NULL);
        if (e > best) {
            best = e;
            at = r;
        }
    }
    double low = at, high = at;
    while (low > t->annulus_px[0] && vtr_ring_template_value(t, low, NULL) > best / 2)
        low -= step;
    while (high < t->annulus_px[1] && vtr_ring_template_value(t, high, NULL) > best / 2)
        high += step;
    t->radius_px = at;
    t->width_px = high - low;
}

vtr_status vtr_template_equations_solve(vtr_template_equations *e, vtr_ring_template *t, bool anchored,
                                        vtr_error *err)
{
    if (anchored) add_anchor(e, t);
    add_smoothness(e);
    /* LAPACK's lower band storage, column by column, is what `matrix` holds */
    lapack_int info = LAPACKE_dpbsv(LAPACK_COL_MAJOR, 'L', (lapack_int)e->n, 3, 1, &e->matrix[0][0], 4,
                                    e->right, (lapack_int)e->n);
    if (info != 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "no ring profile: too few pixels in the ring's annulus");
    memcpy(t->coefficients, e->right, e->n * sizeof *e->right);
    measure_ring(t);
    return VTR_OK;
}

/* Weighted mean of the profile within [low, high]. */
static double mean_between(size_t n, const double *radius, const double *counts, const double *weight,
                           double low, double high)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < n; i++)
        if (radius[i] >= low && radius[i] <= high && weight[i] > 0) {
            sum += weight[i] * counts[i];
            weights += weight[i];
        }
    return weights > 0 ? sum / weights : NAN;
}

/* g through the feet of the ring: the outer eighths of the annulus. */
static vtr_status find_background(vtr_ring_template *t, size_t n, const double *radius, const double *counts,
                                  const double *weight, vtr_error *err)
{
    double low = t->annulus_px[0], high = t->annulus_px[1], eighth = (high - low) / 8;
    double inner = mean_between(n, radius, counts, weight, low, low + eighth);
    double outer = mean_between(n, radius, counts, weight, high - eighth, high);
    if (!isfinite(inner) || !isfinite(outer))
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no ring profile: no usable pixels at %.1f to %.1f px from the centre", low, high);
    t->r0_px = (low + high) / 2;
    t->half_width_px = (high - low) / 2;
    t->kappa_per_px = 0;
    t->level = (inner + outer) / 2;
    if (inner > 0 && outer > 0) {
        t->kappa_per_px = log(inner / outer) / (high - low - eighth);
        t->level = sqrt(inner * outer);
    }
    return VTR_OK;
}

vtr_status vtr_ring_template_from_profile(vtr_ring_template *out, size_t n, const double *radius_px,
                                          const double *counts, const double *weight,
                                          const double annulus_px[2], double margin_px, vtr_error *err)
{
    vtr_ring_template t = {.annulus_px = {annulus_px[0], annulus_px[1]}};
    double first = annulus_px[0] - margin_px, last = annulus_px[1] + margin_px;
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < n; i++)
        if (weight[i] > 0) {
            if (radius_px[i] < least) least = radius_px[i];
            if (radius_px[i] > most) most = radius_px[i];
        }
    if (first < least) first = least;
    if (last > most) last = most;
    double step = fmax(1, (annulus_px[1] - annulus_px[0]) / knots_per_annulus);
    double intervals = ceil((last - first) / step);
    if (!(last > first) || intervals < 4 || intervals + 3 > VTR_TEMPLATE_MAX_KNOTS)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no ring profile: the annulus %.1f to %.1f px holds too few pixels", annulus_px[0],
                        annulus_px[1]);
    t.knot_first_px = first;
    t.knot_step_px = (last - first) / intervals;
    t.n_knots = (size_t)intervals + 3;
    vtr_status status = find_background(&t, n, radius_px, counts, weight, err);
    if (status != VTR_OK) return status;
    vtr_template_equations equations;
    vtr_template_equations_start(&equations, &t);
    for (size_t i = 0; i < n; i++)
        if (weight[i] > 0 && radius_px[i] >= first && radius_px[i] <= last)
            vtr_template_equations_add(&equations, &t, radius_px[i], 1,
                                       counts[i] - t.level * vtr_ring_template_background(&t, radius_px[i]),
                                       weight[i]);
    status = vtr_template_equations_solve(&equations, &t, false, err);
    if (status != VTR_OK) return status;
    *out = t;
    return VTR_OK;
}

int vtr_ring_template_table(const vtr_ring_template *t, float *values, int capacity, float *rho_first_px,
                            float *step_px)
{
    double step = 1.0 / 16, last = t->knot_first_px + t->knot_step_px * (double)(t->n_knots - 3);
    int n = (int)((last - t->knot_first_px) / step) + 1;
    if (n > capacity) n = capacity;
    for (int i = 0; i < n; i++) {
        double slope;
        values[2 * i] = (float)vtr_ring_template_value(t, t->knot_first_px + i * step, &slope);
        values[2 * i + 1] = (float)slope;
    }
    *rho_first_px = (float)t->knot_first_px;
    *step_px = (float)step;
    return n;
}
