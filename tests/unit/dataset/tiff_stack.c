/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include "base/base_internal.h"
#include "support_dataset.h"
#include "vitrail/dataset.h"

/* Stacks written by libtiff with known numbers: 4 pages of 6 x 5, value = place in the stack. */

enum { PAGES = 4, ROWS = 6, COLUMNS = 5, PIXELS = ROWS * COLUMNS };

static void write_page(TIFF *tiff, uint32_t rows, uint32_t columns, int compression, unsigned first)
{
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, columns);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, rows);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 4); /* the last strip is shorter */
    uint16_t row[16];
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++)
            row[x] = (uint16_t)(first + y * columns + x);
        assert_int_equal(TIFFWriteScanline(tiff, row, y, 0), 1);
    }
}

static void assert_stack(const char *path, size_t n, const char *note)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, n, ROWS, COLUMNS};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_int_equal(info->type, VTR_TYPE_U16);
    assert_non_null(strstr(info->note, note));
    uint16_t *values = test_read_all(dataset);
    for (size_t i = 0; i < n * PIXELS; i++)
        assert_int_equal(values[i], i);
    assert_ok(vtr_dataset_read(dataset, n - 1, 1, values, &err));
    assert_int_equal(values[0], (n - 1) * PIXELS);
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

static void stacks_are_read_whatever_their_order_and_compression(void **state)
{
    (void)state;
    static const char *const modes[] = {"wl", "wb", "w8"};
    static const int compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS};
    for (size_t m = 0; m < 3; m++)
        for (size_t c = 0; c < 3; c++) {
            const char *path = test_folder_path("stack.tif");
            TIFF *tiff = TIFFOpen(path, modes[m]);
            assert_non_null(tiff);
            for (unsigned i = 0; i < PAGES; i++) {
                write_page(tiff, ROWS, COLUMNS, compressions[c], i * PIXELS);
                assert_int_equal(TIFFWriteDirectory(tiff), 1);
            }
            TIFFClose(tiff);
            assert_stack(path, PAGES, "--scan-shape");
        }
}

/* Tiles of 16 px over pages of 37 x 21: with edges, uncompressed and not, either byte order. */
static void tiles_are_read(void **state)
{
    (void)state;
    enum { SIDE = 16, N_Y = 37, N_X = 21 };
    static const char *const modes[] = {"wl", "wb"};
    static const int compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW};
    for (size_t c = 0; c < 4; c++) {
        const char *path = test_folder_path("tiles.tif");
        TIFF *tiff = TIFFOpen(path, modes[c % 2]);
        assert_non_null(tiff);
        for (unsigned page = 0; page < PAGES; page++) {
            TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, N_X);
            TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, N_Y);
            TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
            TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
            TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
            TIFFSetField(tiff, TIFFTAG_COMPRESSION, compressions[c / 2]);
            TIFFSetField(tiff, TIFFTAG_TILEWIDTH, SIDE);
            TIFFSetField(tiff, TIFFTAG_TILELENGTH, SIDE);
            for (unsigned y = 0; y < N_Y; y += SIDE)
                for (unsigned x = 0; x < N_X; x += SIDE) {
                    uint16_t tile[SIDE * SIDE];
                    for (unsigned i = 0; i < SIDE * SIDE; i++)
                        tile[i] = (uint16_t)(page * N_Y * N_X + (y + i / SIDE) * N_X + x + i % SIDE);
                    assert_true(TIFFWriteTile(tiff, tile, x, y, 0, 0) > 0);
                }
            assert_int_equal(TIFFWriteDirectory(tiff), 1);
        }
        TIFFClose(tiff);
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
        const size_t shape[4] = {1, PAGES, N_Y, N_X};
        assert_memory_equal(vtr_dataset_get_info(dataset)->shape, shape, sizeof shape);
        uint16_t *values = test_read_all(dataset);
        for (size_t i = 0; i < PAGES * N_Y * N_X; i++)
            assert_int_equal(values[i], i);
        vtr_free(values);
        vtr_dataset_close(&dataset);
    }
}

static void previews_are_left_out(void **state)
{
    (void)state;
    const char *path = test_folder_path("preview.tif");
    TIFF *tiff = TIFFOpen(path, "w");
    assert_non_null(tiff);
    for (unsigned i = 0; i < 2; i++) {
        write_page(tiff, ROWS, COLUMNS, COMPRESSION_NONE, i * PIXELS);
        assert_int_equal(TIFFWriteDirectory(tiff), 1);
        write_page(tiff, 3, 2, COMPRESSION_NONE, 0);
        assert_int_equal(TIFFWriteDirectory(tiff), 1);
    }
    TIFFClose(tiff);
    assert_stack(path, 2, "2 pages of another size");
}

/* ImageJ's stacks beyond 4 GiB: one page, the other images right behind its pixels. Written byte by byte. */
static void images_behind_one_page_are_read(void **state)
{
    (void)state;
    static const char description[] = "ImageJ=1.53\nimages=3\nunit=1/nm\n";
    enum { AT_TEXT = 200, AT_RATIOS = 240, AT_PIXELS = 256, BYTES = AT_PIXELS + 3 * 2 * PIXELS };
    static const uint32_t tags[][4] = {
        /* tag, type (3 short, 4 long, 5 ratio, 2 text), count, value or place */
        {256, 4, 1, COLUMNS},    {257, 4, 1, ROWS},      {258, 3, 1, 16},
        {259, 3, 1, 1},          {262, 3, 1, 1},         {270, 2, sizeof description, AT_TEXT},
        {273, 4, 1, AT_PIXELS},  {277, 3, 1, 1},         {278, 4, 1, ROWS},
        {279, 4, 1, 2 * PIXELS}, {282, 5, 1, AT_RATIOS}, {283, 5, 1, AT_RATIOS + 8},
    };
    static const uint32_t ratios[4] = {4, 1, 2, 1};
    enum { N_TAGS = sizeof tags / sizeof *tags };
    unsigned char bytes[BYTES] = {'I', 'I', 42, 0, 8, 0, 0, 0, N_TAGS, 0};
    for (size_t i = 0; i < N_TAGS; i++)
        for (size_t b = 0; b < 12; b++) {
            size_t field = b < 2 ? 0 : b < 4 ? 1 : b < 8 ? 2 : 3, byte = b < 4 ? b % 2 : b % 4;
            bytes[10 + 12 * i + b] = (unsigned char)(tags[i][field] >> (8 * byte));
        }
    memcpy(bytes + AT_TEXT, description, sizeof description);
    for (size_t i = 0; i < 4; i++)
        bytes[AT_RATIOS + 4 * i] = (unsigned char)ratios[i];
    for (size_t i = 0; i < 3 * PIXELS; i++)
        bytes[AT_PIXELS + 2 * i] = (unsigned char)i;
    const char *path = test_write_file("imagej.tif", bytes, sizeof bytes);
    assert_stack(path, 3, "--scan-shape");
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    assert_near(vtr_dataset_get_info(dataset)->k_step_inv_angstrom[1], 0.025, 1e-9); /* 1/4 of 1/nm */
    assert_near(vtr_dataset_get_info(dataset)->k_step_inv_angstrom[0], 0.05, 1e-9);
    vtr_dataset_close(&dataset);
    path = test_write_file("cut.tif", bytes, sizeof bytes - 1); /* promised, but not there */
    assert_stack(path, 2, "--scan-shape");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_are_read_whatever_their_order_and_compression),
        cmocka_unit_test(tiles_are_read),
        cmocka_unit_test(previews_are_left_out),
        cmocka_unit_test(images_behind_one_page_are_read),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
