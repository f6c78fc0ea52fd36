/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"

/* Columns to unit length, so that powers of Q and form factors meet on one scale; their lengths into `length`. */
static vtr_status equalise(size_t n, size_t m, double *x, double *length, vtr_error *err)
{
    for (size_t a = 0; a < m; a++) {
        length[a] = cblas_dnrm2((int)n, x + a * n, 1);
        if (!(length[a] > 0) || !isfinite(length[a]))
            return vtr_fail(err, VTR_ERR_NUMERIC,
                            "background fit: a term vanishes over the range, or is not finite");
        cblas_dscal((int)n, 1 / length[a], x + a * n, 1);
    }
    return VTR_OK;
}

/* X -> Q with X = Q R; then Z = R^-1 Q^T in place of Q^T. */
static vtr_status pseudo_inverse(size_t n, size_t m, double *x, double *tau, double *triangle, vtr_error *err)
{
    lapack_int rows = (lapack_int)n, columns = (lapack_int)m;
    if (LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, x, rows, tau) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "background fit: the factorisation failed");
    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b <= a; b++)
            triangle[a * m + b] = x[a * n + b];
    for (size_t a = 0; a < m; a++)
        if (fabs(triangle[a * m + a]) < 1e-12)
            return vtr_fail(
                err, VTR_ERR_NUMERIC,
                "background fit: %zu terms cannot be told apart over the range; lower the order of the "
                "polynomial or widen the range",
                m);
    if (LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, x, rows, tau) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "background fit: the factorisation failed");
    cblas_dtrsm(CblasColMajor, CblasRight, CblasUpper, CblasTrans, CblasNonUnit, rows, columns, 1, triangle,
                columns, x, rows);
    return VTR_OK;
}

vtr_status pdf_least_squares(size_t n, size_t m, const double *columns, double *covariance,
                             double *functionals, vtr_error *err)
{
    vtr_status status = VTR_OK;
    double length[PDF_MAX_TERMS + 2], tau[PDF_MAX_TERMS + 2];
    double triangle[(PDF_MAX_TERMS + 2) * (PDF_MAX_TERMS + 2)] = {0};
    if (m > n) return vtr_fail(err, VTR_ERR_NO_DATA, "background fit: %zu points for %zu terms", n, m);
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', (lapack_int)n, covariance, (lapack_int)n) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "background fit: the weights are not positive");
    memcpy(functionals, columns, n * m * sizeof *columns);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, (int)m, 1,
                covariance, (int)n, functionals, (int)n);
    status = equalise(n, m, functionals, length, err);
    if (status == VTR_OK) status = pseudo_inverse(n, m, functionals, tau, triangle, err);
    if (status != VTR_OK) return status;
    for (size_t a = 0; a < m; a++)
        cblas_dscal((int)n, 1 / length[a], functionals + a * n, 1);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, (int)n, (int)m, 1, covariance,
                (int)n, functionals, (int)n);
    return VTR_OK;
}
