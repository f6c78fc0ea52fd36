/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_WRITE_HDF5_H
#define VITRAIL_DATASET_WRITE_HDF5_H

/* What the recordings written as HDF5 share: one dataset of patterns, a chunk a frame, byte-shuffled and deflated. Threads
 * compress side by side and only hand the finished chunk to the HDF5 library. */

#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif
#include <hdf5.h>

#include "dataset/writer_internal.h"

typedef struct vtr_hdf5_writer {
    hid_t file, data;
} vtr_hdf5_writer;

/* Creates the file and has `build` write what stands in it and create state->data; false is a failure of HDF5. */
vtr_status vtr_write_hdf5_open(vtr_dataset_writer *writer,
                               bool (*build)(vtr_hdf5_writer *state, const vtr_dataset_info *info),
                               vtr_error *err);
/* The dataset "data" of `group` for the recording's frames; negative on failure. */
hid_t vtr_write_hdf5_make_data(hid_t group, const vtr_dataset_info *info);
/* As `write` and `close` of a vtr_writer_format. */
vtr_status vtr_write_hdf5_frames(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                                 vtr_error *err);
vtr_status vtr_write_hdf5_close(vtr_dataset_writer *writer, bool is_kept, vtr_error *err);

#endif
