/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _DEFAULT_SOURCE /* getentropy */
#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif
#include <hdf5.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "base/hdf5_write.h"
#include "dataset/writer_internal.h"

/* EMD 1.0 as py4DSTEM and emdfile write and open it: a root group, in it an "array" group named datacube with
 * data, dim0 ... dim3, and a metadata bundle with the calibration. One chunk holds one frame, byte-shuffled and
 * deflated; threads compress side by side and only hand the finished chunk to the HDF5 library.
 * Format: https://emdatasets.com/format; emdfile 0.0.14. */

enum { DEFLATE_LEVEL = 1 };

typedef struct emd_state {
    hid_t file, data;
} emd_state;

static vtr_status fail_hdf5(const vtr_dataset_writer *writer, vtr_error *err)
{
    char reason[256];
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

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

static hid_t make_data(hid_t group, const vtr_dataset_info *info)
{
    const hid_t types[VTR_TYPE_COUNT] = {
        [VTR_TYPE_U8] = H5T_STD_U8LE,       [VTR_TYPE_U16] = H5T_NATIVE_UINT16,
        [VTR_TYPE_U32] = H5T_NATIVE_UINT32, [VTR_TYPE_I8] = H5T_STD_I8LE,
        [VTR_TYPE_I16] = H5T_NATIVE_INT16,  [VTR_TYPE_I32] = H5T_NATIVE_INT32,
        [VTR_TYPE_F32] = H5T_NATIVE_FLOAT,  [VTR_TYPE_F64] = H5T_NATIVE_DOUBLE,
    };
    hsize_t sizes[4], chunk[4] = {1, 1, info->shape[2], info->shape[3]};
    for (int i = 0; i < 4; i++)
        sizes[i] = info->shape[i];
    hid_t space = H5Screate_simple(4, sizes, NULL), properties = H5Pcreate(H5P_DATASET_CREATE), data = -1;
    if (H5Pset_chunk(properties, 4, chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
        H5Pset_deflate(properties, DEFLATE_LEVEL) >= 0)
        data = H5Dcreate2(group, "data", types[info->type], space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Pclose(properties);
    H5Sclose(space);
    if (data >= 0 && !vtr_hdf5_put_text(data, "units", "pixel intensity")) {
        H5Dclose(data);
        data = -1;
    }
    return data;
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

static bool write_structure(emd_state *state, const vtr_dataset_info *info)
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
    if (cube >= 0) state->data = make_data(cube, info);
    done = state->data >= 0;
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
    emd_state *state = vtr_malloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    *state = (emd_state){-1, -1};
    writer->state = state;
    if (vtr_dataset_frame_bytes(&writer->info) >= (size_t)1 << 31)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "cannot write '%s': frames of 2 GiB and more do not fit into HDF5 chunks",
                        writer->path);
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    state->file = H5Fcreate(writer->partial, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (state->file < 0 || !write_structure(state, &writer->info)) status = fail_hdf5(writer, err);
    vtr_hdf5_unlock();
    return status;
}

/* HDF5's shuffle filter: the first bytes of all items, then the second bytes, ... */
static void shuffle(unsigned char *out, const unsigned char *in, size_t n, size_t item)
{
    for (size_t b = 0; b < item; b++)
        for (size_t i = 0; i < n; i++)
            out[b * n + i] = in[i * item + b];
}

static vtr_status write_chunk(vtr_dataset_writer *writer, size_t position, const void *chunk, size_t n,
                              vtr_error *err)
{
    emd_state *state = writer->state;
    hsize_t offset[4] = {position / writer->info.shape[1], position % writer->info.shape[1], 0, 0};
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    if (H5Dwrite_chunk(state->data, H5P_DEFAULT, 0, offset, n, chunk) < 0) status = fail_hdf5(writer, err);
    vtr_hdf5_unlock();
    return status;
}

static vtr_status write_emd(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                            vtr_error *err)
{
    size_t frame_bytes = vtr_dataset_frame_bytes(&writer->info), item = vtr_type_size(writer->info.type);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    size_t bound = compressor != NULL ? libdeflate_zlib_compress_bound(compressor, frame_bytes) : 0;
    unsigned char *shuffled = vtr_malloc(frame_bytes, 1), *packed = bound > 0 ? vtr_malloc(bound, 1) : NULL;
    vtr_status status = VTR_OK;
    if (shuffled == NULL || packed == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
        goto cleanup;
    }
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        shuffle(shuffled, (const unsigned char *)frames + i * frame_bytes, frame_bytes / item, item);
        size_t packed_bytes = libdeflate_zlib_compress(compressor, shuffled, frame_bytes, packed, bound);
        status = packed_bytes > 0
                     ? write_chunk(writer, first + i, packed, packed_bytes, err)
                     : vtr_fail(err, VTR_ERR_IO, "cannot compress a frame for '%s'", writer->path);
    }

cleanup:
    vtr_free(packed);
    vtr_free(shuffled);
    if (compressor != NULL) libdeflate_free_compressor(compressor);
    return status;
}

static vtr_status close_emd(vtr_dataset_writer *writer, bool is_kept, vtr_error *err)
{
    emd_state *state = writer->state;
    if (state == NULL) return VTR_OK;
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    if (is_kept && H5Fflush(state->file, H5F_SCOPE_LOCAL) < 0) status = fail_hdf5(writer, err);
    if (state->data >= 0) H5Dclose(state->data);
    if (state->file >= 0 && H5Fclose(state->file) < 0 && is_kept && status == VTR_OK)
        status = fail_hdf5(writer, err);
    vtr_hdf5_unlock();
    vtr_free(state);
    return status;
}

const vtr_writer_format vtr_writer_emd = {
    .endings = {".h5", ".hdf5", ".emd"}, .open = open_emd, .write = write_emd, .close = close_emd};
