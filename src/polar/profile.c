/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

/* What each bin can reach (five arrays), the rows that the bins are split into with their terms, and the bins of one
 * sector. */
typedef struct vtr_profile_scratch {
    size_t n_bins, n_rows, n_gathered; /* capacities */
    float *bins, *rows, *gathered;
} vtr_profile_scratch;

/* Bins with their sums: all those of a plan, or some of them copied together. */
typedef struct bin_list {
    size_t n;
    const float *sums; /* [n][VTR_LANES] */
    vtr_profile_points points;
} bin_list;

void vtr_profile_scratch_free(vtr_profile_scratch *scratch)
{
    if (scratch == NULL) return;
    vtr_free(scratch->bins);
    vtr_free(scratch->rows);
    vtr_free(scratch->gathered);
    vtr_free(scratch);
}

vtr_profile_params vtr_profile_default_params(const vtr_polar_plan *plan)
{
    return (vtr_profile_params){
        .r_first_px = 0.5 * plan->r_step_px,
        .r_step_px = plan->r_step_px,
        .n = plan->n_r,
        .noise = {.gain = 1, .is_counting = true},
    };
}

static size_t bins_in_sector(const vtr_polar_plan *plan, const vtr_profile_params *params)
{
    return params->n_sectors == 0 ? 0 : plan->n_bins / params->n_sectors;
}

/* Bins are taken a vector at a time: room for the last one. */
static size_t whole_vectors(size_t n_bins)
{
    return (n_bins + VTR_LANES - 1) / VTR_LANES * VTR_LANES;
}

enum { GATHERED = VTR_LANES + 4 }; /* floats of a gathered bin */

static vtr_status prepare_scratch(vtr_polar_workspace *work, const vtr_polar_plan *plan,
                                  const vtr_profile_params *params, vtr_error *err)
{
    size_t n_rows = params->n + 2 * VTR_PROFILE_MARGIN, n_gathered = bins_in_sector(plan, params);
    vtr_profile_scratch *s = work->profile;
    if (s != NULL && s->n_bins >= plan->n_bins && s->n_rows >= n_rows && s->n_gathered >= n_gathered)
        return VTR_OK;
    vtr_profile_scratch_free(s);
    work->profile = s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for radial profiles");
    s->n_bins = plan->n_bins;
    s->n_rows = n_rows;
    s->n_gathered = n_gathered;
    s->bins = vtr_calloc(whole_vectors(plan->n_bins), 5 * sizeof *s->bins);
    s->rows = vtr_calloc(n_rows, 2 * VTR_PROFILE_ROW * sizeof *s->rows);
    s->gathered = vtr_calloc(n_gathered + VTR_LANES, GATHERED * sizeof *s->gathered);
    if (s->bins == NULL || s->rows == NULL || s->gathered == NULL) {
        vtr_profile_scratch_free(s);
        work->profile = NULL;
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for radial profiles of %zu samples", params->n);
    }
    return VTR_OK;
}

/* Lanes without finite geometry or without frame get the middle's, and NAN in `nothing`. */
static vtr_profile_spread fill_lanes(vtr_profile_lanes *out, float nothing[VTR_LANES],
                                     const vtr_polar_lanes *lanes, const uint32_t flags[VTR_LANES])
{
    static const vtr_polar_lanes unshifted;
    const vtr_polar_lanes *in = lanes != NULL ? lanes : &unshifted;
    vtr_profile_spread s = {.axx = 1, .ayy = 1};
    float *rows[5] = {out->axx, out->ayy, out->axy, out->tx, out->ty};
    float *middles[5] = {&s.axx, &s.ayy, &s.axy, &s.tx, &s.ty};
    float low[5], high[5];
    size_t n = 0;
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        float axx = 1 + in->exx[lane], ayy = 1 + in->eyy[lane], axy = in->exy[lane];
        float tx = axx * in->dx_px[lane] + axy * in->dy_px[lane],
              ty = axy * in->dx_px[lane] + ayy * in->dy_px[lane];
        float values[5] = {axx, ayy, axy, tx, ty};
        bool is_void = (flags[lane] & VTR_FLAG_MISSING) != 0 || !isfinite(axx + ayy + axy + tx + ty);
        nothing[lane] = is_void ? NAN : 0;
        if (is_void) continue;
        for (size_t i = 0; i < 5; i++) {
            rows[i][lane] = values[i];
            low[i] = n == 0 || values[i] < low[i] ? values[i] : low[i];
            high[i] = n == 0 || values[i] > high[i] ? values[i] : high[i];
        }
        n++;
    }
    for (size_t i = 0; i < 5 && n > 0; i++)
        *middles[i] = 0.5f * (low[i] + high[i]);
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        if (isnan(nothing[lane]))
            for (size_t i = 0; i < 5; i++)
                rows[i][lane] = *middles[i];
        float matrix =
            hypotf(hypotf(out->axx[lane] - s.axx, out->ayy[lane] - s.ayy), 1.5f * (out->axy[lane] - s.axy));
        float shift = hypotf(out->tx[lane] - s.tx, out->ty[lane] - s.ty);
        s.matrix = matrix > s.matrix ? matrix : s.matrix;
        s.shift = shift > s.shift ? shift : s.shift;
    }
    return s;
}

/* The bins of sector `sector`: an odd number of the plan's sectors about its middle, copied together. */
static bin_list gather_sector(vtr_profile_scratch *scratch, const vtr_polar_batch *batch,
                              const vtr_profile_params *params, size_t sector)
{
    const vtr_polar_plan *plan = batch->plan;
    const vtr_profile_points *from = &plan->program->points;
    size_t n = bins_in_sector(plan, params), width = plan->n_sectors / params->n_sectors;
    float *sums = scratch->gathered, *rest = sums + n * VTR_LANES;
    bin_list list = {.n = n, .sums = sums, .points = {rest, rest + n, rest + 2 * n, rest + 3 * n}};
    size_t first = sector * width + plan->n_sectors - width / 2, i = 0;
    for (size_t r = 0; r < plan->n_r; r++)
        for (size_t k = 0; k < width; k++, i++) {
            size_t b = r * plan->n_sectors + (first + k) % plan->n_sectors;
            memcpy(sums + i * VTR_LANES, batch->sums + b * VTR_LANES, VTR_LANES * sizeof *sums);
            list.points.x[i] = from->x[b];
            list.points.y[i] = from->y[b];
            list.points.radius[i] = from->radius[b];
            list.points.n_pixels[i] = from->n_pixels[b];
        }
    return list;
}

/* The bins split into the scratch's rows. */
static vtr_profile_task split_bins(vtr_profile_scratch *scratch, const bin_list *list,
                                   const vtr_profile_lanes *lanes, const vtr_profile_spread *spread,
                                   const vtr_profile_params *params, size_t sector)
{
    float *bins = scratch->bins;
    size_t stride = whole_vectors(list->n);
    vtr_profile_task task = {
        .sums = list->sums,
        .speckle = params->speckle != NULL ? params->speckle + sector * params->n : NULL,
        .lanes = lanes,
        .points = &list->points,
        .n_bins = list->n,
        .offset = (float)params->noise.offset,
        .r_first = (float)params->r_first_px,
        .inv_step = (float)(1 / params->r_step_px),
        .n = params->n,
        .base = bins,
        .slots = bins + stride,
        .place = bins + 2 * stride,
        .scale = bins + 3 * stride,
        .inv_squared = bins + 4 * stride,
        .rows = scratch->rows,
        .terms = scratch->rows + (params->n + 2 * VTR_PROFILE_MARGIN) * VTR_PROFILE_ROW,
    };
    memset(scratch->rows, 0, (params->n + 2 * VTR_PROFILE_MARGIN) * VTR_PROFILE_ROW * sizeof *scratch->rows);
    const vtr_polar_kernels *kernels = vtr_polar_kernels_best();
    kernels->profile_reach(&task, spread);
    kernels->profile(&task);
    return task;
}

static vtr_status check_params(const vtr_polar_plan *plan, const vtr_profile_params *params, vtr_error *err)
{
    if (!(params->r_step_px > 0) || !isfinite(params->r_first_px) || params->n == 0 || params->n > 1000000)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "radial profile: %zu samples from %g px in steps of %g px",
                        params->n, params->r_first_px, params->r_step_px);
    size_t n = params->n_sectors;
    if (n > 0 && (plan->n_sectors % n != 0 || plan->n_sectors / n % 2 == 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "radial profiles of %zu sectors from %zu in the plan, which must be an odd multiple",
                        n, plan->n_sectors);
    return VTR_OK;
}

vtr_status vtr_polar_profile(float *mean, float *variance, float *weight, vtr_polar_batch *batch,
                             const vtr_polar_lanes *lanes, const vtr_profile_params *params, vtr_error *err)
{
    if (batch->plan == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the batch holds no frames yet: bin some first");
    const vtr_polar_plan *plan = batch->plan;
    vtr_profile_params defaults = vtr_profile_default_params(plan);
    if (params == NULL) params = &defaults;
    vtr_status status = check_params(plan, params, err);
    if (status == VTR_OK) status = prepare_scratch(batch->workspace, plan, params, err);
    if (status != VTR_OK) return status;
    vtr_profile_scratch *scratch = batch->workspace->profile;
    vtr_profile_lanes geometry;
    float nothing[VTR_LANES], gain = (float)params->noise.gain;
    float read_variance = (float)(params->noise.read_noise * params->noise.read_noise);
    vtr_profile_spread spread = fill_lanes(&geometry, nothing, lanes, batch->flags);
    bin_list list = {plan->n_bins, batch->sums, plan->program->points};
    size_t n_profiles = params->n_sectors > 0 ? params->n_sectors : 1;
    for (size_t s = 0; s < n_profiles; s++) {
        size_t at = s * params->n * VTR_LANES;
        if (params->n_sectors > 0) list = gather_sector(scratch, batch, params, s);
        vtr_profile_task task = split_bins(scratch, &list, &geometry, &spread, params, s);
        vtr_polar_kernels_best()->profile_finish(mean + at, variance != NULL ? variance + at : NULL,
                                                 weight != NULL ? weight + at : NULL, &task, gain,
                                                 read_variance, nothing);
    }
    return VTR_OK;
}
