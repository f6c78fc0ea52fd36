/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_EXPORT_HDF5_H
#define VITRAIL_EXPORT_HDF5_H

/* What the formats made of HDF5 share. Within vtr_hdf5_lock. */

#include "base/hdf5_write.h"
#include "export/export_internal.h"

/* An axis of an item: 0 and 1 the scan, 2 of curves. */
typedef struct vtr_export_axis {
    const char *name, *unit; /* unit "" where there is none */
    size_t n;
    double first, step;
} vtr_export_axis;

int vtr_export_rank(const vtr_export_item *item);
vtr_export_axis vtr_export_axis_of(const vtr_export_item *item, int axis);

/* Makes a group of `parent` that the caller closes; negative on failure. */
hid_t vtr_export_group(hid_t parent, const char *name);
/* Writes float32 values as the dataset `name` of the item's shape, which the caller closes; negative on failure. */
hid_t vtr_export_data(hid_t group, const char *name, const vtr_export_item *item, const float *values);

/* Creates the file, has `fill` write into it, closes it; fails with HDF5's reason. */
vtr_status vtr_export_hdf5_write(const char *partial, const vtr_export_job *job,
                                 bool (*fill)(hid_t file, const vtr_export_job *job), vtr_error *err);

#endif
