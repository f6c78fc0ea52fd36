/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Non-negative factorisation with the Frobenius loss: the weights of every position for given components, then the
 * components for those weights, one pass over the data for both.
 *
 * With exact weights the loss is a function f(H) of the components alone, and the step to the components that are best
 * for those weights never increases it. Extrapolating that step (Ang & Gillis 2019) saves most iterations where the valley
 * of f is flat, as it is for mixtures that overlap; a step that goes uphill is taken back. */
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX, SWEEPS = 2 };

/* One pass at components h. */
typedef struct pass {
    const unmix_fit *fit;
    const unmix_kernels *kernels;
    const double *h;           /* [k][width], in the coordinates of the rows */
    double gram[MOST * MOST];  /* h h^T */
    double bound[MOST * MOST]; /* the same with the penalty of the sum */
    unmix_nnls nnls;
    bool is_exact; /* weights by nnls, whatever the method */
} pass;

enum { SUM_CROSS, SUM_EXCESS, SUM_STEP2, SUM_W2, N_SUMS };

static void coordinate_sweep(double *x, size_t k, size_t stride, const double *gram, const double *p,
                             size_t p_stride)
{
    for (size_t j = 0; j < k; j++) {
        double gradient = -p[j * p_stride];
        for (size_t l = 0; l < k; l++)
            gradient += gram[j * k + l] * x[l * stride];
        if (gram[j * k + j] > 0) x[j * stride] = fmax(x[j * stride] - gradient / gram[j * k + j], 0);
    }
}

static void multiply(double *x, size_t k, size_t stride, const double *gram, const double *p, size_t p_stride)
{
    double factor[MOST];
    for (size_t j = 0; j < k; j++) {
        double model = 0;
        for (size_t l = 0; l < k; l++)
            model += gram[j * k + l] * x[l * stride];
        factor[j] = model > 0 ? fmax(p[j * p_stride], 0) / model : 1;
    }
    for (size_t j = 0; j < k; j++)
        x[j * stride] *= factor[j];
}

/* Zeros would stay zeros under multiplication: to a thousandth of the row's mean. */
static void lift_zeros(double *w, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < k; j++)
        sum += w[j];
    for (size_t j = 0; j < k; j++)
        w[j] = fmax(w[j], 1e-3 * sum / (double)k);
}

static void solve_row(const pass *job, const double *p, double *w)
{
    size_t k = job->fit->k;
    if (job->is_exact) {
        vtr_unmix_nnls_solve(&job->nnls, p, w);
        if (job->fit->params->method == VTR_NMF_MU) lift_zeros(w, k);
    } else if (job->fit->params->method == VTR_NMF_MU)
        multiply(w, k, 1, job->bound, p, 1);
    else
        for (int sweep = 0; sweep < SWEEPS; sweep++)
            coordinate_sweep(w, k, 1, job->bound, p, 1);
}

/* Weights of a block, and what the components' step and the loss need of them: [k][width], [k][k], [N_SUMS]. */
static void do_block(void *user, size_t first, size_t n, const float *rows, double *sums, double *p)
{
    const pass *job = user;
    const unmix_fit *fit = job->fit;
    size_t k = fit->k, width = fit->a->width;
    double *square = sums + k * width, *scalar = square + k * k, *w = fit->w + first * k, target[MOST];
    job->kernels->project(p, n, width, rows, k, job->h);
    for (size_t i = 0; i < n; i++) {
        double scale = fit->penalty > 0 ? vtr_unmix_position_scale(fit->a, first + i) : 0, sum = 0;
        double *x = w + i * k;
        for (size_t j = 0; j < k; j++)
            target[j] = p[i * k + j] + fit->penalty * scale;
        solve_row(job, target, x);
        for (size_t j = 0; j < k; j++) {
            double gradient = -target[j];
            sum += x[j];
            scalar[SUM_CROSS] += x[j] * p[i * k + j];
            for (size_t l = 0; l < k; l++) {
                square[j * k + l] += x[j] * x[l];
                gradient += job->bound[j * k + l] * x[l];
            }
            double step = x[j] - fmax(x[j] - gradient / job->bound[j * k + j], 0);
            scalar[SUM_STEP2] += step * step;
            scalar[SUM_W2] += x[j] * x[j];
        }
        scalar[SUM_EXCESS] += (scale - sum) * (scale - sum);
    }
    job->kernels->accumulate(sums, n, width, rows, k, w);
}

static void gram_of(double *gram, size_t k, size_t m, const double *h)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t c = 0; c < m; c++)
                sum += h[i * m + c] * h[j * m + c];
            gram[i * k + j] = gram[j * k + i] = sum;
        }
}

/* Room and results of the passes of one run. */
typedef struct run {
    unmix_fit *fit;
    double *coordinates; /* [k][width], components of the compressed matrix */
    double *sums;
    double *r;             /* [k][m], w^T a */
    double s[MOST * MOST]; /* w^T w */
    double gram[MOST * MOST];
    double *trial, *next, *previous; /* [k][m] components */
    double objective, step2, w2;
} run;

static double log_determinant(size_t k, const double *gram)
{
    double l[MOST * MOST], sum = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) {
            double x = gram[i * k + j];
            for (size_t c = 0; c < j; c++)
                x -= l[i * k + c] * l[j * k + c];
            if (i == j) {
                l[i * k + i] = sqrt(fmax(x, 1e-13 * gram[i * k + i] + 1e-300));
                sum += 2 * log(l[i * k + i]);
            } else
                l[i * k + j] = x / l[j * k + j];
        }
    return sum;
}

/* r = coordinates . lift, or as it is. */
static void lift(double *r, const unmix_matrix *a, size_t k, const double *coordinates)
{
    if (a->lift == NULL) {
        memcpy(r, coordinates, k * a->m * sizeof *r);
        return;
    }
    memset(r, 0, k * a->m * sizeof *r);
    for (size_t j = 0; j < k; j++)
        for (size_t l = 0; l < a->width; l++)
            for (size_t c = 0; c < a->m; c++)
                r[j * a->m + c] += coordinates[j * a->width + l] * a->lift[l * a->m + c];
}

static void into_coordinates(double *coordinates, const unmix_matrix *a, size_t k, const double *h)
{
    for (size_t j = 0; j < k; j++)
        for (size_t l = 0; l < a->width; l++) {
            double sum = 0;
            for (size_t c = 0; c < a->m; c++)
                sum += h[j * a->m + c] * a->lift[l * a->m + c];
            coordinates[j * a->width + l] = sum;
        }
}

/* The loss at h, its weights, and the sums for the components' step. */
static vtr_status evaluate(run *job, const double *h, vtr_error *err)
{
    unmix_fit *fit = job->fit;
    const unmix_matrix *a = fit->a;
    size_t k = fit->k, n_sums = k * a->width + k * k + N_SUMS;
    pass p = {.fit = fit, .kernels = vtr_unmix_kernels_best(), .h = h};
    p.is_exact = fit->params->method == VTR_NMF_ALS || !fit->has_w;
    if (a->lift != NULL) {
        into_coordinates(job->coordinates, a, k, h);
        p.h = job->coordinates;
    }
    gram_of(p.gram, k, a->m, h);
    for (size_t i = 0; i < k * k; i++)
        p.bound[i] = p.gram[i] + fit->penalty;
    for (size_t j = 0; j < k; j++)
        p.bound[j * k + j] += 1e-300;
    vtr_status status = vtr_unmix_nnls_open(&p.nnls, k, p.bound, err);
    if (status == VTR_OK)
        status = vtr_unmix_each_block(a, do_block, &p, job->sums, n_sums, UNMIX_BLOCK * k, err);
    vtr_unmix_nnls_close(&p.nnls);
    if (status != VTR_OK) return status;
    const double *square = job->sums + k * a->width, *scalar = square + k * k;
    double model = 0;
    for (size_t i = 0; i < k * k; i++)
        model += square[i] * p.gram[i];
    lift(job->r, a, k, job->sums);
    memcpy(job->s, square, k * k * sizeof *square);
    memcpy(job->gram, p.gram, k * k * sizeof *square);
    job->step2 = scalar[SUM_STEP2];
    job->w2 = scalar[SUM_W2];
    job->objective =
        fmax(0.5 * (a->norm2 - 2 * scalar[SUM_CROSS] + model), 0) + 0.5 * fit->penalty * scalar[SUM_EXCESS];
    if (fit->volume > 0) job->objective += fit->volume * log_determinant(k, p.gram);
    fit->has_w = true;
    return VTR_OK;
}

/* w^T w, and what the volume adds: with Y the inverse of h h^T where it was last, log det(h h^T) lies below tr(Y h h^T) up
 * to a constant and touches it there. */
static vtr_status bounding_gram(double *gram, const run *job, vtr_error *err)
{
    size_t k = job->fit->k;
    memcpy(gram, job->s, k * k * sizeof *gram);
    if (job->fit->volume == 0) return VTR_OK;
    double unit[MOST * MOST] = {0}, inverse[MOST * MOST];
    for (size_t j = 0; j < k; j++)
        unit[j * k + j] = 1;
    vtr_status status = vtr_unmix_solve(inverse, k, k, job->gram, unit, err);
    for (size_t i = 0; i < k * k; i++)
        gram[i] += 2 * job->fit->volume * inverse[i];
    return status;
}

/* next = components for the weights of the last pass, starting (where it matters) from h. */
static vtr_status step(run *job, const double *h, vtr_error *err)
{
    const unmix_fit *fit = job->fit;
    size_t k = fit->k, m = fit->a->m;
    double gram[MOST * MOST];
    vtr_status status = bounding_gram(gram, job, err);
    if (status != VTR_OK) return status;
    if (fit->is_free) return vtr_unmix_solve(job->next, k, m, gram, job->r, err);
    memcpy(job->next, h, k * m * sizeof *h);
    if (fit->params->method != VTR_NMF_ALS) {
        for (size_t c = 0; c < m; c++)
            if (fit->params->method == VTR_NMF_MU)
                multiply(job->next + c, k, m, gram, job->r + c, m);
            else
                for (int sweep = 0; sweep < SWEEPS; sweep++)
                    coordinate_sweep(job->next + c, k, m, gram, job->r + c, m);
        return VTR_OK;
    }
    unmix_nnls nnls;
    for (size_t j = 0; j < k; j++)
        gram[j * k + j] += 1e-300;
    status = vtr_unmix_nnls_open(&nnls, k, gram, err);
    for (size_t c = 0; c < m && status == VTR_OK; c++) {
        double p[MOST], x[MOST];
        for (size_t j = 0; j < k; j++)
            p[j] = job->r[j * m + c];
        vtr_unmix_nnls_solve(&nnls, p, x);
        for (size_t j = 0; j < k; j++)
            job->next[j * m + c] = x[j];
    }
    vtr_unmix_nnls_close(&nnls);
    return status;
}

/* Where nothing fixes the components' scale, their length is one: extrapolation would otherwise follow the scale. */
static void normalise(const unmix_fit *fit, double *h)
{
    if (fit->penalty > 0 || fit->volume > 0 || fit->params->method != VTR_NMF_ALS) return;
    for (size_t j = 0; j < fit->k; j++) {
        double sum = 0;
        for (size_t c = 0; c < fit->a->m; c++)
            sum += h[j * fit->a->m + c] * h[j * fit->a->m + c];
        double length = sqrt(sum);
        for (size_t c = 0; c < fit->a->m && length > 0; c++)
            h[j * fit->a->m + c] /= length;
    }
}

static void extrapolate(run *job, double by)
{
    const unmix_fit *fit = job->fit;
    for (size_t i = 0; i < fit->k * fit->a->m; i++) {
        double x = job->next[i] + by * (job->next[i] - job->previous[i]);
        job->trial[i] = fit->is_free ? x : fmax(x, 0);
    }
    memcpy(job->previous, job->next, fit->k * fit->a->m * sizeof *job->next);
}

void vtr_unmix_fit_record(unmix_fit *fit, double objective)
{
    if (fit->history != NULL && fit->n_history < fit->capacity) fit->history[fit->n_history++] = objective;
    fit->objective = objective;
}

/* The relative change of the residual in one iteration. */
static double change(const unmix_fit *fit, double before, double now)
{
    if (now <= 1e-15 * fit->a->norm2) return 0;
    return fit->volume > 0 ? (before - now) / (2 * fabs(now)) : 1 - sqrt(now / before);
}

static vtr_status iterate(run *job, size_t most, vtr_error *err)
{
    unmix_fit *fit = job->fit;
    size_t count = fit->k * fit->a->m;
    bool is_extrapolated = false, can_extrapolate = fit->params->method == VTR_NMF_ALS;
    double by = can_extrapolate ? 0.5 : 0, by_most = 1, before = INFINITY;
    int n_settled = 0;
    vtr_status status = VTR_OK;
    memcpy(job->trial, fit->h, count * sizeof *fit->h);
    memcpy(job->previous, fit->h, count * sizeof *fit->h);
    fit->is_converged = false;
    for (size_t i = 0; i < most; i++) {
        if ((status = vtr_unmix_go_on(fit->a, fit->progress, err)) != VTR_OK) return status;
        if ((status = evaluate(job, job->trial, err)) != VTR_OK) return status;
        if (job->objective > before) {
            if (!is_extrapolated) {
                /* Rounding alone: nothing is left to gain. */
                fit->is_converged = true;
                break;
            }
            memcpy(job->trial, job->previous, count * sizeof *job->trial);
            is_extrapolated = false;
            by_most = by;
            by /= 1.5;
            continue;
        }
        memcpy(fit->h, job->trial, count * sizeof *fit->h);
        n_settled = change(fit, before, job->objective) < fit->params->tolerance ? n_settled + 1 : 0;
        before = job->objective;
        vtr_unmix_fit_record(fit, before);
        if (n_settled == 2) {
            fit->is_converged = true;
            break;
        }
        if ((status = step(job, fit->h, err)) != VTR_OK) return status;
        normalise(fit, job->next);
        extrapolate(job, i == 0 ? 0 : by);
        is_extrapolated = i > 0 && by > 0;
        by = fmin(by_most, 1.05 * by);
        by_most = fmin(1, 1.01 * by_most);
    }
    return status;
}

static vtr_status open_run(run *job, unmix_fit *fit, vtr_error *err)
{
    size_t k = fit->k, m = fit->a->m, width = fit->a->width;
    *job = (run){.fit = fit};
    job->coordinates = vtr_malloc(k * width, sizeof(double));
    job->sums = vtr_malloc(k * width + k * k + N_SUMS, sizeof(double));
    job->r = vtr_malloc(k * m, sizeof(double));
    job->trial = vtr_malloc(k * m, sizeof(double));
    job->next = vtr_malloc(k * m, sizeof(double));
    job->previous = vtr_malloc(k * m, sizeof(double));
    if (job->coordinates == NULL || job->sums == NULL || job->r == NULL || job->trial == NULL ||
        job->next == NULL || job->previous == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components of %zu channels", k, m);
    return VTR_OK;
}

static void close_run(run *job)
{
    vtr_free(job->coordinates);
    vtr_free(job->sums);
    vtr_free(job->r);
    vtr_free(job->trial);
    vtr_free(job->next);
    vtr_free(job->previous);
}

vtr_status vtr_unmix_alternate(unmix_fit *fit, size_t most, vtr_error *err)
{
    run job;
    vtr_status status = open_run(&job, fit, err);
    if (status == VTR_OK) status = iterate(&job, most, err);
    close_run(&job);
    return status;
}

/* The rms step of one coordinate update of the components, relative to their rms. */
static double components_kkt(const run *job, const double *gram)
{
    const unmix_fit *fit = job->fit;
    size_t k = fit->k, m = fit->a->m;
    double step2 = 0, h2 = 0;
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            double x = fit->h[j * m + c], gradient = -job->r[j * m + c];
            for (size_t l = 0; l < k; l++)
                gradient += gram[j * k + l] * fit->h[l * m + c];
            double to = gram[j * k + j] > 0 ? x - gradient / gram[j * k + j] : x;
            if (!fit->is_free) to = fmax(to, 0);
            step2 += (x - to) * (x - to);
            h2 += x * x;
        }
    return h2 > 0 ? sqrt(step2 / h2) : 0;
}

vtr_status vtr_unmix_alternate_end(unmix_fit *fit, vtr_error *err)
{
    run job;
    double gram[MOST * MOST];
    vtr_status status = open_run(&job, fit, err);
    if (status == VTR_OK) status = evaluate(&job, fit->h, err);
    if (status == VTR_OK) status = bounding_gram(gram, &job, err);
    if (status == VTR_OK) {
        fit->objective = job.objective;
        if (fit->volume > 0) fit->objective -= fit->volume * log_determinant(fit->k, job.gram);
        fit->kkt = fmax(components_kkt(&job, gram), job.w2 > 0 ? sqrt(job.step2 / job.w2) : 0);
    }
    close_run(&job);
    return status;
}
