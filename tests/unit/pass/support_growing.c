/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _FILE_OFFSET_BITS 64
#include "support_growing.h"

#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

enum { HEAD_ROOM = 8192, RAW_HEADER = 100, RAW_GAP = 12, MIB_HEADER = 384 };

static void put(growing_file *f, uint64_t value, size_t n, bool is_big)
{
    for (size_t i = 0; i < n; i++)
        f->bytes[f->n++] = (unsigned char)(value >> (8 * (is_big ? n - 1 - i : i)));
}

static void put_frame(growing_file *f, const recording *r, size_t position, bool is_big)
{
    for (size_t i = 0; i < PIXELS; i++)
        put(f, (uint64_t)recording_get(r, position, i), 2, is_big);
}

static void put_npy_header(growing_file *f)
{
    static const unsigned char magic[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    memcpy(f->bytes, magic, sizeof magic);
    f->n = sizeof magic;
    put(f, 128 - 10, 2, false);
    int n = snprintf((char *)f->bytes + f->n, 118,
                     "{'descr': '<u2', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }", SCAN_Y, SCAN_X,
                     DET_Y, DET_X);
    memset(f->bytes + f->n + n, ' ', 117 - (size_t)n);
    f->bytes[127] = '\n';
    f->n = 128;
}

/* --- DigitalMicrograph 4: one image whose data are the last of its tags ------------------------------------- */

static void put_name(growing_file *f, int kind, const char *name)
{
    put(f, (uint64_t)kind, 1, true);
    put(f, strlen(name), 2, true);
    memcpy(f->bytes + f->n, name, strlen(name));
    f->n += strlen(name);
    put(f, 0, 8, true);
}

static void put_group(growing_file *f, const char *name, uint64_t n_tags)
{
    put_name(f, 20, name);
    put(f, 0, 2, true);
    put(f, n_tags, 8, true);
}

static void put_value(growing_file *f, const char *name, uint64_t type, uint64_t value, size_t n)
{
    put_name(f, 21, name);
    memcpy(f->bytes + f->n, "%%%%", 4);
    f->n += 4;
    put(f, 1, 8, true);
    put(f, type, 8, true);
    put(f, value, n, false);
}

static void put_dm4_header(growing_file *f)
{
    put(f, 4, 4, true);
    put(f, 0, 8, true);
    put(f, 1, 4, true); /* little endian */
    put(f, 0, 2, true);
    put(f, 1, 8, true);
    put_group(f, "ImageList", 1);
    put_group(f, "", 2);
    put_group(f, "ImageTags", 1);
    put_group(f, "Meta Data", 1);
    put_value(f, "Data Order Swapped", 8, 1, 1);
    put_group(f, "ImageData", 3);
    put_value(f, "DataType", 5, 10, 4);
    put_group(f, "Dimensions", 4);
    for (int i = 0; i < 4; i++)
        put_value(f, "", 5, (uint64_t[]){DET_X, DET_Y, SCAN_X, SCAN_Y}[i], 4);
    put_name(f, 21, "Data");
    memcpy(f->bytes + f->n, "%%%%", 4);
    f->n += 4;
    for (int i = 0; i < 4; i++)
        put(f, (uint64_t[]){3, 20, 4, (uint64_t)POSITIONS * PIXELS}[i], 8, true);
}

static void put_mib_header(growing_file *f, size_t position)
{
    memset(f->bytes + f->n, 0, MIB_HEADER);
    snprintf((char *)f->bytes + f->n, MIB_HEADER,
             "MQ1,%06zu,%05d,01,%04d,%04d,U16,   1x1,0F,2021-04-15 14:44:43.1,0.001,0,0,0,MQ1A,2021Z,"
             "1000000ns,12,",
             position + 1, MIB_HEADER, DET_X, DET_Y);
    f->n += MIB_HEADER;
}

static void put_raw_header(growing_file *f)
{
    for (int i = 0; i < RAW_HEADER; i++)
        put(f, (uint64_t)(i + 1), 1, false);
}

static void put_gap(growing_file *f)
{
    for (int i = 0; i < RAW_GAP; i++)
        put(f, 0xab, 1, false);
}

void growing_make(growing_file *f, growing_kind kind, const recording *r)
{
    static const char *const names[GROWING_KINDS] = {"growing.npy", "growing.raw", "growing.mib",
                                                     "growing.dm4"};
    static void (*const headers[GROWING_KINDS])(growing_file *) = {
        [GROWING_NPY] = put_npy_header, [GROWING_RAW] = put_raw_header, [GROWING_DM4] = put_dm4_header};
    *f = (growing_file){.frame_bytes = r->frame_bytes};
    f->stride = r->frame_bytes + (kind == GROWING_RAW ? RAW_GAP : kind == GROWING_MIB ? MIB_HEADER : 0);
    f->bytes = vtr_calloc(HEAD_ROOM + POSITIONS * f->stride, 1);
    assert_non_null(f->bytes);
    vtr_parameters_default(&vtr_dataset_parameters, &f->params);
    if (kind == GROWING_RAW) {
        memcpy(f->params.shape, (size_t[]){SCAN_Y, SCAN_X, DET_Y, DET_X}, sizeof f->params.shape);
        f->params.type = "u16";
        f->params.header_bytes = RAW_HEADER;
        f->params.gap_bytes = RAW_GAP;
    }
    if (kind == GROWING_MIB) memcpy(f->params.scan_shape, (size_t[]){SCAN_Y, SCAN_X}, 2 * sizeof(size_t));
    if (headers[kind] != NULL) headers[kind](f);
    f->offset = kind == GROWING_MIB ? MIB_HEADER : f->n;
    for (size_t p = 0; p < POSITIONS; p++) {
        if (kind == GROWING_MIB) put_mib_header(f, p);
        put_frame(f, r, p, kind == GROWING_MIB);
        if (kind == GROWING_RAW && p + 1 < POSITIONS) put_gap(f);
    }
    snprintf(f->path, sizeof f->path, "%s", test_folder_path(names[kind]));
}

void growing_release(growing_file *file)
{
    vtr_free(file->bytes);
    *file = (growing_file){0};
}

void growing_write(const growing_file *file, size_t end, size_t piece)
{
    FILE *out = fopen(file->path, "ab");
    assert_non_null(out);
    fseek(out, 0, SEEK_END);
    for (size_t done = (size_t)ftell(out), n; done < end; done += n) {
        n = piece < end - done ? piece : end - done;
        fwrite(file->bytes + done, 1, n, out);
        fflush(out);
    }
    fclose(out);
}

size_t growing_torn(const growing_file *file, size_t n)
{
    return file->offset + n * file->stride + file->frame_bytes / 2;
}
