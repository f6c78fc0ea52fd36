/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/bands_internal.h"

/* A band's line: an arc. In the frame of its pivot, moved across by the offset, with u along the line there and v across, an
 * arc of curvature k is the circle about (0, 1/k), and with D = sqrt((1 - k v)^2 + (k u)^2)
 *
 *   d = (1 - D)/k = (2 v - k (u^2 + v^2))/(1 + D),     s = atan2(k u, 1 - k v)/k.
 */

/* Below this turn along the map the arc is a parabola to the last digit that counts. */
#define STRAIGHT 1e-5

static void distance_of(vtr_band_place *out, double u, double v, double offset, double k)
{
    double r2 = u * u + v * v, one = 1 - k * v, radius = sqrt(one * one + k * k * u * u);
    double top = 2 * v - k * r2, by_k_radius = (k * r2 - v) / radius;
    double by_u = -k * u / radius, by_v = one / radius;
    out->d = top / (1 + radius);
    out->by_d[FIT_ANGLE] = by_u * (v + offset) - by_v * u;
    out->by_d[FIT_OFFSET] = -by_v;
    out->by_d[FIT_CURVATURE] = (-r2 - out->d * by_k_radius) / (1 + radius);
}

static void arc_of(vtr_band_place *out, double u, double v, double offset, double k)
{
    double one = 1 - k * v, radius2 = one * one + k * k * u * u;
    double by_u = one / radius2, by_v = k * u / radius2;
    if (fabs(k) * (fabs(u) + fabs(v)) < STRAIGHT) {
        out->s = u + k * u * v;
        out->by_s[FIT_CURVATURE] = u * v;
    } else {
        out->s = atan2(k * u, one) / k;
        out->by_s[FIT_CURVATURE] = (u / radius2 - out->s) / k;
    }
    out->by_s[FIT_ANGLE] = by_u * (v + offset) - by_v * u;
    out->by_s[FIT_OFFSET] = -by_v;
}

void vtr_band_curve_at(vtr_band_place *out, const vtr_band_fit *fit, double y_nm, double x_nm)
{
    double c = cos(fit->value[FIT_ANGLE]), s = sin(fit->value[FIT_ANGLE]), offset = fit->value[FIT_OFFSET];
    double y = y_nm - fit->pivot_y_nm, x = x_nm - fit->pivot_x_nm;
    double u = x * c + y * s, v = y * c - x * s - offset;
    distance_of(out, u, v, offset, fit->value[FIT_CURVATURE]);
    arc_of(out, u, v, offset, fit->value[FIT_CURVATURE]);
}

void vtr_band_curve_point(const vtr_band_fit *fit, double along_nm, double place_yx[2])
{
    double angle = fit->value[FIT_ANGLE], half = 0.5 * fit->value[FIT_CURVATURE] * along_nm;
    double chord = fabs(half) > STRAIGHT ? along_nm * sin(half) / half : along_nm;
    place_yx[0] = fit->pivot_y_nm + fit->value[FIT_OFFSET] * cos(angle) + chord * sin(angle + half);
    place_yx[1] = fit->pivot_x_nm - fit->value[FIT_OFFSET] * sin(angle) + chord * cos(angle + half);
}

double vtr_band_curve_error(const vtr_band_fit *fit, double along_nm)
{
    vtr_band_place at;
    double place[2], variance = 0;
    vtr_band_curve_point(fit, along_nm, place);
    vtr_band_curve_at(&at, fit, place[0], place[1]);
    for (int a = 0; a < FIT_LINE; a++)
        for (int b = 0; b < FIT_LINE; b++)
            variance += at.by_d[a] * fit->covariance[a][b] * at.by_d[b];
    return sqrt(fmax(variance, 0));
}

static bool is_inside(const vtr_band_fit *fit, const vtr_band_maps *maps, double along)
{
    double place[2];
    vtr_band_curve_point(fit, along, place);
    return place[0] >= 0 && place[0] <= maps->step_y * (double)(maps->n_y - 1) && place[1] >= 0 &&
           place[1] <= maps->step_x * (double)(maps->n_x - 1);
}

/* Where the line comes into the map between two arc lengths. */
static double edge_between(const vtr_band_fit *fit, const vtr_band_maps *maps, double outside, double inside)
{
    for (int i = 0; i < 40; i++) {
        double middle = 0.5 * (outside + inside);
        if (is_inside(fit, maps, middle))
            inside = middle;
        else
            outside = middle;
    }
    return inside;
}

bool vtr_band_curve_within(const vtr_band_fit *fit, const vtr_band_maps *maps, bool whole, double along[2])
{
    double step = 0.25 * maps->step, y = maps->step_y * (double)(maps->n_y - 1),
           x = maps->step_x * (double)(maps->n_x - 1);
    double reach = 1.2 * hypot(fmax(fabs(fit->pivot_y_nm), fabs(y - fit->pivot_y_nm)),
                               fmax(fabs(fit->pivot_x_nm), fabs(x - fit->pivot_x_nm)));
    long n = (long)(reach / step), first = n + 1, last = -n - 1;
    for (long i = -n; i <= n; i++) {
        if (!is_inside(fit, maps, step * (double)i)) continue;
        if (first > n) first = i;
        last = i;
    }
    if (last < first) return false;
    along[0] = edge_between(fit, maps, step * (double)(first - 1), step * (double)first);
    along[1] = edge_between(fit, maps, step * (double)(last + 1), step * (double)last);
    if (!whole) {
        along[0] = fmax(along[0], fit->value[FIT_FIRST]);
        along[1] = fmin(along[1], fit->value[FIT_LAST]);
    }
    return along[1] > along[0];
}

void vtr_band_curve_centre(vtr_band_fit *fit, const vtr_band_maps *maps)
{
    double along[2], place[2];
    if (!vtr_band_curve_within(fit, maps, false, along)) return;
    double middle = 0.5 * (along[0] + along[1]);
    vtr_band_curve_point(fit, middle, place);
    fit->pivot_y_nm = place[0];
    fit->pivot_x_nm = place[1];
    fit->value[FIT_ANGLE] += middle * fit->value[FIT_CURVATURE];
    fit->value[FIT_OFFSET] = 0;
    fit->value[FIT_FIRST] -= middle;
    fit->value[FIT_LAST] -= middle;
}
