/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of numbered images: their order, the scan that their names tell, and what does not belong together. */
#include <stdio.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_dataset.h"

enum { ROWS = 6, COLUMNS = 5, PIXELS = ROWS * COLUMNS };

/* An image, or a stack of them, whose values are first, first + 1 ... */
static void write_tiff(const char *name, uint32_t rows, size_t pages, unsigned first)
{
    TIFF *tiff = TIFFOpen(test_folder_path(name), "w");
    assert_non_null(tiff);
    uint16_t values[16 * 16];
    for (size_t page = 0; page < pages; page++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, COLUMNS);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, rows);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows);
        for (unsigned i = 0; i < rows * COLUMNS; i++)
            values[i] = (uint16_t)(first + page * PIXELS + i);
        assert_true(TIFFWriteEncodedStrip(tiff, 0, values, (tmsize_t)rows * COLUMNS * 2) > 0);
        assert_int_equal(TIFFWriteDirectory(tiff), 1);
    }
    TIFFClose(tiff);
}

static vtr_dataset *open_folder(size_t n_y, size_t n_x, const char *note)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, test_folder_path(""), NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {n_y, n_x, ROWS, COLUMNS};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_int_equal(info->type, VTR_TYPE_U16);
    if (strstr(info->note, note) == NULL) fail_msg("'%s' does not hold '%s'", info->note, note);
    return dataset;
}

static void assert_counts(vtr_dataset *dataset, size_t n)
{
    vtr_error err;
    uint16_t *values = test_read_all(dataset);
    for (size_t i = 0; i < n * PIXELS; i++)
        assert_int_equal(values[i], i);
    assert_ok(vtr_dataset_read(dataset, n - 1, 1, values, &err));
    assert_int_equal(values[0], (n - 1) * PIXELS);
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

static void numbers_give_the_order(void **state)
{
    (void)state;
    char name[64];
    for (unsigned i = 0; i < 12; i++) { /* img2 before img10 */
        snprintf(name, sizeof name, "img%u.tif", i);
        write_tiff(name, ROWS, 1, i * PIXELS);
    }
    test_write_file("notes.txt", "any", 3);
    test_write_file(".img3.tif", "any", 3);
    assert_counts(open_folder(1, 12, "do not say the scan's shape; give --scan-shape"), 12);
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params params = test_params();
    params.scan_shape[0] = 3;
    params.scan_shape[1] = 4;
    assert_ok(vtr_dataset_open(&dataset, test_folder_path(""), &params, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->shape[0], 3);
    assert_string_equal(vtr_dataset_get_info(dataset)->note, "");
    assert_string_equal(vtr_dataset_get_info(dataset)->format, "TIFF in 12 files");
    vtr_dataset_close(&dataset);
    params.type = "u2";
    assert_fails(vtr_dataset_open(&dataset, test_folder_path(""), &params, &err), VTR_ERR_ARGUMENT, "--type");
}

/* Row and column by the order of the numbers, or by the letters before them; whatever else the names hold. */
static void two_numbers_are_the_scan(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        bool x_first;
    } cases[] = {{"run7_%03u_%03u.tiff", false},
                 {"y%u_x%u.TIF", false},
                 {"8bin x%u y%u.tif", true},
                 {"col_%02u-row_%02u.tif", true}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char name[64];
        for (unsigned y = 0; y < 3; y++)
            for (unsigned x = 0; x < 11; x++) {
                snprintf(name, sizeof name, cases[c].names, cases[c].x_first ? x + 5 : y + 9,
                         cases[c].x_first ? y + 9 : x + 5);
                write_tiff(name, ROWS, 1, (y * 11 + x) * PIXELS);
            }
        assert_counts(open_folder(3, 11, "numbers in the files' names"), 33);
        /* one is missing: no grid any more */
        assert_int_equal(unlink(test_folder_path(name)), 0);
        vtr_dataset *dataset = open_folder(1, 32, "give --scan-shape");
        vtr_dataset_close(&dataset);
        test_folder_remove();
        test_folder_make();
    }
}

static void stacks_follow_one_another(void **state)
{
    (void)state;
    write_tiff("series_1.tif", ROWS, 3, 0);
    write_tiff("series_2.tif", ROWS, 1, 3 * PIXELS);
    write_tiff("series_10.tif", ROWS, 5, 4 * PIXELS);
    assert_counts(open_folder(1, 9, "--scan-shape"), 9);
}

static void what_does_not_belong_together_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_fails(vtr_dataset_open(&dataset, test_folder_path(""), NULL, &err), VTR_ERR_IO, "it is a folder");
    write_tiff("a1.tif", ROWS, 1, 0);
    write_tiff("a2.tif", ROWS - 1, 1, 0);
    dataset = open_folder(1, 2, "");
    uint16_t values[2 * PIXELS];
    assert_ok(vtr_dataset_read(dataset, 0, 1, values, &err));
    assert_fails(vtr_dataset_read(dataset, 0, 2, values, &err), VTR_ERR_SHAPE, "a2.tif");
    test_assert_contains(err.message, "5 x 5 px of u16, the first file of its folder 6 x 5 px of u16");
    vtr_dataset_close(&dataset);
    /* within stacks, when it is opened */
    write_tiff("a1.tif", ROWS, 2, 0);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path(""), NULL, &err), VTR_ERR_SHAPE, "a2.tif");
    unlink(test_folder_path("a2.tif"));
    test_write_file("a2.png", "any", 3);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path(""), NULL, &err), VTR_ERR_FORMAT,
                 "it holds .tif and .png files");
    unlink(test_folder_path("a2.png"));
    test_write_file("a0.tif", "no image", 8);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path(""), NULL, &err), VTR_ERR_FORMAT, "a0.tif");
}

static int make_folder(void **state)
{
    (void)state;
    test_folder_make();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        CASE(numbers_give_the_order),
        CASE(two_numbers_are_the_scan),
        CASE(stacks_follow_one_another),
        CASE(what_does_not_belong_together_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
