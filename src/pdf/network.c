/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "pdf/background.h"
#include "vitrail/constants.h"

/* In a network of bonds between unlike atoms (oxides, nitrides, halides, chalcogenides) the first neighbours stand at 1.4
 * to 2 Å, so that the line below them is short, but they are sharp, and beyond them comes a gap: angles between bonds are
 * 90 degrees and more, so the next distance is 1.41 times the first at least, and up to its foot g is zero again. The line
 * -4 pi rho0 r holds there too, up to `gap_end`, with the first shell on it. What is not known is told to the fit as
 * noise, pair by pair of elements, each in its Faber-Ziman weight, which changes with Q: first neighbours, which are
 * unlike, between shell_begin and shell_end; whatever pair there may be beyond the gap. All three are parts of the
 * first distance. */
static const double shell_begin = 0.8, shell_end = 1.2, gap_end = 1.33;
static const double shell_height = 20;   /* 1/Å^2: a partial G of a sharp first shell */
static const double shell_spread = 0.06; /* Å, thermal and static */
/* A polynomial of order k follows what lies below (k + 1) pi/qmaxinst, and one more such step is needed to tell the line
 * from it; with more than this part of the first distance a scale is off by a third where structure beyond is not known. */
static const double most_reach = 0.8;

/* Elements that take electrons: N, O, F, S, Cl, Se, Br, Te, I. */
static bool is_anion(int number)
{
    static const int anions[] = {7, 8, 9, 16, 17, 34, 35, 52, 53};
    for (size_t i = 0; i < sizeof anions / sizeof *anions; i++)
        if (anions[i] == number) return true;
    return false;
}

vtr_status pdf_network_prepare(vtr_pdf_plan *plan, const vtr_scatterer *scatterer, vtr_error *err)
{
    const vtr_composition *composition = &scatterer->composition;
    size_t n = composition->n, n_pairs = n * (n + 1) / 2, n_anions = 0;
    bool has_hydrogen = false;
    double weight[PDF_MAX_PAIRS];
    for (size_t i = 0; i < n; i++) {
        n_anions += is_anion(composition->number[i]);
        has_hydrogen |= composition->number[i] == 1;
    }
    plan->is_network = !plan->is_alloy && !has_hydrogen && n_anions > 0 && n_anions < n;
    if (!plan->is_network) return VTR_OK;
    plan->pair_weight = vtr_malloc(n_pairs * plan->n_q, sizeof *plan->pair_weight);
    plan->bond_weight = vtr_calloc(plan->n_q, sizeof *plan->bond_weight);
    if (plan->pair_weight == NULL || plan->bond_weight == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu pairs", n_pairs);
    plan->n_pairs = n_pairs;
    for (size_t k = 0; k < plan->n_q; k++) {
        vtr_scatterer_pair_weights(scatterer, plan->q[k], weight);
        for (size_t i = 0, pair = 0; i < n; i++)
            for (size_t j = i; j < n; j++, pair++) {
                plan->pair_weight[pair * plan->n_q + k] = weight[pair];
                if (is_anion(composition->number[i]) != is_anion(composition->number[j]))
                    plan->bond_weight[k] += weight[pair];
            }
    }
    return VTR_OK;
}

/* structure += covariance times the sum over `weight` [n_weights][n] of w w^T, element by element; lower triangles. */
static void add_weighted(const pdf_fit *s, size_t n_weights, const double *weight, const double *covariance)
{
    size_t n = s->plan->n_q;
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = 0;
            for (size_t p = 0; p < n_weights; p++)
                sum += weight[p * n + i] * weight[p * n + j];
            s->structure[j * n + i] += sum * covariance[j * n + i];
        }
}

void pdf_network_cut(pdf_fit *s)
{
    const vtr_pdf_plan *plan = s->plan;
    size_t n = plan->n_q;
    double first = plan->normalisation.first_peak;
    s->has_gap = true;
    s->rcut = gap_end * first;
    for (size_t j = 0; j < n; j++)
        s->line[j] = pdf_line(plan->q[j], s->rcut);
    memset(s->structure, 0, n * n * sizeof *s->structure);
    pdf_sines_beyond(s, s->covariance);
    add_weighted(s, plan->n_pairs, plan->pair_weight, s->covariance);
    pdf_sines(s, shell_begin * first, shell_end * first, shell_height, INFINITY, s->covariance);
    add_weighted(s, 1, plan->bond_weight, s->covariance);
}

bool pdf_network_is_hidden(const pdf_fit *s, double order)
{
    const vtr_pdf_normalisation *nz = &s->plan->normalisation;
    return (order + 2) * VTR_PI / nz->qmaxinst > most_reach * nz->first_peak;
}

/* The columns of I/<f>^2 over the window: the atoms, the constant where it is looked for, and the first shell as a sine and
 * a cosine, for a distance that is not known to a phase. Returns their number. */
static size_t fill_window(const pdf_fit *s, size_t first, size_t n, bool finds_constant)
{
    const vtr_pdf_plan *plan = s->plan;
    double r = plan->normalisation.first_peak;
    size_t m = finds_constant ? 4 : 3;
    for (size_t i = 0; i < n; i++) {
        size_t j = first + i;
        double q = plan->q[j], f = plan->mean_f[j], fade = exp(-0.5 * shell_spread * shell_spread * q * q);
        double shell = plan->bond_weight[j] / q * fade;
        s->columns[i] = plan->atomic[j] / (f * f);
        if (finds_constant) s->columns[n + i] = 1 / (f * f);
        s->columns[(m - 2) * n + i] = shell * sin(q * r);
        s->columns[(m - 1) * n + i] = shell * cos(q * r);
    }
    return m;
}

vtr_status pdf_network_window(pdf_fit *s, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    const vtr_pdf_normalisation *nz = &plan->normalisation;
    bool finds_constant = isnan(plan->params.constant);
    size_t first, last;
    if (nz->source != VTR_PDF_SCALE_WINDOW || (nz->fit[1] - nz->fit[0]) * nz->first_peak < 2 * VTR_PI)
        return VTR_OK;
    pdf_window_points(plan, &first, &last);
    size_t n = last - first, m = fill_window(s, first, n, finds_constant);
    memset(s->covariance, 0, n * n * sizeof *s->covariance);
    for (size_t i = 0; i < n; i++)
        s->covariance[i * n + i] = 1;
    vtr_status status = pdf_least_squares(n, m, s->columns, s->covariance, s->solution, err);
    if (status != VTR_OK) return status;
    pdf_functional *scale = &plan->scale, *constant = &plan->term[PDF_CONSTANT];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double weight = 1 / (plan->mean_f[first + i] * plan->mean_f[first + i]);
        sum += scale->row[first + i] = weight * s->solution[i];
        if (finds_constant) constant->row[first + i] = weight * s->solution[n + i];
    }
    scale->offset = -constant->offset * sum;
    return VTR_OK;
}
