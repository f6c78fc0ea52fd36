/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mapfile/mapfile_internal.h"

/* Datasets too large for memory: created whole, without chunks (the data are floats that hardly compress), and filled
 * block by block. */

static vtr_status create(vtr_mapfile *file, const char *inner, vtr_type type, size_t rank,
                         const size_t *shape, const char *unit, const char *long_name, vtr_error *err)
{
    hsize_t dims[VTR_MAPFILE_RANK_MAX];
    for (size_t d = 0; d < rank; d++)
        dims[d] = shape[d];
    if (vtr_mapfile_exists(file->file, inner) && H5Ldelete(file->file, inner, H5P_DEFAULT) < 0)
        return vtr_mapfile_fail_write(file, inner, err);
    hid_t space = H5Screate_simple((int)rank, dims, NULL), dataset = H5I_INVALID_HID;
    hid_t created = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && created >= 0 && H5Pset_fill_time(created, H5D_FILL_TIME_NEVER) >= 0)
        dataset = H5Dcreate2(file->file, inner, vtr_mapfile_native_type(type), space, H5P_DEFAULT, created,
                             H5P_DEFAULT);
    herr_t result = dataset < 0 ? -1 : 0;
    if (result >= 0 && unit != NULL) result = vtr_mapfile_set_text(dataset, "units", unit);
    if (result >= 0 && long_name != NULL) result = vtr_mapfile_set_text(dataset, "long_name", long_name);
    vtr_mapfile_id_close(dataset);
    vtr_mapfile_id_close(created);
    vtr_mapfile_id_close(space);
    return result >= 0 ? VTR_OK : vtr_mapfile_fail_write(file, inner, err);
}

vtr_status vtr_mapfile_create_dataset(vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                                      size_t rank, const size_t *shape, const char *unit,
                                      const char *long_name, vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    if (rank < 1 || rank > VTR_MAPFILE_RANK_MAX)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s' has %zu dimensions; 1 to %d can be written", name, rank,
                        VTR_MAPFILE_RANK_MAX);
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = vtr_mapfile_inner_path(inner, group, name, err);
    if (status == VTR_OK) status = create(file, inner, type, rank, shape, unit, long_name, err);
    vtr_hdf5_unlock();
    return status;
}

static herr_t put_block(hid_t dataset, vtr_type type, size_t rank, const size_t *start, const size_t *count,
                        const void *data)
{
    hsize_t first[VTR_MAPFILE_RANK_MAX], size[VTR_MAPFILE_RANK_MAX];
    for (size_t d = 0; d < rank; d++) {
        first[d] = start[d];
        size[d] = count[d];
    }
    hid_t space = H5Dget_space(dataset), memory = H5Screate_simple((int)rank, size, NULL);
    herr_t result = -1;
    if (space >= 0 && memory >= 0 && H5Sget_simple_extent_ndims(space) == (int)rank &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, size, NULL) >= 0)
        result = H5Dwrite(dataset, vtr_mapfile_native_type(type), memory, space, H5P_DEFAULT, data);
    vtr_mapfile_id_close(memory);
    vtr_mapfile_id_close(space);
    return result;
}

vtr_status vtr_mapfile_write_block(vtr_mapfile *file, const char *group, const char *name, vtr_type type,
                                   size_t rank, const size_t *start, const size_t *count, const void *data,
                                   vtr_error *err)
{
    char inner[VTR_MAPFILE_PATH_MAX];
    hid_t dataset = H5I_INVALID_HID;
    vtr_hdf5_lock();
    vtr_status status = vtr_mapfile_check_writable(file, err);
    if (status == VTR_OK) status = vtr_mapfile_inner_path(inner, group, name, err);
    if (status == VTR_OK) status = vtr_mapfile_open_object(&dataset, file, inner, err);
    if (status == VTR_OK && put_block(dataset, type, rank, start, count, data) < 0)
        status = vtr_mapfile_fail_write(file, inner, err);
    vtr_mapfile_id_close(dataset);
    vtr_hdf5_unlock();
    return status;
}
