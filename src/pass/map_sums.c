/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sums over runs: each worker's own, merged into the job's; which runs are in them; what the checkpoint keeps of them
 * and how a pass goes on from there. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"
#include "polar/polar_internal.h"

/* Merging for the checkpoint, and recording the sums, take at most this part of the time. */
static const double largest_part = 1.0 / 300;

bool map_sums_are_exact(const map_job *job)
{
    return vtr_type_size(job->info->type) <= 2;
}

vtr_status map_sums_create(map_job *job, vtr_error *err)
{
    size_t n = map_run_count(job);
    job->sums = (map_sums){.n_runs = n,
                           .recorded_s = vtr_clock_s(),
                           .interval_s = job->checkpoint != NULL ? job->checkpoint->interval_s : INFINITY};
    job->sums.merged = vtr_calloc(n / 8 + 1, 1);
    job->sums.next = vtr_calloc(n, sizeof *job->sums.next);
    if (job->sums.merged == NULL || job->sums.next == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    return VTR_OK;
}

void map_sums_release(map_job *job)
{
    vtr_free(job->sums.merged);
    vtr_free(job->sums.next);
}

/* Also of a run that another worker is about to merge: the byte is read while its other bits change. */
bool map_sums_have(const map_job *job, size_t run)
{
    unsigned char byte;
#pragma omp atomic read
    byte = job->sums.merged[run / 8];
    return (byte >> run % 8 & 1) != 0;
}

static void set_merged(map_job *job, size_t run)
{
    size_t first, n;
    unsigned char bit = (unsigned char)(1u << run % 8);
    map_run_positions(job, run, &first, &n);
#pragma omp atomic
    job->sums.merged[run / 8] |= bit;
    job->sums.n_done += n;
    if (run == job->sums.n_in_order) job->sums.n_in_order++;
}

void map_sums_note(map_job *job, map_worker *worker, size_t run)
{
    job->sums.next[run] = worker->first_run;
    worker->first_run = run + 1;
}

static bool is_due(const map_job *job, double since_s, double cost_s)
{
    double interval = job->sums.interval_s;
    if (interval > 0) interval = fmax(interval, cost_s / largest_part);
    return vtr_clock_s() - since_s >= interval;
}

bool map_sums_are_due(const map_job *job, const map_worker *worker)
{
    return is_due(job, worker->merged_s, worker->merge_cost_s);
}

/* In order: the one run that the worker has, if all before it are merged. */
static bool may_merge(const map_job *job, const map_worker *worker)
{
    if (worker->is_torn || worker->first_run == 0) return false;
    return map_sums_are_exact(job) || worker->first_run - 1 == job->sums.n_in_order;
}

vtr_status map_sums_merge(map_job *job, map_worker *worker, vtr_error *err)
{
    double start = vtr_clock_s();
    bool is_merged = may_merge(job, worker);
    if (is_merged) {
        vtr_pattern_merge(job->pattern, worker->pattern);
        for (size_t run = worker->first_run; run != 0; run = job->sums.next[run - 1])
            set_merged(job, run - 1);
    }
    worker->first_run = 0;
    vtr_pattern_reset(worker->pattern);
    worker->merged_s = vtr_clock_s();
    worker->merge_cost_s = worker->merged_s - start;
    return is_merged && job->checkpoint != NULL && is_due(job, job->sums.recorded_s, job->sums.record_cost_s)
               ? map_sums_record(job, err)
               : VTR_OK;
}

enum { N_SLICES = 2 + VTR_PATTERN_SLICES };

static size_t list_slices(vtr_slice slices[N_SLICES], map_job *job, checkpoint_sums_head *head)
{
    size_t n_bytes = 0;
    slices[0] = (vtr_slice){head, sizeof *head};
    slices[1] = (vtr_slice){job->sums.merged, job->sums.n_runs / 8 + 1};
    vtr_pattern_slices(job->pattern, slices + 2);
    for (int k = 0; k < N_SLICES; k++)
        n_bytes += slices[k].n_bytes;
    return n_bytes;
}

vtr_status map_sums_record(map_job *job, vtr_error *err)
{
    vtr_checkpoint *checkpoint = job->checkpoint;
    if (checkpoint == NULL || job->sums.n_done == 0 || map_follow_is_over(job)) return VTR_OK;
    double start = vtr_clock_s();
    checkpoint_sums_head head = {job->sums.n_runs, job->sums.n_done, job->n_positions};
    vtr_slice slices[N_SLICES];
    list_slices(slices, job, &head);
    vtr_status status = vtr_journal_append(checkpoint->journal, CHECKPOINT_SUMS, slices, N_SLICES, err);
    if (status == VTR_OK) {
        checkpoint->has_sums = true;
        checkpoint->n_done = head.n_done;
        checkpoint->n_positions = head.n_positions;
    }
    job->sums.recorded_s = vtr_clock_s();
    job->sums.record_cost_s = job->sums.recorded_s - start;
    return status;
}

static vtr_status load(map_job *job, const vtr_journal_record *record, vtr_error *err)
{
    checkpoint_sums_head head;
    vtr_slice slices[N_SLICES];
    if (list_slices(slices, job, &head) != record->n_bytes)
        return vtr_fail(err, VTR_ERR_FORMAT, "the checkpoint's sums are of another pass");
    const unsigned char *from = record->content;
    for (int k = 0; k < N_SLICES; k++) {
        memcpy(slices[k].data, from, slices[k].n_bytes);
        from += slices[k].n_bytes;
    }
    job->sums.n_done = job->sums.n_resumed = head.n_done;
    return VTR_OK;
}

static vtr_status check_calibration(const map_job *job, const vtr_journal_record *record, vtr_error *err)
{
    char hex[65];
    vtr_calibration_fingerprint(job->calibration, hex);
    if (record->n_bytes == sizeof hex && memcmp(record->content, hex, sizeof hex) == 0) return VTR_OK;
    return vtr_fail(err, VTR_ERR_EXISTS,
                    "'%s' cannot go on: it was begun with another calibration; give that one, or start again "
                    "with --force and without --resume",
                    vtr_journal_path(job->checkpoint->journal));
}

/* Reads all records: the last sums tell which runs count, so these are taken the second time. */
static vtr_status read_records(map_job *job, map_worker *worker, bool takes_runs, vtr_error *err)
{
    vtr_journal *journal = job->checkpoint->journal;
    vtr_journal_record record;
    vtr_journal_rewind(journal);
    for (;;) {
        vtr_status status = vtr_journal_next(journal, &record, err);
        if (status != VTR_OK || record.content == NULL) return status;
        if (!takes_runs && record.kind == CHECKPOINT_CALIBRATION)
            status = check_calibration(job, &record, err);
        else if (!takes_runs && record.kind == CHECKPOINT_SUMS)
            status = load(job, &record, err);
        else if (takes_runs && record.kind == CHECKPOINT_RUN) {
            size_t run = map_record_run(job, record.content, record.n_bytes);
            if (run < job->sums.n_runs && map_sums_have(job, run))
                status = map_record_load(job, worker, record.content, record.n_bytes, err);
        }
        if (status != VTR_OK) return status;
    }
}

static vtr_status begin(map_job *job, vtr_error *err)
{
    char hex[65];
    vtr_slice slice = {hex, sizeof hex};
    vtr_calibration_fingerprint(job->calibration, hex);
    return vtr_journal_append(job->checkpoint->journal, CHECKPOINT_CALIBRATION, &slice, 1, err);
}

vtr_status map_sums_resume(map_job *job, map_worker *worker, vtr_error *err)
{
    if (job->checkpoint == NULL) return VTR_OK;
    if (!job->checkpoint->has_sums) return begin(job, err);
    vtr_status status = read_records(job, worker, false, err);
    if (status == VTR_OK) status = read_records(job, worker, true, err);
    while (status == VTR_OK && job->sums.n_in_order < job->sums.n_runs &&
           map_sums_have(job, job->sums.n_in_order))
        job->sums.n_in_order++;
    return status;
}
