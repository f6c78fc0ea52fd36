/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Grey from colour is 0.299 R + 0.587 G + 0.114 B, so a sum over grey is that of sums over colours. */
static void tiff_images_decode_as_other_readers_do(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t height, width;
        double least, largest, sum; /* NAN: not known */
        size_t place;
    } facts[] = {
        {"tiff/TVIPS_bin4.tif", 1024, 1024, 0, 255, 109550672, 0},
        {"tiff/cramps.tif", 607, 800, 0, 255, 35849923, 29 * 800 + 236},
        {"tiff/flower-minisblack-08.tif", 43, 73, 8, 255, 291850, 10 * 73 + 13},
        {"tiff/flower-minisblack-16.tif", 43, 73, 2290, 65535, 75398409, 10 * 73 + 13},
        {"tiff/flower-minisblack-32.tif", 43, 73, 150082050, 4294967295.0, 4941488674503.0, 10 * 73 + 13},
        {"tiff/flower-minisblack-12.tif", 43, 73, NAN, NAN, NAN, 10 * 73 + 13},
        {"tiff/test_loading_image_saved_with_DM.tif", 68, 68, 2866, 3774, 15422830, 20 * 68 + 5},
        {"tiff/test_loading_image_saved_with_imageJ_stack.tif", 68, 68, 2866, 3774, 15422830, 20 * 68 + 5},
        {"tiff/quad-lzw.tif", 384, 512, NAN, NAN, NAN, SIZE_MAX},
        {"tiff/quad-tile.tif", 384, 512, NAN, NAN, NAN, SIZE_MAX},
    };
    for (size_t f = 0; f < sizeof facts / sizeof *facts; f++) {
        const char *path = test_real_file(facts[f].file);
        if (path == NULL) continue;
        vtr_error err;
        float *image = NULL;
        size_t height = 0, width = 0, place = 0;
        assert_ok(vtr_image_read(&image, &height, &width, path, &err));
        assert_int_equal(height, facts[f].height);
        assert_int_equal(width, facts[f].width);
        double least = INFINITY, largest = -INFINITY, sum = 0;
        for (size_t i = 0; i < height * width; i++) {
            double value = (double)image[i];
            least = fmin(least, value);
            if (value > largest) {
                largest = value;
                place = i;
            }
            sum += value;
        }
        if (!isnan(facts[f].sum)) {
            assert_near(least / (facts[f].least + (facts[f].least == 0)), facts[f].least == 0 ? 0 : 1, 1e-7);
            assert_near(largest / facts[f].largest, 1, 1e-7);
            assert_near(sum / facts[f].sum, 1, 1e-6);
        }
        if (facts[f].place != SIZE_MAX && place != facts[f].place) fail_msg("%s: %zu", facts[f].file, place);
        vtr_image_free(image);
    }
}

static float *read_real(const char *file, size_t *n)
{
    vtr_error err;
    float *image = NULL;
    size_t height = 0, width = 0;
    const char *path = test_real_file(file);
    if (path == NULL) skip();
    assert_ok(vtr_image_read(&image, &height, &width, path, &err));
    *n = height * width;
    return image;
}

/* The same picture stored in two ways is the same. */
static void layouts_of_one_picture_agree(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"tiff/flower-rgb-contig-16.tif", "tiff/flower-rgb-planar-16.tif"},
                                           {"tiff/quad-lzw.tif", "tiff/quad-tile.tif"}};
    for (int p = 0; p < 2; p++) {
        size_t n[2];
        float *a = read_real(pairs[p][0], &n[0]), *b = read_real(pairs[p][1], &n[1]);
        assert_int_equal(n[0], n[1]);
        for (size_t i = 0; i < n[0]; i++)
            assert_near(a[i], b[i], 1e-3 * (1 + (double)fabsf(a[i])));
        vtr_image_free(a);
        vtr_image_free(b);
    }
}

/* Twelve bits are packed one and a half bytes a pixel: the same flower as with 16 bits, coarser. */
static void packed_bits_are_unpacked(void **state)
{
    (void)state;
    size_t n, m;
    float *fine = read_real("tiff/flower-minisblack-16.tif", &n);
    float *packed = read_real("tiff/flower-minisblack-12.tif", &m);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++)
        assert_near(packed[i], (double)fine[i] / 16, 17);
    vtr_image_free(fine);
    vtr_image_free(packed);
}

static void write_png(const char *path, const void *pixels, unsigned width, unsigned height, int bits,
                      int colour)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, bits, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (unsigned y = 0; y < height; y++)
        png_write_row(png, (png_const_bytep)pixels + y * png_get_rowbytes(png, info));
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

static void assert_png(const void *pixels, int bits, int colour, const double expected[6])
{
    vtr_error err;
    float *image = NULL;
    size_t height = 0, width = 0;
    const char *path = test_folder_path("p.png");
    write_png(path, pixels, 3, 2, bits, colour);
    assert_ok(vtr_image_read(&image, &height, &width, path, &err));
    assert_int_equal(height, 2);
    assert_int_equal(width, 3);
    for (int i = 0; i < 6; i++)
        assert_near(image[i], expected[i], 1e-3);
    vtr_image_free(image);
}

static void png_images_are_read(void **state)
{
    (void)state;
    const unsigned char grey[6] = {0, 1, 2, 127, 254, 255};
    assert_png(grey, 8, PNG_COLOR_TYPE_GRAY, (const double[]){0, 1, 2, 127, 254, 255});
    const unsigned char wide[12] = {0, 1, 1, 0, 0xff, 0xff, 0, 0, 0x12, 0x34, 2, 3};
    assert_png(wide, 16, PNG_COLOR_TYPE_GRAY, (const double[]){1, 256, 65535, 0, 0x1234, 515});
    const unsigned char bits[2] = {0xa0, 0x40}; /* 101, 010 */
    assert_png(bits, 1, PNG_COLOR_TYPE_GRAY, (const double[]){255, 0, 255, 0, 255, 0});
    const unsigned char colour[18] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9, 255, 255, 255, 0, 0, 0};
    assert_png(colour, 8, PNG_COLOR_TYPE_RGB, (const double[]){76.245, 149.685, 29.07, 9, 255, 0});
    const unsigned char with_alpha[12] = {7, 0, 8, 128, 9, 255, 1, 1, 2, 2, 3, 3};
    assert_png(with_alpha, 8, PNG_COLOR_TYPE_GRAY_ALPHA, (const double[]){7, 8, 9, 1, 2, 3});
}

static void wrong_images_are_named(void **state)
{
    (void)state;
    vtr_error err;
    float *image = NULL;
    size_t height, width;
    const unsigned char grey[6] = {0};
    write_png(test_folder_path("cut.png"), grey, 3, 2, 8, PNG_COLOR_TYPE_GRAY);
    unsigned char bytes[60];
    FILE *file = fopen(test_folder_path("cut.png"), "rb");
    size_t n = fread(bytes, 1, 45, file);
    fclose(file);
    test_write_file("cut.png", bytes, n);
    assert_fails(vtr_image_read(&image, &height, &width, test_folder_path("cut.png"), &err), VTR_ERR_FORMAT,
                 "cut.png");
    test_write_file("cut.tif", "II*\0\377\377\377\377", 8);
    assert_fails(vtr_image_read(&image, &height, &width, test_folder_path("cut.tif"), &err), VTR_ERR_FORMAT,
                 "cut.tif");
    vtr_dataset_info info = test_info(2, 2, 2, 2, VTR_TYPE_U8);
    test_write_recording(test_folder_path("many.npy"), &info, "0123456789abcdef");
    assert_fails(vtr_image_read(&image, &height, &width, test_folder_path("many.npy"), &err), VTR_ERR_SHAPE,
                 "2 x 2 patterns");
    assert_fails(vtr_image_read(&image, &height, &width, test_folder_path("none.tif"), &err),
                 VTR_ERR_NOT_FOUND, "none.tif");
    assert_null(image);
    vtr_image_free(NULL);
}

static void an_image_is_a_recording_of_one_pattern(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = test_real_file("tiff/flower-minisblack-16.tif");
    if (path == NULL) skip();
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const size_t shape[4] = {1, 1, 43, 73};
    assert_memory_equal(vtr_dataset_get_info(dataset)->shape, shape, sizeof shape);
    assert_string_equal(vtr_dataset_get_info(dataset)->format, "TIFF");
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiff_images_decode_as_other_readers_do),
        cmocka_unit_test(layouts_of_one_picture_agree),
        cmocka_unit_test(packed_bits_are_unpacked),
        cmocka_unit_test(png_images_are_read),
        cmocka_unit_test(wrong_images_are_named),
        cmocka_unit_test(an_image_is_a_recording_of_one_pattern),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
