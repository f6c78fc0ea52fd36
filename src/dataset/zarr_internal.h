/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_ZARR_INTERNAL_H
#define VITRAIL_DATASET_ZARR_INTERNAL_H

/* Zarr, version 2 (zarr-specs.readthedocs.io): keys and their bytes, in a folder or a zip file (zarr_store.c, zarr_zip.c);
 * what an array's description says (zarr_array.c); its chunks, decoded and kept (zarr_chunk.c). */

#include "dataset/dataset_internal.h"

enum { ZARR_MAX_RANK = 8, ZARR_MAX_KEY = 1024 };

typedef struct zarr_zip zarr_zip;

/* --- keys ------------------------------------------------------------------------------------------------------- */

typedef struct zarr_store {
    const char *path;
    zarr_zip *zip;                /* NULL: a folder */
    const vtr_file *file;         /* of the zip file */
    char (*arrays)[ZARR_MAX_KEY]; /* groups of keys that are arrays, "" the root */
    size_t n_arrays, room;
    uint64_t bytes;  /* of all files of a folder */
    bool has_groups; /* some .zgroup or .zarray */
} zarr_store;

/* Lists the arrays. VTR_ERR_FORMAT where there is nothing of Zarr's. To be released also after a failure. */
vtr_status zarr_store_open(zarr_store *store, const char *path, const vtr_file *file, vtr_error *err);
void zarr_store_release(zarr_store *store);
vtr_status zarr_store_note(zarr_store *store, const char *key, size_t n, vtr_error *err);
/* The bytes of a key, at most `most`, to be freed with vtr_free; NULL where it is not there. Several threads at once. */
vtr_status zarr_store_get(unsigned char **bytes, size_t *n, const zarr_store *store, const char *key,
                          size_t most, vtr_error *err);

/* Reads the directory of a zip file. VTR_ERR_FORMAT, VTR_ERR_IO, VTR_ERR_MEMORY. */
vtr_status zarr_zip_open(zarr_zip **out, const char *path, const vtr_file *file, vtr_error *err);
void zarr_zip_close(zarr_zip *zip);
size_t zarr_zip_count(const zarr_zip *zip);
/* Entry i by name, ascending; not ended by a zero. */
const char *zarr_zip_name(const zarr_zip *zip, size_t i, size_t *n);
vtr_status zarr_zip_get(unsigned char **bytes, size_t *n, const zarr_zip *zip, const vtr_file *file,
                        const char *key, size_t most, vtr_error *err);

/* --- arrays ----------------------------------------------------------------------------------------------------- */

typedef enum zarr_codec { ZARR_PLAIN, ZARR_ZLIB, ZARR_GZIP, ZARR_ZSTD, ZARR_BLOSC } zarr_codec;

typedef struct zarr_array {
    char key[ZARR_MAX_KEY]; /* of the group that it is */
    size_t rank;
    uint64_t shape[ZARR_MAX_RANK], chunk[ZARR_MAX_RANK];
    zarr_codec codec;
    char separator;
    bool is_big_endian;
    vtr_type type; /* as read */
    enum { ZARR_AS_IS, ZARR_UNSIGNED_64, ZARR_SIGNED_64 } stored;
    size_t item_bytes; /* as stored */
    double fill;
} zarr_array;

/* Reads KEY/.zarray. VTR_ERR_FORMAT where it is nothing that can be read here; the sentence names what. */
vtr_status zarr_array_read(zarr_array *array, const zarr_store *store, const char *key, vtr_error *err);
/* A number, or a text, of KEY/.zattrs; false where it is not there. */
bool zarr_attribute_number(const zarr_store *store, const char *key, const char *name, double *value);
bool zarr_attribute_text(const zarr_store *store, const char *key, const char *name, char *text, size_t size);

/* --- chunks ----------------------------------------------------------------------------------------------------- */

/* Chunks that were read last, for several threads; at least one. */
typedef struct zarr_cache zarr_cache;
vtr_status zarr_cache_create(zarr_cache **out, const zarr_array *array, size_t bytes, vtr_error *err);
void zarr_cache_free(zarr_cache *cache);

/* A chunk by its place in the grid of chunks, as numbers of array->type in this machine's order; to be given back. */
vtr_status zarr_chunk_take(const unsigned char **values, size_t *taken, zarr_cache *cache,
                           const zarr_store *store, const uint64_t place[ZARR_MAX_RANK], vtr_error *err);
void zarr_chunk_give_back(zarr_cache *cache, size_t taken);

/* A folder that may be Zarr's. */
bool zarr_claims_folder(const char *path);
extern const vtr_dataset_format vtr_format_zarr;

#endif
