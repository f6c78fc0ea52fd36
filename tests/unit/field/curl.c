/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"

enum { N = 41 };

typedef struct setting {
    vtr_field field;
    vtr_field_map maps[2]; /* angle, and the curl made of it */
    float angles[N * N], angle_errors[N * N], values[N * N], errors[N * N];
} setting;

/* `direction` in degrees of the position (x, y) from the middle, in nm. */
static void compute(setting *s, double step_y, double step_x, double axis,
                    double (*direction)(double x, double y))
{
    s->maps[0] = (vtr_field_map){.name = "angle", .values = s->angles, .errors = s->angle_errors};
    s->maps[1] = (vtr_field_map){.name = "curl", .values = s->values, .errors = s->errors};
    s->field =
        (vtr_field){.n_y = N, .n_x = N, .n_maps = 2, .maps = s->maps, .scan_step_nm = {step_y, step_x}};
    s->field.params.axis_degrees = axis;
    for (size_t i = 0; i < N * N; i++) {
        double x = ((double)(i % N) - N / 2) * step_x, y = ((double)(i / N) - N / 2) * step_y;
        double degrees = direction(x, y) - axis;
        s->angles[i] = (float)(degrees - 180 * floor((degrees + 90) / 180));
        s->angle_errors[i] = 0;
    }
    vtr_field_curl(&s->maps[1], &s->field);
}

static double around(double x, double y)
{
    return 90 + atan2(y, x) / VTR_RADIANS_PER_DEGREE;
}

static double outwards(double x, double y)
{
    return atan2(y, x) / VTR_RADIANS_PER_DEGREE;
}

static double turning_along_x(double x, double y)
{
    (void)y;
    return 1.5 * x;
}

static double turning_along_y(double x, double y)
{
    (void)x;
    return 1.5 * y;
}

/* Circles about the middle: 1/r, whichever of the two directions along them each director was given. */
static void circles_have_one_over_r(void **state)
{
    (void)state;
    static setting s;
    for (double axis = 0; axis < 180; axis += 37) {
        compute(&s, 2.5, 1.5, axis, around);
        for (size_t i = 0; i < N * N; i++) {
            double x = ((double)(i % N) - N / 2) * 1.5, y = ((double)(i / N) - N / 2) * 2.5, r = hypot(x, y);
            bool at_edge = i % N == 0 || i % N == N - 1 || i / N == 0 || i / N == N - 1;
            if (r > 15 && !at_edge) assert_near(s.values[i], 1 / r, 0.02 / r);
        }
    }
}

/* Whichever of its two directions each director was given: an angle and the angle 180 degrees on are one. */
static void signs_of_directors_do_not_matter(void **state)
{
    (void)state;
    static setting s;
    static float before[N * N];
    compute(&s, 2, 2, 0, around);
    memcpy(before, s.values, sizeof before);
    for (size_t i = 0; i < N * N; i++)
        if (i % 3 == 0 || i % 7 == 0) s.angles[i] += s.angles[i] > 0 ? -180 : 180;
    vtr_field_curl(&s.maps[1], &s.field);
    for (size_t i = 0; i < N * N; i++)
        if (i % N != N / 2 && i / N != N / 2) assert_near(s.values[i], before[i], 1e-6);
}

static void rays_have_none(void **state)
{
    (void)state;
    static setting s;
    compute(&s, 1, 1, 0, outwards);
    for (size_t i = 0; i < N * N; i++) {
        double r = hypot((double)(i % N) - N / 2, (double)(i / N) - N / 2);
        if (r > 8) assert_near(s.values[i], 0, 0.005);
    }
}

/* cos t dt/dx and sin t dt/dy, through the place where the angle jumps from 90 to -90 degrees, up to the edges. */
static void turning_directors(void **state)
{
    (void)state;
    static setting s;
    const double rate = 1.5 * VTR_RADIANS_PER_DEGREE;
    compute(&s, 2, 4, 0, turning_along_x);
    for (size_t i = 0; i < N * N; i++)
        assert_near(s.values[i], rate * fabs(cos(rate * ((double)(i % N) - N / 2) * 4)), 2e-7);
    compute(&s, 4, 2, 20, turning_along_y);
    for (size_t i = 0; i < N * N; i++)
        assert_near(s.values[i], rate * fabs(sin(rate * ((double)(i / N) - N / 2) * 4)), 2e-7);
    /* Steps not known: per position. */
    compute(&s, 1, 1, 0, turning_along_x);
    const float before = s.values[3];
    s.field.scan_step_nm[0] = s.field.scan_step_nm[1] = NAN;
    vtr_field_curl(&s.maps[1], &s.field);
    assert_near(s.values[3], before, 0);
}

static void missing_positions(void **state)
{
    (void)state;
    static setting s;
    compute(&s, 1, 1, 0, turning_along_x);
    const size_t at = 5 * N + 7;
    const float before = s.values[at + 2];
    s.angles[at] = NAN;
    s.angles[at + N + 1] = s.angles[at + N - 1] = NAN;
    vtr_field_curl(&s.maps[1], &s.field);
    assert_true(isnan(s.values[at]) && isnan(s.errors[at]));
    assert_true(isnan(s.values[at + N])); /* nothing left and right of it */
    assert_true(isfinite(s.values[at + 1]));
    assert_near(s.values[at + 2], before, 0);
}

static void pulls_have_unit_variance(void **state)
{
    (void)state;
    static setting s;
    vtr_random random;
    vtr_random_start(&random, 6, 0);
    const double sigma_degrees = 0.6;
    double squares = 0, n = 0;
    for (int trial = 0; trial < 8; trial++) {
        compute(&s, 3, 2, 0, turning_along_x);
        static float truth[N * N];
        memcpy(truth, s.values, sizeof truth);
        for (size_t i = 0; i < N * N; i++) {
            s.angles[i] += (float)(sigma_degrees * vtr_random_normal(&random));
            s.angle_errors[i] = (float)sigma_degrees;
        }
        vtr_field_curl(&s.maps[1], &s.field);
        for (size_t i = 0; i < N * N; i++) {
            if (truth[i] < 5 * s.errors[i]) continue; /* the sign is lost there */
            double pull = (s.values[i] - truth[i]) / s.errors[i];
            squares += pull * pull;
            n++;
        }
    }
    assert_true(n > 5000);
    assert_near(squares / n, 1, 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circles_have_one_over_r), cmocka_unit_test(signs_of_directors_do_not_matter),
        cmocka_unit_test(rays_have_none),          cmocka_unit_test(turning_directors),
        cmocka_unit_test(missing_positions),       cmocka_unit_test(pulls_have_unit_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
