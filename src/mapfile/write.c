/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mapfile/mapfile_internal.h"

static herr_t write_plain(hid_t file, const char *inner, hid_t type, size_t rank, const size_t *shape,
                          const void *data)
{
    hsize_t dims[VTR_MAPFILE_RANK_MAX];
    for (size_t d = 0; d < rank; d++)
        dims[d] = shape[d];
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, dims, NULL);
    hid_t dataset = space < 0 ? H5I_INVALID_HID
                              : H5Dcreate2(file, inner, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    herr_t result = dataset < 0 ? -1 : H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    vtr_mapfile_id_close(dataset);
    vtr_mapfile_id_close(space);
    return result;
}

static vtr_status check_shape(size_t *n_bytes, const char *inner, vtr_type type, size_t rank,
                              const size_t *shape, vtr_error *err)
{
    if (rank > VTR_MAPFILE_RANK_MAX)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' has %zu dimensions; at most %d can be written", inner, rank,
                        VTR_MAPFILE_RANK_MAX);
    *n_bytes = vtr_type_size(type);
    for (size_t d = 0; d < rank; d++)
        if (shape[d] == 0 || !vtr_multiply_size(*n_bytes, shape[d], n_bytes))
            return vtr_fail(err, VTR_ERR_SHAPE, "'%s' cannot be written: dimension %zu is %zu", inner, d,
                            shape[d]);
    return VTR_OK;
}

static vtr_status write_dataset(vtr_mapfile *file, const char *inner, vtr_type type, size_t rank,
                                const size_t *shape, const void *data, vtr_error *err)
{
    size_t n_bytes = 0;
    vtr_status status = check_shape(&n_bytes, inner, type, rank, shape, err);
    if (status != VTR_OK) return status;
    if (vtr_mapfile_exists(file->file, inner) && H5Ldelete(file->file, inner, H5P_DEFAULT) < 0)
        return vtr_mapfile_fail_write(file, inner, err);
    if (rank > 0 && n_bytes >= VTR_MAPFILE_CHUNKED_FROM_BYTES)
        return vtr_mapfile_write_chunked(file, inner, type, rank, shape, data, err);
    if (write_plain(file->file, inner, vtr_mapfile_native_type(type), rank, shape, data) < 0)
        return vtr_mapfile_fail_write(file, inner, err);
    return VTR_OK;
}

static vtr_status describe(vtr_mapfile *file, const char *inner, const char *unit, const char *long_name,
                           vtr_error *err)
{
    if (unit == NULL && long_name == NULL) return VTR_OK;
    hid_t dataset = H5Oopen(file->file, inner, H5P_DEFAULT);
    herr_t result = dataset < 0 ? -1 : 0;
    if (result >= 0 && unit != NULL) result = vtr_mapfile_set_text(dataset, "units", unit);
    if (result >= 0 && long_name != NULL) result = vtr_mapfile_set_text(dataset, "long_name", long_name);
    vtr_mapfile_id_close(dataset);
    return result >= 0 ? VTR_OK : vtr_mapfile_fail_write(file, inner, err);
}

vtr_status vtr_mapfile_write(vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                             size_t rank, const size_t *shape, const void *data, const char *unit,
                             const char *long_name, vtr_error *err)
{
    char parent[VTR_MAPFILE_PATH_MAX], inner[VTR_MAPFILE_PATH_MAX];
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK && name == NULL) status = vtr_fail(err, VTR_ERR_ARGUMENT, "a dataset needs a name");
    if (status == VTR_OK) status = vtr_mapfile_inner_path(parent, group, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_inner_path(inner, group, name, err);
    if (status == VTR_OK && !vtr_mapfile_exists(file->file, parent))
        status = vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no group '%s' to write '%s' into", file->path,
                          parent, name);
    if (status == VTR_OK) status = write_dataset(file, inner, type, rank, shape, data, err);
    if (status == VTR_OK) status = describe(file, inner, unit, long_name, err);
    vtr_hdf5_unlock();
    return status;
}
