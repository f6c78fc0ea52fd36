/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "ring/fit_internal.h"
#include "vitrail/constants.h"

/* Eigenvalues w1 <= w2 of W and the direction of the first, along which the ring is long. */
static void eigen(const vtr_ring_ellipse *e, double *w1, double *w2, double *angle)
{
    double mean = 0.5 * (e->wxx + e->wyy), half = 0.5 * (e->wxx - e->wyy), radius = hypot(half, e->wxy);
    *w1 = mean - radius;
    *w2 = mean + radius;
    *angle = 0.5 * atan2(-e->wxy, -half);
}

void vtr_ring_ellipse_axes(const vtr_ring_ellipse *ellipse, double radius_px, double *a_px, double *b_px,
                           double *angle_degrees)
{
    double w1, w2, angle;
    eigen(ellipse, &w1, &w2, &angle);
    *a_px = radius_px / w1;
    *b_px = radius_px / w2;
    *angle_degrees = angle * (180 / VTR_PI);
    if (*angle_degrees <= -90) *angle_degrees += 180;
}

void vtr_ring_ellipse_axes_errors(const vtr_ring_ellipse *ellipse, double *ratio_error,
                                  double *angle_error_degrees)
{
    double ratio_gradient[VTR_ELLIPSE_N] = {0}, angle_gradient[VTR_ELLIPSE_N] = {0}, ratio_square = 0,
           angle_square = 0;
    const double step = 1e-5 * (ellipse->wxx + ellipse->wyy) / 2;
    for (int i = VTR_ELLIPSE_WXX; i < VTR_ELLIPSE_N; i++) {
        double ratio[2], angle[2];
        for (int side = 0; side < 2; side++) {
            vtr_ring_ellipse moved = *ellipse;
            double *element[] = {&moved.wxx, &moved.wyy, &moved.wxy}, a, b;
            *element[i - VTR_ELLIPSE_WXX] += side ? step : -step;
            vtr_ring_ellipse_axes(&moved, 1, &a, &b, &angle[side]);
            ratio[side] = a / b;
        }
        ratio_gradient[i] = (ratio[1] - ratio[0]) / (2 * step);
        angle_gradient[i] = remainder(angle[1] - angle[0], 180) / (2 * step);
    }
    for (int i = 0; i < VTR_ELLIPSE_N; i++)
        for (int k = 0; k < VTR_ELLIPSE_N; k++) {
            ratio_square += ratio_gradient[i] * ellipse->covariance[i][k] * ratio_gradient[k];
            angle_square += angle_gradient[i] * ellipse->covariance[i][k] * angle_gradient[k];
        }
    *ratio_error = sqrt(ratio_square);
    *angle_error_degrees = sqrt(angle_square);
}

void vtr_ring_ellipse_from_axes(vtr_ring_ellipse *ellipse, double radius_px, double centre_x_px,
                                double centre_y_px, double a_px, double b_px, double angle_degrees)
{
    double angle = angle_degrees * (VTR_PI / 180), c = cos(angle), s = sin(angle);
    double w1 = radius_px / a_px, w2 = radius_px / b_px;
    *ellipse = (vtr_ring_ellipse){.centre_x_px = centre_x_px,
                                  .centre_y_px = centre_y_px,
                                  .wxx = w1 * c * c + w2 * s * s,
                                  .wyy = w1 * s * s + w2 * c * c,
                                  .wxy = (w1 - w2) * c * s};
}

void vtr_ring_ellipse_none(vtr_ring_ellipse *ellipse, uint32_t flags)
{
    *ellipse = (vtr_ring_ellipse){.centre_x_px = NAN,
                                  .centre_y_px = NAN,
                                  .wxx = NAN,
                                  .wyy = NAN,
                                  .wxy = NAN,
                                  .amplitude = NAN,
                                  .chi2 = NAN,
                                  .flags = flags};
    for (int i = 0; i < VTR_ELLIPSE_N; i++)
        for (int j = 0; j < VTR_ELLIPSE_N; j++)
            ellipse->covariance[i][j] = NAN;
}

double vtr_ellipse_radius(const vtr_ring_ellipse *ellipse, double x_px, double y_px)
{
    double u = x_px - ellipse->centre_x_px, v = y_px - ellipse->centre_y_px;
    return hypot(ellipse->wxx * u + ellipse->wxy * v, ellipse->wxy * u + ellipse->wyy * v);
}

double vtr_ellipse_gradient(double gradient[VTR_ELLIPSE_N], const vtr_ring_ellipse *e, double x_px,
                            double y_px)
{
    double u = x_px - e->centre_x_px, v = y_px - e->centre_y_px;
    double p = e->wxx * u + e->wxy * v, q = e->wxy * u + e->wyy * v, radius = hypot(p, q);
    p /= radius;
    q /= radius;
    gradient[VTR_ELLIPSE_CX] = -(e->wxx * p + e->wxy * q);
    gradient[VTR_ELLIPSE_CY] = -(e->wxy * p + e->wyy * q);
    gradient[VTR_ELLIPSE_WXX] = p * u;
    gradient[VTR_ELLIPSE_WYY] = q * v;
    gradient[VTR_ELLIPSE_WXY] = p * v + q * u;
    return radius;
}

/* Cholesky after scaling to a unit diagonal. */
bool vtr_ellipse_invert(double *inverse, const double *matrix, int n)
{
    double scale[VTR_ELLIPSE_FIT_MAX], factor[VTR_ELLIPSE_FIT_MAX][VTR_ELLIPSE_FIT_MAX] = {{0}};
    for (int i = 0; i < n; i++) {
        if (!(matrix[i * n + i] > 0)) return false;
        scale[i] = 1 / sqrt(matrix[i * n + i]);
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = matrix[i * n + j] * scale[i] * scale[j];
            for (int k = 0; k < j; k++)
                sum -= factor[i][k] * factor[j][k];
            if (i == j && !(sum > 1e-12)) return false;
            factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
        }
    }
    for (int column = 0; column < n; column++) {
        double y[VTR_ELLIPSE_FIT_MAX];
        for (int i = 0; i < n; i++) {
            double sum = i == column;
            for (int k = 0; k < i; k++)
                sum -= factor[i][k] * y[k];
            y[i] = sum / factor[i][i];
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int k = i + 1; k < n; k++)
                y[i] -= factor[k][i] * y[k];
            y[i] /= factor[i][i];
        }
        for (int i = 0; i < n; i++)
            inverse[i * n + column] = y[i] * scale[i] * scale[column];
    }
    return true;
}

uint32_t vtr_ellipse_check_range(const vtr_ring_ellipse *ellipse, const vtr_ring_frame *frame)
{
    double a, b, angle, lo = frame->annulus_px[0], hi = frame->annulus_px[1];
    vtr_ring_ellipse_axes(ellipse, frame->radius_px, &a, &b, &angle);
    double shift =
        hypot(ellipse->centre_x_px - frame->centre_x_px, ellipse->centre_y_px - frame->centre_y_px);
    bool is_in = a > 0 && b > 0 && a <= hi && b >= lo && shift <= 0.5 * (hi - lo);
    return is_in ? 0 : VTR_FLAG_OUT_OF_RANGE;
}
