/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "band/band_internal.h"
#include "scene.h"
#include "vitrail/constants.h"

/* Elliptical inclusions found, and told from round ones. */

/* One of half axes 22 and 11 nm in the noise and matrix of scene_make_one, with a sharp rim, sampled at points. */
static void make_ellipse(scene *s, vtr_core *core, double angle, uint64_t seed)
{
    vtr_error err;
    vtr_twin_inclusion none;
    size_t n = SCENE_ONE_SIDE * SCENE_ONE_SIDE;
    double m = 1. / 3, twice = 2 * angle * VTR_RADIANS_PER_DEGREE;
    assert_ok(scene_make_one(s, &none, 0, seed, &err));
    *core = (vtr_core){
        .radius_nm = sqrt(22. * 11), .poisson = 0.33, .ellipticity = {m * cos(twice), m * sin(twice)}};
    for (size_t i = 0; i < n; i++) {
        double in[VTR_TCS][3], out[VTR_TCS][3], e[VTR_TCS];
        bool is_inside = vtr_ellipse_sides(in, out, core, 5.8 * (double)(i / SCENE_ONE_SIDE) - 118,
                                           5.8 * (double)(i % SCENE_ONE_SIDE) - 121) < 0;
        for (int j = 0; j < VTR_TCS; j++) /* shear 0.02 at 0 degrees, dilation 0.01 */
            e[j] = 0.02 * (is_inside ? in : out)[j][0] + 0.01 * (is_inside ? in : out)[j][2];
        s->memory[i] += (float)(e[VTR_T] / 2 + e[VTR_C]);
        s->memory[n + i] += (float)(e[VTR_T] / 2 - e[VTR_C]);
        s->memory[2 * n + i] += (float)e[VTR_S];
    }
}

static vtr_inclusion find_one(const scene *s)
{
    vtr_error err;
    vtr_inclusions in;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.radius_nm[0] = 10;
    params.radius_nm[1] = 20;
    assert_ok(vtr_inclusions_find(&in, &s->maps, &params, NULL, &err));
    assert_int_equal(in.n, 1);
    vtr_inclusion q = in.list[0];
    vtr_inclusions_release(&in);
    return q;
}

/* Within four errors (one in 16000 is not), which are small against what there is to tell. */
static void an_ellipse_is_found_with_its_axes(void **state)
{
    (void)state;
    static const double angles[] = {20, -65};
    for (uint64_t k = 0; k < 2; k++) {
        scene s;
        vtr_core core;
        make_ellipse(&s, &core, angles[k], 40 + k);
        vtr_inclusion q = find_one(&s);
        print_message("chi^2 %.1f: aspect %.2f ± %.2f, axis %.1f ± %.1f degrees, shear %.4f ± %.4f\n",
                      q.ellipse_chi2, q.aspect, q.aspect_error, q.long_axis_degrees,
                      q.long_axis_error_degrees, q.shear, q.shear_error);
        assert_true(q.is_elliptical);
        assert_near(q.aspect, 2, 4 * q.aspect_error);
        assert_near(remainder(q.long_axis_degrees - angles[k], 180), 0, 4 * q.long_axis_error_degrees);
        assert_true(q.aspect_error < 0.25 && q.long_axis_error_degrees < 6);
        assert_near(q.radius_nm, core.radius_nm, 4 * q.radius_error_nm);
        assert_near(q.shear, 0.02, 4 * q.shear_error);
        assert_near(q.dilation, 0.01, 4 * q.dilation_error);
        assert_near(remainder(q.angle_degrees, 180), 0, 4 * q.angle_error_degrees);
        scene_release(&s);
    }
}

static void a_disc_stays_one(void **state)
{
    (void)state;
    for (uint64_t seed = 60; seed < 63; seed++) {
        scene s;
        vtr_error err;
        vtr_twin_inclusion truth;
        assert_ok(scene_make_one(&s, &truth, 2, seed, &err));
        vtr_inclusion q = find_one(&s);
        print_message("chi^2 %.1f\n", q.ellipse_chi2);
        assert_false(q.is_elliptical);
        assert_near(q.aspect, 1, 0);
        assert_true(isnan(q.aspect_error) && isnan(q.long_axis_degrees));
        scene_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ellipse_is_found_with_its_axes),
        cmocka_unit_test(a_disc_stays_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
