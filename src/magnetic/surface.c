/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <string.h>

#include "magnetic/magnetic_internal.h"

enum { MAX_TERMS = 6 };

void vtr_surface_terms(double terms[MAX_TERMS], size_t n_y, size_t n_x, size_t position)
{
    double u = (double)(position % n_x) - 0.5 * (double)(n_x - 1);
    double v = (double)(position / n_x) - 0.5 * (double)(n_y - 1);
    const double all[MAX_TERMS] = {1, u, v, u * u, u * v, v * v};
    memcpy(terms, all, sizeof all);
}

/* One coordinate of the beam and the positions that count. */
typedef struct samples {
    size_t n_y, n_x, n_terms;
    const double *value, *variance;
    const unsigned char *region;
    double scale[MAX_TERMS]; /* brings the terms to about 1 */
} samples;

/* Whether a position counts, and its terms. */
static bool take(double terms[MAX_TERMS], const samples *s, size_t i)
{
    if ((s->region != NULL && s->region[i] == 0) || !isfinite(s->value[i])) return false;
    vtr_surface_terms(terms, s->n_y, s->n_x, i);
    for (size_t j = 0; j < s->n_terms; j++)
        terms[j] *= s->scale[j];
    return true;
}

/* Inverse of a symmetric matrix; directions that the positions do not determine (a scan of one row) are left out. */
static int invert(double inverse[MAX_TERMS][MAX_TERMS], double matrix[MAX_TERMS * MAX_TERMS], size_t n)
{
    double values[MAX_TERMS];
    if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)n, matrix, (lapack_int)n, values) != 0)
        return -1;
    memset(inverse, 0, sizeof(double) * MAX_TERMS * MAX_TERMS);
    for (size_t k = 0; k < n; k++) {
        if (!(values[k] > 1e-12 * values[n - 1])) continue;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                inverse[i][j] += matrix[i * n + k] * matrix[j * n + k] / values[k];
    }
    return 0;
}

static double typical_variance(const samples *s)
{
    double sum = 0, n = 0, terms[MAX_TERMS];
    for (size_t i = 0; i < s->n_y * s->n_x; i++) {
        if (!take(terms, s, i) || !isfinite(s->variance[i])) continue;
        sum += s->variance[i];
        n++;
    }
    return n > 0 ? sum / n : 0;
}

static double residual(const double terms[MAX_TERMS], const double a[MAX_TERMS], double value, size_t n)
{
    for (size_t j = 0; j < n; j++)
        value -= a[j] * terms[j];
    return value;
}

/* Least squares with weights 1/(variance + its mean), so that no position outweighs another by much: where the field
 * itself is not uniform, the surface's misfit is in every residual alike. The covariance is that of these weights with
 * the residuals' own scatter in place of the errors where that is larger.
 * Returned  a, covariance of the terms as scaled; rms; the number of positions, 0 where it failed */
static size_t fit(double a[MAX_TERMS], double covariance[MAX_TERMS][MAX_TERMS], double *rms, const samples *s)
{
    double matrix[MAX_TERMS * MAX_TERMS] = {0}, right[MAX_TERMS] = {0}, inverse[MAX_TERMS][MAX_TERMS],
                              t[MAX_TERMS];
    double typical = typical_variance(s), n_terms = (double)s->n_terms, sum = 0, weighted = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n_y * s->n_x; i++) {
        if (!take(t, s, i)) continue;
        double weight = typical > 0 ? 2 * typical / (s->variance[i] + typical) : 1;
        if (!isfinite(weight)) continue;
        n++;
        for (size_t j = 0; j < s->n_terms; j++) {
            right[j] += weight * t[j] * s->value[i];
            for (size_t k = 0; k < s->n_terms; k++)
                matrix[j * s->n_terms + k] += weight * t[j] * t[k];
        }
    }
    if (n == 0 || invert(inverse, matrix, s->n_terms) != 0) return 0;
    memset(a, 0, MAX_TERMS * sizeof *a);
    for (size_t j = 0; j < s->n_terms; j++)
        for (size_t k = 0; k < s->n_terms; k++)
            a[j] += inverse[j][k] * right[k];
    for (size_t i = 0; i < s->n_y * s->n_x; i++) {
        if (!take(t, s, i)) continue;
        double weight = typical > 0 ? 2 * typical / (s->variance[i] + typical) : 1;
        double r = residual(t, a, s->value[i], s->n_terms);
        if (!isfinite(weight)) continue;
        sum += r * r;
        weighted += weight * r * r;
    }
    double scatter = (double)n > n_terms ? weighted / ((double)n - n_terms) : 0;
    if (scatter < typical) scatter = typical;
    for (size_t j = 0; j < MAX_TERMS; j++)
        for (size_t k = 0; k < MAX_TERMS; k++)
            covariance[j][k] = scatter * inverse[j][k];
    *rms = sqrt(sum / (double)n);
    return n;
}

static void unscale(double a[MAX_TERMS], double covariance[MAX_TERMS][MAX_TERMS],
                    const double scale[MAX_TERMS])
{
    for (size_t j = 0; j < MAX_TERMS; j++) {
        a[j] *= scale[j];
        for (size_t k = 0; k < MAX_TERMS; k++)
            covariance[j][k] *= scale[j] * scale[k];
    }
}

vtr_status vtr_surface_fit(vtr_magnetic_surface *out, size_t n_terms, size_t n_y, size_t n_x, const double *x,
                           const double *y, const double *x_variance, const double *y_variance,
                           const unsigned char *region, vtr_error *err)
{
    double length = fmax((double)(n_y > n_x ? n_y : n_x) / 2, 1), square = length * length;
    vtr_magnetic_surface s = {.n_coefficients = n_terms, .is_whole_map = true};
    samples along_x = {n_y,
                       n_x,
                       n_terms,
                       x,
                       x_variance,
                       region,
                       {1, 1 / length, 1 / length, 1 / square, 1 / square, 1 / square}};
    samples along_y = along_x;
    along_y.value = y;
    along_y.variance = y_variance;
    for (size_t i = 0; i < n_y * n_x && region != NULL; i++)
        s.is_whole_map = s.is_whole_map && region[i] != 0;
    s.n_used = fit(s.cx, s.cx_covariance, &s.rms_x_px, &along_x);
    if (s.n_used == 0 || fit(s.cy, s.cy_covariance, &s.rms_y_px, &along_y) == 0)
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "no position of the region has a direct beam, so no descan surface can be fitted; choose "
            "another one with --region");
    unscale(s.cx, s.cx_covariance, along_x.scale);
    unscale(s.cy, s.cy_covariance, along_x.scale);
    *out = s;
    return VTR_OK;
}
