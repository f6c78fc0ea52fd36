/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/ring.h"

typedef struct picture {
    size_t det_y, det_x;
    float *pixels;
    double *mean;
    unsigned char *used;
} picture;

/* Mean and mask of pixels that `p` owns from now on. */
static void prepare(picture *p)
{
    vtr_error err;
    size_t n = p->det_y * p->det_x, position = 0;
    vtr_sample sample = {.n = 1,
                         .det_y = p->det_y,
                         .det_x = p->det_x,
                         .scan_y = 1,
                         .scan_x = 1,
                         .position = &position,
                         .frames = p->pixels};
    p->mean = vtr_malloc(n, sizeof *p->mean);
    p->used = vtr_malloc(n, 1);
    assert_ok(vtr_mask_find(p->used, &sample, NULL, &err));
    for (size_t i = 0; i < n; i++) {
        p->mean[i] = (double)p->pixels[i];
        p->used[i] = p->used[i] == 0;
    }
}

static void release(picture *p)
{
    vtr_free(p->mean);
    vtr_free(p->used);
}

/* A gold pattern of known centre, distortion and scale, with a bar before it. */
static void simulated_gold_gives_its_truth(void **state)
{
    (void)state;
    vtr_error err;
    size_t n_rings, side = 360;
    const double *rings = vtr_standard_rings("gold", &n_rings),
                 heights[] = {100, 45, 30, 35, 10, 5, 12, 10, 8, 6};
    const double k_step = 0.0062, cx = 171.3, cy = 186.8, angle = 35 * VTR_PI / 180, ratio = 1.03;
    picture p = {side, side, vtr_malloc(side * side, sizeof *p.pixels), NULL, NULL};
    vtr_random random;
    vtr_random_start(&random, 17, 0);
    for (size_t i = 0; i < side * side; i++) {
        double u = (double)(i % side) - cx, v = (double)(i / side) - cy;
        double along = (u * cos(angle) + v * sin(angle)) / sqrt(ratio);
        double across = (-u * sin(angle) + v * cos(angle)) * sqrt(ratio), rho = hypot(along, across);
        double value = 20 + 400 * exp(-rho / 40);
        for (size_t j = 0; j < n_rings; j++)
            value += heights[j] * exp(-0.5 * pow((rho - rings[j] / k_step) / 1.8, 2));
        if (fabs(v - 0.1 * u) < 12) value = 3;
        p.pixels[i] = (float)vtr_random_poisson(&random, value);
    }
    prepare(&p);
    vtr_standard_calibration c;
    assert_ok(vtr_standard_calibrate(&c, p.mean, p.used, side, side, "gold", &err));
    assert_near(c.centre_x_px, cx, 0.05);
    assert_near(c.centre_y_px, cy, 0.05);
    assert_near(c.axis_ratio, ratio, 0.002);
    assert_near(c.angle_degrees, 35, 2);
    assert_near(c.k_step_inv_angstrom, k_step, 5e-4 * k_step);
    assert_near(c.wxx * c.wyy - c.wxy * c.wxy, 1, 1e-12);
    assert_true(c.n_used >= 3);
    release(&p);
    vtr_free(p.pixels);
}

/* Real gold, with a bar as beam stop. Rough fits of single rings gave centre (488.3, 488.6), mean radii 112.5, 183.9
 * and 214.9 px, a/b 1.012 and 160 degrees: half a pixel, 0.5 %, 0.004 and 10 degrees are what such fits are good for. */
static void gold_at_100_cm(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_data_path("rings/Au_100cm.tif");
    if (!path) skip();
    picture p = {0};
    assert_ok(vtr_image_read(&p.pixels, &p.det_y, &p.det_x, path, &err));
    prepare(&p);
    vtr_standard_calibration c;
    assert_ok(vtr_standard_calibrate(&c, p.mean, p.used, p.det_y, p.det_x, "gold", &err));
    assert_near(c.centre_x_px, 488.3, 0.5);
    assert_near(c.centre_y_px, 488.6, 0.5);
    assert_near(c.axis_ratio, 1.012, 0.004);
    assert_near(remainder(c.angle_degrees - 160, 180), 0, 10);
    assert_near(c.rings[0].radius_px, 112.5, 0.005 * 112.5);
    assert_near(c.rings[2].radius_px, 183.9, 0.005 * 183.9);
    assert_near(c.rings[3].radius_px, 214.9, 0.005 * 214.9);
    assert_true(c.n_used >= 4);
    for (size_t j = 0; j < c.n_rings; j++) /* all rings are those of the lattice */
        if (isfinite(c.rings[j].residual)) assert_near(c.rings[j].residual, 0, 0.006);
    release(&p);
    vtr_image_free(p.pixels);
}

/* Gold cross grating: the pyxem notebook corrected it by the matrix below and then read 0.0102366 1/Å per px. Its
 * rings are broad and 111 and 200 overlap, so the scale is good to 0.4 %; that of the matrix is its determinant's. */
static void gold_cross_grating(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_data_path("rings/au_xgrating_20cm.tif");
    if (!path) skip();
    picture p = {0};
    assert_ok(vtr_image_read(&p.pixels, &p.det_y, &p.det_x, path, &err));
    prepare(&p);
    vtr_standard_calibration c;
    assert_ok(vtr_standard_calibrate(&c, p.mean, p.used, p.det_y, p.det_x, "gold", &err));
    const double xx = 0.97578103, yy = 0.99008393, xy = 0.015497, scale = sqrt(xx * yy - xy * xy);
    assert_near(c.k_step_inv_angstrom, 0.010236557479496549 * scale, 0.004 * 0.0101);
    assert_near(c.axis_ratio, 1.0353, 0.005);
    assert_near(c.wxx, xx / scale, 0.004);
    assert_near(c.wyy, yy / scale, 0.004);
    assert_near(c.wxy, xy / scale, 0.004);
    assert_near(c.centre_x_px, 127.4, 0.5);
    assert_near(c.centre_y_px, 127.9, 0.5);
    release(&p);
    vtr_image_free(p.pixels);
}

/* The first ring of a real amorphous film under a beam stop. A rough fit gave centre (304.8, 249.3), mean radius
 * 71.8 px, a/b 1.032 and 154 degrees, with 0.5 px rms. */
static void an_amorphous_ring_by_sectors(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_data_path("rings/amorphous_nbd_sum_512.hspy");
    if (!path) skip();
    picture p = {0};
    assert_ok(vtr_image_read(&p.pixels, &p.det_y, &p.det_x, path, &err));
    prepare(&p);
    vtr_ring_frame frame = {.det_y = p.det_y,
                            .det_x = p.det_x,
                            .frame = p.pixels,
                            .used = p.used,
                            .centre_x_px = 305,
                            .centre_y_px = 249,
                            .radius_px = 72,
                            .annulus_px = {58, 86},
                            .noise = {.gain = 1}};
    vtr_ring_scratch *scratch = NULL;
    vtr_ring_ellipse fit;
    double a, b, angle;
    assert_ok(vtr_ring_scratch_create(&scratch, p.det_y, p.det_x, &err));
    assert_ok(vtr_ring_fit_sectors(&fit, &frame, NULL, scratch, &err));
    vtr_ring_scratch_free(scratch);
    assert_int_equal(fit.flags & VTR_FLAGS_NO_RING_DATA, 0);
    vtr_ring_ellipse_axes(&fit, 72, &a, &b, &angle);
    assert_near(fit.centre_x_px, 304.8, 0.7);
    assert_near(fit.centre_y_px, 249.3, 0.7);
    assert_near(sqrt(a * b), 71.8, 0.7);
    assert_near(a / b, 1.032, 0.008);
    assert_near(remainder(angle - 154, 180), 0, 8);
    release(&p);
    vtr_image_free(p.pixels);
}

static void what_is_no_standard_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    enum { SIDE = 96 };
    double *mean = vtr_malloc(SIDE * SIDE, sizeof *mean);
    for (int i = 0; i < SIDE * SIDE; i++) /* a falling background without rings */
        mean[i] = 100 * exp(-hypot(i % SIDE - 47.5, i / SIDE - 47.5) / 15);
    vtr_standard_calibration c;
    assert_fails(vtr_standard_calibrate(&c, mean, NULL, SIDE, SIDE, "kryptonite", &err), VTR_ERR_NOT_FOUND,
                 "kryptonite");
    assert_fails(vtr_standard_calibrate(&c, mean, NULL, SIDE, SIDE, "gold", &err), VTR_ERR_NO_DATA,
                 "rings of");
    vtr_free(mean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulated_gold_gives_its_truth),
        cmocka_unit_test(gold_at_100_cm),
        cmocka_unit_test(gold_cross_grating),
        cmocka_unit_test(an_amorphous_ring_by_sectors),
        cmocka_unit_test(what_is_no_standard_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
