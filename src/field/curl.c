/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "vitrail/constants.h"

/* Curl of the director field n = (cos t, sin t), t the angle of e1:
 *
 *   curl n = dn_y/dx - dn_x/dy = cos t dt/dx + sin t dt/dy
 *
 * n and -n are the same director, so the curl has no sign either: its magnitude is returned, which depends on no
 * frame. Differences of t are taken through the double angle z = (cos 2t, sin 2t), as arg(z_a conj z_b)/2, which is
 * the same for both signs of either director; between neighbours it is right up to 90 degrees.
 *
 * Differences are central, one-sided where a neighbour is missing, and the curl is NAN where both are. The standard
 * deviation propagates the angles of the five positions, taken as independent. */

/* Centre, left, right, above, below. */
enum { CENTRE, LEFT, RIGHT, ABOVE, BELOW, N_POSITIONS };

typedef struct neighbourhood {
    bool is_valid[N_POSITIONS];
    double turn[N_POSITIONS];     /* from the centre's direction to that one's, rad */
    double variance[N_POSITIONS]; /* of the angle, rad^2 */
} neighbourhood;

static const vtr_field_quantity *angle_quantity(void)
{
    return vtr_field_quantity_find("angle");
}

static void angle_of(double *angle_rad, double *variance, const vtr_field_point *point,
                     const vtr_field_quantity *quantity, const vtr_field_params *params)
{
    double value, error;
    quantity->point(&value, &error, point, params);
    *angle_rad = value * VTR_RADIANS_PER_DEGREE;
    *variance = error * error * VTR_RADIANS_PER_DEGREE * VTR_RADIANS_PER_DEGREE;
}

/* The derivative along one dimension as weights of the five angles; false where no neighbour is valid. */
static bool derivative(double weight[N_POSITIONS], const neighbourhood *at, int before, int after,
                       double step)
{
    double one = at->is_valid[before], other = at->is_valid[after];
    if (one + other == 0) return false;
    weight[after] += other / ((one + other) * step);
    weight[before] -= one / ((one + other) * step);
    weight[CENTRE] += (one - other) / ((one + other) * step);
    return true;
}

static void curl_at(float *value, float *error, const neighbourhood *at, double angle, double step_y,
                    double step_x)
{
    double wx[N_POSITIONS] = {0}, wy[N_POSITIONS] = {0}, dx = 0, dy = 0, sum = 0;
    *value = *error = NAN;
    if (!at->is_valid[CENTRE] || !derivative(wx, at, LEFT, RIGHT, step_x) ||
        !derivative(wy, at, ABOVE, BELOW, step_y))
        return;
    for (int k = 0; k < N_POSITIONS; k++) {
        if (!at->is_valid[k]) continue;
        dx += wx[k] * at->turn[k];
        dy += wy[k] * at->turn[k];
    }
    double c = cos(angle), s = sin(angle);
    for (int k = 0; k < N_POSITIONS; k++) {
        if (!at->is_valid[k]) continue;
        double g = c * wx[k] + s * wy[k] + (k == CENTRE ? c * dy - s * dx : 0);
        sum += g * g * at->variance[k];
    }
    *value = (float)fabs(c * dx + s * dy);
    *error = (float)sqrt(sum);
}

typedef struct grid {
    const vtr_field_point *points;
    const vtr_field *field;
    const vtr_field_quantity *quantity;
    double to_scan_frame_rad; /* the angles are in the frame of the axis */
} grid;

static double fill(neighbourhood *at, const grid *g, size_t y, size_t x)
{
    const vtr_field *f = g->field;
    const bool inside[N_POSITIONS] = {true, x > 0, x + 1 < f->n_x, y > 0, y + 1 < f->n_y};
    const size_t i = y * f->n_x + x, index[N_POSITIONS] = {i, i - 1, i + 1, i - f->n_x, i + f->n_x};
    double centre = NAN;
    for (int k = 0; k < N_POSITIONS; k++) {
        at->is_valid[k] = inside[k] && !isnan(g->points[index[k]].e[0]);
        if (!at->is_valid[k]) continue;
        double t;
        angle_of(&t, &at->variance[k], &g->points[index[k]], g->quantity, &f->params);
        if (k == CENTRE) centre = t;
        at->turn[k] = atan2(sin(2 * (t - centre)), cos(2 * (t - centre))) / 2;
    }
    return centre + g->to_scan_frame_rad;
}

void vtr_field_curl(vtr_field_map *out, const vtr_field_point *points, const vtr_field *field)
{
    const grid g = {points, field, angle_quantity(), field->params.axis_degrees * VTR_RADIANS_PER_DEGREE};
    bool has_steps = field->scan_step_nm[0] > 0 && field->scan_step_nm[1] > 0;
    double step_y = has_steps ? field->scan_step_nm[0] : 1, step_x = has_steps ? field->scan_step_nm[1] : 1;
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < field->n_y; y++)
        for (size_t x = 0; x < field->n_x; x++) {
            neighbourhood at = {0};
            double angle = fill(&at, &g, y, x);
            size_t i = y * field->n_x + x;
            curl_at(&out->values[i], &out->errors[i], &at, angle, step_y, step_x);
        }
}
