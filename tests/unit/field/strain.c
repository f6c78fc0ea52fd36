/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"
#include "vitrail/ring.h"

static const double no_errors[3][3] = {{0}};

static vtr_strain_frame frame_of(const double w_ref[3], double rotation, int flip, double axis,
                                 bool is_first_order)
{
    vtr_field_reference reference = {.w = {w_ref[0], w_ref[1], w_ref[2]}};
    vtr_field_params params = vtr_field_default_params();
    vtr_strain_frame frame;
    params.scan_rotation_degrees = rotation;
    params.flip = flip ? VTR_FLIP_YES : VTR_FLIP_NO;
    params.axis_degrees = axis;
    params.is_first_order = is_first_order;
    vtr_strain_frame_set(&frame, &reference, &params);
    return frame;
}

static void assert_strain(const double e[3], const double expected[3], double tolerance)
{
    for (int k = 0; k < 3; k++)
        assert_near(e[k], expected[k], tolerance);
}

/* Half-axes 84 and 76 px about a nominal 80: the short axis is the tensile direction, at every angle of the ring. */
static void a_five_percent_ellipse_comes_back_at_any_angle(void **state)
{
    (void)state;
    const double round[3] = {1, 1, 0};
    vtr_strain_frame frame = frame_of(round, 0, 0, 0, false);
    for (int degrees = -90; degrees <= 90; degrees += 5) {
        double w[3], e[3], expected[3];
        rings_tensor(w, 80 / 84.0, 80 / 76.0, degrees);
        rings_tensor(expected, 80 / 84.0 - 1, 80 / 76.0 - 1, degrees);
        vtr_strain_point(e, NULL, w, no_errors, &frame);
        assert_strain(e, expected, 1e-14);
        if (degrees == 45) assert_near(e[2], (80 / 84.0 - 80 / 76.0) / 2, 1e-14);
    }
}

/* A lens distortion of 5 % at any angle, a strain at any other: exact, where differences of axes are not. */
static void strain_is_exact_behind_a_distortion(void **state)
{
    (void)state;
    for (int lens = 0; lens < 180; lens += 15)
        for (int angle = 0; angle < 180; angle += 10) {
            double w_ref[3], truth[3], w[3], e[3];
            rings_tensor(w_ref, 1.031, 0.979, lens);
            rings_tensor(truth, 0.011, -0.004, angle);
            rings_w(w, truth, w_ref);
            vtr_strain_frame frame = frame_of(w_ref, 0, 0, 0, false);
            vtr_strain_point(e, NULL, w, no_errors, &frame);
            assert_strain(e, truth, 1e-14);
        }
}

/* detector = R(rotation) diag(1, -1 if flip) scan, applied to the eigenvectors themselves. */
static void detector_direction(double out[2], double scan_degrees, double rotation, int flip)
{
    double x = cos(scan_degrees * VTR_RADIANS_PER_DEGREE), y = sin(scan_degrees * VTR_RADIANS_PER_DEGREE);
    double c = cos(rotation * VTR_RADIANS_PER_DEGREE), s = sin(rotation * VTR_RADIANS_PER_DEGREE);
    if (flip) y = -y;
    out[0] = c * x - s * y;
    out[1] = s * x + c * y;
}

static void all_orientations_of_the_detector(void **state)
{
    (void)state;
    const double w_ref[3] = {1.02, 0.97, 0.01}, rotations[] = {0, 90, 180, 270, -33.5, 121};
    for (int flip = 0; flip < 2; flip++)
        for (size_t r = 0; r < 6; r++)
            for (double angle = -80; angle <= 90; angle += 17) {
                double n[2], truth[3], in_detector[3], w[3], e[3];
                detector_direction(n, angle, rotations[r], flip);
                rings_tensor(truth, 0.02, -0.005, angle);
                rings_tensor(in_detector, 0.02, -0.005, atan2(n[1], n[0]) / VTR_RADIANS_PER_DEGREE);
                rings_w(w, in_detector, w_ref);
                vtr_strain_frame frame = frame_of(w_ref, rotations[r], flip, 0, false);
                vtr_strain_point(e, NULL, w, no_errors, &frame);
                assert_strain(e, truth, 1e-13);
            }
    /* By hand: turned by 90 degrees, the detector's y is the scan's x. */
    const double round[3] = {1, 1, 0}, w[3] = {1, 1.01, 0}, expected[3] = {0.01, 0, 0};
    double e[3];
    vtr_strain_frame frame = frame_of(round, 90, 0, 0, false);
    vtr_strain_point(e, NULL, w, no_errors, &frame);
    assert_strain(e, expected, 1e-14);
    /* Mirrored, shear changes sign. */
    const double sheared[3] = {1, 1, 0.01}, mirrored[3] = {0, 0, -0.01};
    frame = frame_of(round, 0, 1, 0, false);
    vtr_strain_point(e, NULL, sheared, no_errors, &frame);
    assert_strain(e, mirrored, 1e-14);
}

static void axis_puts_x_along_the_band(void **state)
{
    (void)state;
    const double round[3] = {1, 1, 0}, expected[3] = {0.013, -0.002, 0};
    for (double band = -90; band <= 90; band += 15) {
        double w[3], e[3];
        rings_tensor(w, 1.013, 0.998, band);
        vtr_strain_frame frame = frame_of(round, 0, 0, band, false);
        vtr_strain_point(e, NULL, w, no_errors, &frame);
        assert_strain(e, expected, 1e-14);
    }
}

static void first_order_is_the_change_of_the_radius(void **state)
{
    (void)state;
    const double round[3] = {1, 1, 0};
    double w[3], e[3], expected[3];
    rings_tensor(w, 80 / 76.0, 80 / 84.0, 20);
    rings_tensor(expected, (80 - 76) / 80.0, (80 - 84) / 80.0, 20);
    vtr_strain_frame frame = frame_of(round, 0, 0, 0, true);
    vtr_strain_point(e, NULL, w, no_errors, &frame);
    assert_strain(e, expected, 1e-14);
}

static void random_covariance(double c[3][3], vtr_random *random, double scale)
{
    double root[3][3];
    for (int i = 0; i < 9; i++)
        root[i / 3][i % 3] = scale * vtr_random_normal(random);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            c[i][j] = 0;
            for (int k = 0; k < 3; k++)
                c[i][j] += root[i][k] * root[j][k];
        }
}

/* Central differences of e by the k-th of (W, W_ref). */
static void numerical_derivative(double out[3], const double w[3], const double w_ref[3], int k,
                                 bool is_first_order)
{
    const double h = 1e-5;
    double e[2][3];
    for (int side = 0; side < 2; side++) {
        double moved[6] = {w[0], w[1], w[2], w_ref[0], w_ref[1], w_ref[2]};
        moved[k] += side == 0 ? -h : h;
        vtr_strain_frame frame = frame_of(moved + 3, 33, 1, 12, is_first_order);
        vtr_strain_point(e[side], NULL, moved, no_errors, &frame);
    }
    for (int i = 0; i < 3; i++)
        out[i] = (e[1][i] - e[0][i]) / (2 * h);
}

static void covariance_is_that_of_numerical_differentiation(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 3, 0);
    for (int trial = 0; trial < 50; trial++) {
        const double w_ref[3] = {1.05, 0.96, 0.02};
        double w[3] = {1.07 + 0.02 * vtr_random_normal(&random), 0.95, 0.03 * vtr_random_normal(&random)},
               c[6][3][3];
        bool is_first_order = trial % 2 == 1;
        vtr_strain_frame frame = frame_of(w_ref, 33, 1, 12, is_first_order);
        random_covariance(c[0], &random, 0.01);
        random_covariance(frame.reference_covariance, &random, 0.01);
        double e[3], covariance[3][3], derivative[6][3], expected[3][3] = {{0}};
        vtr_strain_point(e, covariance, w, (const double(*)[3])c[0], &frame);
        for (int k = 0; k < 6; k++)
            numerical_derivative(derivative[k], w, w_ref, k, is_first_order);
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < 3; l++)
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++)
                        expected[i][j] +=
                            derivative[k][i] * c[0][k][l] * derivative[l][j] +
                            derivative[3 + k][i] * frame.reference_covariance[k][l] * derivative[3 + l][j];
        for (int i = 0; i < 9; i++)
            assert_near(covariance[i / 3][i % 3], expected[i / 3][i % 3], 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_five_percent_ellipse_comes_back_at_any_angle),
        cmocka_unit_test(strain_is_exact_behind_a_distortion),
        cmocka_unit_test(all_orientations_of_the_detector),
        cmocka_unit_test(axis_puts_x_along_the_band),
        cmocka_unit_test(first_order_is_the_change_of_the_radius),
        cmocka_unit_test(covariance_is_that_of_numerical_differentiation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
