/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_CHECKPOINT_INTERNAL_H
#define VITRAIL_PASS_CHECKPOINT_INTERNAL_H

#include "base/journal.h"
#include "vitrail/calibration.h"
#include "vitrail/checkpoint.h"

/* The journal of a checkpoint. First what the results depend on; then for each run its results, and now and then the
 * sums over all runs merged so far, which say with it which runs these are. The last sums hold: what stands behind them
 * was finished, but is not in them, and is done again. */
typedef enum checkpoint_kind {
    CHECKPOINT_IDENTITY = 1, /* "name = value" lines */
    CHECKPOINT_CALIBRATION,  /* its fingerprint */
    CHECKPOINT_RUN,          /* map_record.c */
    CHECKPOINT_SUMS,         /* map_sums.c */
    CHECKPOINT_CLOSING,      /* device and number of the file that is to become the map file */
    CHECKPOINT_BEGINNING,    /* frames of the recording when the pass was begun */
} checkpoint_kind;

struct vtr_checkpoint {
    vtr_journal *journal;
    char *output;
    double interval_s;
    bool has_sums;              /* there is something to go on from */
    bool is_read;               /* wholly, so that without sums it may be removed */
    size_t n_done, n_positions; /* of the last sums */
    uint64_t n_beginning;       /* frames of the recording then */
    uint64_t closing[2];        /* of the last record of that kind; zeros: none */
};

/* What CHECKPOINT_SUMS begins with. */
typedef struct checkpoint_sums_head {
    uint64_t n_runs, n_done, n_positions; /* positions done, of all */
} checkpoint_sums_head;

/* What the checkpoint's results depend on; of a recording that grows, what stays. To be freed with vtr_free. */
vtr_status checkpoint_identity(char **text, vtr_dataset *dataset, const vtr_checkpoint_params *params,
                               vtr_error *err);
/* Lists what differs as "NAME was A and is B; ..." in `text`, cut where it is too long; false: nothing. */
bool checkpoint_differences(char *text, size_t size, const char *was, const char *is);

#endif
