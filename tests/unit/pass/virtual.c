/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtual detectors: those about the centre are the pass's, to the bit; others are sums made one pixel at a time. */
#include "vitrail/virtual.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"

static recording scan;
static vtr_calibration *calibration;
static vtr_dataset *dataset;
static char output[4096];

static int make_scan(void **state)
{
    vtr_error err;
    pass_folder_make(state);
    vtr_twin_params params = recording_params(); /* with descan and a distorting lens */
    recording_make(&scan, &params, VTR_TYPE_U16);
    const char *input = recording_write(&scan, "scan.npy");
    strcpy(output, test_folder_path("map.h5"));
    assert_ok(pass_calibrate(&calibration, input, NULL, 2, &err));
    assert_true(fabs(calibration->descan_x_px[0]) > 0.5);
    vtr_map_params map = pass_map_params();
    map.virtual_images = (vtr_text_list){2, {"inner=0:6.5", "ring=20:33.25"}};
    pass_job job = {.input = input, .output = output, .calibration = calibration, .map = &map, .threads = 2};
    assert_ok(pass_run(&job, &err));
    assert_ok(vtr_dataset_open(&dataset, input, NULL, &err));
    return 0;
}

static int drop_scan(void **state)
{
    vtr_dataset_close(&dataset);
    recording_release(&scan);
    vtr_calibration_free(calibration);
    return pass_folder_remove(state);
}

static void compare_with_pass(const char *name, const char *text)
{
    vtr_error err;
    vtr_virtual detector;
    size_t n, n_pixels = 0;
    float image[POSITIONS];
    assert_ok(vtr_virtual_parse(&detector, text, &err));
    detector.centre_x_px = calibration->centre_x_px;
    detector.centre_y_px = calibration->centre_y_px;
    assert_ok(vtr_virtual_image(image, &n_pixels, dataset, calibration, &detector, 1, 2, NULL, &err));
    double *expected = pass_dataset(output, "virtual", name, &n);
    assert_int_equal(n, POSITIONS);
    assert_true(n_pixels > 0);
    for (size_t p = 0; p < POSITIONS; p++)
        if ((double)image[p] != expected[p])
            fail_msg("%s at %zu: %g, the pass has %g", name, p, (double)image[p], expected[p]);
    vtr_free(expected);
}

static void test_about_the_centre_it_is_that_of_the_pass(void **state)
{
    (void)state;
    compare_with_pass("inner", "disc:0,0,6.5");
    compare_with_pass("ring", "annulus:0,0,20,33.25");
}

/* Sum over the pixels for which `is_in` holds, without calibration. */
static void compare_with_sum(const char *text, bool (*is_in)(double x, double y))
{
    vtr_error err;
    vtr_virtual detector;
    static float image[POSITIONS];
    size_t n_pixels = 0, n = 0;
    assert_ok(vtr_virtual_parse(&detector, text, &err));
    assert_ok(vtr_virtual_image(image, &n_pixels, dataset, NULL, &detector, 1, 3, NULL, &err));
    for (size_t p = 0; p < POSITIONS; p += 37) {
        double sum = 0;
        n = 0;
        for (size_t i = 0; i < PIXELS; i++)
            if (is_in((double)(i % DET_X), (double)(i / DET_X))) {
                sum += recording_get(&scan, p, i);
                n++;
            }
        assert_near(image[p], sum, 0);
    }
    assert_int_equal(n_pixels, n);
}

static bool in_triangle(double x, double y) /* corners (y, x): (10, 10), (10, 50), (50, 10) */
{
    return x >= 10 && y >= 10 && x + y < 60;
}

/* Angles from +x towards +y, downwards: the quadrant at the lower right. */
static bool in_sector(double x, double y)
{
    double r = hypot(x - 50, y - 40);
    return r >= 5 && r < 20.5 && x > 50 && y >= 40;
}

static bool in_disc(double x, double y)
{
    return hypot(x - 70.5, y - 20) < 4;
}

static void test_other_shapes_are_sums_of_pixels(void **state)
{
    (void)state;
    compare_with_sum("polygon:9.5,9.5;9.5,50.25;50.25,9.5", in_triangle);
    compare_with_sum("sector:40,50,5,20.5,-1e-9,89.999999", in_sector);
    compare_with_sum("disc:20,70.5,4", in_disc);
}

static void test_a_stride_takes_every_so_manieth(void **state)
{
    (void)state;
    vtr_error err;
    vtr_virtual detector;
    static float whole[POSITIONS], coarse[POSITIONS];
    enum { STRIDE = 5, N_Y = (SCAN_Y + STRIDE - 1) / STRIDE, N_X = (SCAN_X + STRIDE - 1) / STRIDE };
    assert_ok(vtr_virtual_parse(&detector, "disc:48,50,20", &err));
    assert_ok(vtr_virtual_image(whole, NULL, dataset, calibration, &detector, 1, 2, NULL, &err));
    assert_ok(vtr_virtual_image(coarse, NULL, dataset, calibration, &detector, STRIDE, 2, NULL, &err));
    for (size_t y = 0; y < N_Y; y++)
        for (size_t x = 0; x < N_X; x++)
            assert_near(coarse[y * N_X + x], whole[y * STRIDE * SCAN_X + x * STRIDE], 0);
}

static void test_wrong_detectors_are_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_virtual detector;
    static float image[POSITIONS];
    static const char *const wrong[] = {"",
                                        "disc",
                                        "disc:",
                                        "disc:1,2",
                                        "disc:1,2,0",
                                        "disc:1,2,-3",
                                        "disc:1,2,3,4",
                                        "disc:1,2,nan",
                                        "disc:1,2,3x",
                                        "annulus:1,2,5,5",
                                        "annulus:1,2,6,5",
                                        "annulus:1,2,-1,5",
                                        "sector:1,2,3,4,5",
                                        "sector:1,2,3,4,90,0",
                                        "polygon:1,2;3,4",
                                        "polygon:1,2;3,4;5",
                                        "polygon:1,2;3,4;5,6;",
                                        "square:1,2,3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(vtr_virtual_parse(&detector, wrong[i], &err), VTR_ERR_ARGUMENT, "no virtual detector");
    assert_ok(vtr_virtual_parse(&detector, "disc:-50,-50,3", &err));
    assert_fails(vtr_virtual_image(image, NULL, dataset, calibration, &detector, 1, 1, NULL, &err),
                 VTR_ERR_NO_DATA, "no used pixel");
    assert_fails(vtr_virtual_image(image, NULL, dataset, NULL, &detector, 0, 1, NULL, &err), VTR_ERR_ARGUMENT,
                 "stride");
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void test_it_can_be_cancelled(void **state)
{
    (void)state;
    vtr_error err;
    vtr_virtual detector;
    static float image[POSITIONS];
    const vtr_progress progress = {.cancelled = always};
    assert_ok(vtr_virtual_parse(&detector, "disc:48,50,20", &err));
    assert_int_equal(vtr_virtual_image(image, NULL, dataset, calibration, &detector, 1, 2, &progress, &err),
                     VTR_ERR_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_about_the_centre_it_is_that_of_the_pass),
        cmocka_unit_test(test_other_shapes_are_sums_of_pixels),
        cmocka_unit_test(test_a_stride_takes_every_so_manieth),
        cmocka_unit_test(test_wrong_detectors_are_refused),
        cmocka_unit_test(test_it_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, make_scan, drop_scan);
}
