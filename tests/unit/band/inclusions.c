/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "scene.h"
#include "vitrail/constants.h"

/* The inclusion found within a radius of one of the truth; NULL where there is none. */
static const vtr_inclusion *find(const vtr_inclusions *in, const vtr_twin_inclusion *truth)
{
    for (size_t i = 0; i < in->n; i++)
        if (hypot(in->list[i].y_nm - truth->centre_y_nm, in->list[i].x_nm - truth->centre_x_nm) <
            truth->radius_nm)
            return &in->list[i];
    return NULL;
}

static bool is_inside(const scene *s, const vtr_twin_inclusion *q)
{
    return q->centre_y_nm > 0 && q->centre_x_nm > 0 &&
           q->centre_y_nm < s->maps.step_nm[0] * (double)(s->maps.n_y - 1) &&
           q->centre_x_nm < s->maps.step_nm[1] * (double)(s->maps.n_x - 1);
}

static void compute(vtr_inclusions *in, scene *s, const char *preset, const vtr_twin_params *twin,
                    double noise, double poisson)
{
    vtr_error err;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.poisson = poisson;
    assert_ok(scene_make(s, preset, twin, noise, 5, &err));
    assert_ok(vtr_inclusions_find(in, &s->maps, &params, NULL, &err));
}

/* At 1e5 electrons: all three, and no others; within four errors of the truth (one in 16000 is not), and within what
 * the task asks for. */
static void inclusions_of_a_band_are_found(void **state)
{
    (void)state;
    scene s;
    vtr_inclusions in;
    const vtr_twin_inclusion *list;
    compute(&in, &s, "fe-band", NULL, 1, 0.32);
    size_t n = vtr_twin_inclusions(s.twin, &list), n_inside = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_inside(&s, &list[i])) continue;
        n_inside++;
        const vtr_inclusion *q = find(&in, &list[i]);
        assert_non_null(q);
        assert_near(q->y_nm, list[i].centre_y_nm, fmin(3, 4 * q->y_error_nm));
        assert_near(q->x_nm, list[i].centre_x_nm, fmin(3, 4 * q->x_error_nm));
        assert_near(q->radius_nm, list[i].radius_nm, fmin(3, 4 * q->radius_error_nm));
        assert_near(q->shear, list[i].shear, 4 * q->shear_error);
        assert_near(q->angle_degrees, list[i].angle_degrees, 4 * q->angle_error_degrees);
        assert_near(q->dilation, list[i].dilation, 4 * q->dilation_error);
        assert_true(q->shear > 3 * q->shear_error);
    }
    assert_int_equal(n_inside, 3);
    assert_int_equal(in.n, n_inside);
    vtr_inclusions_release(&in);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusions_of_a_band_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
