/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the maps of a series share: the area, and a grid. */
#include <math.h>

#include "series/series_internal.h"

/* The nearest position of a map to a place has data. */
static bool has_data_at(const vtr_series_map *map, const double at_nm[2])
{
    double y = round(at_nm[0] / map->step_nm[0]), x = round(at_nm[1] / map->step_nm[1]);
    if (!(y >= 0 && x >= 0 && y < (double)map->n_y && x < (double)map->n_x)) return false;
    return isfinite(map->values[(size_t)y * map->n_x + (size_t)x]);
}

void vtr_series_common(uint8_t *used, const vtr_series_map *maps, const vtr_series_transform *transforms,
                       size_t n_maps, size_t which)
{
    const vtr_series_map *mine = &maps[which];
    size_t n = mine->n_y * mine->n_x;
    for (size_t i = 0; i < n; i++)
        used[i] = isfinite(mine->values[i]);
    for (size_t k = 0; k < n_maps; k++) {
        if (k == which) continue;
        vtr_series_transform back = vtr_series_inverse(&transforms[k]);
        for (size_t i = 0; i < n; i++) {
            const double at[2] = {mine->step_nm[0] * (double)(i / mine->n_x),
                                  mine->step_nm[1] * (double)(i % mine->n_x)};
            double in_reference[2], there[2];
            if (!used[i]) continue;
            vtr_series_apply(&transforms[which], at, in_reference);
            vtr_series_apply(&back, in_reference, there);
            used[i] = has_data_at(&maps[k], there);
        }
    }
}

/* Linear between the four positions around a place. */
static void interpolate(float *value, float *error, const vtr_series_map *map, const double at_nm[2])
{
    double y = at_nm[0] / map->step_nm[0], x = at_nm[1] / map->step_nm[1], sum = 0, variance = 0;
    *value = NAN;
    if (error != NULL) *error = NAN;
    if (!(y >= 0 && x >= 0 && y <= (double)(map->n_y - 1) && x <= (double)(map->n_x - 1))) return;
    size_t iy = (size_t)y, ix = (size_t)x;
    for (size_t k = 0; k < 4; k++) {
        size_t jy = iy + k / 2, jx = ix + k % 2;
        double w =
            (k / 2 ? y - (double)iy : 1 - y + (double)iy) * (k % 2 ? x - (double)ix : 1 - x + (double)ix);
        if (w == 0) continue;
        size_t j = jy * map->n_x + jx;
        sum += w * (double)map->values[j];
        if (map->errors != NULL) variance += w * w * (double)map->errors[j] * (double)map->errors[j];
    }
    *value = (float)sum;
    if (error != NULL && isfinite(sum)) *error = (float)sqrt(variance);
}

void vtr_series_resample(float *values, float *errors, const vtr_series_map *grid, const vtr_series_map *map,
                         const vtr_series_transform *transform)
{
    vtr_series_transform back = vtr_series_inverse(transform);
    for (size_t i = 0; i < grid->n_y * grid->n_x; i++) {
        const double at[2] = {grid->step_nm[0] * (double)(i / grid->n_x),
                              grid->step_nm[1] * (double)(i % grid->n_x)};
        double there[2];
        vtr_series_apply(&back, at, there);
        interpolate(&values[i], errors != NULL ? &errors[i] : NULL, map, there);
    }
}
