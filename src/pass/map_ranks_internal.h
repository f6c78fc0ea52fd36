/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_MAP_RANKS_INTERNAL_H
#define VITRAIL_PASS_MAP_RANKS_INTERNAL_H

#include "pass/map_internal.h"

/* What rank 0 and the others say to each other during a pass.
 *
 *   others to 0   MAP_ASK       a worker wants a run; the answer, MAP_TAG_RUN, is its number or MAP_NO_RUN
 *                 MAP_RECORD    the results of a run (map_record.c)
 *                 MAP_TURN      run `run` is done, and where the order matters its sums wait for their turn; the answer,
 *                               MAP_TAG_TURN of the run, is 1, or 0 where the pass has stopped
 *                 MAP_SUMS      `n` numbers of runs, then the sums over them
 *                 MAP_STOPPED   a vtr_error: why the pass is to stop
 *                 MAP_LEFT      this rank's workers have ended; its last message
 *
 * Every message of MAP_TAG_LEAD begins with a head. */
enum { MAP_TAG_LEAD = 1, MAP_TAG_RUN = 2, MAP_TAG_TURN = 100, MAP_TURNS = 16384 };
#define MAP_NO_RUN UINT64_MAX

typedef enum map_ranks_kind { MAP_ASK, MAP_RECORD, MAP_TURN, MAP_SUMS, MAP_STOPPED, MAP_LEFT } map_ranks_kind;

typedef struct map_ranks_head {
    uint64_t kind, run, n;
} map_ranks_head;

static inline int map_turn_tag(size_t run)
{
    return MAP_TAG_TURN + (int)(run % MAP_TURNS);
}

/* Memory for messages that grows to the longest of them. */
typedef struct map_message {
    unsigned char *bytes;
    size_t n_bytes, capacity;
} map_message;

vtr_status map_message_reserve(map_message *message, size_t n_bytes, vtr_error *err);
vtr_status map_message_put(map_message *message, const map_ranks_head *head, const vtr_slice *slices,
                           size_t n_slices, vtr_error *err);

#endif
