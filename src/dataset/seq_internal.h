/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_SEQ_INTERNAL_H
#define VITRAIL_DATASET_SEQ_INTERNAL_H

#include "dataset/dataset_internal.h"

/* What the header of a Norpix sequence says of its frames. */
typedef struct seq_layout {
    size_t rows, columns;
    vtr_type type;
    size_t bits;            /* that numbers really have; 0: not said */
    size_t promised, there; /* frames by the header (0: never ended), whole frames in the file */
    uint64_t offset, stride;
} seq_layout;

vtr_status seq_layout_read(seq_layout *layout, const vtr_file *file, const char *path, vtr_error *err);
/* Frames to read. */
size_t seq_layout_count(const seq_layout *layout);
/* Says that there are references beside the sequence of this name; they are the user's to apply. */
void seq_note_references(vtr_dataset *dataset, const char *name);

/* Direct Electron's Celeritas: where the sequence is one half of its detector and the other half is there, both become one
 * recording, and *is_joined. */
vtr_status seq_join_halves(vtr_dataset *dataset, const seq_layout *layout, bool *is_joined, vtr_error *err);
vtr_status seq_read_halves(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err);
void seq_close_halves(vtr_dataset *dataset);

#endif
