/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zarr 2 and HyperSpy's .zspy, folders and zip files. */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/zarr_internal.h"
#include "vitrail/memory.h"

typedef struct zarr {
    zarr_store store;
    zarr_array array;
    zarr_cache *cache;
} zarr;

static bool probe(const unsigned char *head, size_t n)
{
    return n >= 4 && memcmp(head, "PK\3\4", 4) == 0;
}

static double elements(const zarr_array *array)
{
    double n = 1;
    for (size_t i = 0; i < array->rank; i++)
        n *= (double)array->shape[i];
    return n;
}

/* The one that is asked for, else the largest of two to four dimensions; else the first is told to be none. */
static vtr_status choose_array(zarr *z, const vtr_dataset_params *params, vtr_error *err)
{
    if (params->dataset != NULL)
        return zarr_array_read(&z->array, &z->store, params->dataset + strspn(params->dataset, "/"), err);
    if (z->store.n_arrays == 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': no array of Zarr's version 2 is in it",
                        z->store.path);
    zarr_array now;
    vtr_status status = zarr_array_read(&z->array, &z->store, z->store.arrays[0], err);
    for (size_t i = 1; i < z->store.n_arrays; i++) {
        if (zarr_array_read(&now, &z->store, z->store.arrays[i], NULL) != VTR_OK || now.rank < 2 ||
            now.rank > 4)
            continue;
        if (status == VTR_OK && z->array.rank >= 2 && z->array.rank <= 4 &&
            elements(&now) <= elements(&z->array))
            continue;
        z->array = now;
        status = VTR_OK;
    }
    return status;
}

/* HyperSpy's axes stand beside the array, in its order; other programs' arrays say nothing that all agree on. */
static void calibrate(vtr_dataset *dataset, const zarr *z)
{
    char group[ZARR_MAX_KEY], key[ZARR_MAX_KEY + 64], unit[64];
    double step, energy;
    snprintf(group, sizeof group, "%s", z->array.key);
    char *slash = strrchr(group, '/');
    if (slash == NULL) return;
    slash[1] = '\0';
    for (size_t i = 0; i < z->array.rank; i++) {
        snprintf(key, sizeof key, "%saxis-%zu", group, i);
        if (zarr_attribute_number(&z->store, key, "scale", &step) &&
            zarr_attribute_text(&z->store, key, "units", unit, sizeof unit))
            vtr_dataset_calibrate(dataset, (int)(4 - z->array.rank + i), step, unit);
    }
    snprintf(key, sizeof key, "%smetadata/Acquisition_instrument/TEM", group);
    if (zarr_attribute_number(&z->store, key, "beam_energy", &energy) && energy > 0)
        dataset->info.beam_energy_kev = energy;
}

/* Chunks that a row of the scan touches, if they fit into part of the memory; several threads read different ones. */
static size_t cache_bytes(const zarr_array *array)
{
    const size_t least = (size_t)64 << 20, most = (size_t)1 << 30;
    size_t left = vtr_memory_left() / 8, chunk = vtr_type_size(array->type);
    double row = (double)vtr_type_size(array->type);
    for (size_t i = 0; i < array->rank; i++) {
        bool is_scan_row = array->rank == 4 && i == 0;
        chunk *= (size_t)array->chunk[i];
        double chunks = is_scan_row ? 1 : (double)((array->shape[i] + array->chunk[i] - 1) / array->chunk[i]);
        row *= chunks * (double)array->chunk[i];
    }
    size_t wanted = row < (double)most ? (size_t)row + chunk : most;
    if (wanted < least) wanted = least;
    return wanted < left ? wanted : left;
}

static vtr_status open_zarr(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    zarr *z = vtr_calloc(1, sizeof *z);
    if (z == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    dataset->state = z; /* freed when the dataset is closed */
    vtr_status status = zarr_store_open(&z->store, dataset->path, &dataset->file, err);
    if (status == VTR_OK) status = choose_array(z, params, err);
    if (status != VTR_OK) return status;
    if (z->store.zip == NULL) dataset->info.file_bytes = z->store.bytes;
    dataset->info.type = z->array.type;
    snprintf(dataset->info.dataset, sizeof dataset->info.dataset, "/%.200s", z->array.key);
    status = vtr_dataset_set_shape(dataset, z->array.shape, z->array.rank, err);
    if (status == VTR_OK) status = zarr_cache_create(&z->cache, &z->array, cache_bytes(&z->array), err);
    if (status != VTR_OK) return status;
    dataset->stored_frames = vtr_dataset_n_positions(&dataset->info);
    calibrate(dataset, z);
    return VTR_OK;
}

/* Copies what a chunk holds of a frame. */
static void copy_part(unsigned char *frame, const unsigned char *chunk, const zarr *z, const size_t within[2],
                      const uint64_t place[ZARR_MAX_RANK])
{
    const zarr_array *a = &z->array;
    const size_t rank = a->rank, item = vtr_type_size(a->type);
    const size_t n_y = (size_t)a->shape[rank - 2], n_x = (size_t)a->shape[rank - 1],
                 c_y = (size_t)a->chunk[rank - 2], c_x = (size_t)a->chunk[rank - 1];
    const size_t y = (size_t)place[rank - 2] * c_y, x = (size_t)place[rank - 1] * c_x;
    const size_t rows = n_y - y < c_y ? n_y - y : c_y, columns = n_x - x < c_x ? n_x - x : c_x;
    size_t first = 0;
    if (rank == 4) first = within[0] * (size_t)a->chunk[1] + within[1];
    if (rank == 3) first = within[1];
    const unsigned char *from = chunk + first * c_y * c_x * item;
    for (size_t i = 0; i < rows; i++)
        memcpy(frame + ((y + i) * n_x + x) * item, from + i * c_x * item, columns * item);
}

static vtr_status read_frame(zarr *z, size_t scan_y, size_t scan_x, unsigned char *frame, vtr_error *err)
{
    const zarr_array *a = &z->array;
    const size_t rank = a->rank;
    uint64_t place[ZARR_MAX_RANK] = {0};
    size_t within[2] = {0, 0};
    if (rank == 4) {
        place[0] = scan_y / a->chunk[0];
        within[0] = (size_t)(scan_y % a->chunk[0]);
    }
    if (rank >= 3) {
        place[rank - 3] = scan_x / a->chunk[rank - 3];
        within[1] = (size_t)(scan_x % a->chunk[rank - 3]);
    }
    const uint64_t *shape = a->shape + rank - 2, *chunk = a->chunk + rank - 2;
    for (uint64_t y = 0; y * chunk[0] < shape[0]; y++)
        for (uint64_t x = 0; x * chunk[1] < shape[1]; x++) {
            const unsigned char *values = NULL;
            size_t taken;
            place[rank - 2] = y;
            place[rank - 1] = x;
            vtr_status status = zarr_chunk_take(&values, &taken, z->cache, &z->store, place, err);
            if (status != VTR_OK) return status;
            copy_part(frame, values, z, within, place);
            zarr_chunk_give_back(z->cache, taken);
        }
    return VTR_OK;
}

static vtr_status read_zarr(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    zarr *z = dataset->state;
    const size_t bytes = vtr_dataset_frame_bytes(&dataset->info);
    const size_t n_x = z->array.rank >= 3 ? (size_t)z->array.shape[z->array.rank - 3] : 1;
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        status =
            read_frame(z, (first + i) / n_x, (first + i) % n_x, (unsigned char *)frames + i * bytes, err);
    return status;
}

static void close_zarr(vtr_dataset *dataset)
{
    zarr *z = dataset->state;
    if (z == NULL) return;
    zarr_cache_free(z->cache);
    zarr_store_release(&z->store);
    vtr_free(z);
}

const vtr_dataset_format vtr_format_zarr = {
    .name = "Zarr", .probe = probe, .open = open_zarr, .read = read_zarr, .close = close_zarr};
