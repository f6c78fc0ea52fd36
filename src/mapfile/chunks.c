/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libdeflate.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

/* HDF5 compresses in one thread and with zlib, at some 60 MB/s. Here every thread shuffles and deflates whole
 * chunks with libdeflate, and the finished chunks are handed over. The file holds the ordinary shuffle and
 * gzip filters, so any HDF5 program reads it. A chunk is a run of rows of one dimension, all dimensions after
 * it whole, so that it is contiguous in memory too. */
enum { CHUNK_BYTES = 1 << 18, GZIP_LEVEL = 1, BATCH = 64 };

typedef struct plan {
    size_t rank, item_bytes;
    hsize_t chunk[VTR_MAPFILE_RANK_MAX];
    size_t split;     /* the dimension that is cut */
    size_t n_outer;   /* runs of the dimensions before it */
    size_t n_runs;    /* chunks along it */
    size_t row_items; /* items of one step along it */
    size_t chunk_items, outer_items;
} plan;

/* The trailing dimensions that fit into a chunk are whole; the one before them is cut. */
static plan make_plan(vtr_type type, size_t rank, const size_t *shape)
{
    plan p = {.rank = rank, .item_bytes = vtr_type_size(type), .row_items = 1, .n_outer = 1};
    p.split = rank - 1;
    while (p.split > 0 && p.row_items * shape[p.split] * p.item_bytes <= CHUNK_BYTES)
        p.row_items *= shape[p.split--];
    size_t rows = CHUNK_BYTES / (p.row_items * p.item_bytes);
    if (rows < 1) rows = 1;
    if (rows > shape[p.split]) rows = shape[p.split];
    for (size_t d = 0; d < rank; d++) {
        p.chunk[d] = d < p.split ? 1 : d == p.split ? rows : shape[d];
        if (d < p.split) p.n_outer *= shape[d];
    }
    p.n_runs = (shape[p.split] + rows - 1) / rows;
    p.chunk_items = rows * p.row_items;
    p.outer_items = shape[p.split] * p.row_items;
    return p;
}

static hid_t create_chunked(hid_t file, const char *inner, const plan *p, vtr_type type, const size_t *shape)
{
    hsize_t dims[VTR_MAPFILE_RANK_MAX];
    for (size_t d = 0; d < p->rank; d++)
        dims[d] = shape[d];
    hid_t dataset = H5I_INVALID_HID, space = H5Screate_simple((int)p->rank, dims, NULL);
    hid_t created = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && created >= 0 && H5Pset_chunk(created, (int)p->rank, p->chunk) >= 0 &&
        H5Pset_shuffle(created) >= 0 && H5Pset_deflate(created, GZIP_LEVEL) >= 0)
        dataset =
            H5Dcreate2(file, inner, vtr_mapfile_native_type(type), space, H5P_DEFAULT, created, H5P_DEFAULT);
    vtr_mapfile_id_close(created);
    vtr_mapfile_id_close(space);
    return dataset;
}

/* One thread's room: the shuffled chunk, and the state of the compressor. */
typedef struct worker {
    unsigned char *shuffled;
    struct libdeflate_compressor *compressor;
} worker;

/* All first bytes of the items, then all second bytes, ...; what lies beyond the edge of the dataset is zero.
 */
static void shuffle(unsigned char *out, const unsigned char *items, size_t n, size_t n_chunk,
                    size_t item_bytes)
{
    for (size_t b = 0; b < item_bytes; b++) {
        unsigned char *plane = out + b * n_chunk;
        for (size_t i = 0; i < n; i++)
            plane[i] = items[i * item_bytes + b];
        memset(plane + n, 0, n_chunk - n);
    }
}

static size_t pack_chunk(const plan *p, size_t index, const unsigned char *data, const worker *w,
                         unsigned char *out, size_t room)
{
    size_t outer = index / p->n_runs, first = index % p->n_runs * p->chunk_items;
    size_t n = p->outer_items - first < p->chunk_items ? p->outer_items - first : p->chunk_items;
    shuffle(w->shuffled, data + (outer * p->outer_items + first) * p->item_bytes, n, p->chunk_items,
            p->item_bytes);
    return libdeflate_zlib_compress(w->compressor, w->shuffled, p->chunk_items * p->item_bytes, out, room);
}

static herr_t hand_over(hid_t dataset, const plan *p, const size_t *shape, size_t index, const void *packed,
                        size_t n_bytes)
{
    hsize_t offset[VTR_MAPFILE_RANK_MAX] = {0};
    size_t outer = index / p->n_runs;
    offset[p->split] = index % p->n_runs * p->chunk[p->split];
    for (size_t d = p->split; d-- > 0;) {
        offset[d] = outer % shape[d];
        outer /= shape[d];
    }
    return H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, offset, n_bytes, packed);
}

static void release_workers(worker *workers, int n)
{
    for (int i = 0; workers != NULL && i < n; i++) {
        vtr_free(workers[i].shuffled);
        if (workers[i].compressor != NULL) libdeflate_free_compressor(workers[i].compressor);
    }
    vtr_free(workers);
}

static worker *make_workers(int n, size_t chunk_bytes)
{
    worker *workers = vtr_calloc((size_t)n, sizeof *workers);
    for (int i = 0; workers != NULL && i < n; i++) {
        workers[i].shuffled = vtr_malloc(chunk_bytes, 1);
        workers[i].compressor = libdeflate_alloc_compressor(GZIP_LEVEL);
        if (workers[i].shuffled == NULL || workers[i].compressor == NULL) {
            release_workers(workers, n);
            return NULL;
        }
    }
    return workers;
}

/* Chunks in batches: packed by all threads, then written in order by this one. */
static herr_t write_chunks(hid_t dataset, const plan *p, const size_t *shape, const void *data,
                           worker *workers, int n_workers, unsigned char *packed, size_t room)
{
    size_t n_chunks = p->n_outer * p->n_runs, n_bytes[BATCH];
    for (size_t first = 0; first < n_chunks; first += BATCH) {
        size_t n = n_chunks - first < BATCH ? n_chunks - first : BATCH;
#pragma omp parallel for num_threads(n_workers) schedule(dynamic)
        for (size_t i = 0; i < n; i++)
            n_bytes[i] =
                pack_chunk(p, first + i, data, &workers[omp_get_thread_num()], packed + i * room, room);
        for (size_t i = 0; i < n; i++)
            if (n_bytes[i] == 0 || hand_over(dataset, p, shape, first + i, packed + i * room, n_bytes[i]) < 0)
                return -1;
    }
    return 0;
}

vtr_status vtr_mapfile_write_chunked(vtr_mapfile *file, const char *inner, vtr_type type, size_t rank,
                                     const size_t *shape, const void *data, vtr_error *err)
{
    plan p = make_plan(type, rank, shape);
    size_t chunk_bytes = p.chunk_items * p.item_bytes;
    int n_workers = omp_get_max_threads() < BATCH ? omp_get_max_threads() : BATCH;
    worker *workers = make_workers(n_workers, chunk_bytes);
    size_t room = workers != NULL ? libdeflate_zlib_compress_bound(workers[0].compressor, chunk_bytes) : 0;
    unsigned char *packed = vtr_malloc(BATCH, room);
    vtr_status status = VTR_OK;
    if (workers == NULL || packed == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s' of '%s'", inner, file->path);
    } else {
        hid_t dataset = create_chunked(file->file, inner, &p, type, shape);
        if (dataset < 0 || write_chunks(dataset, &p, shape, data, workers, n_workers, packed, room) < 0)
            status = vtr_mapfile_fail_write(file, inner, err);
        vtr_mapfile_id_close(dataset);
    }
    release_workers(workers, n_workers);
    vtr_free(packed);
    return status;
}
