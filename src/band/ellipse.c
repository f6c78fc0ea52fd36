/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <complex.h>

#include "band/band_internal.h"

/* An elliptical cylinder of half axes a >= b in an unbounded isotropic plane, plane strain, same moduli, with the uniform
 * eigenstrain displacement u* = d z + E conj(z). In the frame of its axes the outside is
 *
 *   z = R (w + m/w), |w| >= 1,      R = (a + b)/2,  m = (a - b)/(a + b),
 *
 * and on the rim conj(z) = m z + (1 - m^2) R/w. Of Kolosov's and Muskhelishvili's potentials, 2 mu u = k phi - z conj(phi')
 * - conj(psi), k = 3 - 4 nu, the traction asks for a continuous phi + z conj(phi') + conj(psi) and the misfit for a jump of
 * u; with both, phi outside less phi inside is 2 mu/(k + 1) (d z + E conj(z)), whose parts outside and inside the
 * rim are read off. In units of 2 mu/(k + 1):
 *
 *   inside   phi = -(d + E m) z                  psi = (conj(E) + (2 d + E m) m) z
 *   outside  phi = E (1 - m^2) R/w               psi = (1 - m^2) R {-(2 d + E m)/w + E (1 + m w^2)/(w (w^2 - m))}
 *
 * from which trace = 4 (1 - 2 nu) C Re phi', deviator = -C (z conj(phi'') + conj(psi')), C = 1/(4 (1 - nu)). The strain inside
 * is the elastic one and uniform. m = 0 is the disc of eshelby.c.
 *
 * N. I. Muskhelishvili, Some Basic Problems of the Mathematical Theory of Elasticity (1953); M. A. Jaswon, R. D. Bhargava,
 * Math. Proc. Camb. Phil. Soc. 57, 669 (1961). */
typedef struct frame {
    double m, scale_nm;    /* R */
    double complex turned; /* exp(-i angle): from the scan's frame to that of the axes */
} frame;

static frame frame_of(const vtr_core *core)
{
    double m = hypot(core->ellipticity[0], core->ellipticity[1]);
    double angle = 0.5 * atan2(core->ellipticity[1], core->ellipticity[0]);
    return (frame){m, core->radius_nm / sqrt(1 - m * m), cexp(-I * angle)};
}

/* The root that is outside the unit circle where z is outside the ellipse. Within the slit between the foci there is none
 * that is continuous, and nothing outside is asked for there. */
static double complex map_outside(const frame *f, double complex z)
{
    double complex v = z / f->scale_nm, root = csqrt(v * v - 4 * f->m);
    double complex w = (v + root) / 2, other = (v - root) / 2;
    return cabs(w) >= cabs(other) ? w : other;
}

typedef struct potentials {
    double complex phi, psi, phi1, psi1, phi2; /* and their derivatives by z */
} potentials;

static potentials inside(const frame *f, double complex z, double complex e, double d)
{
    double complex p = -(d + e * f->m), q = conj(e) + (2 * d + e * f->m) * f->m;
    return (potentials){p * z, q * z, p, q, 0};
}

static potentials outside(const frame *f, double complex w, double complex e, double d)
{
    double m = f->m, r = f->scale_nm, k = 1 - m * m;
    double complex w2 = w * w, q = w2 - m, by_z = w2 / (r * q), c = 2 * d + e * m;
    potentials p;
    p.phi = k * r * e / w;
    p.psi = k * r * (-c / w + e * (1 + m * w2) / (w * q));
    p.phi1 = -k * e / q;
    p.phi2 = by_z * k * e * 2 * w / (q * q);
    double complex slope = (2 * m * w2 * q - (1 + m * w2) * (3 * w2 - m)) / (w2 * q * q);
    p.psi1 = by_z * k * r * (c / w2 + e * slope);
    return p;
}

static void set_column(double basis[VTR_TCS][3], int k, const frame *f, const potentials *p, double complex z,
                       double poisson)
{
    double scale = 1 / (4 * (1 - poisson));
    double complex d = -scale * (z * conj(p->phi2) + conj(p->psi1)) * conj(f->turned) * conj(f->turned);
    basis[VTR_T][k] = 4 * (1 - 2 * poisson) * scale * creal(p->phi1);
    basis[VTR_C][k] = creal(d);
    basis[VTR_S][k] = cimag(d);
}

double vtr_ellipse_sides(double in[VTR_TCS][3], double out[VTR_TCS][3], const vtr_core *core, double y_nm,
                         double x_nm)
{
    frame f = frame_of(core);
    double complex z = (x_nm + I * y_nm) * f.turned, w = map_outside(&f, z);
    const double complex unit[3] = {f.turned * f.turned, I * f.turned * f.turned, 0};
    for (int k = 0; k < 3; k++) {
        double d = k == 2 ? 1 : 0;
        potentials p = inside(&f, z, unit[k], d);
        set_column(in, k, &f, &p, z, core->poisson);
        p = outside(&f, cabs(w) > 0 ? w : 1, unit[k], d);
        set_column(out, k, &f, &p, z, core->poisson);
    }
    return (cabs(w) - 1) * f.scale_nm * cabs(1 - f.m / (w * w));
}

void vtr_ellipse_displacement(double u_yx[2], const vtr_core *core, const double amplitude[3], double y_nm,
                              double x_nm)
{
    frame f = frame_of(core);
    double complex z = (x_nm + I * y_nm) * f.turned, w = map_outside(&f, z);
    double complex e = (amplitude[0] + I * amplitude[1]) * f.turned * f.turned;
    double d = amplitude[2], scale = 1 / (4 * (1 - core->poisson));
    bool is_inside = cabs(w) < 1;
    potentials p = is_inside ? inside(&f, z, e, d) : outside(&f, w, e, d);
    double complex u = scale * ((3 - 4 * core->poisson) * p.phi - z * conj(p.phi1) - conj(p.psi));
    if (is_inside) u += d * z + e * conj(z);
    u *= conj(f.turned);
    u_yx[0] = cimag(u);
    u_yx[1] = creal(u);
}
