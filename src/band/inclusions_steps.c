/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/inclusions_internal.h"

static vtr_status take_out_step(vtr_inclusion_search *s, double trimmed, vtr_error *err)
{
    vtr_band_step *step = &s->steps[s->n_steps++];
    vtr_status status = vtr_band_step_profile(step, &s->maps, s->residual, err);
    if (status != VTR_OK) return status;
    vtr_band_step_add(step, &s->maps, s->residual, -1);
    return vtr_matrix_estimate(&s->model.matrix, &s->maps, s->residual, trimmed, err);
}

/* Those that would pass for the matrix first, then what is more than chance against what they leave. */
vtr_status vtr_inclusion_search_steps(vtr_inclusion_search *s, double trimmed, vtr_error *err)
{
    size_t n_strong = 0;
    vtr_status status = vtr_matrix_estimate(&s->model.matrix, &s->maps, s->residual, trimmed, err);
    s->n_steps = 0;
    if (status != VTR_OK || s->params.keep_bands) return status;
    status =
        vtr_band_steps_find(s->steps, &n_strong, &s->maps, s->residual, trimmed, s->params.false_alarms, err);
    while (status == VTR_OK && s->n_steps < n_strong)
        status = take_out_step(s, trimmed, err);
    while (status == VTR_OK && s->n_steps < VTR_STEPS_MAX) {
        vtr_band_step *step = &s->steps[s->n_steps];
        status =
            vtr_band_step_find(step, &s->maps, s->residual, &s->model.matrix, s->params.false_alarms, err);
        if (status != VTR_OK || !(step->chi2 > 0)) break;
        status = take_out_step(s, trimmed, err);
    }
    return status;
}

/* The mean strain along each band again, now that inclusions are out. */
vtr_status vtr_inclusion_renew_steps(vtr_inclusion_search *s, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t b = 0; b < s->n_steps && status == VTR_OK; b++) {
        vtr_band_step_add(&s->steps[b], &s->maps, s->residual, 1);
        status = vtr_band_step_profile(&s->steps[b], &s->maps, s->residual, err);
        if (status == VTR_OK) vtr_band_step_add(&s->steps[b], &s->maps, s->residual, -1);
    }
    return status;
}

void vtr_inclusion_put_steps_back(vtr_inclusion_search *s)
{
    for (size_t b = 0; b < s->n_steps; b++) {
        vtr_band_step_add(&s->steps[b], &s->maps, s->residual, 1);
        vtr_band_step_release(&s->steps[b]);
    }
    s->n_steps = 0;
}
