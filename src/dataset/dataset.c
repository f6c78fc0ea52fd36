/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/empad_internal.h"
#include "dataset/folder_internal.h"
#include "dataset/zarr_internal.h"
#include "vitrail/constants.h"

/* One line a format; the first whose probe knows the bytes opens the file, raw last: it knows no bytes. */
static const vtr_dataset_format *const formats[] = {
    &vtr_format_npy,  &vtr_format_hdf5, &vtr_format_merlin, &vtr_format_mrc,   &vtr_format_dm,
    &vtr_format_tiff, &vtr_format_png,  &vtr_format_bmp,    &vtr_format_blo,   &vtr_format_seq,
    &vtr_format_ser,  &vtr_format_emi,  &vtr_format_empad,  &vtr_format_tvips, &vtr_format_zarr,
    &vtr_format_csr,  &vtr_format_raw,
};

enum { HEAD_BYTES = 4096 };

size_t vtr_dataset_n_positions(const vtr_dataset_info *info)
{
    return info->shape[0] * info->shape[1];
}

size_t vtr_dataset_frame_pixels(const vtr_dataset_info *info)
{
    return info->shape[2] * info->shape[3];
}

size_t vtr_dataset_frame_bytes(const vtr_dataset_info *info)
{
    return vtr_dataset_frame_pixels(info) * vtr_type_size(info->type);
}

void vtr_dataset_note(vtr_dataset *dataset, const char *format, ...)
{
    char *note = dataset->info.note;
    size_t used = strlen(note), size = sizeof dataset->info.note;
    if (used > 0 && used + 2 < size) {
        memcpy(note + used, "; ", 3);
        used += 2;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note + used, size - used, format, arguments);
    va_end(arguments);
}

static vtr_status impossible(const vtr_dataset *dataset, vtr_error *err)
{
    const size_t *s = dataset->info.shape;
    return vtr_fail(
        err, VTR_ERR_SHAPE,
        "cannot read '%s': its header asks for %zu x %zu x %zu x %zu values, which no recording has",
        dataset->path, s[0], s[1], s[2], s[3]);
}

vtr_status vtr_dataset_check_shape(const vtr_dataset *dataset, vtr_error *err)
{
    const size_t *s = dataset->info.shape;
    const size_t most_positions = (size_t)1 << 40, most_pixels = (size_t)1 << 30,
                 most_bytes = (size_t)1 << 55;
    for (int i = 0; i < 4; i++)
        if (s[i] == 0)
            return vtr_fail(err, VTR_ERR_SHAPE,
                            "cannot read '%s': its shape %zu x %zu x %zu x %zu holds nothing", dataset->path,
                            s[0], s[1], s[2], s[3]);
    size_t positions, pixels, bytes;
    if (!vtr_multiply_size(s[0], s[1], &positions) || positions > most_positions ||
        !vtr_multiply_size(s[2], s[3], &pixels) || pixels > most_pixels ||
        !vtr_multiply_size(positions, vtr_dataset_frame_bytes(&dataset->info), &bytes) || bytes > most_bytes)
        return impossible(dataset, err);
    return VTR_OK;
}

vtr_status vtr_dataset_set_shape(vtr_dataset *dataset, const uint64_t *sizes, size_t n_sizes, vtr_error *err)
{
    if (n_sizes < 2 || n_sizes > 4)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "cannot read '%s': its array has %zu dimensions; a recording has four, a stack of "
                        "patterns three, one pattern two",
                        dataset->path, n_sizes);
    size_t *shape = dataset->info.shape;
    shape[0] = shape[1] = 1;
    for (size_t i = 0; i < n_sizes; i++)
        shape[4 - n_sizes + i] = (size_t)sizes[i];
    return vtr_dataset_check_shape(dataset, err);
}

size_t vtr_dataset_count_positions(const vtr_dataset *dataset, size_t stored_frames)
{
    const size_t *shape = dataset->info.shape;
    if (stored_frames <= dataset->skip_frames) return 0;
    size_t available = stored_frames - dataset->skip_frames, row = shape[1] + dataset->flyback;
    size_t full_rows = available / row, rest = available % row;
    if (full_rows >= shape[0]) return shape[0] * shape[1];
    if (rest >= shape[1]) return (full_rows + 1) * shape[1];
    /* a row that runs backwards begins at its end */
    if (dataset->is_snake && full_rows % 2 == 1) return full_rows * shape[1];
    return full_rows * shape[1] + rest;
}

/* Which stored frames belong to the positions of the scan, and how many positions have theirs. */
static vtr_status arrange(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    vtr_dataset_info *info = &dataset->info;
    dataset->skip_frames = params->skip_frames;
    dataset->flyback = params->flyback;
    dataset->is_snake = params->snake;
    if (params->skip_frames >= dataset->stored_frames)
        return vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': %s", dataset->path,
                        dataset->stored_frames == 0 ? "it holds no whole frame"
                                                    : "--skip leaves none of its frames");
    size_t available = dataset->stored_frames - params->skip_frames;
    if (params->scan_shape[0] != 0) {
        if (params->scan_shape[1] == 0 || params->scan_shape[2] != 0)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--scan-shape is written ROWSxCOLUMNS");
        info->shape[0] = params->scan_shape[0];
        info->shape[1] = params->scan_shape[1];
        dataset->is_open_ended = false;
    } else if (info->shape[0] == 1 && params->skip_frames > 0) {
        info->shape[1] = available;
    }
    vtr_status status = vtr_dataset_check_shape(dataset, err);
    if (status != VTR_OK) return status;
    if (params->flyback > dataset->stored_frames)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--flyback %zu is more than the %zu frames of '%s'",
                        params->flyback, dataset->stored_frames, dataset->path);

    size_t row = info->shape[1] + dataset->flyback, n = vtr_dataset_n_positions(info);
    info->n_frames = dataset->n_readable = vtr_dataset_count_positions(dataset, dataset->stored_frames);
    if (info->n_frames < n)
        vtr_dataset_note(dataset, "the recording ends early: %zu of %zu positions have a frame",
                         info->n_frames, n);
    size_t used = info->shape[0] * row;
    if (available > used)
        vtr_dataset_note(dataset, "%zu frames more than the scan of %zu x %zu has positions",
                         available - used, info->shape[0], info->shape[1]);
    if (info->n_frames == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': no position has its frame", dataset->path);
    return VTR_OK;
}

/* What the caller gives replaces the file's; angles become k once the energy is known. */
static void calibrate(vtr_dataset *dataset, const vtr_dataset_params *params)
{
    vtr_dataset_info *info = &dataset->info;
    if (!isnan(params->beam_energy_kev)) info->beam_energy_kev = params->beam_energy_kev;
    for (int i = 0; i < 2; i++) {
        if (!isnan(dataset->angle_step_rad[i]) && isnan(info->k_step_inv_angstrom[i]) &&
            info->beam_energy_kev > 0)
            info->k_step_inv_angstrom[i] =
                dataset->angle_step_rad[i] / vtr_electron_wavelength_angstrom(info->beam_energy_kev);
        if (!isnan(params->k_step)) info->k_step_inv_angstrom[i] = params->k_step;
        if (!isnan(params->scan_step_nm)) info->scan_step_nm[i] = params->scan_step_nm;
    }
    if (!isnan(dataset->angle_step_rad[1]) && isnan(info->k_step_inv_angstrom[1]))
        vtr_dataset_note(dataset, "pixels of %.6g mrad: give --energy to turn them into 1/Å",
                         1e3 * dataset->angle_step_rad[1]);
}

static vtr_status choose_format(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    unsigned char head[HEAD_BYTES];
    size_t n = 0;
    vtr_status status = vtr_file_read_some(&dataset->file, 0, head, sizeof head, &n, err);
    if (status != VTR_OK) return vtr_fail_context(err, status, "cannot read '%s'", dataset->path);
    size_t i = 0;
    while (!formats[i]->probe(head, n))
        i++;
    /* bare numbers whose shape stands in a file beside them */
    bool is_empad = formats[i] == &vtr_format_raw && params->shape[0] == 0 && vtr_empad_claims(dataset);
    dataset->format = is_empad ? &vtr_format_empad : formats[i];
    bool is_raw = dataset->format == &vtr_format_raw;
    if (!is_raw && (params->shape[0] != 0 || params->type != NULL))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' is a %s file and says its shape and type itself; leave out --shape and --type",
                        dataset->path, dataset->format->name);
    if (is_raw && n >= 2 && memcmp(head, "\x1f\x8b", 2) == 0 && params->shape[0] == 0)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': it is packed with gzip; unpack it first, with gunzip",
                        dataset->path);
    if (is_raw && params->shape[0] == 0 && vtr_text_ends_with_nocase(dataset->path, ".tvips"))
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': no header of a TVIPS file; name the first file of the series, "
                        "which ends in _000.tvips",
                        dataset->path);
    if (is_raw && params->shape[0] == 0)
        return vtr_fail(
            err, VTR_ERR_FORMAT,
            "cannot read '%s': no format that is known; for raw binary numbers give --shape and --type, "
            "or write them into '%s.yaml'",
            dataset->path, dataset->path);
    return VTR_OK;
}

/* Of a folder, which has no first bytes; NULL: of a file. */
static const vtr_dataset_format *folder_format(const char *path)
{
    return zarr_claims_folder(path) ? &vtr_format_zarr : vtr_folder_claims(path) ? &vtr_format_folder : NULL;
}

static vtr_dataset *new_dataset(const char *path)
{
    vtr_dataset *dataset = vtr_calloc(1, sizeof *dataset);
    if (dataset == NULL) return NULL;
    dataset->file.descriptor = -1;
    dataset->path = vtr_strdup(path);
    if (dataset->path == NULL) {
        vtr_free(dataset);
        return NULL;
    }
    vtr_dataset_info *info = &dataset->info;
    for (int i = 0; i < 2; i++)
        info->scan_step_nm[i] = info->k_step_inv_angstrom[i] = dataset->angle_step_rad[i] = (double)NAN;
    info->beam_energy_kev = info->saturation = (double)NAN;
    return dataset;
}

vtr_status vtr_dataset_open(vtr_dataset **out, const char *path, const vtr_dataset_params *params,
                            vtr_error *err)
{
    vtr_dataset_params all;
    vtr_parameters_default(&vtr_dataset_parameters, &all);
    if (params != NULL) all = *params;
    char *side_text = NULL;
    vtr_dataset *dataset = new_dataset(path);
    if (dataset == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);

    dataset->format = folder_format(path);
    vtr_status status = dataset->format != NULL ? VTR_OK : vtr_file_open(&dataset->file, path, err);
    if (status != VTR_OK) goto cleanup;
    dataset->info.file_bytes = dataset->file.size;
    status = vtr_sidecar_read(&all, &side_text, path, err);
    if (status != VTR_OK) goto cleanup;
    if (dataset->format == NULL) status = choose_format(dataset, &all, err);
    if (status != VTR_OK) goto cleanup;
    snprintf(dataset->info.format, sizeof dataset->info.format, "%s", dataset->format->name);
    status = dataset->format->open(dataset, &all, err);
    if (status == VTR_ERR_IO && err != NULL && strstr(err->message, path) == NULL)
        vtr_fail_context(err, status, "cannot read '%s'", path);
    if (status != VTR_OK) goto cleanup;
    if (isnan(dataset->info.saturation)) dataset->info.saturation = vtr_type_maximum(dataset->info.type);
    status = arrange(dataset, &all, err);
    if (status != VTR_OK) goto cleanup;
    calibrate(dataset, &all);
    *out = dataset;

cleanup:
    vtr_free(side_text);
    if (status != VTR_OK) vtr_dataset_close(&dataset);
    return status;
}

const vtr_dataset_info *vtr_dataset_get_info(const vtr_dataset *dataset)
{
    return &dataset->info;
}

const char *vtr_dataset_path(const vtr_dataset *dataset)
{
    return dataset->path;
}

void vtr_dataset_close(vtr_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL) return;
    vtr_dataset *d = *dataset;
    if (d->format != NULL && d->format->close != NULL) d->format->close(d);
    vtr_file_close(&d->file);
    vtr_free(d->head);
    vtr_free(d->path);
    vtr_free(d);
    *dataset = NULL;
}
