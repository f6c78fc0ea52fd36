/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/image_internal.h"
#include "dataset/tiff_internal.h"

/* Grey and colour images of 1 to 64 bits a sample, in strips or tiles, of any compression that libtiff knows; what
 * else there is (palettes, YCbCr) goes through libtiff's own conversion to 8-bit colour. */

typedef struct layout {
    uint32_t width, height;
    uint16_t bits, samples, format, photometric, planar;
} layout;

/* A strip or a tile: its first pixel and its size. */
typedef struct area {
    size_t y, x, rows, columns;
} area;

static void read_layout(TIFF *tiff, layout *l)
{
    *l = (layout){0};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &l->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &l->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &l->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &l->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &l->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &l->planar);
    if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &l->photometric) != 1)
        l->photometric = PHOTOMETRIC_MINISBLACK;
}

/* Whether the samples are numbers as they stand. */
static bool is_direct(const layout *l)
{
    bool is_grey = l->photometric == PHOTOMETRIC_MINISBLACK || l->photometric == PHOTOMETRIC_MINISWHITE;
    bool is_colour = l->photometric == PHOTOMETRIC_RGB && l->samples >= 3;
    bool is_float = l->format == SAMPLEFORMAT_IEEEFP;
    if (!(is_grey || is_colour) || l->samples == 0 || l->samples > 16) return false;
    if (is_float) return l->bits == 32 || l->bits == 64;
    if (l->format != SAMPLEFORMAT_UINT && l->format != SAMPLEFORMAT_INT) return false;
    return (l->bits >= 1 && l->bits <= 16) || l->bits == 32;
}

/* Sample `index` of a row of packed samples; libtiff has put whole bytes into this machine's order. */
static double sample_at(const unsigned char *row, size_t index, const layout *l)
{
    const unsigned char *at = row + index * (l->bits / 8u);
    bool is_signed = l->format == SAMPLEFORMAT_INT;
    if (l->bits == 8) return is_signed ? (double)(int8_t)*at : (double)*at;
    if (l->bits == 16) {
        uint16_t value;
        memcpy(&value, at, 2);
        return is_signed ? (double)(int16_t)value : (double)value;
    }
    if (l->bits == 64) {
        double value;
        memcpy(&value, at, 8);
        return value;
    }
    if (l->bits == 32 && l->format == SAMPLEFORMAT_IEEEFP) {
        float value;
        memcpy(&value, at, 4);
        return (double)value;
    }
    if (l->bits == 32) {
        uint32_t value;
        memcpy(&value, at, 4);
        return is_signed ? (double)(int32_t)value : (double)value;
    }
    size_t first_bit = index * l->bits;
    unsigned value = 0;
    for (size_t b = first_bit; b < first_bit + l->bits; b++)
        value = value << 1 | (row[b / 8] >> (7 - b % 8) & 1u);
    return (double)value;
}

/* Adds a block of samples (a strip or a tile) to the image: a pixel is the sum of its samples, each times the weight
 * of its colour. `plane` is the colour of a block that holds only one, -1 where colours are interleaved. */
static void add_block(float *image, const layout *l, const unsigned char *block, size_t row_bytes, area where,
                      int plane)
{
    bool is_colour = l->photometric == PHOTOMETRIC_RGB;
    size_t samples = plane < 0 ? l->samples : 1, used = is_colour && plane < 0 ? 3 : 1;
    for (size_t y = 0; y < where.rows && where.y + y < l->height; y++)
        for (size_t x = 0; x < where.columns && where.x + x < l->width; x++) {
            double sum = 0;
            for (size_t s = 0; s < used; s++) {
                double value = sample_at(block + y * row_bytes, x * samples + s, l);
                sum += is_colour ? vtr_grey_weights[plane < 0 ? (int)s : plane] * value : value;
            }
            image[(where.y + y) * l->width + where.x + x] += (float)sum;
        }
}

static bool read_tiles(TIFF *tiff, const layout *l, float *image, unsigned char *block, tmsize_t block_bytes,
                       int plane)
{
    uint32_t width = 0, height = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
    if (width == 0 || height == 0) return false;
    for (uint32_t y = 0; y < l->height; y += height)
        for (uint32_t x = 0; x < l->width; x += width) {
            uint32_t tile = TIFFComputeTile(tiff, x, y, 0, (uint16_t)(plane < 0 ? 0 : plane));
            if (TIFFReadEncodedTile(tiff, tile, block, block_bytes) < 0) return false;
            area block_area = {.y = y, .x = x, .rows = height, .columns = width};
            add_block(image, l, block, (size_t)TIFFTileRowSize(tiff), block_area, plane);
            if (x + width < x) break;
        }
    return true;
}

static bool read_strips(TIFF *tiff, const layout *l, float *image, unsigned char *block, tmsize_t block_bytes,
                        int plane)
{
    uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (rows == 0) return false;
    if (rows > l->height) rows = l->height;
    for (uint32_t y = 0; y < l->height; y += rows) {
        uint32_t strip = TIFFComputeStrip(tiff, y, (uint16_t)(plane < 0 ? 0 : plane));
        if (TIFFReadEncodedStrip(tiff, strip, block, block_bytes) < 0) return false;
        area block_area = {.y = y, .x = 0, .rows = rows, .columns = l->width};
        add_block(image, l, block, (size_t)TIFFScanlineSize(tiff), block_area, plane);
    }
    return true;
}

static bool read_direct(TIFF *tiff, const layout *l, float *image)
{
    bool is_tiled = TIFFIsTiled(tiff) != 0;
    tmsize_t bytes = is_tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    if (bytes <= 0 || bytes > (tmsize_t)1 << 31) return false;
    unsigned char *block = vtr_calloc((size_t)bytes, 1);
    if (block == NULL) return false;
    memset(image, 0, (size_t)l->width * l->height * sizeof *image);
    bool is_planar = l->planar == PLANARCONFIG_SEPARATE;
    int n_planes = is_planar && l->photometric == PHOTOMETRIC_RGB ? 3 : 1;
    bool done = true;
    for (int plane = 0; plane < n_planes && done; plane++)
        done = (is_tiled ? read_tiles : read_strips)(tiff, l, image, block, bytes, is_planar ? plane : -1);
    vtr_free(block);
    return done;
}

static bool read_converted(TIFF *tiff, const layout *l, float *image)
{
    size_t pixels = (size_t)l->width * l->height;
    uint32_t *colours = vtr_malloc(pixels, sizeof *colours);
    bool done = colours != NULL &&
                TIFFReadRGBAImageOriented(tiff, l->width, l->height, colours, ORIENTATION_TOPLEFT, 0) == 1;
    for (size_t i = 0; i < pixels && done; i++)
        image[i] =
            (float)(vtr_grey_weights[0] * TIFFGetR(colours[i]) + vtr_grey_weights[1] * TIFFGetG(colours[i]) +
                    vtr_grey_weights[2] * TIFFGetB(colours[i]));
    vtr_free(colours);
    return done;
}

vtr_status vtr_image_read_tiff(float **image, size_t *height, size_t *width, const char *path, vtr_error *err)
{
    vtr_tiff_reason reason;
    float *pixels = NULL;
    TIFF *tiff = vtr_tiff_open(path, "r", &reason);
    if (tiff == NULL) return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': %s", path, reason.text);
    layout l;
    read_layout(tiff, &l);
    vtr_status status = vtr_image_allocate(&pixels, l.height, l.width, path, err);
    if (status == VTR_OK && !(is_direct(&l) ? read_direct : read_converted)(tiff, &l, pixels))
        status = vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': %s", path,
                          reason.text[0] != '\0' ? reason.text : "damaged TIFF");
    TIFFClose(tiff);
    if (status != VTR_OK) {
        vtr_free(pixels);
        return status;
    }
    *image = pixels;
    *height = l.height;
    *width = l.width;
    return VTR_OK;
}
