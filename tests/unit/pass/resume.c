/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ends a pass, what stays of it, and how it goes on. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_resume.h"

static struct {
    char input[512], calibration[512], reference[512], output[512], checkpoint[1024], partial[1024];
} at;

static resume_job job_of(bool resume)
{
    return (resume_job){.input = at.input,
                        .calibration = at.calibration,
                        .output = at.output,
                        .settings = "step = 1\nfit = likelihood\n",
                        .resume = resume,
                        .threads = 2};
}

static int make_scene(void **state)
{
    if (pass_folder_make(state) != 0) return -1;
    snprintf(at.input, sizeof at.input, "%s", test_folder_path("scan.npy"));
    snprintf(at.calibration, sizeof at.calibration, "%s", test_folder_path("calibration.h5"));
    snprintf(at.reference, sizeof at.reference, "%s", test_folder_path("reference.h5"));
    snprintf(at.output, sizeof at.output, "%s", test_folder_path("map.h5"));
    snprintf(at.checkpoint, sizeof at.checkpoint, "%s.checkpoint", at.output);
    snprintf(at.partial, sizeof at.partial, "%s.partial", at.output);
    resume_scene("scan.npy", VTR_TYPE_U16, at.input, at.calibration);
    resume_job job = job_of(false);
    job.output = at.reference;
    return resume_run(&job);
}

static int forget(void **state)
{
    (void)state;
    remove(at.output);
    remove(at.checkpoint);
    remove(at.partial);
    return 0;
}

static void assert_only_checkpoint(void)
{
    assert_false(test_file_exists(at.output));
    assert_false(test_file_exists(at.partial));
    assert_true(test_file_exists(at.checkpoint));
}

static void assert_goes_on(int threads)
{
    resume_job job = job_of(true);
    job.threads = threads;
    if (resume_run(&job) != VTR_OK) fail_msg("%s", resume_said(&job));
    assert_same_file(at.reference, at.output);
    assert_false(test_file_exists(at.checkpoint));
}

/* A pass stopped after some runs, its checkpoint beside it. */
static void interrupt(size_t reports)
{
    resume_job job = job_of(false);
    job.cancel_after = reports;
    assert_int_equal(resume_run(&job), VTR_ERR_INTERRUPTED);
    test_assert_contains(resume_said(&job), "interrupted at ");
    test_assert_contains(resume_said(&job), "the same command with --resume goes on");
    assert_only_checkpoint();
}

static void interrupted_passes_go_on_with_any_number_of_threads(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        interrupt((size_t)threads);
        assert_goes_on(threads);
        remove(at.output);
    }
}

/* Often: each part by other threads, and interrupted passes that did nothing in between. */
static void they_go_on_again_and_again(void **state)
{
    (void)state;
    interrupt(1);
    for (int part = 0; part < 5; part++) {
        resume_job job = job_of(true);
        job.threads = 1 + part % 3;
        job.cancel_after = 1;
        assert_int_equal(resume_run(&job), VTR_ERR_INTERRUPTED);
    }
    assert_goes_on(2);
}

static void a_pass_without_checkpoint_is_not_disturbed_by_resume(void **state)
{
    (void)state;
    assert_goes_on(1);
}

static void a_checkpoint_is_not_overwritten(void **state)
{
    (void)state;
    interrupt(3);
    resume_job job = job_of(false);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "% of an interrupted pass; go on with --resume, or start again");
    assert_only_checkpoint();
    assert_goes_on(2);
    remove(at.output);
    interrupt(3);
    job.force = true;
    assert_int_equal(resume_run(&job), VTR_OK);
    assert_same_file(at.reference, at.output);
    assert_false(test_file_exists(at.checkpoint));
}

static void a_finished_map_is_not_overwritten(void **state)
{
    (void)state;
    assert_goes_on(1);
    resume_job job = job_of(true);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "exists already");
    assert_same_file(at.reference, at.output);
    assert_false(test_file_exists(at.checkpoint));
}

static void changed_settings_are_named(void **state)
{
    (void)state;
    interrupt(4);
    resume_job job = job_of(true);
    job.settings = "step = 2\nfit = sectors\n";
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "step was 1 and is 2; fit was likelihood and is sectors");
    assert_goes_on(2);
}

static void another_calibration_is_noticed(void **state)
{
    (void)state;
    vtr_error err;
    char other[4096];
    snprintf(other, sizeof other, "%s", test_folder_path("other.h5"));
    interrupt(4);
    vtr_mapfile *file = NULL;
    vtr_calibration *calibration = NULL;
    assert_ok(vtr_mapfile_open(&file, at.calibration, &err));
    assert_ok(vtr_calibration_read(&calibration, file, &err));
    vtr_mapfile_close(&file);
    calibration->ring.radius_px *= 1 + 1e-15;
    assert_ok(vtr_mapfile_create(&file, other, true, &err));
    assert_ok(vtr_calibration_write(calibration, file, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_calibration_free(calibration);
    resume_job job = job_of(true);
    job.calibration = other;
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "another calibration");
    assert_goes_on(2);
}

/* By one count in a frame that is looked at, with its time put back; by its time alone; by its length. */
static void a_changed_recording_is_noticed(void **state)
{
    (void)state;
    struct stat info;
    interrupt(4);
    resume_job job = job_of(true);
    assert_int_equal(stat(at.input, &info), 0);
    const struct timespec times[2] = {info.st_atim, info.st_mtim}, later[2] = {info.st_atim, {2000000000, 0}};
    int file = open(at.input, O_RDWR);
    unsigned char byte;
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, 1000), 1);
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, 1000), 1);
    assert_int_equal(futimens(file, times), 0);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "checksum of the recording's ends was ");
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, 1000), 1);
    assert_int_equal(futimens(file, later), 0);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "modification time of the recording was ");
    assert_int_equal(pwrite(file, &byte, 1, info.st_size), 1);
    assert_int_equal(futimens(file, times), 0);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "size of the recording was 18874496 and is 18874497");
    assert_int_equal(ftruncate(file, info.st_size), 0);
    assert_int_equal(futimens(file, times), 0);
    close(file);
    assert_goes_on(2);
}

/* Of what a power cut leaves of the checkpoint, any beginning serves, and any byte of it may be wrong. */
static void torn_checkpoints_serve_as_far_as_they_are_whole(void **state)
{
    (void)state;
    vtr_random random;
    struct stat info;
    vtr_random_start(&random, 7, 0);
    for (int trial = 0; trial < 12; trial++) {
        interrupt(6);
        assert_int_equal(stat(at.checkpoint, &info), 0);
        off_t place = (off_t)(vtr_random_uniform(&random) * (double)info.st_size);
        int file = open(at.checkpoint, O_RDWR);
        assert_true(file >= 0);
        if (trial % 2 == 0) {
            assert_int_equal(ftruncate(file, place), 0);
        } else {
            static const unsigned char noise[64] = {1, 2, 3, 5, 8, 13};
            if (place < 16) place = 16;
            assert_int_equal(pwrite(file, noise, sizeof noise, place), sizeof noise);
        }
        close(file);
        assert_goes_on(1 + trial % 2);
        remove(at.output);
    }
}

static void two_programs_do_not_write_one_map(void **state)
{
    (void)state;
    resume_job slow = job_of(false), second = job_of(true);
    slow.pause_s = 0.2;
    pid_t process = resume_start(&slow);
    for (int tries = 0; tries < 500 && !test_file_exists(at.partial); tries++)
        resume_sleep(0.01);
    assert_int_equal(resume_run(&second), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&second), "another program is writing it");
    second.resume = false;
    second.force = true;
    assert_int_equal(resume_run(&second), VTR_ERR_EXISTS);
    assert_int_equal(resume_wait(process), VTR_OK);
    assert_same_file(at.reference, at.output);
}

/* Files may not grow beyond a limit that each trial sets elsewhere: in the checkpoint's beginning, among the runs, in the
 * map file. */
static void a_full_disk_costs_nothing_that_was_finished(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(stat(at.reference, &info), 0);
    size_t n_kept = 0;
    for (size_t part = 1; part <= 16; part++) {
        resume_job job = job_of(true);
        job.file_limit = part * (size_t)info.st_size / 16 - 40;
        if (part == 1) job.file_limit = 100;
        int status = resume_run(&job);
        assert_false(status == VTR_OK || status < 0);
        test_assert_contains(resume_said(&job), "File too large");
        assert_false(test_file_exists(at.output));
        assert_false(test_file_exists(at.partial));
        if (test_file_exists(at.checkpoint)) n_kept++;
    }
    assert_true(n_kept > 8);
    assert_goes_on(2);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_teardown(test, forget)
    const struct CMUnitTest tests[] = {
        CASE(interrupted_passes_go_on_with_any_number_of_threads),
        CASE(they_go_on_again_and_again),
        CASE(a_pass_without_checkpoint_is_not_disturbed_by_resume),
        CASE(a_checkpoint_is_not_overwritten),
        CASE(a_finished_map_is_not_overwritten),
        CASE(changed_settings_are_named),
        CASE(another_calibration_is_noticed),
        CASE(a_changed_recording_is_noticed),
        CASE(torn_checkpoints_serve_as_far_as_they_are_whole),
        CASE(two_programs_do_not_write_one_map),
        CASE(a_full_disk_costs_nothing_that_was_finished),
    };
    return cmocka_run_group_tests(tests, make_scene, pass_folder_remove);
}
