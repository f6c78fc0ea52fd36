/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who works on which run, and when to stop. */
#include <omp.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"
#include "vitrail/memory.h"

bool map_run_is_stopped(map_run_state *state)
{
    int stopped;
#pragma omp atomic read
    stopped = state->is_stopped;
    return stopped != 0;
}

void map_run_stop(map_run_state *state, vtr_status status, const vtr_error *error)
{
#pragma omp critical(vtr_map_state)
    if (state->status == VTR_OK) {
        state->status = status;
        state->error = *error;
    }
#pragma omp atomic write
    state->is_stopped = 1;
}

/* One thread at a time. */
static vtr_status ask(const map_run_state *state, vtr_error *error)
{
    if (!vtr_progress_cancelled(state->progress)) return VTR_OK;
    return vtr_fail(error, VTR_ERR_INTERRUPTED, "interrupted at %zu of %zu positions", state->positions_done,
                    state->job->n_positions);
}

void map_run_check(map_run_state *state)
{
    vtr_error error = {0};
    vtr_status status;
#pragma omp critical(vtr_map_progress)
    status = ask(state, &error);
    if (status != VTR_OK) map_run_stop(state, status, &error);
}

void map_run_advance(map_run_state *state, size_t run)
{
    vtr_error error = {0};
    vtr_status status;
    size_t n = state->job->n_positions, first, n_run;
    map_run_positions(state->job, run, &first, &n_run);
#pragma omp critical(vtr_map_progress)
    {
        state->positions_done += n_run;
        vtr_progress_report(state->progress, "mapping", (double)state->positions_done, (double)n, "patterns");
        status = ask(state, &error);
    }
    if (status != VTR_OK) map_run_stop(state, status, &error);
}

bool map_run_one(map_run_state *state, map_worker *worker, size_t run)
{
    vtr_error error = {0};
    if (map_run_is_stopped(state) || !map_follow_wait(state, run)) return false;
    vtr_status status = map_follow_run(worker, state->job, run, &error);
    if (status == VTR_OK) status = map_record_append(state->job, worker, run, &error);
    if (status != VTR_OK) {
        worker->is_torn = true;
        map_run_stop(state, status, &error);
        return false;
    }
    map_sums_note(state->job, worker, run);
    map_run_advance(state, run);
    return true;
}

void map_run_merge(map_run_state *state, map_worker *worker)
{
    vtr_error error = {0};
#pragma omp critical(vtr_map_merge)
    {
        vtr_status status = map_sums_merge(state->job, worker, &error);
        if (status == VTR_OK) status = map_follow_show(state->job, &error);
        if (status != VTR_OK) map_run_stop(state, status, &error);
    }
}

/* Each worker's sums are merged at its end, and now and then for the checkpoint. */
static void do_runs(map_run_state *state, map_worker *worker)
{
    size_t n_runs = map_run_count(state->job);
#pragma omp for schedule(dynamic, 1)
    for (size_t run = 0; run < n_runs; run++) {
        if (map_sums_have(state->job, run) || !map_run_one(state, worker, run)) continue;
        if (map_sums_are_due(state->job, worker)) map_run_merge(state, worker);
    }
    map_run_merge(state, worker);
}

static void do_runs_in_order(map_run_state *state, map_worker *worker, size_t first)
{
    size_t n_runs = map_run_count(state->job);
#pragma omp for ordered schedule(dynamic, 1)
    for (size_t run = first; run < n_runs; run++) {
        map_run_one(state, worker, run);
#pragma omp ordered
        map_run_merge(state, worker);
    }
}

/* All workers together stay below this, so that a pass stays below 2 GiB with frames of any size. */
static const size_t workers_bytes = (size_t)1 << 30;

static int worker_count(const map_job *job, const vtr_pass_options *options)
{
    /* what writing the maps takes in the end is less than the workers did */
    size_t left = vtr_memory_left() / 4 * 3, bytes = left < workers_bytes ? left : workers_bytes;
    size_t most = bytes / map_worker_bytes(job), n = (size_t)vtr_thread_count(options->threads);
    if (n > map_run_count(job)) n = map_run_count(job);
    if (n > most) n = most;
    return n < 1 ? 1 : (int)n;
}

static void work(map_run_state *state, map_worker **workers, int n_workers)
{
    size_t first = state->job->sums.n_in_order;
#pragma omp parallel num_threads(n_workers)
    {
        map_worker *worker = workers[omp_get_thread_num()];
        if (map_sums_are_exact(state->job))
            do_runs(state, worker);
        else
            do_runs_in_order(state, worker, first);
    }
}

/* Workers, and with several ranks one more for what the others send. */
static vtr_status work_all(map_job *job, map_worker **workers, int n_workers, const vtr_progress *progress,
                           vtr_error *err)
{
    map_run_state state = {.job = job, .progress = progress, .positions_done = job->sums.n_done};
    if (vtr_ranks_size(job->ranks) == 1)
        work(&state, workers, n_workers);
    else if (vtr_ranks_rank(job->ranks) == 0)
        map_ranks_lead(&state, workers, n_workers, workers[n_workers]);
    else
        map_ranks_follow(&state, workers, n_workers);
    /* What was finished is kept, whatever ended the pass; the first failure is the one to tell. */
    if (state.status != VTR_OK) map_sums_record(job, NULL);
    return state.status == VTR_OK ? VTR_OK : vtr_fail(err, state.status, "%s", state.error.message);
}

vtr_status map_run_all(map_job *job, const vtr_pass_options *options, vtr_error *err)
{
    int n_workers = worker_count(job, options);
    int n_spare = vtr_ranks_size(job->ranks) > 1 && vtr_ranks_rank(job->ranks) == 0;
    map_worker **workers = vtr_calloc((size_t)(n_workers + n_spare), sizeof(map_worker *));
    vtr_status status = VTR_OK;
    if (workers == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    for (int i = 0; status == VTR_OK && i < n_workers + n_spare; i++) {
        status = map_worker_create(&workers[i], job, err);
        if (status == VTR_OK) workers[i]->number = (size_t)i;
    }
    if (status == VTR_OK) status = map_sums_resume(job, workers[0], err);
    status = vtr_ranks_agree(job->ranks, status, err);
    if (status == VTR_OK) {
        status = work_all(job, workers, n_workers, options->progress, err);
        status = vtr_ranks_agree(job->ranks, status, err);
    }
    for (int i = 0; workers != NULL && i < n_workers + n_spare; i++)
        map_worker_free(workers[i]);
    vtr_free(workers);
    return status;
}
