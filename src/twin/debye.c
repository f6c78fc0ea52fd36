/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/structure.h"

enum { BINS_A_TURN = 64 };
static const double moment_unit = 16777216; /* of vtr_pairs.moment, to a step */

/* sum over the pairs counted of sin(Qr)/(Qr), for every pair of elements: with h(r) = sin(Qr)/(Qr), a bin of n pairs
 * about r adds n h(r) + (sum of distances from r) h'(r). Sine and cosine of a bin are those of the bin before, turned by
 * Q r_step, and anew after BINS_A_TURN. */
static void sum_bins(const vtr_pairs *pairs, size_t first, double Q, double *sums)
{
    double turn_c = cos(Q * pairs->r_step), turn_s = sin(Q * pairs->r_step), c = 1, s = 0;
    double offset = pairs->r_step / moment_unit;
    for (size_t pair = 0; pair < pairs->n_pairs; pair++)
        sums[pair] = 0;
    for (size_t b = first; b < pairs->n_bins; b++) {
        double r = ((double)b + 0.5) * pairs->r_step, x = Q * r, turned = c * turn_c - s * turn_s;
        s = s * turn_c + c * turn_s;
        c = turned;
        if ((b - first) % BINS_A_TURN == 0) {
            c = cos(x);
            s = sin(x);
        }
        double h = s / x, slope = (c - h) / r * offset;
        for (size_t pair = 0; pair < pairs->n_pairs; pair++) {
            size_t place = pair * pairs->n_bins + b;
            sums[pair] += (double)pairs->count[place] * h + (double)pairs->moment[place] * slope;
        }
    }
}

static size_t first_bin(const vtr_pairs *pairs)
{
    for (size_t b = 0; b < pairs->n_bins; b++)
        for (size_t pair = 0; pair < pairs->n_pairs; pair++)
            if (pairs->count[pair * pairs->n_bins + b] != 0) return b;
    return pairs->n_bins;
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
    size_t first = first_bin(pairs), n = pairs->composition.n;
#pragma omp parallel for schedule(dynamic) num_threads(vtr_thread_count(threads))
    for (size_t q = 0; q < n_Q; q++) {
        double sums[VTR_COMPOSITION_MAX * (VTR_COMPOSITION_MAX + 1) / 2];
        sum_bins(pairs, first, Q_inv_angstrom[q], sums);
        double uniform = uniform_part(pairs, Q_inv_angstrom[q]);
        for (size_t i = 0, pair = 0; i < n; i++)
            for (size_t j = i; j < n; j++, pair++) {
                double ordered = sums[pair] * (i == j ? 2 : 1);
                double scale =
                    (double)pairs->n_atoms / (double)pairs->n_of_element[i] / (double)pairs->n_of_element[j];
                partial[pair * n_Q + q] = scale * ordered - uniform;
            }
    }
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
