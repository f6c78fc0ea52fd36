/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

typedef struct walk {
    void (*visit)(void *user, const vtr_mapfile_item *item);
    void *user;
} walk;

/* Kind and shape of a dataset or attribute; whether it can be told. */
static bool describe(vtr_mapfile_item *item, hid_t type, hid_t space)
{
    hsize_t shape[VTR_MAPFILE_RANK_MAX];
    int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    H5T_class_t kind = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
    if (rank < 0 || rank > VTR_MAPFILE_RANK_MAX || H5Sget_simple_extent_dims(space, shape, NULL) < 0)
        return false;
    item->is_number = kind == H5T_FLOAT || kind == H5T_INTEGER;
    item->is_text = kind == H5T_STRING;
    item->rank = (size_t)rank;
    item->n = (size_t)H5Sget_simple_extent_npoints(space);
    for (int i = 0; i < rank; i++)
        item->shape[i] = (size_t)shape[i];
    return true;
}

typedef struct owner {
    const walk *walk;
    vtr_mapfile_item item; /* the object that has the attributes */
} owner;

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *user)
{
    (void)info;
    const owner *o = user;
    vtr_mapfile_item item = {.group = o->item.group, .name = o->item.name, .attribute = name};
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return -1;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (describe(&item, type, space)) o->walk->visit(o->walk->user, &item);
    vtr_mapfile_id_close(space);
    vtr_mapfile_id_close(type);
    vtr_mapfile_id_close(attribute);
    return 0;
}

/* `path` is that of an object below /entry, "." for /entry itself. */
static herr_t visit_object(hid_t entry, const char *path, const H5O_info_t *info, void *user)
{
    char group[VTR_MAPFILE_PATH_MAX];
    bool is_dataset = info->type == H5O_TYPE_DATASET, is_told = true;
    const char *slash = is_dataset ? strrchr(path, '/') : NULL;
    if ((!is_dataset && info->type != H5O_TYPE_GROUP) || strlen(path) >= sizeof group) return 0;
    size_t length = is_dataset ? (slash != NULL ? (size_t)(slash - path) : 0) : strlen(path);
    if (strcmp(path, ".") == 0) length = 0;
    snprintf(group, sizeof group, "%.*s", (int)length, path);
    owner o = {.walk = user, .item = {.group = group}};
    if (is_dataset) o.item.name = slash != NULL ? slash + 1 : path;
    hid_t object = H5Oopen(entry, path, H5P_DEFAULT);
    if (object < 0) return -1;
    herr_t result = 0;
    if (is_dataset) {
        hid_t type = H5Dget_type(object), space = H5Dget_space(object);
        is_told = describe(&o.item, type, space);
        vtr_mapfile_id_close(space);
        vtr_mapfile_id_close(type);
    }
    if (is_told) {
        o.walk->visit(o.walk->user, &o.item);
        result =
            vtr_hdf5_iterated(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute, &o));
    }
    vtr_mapfile_id_close(object);
    return result;
}

vtr_status vtr_mapfile_contents(const vtr_mapfile *file,
                                void (*visit)(void *user, const vtr_mapfile_item *item), void *user,
                                vtr_error *err)
{
    walk w = {visit, user};
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    if (vtr_hdf5_iterated(H5Ovisit_by_name2(file->file, "/entry", H5_INDEX_NAME, H5_ITER_INC, visit_object,
                                            &w, H5O_INFO_BASIC, H5P_DEFAULT)) < 0) {
        status = vtr_mapfile_check_read(file, "/entry", err);
        if (status == VTR_OK) status = vtr_mapfile_fail_read(file, "/entry", err);
    }
    vtr_hdf5_unlock();
    return status;
}
