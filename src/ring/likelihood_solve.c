/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_solve.h"

#include <math.h>
#include <string.h>

int vtr_fit_factorise(vtr_fit_factor *f, const fit_normal *normal, int lane, const double fixed[FIT_N])
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
                f->l[i][j] = sum * f->l[j][j];
            } else {
                if (!(sum > 1e-9)) return -1;
                f->l[i][i] = 1 / sqrt(sum);
            }
        }
    return 0;
}

/* Solves L L' x = x; the first `start` values of x are zero. */
static void solve(const vtr_fit_factor *f, int start, double x[FIT_N])
{
    for (int i = start; i < FIT_N; i++) {
        for (int k = start; k < i; k++)
            x[i] -= f->l[i][k] * x[k];
        x[i] *= f->l[i][i];
    }
    for (int i = FIT_N - 1; i >= 0; i--) {
        x[i] *= f->l[i][i];
        for (int k = 0; k < i; k++)
            x[k] -= f->l[i][k] * x[i];
    }
}

double vtr_fit_step(const vtr_fit_factor *f, const fit_normal *normal, int lane, double step[FIT_N])
{
    double decrement = 0;
    for (int k = 0; k < FIT_N; k++)
        step[k] = normal->gradient[k][lane] * f->scale[k];
    solve(f, 0, step);
    for (int k = 0; k < FIT_N; k++) {
        step[k] *= f->scale[k];
        decrement += step[k] * normal->gradient[k][lane];
    }
    return decrement;
}

void vtr_fit_inverse(const vtr_fit_factor *f, int n_columns, double inverse[FIT_N][FIT_N])
{
    for (int j = 0; j < n_columns; j++) {
        double column[FIT_N] = {0};
        column[j] = f->scale[j];
        solve(f, j, column);
        for (int i = 0; i < FIT_N; i++)
            inverse[i][j] = column[i] * f->scale[i];
    }
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
