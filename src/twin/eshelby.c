/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin/eshelby_internal.h"

#include <math.h>

#include "vitrail/constants.h"

/* E = [exx, exy; exy, -exx]. */
static void traceless_eigenstrain(const vtr_twin_inclusion *inclusion, double *exx, double *exy)
{
    double twice = 2 * inclusion->angle_degrees * VTR_RADIANS_PER_DEGREE;
    *exx = inclusion->shear * cos(twice);
    *exy = inclusion->shear * sin(twice);
}

void vtr_eshelby_displacement(const vtr_twin_inclusion *inclusion, double y_nm, double x_nm, double u_yx[2])
{
    double exx, exy, nu = inclusion->poisson, a2 = inclusion->radius_nm * inclusion->radius_nm;
    traceless_eigenstrain(inclusion, &exx, &exy);
    double ex = exx * x_nm + exy * y_nm, ey = exy * x_nm - exx * y_nm;
    double r2 = x_nm * x_nm + y_nm * y_nm, along_e, along_x;
    if (r2 <= a2) {
        along_e = (3 - 4 * nu) / (4 * (1 - nu));
        along_x = inclusion->dilation / (2 * (1 - nu));
    } else {
        double t = a2 / r2, scale = t / (4 * (1 - nu));
        along_e = scale * (2 * (1 - 2 * nu) + t);
        along_x =
            scale * 2 * (1 - t) * (x_nm * ex + y_nm * ey) / r2 + inclusion->dilation * t / (2 * (1 - nu));
    }
    u_yx[0] = along_e * ey + along_x * y_nm;
    u_yx[1] = along_e * ex + along_x * x_nm;
}

/* Outside, u = C {f(s) E x + g(s) q x} + D x/s with s = r^2, q = x.E x, f = a^2 [2 (1 - 2 nu)/s + a^2/s^2],
 * g = 2 a^2 [1/s^2 - a^2/s^3]; the symmetric part of its gradient. */
static void outside_strain(const vtr_twin_inclusion *inclusion, double exx, double exy, double y, double x,
                           double strain[3])
{
    double nu = inclusion->poisson, a2 = inclusion->radius_nm * inclusion->radius_nm, s = x * x + y * y;
    double c = 1 / (4 * (1 - nu)), ex = exx * x + exy * y, ey = exy * x - exx * y, q = x * ex + y * ey;
    double f = a2 * (2 * (1 - 2 * nu) / s + a2 / (s * s));
    double df = -a2 * (2 * (1 - 2 * nu) + 2 * a2 / s) / (s * s);
    double g = 2 * a2 * (1 - a2 / s) / (s * s), dg = 2 * a2 * (-2 + 3 * a2 / s) / (s * s * s);
    double d = inclusion->dilation * a2 / (2 * (1 - nu) * s);
    strain[0] = c * (f * exx + 2 * (df + g) * x * ex + g * q + 2 * dg * q * x * x) + d * (1 - 2 * x * x / s);
    strain[1] = c * (-f * exx + 2 * (df + g) * y * ey + g * q + 2 * dg * q * y * y) + d * (1 - 2 * y * y / s);
    strain[2] = c * (f * exy + (df + g) * (x * ey + y * ex) + 2 * dg * q * x * y) - d * 2 * x * y / s;
}

void vtr_eshelby_elastic_strain(const vtr_twin_inclusion *inclusion, double y_nm, double x_nm,
                                double strain[3])
{
    double exx, exy, nu = inclusion->poisson, a = inclusion->radius_nm;
    traceless_eigenstrain(inclusion, &exx, &exy);
    if (x_nm * x_nm + y_nm * y_nm > a * a) {
        outside_strain(inclusion, exx, exy, y_nm, x_nm, strain);
        return;
    }
    double sheared = (3 - 4 * nu) / (4 * (1 - nu)) - 1,
           dilated = (1 / (2 * (1 - nu)) - 1) * inclusion->dilation;
    strain[0] = sheared * exx + dilated;
    strain[1] = -sheared * exx + dilated;
    strain[2] = sheared * exy;
}
