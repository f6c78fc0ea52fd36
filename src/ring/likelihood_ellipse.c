/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/likelihood_model.h"
#include "ring/likelihood_state.h"

/* W = sqrt(W0 (I + e)^2 W0), symmetric, and its derivatives with m, p and q; each as (xx, yy, xy). */
typedef struct total_w {
    double w[3], slope[3][3];
} total_w;

/* W0 G W0 for symmetric matrices. */
static void between(const double w0[3], const double g[3], double out[3])
{
    double hxx = g[0] * w0[0] + g[2] * w0[2], hxy = g[0] * w0[2] + g[2] * w0[1];
    double hyx = g[2] * w0[0] + g[1] * w0[2], hyy = g[2] * w0[2] + g[1] * w0[1];
    out[0] = w0[0] * hxx + w0[2] * hyx;
    out[1] = w0[2] * hxy + w0[1] * hyy;
    out[2] = w0[0] * hxy + w0[2] * hyy;
}

/* The square root of a symmetric positive 2x2 matrix S is (S + r I) / sqrt(tr S + 2 r), r = sqrt(det S). */
static void fill_total_w(total_w *out, const double w0[3], double m, double p, double q)
{
    double axx = 1 + m + p, ayy = 1 + m - p, s[3];
    between(w0, (double[3]){axx * axx + q * q, ayy * ayy + q * q, q * (axx + ayy)}, s);
    double r = sqrt(s[0] * s[1] - s[2] * s[2]), scale = 1 / sqrt(s[0] + s[1] + 2 * r);
    out->w[0] = (s[0] + r) * scale;
    out->w[1] = (s[1] + r) * scale;
    out->w[2] = s[2] * scale;
    const double dg[3][3] = {{2 * axx, 2 * ayy, 2 * q}, {2 * axx, -2 * ayy, 0}, {2 * q, 2 * q, axx + ayy}};
    for (int k = 0; k < 3; k++) {
        double ds[3];
        between(w0, dg[k], ds);
        double dr = (ds[0] * s[1] + s[0] * ds[1] - 2 * s[2] * ds[2]) / (2 * r);
        double dscale = -0.5 * scale * scale * (ds[0] + ds[1] + 2 * dr);
        out->slope[k][0] = (ds[0] + dr) * scale + out->w[0] * dscale;
        out->slope[k][1] = (ds[1] + dr) * scale + out->w[1] * dscale;
        out->slope[k][2] = ds[2] * scale + out->w[2] * dscale;
    }
}

/* d(cx, cy, Wxx, Wyy, Wxy) / d(dx, dy, m, p, q). */
static void fill_jacobian(const vtr_likelihood *l, const total_w *total, double jacobian[5][5])
{
    memset(jacobian, 0, 25 * sizeof(double));
    double determinant = l->w0[0] * l->w0[1] - l->w0[2] * l->w0[2];
    jacobian[0][0] = l->w0[1] / determinant;
    jacobian[0][1] = jacobian[1][0] = -l->w0[2] / determinant;
    jacobian[1][1] = l->w0[0] / determinant;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++)
            jacobian[2 + i][2 + k] = total->slope[k][i];
}

/* J C J' of a lane. */
static void turn_covariance(double out[5][5], const double jacobian[5][5],
                            const double covariance[5][5][VTR_FIT_LANES], int lane)
{
    double half[5][5];
    for (int a = 0; a < 5; a++)
        for (int j = 0; j < 5; j++) {
            half[a][j] = 0;
            for (int b = 0; b < 5; b++)
                half[a][j] += covariance[a][b][lane] * jacobian[j][b];
        }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            out[i][j] = 0;
            for (int a = 0; a < 5; a++)
                out[i][j] += jacobian[i][a] * half[a][j];
        }
}

void vtr_likelihood_ellipse(const vtr_likelihood *l, const vtr_fit_batch *batch, int lane,
                            vtr_ring_ellipse *out)
{
    if (batch->flags[lane] & VTR_FLAGS_NO_RING_DATA) {
        vtr_ring_ellipse_none(out, batch->flags[lane]);
        return;
    }
    double dx = (double)batch->parameters[FIT_DX][lane], dy = (double)batch->parameters[FIT_DY][lane];
    double jacobian[5][5];
    total_w total;
    fill_total_w(&total, l->w0, (double)batch->parameters[FIT_M][lane],
                 (double)batch->parameters[FIT_P][lane], (double)batch->parameters[FIT_Q][lane]);
    fill_jacobian(l, &total, jacobian);
    out->centre_x_px = l->centre_x_px + jacobian[0][0] * dx + jacobian[0][1] * dy;
    out->centre_y_px = l->centre_y_px + jacobian[1][0] * dx + jacobian[1][1] * dy;
    out->wxx = total.w[0];
    out->wyy = total.w[1];
    out->wxy = total.w[2];
    turn_covariance(out->covariance, jacobian, batch->covariance, lane);
    double peak = vtr_fit_table_value(&l->model.table, l->radius_px);
    out->amplitude = (double)batch->parameters[FIT_A][lane] * peak;
    out->chi2 = batch->chi2[lane];
    out->flags = batch->flags[lane];
}
