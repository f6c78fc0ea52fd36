/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RANKS_H
#define VITRAIL_RANKS_H

/* The processes of one job that a launcher (mpirun, srun) started, on one machine or many: who they are, and how they
 * exchange bytes. What carries the bytes is a module of its own, loaded when it is asked for, so that a program on one
 * machine needs no MPI. All processes are the same program on machines of the same kind: numbers travel as they are.
 *
 * A handle of NULL is one rank by itself, and every function takes it: there is nothing to send and nothing fails.
 *
 * Collective functions (agree, barrier, broadcast, gather, all_gather, sum) are called by all ranks in the same order,
 * each rank by one thread. send, poll, take and receive may be called by several threads of a rank at once. Waiting costs
 * no processor: it sleeps for up to half a millisecond at a time. VTR_ERR_IO: a rank is gone, or the network. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

typedef struct vtr_ranks vtr_ranks;

/* Whether this process is one of several, as far as the environment tells (PMI_SIZE, OMPI_COMM_WORLD_SIZE, PMIX_RANK).
 * VITRAIL_MPI=1 in the environment says that it is, VITRAIL_MPI=0 that it is not. */
VTR_API bool vtr_ranks_are_launched(void);
/* The launcher's number of this process, for words before the ranks know each other; 0 where it gave none. */
VTR_API int vtr_ranks_launched_rank(void);

/* Meets the other ranks; once in a process. VTR_ERR_NOT_FOUND: no module is installed, or it cannot be loaded.
 * VTR_ERR_IO: the ranks do not find each other; the sentence says what the launcher and the module are. */
VTR_API vtr_status vtr_ranks_start(vtr_ranks **out, vtr_error *err);
/* Waits for the others and leaves; sets *ranks to NULL. */
VTR_API void vtr_ranks_finish(vtr_ranks **ranks);
/* Ends this process and all others at once with that exit status: for a failure that the others cannot learn of, because
 * they wait for something else. Does not return; with NULL the process ends. */
VTR_API void vtr_ranks_abort(vtr_ranks *ranks, int exit_status);

VTR_API int vtr_ranks_rank(const vtr_ranks *ranks); /* 0 ... size - 1 */
VTR_API int vtr_ranks_size(const vtr_ranks *ranks);
/* Threads for this rank: `requested`, or for 0 this rank's share of the processors that it may run on. */
VTR_API int vtr_ranks_threads(const vtr_ranks *ranks, int requested);
/* How many ranks share this one's processors, itself among them: what a share of the machine is reckoned with. */
VTR_API int vtr_ranks_on_machine(const vtr_ranks *ranks);

/* Collective. Every rank gives what became of its part; where that is a failure anywhere, every rank gets the status and
 * the sentence of the lowest rank that failed ("rank 2: ..." of any but rank 0), else VTR_OK. To be called wherever one
 * rank can fail by itself, before the others wait for it in another collective function: a rank that failed goes straight
 * to its next vtr_ranks_agree. After a failure the work of all ranks is over, and every later call gives that failure
 * without an exchange. */
VTR_API vtr_status vtr_ranks_agree(vtr_ranks *ranks, vtr_status status, vtr_error *err);
/* vtr_ranks_agree has ended in a failure: all ranks know it, and one of them tells. */
VTR_API bool vtr_ranks_know_failure(const vtr_ranks *ranks);

/* The others are not to be waited for any more: from now on every exchange fails at once with VTR_ERR_IO, also those that
 * other threads of this rank wait for. The way out is vtr_ranks_abort. */
VTR_API void vtr_ranks_give_up(vtr_ranks *ranks);

VTR_API vtr_status vtr_ranks_barrier(vtr_ranks *ranks, vtr_error *err);
/* `data` of rank `root` becomes everybody's. */
VTR_API vtr_status vtr_ranks_broadcast(vtr_ranks *ranks, int root, void *data, size_t n_bytes,
                                       vtr_error *err);
/* Every rank's bytes one after the other at rank 0: n_bytes of `mine` into `all`; n_bytes_of[size], of every rank, is
 * read at rank 0 alone, as `all` is written there alone. */
VTR_API vtr_status vtr_ranks_gather(vtr_ranks *ranks, const void *mine, size_t n_bytes, void *all,
                                    const size_t *n_bytes_of, vtr_error *err);
/* The same for as many bytes of each rank, into everybody's all[size][n_bytes]. */
VTR_API vtr_status vtr_ranks_all_gather(vtr_ranks *ranks, const void *mine, size_t n_bytes, void *all,
                                        vtr_error *err);
/* The same for parts of any length that lie where they belong: n_bytes of this rank in `all` behind those of the ranks before
 * it. */
VTR_API vtr_status vtr_ranks_all_gather_parts(vtr_ranks *ranks, void *all, size_t n_bytes, vtr_error *err);

/* Point to point. Messages of one tag from one rank to another arrive in the order in which they were sent. Tags are from
 * 0 to VTR_RANKS_MAX_TAG; no rank sends to itself. A message of any length may be sent and received; one that is polled
 * for is at most VTR_RANKS_MAX_POLLED long. */
enum { VTR_ANY_RANK = -1, VTR_RANKS_MAX_TAG = 30000, VTR_RANKS_MAX_POLLED = 1 << 30 };

/* Returns once `data` may be changed again, which for a long message is when it is received. */
VTR_API vtr_status vtr_ranks_send(vtr_ranks *ranks, int to, int tag, const void *data, size_t n_bytes,
                                  vtr_error *err);
/* Waits for a message of exactly so many bytes. */
VTR_API vtr_status vtr_ranks_receive(vtr_ranks *ranks, int from, int tag, void *data, size_t n_bytes,
                                     vtr_error *err);

/* A message that has arrived, and that nobody else will get. */
typedef struct vtr_ranks_message {
    int from, tag;
    size_t n_bytes;
    uintptr_t handle[4]; /* the module's */
} vtr_ranks_message;

/* Looks whether a message of that tag from that rank, or any (VTR_ANY_RANK), has arrived: *is_there. Such a message is to
 * be taken. Does not wait. */
VTR_API vtr_status vtr_ranks_poll(vtr_ranks *ranks, int from, int tag, vtr_ranks_message *message,
                                  bool *is_there, vtr_error *err);
/* Puts it into data[message->n_bytes]. */
VTR_API vtr_status vtr_ranks_take(vtr_ranks *ranks, vtr_ranks_message *message, void *data, vtr_error *err);
/* Sleeps a little: longer the more often it was called since *n_waits was 0. For loops around vtr_ranks_poll. */
VTR_API void vtr_ranks_wait(unsigned *n_waits);

/* What this rank has sent to others and received from them since it started. */
typedef struct vtr_ranks_traffic {
    uint64_t bytes_sent, bytes_received, messages_sent, messages_received;
} vtr_ranks_traffic;

VTR_API vtr_ranks_traffic vtr_ranks_traffic_of(const vtr_ranks *ranks);

/* A sum over the blocks of some data, of arrays of n_values each, with the same bits for any number of ranks: the blocks
 * have a fixed size, whoever works on them, and are added as a binary tree over their numbers. A rank adds a stretch of
 * them; what it cannot add by itself, at most 2 log2(n_blocks) arrays, goes to rank 0. */
typedef struct vtr_block_sum vtr_block_sum;

/* The blocks of this rank, of n_blocks in all: first ... first + n - 1, ranks one after the other, as even as can be. */
VTR_API void vtr_ranks_blocks(const vtr_ranks *ranks, size_t n_blocks, size_t *first, size_t *n);
/* Which rank has a block of n_blocks. */
VTR_API int vtr_ranks_owner(const vtr_ranks *ranks, size_t n_blocks, size_t block);

VTR_API vtr_status vtr_block_sum_create(vtr_block_sum **out, size_t n_values, size_t n_blocks,
                                        vtr_error *err);
VTR_API void vtr_block_sum_free(vtr_block_sum *sum);
/* Adds values[n_values] of a block. Blocks come in ascending order without a gap; the first one is that of
 * vtr_ranks_blocks. */
VTR_API void vtr_block_sum_add(vtr_block_sum *sum, size_t block, const double *values);
/* Collective. total[n_values] at every rank, once all blocks are added somewhere; `sum` is empty again. */
VTR_API vtr_status vtr_ranks_sum(vtr_ranks *ranks, vtr_block_sum *sum, double *total, vtr_error *err);

VTR_END_DECLS

#endif
