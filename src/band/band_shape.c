/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/bands_internal.h"

/* Which parts a band has: ends in the map, curvature, ridge beside step. Each is taken in where the data demand it, so that what
 * is not there does not widen the errors of what is. */

/* chi^2 that one end has to take out of the maps, and curvature; the probability of a ridge beside a step that is none. */
#define END_CHI2 20.0
#define CURVATURE_CHI2 16.0
#define OTHER_PROBABILITY 1e-4

/* Of the line's length: the least of a band, the number of parts to compare, and how strong the middle one of these is at least
 * relative to the mean. A few strong inclusions are strong in a few parts. */
enum { LEAST_STEPS = 12, PARTS = 8 };
#define LEAST_MEDIAN 0.4

/* The lobes of inclusions are ridges, but not long ones, nor even: a ridge is at least this part of the line through the map, and chi^2
 * of its parts against their mean, seven degrees of freedom, is below that of a probability of 1e-4. */
#define LEAST_RIDGE 0.5
#define MOST_UNEVEN 29.9

/* Sums along a line, in bins of a step: of weight * residual * form, and of weight * form^2. */
typedef struct profile {
    size_t n;
    double first_nm, step_nm;
    double *product, *square; /* [n + 1] cumulative */
} profile;

static void fill(profile *p, const vtr_band_fit *fit, const vtr_band_maps *maps,
                 double *const residual[VTR_TCS])
{
    double reach = 6 * exp(fmax(fit->value[FIT_DECAY], fit->value[FIT_DECAY + 1]));
    for (size_t i = 0; i < maps->n; i++) {
        vtr_band_place at;
        double form[VTR_TCS];
        if (!vtr_band_is_valid(maps, i)) continue;
        vtr_band_curve_at(&at, fit, maps->step_y * (double)(i / maps->n_x),
                          maps->step_x * (double)(i % maps->n_x));
        double bin = (at.s - p->first_nm) / p->step_nm;
        if (fabs(at.d) > reach || !(bin >= 0 && bin < (double)p->n)) continue;
        vtr_band_fit_form(form, fit, &at);
        for (int j = 0; j < VTR_TCS; j++) {
            double w = maps->weight[j][i];
            p->product[(size_t)bin + 1] += w * form[j] * (residual[j][i] - fit->value[FIT_CONSTANT + j]);
            p->square[(size_t)bin + 1] += w * form[j] * form[j];
        }
    }
    for (size_t k = 0; k < p->n; k++) {
        p->product[k + 1] += p->product[k];
        p->square[k + 1] += p->square[k];
    }
}

static double chi2_of(const profile *p, size_t first, size_t last)
{
    double product = p->product[last] - p->product[first], square = p->square[last] - p->square[first];
    return product > 0 && square > 0 ? product * product / square : 0;
}

/* The stretch that takes out most, less what an end has to. */
static void best_stretch(const profile *p, size_t stretch[2])
{
    double best = -INFINITY;
    for (size_t first = 0; first + LEAST_STEPS <= p->n; first++)
        for (size_t last = first + LEAST_STEPS; last <= p->n; last++) {
            double score =
                chi2_of(p, first, last) - (first > 0 ? END_CHI2 : 0) - (last < p->n ? END_CHI2 : 0);
            if (score <= best) continue;
            best = score;
            stretch[0] = first;
            stretch[1] = last;
        }
}

/* Whether the strain is there along most of the stretch: parts of the same information are compared. */
static bool is_even_along(const profile *p, const size_t stretch[2], bool is_ridge)
{
    double part[PARTS], chi2 = 0, from = p->square[stretch[0]], whole = p->square[stretch[1]] - from;
    double mean = (p->product[stretch[1]] - p->product[stretch[0]]) / whole;
    size_t at = stretch[0];
    for (int k = 0; k < PARTS; k++) {
        size_t first = at;
        while (at < stretch[1] && p->square[at] < from + whole * (k + 1) / PARTS)
            at++;
        double square = p->square[at] - p->square[first];
        part[k] = square > 0 ? (p->product[at] - p->product[first]) / square : 0;
        chi2 += (part[k] - mean) * (part[k] - mean) * square;
    }
    if (is_ridge && (chi2 > MOST_UNEVEN || (double)(stretch[1] - stretch[0]) < LEAST_RIDGE * (double)p->n))
        return false;
    return vtr_band_median(part, PARTS) > LEAST_MEDIAN * mean;
}

vtr_status vtr_band_find_ends(vtr_band_fit *fit, bool *is_even, const vtr_band_maps *maps,
                              double *const residual[VTR_TCS], vtr_error *err)
{
    double along[2];
    size_t stretch[2] = {0};
    *is_even = false;
    if (!vtr_band_curve_within(fit, maps, true, along)) return VTR_OK;
    profile p = {
        .n = (size_t)((along[1] - along[0]) / maps->step) + 1, .first_nm = along[0], .step_nm = maps->step};
    if (p.n < LEAST_STEPS) return VTR_OK;
    double *memory = vtr_calloc(2 * (p.n + 1), sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ends of a band");
    p.product = memory;
    p.square = memory + p.n + 1;
    fill(&p, fit, maps, residual);
    best_stretch(&p, stretch);
    *is_even =
        chi2_of(&p, stretch[0], stretch[1]) > 0 && is_even_along(&p, stretch, vtr_band_fit_is_ridge(fit));
    fit->is_active[FIT_FIRST] = stretch[0] > 2;
    fit->is_active[FIT_LAST] = stretch[1] + 2 < p.n;
    fit->value[FIT_FIRST] = stretch[0] > 2 ? along[0] + maps->step * (double)stretch[0] : -INFINITY;
    fit->value[FIT_LAST] = stretch[1] + 2 < p.n ? along[0] + maps->step * (double)stretch[1] : INFINITY;
    vtr_free(memory);
    return VTR_OK;
}

void vtr_band_try_curvature(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    vtr_band_fit curved = *fit;
    curved.is_active[FIT_CURVATURE] = true;
    vtr_band_fit_refine(&curved, maps, residual);
    double k = curved.value[FIT_CURVATURE],
           error = curved.is_determined[FIT_CURVATURE] ? sqrt(curved.covariance[FIT_CURVATURE][FIT_CURVATURE])
                                                       : NAN;
    bool is_kept = k * k > CURVATURE_CHI2 * error * error;
    if (!is_kept && fit->is_active[FIT_CURVATURE]) {
        fit->is_active[FIT_CURVATURE] = false;
        fit->value[FIT_CURVATURE] = 0;
        vtr_band_fit_refine(fit, maps, residual);
    }
    if (is_kept) *fit = curved;
    fit->curvature = k;
    fit->curvature_error = error;
}

static void set_form(vtr_band_fit *fit, bool step, bool ridge, const vtr_band_maps *maps)
{
    for (int j = 0; j < VTR_TCS; j++) {
        fit->is_active[FIT_STEP + j] = step;
        fit->is_active[FIT_RIDGE + j] = ridge;
    }
    if (!step) fit->is_active[FIT_WIDTH] = false;
    if (!fit->is_active[FIT_WIDTH]) fit->value[FIT_WIDTH] = log(maps->step);
}

void vtr_band_try_other(vtr_band_fit *fit, const vtr_band_maps *maps, double *const residual[VTR_TCS])
{
    bool is_ridge = vtr_band_fit_is_ridge(fit);
    int other = is_ridge ? FIT_STEP : FIT_RIDGE;
    double threshold = vtr_chi2_3_quantile(OTHER_PROBABILITY);
    vtr_band_fit both = *fit;
    set_form(&both, true, true, maps);
    vtr_band_fit_refine(&both, maps, residual);
    bool is_kept = vtr_band_fit_chi2(&both, other) > threshold;
    if (is_kept && is_ridge) { /* a step has a width */
        both.is_active[FIT_WIDTH] = true;
        both.value[FIT_WIDTH] = log(0.5 * maps->step);
        vtr_band_fit_refine(&both, maps, residual);
    } else if (is_kept && vtr_band_fit_chi2(&both, FIT_STEP) < threshold) {
        set_form(&both, false, true, maps); /* what looked like a step is a ridge */
        vtr_band_fit_refine(&both, maps, residual);
    } else if (!is_kept && fit->is_active[other]) {
        set_form(fit, !is_ridge, is_ridge, maps);
        vtr_band_fit_refine(fit, maps, residual);
    }
    for (int j = 0; j < VTR_TCS; j++) {
        both.other[j] = fit->other[j] = both.value[other + j];
        both.other_error[j] = fit->other_error[j] =
            both.is_determined[other + j] ? sqrt(both.covariance[other + j][other + j]) : NAN;
    }
    if (is_kept) *fit = both;
}
