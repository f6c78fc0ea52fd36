/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pass on rank 0: its workers, and beside them a thread that hands runs to the other ranks and takes their results. */
#include <omp.h>
#include <pthread.h>
#include <string.h>

#include "pass/map_ranks_internal.h"
#include "polar/polar_internal.h"

/* A worker of another rank that waits for its turn to bring its sums. */
typedef struct waiting_turn {
    size_t run;
    int rank;
} waiting_turn;

typedef struct leader {
    map_run_state *state;
    map_worker *spare;
    size_t next; /* run to hand out */
    map_message message;
    waiting_turn *waiting;
    size_t n_waiting, most_waiting;
    int n_left;     /* ranks that have ended */
    double heard_s; /* when one of the others was heard last, or the pass was stopped */
} leader;

/* The next run that is to be done; MAP_NO_RUN: none, or the pass has stopped. */
static size_t next_run(leader *l)
{
    const map_job *job = l->state->job;
    size_t run = SIZE_MAX;
    if (map_run_is_stopped(l->state)) return run;
#pragma omp critical(vtr_map_next)
    {
        while (l->next < job->sums.n_runs && map_sums_have(job, l->next))
            l->next++;
        if (l->next < job->sums.n_runs) run = l->next++;
    }
    return run;
}

static size_t runs_in_order(const map_job *job)
{
    size_t n;
#pragma omp critical(vtr_map_merge)
    n = job->sums.n_in_order;
    return n;
}

/* Until all runs before this one are merged, or the pass has stopped. */
static void wait_for_turn(leader *l, size_t run)
{
    unsigned n_waits = 0;
    while (runs_in_order(l->state->job) != run && !map_run_is_stopped(l->state))
        vtr_ranks_wait(&n_waits);
}

static void work(leader *l, map_worker *worker)
{
    map_job *job = l->state->job;
    bool is_exact = map_sums_are_exact(job);
    for (size_t run; (run = next_run(l)) != SIZE_MAX;) {
        if (!map_run_one(l->state, worker, run)) break;
        if (!is_exact) wait_for_turn(l, run);
        if (!is_exact || map_sums_are_due(job, worker)) map_run_merge(l->state, worker);
    }
    map_run_merge(l->state, worker);
}

static vtr_status answer_turn(leader *l, const waiting_turn *turn, vtr_error *err)
{
    uint64_t goes = turn->run == runs_in_order(l->state->job);
    return vtr_ranks_send(l->state->job->ranks, turn->rank, map_turn_tag(turn->run), &goes, sizeof goes, err);
}

/* Answers those whose turn it is, and all of them once the pass has stopped. */
static vtr_status answer_turns(leader *l, vtr_error *err)
{
    vtr_status status = VTR_OK;
    size_t n = 0, in_order = l->n_waiting > 0 ? runs_in_order(l->state->job) : 0;
    for (size_t i = 0; i < l->n_waiting; i++) {
        bool is_due = l->waiting[i].run == in_order || map_run_is_stopped(l->state);
        if (status == VTR_OK && is_due)
            status = answer_turn(l, &l->waiting[i], err);
        else
            l->waiting[n++] = l->waiting[i];
    }
    l->n_waiting = n;
    return status;
}

static vtr_status note_turn(leader *l, int rank, size_t run, vtr_error *err)
{
    if (l->n_waiting == l->most_waiting) {
        size_t most = 2 * l->most_waiting + 16;
        waiting_turn *waiting = vtr_malloc(most, sizeof *waiting);
        if (waiting == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ranks");
        if (l->n_waiting > 0) memcpy(waiting, l->waiting, l->n_waiting * sizeof *waiting);
        vtr_free(l->waiting);
        l->waiting = waiting;
        l->most_waiting = most;
    }
    l->waiting[l->n_waiting++] = (waiting_turn){run, rank};
    return VTR_OK;
}

static vtr_status give_run(leader *l, int rank, vtr_error *err)
{
    size_t run = next_run(l);
    uint64_t number = run == SIZE_MAX ? MAP_NO_RUN : run;
    return vtr_ranks_send(l->state->job->ranks, rank, MAP_TAG_RUN, &number, sizeof number, err);
}

static vtr_status malformed(int rank, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_IO, "rank %d sent results of another pass; are all ranks of one version?",
                    rank);
}

static vtr_status take_record(leader *l, const unsigned char *content, size_t n_bytes, vtr_error *err)
{
    map_job *job = l->state->job;
    vtr_slice slice = {(void *)(uintptr_t)content, n_bytes};
    vtr_status status = map_record_load(job, l->spare, content, n_bytes, err);
    if (status == VTR_OK && job->checkpoint != NULL)
        status = vtr_journal_append(job->checkpoint->journal, CHECKPOINT_RUN, &slice, 1, err);
    if (status == VTR_OK) map_run_advance(l->state, map_record_run(job, content, n_bytes));
    return status;
}

/* As if the spare worker had done these runs. */
static vtr_status take_sums(leader *l, int rank, size_t n_runs, const unsigned char *content, size_t n_bytes,
                            vtr_error *err)
{
    map_job *job = l->state->job;
    vtr_slice slices[VTR_PATTERN_SLICES];
    vtr_pattern_slices(l->spare->pattern, slices);
    if (n_runs > job->sums.n_runs) return malformed(rank, err);
    size_t expected = n_runs * sizeof(uint64_t);
    for (int k = 0; k < VTR_PATTERN_SLICES; k++)
        expected += slices[k].n_bytes;
    if (n_bytes != expected) return malformed(rank, err);
    for (size_t i = 0; i < n_runs; i++, content += sizeof(uint64_t)) {
        uint64_t run;
        memcpy(&run, content, sizeof run);
        if (run >= job->sums.n_runs) return malformed(rank, err);
        map_sums_note(job, l->spare, run);
    }
    for (int k = 0; k < VTR_PATTERN_SLICES; content += slices[k++].n_bytes)
        memcpy(slices[k].data, content, slices[k].n_bytes);
    map_run_merge(l->state, l->spare);
    return VTR_OK;
}

static void take_failure(leader *l, int rank, const unsigned char *content, size_t n_bytes)
{
    vtr_error error;
    if (n_bytes != sizeof error) return;
    memcpy(&error, content, sizeof error);
    error.message[sizeof error.message - 1] = '\0';
    size_t done;
#pragma omp critical(vtr_map_progress)
    done = l->state->positions_done;
    if (error.status == VTR_ERR_INTERRUPTED)
        vtr_fail(&error, error.status, "interrupted at %zu of %zu positions", done,
                 l->state->job->n_positions);
    else
        vtr_fail_context(&error, error.status, "rank %d", rank);
    map_run_stop(l->state, error.status, &error);
}

/* What goes wrong with a message stops the pass; the ranks are served on until they have left. A network that fails ends
 * that: the status says so. */
static vtr_status serve(leader *l, int rank, vtr_error *err)
{
    map_ranks_head head;
    vtr_error error = {0};
    vtr_status status = VTR_OK;
    if (l->message.n_bytes < sizeof head) return malformed(rank, err);
    memcpy(&head, l->message.bytes, sizeof head);
    const unsigned char *content = l->message.bytes + sizeof head;
    size_t n_bytes = l->message.n_bytes - sizeof head;
    switch ((map_ranks_kind)head.kind) {
    case MAP_ASK:
        return give_run(l, rank, err);
    case MAP_TURN:
        return note_turn(l, rank, head.run, err);
    case MAP_RECORD:
        status = take_record(l, content, n_bytes, &error);
        break;
    case MAP_SUMS:
        status = take_sums(l, rank, head.n, content, n_bytes, &error);
        break;
    case MAP_STOPPED:
        take_failure(l, rank, content, n_bytes);
        break;
    case MAP_LEFT:
        l->n_left++;
        break;
    }
    if (status != VTR_OK) map_run_stop(l->state, status, &error);
    return VTR_OK;
}

/* Nothing has come. A pass that is to stop does not wait for ever: a rank that was killed says nothing, and who stopped
 * the pass may be about to kill this one. */
static vtr_status idle(leader *l, vtr_error *err)
{
    static const double patience_s = 10;
    map_run_state *state = l->state;
    if (!map_run_is_stopped(state)) {
        l->heard_s = vtr_clock_s();
        map_run_check(state);
    } else if (vtr_clock_s() - l->heard_s > patience_s) {
        vtr_ranks_give_up(state->job->ranks);
        return vtr_fail(err, VTR_ERR_IO, "%d of %d ranks have not answered for %.0f s",
                        vtr_ranks_size(state->job->ranks) - 1 - l->n_left, vtr_ranks_size(state->job->ranks),
                        patience_s);
    }
    return VTR_OK;
}

static vtr_status serve_next(leader *l, unsigned *n_waits, vtr_error *err)
{
    vtr_ranks *ranks = l->state->job->ranks;
    vtr_ranks_message message;
    bool is_there;
    vtr_status status = vtr_ranks_poll(ranks, VTR_ANY_RANK, MAP_TAG_LEAD, &message, &is_there, err);
    if (status == VTR_OK && is_there) {
        *n_waits = 0;
        l->heard_s = vtr_clock_s();
        status = map_message_reserve(&l->message, message.n_bytes, err);
        if (status == VTR_OK) status = vtr_ranks_take(ranks, &message, l->message.bytes, err);
        if (status == VTR_OK) status = serve(l, message.from, err);
    } else if (status == VTR_OK) {
        status = idle(l, err);
        vtr_ranks_wait(n_waits);
    }
    return status == VTR_OK ? answer_turns(l, err) : status;
}

/* Ends once all ranks have left. Where that cannot be waited for, they are cut off. */
static void *serve_all(void *argument)
{
    leader *l = argument;
    vtr_error error = {0};
    vtr_status status = VTR_OK;
    unsigned n_waits = 0;
    while (status == VTR_OK && l->n_left < vtr_ranks_size(l->state->job->ranks) - 1)
        status = serve_next(l, &n_waits, &error);
    if (status != VTR_OK) {
        map_run_stop(l->state, status, &error);
        vtr_ranks_give_up(l->state->job->ranks);
    }
    return NULL;
}

void map_ranks_lead(map_run_state *state, map_worker **workers, int n_workers, map_worker *spare)
{
    leader l = {.state = state, .spare = spare};
    pthread_t server;
    vtr_error error;
    bool has_server = pthread_create(&server, NULL, serve_all, &l) == 0;
    if (!has_server) {
        vtr_fail(&error, VTR_ERR_MEMORY, "cannot start the thread that serves the ranks");
        map_run_stop(state, VTR_ERR_MEMORY, &error);
        serve_all(&l);
    }
#pragma omp parallel num_threads(n_workers)
    work(&l, workers[omp_get_thread_num()]);
    if (has_server) pthread_join(server, NULL);
    vtr_free(l.message.bytes);
    vtr_free(l.waiting);
}
