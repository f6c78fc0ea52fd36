/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/fit_internal.h"

/* With D1 = (x^2, xy, y^2), D2 = (x, y, 1) and S1 = D1'D1, S2 = D1'D2, S3 = D2'D2 the linear part of the conic follows
 * from its quadratic part a by a2 = T a, T = -S3^-1 S2', and a solves  M a = lambda C a  with M = S1 + S2 T and
 * a'Ca = 4 ac - b^2 (Halir & Flusser). M is symmetric and not negative, C has one positive eigenvalue; so with
 * M = L L' the ellipse is the eigenvector of the one positive eigenvalue of L^-1 C L'^-1, which is symmetric. Points
 * are centred on their mean and scaled by their distance from it. */

typedef double matrix3[3][3];

/* Lower Cholesky factor; false when a pivot is not positive. */
static bool cholesky(matrix3 factor, const matrix3 m)
{
    memset(factor, 0, sizeof(matrix3));
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = m[i][j];
            for (int k = 0; k < j; k++)
                sum -= factor[i][k] * factor[j][k];
            if (i == j && !(sum > 0)) return false;
            factor[i][j] = i == j ? sqrt(sum) : sum / factor[j][j];
        }
    }
    return true;
}

/* factor^-1 b and factor'^-1 b in place. */
static void solve_lower(const matrix3 factor, double b[3])
{
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= factor[i][k] * b[k];
        b[i] /= factor[i][i];
    }
}

static void solve_upper(const matrix3 factor, double b[3])
{
    for (int i = 2; i >= 0; i--) {
        for (int k = i + 1; k < 3; k++)
            b[i] -= factor[k][i] * b[k];
        b[i] /= factor[i][i];
    }
}

/* Eigenvector of the largest eigenvalue of a symmetric matrix, by Jacobi rotations. */
static void largest_eigenvector(double vector[3], matrix3 a)
{
    matrix3 v = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int sweep = 0; sweep < 30; sweep++) {
        double off = fabs(a[0][1]) + fabs(a[0][2]) + fabs(a[1][2]);
        double diagonal = fabs(a[0][0]) + fabs(a[1][1]) + fabs(a[2][2]);
        if (off <= 1e-17 * diagonal) break;
        for (int p = 0; p < 2; p++) {
            for (int q = p + 1; q < 3; q++) {
                if (a[p][q] == 0) continue;
                double theta = 0.5 * (a[q][q] - a[p][p]) / a[p][q];
                double t = copysign(1, theta) / (fabs(theta) + hypot(1, theta));
                double c = 1 / hypot(1, t), s = t * c;
                for (int k = 0; k < 3; k++) {
                    double kp = a[k][p], kq = a[k][q];
                    a[k][p] = c * kp - s * kq;
                    a[k][q] = s * kp + c * kq;
                }
                for (int k = 0; k < 3; k++) {
                    double pk = a[p][k], qk = a[q][k], vp = v[k][p], vq = v[k][q];
                    a[p][k] = c * pk - s * qk;
                    a[q][k] = s * pk + c * qk;
                    v[k][p] = c * vp - s * vq;
                    v[k][q] = s * vp + c * vq;
                }
            }
        }
    }
    int best = a[0][0] > a[1][1] ? 0 : 1;
    if (a[2][2] > a[best][best]) best = 2;
    for (int k = 0; k < 3; k++)
        vector[k] = v[k][best];
}

typedef struct normalisation {
    double x, y, scale;
} normalisation;

static normalisation normalise(const double *x, const double *y, size_t n)
{
    normalisation by = {0};
    for (size_t i = 0; i < n; i++) {
        by.x += x[i];
        by.y += y[i];
    }
    by.x /= (double)n;
    by.y /= (double)n;
    for (size_t i = 0; i < n; i++)
        by.scale += (x[i] - by.x) * (x[i] - by.x) + (y[i] - by.y) * (y[i] - by.y);
    by.scale = sqrt(by.scale / (double)n);
    return by;
}

/* M and T of the normalised points; false when S3 is singular (points on a line). */
static bool reduce(matrix3 m, matrix3 t, const double *x, const double *y, size_t n, normalisation by)
{
    matrix3 s1 = {{0}}, s2 = {{0}}, s3 = {{0}}, factor;
    for (size_t i = 0; i < n; i++) {
        double u = (x[i] - by.x) / by.scale, v = (y[i] - by.y) / by.scale;
        double d1[3] = {u * u, u * v, v * v}, d2[3] = {u, v, 1};
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < 3; k++) {
                s1[j][k] += d1[j] * d1[k] / (double)n;
                s2[j][k] += d1[j] * d2[k] / (double)n;
                s3[j][k] += d2[j] * d2[k] / (double)n;
            }
        }
    }
    if (!cholesky(factor, s3) || factor[0][0] < 1e-8 || factor[1][1] < 1e-8) return false;
    for (int j = 0; j < 3; j++) {
        double column[3] = {-s2[j][0], -s2[j][1], -s2[j][2]};
        solve_lower(factor, column);
        solve_upper(factor, column);
        for (int k = 0; k < 3; k++)
            t[k][j] = column[k];
    }
    double trace = 0;
    for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 3; k++) {
            m[j][k] = s1[j][k];
            for (int l = 0; l < 3; l++)
                m[j][k] += 0.5 * (s2[j][l] * t[l][k] + s2[k][l] * t[l][j]);
        }
        trace += s1[j][j];
    }
    for (int j = 0; j < 3; j++) /* of points without scatter M is singular to rounding */
        m[j][j] += 1e-14 * trace;
    return true;
}

/* The quadratic part (a, b, c), up to a factor. */
static bool solve_quadratic_part(double a[3], const matrix3 m)
{
    matrix3 factor, middle = {{0, 0, 2}, {0, -1, 0}, {2, 0, 0}};
    if (!cholesky(factor, m)) return false;
    for (int round = 0; round < 2; round++) { /* L^-1 C, then of its transpose: L^-1 C L'^-1 */
        matrix3 next;
        for (int k = 0; k < 3; k++) {
            double column[3] = {middle[0][k], middle[1][k], middle[2][k]};
            solve_lower(factor, column);
            for (int j = 0; j < 3; j++)
                next[k][j] = column[j];
        }
        memcpy(middle, next, sizeof middle);
    }
    for (int j = 0; j < 3; j++)
        for (int k = 0; k < j; k++)
            middle[j][k] = middle[k][j] = 0.5 * (middle[j][k] + middle[k][j]);
    largest_eigenvector(a, middle);
    solve_upper(factor, a);
    return 4 * a[0] * a[2] - a[1] * a[1] > 0;
}

/* W = radius * sqrt(A) of the ellipse u'Au = 1 about its centre. The root of a 2 x 2 matrix A is
 * (A + sqrt(det) I) / sqrt(trace + 2 sqrt(det)). */
static bool ellipse_of_conic(vtr_ring_ellipse *out, const double a[3], const double linear[3],
                             normalisation by, double radius_px)
{
    double det = 4 * a[0] * a[2] - a[1] * a[1];
    double x = (a[1] * linear[1] - 2 * a[2] * linear[0]) / det,
           y = (a[1] * linear[0] - 2 * a[0] * linear[1]) / det;
    double level = -(linear[2] + 0.5 * (linear[0] * x + linear[1] * y));
    double xx = a[0] / level, yy = a[2] / level, xy = 0.5 * a[1] / level;
    if (!(xx > 0 && yy > 0 && xx * yy - xy * xy > 0)) return false;
    double root = sqrt(xx * yy - xy * xy), norm = radius_px / (by.scale * sqrt(xx + yy + 2 * root));
    *out = (vtr_ring_ellipse){.centre_x_px = by.x + by.scale * x,
                              .centre_y_px = by.y + by.scale * y,
                              .wxx = (xx + root) * norm,
                              .wyy = (yy + root) * norm,
                              .wxy = xy * norm,
                              .amplitude = NAN};
    return true;
}

/* Covariance of the points' scatter: s^2 (J'J)^-1, with the distance of a point from the ellipse to first order
 * (|W u| - radius) / |d|W u|/dx|. */
static void scatter(vtr_ring_ellipse *e, const double *x, const double *y, size_t n, double radius_px)
{
    double normal[VTR_ELLIPSE_N][VTR_ELLIPSE_N] = {{0}}, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double gradient[VTR_ELLIPSE_N], radius = vtr_ellipse_gradient(gradient, e, x[i], y[i]);
        double slope = hypot(gradient[VTR_ELLIPSE_CX], gradient[VTR_ELLIPSE_CY]);
        double distance = (radius - radius_px) / slope;
        squares += distance * distance;
        for (int j = 0; j < VTR_ELLIPSE_N; j++)
            for (int k = 0; k < VTR_ELLIPSE_N; k++)
                normal[j][k] += gradient[j] * gradient[k] / (slope * slope);
    }
    e->chi2 = squares / (double)n;
    if (!vtr_ellipse_invert(&e->covariance[0][0], &normal[0][0], VTR_ELLIPSE_N)) {
        for (int j = 0; j < VTR_ELLIPSE_N; j++)
            for (int k = 0; k < VTR_ELLIPSE_N; k++)
                e->covariance[j][k] = NAN;
        return;
    }
    for (int j = 0; j < VTR_ELLIPSE_N; j++)
        for (int k = 0; k < VTR_ELLIPSE_N; k++)
            e->covariance[j][k] *= squares / (double)(n - VTR_ELLIPSE_N);
}

vtr_status vtr_ellipse_fit_direct(vtr_ring_ellipse *out, const double *x_px, const double *y_px, size_t n,
                                  double radius_px, vtr_error *err)
{
    if (n < VTR_ELLIPSE_N + 1)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu points do not make an ellipse: give six", n);
    normalisation by = normalise(x_px, y_px, n);
    matrix3 m, t;
    double a[3], linear[3] = {0};
    if (!(by.scale > 0) || !reduce(m, t, x_px, y_px, n, by) || !solve_quadratic_part(a, m))
        return vtr_fail(err, VTR_ERR_NO_DATA, "the %zu points lie on no ellipse", n);
    for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++)
            linear[j] += t[j][k] * a[k];
    vtr_ring_ellipse fit;
    if (!ellipse_of_conic(&fit, a, linear, by, radius_px))
        return vtr_fail(err, VTR_ERR_NO_DATA, "the %zu points lie on no ellipse", n);
    scatter(&fit, x_px, y_px, n, radius_px);
    *out = fit;
    return VTR_OK;
}
