/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figure/figure_internal.h"
#include "support.h"
#include "vitrail/constants.h"

/* Hue of an sRGB colour in degrees, 0 red, 120 green, 240 blue (the hexagon of HSV). */
static double hue_degrees(const unsigned char c[3])
{
    double r = c[0], g = c[1], b = c[2], most = fmax(r, fmax(g, b)), span = most - fmin(r, fmin(g, b));
    double h = most == r ? (g - b) / span : most == g ? 2 + (b - r) / span : 4 + (r - g) / span;
    return 60 * (h < 0 ? h + 6 : h);
}

static void sequential_palettes_grow_lighter(void **state)
{
    (void)state;
    const vtr_palette sequential[] = {VTR_PALETTE_VIRIDIS, VTR_PALETTE_CIVIDIS, VTR_PALETTE_MAGMA,
                                      VTR_PALETTE_GREY};
    for (size_t k = 0; k < 4; k++) {
        double before = -1;
        for (int i = 0; i <= 100; i++) {
            unsigned char c[3];
            vtr_palette_colour(c, sequential[k], i / 100.0);
            double lightness = vtr_figure_lightness(c);
            if (!(lightness > before - 0.002)) fail_msg("palette %d darkens at %d %%", (int)sequential[k], i);
            before = lightness;
        }
        unsigned char first[3], last[3];
        vtr_palette_colour(first, sequential[k], 0);
        vtr_palette_colour(last, sequential[k], 1);
        assert_true(vtr_figure_lightness(last) - vtr_figure_lightness(first) > 0.55);
    }
}

static void published_ends_are_met(void **state)
{
    (void)state;
    unsigned char c[3];
    vtr_palette_colour(c, VTR_PALETTE_VIRIDIS, 0);
    assert_memory_equal(c, ((unsigned char[]){68, 1, 84}), 3);
    vtr_palette_colour(c, VTR_PALETTE_VIRIDIS, 1);
    assert_memory_equal(c, ((unsigned char[]){253, 231, 37}), 3);
    vtr_palette_colour(c, VTR_PALETTE_MAGMA, 0.5);
    assert_memory_equal(c, ((unsigned char[]){183, 55, 121}), 3);
    vtr_palette_colour(c, VTR_PALETTE_CIVIDIS, 1);
    assert_memory_equal(c, ((unsigned char[]){254, 232, 56}), 3);
}

static void diverging_is_symmetric_about_white(void **state)
{
    (void)state;
    unsigned char middle[3];
    vtr_palette_colour(middle, VTR_PALETTE_DIVERGING, 0.5);
    assert_true(middle[0] == middle[1] && middle[1] == middle[2]);
    assert_true(vtr_figure_lightness(middle) > 0.95);
    double before = 2;
    for (int i = 0; i <= 50; i++) {
        unsigned char negative[3], positive[3];
        vtr_palette_colour(negative, VTR_PALETTE_DIVERGING, 0.5 - i / 100.0);
        vtr_palette_colour(positive, VTR_PALETTE_DIVERGING, 0.5 + i / 100.0);
        double l = vtr_figure_lightness(negative);
        assert_near(l, vtr_figure_lightness(positive), 0.006); /* one step of 255 */
        assert_true(l < before + 0.002);
        before = l;
        if (i < 3) continue;
        assert_true(negative[2] > negative[0]); /* below zero blue, above red */
        assert_true(positive[0] > positive[2]);
    }
}

static void positions_outside_are_clipped(void **state)
{
    (void)state;
    for (int p = 0; p < VTR_PALETTE_CYCLIC; p++) {
        unsigned char in[3], out[3];
        vtr_palette_colour(in, (vtr_palette)p, 0);
        vtr_palette_colour(out, (vtr_palette)p, -3);
        assert_memory_equal(in, out, 3);
        vtr_palette_colour(in, (vtr_palette)p, 1);
        vtr_palette_colour(out, (vtr_palette)p, 1.5);
        assert_memory_equal(in, out, 3);
    }
    unsigned char in[3], out[3];
    vtr_palette_colour(in, VTR_PALETTE_CYCLIC, 0.3);
    vtr_palette_colour(out, VTR_PALETTE_CYCLIC, -0.7);
    assert_memory_equal(in, out, 3);
}

/* Red, yellow-green, cyan, violet for 0, 90, 180, 270 degrees; half the angles for directors. */
static void known_directions_have_known_hues(void **state)
{
    (void)state;
    const double hues[4] = {5, 75, 186, 262};
    for (int fold = 1; fold <= 2; fold++)
        for (int i = 0; i < 4; i++) {
            unsigned char c[3];
            vtr_wheel_colour(c, i * VTR_PI / 2 / fold, fold, 1);
            double difference = fabs(hue_degrees(c) - hues[i]);
            if (fmin(difference, 360 - difference) > 16)
                fail_msg("fold %d, %d degrees: hue %.0f, not %.0f", fold, 90 * i / fold, hue_degrees(c),
                         hues[i]);
        }
}

static void a_director_equals_its_opposite_and_a_vector_does_not(void **state)
{
    (void)state;
    for (int i = 0; i < 36; i++) {
        double angle = 10 * i * VTR_RADIANS_PER_DEGREE;
        unsigned char there[3], back[3];
        vtr_wheel_colour(there, angle, 2, 0.8);
        vtr_wheel_colour(back, angle + VTR_PI, 2, 0.8);
        for (int c = 0; c < 3; c++)
            assert_true(abs(there[c] - back[c]) <= 1);
        vtr_wheel_colour(there, angle, 1, 0.8);
        vtr_wheel_colour(back, angle + VTR_PI, 1, 0.8);
        assert_true(abs(there[0] - back[0]) + abs(there[1] - back[1]) + abs(there[2] - back[2]) > 120);
    }
}

static void brightness_is_amplitude_alone(void **state)
{
    (void)state;
    unsigned char c[3];
    vtr_wheel_colour(c, 1, 2, 0);
    assert_memory_equal(c, ((unsigned char[]){0, 0, 0}), 3);
    for (int i = 0; i < 36; i++)
        for (int j = 1; j <= 4; j++) {
            vtr_wheel_colour(c, 10 * i * VTR_RADIANS_PER_DEGREE, 1, 0.25 * j);
            assert_near(vtr_figure_lightness(c), 0.75 * 0.25 * j, 0.02);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequential_palettes_grow_lighter),
        cmocka_unit_test(published_ends_are_met),
        cmocka_unit_test(diverging_is_symmetric_about_white),
        cmocka_unit_test(positions_outside_are_clipped),
        cmocka_unit_test(known_directions_have_known_hues),
        cmocka_unit_test(a_director_equals_its_opposite_and_a_vector_does_not),
        cmocka_unit_test(brightness_is_amplitude_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
