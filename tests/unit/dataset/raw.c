/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* mkfifo, truncate */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Frames of 2 x 3 bytes whose pixels hold the frame's number; six bytes of header, two after each frame. */
enum { PIXELS = 6, HEADER = 6, GAP = 2 };

static const char *write_frames(const char *name, size_t n)
{
    unsigned char file[4096];
    memset(file, 0xee, sizeof file);
    for (size_t i = 0; i < n; i++)
        memset(file + HEADER + i * (PIXELS + GAP), (int)i, PIXELS);
    return test_write_file(name, file, HEADER + n * (PIXELS + GAP));
}

static vtr_dataset_params frame_params(void)
{
    vtr_dataset_params params = test_params();
    params.shape[0] = 2;
    params.shape[1] = 3;
    params.type = "u8";
    params.header_bytes = HEADER;
    params.gap_bytes = GAP;
    return params;
}

/* The stored frame that each position shows. */
static void assert_order(const char *path, const vtr_dataset_params *params, const int *expected, size_t n)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, params, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->n_frames, n);
    unsigned char *all = test_read_all(dataset);
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < PIXELS; p++)
            assert_int_equal(all[i * PIXELS + p], expected[i]);
    /* any part in any piece is the same */
    for (size_t first = 0; first < n; first++) {
        unsigned char part[200 * PIXELS];
        assert_ok(vtr_dataset_read(dataset, first, n - first, part, &err));
        assert_memory_equal(part, all + first * PIXELS, (n - first) * PIXELS);
    }
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

static void header_and_gap_are_stepped_over(void **state)
{
    (void)state;
    const char *path = write_frames("a.raw", 12);
    const int straight[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    vtr_dataset_params params = frame_params();
    assert_order(path, &params, straight, 12);
    params.shape[0] = 4;
    params.shape[1] = 3;
    params.shape[2] = 2;
    params.shape[3] = 3;
    assert_order(path, &params, straight, 12);
}

static void flyback_skip_and_snake_choose_frames(void **state)
{
    (void)state;
    const char *path = write_frames("b.raw", 12);
    vtr_dataset_params params = frame_params();
    params.scan_shape[0] = 3;
    params.scan_shape[1] = 3;
    params.flyback = 1;
    assert_order(path, &params, (const int[]){0, 1, 2, 4, 5, 6, 8, 9, 10}, 9);
    params.snake = true;
    assert_order(path, &params, (const int[]){0, 1, 2, 6, 5, 4, 8, 9, 10}, 9);
    params.skip_frames = 1;
    assert_order(path, &params, (const int[]){1, 2, 3, 7, 6, 5, 9, 10, 11}, 9);
    params.flyback = 0;
    params.snake = false;
    assert_order(path, &params, (const int[]){1, 2, 3, 4, 5, 6, 7, 8, 9}, 9);
}

static void a_recording_that_ends_early_or_late_is_noted(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = write_frames("c.raw", 11);
    vtr_dataset_params params = frame_params();
    params.scan_shape[0] = 4;
    params.scan_shape[1] = 3;
    params.flyback = 1;
    assert_order(path, &params, (const int[]){0, 1, 2, 4, 5, 6, 8, 9, 10}, 9);
    params.snake = true; /* the last row runs forwards */
    assert_order(path, &params, (const int[]){0, 1, 2, 6, 5, 4, 8, 9, 10}, 9);
    params.flyback = 0; /* the last row begins at its missing end */
    assert_order(path, &params, (const int[]){0, 1, 2, 5, 4, 3, 6, 7, 8}, 9);
    params.scan_shape[0] = 3;
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    test_assert_contains(vtr_dataset_get_info(dataset)->note, "2 frames more");
    vtr_dataset_close(&dataset);
    params.scan_shape[0] = 9;
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    test_assert_contains(vtr_dataset_get_info(dataset)->note, "9 of 27");
    vtr_dataset_close(&dataset);
}

static void both_byte_orders_are_read(void **state)
{
    (void)state;
    const unsigned char bytes[8] = {1, 2, 3, 4, 0xff, 0xfe, 0, 1};
    const char *path = test_write_file("d.raw", bytes, 8);
    static const int expected[2][4] = {{513, 1027, -257, 256}, {258, 772, -2, 1}};
    for (int order = 0; order < 2; order++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        vtr_dataset_params params = test_params();
        params.shape[0] = params.shape[1] = 2;
        params.type = "int16";
        params.byte_order = order;
        assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
        int16_t *values = test_read_all(dataset);
        for (int i = 0; i < 4; i++)
            assert_int_equal(values[i], expected[order][i]);
        vtr_free(values);
        vtr_dataset_close(&dataset);
    }
}

static void a_side_file_stands_in_for_options(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = write_frames("e.raw", 6);
    const char text[] =
        "# a scan\nshape: 2x3x2x3\ntype = u8\r\n\nheader: 6\ngap: 2   # after each\nk-step: 0.0125\n"
        "scan-step: 5.8\nenergy: 300";
    test_write_file("e.raw.yaml", text, strlen(text));
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {2, 3, 2, 3};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_near(info->k_step_inv_angstrom[0], 0.0125, 0);
    assert_near(info->scan_step_nm[1], 5.8, 0);
    assert_near(info->beam_energy_kev, 300, 0);
    vtr_dataset_close(&dataset);

    vtr_dataset_params params = test_params(); /* the caller has the last word */
    params.scan_shape[0] = 3;
    params.scan_shape[1] = 2;
    params.beam_energy_kev = 200;
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    assert_int_equal(vtr_dataset_get_info(dataset)->shape[0], 3);
    assert_near(vtr_dataset_get_info(dataset)->beam_energy_kev, 200, 0);
    assert_near(vtr_dataset_get_info(dataset)->k_step_inv_angstrom[0], 0.0125, 0);
    vtr_dataset_close(&dataset);

    static const char *const wrong[][2] = {
        {"shape: 2x3x2x3\ncolour: red\n", "line 2: unknown name 'colour'"},
        {"shape: nonsense\n", "line 1"},
        {"just words\n", "name: value"},
        {"header: -1\n", "line 1"},
    };
    for (size_t i = 0; i < 4; i++) {
        test_write_file("e.raw.yaml", wrong[i][0], strlen(wrong[i][0]));
        assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, wrong[i][1]);
        test_assert_contains(err.message, "e.raw.yaml");
    }
    assert_null(dataset);
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = write_frames("f.raw", 3);
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, "f.raw.yaml");
    vtr_dataset_params params = frame_params();
    params.type = NULL;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_FORMAT, "--type");
    params.type = "u13";
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_TYPE, "u13");
    params = frame_params();
    params.header_bytes = 100000;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_NO_DATA, "no frame of 2 x 3");
    params = frame_params();
    params.gap_bytes = SIZE_MAX;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_ARGUMENT, "--gap");
    params = frame_params();
    params.shape[0] = params.shape[1] = (size_t)1 << 33;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_SHAPE, "no recording");
    params = frame_params();
    params.skip_frames = 3;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_NO_DATA, "--skip");
    params = frame_params();
    params.scan_shape[0] = 4;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_ARGUMENT, "ROWSxCOLUMNS");
    params.scan_shape[0] = params.scan_shape[1] = SIZE_MAX / 2;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_SHAPE, "no recording");
    params = frame_params();
    params.flyback = SIZE_MAX;
    assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_ARGUMENT, "--flyback");
    vtr_dataset_info info = test_info(1, 1, 2, 2, VTR_TYPE_U8);
    test_write_recording(test_folder_path("g.npy"), &info, "abcd");
    params = frame_params();
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("g.npy"), &params, &err), VTR_ERR_ARGUMENT,
                 "is a NumPy file");
    assert_null(dataset);
}

static void what_is_no_file_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("none.npy"), NULL, &err), VTR_ERR_NOT_FOUND,
                 "none.npy");
    assert_int_equal(mkdir(test_folder_path("folder"), 0700), 0);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("folder"), NULL, &err), VTR_ERR_IO, "a folder");
    assert_int_equal(mkfifo(test_folder_path("pipe"), 0600), 0);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("pipe"), NULL, &err), VTR_ERR_IO,
                 "not a regular file");
    assert_fails(vtr_dataset_open(&dataset, "/dev/zero", NULL, &err), VTR_ERR_IO, "not a regular file");
    test_write_file("empty", "", 0);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("empty"), NULL, &err), VTR_ERR_FORMAT, "empty");
    assert_null(dataset);
    vtr_dataset_close(&dataset);
    vtr_dataset_close(NULL);
}

/* 100 GB that take no space on disk: opening must not read them. */
static void opening_does_not_depend_on_the_size(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = test_write_file("huge.raw", "", 0);
    if (truncate(path, 100000000000) != 0) skip(); /* a file system without sparse files */
    vtr_dataset_params params = test_params();
    params.shape[0] = params.shape[1] = 512;
    params.type = "u16";
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true((double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec) <
                0.1);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_int_equal(info->n_frames, 190734);
    uint16_t *frame = vtr_malloc(512 * 512, sizeof *frame);
    memset(frame, 1, 512 * 512 * sizeof *frame);
    assert_ok(vtr_dataset_read(dataset, info->n_frames - 1, 1, frame, &err));
    assert_int_equal(frame[512 * 512 - 1], 0);
    vtr_free(frame);
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_gap_are_stepped_over),
        cmocka_unit_test(flyback_skip_and_snake_choose_frames),
        cmocka_unit_test(a_recording_that_ends_early_or_late_is_noted),
        cmocka_unit_test(both_byte_orders_are_read),
        cmocka_unit_test(a_side_file_stands_in_for_options),
        cmocka_unit_test(wrong_use_is_named),
        cmocka_unit_test(what_is_no_file_is_named),
        cmocka_unit_test(opening_does_not_depend_on_the_size),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
