/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fits.h"

#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"

pattern_params pattern_usual(void)
{
    return (pattern_params){.det_y = 128,
                            .det_x = 120,
                            .a_px = 40.8,
                            .b_px = 39.2,
                            .angle_degrees = 30,
                            .centre_x_px = 61.3,
                            .centre_y_px = 64.4,
                            .width_px = 3,
                            .height = 100,
                            .base = 50,
                            .slope = -60};
}

float *pattern_make(const pattern_params *p)
{
    float *frame = vtr_malloc(p->det_y * p->det_x, sizeof *frame);
    vtr_random random;
    vtr_random_start(&random, (uint64_t)p->noise, 0);
    double c = cos(p->angle_degrees * VTR_PI / 180), s = sin(p->angle_degrees * VTR_PI / 180);
    double radius = sqrt(p->a_px * p->b_px);
    for (size_t y = 0; y < p->det_y; y++) {
        for (size_t x = 0; x < p->det_x; x++) {
            double u = (double)x - p->centre_x_px, v = (double)y - p->centre_y_px;
            double rho = radius * hypot((c * u + s * v) / p->a_px, (-s * u + c * v) / p->b_px);
            double t = (rho - radius) / p->width_px;
            double mean = p->height * exp(-0.5 * t * t) + p->base + p->slope * (rho - radius) / radius;
            frame[y * p->det_x + x] =
                (float)(p->noise > 0 ? (double)vtr_random_poisson(&random, fmax(mean, 0)) : mean);
        }
    }
    return frame;
}

vtr_ring_frame pattern_frame(const float *frame, const pattern_params *p, double half_px)
{
    double radius = sqrt(p->a_px * p->b_px);
    return (vtr_ring_frame){.det_y = p->det_y,
                            .det_x = p->det_x,
                            .frame = frame,
                            .centre_x_px = p->centre_x_px + 0.5,
                            .centre_y_px = p->centre_y_px - 0.5,
                            .radius_px = radius,
                            .annulus_px = {radius - half_px, radius + half_px},
                            .noise = {.gain = 1}};
}

float *pattern_turn(const float *frame, size_t det_y, size_t det_x, int symmetry)
{
    float *out = vtr_malloc(det_y * det_x, sizeof *out);
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            size_t u = symmetry & 1 ? det_x - 1 - x : x, v = symmetry & 2 ? det_y - 1 - y : y;
            out[symmetry & 4 ? u * det_y + v : v * det_x + u] = frame[y * det_x + x];
        }
    }
    return out;
}

vtr_ring_ellipse ellipse_turn(const vtr_ring_ellipse *ellipse, size_t det_y, size_t det_x, int symmetry)
{
    vtr_ring_ellipse e = *ellipse;
    if (symmetry & 1) e.centre_x_px = (double)(det_x - 1) - e.centre_x_px;
    if (symmetry & 2) e.centre_y_px = (double)(det_y - 1) - e.centre_y_px;
    if (symmetry & 1) e.wxy = -e.wxy;
    if (symmetry & 2) e.wxy = -e.wxy;
    if (symmetry & 4) {
        double swap = e.centre_x_px;
        e.centre_x_px = e.centre_y_px;
        e.centre_y_px = swap;
        swap = e.wxx;
        e.wxx = e.wyy;
        e.wyy = swap;
    }
    return e;
}

void check_equivariance(pattern_fit fit, const float *frame, const vtr_ring_frame *of, double tolerance)
{
    vtr_error err;
    vtr_ring_ellipse first;
    assert_ok(fit(&first, of));
    assert_int_equal(first.flags & VTR_FLAGS_NO_RING_DATA, 0);
    vtr_ring_ellipse centre = {.centre_x_px = of->centre_x_px, .centre_y_px = of->centre_y_px};
    for (int symmetry = 1; symmetry < 8; symmetry++) {
        vtr_ring_ellipse expected = ellipse_turn(&first, of->det_y, of->det_x, symmetry), found;
        vtr_ring_ellipse start = ellipse_turn(&centre, of->det_y, of->det_x, symmetry);
        vtr_ring_frame turned = *of;
        float *pixels = pattern_turn(frame, of->det_y, of->det_x, symmetry);
        turned.frame = pixels;
        turned.det_y = symmetry & 4 ? of->det_x : of->det_y;
        turned.det_x = symmetry & 4 ? of->det_y : of->det_x;
        turned.centre_x_px = start.centre_x_px;
        turned.centre_y_px = start.centre_y_px;
        assert_ok(fit(&found, &turned));
        assert_near(found.centre_x_px, expected.centre_x_px, tolerance);
        assert_near(found.centre_y_px, expected.centre_y_px, tolerance);
        assert_near(found.wxx, expected.wxx, tolerance / of->radius_px);
        assert_near(found.wyy, expected.wyy, tolerance / of->radius_px);
        assert_near(found.wxy, expected.wxy, tolerance / of->radius_px);
        assert_near(found.amplitude, expected.amplitude, 1e-6 * first.amplitude);
        vtr_free(pixels);
    }
}
