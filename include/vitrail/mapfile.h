/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MAPFILE_H
#define VITRAIL_MAPFILE_H

/* The map file: HDF5 with NeXus groups (DESIGN, The map file), written atomically, carrying how it was made. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

typedef struct vtr_mapfile vtr_mapfile;

/* A new file (nothing under `path` until vtr_mapfile_commit), an existing one to read, or an existing one to add
 * groups to (the original stays as it is until vtr_mapfile_commit replaces it). */
VTR_API vtr_status vtr_mapfile_create(vtr_mapfile **out, const char *path, bool force, vtr_error *err);
VTR_API vtr_status vtr_mapfile_open(vtr_mapfile **out, const char *path, vtr_error *err);
VTR_API vtr_status vtr_mapfile_edit(vtr_mapfile **out, const char *path, vtr_error *err);
/* Makes what was written durable under its name; closes; sets *file to NULL. */
VTR_API vtr_status vtr_mapfile_commit(vtr_mapfile **file, vtr_error *err);
/* Closes; what was created or edited and not committed is dropped. Takes NULL. */
VTR_API void vtr_mapfile_close(vtr_mapfile **file);

/* An NXdata group below /entry ("strain"), replacing one of this name; intermediate groups ("virtual/bf") are made. */
VTR_API vtr_status vtr_mapfile_group(vtr_mapfile *file, const char *name, vtr_error *err);

/* A dataset `name` in `group` ("strain", "exx"), C order, up to 8 dimensions; `unit` and `long_name` may be NULL.
 * Type f32, f64, u8, u32 ... of `data` and of the file alike. Large ones are chunked and compressed. */
VTR_API vtr_status vtr_mapfile_write(vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                                     size_t rank, const size_t *shape, const void *data, const char *unit,
                                     const char *long_name, vtr_error *err);
/* What was measured with its standard deviations: `name` and `name`_errors, of one type, shape and unit. */
VTR_API vtr_status vtr_mapfile_write_quantity(vtr_mapfile *file, const char *group, const char *name,
                                              vtr_type type, size_t rank, const size_t *shape,
                                              const void *values, const void *errors, const char *unit,
                                              const char *long_name, vtr_error *err);
/* A dataset to be filled block by block, from several threads at once: start and count per dimension, rank as created.
 * What is never written is undefined. */
VTR_API vtr_status vtr_mapfile_create_dataset(vtr_mapfile *file, const char *group, const char *name,
                                              vtr_type type, size_t rank, const size_t *shape,
                                              const char *unit, const char *long_name, vtr_error *err);
VTR_API vtr_status vtr_mapfile_write_block(vtr_mapfile *file, const char *group, const char *name,
                                           vtr_type type, size_t rank, const size_t *start,
                                           const size_t *count, const void *data, vtr_error *err);
/* Makes `name` the group's signal (the first call) or an auxiliary signal (later calls). */
VTR_API vtr_status vtr_mapfile_signal(vtr_mapfile *file, const char *group, const char *name, vtr_error *err);
/* Names the datasets that are the axes of the signal, "." for none: "scan_y", "scan_x", "k". */
VTR_API vtr_status vtr_mapfile_axes(vtr_mapfile *file, const char *group, size_t n, const char *const *axes,
                                    vtr_error *err);

/* Attributes of a group (name NULL) or of a dataset. */
VTR_API vtr_status vtr_mapfile_write_text(vtr_mapfile *file, const char *group, const char *name,
                                          const char *attribute, const char *text, vtr_error *err);
VTR_API vtr_status vtr_mapfile_write_numbers(vtr_mapfile *file, const char *group, const char *name,
                                             const char *attribute, size_t n, const double *values,
                                             vtr_error *err);
/* Several attributes of numbers of a group, `values` up to n. */
typedef struct vtr_mapfile_attribute {
    const char *name;
    size_t n;
    double values[6];
} vtr_mapfile_attribute;
VTR_API vtr_status vtr_mapfile_write_attributes(vtr_mapfile *file, const char *group,
                                                const vtr_mapfile_attribute *attributes, size_t n,
                                                vtr_error *err);

VTR_API bool vtr_mapfile_has(const vtr_mapfile *file, const char *group, const char *name);
/* The same where what cannot be read must not pass for absent: VTR_ERR_IO. */
VTR_API vtr_status vtr_mapfile_find(bool *has, const vtr_mapfile *file, const char *group, const char *name,
                                    vtr_error *err);
/* Shape and type of a dataset; rank at most 8. */
VTR_API vtr_status vtr_mapfile_shape(const vtr_mapfile *file, const char *group, const char *name,
                                     size_t *rank, size_t shape[8], vtr_type *type, vtr_error *err);
/* The whole dataset converted to `type`; n = number of values that `data` has room for (must be the dataset's). */
VTR_API vtr_status vtr_mapfile_read(const vtr_mapfile *file, const char *group, const char *name,
                                    vtr_type type, size_t n, void *data, vtr_error *err);
/* A block of it: start and count per dimension. */
VTR_API vtr_status vtr_mapfile_read_block(const vtr_mapfile *file, const char *group, const char *name,
                                          vtr_type type, size_t rank, const size_t *start,
                                          const size_t *count, void *data, vtr_error *err);
/* With attribute NULL the dataset itself is the text ("process/map", "command"). */
VTR_API vtr_status vtr_mapfile_read_text(const vtr_mapfile *file, const char *group, const char *name,
                                         const char *attribute, char *text, size_t size, vtr_error *err);
VTR_API vtr_status vtr_mapfile_read_numbers(const vtr_mapfile *file, const char *group, const char *name,
                                            const char *attribute, size_t n, double *values, vtr_error *err);
/* Calls `visit` for every dataset below /entry that is a map over the scan, with group and name. */
VTR_API vtr_status vtr_mapfile_list(const vtr_mapfile *file,
                                    void (*visit)(void *user, const char *group, const char *name),
                                    void *user, vtr_error *err);

/* One thing below /entry: a group (name and attribute NULL), a dataset, or an attribute of either. */
typedef struct vtr_mapfile_item {
    const char *group;        /* "strain", "pdf/regions/close"; "" is /entry itself */
    const char *name;         /* of the dataset; NULL: the group */
    const char *attribute;    /* of the group or dataset; NULL: the object itself */
    bool is_number, is_text;  /* integers and floats; texts; neither: a group, or what is not read here */
    size_t rank, shape[8], n; /* of dataset or attribute, and how many values; n is 0 of a group */
} vtr_mapfile_item;
/* Calls `visit` for all of them, a group before what is in it, an object before its attributes, names by the alphabet.
 * The item lives during the call only, in which the file must not be read. What has more than 8 dimensions is left out. */
VTR_API vtr_status vtr_mapfile_contents(const vtr_mapfile *file,
                                        void (*visit)(void *user, const vtr_mapfile_item *item), void *user,
                                        vtr_error *err);

/* Adds an NXprocess below /entry/process: command line, version, time, parameters ("name = value" lines), and the
 * input's path, size and checksum where `input` is not NULL. */
VTR_API vtr_status vtr_mapfile_provenance(vtr_mapfile *file, const char *step, const char *command,
                                          const char *parameters, const char *input, vtr_error *err);

VTR_END_DECLS

#endif
