/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zip files as Zarr writes them: entries stored or deflated, no encryption, one part; more than 4 GiB too. Entries are read at
 * their places by any number of threads, which libraries for archives do not do. Layout: PKWARE's APPNOTE.TXT 6.3. */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/zarr_internal.h"

enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    MOST_COMMENT = 65535,
    STORED = 0,
    DEFLATED = 8,
};
static const uint64_t most_directory = (uint64_t)1 << 30;

typedef struct entry {
    const char *name;
    size_t n_name;
    uint64_t at, packed, size;
    unsigned method;
    uint32_t checksum;
    size_t number; /* a later one of the same name holds */
} entry;

struct zarr_zip {
    unsigned char *directory;
    entry *entries;
    size_t n;
    const char *path;
};

static uint64_t get(const unsigned char *at, size_t n)
{
    return vtr_bytes_to_unsigned(at, n, false);
}

static vtr_status damaged(const char *path, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': a damaged zip file: %s", path, what);
}

/* Where the directory is, its bytes, and how many entries it has. */
static vtr_status find_directory(uint64_t found[3], const char *path, const vtr_file *file, vtr_error *err)
{
    const size_t n = file->size < END_BYTES + MOST_COMMENT ? (size_t)file->size : END_BYTES + MOST_COMMENT;
    unsigned char *tail = vtr_malloc(n, 1), more[END64_BYTES];
    if (tail == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
    vtr_status status = vtr_file_read(file, file->size - n, tail, n, err);
    size_t end = n >= END_BYTES ? n - END_BYTES + 1 : 0;
    while (status == VTR_OK && end > 0 && memcmp(tail + end - 1, "PK\5\6", 4) != 0)
        end--;
    if (status == VTR_OK && end == 0) status = damaged(path, "it ends without a directory", err);
    if (status == VTR_OK) {
        const unsigned char *e = tail + end - 1;
        found[0] = get(e + 16, 4);
        found[1] = get(e + 12, 4);
        found[2] = get(e + 10, 2);
        if (end > LOCATOR_BYTES && memcmp(e - LOCATOR_BYTES, "PK\6\7", 4) == 0) {
            status = vtr_file_read(file, get(e - LOCATOR_BYTES + 8, 8), more, sizeof more, err);
            if (status == VTR_OK && memcmp(more, "PK\6\6", 4) != 0)
                status = damaged(path, "its 64-bit directory is not where it should be", err);
            if (status == VTR_OK) {
                found[0] = get(more + 48, 8);
                found[1] = get(more + 40, 8);
                found[2] = get(more + 32, 8);
            }
        }
    }
    vtr_free(tail);
    if (status == VTR_OK && (found[0] > file->size || found[1] > file->size - found[0] ||
                             found[1] > most_directory || found[2] > found[1] / ENTRY_BYTES))
        status = damaged(path, "its directory lies beyond its end", err);
    return status;
}

/* Sizes and place that do not fit into 32 bits stand behind the name. */
static bool take_large(entry *e, const unsigned char *extra, size_t n)
{
    while (n >= 4) {
        size_t bytes = (size_t)get(extra + 2, 2);
        if (bytes > n - 4) return false;
        if (get(extra, 2) == 1) {
            const unsigned char *at = extra + 4;
            uint64_t *const values[3] = {&e->size, &e->packed, &e->at};
            for (int i = 0; i < 3; i++) {
                if (*values[i] != UINT32_MAX) continue;
                if ((size_t)(extra + 4 + bytes - at) < 8) return false;
                *values[i] = get(at, 8);
                at += 8;
            }
        }
        extra += 4 + bytes;
        n -= 4 + bytes;
    }
    return true;
}

static bool take_entries(zarr_zip *zip, size_t n_bytes, size_t n)
{
    const unsigned char *at = zip->directory, *end = at + n_bytes;
    for (size_t i = 0; i < n; i++) {
        if ((size_t)(end - at) < ENTRY_BYTES || memcmp(at, "PK\1\2", 4) != 0) return false;
        size_t n_name = (size_t)get(at + 28, 2), n_extra = (size_t)get(at + 30, 2),
               n_comment = (size_t)get(at + 32, 2);
        if ((size_t)(end - at) - ENTRY_BYTES < n_name + n_extra + n_comment) return false;
        entry *e = &zip->entries[zip->n++];
        *e = (entry){.name = (const char *)at + ENTRY_BYTES,
                     .n_name = n_name,
                     .at = get(at + 42, 4),
                     .packed = get(at + 20, 4),
                     .size = get(at + 24, 4),
                     .method = (unsigned)get(at + 10, 2),
                     .checksum = (uint32_t)get(at + 16, 4),
                     .number = i};
        if (!take_large(e, at + ENTRY_BYTES + n_name, n_extra)) return false;
        at += ENTRY_BYTES + n_name + n_extra + n_comment;
    }
    return true;
}

static int compare_names(const char *a, size_t n, const char *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);
    return order != 0 ? order : (n > m) - (n < m);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *p = a, *q = b;
    int order = compare_names(p->name, p->n_name, q->name, q->n_name);
    return order != 0 ? order : (p->number > q->number) - (p->number < q->number);
}

/* Of those with one name the last written. */
static void drop_replaced(zarr_zip *zip)
{
    size_t kept = 0;
    for (size_t i = 0; i < zip->n; i++) {
        const entry *e = &zip->entries[i];
        if (i + 1 < zip->n && compare_names(e->name, e->n_name, e[1].name, e[1].n_name) == 0) continue;
        zip->entries[kept++] = *e;
    }
    zip->n = kept;
}

vtr_status zarr_zip_open(zarr_zip **out, const char *path, const vtr_file *file, vtr_error *err)
{
    uint64_t found[3] = {0};
    vtr_status status = find_directory(found, path, file, err);
    if (status != VTR_OK) return status;
    zarr_zip *zip = vtr_calloc(1, sizeof *zip);
    if (zip == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
    *out = zip;
    zip->path = path;
    zip->directory = vtr_malloc((size_t)found[1] + 1, 1);
    zip->entries = vtr_calloc((size_t)found[2] + 1, sizeof *zip->entries);
    if (zip->directory == NULL || zip->entries == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
    status = found[1] > 0 ? vtr_file_read(file, found[0], zip->directory, (size_t)found[1], err) : VTR_OK;
    if (status == VTR_OK && !take_entries(zip, (size_t)found[1], (size_t)found[2]))
        status = damaged(path, "its directory is cut", err);
    if (status != VTR_OK) return status;
    qsort(zip->entries, zip->n, sizeof *zip->entries, compare_entries);
    drop_replaced(zip);
    return VTR_OK;
}

void zarr_zip_close(zarr_zip *zip)
{
    if (zip == NULL) return;
    vtr_free(zip->directory);
    vtr_free(zip->entries);
    vtr_free(zip);
}

size_t zarr_zip_count(const zarr_zip *zip)
{
    return zip->n;
}

const char *zarr_zip_name(const zarr_zip *zip, size_t i, size_t *n)
{
    *n = zip->entries[i].n_name;
    return zip->entries[i].name;
}

static const entry *find(const zarr_zip *zip, const char *key)
{
    size_t low = 0, high = zip->n, n = strlen(key);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const entry *e = &zip->entries[middle];
        int order = compare_names(key, n, e->name, e->n_name);
        if (order == 0) return e;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool inflate(unsigned char *to, size_t n, const unsigned char *from, size_t n_from)
{
    size_t got = 0;
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    bool done =
        d != NULL && libdeflate_deflate_decompress(d, from, n_from, to, n, &got) == LIBDEFLATE_SUCCESS;
    if (d != NULL) libdeflate_free_decompressor(d);
    return done && got == n;
}

static vtr_status unpack(unsigned char **bytes, const zarr_zip *zip, const entry *e, const vtr_file *file,
                         const char *key, vtr_error *err)
{
    unsigned char local[LOCAL_BYTES];
    vtr_status status = vtr_file_read(file, e->at, local, sizeof local, err);
    if (status != VTR_OK) return vtr_fail_context(err, status, "cannot read '%s'", zip->path);
    if (memcmp(local, "PK\3\4", 4) != 0) return damaged(zip->path, "an entry is not where it should be", err);
    const uint64_t from = e->at + LOCAL_BYTES + get(local + 26, 2) + get(local + 28, 2);
    const bool is_plain = e->method == STORED;
    unsigned char *packed = vtr_malloc((size_t)e->packed, 1);
    unsigned char *plain = is_plain ? packed : vtr_malloc((size_t)e->size, 1);
    if (packed == NULL || plain == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", zip->path);
    else
        status = vtr_file_read(file, from, packed, (size_t)e->packed, err);
    if (status == VTR_OK && ((!is_plain && !inflate(plain, (size_t)e->size, packed, (size_t)e->packed)) ||
                             libdeflate_crc32(0, plain, (size_t)e->size) != e->checksum))
        status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': the bytes of '%s' are damaged", zip->path, key);
    if (!is_plain) vtr_free(packed);
    if (status == VTR_OK)
        *bytes = plain;
    else
        vtr_free(plain);
    return status;
}

vtr_status zarr_zip_get(unsigned char **bytes, size_t *n, const zarr_zip *zip, const vtr_file *file,
                        const char *key, size_t most, vtr_error *err)
{
    const entry *e = find(zip, key);
    if (e == NULL || e->size == 0) return VTR_OK;
    if (e->method != STORED && e->method != DEFLATED)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': '%s' is packed by method %u; stored and deflated entries are read",
                        zip->path, key, e->method);
    if (e->size > most || (e->method == STORED && e->packed != e->size) || e->packed > file->size ||
        e->at > file->size)
        return damaged(zip->path, "an entry is larger than it can be", err);
    vtr_status status = unpack(bytes, zip, e, file, key, err);
    if (status == VTR_OK) *n = (size_t)e->size;
    return status;
}
