/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <omp.h>

#include "pdf/strain_internal.h"

typedef struct block {
    size_t first, n;             /* positions; profiles are n_directions times as many */
    float *intensity, *variance; /* [n][n_directions][n_data] */
    vtr_pdf_block out;
    vtr_pdf_peak *peaks;
} block;

static vtr_status allocate(block *b, const pdf_strain *s, vtr_error *err)
{
    size_t n = PDF_CUBE_BLOCK * s->directions.n;
    *b = (block){
        .intensity = vtr_malloc(n * s->source.n_data, sizeof(float)),
        .variance = vtr_malloc(n * s->source.n_data, sizeof(float)),
        .out = {.G = vtr_malloc(n * s->plan->n_r, sizeof(float)), .scale = vtr_malloc(n, sizeof(double))},
        .peaks = vtr_malloc(n, sizeof(vtr_pdf_peak))};
    if (b->intensity == NULL || b->variance == NULL || b->out.G == NULL || b->out.scale == NULL ||
        b->peaks == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %d positions at a time", PDF_CUBE_BLOCK);
    return VTR_OK;
}

static void release(block *b)
{
    vtr_free(b->intensity);
    vtr_free(b->variance);
    vtr_free(b->out.G);
    vtr_free(b->out.scale);
    vtr_free(b->peaks);
}

/* Distances; why there are fewer than three, as in the cube. */
static void keep(pdf_strain *s, const block *b)
{
    size_t n = s->directions.n;
    for (size_t i = 0; i < b->n; i++) {
        size_t p = b->first + i, n_profiles = 0, n_scales = 0;
        for (size_t d = 0; d < n; d++) {
            const vtr_pdf_peak *peak = &b->peaks[i * n + d];
            s->distance[p * n + d] = (float)peak->position;
            s->distance_error[p * n + d] = (float)peak->position_error;
            n_profiles += !isnan(b->intensity[(i * n + d) * s->source.n_data + s->plan->first]);
            n_scales += !isnan(b->out.scale[i * n + d]);
        }
        if (n_profiles < 3)
            s->flags[p] = s->source.flags[p] != 0 ? s->source.flags[p] : VTR_FLAG_INVALID;
        else if (n_scales < 3)
            s->flags[p] = VTR_FLAG_OUT_OF_RANGE;
    }
}

/* In the order of the scan; each region by one thread. */
static void add_to(pdf_profile_sums *sums, const pdf_strain *s, const block *b)
{
    size_t n = s->directions.n, n_data = s->source.n_data;
    for (size_t i = 0; i < b->n; i++) {
        bool is_used = false;
        if (!sums->region.member[b->first + i]) continue;
        for (size_t d = 0; d < n; d++) {
            const float *intensity = b->intensity + (i * n + d) * n_data;
            const float *variance = b->variance + (i * n + d) * n_data;
            if (isnan(b->out.scale[i * n + d])) continue;
            for (size_t j = 0; j < n_data; j++) {
                sums->intensity[d * n_data + j] += (double)intensity[j];
                sums->variance[d * n_data + j] += (double)variance[j];
            }
            sums->n[d]++;
            is_used = true;
        }
        sums->n_positions += is_used;
    }
}

static vtr_status run_block(pdf_strain *s, block *b, vtr_error *err)
{
    size_t n = b->n * s->directions.n;
    vtr_status status = pdf_source_read(&s->source, b->first, b->n, b->intensity, b->variance, err);
    if (status != VTR_OK) return status;
    pdf_profiles_drop_gaps(s->plan, n, b->intensity, b->variance);
    status = vtr_pdf_apply(s->plan, n, b->intensity, b->variance, &b->out, s->threads, err);
    if (status == VTR_OK)
        status = vtr_pdf_peaks(s->plan, n, &b->out, b->variance, s->shell_range[0], s->shell_range[1],
                               b->peaks, s->threads, err);
    if (status != VTR_OK) return status;
    keep(s, b);
#pragma omp parallel for schedule(dynamic) num_threads(vtr_thread_count(s->threads))
    for (size_t i = 0; i < s->n_sums; i++)
        add_to(&s->sums[i], s, b);
    return VTR_OK;
}

vtr_status pdf_strain_blocks(pdf_strain *s, vtr_error *err)
{
    block b;
    size_t total = s->source.n_positions;
    vtr_status status = allocate(&b, s, err);
    for (size_t first = 0; status == VTR_OK && first < total; first += b.n) {
        b.first = first;
        b.n = total - first < PDF_CUBE_BLOCK ? total - first : PDF_CUBE_BLOCK;
        if (vtr_progress_cancelled(s->progress))
            status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted at %zu of %zu positions", first, total);
        if (status == VTR_OK) status = run_block(s, &b, err);
        vtr_progress_report(s->progress, "sectors", (double)(first + b.n), (double)total, "positions");
    }
    release(&b);
    return status;
}
