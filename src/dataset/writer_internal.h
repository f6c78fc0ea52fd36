/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_WRITER_INTERNAL_H
#define VITRAIL_DATASET_WRITER_INTERNAL_H

/* What the formats share that recordings are written in: one file and one line in the table of writer.c each. */

#include "dataset/dataset_internal.h"

typedef struct vtr_writer_format {
    const char *endings[4];
    /* Creates writer->partial; fills writer->state. After a failure `close` is called too. */
    vtr_status (*open)(vtr_dataset_writer *writer, vtr_error *err);
    /* Several threads at once. */
    vtr_status (*write)(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                        vtr_error *err);
    /* Writes what is left and closes; with `is_kept` false what was written will be thrown away. */
    vtr_status (*close)(vtr_dataset_writer *writer, bool is_kept, vtr_error *err);
} vtr_writer_format;

struct vtr_dataset_writer {
    vtr_dataset_info info;
    char *path, *partial;
    int lock; /* of the partial file */
    const vtr_writer_format *format;
    void *state;
};

/* All n bytes at a place of the file; VTR_ERR_IO. */
vtr_status vtr_writer_put(const vtr_dataset_writer *writer, int descriptor, uint64_t offset,
                          const void *bytes, size_t n, vtr_error *err);

extern const vtr_writer_format vtr_writer_npy, vtr_writer_emd, vtr_writer_hspy, vtr_writer_tiff,
    vtr_writer_blo;

#endif
