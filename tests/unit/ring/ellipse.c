/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/fit_internal.h"
#include "support.h"
#include "vitrail/constants.h"

static void axes_come_back_at_every_angle(void **state)
{
    (void)state;
    for (int turn = -5; turn <= 6; turn++) {
        vtr_ring_ellipse e;
        double a, b, angle;
        vtr_ring_ellipse_from_axes(&e, 10, 3, 4, 12, 8, 15 * turn);
        vtr_ring_ellipse_axes(&e, 10, &a, &b, &angle);
        assert_near(a, 12, 1e-12);
        assert_near(b, 8, 1e-12);
        assert_near(angle, 15 * turn, 1e-10);
        double along =
            angle * VTR_PI / 180; /* the end of the long axis, from +x towards +y, lies on the ring */
        assert_near(vtr_ellipse_radius(&e, 3 + 12 * cos(along), 4 + 12 * sin(along)), 10, 1e-12);
        assert_near(vtr_ellipse_radius(&e, 3 - 8 * sin(along), 4 + 8 * cos(along)), 10, 1e-12);
    }
}

static void a_long_axis_along_y_is_at_90_degrees(void **state)
{
    (void)state;
    vtr_ring_ellipse e = {.wxx = 2, .wyy = 1};
    double a, b, angle;
    vtr_ring_ellipse_axes(&e, 1, &a, &b, &angle);
    assert_near(a, 1, 1e-15);
    assert_near(b, 0.5, 1e-15);
    assert_near(angle, 90, 1e-12);
}

/* With axes along x and y: a/b = wyy / wxx (long along x), and only wxy turns the axes, by wxy / (wyy - wxx). Turned by
 * 45 degrees the parts change: wxy makes the ratio, wxx - wyy turns. */
static void errors_of_the_axes(void **state)
{
    (void)state;
    vtr_ring_ellipse e;
    double ratio, angle;
    vtr_ring_ellipse_from_axes(&e, 10, 3, 4, 12, 8, 0);
    memset(e.covariance, 0, sizeof e.covariance);
    e.covariance[VTR_ELLIPSE_CX][VTR_ELLIPSE_CX] = 1; /* the centre has no part in it */
    e.covariance[VTR_ELLIPSE_WXX][VTR_ELLIPSE_WXX] = pow(3e-3, 2);
    e.covariance[VTR_ELLIPSE_WYY][VTR_ELLIPSE_WYY] = pow(4e-3, 2);
    e.covariance[VTR_ELLIPSE_WXY][VTR_ELLIPSE_WXY] = pow(1e-3, 2);
    vtr_ring_ellipse_axes_errors(&e, &ratio, &angle);
    assert_near(ratio, e.wyy / e.wxx * hypot(3e-3 / e.wxx, 4e-3 / e.wyy), 1e-8);
    assert_near(angle, 1e-3 / (e.wyy - e.wxx) * 180 / VTR_PI, 1e-6);
    vtr_ring_ellipse_from_axes(&e, 10, 3, 4, 12, 8, 45);
    memset(e.covariance, 0, sizeof e.covariance);
    e.covariance[VTR_ELLIPSE_WXY][VTR_ELLIPSE_WXY] = pow(1e-3, 2);
    vtr_ring_ellipse_axes_errors(&e, &ratio, &angle);
    double w1 = 10.0 / 12, w2 = 10.0 / 8; /* w2 falls and w1 rises with wxy */
    assert_near(ratio, 1e-3 * (1 / w1 + w2 / (w1 * w1)), 1e-8);
    assert_near(angle, 0, 1e-6);
}

static void no_ellipse_is_all_nan(void **state)
{
    (void)state;
    vtr_ring_ellipse e;
    vtr_ring_ellipse_none(&e, VTR_FLAG_EMPTY);
    assert_true(isnan(e.wxx) && isnan(e.centre_x_px) && isnan(e.covariance[4][0]) && isnan(e.chi2));
    assert_int_equal(e.flags, VTR_FLAG_EMPTY);
}

static void gradient_is_the_slope(void **state)
{
    (void)state;
    vtr_ring_ellipse e;
    vtr_ring_ellipse_from_axes(&e, 10, 3, 4, 12, 8, 25);
    double gradient[VTR_ELLIPSE_N], *members[] = {&e.centre_x_px, &e.centre_y_px, &e.wxx, &e.wyy, &e.wxy};
    assert_near(vtr_ellipse_gradient(gradient, &e, 9, -2), vtr_ellipse_radius(&e, 9, -2), 1e-14);
    for (int i = 0; i < VTR_ELLIPSE_N; i++) {
        double at = *members[i], step = 1e-6;
        *members[i] = at + step;
        double up = vtr_ellipse_radius(&e, 9, -2);
        *members[i] = at - step;
        double down = vtr_ellipse_radius(&e, 9, -2);
        *members[i] = at;
        assert_near(gradient[i], (up - down) / (2 * step), 1e-8);
    }
}

/* Points of an ellipse with a scatter of `noise` px. */
static size_t make_points(double *x, double *y, size_t n, double noise, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 0);
    for (size_t i = 0; i < n; i++) {
        double t = 2 * VTR_PI * (double)i / (double)n, c = cos(0.5), s = sin(0.5);
        double u = 41 * cos(t), v = 38 * sin(t), r = 1 + noise * vtr_random_normal(&random) / 40;
        x[i] = 60 + r * (c * u - s * v);
        y[i] = 66 + r * (s * u + c * v);
    }
    return n;
}

static void exact_points_give_the_ellipse(void **state)
{
    (void)state;
    vtr_error err;
    double x[50], y[50], a, b, angle;
    vtr_ring_ellipse e;
    make_points(x, y, 50, 0, 1);
    for (size_t n = 6; n <= 50; n += 11) { /* an arc is enough */
        assert_ok(vtr_ellipse_fit_direct(&e, x, y, n, 40, &err));
        vtr_ring_ellipse_axes(&e, 40, &a, &b, &angle);
        assert_near(a, 41, 1e-3);
        assert_near(b, 38, 1e-3);
        assert_near(angle, 0.5 * 180 / VTR_PI, 1e-2);
        assert_near(e.centre_x_px, 60, 1e-3);
        assert_near(e.centre_y_px, 66, 1e-3);
    }
    vtr_ring_ellipse_axes(&e, 40, &a, &b, &angle);
    assert_near(a, 41, 1e-8);
    assert_near(e.centre_y_px, 66, 1e-8);
}

static void scatter_gives_true_errors(void **state)
{
    (void)state;
    vtr_error err;
    enum { N = 300 };
    double x[200], y[200], square[5] = {0};
    vtr_ring_ellipse truth, e;
    vtr_ring_ellipse_from_axes(&truth, 40, 60, 66, 41, 38, 0.5 * 180 / VTR_PI);
    for (int k = 0; k < N; k++) {
        make_points(x, y, 200, 0.3, 100 + k);
        assert_ok(vtr_ellipse_fit_direct(&e, x, y, 200, 40, &err));
        double off[] = {e.centre_x_px - 60, e.centre_y_px - 66, e.wxx - truth.wxx, e.wyy - truth.wyy,
                        e.wxy - truth.wxy};
        for (int i = 0; i < 5; i++)
            square[i] += off[i] * off[i] / e.covariance[i][i] / N;
    }
    for (int i = 0; i < 5; i++)
        assert_near(sqrt(square[i]), 1, 0.15);
}

static void too_few_points_and_lines_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    double x[10], y[10];
    vtr_ring_ellipse e;
    for (int i = 0; i < 10; i++) {
        x[i] = i;
        y[i] = 2 * i;
    }
    assert_fails(vtr_ellipse_fit_direct(&e, x, y, 5, 1, &err), VTR_ERR_NO_DATA, "give six");
    assert_fails(vtr_ellipse_fit_direct(&e, x, y, 10, 1, &err), VTR_ERR_NO_DATA, "no ellipse");
}

/* The same pixels through OpenCV's fitEllipseDirect, which works to float32. Of many points it silently takes
 * another fit (its scaled matrix looks singular to it), so there are sixty. */
static void agrees_with_opencv(void **state)
{
    (void)state;
    vtr_error err;
    enum { N = 60 };
    double x[N], y[N], theirs[5], ours[5];
    make_points(x, y, N, 1.5, 7);
    const char *path;
    test_folder_make();
    path = test_folder_path("points.txt");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < N; i++) {
        x[i] = round(x[i]);
        y[i] = round(y[i]);
        fprintf(file, "%.0f %.0f\n", x[i], y[i]);
    }
    fclose(file);
    char command[1024];
    const char *result = test_folder_path("ellipse.txt");
    snprintf(command, sizeof command, "/usr/bin/python3 '%s' < '%s' > '%s' 2> /dev/null",
             test_source_path("tests/unit/ring/opencv_ellipse.py"), path, result);
    bool has_opencv = system(command) == 0;
    file = has_opencv ? fopen(result, "r") : NULL;
    int n_read = 0;
    if (file) {
        while (n_read < 5 && fscanf(file, "%lf", &theirs[n_read]) == 1)
            n_read++;
        fclose(file);
    }
    test_folder_remove();
    if (!has_opencv) skip();
    assert_int_equal(n_read, 5);
    vtr_ring_ellipse e;
    assert_ok(vtr_ellipse_fit_direct(&e, x, y, N, 40, &err));
    vtr_ring_ellipse_axes(&e, 40, &ours[2], &ours[3], &ours[4]);
    ours[0] = e.centre_x_px;
    ours[1] = e.centre_y_px;
    for (int i = 0; i < 4; i++)
        assert_near(ours[i], theirs[i], 1e-6 * fabs(theirs[i]));
    assert_near(ours[4], theirs[4], 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_come_back_at_every_angle),
        cmocka_unit_test(a_long_axis_along_y_is_at_90_degrees),
        cmocka_unit_test(errors_of_the_axes),
        cmocka_unit_test(no_ellipse_is_all_nan),
        cmocka_unit_test(gradient_is_the_slope),
        cmocka_unit_test(exact_points_give_the_ellipse),
        cmocka_unit_test(scatter_gives_true_errors),
        cmocka_unit_test(too_few_points_and_lines_are_refused),
        cmocka_unit_test(agrees_with_opencv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
