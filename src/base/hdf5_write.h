/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_HDF5_WRITE_H
#define VITRAIL_BASE_HDF5_WRITE_H

/* What h5py writes for Python's values, so that programs in Python read them back as such: texts are of variable length
 * in UTF-8, truth values an enumeration, integers 64 bit. All expect that the caller holds vtr_hdf5_lock; false on
 * failure. */

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

/* Access to a file that is locked already (vtr_output_lock): HDF5's own locks, which on NFS are of the same kind, stay
 * off. To be closed by the caller. */
hid_t vtr_hdf5_own_access(void);
/* Makes such a file, or empties it; negative on failure. */
hid_t vtr_hdf5_create(const char *path);

bool vtr_hdf5_put_text(hid_t object, const char *attribute, const char *text);
bool vtr_hdf5_put_integer(hid_t object, const char *attribute, int64_t value);
bool vtr_hdf5_put_number(hid_t object, const char *attribute, double value);
bool vtr_hdf5_put_truth(hid_t object, const char *attribute, bool value);
/* One text as a dataset of `group`; *out where not NULL is to be closed by the caller. */
bool vtr_hdf5_put_text_dataset(hid_t group, const char *name, const char *text, hid_t *out);

#endif
