/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

/* Frames that are one chunk each, deflated or plain: the library hands over the chunk as it is stored, and each thread
 * decompresses its own, outside the lock. */

/* Whether the filters are none, deflate, or shuffle and deflate. */
static bool knows_filters(hid_t properties, bool *is_shuffled, bool *is_deflated)
{
    int n = H5Pget_nfilters(properties);
    *is_shuffled = *is_deflated = false;
    for (int i = 0; i < n; i++) {
        unsigned flags, configuration;
        size_t n_values = 0;
        char name[4];
        H5Z_filter_t filter = H5Pget_filter2(properties, (unsigned)i, &flags, &n_values, NULL, sizeof name,
                                             name, &configuration);
        if (filter == H5Z_FILTER_SHUFFLE && i == 0 && n == 2)
            *is_shuffled = true;
        else if (filter == H5Z_FILTER_DEFLATE && i == n - 1)
            *is_deflated = true;
        else
            return false;
    }
    return n <= 2;
}

/* Whether a chunk is one frame, whole. */
static bool chunk_is_frame(const vtr_hdf5 *hdf5, hid_t properties)
{
    hsize_t chunk[VTR_HDF5_MAX_RANK];
    if (H5Pget_layout(properties) != H5D_CHUNKED || H5Pget_chunk(properties, hdf5->rank, chunk) != hdf5->rank)
        return false;
    for (int i = 0; i < hdf5->rank; i++) {
        bool is_detector = i == hdf5->axis[2] || i == hdf5->axis[3];
        if (chunk[i] != (is_detector ? hdf5->sizes[i] : 1)) return false;
    }
    return true;
}

void vtr_hdf5_set_frames(vtr_dataset *dataset, vtr_hdf5 *hdf5, hid_t type)
{
    hid_t properties = H5Dget_create_plist(hdf5->parts[0].dataset);
    if (properties < 0) return;
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    bool is_plain = (class == H5T_INTEGER || class == H5T_FLOAT) &&
                    size == vtr_type_size(dataset->info.type) && H5Tget_precision(type) == 8 * size &&
                    !(class == H5T_INTEGER && dataset->info.type == VTR_TYPE_F64);
    H5T_order_t order = H5Tget_order(type);
    H5D_fill_value_t fill = H5D_FILL_VALUE_ERROR;
    H5Pfill_value_defined(properties, &fill);
    /* frames that were never written are zeros, unless the file says otherwise */
    hdf5->has_frame_chunks = is_plain && fill != H5D_FILL_VALUE_USER_DEFINED && !hdf5->scan_is_last &&
                             chunk_is_frame(hdf5, properties) &&
                             knows_filters(properties, &hdf5->is_shuffled, &hdf5->is_deflated);
    hdf5->is_swapped = order == (vtr_is_big_endian() ? H5T_ORDER_LE : H5T_ORDER_BE) && size > 1;
    H5Pclose(properties);
}

/* What one read works with; grows to the largest chunk. */
typedef struct scratch {
    unsigned char *stored, *plain;
    size_t stored_size;
    struct libdeflate_decompressor *decompressor;
} scratch;

/* Fetches the chunk of a stored frame; 0 bytes where it was never written. False when the library fails. */
static bool fetch(const vtr_hdf5 *hdf5, size_t frame, scratch *s, size_t frame_bytes, size_t *n,
                  uint32_t *mask)
{
    const vtr_hdf5_part *part = &hdf5->parts[0];
    hsize_t at[VTR_HDF5_MAX_RANK] = {0}, bytes = 0;
    size_t n_x = hdf5->axis[1] >= 0 ? (size_t)hdf5->sizes[hdf5->axis[1]] : 1;
    if (hdf5->axis[0] >= 0) at[hdf5->axis[0]] = frame / n_x;
    if (hdf5->axis[1] >= 0) at[hdf5->axis[1]] = frame % n_x;
    if (H5Dget_chunk_storage_size(part->dataset, at, &bytes) < 0) bytes = 0;
    *n = (size_t)bytes;
    if (bytes == 0) return true;
    if (bytes > 2 * frame_bytes + 4096) return false; /* more than deflate ever needs: damaged */
    if (bytes > s->stored_size) {
        vtr_free(s->stored);
        s->stored_size = 0;
        s->stored = vtr_malloc((size_t)bytes, 1);
        if (s->stored == NULL) return false;
        s->stored_size = (size_t)bytes;
    }
    return H5Dread_chunk(part->dataset, H5P_DEFAULT, at, mask, s->stored) >= 0;
}

/* Undoes HDF5's shuffle: first bytes of all items, then second bytes, ... */
static void unshuffle(unsigned char *out, const unsigned char *in, size_t n, size_t item)
{
    for (size_t b = 0; b < item; b++)
        for (size_t i = 0; i < n; i++)
            out[i * item + b] = in[b * n + i];
}

/* A chunk's stored bytes into a frame; `mask` says which filters were left out for it. */
static bool unpack(const vtr_hdf5 *hdf5, const scratch *s, size_t n, uint32_t mask, unsigned char *frame,
                   size_t frame_bytes, size_t item)
{
    bool is_deflated = hdf5->is_deflated && (mask & (hdf5->is_shuffled ? 2u : 1u)) == 0;
    bool is_shuffled = hdf5->is_shuffled && (mask & 1u) == 0 && item > 1;
    const unsigned char *bytes = s->stored;
    if (is_deflated) {
        unsigned char *to = is_shuffled ? s->plain : frame;
        size_t got = 0;
        if (libdeflate_zlib_decompress(s->decompressor, s->stored, n, to, frame_bytes, &got) !=
                LIBDEFLATE_SUCCESS ||
            got != frame_bytes)
            return false;
        bytes = to;
    } else if (n != frame_bytes) {
        return false;
    }
    if (is_shuffled)
        unshuffle(frame, bytes, frame_bytes / item, item);
    else if (bytes != frame)
        memcpy(frame, bytes, frame_bytes);
    return true;
}

vtr_status vtr_hdf5_read_frames(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const vtr_hdf5 *hdf5 = dataset->state;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info), item = vtr_type_size(dataset->info.type);
    scratch s = {.plain = vtr_malloc(frame_bytes, 1), .decompressor = libdeflate_alloc_decompressor()};
    vtr_status status = VTR_OK;
    if (s.plain == NULL || s.decompressor == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        unsigned char *frame = (unsigned char *)frames + i * frame_bytes;
        char reason[256] = "";
        size_t bytes = 0;
        uint32_t mask = 0;
        vtr_hdf5_lock();
        vtr_hdf5_trouble trouble;
        unsigned long mark = vtr_hdf5_mark();
        bool done = fetch(hdf5, first + i, &s, frame_bytes, &bytes, &mask);
        if (vtr_hdf5_had_unread_since(mark, &trouble)) {
            done = false;
            snprintf(reason, sizeof reason, "%s", trouble.reason);
        } else if (!done) {
            vtr_hdf5_reason(reason, sizeof reason);
        }
        vtr_hdf5_unlock();
        if (!done)
            status = vtr_fail(err, VTR_ERR_IO, "%s", reason);
        else if (bytes == 0)
            memset(frame, 0, frame_bytes); /* never written */
        else if (!unpack(hdf5, &s, bytes, mask, frame, frame_bytes, item))
            status = vtr_fail(err, VTR_ERR_IO, "its compressed numbers are damaged");
    }
    if (status == VTR_OK && hdf5->is_swapped) vtr_swap_bytes(frames, n * (frame_bytes / item), item);
    if (s.decompressor != NULL) libdeflate_free_decompressor(s.decompressor);
    vtr_free(s.plain);
    vtr_free(s.stored);
    return status;
}
