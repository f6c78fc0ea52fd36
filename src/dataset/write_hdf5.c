/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataset/write_hdf5.h"

#include <libdeflate.h>

#include "base/base_internal.h"
#include "base/hdf5_write.h"

enum { DEFLATE_LEVEL = 1 };

static vtr_status fail_hdf5(const vtr_dataset_writer *writer, vtr_error *err)
{
    char reason[256];
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

hid_t vtr_write_hdf5_make_data(hid_t group, const vtr_dataset_info *info)
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
    return data;
}

vtr_status vtr_write_hdf5_open(vtr_dataset_writer *writer,
                               bool (*build)(vtr_hdf5_writer *state, const vtr_dataset_info *info),
                               vtr_error *err)
{
    vtr_hdf5_writer *state = vtr_malloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    *state = (vtr_hdf5_writer){-1, -1};
    writer->state = state;
    if (vtr_dataset_frame_bytes(&writer->info) >= (size_t)1 << 31)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "cannot write '%s': frames of 2 GiB and more do not fit into HDF5 chunks",
                        writer->path);
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    state->file = vtr_hdf5_create(writer->partial);
    if (state->file < 0 || !build(state, &writer->info)) status = fail_hdf5(writer, err);
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
    vtr_hdf5_writer *state = writer->state;
    hsize_t offset[4] = {position / writer->info.shape[1], position % writer->info.shape[1], 0, 0};
    vtr_status status = VTR_OK;
    vtr_hdf5_lock();
    if (H5Dwrite_chunk(state->data, H5P_DEFAULT, 0, offset, n, chunk) < 0) status = fail_hdf5(writer, err);
    vtr_hdf5_unlock();
    return status;
}

vtr_status vtr_write_hdf5_frames(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
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

vtr_status vtr_write_hdf5_close(vtr_dataset_writer *writer, bool is_kept, vtr_error *err)
{
    vtr_hdf5_writer *state = writer->state;
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
