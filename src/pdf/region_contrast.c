/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/region_internal.h"
#include "vitrail/constants.h"

/* s_b = sum over the positions p of block b of w_p (G_p - mean), w = 1/n_a in a and -1/n_b in b: the contrast's error is their
 * sum, and sum_b s_b s_b^T its covariance, too small by what blocks share with their neighbours and by what the means took
 * away. With the correlation rho of positions both are known:
 *
 *   Cov(s_b, s_c) = M_bc,  factor = w^T rho w / tr M,  dof = (tr M)^2 / tr M^2          Satterthwaite, Biometrics 2, 110 (1946)
 *
 * as in R. M. Bell, D. F. McCaffrey, Survey Methodology 28, 169 (2002) for clusters. */

/* Pairs of positions of a block and the blocks about it, by region and lag. */
typedef struct pair_counts {
    size_t n_lags;
    long around;     /* blocks to either side that share something with one */
    size_t n_around; /* (2 around + 1)^2 */
    double *n;       /* [n_blocks][n_around][2][2][n_lags] */
    long *neighbour; /* [n_blocks][n_around] index among the blocks used, or -1 */
} pair_counts;

static double *counts_of(const pair_counts *counts, size_t block, size_t neighbour, int g, int h)
{
    return counts->n +
           (((block * counts->n_around + neighbour) * 2 + (size_t)g) * 2 + (size_t)h) * counts->n_lags;
}

/* --- blocks ------------------------------------------------------------------------------------------------- */

static size_t n_in_block(const region_contrast *c, const region_job *job, size_t block, int g)
{
    if (g == 1 && c->b == c->a) return 0;
    return job->block_count[block * job->n_regions + (g == 0 ? c->a : c->b)];
}

static vtr_status list_blocks(region_contrast *c, const region_job *job, vtr_error *err)
{
    size_t n = job->n_block_y * job->n_block_x, n_r = job->in->n_r;
    for (size_t b = 0; b < n; b++)
        c->n_blocks += n_in_block(c, job, b, 0) + n_in_block(c, job, b, 1) > 0;
    c->block = vtr_malloc(c->n_blocks, sizeof *c->block);
    c->sums = vtr_calloc(c->n_blocks * n_r, sizeof *c->sums);
    c->factor = vtr_malloc(job->n_k, sizeof *c->factor);
    c->predicted = vtr_malloc(job->n_k, sizeof *c->predicted);
    if (c->block == NULL || c->sums == NULL || c->factor == NULL || c->predicted == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu blocks", c->n_blocks);
    for (size_t b = 0, i = 0; b < n; b++) {
        if (n_in_block(c, job, b, 0) + n_in_block(c, job, b, 1) == 0) continue;
        const double *a_sums = job->sums + (b * job->n_regions + c->a) * n_r;
        const double *b_sums = job->sums + (b * job->n_regions + c->b) * n_r;
        double of_a = 1 / (double)job->count[c->a], of_b = c->b == c->a ? 0 : 1 / (double)job->count[c->b];
        c->block[i] = b;
        for (size_t j = 0; j < n_r; j++)
            c->sums[i * n_r + j] = of_a * a_sums[j] - of_b * b_sums[j];
        i++;
    }
    return VTR_OK;
}

/* --- pairs of positions ------------------------------------------------------------------------------------- */

/* Which of a and b hold a position: bits 1 and 2. */
static int held_by(const region_contrast *c, const region_job *job, size_t p)
{
    if (!job->is_used[p]) return 0;
    int in_a = job->regions[c->a].member[p] != 0;
    int in_b = c->b != c->a && job->regions[c->b].member[p] != 0;
    return in_a | in_b << 1;
}

static void count_pairs_of(pair_counts *counts, const region_contrast *c, const region_job *job,
                           const long *index, size_t y, size_t x, int held)
{
    long reach = (long)counts->n_lags - 1, n_y = (long)job->in->n_y, n_x = (long)job->in->n_x;
    long block_y = (long)(y / job->block), block_x = (long)(x / job->block);
    size_t at = (size_t)index[block_y * (long)job->n_block_x + block_x];
    for (long dy = -reach; dy <= reach; dy++)
        for (long dx = -reach; dx <= reach; dx++) {
            long v = (long)y + dy, u = (long)x + dx;
            double distance = sqrt((double)(dy * dy + dx * dx));
            size_t lag = (size_t)distance; /* the pair counts for both lags that its distance lies between */
            double beyond = distance - (double)lag;
            if (v < 0 || u < 0 || v >= n_y || u >= n_x || lag >= counts->n_lags) continue;
            int other = held_by(c, job, (size_t)(v * n_x + u));
            if (other == 0) continue;
            long ny = v / (long)job->block - block_y + counts->around;
            long nx = u / (long)job->block - block_x + counts->around;
            for (int g = 0; g < 2; g++)
                for (int h = 0; h < 2; h++)
                    if ((held >> g & 1) && (other >> h & 1)) {
                        double *n = counts_of(counts, at, (size_t)(ny * (2 * counts->around + 1) + nx), g, h);
                        n[lag] += 1 - beyond;
                        if (lag + 1 < counts->n_lags) n[lag + 1] += beyond;
                    }
        }
}

static vtr_status count_pairs(pair_counts *counts, const region_contrast *c, const region_job *job,
                              vtr_error *err)
{
    size_t n_all = job->n_block_y * job->n_block_x;
    long *index = vtr_malloc(n_all, sizeof *index);
    counts->n_lags = job->reach;
    counts->around = (long)((job->reach + job->block - 2) / job->block);
    counts->n_around = (size_t)((2 * counts->around + 1) * (2 * counts->around + 1));
    counts->n = vtr_calloc(c->n_blocks * counts->n_around * 4 * job->reach, sizeof *counts->n);
    counts->neighbour = vtr_malloc(c->n_blocks * counts->n_around, sizeof *counts->neighbour);
    if (index == NULL || counts->n == NULL || counts->neighbour == NULL) {
        vtr_free(index);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for pairs of positions");
    }
    for (size_t b = 0; b < n_all; b++)
        index[b] = -1;
    for (size_t i = 0; i < c->n_blocks; i++)
        index[c->block[i]] = (long)i;
    for (size_t i = 0; i < c->n_blocks; i++)
        for (size_t n = 0; n < counts->n_around; n++) {
            long side = 2 * counts->around + 1;
            long y = (long)(c->block[i] / job->n_block_x) + (long)n / side - counts->around;
            long x = (long)(c->block[i] % job->n_block_x) + (long)n % side - counts->around;
            bool is_there = y >= 0 && x >= 0 && y < (long)job->n_block_y && x < (long)job->n_block_x;
            counts->neighbour[i * counts->n_around + n] = is_there ? index[y * (long)job->n_block_x + x] : -1;
        }
    for (size_t p = 0; p < job->n; p++) {
        int held = held_by(c, job, p);
        if (held != 0) count_pairs_of(counts, c, job, index, p / job->in->n_x, p % job->in->n_x, held);
    }
    vtr_free(index);
    return VTR_OK;
}

/* --- what the correlation predicts -------------------------------------------------------------------------- */

/* Sums over positions in units of the deviation: U_b of a block with the contrast's weights, Y_g of a region. */
typedef struct moments {
    double weight[2];     /* of a position, signed */
    double *within;       /* [n_blocks][n_around] Cov(U_b, U_c) */
    double *with_region;  /* [n_blocks][2] Cov(U_b, Y_g) */
    double *taken;        /* [n_blocks][2] weight of Y_g in s_b */
    double *covariance;   /* [n_blocks] a row of M */
    double regions[2][2]; /* Cov(Y_g, Y_h) */
} moments;

static void sum_moments(moments *m, const region_contrast *c, const pair_counts *counts, const double *rho)
{
    memset(m->regions, 0, sizeof m->regions);
    for (size_t b = 0; b < c->n_blocks; b++) {
        m->with_region[2 * b] = m->with_region[2 * b + 1] = 0;
        for (size_t n = 0; n < counts->n_around; n++) {
            m->within[b * counts->n_around + n] = 0;
            for (int g = 0; g < 2; g++)
                for (int h = 0; h < 2; h++) {
                    const double *pairs = counts_of(counts, b, n, g, h);
                    double sum = 0;
                    for (size_t lag = 0; lag < counts->n_lags; lag++)
                        sum += pairs[lag] * rho[lag];
                    m->within[b * counts->n_around + n] += m->weight[g] * m->weight[h] * sum;
                    m->with_region[2 * b + (size_t)h] += m->weight[g] * sum;
                    m->regions[g][h] += sum;
                }
        }
    }
}

/* Row b of M. */
static void fill_row(moments *m, const region_contrast *c, const pair_counts *counts, size_t b)
{
    for (size_t d = 0; d < c->n_blocks; d++) {
        double sum = 0;
        for (size_t g = 0; g < 2; g++) {
            sum -= m->taken[2 * d + g] * m->with_region[2 * b + g] +
                   m->taken[2 * b + g] * m->with_region[2 * d + g];
            for (size_t h = 0; h < 2; h++)
                sum += m->taken[2 * b + g] * m->taken[2 * d + h] * m->regions[g][h];
        }
        m->covariance[d] = sum;
    }
    for (size_t n = 0; n < counts->n_around; n++) {
        long at = counts->neighbour[b * counts->n_around + n];
        if (at >= 0) m->covariance[at] += m->within[b * counts->n_around + n];
    }
}

/* Of one element: factor, prediction, and 1/dof. */
static double predict(region_contrast *c, moments *m, const pair_counts *counts, const double *rho, size_t k)
{
    double trace = 0, squares = 0, truth = 0;
    sum_moments(m, c, counts, rho);
    for (size_t b = 0; b < c->n_blocks; b++) {
        fill_row(m, c, counts, b);
        trace += m->covariance[b];
        for (size_t d = 0; d < c->n_blocks; d++)
            squares += m->covariance[d] * m->covariance[d];
        for (size_t n = 0; n < counts->n_around; n++)
            truth += m->within[b * counts->n_around + n];
    }
    /* means and neighbours only ever take away: a factor below one is noise of the correlation */
    c->factor[k] = fmax(1, truth / trace);
    c->predicted[k] = c->factor[k] * trace;
    return trace > 0 ? squares / (trace * trace) : INFINITY;
}

static vtr_status predict_all(region_contrast *c, const region_job *job, const pair_counts *counts,
                              vtr_error *err)
{
    size_t n = c->n_blocks;
    double inverse_dof = 0, *room = vtr_malloc(n * (counts->n_around + 5), sizeof *room);
    if (room == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu blocks", n);
    moments m = {.within = room,
                 .with_region = room + n * counts->n_around,
                 .taken = room + n * (counts->n_around + 2),
                 .covariance = room + n * (counts->n_around + 4)};
    m.weight[0] = job->ratio[c->a] / (double)job->count[c->a];
    m.weight[1] = c->b == c->a ? 0 : -job->ratio[c->b] / (double)job->count[c->b];
    for (size_t b = 0; b < n; b++)
        for (int g = 0; g < 2; g++)
            m.taken[2 * b + (size_t)g] = m.weight[g] * (double)n_in_block(c, job, c->block[b], g) /
                                         (double)job->count[g == 0 ? c->a : c->b];
    for (size_t k = 0; k < job->n_k; k++)
        inverse_dof += predict(c, &m, counts, job->correlation + k * REGION_MAX_REACH, k) / (double)job->n_k;
    c->dof = 1 / inverse_dof;
    vtr_free(room);
    return VTR_OK;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

vtr_status region_contrast_make(region_contrast *contrast, const region_job *job, size_t a, size_t b,
                                vtr_error *err)
{
    region_contrast c = {.a = a, .b = b};
    pair_counts counts = {0};
    vtr_status status = list_blocks(&c, job, err);
    if (status == VTR_OK) status = count_pairs(&counts, &c, job, err);
    if (status == VTR_OK) status = predict_all(&c, job, &counts, err);
    vtr_free(counts.n);
    vtr_free(counts.neighbour);
    if (status == VTR_OK)
        *contrast = c;
    else
        region_contrast_release(&c);
    return status;
}

void region_contrast_release(region_contrast *contrast)
{
    vtr_free(contrast->block);
    vtr_free(contrast->sums);
    vtr_free(contrast->factor);
    vtr_free(contrast->predicted);
    *contrast = (region_contrast){0};
}

double region_factor_at(const region_contrast *contrast, const region_job *job, double r)
{
    double at = (r - job->range[0]) * job->in->qmax / VTR_PI, last = (double)job->n_k - 1;
    at = fmin(fmax(at, 0), last);
    size_t k = (size_t)at;
    double part = at - (double)k, next = contrast->factor[k + 1 < job->n_k ? k + 1 : k];
    return contrast->factor[k] + part * (next - contrast->factor[k]);
}

void region_contrast_error(double *error, const region_contrast *contrast, const region_job *job)
{
    size_t n_r = job->in->n_r;
    memset(error, 0, n_r * sizeof *error);
    for (size_t b = 0; b < contrast->n_blocks; b++)
        for (size_t i = 0; i < n_r; i++)
            error[i] += contrast->sums[b * n_r + i] * contrast->sums[b * n_r + i];
    for (size_t i = 0; i < n_r; i++)
        error[i] = sqrt(region_factor_at(contrast, job, job->in->r[i]) * error[i]);
}
