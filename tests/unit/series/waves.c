/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "waves.h"

#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"

void waves_draw(waves *w, uint64_t seed, double shortest_nm)
{
    vtr_random random;
    vtr_random_start(&random, seed, 1);
    for (int f = 0; f < 3; f++)
        for (int i = 0; i < WAVES; i++) {
            double k = 2 * VTR_PI / (shortest_nm * (1 + 3 * vtr_random_uniform(&random)));
            double angle = 2 * VTR_PI * vtr_random_uniform(&random);
            w->amplitude[f][i] = sqrt(2.0 / WAVES);
            w->k_y[f][i] = k * sin(angle);
            w->k_x[f][i] = k * cos(angle);
            w->phase[f][i] = 2 * VTR_PI * vtr_random_uniform(&random);
        }
}

double waves_at(const waves *w, int f, double y_nm, double x_nm)
{
    double sum = 0;
    for (int i = 0; i < WAVES; i++)
        sum += w->amplitude[f][i] * cos(w->k_y[f][i] * y_nm + w->k_x[f][i] * x_nm + w->phase[f][i]);
    return sum;
}

void scan_make(vtr_series_maps *maps, const waves *w, const scan *s)
{
    size_t n = s->n_y * s->n_x;
    vtr_random random;
    vtr_random_start(&random, s->seed, 2);
    *maps = (vtr_series_maps){s->n_y, s->n_x, 3, {s->step_nm, s->step_nm}};
    for (int f = 0; f < 3; f++) {
        maps->field[f].kind = f == 0 ? VTR_SERIES_SCALAR : VTR_SERIES_DIRECTOR;
        maps->field[f].values = vtr_malloc(n, sizeof(float));
        maps->field[f].errors = vtr_malloc(n, sizeof(float));
        assert_non_null(maps->field[f].values);
        assert_non_null(maps->field[f].errors);
    }
    double turn = 2 * s->place.angle_degrees * VTR_RADIANS_PER_DEGREE, c = cos(turn), d = sin(turn);
    for (size_t i = 0; i < n; i++) {
        const double from[2] = {s->step_nm * (double)(i / s->n_x), s->step_nm * (double)(i % s->n_x)};
        double at[2], value[3];
        vtr_series_apply(&s->place, from, at);
        for (int f = 0; f < 3; f++)
            value[f] = waves_at(w, f, at[0], at[1]);
        /* a director at the angle a in the field lies at a - turn in the scan */
        const double seen[3] = {value[0], c * value[1] + d * value[2], c * value[2] - d * value[1]};
        for (int f = 0; f < 3; f++) {
            maps->field[f].errors[i] = (float)s->noise;
            maps->field[f].values[i] = (float)(s->scale * seen[f] + s->noise * vtr_random_normal(&random));
        }
    }
}

scan reference_scan(double noise, uint64_t seed)
{
    return (scan){N_Y, N_X, step_nm, .scale = 1, .noise = noise, .seed = 2 * seed};
}

scan moved_scan(double y_nm, double x_nm, double angle_degrees, double noise, uint64_t seed)
{
    scan s = {N_Y, N_X, step_nm, .scale = 1, .noise = noise, .seed = 2 * seed + 1};
    s.place = (vtr_series_transform){.centre_nm = {0.5 * step_nm * (N_Y - 1), 0.5 * step_nm * (N_X - 1)},
                                     .shift_nm = {y_nm, x_nm},
                                     .angle_degrees = angle_degrees};
    return s;
}

vtr_status register_scans(vtr_series_registration *out, const waves *w, const scan *a, const scan *b,
                          const vtr_series_params *params, vtr_error *err)
{
    vtr_series_maps first, second;
    scan_make(&first, w, a);
    scan_make(&second, w, b);
    vtr_status status = vtr_series_register(out, &first, &second, params, err);
    vtr_series_maps_release(&first);
    vtr_series_maps_release(&second);
    return status;
}
