/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "detector/image_internal.h"

/* The first strong ring of a profile that falls by decades. In y = log(profile) over u = log(radius) a
 * falling background is nearly straight and a ring is a bump of about the same width wherever it is, so a
 * ring shows as
 *
 *   D_w(u) = y(u) - (y(u - w) + y(u + w)) / 2 > 0
 *
 * between two places where D is negative (its feet). The edge of the direct beam's disc bends only one way
 * and has no inner foot. Widths w from 0.04 to 0.5 are tried; the first bump with a third or more of the
 * contrast of the strongest is the ring. */

static const double step_u = 0.01;
static const double first_radius_px = 3;
static const int half_widths[] = {4, 6, 8, 11, 15, 20, 27, 36, 48};
enum { N_WIDTHS = sizeof half_widths / sizeof *half_widths };
static const double least_contrast = 0.015, least_sigmas = 6, part_of_strongest = 0.33;

typedef struct log_profile {
    size_t n; /* points in u */
    double first_u;
    double noise;    /* of y, one pixel of radius */
    double *y;       /* [n] */
    double *smooth;  /* [n] y averaged over w / 4 to either side */
    double *bump[2]; /* [n] D_w, D_(w/2) */
} log_profile;

typedef struct candidate {
    double u, contrast;
    int half_width;
} candidate;

/* Fills gaps by straight lines; returns the number of radii from *first on that have data, 0 if too few.
 * Leading zeros stand for a beam stop in many a profile. */
static size_t fill_gaps(double *filled, size_t *first, const double *profile, size_t n)
{
    size_t from = n, to = 0, count = 0;
    for (size_t i = (size_t)first_radius_px; i < n; i++) {
        if (!isfinite(profile[i]) || (from == n && profile[i] == 0)) continue;
        if (from == n) from = i;
        to = i;
        count++;
    }
    if (count < 12) return 0;
    size_t last = from;
    for (size_t i = from; i <= to; i++) {
        if (!isfinite(profile[i])) continue;
        filled[i] = profile[i];
        for (size_t k = last + 1; k < i; k++)
            filled[k] =
                profile[last] + (profile[i] - profile[last]) * (double)(k - last) / (double)(i - last);
        last = i;
    }
    *first = from;
    return to - from + 1;
}

/* log of the signal above zero (or above the lowest value, where that is negative). */
static void take_log(double *y, const double *filled, size_t first, size_t n, double *scratch)
{
    double lowest = 0;
    for (size_t i = 0; i < n; i++)
        lowest = fmin(lowest, filled[first + i]);
    for (size_t i = 0; i < n; i++)
        scratch[i] = filled[first + i] - lowest;
    double floor = 1e-3 * vtr_quantile(scratch, n, 0.5) + 1e-300;
    for (size_t i = 0; i < n; i++)
        y[i] = log(filled[first + i] - lowest + floor);
}

/* Standard deviation of one pixel's y from its second differences. */
static double noise_of(const double *y, size_t n, double *scratch)
{
    size_t kept = 0;
    for (size_t i = 1; i + 1 < n; i++)
        scratch[kept++] = fabs(y[i - 1] - 2 * y[i] + y[i + 1]);
    return 1.4826 * vtr_quantile(scratch, kept, 0.5) / sqrt(6);
}

static double interpolate(const double *y, size_t n, double at)
{
    if (at <= 0) return y[0];
    if (at >= (double)(n - 1)) return y[n - 1];
    size_t i = (size_t)at;
    return y[i] + (at - (double)i) * (y[i + 1] - y[i]);
}

/* Values of y over even steps of u, each the mean over its step. */
static void resample(log_profile *p, const double *y, size_t first, size_t n)
{
    for (size_t i = 0; i < p->n; i++) {
        double sum = 0;
        for (int k = 0; k < 5; k++) {
            double u = p->first_u + ((double)i + 0.2 * (k - 2)) * step_u;
            sum += interpolate(y, n, exp(u) - (double)first);
        }
        p->y[i] = sum / 5;
    }
}

static void second_difference(double *bump, log_profile *p, int half_width)
{
    ptrdiff_t n = (ptrdiff_t)p->n, smooth = half_width / 4;
    for (ptrdiff_t i = 0; i < n; i++) {
        double sum = 0, count = 0;
        for (ptrdiff_t k = i - smooth; k <= i + smooth; k++) {
            if (k < 0 || k >= n) continue;
            sum += p->y[k];
            count++;
        }
        p->smooth[i] = sum / count;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        bool is_inside = i >= half_width && i + half_width < n;
        bump[i] =
            is_inside ? p->smooth[i] - 0.5 * (p->smooth[i - half_width] + p->smooth[i + half_width]) : NAN;
    }
}

/* Whether D dips below zero at least once between two places. */
static bool has_foot(const double *bump, ptrdiff_t from, ptrdiff_t to, ptrdiff_t n, double depth)
{
    for (ptrdiff_t i = from > 0 ? from : 0; i <= to && i < n; i++)
        if (bump[i] < -depth) return true;
    return false;
}

/* Appends the bumps of one width. */
static size_t list_bumps(candidate *list, size_t n_list, size_t room, log_profile *p, int half_width)
{
    second_difference(p->bump[0], p, half_width);
    second_difference(p->bump[1], p, half_width / 2);
    const double *bump = p->bump[0];
    ptrdiff_t w = half_width, n = (ptrdiff_t)p->n;
    for (ptrdiff_t i = 1; i + 1 < n && n_list < room; i++) {
        double contrast = bump[i];
        if (!(contrast >= bump[i - 1] && contrast > bump[i + 1])) continue;
        double u = p->first_u + (double)i * step_u;
        double pixels = fmax(1, exp(u) * step_u * (double)(2 * (half_width / 4) + 1));
        if (contrast < least_contrast || contrast < least_sigmas * p->noise * sqrt(1.5 / pixels)) continue;
        double depth = 0.08 * contrast;
        if (!has_foot(p->bump[1], i - 7 * w / 4, i - w / 3, n, depth) ||
            !has_foot(p->bump[1], i + w / 3, i + 7 * w / 4, n, depth))
            continue;
        list[n_list++] = (candidate){u, contrast, half_width};
    }
    return n_list;
}

/* The first of the strong candidates, at the width at which it stands out most. */
static candidate choose(const candidate *list, size_t n)
{
    candidate strongest = list[0], chosen = {.u = INFINITY};
    for (size_t i = 1; i < n; i++)
        if (list[i].contrast > strongest.contrast) strongest = list[i];
    for (size_t i = 0; i < n; i++)
        if (list[i].contrast >= part_of_strongest * strongest.contrast && list[i].u < chosen.u)
            chosen = list[i];
    for (size_t i = 0; i < n; i++) {
        bool is_same = fabs(list[i].u - chosen.u) < 0.5 * step_u * chosen.half_width;
        if (is_same && list[i].contrast > chosen.contrast) chosen = list[i];
    }
    return chosen;
}

/* Signal above the straight line (in log) between the two feet. */
typedef struct excess {
    double lo_px, hi_px;
    double line_lo, line_hi; /* y at the feet */
    const double *y;
    size_t first, n;
} excess;

static excess excess_between(const double *y, size_t first, size_t n, double lo_px, double hi_px)
{
    excess e = {.y = y, .first = first, .n = n};
    e.lo_px = fmax(lo_px, (double)first);
    e.hi_px = fmin(hi_px, (double)(first + n - 1));
    for (int k = -1; k <= 1; k++) {
        e.line_lo += interpolate(y, n, e.lo_px - (double)first + k) / 3;
        e.line_hi += interpolate(y, n, e.hi_px - (double)first + k) / 3;
    }
    return e;
}

static double excess_at(const excess *e, double radius_px)
{
    double part = (radius_px - e->lo_px) / (e->hi_px - e->lo_px);
    double line = e->line_lo + part * (e->line_hi - e->line_lo);
    return exp(interpolate(e->y, e->n, radius_px - (double)e->first)) - exp(line);
}

/* Where the excess falls below half its height, going from the peak in one direction. */
static double half_height(const excess *e, double peak_px, double height, double step_px)
{
    double at = peak_px;
    while (at > e->lo_px && at < e->hi_px && excess_at(e, at) > 0.5 * height)
        at += step_px;
    return at;
}

static void refine(double *radius_px, double *width_px, const excess *e)
{
    double height = 0, peak = 0.5 * (e->lo_px + e->hi_px);
    const double step = 0.05;
    for (double r = e->lo_px; r <= e->hi_px; r += 0.25) {
        double mean = (excess_at(e, r - 0.5) + excess_at(e, r) + excess_at(e, r + 0.5)) / 3;
        if (mean > height) {
            height = mean;
            peak = r;
        }
    }
    double lo = half_height(e, peak, height, -step), hi = half_height(e, peak, height, step);
    double sum = 0, moment = 0;
    for (double r = lo; r <= hi; r += step) {
        double weight = fmax(excess_at(e, r) - 0.5 * height, 0);
        sum += weight;
        moment += weight * (r - peak);
    }
    *radius_px = peak + (sum > 0 ? moment / sum : 0);
    *width_px = fmax(hi - lo, 1);
}

/* From `from` on, the radius where the smoothed profile above its falling line stops decreasing: the valley
 * to the next ring, or `limit`. */
static double valley(const excess *e, double from, double limit, double step_px)
{
    double best = from, lowest = excess_at(e, from);
    for (double r = from; step_px > 0 ? r <= limit : r >= limit; r += step_px) {
        double value = (excess_at(e, r - 1) + excess_at(e, r) + excess_at(e, r + 1)) / 3;
        if (value < lowest) {
            lowest = value;
            best = r;
        }
        if (value > lowest + 0.1 * fabs(excess_at(e, 0.5 * (e->lo_px + e->hi_px)))) return best;
    }
    return limit;
}

static void measure_ring(double *radius_px, double *width_px, double annulus_px[2], const double *y,
                         size_t first, size_t n, candidate ring)
{
    double lo = exp(ring.u - ring.half_width * step_u), hi = exp(ring.u + ring.half_width * step_u);
    excess e = excess_between(y, first, n, lo, hi);
    refine(radius_px, width_px, &e);
    for (int round = 0; round < 2; round++) {
        double reach = fmax(1.5 * *width_px, 2);
        e = excess_between(y, first, n, fmax(*radius_px - reach, 0.5 * *radius_px), *radius_px + reach);
        refine(radius_px, width_px, &e);
    }
    double reach = fmax(1.6 * *width_px, 3);
    annulus_px[0] = valley(&e, *radius_px - 0.75 * *width_px, fmax(*radius_px - reach, (double)first), -0.5);
    annulus_px[1] =
        valley(&e, *radius_px + 0.75 * *width_px, fmin(*radius_px + reach, (double)(first + n - 1)), 0.5);
}

static vtr_status find_in_log(double *radius_px, double *width_px, double annulus_px[2], const double *y,
                              size_t first, size_t n, double noise, vtr_error *err)
{
    enum { ROOM = 512 };
    log_profile p = {.first_u = log((double)first), .noise = noise};
    p.n = (size_t)((log((double)(first + n - 1)) - p.first_u) / step_u) + 1;
    double *work = vtr_malloc(4 * p.n, sizeof *work);
    candidate *list = vtr_malloc(ROOM, sizeof *list);
    vtr_status status = VTR_OK;
    if (!work || !list) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile of %zu radii", n);
        goto cleanup;
    }
    p.y = work;
    p.smooth = work + p.n;
    p.bump[0] = work + 2 * p.n;
    p.bump[1] = work + 3 * p.n;
    resample(&p, y, first, n);
    size_t n_list = 0;
    for (int i = 0; i < N_WIDTHS; i++)
        n_list = list_bumps(list, n_list, ROOM, &p, half_widths[i]);
    if (n_list == 0) {
        status = vtr_fail(err, VTR_ERR_NO_DATA,
                          "no ring stands out of the radial profile: give the ring's annulus as LO:HI");
        goto cleanup;
    }
    double radius, width, annulus[2];
    measure_ring(&radius, &width, annulus, y, first, n, choose(list, n_list));
    *radius_px = radius;
    *width_px = width;
    annulus_px[0] = annulus[0];
    annulus_px[1] = annulus[1];

cleanup:
    vtr_free(work);
    vtr_free(list);
    return status;
}

vtr_status vtr_ring_find(double *radius_px, double *width_px, double annulus_px[2], const double *profile,
                         size_t n, vtr_error *err)
{
    vtr_status status = VTR_OK;
    double *filled = vtr_malloc(3 * n, sizeof *filled);
    if (!filled) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile of %zu radii", n);
    double *y = filled + n, *scratch = filled + 2 * n;
    size_t first, n_filled = fill_gaps(filled, &first, profile, n);
    if (n_filled == 0) {
        status = vtr_fail(err, VTR_ERR_NO_DATA, "the radial profile has fewer than 12 radii with data");
        goto cleanup;
    }
    take_log(y, filled, first, n_filled, scratch);
    status =
        find_in_log(radius_px, width_px, annulus_px, y, first, n_filled, noise_of(y, n_filled, scratch), err);

cleanup:
    vtr_free(filled);
    return status;
}
