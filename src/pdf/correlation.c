/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/pdf_internal.h"

/* A number that changes by d_j with sample j of a profile has the variance
 *
 *   sum_jk d_j R_jk sqrt(v_j v_k) d_k = sum_j d_j (R d)_j v_j,
 *
 * R the correlation of samples: v changes little over its reach, so that sqrt(v_j v_k) is (v_j + v_k)/2. This is linear
 * in v, as it is for independent samples, so a cube's errors stay matrix products. */

vtr_status vtr_pdf_plan_correlate(vtr_pdf_plan *plan, size_t n_lags, const double *correlation,
                                  vtr_error *err)
{
    size_t n = plan->n_q;
    if (n_lags == 0 || n_lags > n)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "correlation of %zu lags between %zu samples", n_lags, n);
    double *kept = vtr_calloc(n_lags * n, sizeof *kept);
    if (kept == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu samples", n);
    for (size_t lag = 0; lag < n_lags; lag++)
        for (size_t j = 0; j + lag < n; j++)
            kept[lag * n + j] = correlation[lag * plan->n_data + plan->first + j];
    vtr_free(plan->correlation);
    plan->correlation = kept;
    plan->n_lags = n_lags;
    return VTR_OK;
}

void pdf_correlate(const vtr_pdf_plan *plan, const double *row, double *out)
{
    size_t n = plan->n_q;
    memcpy(out, row, n * sizeof *out);
    for (size_t lag = 1; lag < plan->n_lags; lag++) {
        const double *r = plan->correlation + lag * n;
        for (size_t j = 0; j + lag < n; j++) {
            out[j] += r[j] * row[j + lag];
            out[j + lag] += r[j] * row[j];
        }
    }
}
