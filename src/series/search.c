/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "base/fourier.h"
#include "series/series_internal.h"
#include "vitrail/constants.h"

/* Normalised cross-correlation of maps with holes, all shifts at once by Fourier transforms of map and mask (D. Padfield,
 * IEEE Trans. Image Process. 21, 2706, 2012), for every angle of a grid so fine that the corners move by the window's width
 * from one to the next. */

/* A recording on the grid of the search: fields over their noise, less their mean; 0 outside of `mask`. */
typedef struct grid {
    size_t n_y, n_x, n_valid;
    double origin_nm[2];
    double *field[VTR_SERIES_FIELDS], *mask; /* [n_y][n_x] */
} grid;

enum { SQUARE = VTR_SERIES_FIELDS, MASK, SPECTRA };

typedef struct search {
    const smooth_maps *reference, *recording;
    const vtr_series_params *params;
    double step_nm, noise[2][VTR_SERIES_FIELDS];
    size_t p_y, p_x; /* padded */
    double *work;
    fftw_complex *spectrum, *product, *of_reference[SPECTRA], *of_recording[SPECTRA];
    double *sums[4]; /* [p_y][p_x]: products, squares of either, pairs */
    vtr_fourier fourier;
    size_t n_reference;
    double best, shifts; /* score of the best so far; shifts looked at */
} search;

static void release_grid(grid *g)
{
    vtr_free(g->mask);
    *g = (grid){0};
}

/* Half the extent of the map about its middle, turned by an angle. */
static void half_extent(double half[2], const smooth_maps *maps, double angle_rad)
{
    double y = 0.5 * maps->step_nm[0] * (double)(maps->n_y - 1),
           x = 0.5 * maps->step_nm[1] * (double)(maps->n_x - 1);
    double c = fabs(cos(angle_rad)), s = fabs(sin(angle_rad));
    half[0] = c * y + s * x;
    half[1] = c * x + s * y;
}

static vtr_status make_grid(grid *g, const smooth_maps *maps, double step_nm, double angle_rad,
                            vtr_error *err)
{
    double half[2];
    half_extent(half, maps, angle_rad);
    *g = (grid){.n_y = (size_t)(2 * half[0] / step_nm) + 1, .n_x = (size_t)(2 * half[1] / step_nm) + 1};
    g->origin_nm[0] = 0.5 * maps->step_nm[0] * (double)(maps->n_y - 1) - half[0];
    g->origin_nm[1] = 0.5 * maps->step_nm[1] * (double)(maps->n_x - 1) - half[1];
    size_t n = g->n_y * g->n_x;
    g->mask = vtr_calloc((maps->n_fields + 1) * n, sizeof *g->mask);
    if (g->mask == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a grid of %zu values", n);
    for (size_t f = 0; f < maps->n_fields; f++)
        g->field[f] = g->mask + (f + 1) * n;
    return VTR_OK;
}

/* All fields at a place of the turned recording; false where one has no value. */
static bool sample(double value[VTR_SERIES_FIELDS], const smooth_maps *maps, const double at_nm[2],
                   double angle_rad)
{
    for (size_t f = 0; f < maps->n_fields; f++)
        if (!vtr_series_interpolate(&value[f], NULL, maps->value[f], maps->n_y, maps->n_x, maps->step_nm,
                                    at_nm))
            return false;
    for (size_t f = 0; f < maps->n_fields; f++) {
        vtr_series_kind kind = maps->maps->field[f].kind;
        if (kind == VTR_SERIES_SCALAR) continue;
        double turn = kind == VTR_SERIES_DIRECTOR ? 2 * angle_rad : angle_rad, c = cos(turn), s = sin(turn);
        double first = value[f], second = value[f + 1];
        value[f] = c * first - s * second;
        value[f + 1] = s * first + c * second;
        f++;
    }
    return true;
}

static void fill_grid(grid *g, const smooth_maps *maps, const double *noise, double step_nm, double angle_rad)
{
    double c = cos(angle_rad), s = sin(angle_rad), mean[VTR_SERIES_FIELDS] = {0};
    double middle_y = 0.5 * maps->step_nm[0] * (double)(maps->n_y - 1),
           middle_x = 0.5 * maps->step_nm[1] * (double)(maps->n_x - 1);
    for (size_t i = 0; i < g->n_y * g->n_x; i++) {
        double y = g->origin_nm[0] + step_nm * (double)(i / g->n_x) - middle_y,
               x = g->origin_nm[1] + step_nm * (double)(i % g->n_x) - middle_x, value[VTR_SERIES_FIELDS];
        const double from[2] = {middle_y - s * x + c * y, middle_x + c * x + s * y};
        if (!sample(value, maps, from, angle_rad)) continue;
        g->mask[i] = 1;
        g->n_valid++;
        for (size_t f = 0; f < maps->n_fields; f++) {
            g->field[f][i] = value[f] / noise[f];
            mean[f] += g->field[f][i];
        }
    }
    for (size_t f = 0; f < maps->n_fields; f++)
        for (size_t i = 0; i < g->n_y * g->n_x; i++)
            if (g->mask[i] > 0) g->field[f][i] -= mean[f] / (double)g->n_valid;
}

/* --- Fourier transforms ------------------------------------------------------------------------------------------- */

static size_t half(const search *s)
{
    return s->p_y * (s->p_x / 2 + 1);
}

/* Spectra of the fields, of the sum of their squares, and of the mask. */
static void transform_grid(search *s, fftw_complex **out, const grid *g, size_t n_fields)
{
    for (size_t k = 0; k < SPECTRA; k++) {
        if (k >= n_fields && k < SQUARE) continue;
        memset(s->work, 0, s->p_y * s->p_x * sizeof *s->work);
        for (size_t i = 0; i < g->n_y * g->n_x; i++) {
            double *at = &s->work[i / g->n_x * s->p_x + i % g->n_x];
            if (k < SQUARE) *at = g->field[k][i];
            if (k == MASK) *at = g->mask[i];
            for (size_t f = 0; f < n_fields && k == SQUARE; f++)
                *at += g->field[f][i] * g->field[f][i];
        }
        fftw_execute_dft_r2c(s->fourier.forward, s->work, out[k]);
    }
}

/* sums[which] [d] = sum_i a(i + d) b(i) of the pairs of spectra from `first_a`, `first_b` on. */
static void correlate(search *s, size_t which, size_t first_a, size_t first_b, size_t n)
{
    size_t n_all = s->p_y * s->p_x;
    memset(s->product, 0, half(s) * sizeof *s->product);
    for (size_t k = 0; k < n; k++) {
        const fftw_complex *a = s->of_reference[first_a + k], *b = s->of_recording[first_b + k];
        for (size_t i = 0; i < half(s); i++)
            s->product[i] += a[i] * conj(b[i]) / (double)n_all;
    }
    fftw_execute_dft_c2r(s->fourier.backward, s->product, s->sums[which]);
}

static void look(search *s, vtr_series_transform *out, const grid *g, double angle_rad)
{
    double least =
        s->params->least_overlap * (double)(s->n_reference < g->n_valid ? s->n_reference : g->n_valid);
    for (size_t i = 0; i < s->p_y * s->p_x; i++) {
        double pairs = s->sums[3][i], scale = s->sums[1][i] * s->sums[2][i];
        if (!(pairs > fmax(least, 1)) || !(scale > 0)) continue;
        double score = s->sums[0][i] / sqrt(scale) * sqrt(pairs);
        s->shifts++;
        if (!(score > s->best)) continue;
        s->best = score;
        double dy = (double)(i / s->p_x), dx = (double)(i % s->p_x);
        if (dy > 0.5 * (double)s->p_y) dy -= (double)s->p_y;
        if (dx > 0.5 * (double)s->p_x) dx -= (double)s->p_x;
        out->shift_nm[0] = dy * s->step_nm - g->origin_nm[0];
        out->shift_nm[1] = dx * s->step_nm - g->origin_nm[1];
        out->angle_degrees = angle_rad / VTR_RADIANS_PER_DEGREE;
    }
}

static vtr_status try_angle(search *s, vtr_series_transform *out, double angle_rad, vtr_error *err)
{
    grid g;
    vtr_status status = make_grid(&g, s->recording, s->step_nm, angle_rad, err);
    if (status != VTR_OK) return status;
    size_t n_fields = s->recording->n_fields;
    fill_grid(&g, s->recording, s->noise[1], s->step_nm, angle_rad);
    if (g.n_valid > 0) {
        transform_grid(s, s->of_recording, &g, n_fields);
        correlate(s, 0, 0, 0, n_fields);
        correlate(s, 1, SQUARE, MASK, 1);
        correlate(s, 2, MASK, SQUARE, 1);
        correlate(s, 3, MASK, MASK, 1);
        look(s, out, &g, angle_rad);
    }
    release_grid(&g);
    return VTR_OK;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

/* Root of the mean variance of each smoothed field; a director's components share one, so that turning keeps their weights. */
static bool find_noise(double noise[VTR_SERIES_FIELDS], const smooth_maps *maps)
{
    for (size_t f = 0; f < maps->n_fields; f++) {
        double sum = 0, n = 0;
        for (size_t i = 0; i < maps->n_y * maps->n_x; i++)
            if (isfinite(maps->value[f][i])) {
                sum += (double)maps->variance[f][i];
                n++;
            }
        noise[f] = sqrt(sum / n);
        if (!(n >= 10 && noise[f] > 0)) return false;
    }
    for (size_t f = 0; f < maps->n_fields; f++)
        if (maps->maps->field[f].kind != VTR_SERIES_SCALAR) {
            noise[f] = noise[f + 1] = hypot(noise[f], noise[f + 1]) / sqrt(2);
            f++;
        }
    return true;
}

static vtr_status make_room(search *s, const grid *reference, vtr_error *err)
{
    double most = s->params->largest_angle_degrees * VTR_RADIANS_PER_DEGREE, extent[2], corner[2];
    half_extent(extent, s->recording, 0);
    half_extent(corner, s->recording, most);
    for (int i = 0; i < 2; i++) /* the angle at which a corner points along the axis may lie in between */
        corner[i] = most >= atan2(extent[1 - i], extent[i]) ? hypot(extent[0], extent[1]) : corner[i];
    s->p_y = vtr_fourier_size(reference->n_y + (size_t)(2 * corner[0] / s->step_nm) + 2);
    s->p_x = vtr_fourier_size(reference->n_x + (size_t)(2 * corner[1] / s->step_nm) + 2);
    size_t n = s->p_y * s->p_x;
    s->work = vtr_malloc(5 * n, sizeof *s->work);
    s->product = vtr_malloc((2 * SPECTRA + 1) * half(s), sizeof *s->product);
    if (s->work == NULL || s->product == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a search over %zu shifts", n);
    for (size_t k = 0; k < 4; k++)
        s->sums[k] = s->work + (k + 1) * n;
    for (size_t k = 0; k < SPECTRA; k++) {
        s->of_reference[k] = s->product + (2 * k + 1) * half(s);
        s->of_recording[k] = s->product + (2 * k + 2) * half(s);
    }
    return vtr_fourier_create(&s->fourier, s->p_y, s->p_x, s->work, s->product,
                              FFTW_ESTIMATE | FFTW_UNALIGNED)
               ? VTR_OK
               : vtr_fail(err, VTR_ERR_NUMERIC, "no Fourier transform of %zu x %zu", s->p_y, s->p_x);
}

static void release(search *s)
{
    vtr_fourier_release(&s->fourier);
    vtr_free(s->work);
    vtr_free(s->product);
}

static double smaller_diagonal(const smooth_maps *a, const smooth_maps *b)
{
    double first[2], second[2];
    half_extent(first, a, 0);
    half_extent(second, b, 0);
    return fmin(hypot(first[0], first[1]), hypot(second[0], second[1]));
}

vtr_status vtr_series_search(vtr_series_transform *out, double *n_trials, const smooth_maps *reference,
                             const smooth_maps *recording, const vtr_series_params *params, vtr_error *err)
{
    search s = {reference, recording, params};
    grid g = {0};
    vtr_series_transform found = {0};
    for (int i = 0; i < 2; i++) {
        s.step_nm = fmax(s.step_nm, fmax(reference->step_nm[i], recording->step_nm[i]));
        found.centre_nm[i] =
            0.5 * recording->step_nm[i] * (double)((i == 0 ? recording->n_y : recording->n_x) - 1);
    }
    if (!find_noise(s.noise[0], reference) || !find_noise(s.noise[1], recording))
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "a map has too little data with error bars in windows of %g nm to be registered",
                        recording->sigma_nm);
    vtr_status status = make_grid(&g, reference, s.step_nm, 0, err);
    if (status == VTR_OK) status = make_room(&s, &g, err);
    if (status != VTR_OK) goto cleanup;
    fill_grid(&g, reference, s.noise[0], s.step_nm, 0);
    s.n_reference = g.n_valid;
    if (g.n_valid > 0) transform_grid(&s, s.of_reference, &g, reference->n_fields);
    double most = params->largest_angle_degrees * VTR_RADIANS_PER_DEGREE;
    long n = (long)ceil(most * smaller_diagonal(reference, recording) / (2 * reference->sigma_nm));
    for (long k = -n; k <= n && status == VTR_OK; k++)
        status = try_angle(&s, &found, n > 0 ? most * (double)k / (double)n : 0, err);
    if (status == VTR_OK && !(s.best > 0))
        status = vtr_fail(err, VTR_ERR_NO_DATA, "the maps have too little data for %g of them to overlap",
                          params->least_overlap);
    if (status != VTR_OK) goto cleanup;
    *out = found;
    *n_trials = fmax(1, s.shifts * pow(s.step_nm / reference->sigma_nm, 2) / (4 * VTR_PI));
cleanup:
    release(&s);
    release_grid(&g);
    return status;
}
