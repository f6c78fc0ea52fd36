/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who works on which positions, and how the sums of all come together. A cube is dealt out in chunks that depend on nothing
 * but its positions; a rank has some of them in a row. What goes between ranks are sums over positions, a few numbers
 * for each pair of components and channels, never rows. */
#include "unmix/unmix_internal.h"

void vtr_unmix_deal(unmix_chunks *chunks, size_t n_positions, const uint8_t *used)
{
    size_t n_used = 0, count = 0;
    for (size_t p = 0; p < n_positions; p++)
        n_used += used == NULL || used[p];
    size_t n_blocks = (n_used + UNMIX_BLOCK - 1) / UNMIX_BLOCK;
    size_t n = n_blocks < UNMIX_CHUNKS ? n_blocks : UNMIX_CHUNKS;
    chunks->n = 0;
    for (size_t p = 0; p < n_positions && chunks->n < n; p++) {
        if (used != NULL && !used[p]) continue;
        if (count++ == chunks->n * n_blocks / n * UNMIX_BLOCK) chunks->begin[chunks->n++] = p;
    }
    chunks->begin[0] = 0;
    chunks->begin[chunks->n] = n_positions;
}

void vtr_unmix_own_chunks(size_t *first, size_t *end, const unmix_chunks *chunks, const vtr_ranks *ranks)
{
    size_t n;
    vtr_ranks_blocks(ranks, chunks->n, first, &n);
    *end = *first + n;
}

void vtr_unmix_part(size_t *first, size_t *n, const vtr_unmix_data *data)
{
    unmix_chunks chunks;
    size_t begin, end;
    vtr_unmix_deal(&chunks, data->n_positions, data->position_used);
    vtr_unmix_own_chunks(&begin, &end, &chunks, data->ranks);
    *first = chunks.begin[begin];
    *n = chunks.begin[end] - chunks.begin[begin];
}

vtr_status vtr_unmix_add_chunks(double *sums, const double *parts, size_t n_sums, const unmix_chunks *chunks,
                                vtr_ranks *ranks, vtr_status status, vtr_error *err)
{
    vtr_block_sum *sum = NULL;
    size_t first, end;
    if (status == VTR_OK && n_sums > 0) status = vtr_block_sum_create(&sum, n_sums, chunks->n, err);
    status = vtr_ranks_agree(ranks, status, err);
    if (status == VTR_OK && n_sums > 0) {
        vtr_unmix_own_chunks(&first, &end, chunks, ranks);
        for (size_t chunk = first; chunk < end; chunk++)
            vtr_block_sum_add(sum, chunk, parts + (chunk - first) * n_sums);
        status = vtr_ranks_sum(ranks, sum, sums, err);
    }
    vtr_block_sum_free(sum);
    return status;
}

vtr_status vtr_unmix_gather(void *all, size_t size, const size_t *bound, const unmix_chunks *chunks,
                            vtr_ranks *ranks, vtr_error *err)
{
    size_t first, end;
    vtr_unmix_own_chunks(&first, &end, chunks, ranks);
    return vtr_ranks_all_gather_parts(ranks, all, (bound[end] - bound[first]) * size, err);
}

vtr_status vtr_unmix_gather_used(void *all, size_t size, const unmix_matrix *a, vtr_error *err)
{
    return vtr_unmix_gather(all, size, a->row, &a->chunks, a->data->ranks, err);
}

vtr_status vtr_unmix_gather_all(void *all, size_t size, const unmix_matrix *a, vtr_error *err)
{
    return vtr_unmix_gather(all, size, a->chunks.begin, &a->chunks, a->data->ranks, err);
}

/* Other ranks' rows have their place in the array too, where nobody looks for this rank's. */
vtr_status vtr_unmix_compressed_row(const float **row, const unmix_matrix *small, size_t i, vtr_error *err)
{
    float *at = small->compressed + i * small->width;
    size_t chunk = 0;
    while (small->row[chunk + 1] <= i)
        chunk++;
    *row = at;
    return vtr_ranks_broadcast(small->data->ranks,
                               vtr_ranks_owner(small->data->ranks, small->chunks.n, chunk), at,
                               small->width * sizeof *at, err);
}

vtr_status vtr_unmix_go_on(const unmix_matrix *a, const vtr_progress *progress, vtr_error *err)
{
    vtr_status status =
        vtr_progress_cancelled(progress) ? vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted") : VTR_OK;
    return vtr_ranks_agree(a->data->ranks, status, err);
}
