/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support_dataset.h"

static unsigned char file[4096];

static void put(size_t at, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        file[at + i] = (unsigned char)(value >> 8 * i);
}

/* Headers of an image 3 wide and |height| high; returns where the pixels begin: after 256 colours with 8 bits. */
static size_t make_header(size_t info_bytes, int32_t height, unsigned bits)
{
    memset(file, 0, sizeof file);
    memcpy(file, "BM", 2);
    bool is_core = info_bytes == 12;
    size_t offset = 14 + info_bytes + (bits == 8 ? 256 * (is_core ? 3 : 4) : 0);
    put(10, 4, offset);
    put(14, 4, info_bytes);
    put(18, is_core ? 2 : 4, 3);
    put(is_core ? 20 : 22, is_core ? 2 : 4, (uint64_t)(int64_t)height);
    put(is_core ? 22 : 26, 2, 1);
    put(is_core ? 24 : 28, 2, bits);
    return offset;
}

static void assert_image(size_t n, const double expected[6], const char *note)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, test_write_file("t.bmp", file, n), NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, 1, 2, 3};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_string_equal(info->format, "BMP");
    assert_near(info->saturation, 255, 0);
    assert_string_equal(info->note, note);
    float *values = test_read_all(dataset);
    for (int i = 0; i < 6; i++)
        assert_near(values[i], expected[i], note[0] == '\0' ? 0 : 1e-4);
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

/* A row of three pixels of 24 bits is padded from nine to twelve bytes. The lowest row comes first. */
static void grey_pixels_stay_what_they_are(void **state)
{
    (void)state;
    const double expected[6] = {10, 20, 30, 40, 50, 255};
    const size_t headers[] = {12, 40, 108, 124};
    for (size_t h = 0; h < 4; h++)
        for (int is_top_down = 0; is_top_down < (headers[h] == 12 ? 1 : 2); is_top_down++) {
            size_t at = make_header(headers[h], is_top_down ? -2 : 2, 24);
            for (size_t i = 0; i < 6; i++)
                memset(file + at + (is_top_down ? i / 3 : 1 - i / 3) * 12 + i % 3 * 3, (int)expected[i], 3);
            assert_image(at + 21, expected, ""); /* the last row's padding is missing */
        }
}

static void colour_becomes_grey_and_is_noted(void **state)
{
    (void)state;
    size_t at = make_header(40, -2, 24);
    const unsigned char rows[24] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 7, 7, 7, 0, 0, 0, 1, 2, 3};
    memcpy(file + at, rows, sizeof rows);
    const double expected[6] = {29.07, 149.685, 76.245, 7, 0, 2.185};
    assert_image(at + 24, expected, "4 of 6 pixels are coloured; their brightness is taken (ITU-R BT.601)");
}

static void palettes_are_looked_up(void **state)
{
    (void)state;
    const double expected[6] = {0, 1, 255, 128, 3, 3};
    for (int is_core = 0; is_core < 2; is_core++) {
        size_t at = make_header(is_core ? 12 : 40, 2, 8), entry = is_core ? 3 : 4;
        for (size_t i = 0; i < 256; i++) /* turned round: the entry, not the index, is the value */
            memset(file + (is_core ? 26 : 54) + entry * i, (int)(255 - i), 3);
        const unsigned char lower[4] = {127, 252, 252}, upper[4] = {255, 254, 0};
        memcpy(file + at, lower, 4);
        memcpy(file + at + 4, upper, 4);
        assert_image(at + 8, expected, "");
    }
    make_header(40, 2, 8);
    put(46, 4, 2); /* two colours: red and grey; what is beyond them is black */
    const unsigned char colours[8] = {0, 0, 200, 0, 9, 9, 9, 0}, pixels[8] = {1, 1, 1, 0, 0, 1, 2};
    memcpy(file + 54, colours, 8);
    put(10, 4, 62);
    memcpy(file + 62, pixels, 8);
    assert_image(70, (const double[]){59.8, 9, 0, 9, 9, 9},
                 "1 of 6 pixels are coloured; their brightness is taken (ITU-R BT.601)");
}

static void wrong_headers_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t at, n_bytes;
        uint64_t value;
        size_t n;
        vtr_status status;
        const char *part;
    } cases[] = {
        {28, 2, 4, 200, VTR_ERR_TYPE, "4 bits a pixel"},
        {28, 2, 32, 200, VTR_ERR_TYPE, "32 bits a pixel"},
        {30, 4, 1, 200, VTR_ERR_TYPE, "compression 1"},
        {18, 4, 0, 200, VTR_ERR_FORMAT, "the size of the image"},
        {18, 4, 0x80000000, 200, VTR_ERR_FORMAT, "the size of the image"},
        {22, 4, 0, 200, VTR_ERR_FORMAT, "the size of the image"},
        {22, 4, 0x80000000, 200, VTR_ERR_FORMAT, "the size of the image"},
        {18, 8, 0x7fffffff7fffffff, 200, VTR_ERR_FORMAT, "2147483647 x 2147483647"}, /* nearly 2^62 pixels */
        {22, 4, 23, 200, VTR_ERR_FORMAT, "need 327 bytes, the file has 200"},
        {14, 4, 13, 200, VTR_ERR_FORMAT, "its length"},
        {10, 4, 0xffffffff, 200, VTR_ERR_FORMAT, "need 4294967316 bytes"},
        {10, 4, 190, 205, VTR_ERR_FORMAT, "need 211 bytes, the file has 205"},
        {28, 2, 24, 53, VTR_ERR_FORMAT, "the file ends within it"},
        {28, 2, 24, 25, VTR_ERR_FORMAT, "the file ends within it"},
        {28, 2, 8, 200, VTR_ERR_FORMAT, "within its palette"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        make_header(40, 2, 24);
        put(cases[i].at, cases[i].n_bytes, cases[i].value);
        assert_fails(vtr_dataset_open(&dataset, test_write_file("t.bmp", file, cases[i].n), NULL, &err),
                     cases[i].status, cases[i].part);
        assert_null(dataset);
    }
}

/* The scale bar of this pattern is white, 106 px wide in row 978 from the top, columns 31 to 136: a picture turned
 * over would have it in row 44. The sum is that of the bytes, counted without this reader. */
static void a_real_pattern_stands_upright(void **state)
{
    (void)state;
    const char *path = test_data_path("rings/saed_Au_Nano_1.bmp");
    if (path == NULL) skip();
    vtr_error err;
    float *image = NULL;
    size_t height = 0, width = 0;
    assert_ok(vtr_image_read(&image, &height, &width, path, &err));
    assert_int_equal(height, 1023);
    assert_int_equal(width, 1023);
    double sum = 0;
    size_t white = 0, mirrored = 0;
    for (size_t i = 0; i < height * width; i++)
        sum += (double)image[i];
    for (size_t x = 31; x <= 136; x++) {
        white += image[978 * width + x] == 255;
        mirrored += image[44 * width + x] == 255;
    }
    assert_near(sum, 0.114 * 27012357 + 0.587 * 27012468 + 0.299 * 27011932, 0.1);
    assert_int_equal(white, 106);
    assert_true(mirrored < 10);
    assert_true(image[978 * width + 29] < 255 && image[978 * width + 138] < 255);
    vtr_image_free(image);
}

static vtr_status open_and_close(void *context, vtr_error *err)
{
    (void)context;
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, test_folder_path("t.bmp"), NULL, err);
    vtr_dataset_close(&dataset);
    return status;
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    test_write_file("t.bmp", file, make_header(40, 2, 8) + 8);
    test_every_allocation_fails(open_and_close, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grey_pixels_stay_what_they_are), cmocka_unit_test(colour_becomes_grey_and_is_noted),
        cmocka_unit_test(palettes_are_looked_up),         cmocka_unit_test(wrong_headers_are_named),
        cmocka_unit_test(a_real_pattern_stands_upright),  cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
