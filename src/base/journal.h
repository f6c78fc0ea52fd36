/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_JOURNAL_H
#define VITRAIL_BASE_JOURNAL_H

/* A file of records, each added at its end with its length and checksum: whatever ends the program, or the machine, the
 * records before the first one that is torn are whole. One program at a time has it open. Numbers are in this machine's
 * byte order; a journal of another is refused.
 *
 *   file     magic (8 bytes), version (uint32), reserved (uint32), records
 *   record   mark, kind (uint32 each), length (uint64), checksum of the content, of what stands before it (uint32 each),
 *            content [length]
 *
 * vtr_journal_append may be called by several threads at once, the others by one. */

#include <stdbool.h>
#include <stdint.h>

#include "base/base_internal.h"

typedef struct vtr_journal vtr_journal;

typedef struct vtr_journal_record {
    uint32_t kind;
    const unsigned char *content; /* until the next record is read */
    size_t n_bytes;
    uint64_t end; /* place in the file after it */
} vtr_journal_record;

/* Opens or makes it. VTR_ERR_EXISTS where another program has it open, VTR_ERR_FORMAT for another kind of file (unless
 * `force`: then it is emptied), VTR_ERR_IO. The next record read is the first. */
vtr_status vtr_journal_open(vtr_journal **out, const char *path, bool force, vtr_error *err);
const char *vtr_journal_path(const vtr_journal *journal);

/* The next record; its content is NULL at the end, or where what follows is torn. VTR_ERR_IO, VTR_ERR_MEMORY. */
vtr_status vtr_journal_next(vtr_journal *journal, vtr_journal_record *record, vtr_error *err);
/* The next record read is the first again. */
void vtr_journal_rewind(vtr_journal *journal);
/* Drops what stands at `place`, a record's end, and behind; 0: everything. To be called before anything is appended. */
vtr_status vtr_journal_cut(vtr_journal *journal, uint64_t place, vtr_error *err);

/* Adds a record. On failure the file ends where it did before. */
vtr_status vtr_journal_append(vtr_journal *journal, uint32_t kind, const vtr_slice *slices, size_t n,
                              vtr_error *err);
/* Returns once what was appended is on the disk. */
vtr_status vtr_journal_sync(vtr_journal *journal, vtr_error *err);
/* Has that done every `interval_s` from now on by a thread of its own; its failure is that of the next append. */
vtr_status vtr_journal_keep_syncing(vtr_journal *journal, double interval_s, vtr_error *err);

/* Closes; sets *journal to NULL; takes NULL. */
void vtr_journal_close(vtr_journal **journal);
/* The same, and removes the file. */
void vtr_journal_remove(vtr_journal **journal);

#endif
