/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

/* Radial profiles of azimuthal sectors. The fit's bins serve where its sectors are an odd multiple of those wanted, so
 * that the middles agree; else the frames, still in the cache, are binned a second time. */

/* A sector's bins stand for points. In sectors wider than this a shift of the centre would not be followed. */
enum { FEWEST_AROUND = 12, MOST_SECTORS = 36 };

static vtr_status check_number(size_t n, vtr_error *err)
{
    if (n % 2 == 0 && n >= 4 && n <= MOST_SECTORS) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT,
                    "--sectors %zu: give an even number from 4 to %d, so that each sector has one opposite",
                    n, MOST_SECTORS);
}

/* Row r of the file is the r-th sector by its angle in the scan's frame, which is flip * (angle on the detector -
 * rotation): detector = R(rotation) diag(1, flip) scan. */
static void order_sectors(map_sectors *s, const vtr_map_params *params)
{
    double width = 360.0 / (double)s->n, flip = params->flip ? -1 : 1;
    double first = fmod(-flip * params->scan_rotation, width);
    if (first < 0) first += width;
    if (first > width - 1e-9) first = 0;
    for (size_t r = 0; r < s->n; r++) {
        s->angle_degrees[r] = first + width * (double)r;
        long on_detector = lround((flip * s->angle_degrees[r] + params->scan_rotation) / width);
        long n = (long)s->n;
        s->of_row[r] = (size_t)((on_detector % n + n) % n);
    }
}

static vtr_status make_plan(vtr_polar_plan **plan, const map_job *job, size_t n_sectors, long shift_x,
                            long shift_y, vtr_error *err)
{
    vtr_polar_plan *const fit = job->variants[0].plan;
    vtr_polar_geometry g = vtr_polar_default_geometry(fit->det_y, fit->det_x);
    g.used = job->used;
    g.centre_x_px = job->calibration->centre_x_px + (double)shift_x;
    g.centre_y_px = job->calibration->centre_y_px + (double)shift_y;
    g.wxx = fit->wxx;
    g.wyy = fit->wyy;
    g.wxy = fit->wxy;
    g.n_sectors = n_sectors;
    g.n_r = fit->n_r;
    return vtr_polar_plan_create(plan, &g, err);
}

vtr_status map_sectors_create(map_job *job, vtr_error *err)
{
    map_sectors *s = &job->sectors;
    size_t fit_around = job->calibration->sectors, n_around, n = job->params->sectors;
    if (n == 0) return VTR_OK;
    vtr_status status = check_number(n, err);
    if (status != VTR_OK) return status;
    s->n = n;
    s->of_row = vtr_calloc(n, sizeof *s->of_row);
    s->angle_degrees = vtr_calloc(n, sizeof *s->angle_degrees);
    if (s->of_row == NULL || s->angle_degrees == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu sectors", n);
    order_sectors(s, job->params);
    bool fits = fit_around >= FEWEST_AROUND && fit_around % n == 0 && fit_around / n % 2 == 1;
    n_around = fits ? fit_around : n;
    while (n_around < FEWEST_AROUND)
        n_around += 2 * n;
    if (!fits) s->plans = vtr_calloc(job->n_variants, sizeof(vtr_polar_plan *));
    if (!fits && s->plans == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu sectors", n);
    for (size_t v = 0; status == VTR_OK && s->plans != NULL && v < job->n_variants; v++)
        status =
            make_plan(&s->plans[v], job, n_around, job->variants[v].shift_x, job->variants[v].shift_y, err);
    if (status == VTR_OK) status = map_speckle_of_samples(&s->speckle, job, n, err);
    s->profile = job->profile;
    s->profile.n_sectors = n;
    s->profile.speckle = s->speckle;
    return status;
}

void map_sectors_release(map_job *job)
{
    map_sectors *s = &job->sectors;
    for (size_t v = 0; s->plans != NULL && v < job->n_variants; v++)
        vtr_polar_plan_free(&s->plans[v]);
    vtr_free(s->plans);
    vtr_free(s->speckle);
    vtr_free(s->of_row);
    vtr_free(s->angle_degrees);
}

static size_t floats_of_position(const map_job *job)
{
    return job->sectors.n * job->profile.n;
}

size_t map_sectors_worker_bytes(const map_job *job)
{
    const map_sectors *s = &job->sectors;
    if (s->n == 0) return 0;
    size_t n_bins = s->plans != NULL ? s->plans[0]->n_bins : 0;
    return 2 * (MAP_RUN_POSITIONS + VTR_LANES) * floats_of_position(job) * sizeof(float) +
           3 * n_bins * VTR_LANES * sizeof(float);
}

vtr_status map_sectors_worker_create(map_sectors_worker *w, const map_job *job, vtr_error *err)
{
    const map_sectors *s = &job->sectors;
    if (s->n == 0) return VTR_OK;
    vtr_status status = s->plans != NULL ? vtr_polar_batch_create(&w->batch, err) : VTR_OK;
    for (int k = 0; status == VTR_OK && k < 2; k++) {
        w->columns[k] = vtr_calloc(floats_of_position(job) * VTR_LANES, sizeof *w->columns[k]);
        w->rows[k] = vtr_calloc(floats_of_position(job) * MAP_RUN_POSITIONS, sizeof *w->rows[k]);
        if (w->columns[k] == NULL || w->rows[k] == NULL)
            status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sectors of a worker of the pass");
    }
    return status;
}

void map_sectors_worker_release(map_sectors_worker *w)
{
    vtr_polar_batch_free(&w->batch);
    for (int k = 0; k < 2; k++) {
        vtr_free(w->columns[k]);
        vtr_free(w->rows[k]);
    }
}

/* As the profile of the whole, but the strain stays in. */
vtr_status map_step_sectors(map_worker *w, map_job *job, vtr_error *err)
{
    const map_sectors *s = &job->sectors;
    if (s->n == 0) return VTR_OK;
    vtr_polar_batch *batch = w->batch;
    vtr_status status = VTR_OK;
    if (s->plans != NULL) {
        batch = w->sectors.batch;
        status =
            vtr_polar_bin(batch, s->plans[w->variant - job->variants], job->info->type, w->frames, NULL, err);
    }
    vtr_polar_lanes lanes;
    map_profile_lanes(&lanes, w, job);
    memset(lanes.exx, 0, sizeof lanes.exx);
    memset(lanes.eyy, 0, sizeof lanes.eyy);
    memset(lanes.exy, 0, sizeof lanes.exy);
    if (status == VTR_OK)
        status = vtr_polar_profile(w->sectors.columns[0], w->sectors.columns[1], NULL, batch, &lanes,
                                   &s->profile, err);
    if (status != VTR_OK) return status;
    size_t in_run = w->first - w->run_first, n = job->profile.n;
    for (int k = 0; k < 2; k++)
        for (size_t r = 0; r < s->n; r++) {
            const float *from = w->sectors.columns[k] + s->of_row[r] * n * VTR_LANES;
            for (size_t lane = 0; lane < w->n; lane++) {
                float *row = w->sectors.rows[k] + ((in_run + lane) * s->n + r) * n;
                for (size_t j = 0; j < n; j++)
                    row[j] = from[j * VTR_LANES + lane];
            }
        }
    return VTR_OK;
}

vtr_status map_sectors_flush(map_worker *w, map_job *job, size_t first, size_t n, vtr_error *err)
{
    if (job->sectors.n == 0) return VTR_OK;
    const size_t inner[2] = {job->sectors.n, job->profile.n};
    vtr_status status =
        map_write_positions(job, "sectors", "intensity", w->sectors.rows[0], first, n, 2, inner, err);
    return status == VTR_OK
               ? map_write_positions(job, "sectors", "variance", w->sectors.rows[1], first, n, 2, inner, err)
               : status;
}

vtr_status map_create_sectors(map_job *job, vtr_error *err)
{
    if (job->sectors.n == 0) return VTR_OK;
    const size_t shape[4] = {job->info->shape[0], job->info->shape[1], job->sectors.n, job->profile.n};
    vtr_status status = vtr_mapfile_group(job->file, "sectors", err);
    if (status == VTR_OK)
        status = vtr_mapfile_create_dataset(job->file, "sectors", "intensity", VTR_TYPE_F32, 4, shape,
                                            "counts/px", "mean in each sector, own centre taken out", err);
    if (status == VTR_OK)
        status = vtr_mapfile_create_dataset(job->file, "sectors", "variance", VTR_TYPE_F32, 4, shape,
                                            "counts^2/px^2", "variance of the mean in each sector", err);
    return status;
}

vtr_status map_describe_sectors(map_job *job, vtr_error *err)
{
    const map_sectors *s = &job->sectors;
    if (s->n == 0) return VTR_OK;
    double width = 360.0 / (double)s->n;
    static const char *const axes[4] = {"scan_y", "scan_x", "angle", "k"};
    vtr_status status = map_write_k(job, "sectors", err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_write(job->file, "sectors", "angle", VTR_TYPE_F64, 1, &s->n, s->angle_degrees,
                              "degrees", "middle of the sector in the scan's frame, from +x towards +y", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(job->file, "sectors", NULL, "width_degrees", 1, &width, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(job->file, "sectors", NULL, "taken_out", "centre, distortion", err);
    if (status == VTR_OK) status = vtr_mapfile_signal(job->file, "sectors", "intensity", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(job->file, "sectors", job->info->shape[0], job->info->shape[1],
                                             job->calibration->scan_step_nm, err);
    if (status == VTR_OK) status = vtr_mapfile_axes(job->file, "sectors", 4, axes, err);
    return status;
}
