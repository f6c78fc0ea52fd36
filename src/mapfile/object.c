/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"

static bool is_plain(const char *name, bool may_have_slash)
{
    size_t n = strlen(name);
    if (n == 0 || name[0] == '/' || name[n - 1] == '/' || strstr(name, "//") != NULL) return false;
    return (may_have_slash || strchr(name, '/') == NULL) && strcmp(name, ".") != 0;
}

vtr_status vtr_mapfile_inner_path(char inner[VTR_MAPFILE_PATH_MAX], const char *group, const char *name,
                                  vtr_error *err)
{
    if (group != NULL && !is_plain(group, true))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a name of a group below /entry", group);
    if (name != NULL && !is_plain(name, false))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a name of a dataset", name);
    int n = snprintf(inner, VTR_MAPFILE_PATH_MAX, "/entry%s%s%s%s", group != NULL ? "/" : "",
                     group != NULL ? group : "", name != NULL ? "/" : "", name != NULL ? name : "");
    if (n < 0 || n >= VTR_MAPFILE_PATH_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%.40s...' is too long a name", group != NULL ? group : name);
    return VTR_OK;
}

bool vtr_mapfile_exists(hid_t file, const char *inner)
{
    char part[VTR_MAPFILE_PATH_MAX];
    size_t n = strlen(inner);
    for (size_t end = 1; end <= n; end++) {
        if (inner[end] != '/' && inner[end] != '\0') continue;
        memcpy(part, inner, end);
        part[end] = '\0';
        if (H5Lexists(file, part, H5P_DEFAULT) <= 0) return false;
    }
    return true;
}

vtr_status vtr_mapfile_open_object(hid_t *object, const vtr_mapfile *file, const char *inner, vtr_error *err)
{
    bool exists = vtr_mapfile_exists(file->file, inner);
    vtr_status status = exists ? VTR_OK : vtr_mapfile_check_read(file, inner, err);
    if (status != VTR_OK) return status;
    if (!exists) return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no '%s'", file->path, inner);
    hid_t opened = H5Oopen(file->file, inner, H5P_DEFAULT);
    if (opened < 0) return vtr_mapfile_fail_read(file, inner, err);
    *object = opened;
    return VTR_OK;
}

bool vtr_mapfile_has(const vtr_mapfile *file, const char *group, const char *name)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    if (vtr_mapfile_inner_path(inner, group, name, NULL) != VTR_OK) return false;
    vtr_hdf5_lock();
    bool has = vtr_mapfile_exists(file->file, inner);
    vtr_hdf5_unlock();
    return has;
}

vtr_status vtr_mapfile_find(bool *has, const vtr_mapfile *file, const char *group, const char *name,
                            vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    vtr_status status = vtr_mapfile_inner_path(inner, group, name, err);
    if (status != VTR_OK) return status;
    vtr_hdf5_lock();
    bool found = vtr_mapfile_exists(file->file, inner);
    if (!found) status = vtr_mapfile_check_read(file, inner, err);
    vtr_hdf5_unlock();
    if (status == VTR_OK) *has = found;
    return status;
}

hid_t vtr_mapfile_native_type(vtr_type type)
{
    switch (type) {
    case VTR_TYPE_U8:
        return H5T_NATIVE_UINT8;
    case VTR_TYPE_U16:
        return H5T_NATIVE_UINT16;
    case VTR_TYPE_U32:
        return H5T_NATIVE_UINT32;
    case VTR_TYPE_I8:
        return H5T_NATIVE_INT8;
    case VTR_TYPE_I16:
        return H5T_NATIVE_INT16;
    case VTR_TYPE_I32:
        return H5T_NATIVE_INT32;
    case VTR_TYPE_F32:
        return H5T_NATIVE_FLOAT;
    case VTR_TYPE_F64:
        return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}
