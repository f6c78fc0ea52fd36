/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/detector.h"

enum { SCAN_Y = 12, SCAN_X = 30, DET_Y = 4, DET_X = 5 };

/* A recording whose pixels hold their position: 1000 y + x + pixel / 32. */
static const char *make_recording(void)
{
    vtr_error err;
    vtr_dataset_info info = {.shape = {SCAN_Y, SCAN_X, DET_Y, DET_X},
                             .n_frames = SCAN_Y * SCAN_X,
                             .type = VTR_TYPE_F32,
                             .scan_step_nm = {NAN, NAN},
                             .k_step_inv_angstrom = {NAN, NAN},
                             .beam_energy_kev = NAN,
                             .saturation = NAN};
    vtr_dataset_writer *writer = NULL;
    test_folder_make();
    const char *path = test_folder_path("scan.npy");
    assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
    for (size_t f = 0; f < SCAN_Y * SCAN_X; f++) {
        float frame[DET_Y * DET_X];
        for (size_t p = 0; p < DET_Y * DET_X; p++)
            frame[p] = (float)(1000 * (f / SCAN_X) + f % SCAN_X) + (float)p / 32;
        assert_ok(vtr_dataset_writer_write(writer, f, 1, frame, &err));
    }
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    return path;
}

static void frames_are_spread_over_the_scan(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, make_recording(), NULL, &err));
    const size_t most[] = {1, 7, 24, 100, 0};
    for (size_t i = 0; i < 5; i++) {
        vtr_sample sample;
        bool rows[SCAN_Y] = {0}, columns[SCAN_X] = {0};
        size_t n_rows = 0, n_columns = 0;
        assert_ok(vtr_sample_read(&sample, dataset, most[i], 0, NULL, &err));
        assert_true(sample.n >= 1 && (most[i] == 0 || sample.n <= most[i]));
        assert_true(sample.n > most[i] / 2);
        for (size_t f = 0; f < sample.n; f++) {
            size_t y = sample.position[f] / SCAN_X, x = sample.position[f] % SCAN_X;
            assert_true(sample.frames[f * DET_Y * DET_X + 3] == (float)(1000 * y + x) + 3.0f / 32);
            assert_true(f == 0 || sample.position[f] > sample.position[f - 1]);
            rows[y] = columns[x] = true;
        }
        for (size_t y = 0; y < SCAN_Y; y++)
            n_rows += rows[y];
        for (size_t x = 0; x < SCAN_X; x++)
            n_columns += columns[x];
        if (most[i] == 24) assert_true(n_rows >= 3 && n_columns >= 6);
        if (most[i] == 0) assert_int_equal(sample.n, SCAN_Y * SCAN_X);
        vtr_sample_release(&sample);
    }
    vtr_sample sample;
    assert_ok(vtr_sample_read(&sample, dataset, 0, 10 * DET_Y * DET_X * sizeof(float), NULL, &err));
    assert_true(sample.n <= 10 && sample.n > 5);
    vtr_sample_release(&sample);
    vtr_dataset_close(&dataset);
    test_folder_remove();
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_progress progress = {.cancelled = always};
    vtr_sample sample = {.n = 77};
    assert_ok(vtr_dataset_open(&dataset, make_recording(), NULL, &err));
    assert_fails(vtr_sample_read(&sample, dataset, 10, 0, &progress, &err), VTR_ERR_INTERRUPTED, "stopped");
    assert_int_equal(sample.n, 77);
    vtr_dataset_close(&dataset);
    test_folder_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_spread_over_the_scan),
        cmocka_unit_test(it_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
