/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "pdf/coarse.h"
#include "pdf/pdf_internal.h"

/* Profiles in one product: small enough for the block to stay in the second-level cache, and fixed, so that the
 * results do not depend on the number of threads. */
enum { BLOCK = 64 };
/* Bands of the coarse grids: G to 2e-6, variances to 1e-3. */
static const double fill_of_values = 0.5, fill_of_variances = 0.7;

/* What every thread shares: float copies of the plan's matrices on coarse grids of r. */
typedef struct tables {
    const vtr_pdf_plan *plan;
    pdf_coarse values, variances;      /* grids of G and of K2 o R n, of K2 o R K2 */
    float *transform, *square, *cross; /* T, K2 o R K2, the mean of K2 o R n and n o R K2, [grid.n][n_q] */
    double *scale_square;              /* n o R n, [n_q] */
    double unit;                       /* intensities are divided by it: the scale of the mean profile */
    bool has_errors, has_scale_row;
} tables;

typedef struct block {
    float *f, *variance;                       /* [BLOCK][n_q] */
    float *g, *square, *cross;                 /* [BLOCK][grid.n] */
    float *fine[3], *phase;                    /* [n_r], of g, square and cross of one profile; [grid.n] */
    double *scale, *scale_variance;            /* of each profile: N and n o R n . v */
    double *intensity, *row, *kin, *structure; /* [n_q] */
} block;

/* Rows of the transform on a coarse grid, and K2 of them. */
static double *coarse_rows(const vtr_pdf_plan *plan, const pdf_coarse *grid, double **k2)
{
    double *rows = vtr_malloc(grid->n * plan->n_q, sizeof *rows);
    *k2 = vtr_malloc(grid->n * plan->n_q, sizeof **k2);
    if (rows == NULL || *k2 == NULL) {
        vtr_free(rows);
        vtr_free(*k2);
        *k2 = NULL;
        return NULL;
    }
    for (size_t i = 0; i < grid->n; i++)
        pdf_transform_row(plan, grid->rmin + grid->step * (double)i, rows + i * plan->n_q);
    pdf_sensitivity(plan, grid->n, rows, *k2);
    return rows;
}

static bool fill_values(tables *t)
{
    const vtr_pdf_plan *plan = t->plan;
    size_t n_q = plan->n_q, n = t->values.n * n_q;
    double *k2, *rows = coarse_rows(plan, &t->values, &k2), *kin = vtr_malloc(2 * n_q, sizeof *kin);
    const double *scale = plan->scale.row;
    t->transform = vtr_malloc(n, sizeof *t->transform);
    t->cross = vtr_malloc(n, sizeof *t->cross);
    t->scale_square = vtr_malloc(n_q, sizeof *t->scale_square);
    bool is_good =
        rows != NULL && kin != NULL && t->transform != NULL && t->cross != NULL && t->scale_square != NULL;
    if (is_good) pdf_correlate(plan, scale, kin);
    for (size_t j = 0; is_good && j < n_q; j++)
        t->scale_square[j] = scale[j] * kin[j];
    for (size_t i = 0; is_good && i < t->values.n; i++) {
        const double *row = k2 + i * n_q;
        pdf_correlate(plan, row, kin + n_q);
        for (size_t j = 0; j < n_q; j++) {
            t->transform[i * n_q + j] = (float)rows[i * n_q + j];
            t->cross[i * n_q + j] = (float)(0.5 * (row[j] * kin[j] + scale[j] * kin[n_q + j]) * t->unit);
        }
    }
    vtr_free(rows);
    vtr_free(k2);
    vtr_free(kin);
    return is_good;
}

static bool fill_variances(tables *t)
{
    size_t n_q = t->plan->n_q;
    double *k2, *rows = coarse_rows(t->plan, &t->variances, &k2), *kin = vtr_malloc(n_q, sizeof *kin);
    t->square = vtr_malloc(t->variances.n * n_q, sizeof *t->square);
    bool is_good = rows != NULL && kin != NULL && t->square != NULL;
    for (size_t i = 0; is_good && i < t->variances.n; i++) {
        pdf_correlate(t->plan, k2 + i * n_q, kin);
        for (size_t j = 0; j < n_q; j++)
            t->square[i * n_q + j] = (float)(k2[i * n_q + j] * kin[j]);
    }
    vtr_free(rows);
    vtr_free(k2);
    vtr_free(kin);
    return is_good;
}

static vtr_status make_tables(tables *t, const vtr_pdf_plan *plan, bool has_errors, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    double qmax = plan->normalisation.qmax;
    *t = (tables){.plan = plan, .unit = plan->normalisation.scale, .has_errors = has_errors};
    pdf_coarse_plan(&t->values, p->rmin, p->rstep, plan->n_r, qmax, fill_of_values);
    pdf_coarse_plan(&t->variances, p->rmin, p->rstep, plan->n_r, 2 * qmax, fill_of_variances);
    for (size_t j = 0; j < plan->n_q; j++)
        t->has_scale_row |= plan->scale.row[j] != 0;
    if (!fill_values(t) || (has_errors && !fill_variances(t)))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu x %zu points", plan->n_q, plan->n_r);
    return VTR_OK;
}

static void free_tables(tables *t)
{
    vtr_free(t->transform);
    vtr_free(t->square);
    vtr_free(t->cross);
    vtr_free(t->scale_square);
}

static bool make_block(block *b, const tables *t)
{
    size_t n = t->plan->n_q, n_most = t->values.n > t->variances.n ? t->values.n : t->variances.n;
    float **floats[] = {&b->f, &b->variance, &b->g, &b->square, &b->cross, &b->phase};
    size_t n_floats[] = {BLOCK * n,           BLOCK * n, BLOCK * t->values.n, BLOCK * t->variances.n,
                         BLOCK * t->values.n, n_most};
    double **doubles[] = {&b->scale, &b->scale_variance, &b->intensity, &b->row, &b->kin, &b->structure};
    size_t n_doubles[] = {BLOCK, BLOCK, n, n, n, n};
    bool is_good = true;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        is_good &= (*floats[i] = vtr_calloc(n_floats[i], sizeof(float))) != NULL;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        is_good &= (*doubles[i] = vtr_calloc(n_doubles[i], sizeof(double))) != NULL;
    for (size_t i = 0; i < 3; i++)
        is_good &= (b->fine[i] = vtr_calloc(t->plan->n_r, sizeof(float))) != NULL;
    return is_good;
}

static void free_block(block *b)
{
    float *floats[] = {b->f,     b->variance, b->g,       b->square, b->cross,
                       b->phase, b->fine[0],  b->fine[1], b->fine[2]};
    double *doubles[] = {b->scale, b->scale_variance, b->intensity, b->row, b->kin, b->structure};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        vtr_free(floats[i]);
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        vtr_free(doubles[i]);
}

/* F of one profile in double, so that the product after it works on differences and float is enough there. */
static void load(const tables *t, block *b, size_t i, const float *intensity, const float *variance)
{
    const vtr_pdf_plan *plan = t->plan;
    size_t n = plan->n_q;
    double spread = 0;
    for (size_t j = 0; j < n; j++)
        b->intensity[j] = (double)intensity[plan->first + j];
    double scale = pdf_structure(plan, b->intensity, b->structure);
    bool is_good = scale > 0 && isfinite(scale);
    for (size_t j = 0; j < n; j++) {
        b->f[i * n + j] = (float)b->structure[j];
        is_good &= isfinite(b->structure[j]) != 0;
    }
    for (size_t j = 0; t->has_errors && j < n; j++) {
        double v = (double)variance[plan->first + j];
        b->variance[i * n + j] = (float)(v / (t->unit * t->unit));
        spread += t->scale_square[j] * v;
    }
    b->scale[i] = is_good ? scale : NAN;
    b->scale_variance[i] = spread;
}

static void product(size_t n, size_t n_r, size_t n_q, const float *profiles, const float *matrix, float *out)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n_r, (int)n_q, 1, profiles, (int)n_q,
                matrix, (int)n_q, 0, out, (int)n_r);
}

/* var G = ((K2 o R K2) v - 2 G (K2 o R n) v + G^2 (n o R n) . v) / N^2, R the correlation of neighbours, the second
 * product made symmetric */
static void store(const tables *t, block *b, size_t i, size_t at, const vtr_pdf_block *out)
{
    size_t n_r = t->plan->n_r;
    bool is_good = !isnan(b->scale[i]);
    float factor = (float)(t->unit / b->scale[i]), n_n = (float)(b->scale_variance[i] / (t->unit * t->unit));
    float two = (float)(2 / t->unit);
    const float *g = b->fine[0], *square = b->fine[1], *cross = b->fine[2];
    if (out->G != NULL || out->G_error != NULL)
        pdf_coarse_expand(&t->values, b->g + i * t->values.n, b->phase, b->fine[0]);
    for (size_t k = 0; out->G != NULL && k < n_r; k++)
        out->G[at * n_r + k] = is_good ? g[k] : NAN;
    if (out->G_error != NULL) {
        pdf_coarse_expand(&t->variances, b->square + i * t->variances.n, b->phase, b->fine[1]);
        if (t->has_scale_row) pdf_coarse_expand(&t->values, b->cross + i * t->values.n, b->phase, b->fine[2]);
        for (size_t k = 0; k < n_r; k++) {
            float v = square[k] - two * g[k] * cross[k] + g[k] * g[k] * n_n;
            out->G_error[at * n_r + k] = factor * sqrtf(v < 0 ? 0 : v);
        }
    }
    if (out->scale != NULL) out->scale[at] = b->scale[i];
    if (out->scale_error != NULL) out->scale_error[at] = is_good ? sqrt(b->scale_variance[i]) : NAN;
}

static void store_structure(const tables *t, block *b, size_t i, size_t at, const float *variance,
                            const vtr_pdf_block *out)
{
    const vtr_pdf_plan *plan = t->plan;
    size_t n = plan->n_q;
    const float *f = b->f + i * n;
    bool is_good = !isnan(b->scale[i]);
    for (size_t j = 0; out->F != NULL && j < n; j++)
        out->F[at * n + j] = is_good ? f[j] : NAN;
    for (size_t j = 0; out->F_error != NULL && j < n; j++) {
        double sum = 0;
        pdf_structure_sensitivity(plan, j, (double)f[j], b->scale[i], b->row);
        pdf_correlate(plan, b->row, b->kin);
        for (size_t k = 0; k < n; k++)
            sum += b->row[k] * b->kin[k] * (double)variance[plan->first + k];
        out->F_error[at * n + j] = (float)sqrt(fmax(sum, 0));
    }
}

static void run_block(const tables *t, block *b, size_t first, size_t n, const float *intensity,
                      const float *variance, const vtr_pdf_block *out)
{
    const vtr_pdf_plan *plan = t->plan;
    size_t n_q = plan->n_q, n_data = plan->n_data;
    for (size_t i = 0; i < n; i++)
        load(t, b, i, intensity + (first + i) * n_data,
             t->has_errors ? variance + (first + i) * n_data : NULL);
    if (out->G != NULL || out->G_error != NULL) product(n, t->values.n, n_q, b->f, t->transform, b->g);
    if (out->G_error != NULL) {
        product(n, t->variances.n, n_q, b->variance, t->square, b->square);
        if (t->has_scale_row) product(n, t->values.n, n_q, b->variance, t->cross, b->cross);
    }
    for (size_t i = 0; i < n; i++) {
        store(t, b, i, first + i, out);
        store_structure(t, b, i, first + i, t->has_errors ? variance + (first + i) * n_data : NULL, out);
    }
}

vtr_status vtr_pdf_apply(const vtr_pdf_plan *plan, size_t n, const float *intensity, const float *variance,
                         const vtr_pdf_block *out, int threads, vtr_error *err)
{
    bool wants_errors = out->G_error != NULL || out->F_error != NULL || out->scale_error != NULL;
    if (wants_errors && variance == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "errors asked for without a variance");
    tables t;
    vtr_status status = make_tables(&t, plan, wants_errors, err);
    bool is_short = false;
    size_t n_blocks = (n + BLOCK - 1) / BLOCK;
    openblas_set_num_threads(1);
#pragma omp parallel num_threads(vtr_thread_count(threads)) if (status == VTR_OK)
    {
        block b = {0};
        bool has_memory = status == VTR_OK && make_block(&b, &t);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < n_blocks; i++)
            if (has_memory)
                run_block(&t, &b, i * BLOCK, n - i * BLOCK < BLOCK ? n - i * BLOCK : BLOCK, intensity,
                          variance, out);
        if (!has_memory) {
#pragma omp atomic write
            is_short = true;
        }
        free_block(&b);
    }
    free_tables(&t);
    if (status == VTR_OK && is_short)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a block of profiles");
    return status;
}
