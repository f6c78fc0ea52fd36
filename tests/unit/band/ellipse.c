/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"
#include "support.h"
#include "vitrail/constants.h"

/* The field of an elliptical inclusion, held to what any elastic field obeys. Half axes 24 and 12 nm, the long one at 25
 * degrees; all three parts of the eigenstrain. */
static const double amplitude[3] = {0.012, -0.007, 0.005};
static const double half_axes[2] = {24, 12}, long_axis = 25 * VTR_RADIANS_PER_DEGREE;

static vtr_core core_of(double a, double b, double angle)
{
    double m = (a - b) / (a + b);
    return (vtr_core){
        .radius_nm = sqrt(a * b), .poisson = 0.31, .ellipticity = {m * cos(2 * angle), m * sin(2 * angle)}};
}

static void strain_at(double e[3], const vtr_core *core, double y, double x)
{
    double in[VTR_TCS][3], out[VTR_TCS][3];
    bool is_inside = vtr_ellipse_sides(in, out, core, y, x) < 0;
    for (int j = 0; j < 3; j++) {
        e[j] = 0;
        for (int k = 0; k < 3; k++)
            e[j] += amplitude[k] * (is_inside ? in[j][k] : out[j][k]);
    }
}

/* Hooke's law in plane strain with shear modulus 1: sxx, syy, sxy. */
static void stress_at(double s[3], const vtr_core *core, double y, double x)
{
    double e[3], k = 1 / (1 - 2 * core->poisson);
    strain_at(e, core, y, x);
    s[0] = k * e[VTR_T] + 2 * e[VTR_C];
    s[1] = k * e[VTR_T] - 2 * e[VTR_C];
    s[2] = 2 * e[VTR_S];
}

/* (y, x) of the point `part` times as far out as the rim, at the ellipse's own angle. */
static void place(double at[2], double part, double phi)
{
    double u = part * half_axes[0] * cos(phi), v = part * half_axes[1] * sin(phi);
    at[0] = u * sin(long_axis) + v * cos(long_axis);
    at[1] = u * cos(long_axis) - v * sin(long_axis);
}

/* Differences over 2e-3 nm are wrong by h^2 f'''/6: below 1e-10 of strains of 1e-2 that change over nm. */
static void stress_is_in_equilibrium(void **state)
{
    (void)state;
    vtr_core core = core_of(half_axes[0], half_axes[1], long_axis);
    double h = 1e-3;
    for (double part = 0.2; part < 9; part *= 1.17)
        for (double phi = 0.1; phi < 6; phi += 0.7) {
            double at[2], xp[3], xm[3], yp[3], ym[3];
            place(at, part, phi);
            stress_at(xp, &core, at[0], at[1] + h);
            stress_at(xm, &core, at[0], at[1] - h);
            stress_at(yp, &core, at[0] + h, at[1]);
            stress_at(ym, &core, at[0] - h, at[1]);
            assert_near((xp[0] - xm[0] + yp[2] - ym[2]) / (2 * h), 0, 1e-8);
            assert_near((xp[2] - xm[2] + yp[1] - ym[1]) / (2 * h), 0, 1e-8);
        }
}

static void strain_is_that_of_the_displacement(void **state)
{
    (void)state;
    vtr_core core = core_of(half_axes[0], half_axes[1], long_axis);
    double h = 1e-4;
    for (double part = 0.15; part < 9; part *= 1.23)
        for (double phi = 0.2; phi < 6; phi += 0.9) {
            double at[2], xp[2], xm[2], yp[2], ym[2], e[3], m = part < 1 ? 1 : 0;
            place(at, part, phi);
            vtr_ellipse_displacement(xp, &core, amplitude, at[0], at[1] + h);
            vtr_ellipse_displacement(xm, &core, amplitude, at[0], at[1] - h);
            vtr_ellipse_displacement(yp, &core, amplitude, at[0] + h, at[1]);
            vtr_ellipse_displacement(ym, &core, amplitude, at[0] - h, at[1]);
            strain_at(e, &core, at[0], at[1]);
            double xx = (xp[1] - xm[1]) / (2 * h), yy = (yp[0] - ym[0]) / (2 * h),
                   xy = (xp[0] - xm[0] + yp[1] - ym[1]) / (4 * h);
            assert_near(e[VTR_T], xx + yy - 2 * amplitude[2] * m, 1e-8);
            assert_near(e[VTR_C], (xx - yy) / 2 - amplitude[0] * m, 1e-8);
            assert_near(e[VTR_S], xy - amplitude[1] * m, 1e-8);
        }
}

static void displacement_and_traction_are_continuous_at_the_rim(void **state)
{
    (void)state;
    vtr_core core = core_of(half_axes[0], half_axes[1], long_axis);
    for (double phi = 0; phi < 6.2; phi += 0.3) {
        double in[2], out[2], u[2], v[2], p[3], q[3];
        place(in, 1 - 1e-9, phi);
        place(out, 1 + 1e-9, phi);
        vtr_ellipse_displacement(u, &core, amplitude, in[0], in[1]);
        vtr_ellipse_displacement(v, &core, amplitude, out[0], out[1]);
        assert_near(u[0], v[0], 1e-8);
        assert_near(u[1], v[1], 1e-8);
        /* the normal of the ellipse at its own angle phi is (cos/a, sin/b) */
        double nu = cos(phi) / half_axes[0], nv = sin(phi) / half_axes[1], n = hypot(nu, nv);
        double nx = (nu * cos(long_axis) - nv * sin(long_axis)) / n,
               ny = (nu * sin(long_axis) + nv * cos(long_axis)) / n;
        stress_at(p, &core, in[0], in[1]);
        stress_at(q, &core, out[0], out[1]);
        assert_near(p[0] * nx + p[2] * ny, q[0] * nx + q[2] * ny, 1e-8);
        assert_near(p[2] * nx + p[1] * ny, q[2] * nx + q[1] * ny, 1e-8);
    }
}

/* Far away its area alone counts: exy of an exy eigenstrain goes as cos(4 phi)/r^2 with that of the disc of radius sqrt(ab),
 * up to terms of (a/r)^2 = 2.6e-4. */
static void far_field_is_a_quadrupole(void **state)
{
    (void)state;
    vtr_core core = core_of(half_axes[0], half_axes[1], long_axis);
    double scale = 2 * half_axes[0] * half_axes[1] / (4 * (1 - 0.31)), r = 1500;
    for (double phi = 0; phi < 6.2; phi += 0.2) {
        double in[VTR_TCS][3], out[VTR_TCS][3];
        vtr_ellipse_sides(in, out, &core, r * sin(phi), r * cos(phi));
        assert_near(out[VTR_S][1] * r * r / scale, cos(4 * phi), 2e-3);
        vtr_ellipse_sides(in, out, &core, 0.5 * r * sin(phi), 0.5 * r * cos(phi));
        assert_near(out[VTR_S][1] * r * r / (4 * scale), cos(4 * phi), 8e-3);
    }
}

static void without_ellipticity_it_is_the_disc(void **state)
{
    (void)state;
    const vtr_core disc = {.radius_nm = 15, .poisson = 0.31};
    for (double r = 1; r < 90; r *= 1.3)
        for (double phi = 0; phi < 6.2; phi += 0.5) {
            double in[VTR_TCS][3], out[VTR_TCS][3], known[VTR_TCS][3];
            double distance = vtr_ellipse_sides(in, out, &disc, r * sin(phi), r * cos(phi));
            assert_near(distance, r - 15, 1e-9);
            vtr_core_strain(known, &disc, r * sin(phi), r * cos(phi));
            for (int j = 0; j < 9; j++)
                assert_near((r < 15 ? in : out)[j / 3][j % 3], known[j / 3][j % 3], 1e-9);
        }
}

/* Eshelby's tensor of an elliptical cylinder in plane strain, from his surface integrals: with eigenstrain exx alone,
 * S_xxxx = [(b^2 + 2 a b)/(a + b)^2 + (1 - 2 nu) b/(a + b)]/(2 (1 - nu)) and
 * S_yyxx = [a^2/(a + b)^2 - (1 - 2 nu) a/(a + b)]/(2 (1 - nu)); T. Mura, Micromechanics of Defects in Solids (1987), (11.22). */
static void inside_is_the_tensor_of_eshelby(void **state)
{
    (void)state;
    double a = 24, b = 12, nu = 0.31, in[VTR_TCS][3], out[VTR_TCS][3], s = (a + b) * (a + b);
    vtr_core core = core_of(a, b, 0);
    vtr_ellipse_sides(in, out, &core, 2, 3);
    double xx = ((b * b + 2 * a * b) / s + (1 - 2 * nu) * b / (a + b)) / (2 * (1 - nu)) - 1,
           yy = (a * a / s - (1 - 2 * nu) * a / (a + b)) / (2 * (1 - nu));
    /* exx = 1 is c = 1/2 and d = 1/2 */
    assert_near((in[VTR_T][0] + in[VTR_T][2]) / 2, xx + yy, 1e-12);
    assert_near((in[VTR_C][0] + in[VTR_C][2]) / 2, (xx - yy) / 2, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_is_in_equilibrium),
        cmocka_unit_test(strain_is_that_of_the_displacement),
        cmocka_unit_test(displacement_and_traction_are_continuous_at_the_rim),
        cmocka_unit_test(far_field_is_a_quadrupole),
        cmocka_unit_test(without_ellipticity_it_is_the_disc),
        cmocka_unit_test(inside_is_the_tensor_of_eshelby),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
