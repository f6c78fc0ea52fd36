/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <png.h>
#include <string.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"

bool vtr_bytes_add(vtr_bytes *bytes, const void *data, size_t n)
{
    if (bytes->failed) return false;
    if (bytes->n + n > bytes->room) {
        size_t room = 2 * (bytes->n + n);
        unsigned char *larger = vtr_malloc(room, 1);
        if (larger == NULL) {
            bytes->failed = true;
            return false;
        }
        if (bytes->n > 0) memcpy(larger, bytes->data, bytes->n);
        vtr_free(bytes->data);
        bytes->data = larger;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
    return true;
}

static void add_chunk(png_structp png, png_bytep data, png_size_t n)
{
    if (!vtr_bytes_add(png_get_io_ptr(png), data, n)) png_error(png, "out of memory");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* libpng prints an error itself unless its handler leaves. */
static void leave(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void silent(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void copy_row(unsigned char *row, const unsigned char *pixels, int width)
{
    for (int x = 0; x < width; x++) {
        uint32_t pixel;
        memcpy(&pixel, pixels + 4 * x, sizeof pixel);
        row[3 * x] = (unsigned char)(pixel >> 16);
        row[3 * x + 1] = (unsigned char)(pixel >> 8);
        row[3 * x + 2] = (unsigned char)pixel;
    }
}

/* Everything that libpng may leave by longjmp; nothing here owns memory. */
static bool write_image(png_structp png, png_infop info, cairo_surface_t *image, double dpi,
                        unsigned char *row)
{
    if (setjmp(png_jmpbuf(png))) return false;
    int width = cairo_image_surface_get_width(image), height = cairo_image_surface_get_height(image);
    const unsigned char *pixels = cairo_image_surface_get_data(image);
    int stride = cairo_image_surface_get_stride(image);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_uint_32 per_metre = (png_uint_32)lround(dpi / 0.0254);
    png_set_pHYs(png, info, per_metre, per_metre, PNG_RESOLUTION_METER);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, info);
    for (int y = 0; y < height; y++) {
        copy_row(row, pixels + (ptrdiff_t)y * stride, width);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    return true;
}

vtr_status vtr_png_encode(vtr_bytes *bytes, cairo_surface_t *image, double dpi, vtr_error *err)
{
    cairo_surface_flush(image);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, leave, silent);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    unsigned char *row = vtr_malloc((size_t)cairo_image_surface_get_width(image), 3);
    bool done = false;
    if (info != NULL && row != NULL) {
        png_set_write_fn(png, bytes, add_chunk, flush_nothing);
        done = write_image(png, info, image, dpi, row);
    }
    vtr_free(row);
    if (png != NULL) png_destroy_write_struct(&png, info != NULL ? &info : NULL);
    return done ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "no memory for the PNG");
}
