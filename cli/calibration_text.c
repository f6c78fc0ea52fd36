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

/* "1.0339 ± 0.0004", without the error where there is none. */
static void print_with_error(double value, int decimals, double error)
{
    printf("%.*f", decimals, value);
    if (isfinite(error)) printf(" ± %.2g", error);
}

static void print_distortion(double ratio, double ratio_error, double angle, double angle_error)
{
    printf("distortion    long axis / short axis ");
    print_with_error(ratio, 4, ratio_error);
    printf(", long axis at ");
    print_with_error(angle, 1, angle_error);
    printf(" degrees\n");
}

void cli_print_calibration(const vtr_calibration *c)
{
    double ratio, angle;
    axis_ratio(c, &ratio, &angle);
    printf("sample        %zu patterns, a ring fitted in %zu, mean reduced chi-squared %.3f\n", c->n_sampled,
           c->n_fitted, c->chi2);
    printf("mask          %zu of %zu pixels not used\n", count_masked(c), c->det_y * c->det_x);
    print_noise(&c->noise);
    printf("centre        x ");
    print_with_error(c->centre_x_px, 3, c->centre_error_px[0]);
    printf(", y ");
    print_with_error(c->centre_y_px, 3, c->centre_error_px[1]);
    printf(" px");
    if (c->n_sampled > 1)
        printf("; single patterns lie %.2g px off the descan surface", c->descan_residual_px);
    printf("\n");
    print_distortion(ratio, c->axis_ratio_error, angle, c->axis_angle_error_degrees);
    printf("ring          radius %.3f px, width %.2f px, fitted from %.1f to %.1f px, %.3g electrons a "
           "pattern there\n",
           c->ring.radius_px, c->ring.width_px, c->ring.annulus_px[0], c->ring.annulus_px[1], c->electrons);
    if (isfinite(c->k_step_inv_angstrom))
        printf("k scale       %.6g 1/Å per px (k = 1/d), the ring at %.4f 1/Å\n", c->k_step_inv_angstrom,
               c->k_step_inv_angstrom * c->ring.radius_px);
    if (c->speckle.contrast > 0)
        printf("speckle       contrast %.4f, grain %.2f px, correlation of opposite speckles %.2f\n",
               c->speckle.contrast, c->speckle.grain_px, c->speckle.friedel);
    else if (c->n_fitted >= 8)
        printf("speckle       none found (contrast below %.2g)\n", 4 * c->speckle.contrast_error);
    else
        printf("speckle       not measured: that takes 8 patterns with a ring\n");
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
    member("centre_x_error_px", c->centre_error_px[0], ",");
    member("centre_y_error_px", c->centre_error_px[1], ",");
    member("wxx", c->wxx, ",");
    member("wyy", c->wyy, ",");
    member("wxy", c->wxy, ",");
    member("axis_ratio", ratio, ",");
    member("axis_ratio_error", c->axis_ratio_error, ",");
    member("long_axis_degrees", angle, ",");
    member("long_axis_error_degrees", c->axis_angle_error_degrees, ",");
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

void cli_print_standard(const vtr_standard_pattern *s)
{
    const vtr_standard_calibration *f = &s->found;
    printf("sample        %zu patterns\n", s->pattern->n_sampled);
    printf("mask          %zu of %zu pixels not used\n", count_masked(s->pattern),
           s->pattern->det_y * s->pattern->det_x);
    printf("standard      %s: %zu of %zu rings fitted, chi-squared %.2f of the rings about one ellipse\n",
           s->name, f->n_used, f->n_rings, f->chi2);
    printf("centre        x ");
    print_with_error(f->centre_x_px, 3, f->centre_error_px[0]);
    printf(", y ");
    print_with_error(f->centre_y_px, 3, f->centre_error_px[1]);
    printf(" px\n");
    print_distortion(f->axis_ratio, f->axis_ratio_error, f->angle_degrees, f->angle_error_degrees);
    printf("matrix        wxx %.5f, wyy %.5f, wxy %.5f\n", f->wxx, f->wyy, f->wxy);
    printf("k scale       %.6g ± %.2g 1/Å per px (k = 1/d)\n", f->k_step_inv_angstrom, f->k_step_error);
    for (size_t i = 0; i < f->n_rings; i++) {
        const vtr_standard_ring *ring = &f->rings[i];
        printf("ring %2zu       k %.4f 1/Å: ", i + 1, ring->k_inv_angstrom);
        if (isfinite(ring->radius_px))
            printf("radius %.3f ± %.2g px, %+.2f %% off the scale\n", ring->radius_px, ring->radius_error_px,
                   100 * ring->residual);
        else
            printf("not fitted\n");
    }
}

static void print_standard_ring_json(const vtr_standard_ring *ring, const char *end)
{
    const struct {
        const char *name;
        double value;
    } members[] = {{"{\"k_inv_angstrom\": ", ring->k_inv_angstrom},
                   {", \"radius_px\": ", ring->radius_px},
                   {", \"radius_error_px\": ", ring->radius_error_px},
                   {", \"residual\": ", ring->residual}};
    printf("    ");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        fputs(members[i].name, stdout);
        cli_json_number(stdout, members[i].value);
    }
    printf("}%s\n", end);
}

void cli_print_standard_json(const vtr_standard_pattern *s)
{
    const vtr_standard_calibration *f = &s->found;
    printf("{\n  \"standard\": ");
    cli_json_string(stdout, s->name);
    printf(",\n");
    member("sampled", (double)s->pattern->n_sampled, ",");
    member("masked_pixels", (double)count_masked(s->pattern), ",");
    member("rings_fitted", (double)f->n_used, ",");
    member("chi2", f->chi2, ",");
    member("centre_x_px", f->centre_x_px, ",");
    member("centre_y_px", f->centre_y_px, ",");
    member("centre_x_error_px", f->centre_error_px[0], ",");
    member("centre_y_error_px", f->centre_error_px[1], ",");
    member("wxx", f->wxx, ",");
    member("wyy", f->wyy, ",");
    member("wxy", f->wxy, ",");
    member("axis_ratio", f->axis_ratio, ",");
    member("axis_ratio_error", f->axis_ratio_error, ",");
    member("long_axis_degrees", f->angle_degrees, ",");
    member("long_axis_error_degrees", f->angle_error_degrees, ",");
    member("k_step_inv_angstrom", f->k_step_inv_angstrom, ",");
    member("k_step_error", f->k_step_error, ",");
    printf("  \"rings\": [\n");
    for (size_t i = 0; i < f->n_rings; i++)
        print_standard_ring_json(&f->rings[i], i + 1 < f->n_rings ? "," : "");
    printf("  ]\n}\n");
}
