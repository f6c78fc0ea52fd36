/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "magnetic/magnetic_internal.h"

/* A derivative along one dimension as weights of the centre and its two neighbours: central, one-sided where a
 * neighbour is missing; false where both are. */
typedef struct difference {
    size_t at[3];
    double weight[3];
} difference;

static bool has_vector(const double *vector, size_t i)
{
    return isfinite(vector[2 * i]) && isfinite(vector[2 * i + 1]);
}

static bool set_difference(difference *d, const double *vector, size_t i, size_t index, size_t n,
                           size_t stride, double step)
{
    double before = index > 0 && has_vector(vector, i - stride),
           after = index + 1 < n && has_vector(vector, i + stride);
    if (before + after == 0) return false;
    double scale = 1 / ((before + after) * step);
    *d = (difference){{i, before > 0 ? i - stride : i, after > 0 ? i + stride : i},
                      {(before - after) * scale, -before * scale, after * scale}};
    return true;
}

/* sum_k w_k v[at_k] and its variance for a component of the vectors. */
static double apply(double *variance, const difference *d, const double *vector, const double *covariance,
                    size_t component)
{
    double sum = 0;
    for (size_t k = 0; k < 3; k++) {
        if (d->weight[k] == 0) continue;
        sum += d->weight[k] * vector[2 * d->at[k] + component];
        *variance += d->weight[k] * d->weight[k] * covariance[3 * d->at[k] + component];
    }
    return sum;
}

/* Where both derivatives take the same position (at an edge), its two components are correlated. */
static double shared(const difference *a, const difference *b, const double *covariance)
{
    return a->weight[0] * b->weight[0] * covariance[3 * a->at[0] + 2];
}

/* div = d(Fx)/dx + d(Fy)/dy and curl = d(Fy)/dx - d(Fx)/dy of the projected field F = B t (or E t): the first is zero of
 * every induction, the second is mu0 times the projected current density along z. Standard deviations take the positions
 * as independent: with a vacuum in wider steps, which is shared between neighbours, they are upper bounds. */
vtr_status vtr_magnetic_add_differences(vtr_magnetic *m, const double *projected, const double *covariance,
                                        vtr_error *err)
{
    bool has_steps = m->scan_step_nm[0] > 0 && m->scan_step_nm[1] > 0;
    double step_y = has_steps ? m->scan_step_nm[0] : 1, step_x = has_steps ? m->scan_step_nm[1] : 1;
    const char *unit =
        m->is_electric ? (has_steps ? "V/nm" : "V/position") : (has_steps ? "T" : "T nm/position");
    vtr_field_map *divergence = vtr_magnetic_add_map(
        m, "divergence", unit,
        m->is_electric ? "divergence of E times thickness" : "divergence of B times thickness", true, err);
    vtr_field_map *curl =
        divergence == NULL
            ? NULL
            : vtr_magnetic_add_map(m, "curl", unit,
                                   m->is_electric ? "curl of E times thickness, along the beam"
                                                  : "curl of B times thickness, along the beam",
                                   true, err);
    if (curl == NULL) return VTR_ERR_MEMORY;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        difference dx, dy;
        if (!has_vector(projected, i) || !set_difference(&dx, projected, i, i % m->n_x, m->n_x, 1, step_x) ||
            !set_difference(&dy, projected, i, i / m->n_x, m->n_y, m->n_x, step_y))
            continue;
        double variance = 0, of_curl = 0, both = shared(&dx, &dy, covariance);
        divergence->values[i] = (float)(apply(&variance, &dx, projected, covariance, 0) +
                                        apply(&variance, &dy, projected, covariance, 1));
        divergence->errors[i] = (float)sqrt(variance + 2 * both);
        curl->values[i] = (float)(apply(&of_curl, &dx, projected, covariance, 1) -
                                  apply(&of_curl, &dy, projected, covariance, 0));
        curl->errors[i] = (float)sqrt(of_curl - 2 * both);
    }
    return VTR_OK;
}
