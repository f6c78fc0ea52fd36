/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "export/export_hdf5.h"

/* HyperSpy 3.1: /Experiments/TITLE with data, axis-0 ..., metadata and original_metadata; the squared errors are a signal
 * of their own in metadata/Signal/Noise_properties, where HyperSpy's fits look for them. Format: RosettaSciIO,
 * "hspy - HyperSpy's HDF5 specification". */

static bool put_axes(hid_t signal, const vtr_export_item *item)
{
    const int rank = vtr_export_rank(item);
    bool done = true;
    for (int i = 0; i < rank && done; i++) {
        const vtr_export_axis axis = vtr_export_axis_of(item, i);
        char name[16];
        snprintf(name, sizeof name, "axis-%d", i);
        hid_t group = vtr_export_group(signal, name);
        done = group >= 0 && vtr_hdf5_put_text(group, "_type", "UniformDataAxis") &&
               vtr_hdf5_put_text(group, "name", axis.name) && vtr_hdf5_put_text(group, "units", axis.unit) &&
               vtr_hdf5_put_integer(group, "size", (int64_t)axis.n) &&
               vtr_hdf5_put_number(group, "offset", axis.first) &&
               vtr_hdf5_put_number(group, "scale", axis.step) &&
               vtr_hdf5_put_truth(group, "navigate", rank == 3 && i < 2) &&
               vtr_hdf5_put_truth(group, "is_binned", false);
        if (group >= 0) H5Gclose(group);
    }
    return done;
}

static bool put_signal(hid_t parent, const char *group_name, const char *title, const vtr_export_item *item,
                       const float *values, const float *variance);

static bool put_metadata(hid_t signal, const char *title, const vtr_export_item *item, const float *variance)
{
    char quantity[128];
    const char *unit = vtr_export_unit(item);
    snprintf(quantity, sizeof quantity, unit[0] != '\0' ? "%s (%s)" : "%s", item->name, unit);
    hid_t metadata = vtr_export_group(signal, "metadata"), general = -1, kind = -1, noise = -1;
    if (metadata >= 0) general = vtr_export_group(metadata, "General");
    if (general >= 0) kind = vtr_export_group(metadata, "Signal");
    if (kind >= 0) noise = vtr_export_group(kind, "Noise_properties");
    bool done = noise >= 0 && vtr_hdf5_put_text(general, "title", title) &&
                vtr_hdf5_put_text(kind, "signal_type", "") && vtr_hdf5_put_text(kind, "quantity", quantity) &&
                (variance == NULL || put_signal(noise, "_sig_variance", "variance", item, variance, NULL));
    if (noise >= 0) H5Gclose(noise);
    if (kind >= 0) H5Gclose(kind);
    if (general >= 0) H5Gclose(general);
    if (metadata >= 0) H5Gclose(metadata);
    return done;
}

static bool put_signal(hid_t parent, const char *group_name, const char *title, const vtr_export_item *item,
                       const float *values, const float *variance)
{
    hid_t signal = vtr_export_group(parent, group_name), data = -1, original = -1;
    if (signal >= 0) data = vtr_export_data(signal, "data", item, values);
    bool done = data >= 0 && put_axes(signal, item) && put_metadata(signal, title, item, variance);
    if (done) original = vtr_export_group(signal, "original_metadata");
    if (original >= 0) H5Gclose(original);
    if (data >= 0) H5Dclose(data);
    if (signal >= 0) H5Gclose(signal);
    return done && original >= 0;
}

/* NULL where the item has no errors, or memory is short, which *done then says. */
static float *squared_errors(const vtr_export_item *item, bool *done)
{
    const size_t n = item->n_y * item->n_x * item->n_z;
    float *variance = item->errors != NULL ? vtr_malloc(n, sizeof *variance) : NULL;
    *done = item->errors == NULL || variance != NULL;
    for (size_t i = 0; i < n && variance != NULL; i++)
        variance[i] = item->errors[i] * item->errors[i];
    return variance;
}

static bool fill(hid_t file, const vtr_export_job *job)
{
    hid_t experiments = -1;
    bool done = vtr_hdf5_put_text(file, "file_format", "HyperSpy") &&
                vtr_hdf5_put_text(file, "file_format_version", "3.1");
    if (done) experiments = vtr_export_group(file, "Experiments");
    done = experiments >= 0;
    for (size_t i = 0; i < job->n && done; i++) {
        const vtr_export_item *item = &job->items[i];
        char title[160], name[160];
        snprintf(title, sizeof title, "%s/%s", item->group, item->name);
        snprintf(name, sizeof name, "%s_%s", item->group, item->name);
        for (char *c = name; *c != '\0'; c++)
            if (*c == '/') *c = '_';
        float *variance = squared_errors(item, &done);
        done = done && put_signal(experiments, name, title, item, item->values, variance);
        vtr_free(variance);
    }
    if (experiments >= 0) H5Gclose(experiments);
    return done;
}

static vtr_status write_hspy(const char *partial, const vtr_export_job *job, vtr_error *err)
{
    return vtr_export_hdf5_write(partial, job, fill, err);
}

const vtr_export_format vtr_export_hspy = {.endings = {".hspy"},
                                           .takes_several = true,
                                           .takes_curves = true,
                                           .takes_sizes = true,
                                           .write_file = write_hspy};
