/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "calibration_text.h"

#include <math.h>
#include <stdio.h>

#include "cli.h"

static size_t count_masked(const vtr_calibration *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->det_y * c->det_x; i++)
        n += c->mask[i] != 0;
    return n;
}

static void axis_ratio(const vtr_calibration *c, double *ratio, double *angle_degrees)
{
    /* W is small along the long axis of the ring */
    double mean = (c->wxx + c->wyy) / 2, half = (c->wxx - c->wyy) / 2, radius = hypot(half, c->wxy);
    *ratio = (mean + radius) / (mean - radius);
    double angle = 0.5 * atan2(c->wxy, half) * 180 / 3.14159265358979323846 + 90;
    *angle_degrees = angle > 90 ? angle - 180 : angle;
}

static void print_noise(const vtr_noise *n)
{
    if (n->is_counting)
        printf("camera        counts single electrons%s\n", n->is_measured ? " (measured)" : "");
    else
        printf("camera        gain %.4g, offset %.4g, read-out noise %.4g recorded units%s\n", n->gain,
               n->offset, n->read_noise, n->is_measured ? " (measured)" : "");
}

void cli_print_calibration(const vtr_calibration *c)
{
    double ratio, angle;
    axis_ratio(c, &ratio, &angle);
    printf("sample        %zu patterns, a ring fitted in %zu, mean reduced chi-squared %.3f\n", c->n_sampled,
           c->n_fitted, c->chi2);
    printf("mask          %zu of %zu pixels not used\n", count_masked(c), c->det_y * c->det_x);
    print_noise(&c->noise);
    printf("centre        x %.3f, y %.3f px", c->centre_x_px, c->centre_y_px);
    printf("; single patterns lie %.2g px off the descan surface\n", c->descan_residual_px);
    printf("distortion    long axis / short axis %.4f, long axis at %.1f degrees\n", ratio, angle);
    printf("ring          radius %.3f px, width %.2f px, fitted from %.1f to %.1f px, %.3g electrons a "
           "pattern there\n",
           c->ring.radius_px, c->ring.width_px, c->ring.annulus_px[0], c->ring.annulus_px[1], c->electrons);
    if (isfinite(c->k_step_inv_angstrom))
        printf("k scale       %.6g 1/Å per px (k = 1/d), the ring at %.4f 1/Å\n", c->k_step_inv_angstrom,
               c->k_step_inv_angstrom * c->ring.radius_px);
    if (c->speckle.contrast > 0)
        printf("speckle       contrast %.4f, grain %.2f px, correlation of opposite speckles %.2f\n",
               c->speckle.contrast, c->speckle.grain_px, c->speckle.friedel);
    else
        printf("speckle       none found (contrast below %.2g)\n", 4 * c->speckle.contrast_error);
    if (isfinite(c->beam_radius_px)) printf("direct beam   radius %.1f px\n", c->beam_radius_px);
}

static void member(const char *name, double value, const char *end)
{
    printf("  \"%s\": ", name);
    cli_json_number(stdout, value);
    printf("%s\n", end);
}

void cli_print_calibration_json(const vtr_calibration *c)
{
    double ratio, angle;
    axis_ratio(c, &ratio, &angle);
    printf("{\n");
    member("sampled", (double)c->n_sampled, ",");
    member("fitted", (double)c->n_fitted, ",");
    member("chi2", c->chi2, ",");
    member("masked_pixels", (double)count_masked(c), ",");
    member("gain", c->noise.gain, ",");
    member("offset", c->noise.offset, ",");
    member("read_noise", c->noise.read_noise, ",");
    member("centre_x_px", c->centre_x_px, ",");
    member("centre_y_px", c->centre_y_px, ",");
    member("wxx", c->wxx, ",");
    member("wyy", c->wyy, ",");
    member("wxy", c->wxy, ",");
    member("axis_ratio", ratio, ",");
    member("long_axis_degrees", angle, ",");
    member("ring_radius_px", c->ring.radius_px, ",");
    member("ring_width_px", c->ring.width_px, ",");
    member("ring_lo_px", c->ring.annulus_px[0], ",");
    member("ring_hi_px", c->ring.annulus_px[1], ",");
    member("k_step_inv_angstrom", c->k_step_inv_angstrom, ",");
    member("electrons", c->electrons, ",");
    member("contrast", c->speckle.contrast, ",");
    member("grain_px", c->speckle.grain_px, ",");
    member("friedel", c->speckle.friedel, ",");
    member("descan_residual_px", c->descan_residual_px, ",");
    member("beam_radius_px", c->beam_radius_px, "");
    printf("}\n");
}
