/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"

#include <complex.h>

#include "vitrail/constants.h"

/* Elastic strain of a round inclusion in an unbounded isotropic plane, plane strain, same moduli inside and outside.
 *
 * With z = x + i y, E = c + i s the traceless part of the eigenstrain and d its dilation, a disc of radius a moves its
 * surroundings by
 *
 *   u = C a^2 (k E/z + conj(E) z/conj(z)^2 - a^2 conj(E)/conj(z)^3) + d a^2/(2 (1 - nu) conj(z))
 *
 * with k = 3 - 4 nu, C = 1/(4 (1 - nu)): Kolosov's and Muskhelishvili's form with the potentials a^2 C E/z and one in
 * 1/z^3. Then trace = 2 Re du/dz and deviator = du/d conj(z), with z = r exp(i phi):
 *
 *   trace    = -(1 - 2 nu)/(1 - nu) { d m + A2/r^2 Re(E exp(-2 i phi)) }
 *   deviator = C { -m E + (3 A4/r^4 - 2 A2/r^2) conj(E) exp(4 i phi) - 2 d A2/r^2 exp(2 i phi) }
 *
 * where m = 1, A2 = A4 = 0 inside (eigenstrain subtracted) and m = 0, A2 = a^2, A4 = a^4 outside. Any eigenstrain of
 * the form m(r) is a sum of discs, whose strains add: A2 and A4 are then the moments of a^2 and a^4 over the discs
 * with a < r, and m the part of the discs with a > r.
 *
 * J. D. Eshelby, Proc. R. Soc. A 241, 376 (1957); R. Dasgupta, H. G. E. Hentschel, I. Procaccia, Phys. Rev. E 87, 022810
 * (2013). */
typedef struct moments {
    double m, a2, a4; /* A2/r^2 and A4/r^4 */
} moments;

/* Discs of radius a + rim z, z standard normal: their truncated moments, E[z^k; z < b]. */
static moments hard(const vtr_core *core, double r)
{
    double a = core->radius_nm, rim = core->rim_nm;
    if (!(rim > 0) || fabs(r - a) > 8 * rim) {
        double q = r > a ? a / r : 0;
        /* far outside the rim's width still adds to the mean square radius */
        double q2 = r > a && rim > 0 ? (a * a + rim * rim) / (r * r) : q * q;
        double q4 = r > a && rim > 0 ? (pow(a, 4) + 6 * a * a * rim * rim + 3 * pow(rim, 4)) / pow(r, 4)
                                     : q * q * q * q;
        return (moments){r > a ? 0 : 1, q2, q4};
    }
    double b = (r - a) / rim, p = 0.5 * erfc(-b / sqrt(2)), g = exp(-0.5 * b * b) / sqrt(2 * VTR_PI);
    double m1 = -g, m2 = p - b * g, m3 = -(b * b + 2) * g, m4 = 3 * p - (b * b * b + 3 * b) * g;
    double a2 = a * a * p + 2 * a * rim * m1 + rim * rim * m2;
    double a4 = pow(a, 4) * p + 4 * pow(a, 3) * rim * m1 + 6 * a * a * rim * rim * m2 +
                4 * a * pow(rim, 3) * m3 + pow(rim, 4) * m4;
    return (moments){1 - p, a2 / (r * r), a4 / pow(r, 4)};
}

/* m = exp(-w), w = (r/a)^2: discs with the density 2 a'/a^2 exp(-(a'/a)^2). */
static moments gaussian(const vtr_core *core, double r)
{
    double w = r * r / (core->radius_nm * core->radius_nm), e = exp(-w);
    if (w < 1e-4) return (moments){e, w / 2 - w * w / 3, w / 3}; /* where the differences below lose digits */
    return (moments){e, (1 - (1 + w) * e) / w, (2 - (2 + 2 * w + w * w) * e) / (w * w)};
}

static moments moments_at(const vtr_core *core, double r)
{
    if (core->form == VTR_CORE_GAUSSIAN) return gaussian(core, r);
    return r > 0 ? hard(core, r) : (moments){1, 0, 0};
}

double vtr_core_filling(const vtr_core *core, double r_nm)
{
    return moments_at(core, r_nm).m;
}

void vtr_core_strain(double basis[VTR_TCS][3], const vtr_core *core, double y_nm, double x_nm)
{
    double nu = core->poisson, k = (1 - 2 * nu) / (1 - nu), scale = 1 / (4 * (1 - nu));
    double r = hypot(x_nm, y_nm), cosine = r > 0 ? x_nm / r : 1, sine = r > 0 ? y_nm / r : 0;
    double c2 = cosine * cosine - sine * sine, s2 = 2 * cosine * sine;
    double c4 = c2 * c2 - s2 * s2, s4 = 2 * c2 * s2;
    moments at = moments_at(core, r);
    double g = 3 * at.a4 - 2 * at.a2;
    basis[VTR_T][0] = -k * at.a2 * c2;
    basis[VTR_T][1] = -k * at.a2 * s2;
    basis[VTR_T][2] = -k * at.m;
    basis[VTR_C][0] = scale * (g * c4 - at.m);
    basis[VTR_C][1] = scale * g * s4;
    basis[VTR_C][2] = -2 * scale * at.a2 * c2;
    basis[VTR_S][0] = scale * g * s4;
    basis[VTR_S][1] = -scale * (g * c4 + at.m);
    basis[VTR_S][2] = -2 * scale * at.a2 * s2;
}

void vtr_core_displacement(double u_yx[2], const vtr_core *core, const double amplitude[3], double y_nm,
                           double x_nm)
{
    double nu = core->poisson, scale = 1 / (4 * (1 - nu)), r = hypot(x_nm, y_nm);
    moments at = moments_at(core, r);
    double complex z = x_nm + I * y_nm, e = amplitude[0] + I * amplitude[1], u = 0;
    double d = amplitude[2];
    u = at.m * ((3 - 4 * nu) * scale * e * conj(z) + 2 * scale * d * z);
    if (r > 0) {
        double complex unit = z / r; /* |z|^n cancels against the r^n of the moments */
        u += scale * r *
             (at.a2 * ((3 - 4 * nu) * e * conj(unit) + conj(e) * unit * unit * unit) -
              at.a4 * conj(e) * unit * unit * unit + 2 * d * at.a2 * unit);
    }
    u_yx[0] = cimag(u);
    u_yx[1] = creal(u);
}
