/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"
#include "waves.h"

static vtr_error err;

/* Nearly without noise, a shift of parts of a position and a rotation are found to a hundredth of a position: what is left is the
 * cubic interpolation of waves eight positions long, seen through a window of 1.5. */
static void known_transform_is_found(void **state)
{
    (void)state;
    waves w;
    waves_draw(&w, 7, 8 * step_nm);
    const double cases[][3] = {{0, 0, 0}, {2.1, -1.7, 0}, {3, 3, 0}, {-20.4, 31.9, 1.5}, {11, 5, -4.2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scan a = reference_scan(0.002, i), b = moved_scan(cases[i][0], cases[i][1], cases[i][2], 0.002, i);
        b.scale = 0.6;
        vtr_series_registration found;
        assert_ok(register_scans(&found, &w, &a, &b, NULL, &err));
        assert_near(found.transform.shift_nm[0], cases[i][0], 0.01 * step_nm);
        assert_near(found.transform.shift_nm[1], cases[i][1], 0.01 * step_nm);
        assert_near(found.transform.angle_degrees, cases[i][2], 0.05);
        assert_near(found.scale[0], 0.6, 0.003);
        assert_near(found.scale[1], 0.6, 0.003);
    }
}

/* The other way round it is the inverse: the two fits weigh other positions and smooth nothing differently, so they agree to a
 * part of the error. */
static void swapped_maps_give_the_inverse(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        waves w;
        waves_draw(&w, 40 + seed, 8 * step_nm);
        scan a = reference_scan(0.5, seed), b = moved_scan(-13.2, 8.1, 2.3, 0.5, seed);
        vtr_series_registration there, back;
        assert_ok(register_scans(&there, &w, &a, &b, NULL, &err));
        assert_ok(register_scans(&back, &w, &b, &a, NULL, &err));
        vtr_series_transform inverse = vtr_series_inverse(&back.transform);
        inverse = vtr_series_about(&inverse, there.transform.centre_nm);
        for (int i = 0; i < 2; i++)
            assert_near(inverse.shift_nm[i], there.transform.shift_nm[i],
                        0.5 * sqrt(there.transform.covariance[i][i]));
        assert_near(inverse.angle_degrees, there.transform.angle_degrees,
                    0.5 * sqrt(there.transform.covariance[2][2]));
    }
}

/* A scan of another step and size sees the same field: everything is in nm. */
static void steps_may_differ(void **state)
{
    (void)state;
    waves w;
    waves_draw(&w, 5, 8 * step_nm);
    scan a = reference_scan(0.2, 3), b = moved_scan(9.5, -6.2, 1.1, 0.2, 3);
    b.step_nm = 4;
    b.n_y = 70;
    b.n_x = 60;
    b.place.centre_nm[0] = 0.5 * b.step_nm * (double)(b.n_y - 1);
    b.place.centre_nm[1] = 0.5 * b.step_nm * (double)(b.n_x - 1);
    vtr_series_registration found;
    assert_ok(register_scans(&found, &w, &a, &b, NULL, &err));
    for (int i = 0; i < 2; i++)
        assert_near(found.transform.shift_nm[i], b.place.shift_nm[i],
                    4 * sqrt(found.transform.covariance[i][i]));
    assert_near(found.transform.angle_degrees, 1.1, 4 * sqrt(found.transform.covariance[2][2]));
    assert_true(sqrt(found.transform.covariance[0][0]) < 0.2 * step_nm);
}

/* Holes, and positions with values that their error bars call worthless, move nothing. */
static void holes_are_left_out(void **state)
{
    (void)state;
    waves w;
    waves_draw(&w, 6, 8 * step_nm);
    scan a = reference_scan(0.2, 4), b = moved_scan(7.7, 3.1, -0.8, 0.2, 4);
    vtr_series_maps first, second;
    vtr_series_registration found;
    scan_make(&first, &w, &a);
    scan_make(&second, &w, &b);
    for (size_t i = 0; i < N_Y * N_X; i++)
        for (size_t f = 0; f < 3; f++) {
            if (i % 29 == 3) first.field[f].values[i] = NAN;
            if (i / N_X > 20 && i / N_X < 24) second.field[f].values[i] = NAN;
            if (i % 41 == 5) second.field[f].values[i] = 100, second.field[f].errors[i] = 1000;
        }
    assert_ok(vtr_series_register(&found, &first, &second, NULL, &err));
    for (int i = 0; i < 2; i++)
        assert_near(found.transform.shift_nm[i], b.place.shift_nm[i],
                    4 * sqrt(found.transform.covariance[i][i]));
    vtr_series_maps_release(&first);
    vtr_series_maps_release(&second);
}

/* A quarter turn shows the frames: only with the director's components turned the right way is anything found. */
static void directors_turn_with_the_scan(void **state)
{
    (void)state;
    waves w;
    waves_draw(&w, 9, 8 * step_nm);
    scan a = reference_scan(0.1, 5), b = moved_scan(4, -9, 37, 0.1, 5);
    vtr_series_params params = vtr_series_default_params();
    params.largest_angle_degrees = 45;
    vtr_series_maps first, second;
    vtr_series_registration found;
    scan_make(&first, &w, &a);
    scan_make(&second, &w, &b);
    first.n_fields = second.n_fields = 2; /* the director alone */
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < N_Y * N_X; i++) {
            first.field[f].values[i] = first.field[f + 1].values[i];
            second.field[f].values[i] = second.field[f + 1].values[i];
        }
    first.field[0].kind = second.field[0].kind = VTR_SERIES_DIRECTOR;
    assert_ok(vtr_series_register(&found, &first, &second, &params, &err));
    assert_near(found.transform.angle_degrees, 37, 5 * sqrt(found.transform.covariance[2][2]));
    assert_near(found.scale[0], 1, 5 * found.scale_error[0]);
    for (size_t i = 0; i < N_Y * N_X; i++)
        second.field[1].values[i] = -second.field[1].values[i];
    assert_fails(vtr_series_register(&found, &first, &second, &params, &err), VTR_ERR_NOT_FOUND,
                 "nothing in common");
    first.n_fields = second.n_fields = 3;
    vtr_series_maps_release(&first);
    vtr_series_maps_release(&second);
}

/* Two fields of their own, with noise below and above what varies: at the default rate none of 16 pairs is taken. */
static void strangers_are_refused(void **state)
{
    (void)state;
    size_t n_taken = 0;
    for (uint64_t seed = 0; seed < 16; seed++) {
        waves w, v;
        vtr_series_maps first, second;
        vtr_series_registration found;
        double noise = seed % 2 == 0 ? 0.05 : 2;
        waves_draw(&w, 2 * seed + 1, 8 * step_nm);
        waves_draw(&v, 2 * seed + 2, 8 * step_nm);
        scan a = reference_scan(noise, seed), b = moved_scan(5, 5, 0, noise, seed);
        scan_make(&first, &w, &a);
        scan_make(&second, &v, &b);
        vtr_status status = vtr_series_register(&found, &first, &second, NULL, &err);
        if (status == VTR_OK)
            printf("  noise %g: chi-squared %.1f over %.1f\n", noise, found.significance, found.threshold);
        n_taken += status == VTR_OK;
        vtr_series_maps_release(&first);
        vtr_series_maps_release(&second);
    }
    assert_int_equal(n_taken, 0);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    waves w;
    waves_draw(&w, 9, 8 * step_nm);
    scan a = reference_scan(0.1, 5), b = moved_scan(4, -9, 0, 0.1, 5);
    vtr_series_maps first, second;
    vtr_series_registration found = {.overlap = -1};
    scan_make(&first, &w, &a);
    scan_make(&second, &w, &b);
    assert_fails(vtr_series_register(&found, &first, &first, NULL, &err), VTR_ERR_ARGUMENT, "twice");
    second.field[1].kind = VTR_SERIES_SCALAR;
    assert_fails(vtr_series_register(&found, &first, &second, NULL, &err), VTR_ERR_ARGUMENT, "other maps");
    second.field[1].kind = VTR_SERIES_DIRECTOR;
    second.step_nm[0] = 0;
    assert_fails(vtr_series_register(&found, &first, &second, NULL, &err), VTR_ERR_ARGUMENT, "steps");
    second.step_nm[0] = step_nm;
    vtr_series_params params = vtr_series_default_params();
    params.smoothing_nm = 1e4;
    assert_fails(vtr_series_register(&found, &first, &second, &params, &err), VTR_ERR_NO_DATA, "too little");
    for (size_t i = 0; i < N_Y * N_X; i++)
        second.field[0].values[i] = NAN;
    assert_fails(vtr_series_register(&found, &first, &second, NULL, &err), VTR_ERR_NO_DATA, "no data");
    assert_near(found.overlap, -1, 0);
    vtr_series_maps_release(&first);
    vtr_series_maps_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_transform_is_found),
        cmocka_unit_test(swapped_maps_give_the_inverse),
        cmocka_unit_test(steps_may_differ),
        cmocka_unit_test(holes_are_left_out),
        cmocka_unit_test(directors_turn_with_the_scan),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
