/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "detector/beam_stop_internal.h"
#include "detector/image_internal.h"
#include "vitrail/constants.h"

/* A camera's rim and the edge of a large convergent-beam disc look alike: a bright round part with a steep edge, and
 * dark all around. Two things tell them apart. Inside of a rim there is a pattern, inside of a disc it is even; and
 * outside of a rim there is nothing, outside of a disc the pattern goes on, faint and ordered by its radius. */

/* A part with less between its thirtieth and its ninetieth hundredth, above dark, is even. */
static const double even_ratio = 2;
/* Part of the dark's variance that its radius explains in a pattern: 0.7 to 0.95 about simulated discs, 0.06 to 0.17
 * outside of a camera's rim. Only asked of a dark part of this size, and beyond this many radii of the bright part. */
static const double radial_part = 0.5, least_dark_part = 0.2, margin = 1.15;

enum { BINS = 96 };

/* Flood from the brightest pixel outside of the region into s->lit; false where it reaches the frame's border. The
 * part's pixels are s->queue[0 ... *n - 1]. */
static bool find_lit_part(vtr_stop_finder *s, size_t *n)
{
    size_t brightest = s->n;
    memset(s->lit, 0, s->n);
    for (size_t i = 0; i < s->n_region; i++)
        s->lit[s->region[i]] = 1;
    for (size_t p = 0; p < s->n; p++)
        if (!s->lit[p] && isfinite(s->smooth[p]) &&
            (brightest == s->n || s->smooth[p] > s->smooth[brightest]))
            brightest = p;
    *n = 0;
    if (brightest == s->n) return false;
    s->lit[brightest] = 1;
    s->queue[(*n)++] = brightest;
    for (size_t i = 0; i < *n; i++) {
        size_t p = s->queue[i], y = p / s->det_x, x = p % s->det_x;
        if (y == 0 || x == 0 || y + 1 == s->det_y || x + 1 == s->det_x) return false;
        const size_t next[4] = {p - 1, p + 1, p - s->det_x, p + s->det_x};
        for (int k = 0; k < 4; k++) {
            if (s->lit[next[k]]) continue;
            s->lit[next[k]] = 1;
            s->queue[(*n)++] = next[k];
        }
    }
    return true;
}

/* Centroid and radius (of the circle of its area) of the lit part, and whether it is even. */
static bool describe_lit_part(const vtr_stop_finder *s, size_t n, double *centre_x, double *centre_y,
                              double *radius)
{
    double x = 0, y = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        size_t p = s->queue[i];
        x += (double)(p % s->det_x);
        y += (double)(p / s->det_x);
        if (isfinite(s->smooth[p])) s->rows[m++] = s->smooth[p] - s->dark;
    }
    *centre_x = x / (double)n;
    *centre_y = y / (double)n;
    *radius = sqrt((double)n / VTR_PI);
    double low = vtr_quantile(s->rows, m, 0.3), high = vtr_quantile(s->rows, m, 0.9);
    return high < even_ratio * low;
}

/* Part of the variance over the region, beyond the margin, that lies between rings about the centre. Values are cut at
 * the region's hundredths, so that single pixels do not matter. */
static double radial_variance(vtr_stop_finder *s, double centre_x, double centre_y, double radius)
{
    double sum[BINS] = {0}, number[BINS] = {0}, total = 0, squares = 0, n = 0, between = 0;
    double step = hypot((double)s->det_x, (double)s->det_y) / BINS;
    size_t m = 0;
    for (size_t i = 0; i < s->n_region; i++)
        if (isfinite(s->smooth[s->region[i]])) s->rows[m++] = s->smooth[s->region[i]];
    if (m == 0) return 0;
    double lowest = vtr_quantile(s->rows, m, 0.01), highest = vtr_quantile(s->rows, m, 0.99);
    for (size_t i = 0; i < s->n_region; i++) {
        size_t p = s->region[i];
        double r = hypot((double)(p % s->det_x) - centre_x, (double)(p / s->det_x) - centre_y);
        size_t bin = (size_t)(r / step);
        if (!isfinite(s->smooth[p]) || r < margin * radius || bin >= BINS) continue;
        double value = fmin(fmax(s->smooth[p], lowest), highest) - lowest;
        sum[bin] += value;
        number[bin]++;
        total += value;
        squares += value * value;
        n++;
    }
    double variance = n > 0 ? squares - total * total / n : 0;
    for (size_t b = 0; b < BINS; b++)
        if (number[b] > 0) between += sum[b] * sum[b] / number[b];
    return variance > 0 ? (between - total * total / n) / variance : 0;
}

bool vtr_stop_surrounds_disc(vtr_stop_finder *s)
{
    size_t n;
    double centre_x, centre_y, radius;
    if (!find_lit_part(s, &n)) return false;
    if (describe_lit_part(s, n, &centre_x, &centre_y, &radius)) return true;
    return (double)s->n_region > least_dark_part * (double)s->n &&
           radial_variance(s, centre_x, centre_y, radius) > radial_part;
}
