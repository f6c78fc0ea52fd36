/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _DEFAULT_SOURCE /* getentropy */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "base/hdf5_write.h"
#include "dataset/write_hdf5.h"

/* EMD 1.0 as py4DSTEM and emdfile write and open it: a root group, in it an "array" group named datacube with
 * data, dim0 ... dim3, and a metadata bundle with the calibration.
 * Format: https://emdatasets.com/format; emdfile 0.0.14. */

static bool write_text(hid_t group, const char *name, const char *text, const char *kind)
{
    hid_t dataset;
    if (!vtr_hdf5_put_text_dataset(group, name, text, &dataset)) return false;
    bool done = kind == NULL || vtr_hdf5_put_text(dataset, "type", kind);
    H5Dclose(dataset);
    return done;
}

static bool write_number(hid_t group, const char *name, double value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(group, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool done = dataset >= 0 &&
                H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) >= 0 &&
                vtr_hdf5_put_text(dataset, "type", "number");
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    return done;
}

static hid_t make_group(hid_t parent, const char *name, const char *kind, const char *python_class)
{
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0) return -1;
    if ((kind == NULL || vtr_hdf5_put_text(group, "emd_group_type", kind)) &&
        (python_class == NULL || vtr_hdf5_put_text(group, "python_class", python_class)))
        return group;
    H5Gclose(group);
    return -1;
}

/* An axis is written as its first two positions: emdfile continues the line. */
static bool write_axis(hid_t group, int index, double step, const char *unit)
{
    static const char *const axis_names[] = {"Rx", "Ry", "Qx", "Qy"};
    char name[8];
    const hsize_t two = 2;
    double positions[2] = {0, isnan(step) ? 1 : step};
    snprintf(name, sizeof name, "dim%d", index);
    hid_t space = H5Screate_simple(1, &two, NULL);
    hid_t dataset = H5Dcreate2(group, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool done = dataset >= 0 &&
                H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, positions) >= 0 &&
                vtr_hdf5_put_text(dataset, "name", axis_names[index]) &&
                vtr_hdf5_put_text(dataset, "units", isnan(step) ? "pixels" : unit);
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    return done;
}

static bool write_calibration(hid_t root, const vtr_dataset_info *info)
{
    hid_t bundle = make_group(root, "metadatabundle", "metadatabundle", NULL), group = -1, targets = -1;
    if (bundle >= 0) group = make_group(bundle, "calibration", "metadata", "Calibration");
    if (group >= 0) targets = make_group(group, "_target_paths", NULL, NULL);
    double q = info->k_step_inv_angstrom[1], r = info->scan_step_nm[1];
    bool done =
        targets >= 0 && vtr_hdf5_put_text(targets, "type", "list_of_strings") &&
        vtr_hdf5_put_integer(targets, "length", 1) && write_text(targets, "0", "/datacube", NULL) &&
        write_text(group, "_root_treepath", "", "string") &&
        write_number(group, "Q_pixel_size", isnan(q) ? 1 : q) &&
        write_text(group, "Q_pixel_units", isnan(q) ? "pixels" : "A^-1", "string") &&
        write_number(group, "R_pixel_size", isnan(r) ? 1 : r) &&
        write_text(group, "R_pixel_units", isnan(r) ? "pixels" : "nm", "string") &&
        (isnan(info->beam_energy_kev) || write_number(group, "beam_energy_kev", info->beam_energy_kev));
    if (targets >= 0) H5Gclose(targets);
    if (group >= 0) H5Gclose(group);
    if (bundle >= 0) H5Gclose(bundle);
    return done;
}

/* A random (version 4) UUID, as every EMD file has one. */
static void make_uuid(char text[37])
{
    unsigned char b[16] = {0};
    if (getentropy(b, sizeof b) != 0) memset(b, 0, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static bool build(vtr_hdf5_writer *state, const vtr_dataset_info *info)
{
    char uuid[37];
    make_uuid(uuid);
    hid_t file = state->file, root = -1, cube = -1;
    bool done = vtr_hdf5_put_text(file, "emd_group_type", "file") &&
                vtr_hdf5_put_integer(file, "version_major", 1) &&
                vtr_hdf5_put_integer(file, "version_minor", 0) && vtr_hdf5_put_text(file, "UUID", uuid) &&
                vtr_hdf5_put_text(file, "authoring_program", "vitrail") &&
                vtr_hdf5_put_text(file, "authoring_user", "");
    if (done) root = make_group(file, "datacube_root", "root", "Root");
    if (root >= 0) cube = make_group(root, "datacube", "array", "DataCube");
    if (cube >= 0) state->data = vtr_write_hdf5_make_data(cube, info);
    done = state->data >= 0 && vtr_hdf5_put_text(state->data, "units", "pixel intensity");
    for (int i = 0; i < 4 && done; i++)
        done = write_axis(cube, i, i < 2 ? info->scan_step_nm[i] : info->k_step_inv_angstrom[i - 2],
                          i < 2 ? "nm" : "A^-1");
    done = done && write_calibration(root, info);
    if (cube >= 0) H5Gclose(cube);
    if (root >= 0) H5Gclose(root);
    return done;
}

static vtr_status open_emd(vtr_dataset_writer *writer, vtr_error *err)
{
    return vtr_write_hdf5_open(writer, build, err);
}

const vtr_writer_format vtr_writer_emd = {.endings = {".h5", ".hdf5", ".emd"},
                                          .open = open_emd,
                                          .write = vtr_write_hdf5_frames,
                                          .close = vtr_write_hdf5_close};
