/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

static const vtr_parameter parameters[] = {
    {"fit", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_map_params, fit),
     .choices = "likelihood|sectors|threshold", .help = "how the ring is fitted"},
    {"threshold", NULL, VTR_PARAMETER_DOUBLE, offsetof(vtr_map_params, threshold.fraction),
     .default_value = 0.95, .minimum = 0.01, .maximum = 0.9999, .metavar = "FRACTION",
     .help = "threshold fit: pixels above this part of the maximum make the ring"},
    {"blur", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_map_params, threshold.blur_px), .maximum = 20,
     .metavar = "PX", .help = "threshold fit: standard deviation of a Gaussian blur before"},
    {"beam", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_map_params, beam), .choices = "com|disc|correlate",
     .help =
         "direct beam: its centre of mass, the edge of its disc by maximum likelihood, or the match with the "
         "recording's mean disc, of whatever form (slower, finer)"},
    {"profile-step", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_map_params, profile_step_px),
     .default_value = 1, .minimum = 0.25, .maximum = 64, .metavar = "PX",
     .help = "distance of the radial profile's samples"},
    {"no-profile", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_map_params, no_profile),
     .help = "leave the radial profiles out"},
    {"sectors", NULL, VTR_PARAMETER_SIZE, offsetof(vtr_map_params, sectors), .maximum = 36, .metavar = "N",
     .help = "also radial profiles of N azimuthal sectors, even, 4 to 36; none unless given"},
    {"virtual", "px", VTR_PARAMETER_LIST, offsetof(vtr_map_params, virtual_images), .metavar = "NAME=LO:HI",
     .help =
         "virtual detector: an annulus about the centre; may be repeated; bf, adf and haadf unless given"},
    {"scan-rotation", "degrees", VTR_PARAMETER_DOUBLE, offsetof(vtr_map_params, scan_rotation),
     .minimum = -360, .maximum = 360, .metavar = "ANGLE",
     .help = "angle by which the detector is turned against the scan"},
    {"flip", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_map_params, flip),
     .help = "the detector is mirrored against the scan"},
};
const vtr_parameter_table vtr_map_parameters = {"Map", parameters, sizeof parameters / sizeof *parameters};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What the workers of one pass share beside the job. */
typedef struct run_state {
    map_job *job;
    const vtr_progress *progress;
    int is_stopped; /* read and written atomically */
    vtr_status status;
    vtr_error error;
    size_t positions_done;
} run_state;

static bool is_stopped(run_state *state)
{
    int stopped;
#pragma omp atomic read
    stopped = state->is_stopped;
    return stopped != 0;
}

/* Keeps the first failure, which ends the pass. */
static void stop(run_state *state, vtr_status status, const vtr_error *error)
{
#pragma omp critical(vtr_map_state)
    if (state->status == VTR_OK) {
        state->status = status;
        state->error = *error;
    }
#pragma omp atomic write
    state->is_stopped = 1;
}

/* Counts a run as done; asks whether to go on. */
static vtr_status advance(run_state *state, size_t run, vtr_error *error)
{
    vtr_status status = VTR_OK;
    size_t n = state->job->n_positions, first, n_run;
    map_run_positions(state->job, run, &first, &n_run);
#pragma omp critical(vtr_map_state)
    {
        size_t done = state->positions_done += n_run;
        vtr_progress_report(state->progress, "mapping", (double)done, (double)n, "patterns");
        if (vtr_progress_cancelled(state->progress))
            status = vtr_fail(error, VTR_ERR_INTERRUPTED, "interrupted at %zu of %zu positions", done, n);
    }
    return status;
}

static void one_run(run_state *state, map_worker *worker, long run)
{
    vtr_error error = {0};
    if (is_stopped(state)) return;
    vtr_status status = map_worker_run(worker, state->job, (size_t)run, &error);
    if (status == VTR_OK) status = advance(state, (size_t)run, &error);
    if (status != VTR_OK) stop(state, status, &error);
}

static void merge(run_state *state, map_worker *worker)
{
    if (!is_stopped(state)) vtr_pattern_merge(state->job->pattern, worker->pattern);
    vtr_pattern_reset(worker->pattern);
}

/* Pixels of up to 16 bits add up exactly in any order, so each worker's mean pattern is merged once, at its end;
 * others run by run, in scan order. */
static void do_runs(run_state *state, map_worker *worker)
{
    long n_runs = (long)map_run_count(state->job);
    vtr_type type = state->job->info->type;
    if (vtr_type_size(type) <= 2) {
#pragma omp for schedule(dynamic, 1)
        for (long run = 0; run < n_runs; run++)
            one_run(state, worker, run);
#pragma omp critical(vtr_map_merge)
        merge(state, worker);
    } else {
#pragma omp for ordered schedule(dynamic, 1)
        for (long run = 0; run < n_runs; run++) {
            one_run(state, worker, run);
#pragma omp ordered
            merge(state, worker);
        }
    }
}

/* All workers together stay below this, so that a pass stays below 2 GiB with frames of any size. */
static const size_t workers_bytes = (size_t)1 << 30;

static int worker_count(const map_job *job, int threads)
{
    size_t most = workers_bytes / map_worker_bytes(job), n = (size_t)vtr_thread_count(threads);
    if (n > map_run_count(job)) n = map_run_count(job);
    if (n > most) n = most;
    return n < 1 ? 1 : (int)n;
}

static vtr_status run_job(map_job *job, int threads, const vtr_progress *progress, vtr_error *err)
{
    int n_workers = worker_count(job, threads);
    map_worker **workers = vtr_calloc((size_t)n_workers, sizeof(map_worker *));
    if (workers == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    run_state state = {.job = job, .progress = progress};
    vtr_status status = VTR_OK;
    for (int i = 0; status == VTR_OK && i < n_workers; i++)
        status = map_worker_create(&workers[i], job, err);
    if (status == VTR_OK) {
#pragma omp parallel num_threads(n_workers)
        do_runs(&state, workers[omp_get_thread_num()]);
        status = state.status == VTR_OK ? VTR_OK : vtr_fail(err, state.status, "%s", state.error.message);
    }
    for (int i = 0; i < n_workers; i++)
        map_worker_free(workers[i]);
    vtr_free(workers);
    return status;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double median_error(const map_job *job)
{
    float *values = vtr_malloc(job->n_positions, sizeof *values);
    size_t n = 0, wxx = vtr_ring_map_covariance_index(VTR_ELLIPSE_WXX, VTR_ELLIPSE_WXX);
    for (size_t i = 0; values != NULL && i < job->n_positions; i++)
        if (!(job->ring.flags[i] & VTR_FLAGS_NO_RING_DATA))
            values[n++] = (float)sqrt(job->ring.covariance[i * VTR_RING_MAP_COVARIANCE_N + wxx]);
    double median = NAN;
    if (n > 0) {
        qsort(values, n, sizeof *values, compare_floats);
        median = (double)values[n / 2];
    }
    vtr_free(values);
    return median;
}

static void summarise(const map_job *job, vtr_map_summary *summary, double seconds)
{
    *summary = (vtr_map_summary){.n_positions = job->n_positions, .seconds = seconds};
    for (size_t i = 0; i < job->n_positions; i++) {
        unsigned flags = job->ring.flags[i];
        if (flags & VTR_FLAG_MISSING)
            summary->n_missing++;
        else if (flags & VTR_FLAGS_NO_RING_DATA)
            summary->n_flagged++;
        else
            summary->n_fitted++;
    }
    summary->bytes = (double)(job->n_positions - summary->n_missing) *
                     (double)(job->info->shape[2] * job->info->shape[3] * vtr_type_size(job->info->type));
    summary->median_error = median_error(job);
}

static void say_what_is_missing(const vtr_map_summary *s, const vtr_dataset_info *info,
                                const vtr_progress *progress)
{
    if (info->note[0] != '\0') vtr_progress_warn(progress, "%s", info->note);
    if (s->n_missing > 0)
        vtr_progress_warn(progress, "%zu of %zu positions have no frame and are flagged as missing",
                          s->n_missing, s->n_positions);
    if (s->n_flagged > 0)
        vtr_progress_warn(progress, "%zu of %zu positions have no ring that could be fitted and are flagged",
                          s->n_flagged, s->n_positions);
}

vtr_status vtr_map(vtr_mapfile *file, vtr_dataset *dataset, const vtr_calibration *calibration,
                   const vtr_map_params *given, int threads, vtr_map_summary *summary,
                   const vtr_progress *progress, vtr_error *err)
{
    vtr_map_params params;
    vtr_parameters_default(&vtr_map_parameters, &params);
    if (given != NULL) params = *given;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    if (info->shape[2] != calibration->det_y || info->shape[3] != calibration->det_x)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'%s' holds patterns of %zu x %zu, the calibration is for %zu x %zu",
                        vtr_dataset_path(dataset), info->shape[2], info->shape[3], calibration->det_y,
                        calibration->det_x);
    double start = now_s();
    map_job job = {.dataset = dataset,
                   .info = info,
                   .calibration = calibration,
                   .params = &params,
                   .file = file,
                   .n_positions = info->shape[0] * info->shape[1]};
    vtr_map_summary local;
    vtr_status status = map_job_create(&job, err);
    if (status == VTR_OK) status = map_create_profiles(&job, err);
    if (status == VTR_OK) status = map_create_sectors(&job, err);
    if (status == VTR_OK) status = run_job(&job, threads, progress, err);
    if (status == VTR_OK) status = map_write_results(&job, err);
    if (status == VTR_OK) status = vtr_calibration_write(calibration, file, err);
    if (status == VTR_OK) {
        summarise(&job, &local, now_s() - start);
        say_what_is_missing(&local, info, progress);
        if (summary != NULL) *summary = local;
    }
    map_job_release(&job);
    return status;
}
