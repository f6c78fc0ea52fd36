/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of kernel.h: radial profiles. */

typedef float v_f32 __attribute__((vector_size(VECTOR_BYTES), may_alias));

typedef float v_f32_bins __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* For each bin the samples base ... base + slots - 1 that it can reach in any lane; a vector of bins at a time. A
 * hundredth of a sample stands for rounding. */
static void profile_reach(vtr_profile_task *task, const vtr_profile_spread *s)
{
    const v_f32 zero = {0}, far = zero + 1e6f;
    for (size_t b = 0; b < task->n_bins; b += LANES_32) {
        v_f32 x = *(const v_f32_bins *)(task->points->x + b), y = *(const v_f32_bins *)(task->points->y + b);
        v_f32 radius = *(const v_f32_bins *)(task->points->radius + b);
        v_f32 n_pixels = *(const v_f32_bins *)(task->points->n_pixels + b);
        v_f32 u = s->axx * x + s->axy * y - s->tx, v = s->axy * x + s->ayy * y - s->ty;
        v_f32 squared = u * u + v * v, middle = VECTOR_SQRT(squared), spread = radius * s->matrix + s->shift;
        v_f32 place = VECTOR_MIN((middle - task->r_first) * task->inv_step, far);
        v_f32 reach = VECTOR_MIN(spread * task->inv_step + 0.01f, far);
        v_f32 base = VECTOR_FLOOR(place - reach), slots = 2 - VECTOR_FLOOR(-2 * reach);
        *(v_f32_bins *)(task->base + b) = base;
        *(v_f32_bins *)(task->slots + b) = (v_f32)((v_i32)slots & (n_pixels > 0));
        *(v_f32_bins *)(task->place + b) = place - base;
        *(v_f32_bins *)(task->scale + b) = middle * task->inv_step;
        *(v_f32_bins *)(task->inv_squared + b) = (v_f32)((v_i32)(1 / squared) & (spread < 0.018f * middle));
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
    return (VECTOR_SQRT(squared) - task->r_first) * task->inv_step - task->base[b];
}

/* The weight w of a bin at one sample, and the part c of the way from there to the next: sums += {w s, w n, c (1 - c) n},
 * the last being the product of the bin's two weights, in the earlier one's row. */
INLINE void add_weighted(v_f32 sums[3], v_f32 w, v_f32 part, v_f32 sum, float n_pixels)
{
    sums[0] += w * sum;
    sums[1] += w * n_pixels;
    sums[2] += (part - part * part) * n_pixels;
}

INLINE v_f32 *row_part(float *rows, ptrdiff_t row, size_t quantity, size_t part)
{
    return (v_f32 *)(rows + row * VTR_PROFILE_ROW + quantity * VTR_LANES + part * LANES_32);
}

INLINE v_f32 counts_above_dark(const vtr_profile_task *task, size_t b, size_t part)
{
    float dark = task->points->n_pixels[b] * task->offset;
    return *(const v_f32 *)(task->sums + b * VTR_LANES + part * LANES_32) - dark;
}

/* Bins first ... end - 1, which fall on the same few samples: their sums stay in registers. With c_k the part of the
 * way from sample k to the next, cut to 0 ... 1, the weight of sample k is c_(k-1) - c_k. */
INLINE void split_run(const vtr_profile_task *task, size_t first, size_t end, size_t slots)
{
    float *rows = task->rows + (VTR_PROFILE_MARGIN + (ptrdiff_t)task->base[first]) * VTR_PROFILE_ROW;
    const v_f32 zero = {0}, one = zero + 1;
    for (size_t part = 0; part < VTR_LANES / LANES_32; part++) {
        v_f32 sums[VTR_PROFILE_NARROW][3];
        _Pragma("GCC unroll 5") for (size_t k = 0; k < slots; k++)
        {
            for (size_t quantity = 0; quantity < 3; quantity++)
                sums[k][quantity] = *row_part(rows, (ptrdiff_t)k, quantity, part);
        }
        for (size_t b = first; b < end; b++) {
            v_f32 place = bin_place(task, b, part), sum = counts_above_dark(task, b, part), before = one;
            float n_pixels = task->points->n_pixels[b];
            _Pragma("GCC unroll 5") for (size_t k = 0; k < slots; k++)
            {
                v_f32 after = k + 1 < slots ? VECTOR_MAX(VECTOR_MIN(place - (float)k, one), zero) : zero;
                add_weighted(sums[k], before - after, after, sum, n_pixels);
                before = after;
            }
        }
        _Pragma("GCC unroll 5") for (size_t k = 0; k < slots; k++)
        {
            for (size_t quantity = 0; quantity < 3; quantity++)
                *row_part(rows, (ptrdiff_t)k, quantity, part) = sums[k][quantity];
        }
    }
}

/* A bin that the lanes spread over many samples. */
INLINE void split_wide(const vtr_profile_task *task, size_t b)
{
    float base = task->base[b], n = (float)task->n, n_slots = task->slots[b];
    float n_pixels = task->points->n_pixels[b];
    float *rows = task->rows + (VTR_PROFILE_MARGIN + (ptrdiff_t)base) * VTR_PROFILE_ROW;
    /* one sample before the first, whose bins the first shares */
    ptrdiff_t first = base < -1 ? -(ptrdiff_t)base - 1 : 0;
    ptrdiff_t end = (ptrdiff_t)(base + n_slots > n ? n - base : n_slots);
    for (size_t part = 0; part < VTR_LANES / LANES_32; part++) {
        v_f32 place = bin_place(task, b, part), sum = counts_above_dark(task, b, part), zero = {0};
        for (ptrdiff_t k = first; k < end; k++) {
            v_f32 away = place - (float)k, weight = VECTOR_MAX(1 - VECTOR_MAX(away, -away), zero), sums[3];
            v_f32 after = VECTOR_MAX(VECTOR_MIN(away, zero + 1), zero);
            for (size_t quantity = 0; quantity < 3; quantity++)
                sums[quantity] = *row_part(rows, k, quantity, part);
            add_weighted(sums, weight, after, sum, n_pixels);
            for (size_t quantity = 0; quantity < 3; quantity++)
                *row_part(rows, k, quantity, part) = sums[quantity];
        }
    }
}

static void profile(const vtr_profile_task *task)
{
    const float *base = task->base, *slots = task->slots, n = (float)task->n;
    for (size_t b = 0, end; b < task->n_bins; b = end) {
        end = b + 1;
        if (slots[b] == 0 || base[b] >= n || base[b] + slots[b] <= 0) continue;
        if (slots[b] > VTR_PROFILE_NARROW) {
            split_wide(task, b);
            continue;
        }
        while (end < task->n_bins && base[end] == base[b] && slots[end] == slots[b])
            end++;
        if (slots[b] == 3)
            split_run(task, b, end, 3);
        else if (slots[b] == 4)
            split_run(task, b, end, 4);
        else
            split_run(task, b, end, 5);
    }
}

/* Sums of counts to means; and of each row 1/pixels (0 where there are none), the variance of the mean, and that of a
 * pixel at the mean, or at one electron over all the row's pixels where that is more. */
static void profile_terms(const vtr_profile_task *task, float gain, float read_variance)
{
    memset(task->terms, 0, (task->n + 2) * VTR_PROFILE_ROW * sizeof *task->terms);
    for (size_t j = 0; j < task->n; j++) {
        float *row = task->rows + (j + VTR_PROFILE_MARGIN) * VTR_PROFILE_ROW;
        float *terms = task->terms + (j + 1) * VTR_PROFILE_ROW;
        const float *pixels = row + VTR_LANES, *shared = row + 2 * VTR_LANES,
                    *before = shared - VTR_PROFILE_ROW;
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            float n = pixels[lane], inverse = n > 0.01f ? 1 / n : 0, mean = row[lane] * inverse;
            float least = gain * inverse, expected = mean > least ? mean : least;
            float one = gain * expected + read_variance;
            row[lane] = mean;
            terms[lane] = inverse;
            terms[VTR_LANES + lane] = one * (n - shared[lane] - before[lane]) * inverse * inverse;
            terms[2 * VTR_LANES + lane] = one;
        }
    }
}

/* Rows of sums to means and variances. A row shares x = (sum of the bins' products of weights)/pixels with each neighbour.
 * Its bins' mean place is then x_right - x_left samples off, and their mean square distance (x_right + x_left)/2, up to
 * asymmetry: with the neighbours' differences the place is put right and the square brought to t = VTR_PROFILE_SQUARE,
 * whatever the shift. A straight line stands for a neighbour that is not there. */
static void profile_finish(float *mean, float *variance, float *weight, const vtr_profile_task *task,
                           float gain, float read_variance, const float nothing[VTR_LANES])
{
    enum { PIXELS = VTR_LANES, SHARED = 2 * VTR_LANES, OWN = VTR_LANES, ONE = 2 * VTR_LANES };
    const float square = 0.5f * VTR_PROFILE_SQUARE;
    profile_terms(task, gain, read_variance);
    for (size_t j = 0; j < task->n; j++) {
        const float *row = task->rows + (j + VTR_PROFILE_MARGIN) * VTR_PROFILE_ROW;
        const float *left = row - VTR_PROFILE_ROW, *right = row + VTR_PROFILE_ROW;
        const float *terms = task->terms + (j + 1) * VTR_PROFILE_ROW;
        const float *before = terms - VTR_PROFILE_ROW, *after = terms + VTR_PROFILE_ROW;
        float speckle = task->speckle != NULL ? task->speckle[j] : 0;
        float m[VTR_LANES], v[VTR_LANES], w[VTR_LANES];
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            float inverse = terms[lane], left_inverse = before[lane], right_inverse = after[lane];
            float left_share = left[SHARED + lane] * inverse, right_share = row[SHARED + lane] * inverse;
            float b = 0.75f * left_share - 0.25f * right_share - square;
            float a = 0.75f * right_share - 0.25f * left_share - square;
            float along = right_inverse > 0 ? a - b : 0, back = left_inverse > 0 ? b - a : 0;
            a = left_inverse > 0 && right_inverse > 0 ? a : along;
            b = left_inverse > 0 && right_inverse > 0 ? b : back;
            float h = 1 + a + b, value = h * row[lane] - a * right[lane] - b * left[lane];
            float own = h * h * terms[OWN + lane] + a * a * after[OWN + lane] + b * b * before[OWN + lane];
            float common = a * right_share * right_inverse * (terms[ONE + lane] + after[ONE + lane]) +
                           b * left_share * left_inverse * (terms[ONE + lane] + before[ONE + lane]);
            bool is_full = (inverse > 0) & (nothing[lane] == 0);
            m[lane] = is_full ? value : NAN;
            v[lane] = is_full ? own - h * common + value * value * speckle : NAN;
            w[lane] = nothing[lane] == 0 ? row[PIXELS + lane] : 0;
        }
        memcpy(mean + j * VTR_LANES, m, sizeof m);
        if (variance != NULL) memcpy(variance + j * VTR_LANES, v, sizeof v);
        if (weight != NULL) memcpy(weight + j * VTR_LANES, w, sizeof w);
    }
}
