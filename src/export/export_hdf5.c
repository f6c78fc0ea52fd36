/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export/export_hdf5.h"

int vtr_export_rank(const vtr_export_item *item)
{
    return item->n_z > 1 ? 3 : 2;
}

vtr_export_axis vtr_export_axis_of(const vtr_export_item *item, int axis)
{
    if (axis == 2)
        return (vtr_export_axis){item->axis, item->axis_unit, item->n_z, item->axis_first, item->axis_step};
    const bool has_step = item->step_nm[axis] > 0;
    return (vtr_export_axis){axis == 0 ? "y" : "x", has_step ? "nm" : "", axis == 0 ? item->n_y : item->n_x,
                             0, has_step ? item->step_nm[axis] : 1};
}

hid_t vtr_export_group(hid_t parent, const char *name)
{
    return H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

hid_t vtr_export_data(hid_t group, const char *name, const vtr_export_item *item, const float *values)
{
    const hsize_t sizes[3] = {item->n_y, item->n_x, item->n_z};
    hid_t space = H5Screate_simple(vtr_export_rank(item), sizes, NULL);
    hid_t data = H5Dcreate2(group, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Sclose(space);
    if (data >= 0 && H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
        H5Dclose(data);
        data = -1;
    }
    return data;
}

vtr_status vtr_export_hdf5_write(const char *partial, const vtr_export_job *job,
                                 bool (*fill)(hid_t file, const vtr_export_job *job), vtr_error *err)
{
    char reason[256] = "";
    vtr_hdf5_lock();
    hid_t file = vtr_hdf5_create(partial);
    bool done = file >= 0 && fill(file, job) && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
    if (!done) vtr_hdf5_reason(reason, sizeof reason);
    if (file >= 0 && H5Fclose(file) < 0 && done) {
        done = false;
        vtr_hdf5_reason(reason, sizeof reason);
    }
    vtr_hdf5_unlock();
    return done ? VTR_OK : vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", job->path, reason);
}
