/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "vitrail/constants.h"

/* Curl of the director field n = (cos t, sin t), t the angle of e1:
 *
 *   curl n = dn_y/dx - dn_x/dy = cos t dt/dx + sin t dt/dy
 *
 * n and -n are the same director, so the curl has no sign either: its magnitude is returned, which depends on no
 * frame. A difference of t is half that of the double angle, half of arg(z_a conj z_b) with z = exp(2 i t), which is
 * the same for both signs of either director: t_a - t_b less the nearest multiple of 180 degrees. Between neighbours
 * it is right up to 90 degrees.
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

static double fill(neighbourhood *at, const vtr_field *f, const vtr_field_map *angles, size_t y, size_t x)
{
    const bool inside[N_POSITIONS] = {true, x > 0, x + 1 < f->n_x, y > 0, y + 1 < f->n_y};
    const size_t i = y * f->n_x + x, index[N_POSITIONS] = {i, i - 1, i + 1, i - f->n_x, i + f->n_x};
    double centre = angles->values[i];
    for (int k = 0; k < N_POSITIONS; k++) {
        at->is_valid[k] = inside[k] && !isnan(angles->values[index[k]]);
        if (!at->is_valid[k]) continue;
        double degrees = angles->values[index[k]] - centre, error = angles->errors[index[k]];
        at->turn[k] = (degrees - 180 * floor(degrees / 180 + 0.5)) * VTR_RADIANS_PER_DEGREE;
        at->variance[k] = error * error * VTR_RADIANS_PER_DEGREE * VTR_RADIANS_PER_DEGREE;
    }
    /* The angles are in the frame of the axis, the derivatives in that of the scan. */
    return (centre + f->params.axis_degrees) * VTR_RADIANS_PER_DEGREE;
}

void vtr_field_curl(vtr_field_map *out, const vtr_field *field)
{
    const vtr_field_map *angles = vtr_field_find(field, "angle");
    bool has_steps = field->scan_step_nm[0] > 0 && field->scan_step_nm[1] > 0;
    double step_y = has_steps ? field->scan_step_nm[0] : 1, step_x = has_steps ? field->scan_step_nm[1] : 1;
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < field->n_y; y++)
        for (size_t x = 0; x < field->n_x; x++) {
            neighbourhood at = {0};
            double angle = fill(&at, field, angles, y, x);
            size_t i = y * field->n_x + x;
            curl_at(&out->values[i], &out->errors[i], &at, angle, step_y, step_x);
        }
}
