/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure/figure_internal.h"
#include "support.h"
#include "vitrail/constants.h"

static void zero_is_neutral_and_missing_is_grey(void **state)
{
    (void)state;
    vtr_error err;
    const float values[4] = {-1, 0, 1, NAN};
    vtr_figure_panel panel = vtr_figure_map_panel(values, 2, 2);
    panel.map.colours.is_signed = true;
    const double limits[2] = {-2, 2};
    vtr_raster raster;
    assert_ok(vtr_raster_map(&raster, &panel.map, limits, &err));
    assert_true(raster.rgb[2] > raster.rgb[0]);
    assert_true(raster.rgb[3] == raster.rgb[4] && raster.rgb[4] == raster.rgb[5] && raster.rgb[3] > 240);
    assert_true(raster.rgb[6] > raster.rgb[8]);
    assert_memory_equal(raster.rgb + 9, vtr_missing_rgb, 3);
    assert_true(raster.has_missing && !raster.is_data[3] && raster.is_data[0]);
    vtr_raster_release(&raster);
}

static void limits_apply_to_what_is_shown(void **state)
{
    (void)state;
    vtr_error err;
    const float values[2] = {0.01f, 0.02f};
    vtr_figure_panel panel = vtr_figure_map_panel(values, 1, 2);
    panel.map.colours.factor = 100;
    panel.map.colours.palette = VTR_PALETTE_GREY;
    const double limits[2] = {1, 2};
    vtr_raster raster;
    assert_ok(vtr_raster_map(&raster, &panel.map, limits, &err));
    assert_int_equal(raster.rgb[0], 0);
    assert_int_equal(raster.rgb[3], 255);
    vtr_raster_release(&raster);
}

/* The map of a field that points away from the middle must look like the wheel itself, row 0 at the top. */
static void a_radial_field_looks_like_the_wheel(void **state)
{
    (void)state;
    enum { SIDE = 41 };
    vtr_error err;
    static float angle[SIDE * SIDE], amplitude[SIDE * SIDE];
    for (int fold = 1; fold <= 2; fold++) {
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                angle[y * SIDE + x] = (float)atan2(y - 20, x - 20);
                amplitude[y * SIDE + x] = (float)hypot(y - 20, x - 20);
            }
        vtr_figure_panel panel = vtr_figure_map_panel(amplitude, SIDE, SIDE);
        panel.map.angle_rad = angle;
        panel.map.fold = fold;
        const double limits[2] = {0, 20};
        vtr_raster raster;
        assert_ok(vtr_raster_map(&raster, &panel.map, limits, &err));
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                unsigned char wheel[3];
                if (!vtr_wheel_pixel(wheel, (x - 20) / 20.0, (y - 20) / 20.0, fold)) continue;
                for (int c = 0; c < 3; c++)
                    assert_true(abs(wheel[c] - raster.rgb[3 * (y * SIDE + x) + c]) <= 1);
            }
        vtr_raster_release(&raster);
    }
    /* of vectors, the lower end of the wheel (+y) is yellow-green and the upper one violet */
    unsigned char below[3], above[3];
    vtr_wheel_pixel(below, 0, 0.9, 1);
    vtr_wheel_pixel(above, 0, -0.9, 1);
    assert_true(below[1] > below[2] + 40);
    assert_true(above[2] > above[1] + 40);
}

static void angles_without_number_are_missing(void **state)
{
    (void)state;
    vtr_error err;
    const float angle[2] = {NAN, 0}, amplitude[2] = {1, NAN};
    vtr_figure_panel panel = vtr_figure_map_panel(amplitude, 1, 2);
    panel.map.angle_rad = angle;
    const double limits[2] = {0, 1};
    vtr_raster raster;
    assert_ok(vtr_raster_map(&raster, &panel.map, limits, &err));
    assert_memory_equal(raster.rgb, vtr_missing_rgb, 3);
    assert_memory_equal(raster.rgb + 3, vtr_missing_rgb, 3);
    vtr_raster_release(&raster);
}

static void masked_pixels_are_tinted(void **state)
{
    (void)state;
    vtr_error err;
    const float values[3] = {100, 100, NAN};
    const unsigned char used[3] = {1, 0, 0};
    vtr_figure_panel panel = vtr_figure_pattern_panel(values, 1, 3);
    panel.pattern.used = used;
    const double limits[2] = {1, 100};
    vtr_raster raster;
    assert_ok(vtr_raster_pattern(&raster, &panel.pattern, limits, &err));
    assert_true(raster.has_masked && !raster.has_missing);
    assert_true(raster.rgb[0] > raster.rgb[3]);
    assert_true(raster.rgb[5] > raster.rgb[3]); /* the tint is blue-green, magma's top is pale yellow */
    vtr_raster_release(&raster);
}

static void small_maps_stay_crisp_and_large_ones_are_averaged(void **state)
{
    (void)state;
    unsigned char rgb[4 * 3] = {0, 0, 0, 255, 255, 255, 100, 0, 0, 0, 100, 0}, is_data[4] = {1, 1, 1, 1};
    vtr_raster raster = {.n_y = 2, .n_x = 2, .rgb = rgb, .is_data = is_data};
    unsigned char out[36 * 3];
    vtr_raster_resample(out, 6, 6, &raster);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 6; x++)
            assert_memory_equal(out + 3 * (6 * y + x), rgb + 3 * (2 * (y / 3) + x / 3), 3);
    vtr_raster_resample(out, 2, 1, &raster);
    assert_int_equal(out[0], 128);
    assert_int_equal(out[3], 50);
    assert_int_equal(out[4], 50);
    is_data[1] =
        0; /* no data does not smear over its neighbours, and covers only where it is the larger part */
    vtr_raster_resample(out, 1, 1, &raster);
    assert_int_equal(out[0], 33);
    is_data[0] = is_data[2] = 0;
    vtr_raster_resample(out, 1, 1, &raster);
    assert_memory_equal(out, vtr_missing_rgb, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_neutral_and_missing_is_grey),
        cmocka_unit_test(limits_apply_to_what_is_shown),
        cmocka_unit_test(a_radial_field_looks_like_the_wheel),
        cmocka_unit_test(angles_without_number_are_missing),
        cmocka_unit_test(masked_pixels_are_tinted),
        cmocka_unit_test(small_maps_stay_crisp_and_large_ones_are_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
