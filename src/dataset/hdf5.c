/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

/* HDF5 recordings: any dataset of two to four dimensions (five with one of size 1), in the layouts of EMD, HyperSpy,
 * NeXus, fpd, Velox and DigitalMicrograph 5. The library is entered by one thread at a time; frames that are stored
 * plainly are read past it, with pread. */

enum { CACHE_MAX_BYTES = 512 << 20, CHUNK_MAX_BYTES = 1 << 30 };

static bool probe(const unsigned char *head, size_t n)
{
    static const unsigned char magic[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    /* behind a user block of 512, 1024, 2048 bytes the file begins later */
    for (size_t at = 0; at + sizeof magic <= n; at = at == 0 ? 512 : 2 * at)
        if (memcmp(head + at, magic, sizeof magic) == 0) return true;
    return false;
}

/* The dimensions of the file as scan_y, scan_x, det_y, det_x. */
static vtr_status assign_axes(vtr_dataset *dataset, vtr_hdf5 *hdf5, vtr_hdf5_layout layout, vtr_error *err)
{
    int rank = hdf5->rank;
    if (rank < 2 || rank > 5)
        return vtr_fail(
            err, VTR_ERR_SHAPE,
            "cannot read '%s': dataset '%s' has %d dimensions; a recording has four, a stack of patterns "
            "three, one pattern two",
            dataset->path, dataset->info.dataset, rank);
    int scan[3], n_scan = 0;
    if (layout == VTR_HDF5_VELOX && rank == 3) { /* rows, columns, frames */
        hdf5->axis[2] = 0;
        hdf5->axis[3] = 1;
        scan[n_scan++] = 2;
        hdf5->scan_is_last = hdf5->sizes[2] > 1;
    } else {
        hdf5->axis[2] = rank - 2;
        hdf5->axis[3] = rank - 1;
        for (int i = 0; i < rank - 2; i++)
            scan[n_scan++] = i;
    }
    /* an axis of size 1 (a colour, a detector's number) is no scan axis; looked for from the detector outwards */
    for (int i = n_scan - 1; i >= 0 && n_scan > 2; i--) {
        if (hdf5->sizes[scan[i]] != 1) continue;
        memmove(&scan[i], &scan[i + 1], (size_t)(n_scan - 1 - i) * sizeof *scan);
        n_scan--;
    }
    if (n_scan > 2)
        return vtr_fail(err, VTR_ERR_SHAPE, "cannot read '%s': dataset '%s' has three scan dimensions",
                        dataset->path, dataset->info.dataset);
    hdf5->axis[0] = n_scan == 2 ? scan[0] : -1;
    hdf5->axis[1] = n_scan >= 1 ? scan[n_scan - 1] : -1;
    for (int i = 0; i < 4; i++) {
        hsize_t size = hdf5->axis[i] >= 0 ? hdf5->sizes[hdf5->axis[i]] : 1;
        dataset->info.shape[i] = (size_t)size;
    }
    return vtr_dataset_check_shape(dataset, err);
}

static vtr_status choose_type(vtr_dataset *dataset, vtr_hdf5 *hdf5, hid_t type, vtr_error *err)
{
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    static const struct {
        H5T_class_t class;
        bool is_signed;
        size_t size;
        vtr_type type;
    } types[] = {
        {H5T_INTEGER, false, 1, VTR_TYPE_U8},  {H5T_INTEGER, false, 2, VTR_TYPE_U16},
        {H5T_INTEGER, false, 4, VTR_TYPE_U32}, {H5T_INTEGER, false, 8, VTR_TYPE_F64},
        {H5T_INTEGER, true, 1, VTR_TYPE_I8},   {H5T_INTEGER, true, 2, VTR_TYPE_I16},
        {H5T_INTEGER, true, 4, VTR_TYPE_I32},  {H5T_INTEGER, true, 8, VTR_TYPE_F64},
        {H5T_FLOAT, false, 2, VTR_TYPE_F32},   {H5T_FLOAT, false, 4, VTR_TYPE_F32},
        {H5T_FLOAT, false, 8, VTR_TYPE_F64},   {H5T_ENUM, false, 1, VTR_TYPE_U8},
    };
    const hid_t native[VTR_TYPE_COUNT] = {
        [VTR_TYPE_U8] = H5T_NATIVE_UINT8,   [VTR_TYPE_U16] = H5T_NATIVE_UINT16,
        [VTR_TYPE_U32] = H5T_NATIVE_UINT32, [VTR_TYPE_I8] = H5T_NATIVE_INT8,
        [VTR_TYPE_I16] = H5T_NATIVE_INT16,  [VTR_TYPE_I32] = H5T_NATIVE_INT32,
        [VTR_TYPE_F32] = H5T_NATIVE_FLOAT,  [VTR_TYPE_F64] = H5T_NATIVE_DOUBLE,
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].class != class || types[i].is_signed != is_signed || types[i].size != size) continue;
        dataset->info.type = types[i].type;
        hdf5->memory_type = native[types[i].type];
        if (class == H5T_INTEGER && size == 8)
            vtr_dataset_note(dataset, "64-bit integers are read as f64 (exact up to 2^53)");
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_TYPE,
                    "cannot read '%s': dataset '%s' does not hold integers or floats of up to 8 bytes",
                    dataset->path, dataset->info.dataset);
}

/* Bytes of the chunks that one scan row of frames touches: what the cache has to hold so that reading in scan order
 * decompresses each chunk once. 0: not chunked. */
static double row_bytes(const vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t properties,
                        double *chunk_bytes)
{
    hsize_t chunk[VTR_HDF5_MAX_RANK];
    if (H5Pget_layout(properties) != H5D_CHUNKED || H5Pget_chunk(properties, hdf5->rank, chunk) != hdf5->rank)
        return 0;
    double n_chunks = 1;
    *chunk_bytes = (double)vtr_type_size(dataset->info.type);
    for (int i = 0; i < hdf5->rank; i++) {
        *chunk_bytes *= (double)chunk[i];
        if (i != hdf5->axis[0]) n_chunks *= (double)((hdf5->sizes[i] + chunk[i] - 1) / chunk[i]);
    }
    return n_chunks * *chunk_bytes;
}

/* Opens a dataset with a chunk cache that suits reading in scan order. */
static vtr_status open_with_cache(hid_t *opened, const vtr_dataset *dataset, const vtr_hdf5 *hdf5,
                                  const char *path, vtr_error *err)
{
    hid_t probe_it = H5Dopen2(hdf5->file, path, H5P_DEFAULT);
    hid_t properties = probe_it >= 0 ? H5Dget_create_plist(probe_it) : -1, access = -1;
    double chunk_bytes = 0, bytes = properties >= 0 ? row_bytes(dataset, hdf5, properties, &chunk_bytes) : 0;
    if (properties >= 0) H5Pclose(properties);
    if (probe_it >= 0) H5Dclose(probe_it);
    if (chunk_bytes > CHUNK_MAX_BYTES)
        return vtr_fail(
            err, VTR_ERR_FORMAT,
            "cannot read '%s': dataset '%s' is stored in chunks of %.1f GiB; repack it frame by frame, "
            "with h5repack -l CHUNK",
            dataset->path, path, chunk_bytes / 1073741824);
    if (bytes > CACHE_MAX_BYTES) bytes = CACHE_MAX_BYTES;
    if (bytes < chunk_bytes) bytes = chunk_bytes;
    access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access >= 0 && bytes > 1 << 20) H5Pset_chunk_cache(access, 100003, (size_t)bytes, 1.0);
    *opened = H5Dopen2(hdf5->file, path, access >= 0 ? access : H5P_DEFAULT);
    if (access >= 0) H5Pclose(access);
    if (*opened >= 0) return VTR_OK;
    char reason[256];
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': dataset '%s': %s", dataset->path, path,
                    vtr_hdf5_reason(reason, sizeof reason));
}

/* Whether the numbers lie plainly in this very file; then sets up dataset->flat. */
static bool lies_flat(vtr_dataset *dataset, const vtr_hdf5 *hdf5, hid_t opened, hid_t type)
{
    H5O_info_t here, there;
    hid_t properties = H5Dget_create_plist(opened);
    if (properties < 0) return false;
    bool is_plain = H5Pget_layout(properties) == H5D_CONTIGUOUS && H5Pget_external_count(properties) == 0;
    H5Pclose(properties);
    haddr_t offset = H5Dget_offset(opened);
    H5T_class_t class = H5Tget_class(type);
    if (!is_plain || offset == HADDR_UNDEF || hdf5->scan_is_last ||
        (class != H5T_INTEGER && class != H5T_FLOAT) ||
        H5Tget_size(type) != vtr_type_size(dataset->info.type) ||
        H5Tget_precision(type) != 8 * H5Tget_size(type) || H5Oget_info(opened, &there) < 0 ||
        H5Oget_info(hdf5->file, &here) < 0 || here.fileno != there.fileno)
        return false;
    if (class == H5T_INTEGER && dataset->info.type == VTR_TYPE_F64)
        dataset->flat.stored = H5Tget_sign(type) == H5T_SGN_2 ? VTR_FLAT_SIGNED_64 : VTR_FLAT_UNSIGNED_64;
    H5T_order_t order = H5Tget_order(type);
    if (order != H5T_ORDER_LE && order != H5T_ORDER_BE && order != H5T_ORDER_NONE) return false;
    dataset->flat.is_swapped = order != H5T_ORDER_NONE && (order == H5T_ORDER_BE) != vtr_is_big_endian();
    dataset->flat.offset = offset;
    dataset->flat.stride = vtr_dataset_frame_bytes(&dataset->info);
    return vtr_flat_count(dataset, (size_t)dataset->flat.stride) >= vtr_dataset_n_positions(&dataset->info);
}

/* Detectors of DECTRIS write data_000001, data_000002, ...: the other parts, as far as they fit the first. */
static void add_parts(vtr_dataset *dataset, vtr_hdf5 *hdf5)
{
    char name[256];
    snprintf(name, sizeof name, "%s", dataset->info.dataset);
    size_t length = strlen(name), digits = 6;
    if (hdf5->rank != 3 || length <= digits || strcmp(name + length - digits, "000001") != 0) return;
    for (unsigned number = 2; number < VTR_HDF5_MAX_PARTS; number++) {
        snprintf(name + length - digits, digits + 1, "%06u", number);
        if (H5Lexists(hdf5->file, name, H5P_DEFAULT) <= 0) return;
        hsize_t sizes[VTR_HDF5_MAX_RANK] = {0};
        hid_t opened = H5Dopen2(hdf5->file, name, H5P_DEFAULT);
        hid_t space = opened >= 0 ? H5Dget_space(opened) : -1;
        bool fits = space >= 0 && H5Sget_simple_extent_ndims(space) == 3 &&
                    H5Sget_simple_extent_dims(space, sizes, NULL) == 3 && sizes[1] == hdf5->sizes[1] &&
                    sizes[2] == hdf5->sizes[2] && sizes[0] < (hsize_t)1 << 40;
        if (space >= 0) H5Sclose(space);
        if (!fits) {
            vtr_dataset_note(dataset, "the part '%s' is missing or does not fit", name);
            if (opened >= 0) H5Dclose(opened);
            return;
        }
        hdf5->parts[hdf5->n_parts++] = (vtr_hdf5_part){opened, dataset->info.shape[1], (size_t)sizes[0]};
        dataset->info.shape[1] += (size_t)sizes[0];
        hdf5->is_flat = false;
    }
}

/* The scan of an ARINA recording stands in a file beside the master file: RUN.h5 for RUN_master.h5. */
static void read_scan_shape(vtr_dataset *dataset)
{
    static const char ending[] = "_master.h5";
    size_t n = strlen(dataset->path), m = sizeof ending - 1;
    if (n <= m || strcmp(dataset->path + n - m, ending) != 0) return;
    char *path = vtr_strdup(dataset->path);
    if (path == NULL) return;
    memcpy(path + n - m, ".h5", 4);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    vtr_free(path);
    if (file < 0) return;
    hid_t group = vtr_hdf5_open_object(file, "STEM Metadata");
    double x, y;
    if (group >= 0 && vtr_hdf5_attribute_number(group, "NumPixelsX", &x) &&
        vtr_hdf5_attribute_number(group, "NumPixelsY", &y) && x >= 1 && y >= 1 && x < 1e6 && y < 1e6) {
        dataset->info.shape[0] = (size_t)y;
        dataset->info.shape[1] = (size_t)x;
    }
    if (group >= 0) H5Oclose(group);
    H5Fclose(file);
}

/* Shape, type, and the way to the frames of the chosen dataset. */
static vtr_status open_frames(vtr_dataset *dataset, vtr_hdf5 *hdf5, vtr_hdf5_layout layout, vtr_error *err)
{
    const char *path = dataset->info.dataset;
    vtr_status status = VTR_OK;
    hid_t first = H5Dopen2(hdf5->file, path, H5P_DEFAULT), type = -1, space = -1;
    if (first < 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': '%s' is no dataset", dataset->path, path);
    type = H5Dget_type(first);
    space = H5Dget_space(first);
    hdf5->rank = H5Sget_simple_extent_ndims(space);
    if (hdf5->rank > 0 && hdf5->rank <= VTR_HDF5_MAX_RANK)
        H5Sget_simple_extent_dims(space, hdf5->sizes, NULL);
    status = choose_type(dataset, hdf5, type, err);
    if (status == VTR_OK) status = assign_axes(dataset, hdf5, layout, err);
    if (status == VTR_OK) status = vtr_hdf5_check_filters(first, dataset->path, path, err);
    if (status != VTR_OK) goto cleanup;
    hdf5->parts = vtr_calloc(VTR_HDF5_MAX_PARTS, sizeof *hdf5->parts);
    if (hdf5->parts == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
        goto cleanup;
    }
    status = open_with_cache(&hdf5->parts[0].dataset, dataset, hdf5, path, err);
    if (status != VTR_OK) goto cleanup;
    hdf5->n_parts = 1;
    hdf5->parts[0].n = vtr_dataset_n_positions(&dataset->info);
    hdf5->is_flat = lies_flat(dataset, hdf5, hdf5->parts[0].dataset, type);
    add_parts(dataset, hdf5);
    dataset->flat.is_plain = hdf5->is_flat && dataset->flat.stored == VTR_FLAT_AS_IS;
    if (hdf5->n_parts == 1) vtr_hdf5_set_frames(dataset, hdf5, type);
    status = vtr_dataset_check_shape(dataset, err);
    dataset->stored_frames = vtr_dataset_n_positions(&dataset->info);

cleanup:
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Dclose(first);
    return status;
}

static vtr_status open_locked(vtr_dataset *dataset, vtr_hdf5 *hdf5, const vtr_dataset_params *params,
                              vtr_error *err)
{
    char reason[256];
    size_t n_others = 0;
    vtr_hdf5_register_filters();
    hdf5->file = H5Fopen(dataset->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (hdf5->file < 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s' as HDF5: %s", dataset->path,
                        vtr_hdf5_reason(reason, sizeof reason));
    vtr_hdf5_layout layout = vtr_hdf5_find_layout(hdf5->file);
    snprintf(dataset->info.format, sizeof dataset->info.format, "%s", vtr_hdf5_layout_name(layout));
    vtr_status status =
        vtr_hdf5_find(dataset, hdf5->file, layout, params->dataset, dataset->info.dataset, &n_others, err);
    if (status != VTR_OK) return status;
    status = open_frames(dataset, hdf5, layout, err);
    if (status != VTR_OK) return status;
    vtr_hdf5_calibrate(dataset, hdf5, layout, dataset->info.dataset);
    if (layout == VTR_HDF5_NEXUS && hdf5->rank == 3) read_scan_shape(dataset);
    if (n_others > 0)
        vtr_dataset_note(dataset, "%zu other datasets would do as well; choose with --dataset", n_others);
    return VTR_OK;
}

static vtr_status open_hdf5(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    vtr_hdf5 *hdf5 = vtr_calloc(1, sizeof *hdf5);
    if (hdf5 == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    hdf5->file = -1;
    dataset->state = hdf5;
    vtr_hdf5_lock();
    vtr_hdf5_trouble trouble;
    unsigned long mark = vtr_hdf5_mark();
    vtr_status status = open_locked(dataset, hdf5, params, err);
    if (vtr_hdf5_had_unread_since(mark, &trouble))
        status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", dataset->path, trouble.reason);
    vtr_hdf5_unlock();
    return status;
}

/* Frames of one run along scan_x, or of whole scan rows, of one part: one box of the dataset. */
static bool read_box(const vtr_hdf5 *hdf5, const vtr_hdf5_part *part, size_t y, size_t n_y, size_t x,
                     size_t n_x, void *frames)
{
    hsize_t start[VTR_HDF5_MAX_RANK] = {0}, count[VTR_HDF5_MAX_RANK], total = 1;
    memcpy(count, hdf5->sizes, sizeof count);
    if (hdf5->axis[0] >= 0) {
        start[hdf5->axis[0]] = y;
        count[hdf5->axis[0]] = n_y;
    }
    if (hdf5->axis[1] >= 0) {
        start[hdf5->axis[1]] = x;
        count[hdf5->axis[1]] = n_x;
    }
    for (int i = 0; i < hdf5->rank; i++)
        total *= count[i];
    hid_t space = H5Dget_space(part->dataset), memory = H5Screate_simple(1, &total, NULL);
    bool done = space >= 0 && memory >= 0 &&
                H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                H5Dread(part->dataset, hdf5->memory_type, memory, space, H5P_DEFAULT, frames) >= 0;
    if (memory >= 0) H5Sclose(memory);
    if (space >= 0) H5Sclose(space);
    return done;
}

static bool read_part(const vtr_hdf5 *hdf5, const vtr_hdf5_part *part, size_t first, size_t n,
                      size_t frame_bytes, char *frames)
{
    size_t row = hdf5->n_parts > 1 ? part->n : hdf5->axis[1] >= 0 ? (size_t)hdf5->sizes[hdf5->axis[1]] : 1;
    while (n > 0) {
        size_t y = first / row, x = first % row, n_y = 1, n_x = row - x < n ? row - x : n;
        if (x == 0 && n_x == row) n_y = n / row;
        if (!read_box(hdf5, part, y, n_y, x, n_x, frames)) return false;
        first += n_y * n_x;
        frames += n_y * n_x * frame_bytes;
        n -= n_y * n_x;
    }
    return true;
}

/* [det_y][det_x][n] as it comes from a file whose scan varies fastest, into [n][det_y][det_x]. */
static void gather(char *frames, const char *stored, size_t pixels, size_t n, size_t item)
{
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < pixels; p++)
            memcpy(frames + (i * pixels + p) * item, stored + (p * n + i) * item, item);
}

static vtr_status read_hdf5(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    vtr_hdf5 *hdf5 = dataset->state;
    if (hdf5->is_flat) return vtr_flat_read(dataset, first, n, frames, err);
    if (hdf5->has_frame_chunks) return vtr_hdf5_read_frames(dataset, first, n, frames, err);
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    char *to = frames, *stored = NULL;
    if (hdf5->scan_is_last && n > 1) {
        to = stored = vtr_malloc(n, frame_bytes);
        if (stored == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    }
    bool done = true;
    char reason[256] = "";
    vtr_hdf5_lock();
    for (size_t i = 0, left = n; i < hdf5->n_parts && left > 0 && done; i++) {
        const vtr_hdf5_part *part = &hdf5->parts[i];
        if (first >= part->first + part->n) continue;
        size_t from = first - part->first, here = part->n - from < left ? part->n - from : left;
        done = read_part(hdf5, part, from, here, frame_bytes, to + (n - left) * frame_bytes);
        first += here;
        left -= here;
    }
    if (!done) vtr_hdf5_reason(reason, sizeof reason);
    vtr_hdf5_unlock();
    if (done && stored != NULL)
        gather(frames, stored, vtr_dataset_frame_pixels(&dataset->info), n,
               vtr_type_size(dataset->info.type));
    vtr_free(stored);
    return done ? VTR_OK : vtr_fail(err, VTR_ERR_IO, "%s", reason);
}

static void close_hdf5(vtr_dataset *dataset)
{
    vtr_hdf5 *hdf5 = dataset->state;
    if (hdf5 == NULL) return;
    vtr_hdf5_lock();
    for (size_t i = 0; i < hdf5->n_parts; i++)
        H5Dclose(hdf5->parts[i].dataset);
    if (hdf5->file >= 0) H5Fclose(hdf5->file);
    vtr_hdf5_unlock();
    vtr_free(hdf5->parts);
    vtr_free(hdf5);
}

const vtr_dataset_format vtr_format_hdf5 = {
    .name = "HDF5", .probe = probe, .open = open_hdf5, .read = read_hdf5, .close = close_hdf5};
