/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass that follows a growing recording is ended, and gone on with when more is there: the map is that of a pass over
 * the complete recording. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_resume.h"

/* resume_scene's recording: the pass takes 256 of its 4096 positions at a time. */
enum { FRAME_BYTES = 48 * 48 * 2, BLOCK_FRAMES = 256, BLOCKS = 16 };

static const double long_s = 120; /* never reached but by a test that fails */

static struct {
    char whole[512], growing[512], calibration[512], reference[512], output[512], checkpoint[1024];
    unsigned char *bytes;
    size_t n, header;
} at;

static resume_job job_of(bool resume)
{
    return (resume_job){.input = at.growing,
                        .calibration = at.calibration,
                        .output = at.output,
                        .settings = "step = 1\n",
                        .resume = resume,
                        .threads = 1,
                        .interval_s = 1e-6,
                        .grows = true,
                        .timeout_s = long_s};
}

static int make_scene(void **state)
{
    if (pass_folder_make(state) != 0) return -1;
    snprintf(at.whole, sizeof at.whole, "%s", test_folder_path("whole.npy"));
    snprintf(at.growing, sizeof at.growing, "%s", test_folder_path("growing.npy"));
    snprintf(at.calibration, sizeof at.calibration, "%s", test_folder_path("calibration.h5"));
    snprintf(at.reference, sizeof at.reference, "%s", test_folder_path("reference.h5"));
    snprintf(at.output, sizeof at.output, "%s", test_folder_path("map.h5"));
    snprintf(at.checkpoint, sizeof at.checkpoint, "%s.checkpoint", at.output);
    resume_scene("whole.npy", VTR_TYPE_U16, at.whole, at.calibration);
    FILE *file = fopen(at.whole, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    at.n = (size_t)ftell(file);
    at.header = at.n - (size_t)FRAME_BYTES * BLOCK_FRAMES * BLOCKS;
    at.bytes = vtr_malloc(at.n, 1);
    assert_non_null(at.bytes);
    rewind(file);
    assert_int_equal(fread(at.bytes, 1, at.n, file), at.n);
    fclose(file);
    resume_job whole = job_of(false);
    whole.input = at.whole;
    whole.output = at.reference;
    whole.grows = false;
    return resume_run(&whole);
}

static int release_scene(void **state)
{
    vtr_free(at.bytes);
    return pass_folder_remove(state);
}

static int forget(void **state)
{
    (void)state;
    remove(at.growing);
    remove(at.output);
    remove(at.checkpoint);
    return 0;
}

/* The recording as it is when so many blocks of frames are there, and half a frame. */
static void grow(size_t blocks)
{
    size_t end = at.header + blocks * BLOCK_FRAMES * FRAME_BYTES + FRAME_BYTES / 2;
    FILE *file = fopen(at.growing, "ab");
    assert_non_null(file);
    size_t there = (size_t)ftell(file);
    if (end > at.n) end = at.n;
    if (end > there) assert_int_equal(fwrite(at.bytes + there, 1, end - there, file), end - there);
    assert_int_equal(fclose(file), 0);
}

static void assert_goes_on(resume_job job)
{
    job.resume = true;
    if (resume_run(&job) != VTR_OK) fail_msg("%s", resume_said(&job));
    assert_false(test_file_exists(at.checkpoint));
}

/* Ended while it waits for the fifth block: what was shown stays, with its checkpoint. */
static void interrupt(resume_job job)
{
    grow(4);
    job.cancel_after = 4;
    assert_int_equal(resume_run(&job), VTR_ERR_INTERRUPTED);
    test_assert_contains(resume_said(&job), "interrupted at 1024 of 4096 positions");
    test_assert_contains(resume_said(&job), "keeps 25 %: the same command with --resume goes on");
    assert_true(test_file_exists(at.checkpoint));
    assert_true(test_file_exists(at.output));
}

static void an_interrupted_pass_goes_on_when_more_is_there(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        interrupt(job_of(false));
        grow(BLOCKS);
        resume_job job = job_of(true);
        job.threads = threads;
        assert_goes_on(job);
        assert_same_file(at.reference, at.output);
        forget(NULL);
    }
}

/* Each time at some more frames, without a word to the pass. */
static void a_killed_one_does_too(void **state)
{
    (void)state;
    for (size_t blocks = 2; blocks < BLOCKS; blocks += 2) {
        grow(blocks);
        resume_job job = job_of(blocks > 2);
        pid_t process = resume_start(&job);
        resume_sleep(0.02 * (double)blocks);
        kill(process, SIGKILL);
        assert_int_equal(resume_wait(process), -1);
    }
    grow(BLOCKS);
    assert_goes_on(job_of(true));
    assert_same_file(at.reference, at.output);
}

/* Calibration and form of the beam come from what was there at the start, also when more is there. */
static void what_was_learned_stays(void **state)
{
    (void)state;
    char expected[600];
    snprintf(expected, sizeof expected, "%s", test_folder_path("expected.h5"));
    resume_job own = job_of(false);
    own.calibration = NULL;
    own.has_disc = true;
    resume_job undisturbed = own;
    undisturbed.output = expected;
    grow(4);
    pid_t process = resume_start(&undisturbed);
    for (double start_s = vtr_clock_s(); !test_file_exists(expected) && vtr_clock_s() - start_s < long_s;)
        resume_sleep(0.01);
    grow(BLOCKS);
    assert_int_equal(resume_wait(process), VTR_OK);

    remove(at.growing);
    interrupt(own);
    grow(BLOCKS);
    assert_goes_on(own);
    assert_same_file(expected, at.output);
    size_t n, m;
    double *first = pass_dataset(at.output, "calibration", "mean", &n);
    double *all = pass_dataset(at.reference, "calibration", "mean", &m);
    assert_int_equal(n, m);
    assert_memory_not_equal(first, all, n * sizeof *first);
    vtr_free(first);
    vtr_free(all);

    /* less than at the start */
    remove(at.output);
    remove(at.growing);
    interrupt(own);
    remove(at.growing);
    grow(2);
    own.resume = true;
    assert_int_equal(resume_run(&own), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&own), "begun when the recording had 1024 frames, and now it has 512");
    remove(expected);
}

/* What was given up as missing, but is there when the pass goes on, is not missing. */
static void what_did_not_come_in_time_may_come_later(void **state)
{
    (void)state;
    grow(4);
    resume_job job = job_of(false);
    job.timeout_s = 0.3;
    job.cancel_after = 9;
    assert_int_equal(resume_run(&job), VTR_ERR_INTERRUPTED);
    test_assert_contains(resume_said(&job), "interrupted at 2304 of 4096 positions");
    int kept = 0;
    const char *keeps = strstr(resume_said(&job), "keeps ");
    assert_non_null(keeps);
    assert_int_equal(sscanf(keeps, "keeps %d %%", &kept), 1);
    assert_in_range(kept, 1, 25);
    grow(BLOCKS);
    assert_goes_on(job_of(true));
    assert_same_file(at.reference, at.output);
}

static void what_does_not_belong_together_is_refused(void **state)
{
    (void)state;
    interrupt(job_of(false));
    resume_job job = job_of(true);
    job.grows = false;
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    job.force = true;
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "way of reading the recording was with --follow and is whole");
    job = job_of(false);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    job = job_of(true);
    job.settings = "step = 2\n";
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "step was 1 and is 2");
    /* another recording of the same name */
    at.bytes[at.header + 100] ^= 1;
    remove(at.growing);
    grow(5);
    at.bytes[at.header + 100] ^= 1;
    job = job_of(true);
    assert_int_equal(resume_run(&job), VTR_ERR_EXISTS);
    test_assert_contains(resume_said(&job), "checksum of the first frame was ");
    remove(at.growing);
    grow(BLOCKS);
    assert_goes_on(job_of(true));
    assert_same_file(at.reference, at.output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_interrupted_pass_goes_on_when_more_is_there, forget),
        cmocka_unit_test_teardown(a_killed_one_does_too, forget),
        cmocka_unit_test_teardown(what_was_learned_stays, forget),
        cmocka_unit_test_teardown(what_did_not_come_in_time_may_come_later, forget),
        cmocka_unit_test_teardown(what_does_not_belong_together_is_refused, forget),
    };
    return cmocka_run_group_tests(tests, make_scene, release_scene);
}
