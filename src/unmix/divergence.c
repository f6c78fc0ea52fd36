/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Non-negative factorisation with the generalised Kullback-Leibler divergence, the loss of Poisson counts, by
 * multiplicative updates. D. D. Lee, H. S. Seung, Adv. Neural Inf. Process. Syst. 13 (2001), theorem 2: they never increase
 * it. A position's weights depend on no other position, so they are updated several times while its row is at hand. */
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX, REPEATS = 3 };
enum { SUM_LOSS, SUM_STEP2, SUM_W2, N_SUMS };

typedef struct pass {
    const unmix_fit *fit;
    const unmix_kernels *kernels;
    double total[MOST]; /* of each component over the channels */
} pass;

static void update_rows(const pass *job, size_t n, const double *p, double *w, double *scalar)
{
    size_t k = job->fit->k;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++) {
            double before = w[i * k + j];
            if (job->total[j] > 0) w[i * k + j] *= p[i * k + j] / job->total[j];
            if (scalar == NULL) continue;
            scalar[SUM_STEP2] += (w[i * k + j] - before) * (w[i * k + j] - before);
            scalar[SUM_W2] += w[i * k + j] * w[i * k + j];
        }
}

/* Weights where there are none yet: the row's sum in equal parts. */
static void begin_rows(const pass *job, size_t n, size_t m, const float *rows, double *w)
{
    size_t k = job->fit->k;
    double all = 0;
    for (size_t j = 0; j < k; j++)
        all += job->total[j];
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < m; c++)
            sum += (double)rows[i * m + c];
        for (size_t j = 0; j < k; j++)
            w[i * k + j] = all > 0 ? sum / all : 0;
    }
}

/* Sums: [k][m] of w q, [k] of w, [N_SUMS]. */
static void do_block(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const pass *job = user;
    const unmix_fit *fit = job->fit;
    size_t k = fit->k, m = fit->a->m;
    double *w = fit->w + first * k, *p = scratch, *scalar = sums + k * m + k;
    float *q = (float *)(void *)(scratch + UNMIX_BLOCK * k);
    int repeats = fit->has_w ? REPEATS : 3 * REPEATS;
    if (!fit->has_w) begin_rows(job, n, m, rows, w);
    for (int repeat = 0; repeat < repeats; repeat++) {
        job->kernels->ratio(q, n, m, rows, k, w, fit->h, false);
        job->kernels->project(p, n, m, q, k, fit->h);
        update_rows(job, n, p, w, repeat + 1 == repeats ? scalar : NULL);
    }
    scalar[SUM_LOSS] += job->kernels->ratio(q, n, m, rows, k, w, fit->h, true);
    job->kernels->accumulate(sums, n, m, q, k, w);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            sums[k * m + j] += w[i * k + j];
}

static vtr_status evaluate(unmix_fit *fit, double *sums, vtr_error *err)
{
    size_t k = fit->k, m = fit->a->m;
    pass job = {.fit = fit, .kernels = vtr_unmix_kernels_best()};
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++)
            job.total[j] += fit->h[j * m + c];
    vtr_status status = vtr_unmix_each_block(fit->a, do_block, &job, sums, k * m + k + N_SUMS,
                                             UNMIX_BLOCK * (k + (m + 1) / 2), err);
    fit->has_w = true;
    return status;
}

/* The components' update into `h`; its rms step relative to their rms is returned. */
static double update_components(double *h, const unmix_fit *fit, const double *sums)
{
    size_t k = fit->k, m = fit->a->m;
    double step2 = 0, h2 = 0;
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            double before = fit->h[j * m + c], total = sums[k * m + j];
            double now = total > 0 ? before * sums[j * m + c] / total : before;
            step2 += (now - before) * (now - before);
            h2 += before * before;
            h[j * m + c] = now;
        }
    return h2 > 0 ? sqrt(step2 / h2) : 0;
}

static vtr_status iterate(unmix_fit *fit, size_t most, double *sums, vtr_error *err)
{
    double before = INFINITY;
    const double *scalar = sums + fit->k * fit->a->m + fit->k;
    fit->is_converged = false;
    for (size_t i = 0; i < most; i++) {
        vtr_status status = vtr_unmix_go_on(fit->a, fit->progress, err);
        if (status == VTR_OK) status = evaluate(fit, sums, err);
        if (status != VTR_OK) return status;
        double now = scalar[SUM_LOSS];
        if (now > before) {
            /* Quotients are kept in single precision, so the sum wavers where nothing more is to be gained. */
            fit->is_converged = true;
            break;
        }
        vtr_unmix_fit_record(fit, now);
        if (before - now < 2 * fit->params->tolerance * before || !(now > 0)) {
            fit->is_converged = true;
            break;
        }
        before = now;
        if (i + 1 < most) update_components(fit->h, fit, sums);
    }
    return VTR_OK;
}

vtr_status vtr_unmix_diverge(unmix_fit *fit, size_t most, vtr_error *err)
{
    double *sums = vtr_malloc(fit->k * fit->a->m + fit->k + N_SUMS, sizeof *sums);
    if (sums == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", fit->k);
    vtr_status status = iterate(fit, most, sums, err);
    vtr_free(sums);
    return status;
}

vtr_status vtr_unmix_diverge_end(unmix_fit *fit, vtr_error *err)
{
    size_t count = fit->k * fit->a->m;
    double *sums = vtr_malloc(count + fit->k + N_SUMS, sizeof *sums), *h = vtr_malloc(count, sizeof *h);
    vtr_status status = VTR_OK;
    if (sums == NULL || h == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", fit->k);
    if (status == VTR_OK) status = evaluate(fit, sums, err);
    if (status == VTR_OK) {
        const double *scalar = sums + count + fit->k;
        fit->objective = scalar[SUM_LOSS];
        fit->kkt = fmax(update_components(h, fit, sums),
                        scalar[SUM_W2] > 0 ? sqrt(scalar[SUM_STEP2] / scalar[SUM_W2]) : 0);
    }
    vtr_free(sums);
    vtr_free(h);
    return status;
}
