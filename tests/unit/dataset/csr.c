/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse recordings written number by number: every type and byte order, events of one pixel, and what is damaged. */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

enum { N_Y = 2, N_X = 3, ROWS = 3, COLUMNS = 4, PIXELS = ROWS * COLUMNS, FRAMES = N_Y * N_X, MOST = 4096 };

static const char header[] =
    "# as written by another program\n[params]\nfiletype = \"raw_csr\"\nnav_shape = [2, 3]\n"
    "sig_shape = [3,4]\n\n[raw_csr]\nindptr_file = \"rowind.dat\"\nindptr_dtype = \"%s\"\n"
    "indices_file = 'coord.dat'\nindices_dtype = \"%s\"\ndata_file = \"value.dat\"\n"
    "data_dtype = \"%s\"\n";

static void write_numbers(const char *name, const char *type, const double *values, size_t n)
{
    unsigned char bytes[MOST];
    size_t size = (size_t)(type[2] - '0'), used = 0;
    assert_true(n * size <= MOST);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = (uint64_t)(int64_t)values[i];
        float single = (float)values[i];
        if (type[1] == 'f' && size == 8) memcpy(&bits, &values[i], sizeof bits);
        if (type[1] == 'f' && size == 4) {
            uint32_t small;
            memcpy(&small, &single, sizeof small);
            bits = small;
        }
        for (size_t b = 0; b < size; b++)
            bytes[used++] = (unsigned char)(bits >> 8 * (type[0] == '>' ? size - 1 - b : b));
    }
    test_write_file(name, bytes, used);
}

static double begins[FRAMES + 1], pixels[64], values[64];
static size_t n_entries;

/* Frame f has f entries, each of which says its frame and its pixel; the last frame twice the same one. */
static void make(void)
{
    n_entries = 0;
    for (size_t f = 0; f < FRAMES; f++) {
        begins[f] = (double)n_entries;
        for (size_t i = 0; i < f; i++) {
            pixels[n_entries] = (double)((5 * f + 7 * i) % PIXELS);
            values[n_entries++] = (double)(10 * f + i);
        }
    }
    begins[FRAMES] = (double)n_entries;
    pixels[n_entries - 1] = pixels[n_entries - 2];
}

static const char *write_all(const char *begin_type, const char *pixel_type, const char *value_type)
{
    char text[1024];
    snprintf(text, sizeof text, header, begin_type, pixel_type, value_type);
    write_numbers("rowind.dat", begin_type, begins, FRAMES + 1);
    write_numbers("coord.dat", pixel_type, pixels, n_entries);
    write_numbers("value.dat", value_type, values, n_entries);
    return test_write_file("scan.toml", text, strlen(text));
}

static void every_type_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *begins, *pixels, *values;
        vtr_type type;
    } cases[] = {{"<i4", "<i4", "<i4", VTR_TYPE_I32}, {">i8", ">u2", ">u2", VTR_TYPE_U16},
                 {"<u4", "|u1", "|u1", VTR_TYPE_U8},  {"<u8", "<i8", "<u4", VTR_TYPE_U32},
                 {"<i8", ">u4", "<f4", VTR_TYPE_F32}, {"<i4", "<i4", ">f8", VTR_TYPE_F64},
                 {"<i4", "<i4", "<i8", VTR_TYPE_F64}, {"<i4", "<i4", "<i2", VTR_TYPE_I32}};
    make();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, write_all(cases[c].begins, cases[c].pixels, cases[c].values),
                                   NULL, &err));
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        const size_t shape[4] = {N_Y, N_X, ROWS, COLUMNS};
        assert_memory_equal(info->shape, shape, sizeof shape);
        assert_int_equal(info->type, cases[c].type);
        assert_string_equal(info->note, "");
        double expected[FRAMES * PIXELS] = {0};
        for (size_t f = 0; f < FRAMES; f++)
            for (size_t i = (size_t)begins[f]; i < (size_t)begins[f + 1]; i++)
                expected[f * PIXELS + (size_t)pixels[i]] += values[i];
        void *found = test_read_all(dataset);
        for (size_t i = 0; i < FRAMES * PIXELS; i++)
            assert_true(test_value(found, info->type, i) == expected[i]);
        vtr_free(found);
        vtr_dataset_close(&dataset);
    }
}

static void assert_damaged(size_t frame, const char *what)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    double frames[FRAMES * PIXELS];
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("scan.toml"), NULL, &err));
    if (frame > 0) assert_ok(vtr_dataset_read(dataset, 0, frame, frames, &err));
    assert_fails(vtr_dataset_read(dataset, frame, 1, frames, &err), VTR_ERR_IO, what);
    vtr_dataset_close(&dataset);
}

static void what_is_damaged_is_named(void **state)
{
    (void)state;
    make();
    pixels[5] = PIXELS;
    write_all("<i4", "<i4", "<u2");
    assert_damaged(3, "frame 3: an entry lies beyond its pixels");
    pixels[5] = -1;
    write_all("<i4", "<i4", "<u2");
    assert_damaged(3, "frame 3: an entry lies beyond its pixels");
    make();
    begins[2] = 4;
    write_all("<i4", "<i4", "<u2");
    assert_damaged(2, "frame 2: its entries begin or end");
    make();
    begins[FRAMES] += 1;
    write_all("<i4", "<i4", "<u2");
    assert_damaged(FRAMES - 1, "frame 5: its entries begin or end");
    make();
    values[n_entries - 1] = values[n_entries - 2] = 200;
    write_all("<i4", "<i4", "|u1");
    assert_damaged(FRAMES - 1, "frame 5: a pixel's entries add up");
}

/* A scan that ends early has fewer beginnings. */
static void a_part_is_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    make();
    write_all("<i4", "<i4", "<u2");
    write_numbers("rowind.dat", "<i4", begins, 5);
    assert_ok(vtr_dataset_open(&dataset, test_folder_path("scan.toml"), NULL, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->n_frames, 4);
    test_assert_contains(vtr_dataset_get_info(dataset)->note, "4 of 6 positions");
    vtr_dataset_close(&dataset);
}

static void texts_that_lack_something_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"nav_shape = [2, 3]", "nav = [2, 3]", "does not say nav_shape"},
        {"nav_shape = [2, 3]", "nav_shape = [2, x]", "does not say nav_shape"},
        {"nav_shape = [2, 3]", "nav_shape = [2, 3, 4]", "3 dimensions"},
        {"nav_shape = [2, 3]", "nav_shape = [0, 3]", "holds nothing"},
        {"sig_shape = [3,4]", "sig_shape = [999999999999, 999999999999]", "which no recording has"},
        {"\"rowind.dat\"", "\"none.dat\"", "none.dat"},
        {"\"rowind.dat\"", "rowind.dat", "does not say indptr_file"},
        {"'coord.dat'", "'coord.dat", "does not say indices_file"},
        {"data_dtype = \"<u2\"", "data_dtype = \"<c8\"", "'<c8', which is no type"},
        {"indptr_dtype = \"<i4\"", "indptr_dtype = \"<f4\"", "whole numbers"},
    };
    make();
    write_all("<i4", "<i4", "<u2");
    char text[1024], changed[1200];
    snprintf(text, sizeof text, header, "<i4", "<i4", "<u2");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        const char *at = strstr(text, cases[i][0]);
        assert_non_null(at);
        int n = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, cases[i][1],
                         at + strlen(cases[i][0]));
        assert_true(vtr_dataset_open(&dataset, test_write_file("scan.toml", changed, (size_t)n), NULL,
                                     &err) != VTR_OK);
        assert_null(dataset);
        test_assert_contains(err.message, cases[i][2]);
        test_assert_contains(err.message, "scan.toml");
        assert_null(strchr(err.message, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(what_is_damaged_is_named),
        cmocka_unit_test(a_part_is_read),
        cmocka_unit_test(texts_that_lack_something_are_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
