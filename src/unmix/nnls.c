/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small non-negative least squares in normal form, for one position or channel at a time. */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX };

/* L of the rows and columns listed; false where they are not positive definite. */
static bool factorise(double l[MOST * MOST], const double *gram, size_t k, const size_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = gram[list[i] * k + list[j]];
            for (size_t c = 0; c < j; c++)
                sum -= l[i * n + c] * l[j * n + c];
            if (i == j && !(sum > 1e-14 * gram[list[i] * k + list[i]])) return false;
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
    return true;
}

static void substitute(double *x, const double *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < i; c++)
            x[i] -= l[i * n + c] * x[c];
        x[i] /= l[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t c = i + 1; c < n; c++)
            x[i] -= l[c * n + i] * x[c];
        x[i] /= l[i * n + i];
    }
}

static size_t members(size_t list[MOST], size_t k, uint32_t mask)
{
    size_t n = 0;
    for (size_t j = 0; j < k; j++)
        if (mask >> j & 1) list[n++] = j;
    return n;
}

/* Inverse of one subset, spread over [k][k]. */
static bool invert_subset(double *inverse, const double *gram, size_t k, uint32_t mask)
{
    size_t list[MOST] = {0}, n = members(list, k, mask);
    double l[MOST * MOST], column[MOST];
    if (!factorise(l, gram, k, list, n)) return false;
    for (size_t j = 0; j < n; j++) {
        memset(column, 0, sizeof column);
        column[j] = 1;
        substitute(column, l, n);
        for (size_t i = 0; i < n; i++)
            inverse[list[i] * k + list[j]] = column[i];
    }
    return true;
}

vtr_status vtr_unmix_nnls_open(unmix_nnls *plan, size_t k, const double *gram, vtr_error *err)
{
    plan->k = k;
    plan->inverse = NULL;
    memcpy(plan->gram, gram, k * k * sizeof *gram);
    /* Components that have become alike keep a solution: a ridge far below what single precision resolves. */
    for (size_t j = 0; j < k; j++)
        plan->gram[j * k + j] += 1e-13 * gram[j * k + j] + 1e-300;
    if (k > UNMIX_TABLE_COMPONENTS) return VTR_OK;
    plan->inverse = vtr_calloc(((size_t)1 << k) * k * k, sizeof *plan->inverse);
    if (plan->inverse == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", k);
    for (uint32_t mask = 1; mask < (uint32_t)1 << k; mask++)
        if (!invert_subset(plan->inverse + mask * k * k, plan->gram, k, mask)) {
            vtr_unmix_nnls_close(plan);
            return vtr_fail(err, VTR_ERR_NUMERIC, "%zu components cannot be told apart; ask for fewer", k);
        }
    return VTR_OK;
}

void vtr_unmix_nnls_close(unmix_nnls *plan)
{
    vtr_free(plan->inverse);
    plan->inverse = NULL;
}

/* x of the subset, zero elsewhere. */
static void solve_subset(const unmix_nnls *plan, const double *p, uint32_t mask, double *x)
{
    size_t k = plan->k;
    if (plan->inverse != NULL) {
        const double *inverse = plan->inverse + mask * k * k;
        for (size_t i = 0; i < k; i++) {
            double sum = 0;
            for (size_t j = 0; j < k; j++)
                sum += inverse[i * k + j] * p[j];
            x[i] = sum;
        }
        return;
    }
    size_t list[MOST] = {0}, n = members(list, k, mask);
    double l[MOST * MOST], part[MOST] = {0};
    for (size_t i = 0; i < n; i++)
        part[i] = p[list[i]];
    if (factorise(l, plan->gram, k, list, n)) substitute(part, l, n);
    memset(x, 0, k * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[list[i]] = part[i];
}

/* Those that break x >= 0 inside the subset, or gradient >= 0 outside it. */
static uint32_t infeasible(const unmix_nnls *plan, const double *p, uint32_t mask, const double *x)
{
    size_t k = plan->k;
    uint32_t bad = 0;
    for (size_t i = 0; i < k; i++) {
        if (mask >> i & 1) {
            if (x[i] < 0) bad |= (uint32_t)1 << i;
            continue;
        }
        double gradient = -p[i], size = fabs(p[i]);
        for (size_t j = 0; j < k; j++)
            gradient += plan->gram[i * k + j] * x[j];
        if (gradient < -1e-12 * size) bad |= (uint32_t)1 << i;
    }
    return bad;
}

static size_t count_bits(uint32_t mask)
{
    size_t n = 0;
    for (; mask != 0; mask &= mask - 1)
        n++;
    return n;
}

void vtr_unmix_nnls_solve(const unmix_nnls *plan, const double *p, double *x)
{
    size_t k = plan->k, fewest = k + 1;
    uint32_t mask = (uint32_t)(((uint64_t)1 << k) - 1);
    int chances = 3;
    /* The rule of one exchange at a time ends by itself; rounding could make it go round, which the limit ends. */
    for (int step = 0; step < 400; step++) {
        solve_subset(plan, p, mask, x);
        uint32_t bad = infeasible(plan, p, mask, x);
        if (bad == 0) return;
        size_t n_bad = count_bits(bad);
        if (n_bad < fewest) {
            fewest = n_bad;
            chances = 3;
            mask ^= bad;
        } else if (chances-- > 0)
            mask ^= bad;
        else {
            uint32_t highest = bad;
            while (highest & (highest - 1))
                highest &= highest - 1;
            mask ^= highest;
        }
    }
    for (size_t i = 0; i < k; i++)
        x[i] = fmax(x[i], 0);
}

vtr_status vtr_unmix_solve(double *h, size_t k, size_t n, const double *gram, const double *r, vtr_error *err)
{
    double g[MOST * MOST];
    memcpy(g, gram, k * k * sizeof *g);
    for (size_t j = 0; j < k; j++)
        g[j * k + j] += 1e-13 * gram[j * k + j] + 1e-300;
    if (h != r) memcpy(h, r, k * n * sizeof *h);
    if (LAPACKE_dposv(LAPACK_ROW_MAJOR, 'U', (lapack_int)k, (lapack_int)n, g, (lapack_int)k, h,
                      (lapack_int)n) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC, "%zu components cannot be told apart; ask for fewer", k);
    return VTR_OK;
}
