/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

typedef struct walk {
    const vtr_mapfile *file;
    void (*visit)(void *user, const char *group, const char *name);
    void *user;
} walk;

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

/* `path` is that of an object below /entry: "strain/exx". */
static herr_t visit_object(hid_t entry, const char *path, const H5O_info_t *info, void *user)
{
    const walk *w = user;
    const char *slash = strrchr(path, '/');
    char group[VTR_MAPFILE_PATH_MAX], axis_y[VTR_MAPFILE_PATH_MAX + 16], axis_x[VTR_MAPFILE_PATH_MAX + 16];
    if (info->type != H5O_TYPE_DATASET || slash == NULL || (size_t)(slash - path) >= sizeof group) return 0;
    snprintf(group, sizeof group, "%.*s", (int)(slash - path), path);
    snprintf(axis_y, sizeof axis_y, "/entry/%s/scan_y", group);
    snprintf(axis_x, sizeof axis_x, "/entry/%s/scan_x", group);
    size_t n_y = length_of(w->file->file, axis_y), n_x = length_of(w->file->file, axis_x);
    if (n_y == 0 || n_x == 0) return 0;
    hid_t dataset = H5Dopen2(entry, path, H5P_DEFAULT);
    if (dataset >= 0 && is_map(dataset, n_y, n_x)) w->visit(w->user, group, slash + 1);
    vtr_mapfile_id_close(dataset);
    return 0;
}

vtr_status vtr_mapfile_list(const vtr_mapfile *file,
                            void (*visit)(void *user, const char *group, const char *name), void *user,
                            vtr_error *err)
{
    walk w = {file, visit, user};
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    if (H5Ovisit_by_name2(file->file, "/entry", H5_INDEX_NAME, H5_ITER_INC, visit_object, &w, H5O_INFO_BASIC,
                          H5P_DEFAULT) < 0)
        status = vtr_mapfile_fail_read(file, "/entry", err);
    vtr_hdf5_unlock();
    return status;
}
