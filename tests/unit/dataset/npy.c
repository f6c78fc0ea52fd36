/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* A .npy file of a version, with this dictionary and these numbers. */
static const char *write_npy(const char *name, int version, const char *dictionary, const void *values,
                             size_t n)
{
    unsigned char file[8192] = {0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)version, 0};
    size_t length = strlen(dictionary), at = 8;
    file[at++] = (unsigned char)(length & 0xff);
    file[at++] = (unsigned char)(length >> 8);
    if (version > 1) at += 2;
    memcpy(file + at, dictionary, length);
    if (n > 0) memcpy(file + at + length, values, n);
    return test_write_file(name, file, at + length + n);
}

static vtr_status open_with(const char *dictionary, size_t n_bytes, vtr_dataset **dataset, vtr_error *err)
{
    static const unsigned char zeros[4096];
    return vtr_dataset_open(dataset, write_npy("t.npy", 1, dictionary, zeros, n_bytes), NULL, err);
}

static void versions_orders_and_types_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary;
        int version;
        vtr_type type;
        unsigned char bytes[16];
        double first, second;
    } cases[] = {
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (1, 2), }",
         1,
         VTR_TYPE_U16,
         {1, 2, 3, 4},
         513,
         1027},
        {"{'descr': '>u2', 'fortran_order': False, 'shape': (1, 2), }",
         2,
         VTR_TYPE_U16,
         {1, 2, 3, 4},
         258,
         772},
        {"{\"shape\": (1, 2), \"fortran_order\": False, \"descr\": \"|u1\"}",
         3,
         VTR_TYPE_U8,
         {7, 200},
         7,
         200},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (1, 2), }", 1, VTR_TYPE_U8, {1, 0}, 1, 0},
        {"{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2), }", 1, VTR_TYPE_I8, {255, 1}, -1, 1},
        {"{'descr': '>i4', 'fortran_order': False, 'shape': (1, 2), }",
         1,
         VTR_TYPE_I32,
         {255, 255, 255, 254, 0, 0, 1, 0},
         -2,
         256},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2), }",
         1,
         VTR_TYPE_F64,
         {0xfe, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1},
         -2,
         4294967296.0},
        {"{'descr': '>u8', 'fortran_order': False, 'shape': (1, 2), }",
         1,
         VTR_TYPE_F64,
         {0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1},
         9,
         4294967296.0},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }",
         1,
         VTR_TYPE_F32,
         {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0},
         1.5,
         -2},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 2), }",
         1,
         VTR_TYPE_F64,
         {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0},
         1.5,
         -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        const char *path = write_npy("t.npy", cases[i].version, cases[i].dictionary, cases[i].bytes, 16);
        assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_int_equal(info->type, cases[i].type);
        assert_int_equal(info->shape[3], 2);
        void *values = test_read_all(dataset);
        assert_near(test_value(values, info->type, 0), cases[i].first, 0);
        assert_near(test_value(values, info->type, 1), cases[i].second, 0);
        float converted[2];
        assert_ok(vtr_dataset_read_f32(dataset, 0, 1, converted, &err));
        assert_near(converted[1], cases[i].second, 0);
        vtr_free(values);
        vtr_dataset_close(&dataset);
    }
}

static void dimensions_become_scan_and_detector(void **state)
{
    (void)state;
    static const struct {
        const char *shape;
        size_t expected[4];
    } cases[] = {{"(3, 4)", {1, 1, 3, 4}}, {"(2, 3, 4)", {1, 2, 3, 4}}, {"(5, 2, 3, 4)", {5, 2, 3, 4}}};
    for (size_t i = 0; i < 3; i++) {
        char dictionary[128];
        snprintf(dictionary, sizeof dictionary, "{'descr': '|u1', 'fortran_order': False, 'shape': %s}",
                 cases[i].shape);
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_ok(open_with(dictionary, 120, &dataset, &err));
        assert_memory_equal(vtr_dataset_get_info(dataset)->shape, cases[i].expected,
                            sizeof cases[i].expected);
        vtr_dataset_close(&dataset);
    }
}

static void damaged_headers_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary, *part;
        vtr_status status;
    } cases[] = {
        {"{'descr': '<u2', 'fortran_order': True, 'shape': (2, 2)}", "ascontiguousarray", VTR_ERR_FORMAT},
        {"{'descr': '<u2', 'shape': (2, 2)}", "fortran_order", VTR_ERR_FORMAT},
        {"{'fortran_order': False, 'shape': (2, 2)}", "descr", VTR_ERR_FORMAT},
        {"{'descr': '<u2', 'fortran_order': False}", "shape", VTR_ERR_FORMAT},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (2, -2)}", "shape", VTR_ERR_FORMAT},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (2, 99999999999999999999999)}", "shape",
         VTR_ERR_FORMAT},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (7,)}", "1 dimensions", VTR_ERR_SHAPE},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (1,1,1,2,2)}", "5 dimensions", VTR_ERR_SHAPE},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (0, 2)}", "holds nothing", VTR_ERR_SHAPE},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (1073741824, 1073741824)}", "no recording",
         VTR_ERR_SHAPE},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2, 2)}", "no recording",
         VTR_ERR_SHAPE},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (100, 1000)}", "no whole frame", VTR_ERR_NO_DATA},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2)}", "<c8", VTR_ERR_TYPE},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2)}", "<f2", VTR_ERR_TYPE},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (2, 2)}", "structured", VTR_ERR_TYPE},
        {"", "descr", VTR_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_fails(open_with(cases[i].dictionary, 64, &dataset, &err), cases[i].status, cases[i].part);
        test_assert_contains(err.message, "t.npy");
        assert_null(dataset);
    }
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = write_npy("v.npy", 9, "{}", NULL, 0);
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, "version");
    const unsigned char lying[12] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0xff, 0xff};
    path = test_write_file("l.npy", lying, sizeof lying);
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, "length");
    path = test_write_file("s.npy", lying, 10);
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, "too short");
}

static void what_is_there_of_a_short_file_is_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *four = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4, 2, 2)}";
    assert_ok(open_with(four, 4 * 7 + 3, &dataset, &err)); /* seven frames and a bit of twelve */
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_int_equal(info->n_frames, 7);
    assert_int_equal(info->shape[0] * info->shape[1], 12);
    test_assert_contains(info->note, "7 of 12");
    unsigned char frames[8];
    assert_ok(vtr_dataset_read(dataset, 5, 2, frames, &err));
    assert_fails(vtr_dataset_read(dataset, 6, 2, frames, &err), VTR_ERR_RANGE, "0 to 6");
    assert_fails(vtr_dataset_read(dataset, 8, 1, frames, &err), VTR_ERR_RANGE, "0 to 6");
    assert_fails(vtr_dataset_read(dataset, 1, SIZE_MAX, frames, &err), VTR_ERR_RANGE, "0 to 6");
    vtr_dataset_close(&dataset);
}

static void a_file_that_shrinks_is_an_error_with_its_place(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(
        open_with("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 8, 2, 2)}", 32, &dataset, &err));
    write_npy("t.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 8, 2, 2)}", "abcd", 4);
    unsigned char frames[32];
    assert_fails(vtr_dataset_read(dataset, 2, 3, frames, &err), VTR_ERR_IO, "positions 2 to 4");
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_orders_and_types_are_read),
        cmocka_unit_test(dimensions_become_scan_and_detector),
        cmocka_unit_test(damaged_headers_are_named),
        cmocka_unit_test(what_is_there_of_a_short_file_is_read),
        cmocka_unit_test(a_file_that_shrinks_is_an_error_with_its_place),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
