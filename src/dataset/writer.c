/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* pwrite */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "dataset/writer_internal.h"

/* One line a format. */
static const vtr_writer_format *const formats[] = {&vtr_writer_npy, &vtr_writer_emd, &vtr_writer_hspy,
                                                   &vtr_writer_tiff, &vtr_writer_blo};

vtr_status vtr_writer_put(const vtr_dataset_writer *writer, int descriptor, uint64_t offset,
                          const void *bytes, size_t n, vtr_error *err)
{
    const char *from = bytes;
    while (n > 0) {
        ssize_t written = pwrite(descriptor, from, n < (size_t)1 << 30 ? n : (size_t)1 << 30, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path,
                            strerror(written < 0 ? errno : ENOSPC));
        from += written;
        offset += (uint64_t)written;
        n -= (size_t)written;
    }
    return VTR_OK;
}

static const vtr_writer_format *find_format(const char *path)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        for (size_t j = 0; j < 4 && formats[i]->endings[j] != NULL; j++)
            if (vtr_text_ends_with_nocase(path, formats[i]->endings[j])) return formats[i];
    return NULL;
}

static vtr_status check_shape(const vtr_dataset_info *info, const char *path, vtr_error *err)
{
    vtr_dataset as_dataset = {.info = *info, .path = (char *)path};
    vtr_error reason;
    if (vtr_dataset_check_shape(&as_dataset, &reason) == VTR_OK) return VTR_OK;
    return vtr_fail(err, VTR_ERR_SHAPE, "cannot write '%s': shape %zu x %zu x %zu x %zu", path,
                    info->shape[0], info->shape[1], info->shape[2], info->shape[3]);
}

static void release(vtr_dataset_writer **writer)
{
    vtr_free((*writer)->path);
    vtr_free((*writer)->partial);
    if ((*writer)->lock >= 0) close((*writer)->lock);
    vtr_free(*writer);
    *writer = NULL;
}

vtr_status vtr_dataset_writer_open(vtr_dataset_writer **out, const char *path, const vtr_dataset_info *info,
                                   bool force, vtr_error *err)
{
    const vtr_writer_format *format = find_format(path);
    if (format == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "cannot write '%s': its ending names no format; .npy, .h5, .hdf5, .emd, .hspy, .blo, "
                        ".tif and .tiff do",
                        path);
    vtr_status status = check_shape(info, path, err);
    if (status == VTR_OK) status = vtr_output_check(path, force, err);
    if (status != VTR_OK) return status;
    vtr_dataset_writer *writer = vtr_calloc(1, sizeof *writer);
    if (writer == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    writer->info = *info;
    writer->format = format;
    writer->lock = -1;
    writer->path = vtr_strdup(path);
    writer->partial = vtr_partial_path(path);
    if (writer->path == NULL || writer->partial == NULL) {
        release(&writer);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    }
    status = vtr_output_lock(&writer->lock, writer->partial, path, err);
    if (status != VTR_OK) {
        release(&writer);
        return status;
    }
    status = format->open(writer, err);
    if (status != VTR_OK) {
        vtr_dataset_writer_abandon(&writer);
        return status;
    }
    *out = writer;
    return VTR_OK;
}

vtr_status vtr_dataset_writer_write(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                                    vtr_error *err)
{
    size_t positions = vtr_dataset_n_positions(&writer->info);
    if (first > positions || n > positions - first)
        return vtr_fail(err, VTR_ERR_RANGE, "'%s' has %zu positions, none from %zu to %zu", writer->path,
                        positions, first, first + n - 1);
    if (n == 0) return VTR_OK;
    return writer->format->write(writer, first, n, frames, err);
}

vtr_status vtr_dataset_writer_finish(vtr_dataset_writer **writer, vtr_error *err)
{
    vtr_dataset_writer *w = *writer;
    vtr_status status = w->format->close(w, true, err);
    if (status == VTR_OK)
        status = vtr_output_commit(w->partial, w->path, err);
    else
        vtr_output_discard(w->partial);
    release(writer);
    return status;
}

void vtr_dataset_writer_abandon(vtr_dataset_writer **writer)
{
    if (writer == NULL || *writer == NULL) return;
    vtr_error ignored;
    (*writer)->format->close(*writer, false, &ignored);
    vtr_output_discard((*writer)->partial);
    release(writer);
}
