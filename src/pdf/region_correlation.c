/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <omp.h>
#include <string.h>

#include "pdf/region_internal.h"
#include "vitrail/constants.h"

/* --- residuals ---------------------------------------------------------------------------------------------- */

/* The region that a position's residual is taken from: the first that holds it. */
static size_t region_of(const region_job *job, size_t p)
{
    size_t g = 0;
    while (!job->regions[g].member[p])
        g++;
    return g;
}

/* Elements less the means [n_regions][n_k] of their regions. */
static void take_means(region_job *job, const double *mean)
{
    for (size_t p = 0; p < job->n; p++) {
        if (!job->is_used[p]) continue;
        const double *of_region = mean + region_of(job, p) * job->n_k;
        float *e = job->element + p * job->n_k;
        for (size_t k = 0; k < job->n_k; k++)
            e[k] = (float)((double)e[k] - of_region[k]);
    }
}

/* Deviations over all positions, and of each region relative to these; `square` is room for [n_regions][n_k]. */
static void find_deviations(region_job *job, double *square)
{
    size_t n_k = job->n_k;
    double total = 0, room[VTR_TEXT_LIST_MAX] = {0};
    memset(square, 0, job->n_regions * n_k * sizeof *square);
    for (size_t p = 0; p < job->n; p++) {
        if (!job->is_used[p]) continue;
        size_t g = region_of(job, p);
        const float *e = job->element + p * n_k;
        room[g]++;
        for (size_t k = 0; k < n_k; k++)
            square[g * n_k + k] += (double)e[k] * (double)e[k];
    }
    for (size_t g = 0; g < job->n_regions; g++)
        total += fmax(room[g] - 1, 0);
    for (size_t k = 0; k < n_k; k++) {
        double sum = 0;
        for (size_t g = 0; g < job->n_regions; g++)
            sum += square[g * n_k + k];
        job->deviation[k] = sqrt(sum / total);
    }
    for (size_t g = 0; g < job->n_regions; g++) {
        double sum = 0;
        for (size_t k = 0; k < n_k; k++)
            sum += square[g * n_k + k] / (job->deviation[k] * job->deviation[k]);
        /* a region of which nothing is its own alone is like all */
        job->ratio[g] = room[g] > 3 ? sqrt(sum / ((double)n_k * (room[g] - 1))) : 1;
    }
}

static void divide_deviations(region_job *job)
{
    for (size_t p = 0; p < job->n; p++) {
        if (!job->is_used[p]) continue;
        double ratio = job->ratio[region_of(job, p)];
        for (size_t k = 0; k < job->n_k; k++) {
            float *e = &job->element[p * job->n_k + k];
            *e = (float)((double)*e / (job->deviation[k] * ratio));
        }
    }
}

vtr_status region_standardise(region_job *job, vtr_error *err)
{
    size_t n_k = job->n_k;
    double *mean = vtr_malloc(job->n_regions * n_k, sizeof *mean);
    job->deviation = vtr_malloc(n_k, sizeof *job->deviation);
    job->ratio = vtr_malloc(job->n_regions, sizeof *job->ratio);
    if (mean == NULL || job->deviation == NULL || job->ratio == NULL) {
        vtr_free(mean);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the covariance of %zu values of G", n_k);
    }
    for (size_t g = 0; g < job->n_regions; g++)
        region_at_elements(mean + g * n_k, job, job->mean + g * job->in->n_r);
    take_means(job, mean);
    find_deviations(job, mean);
    vtr_free(mean);
    for (size_t k = 0; k < n_k; k++)
        if (!(job->deviation[k] > 0))
            return vtr_fail(err, VTR_ERR_NO_DATA, "all positions have the same G: nothing tells its error");
    divide_deviations(job);
    return VTR_OK;
}

/* --- correlation -------------------------------------------------------------------------------------------- */

/* Mean products of positions that lie `lag` apart along y or x, into out [n_k]; how many pairs there are. */
static size_t correlate_at(double *out, const region_job *job, size_t lag)
{
    size_t n_k = job->n_k, n_x = job->in->n_x, n_pairs = 0;
    memset(out, 0, n_k * sizeof *out);
    for (size_t p = 0; p < job->n; p++) {
        if (!job->is_used[p]) continue;
        const size_t other[2] = {p + lag * n_x, p % n_x + lag < n_x ? p + lag : job->n};
        for (int d = 0; d < 2; d++) {
            if (other[d] >= job->n || !job->is_used[other[d]]) continue;
            const float *e = job->element + p * n_k, *f = job->element + other[d] * n_k;
            n_pairs++;
            for (size_t k = 0; k < n_k; k++)
                out[k] += (double)e[k] * (double)f[k];
        }
    }
    for (size_t k = 0; k < n_k && n_pairs > 0; k++)
        out[k] /= (double)n_pairs;
    return n_pairs;
}

/* The first lag at which neither the mean over the elements nor one of them stands out of what unlike positions give. */
static size_t find_reach(const double *correlation, const size_t *n_pairs, size_t n_k, size_t n_lags)
{
    size_t reach = 1;
    for (; reach < n_lags; reach++) {
        double mean = 0, most = 0, pairs = (double)n_pairs[reach];
        for (size_t k = 0; k < n_k; k++) {
            double c = correlation[k * REGION_MAX_REACH + reach];
            mean += c / (double)n_k;
            most = fmax(most, c);
        }
        /* 2.5 deviations, as if every second element were on its own; 4 of one element, of which there are tens */
        if (mean < 2.5 / sqrt(pairs * (double)n_k / 2) && most < 4 / sqrt(pairs)) break;
    }
    if (reach > 1) reach += (reach + 2) / 3; /* what lies below the noise is not nothing */
    return reach < n_lags ? reach : n_lags;
}

/* A region's own mean takes from its residuals, at all lags alike, what the mean varies by: given back. */
static void restore_mean(region_job *job, size_t n_used)
{
    for (size_t k = 0; k < job->n_k; k++) {
        double *c = job->correlation + k * REGION_MAX_REACH, area = 1;
        for (size_t lag = 1; lag < job->reach; lag++)
            area += 2 * VTR_PI * (double)lag * c[lag];
        double lost = fmin(0.3, fmax(0, area) * (double)job->n_regions / (double)n_used);
        for (size_t lag = 1; lag < REGION_MAX_REACH; lag++)
            c[lag] += lost * (1 - c[lag]);
    }
}

static void set_block(region_job *job, size_t block)
{
    job->block = block;
    job->n_block_y = (job->in->n_y + block - 1) / block;
    job->n_block_x = (job->in->n_x + block - 1) / block;
}

/* Blocks with positions of the region that has fewest of them. */
static size_t fewest_blocks(const region_job *job, unsigned char *seen)
{
    size_t fewest = SIZE_MAX, n_blocks = job->n_block_y * job->n_block_x;
    for (size_t g = 0; g < job->n_regions; g++) {
        size_t n = 0;
        memset(seen, 0, n_blocks);
        for (size_t p = 0; p < job->n; p++) {
            size_t y = p / job->in->n_x, x = p % job->in->n_x;
            unsigned char *block = &seen[y / job->block * job->n_block_x + x / job->block];
            if (!job->is_used[p] || !job->regions[g].member[p] || *block) continue;
            *block = 1;
            n++;
        }
        fewest = n < fewest ? n : fewest;
    }
    return fewest;
}

/* Wide blocks trust the correlation least, many blocks tell the errors best: twice the reach, less where a region would have
 * few of them, and not below half of it. */
static vtr_status choose_block(region_job *job, size_t block, vtr_error *err)
{
    enum { ENOUGH = 24 };
    unsigned char *seen = vtr_malloc(job->n, 1);
    size_t smallest = (job->reach + 1) / 2;
    if (seen == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    if (block > 0 && block < smallest) block = smallest;
    set_block(job, block > 0 ? block : 2 * job->reach);
    while (block == 0 && job->block > smallest && fewest_blocks(job, seen) < ENOUGH)
        set_block(job, job->block - 1);
    while (job->n_block_y * job->n_block_x > REGION_MAX_BLOCKS)
        set_block(job, job->block + 1);
    vtr_free(seen);
    return VTR_OK;
}

vtr_status region_correlate(region_job *job, size_t block, vtr_error *err)
{
    size_t n_k = job->n_k, n_used = 0, side = job->in->n_y > job->in->n_x ? job->in->n_y : job->in->n_x;
    size_t n_lags = side / 3 + 1 < REGION_MAX_REACH ? side / 3 + 1 : REGION_MAX_REACH;
    size_t n_pairs[REGION_MAX_REACH];
    double *room = vtr_malloc(REGION_MAX_REACH * n_k, sizeof *room);
    job->correlation = vtr_calloc(n_k * REGION_MAX_REACH, sizeof *job->correlation);
    if (room == NULL || job->correlation == NULL) {
        vtr_free(room);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the correlation of positions");
    }
    for (size_t p = 0; p < job->n; p++)
        n_used += job->is_used[p];
#pragma omp parallel for schedule(dynamic)
    for (size_t lag = 0; lag < n_lags; lag++)
        n_pairs[lag] = correlate_at(room + lag * n_k, job, lag);
    for (size_t k = 0; k < n_k; k++)
        for (size_t lag = 0; lag < n_lags; lag++)
            job->correlation[k * REGION_MAX_REACH + lag] = lag == 0 ? 1 : room[lag * n_k + k];
    vtr_free(room);
    job->reach = find_reach(job->correlation, n_pairs, n_k, n_lags);
    restore_mean(job, n_used);
    return choose_block(job, block, err);
}
