/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"

size_t vtr_calibration_radii(const vtr_calibration *c)
{
    return (size_t)ceil(c->ring.annulus_px[1]) + 24; /* what lies beyond serves the template's margin */
}

vtr_status vtr_calibration_likelihood(vtr_likelihood **out, const vtr_calibration *c,
                                      const vtr_polar_plan *plan, const vtr_speckle_terms *terms,
                                      vtr_error *err)
{
    vtr_ring_bins bins;
    vtr_bins_of_plan(&bins, plan);
    vtr_likelihood_params params = vtr_likelihood_default_params();
    params.harmonics = c->harmonics;
    params.background_order = (int)c->background_order;
    params.is_far = c->is_far;
    return vtr_likelihood_create(out, &bins, &c->ring, &c->noise, terms != NULL ? &terms->fit : NULL, &params,
                                 err);
}

/* Sums of the mean pattern in the plan's bins, as lane 0 of a batch. */
static vtr_status bin_mean(vtr_polar_batch **batch, const vtr_calibration *c, const vtr_polar_plan *plan,
                           vtr_error *err)
{
    vtr_status status = vtr_polar_batch_create(batch, err);
    if (status != VTR_OK) return status;
    const void *frames[VTR_LANES] = {c->mean};
    return vtr_polar_bin(*batch, plan, VTR_TYPE_F64, frames, NULL, err);
}

static vtr_status template_of_mean(vtr_calibration *c, const vtr_polar_plan *plan,
                                   const vtr_polar_batch *batch, vtr_error *err)
{
    size_t n = plan->n_bins;
    double *counts = vtr_calloc(n, sizeof *counts), *radius = vtr_calloc(n, sizeof *radius);
    if (counts == NULL || radius == NULL) {
        vtr_free(counts);
        vtr_free(radius);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ring's profile");
    }
    for (size_t b = 0; b < n; b++)
        if (plan->n_pixels[b] > 0) {
            radius[b] = plan->radius_px[b];
            counts[b] = (double)batch->sums[b * VTR_LANES] / plan->n_pixels[b] - c->noise.offset;
        }
    double margin = 0.3 * (c->ring.annulus_px[1] - c->ring.annulus_px[0]);
    vtr_status status = vtr_ring_template_from_profile(&c->ring, n, radius, counts, plan->n_pixels,
                                                       c->ring.annulus_px, margin < 20 ? margin : 20, err);
    vtr_free(counts);
    vtr_free(radius);
    return status;
}

/* More room on both sides tells ring and background apart: in the narrow annulus that ends at the feet the smooth
 * background's bend costs a tenth of the precision. */
static void widen_annulus(vtr_calibration *c, double radius_px)
{
    double *annulus = c->ring.annulus_px, width = annulus[1] - annulus[0];
    double edge = fmin(fmin(c->centre_x_px, (double)c->det_x - 1 - c->centre_x_px),
                       fmin(c->centre_y_px, (double)c->det_y - 1 - c->centre_y_px));
    annulus[0] = fmax(annulus[0] - 0.1 * width, fmin(annulus[0], 0.55 * radius_px));
    annulus[1] = fmax(annulus[1], fmin(annulus[1] + 0.3 * width, edge));
}

/* The ring in the azimuthal mean about the present centre and ellipse. */
static vtr_status find_annulus(vtr_calibration *c, const unsigned char *used, vtr_error *err)
{
    enum { MAX = 4096 };
    double *sum = vtr_calloc(MAX, sizeof *sum), *number = vtr_calloc(MAX, sizeof *number), radius, width;
    if (sum == NULL || number == NULL) {
        vtr_free(sum);
        vtr_free(number);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the radial profile");
    }
    size_t most = 0;
    for (size_t y = 0; y < c->det_y; y++)
        for (size_t x = 0; x < c->det_x; x++) {
            size_t i = y * c->det_x + x;
            double vx = (double)x - c->centre_x_px, vy = (double)y - c->centre_y_px;
            size_t r = (size_t)(hypot(c->wxx * vx + c->wxy * vy, c->wxy * vx + c->wyy * vy) + 0.5);
            if (!used[i] || r >= MAX || !isfinite(c->mean[i])) continue;
            sum[r] += c->mean[i] - c->noise.offset;
            number[r]++;
            if (r > most) most = r;
        }
    for (size_t r = 0; r <= most; r++)
        sum[r] = number[r] > 0 ? sum[r] / number[r] : NAN;
    vtr_status status = vtr_ring_find(&radius, &width, c->ring.annulus_px, sum, most + 1, NULL);
    if (status == VTR_OK) widen_annulus(c, radius);
    vtr_free(sum);
    vtr_free(number);
    if (status == VTR_OK) return VTR_OK;
    return vtr_fail(
        err, status,
        "no ring stands out of the mean pattern about (%.1f, %.1f); give its annulus, --ring LO:HI, or "
        "--centre-x and --centre-y; a recording of the vacuum takes the --calibration of the specimen's",
        c->centre_x_px, c->centre_y_px);
}

/* Takes a fitted shift and strain into centre and ellipse; det W stays 1. Returns how far it moved, px. */
static double move_geometry(vtr_calibration *c, double dx, double dy, double p, double q)
{
    double determinant = c->wxx * c->wyy - c->wxy * c->wxy;
    c->centre_x_px += (c->wyy * dx - c->wxy * dy) / determinant;
    c->centre_y_px += (c->wxx * dy - c->wxy * dx) / determinant;
    /* W^2 <- W (I + e)^2 W, and its symmetric root */
    double a = (1 + p) * (1 + p) + q * q, b = (1 - p) * (1 - p) + q * q, g = 2 * q;
    double hxx = a * c->wxx + g * c->wxy, hxy = a * c->wxy + g * c->wyy;
    double hyx = g * c->wxx + b * c->wxy, hyy = g * c->wxy + b * c->wyy;
    double sxx = c->wxx * hxx + c->wxy * hyx, sxy = c->wxx * hxy + c->wxy * hyy,
           syy = c->wxy * hxy + c->wyy * hyy;
    double root = sqrt(sxx * syy - sxy * sxy), scale = 1 / sqrt(sxx + syy + 2 * root);
    double wxx = (sxx + root) * scale, wyy = (syy + root) * scale, wxy = sxy * scale;
    double norm = sqrt(wxx * wyy - wxy * wxy);
    c->wxx = wxx / norm;
    c->wyy = wyy / norm;
    c->wxy = wxy / norm;
    return hypot(dx, dy) + c->ring.radius_px * hypot(p, q);
}

/* One round: plan, template, fit of the mean pattern, new geometry. */
static vtr_status improve_geometry(vtr_calibration *c, const unsigned char *used, double *moved,
                                   vtr_error *err)
{
    vtr_polar_plan *plan = NULL;
    vtr_polar_batch *batch = NULL;
    vtr_likelihood *likelihood = NULL;
    vtr_likelihood_work *work = NULL;
    vtr_status status = vtr_calibration_plan(&plan, c, used, vtr_calibration_radii(c), 0, 0, 0, NULL, err);
    if (status == VTR_OK) status = bin_mean(&batch, c, plan, err);
    if (status == VTR_OK) status = template_of_mean(c, plan, batch, err);
    if (status == VTR_OK) status = vtr_calibration_likelihood(&likelihood, c, plan, NULL, err);
    if (status == VTR_OK && (work = vtr_likelihood_work_new(likelihood)) == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of the mean pattern");
    if (status == VTR_OK) {
        vtr_fit_batch fit;
        vtr_likelihood_fit(likelihood, work, batch->sums, &fit);
        /* the mean of many patterns is no single count: only what has no numbers at all is a failure here */
        if (fit.flags[0] & (VTR_FLAGS_NO_RING_DATA & ~(unsigned)VTR_FLAG_NO_RING))
            status = vtr_fail(
                err, VTR_ERR_NO_DATA,
                "no ring can be fitted to the mean pattern at %.0f to %.0f px from (%.1f, %.1f); give --ring "
                "LO:HI, --centre-x and --centre-y",
                c->ring.annulus_px[0], c->ring.annulus_px[1], c->centre_x_px, c->centre_y_px);
        else
            *moved = move_geometry(c, (double)fit.parameters[FIT_DX][0], (double)fit.parameters[FIT_DY][0],
                                   (double)fit.parameters[FIT_P][0], (double)fit.parameters[FIT_Q][0]);
    }
    vtr_likelihood_work_free(work);
    vtr_likelihood_free(likelihood);
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
    return status;
}

vtr_status vtr_calibrate_mean(vtr_calibration *c, const unsigned char *used, bool annulus_given,
                              vtr_error *err)
{
    enum { ROUNDS = 12 };
    for (int round = 0; round < ROUNDS; round++) {
        double moved = 0;
        vtr_status status = VTR_OK;
        /* the annulus is found again once centre and ellipse are right */
        if (!annulus_given && (round == 0 || round == 4)) status = find_annulus(c, used, err);
        if (status != VTR_OK) return status;
        c->is_far = round < 4;
        status = improve_geometry(c, used, &moved, err);
        if (status != VTR_OK) return status;
        if (round > 5 && moved < 1e-3) break;
    }
    return VTR_OK;
}

/* The ring of the mean pattern by sectors, for its covariance. */
static vtr_status fit_sectors(vtr_ring_ellipse *ellipse, const vtr_calibration *c, const float *mean,
                              const unsigned char *used, vtr_error *err)
{
    double n = (double)c->n_sampled;
    vtr_ring_frame frame = {.det_y = c->det_y,
                            .det_x = c->det_x,
                            .frame = mean,
                            .used = used,
                            .centre_x_px = c->centre_x_px,
                            .centre_y_px = c->centre_y_px,
                            .radius_px = c->ring.radius_px,
                            .annulus_px = {c->ring.annulus_px[0], c->ring.annulus_px[1]},
                            .noise = c->noise};
    frame.noise.gain /= n;
    frame.noise.read_noise /= sqrt(n);
    vtr_ring_scratch *scratch = NULL;
    vtr_status status = vtr_ring_scratch_create(&scratch, c->det_y, c->det_x, err);
    if (status == VTR_OK) status = vtr_ring_fit_sectors(ellipse, &frame, NULL, scratch, err);
    vtr_ring_scratch_free(scratch);
    return status;
}

vtr_status vtr_calibrate_mean_errors(vtr_calibration *c, const unsigned char *used, vtr_error *err)
{
    size_t n = c->det_y * c->det_x;
    vtr_ring_ellipse ellipse;
    float *mean = vtr_malloc(n, sizeof *mean);
    if (mean == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean pattern");
    for (size_t i = 0; i < n; i++)
        mean[i] = (float)c->mean[i];
    vtr_status status = fit_sectors(&ellipse, c, mean, used, err);
    vtr_free(mean);
    if (status != VTR_OK) return status;
    c->centre_error_px[0] = sqrt(ellipse.covariance[VTR_ELLIPSE_CX][VTR_ELLIPSE_CX]);
    c->centre_error_px[1] = sqrt(ellipse.covariance[VTR_ELLIPSE_CY][VTR_ELLIPSE_CY]);
    vtr_ring_ellipse_axes_errors(&ellipse, &c->axis_ratio_error, &c->axis_angle_error_degrees);
    return VTR_OK;
}
