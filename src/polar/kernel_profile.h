/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of kernel.h: radial profiles. */

typedef float v_f32 __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* For each bin the samples base ... base + slots - 1 that it can reach in any lane. A hundredth of a sample stands
 * for rounding. */
static void profile_reach(vtr_profile_task *task, const vtr_profile_spread *s)
{
    const vtr_profile_points *points = task->points;
    for (size_t b = 0; b < task->n_bins; b++) {
        float x = points->x[b], y = points->y[b];
        float u = s->axx * x + s->axy * y - s->tx, v = s->axy * x + s->ayy * y - s->ty;
        float squared = u * u + v * v, middle = sqrtf(squared);
        float spread = points->radius[b] * s->matrix + s->shift;
        float place = (middle - task->r_first) * task->inv_step, reach = spread * task->inv_step + 0.01f;
        place = place > 1e6f ? 1e6f : place;
        reach = reach > 1e6f ? 1e6f : reach;
        float base = floorf(place - reach);
        task->base[b] = base;
        task->slots[b] = points->n_pixels[b] > 0 ? ceilf(2 * reach) + 2 : 0;
        task->place[b] = place - base;
        task->scale[b] = middle * task->inv_step;
        task->inv_squared[b] = spread < 0.018f * middle ? 1 / squared : 0;
    }
}

/* Where a bin falls in each lane, in samples after its base. rho is sqrt(rho_m^2 (1 + q)), rho_m that of the middle of
 * the lanes; the series to the third order in q is right to 1e-7 for |q| < 0.04. Where the lanes differ by more the
 * root itself is taken. */
INLINE v_f32 bin_place(const vtr_profile_task *task, size_t b, size_t part)
{
    const vtr_profile_lanes *a = task->lanes;
    v_f32 axx = *(const v_f32 *)(a->axx + part * LANES_32), ayy = *(const v_f32 *)(a->ayy + part * LANES_32);
    v_f32 axy = *(const v_f32 *)(a->axy + part * LANES_32), tx = *(const v_f32 *)(a->tx + part * LANES_32);
    v_f32 ty = *(const v_f32 *)(a->ty + part * LANES_32);
    float x = task->points->x[b], y = task->points->y[b];
    v_f32 u = axx * x + axy * y - tx, v = axy * x + ayy * y - ty, squared = u * u + v * v;
    if (task->inv_squared[b] > 0) {
        v_f32 q = squared * task->inv_squared[b] - 1;
        return task->scale[b] * (q * (0.5f - q * (0.125f - q * 0.0625f))) + task->place[b];
    }
    for (size_t lane = 0; lane < LANES_32; lane++)
        squared[lane] = sqrtf(squared[lane]);
    return (squared - task->r_first) * task->inv_step - task->base[b];
}

/* The weight w of a bin at one sample: row += {w s, w n, w^2 n, w^2 n^2 speckle}. */
INLINE void add_to_row(float *row, v_f32 w, v_f32 sum, float n_pixels, float speckle, bool has_speckle)
{
    v_f32 wn = w * n_pixels, wwn = w * wn;
    *(v_f32 *)row += w * sum;
    *(v_f32 *)(row + VTR_LANES) += wn;
    *(v_f32 *)(row + 2 * VTR_LANES) += wwn;
    if (has_speckle) *(v_f32 *)(row + 3 * VTR_LANES) += wwn * speckle;
}

INLINE void profile_with(const vtr_profile_task *task, bool has_speckle)
{
    float n = (float)task->n;
    v_f32 zero = {0};
    for (size_t b = 0; b < task->n_bins; b++) {
        float base = task->base[b], slots = task->slots[b], n_pixels = task->points->n_pixels[b];
        if (slots == 0 || base >= n || base + slots <= 0) continue;
        float dark = n_pixels * task->offset, speckle = has_speckle ? n_pixels * task->speckle[b] : 0;
        float *rows = task->rows + (VTR_PROFILE_MARGIN + (ptrdiff_t)base) * VTR_PROFILE_ROW;
        _Pragma("GCC unroll 4") for (size_t part = 0; part < VTR_LANES / LANES_32; part++)
        {
            v_f32 place = bin_place(task, b, part);
            v_f32 sum = *(const v_f32 *)(task->sums + b * VTR_LANES + part * LANES_32) - dark;
            float *row = rows + part * LANES_32;
            if (slots == 3) {
                v_f32 before = VECTOR_MAX(1 - place, zero), after = VECTOR_MAX(place - 1, zero);
                add_to_row(row, before, sum, n_pixels, speckle, has_speckle);
                add_to_row(row + VTR_PROFILE_ROW, 1 - before - after, sum, n_pixels, speckle, has_speckle);
                add_to_row(row + 2 * VTR_PROFILE_ROW, after, sum, n_pixels, speckle, has_speckle);
                continue;
            }
            ptrdiff_t first = base < 0 ? -(ptrdiff_t)base : 0;
            ptrdiff_t end = (ptrdiff_t)(base + slots > n ? n - base : slots);
            for (ptrdiff_t k = first; k < end; k++) {
                v_f32 away = place - (float)k, weight = 1 - VECTOR_MAX(away, -away);
                add_to_row(row + k * VTR_PROFILE_ROW, VECTOR_MAX(weight, zero), sum, n_pixels, speckle,
                           has_speckle);
            }
        }
    }
}

static void profile(const vtr_profile_task *task)
{
    if (task->speckle != NULL)
        profile_with(task, true);
    else
        profile_with(task, false);
}
