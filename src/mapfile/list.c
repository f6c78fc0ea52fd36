/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

typedef struct walk {
    const vtr_mapfile *file;
    void (*visit)(void *user, const char *group, const char *name);
    void *user;
} walk;

typedef struct paths {
    size_t n, room;
    char **list;
    bool is_short_of_memory;
} paths;

/* Length of a dataset of one dimension; 0 when there is none. */
static size_t length_of(hid_t file, const char *inner)
{
    if (!vtr_mapfile_exists(file, inner)) return 0;
    hsize_t n = 0;
    hid_t dataset = H5Dopen2(file, inner, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    if (space >= 0 && H5Sget_simple_extent_ndims(space) == 1) H5Sget_simple_extent_dims(space, &n, NULL);
    vtr_mapfile_id_close(space);
    vtr_mapfile_id_close(dataset);
    return (size_t)n;
}

static bool is_map(hid_t dataset, size_t n_y, size_t n_x)
{
    hsize_t shape[2] = {0, 0};
    hid_t space = H5Dget_space(dataset);
    bool is_plane = space >= 0 && H5Sget_simple_extent_ndims(space) == 2;
    if (is_plane) H5Sget_simple_extent_dims(space, shape, NULL);
    vtr_mapfile_id_close(space);
    return is_plane && shape[0] == n_y && shape[1] == n_x;
}

/* `path` is that of a dataset below /entry: "strain/exx". */
static vtr_status visit_dataset(hid_t entry, const char *path, const walk *w, vtr_error *err)
{
    const char *slash = strrchr(path, '/');
    char group[VTR_MAPFILE_PATH_MAX], axis_y[VTR_MAPFILE_PATH_MAX + 16], axis_x[VTR_MAPFILE_PATH_MAX + 16];
    if (slash == NULL || (size_t)(slash - path) >= sizeof group) return VTR_OK;
    snprintf(group, sizeof group, "%.*s", (int)(slash - path), path);
    snprintf(axis_y, sizeof axis_y, "/entry/%s/scan_y", group);
    snprintf(axis_x, sizeof axis_x, "/entry/%s/scan_x", group);
    size_t n_y = length_of(w->file->file, axis_y), n_x = length_of(w->file->file, axis_x);
    if (n_y == 0 || n_x == 0) return vtr_mapfile_check_read(w->file, path, err);
    hid_t dataset = H5Dopen2(entry, path, H5P_DEFAULT);
    if (dataset < 0) return vtr_mapfile_fail_read(w->file, path, err);
    if (is_map(dataset, n_y, n_x)) w->visit(w->user, group, slash + 1);
    vtr_mapfile_id_close(dataset);
    return VTR_OK;
}

static herr_t fall_short(paths *p)
{
    p->is_short_of_memory = true;
    return -1;
}

static herr_t keep_path(hid_t entry, const char *path, const H5O_info_t *info, void *user)
{
    (void)entry;
    paths *p = user;
    if (info->type != H5O_TYPE_DATASET) return 0;
    if (p->n == p->room) {
        size_t room = 2 * p->room + 64;
        char **list = vtr_malloc(room, sizeof *list);
        if (list == NULL) return fall_short(p);
        if (p->n > 0) memcpy(list, p->list, p->n * sizeof *list);
        vtr_free(p->list);
        p->list = list;
        p->room = room;
    }
    size_t size = strlen(path) + 1;
    char *copy = vtr_malloc(size, 1);
    if (copy == NULL) return fall_short(p);
    p->list[p->n++] = memcpy(copy, path, size);
    return 0;
}

/* By name, what is in a group before what only begins like it. */
static int compare_paths(const void *a, const void *b)
{
    const char *s = *(char *const *)a, *t = *(char *const *)b;
    while (*s != '\0' && *s == *t)
        s++, t++;
    return (*s == '/' ? 1 : (unsigned char)*s) - (*t == '/' ? 1 : (unsigned char)*t);
}

static void release(paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        vtr_free(p->list[i]);
    vtr_free(p->list);
}

vtr_status vtr_mapfile_list(const vtr_mapfile *file,
                            void (*visit)(void *user, const char *group, const char *name), void *user,
                            vtr_error *err)
{
    walk w = {file, visit, user};
    paths p = {0};
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    /* sorted here: for an order of its own HDF5 1.10 makes a table of a group's links, and frees what it has not
     * filled when the disk fails meanwhile */
    hid_t entry = H5Gopen2(file->file, "/entry", H5P_DEFAULT);
    if (entry < 0 ||
        vtr_hdf5_iterated(H5Ovisit2(entry, H5_INDEX_NAME, H5_ITER_NATIVE, keep_path, &p, H5O_INFO_BASIC)) < 0)
        status = p.is_short_of_memory
                     ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for what is in '%s'", file->path)
                     : vtr_mapfile_fail_read(file, "/entry", err);
    if (status == VTR_OK && p.n > 0) qsort(p.list, p.n, sizeof *p.list, compare_paths);
    for (size_t i = 0; i < p.n && status == VTR_OK; i++)
        status = visit_dataset(entry, p.list[i], &w, err);
    vtr_mapfile_id_close(entry);
    vtr_hdf5_unlock();
    release(&p);
    return status;
}
