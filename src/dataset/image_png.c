/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <png.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/image_internal.h"
#include "vitrail/input.h"

typedef struct png_reader {
    png_structp png;
    png_infop info;
    FILE *file;
    png_bytep pixels;
    png_bytep *rows;
    float *image;
    char reason[200];
} png_reader;

static void on_error(png_structp png, png_const_charp message)
{
    png_reader *reader = png_get_error_ptr(png);
    snprintf(reader->reason, sizeof reader->reason, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* One row of 1 (grey) or 3 (colour) samples, with or without alpha, of 8 or 16 bits. */
static void row_to_grey(float *out, const unsigned char *row, size_t width, int channels, int bits)
{
    size_t item = (size_t)bits / 8;
    for (size_t x = 0; x < width; x++) {
        double sum = 0;
        for (int c = 0; c < (channels >= 3 ? 3 : 1); c++) {
            const unsigned char *sample = row + (x * (size_t)channels + (size_t)c) * item;
            double value = bits == 16 ? sample[0] * 256.0 + sample[1] : sample[0];
            sum += channels >= 3 ? vtr_grey_weights[c] * value : value;
        }
        out[x] = (float)sum;
    }
}

/* Everything between setjmp and the possible longjmp of libpng; what must survive it is in *reader. */
static vtr_status read_pixels(png_reader *reader, const char *path, vtr_error *err)
{
    if (setjmp(png_jmpbuf(reader->png)) != 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': %s", path, reader->reason);
    png_init_io(reader->png, reader->file);
    png_read_info(reader->png, reader->info);
    png_set_expand(reader->png); /* palettes and bits below 8 */
    png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    size_t height = png_get_image_height(reader->png, reader->info);
    size_t width = png_get_image_width(reader->png, reader->info);
    size_t row_bytes = png_get_rowbytes(reader->png, reader->info);
    vtr_status status = vtr_image_allocate(&reader->image, height, width, path, err);
    if (status != VTR_OK) return status;
    reader->pixels = vtr_malloc(height, row_bytes);
    reader->rows = vtr_malloc(height, sizeof *reader->rows);
    if (reader->pixels == NULL || reader->rows == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    for (size_t y = 0; y < height; y++)
        reader->rows[y] = reader->pixels + y * row_bytes;
    png_read_image(reader->png, reader->rows);
    for (size_t y = 0; y < height; y++)
        row_to_grey(reader->image + y * width, reader->rows[y], width,
                    png_get_channels(reader->png, reader->info),
                    png_get_bit_depth(reader->png, reader->info));
    return VTR_OK;
}

vtr_status vtr_image_read_png(float **image, size_t *height, size_t *width, const char *path, vtr_error *err)
{
    png_reader reader = {0};
    vtr_status status = vtr_input_open(&reader.file, path, err);
    if (status != VTR_OK) return status;
    reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    if (reader.png != NULL) reader.info = png_create_info_struct(reader.png);
    if (reader.info == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    else
        status = read_pixels(&reader, path, err);
    if (status == VTR_OK) {
        *image = reader.image;
        *height = png_get_image_height(reader.png, reader.info);
        *width = png_get_image_width(reader.png, reader.info);
    } else {
        vtr_free(reader.image);
    }
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    vtr_free(reader.rows);
    vtr_free(reader.pixels);
    fclose(reader.file);
    return status;
}
