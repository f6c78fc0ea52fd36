/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/fit_internal.h"
#include "ring/standard_internal.h"

/* Every ring is fitted by sectors with its nominal radius k / k_step, so each gives the same five numbers (c, W) with
 * their covariance; their weighted mean is the common ellipse, and the root of its determinant corrects k_step. The
 * wide gaps come first; then, from the common ellipse, all. */

enum { N = VTR_ELLIPSE_N, PASSES = 4 };
/* A ring is fitted when its neighbours are this far (in k), at first and later, and within this part of a gap. */
static const double first_gap = 0.1, later_gap = 0.04, part_of_gap = 0.48, widest = 0.09;
static const double outlier_residual = 0.01, outlier_sigmas = 6;

typedef struct standard_fit {
    vtr_ring_frame frame;
    const double *k;
    size_t n;
    double k_step;
    vtr_ring_ellipse common; /* of unit determinant after each pass */
    vtr_ring_ellipse rings[VTR_STANDARD_RINGS_MAX];
    bool is_used[VTR_STANDARD_RINGS_MAX];
    double residual[VTR_STANDARD_RINGS_MAX]; /* against the common ellipse of the last pass */
    double chi2;
    size_t n_used;
} standard_fit;

/* Mean over all azimuths about the centre, [n] radii. */
static void take_profile(double *profile, double *counts, size_t n, const vtr_ring_frame *frame)
{
    for (size_t r = 0; r < n; r++)
        profile[r] = counts[r] = 0;
    for (size_t y = 0; y < frame->det_y; y++) {
        for (size_t x = 0; x < frame->det_x; x++) {
            size_t p = y * frame->det_x + x;
            if (!vtr_ring_is_used(frame, p)) continue;
            double radius = hypot((double)x - frame->centre_x_px, (double)y - frame->centre_y_px);
            size_t r = (size_t)(radius + 0.5);
            if (r >= n) continue;
            profile[r] += (double)frame->frame[p];
            counts[r]++;
        }
    }
    for (size_t r = 0; r < n; r++) /* a few pixels in the corners are no mean over azimuth */
        profile[r] = counts[r] > 0.3 * 6.28 * (double)r ? profile[r] / counts[r] : NAN;
}

/* The annulus about ring j between its neighbours; false when they are too near. */
static bool choose_annulus(double annulus[2], const standard_fit *f, size_t j, double least_gap)
{
    /* beyond the last that is listed there are more, not much farther apart */
    double below = j > 0 ? 1 - f->k[j - 1] / f->k[j] : 1,
           above = j + 1 < f->n ? f->k[j + 1] / f->k[j] - 1 : below;
    double radius = f->k[j] / f->k_step;
    if (below < least_gap || above < least_gap) return false;
    annulus[0] = radius * (1 - fmin(part_of_gap * below, widest));
    annulus[1] = radius * (1 + fmin(part_of_gap * above, widest));
    return annulus[1] - annulus[0] > 4;
}

static void fit_rings(standard_fit *f, double least_gap)
{
    vtr_ring_sectors_params params;
    vtr_parameters_default(&vtr_ring_sectors_parameters, &params);
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t j = 0; j < f->n; j++) {
        vtr_ring_frame frame = f->frame;
        f->is_used[j] = choose_annulus(frame.annulus_px, f, j, least_gap);
        if (!f->is_used[j]) continue;
        frame.radius_px = f->k[j] / f->k_step;
        frame.centre_x_px = f->common.centre_x_px;
        frame.centre_y_px = f->common.centre_y_px;
        vtr_ring_fit_sectors_from(&f->rings[j], &frame, &params, &f->common);
        f->is_used[j] = (f->rings[j].flags & VTR_FLAGS_NO_RING_DATA) == 0;
    }
}

static void values_of(double values[N], const vtr_ring_ellipse *e)
{
    values[VTR_ELLIPSE_CX] = e->centre_x_px;
    values[VTR_ELLIPSE_CY] = e->centre_y_px;
    values[VTR_ELLIPSE_WXX] = e->wxx;
    values[VTR_ELLIPSE_WYY] = e->wyy;
    values[VTR_ELLIPSE_WXY] = e->wxy;
}

/* Weighted mean of the used rings' ellipses into `mean`, with covariance and chi2. */
static bool combine(vtr_ring_ellipse *mean, standard_fit *f)
{
    double normal[N][N] = {{0}}, right[N] = {0}, values[N], result[N] = {0};
    double inverses[VTR_STANDARD_RINGS_MAX][N][N];
    f->n_used = 0;
    for (size_t j = 0; j < f->n; j++) {
        f->is_used[j] =
            f->is_used[j] && vtr_ellipse_invert(&inverses[j][0][0], &f->rings[j].covariance[0][0], N);
        if (!f->is_used[j]) continue;
        f->n_used++;
        values_of(values, &f->rings[j]);
        for (int a = 0; a < N; a++) {
            for (int b = 0; b < N; b++) {
                normal[a][b] += inverses[j][a][b];
                right[a] += inverses[j][a][b] * values[b];
            }
        }
    }
    *mean = (vtr_ring_ellipse){0};
    if (f->n_used == 0 || !vtr_ellipse_invert(&mean->covariance[0][0], &normal[0][0], N)) return false;
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            result[a] += mean->covariance[a][b] * right[b];
    double chi2 = 0;
    for (size_t j = 0; j < f->n; j++) {
        if (!f->is_used[j]) continue;
        values_of(values, &f->rings[j]);
        for (int a = 0; a < N; a++)
            for (int b = 0; b < N; b++)
                chi2 += (values[a] - result[a]) * inverses[j][a][b] * (values[b] - result[b]);
    }
    mean->centre_x_px = result[VTR_ELLIPSE_CX];
    mean->centre_y_px = result[VTR_ELLIPSE_CY];
    mean->wxx = result[VTR_ELLIPSE_WXX];
    mean->wyy = result[VTR_ELLIPSE_WYY];
    mean->wxy = result[VTR_ELLIPSE_WXY];
    f->chi2 = f->n_used > 1 ? chi2 / (double)(N * (f->n_used - 1)) : NAN;
    return true;
}

static double root_of_determinant(const vtr_ring_ellipse *e)
{
    return sqrt(e->wxx * e->wyy - e->wxy * e->wxy);
}

/* Standard deviation of the root of the determinant relative to it. */
static double relative_scale_error(const vtr_ring_ellipse *e)
{
    double det = e->wxx * e->wyy - e->wxy * e->wxy, squares = 0;
    double gradient[N] = {0, 0, 0.5 * e->wyy / det, 0.5 * e->wxx / det, -e->wxy / det};
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            squares += gradient[a] * e->covariance[a][b] * gradient[b];
    return sqrt(squares);
}

/* Drops the ring that disagrees most with the others' scale, if it does clearly. */
static bool drop_worst(standard_fit *f, const vtr_ring_ellipse *mean)
{
    size_t worst = f->n;
    double most = 0, scale = root_of_determinant(mean);
    for (size_t j = 0; j < f->n; j++) {
        if (!f->is_used[j]) continue;
        f->residual[j] = scale / root_of_determinant(&f->rings[j]) - 1;
        double sigma = hypot(relative_scale_error(&f->rings[j]), relative_scale_error(mean));
        double limit = fmax(outlier_residual, outlier_sigmas * sigma);
        if (fabs(f->residual[j]) / limit > most) {
            most = fabs(f->residual[j]) / limit;
            worst = j;
        }
    }
    if (most <= 1 || f->n_used < 3) return false;
    f->is_used[worst] = false;
    return true;
}

/* One pass over the rings; moves the common ellipse and the step of k. */
static vtr_status pass(standard_fit *f, double least_gap, const char *standard, vtr_error *err)
{
    vtr_ring_ellipse mean;
    fit_rings(f, least_gap);
    do {
        if (!combine(&mean, f) || !(root_of_determinant(&mean) > 0) || f->n_used < 2)
            return vtr_fail(
                err, VTR_ERR_NO_DATA,
                "fewer than two rings of '%s' are found in the pattern: check the standard and the mask",
                standard);
    } while (drop_worst(f, &mean));
    double scale = root_of_determinant(&mean);
    f->common = mean;
    f->common.wxx /= scale;
    f->common.wyy /= scale;
    f->common.wxy /= scale;
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            f->common.covariance[a][b] /=
                (a >= VTR_ELLIPSE_WXX ? scale : 1) * (b >= VTR_ELLIPSE_WXX ? scale : 1);
    f->k_step *= scale;
    return VTR_OK;
}

static void write_result(vtr_standard_calibration *out, const standard_fit *f)
{
    const vtr_ring_ellipse *e = &f->common;
    double a, b, inflation = sqrt(f->chi2 > 1 ? f->chi2 : 1);
    *out = (vtr_standard_calibration){.centre_x_px = e->centre_x_px,
                                      .centre_y_px = e->centre_y_px,
                                      .wxx = e->wxx,
                                      .wyy = e->wyy,
                                      .wxy = e->wxy,
                                      .k_step_inv_angstrom = f->k_step,
                                      .k_step_error = inflation * f->k_step * relative_scale_error(e),
                                      .chi2 = f->chi2,
                                      .n_rings = f->n,
                                      .n_used = f->n_used};
    out->centre_error_px[0] = inflation * sqrt(e->covariance[VTR_ELLIPSE_CX][VTR_ELLIPSE_CX]);
    out->centre_error_px[1] = inflation * sqrt(e->covariance[VTR_ELLIPSE_CY][VTR_ELLIPSE_CY]);
    vtr_ring_ellipse_axes(e, 1, &a, &b, &out->angle_degrees);
    out->axis_ratio = a / b;
    vtr_ring_ellipse_axes_errors(e, &out->axis_ratio_error, &out->angle_error_degrees);
    out->axis_ratio_error *= inflation;
    out->angle_error_degrees *= inflation;
    for (size_t j = 0; j < f->n; j++) {
        double radius = f->k[j] / f->k_step * (1 + f->residual[j]);
        out->rings[j] = (vtr_standard_ring){f->k[j], f->is_used[j] ? radius : NAN,
                                            f->is_used[j] ? radius * relative_scale_error(&f->rings[j]) : NAN,
                                            f->is_used[j] ? f->residual[j] : NAN};
    }
}

static vtr_status calibrate(vtr_standard_calibration *out, standard_fit *f, double *profile, size_t n_radii,
                            const char *standard, vtr_error *err)
{
    take_profile(profile, profile + n_radii, n_radii, &f->frame);
    vtr_status status = vtr_standard_match(&f->k_step, f->k, f->n, profile, n_radii, err);
    for (int i = 0; i < PASSES && !status; i++)
        status = pass(f, i == 0 ? first_gap : later_gap, standard, err);
    if (!status) write_result(out, f);
    return status;
}

vtr_status vtr_standard_calibrate(vtr_standard_calibration *out, const double *mean,
                                  const unsigned char *used, size_t det_y, size_t det_x, const char *standard,
                                  vtr_error *err)
{
    standard_fit f = {.frame = {.det_y = det_y, .det_x = det_x, .used = used}};
    f.k = vtr_standard_rings(standard, &f.n);
    if (!f.k)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "standard '%s' is not known: give gold, aluminium, silicon or another",
                        standard ? standard : "");
    if (f.n > VTR_STANDARD_RINGS_MAX) f.n = VTR_STANDARD_RINGS_MAX;
    vtr_status status =
        vtr_centre_find(&f.frame.centre_x_px, &f.frame.centre_y_px, mean, used, det_y, det_x, err);
    if (status) return status;
    f.common = (vtr_ring_ellipse){
        .centre_x_px = f.frame.centre_x_px, .centre_y_px = f.frame.centre_y_px, .wxx = 1, .wyy = 1};
    size_t n_radii = det_y + det_x;
    float *frame = vtr_malloc(det_y * det_x, sizeof *frame);
    double *profile = vtr_malloc(2 * n_radii, sizeof *profile), largest = 0;
    if (!frame || !profile) {
        status =
            vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a pattern of %zu x %zu pixels", det_y, det_x);
        goto cleanup;
    }
    for (size_t p = 0; p < det_y * det_x; p++) {
        frame[p] = (float)mean[p];
        if (mean[p] > largest) largest = mean[p];
    }
    f.frame.frame = frame;
    /* the mean's noise is not known: next to none, so that the sectors' own scatter makes the errors */
    f.frame.noise = (vtr_noise){.gain = fmax(1e-9 * largest, 1e-300)};
    status = calibrate(out, &f, profile, n_radii, standard, err);

cleanup:
    vtr_free(frame);
    vtr_free(profile);
    return status;
}
