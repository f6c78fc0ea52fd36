/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "series/series_internal.h"
#include "vitrail/constants.h"

void vtr_series_apply(const vtr_series_transform *t, const double from_nm[2], double to_nm[2])
{
    double c = cos(t->angle_degrees * VTR_RADIANS_PER_DEGREE),
           s = sin(t->angle_degrees * VTR_RADIANS_PER_DEGREE);
    double y = from_nm[0] - t->centre_nm[0], x = from_nm[1] - t->centre_nm[1];
    to_nm[0] = t->centre_nm[0] + t->shift_nm[0] + s * x + c * y;
    to_nm[1] = t->centre_nm[1] + t->shift_nm[1] + c * x - s * y;
}

/* out = J in J^T. */
static void propagate(double out[3][3], double J[3][3], const double in[3][3])
{
    double half[3][3] = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                half[i][j] += J[i][k] * in[k][j];
    memset(out, 0, 9 * sizeof(double));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                out[i][j] += half[i][k] * J[j][k];
}

/* shift' = m - m' + shift + R(m' - m); dR/da = d(c, s) times the radian of a degree. */
vtr_series_transform vtr_series_about(const vtr_series_transform *t, const double centre_nm[2])
{
    double c = cos(t->angle_degrees * VTR_RADIANS_PER_DEGREE),
           s = sin(t->angle_degrees * VTR_RADIANS_PER_DEGREE);
    double y = centre_nm[0] - t->centre_nm[0], x = centre_nm[1] - t->centre_nm[1];
    vtr_series_transform out = *t;
    out.centre_nm[0] = centre_nm[0];
    out.centre_nm[1] = centre_nm[1];
    out.shift_nm[0] = t->shift_nm[0] + s * x + c * y - y;
    out.shift_nm[1] = t->shift_nm[1] + c * x - s * y - x;
    double J[3][3] = {{1, 0, VTR_RADIANS_PER_DEGREE * (c * x - s * y)},
                      {0, 1, VTR_RADIANS_PER_DEGREE * (-s * x - c * y)},
                      {0, 0, 1}};
    propagate(out.covariance, J, t->covariance);
    return out;
}

/* About where the centre lies in the reference, the way back is -shift and R(-angle). */
vtr_series_transform vtr_series_inverse(const vtr_series_transform *t)
{
    vtr_series_transform out = *t;
    double c = cos(t->angle_degrees * VTR_RADIANS_PER_DEGREE),
           s = sin(t->angle_degrees * VTR_RADIANS_PER_DEGREE);
    double J[3][3] = {{-c, s, 0}, {-s, -c, 0}, {0, 0, -1}};
    for (int i = 0; i < 2; i++) {
        out.centre_nm[i] = t->centre_nm[i] + t->shift_nm[i];
        out.shift_nm[i] = -t->shift_nm[i];
    }
    out.angle_degrees = -t->angle_degrees;
    propagate(out.covariance, J, t->covariance);
    return out;
}

void vtr_series_turn(size_t n, vtr_series_kind kind, double angle_degrees, float *first, float *second,
                     float *first_errors, float *second_errors)
{
    double turn = (kind == VTR_SERIES_DIRECTOR ? 2
                   : kind == VTR_SERIES_VECTOR ? 1
                                               : 0) *
                  angle_degrees * VTR_RADIANS_PER_DEGREE;
    double c = cos(turn), s = sin(turn);
    for (size_t i = 0; i < n; i++) {
        double a = (double)first[i], b = (double)second[i];
        first[i] = (float)(c * a - s * b);
        second[i] = (float)(s * a + c * b);
        if (first_errors == NULL || second_errors == NULL) continue;
        double u = (double)first_errors[i], v = (double)second_errors[i];
        first_errors[i] = (float)hypot(c * u, s * v);
        second_errors[i] = (float)hypot(s * u, c * v);
    }
}
