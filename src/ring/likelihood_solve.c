/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_solve.h"

#include <math.h>

/* Cholesky factor of the matrix scaled to unit diagonal: parameters differ by many orders of magnitude. The diagonal
 * of l holds reciprocals; scale 0: held. */
typedef struct factor {
    double l[FIT_N][FIT_N], scale[FIT_N];
} factor;

static int factorise(factor *f, const double matrix[FIT_NORMAL_N], const double fixed[FIT_N])
{
    for (size_t i = 0; i < FIT_N; i++) {
        double diagonal = matrix[fit_index(i, i)];
        if (fixed[i] == 0 && !(diagonal > 0)) return -1;
        f->scale[i] = fixed[i] != 0 ? 0 : 1 / sqrt(diagonal);
    }
    for (size_t i = 0; i < FIT_N; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = matrix[fit_index(i, j)] * f->scale[i] * f->scale[j];
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
static void solve(const factor *f, int start, double x[FIT_N])
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

int vtr_fit_invert(double inverse[FIT_N][FIT_N], const double matrix[FIT_NORMAL_N], const double fixed[FIT_N])
{
    factor f;
    if (factorise(&f, matrix, fixed) != 0) return -1;
    for (int j = 0; j < FIT_N; j++) {
        double column[FIT_N] = {0};
        column[j] = f.scale[j];
        solve(&f, j, column);
        for (int i = 0; i < FIT_N; i++)
            inverse[i][j] = column[i] * f.scale[i];
    }
    return 0;
}
