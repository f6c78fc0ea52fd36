/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/image_internal.h"

/* Windows bitmaps: a file header of 14 bytes, an information header whose length tells its version, a palette, rows
 * padded to four bytes, the lowest first unless the height is negative. Little-endian throughout. */

enum { FILE_HEADER_BYTES = 14, INFO_MIN_BYTES = 40, CORE_BYTES = 12, PALETTE_MAX = 256 };

typedef struct bmp_header {
    size_t height, width, bits;
    uint64_t offset;  /* of the first row in the file */
    bool is_top_down; /* the first row is the upper one */
    size_t n_colours, palette_offset, palette_entry_bytes;
} bmp_header;

/* Bytes from one row to the next. */
static size_t row_stride(const bmp_header *h)
{
    return (h->width * (h->bits / 8) + 3) / 4 * 4;
}

static uint32_t number(const unsigned char *bytes, size_t n)
{
    return (uint32_t)vtr_bytes_to_unsigned(bytes, n, false);
}

static vtr_status damaged(const char *path, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': its BMP header is damaged (%s)", path, what);
}

static vtr_status parse_info(bmp_header *h, const unsigned char *info, const char *path, vtr_error *err)
{
    int32_t width = (int32_t)number(info + 4, 4), height = (int32_t)number(info + 8, 4);
    uint32_t compression = number(info + 16, 4), n_colours = number(info + 32, 4);
    if (width <= 0 || height == 0 || height == INT32_MIN) return damaged(path, "the size of the image", err);
    h->width = (size_t)width;
    h->is_top_down = height < 0;
    h->height = (size_t)labs((long)height);
    h->bits = number(info + 14, 2);
    if (compression != 0 || (h->bits != 8 && h->bits != 24))
        return vtr_fail(
            err, VTR_ERR_TYPE,
            "cannot read '%s': a BMP of %zu bits a pixel, compression %lu; save it with 8 or 24 bits "
            "and no compression",
            path, h->bits, (unsigned long)compression);
    h->n_colours = n_colours > 0 && n_colours < PALETTE_MAX ? n_colours : PALETTE_MAX;
    h->palette_entry_bytes = 4;
    return VTR_OK;
}

/* The oldest information header, of OS/2: sizes of 16 bits, palette entries without padding. */
static vtr_status parse_core(bmp_header *h, const unsigned char *info, const char *path, vtr_error *err)
{
    h->width = number(info + 4, 2);
    h->height = number(info + 6, 2);
    h->bits = number(info + 10, 2);
    h->n_colours = PALETTE_MAX;
    h->palette_entry_bytes = 3;
    if (h->width == 0 || h->height == 0) return damaged(path, "the size of the image", err);
    if (h->bits != 8 && h->bits != 24)
        return vtr_fail(err, VTR_ERR_TYPE,
                        "cannot read '%s': a BMP of %zu bits a pixel; save it with 8 or 24 bits", path,
                        h->bits);
    return VTR_OK;
}

static vtr_status read_header(bmp_header *h, const vtr_file *file, const char *path, vtr_error *err)
{
    unsigned char bytes[FILE_HEADER_BYTES + INFO_MIN_BYTES] = {0};
    size_t got = 0;
    vtr_status status = vtr_file_read_some(file, 0, bytes, sizeof bytes, &got, err);
    if (status != VTR_OK) return vtr_fail_context(err, status, "cannot read '%s'", path);
    const unsigned char *info = bytes + FILE_HEADER_BYTES;
    uint32_t info_bytes = number(info, 4);
    *h = (bmp_header){.offset = number(bytes + 10, 4)};
    if (got < FILE_HEADER_BYTES + CORE_BYTES || (info_bytes != CORE_BYTES && got < sizeof bytes))
        return damaged(path, "the file ends within it", err);
    if (info_bytes != CORE_BYTES && (info_bytes < INFO_MIN_BYTES || info_bytes > 4096))
        return damaged(path, "its length", err);
    status = (info_bytes == CORE_BYTES ? parse_core : parse_info)(h, info, path, err);
    h->palette_offset = FILE_HEADER_BYTES + (size_t)info_bytes;
    return status;
}

/* Grey of one colour; what is grey already stays exactly what it is. */
static float grey_of(const unsigned char *blue_green_red, bool *is_coloured)
{
    unsigned blue = blue_green_red[0], green = blue_green_red[1], red = blue_green_red[2];
    if (blue == green && green == red) return (float)red;
    *is_coloured = true;
    return (float)(vtr_grey_weights[0] * red + vtr_grey_weights[1] * green + vtr_grey_weights[2] * blue);
}

static vtr_status read_palette(float grey[PALETTE_MAX], bool is_coloured[PALETTE_MAX], const bmp_header *h,
                               const vtr_file *file, const char *path, vtr_error *err)
{
    unsigned char entries[PALETTE_MAX * 4] = {0};
    size_t n = h->n_colours * h->palette_entry_bytes, got = 0;
    vtr_status status = vtr_file_read_some(file, h->palette_offset, entries, n, &got, err);
    if (status != VTR_OK) return vtr_fail_context(err, status, "cannot read '%s'", path);
    if (got < n) return damaged(path, "the file ends within its palette", err);
    for (size_t i = 0; i < PALETTE_MAX; i++)
        grey[i] = grey_of(entries + i * h->palette_entry_bytes, &is_coloured[i]);
    return VTR_OK;
}

/* One row at a time: the image is the only large piece of memory. */
static vtr_status read_rows(float *image, size_t *n_coloured, const bmp_header *h, const vtr_file *file,
                            const char *path, vtr_error *err)
{
    float grey[PALETTE_MAX];
    bool is_coloured[PALETTE_MAX] = {false};
    size_t pixel_bytes = h->bits / 8, stride = row_stride(h);
    vtr_status status = h->bits == 8 ? read_palette(grey, is_coloured, h, file, path, err) : VTR_OK;
    unsigned char *row = status == VTR_OK ? vtr_malloc(stride, 1) : NULL;
    if (status == VTR_OK && row == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    *n_coloured = 0;
    for (size_t i = 0; status == VTR_OK && i < h->height; i++) {
        float *out = image + (h->is_top_down ? i : h->height - 1 - i) * h->width;
        status = vtr_file_read(file, h->offset + i * stride, row, h->width * pixel_bytes, err);
        if (status != VTR_OK) status = vtr_fail_context(err, status, "cannot read '%s'", path);
        for (size_t x = 0; status == VTR_OK && x < h->width; x++) {
            bool coloured = h->bits == 8 && is_coloured[row[x]];
            out[x] = h->bits == 8 ? grey[row[x]] : grey_of(row + 3 * x, &coloured);
            *n_coloured += coloured;
        }
    }
    vtr_free(row);
    return status;
}

vtr_status vtr_image_read_bmp(float **image, size_t *height, size_t *width, size_t *n_coloured,
                              const vtr_file *file, const char *path, vtr_error *err)
{
    bmp_header header;
    float *pixels = NULL;
    vtr_status status = read_header(&header, file, path, err);
    if (status != VTR_OK) return status;
    /* before any memory is asked for; sides below 2^31 leave 64 bits wide enough */
    uint64_t end =
        header.offset + (header.height - 1) * row_stride(&header) + header.width * (header.bits / 8);
    if (end > file->size)
        return vtr_fail(
            err, VTR_ERR_FORMAT,
            "cannot read '%s': its %zu x %zu pixels of %zu bits need %llu bytes, the file has %llu", path,
            header.height, header.width, header.bits, (unsigned long long)end,
            (unsigned long long)file->size);
    status = vtr_image_allocate(&pixels, header.height, header.width, path, err);
    if (status == VTR_OK) status = read_rows(pixels, n_coloured, &header, file, path, err);
    if (status != VTR_OK) {
        vtr_free(pixels);
        return status;
    }
    *image = pixels;
    *height = header.height;
    *width = header.width;
    return VTR_OK;
}
