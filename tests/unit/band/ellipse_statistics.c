/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "band/band_internal.h"
#include "base/base_internal.h"
#include "scene.h"
#include "vitrail/constants.h"

/* Fits of elliptical inclusions against the truth, over many specimens. The field of the truth is that of the fits, which
 * `band.ellipse` holds to equilibrium, continuity and Eshelby's tensor. VITRAIL_PULLS=120: of as many. */
enum { MAPS = 16, MAPS_MAX = 400, SIDE = 48, N = SIDE * SIDE };
#define STEP 5.8
static const double shear = 0.02, dilation = 0.006, half_axes[2] = {22, 11};

typedef struct ellipse {
    vtr_core core;
    double y, x, angle_degrees, axis_degrees, amplitude[3];
} ellipse;

static void make(scene *s, ellipse *truth, uint64_t seed)
{
    vtr_error err;
    vtr_random random;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = SIDE;
    params.pattern[0] = params.pattern[1] = 32;
    params.matrix_strain = 3e-4;
    params.matrix_length_nm = 25;
    params.seed = seed;
    assert_ok(scene_make(s, "rings", &params, 1, seed + 1000, &err));
    vtr_random_start(&random, seed, 9);
    truth->y = STEP * (23.5 + 4 * vtr_random_uniform(&random));
    truth->x = STEP * (23.5 + 4 * vtr_random_uniform(&random));
    truth->angle_degrees = 180 * vtr_random_uniform(&random) - 90;
    truth->axis_degrees = 180 * vtr_random_uniform(&random) - 90;
    double m = (half_axes[0] - half_axes[1]) / (half_axes[0] + half_axes[1]);
    double axis = 2 * truth->axis_degrees * VTR_RADIANS_PER_DEGREE,
           twice = 2 * truth->angle_degrees * VTR_RADIANS_PER_DEGREE;
    truth->core = (vtr_core){.radius_nm = sqrt(half_axes[0] * half_axes[1]),
                             .poisson = 0.33,
                             .ellipticity = {m * cos(axis), m * sin(axis)}};
    truth->amplitude[0] = shear * cos(twice);
    truth->amplitude[1] = shear * sin(twice);
    truth->amplitude[2] = dilation;
}

static void add(scene *s, const ellipse *truth)
{
    for (size_t i = 0; i < N; i++) {
        double in[VTR_TCS][3], out[VTR_TCS][3], e[VTR_TCS] = {0};
        bool is_inside = vtr_ellipse_sides(in, out, &truth->core, STEP * (double)(i / SIDE) - truth->y,
                                           STEP * (double)(i % SIDE) - truth->x) < 0;
        for (int j = 0; j < VTR_TCS; j++)
            for (int k = 0; k < 3; k++)
                e[j] += truth->amplitude[k] * (is_inside ? in[j][k] : out[j][k]);
        s->memory[i] += (float)(e[0] / 2 + e[1]);
        s->memory[N + i] += (float)(e[0] / 2 - e[1]);
        s->memory[2 * N + i] += (float)e[2];
    }
}

/* What was fitted less the truth, over its error: y, x, radius, shear, direction, dilation, and the two of the ellipticity. */
enum { N_PULLS = 8 };

/* The one at the truth's place; what else there is. */
static const vtr_inclusion *choose(const vtr_inclusions *in, const ellipse *truth, size_t *n_others)
{
    size_t at = in->n;
    for (size_t i = 0; i < in->n; i++)
        if (hypot(in->list[i].y_nm - truth->y, in->list[i].x_nm - truth->x) < 3) at = i;
    assert_true(at < in->n);
    *n_others += in->n - 1;
    return &in->list[at];
}

static void fit(double pull[N_PULLS], size_t *n_others, uint64_t seed)
{
    scene s;
    vtr_error err;
    vtr_inclusions in;
    ellipse truth;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.radius_nm[0] = 10;
    params.radius_nm[1] = 20;
    make(&s, &truth, seed);
    add(&s, &truth);
    assert_ok(vtr_inclusions_find(&in, &s.maps, &params, NULL, &err));
    const vtr_inclusion *q = choose(&in, &truth, n_others);
    assert_true(q->is_elliptical);
    double aspect = half_axes[0] / half_axes[1];
    const double off[N_PULLS] = {q->y_nm - truth.y,
                                 q->x_nm - truth.x,
                                 q->radius_nm - truth.core.radius_nm,
                                 q->shear - shear,
                                 remainder(q->angle_degrees - truth.angle_degrees, 180),
                                 q->dilation - dilation,
                                 q->aspect - aspect,
                                 remainder(q->long_axis_degrees - truth.axis_degrees, 180)};
    const double errors[N_PULLS] = {
        q->y_error_nm,          q->x_error_nm,     q->radius_error_nm, q->shear_error,
        q->angle_error_degrees, q->dilation_error, q->aspect_error,    q->long_axis_error_degrees};
    for (int k = 0; k < N_PULLS; k++)
        pull[k] = off[k] / errors[k];
    assert_true(hypot(off[0], off[1]) < 3);
    assert_near(off[2], 0, 0.2 * truth.core.radius_nm);
    assert_near(off[6], 0, 0.5);
    assert_near(off[7], 0, 15);
    vtr_inclusions_release(&in);
    scene_release(&s);
}

/* Pulls, root mean square: of 16 maps each is known to 18 %, three times that; all eight together, as if they were two, to 13 %.
 * Errors from the curvature of the best minimum alone give 2.4 (y), 1.7 (x), 2.2 (aspect) and 2.4 (axis). */
static void ellipses_are_found_as_such(void **state)
{
    (void)state;
    const char *asked = getenv("VITRAIL_PULLS");
    size_t maps = asked != NULL ? (size_t)fmin(fmax(atof(asked), 2), MAPS_MAX) : MAPS;
    double squares[N_PULLS] = {0}, all = 0;
    size_t n_others = 0;
    for (size_t seed = 0; seed < maps; seed++) {
        double pull[N_PULLS];
        fit(pull, &n_others, seed);
        for (int k = 0; k < N_PULLS; k++)
            squares[k] += pull[k] * pull[k] / (double)maps;
    }
    for (int k = 0; k < N_PULLS; k++) {
        print_message("pull %d: %.3f\n", k, sqrt(squares[k]));
        assert_near(sqrt(squares[k]), 1, 3 / sqrt(2 * (double)maps));
        all += squares[k] / N_PULLS;
    }
    print_message("all %.3f, others %zu\n", sqrt(all), n_others);
    assert_near(sqrt(all), 1, 3 / sqrt(4 * (double)maps));
    assert_true(n_others <= 1 + maps / 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ellipses_are_found_as_such)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
