/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specimen `structure`: the one phase of which is an atomic model, seen by Debye's sum over its pairs. */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* 1/Å: the first ring of any glass lies between */
static const double ring_least = 1, ring_most = 6;

static size_t step_at(double Q)
{
    return (size_t)lround(Q / VTR_TWIN_PHASE_Q_STEP);
}

static double squared_mean_factor(const vtr_composition *composition, size_t step, double *mean_f2)
{
    double f;
    vtr_electron_averages(composition, VTR_TWIN_PHASE_Q_STEP * (double)step / (2 * VTR_PI), &f, mean_f2);
    return f * f;
}

/* The ring that one sees: where <f>^2 s is highest. */
static size_t find_ring(const double *s, const vtr_composition *composition)
{
    size_t best = step_at(ring_least);
    double highest = -INFINITY;
    for (size_t i = best; i <= step_at(ring_most); i++) {
        double here = s[i] * squared_mean_factor(composition, i, NULL);
        if (here <= highest) continue;
        highest = here;
        best = i;
    }
    return best;
}

static size_t find_lowest(const double *s, size_t first, size_t end)
{
    size_t best = first;
    for (size_t i = first; i < end; i++)
        if (s[i] < s[best]) best = i;
    return best;
}

/* Takes out what does not belong into a pattern: below its first ring a particle scatters by its outline, into the
 * direct beam; there s keeps the value of its lowest point. And a cut at the model's half width leaves ripples that may
 * not make an intensity negative. */
static void make_presentable(double *s, const vtr_composition *composition, bool is_particle, size_t ring)
{
    size_t low = is_particle ? find_lowest(s, step_at(0.3), ring) : 1;
    for (size_t i = 0; i < low; i++)
        s[i] = s[low];
    for (size_t i = 0; i < VTR_TWIN_PHASE_STEPS; i++) {
        double f2, ff = squared_mean_factor(composition, i, &f2);
        s[i] = fmax(s[i], -0.999 * f2 / ff);
    }
}

static vtr_status scatter(vtr_twin_phase *phase, const vtr_structure *model, size_t *ring, vtr_error *err)
{
    const vtr_pairs_params params = {.r_max = NAN, .r_step = 0.002};
    vtr_status status = vtr_structure_pairs(&phase->pairs, model, &params, err);
    double *Q = vtr_malloc(VTR_TWIN_PHASE_STEPS, sizeof *Q);
    phase->s = vtr_malloc(VTR_TWIN_PHASE_STEPS, sizeof *phase->s);
    if (status == VTR_OK && (Q == NULL || phase->s == NULL))
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the structure function");
    for (size_t i = 0; i < VTR_TWIN_PHASE_STEPS && status == VTR_OK; i++)
        Q[i] = VTR_TWIN_PHASE_Q_STEP * (i == 0 ? 1 : (double)i);
    if (status == VTR_OK)
        status = vtr_structure_debye(&phase->pairs, NULL, VTR_TWIN_PHASE_STEPS, Q, 0, phase->s, NULL, err);
    if (status == VTR_OK) {
        *ring = find_ring(phase->s, &model->composition);
        make_presentable(phase->s, &model->composition, !model->is_periodic, *ring);
    }
    vtr_free(Q);
    return status;
}

static vtr_status check_given(const vtr_twin_params *p, vtr_error *err)
{
    if (p->model == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the preset structure needs a file with atoms: structure FILE");
    if (p->composition != NULL || !isnan(p->ring_k))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--composition and --ring-k of the preset structure are those of its atoms");
    return VTR_OK;
}

vtr_status vtr_twin_build_model(vtr_twin *twin, vtr_error *err)
{
    vtr_twin_params *p = &twin->params;
    vtr_structure model = {0};
    size_t ring = 0;
    char composition[sizeof twin->info.composition];
    vtr_status status = check_given(p, err);
    if (status == VTR_OK) status = vtr_structure_read(&model, p->model, &p->structure, err);
    if (status != VTR_OK) return status;
    status = scatter(&twin->phase[0], &model, &ring, err);
    if (status == VTR_OK &&
        vtr_composition_text(&model.composition, composition, sizeof composition) >= sizeof composition)
        status = vtr_fail(err, VTR_ERR_FORMAT, "'%s' holds too many elements", p->model);
    twin->n_phases = 1;
    twin->phase[0].number_density = vtr_structure_number_density(&model);
    vtr_structure_release(&model);
    if (status != VTR_OK) return status;
    p->ring_k = VTR_TWIN_PHASE_Q_STEP * (double)ring / (2 * VTR_PI);
    return vtr_twin_keep_text(twin, &p->composition, composition, err);
}
