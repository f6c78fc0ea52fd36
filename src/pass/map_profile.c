/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "pass/map_internal.h"

/* A fitted ellipse as shift and strain in the plan's circle coordinates: |(I + e)(u - d)| = |W (x - c)| with
 * u = W0 (x - c0), so d = W0 (c - c0) and (I + e)^2 = W0^-1 W^2 W0^-1. */
static void ellipse_in_plan(vtr_polar_lanes *lanes, size_t lane, const vtr_polar_plan *plan,
                            const vtr_ring_ellipse *e)
{
    double x = e->centre_x_px - plan->centre_x_px, y = e->centre_y_px - plan->centre_y_px;
    double det = plan->wxx * plan->wyy - plan->wxy * plan->wxy;
    double ixx = plan->wyy / det, iyy = plan->wxx / det, ixy = -plan->wxy / det;
    /* W W0^-1 = (a b; c d); the square sought is its transpose times itself */
    double a = e->wxx * ixx + e->wxy * ixy, b = e->wxx * ixy + e->wxy * iyy;
    double c = e->wxy * ixx + e->wyy * ixy, d = e->wxy * ixy + e->wyy * iyy;
    double sxx = a * a + c * c, syy = b * b + d * d, sxy = a * b + c * d;
    double root = sqrt(sxx * syy - sxy * sxy), scale = 1 / sqrt(sxx + syy + 2 * root);
    lanes->dx_px[lane] = (float)(plan->wxx * x + plan->wxy * y);
    lanes->dy_px[lane] = (float)(plan->wxy * x + plan->wyy * y);
    lanes->exx[lane] = (float)((sxx + root) * scale - 1);
    lanes->eyy[lane] = (float)((syy + root) * scale - 1);
    lanes->exy[lane] = (float)(sxy * scale);
}

static void fit_in_plan(vtr_polar_lanes *lanes, size_t lane, const vtr_fit_batch *fit)
{
    float m = fit->parameters[FIT_M][lane], p = fit->parameters[FIT_P][lane];
    lanes->dx_px[lane] = fit->parameters[FIT_DX][lane];
    lanes->dy_px[lane] = fit->parameters[FIT_DY][lane];
    lanes->exx[lane] = m + p;
    lanes->eyy[lane] = m - p;
    lanes->exy[lane] = fit->parameters[FIT_Q][lane];
}

/* Lanes without a fit keep the plan's centre, and those whose pixels are no counts have no profile. */
void map_profile_lanes(vtr_polar_lanes *lanes, const map_worker *w, const map_job *job)
{
    memset(lanes, 0, sizeof *lanes);
    for (size_t lane = 0; lane < w->n; lane++) {
        const vtr_ring_ellipse *ellipse = &w->ellipses[lane];
        if (ellipse->flags & VTR_FLAG_INVALID)
            lanes->dx_px[lane] = NAN;
        else if (ellipse->flags & VTR_FLAGS_NO_RING_DATA)
            continue;
        else if (job->params->fit == VTR_FIT_LIKELIHOOD)
            fit_in_plan(lanes, lane, &w->fit);
        else
            ellipse_in_plan(lanes, lane, w->variant->plan, ellipse);
    }
}

/* The shape of the ellipse without its size: what makes the ring of one position larger than another's is the glass
 * (its density, its structure), and stays in the profile. */
static void keep_size(vtr_polar_lanes *lanes, size_t n)
{
    for (size_t lane = 0; lane < n; lane++) {
        float a = 1 + lanes->exx[lane], d = 1 + lanes->eyy[lane], b = lanes->exy[lane];
        float scale = 1 / sqrtf(a * d - b * b);
        lanes->exx[lane] = a * scale - 1;
        lanes->eyy[lane] = d * scale - 1;
        lanes->exy[lane] = b * scale;
    }
}

/* Each lane's own centre and ellipticity are taken out. */
vtr_status map_step_profile(map_worker *w, map_job *job, vtr_error *err)
{
    if (job->n_profile == 0) return VTR_OK;
    vtr_polar_lanes lanes;
    map_profile_lanes(&lanes, w, job);
    keep_size(&lanes, w->n);
    vtr_status status = vtr_polar_profile(w->mean, w->variance, NULL, w->batch, &lanes, &job->profile, err);
    if (status != VTR_OK) return status;
    size_t in_run = w->first - w->run_first, n = job->n_profile;
    const float *columns[2] = {w->mean, w->variance};
    for (int k = 0; k < 2; k++)
        for (size_t lane = 0; lane < w->n; lane++) {
            float *row = w->rows[k] + (in_run + lane) * n;
            for (size_t j = 0; j < n; j++)
                row[j] = columns[k][j * VTR_LANES + lane];
        }
    return VTR_OK;
}

/* The rest of a scan row, whole rows, the beginning of one. */
vtr_status map_write_positions(map_job *job, const char *group, const char *name, const float *rows,
                               size_t first, size_t n, size_t n_inner, const size_t *inner, vtr_error *err)
{
    size_t n_x = job->info->shape[1], n_values = 1, start[4] = {0}, block[4];
    for (size_t d = 0; d < n_inner; d++)
        n_values *= block[2 + d] = inner[d];
    vtr_status status = VTR_OK;
    for (size_t done = 0; status == VTR_OK && done < n;) {
        size_t y = (first + done) / n_x, x = (first + done) % n_x, left = n - done;
        bool is_whole = x == 0 && left >= n_x;
        start[0] = y;
        start[1] = x;
        block[0] = is_whole ? left / n_x : 1;
        block[1] = is_whole ? n_x : n_x - x < left ? n_x - x : left;
        status = vtr_mapfile_write_block(job->file, group, name, VTR_TYPE_F32, 2 + n_inner, start, block,
                                         rows + done * n_values, err);
        done += block[0] * block[1];
    }
    return status;
}

vtr_status map_worker_flush(map_worker *w, map_job *job, size_t first, size_t n, vtr_error *err)
{
    static const char *const names[2] = {"intensity", "variance"};
    if (job->file == NULL) return VTR_OK;
    vtr_status status = map_sectors_flush(w, job, first, n, err);
    for (int k = 0; status == VTR_OK && job->n_profile > 0 && k < 2; k++)
        status = map_write_positions(job, "profile", names[k], w->rows[k], first, n, 1, &job->n_profile, err);
    return status;
}
