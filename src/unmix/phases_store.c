/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of positions, in memory where the ceiling leaves room for them, else in a temporary file: both give the same
 * bits, and the methods go through them in blocks anyway. */
#include "unmix/phases_internal.h"
#include "vitrail/memory.h"

/* What the methods take beside the rows: coordinates, lists, maps of each position (24 principal components at
 * most where there are many positions), and the sums of all blocks. */
static const size_t methods_bytes_per_position = 800, methods_bytes = (size_t)192 << 20;

static bool leaves_room(size_t n_rows, size_t width, size_t n_positions)
{
    size_t bytes, more;
    if (!vtr_multiply_size(n_rows, width * sizeof(float), &bytes) ||
        !vtr_multiply_size(n_positions, methods_bytes_per_position, &more))
        return false;
    size_t left = vtr_memory_left();
    return left == SIZE_MAX || (bytes < left && more < left - bytes && methods_bytes < left - bytes - more);
}

vtr_status vtr_phases_store_open(phases_store *store, size_t first, size_t n, size_t width,
                                 size_t n_positions, vtr_error *err)
{
    *store = (phases_store){.first = first, .n = n, .width = width};
    if (!leaves_room(n, width, n_positions)) return vtr_scratch_open(&store->scratch, err);
    store->rows = vtr_malloc(n * width, sizeof *store->rows);
    if (store->rows != NULL) return VTR_OK;
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions of %zu channels", n, width);
}

void vtr_phases_store_close(phases_store *store)
{
    vtr_free(store->rows);
    vtr_scratch_close(&store->scratch);
    *store = (phases_store){0};
}

vtr_status vtr_phases_store_put(phases_store *store, const float *rows, size_t first, size_t n,
                                vtr_error *err)
{
    size_t at = (first - store->first) * store->width, count = n * store->width;
    if (store->rows == NULL)
        return vtr_scratch_write(store->scratch, at * sizeof *rows, rows, count * sizeof *rows, err);
    memcpy(store->rows + at, rows, count * sizeof *rows);
    return VTR_OK;
}

vtr_status vtr_phases_store_read(void *user, float *rows, size_t first, size_t n, vtr_error *err)
{
    const phases_store *store = user;
    size_t at = (first - store->first) * store->width, count = n * store->width;
    if (store->rows == NULL)
        return vtr_scratch_read(store->scratch, at * sizeof *rows, rows, count * sizeof *rows, err);
    memcpy(rows, store->rows + at, count * sizeof *rows);
    return VTR_OK;
}

vtr_unmix_data vtr_phases_store_data(phases_job *job, phases_store *store)
{
    bool is_whole = store->rows != NULL && store->n == job->n;
    return (vtr_unmix_data){.n_positions = job->n,
                            .n_channels = store->width,
                            .values = is_whole ? store->rows : NULL,
                            .read = vtr_phases_store_read,
                            .user = store,
                            .is_read_shared = true,
                            .position_used = job->position_used,
                            .position_weight = job->position_weight,
                            .ranks = job->params->ranks};
}

/* --- blocks ------------------------------------------------------------------------------------------------- */

typedef struct blocks_job {
    phases_store *store;
    const unmix_chunks *chunks;
    phases_work work;
    void *user;
} blocks_job;

static vtr_status do_chunk(const blocks_job *job, size_t chunk, float *buffer, double *sums, vtr_error *err)
{
    size_t end = job->chunks->begin[chunk + 1];
    vtr_status status = VTR_OK;
    for (size_t first = job->chunks->begin[chunk]; status == VTR_OK && first < end; first += UNMIX_BLOCK) {
        size_t n = end - first < UNMIX_BLOCK ? end - first : UNMIX_BLOCK;
        status = vtr_phases_store_read(job->store, buffer, first, n, err);
        if (status == VTR_OK) status = job->work(job->user, first, n, buffer, sums, err);
    }
    return status;
}

vtr_status vtr_phases_each_block(const phases_job *job, phases_store *store, phases_work work, void *user,
                                 double *sums, size_t n_sums, vtr_error *err)
{
    const blocks_job blocks = {store, &job->chunks, work, user};
    size_t first_chunk, end_chunk;
    vtr_unmix_own_chunks(&first_chunk, &end_chunk, &job->chunks, job->params->ranks);
    double *parts = vtr_calloc((end_chunk - first_chunk) * n_sums, sizeof *parts);
    vtr_status status = VTR_OK;
    if (parts == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sums of %zu positions", job->n);
        end_chunk = first_chunk;
    }
#pragma omp parallel num_threads(vtr_thread_count(job->threads))
    {
        float *buffer = vtr_malloc(UNMIX_BLOCK * store->width, sizeof *buffer);
#pragma omp for schedule(dynamic)
        for (size_t chunk = first_chunk; chunk < end_chunk; chunk++) {
            vtr_error own;
            vtr_status here =
                buffer == NULL
                    ? vtr_fail(&own, VTR_ERR_MEMORY, "out of memory for a block of positions")
                    : do_chunk(&blocks, chunk, buffer, parts + (chunk - first_chunk) * n_sums, &own);
            if (here == VTR_OK) continue;
#pragma omp critical(vtr_phases_blocks)
            status = vtr_fail(err, here, "%s", own.message);
        }
        vtr_free(buffer);
    }
    status = vtr_unmix_add_chunks(sums, parts, n_sums, &job->chunks, job->params->ranks, status, err);
    vtr_free(parts);
    return status;
}
