/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

const vtr_polar_kernels *vtr_polar_kernels_best(void)
{
#ifdef VITRAIL_X86_KERNELS
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return &vtr_polar_kernels_avx512;
    case VTR_CPU_AVX2:
        return &vtr_polar_kernels_avx2;
    default:
        break;
    }
#endif
    return &vtr_polar_kernels_portable;
}

static bool is_small_integer(vtr_type type)
{
    return type == VTR_TYPE_U8 || type == VTR_TYPE_U16 || type == VTR_TYPE_I8 || type == VTR_TYPE_I16;
}

static bool is_signed_integer(vtr_type type)
{
    return type == VTR_TYPE_I8 || type == VTR_TYPE_I16;
}

static bool is_unsigned(vtr_type type)
{
    return type == VTR_TYPE_U8 || type == VTR_TYPE_U16 || type == VTR_TYPE_U32;
}

vtr_status vtr_polar_batch_create(vtr_polar_batch **out, vtr_error *err)
{
    vtr_polar_batch *batch = vtr_calloc(1, sizeof *batch);
    vtr_polar_workspace *work = vtr_calloc(1, sizeof *work);
    if (batch == NULL || work == NULL) {
        vtr_free(batch);
        vtr_free(work);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a batch of frames");
    }
    batch->workspace = work;
    *out = batch;
    return VTR_OK;
}

void vtr_polar_batch_free(vtr_polar_batch **batch)
{
    if (*batch == NULL) return;
    vtr_polar_workspace *work = (*batch)->workspace;
    vtr_free((*batch)->sums);
    vtr_free((*batch)->annuli);
    vtr_free(work->cells);
    vtr_free(work->buffer);
    vtr_free(work->zero_frame);
    vtr_free(work->intervals);
    vtr_profile_scratch_free(work->profile);
    vtr_free(work);
    vtr_free(*batch);
    *batch = NULL;
}

/* A zeroed buffer of n items in place of *memory where `capacity` (of items) is short; false without memory.
 */
static bool reserve(void **memory, size_t *capacity, size_t n, size_t size)
{
    if (*memory != NULL && *capacity >= n) return true;
    void *larger = vtr_calloc(n, size);
    if (larger == NULL) return false;
    vtr_free(*memory);
    *memory = larger;
    *capacity = n;
    return true;
}

static bool reserve_all(vtr_polar_batch *batch, const vtr_polar_plan *plan, vtr_type type)
{
    vtr_polar_workspace *work = batch->workspace;
    const vtr_polar_program *program = plan->program;
    size_t one = 1, row = VTR_LANES * sizeof(double);
    void *sums = batch->sums, *annuli = batch->annuli, *intervals = work->intervals;
    size_t cell_row = VTR_LANES * (is_small_integer(type) ? sizeof(uint32_t) : sizeof(double));
    bool done =
        reserve(&work->cells, &work->cell_bytes, program->n_cells * cell_row, 1) &&
        reserve(&work->buffer, &one, 1, VTR_TILE_PIXELS * row) &&
        reserve(&work->zero_frame, &work->frame_bytes, plan->det_y * plan->det_x * vtr_type_size(type), 1) &&
        reserve(&sums, &work->n_bins, plan->n_bins + 1, VTR_LANES * sizeof(float)) &&
        reserve(&annuli, &work->n_annuli, plan->n_annuli, row) &&
        reserve(&intervals, &work->n_intervals, program->n_intervals, row);
    batch->sums = sums;
    batch->annuli = annuli;
    work->intervals = intervals;
    return done;
}

/* Annuli and totals from the intervals between annulus edges. */
static void sum_intervals(vtr_polar_batch *batch, const vtr_polar_plan *plan)
{
    const double *intervals = batch->workspace->intervals;
    for (size_t a = 0; a < plan->n_annuli; a++) {
        const size_t *range = plan->program->annulus_intervals[a];
        double sum[VTR_LANES] = {0};
        for (size_t i = range[0]; i < range[1]; i++)
            for (size_t lane = 0; lane < VTR_LANES; lane++)
                sum[lane] += intervals[i * VTR_LANES + lane];
        memcpy(batch->annuli + a * VTR_LANES, sum, sizeof sum);
    }
    memset(batch->total, 0, sizeof batch->total);
    for (size_t i = 0; i < plan->program->n_intervals; i++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            batch->total[lane] += intervals[i * VTR_LANES + lane];
}

/* Any NaN or infinite pixel makes the total NaN or infinite, so that nothing has to look for it pixel by
 * pixel. */
static void set_flags(vtr_polar_batch *batch, const vtr_polar_plan *plan, const void *const frames[VTR_LANES])
{
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        bool is_filled = frames[lane] != NULL && plan->n_used > 0;
        double low = is_filled && !is_unsigned(batch->type) ? batch->workspace->extremes[0][lane] : 0;
        double high = is_filled ? batch->workspace->extremes[1][lane] : 0;
        batch->minimum[lane] = low;
        batch->maximum[lane] = high;
        batch->has_nonfinite[lane] = !isfinite(batch->total[lane]);
        batch->has_negative[lane] = low < 0;
        uint32_t flags = 0;
        if (frames[lane] == NULL) flags |= VTR_FLAG_MISSING;
        if (batch->has_nonfinite[lane] || batch->has_negative[lane]) flags |= VTR_FLAG_INVALID;
        if (frames[lane] != NULL && low == 0 && high == 0 && batch->total[lane] == 0) flags |= VTR_FLAG_EMPTY;
        batch->flags[lane] = flags;
    }
}

vtr_status vtr_polar_bin(vtr_polar_batch *batch, const vtr_polar_plan *plan, vtr_type type,
                         const void *const frames[VTR_LANES], vtr_pattern *pattern, vtr_error *err)
{
    if (pattern != NULL && pattern->type != type)
        return vtr_fail(err, VTR_ERR_TYPE, "the frames are %s, the mean pattern was made for %s",
                        vtr_type_name(type), vtr_type_name(pattern->type));
    if (pattern != NULL && (pattern->det_y != plan->det_y || pattern->det_x != plan->det_x))
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "the frames are %zu x %zu, the mean pattern was made for %zu x %zu", plan->det_y,
                        plan->det_x, pattern->det_y, pattern->det_x);
    if (!reserve_all(batch, plan, type))
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for %zu polar bins of %d frames", plan->n_bins,
                        VTR_LANES);
    const vtr_polar_kernels *kernels = vtr_polar_kernels_best();
    vtr_polar_workspace *work = batch->workspace;
    const void *lanes[VTR_LANES], *present[VTR_LANES];
    vtr_polar_strips strips = {.pattern = pattern, .frames = present};
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        lanes[lane] = frames[lane] != NULL ? frames[lane] : work->zero_frame;
        if (frames[lane] != NULL) present[strips.n_frames++] = frames[lane];
    }
    kernels->bin[type](plan->program, plan->det_x, lanes, work, pattern != NULL ? &strips : NULL);
    if (pattern != NULL) pattern->n_frames += strips.n_frames;
    if (!is_small_integer(type))
        kernels->merge_real(plan, work, batch->sums);
    else if (is_signed_integer(type))
        kernels->merge_signed(plan, work, batch->sums);
    else
        kernels->merge_unsigned(plan, work, batch->sums);
    batch->plan = plan;
    batch->type = type;
    sum_intervals(batch, plan);
    set_flags(batch, plan, frames);
    return VTR_OK;
}

/* The value of one lane of one cell. */
static double cell_value(const vtr_polar_batch *batch, size_t i)
{
    const void *cells = batch->workspace->cells;
    if (!is_small_integer(batch->type)) return ((const double *)cells)[i];
    return is_signed_integer(batch->type) ? (double)((const int32_t *)cells)[i]
                                          : (double)((const uint32_t *)cells)[i];
}

void vtr_polar_batch_exact(const vtr_polar_batch *batch, double *sums)
{
    const size_t *first = batch->plan->program->bin_first_cell;
    for (size_t b = 0; b <= batch->plan->n_bins; b++) {
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            double sum = 0;
            for (size_t c = first[b]; c < first[b + 1]; c++)
                sum += cell_value(batch, c * VTR_LANES + lane);
            sums[b * VTR_LANES + lane] = sum;
        }
    }
}
