/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

static vtr_status scan_axes(map_job *job, const char *group, vtr_error *err)
{
    return vtr_mapfile_write_scan_axes(job->file, group, job->info->shape[0], job->info->shape[1],
                                       job->calibration->scan_step_nm, err);
}

/* A map over the scan as a signal of its group. */
static vtr_status write_map(map_job *job, const char *group, const char *name, const float *values,
                            const char *unit, const char *long_name, bool is_signal, vtr_error *err)
{
    vtr_status status = vtr_mapfile_write(job->file, group, name, VTR_TYPE_F32, 2, job->info->shape, values,
                                          unit, long_name, err);
    if (status == VTR_OK && is_signal) status = vtr_mapfile_signal(job->file, group, name, err);
    return status;
}

static vtr_status write_beam(map_job *job, vtr_error *err)
{
    static const char *const names[5] = {"x", "y", "x_errors", "y_errors", "counts"};
    static const char *const texts[5] = {"direct beam, column", "direct beam, row", "standard deviation of x",
                                         "standard deviation of y",
                                         "counts in the direct beam above the background"};
    static const char *const methods[] = {[VTR_BEAM_CENTRE_OF_MASS] = "centre of mass",
                                          [VTR_BEAM_DISC] = "edge of the disc, maximum likelihood",
                                          [VTR_BEAM_CORRELATE] =
                                              "correlation with the mean disc, maximum likelihood"};
    vtr_status status = vtr_mapfile_group(job->file, "beam", err);
    for (size_t k = 0; status == VTR_OK && k < 5; k++)
        status = write_map(job, "beam", names[k], job->beam + k * job->n_positions, k < 4 ? "px" : "counts",
                           texts[k], k < 2, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(job->file, "beam", "flags", VTR_TYPE_U32, 2, job->info->shape,
                                   job->beam_flags, NULL, "why a position has no beam", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(job->file, "beam", NULL, "method", methods[job->params->beam], err);
    return status == VTR_OK ? scan_axes(job, "beam", err) : status;
}

static vtr_status write_virtual(map_job *job, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(job->file, "virtual", err);
    for (size_t v = 0; status == VTR_OK && v < job->n_virtual; v++) {
        const char *name = job->virtual_names[v];
        status = write_map(job, "virtual", name, job->virtual_images + v * job->n_positions, "counts",
                           "counts in an annulus about the centre", true, err);
        if (status == VTR_OK)
            status = vtr_mapfile_write_numbers(job->file, "virtual", name, "annulus_px", 2, job->annuli_px[v],
                                               err);
    }
    if (status == VTR_OK)
        status = write_map(job, "virtual", "total", job->total, "counts", "counts of the whole pattern", true,
                           err);
    return status == VTR_OK ? scan_axes(job, "virtual", err) : status;
}

static vtr_status write_mean(map_job *job, vtr_error *err)
{
    size_t n = job->info->shape[2] * job->info->shape[3];
    double *mean = vtr_malloc(n, sizeof *mean), *variance = vtr_malloc(n, sizeof *variance);
    double *maximum = vtr_malloc(n, sizeof *maximum);
    vtr_status status = VTR_ERR_MEMORY;
    if (mean == NULL || variance == NULL || maximum == NULL) {
        vtr_fail(err, status, "out of memory for the mean pattern");
        goto cleanup;
    }
    vtr_pattern_finish(job->pattern, mean, variance, maximum);
    const double *data[3] = {mean, maximum, variance};
    static const char *const names[3] = {"mean", "maximum", "variance"};
    const size_t *shape = job->info->shape + 2;
    status = vtr_mapfile_group(job->file, "mean", err);
    for (size_t k = 0; status == VTR_OK && k < 3; k++) {
        status = vtr_mapfile_write(job->file, "mean", names[k], VTR_TYPE_F64, 2, shape, data[k], "counts",
                                   "over all patterns", err);
        if (status == VTR_OK) status = vtr_mapfile_signal(job->file, "mean", names[k], err);
    }
    if (status == VTR_OK)
        status = vtr_mapfile_write(job->file, "mean", "used", VTR_TYPE_U8, 2, shape, job->used, NULL,
                                   "1: used", err);
cleanup:
    vtr_free(mean);
    vtr_free(variance);
    vtr_free(maximum);
    return status;
}

vtr_status map_create_profiles(map_job *job, vtr_error *err)
{
    if (job->n_profile == 0) return VTR_OK;
    const size_t shape[3] = {job->info->shape[0], job->info->shape[1], job->n_profile};
    vtr_status status = vtr_mapfile_group(job->file, "profile", err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_create_dataset(job->file, "profile", "intensity", VTR_TYPE_F32, 3, shape, "counts/px",
                                       "azimuthal mean, own centre and ellipticity taken out", err);
    if (status == VTR_OK)
        status = vtr_mapfile_create_dataset(job->file, "profile", "variance", VTR_TYPE_F32, 3, shape,
                                            "counts^2/px^2", "variance of the azimuthal mean", err);
    return status;
}

vtr_status map_write_k(map_job *job, const char *group, vtr_error *err)
{
    size_t n = job->profile.n;
    double step = job->calibration->k_step_inv_angstrom;
    bool has_k = isfinite(step);
    float *k = vtr_malloc(n, sizeof *k);
    if (k == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profiles' axis");
    for (size_t j = 0; j < n; j++)
        k[j] = (float)((job->profile.r_first_px + (double)j * job->profile.r_step_px) * (has_k ? step : 1));
    vtr_status status =
        vtr_mapfile_write(job->file, group, "k", VTR_TYPE_F32, 1, &n, k, has_k ? "1/angstrom" : "px",
                          has_k ? "k = 2 sin(theta)/lambda = 1/d (no 2 pi)" : "radius", err);
    vtr_free(k);
    return status;
}

static vtr_status describe_profiles(map_job *job, vtr_error *err)
{
    if (job->n_profile == 0) return VTR_OK;
    vtr_status status = map_write_k(job, "profile", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(job->file, "profile", NULL, "taken_out",
                                        "centre, distortion, deviatoric strain", err);
    const size_t shape[2] = {job->errors.n_lags, job->n_profile};
    if (status == VTR_OK)
        status = vtr_mapfile_write(
            job->file, "profile", "correlation", VTR_TYPE_F32, 2, shape, job->errors.correlation, NULL,
            "of the errors of each sample and the one so many (the row's number) farther out", err);
    if (status == VTR_OK) status = vtr_mapfile_signal(job->file, "profile", "intensity", err);
    if (status == VTR_OK) status = scan_axes(job, "profile", err);
    static const char *const axes[3] = {"scan_y", "scan_x", "k"};
    if (status == VTR_OK) status = vtr_mapfile_axes(job->file, "profile", 3, axes, err);
    return status;
}

vtr_status map_write_results(map_job *job, vtr_error *err)
{
    vtr_status status = vtr_ring_map_write(job->file, &job->ring, err);
    static const char *const methods[] = {"likelihood", "sectors", "threshold"};
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(job->file, "ring", NULL, "fit", methods[job->params->fit], err);
    if (status == VTR_OK) status = write_beam(job, err);
    if (status == VTR_OK) status = write_virtual(job, err);
    if (status == VTR_OK) status = write_mean(job, err);
    if (status == VTR_OK) status = describe_profiles(job, err);
    if (status == VTR_OK) status = map_describe_sectors(job, err);
    return status;
}
