/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "scene.h"
#include "twin/eshelby_internal.h"
#include "vitrail/constants.h"

/* Of 36 values within so many errors one in 50000 such tests fails by chance. */
#define ERRORS 5

/* Maps that are harder than a straight band in the middle: two bands that cross, a hole where a core is, a band at
 * the edge. */
enum { SIDE = 64, N = SIDE * SIDE, ON_BAND = 3 };
#define STEP 5.8
static const double angles[2] = {25, -50}, places[ON_BAND] = {-130, 70, 140};

static void make_matrix(scene *s)
{
    vtr_error err;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = SIDE;
    params.pattern[0] = params.pattern[1] = 32;
    params.matrix_strain = 3e-4;
    params.matrix_length_nm = 25;
    params.seed = 6;
    assert_ok(scene_make(s, "rings", &params, 1, 1006, &err));
}

/* Of a band in this direction, which is one of the largest shear stress. */
static vtr_twin_inclusion inclusion(double band_degrees)
{
    return (vtr_twin_inclusion){.radius_nm = 15,
                                .shear = 0.016,
                                .dilation = 0.006,
                                .poisson = 0.33,
                                .angle_degrees = band_degrees + 45};
}

static void add(scene *s, const vtr_twin_inclusion *q)
{
    for (size_t i = 0; i < N; i++) {
        double e[3];
        vtr_eshelby_elastic_strain(q, STEP * (double)(i / SIDE) - q->centre_y_nm,
                                   STEP * (double)(i % SIDE) - q->centre_x_nm, e);
        for (int j = 0; j < 3; j++)
            s->memory[(size_t)j * N + i] += (float)e[j];
    }
}

static void make(scene *s, vtr_twin_inclusion truth[2 * ON_BAND])
{
    make_matrix(s);
    for (int k = 0; k < 2 * ON_BAND; k++) {
        double a = angles[k / ON_BAND] * VTR_RADIANS_PER_DEGREE, at = places[k % ON_BAND];
        truth[k] = inclusion(angles[k / ON_BAND]);
        truth[k].centre_y_nm = STEP * (SIDE / 2) + at * sin(a);
        truth[k].centre_x_nm = STEP * (SIDE / 2) + at * cos(a);
        add(s, &truth[k]);
    }
}

static const vtr_inclusion *nearest(const vtr_inclusions *in, const vtr_twin_inclusion *truth)
{
    for (size_t i = 0; i < in->n; i++)
        if (hypot(in->list[i].y_nm - truth->centre_y_nm, in->list[i].x_nm - truth->centre_x_nm) <
            truth->radius_nm)
            return &in->list[i];
    return NULL;
}

static void find(vtr_inclusions *in, const scene *s)
{
    vtr_error err;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.radius_nm[0] = 10;
    params.radius_nm[1] = 20;
    assert_ok(vtr_inclusions_find(in, &s->maps, &params, NULL, &err));
}

/* All six and no others, three on a band each, in their order, where the truth has them. */
static void inclusions_of_bands_that_cross(void **state)
{
    (void)state;
    scene s;
    vtr_inclusions in;
    vtr_twin_inclusion truth[2 * ON_BAND];
    make(&s, truth);
    find(&in, &s);
    print_message("%zu inclusions, %zu bands, %zu gaps\n", in.n, in.n_bands, in.n_gaps);
    assert_int_equal(in.n, 2 * ON_BAND);
    const vtr_inclusion *of[2 * ON_BAND];
    for (int k = 0; k < 2 * ON_BAND; k++) {
        const vtr_inclusion *q = of[k] = nearest(&in, &truth[k]);
        assert_non_null(q);
        scene_assert_found(q, &truth[k], ERRORS);
    }
    for (int b = 0; b < 2; b++) {
        int band = of[b * ON_BAND]->band;
        assert_true(band >= 0);
        for (int k = 1; k < ON_BAND; k++)
            assert_int_equal(of[b * ON_BAND + k]->band, band);
        assert_near(in.bands[band].angle_degrees, angles[b], 5 * in.bands[band].angle_error_degrees);
    }
    assert_true(of[0]->band != of[ON_BAND]->band);
    assert_int_equal(in.n_gaps, 4);
    vtr_inclusions_release(&in);
    scene_release(&s);
}

/* Without any position of one core: it is found from its field outside, or not at all, and nothing in its place. */
static void a_hole_where_a_core_is(void **state)
{
    (void)state;
    scene s;
    vtr_inclusions in;
    vtr_twin_inclusion truth[2 * ON_BAND];
    make(&s, truth);
    for (size_t i = 0; i < N; i++)
        if (hypot(STEP * (double)(i / SIDE) - truth[0].centre_y_nm,
                  STEP * (double)(i % SIDE) - truth[0].centre_x_nm) < 15)
            s.memory[i] = NAN;
    find(&in, &s);
    const vtr_inclusion *q = nearest(&in, &truth[0]);
    print_message("%zu inclusions, the one in the hole %s\n", in.n, q != NULL ? "is found" : "is not");
    if (q != NULL) {
        print_message("shear %.4f +- %.4f, volumetric %.4f +- %.4f\n", q->shear, q->shear_error,
                      q->volumetric, q->volumetric_error);
        assert_near(q->y_nm, truth[0].centre_y_nm, 5 * q->y_error_nm);
        assert_near(q->x_nm, truth[0].centre_x_nm, 5 * q->x_error_nm);
        assert_near(q->shear, truth[0].shear, 5 * q->shear_error);
        assert_true(isnan(q->volumetric_error) && isnan(q->deviatoric_error)); /* not measured */
    }
    assert_int_equal(in.n, q != NULL ? 2 * ON_BAND : 2 * ON_BAND - 1);
    for (int k = 1; k < 2 * ON_BAND; k++)
        assert_non_null(nearest(&in, &truth[k]));
    vtr_inclusions_release(&in);
    scene_release(&s);
}

/* A line of inclusions along the edge of the map, their centres on its second row of positions so that a third of each
 * core is cut off, and one of them in the corner: what is found is the truth within its errors, all but the one in the corner are,
 * and nothing is invented. */
static void a_band_at_the_edge(void **state)
{
    (void)state;
    scene s;
    vtr_inclusions in;
    vtr_twin_inclusion truth[ON_BAND];
    const double x[ON_BAND] = {STEP * 2, STEP * 25.3, STEP * 44.6};
    make_matrix(&s);
    for (int k = 0; k < ON_BAND; k++) {
        truth[k] = inclusion(0);
        truth[k].centre_y_nm = STEP * 1.4;
        truth[k].centre_x_nm = x[k];
        add(&s, &truth[k]);
    }
    find(&in, &s);
    print_message("%zu inclusions at the edge\n", in.n);
    size_t n_true = 0;
    for (int k = 0; k < ON_BAND; k++) {
        const vtr_inclusion *q = nearest(&in, &truth[k]);
        if (k > 0) assert_non_null(q);
        if (q == NULL) continue;
        scene_assert_found(q, &truth[k], ERRORS);
        n_true++;
    }
    assert_int_equal(in.n, n_true);
    vtr_inclusions_release(&in);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusions_of_bands_that_cross),
        cmocka_unit_test(a_hole_where_a_core_is),
        cmocka_unit_test(a_band_at_the_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
