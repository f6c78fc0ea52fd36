/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passes killed at random instants, again and again, and gone on with each time: the map file is that of a pass that
 * nobody disturbed, to the byte. kills [NUMBER [SEED]] */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support_resume.h"

static size_t n_kills = 100, seed = 1;

typedef struct tally {
    size_t killed, finished,
        seen[4]; /* what a kill left: nothing, a checkpoint, with a partial file, a map file */
} tally;

/* True: the pass was at its end, with only its process left to be killed. */
static bool look(tally *t, const resume_job *job)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.checkpoint", job->output);
    bool has_checkpoint = test_file_exists(path);
    snprintf(path, sizeof path, "%s.partial", job->output);
    bool has_partial = test_file_exists(path), has_map = test_file_exists(job->output);
    t->seen[has_map ? 3 : has_checkpoint && has_partial ? 2 : has_checkpoint ? 1 : 0]++;
    return has_map && !has_checkpoint;
}

static void take_result(tally *t, const resume_job *job, const char *reference)
{
    assert_same_file(reference, job->output);
    assert_int_equal(remove(job->output), 0);
    t->finished++;
}

/* Most instants are anywhere in the pass, others near its end, where the map file is written. */
static double instant(vtr_random *random, double whole_s)
{
    double u = vtr_random_uniform(random);
    return vtr_random_uniform(random) < 0.7 ? u * whole_s : (0.7 + 0.4 * u) * whole_s;
}

static void kill_passes(vtr_type type, const char *name)
{
    char input[4096], calibration[4096], reference[4096], output[4096];
    snprintf(input, sizeof input, "%s", test_folder_path(name));
    snprintf(calibration, sizeof calibration, "%s", test_folder_path("calibration.h5"));
    snprintf(reference, sizeof reference, "%s", test_folder_path("reference.h5"));
    snprintf(output, sizeof output, "%s", test_folder_path("killed.h5"));
    resume_scene(name, type, input, calibration);
    resume_job whole = {.input = input, .calibration = calibration, .output = reference, .threads = 2};
    double start = vtr_clock_s();
    assert_int_equal(resume_run(&whole), VTR_OK);
    double whole_s = vtr_clock_s() - start;
    vtr_random random;
    tally t = {0};
    vtr_random_start(&random, seed, type);
    while (t.killed < n_kills) {
        resume_job job = {.input = input,
                          .calibration = calibration,
                          .output = output,
                          .resume = true,
                          .threads = 1 + (int)(vtr_random_u32(&random) % 3)};
        pid_t process = resume_start(&job);
        resume_sleep(instant(&random, whole_s));
        kill(process, SIGKILL);
        int status = resume_wait(process);
        if (status > 0) fail_msg("%s", resume_said(&job));
        if (status < 0) {
            t.killed++;
            bool is_whole = look(&t, &job);
            if (!is_whole && vtr_random_u32(&random) % 4 != 0) continue;
            if (!is_whole && resume_run(&job) != VTR_OK) fail_msg("%s", resume_said(&job));
        }
        take_result(&t, &job, reference);
    }
    print_message(
        "%zu kills of a pass of %.0f ms, %zu times gone on to the end; left behind: %zu nothing, %zu a "
        "checkpoint, %zu that and a partial file, %zu a map file; %.0f s\n",
        t.killed, 1e3 * whole_s, t.finished, t.seen[0], t.seen[1], t.seen[2], t.seen[3],
        vtr_clock_s() - start);
    remove(reference);
}

static void of_16_bit(void **state)
{
    (void)state;
    kill_passes(VTR_TYPE_U16, "u16.npy");
}

static void of_floats(void **state)
{
    (void)state;
    kill_passes(VTR_TYPE_F32, "f32.npy");
}

int main(int argc, char **argv)
{
    if (argc > 1) n_kills = (size_t)atol(argv[1]);
    if (argc > 2) seed = (size_t)atol(argv[2]);
    /* What a kill leaves is the same in memory, and need not wait for a disk. */
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_16_bit, pass_folder_make, pass_folder_remove),
        cmocka_unit_test_setup_teardown(of_floats, pass_folder_make, pass_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
