/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_HDF5_INTERNAL_H
#define VITRAIL_DATASET_HDF5_INTERNAL_H

/* The HDF5 reader: hdf5.c opens and reads, hdf5_find.c chooses the dataset, hdf5_calibrate.c reads what its program
 * wrote beside it, hdf5_filters.c knows the compressions, hdf5_values.c reads attributes. All of these expect that
 * the caller holds vtr_hdf5_lock. */

#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif
#include <hdf5.h>

#include "dataset/dataset_internal.h"

enum { VTR_HDF5_MAX_RANK = 8, VTR_HDF5_MAX_PARTS = 4096 };

/* A run of frames in one dataset; detectors that write several files have several. */
typedef struct vtr_hdf5_part {
    hid_t dataset;
    size_t first, n; /* stored frames */
} vtr_hdf5_part;

typedef struct vtr_hdf5 {
    hid_t file, memory_type;
    int rank;
    hsize_t sizes[VTR_HDF5_MAX_RANK];
    int axis[4];       /* which dimension of the file is scan_y, scan_x, det_y, det_x; -1: none, of size 1 */
    bool is_flat;      /* stored plainly in this file: read with vtr_flat_read, without the library */
    bool scan_is_last; /* the scan varies fastest: frames are gathered */
    bool has_frame_chunks; /* one chunk a frame, deflated or plain: hdf5_frames.c */
    bool is_shuffled, is_deflated, is_swapped;
    size_t n_parts;
    vtr_hdf5_part *parts;
} vtr_hdf5;

/* Which program's layout it is. */
typedef enum vtr_hdf5_layout {
    VTR_HDF5_PLAIN,
    VTR_HDF5_EMD,      /* EMD 1.0: py4DSTEM */
    VTR_HDF5_BERKELEY, /* EMD before 1.0: Berkeley, Prismatic */
    VTR_HDF5_FPD,
    VTR_HDF5_HYPERSPY,
    VTR_HDF5_NEXUS,
    VTR_HDF5_VELOX,
    VTR_HDF5_DM5,
} vtr_hdf5_layout;
vtr_hdf5_layout vtr_hdf5_find_layout(hid_t file);
const char *vtr_hdf5_layout_name(vtr_hdf5_layout layout);

/* Chooses the recording: `wanted` when given (a dataset, or a group to look in), otherwise the best one in the file.
 * Writes its path; `n_others` counts datasets that would do as well. */
vtr_status vtr_hdf5_find(vtr_dataset *dataset, hid_t file, vtr_hdf5_layout layout, const char *wanted,
                         char path[256], size_t *n_others, vtr_error *err);

/* Fills the calibration of `dataset` from what stands beside the dataset at `path`. */
void vtr_hdf5_calibrate(vtr_dataset *dataset, const vtr_hdf5 *hdf5, vtr_hdf5_layout layout, const char *path);

/* Refuses datasets compressed by a filter that is not there, naming it and its package. */
vtr_status vtr_hdf5_check_filters(hid_t dataset, const char *file_path, const char *path, vtr_error *err);
void vtr_hdf5_register_filters(void);

/* Notes whether frames can be read chunk by chunk past the library's filters; reads them so. The second takes the lock
 * itself. */
void vtr_hdf5_set_frames(vtr_dataset *dataset, vtr_hdf5 *hdf5, hid_t type);
vtr_status vtr_hdf5_read_frames(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err);

/* Numbers and texts of attributes and of datasets with one value; false where they are missing or of another kind. */
bool vtr_hdf5_attribute_number(hid_t object, const char *name, double *value);
bool vtr_hdf5_attribute_text(hid_t object, const char *name, char *text, size_t size);
/* Element `index` of an attribute that is an array of texts. */
bool vtr_hdf5_attribute_text_at(hid_t object, const char *name, size_t index, char *text, size_t size);
bool vtr_hdf5_number_at(hid_t location, const char *path, double *value);
bool vtr_hdf5_text_at(hid_t location, const char *path, char *text, size_t size);
/* Mean step of a 1-D dataset of positions; of one with two values, their difference. */
bool vtr_hdf5_step_at(hid_t location, const char *path, double *step);
/* Opens an object if each link of the path exists; negative otherwise. */
hid_t vtr_hdf5_open_object(hid_t location, const char *path);

#endif
