/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

/* What each bin can reach, and the rows that the bins are split into. */
typedef struct vtr_profile_scratch {
    size_t n_bins, n_rows; /* capacities */
    int *base, *slots;
    bool *is_near;
    float *rows;
} vtr_profile_scratch;

void vtr_profile_scratch_free(vtr_profile_scratch *scratch)
{
    if (scratch == NULL) return;
    vtr_free(scratch->base);
    vtr_free(scratch->slots);
    vtr_free(scratch->is_near);
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
        s->base = vtr_calloc(plan->n_bins, sizeof *s->base);
        s->slots = vtr_calloc(plan->n_bins, sizeof *s->slots);
        s->is_near = vtr_calloc(plan->n_bins, sizeof *s->is_near);
        s->rows = vtr_calloc(n_rows, VTR_PROFILE_ROW * sizeof *s->rows);
        if (s->base == NULL || s->slots == NULL || s->is_near == NULL || s->rows == NULL) {
            vtr_profile_scratch_free(s);
            work->profile = NULL;
            return vtr_fail(err, VTR_ERR_MEMORY, "no memory for radial profiles of %zu samples", n);
        }
    }
    memset(s->rows, 0, n_rows * VTR_PROFILE_ROW * sizeof *s->rows);
    return VTR_OK;
}

/* The middle of the lanes' geometries and how far the lanes lie around it. */
typedef struct lane_spread {
    float axx, ayy, axy, tx, ty;   /* middle */
    float matrix, shift;           /* rho differs from the middle's by at most radius * matrix + shift */
    float strain_size, shift_size; /* |A - 1| and |t| at most */
} lane_spread;

/* Lanes without finite geometry or without frame get the middle's, and `is_void`. */
static lane_spread fill_lanes(vtr_profile_lanes *out, bool is_void[VTR_LANES], const vtr_polar_lanes *lanes,
                              const uint32_t flags[VTR_LANES])
{
    static const vtr_polar_lanes unshifted;
    const vtr_polar_lanes *in = lanes != NULL ? lanes : &unshifted;
    lane_spread s = {.axx = 1, .ayy = 1};
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
        float strain_size = hypotf(hypotf(out->axx[lane] - 1, out->ayy[lane] - 1), 1.5f * out->axy[lane]);
        float shift_size = hypotf(out->tx[lane], out->ty[lane]);
        s.matrix = matrix > s.matrix ? matrix : s.matrix;
        s.shift = shift > s.shift ? shift : s.shift;
        s.strain_size = strain_size > s.strain_size ? strain_size : s.strain_size;
        s.shift_size = shift_size > s.shift_size ? shift_size : s.shift_size;
    }
    return s;
}

/* For each bin the samples that it can reach in any lane. A hundredth of a sample stands for rounding. */
static void find_samples(vtr_profile_scratch *scratch, const lane_spread *s, const vtr_profile_bin *bins,
                         size_t n_bins, float r_first, float inv_step)
{
    for (size_t b = 0; b < n_bins; b++) {
        const vtr_profile_bin *bin = &bins[b];
        float u = s->axx * bin->x + s->axy * bin->y - s->tx, v = s->axy * bin->x + s->ayy * bin->y - s->ty;
        float middle = (sqrtf(u * u + v * v) - r_first) * inv_step;
        float reach = (bin->radius * s->matrix + s->shift) * inv_step + 0.01f;
        middle = middle > 1e8f ? 1e8f : middle;
        reach = reach > 1e8f ? 1e8f : reach;
        scratch->base[b] = (int)floorf(middle - reach);
        int slots = (int)ceilf(2 * reach) + 2;
        scratch->slots[b] = bin->n_pixels > 0 ? slots : 0;
        scratch->is_near[b] = s->strain_size * bin->radius + s->shift_size < 0.018f * bin->radius;
    }
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
    lane_spread spread = fill_lanes(&geometry, is_void, lanes, batch->flags);
    float r_first = (float)params->r_first_px, inv_step = (float)(1 / params->r_step_px);
    find_samples(scratch, &spread, plan->program->points, plan->n_bins, r_first, inv_step);
    vtr_profile_task task = {
        .sums = batch->sums,
        .speckle = params->speckle,
        .lanes = &geometry,
        .bins = plan->program->points,
        .n_bins = plan->n_bins,
        .base = scratch->base,
        .slots = scratch->slots,
        .is_near = scratch->is_near,
        .offset = (float)params->noise.offset,
        .r_first = r_first,
        .inv_step = inv_step,
        .n = params->n,
        .rows = scratch->rows,
    };
    vtr_polar_kernels_best()->profile(&task);
    finish(mean, variance, weight, scratch->rows, params, is_void);
    return VTR_OK;
}
