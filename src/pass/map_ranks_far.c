/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pass on every rank but 0: ask for runs, work on them, send what came out. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "pass/map_ranks_internal.h"
#include "polar/polar_internal.h"

vtr_status map_message_reserve(map_message *message, size_t n_bytes, vtr_error *err)
{
    if (n_bytes > message->capacity) {
        vtr_free(message->bytes);
        message->capacity = 0;
        message->bytes = vtr_malloc(n_bytes, 1);
        if (message->bytes == NULL)
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a message of %zu bytes", n_bytes);
        message->capacity = n_bytes;
    }
    message->n_bytes = n_bytes;
    return VTR_OK;
}

vtr_status map_message_put(map_message *message, const map_ranks_head *head, const vtr_slice *slices,
                           size_t n_slices, vtr_error *err)
{
    size_t n_bytes = sizeof *head;
    for (size_t k = 0; k < n_slices; k++)
        n_bytes += slices[k].n_bytes;
    if (n_bytes > VTR_RANKS_MAX_POLLED)
        return vtr_fail(err, VTR_ERR_RANGE, "a message of %zu bytes is too long; use one rank", n_bytes);
    vtr_status status = map_message_reserve(message, n_bytes, err);
    if (status != VTR_OK) return status;
    unsigned char *to = message->bytes;
    memcpy(to, head, sizeof *head);
    to += sizeof *head;
    for (size_t k = 0; k < n_slices; to += slices[k++].n_bytes)
        if (slices[k].n_bytes > 0) memcpy(to, slices[k].data, slices[k].n_bytes);
    return VTR_OK;
}

/* One worker of this rank. */
typedef struct follower {
    map_run_state *state;
    map_worker *worker;
    map_message message;
} follower;

static vtr_status tell(follower *f, const map_ranks_head *head, const vtr_slice *slices, size_t n_slices,
                       vtr_error *err)
{
    vtr_status status = map_message_put(&f->message, head, slices, n_slices, err);
    return status == VTR_OK ? vtr_ranks_send(f->state->job->ranks, 0, MAP_TAG_LEAD, f->message.bytes,
                                             f->message.n_bytes, err)
                            : status;
}

static vtr_status ask(follower *f, vtr_error *err)
{
    return tell(f, &(map_ranks_head){.kind = MAP_ASK}, NULL, 0, err);
}

static vtr_status hear(follower *f, int tag, uint64_t *answer, vtr_error *err)
{
    return vtr_ranks_receive(f->state->job->ranks, 0, tag, answer, sizeof *answer, err);
}

static vtr_status send_record(follower *f, size_t run, vtr_error *err)
{
    map_record_head head;
    vtr_slice slices[MAP_MAX_SLICES + 1];
    size_t n = map_record_slices(slices, &head, f->state->job, f->worker, run);
    return tell(f, &(map_ranks_head){.kind = MAP_RECORD, .run = run}, slices, n, err);
}

/* The worker's sums go to rank 0 with the runs that are in them. */
static vtr_status send_sums(follower *f, vtr_error *err)
{
    const map_sums *sums = &f->state->job->sums;
    map_worker *w = f->worker;
    double start = vtr_clock_s();
    size_t n = 0;
    for (size_t run = w->first_run; run != 0; run = sums->next[run - 1])
        n++;
    uint64_t *runs = vtr_malloc(n, sizeof *runs);
    vtr_status status = VTR_OK;
    if (runs == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sums of %zu blocks", n);
    n = 0;
    for (size_t run = w->first_run; run != 0; run = sums->next[run - 1])
        runs[n++] = run - 1;
    vtr_slice slices[1 + VTR_PATTERN_SLICES] = {{runs, n * sizeof *runs}};
    vtr_pattern_slices(w->pattern, slices + 1);
    if (n > 0 && !w->is_torn)
        status = tell(f, &(map_ranks_head){.kind = MAP_SUMS, .n = n}, slices, 1 + VTR_PATTERN_SLICES, err);
    vtr_free(runs);
    w->first_run = 0;
    vtr_pattern_reset(w->pattern);
    w->merged_s = vtr_clock_s();
    w->merge_cost_s = w->merged_s - start;
    return status;
}

/* Where the order of the sums matters, each run's wait for their turn; else they go now and then. */
static vtr_status bring_sums(follower *f, size_t run, vtr_error *err)
{
    map_job *job = f->state->job;
    uint64_t goes = 1;
    vtr_status status = VTR_OK;
    if (map_sums_are_exact(job)) return map_sums_are_due(job, f->worker) ? send_sums(f, err) : VTR_OK;
    status = tell(f, &(map_ranks_head){.kind = MAP_TURN, .run = run}, NULL, 0, err);
    if (status == VTR_OK) status = hear(f, map_turn_tag(run), &goes, err);
    if (status == VTR_OK && !goes) f->worker->is_torn = true;
    return status == VTR_OK ? send_sums(f, err) : status;
}

/* A failure of the work is told to rank 0, and the pass goes on to its end; one of the network ends it. */
static vtr_status one_run(follower *f, size_t run, vtr_error *err)
{
    map_run_state *state = f->state;
    vtr_error error = {0};
    vtr_status status = map_worker_run(f->worker, state->job, run, &error);
    if (status == VTR_OK) {
        map_sums_note(state->job, f->worker, run);
        status = send_record(f, run, err);
        if (status == VTR_OK) status = bring_sums(f, run, err);
        if (status != VTR_OK || !vtr_progress_cancelled(state->progress)) return status;
        status = vtr_fail(&error, VTR_ERR_INTERRUPTED, "interrupted");
    } else {
        f->worker->is_torn = true;
    }
    vtr_slice slice = {&error, sizeof error};
    error.status = status;
    map_run_stop(state, status, &error);
    return tell(f, &(map_ranks_head){.kind = MAP_STOPPED}, &slice, 1, err);
}

/* The next run is asked for before this one is begun, so that its number is there in time. */
static vtr_status work(follower *f, vtr_error *err)
{
    uint64_t run = MAP_NO_RUN;
    vtr_status status = ask(f, err);
    for (;;) {
        if (status == VTR_OK) status = hear(f, MAP_TAG_RUN, &run, err);
        if (status != VTR_OK || run == MAP_NO_RUN) break;
        status = ask(f, err);
        if (status == VTR_OK && !map_run_is_stopped(f->state)) status = one_run(f, run, err);
    }
    return status == VTR_OK ? send_sums(f, err) : status;
}

void map_ranks_follow(map_run_state *state, map_worker **workers, int n_workers)
{
    vtr_error error = {0};
#pragma omp parallel num_threads(n_workers)
    {
        vtr_error own = {0};
        follower f = {.state = state, .worker = workers[omp_get_thread_num()]};
        vtr_status status = work(&f, &own);
        if (status != VTR_OK) map_run_stop(state, status, &own);
        vtr_free(f.message.bytes);
    }
    follower last = {.state = state};
    vtr_status status = tell(&last, &(map_ranks_head){.kind = MAP_LEFT}, NULL, 0, &error);
    if (status != VTR_OK) map_run_stop(state, status, &error);
    vtr_free(last.message.bytes);
}

vtr_status map_ranks_begin(map_job *job, vtr_error *err)
{
    struct {
        uint64_t shape[4], type, n_frames, n_runs;
        double interval_s;
    } mine = {.type = job->info->type, .n_frames = job->info->n_frames, .n_runs = map_run_count(job)}, theirs;
    if (vtr_ranks_size(job->ranks) == 1) return VTR_OK;
    for (int d = 0; d < 4; d++)
        mine.shape[d] = job->info->shape[d];
    mine.interval_s = job->sums.interval_s;
    theirs = mine;
    vtr_status status = vtr_ranks_broadcast(job->ranks, 0, &theirs, sizeof theirs, err);
    if (status != VTR_OK) return status;
    mine.interval_s = job->sums.interval_s = theirs.interval_s;
    if (memcmp(&mine, &theirs, sizeof mine) != 0)
        status = vtr_fail(err, VTR_ERR_SHAPE,
                          "'%s' is not the recording that rank 0 sees: %zu frames for %zu x %zu positions",
                          vtr_dataset_path(job->dataset), job->info->n_frames, job->info->shape[0],
                          job->info->shape[1]);
    return vtr_ranks_agree(job->ranks, status, err);
}
