/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

/* Which of scan_y, scan_x, det_y, det_x a dimension of the file is; -1: none. */
static int role(const vtr_hdf5 *hdf5, int dimension)
{
    for (int i = 0; i < 4; i++)
        if (hdf5->axis[i] == dimension) return i;
    return -1;
}

/* EMD: beside the data stand dim0, dim1, ... (1.0) or dim1, dim2, ... (before) with positions and a unit. */
static void from_dims(vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t group, int first)
{
    for (int i = 0; i < hdf5->rank; i++) {
        char name[16], unit[64];
        double step;
        snprintf(name, sizeof name, "dim%d", i + first);
        if (role(hdf5, i) < 0 || !vtr_hdf5_step_at(group, name, &step)) continue;
        hid_t axis = vtr_hdf5_open_object(group, name);
        if (vtr_hdf5_attribute_text(axis, "units", unit, sizeof unit))
            vtr_dataset_calibrate(dataset, role(hdf5, i), step, unit);
        H5Oclose(axis);
    }
}

/* py4DSTEM keeps one pixel size for both detector axes and one for both scan axes beside the root's arrays; they
 * stand in where the axes themselves say nothing. */
static void from_py4dstem(vtr_dataset *dataset, hid_t file, const char *path)
{
    static const struct {
        const char *size, *unit;
        int axis;
    } pairs[] = {{"R_pixel_size", "R_pixel_units", 0}, {"Q_pixel_size", "Q_pixel_units", 2}};
    char base[256], unit[64];
    size_t root_length = strcspn(path + 1, "/") + 1;
    double step;
    for (size_t i = 0; i < 2; i++) {
        char name[512];
        snprintf(base, sizeof base, "%.*s/metadatabundle/calibration", (int)root_length, path);
        snprintf(name, sizeof name, "%s/%s", base, pairs[i].size);
        if (!vtr_hdf5_number_at(file, name, &step)) continue;
        snprintf(name, sizeof name, "%s/%s", base, pairs[i].unit);
        if (!vtr_hdf5_text_at(file, name, unit, sizeof unit)) continue;
        const double *known =
            pairs[i].axis == 0 ? dataset->info.scan_step_nm : dataset->info.k_step_inv_angstrom;
        for (int j = 0; j < 2; j++)
            if (isnan(known[j])) vtr_dataset_calibrate(dataset, pairs[i].axis + j, step, unit);
    }
    char name[512];
    snprintf(name, sizeof name, "%s/beam_energy_kev", base);
    if (vtr_hdf5_number_at(file, name, &step) && step > 0) dataset->info.beam_energy_kev = step;
}

static void from_hyperspy(vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t group)
{
    for (int i = 0; i < hdf5->rank; i++) {
        char name[16], unit[64];
        double step;
        snprintf(name, sizeof name, "axis-%d", i);
        hid_t axis = vtr_hdf5_open_object(group, name);
        if (axis < 0) continue;
        if (role(hdf5, i) >= 0 && vtr_hdf5_attribute_number(axis, "scale", &step) &&
            vtr_hdf5_attribute_text(axis, "units", unit, sizeof unit))
            vtr_dataset_calibrate(dataset, role(hdf5, i), step, unit);
        H5Oclose(axis);
    }
    hid_t microscope = vtr_hdf5_open_object(group, "metadata/Acquisition_instrument/TEM");
    if (microscope < 0) return;
    double energy;
    if (vtr_hdf5_attribute_number(microscope, "beam_energy", &energy) && energy > 0)
        dataset->info.beam_energy_kev = energy;
    H5Oclose(microscope);
}

static void from_nexus(vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t file, hid_t group)
{
    for (int i = 0; i < hdf5->rank; i++) {
        char name[64], unit[64];
        double step;
        if (role(hdf5, i) < 0 || !vtr_hdf5_attribute_text_at(group, "axes", (size_t)i, name, sizeof name) ||
            strcmp(name, ".") == 0 || !vtr_hdf5_step_at(group, name, &step))
            continue;
        hid_t axis = vtr_hdf5_open_object(group, name);
        if (vtr_hdf5_attribute_text(axis, "units", unit, sizeof unit))
            vtr_dataset_calibrate(dataset, role(hdf5, i), step, unit);
        H5Oclose(axis);
    }
    double value;
    if ((vtr_hdf5_number_at(file, "/entry/instrument/beam/incident_energy", &value) ||
         vtr_hdf5_number_at(file, "/entry/instrument/detector/detectorSpecific/photon_energy", &value)) &&
        value > 0)
        dataset->info.beam_energy_kev = value / 1000; /* both in eV */
    if (vtr_hdf5_number_at(file, "/entry/instrument/detector/saturation_value", &value) && value > 0)
        dataset->info.saturation = value;
}

/* DigitalMicrograph numbers dimensions from the fastest. */
static void from_dm5(vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t group)
{
    for (int i = 0; i < hdf5->rank; i++) {
        char name[64], unit[64];
        double step;
        snprintf(name, sizeof name, "Calibrations/Dimension/[%d]", hdf5->rank - 1 - i);
        hid_t axis = vtr_hdf5_open_object(group, name);
        if (axis < 0) continue;
        if (role(hdf5, i) >= 0 && vtr_hdf5_attribute_number(axis, "Scale", &step) &&
            vtr_hdf5_attribute_text(axis, "Units", unit, sizeof unit))
            vtr_dataset_calibrate(dataset, role(hdf5, i), step, unit);
        H5Oclose(axis);
    }
}

/* The text after "name":" in JSON, up to the closing quote; false where it is missing. */
static bool json_text(const char *json, const char *name, char *text, size_t size)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *at = strstr(json, quoted);
    if (at == NULL) return false;
    at += strlen(quoted);
    size_t n = 0;
    for (; *at != '\0' && *at != '"' && n + 1 < size; at++)
        if (*at != '\\') text[n++] = *at;
    text[n] = '\0';
    return *at == '"';
}

static void from_velox_text(vtr_dataset *dataset, const char *json)
{
    char value[64], unit[32];
    double number;
    const char *size = strstr(json, "\"PixelSize\"");
    if (size != NULL && json_text(size, "width", value, sizeof value) &&
        vtr_parse_double(value, &number) == 0 && json_text(json, "PixelUnitX", unit, sizeof unit))
        vtr_dataset_calibrate(dataset, 3, number, unit);
    if (size != NULL && json_text(size, "height", value, sizeof value) &&
        vtr_parse_double(value, &number) == 0 && json_text(json, "PixelUnitY", unit, sizeof unit))
        vtr_dataset_calibrate(dataset, 2, number, unit);
    if (json_text(json, "AccelerationVoltage", value, sizeof value) &&
        vtr_parse_double(value, &number) == 0 && number > 0)
        dataset->info.beam_energy_kev = number / 1000;
}

/* Velox writes a text of JSON for each frame as a column of bytes; the first column is read. */
static void from_velox(vtr_dataset *dataset, hid_t group)
{
    enum { JSON_MAX_BYTES = 1 << 20 };
    hid_t metadata = vtr_hdf5_open_object(group, "Metadata");
    if (metadata < 0) return;
    hid_t space = H5Iget_type(metadata) == H5I_DATASET ? H5Dget_space(metadata) : -1;
    hsize_t sizes[H5S_MAX_RANK] = {0};
    char *json = NULL;
    if (space >= 0 && H5Sget_simple_extent_ndims(space) == 2 &&
        H5Sget_simple_extent_dims(space, sizes, NULL) == 2 && sizes[0] > 0 && sizes[0] < JSON_MAX_BYTES &&
        sizes[1] > 0) {
        hsize_t start[2] = {0, 0}, count[2] = {sizes[0], 1};
        json = vtr_calloc((size_t)sizes[0] + 1, 1);
        hid_t memory = H5Screate_simple(1, sizes, NULL);
        if (json != NULL && memory >= 0 &&
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dread(metadata, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, json) >= 0)
            from_velox_text(dataset, json);
        if (memory >= 0) H5Sclose(memory);
    }
    vtr_free(json);
    if (space >= 0) H5Sclose(space);
    H5Oclose(metadata);
}

void vtr_hdf5_calibrate(vtr_dataset *dataset, const vtr_hdf5 *hdf5, vtr_hdf5_layout layout, const char *path)
{
    char parent[256];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) return;
    slash[slash == parent ? 1 : 0] = '\0';
    hid_t group = vtr_hdf5_open_object(hdf5->file, parent);
    if (group < 0) return;
    switch (layout) {
    case VTR_HDF5_EMD:
        from_dims(dataset, hdf5, group, 0);
        from_py4dstem(dataset, hdf5->file, path);
        break;
    case VTR_HDF5_BERKELEY:
    case VTR_HDF5_FPD:
        from_dims(dataset, hdf5, group, 1);
        break;
    case VTR_HDF5_HYPERSPY:
        from_hyperspy(dataset, hdf5, group);
        break;
    case VTR_HDF5_NEXUS:
        from_nexus(dataset, hdf5, hdf5->file, group);
        break;
    case VTR_HDF5_VELOX:
        from_velox(dataset, group);
        break;
    case VTR_HDF5_DM5:
        from_dm5(dataset, hdf5, group);
        break;
    case VTR_HDF5_PLAIN:
        break;
    }
    H5Oclose(group);
}
