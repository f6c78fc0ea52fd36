/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CHECKPOINT_H
#define VITRAIL_CHECKPOINT_H

/* What a pass has finished, kept beside its map file (MAP.h5.checkpoint) until that is whole: a pass that was ended by
 * a signal, a full disk, a time limit or a power cut goes on from there, to the same bytes. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/mapfile.h"

VTR_BEGIN_DECLS

typedef struct vtr_checkpoint vtr_checkpoint;

typedef struct vtr_checkpoint_params {
    const char *settings; /* "name = value" lines: what the results depend on */
    double interval_s;    /* about how much work an interruption costs; 0: none that was finished */
    bool resume;          /* go on from what is there; else start anew */
    bool force;           /* replace a map file, and without `resume` a checkpoint */
    /* The recording does (vtr_pass_options.follow): it may have another size and time later. Where there is something to go
     * on from, the map file of what was there is replaced, and info.n_frames of the dataset becomes again what it was
     * when the pass was begun, so that what is learned from the recording stays the same. */
    bool grows;
} vtr_checkpoint_params;

/* Opens the checkpoint of a map file `output` to be made of `dataset`, or begins one. No other program can open it
 * until it is closed. *is_finished: the map file was complete, and only the checkpoint was left to be removed; nothing
 * is to be done, *out is NULL. `params` without settings and interval may be NULL.
 *
 * VTR_ERR_EXISTS: another program is at it; there is a checkpoint and neither `resume` nor `force`; there is a map file
 * and not `force`. VTR_ERR_ARGUMENT: the checkpoint is of other settings, of another recording, or of a recording that
 * has changed; the sentence names what differs. VTR_ERR_IO, VTR_ERR_MEMORY. On failure a checkpoint that was there is
 * as it was. */
VTR_API vtr_status vtr_checkpoint_open(vtr_checkpoint **out, bool *is_finished, const char *output,
                                       vtr_dataset *dataset, const vtr_checkpoint_params *params,
                                       vtr_error *err);

/* Commits the map file; then the checkpoint is removed. On failure it stays. Sets both to NULL. */
VTR_API vtr_status vtr_checkpoint_commit(vtr_checkpoint **checkpoint, vtr_mapfile **file, vtr_error *err);

/* Closes after a failure that is in `err`: what was finished stays, and the sentence gets how to go on; without anything
 * finished the checkpoint is removed. Sets *checkpoint to NULL; takes NULL. */
VTR_API void vtr_checkpoint_leave(vtr_checkpoint **checkpoint, vtr_error *err);

VTR_END_DECLS

#endif
