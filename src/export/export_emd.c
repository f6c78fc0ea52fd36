/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "export/export_hdf5.h"

/* EMD 1.0: a root group, in it an "array" group a map, with data and dim0 ... as first two positions, which emdfile
 * continues. Format: https://emdatasets.com/format; emdfile 0.0.14. */

static bool put_dimension(hid_t group, int index, const vtr_export_axis *axis)
{
    char name[16];
    const hsize_t two = 2;
    const double positions[2] = {axis->first, axis->first + axis->step};
    snprintf(name, sizeof name, "dim%d", index);
    hid_t space = H5Screate_simple(1, &two, NULL);
    hid_t data = H5Dcreate2(group, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool done = data >= 0 &&
                H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, positions) >= 0 &&
                vtr_hdf5_put_text(data, "name", axis->name) &&
                vtr_hdf5_put_text(data, "units", axis->unit[0] != '\0' ? axis->unit : "pixels");
    if (data >= 0) H5Dclose(data);
    H5Sclose(space);
    return done;
}

static bool put_array(hid_t root, const vtr_export_item *item, const float *values, const char *suffix)
{
    char name[160];
    snprintf(name, sizeof name, "%s_%s%s", item->group, item->name, suffix);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/') *c = '_';
    hid_t group = vtr_export_group(root, name), data = -1;
    bool done = group >= 0 && vtr_hdf5_put_text(group, "emd_group_type", "array") &&
                vtr_hdf5_put_text(group, "python_class", "Array");
    if (done) data = vtr_export_data(group, "data", item, values);
    done = data >= 0 && vtr_hdf5_put_text(data, "units", vtr_export_unit(item));
    for (int i = 0; i < vtr_export_rank(item) && done; i++) {
        const vtr_export_axis axis = vtr_export_axis_of(item, i);
        done = put_dimension(group, i, &axis);
    }
    if (data >= 0) H5Dclose(data);
    if (group >= 0) H5Gclose(group);
    return done;
}

static bool fill(hid_t file, const vtr_export_job *job)
{
    hid_t root = -1;
    bool done = vtr_hdf5_put_text(file, "emd_group_type", "file") &&
                vtr_hdf5_put_integer(file, "version_major", 1) &&
                vtr_hdf5_put_integer(file, "version_minor", 0) &&
                vtr_hdf5_put_text(file, "authoring_program", "vitrail") &&
                vtr_hdf5_put_text(file, "authoring_user", "");
    if (done) root = vtr_export_group(file, "vitrail");
    done = root >= 0 && vtr_hdf5_put_text(root, "emd_group_type", "root") &&
           vtr_hdf5_put_text(root, "python_class", "Root");
    for (size_t i = 0; i < job->n && done; i++) {
        const vtr_export_item *item = &job->items[i];
        done = put_array(root, item, item->values, "") &&
               (item->errors == NULL || put_array(root, item, item->errors, "_errors"));
    }
    if (root >= 0) H5Gclose(root);
    return done;
}

static vtr_status write_emd(const char *partial, const vtr_export_job *job, vtr_error *err)
{
    return vtr_export_hdf5_write(partial, job, fill, err);
}

const vtr_export_format vtr_export_emd = {.endings = {".emd"},
                                          .takes_several = true,
                                          .takes_curves = true,
                                          .takes_sizes = true,
                                          .write_file = write_emd};
