/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <hdf5.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_dataset.h"
#include "vitrail/dataset.h"

/* DECTRIS: a master file with links to several data files, of unequal numbers of frames. Value i of the whole is i. */

enum { DET_Y = 3, DET_X = 2, FRAME = DET_Y * DET_X, N_PARTS = 3, N_FRAMES = 8 };
static const size_t counts[N_PARTS] = {3, 4, 1};

static void close_all(const hid_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        H5I_type_t type = H5Iget_type(ids[i]);
        if (type == H5I_FILE)
            H5Fclose(ids[i]);
        else if (type == H5I_GROUP)
            H5Gclose(ids[i]);
        else if (type == H5I_DATASET)
            H5Dclose(ids[i]);
        else
            H5Sclose(ids[i]);
    }
}

static void data_name(char name[64], const char *stem, size_t part)
{
    snprintf(name, 64, "%s_data_%06zu.h5", stem, part + 1);
}

static void write_part(const char *stem, size_t part, size_t det_x)
{
    char name[64];
    uint32_t values[N_FRAMES * FRAME];
    size_t first = 0;
    for (size_t i = 0; i < part; i++)
        first += counts[i] * FRAME;
    for (size_t i = 0; i < counts[part] * FRAME; i++)
        values[i] = (uint32_t)(first + i);
    data_name(name, stem, part);
    const hsize_t sizes[3] = {counts[part], DET_Y, det_x};
    hid_t file = H5Fcreate(test_folder_path(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
          entry = H5Gcreate2(file, "entry", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          group = H5Gcreate2(entry, "data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          space = H5Screate_simple(3, sizes, NULL),
          data = H5Dcreate2(group, "data", H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(data, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    close_all((hid_t[]){data, space, group, entry, file}, 5);
}

static const char *write_master(const char *stem)
{
    char name[64], link[32];
    snprintf(name, sizeof name, "%s_master.h5", stem);
    const char *path = test_folder_path(name);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
          entry = H5Gcreate2(file, "entry", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          group = H5Gcreate2(entry, "data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (size_t part = 0; part < N_PARTS; part++) {
        data_name(name, stem, part);
        snprintf(link, sizeof link, "data_%06zu", part + 1);
        assert_true(H5Lcreate_external(name, "/entry/data/data", group, link, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    close_all((hid_t[]){group, entry, file}, 3);
    return path;
}

static vtr_dataset *open_it(const char *path, size_t scan_y, size_t scan_x)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params params = test_params();
    params.scan_shape[0] = scan_y;
    params.scan_shape[1] = scan_x;
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    return dataset;
}

/* Also where one reading goes over the ends of parts. */
static void parts_become_one(void **state)
{
    (void)state;
    for (size_t part = 0; part < N_PARTS; part++)
        write_part("a", part, DET_X);
    vtr_dataset *dataset = open_it(write_master("a"), 2, 4);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {2, 4, DET_Y, DET_X};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_int_equal(info->n_frames, N_FRAMES);
    assert_string_equal(info->note, "");
    for (size_t first = 0; first < N_FRAMES; first++)
        for (size_t n = 1; first + n <= N_FRAMES; n++) {
            vtr_error err;
            uint32_t frames[N_FRAMES * FRAME];
            assert_ok(vtr_dataset_read(dataset, first, n, frames, &err));
            for (size_t i = 0; i < n * FRAME; i++)
                assert_int_equal(frames[i], first * FRAME + i);
        }
    vtr_dataset_close(&dataset);
}

/* What comes behind a part that is not there has no place: the recording ends before it, and says so. */
static void a_missing_part_is_told(void **state)
{
    (void)state;
    write_part("b", 0, DET_X);
    write_part("b", 2, DET_X);
    const char *path = write_master("b");
    for (int is_of_other_size = 0; is_of_other_size < 2; is_of_other_size++) {
        if (is_of_other_size) write_part("b", 1, DET_X - 1);
        vtr_dataset *dataset = open_it(path, 2, 4);
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_int_equal(info->n_frames, counts[0]);
        test_assert_contains(info->note, "'/entry/data/data_000002' is missing or does not fit");
        test_assert_contains(info->note, "the recording ends early: 3 of 8 positions have a frame");
        vtr_dataset_close(&dataset);
    }
}

static void a_missing_first_part_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    write_part("c", 1, DET_X);
    write_part("c", 2, DET_X);
    assert_fails(vtr_dataset_open(&dataset, write_master("c"), NULL, &err), VTR_ERR_NOT_FOUND,
                 "c_data_000001.h5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_become_one),
        cmocka_unit_test(a_missing_part_is_told),
        cmocka_unit_test(a_missing_first_part_is_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
