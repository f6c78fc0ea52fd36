/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "figure/figure_internal.h"
#include "support.h"

static void ticks_are_round_and_inside(void **state)
{
    (void)state;
    vtr_ticks t;
    vtr_ticks_linear(&t, -1.4, 1.4, 5);
    assert_int_equal(t.n, 3);
    assert_string_equal(t.text[0], "\u22121");
    assert_string_equal(t.text[1], "0");
    assert_string_equal(t.text[2], "1");
    vtr_ticks_linear(&t, 0, 1, 6);
    assert_int_equal(t.n, 6);
    assert_string_equal(t.text[0], "0.0");
    assert_string_equal(t.text[1], "0.2");
    vtr_ticks_linear(&t, -0.05, 0.05, 5);
    assert_string_equal(t.text[0], "\u22120.04");
    assert_string_equal(t.text[t.n / 2], "0.00");
    vtr_ticks_linear(&t, 0, 1e-4, 3);
    assert_string_equal(t.text[0], "0");
    assert_string_equal(t.text[1], "0.5·10<sup>\u22124</sup>");
    vtr_ticks_linear(&t, 197000, 202500, 7);
    assert_string_equal(t.text[0], "197000");
    vtr_ticks_linear(&t, 1.97e8, 2.025e8, 7);
    assert_string_equal(t.text[0], "1.97·10<sup>8</sup>");
    for (double span = 1e-6; span < 1e9; span *= 1.7)
        for (size_t most = 2; most <= 9; most++) {
            double lo = -0.37 * span, hi = 0.63 * span;
            vtr_ticks_linear(&t, lo, hi, most);
            assert_true(t.n >= 2 && t.n <= most);
            for (size_t i = 0; i < t.n; i++) {
                assert_true(t.value[i] >= lo && t.value[i] <= hi);
                if (i > 0) assert_string_not_equal(t.text[i], t.text[i - 1]);
            }
            vtr_ticks_linear(&t, 100 * span, 101 * span, most); /* a small range far from zero */
            assert_true(t.n >= 2 && t.n <= most);
            for (size_t i = 1; i < t.n; i++)
                assert_string_not_equal(t.text[i], t.text[i - 1]);
        }
    vtr_ticks_linear(&t, -0.7, 0.7, 2); /* beside a low panel */
    assert_int_equal(t.n, 2);
    assert_string_equal(t.text[0], "\u22120.5");
    assert_string_equal(t.text[1], "0.5");
    vtr_ticks_linear(&t, 2, 1, 5);
    assert_int_equal(t.n, 0);
    vtr_ticks_linear(&t, NAN, 1, 5);
    assert_int_equal(t.n, 0);
}

static void log_ticks_are_powers_of_ten(void **state)
{
    (void)state;
    vtr_ticks t;
    vtr_ticks_log(&t, 0.5, 2000, 6);
    assert_int_equal(t.n, 4);
    assert_near(t.value[3], 1000, 1e-9);
    assert_string_equal(t.text[0], "1");
    assert_string_equal(t.text[3], "10<sup>3</sup>");
    vtr_ticks_log(&t, 1e-8, 1e8, 5);
    assert_true(t.n <= 5);
    assert_string_equal(t.text[0], "10<sup>\u22128</sup>");
    vtr_ticks_log(&t, 0.046, 0.75, 5); /* a decade and a bit, with one power of ten */
    assert_int_equal(t.n, 4);
    assert_string_equal(t.text[0], "0.05");
    assert_string_equal(t.text[3], "0.5");
    vtr_ticks_log(&t, 31, 48, 5); /* too little for these */
    assert_true(t.n >= 2 && t.value[0] >= 31 && t.value[t.n - 1] <= 48);
    double minor[VTR_MAX_MINOR];
    assert_int_equal(vtr_ticks_minor(minor, 1, 100), 16);
    assert_int_equal(vtr_ticks_minor(minor, 1, 1e9), 0);
}

static void scale_bars_are_round(void **state)
{
    (void)state;
    assert_near(vtr_round_length(75), 50, 1e-12);
    assert_near(vtr_round_length(50), 50, 1e-12);
    assert_near(vtr_round_length(49.9), 20, 1e-12);
    assert_near(vtr_round_length(1000), 1000, 1e-9);
    assert_near(vtr_round_length(0.13), 0.1, 1e-12);
    char text[64];
    vtr_length_text(text, sizeof text, 50);
    assert_string_equal(text, "50\u202fnm");
    vtr_length_text(text, sizeof text, 2000);
    assert_string_equal(text, "2\u202fµm");
    vtr_length_text(text, sizeof text, 0.5);
    assert_string_equal(text, "0.5\u202fnm");
    vtr_wave_number_text(text, sizeof text, 2);
    assert_string_equal(text, "2\u202fnm<sup>\u22121</sup>");
}

enum { N = 1000 };

static void limits_leave_outliers_out(void **state)
{
    (void)state;
    vtr_error err;
    float values[N];
    for (int i = 0; i < N; i++)
        values[i] = (float)(0.01 * i / N - 0.004);
    values[10] = 5;
    values[20] = NAN;
    values[30] = INFINITY;
    vtr_figure_colours colours = {.factor = 100, .limits = {NAN, NAN}, .is_signed = true};
    double limits[2];
    bool out[2];
    assert_ok(vtr_find_limits(limits, out, values, NULL, N, &colours, &err));
    assert_near(limits[1], 0.59, 0.02);
    assert_near(limits[0], -limits[1], 1e-12);
    assert_false(out[0]);
    assert_true(out[1]);
    colours.is_signed = false;
    colours.limits[0] = -0.2;
    assert_ok(vtr_find_limits(limits, out, values, NULL, N, &colours, &err));
    assert_near(limits[0], -0.2, 1e-12);
    assert_true(out[0]);
}

static void limits_of_odd_data_still_make_a_scale(void **state)
{
    (void)state;
    vtr_error err;
    float nothing[3] = {NAN, NAN, NAN}, constant[3] = {7, 7, 7}, zeros[3] = {0, 0, 0};
    const float *const cases[] = {nothing, constant, zeros};
    for (int k = 0; k < 3; k++)
        for (int mode = 0; mode < 4; mode++) {
            vtr_figure_colours colours = {.limits = {NAN, NAN},
                                          .is_signed = mode == 1,
                                          .from_zero = mode == 2,
                                          .scaling = mode == 3 ? VTR_SCALE_LOG : VTR_SCALE_LINEAR};
            double limits[2];
            bool out[2];
            assert_ok(vtr_find_limits(limits, out, cases[k], NULL, 3, &colours, &err));
            assert_true(limits[0] < limits[1]);
            assert_true(mode != 3 || limits[0] > 0);
        }
}

static void limits_that_make_no_scale_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    float values[2] = {1, 2};
    double limits[2] = {-7, -7};
    bool out[2];
    vtr_figure_colours colours = {.limits = {3, 1}};
    assert_fails(vtr_find_limits(limits, out, values, NULL, 2, &colours, &err), VTR_ERR_ARGUMENT,
                 "limits 3 to 1");
    colours = (vtr_figure_colours){.limits = {-1, 1}, .scaling = VTR_SCALE_LOG};
    assert_fails(vtr_find_limits(limits, out, values, NULL, 2, &colours, &err), VTR_ERR_ARGUMENT,
                 "above zero");
    assert_near(limits[0], -7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_inside),
        cmocka_unit_test(log_ticks_are_powers_of_ten),
        cmocka_unit_test(scale_bars_are_round),
        cmocka_unit_test(limits_leave_outliers_out),
        cmocka_unit_test(limits_of_odd_data_still_make_a_scale),
        cmocka_unit_test(limits_that_make_no_scale_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
