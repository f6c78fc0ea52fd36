/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "base/base_internal.h"
#include "base/hdf5_write.h"
#include "dataset/write_hdf5.h"

/* HyperSpy 3.1: /Experiments/diffraction with data, axis-0 ... axis-3, of which the first two navigate, and the beam
 * energy in metadata. pyxem opens it as electron diffraction. Format: RosettaSciIO, "hspy - HyperSpy's HDF5
 * specification". */

static hid_t make_group(hid_t parent, const char *name)
{
    return H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

/* Patterns are centred on k = 0, as pyxem has them. */
static bool put_axis(hid_t signal, int index, const vtr_dataset_info *info)
{
    static const char *const names[] = {"y", "x", "ky", "kx"};
    const bool is_scan = index < 2;
    const double step = is_scan ? info->scan_step_nm[index] : info->k_step_inv_angstrom[index - 2];
    const double offset = is_scan || isnan(step) ? 0 : -step * (double)(info->shape[index] / 2);
    char name[16];
    snprintf(name, sizeof name, "axis-%d", index);
    hid_t group = make_group(signal, name);
    bool done = group >= 0 && vtr_hdf5_put_text(group, "_type", "UniformDataAxis") &&
                vtr_hdf5_put_text(group, "name", names[index]) &&
                vtr_hdf5_put_text(group, "units",
                                  isnan(step) ? "px"
                                  : is_scan   ? "nm"
                                              : "1/angstrom") &&
                vtr_hdf5_put_integer(group, "size", (int64_t)info->shape[index]) &&
                vtr_hdf5_put_number(group, "scale", isnan(step) ? 1 : step) &&
                vtr_hdf5_put_number(group, "offset", offset) &&
                vtr_hdf5_put_truth(group, "navigate", is_scan) &&
                vtr_hdf5_put_truth(group, "is_binned", false);
    if (group >= 0) H5Gclose(group);
    return done;
}

static bool put_metadata(hid_t signal, const vtr_dataset_info *info)
{
    hid_t metadata = make_group(signal, "metadata"), general = -1, kind = -1, instrument = -1, tem = -1;
    if (metadata >= 0) general = make_group(metadata, "General");
    if (general >= 0) kind = make_group(metadata, "Signal");
    if (kind >= 0) instrument = make_group(metadata, "Acquisition_instrument");
    if (instrument >= 0) tem = make_group(instrument, "TEM");
    bool done =
        tem >= 0 && vtr_hdf5_put_text(general, "title", "diffraction") &&
        vtr_hdf5_put_text(kind, "signal_type", "electron_diffraction") &&
        vtr_hdf5_put_text(kind, "quantity", "intensity (counts)") &&
        (isnan(info->beam_energy_kev) || vtr_hdf5_put_number(tem, "beam_energy", info->beam_energy_kev));
    const hid_t opened[] = {tem, instrument, kind, general, metadata};
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++)
        if (opened[i] >= 0) H5Gclose(opened[i]);
    return done;
}

static bool build(vtr_hdf5_writer *state, const vtr_dataset_info *info)
{
    hid_t experiments = -1, signal = -1, original = -1;
    if (vtr_hdf5_put_text(state->file, "file_format", "HyperSpy") &&
        vtr_hdf5_put_text(state->file, "file_format_version", "3.1"))
        experiments = make_group(state->file, "Experiments");
    if (experiments >= 0) signal = make_group(experiments, "diffraction");
    if (signal >= 0) state->data = vtr_write_hdf5_make_data(signal, info);
    bool done = state->data >= 0;
    for (int i = 0; i < 4 && done; i++)
        done = put_axis(signal, i, info);
    done = done && put_metadata(signal, info);
    if (done) original = make_group(signal, "original_metadata");
    if (original >= 0) H5Gclose(original);
    if (signal >= 0) H5Gclose(signal);
    if (experiments >= 0) H5Gclose(experiments);
    return done && original >= 0;
}

static vtr_status open_hspy(vtr_dataset_writer *writer, vtr_error *err)
{
    return vtr_write_hdf5_open(writer, build, err);
}

const vtr_writer_format vtr_writer_hspy = {
    .endings = {".hspy"}, .open = open_hspy, .write = vtr_write_hdf5_frames, .close = vtr_write_hdf5_close};
