/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"
#include "vitrail/constants.h"

#define LEAST_EVENNESS 0.5
/* Only steps of many times the chi2 of chance can pass for the matrix of a whole map; of others the matrix is measured with
 * them in it, since what is left without them has been chosen to have least. */
#define STRONG 3
#define ALIKE_DEGREES 5
#define ALIKE_STEPS 8

/* Bands whose steps are wide and strong make most of the strain's autocovariance, and against a matrix that is taken for that
 * strong no step is more than chance. So lines are first looked for without a matrix and taken out, which leaves the
 * matrix; then, from the weakest on, those that are none against that matrix are put back, and the matrix is measured again.
 * What is taken out is three amplitudes a line, not its whole profile, which would take the matrix along. */
typedef struct candidate {
    vtr_band_step step;
    double amplitude[VTR_TCS], chi2;
} candidate;

/* Lines with a step all along them, up to the first where it is in a few places alone: that is an inclusion's, and the form of
 * a line taken out there would leave a line of the other sign beside it. */
static vtr_status take_out(candidate *list, size_t *n, const vtr_band_maps *maps,
                           double *const residual[VTR_TCS], double false_alarms, vtr_error *err)
{
    const vtr_matrix_strain none = {.length_nm = 1, .power = 2};
    for (*n = 0; *n < VTR_STEPS_MAX; ++*n) {
        candidate *c = &list[*n];
        vtr_status status = vtr_band_step_find(&c->step, maps, residual, &none, false_alarms, err);
        if (status != VTR_OK || !(c->step.chi2 > 0)) return status;
        vtr_band_step_chi2(c->amplitude, &c->step, maps, residual, &none);
        if (!(vtr_band_step_evenness(c->amplitude, &c->step, maps, residual) > LEAST_EVENNESS)) break;
        vtr_band_step_add_form(&c->step, c->amplitude, maps, residual, -1);
    }
    return VTR_OK;
}

/* chi2 of each with the others out; the weakest. */
static size_t weakest(candidate *list, size_t n, const vtr_matrix_strain *matrix, const vtr_band_maps *maps,
                      double *const residual[VTR_TCS])
{
    size_t least = 0;
    for (size_t k = 0; k < n; k++) {
        candidate *c = &list[k];
        vtr_band_step_add_form(&c->step, c->amplitude, maps, residual, 1);
        c->chi2 = vtr_band_step_chi2(c->amplitude, &c->step, maps, residual, matrix);
        vtr_band_step_add_form(&c->step, c->amplitude, maps, residual, -1);
        if (c->chi2 < list[least].chi2) least = k;
    }
    return least;
}

/* A second line along one that was taken out is what that one's form leaves, of another decay length. */
static bool is_known(const vtr_band_step *steps, size_t n, const vtr_band_step *step,
                     const vtr_band_maps *maps)
{
    for (size_t k = 0; k < n; k++) {
        double y = step->y_nm - steps[k].y_nm, x = step->x_nm - steps[k].x_nm;
        double distance = y * cos(steps[k].angle) - x * sin(steps[k].angle);
        if (fabs(remainder(step->angle - steps[k].angle, VTR_PI)) < ALIKE_DEGREES * VTR_RADIANS_PER_DEGREE &&
            fabs(distance) < ALIKE_STEPS * maps->step)
            return true;
    }
    return false;
}

vtr_status vtr_band_steps_find(vtr_band_step *steps, size_t *n, const vtr_band_maps *maps,
                               double *const residual[VTR_TCS], double trimmed, double false_alarms,
                               vtr_error *err)
{
    vtr_matrix_strain matrix;
    candidate list[VTR_STEPS_MAX] = {0};
    double level = STRONG * vtr_band_line_level(maps, false, false_alarms);
    vtr_status status = take_out(list, n, maps, residual, false_alarms, err);
    while (status == VTR_OK) {
        status = vtr_matrix_estimate(&matrix, maps, residual, trimmed, err);
        if (status != VTR_OK || *n == 0) break;
        size_t least = weakest(list, *n, &matrix, maps, residual);
        if (list[least].chi2 >= level) break;
        vtr_band_step_add_form(&list[least].step, list[least].amplitude, maps, residual, 1);
        for (--*n; least < *n; least++)
            list[least] = list[least + 1];
    }
    size_t n_lines = 0;
    for (size_t k = 0; k < *n; k++) {
        vtr_band_step_add_form(&list[k].step, list[k].amplitude, maps, residual, 1);
        if (is_known(steps, n_lines, &list[k].step, maps)) continue;
        steps[n_lines] = list[k].step;
        steps[n_lines++].chi2 = list[k].chi2;
    }
    *n = n_lines;
    return status;
}
