/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "figure/figure_internal.h"
#include "support.h"
#include "vitrail/constants.h"

static vtr_figure_map directors(const float *angle, const float *amplitude, size_t n)
{
    vtr_figure_panel panel = vtr_figure_map_panel(amplitude, 1, n);
    panel.map.overlay.director_angle_rad = angle;
    panel.map.overlay.director_amplitude = amplitude;
    return panel.map;
}

/* 89 and -89 degrees are almost the same director: their mean is 90, not 0. */
static void directors_are_averaged_through_the_double_angle(void **state)
{
    (void)state;
    const float angle[2] = {(float)(89 * VTR_RADIANS_PER_DEGREE), (float)(-89 * VTR_RADIANS_PER_DEGREE)};
    vtr_figure_map map = directors(angle, NULL, 2);
    double mean;
    double length = vtr_mean_director(&map, 0, 1, 0, 2, &mean);
    assert_near(fabs(mean), VTR_PI / 2, 1e-6);
    assert_near(length, cos(2 * VTR_RADIANS_PER_DEGREE), 1e-6);
}

static void opposed_directors_cancel_and_weights_count(void **state)
{
    (void)state;
    const float angle[3] = {0, (float)(VTR_PI / 2), NAN}, amplitude[3] = {1, 1, 5}, uneven[3] = {3, 1, 5};
    vtr_figure_map map = directors(angle, amplitude, 3);
    double mean;
    assert_near(vtr_mean_director(&map, 0, 1, 0, 3, &mean), 0, 1e-6);
    map = directors(angle, uneven, 3);
    assert_near(vtr_mean_director(&map, 0, 1, 0, 3, &mean), 1, 1e-6);
    assert_near(mean, 0, 1e-6);
    assert_true(isnan(vtr_mean_director(&map, 0, 1, 2, 3, &mean)));
    assert_true(isnan(mean));
}

static void spacing_suits_the_map(void **state)
{
    (void)state;
    vtr_figure_map map = vtr_figure_map_panel(NULL, 10, 20).map;
    assert_int_equal(vtr_overlay_spacing(&map), 1);
    map.n_x = 900;
    assert_in_range(900 / vtr_overlay_spacing(&map), 15, 30);
    map.overlay.spacing = 7;
    assert_int_equal(vtr_overlay_spacing(&map), 7);
}

/* The ring drawn must pass where |W (x - c)| = radius: on black paper, along +x and +y from the centre. */
static void ellipse_lies_where_w_says(void **state)
{
    (void)state;
    enum { SIDE = 200 };
    vtr_error err;
    vtr_canvas canvas;
    assert_ok(vtr_canvas_open(&canvas, VTR_FIGURE_PNG, SIDE, SIDE, 72, &err));
    cairo_set_source_rgb(canvas.cr, 0, 0, 0);
    cairo_paint(canvas.cr);
    vtr_figure_pattern pattern = vtr_figure_pattern_panel(NULL, SIDE, SIDE).pattern;
    pattern.has_ellipse = true;
    pattern.centre_x_px = 110;
    pattern.centre_y_px = 90;
    /* semi-axes 80 along +45 degrees (down to the right), 50 across */
    double long_w = 60.0 / 80, short_w = 60.0 / 50;
    pattern.wxx = pattern.wyy = (long_w + short_w) / 2;
    pattern.wxy = (long_w - short_w) / 2;
    pattern.radius_px = 60;
    vtr_draw_ring(&canvas, (vtr_rectangle){0, 0, SIDE, SIDE}, &pattern);
    cairo_surface_flush(canvas.surface);
    const unsigned char *pixels = cairo_image_surface_get_data(canvas.surface);
    int stride = cairo_image_surface_get_stride(canvas.surface);
    int down_right = (int)(80 * sqrt(0.5)), up_right = (int)(50 * sqrt(0.5));
    unsigned brightest[2] = {0, 0}, wrong = 0;
    for (int d = -1; d <= 1; d++) {
        unsigned a = pixels[(90 + down_right + d) * stride + 4 * (110 + down_right + d) + 1];
        unsigned b = pixels[(90 - up_right + d) * stride + 4 * (110 + up_right - d) + 1];
        unsigned mirrored = pixels[(90 - down_right + d) * stride + 4 * (110 + down_right - d) + 1];
        brightest[0] = a > brightest[0] ? a : brightest[0];
        brightest[1] = b > brightest[1] ? b : brightest[1];
        wrong = mirrored > wrong ? mirrored : wrong;
    }
    assert_true(brightest[0] > 50 && brightest[1] > 50 && wrong == 0);
    vtr_canvas_release(&canvas);
}

/* y, x in points, and whether the blue ground is left there. */
typedef struct place {
    int y, x;
    bool is_bare;
} place;

/* Over a map of 10 x 20 positions at ten points a step. */
static void check_drawn(const vtr_figure_circle *circle, const place *places, size_t n)
{
    vtr_error err;
    vtr_canvas canvas;
    vtr_figure_map map = vtr_figure_map_panel(NULL, 10, 20).map;
    map.overlay.circles = circle;
    map.overlay.n_circles = 1;
    assert_ok(vtr_canvas_open(&canvas, VTR_FIGURE_PNG, 200, 100, 72, &err));
    cairo_set_source_rgb(canvas.cr, 0, 0, 1);
    cairo_paint(canvas.cr);
    vtr_draw_overlay(&canvas, (vtr_rectangle){0, 0, 200, 100}, &map, 0.9);
    cairo_surface_flush(canvas.surface);
    const unsigned char *pixels = cairo_image_surface_get_data(canvas.surface);
    int stride = cairo_image_surface_get_stride(canvas.surface);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = pixels + places[i].y * stride + 4 * places[i].x;
        assert_int_equal(p[0] == 255 && p[1] == 0 && p[2] == 0, places[i].is_bare);
    }
    vtr_canvas_release(&canvas);
}

/* Circle and stick pass where they should, and nothing else does. */
static void circles_and_sticks_lie_where_they_should(void **state)
{
    (void)state;
    const vtr_figure_circle circle = {.y = 4, .x = 5, .radius = 2, .angle_rad = VTR_PI / 2};
    /* on the circle right and below of the centre (45, 55), on the stick beyond it */
    const place places[] = {{45, 75, false}, {65, 55, false}, {72, 55, false},
                            {45, 85, true},  {45, 65, true},  {30, 75, true}};
    check_drawn(&circle, places, sizeof places / sizeof *places);
}

/* Half axes of 2.8 and 0.7 steps, the long one down to the right at 30 degrees, the centre at (45, 55): ends of both axes
 * are drawn; the long one's mirror images and the circle of equal area are not. */
static void ellipses_are_drawn_along_their_axes(void **state)
{
    (void)state;
    const vtr_figure_circle ellipse = {
        .y = 4, .x = 5, .radius = 1.4, .aspect = 4, .long_axis_rad = VTR_PI / 6, .angle_rad = NAN};
    const place places[] = {{59, 79, false}, {31, 31, false}, {51, 51, false}, {39, 58, false},
                            {31, 79, true},  {59, 31, true},  {57, 48, true},  {33, 62, true}};
    check_drawn(&ellipse, places, sizeof places / sizeof *places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directors_are_averaged_through_the_double_angle),
        cmocka_unit_test(opposed_directors_cancel_and_weights_count),
        cmocka_unit_test(spacing_suits_the_map),
        cmocka_unit_test(ellipse_lies_where_w_says),
        cmocka_unit_test(circles_and_sticks_lie_where_they_should),
        cmocka_unit_test(ellipses_are_drawn_along_their_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
