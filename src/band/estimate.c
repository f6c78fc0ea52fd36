/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

/* What a fit's parameters and covariance say about an inclusion, in the catalogue's terms. */

double vtr_inclusion_significance(const vtr_inclusion *inclusion)
{
    double shear = inclusion->shear / inclusion->shear_error;
    double dilation = fabs(inclusion->dilation) / inclusion->dilation_error;
    return fmax(shear, dilation);
}

/* Aspect (1 + m)/(1 - m) and long axis from the ellipticity, errors along and across it. */
static void set_ellipse(vtr_inclusion *out)
{
    const double *e = out->ellipticity, *v = out->ellipticity_covariance;
    double m = hypot(e[0], e[1]), u = m > 0 ? e[0] / m : 1, w = m > 0 ? e[1] / m : 0;
    out->aspect = (1 + m) / (1 - m);
    out->aspect_error = out->long_axis_degrees = out->long_axis_error_degrees = NAN;
    if (!out->is_elliptical) return;
    double along = u * u * v[0] + w * w * v[1] + 2 * u * w * v[2],
           across = w * w * v[0] + u * u * v[1] - 2 * u * w * v[2];
    out->aspect_error = 2 / ((1 - m) * (1 - m)) * sqrt(along);
    out->long_axis_degrees = atan2(e[1], e[0]) / 2 / VTR_RADIANS_PER_DEGREE;
    out->long_axis_error_degrees = sqrt(across) / (2 * m) / VTR_RADIANS_PER_DEGREE;
}

void vtr_inclusion_set(vtr_inclusion *out, const double q[VTR_FIT_N])
{
    const double(*v)[VTR_INCLUSION_N] = out->covariance;
    double c = q[VTR_INCLUSION_C], s = q[VTR_INCLUSION_S], shear = hypot(c, s);
    double uc = shear > 0 ? c / shear : 1, us = shear > 0 ? s / shear : 0;
    double cc = v[VTR_INCLUSION_C][VTR_INCLUSION_C], ss = v[VTR_INCLUSION_S][VTR_INCLUSION_S],
           cs = v[VTR_INCLUSION_C][VTR_INCLUSION_S];
    out->y_nm = q[VTR_INCLUSION_Y];
    out->x_nm = q[VTR_INCLUSION_X];
    out->radius_nm = q[VTR_INCLUSION_RADIUS];
    out->shear = shear;
    out->angle_degrees = atan2(s, c) / 2 / VTR_RADIANS_PER_DEGREE;
    out->dilation = q[VTR_INCLUSION_D];
    out->y_error_nm = sqrt(v[VTR_INCLUSION_Y][VTR_INCLUSION_Y]);
    out->x_error_nm = sqrt(v[VTR_INCLUSION_X][VTR_INCLUSION_X]);
    out->radius_error_nm = sqrt(v[VTR_INCLUSION_RADIUS][VTR_INCLUSION_RADIUS]);
    out->shear_error = sqrt(uc * uc * cc + us * us * ss + 2 * uc * us * cs);
    out->angle_error_degrees =
        sqrt(us * us * cc + uc * uc * ss - 2 * uc * us * cs) / (2 * shear) / VTR_RADIANS_PER_DEGREE;
    out->dilation_error = sqrt(v[VTR_INCLUSION_D][VTR_INCLUSION_D]);
    out->ellipticity[0] = q[VTR_FIT_E1];
    out->ellipticity[1] = q[VTR_FIT_E2];
    set_ellipse(out);
}

void vtr_inclusion_parameters(double q[VTR_FIT_N], const vtr_inclusion *inclusion)
{
    double twice = 2 * inclusion->angle_degrees * VTR_RADIANS_PER_DEGREE;
    q[VTR_INCLUSION_Y] = inclusion->y_nm;
    q[VTR_INCLUSION_X] = inclusion->x_nm;
    q[VTR_INCLUSION_RADIUS] = inclusion->radius_nm;
    q[VTR_INCLUSION_C] = inclusion->shear * cos(twice);
    q[VTR_INCLUSION_S] = inclusion->shear * sin(twice);
    q[VTR_INCLUSION_D] = inclusion->dilation;
    q[VTR_FIT_E1] = inclusion->ellipticity[0];
    q[VTR_FIT_E2] = inclusion->ellipticity[1];
}

double vtr_inclusion_chi2(const vtr_inclusion *inclusion)
{
    enum { N = VTR_INCLUSION_N };
    double inverse[N * N], q[VTR_FIT_N], sum = 0;
    vtr_inclusion_parameters(q, inclusion);
    memcpy(inverse, inclusion->covariance, sizeof inverse);
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', N, inverse, N) != 0 ||
        LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', N, inverse, N) != 0)
        return 0;
    for (int a = VTR_INCLUSION_C; a < N; a++)
        for (int b = VTR_INCLUSION_C; b < N; b++)
            sum += q[a] * inverse[(a > b ? b : a) * N + (a > b ? a : b)] * q[b];
    return sum;
}
