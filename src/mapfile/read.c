/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mapfile/mapfile_internal.h"

/* A dataset open to read, with its shape. */
typedef struct opened {
    hid_t dataset, space, type;
    char inner[VTR_MAPFILE_PATH_MAX];
    size_t rank;
    hsize_t shape[VTR_MAPFILE_RANK_MAX];
} opened;

static void close_dataset(opened *d)
{
    vtr_mapfile_id_close(d->type);
    vtr_mapfile_id_close(d->space);
    vtr_mapfile_id_close(d->dataset);
}

static vtr_status examine(opened *d, const vtr_mapfile *file, vtr_error *err)
{
    if (H5Iget_type(d->dataset) != H5I_DATASET)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' in '%s' is a group, not a dataset", d->inner,
                        file->path);
    d->space = H5Dget_space(d->dataset);
    d->type = H5Dget_type(d->dataset);
    int rank = d->space >= 0 ? H5Sget_simple_extent_ndims(d->space) : -1;
    if (d->type < 0 || rank < 0) return vtr_mapfile_fail_read(file, d->inner, err);
    if (rank > VTR_MAPFILE_RANK_MAX)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' in '%s' has %d dimensions; at most %d can be read",
                        d->inner, file->path, rank, VTR_MAPFILE_RANK_MAX);
    d->rank = (size_t)rank;
    if (H5Sget_simple_extent_dims(d->space, d->shape, NULL) < 0)
        return vtr_mapfile_fail_read(file, d->inner, err);
    return VTR_OK;
}

static vtr_status open_dataset(opened *d, const vtr_mapfile *file, const char *group, const char *name,
                               vtr_error *err)
{
    d->dataset = d->space = d->type = H5I_INVALID_HID;
    vtr_status status = vtr_mapfile_inner_path(d->inner, group, name, err);
    if (status == VTR_OK) status = vtr_mapfile_open_object(&d->dataset, file, d->inner, err);
    if (status == VTR_OK) status = examine(d, file, err);
    if (status != VTR_OK) close_dataset(d);
    return status;
}

static vtr_status find_type(vtr_type *out, const opened *d, const vtr_mapfile *file, vtr_error *err)
{
    H5T_class_t kind = H5Tget_class(d->type);
    size_t size = H5Tget_size(d->type);
    bool is_signed = kind == H5T_INTEGER && H5Tget_sign(d->type) == H5T_SGN_2;
    for (int t = 0; t < VTR_TYPE_COUNT; t++) {
        bool is_float = t == VTR_TYPE_F32 || t == VTR_TYPE_F64;
        bool is_signed_t = t == VTR_TYPE_I8 || t == VTR_TYPE_I16 || t == VTR_TYPE_I32;
        if (vtr_type_size((vtr_type)t) != size || is_float != (kind == H5T_FLOAT)) continue;
        if (is_float || (kind == H5T_INTEGER && is_signed == is_signed_t)) {
            *out = (vtr_type)t;
            return VTR_OK;
        }
    }
    return vtr_fail(err, VTR_ERR_TYPE, "'%s' in '%s' is of a type that is not read", d->inner, file->path);
}

vtr_status vtr_mapfile_shape(const vtr_mapfile *file, const char *group, const char *name, size_t *rank,
                             size_t shape[8], vtr_type *type, vtr_error *err)
{
    opened d;
    vtr_hdf5_lock();
    vtr_status status = open_dataset(&d, file, group, name, err);
    if (status == VTR_OK) {
        vtr_type found = VTR_TYPE_F64;
        if (type != NULL) status = find_type(&found, &d, file, err);
        if (status == VTR_OK) {
            *rank = d.rank;
            for (size_t i = 0; i < d.rank; i++)
                shape[i] = (size_t)d.shape[i];
            if (type != NULL) *type = found;
        }
        close_dataset(&d);
    }
    vtr_hdf5_unlock();
    return status;
}

static vtr_status check_number(const opened *d, const vtr_mapfile *file, vtr_error *err)
{
    H5T_class_t kind = H5Tget_class(d->type);
    if (kind == H5T_FLOAT || kind == H5T_INTEGER) return VTR_OK;
    return vtr_fail(err, VTR_ERR_TYPE, "'%s' in '%s' does not hold numbers", d->inner, file->path);
}

vtr_status vtr_mapfile_read(const vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                            size_t n, void *data, vtr_error *err)
{
    opened d;
    vtr_hdf5_lock();
    vtr_status status = open_dataset(&d, file, group, name, err);
    if (status == VTR_OK) {
        hssize_t held = H5Sget_simple_extent_npoints(d.space);
        status = check_number(&d, file, err);
        if (status == VTR_OK && (held < 0 || (size_t)held != n))
            status = vtr_fail(err, VTR_ERR_SHAPE, "'%s' in '%s' holds %lld values, expected %zu", d.inner,
                              file->path, (long long)held, n);
        if (status == VTR_OK &&
            H5Dread(d.dataset, vtr_mapfile_native_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
            status = vtr_mapfile_fail_read(file, d.inner, err);
        close_dataset(&d);
    }
    vtr_hdf5_unlock();
    return status;
}

static vtr_status check_block(const opened *d, const vtr_mapfile *file, size_t rank, const size_t *start,
                              const size_t *count, vtr_error *err)
{
    if (rank != d->rank || rank == 0)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' in '%s' has %zu dimensions, expected %zu", d->inner,
                        file->path, d->rank, rank);
    for (size_t i = 0; i < rank; i++)
        if (count[i] == 0 || start[i] >= d->shape[i] || count[i] > d->shape[i] - start[i])
            return vtr_fail(err, VTR_ERR_RANGE,
                            "'%s' in '%s': %zu from %zu is outside the %llu of dimension %zu", d->inner,
                            file->path, count[i], start[i], (unsigned long long)d->shape[i], i);
    return VTR_OK;
}

static vtr_status read_block(const opened *d, const vtr_mapfile *file, vtr_type type, const size_t *start,
                             const size_t *count, void *data, vtr_error *err)
{
    hsize_t from[VTR_MAPFILE_RANK_MAX], n[VTR_MAPFILE_RANK_MAX];
    for (size_t i = 0; i < d->rank; i++) {
        from[i] = start[i];
        n[i] = count[i];
    }
    hid_t memory = H5Screate_simple((int)d->rank, n, NULL);
    vtr_status status = VTR_OK;
    if (memory < 0 || H5Sselect_hyperslab(d->space, H5S_SELECT_SET, from, NULL, n, NULL) < 0 ||
        H5Dread(d->dataset, vtr_mapfile_native_type(type), memory, d->space, H5P_DEFAULT, data) < 0)
        status = vtr_mapfile_fail_read(file, d->inner, err);
    vtr_mapfile_id_close(memory);
    return status;
}

vtr_status vtr_mapfile_read_block(const vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                                  size_t rank, const size_t *start, const size_t *count, void *data,
                                  vtr_error *err)
{
    opened d;
    vtr_hdf5_lock();
    vtr_status status = open_dataset(&d, file, group, name, err);
    if (status == VTR_OK) {
        status = check_number(&d, file, err);
        if (status == VTR_OK) status = check_block(&d, file, rank, start, count, err);
        if (status == VTR_OK) status = read_block(&d, file, type, start, count, data, err);
        close_dataset(&d);
    }
    vtr_hdf5_unlock();
    return status;
}
