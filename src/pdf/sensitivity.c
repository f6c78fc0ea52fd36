/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>

#include "pdf/pdf_internal.h"

/* The background's part in dF: u_t changes with I by its row and, through N, by per_scale times the row of N. */
static void add_term(const vtr_pdf_plan *plan, size_t t, double weight, double *out)
{
    int n = (int)plan->n_q;
    cblas_daxpy(n, weight, plan->term[t].row, 1, out, 1);
    if (plan->term[t].per_scale != 0)
        cblas_daxpy(n, weight * plan->term[t].per_scale, plan->scale.row, 1, out, 1);
}

void pdf_sensitivity(const vtr_pdf_plan *plan, size_t n_r, const double *transform, double *k2)
{
    size_t n = plan->n_q;
    for (size_t i = 0; i < n_r; i++) {
        const double *row = transform + i * n;
        double *out = k2 + i * n;
        for (size_t j = 0; j < n; j++)
            out[j] = row[j] * plan->to_f[j];
        for (size_t t = 0; t < plan->n_terms; t++)
            add_term(plan, t, -cblas_ddot((int)n, row, 1, plan->column[t], 1), out);
        cblas_daxpy((int)n, -cblas_ddot((int)n, row, 1, plan->self, 1), plan->scale.row, 1, out, 1);
    }
}

void pdf_structure_sensitivity(const vtr_pdf_plan *plan, size_t i, double f, double scale, double *out)
{
    size_t n = plan->n_q;
    for (size_t j = 0; j < n; j++)
        out[j] = -(f + plan->self[i]) * plan->scale.row[j];
    out[i] += plan->to_f[i];
    for (size_t t = 0; t < plan->n_terms; t++)
        add_term(plan, t, -plan->column[t][i], out);
    cblas_dscal((int)n, 1 / scale, out, 1);
}
