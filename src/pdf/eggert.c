/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/eggert.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "vitrail/constants.h"

vtr_status pdf_eggert_init(pdf_eggert *e, const vtr_pdf_plan *plan, double rcut, vtr_error *err)
{
    size_t n = plan->n_q;
    /* a rule of n nodes is exact to rounding where the integrand turns by less than n radians */
    size_t n_nodes = 32 + (size_t)ceil(2 * plan->q[n - 1] * rcut);
    *e = (pdf_eggert){.n_q = n, .n_nodes = n_nodes};
    e->r = vtr_calloc(n_nodes, sizeof(double));
    e->weight = vtr_calloc(n_nodes, sizeof(double));
    e->to_g = vtr_calloc(n_nodes * n, sizeof(double));
    e->sine = vtr_calloc(n_nodes * n, sizeof(double));
    e->excess = vtr_calloc(n_nodes, sizeof(double));
    e->correction = vtr_calloc(n, sizeof(double));
    if (e->r == NULL || e->weight == NULL || e->to_g == NULL || e->sine == NULL || e->excess == NULL ||
        e->correction == NULL) {
        pdf_eggert_release(e);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a refinement of %zu points", n);
    }
    pdf_gauss_legendre(n_nodes, 0, rcut, e->r, e->weight);
    for (size_t i = 0; i < n_nodes; i++) {
        pdf_transform_row(plan, e->r[i], e->to_g + i * n);
        for (size_t j = 0; j < n; j++)
            e->sine[i * n + j] = e->weight[i] * sin(plan->q[j] * e->r[i]);
    }
    return VTR_OK;
}

void pdf_eggert_release(pdf_eggert *e)
{
    double *arrays[] = {e->r, e->weight, e->to_g, e->sine, e->excess, e->correction};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        vtr_free(arrays[i]);
    *e = (pdf_eggert){0};
}

double pdf_eggert_misfit(pdf_eggert *e, const double *f, double density)
{
    double misfit = 0;
    int n = (int)e->n_q, n_nodes = (int)e->n_nodes;
    for (size_t i = 0; i < e->n_nodes; i++) {
        e->excess[i] = 4 * VTR_PI * density * e->r[i] + cblas_ddot(n, e->to_g + i * e->n_q, 1, f, 1);
        misfit += e->weight[i] * e->excess[i] * e->excess[i];
    }
    cblas_dgemv(CblasRowMajor, CblasTrans, n_nodes, n, 1, e->sine, n, e->excess, 1, 0, e->correction, 1);
    return misfit;
}

/* B, or what it is without incoherent and Laue scattering. */
static double self(const vtr_pdf_plan *plan, size_t j, bool structure_only)
{
    return structure_only ? plan->q[j] : plan->self[j];
}

/* What the correction multiplies: the intensity over the atoms' own, or S. */
static double factor(const vtr_pdf_plan *plan, const double *f, size_t j, bool structure_only)
{
    return 1 + f[j] / self(plan, j, structure_only);
}

void pdf_eggert_iterate(pdf_eggert *e, const vtr_pdf_plan *plan, double density, double step,
                        bool structure_only, double *f, double *jacobian, double *scratch)
{
    size_t n = e->n_q;
    int m = (int)n, n_nodes = (int)e->n_nodes;
    pdf_eggert_misfit(e, f, density);
    if (jacobian != NULL) { /* dF' = dF (1 - step c/Q) - step factor dc, dc = sine^T to_g dF */
        double *of_nodes = scratch, *of_correction = scratch + e->n_nodes * n;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n_nodes, m, m, 1, e->to_g, m, jacobian, m, 0,
                    of_nodes, m);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, m, n_nodes, 1, e->sine, m, of_nodes, m, 0,
                    of_correction, m);
        for (size_t j = 0; j < n; j++) {
            cblas_dscal(m, 1 - step * e->correction[j] / self(plan, j, structure_only), jacobian + j * n, 1);
            cblas_daxpy(m, -step * factor(plan, f, j, structure_only), of_correction + j * n, 1,
                        jacobian + j * n, 1);
        }
    }
    for (size_t j = 0; j < n; j++)
        f[j] -= step * factor(plan, f, j, structure_only) * e->correction[j];
}
