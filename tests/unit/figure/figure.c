/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"
#include "support.h"

typedef struct picture {
    unsigned w, h;
    unsigned char *rgb;
} picture;

static picture read_png(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) fail_msg("cannot read '%s': %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    picture p = {image.width, image.height, malloc(PNG_IMAGE_SIZE(image))};
    assert_non_null(p.rgb);
    assert_true(png_image_finish_read(&image, NULL, p.rgb, 0, NULL));
    return p;
}

static const unsigned char *pixel(const picture *p, double x, double y)
{
    return p->rgb + 3 * ((size_t)y * p->w + (size_t)x);
}

/* Four quarters: -1, 0 / +1, no data. The picture starts at the upper left corner; its width is found from
 * the pixels: the colour bar stands apart from it. */
static void a_map_can_be_read_back_from_its_pixels(void **state)
{
    (void)state;
    vtr_error err;
    const float values[4] = {-1, 0, 1, NAN};
    vtr_figure_panel panel = vtr_figure_map_panel(values, 2, 2);
    panel.map.colours.is_signed = true;
    panel.map.hide_scale_bar = true;
    vtr_figure_page page = vtr_figure_default_page(1);
    const char *path = test_folder_path("map.png");
    assert_ok(vtr_figure_write(path, &panel, 1, &page, &err));
    picture p = read_png(path);
    assert_near(p.w, 85 / 25.4 * 300, 2);
    unsigned char blue[3], red[3];
    vtr_palette_colour(blue, VTR_PALETTE_DIVERGING, 0);
    vtr_palette_colour(red, VTR_PALETTE_DIVERGING, 1);
    unsigned quarter = p.h / 4; /* the picture nearly fills the height but for the key */
    assert_memory_equal(pixel(&p, quarter, quarter), blue, 3);
    assert_memory_equal(pixel(&p, quarter, 2.6 * quarter), red, 3);
    const unsigned char *neutral = pixel(&p, 2.6 * quarter, quarter);
    assert_true(neutral[0] == neutral[1] && neutral[1] == neutral[2] && neutral[0] > 240);
    assert_memory_equal(pixel(&p, 2.6 * quarter, 2.6 * quarter), vtr_missing_rgb, 3);
    free(p.rgb);
}

static unsigned height_of(size_t n_y, size_t n_x, double step_y, double step_x, const char *name)
{
    vtr_error err;
    float *values = calloc(n_y * n_x, sizeof *values);
    assert_non_null(values);
    vtr_figure_panel panel = vtr_figure_map_panel(values, n_y, n_x);
    panel.map.step_y_nm = step_y;
    panel.map.step_x_nm = step_x;
    const char *path = test_folder_path(name);
    assert_ok(vtr_figure_write(path, &panel, 1, NULL, &err));
    picture p = read_png(path);
    free(p.rgb);
    free(values);
    return p.h;
}

static void steps_that_differ_keep_the_true_shape(void **state)
{
    (void)state;
    unsigned square = height_of(10, 20, NAN, NAN, "a.png"), same = height_of(10, 20, 3, 3, "b.png"),
             tall = height_of(10, 20, 6, 3, "c.png"), twice = height_of(20, 20, 3, 3, "d.png");
    assert_int_equal(square, same);
    assert_int_equal(tall, twice);
    assert_in_range(tall, 1.7 * same, 2.0 * same);
}

static void every_kind_in_every_format(void **state)
{
    (void)state;
    vtr_error err;
    enum { N = 24 };
    float values[N * N], angle[N * N];
    unsigned char used[N * N];
    double x[N], y[N], error[N];
    for (int i = 0; i < N * N; i++) {
        values[i] = (float)(1 + i % N);
        angle[i] = (float)(0.1 * i);
        used[i] = i > 50;
    }
    for (int i = 0; i < N; i++)
        x[i] = i, y[i] = i == 5 ? (double)NAN : (double)(i * i), error[i] = i;
    vtr_box box = {2, 30, 3, 9}; /* reaches over the edge */
    vtr_figure_series series[2] = {{N, x, y, error, "data & more", VTR_LINE_POINTS},
                                   {N, x, y, NULL, "model", VTR_LINE_DASHED}};
    vtr_figure_panel panels[4] = {vtr_figure_map_panel(values, N, N), vtr_figure_map_panel(values, N, N),
                                  vtr_figure_pattern_panel(values, N, N), vtr_figure_plot_panel(series, 2)};
    panels[0].map.overlay = (vtr_figure_overlay){.director_angle_rad = angle,
                                                 .vector_x = values,
                                                 .vector_y = angle,
                                                 .boxes = &box,
                                                 .n_boxes = 1,
                                                 .box_label = "region"};
    panels[0].map.step_x_nm = panels[0].map.step_y_nm = 2;
    panels[0].map.colours.label = "a <b & c"; /* no markup: drawn as it stands */
    panels[1].map.angle_rad = angle;
    panels[2].pattern.used = used;
    panels[2].pattern.k_step_inv_angstrom = 0.01;
    panels[3].plot.log_y = true;
    panels[3].plot.x_label = "<i>k</i> (1/Å)";
    const char *const names[] = {"all.png", "all.svg", "all.pdf"};
    const char *const starts[] = {"\x89PNG", "<?xml", "%PDF"};
    vtr_figure_page page = vtr_figure_default_page(4);
    page.title = "All kinds";
    for (int i = 0; i < 3; i++) {
        const char *path = test_folder_path(names[i]);
        assert_ok(vtr_figure_write(path, panels, 4, &page, &err));
        FILE *file = fopen(path, "rb");
        char start[6] = "";
        assert_non_null(file);
        assert_int_equal(fread(start, 1, 5, file), 5);
        fclose(file);
        assert_memory_equal(start, starts[i], strlen(starts[i]));
        assert_fails(vtr_figure_write(path, panels, 4, &page, &err), VTR_ERR_EXISTS, names[i]);
        char *partial = vtr_partial_path(path);
        assert_false(test_file_exists(partial));
        vtr_free(partial);
    }
}

static void odd_data_still_make_a_figure(void **state)
{
    (void)state;
    vtr_error err;
    const float nothing[6] = {NAN, NAN, NAN, NAN, NAN, NAN}, one = 3;
    const double x[2] = {1, 1}, y[2] = {NAN, NAN};
    vtr_figure_series series = {2, x, y, NULL, NULL, VTR_LINE_SOLID};
    vtr_figure_panel panels[] = {vtr_figure_map_panel(nothing, 2, 3),     vtr_figure_map_panel(&one, 1, 1),
                                 vtr_figure_map_panel(nothing, 1, 6),     vtr_figure_map_panel(nothing, 6, 1),
                                 vtr_figure_pattern_panel(nothing, 2, 3), vtr_figure_plot_panel(&series, 1)};
    for (size_t i = 0; i < sizeof panels / sizeof *panels; i++) {
        unsigned char *bytes = NULL;
        size_t n = 0;
        assert_ok(vtr_figure_encode(&bytes, &n, VTR_FIGURE_PNG, &panels[i], 1, NULL, &err));
        assert_true(n > 100);
        vtr_figure_free(bytes);
    }
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    vtr_error err;
    const float values[4] = {1, 2, 3, 4};
    vtr_figure_panel panel = vtr_figure_map_panel(values, 2, 2);
    unsigned char *a = NULL, *b = NULL;
    size_t n_a, n_b;
    assert_ok(vtr_figure_encode(&a, &n_a, VTR_FIGURE_PNG, &panel, 1, NULL, &err));
    assert_ok(vtr_figure_encode(&b, &n_b, VTR_FIGURE_PNG, &panel, 1, NULL, &err));
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, n_a);
    vtr_figure_free(a);
    vtr_figure_free(b);
}

static void what_makes_no_picture_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    const float value = 1;
    vtr_figure_panel good = vtr_figure_map_panel(&value, 1, 1), bad = vtr_figure_map_panel(&value, 0, 5);
    const char *path = test_folder_path("bad.png");
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_SHAPE, "0 x 5");
    bad = vtr_figure_map_panel(NULL, 2, 2);
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_ARGUMENT, "values or angles");
    bad = good;
    bad.map.angle_rad = &value;
    bad.map.fold = 3;
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_ARGUMENT, "fold is 3");
    bad = vtr_figure_pattern_panel(NULL, 4, 4);
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_SHAPE, "4 x 4");
    bad = vtr_figure_plot_panel(NULL, 0);
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_SHAPE, "at least one line");
    bad = good;
    bad.map.colours.limits[0] = 2;
    bad.map.colours.limits[1] = 1;
    assert_fails(vtr_figure_write(path, &bad, 1, NULL, &err), VTR_ERR_ARGUMENT, "limits 2 to 1");
    assert_fails(vtr_figure_write(path, &good, 0, NULL, &err), VTR_ERR_ARGUMENT, "0 panels");
    vtr_figure_page page = vtr_figure_default_page(1);
    page.width_mm = 5;
    assert_fails(vtr_figure_write(path, &good, 1, &page, &err), VTR_ERR_ARGUMENT, "5 mm");
    page = vtr_figure_default_page(1);
    page.dpi = NAN;
    assert_fails(vtr_figure_write(path, &good, 1, &page, &err), VTR_ERR_ARGUMENT, "dpi");
    vtr_figure_panel many[8];
    for (int i = 0; i < 8; i++)
        many[i] = good;
    page = vtr_figure_default_page(1);
    page.columns = 8;
    assert_fails(vtr_figure_write(path, many, 8, &page, &err), VTR_ERR_ARGUMENT, "too narrow");
    assert_false(test_file_exists(path));
}

static void files_that_cannot_be_are_named(void **state)
{
    (void)state;
    vtr_error err;
    const float value = 1;
    vtr_figure_panel panel = vtr_figure_map_panel(&value, 1, 1);
    assert_fails(vtr_figure_write(test_folder_path("map.bmp"), &panel, 1, NULL, &err), VTR_ERR_ARGUMENT,
                 ".png, .svg or .pdf");
    assert_fails(vtr_figure_write(test_folder_path("none/map.png"), &panel, 1, NULL, &err), VTR_ERR_IO,
                 "none");
    vtr_figure_format format;
    assert_ok(vtr_figure_format_of(&format, "A.PDF", &err));
    assert_int_equal(format, VTR_FIGURE_PDF);
}

/* Every allocation of the room failing in turn ends in a status, with nothing left behind. */
static void memory_may_end_anywhere(void **state)
{
    (void)state;
    const float values[4] = {1, 2, 3, 4};
    vtr_figure_panel panel = vtr_figure_map_panel(values, 2, 2);
    const char *path = test_folder_path("memory.png");
    vtr_status status = VTR_ERR_MEMORY;
    for (long n = 0; status != VTR_OK; n++) {
        vtr_memory_fail_after(n);
        status = vtr_figure_write(path, &panel, 1, NULL, NULL);
        vtr_memory_fail_after(-1);
        assert_true(status == VTR_OK || status == VTR_ERR_MEMORY);
        assert_int_equal(test_file_exists(path), status == VTR_OK);
        assert_true(n < 1000);
    }
}

/* Grey pixels of a plot of one flat line with a mark at `x`. */
static size_t dashes(double x)
{
    vtr_error err;
    const double xs[2] = {0, 10}, ys[2] = {0, 0};
    const vtr_figure_series series = {.n = 2, .x = xs, .y = ys};
    const vtr_figure_mark mark = {x, NULL};
    vtr_figure_panel panel = vtr_figure_plot_panel(&series, 1);
    panel.plot.marks = &mark;
    panel.plot.n_marks = 1;
    vtr_figure_page page = vtr_figure_default_page(1);
    page.force = true;
    const char *path = test_folder_path("marks.png");
    assert_ok(vtr_figure_write(path, &panel, 1, &page, &err));
    picture p = read_png(path);
    size_t n = 0;
    for (size_t i = 0; i < (size_t)p.w * p.h; i++) {
        const unsigned char *c = p.rgb + 3 * i;
        n += c[0] == c[1] && c[1] == c[2] && c[0] > 90 && c[0] < 170;
    }
    free(p.rgb);
    return n;
}

/* Half of the panel's height in dashes two pixels wide; nothing for a mark off the axis. */
static void marks_stand_on_the_axis_only(void **state)
{
    (void)state;
    size_t none = dashes(NAN);
    assert_int_equal(dashes(20), none);
    assert_int_equal(dashes(-1), none);
    assert_true(dashes(3.3) > none + 100);
}

/* Cells: the first row is at the lower end, the first column at the left; no count is white. Of 3 rows and 2 columns
 * the last cell alone is dark: the upper right, a sixth of the axes. */
static void cells_lie_where_their_counts_belong(void **state)
{
    (void)state;
    vtr_error err;
    const double xs[2] = {0, 2}, ys[2] = {0, 0}, cells[6] = {0, 0, NAN, 0, 0, 7};
    const vtr_figure_series series = {.n = 2, .x = xs, .y = ys};
    vtr_figure_panel panel = vtr_figure_plot_panel(&series, 1);
    panel.plot.cells = cells;
    panel.plot.cells_y = 3;
    panel.plot.cells_x = 2;
    panel.plot.cells_x_range[1] = panel.plot.x_limits[1] = 2;
    panel.plot.cells_y_range[1] = panel.plot.y_limits[1] = 3;
    panel.plot.y_limits[0] = 0;
    vtr_figure_page page = vtr_figure_default_page(1);
    page.force = true;
    const char *path = test_folder_path("cells.png");
    assert_ok(vtr_figure_write(path, &panel, 1, &page, &err));
    picture p = read_png(path);
    double n = 0, x = 0, y = 0;
    for (size_t i = 0; i < (size_t)p.w * p.h; i++) {
        const unsigned char *c = p.rgb + 3 * i;
        if (c[0] != c[1] || c[1] != c[2] || abs((int)c[0] - 102) > 1) continue;
        n++;
        x += (double)(i % (size_t)p.w) / p.w;
        y += (double)(i / (size_t)p.w) / p.h;
    }
    free(p.rgb);
    assert_true(n > 0.08 * p.w * p.h && n < 0.17 * p.w * p.h);
    assert_in_range((uint64_t)(100 * x / n), 65, 85);
    assert_in_range((uint64_t)(100 * y / n), 10, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_can_be_read_back_from_its_pixels),
        cmocka_unit_test(steps_that_differ_keep_the_true_shape),
        cmocka_unit_test(every_kind_in_every_format),
        cmocka_unit_test(odd_data_still_make_a_figure),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(what_makes_no_picture_is_refused),
        cmocka_unit_test(files_that_cannot_be_are_named),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(marks_stand_on_the_axis_only),
        cmocka_unit_test(cells_lie_where_their_counts_belong),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
