/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700
#include "support_resume.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"

/* HDF5 writes the time into the header of every object; here the clock that it asks stands still. */
int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    *now = (struct timeval){.tv_sec = 1000000000};
    return 0;
}

time_t time(time_t *now)
{
    if (now != NULL) *now = 1000000000;
    return 1000000000;
}

void resume_sleep(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)(1e9 * fmod(seconds, 1))};
    nanosleep(&t, NULL);
}

static int make_calibration(const char *input, const char *output)
{
    vtr_error err;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_status status = pass_calibrate(&calibration, input, NULL, 1, &err);
    if (status == VTR_OK) status = vtr_mapfile_create(&file, output, true, &err);
    if (status == VTR_OK) status = vtr_calibration_write(calibration, file, &err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, &err);
    return (int)status;
}

static void make_recording(const char *name, vtr_type type)
{
    vtr_twin_params params = recording_params();
    params.scan[0] = params.scan[1] = 64;
    params.pattern[0] = params.pattern[1] = 48;
    params.centre_x = params.centre_y = NAN;
    recording r;
    recording_make(&r, &params, type);
    recording_write(&r, name);
    recording_release(&r);
}

void resume_scene(const char *name, vtr_type type, const char *input, const char *calibration)
{
    pid_t process = fork();
    if (process == 0) {
        make_recording(name, type);
        _exit(make_calibration(input, calibration));
    }
    assert_int_equal(resume_wait(process), VTR_OK);
}

typedef struct heard {
    const resume_job *job;
    size_t n_reports;
} heard;

static void report(void *user, const char *task, double done, double total, const char *unit)
{
    heard *h = user;
    (void)done, (void)total, (void)unit;
    if (strcmp(task, "mapping") != 0) return;
    h->n_reports++;
    if (h->job->pause_s > 0) resume_sleep(h->job->pause_s);
}

static bool is_cancelled(void *user)
{
    const heard *h = user;
    return h->job->cancel_after > 0 && h->n_reports >= h->job->cancel_after;
}

static vtr_status open_recording(vtr_dataset **out, const resume_job *job, vtr_error *err)
{
    const vtr_growing_params growing = {1, job->timeout_s};
    return job->grows ? vtr_dataset_open_growing(out, job->input, NULL, &growing, NULL, err)
                      : vtr_dataset_open(out, job->input, NULL, err);
}

static vtr_status get_calibration(vtr_calibration **out, const resume_job *job, vtr_dataset *dataset,
                                  vtr_error *err)
{
    vtr_mapfile *stored = NULL;
    if (job->calibration == NULL) return vtr_calibrate(out, dataset, NULL, 1, NULL, err);
    vtr_status status = vtr_mapfile_open(&stored, job->calibration, err);
    if (status == VTR_OK) status = vtr_calibration_read(out, stored, err);
    vtr_mapfile_close(&stored);
    return status;
}

static vtr_status map(const resume_job *job, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_mapfile *file = NULL;
    vtr_calibration *calibration = NULL;
    vtr_checkpoint *checkpoint = NULL;
    bool is_finished = false;
    vtr_map_params params = pass_map_params();
    if (job->profile_step > 0) params.profile_step_px = (double)job->profile_step;
    if (job->has_disc) params.beam = VTR_BEAM_DISC;
    heard h = {.job = job};
    const vtr_progress progress = {.report = report, .cancelled = is_cancelled, .user = &h};
    const vtr_checkpoint_params how = {job->settings, job->interval_s, job->resume, job->force, job->grows};
    vtr_status status = open_recording(&dataset, job, err);
    if (status == VTR_OK)
        status = vtr_checkpoint_open(&checkpoint, &is_finished, job->output, dataset, &how, err);
    if (is_finished) return VTR_OK;
    if (status == VTR_OK) status = vtr_mapfile_create(&file, job->output, job->force || job->grows, err);
    if (status == VTR_OK) status = get_calibration(&calibration, job, dataset, err);
    const vtr_follow_params follow = {job->timeout_s, job->output, job->interval_s};
    const vtr_pass_options options = {.threads = job->threads,
                                      .checkpoint = checkpoint,
                                      .progress = &progress,
                                      .follow = job->grows ? &follow : NULL};
    if (status == VTR_OK) status = vtr_map_with(file, dataset, calibration, &params, &options, NULL, err);
    if (status == VTR_OK) status = vtr_checkpoint_commit(&checkpoint, &file, err);
    vtr_mapfile_close(&file);
    vtr_checkpoint_leave(&checkpoint, err);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    return status;
}

static void said_path(char path[4096], const resume_job *job)
{
    snprintf(path, 4096, "%s.said", job->output);
}

static int run_here(const resume_job *job)
{
    vtr_error err = {0};
    char path[4096];
    if (job->file_limit > 0) {
        struct rlimit limit = {job->file_limit, job->file_limit};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    vtr_status status = map(job, &err);
    said_path(path, job);
    FILE *out = status != VTR_OK ? fopen(path, "w") : NULL;
    if (out != NULL) {
        fputs(err.message, out);
        fclose(out);
    }
    return (int)status;
}

pid_t resume_start(const resume_job *job)
{
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) _exit(run_here(job));
    return process;
}

int resume_wait(pid_t process)
{
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int resume_run(const resume_job *job)
{
    return resume_wait(resume_start(job));
}

const char *resume_said(const resume_job *job)
{
    static char text[1024];
    char path[4096];
    said_path(path, job);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

static unsigned char *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = vtr_malloc(*n, 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

void assert_same_file(const char *a, const char *b)
{
    size_t n, m, differ = 0;
    unsigned char *p = read_file(a, &n), *q = read_file(b, &m);
    while (differ < n && differ < m && p[differ] == q[differ])
        differ++;
    if (n != m || differ < n) fail_msg("%s (%zu bytes) and %s (%zu) differ at byte %zu", a, n, b, m, differ);
    vtr_free(p);
    vtr_free(q);
}
