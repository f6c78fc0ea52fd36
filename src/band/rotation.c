/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

/* How the director of tau_max, the direction of e1, turns between two neighbours on a band. Its curl at a place is that of a
 * plane fitted to the deviator around, through the double angle, so that no director's sign matters. Along the band the
 * director that points along it is taken, which gives the curl a sign. */

/* Plane through (c, s) of the positions around a place: value and gradient of each with their variances. */
typedef struct local_plane {
    double value[2][3], variance[2][3]; /* at the place, d/dy, d/dx */
} local_plane;

static long clipped(double position, size_t n)
{
    return (long)fmin(fmax(position, 0), (double)n - 1);
}

/* Normal equations of the plane over the positions within reach, of part j. */
static void sum_normal(double a[3][3], double b[3], const vtr_band_maps *maps, int j, double y, double x,
                       double reach)
{
    for (long row = clipped(floor((y - reach) / maps->step_y), maps->n_y);
         row <= clipped((y + reach) / maps->step_y, maps->n_y); row++)
        for (long column = clipped(floor((x - reach) / maps->step_x), maps->n_x);
             column <= clipped((x + reach) / maps->step_x, maps->n_x); column++) {
            size_t i = (size_t)row * maps->n_x + (size_t)column;
            const double t[3] = {1, maps->step_y * (double)row - y, maps->step_x * (double)column - x};
            double w = maps->weight[VTR_C + j][i];
            if (!(w > 0) || hypot(t[1], t[2]) > reach) continue;
            for (int p = 0; p < 3; p++) {
                b[p] += w * t[p] * maps->value[VTR_C + j][i];
                for (int q = 0; q < 3; q++)
                    a[p][q] += w * t[p] * t[q];
            }
        }
}

static bool fit_plane(local_plane *out, const vtr_band_maps *maps, double y, double x, double reach)
{
    for (int j = 0; j < 2; j++) {
        double a[3][3] = {{0}}, b[3] = {0};
        sum_normal(a, b, maps, j, y, x, reach);
        /* adjugate of the symmetric matrix */
        double inverse[3][3], det = 0;
        for (int p = 0; p < 3; p++)
            for (int q = 0; q < 3; q++) {
                int p1 = (p + 1) % 3, p2 = (p + 2) % 3, q1 = (q + 1) % 3, q2 = (q + 2) % 3;
                inverse[q][p] = a[p1][q1] * a[p2][q2] - a[p1][q2] * a[p2][q1];
            }
        for (int q = 0; q < 3; q++)
            det += a[0][q] * inverse[q][0];
        if (!(det > 1e-9 * a[0][0] * a[1][1] * a[2][2])) return false;
        for (int p = 0; p < 3; p++) {
            out->value[j][p] = 0;
            for (int q = 0; q < 3; q++)
                out->value[j][p] += inverse[p][q] / det * b[q];
            out->variance[j][p] = inverse[p][p] / det;
        }
    }
    return true;
}

/* curl of (cos t, sin t), 2 t = arg(c + i s): cos t dt/dx + sin t dt/dy with dt = Im(d(c + i s)/(c + i s))/2; of the one
 * of both directors that is within 90 degrees of `along`. */
static double curl_of(const double value[2][3], double along)
{
    double c = value[0][0], s = value[1][0], r2 = c * c + s * s, t = 0.5 * atan2(s, c);
    double dy = 0.5 * (value[1][1] * c - value[0][1] * s) / r2,
           dx = 0.5 * (value[1][2] * c - value[0][2] * s) / r2;
    double curl = cos(t) * dx + sin(t) * dy;
    return cos(t - along) < 0 ? -curl : curl;
}

typedef struct curl_at {
    double value, error; /* NAN: no plane */
    bool has_direction;  /* the deviator is above three errors */
} curl_at;

static curl_at measure(const vtr_band_maps *maps, double y, double x, double reach, double along)
{
    local_plane plane;
    if (!fit_plane(&plane, maps, y, x, reach)) return (curl_at){NAN, NAN, false};
    double variance = 0, c = plane.value[0][0], s = plane.value[1][0];
    for (int j = 0; j < 2; j++)
        for (int k = 0; k < 3; k++) {
            double moved[2][3], h = 1e-3 * sqrt(plane.variance[j][k]);
            memcpy(moved, plane.value, sizeof moved);
            moved[j][k] += h;
            double up = curl_of(moved, along);
            moved[j][k] -= 2 * h;
            double slope = (up - curl_of(moved, along)) / (2 * h);
            variance += slope * slope * plane.variance[j][k];
        }
    return (curl_at){.value = curl_of(plane.value, along),
                     .error = sqrt(variance),
                     .has_direction = c * c + s * s > 9 * fmax(plane.variance[0][0], plane.variance[1][0])};
}

/* The line from a to b between both rims, a reach off them: their cores turn the director by 90 degrees. */
enum { N_PLACES = 33 };
typedef struct way {
    double y[N_PLACES], x[N_PLACES], step_nm, trials;
    curl_at curl[N_PLACES];
} way;

static bool go(way *out, const vtr_band_maps *maps, const vtr_inclusion *a, const vtr_inclusion *b)
{
    double length = hypot(b->y_nm - a->y_nm, b->x_nm - a->x_nm), reach = 2 * maps->step;
    double from = a->radius_nm + reach, to = length - b->radius_nm - reach;
    double dy = (b->y_nm - a->y_nm) / length, dx = (b->x_nm - a->x_nm) / length;
    if (!(to > from)) return false;
    out->step_nm = (to - from) / (N_PLACES - 1);
    out->trials =
        1 + (to - from) / reach; /* places further apart than the reach share half of their positions */
    for (int k = 0; k < N_PLACES; k++) {
        double at = from + k * out->step_nm;
        out->y[k] = a->y_nm + at * dy;
        out->x[k] = a->x_nm + at * dx;
        out->curl[k] = measure(maps, out->y[k], out->x[k], reach, atan2(dy, dx));
    }
    return true;
}

/* The extremum of one sign, its place known to where the curl is within an error of it. */
static vtr_inclusion_rotation extremum(const way *w, double sign)
{
    vtr_inclusion_rotation out = {NAN, NAN, NAN, NAN, NAN, NAN, false};
    int best = -1, n_alike = 0;
    for (int k = 0; k < N_PLACES; k++)
        if (w->curl[k].has_direction && (best < 0 || sign * w->curl[k].value > sign * w->curl[best].value))
            best = k;
    if (best < 0) return out;
    const curl_at *most = &w->curl[best];
    for (int k = 0; k < N_PLACES; k++)
        n_alike += w->curl[k].has_direction && fabs(most->value - w->curl[k].value) <= most->error;
    out.y_nm = w->y[best];
    out.x_nm = w->x[best];
    out.position_error_nm = 0.5 * n_alike * w->step_nm;
    out.curl_inv_nm = most->value;
    out.curl_error_inv_nm = most->error;
    out.significance = most->value / most->error;
    /* one-sided: the chance of any of the trials is below trials exp(-z^2/2)/2 */
    out.is_above_the_noise = sign * out.significance > sqrt(2 * log(w->trials / (2 * 0.01)));
    return out;
}

void vtr_inclusion_gap_set_curl(vtr_inclusion_gap *gap, const vtr_band_maps *maps, const vtr_inclusion *a,
                                const vtr_inclusion *b)
{
    way w = {0};
    double reach = fmax(gap->spacing_nm / 4, 2 * maps->step);
    curl_at half_way = measure(maps, 0.5 * (a->y_nm + b->y_nm), 0.5 * (a->x_nm + b->x_nm), reach, 0);
    gap->curl_inv_nm = fabs(half_way.value);
    gap->curl_error_inv_nm = half_way.error;
    bool has_way = go(&w, maps, a, b);
    for (int which = 0; which < 2; which++)
        gap->rotation[which] = has_way ? extremum(&w, which == 0 ? 1 : -1)
                                       : (vtr_inclusion_rotation){NAN, NAN, NAN, NAN, NAN, NAN, false};
}
