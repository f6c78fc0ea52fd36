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
    {"profile-step", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_map_params, profile_step_px),
     .default_value = 1, .minimum = 0.25, .maximum = 64, .metavar = "PX",
     .help = "distance of the radial profile's samples"},
    {"no-profile", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_map_params, no_profile),
     .help = "leave the radial profiles out"},
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

/* Patterns of whole numbers up to 16 bits add up exactly in any order; others are merged in scan order, run by run. */
enum { BATCHES_PER_RUN = 16 };

typedef struct run_state {
    map_job *job;
    vtr_status status;
    vtr_error error;
    size_t batches_done;
} run_state;

static void keep_first_error(run_state *state, vtr_status status, const vtr_error *error)
{
#pragma omp critical(vtr_map_error)
    if (state->status == VTR_OK) {
        state->status = status;
        state->error = *error;
    }
}

static vtr_status run_worker(run_state *state, map_worker *worker, size_t run, vtr_error *error)
{
    size_t first = run * BATCHES_PER_RUN, last = first + BATCHES_PER_RUN;
    if (last > state->job->n_batches) last = state->job->n_batches;
    vtr_status status = VTR_OK;
    for (size_t batch = first; status == VTR_OK && batch < last; batch++)
        status = map_worker_batch(worker, state->job, batch, error);
    return status;
}

static vtr_status run_job(map_job *job, int threads, const vtr_progress *progress, vtr_error *err)
{
    run_state state = {.job = job};
    long n_runs = (long)((job->n_batches + BATCHES_PER_RUN - 1) / BATCHES_PER_RUN);
#pragma omp parallel num_threads(vtr_thread_count(threads))
    {
        vtr_error error = {0};
        map_worker *worker = NULL;
        vtr_status status = map_worker_create(&worker, job, &error);
#pragma omp for ordered schedule(dynamic, 1)
        for (long run = 0; run < n_runs; run++) {
            if (status == VTR_OK && state.status == VTR_OK)
                status = run_worker(&state, worker, (size_t)run, &error);
#pragma omp ordered
            if (status == VTR_OK && state.status == VTR_OK) {
                vtr_pattern_merge(job->pattern, map_worker_pattern(worker));
                vtr_pattern_reset(map_worker_pattern(worker));
                state.batches_done += BATCHES_PER_RUN;
                double done = fmin((double)(state.batches_done * VTR_LANES), (double)job->n_positions);
                vtr_progress_report(progress, "mapping", done, (double)job->n_positions, "patterns");
                if (vtr_progress_cancelled(progress)) {
                    status = VTR_ERR_INTERRUPTED;
                    vtr_fail(&error, status, "interrupted at %.0f of %zu positions", done, job->n_positions);
                }
            }
            if (status != VTR_OK) keep_first_error(&state, status, &error);
        }
        if (status != VTR_OK) keep_first_error(&state, status, &error);
        map_worker_free(worker);
    }
    return state.status == VTR_OK ? VTR_OK : vtr_fail(err, state.status, "%s", state.error.message);
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
