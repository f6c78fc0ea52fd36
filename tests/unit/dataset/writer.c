/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* setrlimit */
#include "vitrail/dataset.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/base_internal.h"
#include "support_dataset.h"

static void assert_same_recording(const char *path, const vtr_dataset_info *info, const void *values)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *read = vtr_dataset_get_info(dataset);
    for (int i = 0; i < 4; i++)
        assert_int_equal(read->shape[i], info->shape[i]);
    assert_int_equal(read->type, info->type);
    assert_int_equal(read->n_frames, info->shape[0] * info->shape[1]);
    assert_string_equal(read->note, "");
    void *all = test_read_all(dataset);
    assert_memory_equal(all, values,
                        read->n_frames * info->shape[2] * info->shape[3] * vtr_type_size(info->type));
    vtr_free(all);
    vtr_dataset_close(&dataset);
    assert_null(dataset);
}

static void every_type_comes_back_from_every_format(void **state)
{
    (void)state;
    static const char *const endings[] = {".npy", ".h5", ".hdf5", ".emd", ".hspy"};
    static const size_t shapes[][4] = {
        {2, 3, 5, 7}, {1, 4, 6, 3}, {1, 1, 9, 5}, {3, 1, 4, 4}, {1, 1, 70, 130}};
    for (int type = 0; type < VTR_TYPE_COUNT; type++)
        for (size_t e = 0; e < sizeof endings / sizeof *endings; e++)
            for (size_t s = 0; s < 5; s++) {
                const size_t *shape = shapes[s];
                vtr_dataset_info info = test_info(shape[0], shape[1], shape[2], shape[3], (vtr_type)type);
                size_t n = shape[0] * shape[1] * shape[2] * shape[3];
                void *values = test_ramp((vtr_type)type, n);
                char name[64];
                snprintf(name, sizeof name, "%d_%zu%s", type, s, endings[e]);
                test_write_recording(test_folder_path(name), &info, values);
                assert_same_recording(test_folder_path(name), &info, values);
                vtr_free(values);
            }
}

static void every_type_comes_back_from_tiff(void **state)
{
    (void)state;
    vtr_error err;
    for (int type = 0; type < VTR_TYPE_COUNT; type++) {
        vtr_dataset_info info = test_info(1, 1, 70, 13, (vtr_type)type);
        void *values = test_ramp((vtr_type)type, 70 * 13);
        char name[64];
        snprintf(name, sizeof name, "%d.tif", type);
        test_write_recording(test_folder_path(name), &info, values);
        float *image = NULL;
        size_t height = 0, width = 0;
        assert_ok(vtr_image_read(&image, &height, &width, test_folder_path(name), &err));
        assert_int_equal(height, 70);
        assert_int_equal(width, 13);
        for (size_t i = 0; i < 70 * 13; i++)
            assert_true(image[i] == (float)test_value(values, (vtr_type)type, i));
        vtr_image_free(image);
        vtr_free(values);
    }
}

static void check_calibration_of(const char *name, const char *format, const char *dataset_path)
{
    vtr_error err;
    vtr_dataset_info info = test_info(2, 3, 4, 5, VTR_TYPE_U16);
    info.scan_step_nm[0] = 5.8;
    info.scan_step_nm[1] = 6.1;
    info.k_step_inv_angstrom[0] = 0.0125;
    info.k_step_inv_angstrom[1] = 0.0127;
    info.beam_energy_kev = 300;
    void *values = test_ramp(VTR_TYPE_U16, 2 * 3 * 4 * 5);
    test_write_recording(test_folder_path(name), &info, values);
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, test_folder_path(name), NULL, &err));
    const vtr_dataset_info *read = vtr_dataset_get_info(dataset);
    assert_string_equal(read->format, format);
    assert_string_equal(read->dataset, dataset_path);
    for (int i = 0; i < 2; i++) {
        assert_near(read->scan_step_nm[i], info.scan_step_nm[i], 1e-12);
        assert_near(read->k_step_inv_angstrom[i], info.k_step_inv_angstrom[i], 1e-12);
    }
    assert_near(read->beam_energy_kev, 300, 0);
    vtr_dataset_close(&dataset);
    vtr_free(values);
}

static void calibration_comes_back(void **state)
{
    (void)state;
    check_calibration_of("c.h5", "HDF5: EMD 1.0", "/datacube_root/datacube/data");
    check_calibration_of("c.hspy", "HDF5: HyperSpy", "/Experiments/diffraction/data");
}

static void frames_may_come_in_any_order_from_threads(void **state)
{
    (void)state;
    enum { N = 60, PIXELS = 12 };
    vtr_dataset_info info = test_info(6, 10, 3, 4, VTR_TYPE_U32);
    uint32_t *values = test_ramp(VTR_TYPE_U32, N * PIXELS);
    static const char *const names[] = {"threads.npy", "threads.h5", "threads.hspy"};
    for (int f = 0; f < 3; f++) {
        vtr_error err;
        vtr_dataset_writer *writer = NULL;
        assert_ok(vtr_dataset_writer_open(&writer, test_folder_path(names[f]), &info, false, &err));
        int failures = 0;
#pragma omp parallel for num_threads(4) schedule(dynamic) reduction(+ : failures)
        for (int i = N - 1; i >= 0; i--)
            failures += vtr_dataset_writer_write(writer, (size_t)i, 1, values + i * PIXELS, NULL) != VTR_OK;
        assert_int_equal(failures, 0);
        assert_ok(vtr_dataset_writer_finish(&writer, &err));
        assert_same_recording(test_folder_path(names[f]), &info, values);
    }
    vtr_free(values);
}

static void nothing_stands_under_the_name_before_the_end(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset_info info = test_info(1, 1, 4, 4, VTR_TYPE_F32);
    float values[16] = {1};
    static const char *const names[] = {"a.npy", "a.h5", "a.tif"};
    for (int f = 0; f < 3; f++) {
        const char *path = test_folder_path(names[f]);
        vtr_dataset_writer *writer = NULL;
        assert_ok(vtr_dataset_writer_open(&writer, path, &info, false, &err));
        assert_ok(vtr_dataset_writer_write(writer, 0, 1, values, &err));
        assert_false(test_file_exists(path));
        vtr_dataset_writer_abandon(&writer);
        assert_null(writer);
        char partial[4200];
        snprintf(partial, sizeof partial, "%s.partial", path);
        assert_false(test_file_exists(path));
        assert_false(test_file_exists(partial));

        test_write_recording(path, &info, values);
        assert_fails(vtr_dataset_writer_open(&writer, path, &info, false, &err), VTR_ERR_EXISTS, "--force");
        assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
        assert_ok(vtr_dataset_writer_write(writer, 0, 1, values, &err));
        assert_ok(vtr_dataset_writer_finish(&writer, &err));
        assert_false(test_file_exists(partial));
    }
}

static void a_full_disk_is_said_and_leaves_nothing(void **state)
{
    (void)state;
    enum { SIDE = 512 };
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    static const char *const names[] = {"full.npy", "full.h5", "full.tif"};
    vtr_dataset_info info = test_info(1, 1, SIDE, SIDE, VTR_TYPE_U32);
    uint32_t *values = vtr_malloc(SIDE * SIDE, sizeof *values);
    vtr_random random;
    vtr_random_start(&random, 1, 0);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        values[i] = vtr_random_u32(&random);
    for (int f = 0; f < 3; f++) {
        vtr_error err = {0};
        vtr_dataset_writer *writer = NULL;
        const char *path = test_folder_path(names[f]);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        vtr_status status = vtr_dataset_writer_open(&writer, path, &info, false, &err);
        if (status == VTR_OK) status = vtr_dataset_writer_write(writer, 0, 1, values, &err);
        if (writer != NULL && status == VTR_OK)
            status = vtr_dataset_writer_finish(&writer, &err);
        else
            vtr_dataset_writer_abandon(&writer);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, VTR_ERR_IO);
        test_assert_contains(err.message, names[f]);
        test_assert_contains(err.message, "cannot write");
        assert_null(writer);
        char partial[4200];
        snprintf(partial, sizeof partial, "%s.partial", path);
        assert_false(test_file_exists(path));
        assert_false(test_file_exists(partial));
    }
    vtr_free(values);
}

/* Block files: the recording comes back; the header by the layout's own places; the image of the scan by hand. */
static void block_files_hold_bytes(void **state)
{
    (void)state;
    vtr_error err;
    enum { SIDE = 4, N = 6, PIXELS = SIDE * SIDE };
    vtr_dataset_info info = test_info(2, 3, SIDE, SIDE, VTR_TYPE_U8);
    info.scan_step_nm[0] = 5.8;
    info.scan_step_nm[1] = 6.1;
    info.k_step_inv_angstrom[0] = info.k_step_inv_angstrom[1] = 0.01;
    info.beam_energy_kev = 200;
    unsigned char values[N * PIXELS], head[64], image[N], mark[6];
    for (int i = 0; i < N * PIXELS; i++)
        values[i] = (unsigned char)(10 * (i / PIXELS) + i % 2); /* means of 10 i + 1/2 */
    const char *path = test_folder_path("c.blo");
    test_write_recording(path, &info, values);
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    assert_memory_equal(vtr_dataset_get_info(dataset)->shape, info.shape, sizeof info.shape);
    unsigned char *read = test_read_all(dataset);
    assert_memory_equal(read, values, sizeof values);
    vtr_free(read);
    assert_near(vtr_dataset_get_info(dataset)->scan_step_nm[0], 5.8, 0);
    assert_near(vtr_dataset_get_info(dataset)->scan_step_nm[1], 6.1, 0);
    assert_near(vtr_dataset_get_info(dataset)->beam_energy_kev, 200, 0);
    vtr_dataset_close(&dataset);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    assert_memory_equal(head, "IMGBLO\x02\x01\x00\x10\0\0\x06\x10\0", 15);
    assert_int_equal(head[24] + 256 * head[25], 3);
    assert_int_equal(head[26] + 256 * head[27], 2);
    /* 0.01/Å at 200 kV (0.025079 Å) are 0.25079 mrad, 0.1 mm at 398.7 mm */
    assert_int_equal(head[50] + 256 * head[51], 10000);
    assert_int_equal(head[52] + 256 * head[53], 3987);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    assert_int_equal(fread(image, 1, N, file), N);
    for (int i = 0; i < N; i++)
        assert_int_equal(image[i], 51 * i);
    assert_int_equal(fseek(file, 4096 + N + PIXELS + 6, SEEK_SET), 0);
    assert_int_equal(fread(mark, 1, sizeof mark, file), sizeof mark);
    assert_memory_equal(mark, "\xaa\x55\x01\0\0\0", 6);
    fclose(file);

    vtr_dataset_writer *writer = NULL;
    info.type = VTR_TYPE_U16;
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("w.blo"), &info, false, &err),
                 VTR_ERR_TYPE, "--to-type u8");
    info.type = VTR_TYPE_U8;
    info.shape[2] = 5;
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("w.blo"), &info, false, &err),
                 VTR_ERR_SHAPE, "square patterns, not 5 x 4 px");
    assert_false(test_file_exists(test_folder_path("w.blo")));
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    vtr_dataset_info info = test_info(2, 2, 4, 4, VTR_TYPE_U8);
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("x.jpg"), &info, false, &err),
                 VTR_ERR_ARGUMENT, ".npy");
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("x.tif"), &info, false, &err),
                 VTR_ERR_SHAPE, "one pattern");
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("none/x.npy"), &info, false, &err),
                 VTR_ERR_IO, "none");
    info.shape[1] = 0;
    assert_fails(vtr_dataset_writer_open(&writer, test_folder_path("x.npy"), &info, false, &err),
                 VTR_ERR_SHAPE, "2 x 0 x 4 x 4");
    assert_null(writer);
    info.shape[1] = 2;
    assert_ok(vtr_dataset_writer_open(&writer, test_folder_path("x.npy"), &info, false, &err));
    assert_fails(vtr_dataset_writer_write(writer, 3, 2, &info, &err), VTR_ERR_RANGE, "4 positions");
    vtr_dataset_writer_abandon(&writer);
    vtr_dataset_writer_abandon(&writer);
    vtr_dataset_writer_abandon(NULL);
}

static void short_memory_is_a_failure_without_a_leak(void **state)
{
    (void)state;
    vtr_dataset_info info = test_info(1, 1, 8, 8, VTR_TYPE_U16);
    uint16_t values[64] = {3};
    static const char *const names[] = {"m.npy", "m.h5", "m.tif"};
    for (int f = 0; f < 3; f++)
        for (long n = 0;; n++) {
            vtr_error err;
            vtr_dataset_writer *writer = NULL;
            vtr_memory_fail_after(n);
            vtr_status status =
                vtr_dataset_writer_open(&writer, test_folder_path(names[f]), &info, true, &err);
            if (status == VTR_OK) status = vtr_dataset_writer_write(writer, 0, 1, values, &err);
            if (status == VTR_OK)
                status = vtr_dataset_writer_finish(&writer, &err);
            else
                vtr_dataset_writer_abandon(&writer);
            vtr_memory_fail_after(-1);
            if (status == VTR_OK) break;
            assert_int_equal(status, VTR_ERR_MEMORY);
            assert_true(n < 50);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_from_every_format),
        cmocka_unit_test(every_type_comes_back_from_tiff),
        cmocka_unit_test(calibration_comes_back),
        cmocka_unit_test(frames_may_come_in_any_order_from_threads),
        cmocka_unit_test(nothing_stands_under_the_name_before_the_end),
        cmocka_unit_test(a_full_disk_is_said_and_leaves_nothing),
        cmocka_unit_test(block_files_hold_bytes),
        cmocka_unit_test(wrong_use_is_named),
        cmocka_unit_test(short_memory_is_a_failure_without_a_leak),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
