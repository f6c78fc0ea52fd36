/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording that is written while it is mapped gives the map of the finished one; what never comes is missing. */
#define _XOPEN_SOURCE 700 /* nanosleep, truncate */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_pass.h"

/* Appends the file `from` to `to`, in pieces that end in the middle of frames and of numbers. */
typedef struct writer {
    const char *from, *to;
    size_t piece, most; /* bytes */
    unsigned pause_us;
} writer;

static void *write_growing(void *user)
{
    const writer *w = user;
    FILE *in = fopen(w->from, "rb"), *out = fopen(w->to, "ab");
    char piece[1 << 16];
    for (size_t done = (size_t)ftell(out), n; done < w->most; done += n) {
        fseek(in, (long)done, SEEK_SET);
        n = fread(piece, 1, w->piece < w->most - done ? w->piece : w->most - done, in);
        if (n == 0) break;
        fwrite(piece, 1, n, out);
        fflush(out);
        if (w->pause_us > 0) {
            struct timespec pause = {0, (long)w->pause_us * 1000};
            nanosleep(&pause, NULL);
        }
    }
    fclose(in);
    fclose(out);
    return NULL;
}

typedef struct scene {
    char whole[4096], growing[4096], expected[4096], followed[4096];
    vtr_calibration *calibration;
    size_t frame_bytes;
} scene;

static void scene_make(scene *s, vtr_type type)
{
    recording r;
    vtr_twin_params params = recording_params();
    recording_make(&r, &params, type);
    strcpy(s->whole, recording_write(&r, "whole.npy"));
    s->frame_bytes = r.frame_bytes;
    recording_release(&r);
    strcpy(s->growing, test_folder_path("growing.npy"));
    strcpy(s->expected, test_folder_path("expected.h5"));
    strcpy(s->followed, test_folder_path("followed.h5"));
    unlink(s->growing);
    vtr_error err;
    vtr_calibrate_params calibrate = pass_calibrate_params();
    assert_ok(pass_calibrate(&s->calibration, s->whole, &calibrate, 1, &err));
    pass_job job = {.input = s->whole, .output = s->expected, .calibration = s->calibration, .threads = 1};
    assert_ok(pass_run(&job, &err));
}

/* Header and one frame, so that there is something to open. */
static void begin(const scene *s)
{
    writer first = {s->whole, s->growing, 4096, 128 + s->frame_bytes + 11, 0};
    write_growing(&first);
}

static vtr_status follow(const scene *s, const vtr_follow_params *how, int threads, vtr_map_summary *summary)
{
    vtr_error err = {0};
    vtr_dataset *dataset = NULL;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_dataset_open(&dataset, s->growing, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, s->followed, true, &err));
    const vtr_pass_options options = {.threads = threads, .follow = how};
    vtr_status status = vtr_map_with(file, dataset, s->calibration, NULL, &options, summary, &err);
    if (status == VTR_OK) assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_mapfile_close(&file);
    vtr_dataset_close(&dataset);
    return status;
}

static void check_same(vtr_type type, size_t piece, unsigned pause_us, int threads)
{
    scene s;
    scene_make(&s, type);
    begin(&s);
    writer rest = {s.whole, s.growing, piece, SIZE_MAX, pause_us};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_growing, &rest), 0);
    const vtr_follow_params how = {.timeout_s = 20, .path = s.followed, .interval_s = 0.02};
    vtr_map_summary summary;
    assert_int_equal(VTR_OK, follow(&s, &how, threads, &summary));
    pthread_join(thread, NULL);
    assert_int_equal(summary.n_missing, 0);
    pass_assert_same(s.expected, s.followed, true);
    vtr_calibration_free(s.calibration);
}

static void at_full_speed(void **state)
{
    (void)state;
    check_same(VTR_TYPE_U16, 60013, 0, 2);
}

/* 312 patterns of 19,200 bytes, a third of a pattern at a time: about 300 patterns/s */
static void at_300_patterns_per_second(void **state)
{
    (void)state;
    check_same(VTR_TYPE_U16, 6397, 1000, 2);
}

static void floats_in_scan_order(void **state)
{
    (void)state;
    check_same(VTR_TYPE_F32, 50021, 500, 2);
}

static void what_never_comes_is_missing(void **state)
{
    (void)state;
    scene s;
    scene_make(&s, VTR_TYPE_U16);
    size_t there = 270;
    writer part = {s.whole, s.growing, 60013, 128 + there * s.frame_bytes + 100, 0};
    write_growing(&part);
    const vtr_follow_params how = {.timeout_s = 0.2};
    vtr_map_summary summary;
    assert_int_equal(VTR_OK, follow(&s, &how, 1, &summary));
    assert_int_equal(summary.n_missing, POSITIONS - there);
    vtr_calibration_free(s.calibration);
}

static void a_file_that_shrinks_ends_it(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    size_t n;
    scene_make(&s, VTR_TYPE_U16);
    writer part = {s.whole, s.growing, 60013, 128 + 20 * s.frame_bytes, 0};
    write_growing(&part);
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, s.growing, NULL, &err));
    assert_ok(vtr_dataset_grow(dataset, &n, &err));
    assert_int_equal(n, 20);
    assert_int_equal(truncate(s.growing, (off_t)(128 + 3 * s.frame_bytes)), 0);
    assert_int_equal(vtr_dataset_grow(dataset, &n, &err), VTR_ERR_IO);
    assert_non_null(strstr(err.message, "became shorter"));
    vtr_dataset_close(&dataset);
    vtr_calibration_free(s.calibration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_full_speed, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(at_300_patterns_per_second, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(floats_in_scan_order, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(what_never_comes_is_missing, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(a_file_that_shrinks_ends_it, pass_folder_make, pass_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
