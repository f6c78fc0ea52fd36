/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cube that is divided: what of it counts, how noisy it is, and what it is as G. */
#include <cblas.h>
#include <stdio.h>

#include "unmix/phases_internal.h"
#include "vitrail/region.h"

static vtr_pdf_quantity quantity_of(const vtr_phases_params *p)
{
    if (p->on > 0) return (vtr_pdf_quantity)(p->on - 1);
    return p->method == VTR_PHASES_MLLS ? VTR_PDF_QUANTITY_G : VTR_PDF_QUANTITY_F;
}

static vtr_status copy_axes(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_pdf_positions *p = job->positions;
    const vtr_pdf_plan *plan = vtr_pdf_positions_plan(p);
    r->quantity = quantity_of(job->params);
    r->n_y = vtr_pdf_positions_n_y(p);
    r->n_x = vtr_pdf_positions_n_x(p);
    memcpy(r->step_nm, vtr_pdf_positions_step_nm(p), sizeof r->step_nm);
    r->n_positions = job->n = r->n_y * r->n_x;
    r->n_channels = job->m = vtr_pdf_positions_n_channels(p, r->quantity);
    r->n_r = job->n_r = vtr_pdf_plan_n_r(plan);
    r->density = vtr_pdf_plan_normalisation(plan)->density;
    job->n_q = vtr_pdf_plan_n_q(plan);
    r->channel = vtr_malloc(job->m, sizeof *r->channel);
    r->r = vtr_malloc(job->n_r, sizeof *r->r);
    if (r->channel == NULL || r->r == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu channels", job->m);
    memcpy(r->channel, vtr_pdf_positions_axis(p, r->quantity), job->m * sizeof *r->channel);
    memcpy(r->r, vtr_pdf_plan_r(plan), job->n_r * sizeof *r->r);
    return VTR_OK;
}

static vtr_status allocate(phases_job *job, vtr_error *err)
{
    bool has_memory = (job->position_used = vtr_malloc(job->n, 1)) != NULL;
    has_memory &= (job->position_weight = vtr_malloc(job->n, sizeof(double))) != NULL;
    has_memory &= (job->channel_weight = vtr_malloc(job->m, sizeof(double))) != NULL;
    has_memory &= (job->parts = vtr_malloc(job->m * job->n_q, sizeof(double))) != NULL;
    has_memory &= (job->noise = vtr_malloc(job->n_r * job->n_q, sizeof(double))) != NULL;
    has_memory &= (job->mean = vtr_calloc(job->m, sizeof(double))) != NULL;
    has_memory &= (job->result->channel_used = vtr_calloc(job->m, 1)) != NULL;
    if (has_memory) return VTR_OK;
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions of %zu channels", job->n, job->m);
}

/* A region as it stands, or an image. */
static vtr_status read_mask(phases_job *job, vtr_error *err)
{
    const char *text = job->params->mask;
    vtr_region region = {0};
    memset(job->position_used, 1, job->n);
    if (text == NULL) return VTR_OK;
    bool is_region = strpbrk(text, ":<>") != NULL;
    size_t size = strlen(text) + 16;
    char *named = vtr_malloc(size, 1);
    if (named == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    snprintf(named, size, "mask=%s%s", is_region ? "" : "mask:", text);
    vtr_status status = vtr_region_parse(&region, named, job->file, job->result->n_y, job->result->n_x, err);
    if (status == VTR_OK) memcpy(job->position_used, region.member, job->n);
    vtr_region_release(&region);
    vtr_free(named);
    return status;
}

/* Weights of the channels from the noise of a typical position. Where G is bound to zero (r = 0, next to it) its noise is
 * too, and nothing is to be learned: below a thousandth of the mean variance a channel is not used, as those outside of
 * the range. With next to no weight such a channel decides nothing but is carried along: components have it too. */
static vtr_status weigh_channels(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const double *range = job->params->range;
    double mean = 0;
    const double carried = 1e-12;
    size_t n_used = 0;
    vtr_status status = vtr_pdf_positions_noise(job->positions, r->quantity, job->parts, err);
    for (size_t c = 0; status == VTR_OK && c < job->m; c++) {
        const double *row = job->parts + c * job->n_q;
        job->channel_weight[c] = cblas_ddot((int)job->n_q, row, 1, row, 1);
        mean += job->channel_weight[c] / (double)job->m;
    }
    for (size_t c = 0; status == VTR_OK && c < job->m; c++) {
        bool is_inside = !(r->channel[c] < range[0]) && !(r->channel[c] > range[1]);
        r->channel_used[c] = is_inside && job->channel_weight[c] > 1e-3 * mean;
        job->channel_weight[c] = r->channel_used[c] ? 1 / job->channel_weight[c] : carried / mean;
        n_used += r->channel_used[c];
    }
    if (status == VTR_OK && n_used == 0)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT, "no channel lies in the range %g:%g; they run from %g to %g %s", range[0],
            range[1], r->channel[0], r->channel[job->m - 1], r->quantity == VTR_PDF_QUANTITY_G ? "Å" : "1/Å");
    return status;
}

/* Into the store, in the blocks of the whole scan whatever part of it is wanted: the last digits of G depend on them. */
static vtr_status read_values(phases_job *job, vtr_error *err)
{
    enum { BLOCK = 1024 };
    phases_store *store = &job->values;
    size_t first_chunk, end_chunk;
    vtr_unmix_own_chunks(&first_chunk, &end_chunk, &job->chunks, job->params->ranks);
    size_t begin = job->chunks.begin[first_chunk], end = job->chunks.begin[end_chunk];
    vtr_status status = vtr_phases_store_open(store, begin, end - begin, job->m, job->n, err);
    float *rows = vtr_malloc(BLOCK * job->m, sizeof *rows);
    if (status == VTR_OK && rows == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %d positions at a time", BLOCK);
    for (size_t first = begin / BLOCK * BLOCK; status == VTR_OK && first < end; first += BLOCK) {
        size_t n = job->n - first < BLOCK ? job->n - first : BLOCK;
        size_t from = first < begin ? begin : first, to = first + n < end ? first + n : end;
        if (vtr_progress_cancelled(job->progress)) status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
        if (status == VTR_OK)
            status = vtr_pdf_positions_read(job->positions, job->result->quantity, first, n, rows,
                                            job->threads, err);
        if (status == VTR_OK)
            status = vtr_phases_store_put(store, rows + (from - first) * job->m, from, to - from, err);
        vtr_progress_report(job->progress, "positions", (double)(to - begin), (double)(end - begin),
                            "positions");
    }
    vtr_free(rows);
    return vtr_ranks_agree(job->params->ranks, status, err);
}

/* Sums of the channels [m], positions used, positions without data. */
static vtr_status add_mean(void *user, size_t first, size_t n, const float *rows, double *sums,
                           vtr_error *err)
{
    const phases_job *job = user;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const float *row = rows + i * job->m;
        bool is_finite = true;
        if (!job->position_used[first + i]) continue;
        for (size_t c = 0; c < job->m; c++)
            is_finite &= isfinite(row[c]) != 0;
        sums[job->m + !is_finite]++;
        for (size_t c = 0; is_finite && c < job->m; c++)
            sums[c] += (double)row[c];
    }
    return VTR_OK;
}

/* Counts positions, and their mean. */
static vtr_status find_mean(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    double *sums = vtr_malloc(job->m + 2, sizeof *sums);
    if (sums == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean");
    vtr_status status = vtr_phases_each_block(job, &job->values, add_mean, job, sums, job->m + 2, err);
    if (status == VTR_OK) {
        r->n_used = (size_t)sums[job->m];
        r->n_invalid = (size_t)sums[job->m + 1];
        for (size_t c = 0; c < job->m; c++)
            job->mean[c] = sums[c] / (double)r->n_used;
    }
    vtr_free(sums);
    return status;
}

typedef struct apart_job {
    const phases_job *job;
    double least;
} apart_job;

static vtr_status count_apart(void *user, size_t first, size_t n, const float *rows, double *sums,
                              vtr_error *err)
{
    const apart_job *apart = user;
    const phases_job *job = apart->job;
    (void)err;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; job->position_used[first + i] && c < job->m; c++)
            *sums += fabs((double)rows[i * job->m + c] - job->mean[c]) > apart->least;
    return VTR_OK;
}

/* Whether a position differs from the mean, by more than what single precision leaves. */
static vtr_status check_differences(phases_job *job, vtr_error *err)
{
    double size = 0, n_apart = 0;
    for (size_t c = 0; c < job->m; c++)
        size = fmax(size, fabs(job->mean[c]));
    apart_job apart = {job, 1e-6 * size};
    if (job->params->method == VTR_PHASES_MLLS) return VTR_OK;
    vtr_status status = vtr_phases_each_block(job, &job->values, count_apart, &apart, &n_apart, 1, err);
    if (status == VTR_OK && n_apart == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "all %zu positions are alike: there is nothing to divide",
                        job->result->n_used);
    return status;
}

static vtr_status read_cube(phases_job *job, vtr_error *err)
{
    vtr_pdf_quantity quantity = job->result->quantity;
    vtr_status status = vtr_pdf_positions_noise(job->positions, VTR_PDF_QUANTITY_G, job->noise, err);
    if (status == VTR_OK)
        status = vtr_pdf_positions_weights(job->positions, quantity, job->position_weight, err);
    if (status == VTR_OK) status = read_values(job, err);
    if (status == VTR_OK) status = find_mean(job, err);
    if (status == VTR_OK) status = check_differences(job, err);
    return status;
}

vtr_status vtr_phases_open(phases_job *job, vtr_error *err)
{
    vtr_status status =
        vtr_pdf_positions_open(&job->positions, job->file, job->params->ranks, job->progress, err);
    if (status == VTR_OK) status = copy_axes(job, err);
    if (status == VTR_OK) status = allocate(job, err);
    if (status == VTR_OK) status = read_mask(job, err);
    if (status == VTR_OK) status = weigh_channels(job, err);
    if (status != VTR_OK) return status;
    vtr_unmix_deal(&job->chunks, job->n, job->position_used);
    status = read_cube(job, err);
    if (status != VTR_OK) return status;
    if (job->result->n_invalid > 0)
        vtr_phases_note(job, "%zu positions have no PDF and are left out", job->result->n_invalid);
    job->data = vtr_phases_store_data(job, &job->values);
    job->data.channel_weight = job->channel_weight;
    status = vtr_phases_whiten(job, err);
    job->white_data = vtr_phases_store_data(job, &job->white);
    job->white_data.channel_weight = job->white_weight;
    return status;
}

void vtr_phases_close(phases_job *job)
{
    vtr_pdf_positions_close(&job->positions);
    vtr_phases_store_close(&job->values);
    vtr_free(job->position_used);
    vtr_free(job->position_weight);
    vtr_free(job->channel_weight);
    vtr_free(job->parts);
    vtr_free(job->noise);
    vtr_free(job->mean);
    vtr_free(job->whitener);
    vtr_phases_store_close(&job->white);
    vtr_free(job->white_weight);
    vtr_free(job->white_used);
}
