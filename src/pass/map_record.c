/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The results of a run, all but its part of the sums, as one record that can be stored, sent and put back: a head, then
 * the run's stretch of every map and the rows of its profiles. */
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

static vtr_slice stretch(void *values, size_t item_bytes, size_t first, size_t n)
{
    return (vtr_slice){(char *)values + first * item_bytes, n * item_bytes};
}

/* Where the results of n positions of the worker's run stand; returns how many slices. */
static size_t list_slices(vtr_slice slices[MAP_MAX_SLICES], map_job *job, map_worker *w, size_t position,
                          size_t n)
{
    size_t k = 0, n_all = job->n_held, first = map_held_at(w, job, position);
    slices[k++] = stretch(job->ring.ellipse, VTR_RING_MAP_ELLIPSE_N * sizeof *job->ring.ellipse, first, n);
    slices[k++] =
        stretch(job->ring.covariance, VTR_RING_MAP_COVARIANCE_N * sizeof *job->ring.covariance, first, n);
    slices[k++] = stretch(job->ring.chi2, sizeof *job->ring.chi2, first, n);
    slices[k++] = stretch(job->ring.flags, sizeof *job->ring.flags, first, n);
    for (size_t i = 0; i < 5; i++)
        slices[k++] = stretch(job->beam + i * n_all, sizeof *job->beam, first, n);
    slices[k++] = stretch(job->beam_flags, sizeof *job->beam_flags, first, n);
    for (size_t v = 0; v < job->n_virtual; v++)
        slices[k++] = stretch(job->virtual_images + v * n_all, sizeof *job->virtual_images, first, n);
    slices[k++] = stretch(job->total, sizeof *job->total, first, n);
    for (int i = 0; i < 2; i++)
        slices[k++] = stretch(w->rows[i], job->n_profile * sizeof *w->rows[i], 0, n);
    for (int i = 0; i < 2 && job->sectors.n > 0; i++)
        slices[k++] =
            stretch(w->sectors.rows[i], job->sectors.n * job->profile.n * sizeof *w->sectors.rows[i], 0, n);
    return k;
}

size_t map_record_slices(vtr_slice slices[MAP_MAX_SLICES + 1], map_record_head *head, map_job *job,
                         map_worker *worker, size_t run)
{
    size_t first, n;
    map_run_positions(job, run, &first, &n);
    *head = (map_record_head){run, first, n};
    slices[0] = (vtr_slice){head, sizeof *head};
    return 1 + list_slices(slices + 1, job, worker, first, n);
}

vtr_status map_record_append(map_job *job, map_worker *worker, size_t run, vtr_error *err)
{
    if (job->checkpoint == NULL) return VTR_OK;
    map_record_head head;
    vtr_slice slices[MAP_MAX_SLICES + 1];
    size_t n_slices = map_record_slices(slices, &head, job, worker, run);
    return vtr_journal_append(job->checkpoint->journal, CHECKPOINT_RUN, slices, n_slices, err);
}

size_t map_record_run(const map_job *job, const void *content, size_t n_bytes)
{
    map_record_head head;
    size_t first, n;
    if (n_bytes < sizeof head) return SIZE_MAX;
    memcpy(&head, content, sizeof head);
    if (head.run >= map_run_count(job)) return SIZE_MAX;
    map_run_positions(job, head.run, &first, &n);
    return head.first == first && head.n == n ? head.run : SIZE_MAX;
}

vtr_status map_record_load(map_job *job, map_worker *worker, const void *content, size_t n_bytes,
                           vtr_error *err)
{
    size_t run = map_record_run(job, content, n_bytes), first, n, expected = sizeof(map_record_head);
    if (run == SIZE_MAX) return vtr_fail(err, VTR_ERR_FORMAT, "a checkpoint's record is of another pass");
    map_run_positions(job, run, &first, &n);
    vtr_slice slices[MAP_MAX_SLICES];
    size_t n_slices = list_slices(slices, job, worker, first, n);
    for (size_t k = 0; k < n_slices; k++)
        expected += slices[k].n_bytes;
    if (n_bytes != expected)
        return vtr_fail(err, VTR_ERR_FORMAT, "a checkpoint's record has %zu bytes instead of %zu", n_bytes,
                        expected);
    const char *from = (const char *)content + sizeof(map_record_head);
    for (size_t k = 0; k < n_slices; k++) {
        if (slices[k].n_bytes > 0) memcpy(slices[k].data, from, slices[k].n_bytes);
        from += slices[k].n_bytes;
    }
    return map_worker_flush(worker, job, first, n, err);
}
