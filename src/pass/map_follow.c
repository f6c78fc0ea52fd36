/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording that is still being written: runs wait for their frames; what is there is shown now and then. */
#define _XOPEN_SOURCE 700 /* nanosleep */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

enum { LOOK_NS = 5000000 };

struct map_follow {
    const vtr_follow_params *how;
    size_t n_frames; /* positions whose frame is there; read and written atomically */
    double grown_s, shown_s;
    int is_over;            /* nothing came for too long; written atomically */
    pthread_rwlock_t shown; /* held for writing while the results are shown, for reading while they change */
};

/* What is shown before a position is done: no data, not zero. Each is overwritten when its run is done. */
static void clear_results(map_job *job)
{
    size_t n = job->n_positions;
    for (size_t i = 0; i < 5 * n; i++)
        job->beam[i] = NAN;
    for (size_t i = 0; i < job->n_virtual * n; i++)
        job->virtual_images[i] = NAN;
    for (size_t i = 0; i < VTR_RING_MAP_ELLIPSE_N * n; i++)
        job->ring.ellipse[i] = NAN;
    for (size_t i = 0; i < VTR_RING_MAP_COVARIANCE_N * n; i++)
        job->ring.covariance[i] = NAN;
    for (size_t i = 0; i < n; i++) {
        job->total[i] = NAN;
        job->ring.chi2[i] = NAN;
        job->beam_flags[i] = job->ring.flags[i] = VTR_FLAG_MISSING;
    }
}

vtr_status map_follow_begin(map_job *job, const vtr_follow_params *how, vtr_error *err)
{
    map_follow *follow = vtr_calloc(1, sizeof *follow);
    if (follow == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    follow->how = how;
    follow->grown_s = follow->shown_s = vtr_clock_s();
    vtr_status status = vtr_dataset_grow(job->dataset, &follow->n_frames, err);
    if (status != VTR_OK) {
        vtr_free(follow);
        return status;
    }
    clear_results(job);
    pthread_rwlock_init(&follow->shown, NULL);
    job->follow = follow;
    if (how->path != NULL) job->sums.interval_s = fmin(job->sums.interval_s, how->interval_s);
    return VTR_OK;
}

void map_follow_end(map_job *job)
{
    if (job->follow == NULL) return;
    pthread_rwlock_destroy(&job->follow->shown);
    vtr_free(job->follow);
    vtr_dataset_settle(job->dataset);
    job->follow = NULL;
}

size_t map_follow_frames(const map_job *job)
{
    size_t n;
    if (job->follow == NULL) return job->info->n_frames;
#pragma omp atomic read
    n = job->follow->n_frames;
    return n;
}

bool map_follow_is_over(const map_job *job)
{
    int is_over;
    if (job->follow == NULL) return false;
#pragma omp atomic read
    is_over = job->follow->is_over;
    return is_over != 0;
}

/* One thread at a time. */
static vtr_status look(map_job *job, size_t wanted, bool *is_there, vtr_error *err)
{
    map_follow *follow = job->follow;
    size_t n = follow->n_frames;
    *is_there = n >= wanted || follow->is_over;
    if (*is_there) return VTR_OK;
    vtr_status status = vtr_dataset_grow(job->dataset, &n, err);
    if (status != VTR_OK) return status;
    if (n > follow->n_frames) {
#pragma omp atomic write
        follow->n_frames = n;
        follow->grown_s = vtr_clock_s();
    } else if (vtr_clock_s() - follow->grown_s > follow->how->timeout_s) {
#pragma omp atomic write
        follow->is_over = 1;
    }
    *is_there = n >= wanted || follow->is_over;
    return VTR_OK;
}

bool map_follow_wait(map_run_state *state, size_t run)
{
    const struct timespec pause = {0, LOOK_NS};
    if (state->job->follow == NULL) return true;
    size_t first, n;
    map_run_positions(state->job, run, &first, &n);
    while (!map_run_is_stopped(state)) {
        vtr_error error = {0};
        bool is_there = false;
        vtr_status status;
#pragma omp critical(vtr_map_follow)
        status = look(state->job, first + n, &is_there, &error);
        if (is_there) return true;
        if (status != VTR_OK)
            map_run_stop(state, status, &error);
        else
            map_run_check(state);
        nanosleep(&pause, NULL);
    }
    return false;
}

vtr_status map_follow_run(map_worker *worker, map_job *job, size_t run, vtr_error *err)
{
    if (job->follow == NULL) return map_worker_run(worker, job, run, err);
    pthread_rwlock_rdlock(&job->follow->shown);
    vtr_status status = map_worker_run(worker, job, run, err);
    pthread_rwlock_unlock(&job->follow->shown);
    return status;
}

/* A whole map file, renamed over the one before. Profiles stay in the pass's own file until its end. */
static vtr_status write_shown(const map_job *job, const char *path, vtr_error *err)
{
    const char *final_path = job->follow->how->path;
    map_job shown = *job;
    shown.file = NULL;
    shown.n_profile = 0;
    shown.sectors.n = 0;
    vtr_status status = vtr_mapfile_create(&shown.file, path, true, err);
    if (status == VTR_OK) status = map_write_results(&shown, err);
    if (status == VTR_OK) status = vtr_calibration_write(job->calibration, shown.file, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&shown.file, err);
    vtr_mapfile_close(&shown.file);
    if (status == VTR_OK && rename(path, final_path) != 0)
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", final_path, strerror(errno));
    return status;
}

vtr_status map_follow_show(map_job *job, vtr_error *err)
{
    map_follow *follow = job->follow;
    if (follow == NULL || follow->how->path == NULL || vtr_pattern_count(job->pattern) == 0 ||
        vtr_clock_s() - follow->shown_s < follow->how->interval_s)
        return VTR_OK;
    size_t n = strlen(follow->how->path) + sizeof ".now";
    char *path = vtr_malloc(n, 1);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the map so far");
    snprintf(path, n, "%s.now", follow->how->path);
    pthread_rwlock_wrlock(&follow->shown);
    vtr_status status = write_shown(job, path, err);
    pthread_rwlock_unlock(&follow->shown);
    follow->shown_s = vtr_clock_s();
    vtr_free(path);
    return status;
}
