/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

/* What each bin can reach (five arrays), and the rows that the bins are split into. */
typedef struct vtr_profile_scratch {
    size_t n_bins, n_rows; /* capacities */
    float *bins, *rows;
} vtr_profile_scratch;

void vtr_profile_scratch_free(vtr_profile_scratch *scratch)
{
    if (scratch == NULL) return;
    vtr_free(scratch->bins);
    vtr_free(scratch->rows);
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

static vtr_status prepare_scratch(vtr_polar_workspace *work, const vtr_polar_plan *plan, size_t n,
                                  vtr_error *err)
{
    size_t n_rows = n + 2 * VTR_PROFILE_MARGIN;
    vtr_profile_scratch *s = work->profile;
    if (s == NULL || s->n_bins < plan->n_bins || s->n_rows < n_rows) {
        vtr_profile_scratch_free(s);
        work->profile = s = vtr_calloc(1, sizeof *s);
        if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for radial profiles");
        s->n_bins = plan->n_bins;
        s->n_rows = n_rows;
        s->bins = vtr_calloc(plan->n_bins, 5 * sizeof *s->bins);
        s->rows = vtr_calloc(n_rows, VTR_PROFILE_ROW * sizeof *s->rows);
        if (s->bins == NULL || s->rows == NULL) {
            vtr_profile_scratch_free(s);
            work->profile = NULL;
            return vtr_fail(err, VTR_ERR_MEMORY, "no memory for radial profiles of %zu samples", n);
        }
    }
    memset(s->rows, 0, n_rows * VTR_PROFILE_ROW * sizeof *s->rows);
    return VTR_OK;
}

/* Lanes without finite geometry or without frame get the middle's, and `is_void`. */
static vtr_profile_spread fill_lanes(vtr_profile_lanes *out, bool is_void[VTR_LANES],
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
        is_void[lane] = (flags[lane] & VTR_FLAG_MISSING) != 0 || !isfinite(axx + ayy + axy + tx + ty);
        if (is_void[lane]) continue;
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
        if (is_void[lane])
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

/* Rows of sums to means and variances. */
static void finish(float *mean, float *variance, float *weight, const float *rows,
                   const vtr_profile_params *params, const bool is_void[VTR_LANES])
{
    float gain = (float)params->noise.gain;
    float read_variance = (float)(params->noise.read_noise * params->noise.read_noise);
    for (size_t j = 0; j < params->n; j++) {
        const float *row = rows + (j + VTR_PROFILE_MARGIN) * VTR_PROFILE_ROW;
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            float n = row[VTR_LANES + lane], squares = row[2 * VTR_LANES + lane],
                  speckle = row[3 * VTR_LANES + lane];
            bool is_empty = is_void[lane] || !(n > 0.01f);
            float m = row[lane] / n, least = gain / n, expected = m > least ? m : least;
            float v = ((gain * expected + read_variance) * squares + expected * expected * speckle) / (n * n);
            mean[j * VTR_LANES + lane] = is_empty ? NAN : m;
            if (variance != NULL) variance[j * VTR_LANES + lane] = is_empty ? NAN : v;
            if (weight != NULL) weight[j * VTR_LANES + lane] = is_void[lane] ? 0 : n;
        }
    }
}

vtr_status vtr_polar_profile(float *mean, float *variance, float *weight, vtr_polar_batch *batch,
                             const vtr_polar_lanes *lanes, const vtr_profile_params *params, vtr_error *err)
{
    if (batch->plan == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the batch holds no frames yet: bin some first");
    const vtr_polar_plan *plan = batch->plan;
    vtr_profile_params defaults = vtr_profile_default_params(plan);
    if (params == NULL) params = &defaults;
    if (!(params->r_step_px > 0) || !isfinite(params->r_first_px) || params->n == 0 || params->n > 1000000)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "radial profile: %zu samples from %g px in steps of %g px",
                        params->n, params->r_first_px, params->r_step_px);
    vtr_status status = prepare_scratch(batch->workspace, plan, params->n, err);
    if (status != VTR_OK) return status;
    vtr_profile_scratch *scratch = batch->workspace->profile;
    vtr_profile_lanes geometry;
    bool is_void[VTR_LANES];
    vtr_profile_spread spread = fill_lanes(&geometry, is_void, lanes, batch->flags);
    float *bins = scratch->bins;
    size_t n_bins = plan->n_bins;
    vtr_profile_task task = {
        .sums = batch->sums,
        .speckle = params->speckle,
        .lanes = &geometry,
        .points = &plan->program->points,
        .n_bins = n_bins,
        .offset = (float)params->noise.offset,
        .r_first = (float)params->r_first_px,
        .inv_step = (float)(1 / params->r_step_px),
        .n = params->n,
        .base = bins,
        .slots = bins + n_bins,
        .place = bins + 2 * n_bins,
        .scale = bins + 3 * n_bins,
        .inv_squared = bins + 4 * n_bins,
        .rows = scratch->rows,
    };
    const vtr_polar_kernels *kernels = vtr_polar_kernels_best();
    kernels->profile_reach(&task, &spread);
    kernels->profile(&task);
    finish(mean, variance, weight, scratch->rows, params, is_void);
    return VTR_OK;
}
