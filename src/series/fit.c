/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "series/series_internal.h"
#include "vitrail/constants.h"

/* The recording's smoothed fields b at r as those of the reference, a, at u = m + t + R(phi)(r - m):
 *
 *     b(r) = s a'(u) + c + noise,    a' the fields of a in the frame of the recording,
 *
 * s one number for each scalar or pair, c one for each field. Both a and b carry noise. Smoothed alike, the noise of a has the
 * same variance wherever it is read, so the score of t and phi is zero on average at the truth, as least squares wants it; the
 * score of s is not, by s var(a), which is added (the attenuation of a regression on a noisy variable; W. A. Fuller,
 * Measurement Error Models, Wiley 1987, 1.2). The noise in the slopes of a makes Gauss's and Newton's matrix too large, so the
 * errors come from the derivative of the score itself, J, and the covariance M of the score: J^-1 M J^-T. */

enum { GEOMETRY = 3, MOST = GEOMETRY + 2 * VTR_SERIES_FIELDS };

typedef struct fit {
    const smooth_maps *reference, *recording;
    double centre_nm[2];
    size_t n_params, group[VTR_SERIES_FIELDS]; /* parameter of each field's s */
    size_t first_offset;
    double theta[MOST]; /* shift y, x in nm, angle in rad, s, c */
    double *weight;     /* [n_fields][n_y][n_x], 0 = not used */
} fit;

/* What a field of a position should be, and how it moves with the parameters. */
typedef struct prediction {
    double value, variance; /* of a' */
    double slope[GEOMETRY]; /* of a' by shift y, shift x, angle */
} prediction;

static void turn_pair(prediction *first, prediction *second, double turn, double times)
{
    double c = cos(turn), s = sin(turn);
    prediction a = *first, b = *second;
    first->value = c * a.value + s * b.value;
    second->value = c * b.value - s * a.value;
    first->variance = c * c * a.variance + s * s * b.variance;
    second->variance = c * c * b.variance + s * s * a.variance;
    for (int k = 0; k < GEOMETRY; k++) {
        first->slope[k] = c * a.slope[k] + s * b.slope[k];
        second->slope[k] = c * b.slope[k] - s * a.slope[k];
    }
    first->slope[2] += times * second->value;
    second->slope[2] -= times * first->value;
}

/* All fields at position i of the recording; false where the reference has no data there. */
static bool predict(prediction out[VTR_SERIES_FIELDS], const fit *f, const double *theta, size_t i)
{
    const smooth_maps *a = f->reference, *b = f->recording;
    double y = b->step_nm[0] * (double)(i / b->n_x) - f->centre_nm[0],
           x = b->step_nm[1] * (double)(i % b->n_x) - f->centre_nm[1];
    double c = cos(theta[2]), s = sin(theta[2]);
    const double by_angle[2] = {c * x - s * y, -s * x - c * y};
    const double at[2] = {f->centre_nm[0] + theta[0] + s * x + c * y,
                          f->centre_nm[1] + theta[1] + c * x - s * y};
    for (size_t k = 0; k < a->n_fields; k++) {
        prediction *p = &out[k];
        if (!vtr_series_interpolate(&p->value, p->slope, a->value[k], a->n_y, a->n_x, a->step_nm, at) ||
            !vtr_series_interpolate(&p->variance, NULL, a->variance[k], a->n_y, a->n_x, a->step_nm, at))
            return false;
        p->slope[2] = p->slope[0] * by_angle[0] + p->slope[1] * by_angle[1];
    }
    for (size_t k = 0; k < a->n_fields; k++) {
        vtr_series_kind kind = a->maps->field[k].kind;
        if (kind == VTR_SERIES_SCALAR) continue;
        double times = kind == VTR_SERIES_DIRECTOR ? 2 : 1;
        turn_pair(&out[k], &out[k + 1], times * theta[2], times);
        k++;
    }
    return true;
}

/* Slope of the model of field k by all parameters. */
static void model_slope(double slope[MOST], const fit *f, const double *theta, const prediction *p, size_t k)
{
    memset(slope, 0, MOST * sizeof *slope);
    for (int g = 0; g < GEOMETRY; g++)
        slope[g] = theta[f->group[k]] * p->slope[g];
    slope[f->group[k]] = p->value;
    slope[f->first_offset + k] = 1;
}

static double residual(const fit *f, const double *theta, const prediction *p, size_t k, size_t i)
{
    return (double)f->recording->value[k][i] - theta[f->group[k]] * p->value - theta[f->first_offset + k];
}

static double variance_of(const fit *f, const double *theta, const prediction *p, size_t k, size_t i)
{
    double s = theta[f->group[k]];
    return (double)f->recording->variance[k][i] + s * s * p->variance;
}

/* Score, and with `matrix` Gauss's and Newton's (both corrected for the noise of a in the score of s). */
static void add_up(double score[MOST], double matrix[MOST][MOST], const fit *f, const double *theta)
{
    const smooth_maps *b = f->recording;
    size_t n = b->n_y * b->n_x;
    memset(score, 0, MOST * sizeof *score);
    if (matrix != NULL) memset(matrix, 0, MOST * sizeof *matrix);
    for (size_t i = 0; i < n; i++) {
        prediction p[VTR_SERIES_FIELDS];
        if (!(f->weight[i] > 0) || !predict(p, f, theta, i)) continue;
        for (size_t k = 0; k < b->n_fields; k++) {
            double slope[MOST], w = f->weight[k * n + i], r = residual(f, theta, &p[k], k, i);
            size_t g = f->group[k];
            model_slope(slope, f, theta, &p[k], k);
            for (size_t u = 0; u < f->n_params; u++) {
                score[u] += w * slope[u] * r;
                for (size_t v = 0; v < f->n_params && matrix != NULL; v++)
                    matrix[u][v] += w * slope[u] * slope[v];
            }
            score[g] += w * theta[g] * p[k].variance;
            if (matrix != NULL) matrix[g][g] -= w * p[k].variance;
        }
    }
}

/* matrix x = right, both overwritten; `n_right` columns [n_right][MOST]. */
static bool solve(double matrix[MOST][MOST], double (*right)[MOST], size_t n, size_t n_right)
{
    lapack_int pivot[MOST];
    double transposed[MOST][MOST];
    for (size_t u = 0; u < n; u++)
        for (size_t v = 0; v < n; v++)
            transposed[v][u] = matrix[u][v];
    return LAPACKE_dgesv(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)n_right, transposed[0], MOST, pivot,
                         right[0], MOST) == 0;
}

/* Positions that both maps have, and weights by the variances as they are with the present s. */
static size_t set_weights(fit *f)
{
    const smooth_maps *b = f->recording;
    size_t n = b->n_y * b->n_x, n_used = 0;
    for (size_t i = 0; i < n; i++) {
        prediction p[VTR_SERIES_FIELDS];
        bool is_used = true;
        for (size_t k = 0; k < b->n_fields; k++)
            is_used = is_used && isfinite(b->value[k][i]) && b->variance[k][i] > 0;
        is_used = is_used && predict(p, f, f->theta, i);
        n_used += is_used;
        for (size_t k = 0; k < b->n_fields; k++)
            f->weight[k * n + i] = is_used ? 1 / variance_of(f, f->theta, &p[k], k, i) : 0;
    }
    return n_used;
}

/* How far the corners move with a parameter's step, in windows. */
static double movement(const fit *f, const double step[MOST])
{
    const smooth_maps *b = f->recording;
    double corner = hypot(b->step_nm[0] * (double)b->n_y, b->step_nm[1] * (double)b->n_x) / 2;
    return (hypot(step[0], step[1]) + corner * fabs(step[2])) / b->sigma_nm;
}

/* Scales start from the plain regression, offsets with them: the geometry stays where the search left it. */
static bool start_linear(fit *f)
{
    double score[1][MOST], matrix[MOST][MOST];
    for (size_t u = GEOMETRY; u < f->n_params; u++)
        f->theta[u] = 0;
    if (set_weights(f) < 10) return false;
    add_up(score[0], matrix, f, f->theta);
    for (size_t u = 0; u < GEOMETRY; u++) {
        memset(matrix[u], 0, sizeof matrix[u]);
        matrix[u][u] = 1;
        score[0][u] = 0;
    }
    if (!solve(matrix, score, f->n_params, 1)) return false;
    for (size_t u = GEOMETRY; u < f->n_params; u++)
        f->theta[u] += score[0][u];
    return true;
}

enum { ROUNDS = 3, STEPS = 30 };

static bool descend(fit *f)
{
    for (int round = 0; round < ROUNDS; round++) {
        double moved = INFINITY;
        if (set_weights(f) < 10) return false;
        for (int k = 0; k < STEPS && moved > 1e-4; k++) {
            double step[1][MOST], matrix[MOST][MOST];
            add_up(step[0], matrix, f, f->theta);
            if (!solve(matrix, step, f->n_params, 1)) return false;
            moved = movement(f, step[0]);
            double factor = moved > 1 ? 1 / moved : 1;
            for (size_t u = 0; u < f->n_params; u++)
                f->theta[u] += factor * step[0][u];
            if (!isfinite(moved)) return false;
        }
    }
    return true;
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* J = -d score/d theta by central differences; steps of a hundredth of the window, and of the scales. */
static void differentiate(double J[MOST][MOST], const fit *f)
{
    const smooth_maps *b = f->recording;
    double corner = hypot(b->step_nm[0] * (double)b->n_y, b->step_nm[1] * (double)b->n_x) / 2;
    for (size_t v = 0; v < f->n_params; v++) {
        double theta[MOST], above[MOST], below[MOST];
        double h = v < 2 ? 0.02 * b->sigma_nm : v == 2 ? 0.02 * b->sigma_nm / corner : 1e-3;
        memcpy(theta, f->theta, sizeof theta);
        theta[v] = f->theta[v] + h;
        add_up(above, NULL, f, theta);
        theta[v] = f->theta[v] - h;
        add_up(below, NULL, f, theta);
        for (size_t u = 0; u < f->n_params; u++)
            J[u][v] = -(above[u] - below[u]) / (2 * h);
    }
}

/* Sums over the field of squared residuals, plain and in blocks, beside what the smoothed noise makes of them. */
typedef struct misfit {
    double plain, plain_expected, blocks, blocks_expected;
} misfit;

/* M, the covariance of the score: noise smoothed by the window has the correlation exp(-d^2/(4 sigma^2)). */
static void add_covariance(double M[MOST][MOST], const fit *f, size_t k, double *images)
{
    const smooth_maps *b = f->recording;
    size_t n = b->n_y * b->n_x;
    double *scratch = images + f->n_params * n;
    memset(images, 0, f->n_params * n * sizeof *images);
    for (size_t i = 0; i < n; i++) {
        prediction p[VTR_SERIES_FIELDS];
        double slope[MOST];
        if (!(f->weight[i] > 0) || !predict(p, f, f->theta, i)) continue;
        model_slope(slope, f, f->theta, &p[k], k);
        double w = f->weight[k * n + i] * sqrt(variance_of(f, f->theta, &p[k], k, i));
        for (size_t u = 0; u < f->n_params; u++)
            images[u * n + i] = w * slope[u];
    }
    for (size_t u = 0; u < f->n_params; u++)
        for (size_t v = 0; v <= u; v++) {
            bool is_mine = (u < GEOMETRY || u == f->group[k] || u == f->first_offset + k) &&
                           (v < GEOMETRY || v == f->group[k] || v == f->first_offset + k);
            if (!is_mine) continue;
            double product = vtr_smooth_product(images + u * n, images + v * n, b->n_y, b->n_x, b->step_nm,
                                                b->sigma_nm, scratch);
            M[u][v] += product;
            if (u != v) M[v][u] += product;
        }
}

/* Residuals over their error bars, summed in blocks of six windows: what is left of two fields that are not the same is alike
 * over more than the window, and must not pass for precision. */
static void add_misfit(misfit *m, const fit *f, size_t k, double *images)
{
    const smooth_maps *b = f->recording;
    size_t n = b->n_y * b->n_x;
    double *ones = images, *scratch = images + n;
    size_t block_y = (size_t)ceil(6 * b->sigma_nm / b->step_nm[0]),
           block_x = (size_t)ceil(6 * b->sigma_nm / b->step_nm[1]);
    for (size_t y0 = 0; y0 < b->n_y; y0 += block_y)
        for (size_t x0 = 0; x0 < b->n_x; x0 += block_x) {
            size_t n_y = y0 + block_y < b->n_y ? block_y : b->n_y - y0,
                   n_x = x0 + block_x < b->n_x ? block_x : b->n_x - x0;
            double sum = 0;
            for (size_t j = 0; j < n_y * n_x; j++) {
                size_t i = (y0 + j / n_x) * b->n_x + x0 + j % n_x;
                prediction p[VTR_SERIES_FIELDS];
                ones[j] = f->weight[i] > 0 && predict(p, f, f->theta, i);
                if (!(ones[j] > 0)) continue;
                double r = residual(f, f->theta, &p[k], k, i);
                double z2 = r * r / variance_of(f, f->theta, &p[k], k, i);
                m->plain += z2;
                m->plain_expected++;
                sum += r < 0 ? -sqrt(z2) : sqrt(z2);
            }
            m->blocks += sum * sum;
            m->blocks_expected += vtr_smooth_product(ones, ones, n_y, n_x, b->step_nm, b->sigma_nm, scratch);
        }
}

/* covariance = factor J^-1 M J^-T. */
static bool sandwich(double covariance[MOST][MOST], double J[MOST][MOST], double M[MOST][MOST], double factor,
                     size_t n)
{
    double left[MOST][MOST], right[MOST][MOST];
    memcpy(left, M, sizeof left); /* symmetric: its rows are its columns */
    if (!solve(J, left, n, n)) return false;
    for (size_t u = 0; u < n; u++)
        for (size_t v = 0; v < n; v++)
            right[u][v] = left[v][u];
    if (!solve(J, right, n, n)) return false;
    for (size_t u = 0; u < n; u++)
        for (size_t v = 0; v < n; v++)
            covariance[u][v] = factor * right[u][v];
    return true;
}

/* What the scales are beyond zero, as a chi-squared: each group on its own. */
static double significance(const fit *f, double covariance[MOST][MOST], double excess)
{
    double sum = 0;
    for (size_t u = GEOMETRY; u < f->first_offset; u++)
        if (f->theta[u] > 0 && covariance[u][u] > 0)
            sum += f->theta[u] * f->theta[u] / (covariance[u][u] * excess);
    return sum;
}

static void fill(vtr_series_registration *out, const fit *f, double covariance[MOST][MOST])
{
    static const double unit[GEOMETRY] = {1, 1, 1 / VTR_RADIANS_PER_DEGREE};
    vtr_series_transform *t = &out->transform;
    for (int i = 0; i < 2; i++) {
        t->centre_nm[i] = f->centre_nm[i];
        t->shift_nm[i] = f->theta[i];
    }
    t->angle_degrees = f->theta[2] * unit[2];
    for (int u = 0; u < GEOMETRY; u++)
        for (int v = 0; v < GEOMETRY; v++)
            t->covariance[u][v] = covariance[u][v] * unit[u] * unit[v];
    for (size_t k = 0; k < f->recording->n_fields; k++) {
        out->scale[k] = f->theta[f->group[k]];
        out->scale_error[k] = sqrt(covariance[f->group[k]][f->group[k]]);
        out->offset[k] = f->theta[f->first_offset + k];
    }
    out->smoothing_nm = f->recording->sigma_nm;
}

static vtr_status find_errors(vtr_series_registration *out, fit *f, vtr_error *err)
{
    size_t n = f->recording->n_y * f->recording->n_x;
    double J[MOST][MOST], M[MOST][MOST] = {{0}}, covariance[MOST][MOST];
    double *images = vtr_malloc((f->n_params + 2) * n, sizeof *images);
    if (images == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the errors of a registration");
    misfit m = {0};
    differentiate(J, f);
    for (size_t k = 0; k < f->recording->n_fields; k++) {
        add_covariance(M, f, k, images);
        add_misfit(&m, f, k, images);
    }
    vtr_free(images);
    out->chi2 = m.plain / m.plain_expected;
    double factor = fmax(1, out->chi2), blocks = fmax(1, m.blocks / m.blocks_expected);
    if (!sandwich(covariance, J, M, factor, f->n_params))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "the maps do not determine shift and rotation");
    out->significance = significance(f, covariance, fmax(1, blocks / factor));
    fill(out, f, covariance);
    for (int u = 0; u < GEOMETRY; u++)
        if (!(covariance[u][u] > 0))
            return vtr_fail(err, VTR_ERR_NOT_FOUND, "the maps do not determine shift and rotation");
    return VTR_OK;
}

vtr_status vtr_series_fit(vtr_series_registration *out, const smooth_maps *reference,
                          const smooth_maps *recording, const vtr_series_transform *start, vtr_error *err)
{
    fit f = {reference, recording, {start->centre_nm[0], start->centre_nm[1]}, GEOMETRY};
    for (size_t k = 0; k < recording->n_fields; k++) {
        bool is_pair = recording->maps->field[k].kind != VTR_SERIES_SCALAR;
        f.group[k] = f.n_params++;
        if (is_pair) {
            f.group[k + 1] = f.group[k];
            k++;
        }
    }
    f.first_offset = f.n_params;
    f.n_params += recording->n_fields;
    f.theta[0] = start->shift_nm[0];
    f.theta[1] = start->shift_nm[1];
    f.theta[2] = start->angle_degrees * VTR_RADIANS_PER_DEGREE;
    f.weight = vtr_malloc(recording->n_fields * recording->n_y * recording->n_x, sizeof *f.weight);
    if (f.weight == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a registration");
    vtr_status status = start_linear(&f) && descend(&f)
                            ? VTR_OK
                            : vtr_fail(err, VTR_ERR_NOT_FOUND, "the maps have no place where they agree");
    if (status == VTR_OK) {
        out->n_positions = set_weights(&f);
        status = find_errors(out, &f, err);
    }
    vtr_free(f.weight);
    return status;
}
