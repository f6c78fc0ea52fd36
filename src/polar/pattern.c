/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

static bool is_signed_type(vtr_type type)
{
    return type == VTR_TYPE_I8 || type == VTR_TYPE_I16;
}

static size_t tiles_across(const vtr_pattern *p)
{
    return (p->det_x + VTR_TILE_X - 1) / VTR_TILE_X;
}

size_t vtr_pattern_block_of(const vtr_pattern *p, size_t first)
{
    size_t y = first / p->det_x, tile = y / VTR_TILE_Y * tiles_across(p) + first % p->det_x / VTR_TILE_X;
    return tile * VTR_TILE_Y + y % VTR_TILE_Y;
}

size_t vtr_pattern_block_width(const vtr_pattern *p, size_t first)
{
    size_t left = p->det_x - first % p->det_x;
    return left < VTR_PATTERN_BLOCK ? left : VTR_PATTERN_BLOCK;
}

void vtr_pattern_empty(const vtr_pattern *p, size_t block, size_t first)
{
    vtr_pattern_block *from = &p->blocks[block];
    size_t width = vtr_pattern_block_width(p, first);
    for (size_t i = 0; i < width; i++) {
        p->sum[first + i] += from->sum[i];
        p->sum_of_squares[first + i] += from->squares[i];
        if (from->maximum[i] > p->maximum[first + i]) p->maximum[first + i] = from->maximum[i];
    }
    memset(from, 0, sizeof *from);
    p->weight[block] = 0;
}

/* Moves what the blocks hold to the pixels; the sums that the pattern stands for stay what they are. */
static void empty_all(const vtr_pattern *p)
{
    for (size_t first = 0; p->n_blocks > 0 && first < p->n_pixels; first += vtr_pattern_block_width(p, first))
        vtr_pattern_empty(p, vtr_pattern_block_of(p, first), first);
}

vtr_status vtr_pattern_create(vtr_pattern **out, vtr_type type, size_t det_y, size_t det_x, vtr_error *err)
{
    vtr_pattern *p = vtr_calloc(1, sizeof *p);
    if (p == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a mean pattern");
    p->type = type;
    p->det_y = det_y;
    p->det_x = det_x;
    p->n_pixels = det_y * det_x;
    p->is_integer = type == VTR_TYPE_U8 || type == VTR_TYPE_U16 || is_signed_type(type);
    bool is_complete;
    if (p->is_integer) {
        p->sum = vtr_malloc(p->n_pixels, sizeof *p->sum);
        p->sum_of_squares = vtr_malloc(p->n_pixels, sizeof *p->sum_of_squares);
        p->maximum = vtr_malloc(p->n_pixels, sizeof *p->maximum);
        if (!is_signed_type(type))
            p->n_blocks = tiles_across(p) * ((det_y + VTR_TILE_Y - 1) / VTR_TILE_Y) * VTR_TILE_Y;
        p->blocks = vtr_malloc(p->n_blocks, sizeof *p->blocks);
        p->weight = vtr_malloc(p->n_blocks, sizeof *p->weight);
        is_complete = p->sum != NULL && p->sum_of_squares != NULL && p->maximum != NULL &&
                      p->blocks != NULL && p->weight != NULL;
    } else {
        p->real_sum = vtr_malloc(p->n_pixels, sizeof *p->real_sum);
        p->real_sum_of_squares = vtr_malloc(p->n_pixels, sizeof *p->real_sum_of_squares);
        p->real_maximum = vtr_malloc(p->n_pixels, sizeof *p->real_maximum);
        is_complete = p->real_sum != NULL && p->real_sum_of_squares != NULL && p->real_maximum != NULL;
    }
    if (!is_complete) {
        vtr_pattern_free(&p);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a mean pattern of %zu x %zu px", det_y, det_x);
    }
    vtr_pattern_reset(p);
    *out = p;
    return VTR_OK;
}

void vtr_pattern_free(vtr_pattern **pattern)
{
    if (*pattern == NULL) return;
    vtr_free((*pattern)->sum);
    vtr_free((*pattern)->sum_of_squares);
    vtr_free((*pattern)->maximum);
    vtr_free((*pattern)->blocks);
    vtr_free((*pattern)->weight);
    vtr_free((*pattern)->real_sum);
    vtr_free((*pattern)->real_sum_of_squares);
    vtr_free((*pattern)->real_maximum);
    vtr_free(*pattern);
    *pattern = NULL;
}

void vtr_pattern_reset(vtr_pattern *p)
{
    p->n_frames = 0;
    if (p->is_integer) {
        memset(p->sum, 0, p->n_pixels * sizeof *p->sum);
        memset(p->sum_of_squares, 0, p->n_pixels * sizeof *p->sum_of_squares);
        memset(p->blocks, 0, p->n_blocks * sizeof *p->blocks);
        memset(p->weight, 0, p->n_blocks * sizeof *p->weight);
        for (size_t i = 0; i < p->n_pixels; i++)
            p->maximum[i] = is_signed_type(p->type) ? (uint16_t)INT16_MIN : 0;
        return;
    }
    memset(p->real_sum, 0, p->n_pixels * sizeof *p->real_sum);
    memset(p->real_sum_of_squares, 0, p->n_pixels * sizeof *p->real_sum_of_squares);
    for (size_t i = 0; i < p->n_pixels; i++)
        p->real_maximum[i] = -INFINITY;
}

void vtr_pattern_add(vtr_pattern *pattern, const void *const frames[VTR_LANES])
{
    const void *present[VTR_LANES];
    size_t n = 0;
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        if (frames[lane] != NULL) present[n++] = frames[lane];
    if (n > 0) vtr_polar_kernels_best()->pattern_add[pattern->type](pattern, present, n);
    pattern->n_frames += n;
}

void vtr_pattern_merge(vtr_pattern *pattern, const vtr_pattern *other)
{
    empty_all(other);
    pattern->n_frames += other->n_frames;
    for (size_t i = 0; i < pattern->n_pixels; i++) {
        if (!pattern->is_integer) {
            pattern->real_sum[i] += other->real_sum[i];
            pattern->real_sum_of_squares[i] += other->real_sum_of_squares[i];
            pattern->real_maximum[i] = fmax(pattern->real_maximum[i], other->real_maximum[i]);
            continue;
        }
        pattern->sum[i] += other->sum[i];
        pattern->sum_of_squares[i] += other->sum_of_squares[i];
        bool is_larger = is_signed_type(pattern->type)
                             ? (int16_t)other->maximum[i] > (int16_t)pattern->maximum[i]
                             : other->maximum[i] > pattern->maximum[i];
        if (is_larger) pattern->maximum[i] = other->maximum[i];
    }
}

void vtr_pattern_slices(vtr_pattern *p, vtr_slice slices[VTR_PATTERN_SLICES])
{
    size_t n = p->n_pixels;
    empty_all(p);
    slices[0] = (vtr_slice){&p->n_frames, sizeof p->n_frames};
    if (p->is_integer) {
        slices[1] = (vtr_slice){p->sum, n * sizeof *p->sum};
        slices[2] = (vtr_slice){p->sum_of_squares, n * sizeof *p->sum_of_squares};
        slices[3] = (vtr_slice){p->maximum, n * sizeof *p->maximum};
    } else {
        slices[1] = (vtr_slice){p->real_sum, n * sizeof *p->real_sum};
        slices[2] = (vtr_slice){p->real_sum_of_squares, n * sizeof *p->real_sum_of_squares};
        slices[3] = (vtr_slice){p->real_maximum, n * sizeof *p->real_maximum};
    }
}

size_t vtr_pattern_count(const vtr_pattern *pattern)
{
    return pattern->n_frames;
}

static double variance_of(const vtr_pattern *p, size_t i, double n)
{
    if (n < 2) return NAN;
    double variance;
    if (p->is_integer) {
        /* sum of (x - m)^2 about the whole number m next to the mean: exact but for the last rounding. */
        int64_t count = (int64_t)p->n_frames, sum = p->sum[i], m = sum / count, rest = sum - m * count;
        int64_t about = (int64_t)p->sum_of_squares[i] - m * (sum + rest);
        variance = ((double)about - (double)rest * (double)rest / n) / (n - 1);
    } else {
        variance = (p->real_sum_of_squares[i] - p->real_sum[i] * p->real_sum[i] / n) / (n - 1);
    }
    return variance < 0 ? 0 : variance;
}

void vtr_pattern_finish(const vtr_pattern *p, double *mean, double *variance, double *maximum)
{
    double n = (double)p->n_frames;
    empty_all(p);
    for (size_t i = 0; i < p->n_pixels; i++) {
        double sum = p->is_integer ? (double)p->sum[i] : p->real_sum[i];
        double high = NAN;
        if (p->n_frames > 0 && !p->is_integer) high = isnan(sum) ? NAN : p->real_maximum[i];
        if (p->n_frames > 0 && p->is_integer)
            high = is_signed_type(p->type) ? (double)(int16_t)p->maximum[i] : (double)p->maximum[i];
        if (mean != NULL) mean[i] = p->n_frames > 0 ? sum / n : NAN;
        if (variance != NULL) variance[i] = variance_of(p, i, n);
        if (maximum != NULL) maximum[i] = high;
    }
}
