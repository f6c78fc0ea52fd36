/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "pdf/pdf_internal.h"

/* Profiles in one product: small enough for the block to stay in the second-level cache, and fixed, so that the
 * results do not depend on the number of threads. */
enum { BLOCK = 64 };

/* What every thread shares: float copies of the plan's matrices, [n_r][n_q]. */
typedef struct tables {
    const vtr_pdf_plan *plan;
    float *transform, *square, *cross; /* T, K2 o K2, K2 o n */
    double unit;                       /* intensities are divided by it: the scale of the mean profile */
    bool has_errors, has_scale_row;
} tables;

typedef struct block {
    float *f, *variance, *g, *square, *cross; /* [BLOCK][n_q] twice, [BLOCK][n_r] */
    double *scale, *scale_variance;           /* of each profile: N and n o n . v */
    double *intensity, *row, *structure;      /* [n_q] */
} block;

static vtr_status make_tables(tables *t, const vtr_pdf_plan *plan, bool has_errors, vtr_error *err)
{
    size_t n = plan->n_q, n_r = plan->n_r;
    *t = (tables){.plan = plan, .unit = plan->normalisation.scale, .has_errors = has_errors};
    t->transform = vtr_malloc(n_r * n, sizeof *t->transform);
    if (has_errors) {
        t->square = vtr_malloc(n_r * n, sizeof *t->square);
        t->cross = vtr_malloc(n_r * n, sizeof *t->cross);
    }
    if (t->transform == NULL || (has_errors && (t->square == NULL || t->cross == NULL)))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu x %zu points", n, n_r);
    for (size_t j = 0; j < n; j++)
        t->has_scale_row |= plan->scale.row[j] != 0;
    for (size_t i = 0; i < n_r * n; i++) {
        t->transform[i] = (float)plan->transform[i];
        if (!has_errors) continue;
        double k2 = plan->sensitivity[i];
        t->square[i] = (float)(k2 * k2);
        t->cross[i] = (float)(k2 * plan->scale.row[i % n] * t->unit);
    }
    return VTR_OK;
}

static void free_tables(tables *t)
{
    vtr_free(t->transform);
    vtr_free(t->square);
    vtr_free(t->cross);
}

static bool make_block(block *b, size_t n, size_t n_r)
{
    b->f = vtr_malloc(BLOCK * n, sizeof *b->f);
    b->variance = vtr_malloc(BLOCK * n, sizeof *b->variance);
    b->g = vtr_malloc(BLOCK * n_r, sizeof *b->g);
    b->square = vtr_malloc(BLOCK * n_r, sizeof *b->square);
    b->cross = vtr_calloc(BLOCK * n_r, sizeof *b->cross);
    b->scale = vtr_malloc(BLOCK, sizeof *b->scale);
    b->scale_variance = vtr_malloc(BLOCK, sizeof *b->scale_variance);
    b->intensity = vtr_malloc(n, sizeof *b->intensity);
    b->row = vtr_malloc(n, sizeof *b->row);
    b->structure = vtr_malloc(n, sizeof *b->structure);
    return b->f != NULL && b->variance != NULL && b->g != NULL && b->square != NULL && b->cross != NULL &&
           b->scale != NULL && b->scale_variance != NULL && b->intensity != NULL && b->row != NULL &&
           b->structure != NULL;
}

static void free_block(block *b)
{
    vtr_free(b->f);
    vtr_free(b->variance);
    vtr_free(b->g);
    vtr_free(b->square);
    vtr_free(b->cross);
    vtr_free(b->scale);
    vtr_free(b->scale_variance);
    vtr_free(b->intensity);
    vtr_free(b->row);
    vtr_free(b->structure);
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
        spread += plan->scale.row[j] * plan->scale.row[j] * v;
    }
    b->scale[i] = is_good ? scale : NAN;
    b->scale_variance[i] = spread;
}

static void product(size_t n, size_t n_r, size_t n_q, const float *profiles, const float *matrix, float *out)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n_r, (int)n_q, 1, profiles, (int)n_q,
                matrix, (int)n_q, 0, out, (int)n_r);
}

/* var G = ((K2 o K2) v - 2 G (K2 o n) v + G^2 (n o n) . v) / N^2 */
static void store(const tables *t, const block *b, size_t i, size_t at, const vtr_pdf_block *out)
{
    size_t n_r = t->plan->n_r;
    const float *g = b->g + i * n_r, *square = b->square + i * n_r, *cross = b->cross + i * n_r;
    bool is_good = !isnan(b->scale[i]);
    double factor = t->unit / b->scale[i], n_n = b->scale_variance[i] / (t->unit * t->unit);
    for (size_t k = 0; out->G != NULL && k < n_r; k++)
        out->G[at * n_r + k] = is_good ? g[k] : NAN;
    for (size_t k = 0; out->G_error != NULL && k < n_r; k++) {
        double G = (double)g[k], v = (double)square[k] - 2 * G * (double)cross[k] / t->unit + G * G * n_n;
        out->G_error[at * n_r + k] = (float)(factor * sqrt(fmax(v, 0)));
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
        for (size_t k = 0; k < n; k++)
            sum += b->row[k] * b->row[k] * (double)variance[plan->first + k];
        out->F_error[at * n + j] = (float)sqrt(sum);
    }
}

static void run_block(const tables *t, block *b, size_t first, size_t n, const float *intensity,
                      const float *variance, const vtr_pdf_block *out)
{
    const vtr_pdf_plan *plan = t->plan;
    size_t n_q = plan->n_q, n_r = plan->n_r, n_data = plan->n_data;
    for (size_t i = 0; i < n; i++)
        load(t, b, i, intensity + (first + i) * n_data,
             t->has_errors ? variance + (first + i) * n_data : NULL);
    if (out->G != NULL || out->G_error != NULL) product(n, n_r, n_q, b->f, t->transform, b->g);
    if (out->G_error != NULL) {
        product(n, n_r, n_q, b->variance, t->square, b->square);
        if (t->has_scale_row) product(n, n_r, n_q, b->variance, t->cross, b->cross);
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
        bool has_memory = status == VTR_OK && make_block(&b, plan->n_q, plan->n_r);
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
