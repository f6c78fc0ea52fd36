/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/detector.h"

enum { N = 180 };

/* A ring of contrast `height` over a background that falls by decades, and a second ring at 1.7 times its radius. */
static void make(double *profile, double radius, double sigma, double height, double beam_px)
{
    for (size_t r = 0; r < N; r++) {
        double t = ((double)r - radius) / sigma, u = ((double)r - 1.7 * radius) / (1.6 * sigma);
        double background = 1000 * exp(-(double)r / 25) + 20 + 3000 / (1 + pow((double)r / 8, 3));
        double local = 1000 * exp(-radius / 25) + 20 + 3000 / (1 + pow(radius / 8, 3));
        profile[r] = background + height * local * (exp(-0.5 * t * t) + 0.2 * exp(-0.5 * u * u));
        if (beam_px > 0) profile[r] += 1e6 / (1 + exp(((double)r - beam_px) / 0.7));
    }
}

/* At small k the background holds the maximum, with the direct beam's disc or without; the ring is found all the
 * same. */
static void the_ring_is_found_where_the_background_is_the_maximum(void **state)
{
    (void)state;
    vtr_error err;
    double profile[N], radius, width, annulus[2];
    const double radii[] = {30, 45, 62}, heights[] = {0.3, 1, 3}, beams[] = {0, 9};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            for (int j = 0; j < 2; j++) {
                make(profile, radii[i], 0.1 * radii[i], heights[k], beams[j]);
                assert_ok(vtr_ring_find(&radius, &width, annulus, profile, N, &err));
                assert_near(radius, radii[i], 0.06 * radii[i]);
                assert_near(width, 0.2355 * radii[i], 0.08 * radii[i]);
                assert_true(annulus[0] < radii[i] - 0.12 * radii[i] &&
                            annulus[1] > radii[i] + 0.12 * radii[i]);
                assert_true(annulus[0] > 0.4 * radii[i] && annulus[1] < 1.7 * radii[i]);
            }
        }
    }
}

static void gaps_and_noise_are_borne(void **state)
{
    (void)state;
    vtr_error err;
    double profile[N], radius, width, annulus[2];
    vtr_random random;
    vtr_random_start(&random, 2, 0);
    make(profile, 45, 4, 1, 0);
    for (size_t r = 0; r < N; r++) {
        profile[r] *= 1 + 0.02 * vtr_random_normal(&random);
        if (r < 15 || r == 40 || r == 41) profile[r] = NAN;
    }
    assert_ok(vtr_ring_find(&radius, &width, annulus, profile, N, &err));
    assert_near(radius, 45, 1.5);
}

static void no_ring_is_an_error(void **state)
{
    (void)state;
    vtr_error err;
    double profile[N], radius, width, annulus[2];
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    make(profile, 45, 4, 0, 0);
    assert_fails(vtr_ring_find(&radius, &width, annulus, profile, N, &err), VTR_ERR_NO_DATA,
                 "give the ring's annulus");
    for (size_t r = 0; r < N; r++)
        profile[r] = 100 + vtr_random_normal(&random);
    assert_fails(vtr_ring_find(&radius, &width, annulus, profile, N, &err), VTR_ERR_NO_DATA, "no ring");
    for (size_t r = 0; r < N; r++)
        profile[r] = NAN;
    assert_fails(vtr_ring_find(&radius, &width, annulus, profile, N, &err), VTR_ERR_NO_DATA, "fewer than 12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ring_is_found_where_the_background_is_the_maximum),
        cmocka_unit_test(gaps_and_noise_are_borne),
        cmocka_unit_test(no_ring_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
