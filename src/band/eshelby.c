/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"

#include <complex.h>
#include <string.h>

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

/* Which side of a hard rim a position saw is not known within a width: the mean of the disc's own fields inside and
 * outside, weighted by how likely each is. Discs of many radii instead, of which a smeared rim is the sum, have larger
 * moments than one, A4 by 6 (rim/a)^2: with them radii come out too small and shears too large, by 5 % for a rim of 1.7 nm
 * about 15 nm. */
static moments hard(const vtr_core *core, double r)
{
    double a = core->radius_nm, rim = core->rim_nm, q2 = a * a / (r * r);
    double outside = rim > 0 ? 0.5 * erfc((a - r) / (sqrt(2) * rim)) : r > a ? 1 : 0;
    if (a - r > 8 * rim && r <= a) return (moments){1, 0, 0};
    return (moments){1 - outside, outside * q2, outside * q2 * q2};
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

/* The strain of these moments at (y, x). */
static void strain_of(double basis[VTR_TCS][3], const moments *at, double poisson, double y_nm, double x_nm)
{
    double k = (1 - 2 * poisson) / (1 - poisson), scale = 1 / (4 * (1 - poisson));
    double r = hypot(x_nm, y_nm), cosine = r > 0 ? x_nm / r : 1, sine = r > 0 ? y_nm / r : 0;
    double c2 = cosine * cosine - sine * sine, s2 = 2 * cosine * sine;
    double c4 = c2 * c2 - s2 * s2, s4 = 2 * c2 * s2, g = 3 * at->a4 - 2 * at->a2;
    basis[VTR_T][0] = -k * at->a2 * c2;
    basis[VTR_T][1] = -k * at->a2 * s2;
    basis[VTR_T][2] = -k * at->m;
    basis[VTR_C][0] = scale * (g * c4 - at->m);
    basis[VTR_C][1] = scale * g * s4;
    basis[VTR_C][2] = -2 * scale * at->a2 * c2;
    basis[VTR_S][0] = scale * g * s4;
    basis[VTR_S][1] = -scale * (g * c4 + at->m);
    basis[VTR_S][2] = -2 * scale * at->a2 * s2;
}

static bool is_ellipse(const vtr_core *core)
{
    return core->form == VTR_CORE_HARD && (core->ellipticity[0] != 0 || core->ellipticity[1] != 0);
}

double vtr_core_sides(double in[VTR_TCS][3], double out[VTR_TCS][3], const vtr_core *core, double y_nm,
                      double x_nm)
{
    if (is_ellipse(core)) return vtr_ellipse_sides(in, out, core, y_nm, x_nm);
    double r = hypot(y_nm, x_nm), q = core->radius_nm / fmax(r, 1e-3 * core->radius_nm);
    strain_of(in, &(moments){1, 0, 0}, core->poisson, y_nm, x_nm);
    strain_of(out, &(moments){0, q * q, q * q * q * q}, core->poisson, y_nm, x_nm);
    return r - core->radius_nm;
}

static void strain_at_point(double basis[VTR_TCS][3], const vtr_core *core, double y_nm, double x_nm)
{
    if (!is_ellipse(core)) {
        moments at = moments_at(core, hypot(x_nm, y_nm));
        strain_of(basis, &at, core->poisson, y_nm, x_nm);
        return;
    }
    double in[VTR_TCS][3], distance = vtr_ellipse_sides(in, basis, core, y_nm, x_nm);
    double p = core->rim_nm > 0 ? 0.5 * erfc(-distance / (sqrt(2) * core->rim_nm)) : distance > 0 ? 1 : 0;
    for (int j = 0; j < VTR_TCS; j++)
        for (int k = 0; k < 3; k++)
            basis[j][k] = p > 1e-15 ? p * basis[j][k] + (1 - p) * in[j][k] : in[j][k];
}

static double distance_from_rim(const vtr_core *core, double y_nm, double x_nm)
{
    double in[VTR_TCS][3], out[VTR_TCS][3];
    return is_ellipse(core) ? vtr_ellipse_sides(in, out, core, y_nm, x_nm)
                            : hypot(y_nm, x_nm) - core->radius_nm;
}

/* The mean over n x n points of the probe, `first` and `apart` in nm. */
static void mean_of_points(double basis[VTR_TCS][3], const vtr_core *core, double y_nm, double x_nm, int n,
                           double first, double apart)
{
    double at[VTR_TCS][3];
    memset(basis, 0, VTR_TCS * sizeof basis[0]);
    for (int i = 0; i < n * n; i++) {
        strain_at_point(at, core, y_nm + first + apart * (i / n), x_nm + first + apart * (i % n));
        for (int j = 0; j < VTR_TCS; j++)
            for (int k = 0; k < 3; k++)
                basis[j][k] += at[j][k] / (n * n);
    }
}

/* Of a square that the rim crosses, that of its parts inside and outside, by 5 x 5 points whose own parts are told apart
 * softly, so that the mean is smooth in the place of the rim; beside the core, where the field bends within the square,
 * by Gauss' 2 x 2 points. Far away and inside the field is as good as linear. */
void vtr_core_strain(double basis[VTR_TCS][3], const vtr_core *core, double y_nm, double x_nm)
{
    enum { SUB = 5 };
    double w = core->probe_nm, part = w / SUB, reach = w / 2 * sqrt(2) + 4 * (core->rim_nm + part / 2);
    if (w <= 0) {
        strain_at_point(basis, core, y_nm, x_nm);
        return;
    }
    double distance = distance_from_rim(core, y_nm, x_nm);
    vtr_core soft = *core;
    soft.rim_nm = fmax(core->rim_nm, 0.4 * part);
    if (core->form == VTR_CORE_HARD && fabs(distance) < reach)
        mean_of_points(basis, &soft, y_nm, x_nm, SUB, (part - w) / 2, part);
    else if (distance < 3 * core->radius_nm && (distance > 0 || core->form != VTR_CORE_HARD))
        mean_of_points(basis, core, y_nm, x_nm, 2, -w / sqrt(12), w / sqrt(3));
    else
        strain_at_point(basis, core, y_nm, x_nm);
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
