/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>

#include "vitrail/dataset.h"

#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support_dataset.h"

/* Recordings written with the HDF5 library itself, in the layouts that other programs choose. */

enum { N_Y = 3, N_X = 4, DET_Y = 6, DET_X = 5, N = N_Y * N_X * DET_Y * DET_X };

static const hsize_t sizes[4] = {N_Y, N_X, DET_Y, DET_X};
static uint16_t values[N];

static int make(void **state)
{
    (void)state;
    test_folder_make();
    for (size_t i = 0; i < N; i++)
        values[i] = (uint16_t)(i * 181);
    return 0;
}

typedef struct storage {
    hsize_t chunk[4]; /* zeros: contiguous */
    bool is_shuffled, is_deflated, has_checksum, is_big_endian, has_fill;
    hsize_t rows; /* that are written */
} storage;

static const char *write_file(const char *name, const storage *s)
{
    const char *path = test_folder_path(name);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(4, sizes, NULL), properties = H5Pcreate(H5P_DATASET_CREATE);
    const uint16_t fill = 77;
    if (s->chunk[0] != 0) H5Pset_chunk(properties, 4, s->chunk);
    if (s->is_shuffled) H5Pset_shuffle(properties);
    if (s->is_deflated) H5Pset_deflate(properties, 4);
    if (s->has_checksum) H5Pset_fletcher32(properties);
    if (s->has_fill) H5Pset_fill_value(properties, H5T_NATIVE_UINT16, &fill);
    hid_t data = H5Dcreate2(file, "data", s->is_big_endian ? H5T_STD_U16BE : H5T_STD_U16LE, space,
                            H5P_DEFAULT, properties, H5P_DEFAULT);
    const hsize_t start[4] = {0}, count[4] = {s->rows, N_X, DET_Y, DET_X};
    hid_t memory = H5Screate_simple(4, count, NULL);
    if (s->rows > 0) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        assert_true(H5Dwrite(data, H5T_NATIVE_UINT16, memory, space, H5P_DEFAULT, values) >= 0);
    }
    H5Sclose(memory);
    H5Dclose(data);
    H5Pclose(properties);
    H5Sclose(space);
    H5Fclose(file);
    return path;
}

static void assert_values(const char *path, const storage *s)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const size_t shape[4] = {N_Y, N_X, DET_Y, DET_X};
    assert_memory_equal(vtr_dataset_get_info(dataset)->shape, shape, sizeof shape);
    uint16_t *all = test_read_all(dataset), part[N];
    size_t written = (size_t)s->rows * N_X * DET_Y * DET_X;
    for (size_t i = 0; i < N; i++)
        assert_int_equal(all[i], i < written ? values[i] : s->has_fill ? 77 : 0);
    for (size_t first = 0; first < N_Y * N_X; first++)
        for (size_t n = 1; n <= N_Y * N_X - first; n++) {
            assert_ok(vtr_dataset_read(dataset, first, n, part, &err));
            assert_memory_equal(part, all + first * DET_Y * DET_X, n * DET_Y * DET_X * sizeof *part);
        }
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

static void every_storage_gives_the_same_frames(void **state)
{
    (void)state;
    static const storage cases[] = {
        {.rows = N_Y},
        {.rows = N_Y, .is_big_endian = true},
        {.rows = 0, .has_fill = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_deflated = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_shuffled = true, .is_deflated = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_shuffled = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_deflated = true, .is_big_endian = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_deflated = true, .has_checksum = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = 2, .is_shuffled = true, .is_deflated = true},
        {.chunk = {1, 1, DET_Y, DET_X}, .rows = 1, .is_deflated = true, .has_fill = true},
        {.chunk = {2, 3, 4, 2}, .rows = N_Y, .is_shuffled = true, .is_deflated = true},
        {.chunk = {3, 4, 1, 1}, .rows = N_Y},
        {.chunk = {1, 1, DET_Y, 2}, .rows = 2, .is_deflated = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_values(write_file("s.h5", &cases[i]), &cases[i]);
}

static void threads_may_read_at_once(void **state)
{
    (void)state;
    static const storage gzip = {
        .chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_shuffled = true, .is_deflated = true};
    static const storage blocks = {.chunk = {2, 2, 3, 5}, .rows = N_Y, .is_deflated = true};
    const storage *both[2] = {&gzip, &blocks};
    for (int s = 0; s < 2; s++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, write_file("t.h5", both[s]), NULL, &err));
        int wrong = 0;
#pragma omp parallel for num_threads(4) schedule(dynamic) reduction(+ : wrong)
        for (int i = 0; i < 400; i++) {
            uint16_t frame[DET_Y * DET_X];
            size_t position = (size_t)i % (N_Y * N_X);
            wrong += vtr_dataset_read(dataset, position, 1, frame, NULL) != VTR_OK ||
                     memcmp(frame, values + position * DET_Y * DET_X, sizeof frame) != 0;
        }
        assert_int_equal(wrong, 0);
        vtr_dataset_close(&dataset);
    }
}

static void damaged_frames_are_named(void **state)
{
    (void)state;
    static const storage gzip = {.chunk = {1, 1, DET_Y, DET_X}, .rows = 0, .is_deflated = true};
    const char *path = write_file("d.h5", &gzip);
    const hsize_t at[4] = {1, 2, 0, 0};
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), data = H5Dopen2(file, "data", H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(data, H5P_DEFAULT, 0, at, 12, "no deflation") >= 0);
    H5Dclose(data);
    H5Fclose(file);
    vtr_error err;
    vtr_dataset *dataset = NULL;
    uint16_t frame[DET_Y * DET_X];
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    assert_ok(vtr_dataset_read(dataset, 5, 1, frame, &err));
    assert_fails(vtr_dataset_read(dataset, 6, 1, frame, &err), VTR_ERR_IO, "positions 6 to 6");
    test_assert_contains(err.message, "d.h5");
    vtr_dataset_close(&dataset);
}

/* A filter that nobody has. */
static size_t no_filter(unsigned flags, size_t n, const unsigned v[], size_t bytes, size_t *size,
                        void **buffer)
{
    (void)flags;
    (void)n;
    (void)v;
    (void)size;
    (void)buffer;
    return bytes;
}

static void a_missing_filter_is_named_with_its_package(void **state)
{
    (void)state;
    static const struct {
        H5Z_filter_t number;
        const char *part;
    } cases[] = {{32013, "hdf5-filter-plugin-zfp-serial"}, {32222, "filter 32222 (nobody's)"}};
    for (int i = 0; i < 2; i++) {
        if (H5Zfilter_avail(cases[i].number) > 0) continue;
        const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, cases[i].number, 1, 1, "nobody's", NULL, NULL,
                                     no_filter};
        const char *path = test_folder_path("f.h5");
        const hsize_t chunk[4] = {1, 1, DET_Y, DET_X};
        H5Zregister(&filter);
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        hid_t space = H5Screate_simple(4, sizes, NULL), properties = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_chunk(properties, 4, chunk);
        H5Pset_filter(properties, cases[i].number, H5Z_FLAG_MANDATORY, 0, NULL);
        H5Dclose(H5Dcreate2(file, "data", H5T_STD_U16LE, space, H5P_DEFAULT, properties, H5P_DEFAULT));
        H5Pclose(properties);
        H5Sclose(space);
        H5Fclose(file);
        H5Zunregister(cases[i].number);
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, cases[i].part);
        test_assert_contains(err.message, "/data");
    }
}

static void what_is_no_hdf5_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = test_write_file("bad.h5", "\x89HDF\r\n\x1a\n and nothing else", 26);
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_FORMAT, "bad.h5");
    hid_t file = H5Fcreate(test_folder_path("none.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    assert_fails(vtr_dataset_open(&dataset, test_folder_path("none.h5"), NULL, &err), VTR_ERR_NO_DATA,
                 "two to four dimensions");
    assert_null(dataset);
}

static vtr_status open_read_close(void *context, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    uint16_t frame[DET_Y * DET_X];
    vtr_status status = vtr_dataset_open(&dataset, context, NULL, err);
    if (status == VTR_OK) status = vtr_dataset_read(dataset, 3, 1, frame, err);
    vtr_dataset_close(&dataset);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    static const storage gzip = {
        .chunk = {1, 1, DET_Y, DET_X}, .rows = N_Y, .is_shuffled = true, .is_deflated = true};
    char path[4096];
    strcpy(path, write_file("m.h5", &gzip));
    test_every_allocation_is_survived(open_read_close, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_storage_gives_the_same_frames),
        cmocka_unit_test(threads_may_read_at_once),
        cmocka_unit_test(damaged_frames_are_named),
        cmocka_unit_test(a_missing_filter_is_named_with_its_package),
        cmocka_unit_test(what_is_no_hdf5_is_named),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, make, test_folder_teardown);
}
