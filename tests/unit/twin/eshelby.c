/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "twin/eshelby_internal.h"
#include "vitrail/constants.h"

static const vtr_twin_inclusion model = {
    .radius_nm = 15, .shear = 0.02, .angle_degrees = 33, .dilation = 0.007, .poisson = 0.31};

/* Hooke's law in plane strain with shear modulus 1: [sxx, syy, sxy]. */
static void stress_at(const vtr_twin_inclusion *inclusion, double y, double x, double stress[3])
{
    double e[3], lambda = 2 * inclusion->poisson / (1 - 2 * inclusion->poisson);
    vtr_eshelby_elastic_strain(inclusion, y, x, e);
    stress[0] = lambda * (e[0] + e[1]) + 2 * e[0];
    stress[1] = lambda * (e[0] + e[1]) + 2 * e[1];
    stress[2] = 2 * e[2];
}

/* The strain is the symmetric gradient of the displacement outside, and that less the eigenstrain inside. */
static void strain_is_the_gradient_of_the_displacement(void **state)
{
    (void)state;
    double h = 1e-4, angle = 2 * model.angle_degrees * VTR_RADIANS_PER_DEGREE;
    const double eigen[3] = {model.shear * cos(angle) + model.dilation,
                             -model.shear * cos(angle) + model.dilation, model.shear * sin(angle)};
    const double at[][2] = {{20, 3}, {-9, 17}, {4, -60}, {-31, -22}, {3, 2}, {-6, 11}};
    for (size_t i = 0; i < 6; i++) {
        double y = at[i][0], x = at[i][1], xp[2], xm[2], yp[2], ym[2], e[3];
        double inside = hypot(y, x) < model.radius_nm ? 1 : 0;
        vtr_eshelby_displacement(&model, y, x + h, xp);
        vtr_eshelby_displacement(&model, y, x - h, xm);
        vtr_eshelby_displacement(&model, y + h, x, yp);
        vtr_eshelby_displacement(&model, y - h, x, ym);
        vtr_eshelby_elastic_strain(&model, y, x, e);
        assert_near(e[0], (xp[1] - xm[1]) / (2 * h) - inside * eigen[0], 1e-8);
        assert_near(e[1], (yp[0] - ym[0]) / (2 * h) - inside * eigen[1], 1e-8);
        assert_near(e[2], (xp[0] - xm[0] + yp[1] - ym[1]) / (4 * h) - inside * eigen[2], 1e-8);
    }
}

static void stress_is_in_equilibrium(void **state)
{
    (void)state;
    double h = 1e-3;
    for (double r = 15.5; r < 100; r *= 1.3)
        for (double phi = 0.1; phi < 6; phi += 0.7) {
            double y = r * sin(phi), x = r * cos(phi), xp[3], xm[3], yp[3], ym[3];
            stress_at(&model, y, x + h, xp);
            stress_at(&model, y, x - h, xm);
            stress_at(&model, y + h, x, yp);
            stress_at(&model, y - h, x, ym);
            assert_near((xp[0] - xm[0] + yp[2] - ym[2]) / (2 * h), 0, 1e-8);
            assert_near((xp[2] - xm[2] + yp[1] - ym[1]) / (2 * h), 0, 1e-8);
        }
}

static void displacement_and_traction_are_continuous(void **state)
{
    (void)state;
    for (double phi = 0; phi < 6.2; phi += 0.3) {
        double c = cos(phi), s = sin(phi), inner = 15 * (1 - 1e-9), outer = 15 * (1 + 1e-9);
        double ui[2], uo[2], ti[3], to[3];
        vtr_eshelby_displacement(&model, inner * s, inner * c, ui);
        vtr_eshelby_displacement(&model, outer * s, outer * c, uo);
        assert_near(ui[0], uo[0], 1e-8);
        assert_near(ui[1], uo[1], 1e-8);
        stress_at(&model, inner * s, inner * c, ti);
        stress_at(&model, outer * s, outer * c, to);
        assert_near(ti[0] * c + ti[2] * s, to[0] * c + to[2] * s, 1e-8);
        assert_near(ti[2] * c + ti[1] * s, to[2] * c + to[1] * s, 1e-8);
    }
}

/* Far out the shear strain along the inclusion's own frame goes as cos(4 phi) / r^2. */
static void far_field_is_quadrupolar(void **state)
{
    (void)state;
    vtr_twin_inclusion inclusion = model;
    inclusion.dilation = 0;
    inclusion.angle_degrees = 45; /* E = shear * (xy) */
    double strain[3], near[3];
    double scale = 2 * inclusion.shear * 225 / (4 * (1 - inclusion.poisson));
    for (double phi = 0; phi < 6.2; phi += 0.2) {
        double r = 1500;
        vtr_eshelby_elastic_strain(&inclusion, r * sin(phi), r * cos(phi), strain);
        /* d/dx, d/dy of 2 a^2 shear C [(1 - 2 nu) (y, x)/r^2 + 2 x y (x, y)/r^4], C = 1/(4 (1 - nu)) */
        assert_near(strain[2] * r * r / scale, cos(4 * phi), 2e-3);
        vtr_eshelby_elastic_strain(&inclusion, 0.5 * r * sin(phi), 0.5 * r * cos(phi), near);
        assert_near(near[2], 4 * strain[2], 1e-3 * scale / (r * r) * 16);
    }
}

static void turning_the_inclusion_turns_the_field(void **state)
{
    (void)state;
    double turn = 0.7, c = cos(turn), s = sin(turn), e[3], f[3];
    vtr_twin_inclusion turned = model;
    turned.angle_degrees += turn / VTR_RADIANS_PER_DEGREE;
    const double at[][2] = {{20, 3}, {-9, 17}, {4, -60}, {3, 2}};
    for (size_t i = 0; i < 4; i++) {
        double y = at[i][0], x = at[i][1];
        vtr_eshelby_elastic_strain(&model, y, x, e);
        vtr_eshelby_elastic_strain(&turned, s * x + c * y, c * x - s * y, f);
        assert_near(f[0], c * c * e[0] + s * s * e[1] - 2 * c * s * e[2], 1e-12);
        assert_near(f[1], s * s * e[0] + c * c * e[1] + 2 * c * s * e[2], 1e-12);
        assert_near(f[2], c * s * (e[0] - e[1]) + (c * c - s * s) * e[2], 1e-12);
    }
}

/* A dilating inclusion pushes its surroundings out without changing their area, and is itself compressed. */
static void dilation_is_isochoric_outside(void **state)
{
    (void)state;
    vtr_twin_inclusion inclusion = model;
    inclusion.shear = 0;
    double e[3];
    vtr_eshelby_elastic_strain(&inclusion, 0, 30, e);
    assert_near(e[0] + e[1], 0, 1e-15);
    assert_true(e[0] < 0 && e[1] > 0);
    vtr_eshelby_elastic_strain(&inclusion, 0, 5, e);
    assert_near(e[0], inclusion.dilation * (1 / (2 * (1 - 0.31)) - 1), 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strain_is_the_gradient_of_the_displacement),
        cmocka_unit_test(stress_is_in_equilibrium),
        cmocka_unit_test(displacement_and_traction_are_continuous),
        cmocka_unit_test(far_field_is_quadrupolar),
        cmocka_unit_test(turning_the_inclusion_turns_the_field),
        cmocka_unit_test(dilation_is_isochoric_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
