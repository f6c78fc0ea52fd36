/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"

/* Where is chi^2 more than chance? Anywhere in the map above the level at which a map without inclusions has the false
 * alarms that are allowed; and on the line of a band whose step was found, where inclusions are to be expected, above the
 * lower level at which all those lines together have as many. The prior is that and no more: nothing is said about
 * distances along the line, nor about the direction of the eigenstrain. */

/* Half the width of such a line: what its place is known to, and what a centre is off by where it is faint. */
#define LINE_STEPS 1.5

static bool is_on_line(const vtr_band_step *step, const vtr_band_maps *maps, double y_nm, double x_nm)
{
    double dy = y_nm - step->y_nm, dx = x_nm - step->x_nm, c = cos(step->angle), s = sin(step->angle);
    double along = dy * s + dx * c, across = dy * c - dx * s;
    return fabs(across) <= hypot(LINE_STEPS * maps->step, step->angle_error * along);
}

bool vtr_band_is_on_line(const vtr_band_maps *maps, const vtr_band_step *steps, size_t n_steps, double y_nm,
                         double x_nm)
{
    for (size_t b = 0; b < n_steps; b++)
        if (is_on_line(&steps[b], maps, y_nm, x_nm)) return true;
    return false;
}

vtr_inclusion_levels vtr_inclusion_levels_set(const vtr_band_maps *maps, const vtr_band_step *steps,
                                              size_t n_steps, size_t n_trials, double false_alarms)
{
    size_t n_on_line = 0;
    for (size_t i = 0; i < maps->n && n_steps > 0; i++)
        n_on_line += vtr_band_is_valid(maps, i) &&
                     vtr_band_is_on_line(maps, steps, n_steps, maps->step_y * (double)(i / maps->n_x),
                                         maps->step_x * (double)(i % maps->n_x));
    /* as many radii a position as in the rest of the map */
    double in_map = fmax(1, (double)n_trials), on_lines = in_map * (double)n_on_line / (double)maps->n_valid;
    vtr_inclusion_levels levels = {.in_map = vtr_chi2_3_quantile(fmin(1, false_alarms / in_map))};
    levels.on_lines = levels.in_map;
    if (on_lines >= 1) levels.on_lines = vtr_chi2_3_quantile(fmin(1, false_alarms / on_lines));
    return levels;
}
