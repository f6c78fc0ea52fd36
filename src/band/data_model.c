/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"

/* What fits of inclusions compare the maps with: the field of one, its derivatives, and how the data vary about it. */

static vtr_core core_of(const vtr_band_model *model, const double q[VTR_FIT_N])
{
    vtr_core core = model->core;
    core.radius_nm = q[VTR_INCLUSION_RADIUS];
    core.ellipticity[0] = q[VTR_FIT_E1];
    core.ellipticity[1] = q[VTR_FIT_E2];
    return core;
}

static void times_amplitudes(double strain[VTR_TCS], double basis[VTR_TCS][3], const double q[VTR_FIT_N])
{
    for (int j = 0; j < VTR_TCS; j++)
        strain[j] = basis[j][0] * q[VTR_INCLUSION_C] + basis[j][1] * q[VTR_INCLUSION_S] +
                    basis[j][2] * q[VTR_INCLUSION_D];
}

void vtr_inclusion_field(double strain[VTR_TCS], const vtr_band_model *model, const double q[VTR_FIT_N],
                         double y_nm, double x_nm)
{
    double basis[VTR_TCS][3];
    vtr_core core = core_of(model, q);
    vtr_core_strain(basis, &core, y_nm - q[VTR_INCLUSION_Y], x_nm - q[VTR_INCLUSION_X]);
    times_amplitudes(strain, basis, q);
}

void vtr_inclusion_add(const vtr_inclusion *inclusion, const vtr_band_model *model,
                       double *const residual[VTR_TCS], double sign)
{
    double q[VTR_FIT_N];
    const vtr_band_maps *maps = model->maps;
    vtr_inclusion_parameters(q, inclusion);
    for (size_t i = 0; i < maps->n; i++) {
        double strain[VTR_TCS];
        if (!vtr_band_is_valid(maps, i)) continue;
        vtr_inclusion_field(strain, model, q, vtr_band_y(maps, i), vtr_band_x(maps, i));
        for (int j = 0; j < VTR_TCS; j++)
            residual[j][i] += sign * strain[j];
    }
}

void vtr_inclusion_differentiate(double *columns, size_t n, size_t m, const vtr_band_model *model,
                                 const double parameters[VTR_FIT_N], bool is_elliptical, double y_nm,
                                 double x_nm)
{
    static const int by_differences[] = {VTR_INCLUSION_Y, VTR_INCLUSION_X, VTR_INCLUSION_RADIUS, VTR_FIT_E1,
                                         VTR_FIT_E2};
    double q[VTR_FIT_N], up[VTR_TCS], down[VTR_TCS], basis[VTR_TCS][3];
    memcpy(q, parameters, sizeof q);
    for (size_t d = 0; d < (is_elliptical ? 5 : 3); d++) {
        int which = by_differences[d];
        double at = q[which], h = which >= VTR_FIT_E1 ? 1e-3 : 0.01 * model->maps->step;
        q[which] = at + h;
        vtr_inclusion_field(up, model, q, y_nm, x_nm);
        q[which] = at - h;
        vtr_inclusion_field(down, model, q, y_nm, x_nm);
        q[which] = at;
        for (size_t j = 0; j < VTR_TCS; j++)
            columns[(size_t)which * n + j * m] = (up[j] - down[j]) / (2 * h);
    }
    vtr_core core = core_of(model, q);
    vtr_core_strain(basis, &core, y_nm - q[VTR_INCLUSION_Y], x_nm - q[VTR_INCLUSION_X]);
    for (size_t j = 0; j < VTR_TCS; j++)
        for (size_t a = 0; a < 3; a++)
            columns[(VTR_INCLUSION_C + a) * n + j * m] = basis[j][a];
}

void vtr_fit_covariance(double *covariance, const vtr_band_model *model, const size_t *position, size_t m)
{
    const vtr_band_maps *maps = model->maps;
    const vtr_matrix_strain *matrix = &model->matrix;
    size_t n = VTR_TCS * m;
    memset(covariance, 0, n * n * sizeof *covariance);
    for (size_t a = 0; a < m; a++)
        for (size_t b = a; b < m; b++) {
            double r = hypot(vtr_band_y(maps, position[a]) - vtr_band_y(maps, position[b]),
                             vtr_band_x(maps, position[a]) - vtr_band_x(maps, position[b]));
            double correlation = vtr_matrix_correlation(matrix, r);
            for (size_t j = 0; j < VTR_TCS; j++)
                covariance[(j * m + a) * n + j * m + b] = matrix->variance[j] * correlation;
        }
    for (size_t a = 0; a < m; a++) {
        const double *v = maps->covariance + position[a] * VTR_COVARIANCES;
        const double block[VTR_TCS][VTR_TCS] = {
            {v[VTR_TT], v[VTR_TC], v[VTR_TS]}, {v[VTR_TC], v[VTR_CC], 0}, {v[VTR_TS], 0, v[VTR_SS]}};
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t k = j; k < VTR_TCS; k++)
                covariance[(j * m + a) * n + k * m + a] += block[j][k];
    }
}

void vtr_fit_add_rim(double *covariance, const vtr_band_model *model, const size_t *position, size_t m,
                     const double q[VTR_FIT_N])
{
    vtr_core core = core_of(model, q);
    size_t n = VTR_TCS * m;
    if (core.form != VTR_CORE_HARD || !(core.rim_nm > 0)) return;
    for (size_t a = 0; a < m; a++) {
        double in[VTR_TCS][3], out[VTR_TCS][3], inner[VTR_TCS], outer[VTR_TCS];
        double distance =
            vtr_core_sides(in, out, &core, vtr_band_y(model->maps, position[a]) - q[VTR_INCLUSION_Y],
                           vtr_band_x(model->maps, position[a]) - q[VTR_INCLUSION_X]);
        double p = 0.5 * erfc(-distance / (sqrt(2) * core.rim_nm)), variance = p * (1 - p);
        if (!(variance > 1e-6)) continue;
        times_amplitudes(inner, in, q);
        times_amplitudes(outer, out, q);
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t k = j; k < VTR_TCS; k++)
                covariance[(j * m + a) * n + k * m + a] +=
                    variance * (outer[j] - inner[j]) * (outer[k] - inner[k]);
    }
}
