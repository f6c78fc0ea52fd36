/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* fallocate */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "dataset/writer_internal.h"

/* .npy, version 1: four dimensions; three for a stack of patterns, two for one pattern. */

enum { HEADER_BYTES = 128 };

typedef struct npy_state {
    int descriptor;
} npy_state;

static vtr_status fail_system(const vtr_dataset_writer *writer, int reason, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", writer->path, strerror(reason));
}

static void make_header(char header[HEADER_BYTES], const vtr_dataset_info *info)
{
    static const char *const codes[VTR_TYPE_COUNT] = {
        [VTR_TYPE_U8] = "u1",  [VTR_TYPE_U16] = "u2", [VTR_TYPE_U32] = "u4", [VTR_TYPE_I8] = "i1",
        [VTR_TYPE_I16] = "i2", [VTR_TYPE_I32] = "i4", [VTR_TYPE_F32] = "f4", [VTR_TYPE_F64] = "f8",
    };
    char sizes[100];
    const size_t *s = info->shape;
    if (s[0] > 1)
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu, %zu", s[0], s[1], s[2], s[3]);
    else if (s[1] > 1)
        snprintf(sizes, sizeof sizes, "%zu, %zu, %zu", s[1], s[2], s[3]);
    else
        snprintf(sizes, sizeof sizes, "%zu, %zu", s[2], s[3]);
    char order = vtr_type_size(info->type) == 1 ? '|' : vtr_is_big_endian() ? '>' : '<';
    memset(header, ' ', HEADER_BYTES);
    static const unsigned char start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER_BYTES - 10, 0};
    memcpy(header, start, sizeof start);
    char text[HEADER_BYTES];
    int n = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }", order,
                     codes[info->type], sizes);
    memcpy(header + sizeof start, text, (size_t)n);
    header[HEADER_BYTES - 1] = '\n';
}

static vtr_status open_npy(vtr_dataset_writer *writer, vtr_error *err)
{
    npy_state *state = vtr_malloc(1, sizeof *state);
    if (state == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", writer->path);
    writer->state = state;
    state->descriptor = open(writer->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (state->descriptor < 0) return fail_system(writer, errno, err);
    char header[HEADER_BYTES];
    make_header(header, &writer->info);
    vtr_status status = vtr_writer_put(writer, state->descriptor, 0, header, sizeof header, err);
    if (status != VTR_OK) return status;
    off_t size = (off_t)(HEADER_BYTES +
                         vtr_dataset_n_positions(&writer->info) * vtr_dataset_frame_bytes(&writer->info));
    /* where the file system can, take the space now: better to fail at once than after hours */
    if (fallocate(state->descriptor, 0, 0, size) == 0) return VTR_OK;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return fail_system(writer, errno, err);
    return ftruncate(state->descriptor, size) == 0 ? VTR_OK : fail_system(writer, errno, err);
}

static vtr_status write_npy(vtr_dataset_writer *writer, size_t first, size_t n, const void *frames,
                            vtr_error *err)
{
    const npy_state *state = writer->state;
    size_t frame_bytes = vtr_dataset_frame_bytes(&writer->info);
    return vtr_writer_put(writer, state->descriptor, HEADER_BYTES + first * frame_bytes, frames,
                          n * frame_bytes, err);
}

static vtr_status close_npy(vtr_dataset_writer *writer, bool is_kept, vtr_error *err)
{
    npy_state *state = writer->state;
    if (state == NULL) return VTR_OK;
    vtr_status status = VTR_OK;
    if (state->descriptor >= 0 && close(state->descriptor) != 0 && is_kept)
        status = fail_system(writer, errno, err);
    vtr_free(state);
    return status;
}

const vtr_writer_format vtr_writer_npy = {
    .endings = {".npy"}, .open = open_npy, .write = write_npy, .close = close_npy};
