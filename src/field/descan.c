/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <string.h>

#include "field/field_internal.h"
#include "vitrail/ring.h"

enum { MAX_TERMS = 6, ITERATIONS = 12 };

/* One coordinate of the centres at the valid positions. */
typedef struct samples {
    size_t n;
    double *u, *v;  /* scan coordinates, scaled to [-1, 1] */
    double *value;  /* px */
    double *weight; /* inverse variance, with a floor */
    double *residual, *scratch;
} samples;

static int terms_of(double terms[MAX_TERMS], double u, double v)
{
    const double all[MAX_TERMS] = {1, u, v, u * u, u * v, v * v};
    memcpy(terms, all, sizeof all);
    return MAX_TERMS;
}

/* Weighted least squares; Tukey's biweight (Beaton & Tukey, Technometrics 16, 147, 1974) puts aside what lies more
 * than 4.685 robust standard deviations off; scale <= 0: all are used. Minimum norm where the positions do not
 * determine a term (a scan of one row). */
static int solve(double a[MAX_TERMS], const samples *s, int n_terms, double scale)
{
    double matrix[MAX_TERMS * MAX_TERMS] = {0}, right[MAX_TERMS] = {0}, singular[MAX_TERMS], t[MAX_TERMS];
    for (size_t i = 0; i < s->n; i++) {
        double z = scale > 0 ? s->residual[i] / (4.685 * scale) : 0;
        if (!(fabs(z) < 1)) continue;
        double weight = s->weight[i] * (1 - z * z) * (1 - z * z);
        terms_of(t, s->u[i], s->v[i]);
        for (int j = 0; j < n_terms; j++) {
            right[j] += weight * t[j] * s->value[i];
            for (int k = 0; k < n_terms; k++)
                matrix[j * n_terms + k] += weight * t[j] * t[k];
        }
    }
    lapack_int rank = 0;
    int failed = LAPACKE_dgelss(LAPACK_ROW_MAJOR, n_terms, n_terms, 1, matrix, n_terms, right, 1, singular,
                                1e-12, &rank);
    if (!failed) memcpy(a, right, (size_t)n_terms * sizeof *a);
    return failed;
}

static void set_residuals(const samples *s, const double a[MAX_TERMS], int n_terms)
{
    for (size_t i = 0; i < s->n; i++) {
        double t[MAX_TERMS], model = 0;
        terms_of(t, s->u[i], s->v[i]);
        for (int j = 0; j < n_terms; j++)
            model += a[j] * t[j];
        s->residual[i] = s->value[i] - model;
    }
}

static double scale_of(const samples *s)
{
    memcpy(s->scratch, s->residual, s->n * sizeof *s->scratch);
    return vtr_median_spread(s->scratch, s->n, 0);
}

/* Returns 0 and the coefficients in scaled coordinates, the rms of what was used and its number. */
static int fit(double a[MAX_TERMS], double *rms, size_t *n_used, const samples *s, int n_terms)
{
    double scale = 0, previous = INFINITY;
    int failed = solve(a, s, n_terms, 0);
    for (int k = 0; !failed && k < ITERATIONS; k++) {
        set_residuals(s, a, n_terms);
        scale = scale_of(s);
        if (!(scale > 1e-12) || fabs(scale - previous) < 1e-3 * scale) break;
        previous = scale;
        failed = solve(a, s, n_terms, scale);
    }
    if (failed) return failed;
    set_residuals(s, a, n_terms);
    double sum = 0;
    *n_used = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (scale > 1e-12 && !(fabs(s->residual[i]) < 4.685 * scale)) continue;
        sum += s->residual[i] * s->residual[i];
        ++*n_used;
    }
    *rms = sqrt(sum / (double)*n_used);
    return 0;
}

/* Scan coordinates of the reference point in the middle, and the scale that takes positions to [-1, 1]. */
typedef struct frame {
    double middle_x, middle_y, scale;
} frame;

static frame frame_of(const vtr_ring_map *map)
{
    size_t longest = map->n_x > map->n_y ? map->n_x : map->n_y;
    return (frame){(double)(map->n_x - 1) / 2, (double)(map->n_y - 1) / 2,
                   longest > 1 ? 2 / (double)(longest - 1) : 1};
}

static void unscale(double out[MAX_TERMS], const double a[MAX_TERMS], double scale)
{
    const double factors[MAX_TERMS] = {1, scale, scale, scale * scale, scale * scale, scale * scale};
    for (int j = 0; j < MAX_TERMS; j++)
        out[j] = a[j] * factors[j];
}

static void take(samples *s, const vtr_ring_map *map, size_t parameter)
{
    const frame f = frame_of(map);
    size_t variance = vtr_ring_map_covariance_index(parameter, parameter);
    s->n = 0;
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        if (!vtr_field_is_valid(map, i)) continue;
        double c = map->covariance[i * VTR_RING_MAP_COVARIANCE_N + variance];
        s->u[s->n] = ((double)(i % map->n_x) - f.middle_x) * f.scale;
        s->v[s->n] = ((double)(i / map->n_x) - f.middle_y) * f.scale;
        s->value[s->n] = map->ellipse[i * VTR_RING_MAP_ELLIPSE_N + parameter];
        s->weight[s->n++] = isfinite(c) && c > 0 ? c : 0;
    }
    /* No position may outweigh the typical one much: the surface is not that exact. */
    memcpy(s->scratch, s->weight, s->n * sizeof *s->scratch);
    double typical = vtr_median(s->scratch, s->n);
    for (size_t i = 0; i < s->n; i++)
        s->weight[i] = typical > 0 ? typical / (s->weight[i] + typical) : 1;
}

vtr_status vtr_field_descan_fit(vtr_field_descan *out, const vtr_ring_map *map, vtr_descan_model model,
                                vtr_error *err)
{
    size_t n = map->n_y * map->n_x;
    double *memory = vtr_malloc(n, 6 * sizeof *memory), a[MAX_TERMS] = {0};
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the descan surface");
    samples s = {0, memory, memory + n, memory + 2 * n, memory + 3 * n, memory + 4 * n, memory + 5 * n};
    vtr_field_descan descan = {.model = model, .n_coefficients = model == VTR_DESCAN_PLANE ? 3 : 6};
    size_t used_x = 0, used_y = 0;
    double scale = frame_of(map).scale;
    take(&s, map, VTR_ELLIPSE_CX);
    int failed = fit(a, &descan.rms_x_px, &used_x, &s, (int)descan.n_coefficients);
    unscale(descan.cx, a, scale);
    take(&s, map, VTR_ELLIPSE_CY);
    if (!failed) failed = fit(a, &descan.rms_y_px, &used_y, &s, (int)descan.n_coefficients);
    unscale(descan.cy, a, scale);
    descan.n_valid = s.n;
    descan.n_used = used_x < used_y ? used_x : used_y;
    vtr_free(memory);
    if (failed) return vtr_fail(err, VTR_ERR_NUMERIC, "no surface could be fitted to the rings' centres");
    *out = descan;
    return VTR_OK;
}
