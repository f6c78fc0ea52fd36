/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    size_t n_known = summary->n_missing + job->sums.n_resumed;
    summary->n_resumed = job->sums.n_resumed;
    summary->bytes = (double)(job->n_positions > n_known ? job->n_positions - n_known : 0) *
                     (double)(job->info->shape[2] * job->info->shape[3] * vtr_type_size(job->info->type));
    summary->median_error = median_error(job);
}

static void say_what_is_missing(const vtr_map_summary *s, const vtr_dataset_info *info, bool is_followed,
                                const vtr_progress *progress)
{
    if (info->note[0] != '\0' && !is_followed) vtr_progress_warn(progress, "%s", info->note);
    if (s->n_missing > 0)
        vtr_progress_warn(progress, "%zu of %zu positions have no frame and are flagged as missing",
                          s->n_missing, s->n_positions);
    if (s->n_flagged > 0)
        vtr_progress_warn(progress, "%zu of %zu positions have no ring that could be fitted and are flagged",
                          s->n_flagged, s->n_positions);
}

vtr_status vtr_map_with(vtr_mapfile *file, vtr_dataset *dataset, const vtr_calibration *calibration,
                        const vtr_map_params *given, const vtr_pass_options *given_options,
                        vtr_map_summary *summary, vtr_error *err)
{
    vtr_map_params params;
    vtr_pass_options options = {0};
    if (given_options != NULL) options = *given_options;
    vtr_parameters_default(&vtr_map_parameters, &params);
    if (given != NULL) params = *given;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    vtr_status status = VTR_OK;
    if (info->shape[2] != calibration->det_y || info->shape[3] != calibration->det_x)
        status =
            vtr_fail(err, VTR_ERR_SHAPE, "'%s' holds patterns of %zu x %zu, the calibration is for %zu x %zu",
                     vtr_dataset_path(dataset), info->shape[2], info->shape[3], calibration->det_y,
                     calibration->det_x);
    if (status == VTR_OK && options.follow != NULL && vtr_ranks_size(options.ranks) > 1)
        status = vtr_fail(err, VTR_ERR_ARGUMENT, "a growing recording is followed by one process");
    status = vtr_ranks_agree(options.ranks, status, err);
    if (status != VTR_OK) return status;
    double start = vtr_clock_s();
    map_job job = {.dataset = dataset,
                   .info = info,
                   .calibration = calibration,
                   .params = &params,
                   .ranks = options.ranks,
                   .file = file,
                   .checkpoint = options.checkpoint,
                   .n_positions = info->shape[0] * info->shape[1]};
    if (vtr_ranks_rank(options.ranks) != 0)
        job.n_held = MAP_RUN_POSITIONS * (size_t)vtr_thread_count(options.threads);
    vtr_map_summary local;
    status = map_job_create(&job, err);
    if (status == VTR_OK && options.follow != NULL) status = map_follow_begin(&job, options.follow, err);
    if (status == VTR_OK && file != NULL) status = map_create_profiles(&job, err);
    if (status == VTR_OK && file != NULL) status = map_create_sectors(&job, err);
    status = vtr_ranks_agree(options.ranks, status, err);
    if (status == VTR_OK) status = map_ranks_begin(&job, err);
    if (status == VTR_OK) status = map_run_all(&job, &options, err);
    map_follow_end(&job);
    if (status == VTR_OK && file != NULL) status = map_write_results(&job, err);
    if (status == VTR_OK && file != NULL) status = vtr_calibration_write(calibration, file, err);
    status = vtr_ranks_agree(options.ranks, status, err);
    if (status == VTR_OK && file != NULL) {
        summarise(&job, &local, vtr_clock_s() - start);
        say_what_is_missing(&local, info, options.follow != NULL, options.progress);
        if (summary != NULL) *summary = local;
    }
    map_job_release(&job);
    return status;
}

vtr_status vtr_map(vtr_mapfile *file, vtr_dataset *dataset, const vtr_calibration *calibration,
                   const vtr_map_params *params, int threads, vtr_map_summary *summary,
                   const vtr_progress *progress, vtr_error *err)
{
    const vtr_pass_options options = {.threads = threads, .progress = progress};
    return vtr_map_with(file, dataset, calibration, params, &options, summary, err);
}
