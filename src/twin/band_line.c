/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* The line of a band: an arc through its point, from first_nm to last_nm along it. */

void vtr_twin_band_place(const vtr_twin_band *band, double along_nm, double place_yx[2])
{
    double angle = band->angle_degrees * VTR_RADIANS_PER_DEGREE, k = band->curvature_inv_nm;
    double half = 0.5 * k * along_nm, chord = half != 0 ? along_nm * sin(half) / half : along_nm;
    place_yx[0] = band->point_y_nm + chord * sin(angle + half);
    place_yx[1] = band->point_x_nm + chord * cos(angle + half);
}

void vtr_twin_band_coordinates(const vtr_twin_band *band, double y_nm, double x_nm, double *distance_nm,
                               double *along_nm)
{
    double angle = band->angle_degrees * VTR_RADIANS_PER_DEGREE, c = cos(angle), s = sin(angle);
    double y = y_nm - band->point_y_nm, x = x_nm - band->point_x_nm, k = band->curvature_inv_nm;
    double u = x * c + y * s, v = y * c - x * s, radius = hypot(1 - k * v, k * u);
    *distance_nm =
        (2 * v - k * (u * u + v * v)) / (1 + radius); /* (1 - radius)/k without the loss of digits */
    *along_nm = fabs(k) > 1e-12 ? atan2(k * u, 1 - k * v) / k : u;
}

static bool is_inside(const vtr_twin *twin, const double place_yx[2])
{
    double step = twin->info.scan_step_nm;
    return place_yx[0] >= 0 && place_yx[0] <= step * (double)(twin->info.shape[0] - 1) && place_yx[1] >= 0 &&
           place_yx[1] <= step * (double)(twin->info.shape[1] - 1);
}

/* A stretch along a band that surely holds all of it that lies in the field, and the distance of places to try. */
static void stretch_of(const vtr_twin *twin, const vtr_twin_band *band, double *first, double *last,
                       double *step)
{
    double y = twin->info.scan_step_nm * (double)twin->info.shape[0],
           x = twin->info.scan_step_nm * (double)twin->info.shape[1];
    double reach = hypot(fmax(fabs(band->point_y_nm), fabs(y - band->point_y_nm)),
                         fmax(fabs(band->point_x_nm), fabs(x - band->point_x_nm)));
    double turn = fabs(band->curvature_inv_nm) * reach; /* an arc is longer than its chord */
    reach *= turn < 1 ? 1 + turn * turn : 2;
    *first = fmax(band->first_nm, -reach);
    *last = fmin(band->last_nm, reach);
    *step = 0.05 * twin->info.scan_step_nm;
}

double vtr_twin_band_length(const vtr_twin *twin, const vtr_twin_band *band)
{
    double first, last, step, place[2];
    size_t n = 0;
    stretch_of(twin, band, &first, &last, &step);
    for (double s = first + 0.5 * step; s < last; s += step) {
        vtr_twin_band_place(band, s, place);
        n += is_inside(twin, place);
    }
    return step * (double)n;
}

double vtr_twin_band_density(const vtr_twin *twin)
{
    double length = 0, step = twin->info.scan_step_nm;
    for (size_t i = 0; i < twin->n_bands; i++)
        length += vtr_twin_band_length(twin, &twin->bands[i]);
    return length / ((double)twin->n_positions * step * step);
}

/* Where `band` meets `other`: a change of sign of the distance; the start of a branch is on its parent by construction. */
static size_t meet(const vtr_twin *twin, size_t i, size_t j, vtr_twin_point *out, size_t room)
{
    const vtr_twin_band *band = &twin->bands[i], *other = &twin->bands[j];
    double first, last, step, place[2], before = NAN, d, along;
    size_t n = 0;
    stretch_of(twin, band, &first, &last, &step);
    for (double s = first; s < last && n < room; s += step) {
        vtr_twin_band_place(band, s, place);
        vtr_twin_band_coordinates(other, place[0], place[1], &d, &along);
        bool starts_here = s == band->first_nm && fabs(d) < 1e-6;
        bool crosses = !starts_here && before * d < 0;
        before = starts_here ? NAN : d;
        if ((!crosses && !starts_here) || !is_inside(twin, place)) continue;
        if (along < other->first_nm + step || along > other->last_nm - step) continue;
        out[n++] = (vtr_twin_point){place[0], place[1], starts_here, i, j};
    }
    return n;
}

size_t vtr_twin_points(const vtr_twin *twin, vtr_twin_point *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < twin->n_bands; i++)
        for (size_t j = 0; j < twin->n_bands; j++) {
            const vtr_twin_band *a = &twin->bands[i], *b = &twin->bands[j];
            double d, along;
            if (i == j || n >= room) continue;
            /* each pair once; that of a branch and its parent from the branch */
            vtr_twin_band_coordinates(a, b->point_y_nm, b->point_x_nm, &d, &along);
            bool other_starts = isfinite(b->first_nm) && fabs(d) < 1e-6;
            vtr_twin_band_coordinates(b, a->point_y_nm, a->point_x_nm, &d, &along);
            bool starts = isfinite(a->first_nm) && fabs(d) < 1e-6;
            if (starts || (!other_starts && i < j)) n += meet(twin, i, j, out + n, room - n);
        }
    return n;
}
