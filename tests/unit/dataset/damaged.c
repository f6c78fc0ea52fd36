/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "vitrail/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Real files with some bytes changed, or cut short, a few thousand times with fixed seeds: whatever is in a file,
 * opening and reading end, with success or with a sentence, within bounds of time and memory. The address sanitizer
 * (make asan) sees the rest. VITRAIL_DAMAGED_ROUNDS in the environment sets how often each file is tried. */

enum { MAX_FILE = 600000, ROUNDS = 60, HEAD = 4096, MAX_READ = 1 << 22 };

static unsigned char original[MAX_FILE], copy[MAX_FILE];

static size_t load(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(original, 1, sizeof original, file);
    fclose(file);
    return n;
}

/* Changes a few bytes, more often near the beginning, where headers are; or cuts the end off; or both. */
static size_t damage(vtr_random *random, size_t n, bool is_cut_only)
{
    memcpy(copy, original, n);
    uint32_t kind = is_cut_only ? 0 : vtr_random_u32(random) % 4;
    if (kind != 0) {
        uint32_t changes = 1 + vtr_random_u32(random) % 8;
        for (uint32_t i = 0; i < changes; i++) {
            size_t range = vtr_random_u32(random) % 3 == 0 || n < HEAD ? n : HEAD;
            size_t at = vtr_random_u32(random) % range;
            static const unsigned char liked[] = {0, 1, 0x7f, 0x80, 0xff};
            copy[at] = vtr_random_u32(random) % 2 == 0 ? (unsigned char)vtr_random_u32(random)
                                                       : liked[vtr_random_u32(random) % sizeof liked];
        }
    }
    return kind <= 1 ? vtr_random_u32(random) % n : n;
}

/* Opens and reads a few frames at the beginning and at the end. */
static void try_recording(const char *path)
{
    vtr_error err = {0};
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, NULL, &err);
    if (status != VTR_OK) {
        assert_null(dataset);
        assert_true(err.message[0] != '\0');
        return;
    }
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_true(info->n_frames >= 1 && info->n_frames <= info->shape[0] * info->shape[1]);
    size_t frame_bytes = info->shape[2] * info->shape[3] * vtr_type_size(info->type);
    assert_true(frame_bytes > 0);
    if (frame_bytes <= MAX_READ) {
        size_t n = info->n_frames < 3 ? info->n_frames : 3;
        void *frames = vtr_malloc(n, frame_bytes);
        assert_non_null(frames);
        (void)vtr_dataset_read(dataset, 0, n, frames, &err);
        (void)vtr_dataset_read(dataset, info->n_frames - n, n, frames, &err);
        vtr_free(frames);
    }
    vtr_dataset_close(&dataset);
}

static void try_image(const char *path)
{
    vtr_error err = {0};
    float *image = NULL;
    size_t height, width;
    if (vtr_image_read(&image, &height, &width, path, &err) == VTR_OK)
        vtr_image_free(image);
    else
        assert_true(err.message[0] != '\0');
}

static void try_file(const char *name, bool is_cut_only, void (*try_it)(const char *path))
{
    const char *path = test_real_file(name), *rounds_text = getenv("VITRAIL_DAMAGED_ROUNDS");
    if (path == NULL) return;
    int rounds = rounds_text != NULL ? atoi(rounds_text) : ROUNDS;
    size_t n = load(path);
    const char *ending = strrchr(name, '.');
    char target[64];
    snprintf(target, sizeof target, "damaged%s", ending);
    vtr_random random;
    vtr_random_start(&random, 20231122, n);
    for (int i = 0; i < rounds; i++) {
        size_t length = damage(&random, n, is_cut_only);
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        try_it(test_write_file(target, copy, length));
        clock_gettime(CLOCK_MONOTONIC, &after);
        if (after.tv_sec - before.tv_sec > 20) fail_msg("%s, round %d: took more than 20 s", name, i);
    }
}

static void damaged_digitalmicrograph_files(void **state)
{
    (void)state;
    try_file("dm/diffraction_pattern.dm3", false, try_recording);
    try_file("dm/3d_type10.dm4", false, try_recording);
    try_file("dm/nion_ref_T_0_2.dm4", false, try_recording);
}

static void damaged_merlin_files(void **state)
{
    (void)state;
    try_file("merlin/Single_9_Frame_CounterDepth_1_Rows_256RAW.mib", false, try_recording);
    try_file("merlin/Quad_1_Frame_CounterDepth_1_Rows_256RAW.mib", false, try_recording);
    try_file("merlin/skued_test.mib", false, try_recording);
}

/* Cut short only: libhdf5 itself (1.10.8, H5HG_read) falls over files whose inner structure is changed. */
static void damaged_hdf5_files(void **state)
{
    (void)state;
    try_file("emd/py4DSTEM_size2x3x4x5.h5", true, try_recording);
    try_file("hyperspy/example2_v3.1.hspy", true, try_recording);
    try_file("hdf5/simple_signal.nxs", true, try_recording);
    try_file("hdf5/h5ex_d_zstd.h5", true, try_recording);
}

static void damaged_numpy_files(void **state)
{
    (void)state;
    vtr_dataset_info info = test_info(3, 4, 5, 6, VTR_TYPE_U16);
    void *values = test_ramp(VTR_TYPE_U16, 360);
    test_write_recording(test_folder_path("whole.npy"), &info, values);
    vtr_free(values);
    size_t n = load(test_folder_path("whole.npy"));
    vtr_random random;
    vtr_random_start(&random, 7, 7);
    for (int i = 0; i < 1000; i++) {
        size_t length = damage(&random, n, false);
        try_recording(test_write_file("damaged.npy", copy, length));
    }
}

static void damaged_mrc_files(void **state)
{
    (void)state;
    try_file("mrc/EMD-3197.map", false, try_recording);
    try_file("mrc/ncem_temp.mrc", false, try_recording);
    try_file("mrc/20241021_00405_movie.mrc", false, try_recording);
}

static void damaged_images(void **state)
{
    (void)state;
    try_file("../rings/saed_Au_Nano_1.bmp", false, try_image);
    try_file("tiff/flower-minisblack-16.tif", false, try_image);
    try_file("tiff/flower-rgb-planar-16.tif", false, try_image);
    try_file("tiff/quad-tile.tif", false, try_image);
    try_file("tiff/test_loading_image_saved_with_DM.tif", false, try_image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_digitalmicrograph_files),
        cmocka_unit_test(damaged_merlin_files),
        cmocka_unit_test(damaged_hdf5_files),
        cmocka_unit_test(damaged_numpy_files),
        cmocka_unit_test(damaged_mrc_files),
        cmocka_unit_test(damaged_images),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
