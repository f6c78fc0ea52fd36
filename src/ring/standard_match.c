/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "ring/standard_internal.h"

/* Over u = log(radius) a standard's rings keep their distances whatever the scale, so its comb is slid along the
 * profile's contrast: log(profile) less its own mean over a wider stretch. The root of the contrast counts, so that
 * neither the rim of the direct beam nor one strong ring decides alone. */

static const double step_u = 0.004;
static const double narrow_u = 0.008, wide_u = 0.07; /* half widths of the two means */
static const double tooth_u = 0.015;
static const double first_radius_px = 6;
enum { LEAST_RINGS = 3 };

static double mean_over(const double *sums, const double *counts, size_t n, double at, double half)
{
    double from = fmax(at - half, 0), to = fmin(at + half + 1, (double)n);
    size_t a = (size_t)from, b = (size_t)to;
    double count = counts[b] - counts[a];
    return count > 0 ? (sums[b] - sums[a]) / count : NAN;
}

/* Contrast over u from the profile's logarithm; `sums` and `counts` are running sums [n + 1] of it. */
static double contrast_at(const double *sums, const double *counts, size_t n, double u)
{
    double r = exp(u), narrow = fmax(r * narrow_u, 0.6), wide = fmax(r * wide_u, 4);
    double value = mean_over(sums, counts, n, r, narrow) - mean_over(sums, counts, n, r, wide);
    return value > 0 ? sqrt(value) : 0; /* also of NAN */
}

static void running_sums(double *sums, double *counts, const double *profile, size_t n)
{
    double lowest = INFINITY, largest = -INFINITY;
    for (size_t i = (size_t)first_radius_px; i < n; i++) {
        if (!isfinite(profile[i])) continue;
        lowest = fmin(lowest, profile[i]);
        largest = fmax(largest, profile[i]);
    }
    double base = fmin(lowest, 0), floor = 1e-4 * (largest - base) + 1e-300;
    sums[0] = counts[0] = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_there = isfinite(profile[i]) && (double)i >= first_radius_px;
        sums[i + 1] = sums[i] + (is_there ? log(profile[i] - base + floor) : 0);
        counts[i + 1] = counts[i] + is_there;
    }
}

/* How well the comb with its first ring at u1 meets the contrast; 0 with fewer than LEAST_RINGS rings in range. */
static double score_at(double u1, const double *rings, size_t n_rings, const double *contrast, size_t n_u,
                       double first_u)
{
    double product = 0, norm = 0;
    size_t n_inside = 0;
    int reach = (int)(2.5 * tooth_u / step_u);
    for (size_t j = 0; j < n_rings; j++) {
        double at = (u1 + log(rings[j] / rings[0]) - first_u) / step_u;
        if (at < 0 || at >= (double)n_u) continue;
        n_inside++;
        ptrdiff_t centre = (ptrdiff_t)(at + 0.5);
        for (ptrdiff_t k = centre - reach; k <= centre + reach; k++) {
            if (k < 0 || k >= (ptrdiff_t)n_u) continue;
            double distance = ((double)k - at) * step_u / tooth_u, weight = exp(-0.5 * distance * distance);
            product += weight * contrast[k];
            norm += weight * weight;
        }
    }
    return n_inside >= LEAST_RINGS && n_inside >= n_rings / 4 ? product / sqrt(norm) : 0;
}

vtr_status vtr_standard_match(double *k_step, const double *rings, size_t n_rings, const double *profile,
                              size_t n, vtr_error *err)
{
    size_t last = n;
    while (last > 0 && !isfinite(profile[last - 1]))
        last--;
    if ((double)last < 4 * first_radius_px)
        return vtr_fail(err, VTR_ERR_NO_DATA, "the pattern shows no %d px of radius",
                        (int)(4 * first_radius_px));
    double first_u = log(first_radius_px), last_u = log((double)(last - 1));
    size_t n_u = (size_t)((last_u - first_u) / step_u) + 1;
    double *work = vtr_malloc(2 * (last + 1) + n_u, sizeof *work);
    if (!work) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile of %zu radii", n);
    double *sums = work, *counts = work + last + 1, *contrast = work + 2 * (last + 1);
    running_sums(sums, counts, profile, last);
    for (size_t i = 0; i < n_u; i++)
        contrast[i] = contrast_at(sums, counts, last, first_u + (double)i * step_u);

    double best = 0, best_u = 0;
    for (double u1 = first_u; u1 < last_u; u1 += 0.5 * step_u) {
        double score = score_at(u1, rings, n_rings, contrast, n_u, first_u);
        if (score > best) {
            best = score;
            best_u = u1;
        }
    }
    vtr_free(work);
    if (!(best > 0))
        return vtr_fail(err, VTR_ERR_NO_DATA, "no rings of the standard stand out of the pattern");
    *k_step = rings[0] / exp(best_u);
    return VTR_OK;
}
