/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* opendir, stat */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base_internal.h"
#include "dataset/zarr_internal.h"

enum { MOST_DEPTH = 16, PATH_BYTES = 4096 };

static bool is_file(const char *path, const char *name)
{
    char joined[PATH_BYTES];
    struct stat about;
    int n = snprintf(joined, sizeof joined, "%s/%s", path, name);
    return n > 0 && (size_t)n < sizeof joined && stat(joined, &about) == 0 && S_ISREG(about.st_mode);
}

bool zarr_claims_folder(const char *path)
{
    return is_file(path, ".zgroup") || is_file(path, ".zarray");
}

vtr_status zarr_store_note(zarr_store *store, const char *key, size_t n, vtr_error *err)
{
    if (n >= ZARR_MAX_KEY)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': a name of %zu characters", store->path, n);
    if (store->n_arrays == store->room) {
        size_t room = store->room == 0 ? 4 : 2 * store->room;
        char(*grown)[ZARR_MAX_KEY] = vtr_malloc(room, sizeof *grown);
        if (grown == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", store->path);
        if (store->n_arrays > 0) memcpy(grown, store->arrays, store->n_arrays * sizeof *grown);
        vtr_free(store->arrays);
        store->arrays = grown;
        store->room = room;
    }
    memcpy(store->arrays[store->n_arrays], key, n);
    store->arrays[store->n_arrays++][n] = '\0';
    return VTR_OK;
}

static vtr_status list(zarr_store *store, const char *key, int depth, vtr_error *err)
{
    char path[PATH_BYTES], inner[ZARR_MAX_KEY];
    struct stat about;
    snprintf(path, sizeof path, "%s/%s", store->path, key);
    DIR *entries = depth < MOST_DEPTH ? opendir(path) : NULL;
    if (entries == NULL)
        return vtr_fail(err, VTR_ERR_IO, "cannot open '%s': %s", path,
                        depth < MOST_DEPTH ? strerror(errno) : "too many folders in each other");
    vtr_status status = VTR_OK;
    while (status == VTR_OK) {
        errno = 0;
        const struct dirent *e = readdir(entries);
        if (e == NULL && errno != 0)
            status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", store->path, strerror(errno));
        if (e == NULL) break;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        int n = snprintf(inner, sizeof inner, "%s%s%s", key, key[0] != '\0' ? "/" : "", e->d_name);
        int m = snprintf(path, sizeof path, "%s/%s", store->path, inner);
        if (n < 0 || (size_t)n >= sizeof inner || m < 0 || (size_t)m >= sizeof path ||
            stat(path, &about) != 0)
            continue; /* nothing that a key leads to */
        if (S_ISDIR(about.st_mode))
            status = list(store, inner, depth + 1, err);
        else if (S_ISREG(about.st_mode))
            store->bytes += (uint64_t)about.st_size;
        if (strcmp(e->d_name, ".zarray") == 0 && S_ISREG(about.st_mode))
            status = zarr_store_note(store, key, strlen(key), err);
    }
    closedir(entries);
    return status;
}

static vtr_status list_zip(zarr_store *store, vtr_error *err)
{
    static const char ending[] = ".zarray";
    const size_t n_ending = sizeof ending - 1;
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < zarr_zip_count(store->zip) && status == VTR_OK; i++) {
        size_t n;
        const char *name = zarr_zip_name(store->zip, i, &n);
        if (n < n_ending || memcmp(name + n - n_ending, ending, n_ending) != 0) continue;
        if (n == n_ending)
            status = zarr_store_note(store, "", 0, err);
        else if (name[n - n_ending - 1] == '/')
            status = zarr_store_note(store, name, n - n_ending - 1, err);
    }
    return status;
}

vtr_status zarr_store_open(zarr_store *store, const char *path, const vtr_file *file, vtr_error *err)
{
    *store = (zarr_store){.path = path, .file = file};
    if (file->descriptor < 0) return list(store, "", 0, err);
    vtr_status status = zarr_zip_open(&store->zip, path, file, err);
    return status == VTR_OK ? list_zip(store, err) : status;
}

void zarr_store_release(zarr_store *store)
{
    zarr_zip_close(store->zip);
    vtr_free(store->arrays);
    *store = (zarr_store){0};
}

vtr_status zarr_store_get(unsigned char **bytes, size_t *n, const zarr_store *store, const char *key,
                          size_t most, vtr_error *err)
{
    *bytes = NULL;
    *n = 0;
    if (store->zip != NULL) return zarr_zip_get(bytes, n, store->zip, store->file, key, most, err);
    char path[PATH_BYTES];
    vtr_file file = {.descriptor = -1};
    int length = snprintf(path, sizeof path, "%s/%s", store->path, key);
    if (length < 0 || (size_t)length >= sizeof path)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': a name that is too long", store->path);
    vtr_status status = vtr_file_open(&file, path, err);
    if (status == VTR_ERR_NOT_FOUND) return VTR_OK;
    if (status != VTR_OK) return status;
    if (file.size > most)
        status = vtr_fail(err, VTR_ERR_FORMAT, "'%s' has %llu bytes, more than it can need", path,
                          (unsigned long long)file.size);
    if (status == VTR_OK) {
        *n = (size_t)file.size;
        *bytes = vtr_malloc(*n, 1);
        status = *bytes == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path)
                                : vtr_file_read(&file, 0, *bytes, *n, err);
        if (status == VTR_ERR_IO) vtr_fail_context(err, status, "cannot read '%s'", path);
    }
    if (status != VTR_OK) {
        vtr_free(*bytes);
        *bytes = NULL;
    }
    vtr_file_close(&file);
    return status;
}
