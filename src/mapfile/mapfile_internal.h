/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MAPFILE_INTERNAL_H
#define VITRAIL_MAPFILE_INTERNAL_H

/* What the sources of the map file share. Every function here is called within vtr_hdf5_lock. */

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base_internal.h"
#include "vitrail/mapfile.h"

enum { VTR_MAPFILE_PATH_MAX = 512, VTR_MAPFILE_RANK_MAX = 8 };

struct vtr_mapfile {
    hid_t file;
    char *path;     /* under which the user knows it */
    char *partial;  /* what is written until commit; NULL when open to read */
    int lock;       /* of the partial file; -1: open to read */
    bool is_broken; /* a write failed: nothing to commit */
};

/* Closes any HDF5 identifier; takes a negative one. */
void vtr_mapfile_id_close(hid_t id);
/* The name inside HDF5 of a dataset, or of a group where `name` is NULL, or of /entry where both are. Refuses
 * what is not a plain name. */
vtr_status vtr_mapfile_inner_path(char inner[VTR_MAPFILE_PATH_MAX], const char *group, const char *name,
                                  vtr_error *err);
/* Is there an object of this name? Asks for every part of the name, so that nothing fails on the way. Where the file
 * cannot be read there is none: see vtr_mapfile_check_read. */
bool vtr_mapfile_exists(hid_t file, const char *inner);
/* Opens a dataset or group: VTR_ERR_NOT_FOUND with file and name when there is none. */
vtr_status vtr_mapfile_open_object(hid_t *object, const vtr_mapfile *file, const char *inner, vtr_error *err);
/* Refuses a file that is open to read. */
vtr_status vtr_mapfile_check_writable(const vtr_mapfile *file, vtr_error *err);
/* "cannot WHAT '/entry/strain/exx' in 'map.h5': reason of HDF5"; a write that fails breaks the file. */
vtr_status vtr_mapfile_fail_read(const vtr_mapfile *file, const char *inner, vtr_error *err);
vtr_status vtr_mapfile_fail_write(vtr_mapfile *file, const char *inner, vtr_error *err);
/* Fails where the system could not read the file: to be asked before something counts as absent or of another kind. */
vtr_status vtr_mapfile_check_read(const vtr_mapfile *file, const char *inner, vtr_error *err);

/* The type as it is in memory; the file has the same. */
hid_t vtr_mapfile_native_type(vtr_type type);

/* Text attributes of an open object: one text, or n of them. Each replaces an attribute of this name. */
herr_t vtr_mapfile_set_text(hid_t object, const char *attribute, const char *text);
herr_t vtr_mapfile_set_texts(hid_t object, const char *attribute, size_t n, const char *const *texts);
herr_t vtr_mapfile_set_numbers(hid_t object, const char *attribute, size_t n, const double *values);
herr_t vtr_mapfile_set_integer(hid_t object, const char *attribute, int64_t value);
/* Reads a text attribute of one text into memory that the caller frees with vtr_free; NULL when there is
 * none. */
char *vtr_mapfile_get_text(hid_t object, const char *attribute);
/* Text attribute with n texts: each is handed to `visit` in order; the number of texts, or -1. */
long vtr_mapfile_get_texts(hid_t object, const char *attribute,
                           void (*visit)(void *user, size_t index, const char *text), void *user);

/* The group, made with class NXdata if it is absent, and the groups above it (NXcollection). */
vtr_status vtr_mapfile_make_group(vtr_mapfile *file, const char *group, const char *class_name,
                                  vtr_error *err);
/* Writes a text as a dataset of `parent`, replacing one of this name. */
herr_t vtr_mapfile_put_text(hid_t parent, const char *name, const char *text);

/* Chunks, shuffles and compresses a dataset by all threads and writes it (mapfile/chunks.c): `data` of rank,
 * shape and type. */
enum { VTR_MAPFILE_CHUNKED_FROM_BYTES = 1 << 20 };
vtr_status vtr_mapfile_write_chunked(vtr_mapfile *file, const char *inner, vtr_type type, size_t rank,
                                     const size_t *shape, const void *data, vtr_error *err);

/* Copies a file, by reference where the file system can, in place of what `destination` (open, writable)
 * holds; 0, or errno. */
int vtr_file_copy(int source, int destination);

/* SHA-256 (FIPS 180-4). */
typedef struct vtr_sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    unsigned char block[64];
} vtr_sha256;
void vtr_sha256_start(vtr_sha256 *sha);
void vtr_sha256_add(vtr_sha256 *sha, const void *data, size_t n);
void vtr_sha256_finish(vtr_sha256 *sha, char hex[65]);
/* The checksum of a recording: SHA-256 over its size (64 bit, little-endian), its first MiB and its last MiB
 * (which overlap below 2 MiB); reading 236 GB would take longer than the analysis. 0, or errno. */
int vtr_file_checksum(const char *path, uint64_t *size, char hex[65]);

#endif
