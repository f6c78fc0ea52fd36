/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/structure.h"

enum { BLOCK = 64, LANES = 4 };
static const double moment_unit = 16777216; /* of vtr_pairs.moment, to a step */

/* The counts as Debye's sum reads them: from the first bin that holds a pair, in whole blocks. */
typedef struct debye_table {
    size_t n_pairs, n_blocks;
    double r_first, r_step; /* middle of the first bin */
    double *count, *moment; /* [n_pairs][n_blocks * BLOCK]; moment in Å */
} debye_table;

static size_t first_bin(const vtr_pairs *pairs)
{
    for (size_t b = 0; b < pairs->n_bins; b++)
        for (size_t pair = 0; pair < pairs->n_pairs; pair++)
            if (pairs->count[pair * pairs->n_bins + b] != 0) return b;
    return pairs->n_bins;
}

static vtr_status make_table(debye_table *t, const vtr_pairs *pairs, vtr_error *err)
{
    size_t first = first_bin(pairs), n = pairs->n_bins - first;
    *t = (debye_table){.n_pairs = pairs->n_pairs,
                       .n_blocks = (n + BLOCK - 1) / BLOCK,
                       .r_first = ((double)first + 0.5) * pairs->r_step,
                       .r_step = pairs->r_step};
    size_t row = t->n_blocks * BLOCK;
    t->count = vtr_calloc(2 * t->n_pairs * row, sizeof *t->count);
    if (t->count == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for Debye's sum over %zu bins", n);
    t->moment = t->count + t->n_pairs * row;
    for (size_t pair = 0; pair < t->n_pairs; pair++)
        for (size_t b = 0; b < n; b++) {
            size_t from = pair * pairs->n_bins + first + b;
            t->count[pair * row + b] = (double)pairs->count[from];
            t->moment[pair * row + b] = (double)pairs->moment[from] * (pairs->r_step / moment_unit);
        }
    return VTR_OK;
}

/* h(r) = sin(Qr)/(Qr) and h'(r) in the middle of a block's bins; `turn` holds cosines and sines of Q times 0, 1, 2 ...
 * steps, so that a block asks for one of each. */
static void block_waves(double Q, double r, double r_step, const double turn[2][BLOCK], double h[BLOCK],
                        double slope[BLOCK])
{
    double c = cos(Q * r), s = sin(Q * r);
    for (int j = 0; j < BLOCK; j++) {
        double at = r + r_step * j, one_over_r = 1 / at;
        double cosine = c * turn[0][j] - s * turn[1][j], sine = s * turn[0][j] + c * turn[1][j];
        h[j] = sine / Q * one_over_r;
        slope[j] = (cosine - h[j]) * one_over_r;
    }
}

/* sum over the pairs counted of sin(Qr)/(Qr), for every pair of elements: a bin of n pairs about r adds n h(r) + (sum of
 * distances from r) h'(r). */
static void sum_bins(const debye_table *t, double Q, double *sums)
{
    double turn[2][BLOCK], h[BLOCK], slope[BLOCK];
    for (int j = 0; j < BLOCK; j++) {
        turn[0][j] = cos(Q * t->r_step * j);
        turn[1][j] = sin(Q * t->r_step * j);
    }
    for (size_t pair = 0; pair < t->n_pairs; pair++)
        sums[pair] = 0;
    for (size_t block = 0; block < t->n_blocks; block++) {
        block_waves(Q, t->r_first + t->r_step * (double)(block * BLOCK), t->r_step, turn, h, slope);
        for (size_t pair = 0; pair < t->n_pairs; pair++) {
            const double *count = t->count + (pair * t->n_blocks + block) * BLOCK;
            const double *moment = t->moment + (pair * t->n_blocks + block) * BLOCK;
            double lane[LANES] = {0};
            for (int j = 0; j < BLOCK; j += LANES)
                for (int k = 0; k < LANES; k++)
                    lane[k] += count[j + k] * h[j + k] + moment[j + k] * slope[j + k];
            sums[pair] += (lane[0] + lane[1]) + (lane[2] + lane[3]);
        }
    }
}

/* The transform of a uniform density inside R: 4 pi rho times the integral of r^2 sin(Qr)/(Qr). */
static double uniform_part(const vtr_pairs *pairs, double Q)
{
    if (isnan(pairs->number_density)) return 0;
    double R = (double)pairs->n_bins * pairs->r_step, x = Q * R;
    /* the difference loses its digits below */
    double part = x < 0.02 ? (1 - x * x / 10) / 3 : (sin(x) - x * cos(x)) / (x * x * x);
    return 4 * VTR_PI * pairs->number_density * R * R * R * part;
}

vtr_status vtr_pairs_structure_factors(const vtr_pairs *pairs, size_t n_Q, const double *Q_inv_angstrom,
                                       int threads, double *partial, vtr_error *err)
{
    for (size_t q = 0; q < n_Q; q++)
        if (!(Q_inv_angstrom[q] > 0 && isfinite(Q_inv_angstrom[q])))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "a structure factor at Q = %g 1/Å", Q_inv_angstrom[q]);
    debye_table table;
    vtr_status status = make_table(&table, pairs, err);
    if (status != VTR_OK) return status;
    size_t n = pairs->composition.n;
#pragma omp parallel for schedule(dynamic) num_threads(vtr_thread_count(threads))
    for (size_t q = 0; q < n_Q; q++) {
        double sums[VTR_COMPOSITION_MAX * (VTR_COMPOSITION_MAX + 1) / 2];
        sum_bins(&table, Q_inv_angstrom[q], sums);
        double uniform = uniform_part(pairs, Q_inv_angstrom[q]);
        for (size_t i = 0, pair = 0; i < n; i++)
            for (size_t j = i; j < n; j++, pair++) {
                double ordered = sums[pair] * (i == j ? 2 : 1);
                double scale =
                    (double)pairs->n_atoms / (double)pairs->n_of_element[i] / (double)pairs->n_of_element[j];
                partial[pair * n_Q + q] = scale * ordered - uniform;
            }
    }
    vtr_free(table.count);
    return VTR_OK;
}

vtr_status vtr_structure_debye(const vtr_pairs *pairs, const vtr_scatterer_params *radiation, size_t n_Q,
                               const double *Q_inv_angstrom, int threads, double *s, double *intensity,
                               vtr_error *err)
{
    vtr_scatterer scatterer;
    double highest = 0;
    for (size_t q = 0; q < n_Q; q++)
        highest = fmax(highest, Q_inv_angstrom[q]);
    vtr_status status = vtr_scatterer_init(&scatterer, &pairs->composition, radiation, err);
    if (status == VTR_OK) status = vtr_scatterer_check(&scatterer, highest, err);
    if (status != VTR_OK) return status;
    double *partial = vtr_malloc(pairs->n_pairs * n_Q, sizeof *partial);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu structure factors", n_Q);
    status = vtr_pairs_structure_factors(pairs, n_Q, Q_inv_angstrom, threads, partial, err);
    for (size_t q = 0; q < n_Q && status == VTR_OK; q++) {
        double weights[VTR_COMPOSITION_MAX * (VTR_COMPOSITION_MAX + 1) / 2], mean_f, mean_f2, sum = 0;
        vtr_scatterer_pair_weights(&scatterer, Q_inv_angstrom[q], weights);
        vtr_scatterer_averages(&scatterer, Q_inv_angstrom[q], &mean_f, &mean_f2, NULL);
        for (size_t pair = 0; pair < pairs->n_pairs; pair++)
            sum += weights[pair] * partial[pair * n_Q + q];
        if (s != NULL) s[q] = sum;
        if (intensity != NULL) intensity[q] = mean_f2 + mean_f * mean_f * sum;
    }
    vtr_free(partial);
    return status;
}

void vtr_structure_truth_pdf(size_t n_Q, const double *Q_inv_angstrom, const double *s, const double *window,
                             size_t n_r, const double *r_angstrom, double *G)
{
    for (size_t i = 0; i < n_r; i++) {
        double sum = 0;
        for (size_t q = 0; q < n_Q; q++) {
            double below = q > 0 ? Q_inv_angstrom[q] - Q_inv_angstrom[q - 1] : 0;
            double above = q + 1 < n_Q ? Q_inv_angstrom[q + 1] - Q_inv_angstrom[q] : 0;
            double F = Q_inv_angstrom[q] * s[q] * (window != NULL ? window[q] : 1);
            sum += 0.5 * (below + above) * F * sin(Q_inv_angstrom[q] * r_angstrom[i]);
        }
        G[i] = 2 / VTR_PI * sum;
    }
}
