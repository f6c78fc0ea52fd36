/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_solve.h"

#include <math.h>
#include <string.h>

/* Cholesky factor of the matrix scaled to unit diagonal: parameters differ by many orders of magnitude. */
typedef struct factor {
    double l[FIT_N][FIT_N], scale[FIT_N];
} factor;

static int factorise(const fit_normal *normal, int lane, const double fixed[FIT_N], factor *f)
{
    for (size_t i = 0; i < FIT_N; i++) {
        double diagonal = normal->matrix[fit_index(i, i)][lane];
        if (fixed[i] == 0 && !(diagonal > 0)) return -1;
        f->scale[i] = fixed[i] != 0 ? 0 : 1 / sqrt(diagonal);
    }
    for (size_t i = 0; i < FIT_N; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = normal->matrix[fit_index(i, j)][lane] * f->scale[i] * f->scale[j];
            if (i == j && f->scale[i] == 0) sum = 1;
            for (size_t k = 0; k < j; k++)
                sum -= f->l[i][k] * f->l[j][k];
            if (i != j) {
                f->l[i][j] = sum * f->l[j][j]; /* the diagonal holds reciprocals */
            } else {
                if (!(sum > 1e-9)) return -1;
                f->l[i][i] = 1 / sqrt(sum);
            }
        }
    return 0;
}

static void solve(const factor *f, double x[FIT_N])
{
    for (int i = 0; i < FIT_N; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= f->l[i][k] * x[k];
        x[i] *= f->l[i][i];
    }
    for (int i = FIT_N - 1; i >= 0; i--) {
        for (int k = i + 1; k < FIT_N; k++)
            x[i] -= f->l[k][i] * x[k];
        x[i] *= f->l[i][i];
    }
}

int vtr_fit_solve(const fit_normal *normal, int lane, const double fixed[FIT_N], double step[FIT_N],
                  double *decrement)
{
    factor f;
    if (factorise(normal, lane, fixed, &f) != 0) return -1;
    for (int k = 0; k < FIT_N; k++)
        step[k] = normal->gradient[k][lane] * f.scale[k];
    solve(&f, step);
    *decrement = 0;
    for (int k = 0; k < FIT_N; k++) {
        step[k] *= f.scale[k];
        *decrement += step[k] * normal->gradient[k][lane];
    }
    return isfinite(*decrement) ? 0 : -1;
}

int vtr_fit_invert(const fit_normal *normal, int lane, const double fixed[FIT_N],
                   double inverse[FIT_N][FIT_N])
{
    factor f;
    if (factorise(normal, lane, fixed, &f) != 0) return -1;
    for (int j = 0; j < FIT_N; j++) {
        double column[FIT_N] = {0};
        column[j] = f.scale[j];
        solve(&f, column);
        for (int i = 0; i < FIT_N; i++)
            inverse[i][j] = column[i] * f.scale[i];
    }
    return 0;
}

void vtr_fit_copy_lane(fit_normal *to, const fit_normal *from, int lane)
{
    for (int k = 0; k < FIT_NORMAL_N; k++)
        to->matrix[k][lane] = from->matrix[k][lane];
}

double vtr_fit_table_value(const fit_table *table, double rho_px)
{
    double position = (rho_px - (double)table->rho_first_px) / (double)table->step_px;
    if (!(position > 0)) position = 0;
    if (position > table->n - 1) position = table->n - 1;
    int i = (int)(position + 0.5);
    return (double)table->values[2 * i] +
           (double)table->values[2 * i + 1] * (position - i) * (double)table->step_px;
}

void vtr_fit_evaluate(const fit_model *model, const fit_bin *bin, const double x[FIT_N], vtr_fit_point *out)
{
    double exx = x[FIT_M] + x[FIT_P], eyy = x[FIT_M] - x[FIT_P], exy = x[FIT_Q];
    double gxx = 2 * exx + exx * exx + exy * exy, gyy = 2 * eyy + eyy * eyy + exy * exy,
           gxy = exy * (2 + exx + eyy);
    double dx = x[FIT_DX], dy = x[FIT_DY], r = (double)bin->radius_px;
    double c1 = (double)bin->cos1, s1 = (double)bin->sin1, c2 = (double)bin->cos2, s2 = (double)bin->sin2;
    double mdx = dx + gxx * dx + gxy * dy, mdy = dy + gxy * dx + gyy * dy;
    double eps = (gxx + gyy) / 2 + (gxx - gyy) / 2 * c2 + gxy * s2 - 2 * (mdx * c1 + mdy * s1) / r +
                 (dx * mdx + dy * mdy) / (r * r);
    double eps_r = -2 * (dx * c1 + dy * s1) / r + (dx * dx + dy * dy) / (r * r);
    double dr = r * (sqrt(1 + eps_r) - 1), t = (double)bin->t + dr * (double)model->inverse_half_width;
    double b0 = x[FIT_B0] + x[FIT_BC0] * c2 + x[FIT_BS0] * s2,
           b1 = x[FIT_B1] + x[FIT_BC1] * c2 + x[FIT_BS1] * s2;
    out->rho_px = r * sqrt(1 + eps);
    out->height = x[FIT_A] + x[FIT_AC] * c2 + x[FIT_AS] * s2;
    out->ring = vtr_fit_table_value(&model->table, out->rho_px);
    out->background =
        (double)bin->background * exp(-(double)model->kappa * dr) * (b0 + t * (b1 + t * x[FIT_B2]));
}
