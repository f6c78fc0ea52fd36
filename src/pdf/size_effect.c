/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* Below the first neighbour every partial g_ij is zero, and were the Faber-Ziman weights w_ij constant, G would be the
 * line -4 pi rho0 r. But w_ij(Q) changes with Q, most below 4 1/Å, and as a convolution in r that carries some of the
 * first peaks, which lie at different distances for different pairs, below rcut: in Zr-Cu glasses the line is 1.5 % too
 * steep at 1 Å and 7 % at 2 Å, and a scale that rests on it 3 % off. To know this well enough it suffices that the
 * partials have one shape, stretched by the sizes of the atoms, h_ij(r) = h(r/l_ij) with l_ij = (R_i + R_j)/mean:
 *
 *   F - F_constant = Q sum_ij (w_ij(Q) - w_ij(Q_0)) l_ij^3 s(l_ij Q),
 *
 * s the structure function found so far. Of it the part below rcut is taken. Network glasses are no such mixtures, and
 * are left alone. */

/* Radii in Å: metals in 12-fold coordination, metalloids dissolved in them with their covalent radii, which added to a
 * metal's give the distances found in metallic glasses (N. N. Greenwood, A. Earnshaw, Chemistry of the Elements, 2nd
 * ed., Butterworth-Heinemann, 1997). Europium and ytterbium as divalent. */
static const struct {
    int number;
    double radius;
    bool is_metal;
} atom[] = {
    {3, 1.52, true},  {4, 1.12, true},  {5, 0.82, false},  {6, 0.77, false},  {11, 1.86, true},
    {12, 1.60, true}, {13, 1.43, true}, {14, 1.11, false}, {15, 1.06, false}, {19, 2.27, true},
    {20, 1.97, true}, {21, 1.62, true}, {22, 1.47, true},  {23, 1.34, true},  {24, 1.28, true},
    {25, 1.27, true}, {26, 1.26, true}, {27, 1.25, true},  {28, 1.24, true},  {29, 1.28, true},
    {30, 1.34, true}, {31, 1.35, true}, {32, 1.22, false}, {37, 2.48, true},  {38, 2.15, true},
    {39, 1.80, true}, {40, 1.60, true}, {41, 1.46, true},  {42, 1.39, true},  {43, 1.36, true},
    {44, 1.34, true}, {45, 1.34, true}, {46, 1.37, true},  {47, 1.44, true},  {48, 1.51, true},
    {49, 1.67, true}, {50, 1.58, true}, {55, 2.65, true},  {56, 2.22, true},  {57, 1.87, true},
    {58, 1.82, true}, {59, 1.82, true}, {60, 1.81, true},  {62, 1.80, true},  {63, 2.04, true},
    {64, 1.80, true}, {65, 1.77, true}, {66, 1.78, true},  {67, 1.76, true},  {68, 1.76, true},
    {69, 1.76, true}, {70, 1.94, true}, {71, 1.74, true},  {72, 1.59, true},  {73, 1.46, true},
    {74, 1.39, true}, {75, 1.37, true}, {76, 1.35, true},  {77, 1.36, true},  {78, 1.39, true},
    {79, 1.44, true}, {80, 1.51, true}, {81, 1.70, true},  {82, 1.75, true},  {90, 1.79, true},
};

/* Radii of the composition's elements; false where one has none, or metals are not the greater part. */
static bool find_radii(const vtr_composition *composition, double *radius)
{
    double metal = 0;
    for (size_t i = 0; i < composition->n; i++) {
        radius[i] = 0;
        for (size_t k = 0; k < sizeof atom / sizeof *atom; k++)
            if (atom[k].number == composition->number[i]) {
                radius[i] = atom[k].radius;
                metal += atom[k].is_metal ? composition->fraction[i] : 0;
            }
        if (radius[i] == 0) return false;
    }
    return metal > 0.5;
}

vtr_status pdf_size_prepare(vtr_pdf_plan *plan, const vtr_scatterer *scatterer, vtr_error *err)
{
    const vtr_composition *composition = &scatterer->composition;
    double radius[VTR_COMPOSITION_MAX], middle[PDF_MAX_PAIRS], weight[PDF_MAX_PAIRS], mean = 0;
    size_t n = composition->n, n_pairs = n * (n + 1) / 2, pair = 0;
    plan->is_alloy = find_radii(composition, radius);
    if (n < 2 || !plan->is_alloy || plan->params.equal_sizes) return VTR_OK;
    plan->pair_weight = vtr_malloc(n_pairs * plan->n_q, sizeof *plan->pair_weight);
    if (plan->pair_weight == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu pairs", n_pairs);
    plan->n_pairs = n_pairs;
    vtr_scatterer_pair_weights(scatterer, plan->normalisation.qmaxinst / 2, middle);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++, pair++) {
            plan->size[pair] = radius[i] + radius[j];
            mean += middle[pair] * plan->size[pair];
        }
    for (pair = 0; pair < n_pairs; pair++)
        plan->size[pair] /= mean;
    for (size_t j = 0; j < plan->n_q; j++) {
        vtr_scatterer_pair_weights(scatterer, plan->q[j], weight);
        for (pair = 0; pair < n_pairs; pair++)
            plan->pair_weight[pair * plan->n_q + j] = weight[pair] - middle[pair];
    }
    return VTR_OK;
}

/* F/Q at any Q: flat below the data, zero beyond. */
static double structure_at(const vtr_pdf_plan *plan, const double *f, double q)
{
    size_t low = 0, high = plan->n_q - 1;
    const double *grid = plan->q;
    if (q <= grid[0]) return f[0] / grid[0];
    if (q >= grid[high]) return 0;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (grid[middle] <= q)
            low = middle;
        else
            high = middle;
    }
    double t = (q - grid[low]) / (grid[high] - grid[low]);
    return (1 - t) * f[low] / grid[low] + t * f[high] / grid[high];
}

/* Takes what lies in G between 0 and rcut of `difference` back to F. */
static void keep_below(const vtr_pdf_plan *plan, const double *difference, double rcut, double *leak)
{
    enum { N_R = 80 };
    size_t n = plan->n_q;
    const double *q = plan->q;
    memset(leak, 0, n * sizeof *leak);
    for (int i = 1; i <= N_R; i++) {
        double r = rcut * i / N_R, g = difference[0] * -pdf_line(r, q[0]) / (2 * VTR_PI * VTR_PI * q[0]);
        for (size_t j = 0; j < n; j++)
            g += difference[j] * sin(q[j] * r) * (q[j + 1 < n ? j + 1 : j] - q[j > 0 ? j - 1 : 0]) / VTR_PI;
        double weight = g * rcut / N_R * (i < N_R ? 1 : 0.5);
        for (size_t j = 0; j < n; j++)
            leak[j] += weight * sin(q[j] * r);
    }
}

void pdf_size_effect(const vtr_pdf_plan *plan, const double *f, double rcut, double *scratch, double *leak)
{
    size_t n = plan->n_q;
    if (!plan->is_alloy || plan->n_pairs == 0) return;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t pair = 0; pair < plan->n_pairs; pair++) {
            double l = plan->size[pair];
            sum += plan->pair_weight[pair * n + j] * l * l * l * structure_at(plan, f, l * plan->q[j]);
        }
        scratch[j] = plan->q[j] * sum;
    }
    keep_below(plan, scratch, rcut, leak);
}
