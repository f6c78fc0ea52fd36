/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranks and what they do together, from the three calls of a module: send, poll, take. */
#define _XOPEN_SOURCE 700
#include "vitrail/ranks.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "base/ranks_internal.h"

/* Tags of the collective functions, beyond those of their users. */
enum { TAG_BROADCAST = VTR_RANKS_MAX_TAG + 1, TAG_GATHER };

struct vtr_ranks {
    const vtr_ranks_module *module;
    int rank, size, n_on_machine;
    vtr_error failure; /* the one that all know; VTR_OK: none */
    atomic_bool is_cut_off;
    atomic_ullong bytes_sent, bytes_received, messages_sent, messages_received;
};

int vtr_ranks_rank(const vtr_ranks *ranks)
{
    return ranks != NULL ? ranks->rank : 0;
}

int vtr_ranks_size(const vtr_ranks *ranks)
{
    return ranks != NULL ? ranks->size : 1;
}

int vtr_ranks_on_machine(const vtr_ranks *ranks)
{
    return ranks != NULL ? ranks->n_on_machine : 1;
}

int vtr_ranks_threads(const vtr_ranks *ranks, int requested)
{
    if (requested > 0) return requested;
    int share = vtr_thread_count(0) / vtr_ranks_on_machine(ranks);
    return share > 1 ? share : 1;
}

bool vtr_ranks_know_failure(const vtr_ranks *ranks)
{
    return ranks != NULL && ranks->failure.status != VTR_OK;
}

vtr_ranks_traffic vtr_ranks_traffic_of(const vtr_ranks *ranks)
{
    if (ranks == NULL) return (vtr_ranks_traffic){0};
    return (vtr_ranks_traffic){atomic_load(&ranks->bytes_sent), atomic_load(&ranks->bytes_received),
                               atomic_load(&ranks->messages_sent), atomic_load(&ranks->messages_received)};
}

static vtr_status broken(vtr_ranks *ranks, const char *reason, vtr_error *err)
{
    atomic_store(&ranks->is_cut_off, true);
    return vtr_fail(err, VTR_ERR_IO, "rank %d of %d cannot reach the others: %s", ranks->rank, ranks->size,
                    reason);
}

void vtr_ranks_give_up(vtr_ranks *ranks)
{
    if (ranks != NULL) atomic_store(&ranks->is_cut_off, true);
}

static vtr_status send_part(vtr_ranks *ranks, int to, int tag, const void *data, size_t n_bytes,
                            vtr_error *err)
{
    char reason[VTR_RANKS_REASON] = "they were given up";
    if (atomic_load(&ranks->is_cut_off)) return broken(ranks, reason, err);
    if (ranks->module->send(to, tag, data, n_bytes, reason) != 0) return broken(ranks, reason, err);
    atomic_fetch_add(&ranks->bytes_sent, n_bytes);
    atomic_fetch_add(&ranks->messages_sent, 1);
    return VTR_OK;
}

vtr_status vtr_ranks_send(vtr_ranks *ranks, int to, int tag, const void *data, size_t n_bytes, vtr_error *err)
{
    assert(ranks != NULL && to != ranks->rank && to >= 0 && to < ranks->size && tag >= 0);
    const char *from = data;
    vtr_status status;
    do {
        size_t n = n_bytes < VTR_RANKS_MAX_POLLED ? n_bytes : VTR_RANKS_MAX_POLLED;
        status = send_part(ranks, to, tag, from, n, err);
        n_bytes -= n;
        from = n_bytes > 0 ? from + n : from;
    } while (status == VTR_OK && n_bytes > 0);
    return status;
}

vtr_status vtr_ranks_poll(vtr_ranks *ranks, int from, int tag, vtr_ranks_message *message, bool *is_there,
                          vtr_error *err)
{
    char reason[VTR_RANKS_REASON] = "they were given up";
    int arrived = 0;
    *is_there = false;
    if (ranks == NULL) return VTR_OK;
    if (atomic_load(&ranks->is_cut_off)) return broken(ranks, reason, err);
    if (ranks->module->poll(from, tag, message, &arrived, reason) != 0) return broken(ranks, reason, err);
    *is_there = arrived != 0;
    return VTR_OK;
}

vtr_status vtr_ranks_take(vtr_ranks *ranks, vtr_ranks_message *message, void *data, vtr_error *err)
{
    char reason[VTR_RANKS_REASON] = "";
    if (ranks->module->take(message, data, reason) != 0) return broken(ranks, reason, err);
    atomic_fetch_add(&ranks->bytes_received, message->n_bytes);
    atomic_fetch_add(&ranks->messages_received, 1);
    return VTR_OK;
}

static vtr_status receive_part(vtr_ranks *ranks, int from, int tag, void *data, size_t n_bytes,
                               vtr_error *err)
{
    vtr_ranks_message message;
    bool is_there = false;
    unsigned n_waits = 0;
    for (;;) {
        vtr_status status = vtr_ranks_poll(ranks, from, tag, &message, &is_there, err);
        if (status != VTR_OK) return status;
        if (is_there) break;
        vtr_ranks_wait(&n_waits);
    }
    if (message.n_bytes != n_bytes)
        return vtr_fail(err, VTR_ERR_IO, "rank %d sent %zu bytes where rank %d expected %zu", message.from,
                        message.n_bytes, ranks->rank, n_bytes);
    return vtr_ranks_take(ranks, &message, data, err);
}

vtr_status vtr_ranks_receive(vtr_ranks *ranks, int from, int tag, void *data, size_t n_bytes, vtr_error *err)
{
    assert(ranks != NULL && from != ranks->rank);
    char *to = data;
    vtr_status status;
    do {
        size_t n = n_bytes < VTR_RANKS_MAX_POLLED ? n_bytes : VTR_RANKS_MAX_POLLED;
        status = receive_part(ranks, from, tag, to, n, err);
        n_bytes -= n;
        to = n_bytes > 0 ? to + n : to;
    } while (status == VTR_OK && n_bytes > 0);
    return status;
}

/* Along a binomial tree: whoever has the data hands them on, to the ranks twice as far each time. */
vtr_status vtr_ranks_broadcast(vtr_ranks *ranks, int root, void *data, size_t n_bytes, vtr_error *err)
{
    if (vtr_ranks_size(ranks) == 1) return VTR_OK;
    int size = ranks->size, place = (ranks->rank - root + size) % size, step = 1;
    vtr_status status = VTR_OK;
    while (step < size && (place & step) == 0)
        step <<= 1;
    if (place != 0)
        status = vtr_ranks_receive(ranks, (place - step + root) % size, TAG_BROADCAST, data, n_bytes, err);
    for (step >>= 1; status == VTR_OK && step > 0; step >>= 1)
        if (place + step < size)
            status = vtr_ranks_send(ranks, (place + step + root) % size, TAG_BROADCAST, data, n_bytes, err);
    return status;
}

vtr_status vtr_ranks_gather(vtr_ranks *ranks, const void *mine, size_t n_bytes, void *all,
                            const size_t *n_bytes_of, vtr_error *err)
{
    char *to = all;
    if (vtr_ranks_rank(ranks) != 0) return vtr_ranks_send(ranks, 0, TAG_GATHER, mine, n_bytes, err);
    if (n_bytes > 0 && to != mine) memcpy(to, mine, n_bytes);
    to += n_bytes;
    for (int rank = 1; rank < vtr_ranks_size(ranks); rank++) {
        vtr_status status = vtr_ranks_receive(ranks, rank, TAG_GATHER, to, n_bytes_of[rank], err);
        if (status != VTR_OK) return status;
        to += n_bytes_of[rank];
    }
    return VTR_OK;
}

vtr_status vtr_ranks_all_gather(vtr_ranks *ranks, const void *mine, size_t n_bytes, void *all, vtr_error *err)
{
    size_t size = (size_t)vtr_ranks_size(ranks);
    size_t *n_bytes_of = vtr_malloc(size, sizeof *n_bytes_of);
    if (n_bytes_of == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu ranks", size);
    for (size_t rank = 0; rank < size; rank++)
        n_bytes_of[rank] = n_bytes;
    vtr_status status = vtr_ranks_gather(ranks, mine, n_bytes, all, n_bytes_of, err);
    vtr_free(n_bytes_of);
    return status == VTR_OK ? vtr_ranks_broadcast(ranks, 0, all, size * n_bytes, err) : status;
}

vtr_status vtr_ranks_all_gather_parts(vtr_ranks *ranks, void *all, size_t n_bytes, vtr_error *err)
{
    size_t size = (size_t)vtr_ranks_size(ranks), before = 0, total = 0;
    if (size == 1) return VTR_OK;
    size_t *n_bytes_of = vtr_malloc(size, sizeof *n_bytes_of);
    if (n_bytes_of == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu ranks", size);
    vtr_status status = vtr_ranks_all_gather(ranks, &n_bytes, sizeof n_bytes, n_bytes_of, err);
    for (size_t rank = 0; status == VTR_OK && rank < size; rank++) {
        if (rank < (size_t)ranks->rank) before += n_bytes_of[rank];
        total += n_bytes_of[rank];
    }
    if (status == VTR_OK)
        status = vtr_ranks_gather(ranks, (char *)all + before, n_bytes, all, n_bytes_of, err);
    vtr_free(n_bytes_of);
    return status == VTR_OK ? vtr_ranks_broadcast(ranks, 0, all, total, err) : status;
}

vtr_status vtr_ranks_barrier(vtr_ranks *ranks, vtr_error *err)
{
    char nothing = 0;
    size_t size = (size_t)vtr_ranks_size(ranks);
    if (size == 1) return VTR_OK;
    if (ranks->rank != 0) {
        vtr_status status = vtr_ranks_send(ranks, 0, TAG_GATHER, &nothing, 0, err);
        return status == VTR_OK ? vtr_ranks_broadcast(ranks, 0, &nothing, 0, err) : status;
    }
    for (int rank = 1; rank < ranks->size; rank++) {
        vtr_status status = vtr_ranks_receive(ranks, rank, TAG_GATHER, &nothing, 0, err);
        if (status != VTR_OK) return status;
    }
    return vtr_ranks_broadcast(ranks, 0, &nothing, 0, err);
}

/* The lowest rank that failed, at every rank; -1: none did. */
static vtr_status find_failed(vtr_ranks *ranks, bool has_failed, int *failed, vtr_error *err)
{
    int32_t mine = has_failed, first = -1;
    int32_t theirs;
    vtr_status status = VTR_OK;
    if (ranks->rank != 0) status = vtr_ranks_send(ranks, 0, TAG_GATHER, &mine, sizeof mine, err);
    if (ranks->rank == 0 && has_failed) first = 0;
    for (int rank = 1; status == VTR_OK && ranks->rank == 0 && rank < ranks->size; rank++) {
        status = vtr_ranks_receive(ranks, rank, TAG_GATHER, &theirs, sizeof theirs, err);
        if (status == VTR_OK && theirs != 0 && first < 0) first = rank;
    }
    if (status == VTR_OK) status = vtr_ranks_broadcast(ranks, 0, &first, sizeof first, err);
    *failed = first;
    return status;
}

vtr_status vtr_ranks_agree(vtr_ranks *ranks, vtr_status mine, vtr_error *err)
{
    if (vtr_ranks_size(ranks) == 1) return mine;
    if (vtr_ranks_know_failure(ranks))
        return vtr_fail(err, ranks->failure.status, "%s", ranks->failure.message);
    int failed = -1;
    vtr_error local = {0}, told = {0};
    if (mine != VTR_OK) {
        vtr_fail(&told, mine, "%s", err != NULL ? err->message : vtr_status_text(mine));
        if (ranks->rank != 0) vtr_fail_context(&told, mine, "rank %d", ranks->rank);
    }
    vtr_status status = find_failed(ranks, mine != VTR_OK, &failed, &local);
    if (status == VTR_OK && failed >= 0)
        status = vtr_ranks_broadcast(ranks, failed, &told, sizeof told, &local);
    if (status != VTR_OK) return mine != VTR_OK ? mine : vtr_fail(err, status, "%s", local.message);
    if (failed < 0) return VTR_OK;
    ranks->failure = told;
    return vtr_fail(err, told.status, "%s", told.message);
}

/* A number for this machine and for the processors on it that this process may run on (FNV-1a). */
static uint64_t processors(void)
{
    char line[1024] = "";
    uint64_t hash = 14695981039346656037u;
    gethostname(line, sizeof line - 1);
    FILE *file = fopen("/proc/self/status", "r");
    do {
        for (const char *c = line; *c != '\0'; c++)
            hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        do
            line[0] = '\0';
        while (file != NULL && fgets(line, sizeof line, file) != NULL &&
               !vtr_text_starts_with(line, "Cpus_allowed:"));
    } while (line[0] != '\0');
    if (file != NULL) fclose(file);
    return hash;
}

static vtr_status count_on_machine(vtr_ranks *ranks, vtr_error *err)
{
    uint64_t mine = processors(), *all = vtr_malloc((size_t)ranks->size, sizeof *all);
    if (all == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %d ranks", ranks->size);
    vtr_status status = vtr_ranks_all_gather(ranks, &mine, sizeof mine, all, err);
    ranks->n_on_machine = 0;
    for (int rank = 0; status == VTR_OK && rank < ranks->size; rank++)
        ranks->n_on_machine += all[rank] == mine;
    vtr_free(all);
    return status;
}

vtr_status vtr_ranks_start_with(vtr_ranks **out, const vtr_ranks_module *module, vtr_error *err)
{
    char reason[VTR_RANKS_REASON] = "";
    int launched = vtr_ranks_launched_size();
    vtr_ranks *ranks = vtr_calloc(1, sizeof *ranks);
    if (ranks == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ranks");
    ranks->module = module;
    vtr_status status = VTR_OK;
    if (module->start(&ranks->rank, &ranks->size, reason) != 0)
        status = vtr_fail(err, VTR_ERR_IO, "cannot start the ranks with %s: %s", module->name, reason);
    else if (launched > 1 && ranks->size != launched)
        status = vtr_fail(err, VTR_ERR_IO,
                          "the launcher started %d ranks, and %s knows of %d: it is another MPI's launcher",
                          launched, module->name, ranks->size);
    else
        status = count_on_machine(ranks, err);
    if (status == VTR_OK)
        *out = ranks;
    else
        vtr_free(ranks);
    return status;
}

vtr_status vtr_ranks_start(vtr_ranks **out, vtr_error *err)
{
    const vtr_ranks_module *module = NULL;
    vtr_status status = vtr_ranks_load(&module, err);
    return status == VTR_OK ? vtr_ranks_start_with(out, module, err) : status;
}

void vtr_ranks_finish(vtr_ranks **ranks)
{
    if (*ranks == NULL) return;
    (*ranks)->module->finish();
    vtr_free(*ranks);
    *ranks = NULL;
}

void vtr_ranks_abort(vtr_ranks *ranks, int exit_status)
{
    if (ranks != NULL) ranks->module->abort(exit_status);
    _Exit(exit_status);
}
