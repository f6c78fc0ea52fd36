/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/speckle_rings.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/speckle_arcs.h"
#include "vitrail/constants.h"

/* Pixels below which an arc's noise is not that of a mean; and the part of a whole arc's pixels below which it is cut,
 * by the detector's edge or a beam stop: a shorter arc moves more. */
static const double least_pixels = 1.5, least_part = 0.75;

/* --- residuals of arcs ------------------------------------------------------------------------------------------ */

vtr_status vtr_ring_lags_create(vtr_ring_lags *l, size_t n_radii, size_t n_arcs, vtr_error *err)
{
    *l = (vtr_ring_lags){.n_radii = n_radii, .n_arcs = n_arcs, .n_lags = n_arcs / 2 + 1};
    l->products = vtr_calloc(n_radii * l->n_lags, sizeof *l->products);
    l->mean = vtr_calloc(n_radii, sizeof *l->mean);
    l->square = vtr_calloc(n_radii, sizeof *l->square);
    l->noise = vtr_calloc(n_radii, sizeof *l->noise);
    l->n = vtr_calloc(n_radii, sizeof *l->n);
    if (l->products != NULL && l->mean != NULL && l->square != NULL && l->noise != NULL && l->n != NULL)
        return VTR_OK;
    vtr_ring_lags_release(l);
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
}

void vtr_ring_lags_release(vtr_ring_lags *l)
{
    vtr_free(l->products);
    vtr_free(l->mean);
    vtr_free(l->square);
    vtr_free(l->noise);
    vtr_free(l->n);
    memset(l, 0, sizeof *l);
}

void vtr_ring_lags_add(vtr_ring_lags *sums, const vtr_ring_lags *more)
{
    for (size_t i = 0; i < sums->n_radii * sums->n_lags; i++)
        sums->products[i] += more->products[i];
    for (size_t j = 0; j < sums->n_radii; j++) {
        sums->mean[j] += more->mean[j];
        sums->square[j] += more->square[j];
        sums->noise[j] += more->noise[j];
        sums->n[j] += more->n[j];
    }
}

static double harmonic(size_t term, size_t arc, size_t n_arcs)
{
    double angle = 2 * VTR_PI * (double)arc / (double)n_arcs * (double)((term + 1) / 2);
    return term % 2 == 0 ? cos(angle) : sin(angle);
}

static size_t arcs_at(const vtr_arc_fit *fit, size_t radius)
{
    return fit->n_arcs / fit->joined[radius];
}

/* Joins arcs until half of those that are there hold enough pixels. */
static void join_arcs(vtr_arc_fit *fit, size_t radius)
{
    const double *pixels = fit->pixels + radius * fit->n_arcs;
    double *n = fit->n_pixels + radius * fit->n_arcs;
    for (unsigned char joined = 1; joined <= 4; joined = (unsigned char)(2 * joined)) {
        size_t m = fit->n_arcs / joined, some = 0, enough = 0;
        double whole = 2 * VTR_PI * ((double)radius + 0.5) / (double)m;
        memset(n, 0, fit->n_arcs * sizeof *n);
        for (size_t s = 0; s < fit->n_arcs; s++)
            n[s / joined] += pixels[s];
        for (size_t s = 0; s < m; s++) {
            some += n[s] > 0;
            enough += n[s] >= least_pixels;
            n[s] = n[s] >= fmax(least_pixels, least_part * whole) ? n[s] : 0;
        }
        fit->joined[radius] = joined;
        if (4 * enough >= 3 * some) return;
    }
}

/* Part of a ring that its arcs cover. Where it is little, as in the corners of the detector, a mean and its residuals are
 * hardly to be told apart. */
static double coverage(const vtr_arc_fit *fit, size_t radius)
{
    double sum = 0;
    for (size_t s = 0; s < arcs_at(fit, radius); s++)
        sum += fit->n_pixels[radius * fit->n_arcs + s];
    return fmin(sum / (2 * VTR_PI * ((double)radius + 0.5)), 1);
}

/* Coefficients from arcs: (B' N B)^-1 B' N. */
static unsigned char solve_arcs(vtr_arc_fit *fit, size_t radius)
{
    enum { T = VTR_ARC_TERMS };
    size_t m = arcs_at(fit, radius), used = 0;
    const double *n = fit->n_pixels + radius * fit->n_arcs;
    double *solution = fit->solution + radius * T * fit->n_arcs, matrix[T * T] = {0};
    for (size_t s = 0; s < m; s++)
        used += n[s] > 0;
    size_t terms = used >= 2 * T ? T : 1;
    for (size_t s = 0; s < m; s++)
        for (size_t a = 0; a < terms; a++) {
            solution[a * m + s] = n[s] * harmonic(a, s, m);
            for (size_t b = 0; b <= a; b++)
                matrix[a * terms + b] += n[s] * harmonic(a, s, m) * harmonic(b, s, m);
        }
    for (size_t a = 0; a < terms; a++)
        matrix[a * terms + a] *= 1 + 1e-9;
    if (used < 3 || LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', (lapack_int)terms, (lapack_int)m, matrix,
                                  (lapack_int)terms, solution, (lapack_int)m) != 0)
        return 0;
    return (unsigned char)terms;
}

vtr_status vtr_arc_fit_create(vtr_arc_fit *fit, size_t n_radii, size_t n_arcs, const double *n_pixels,
                              vtr_error *err)
{
    *fit = (vtr_arc_fit){.n_radii = n_radii, .n_arcs = n_arcs};
    fit->pixels = vtr_calloc(n_radii * n_arcs, sizeof *fit->pixels);
    fit->n_pixels = vtr_calloc(n_radii * n_arcs, sizeof *fit->n_pixels);
    fit->solution = vtr_calloc(n_radii * VTR_ARC_TERMS * n_arcs, sizeof *fit->solution);
    fit->joined = vtr_calloc(n_radii, sizeof *fit->joined);
    fit->terms = vtr_calloc(n_radii, sizeof *fit->terms);
    if (fit->pixels == NULL || fit->n_pixels == NULL || fit->solution == NULL || fit->joined == NULL ||
        fit->terms == NULL) {
        vtr_arc_fit_release(fit);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    memcpy(fit->pixels, n_pixels, n_radii * n_arcs * sizeof *n_pixels);
    double most = 0;
    for (size_t j = 0; j < n_radii; j++) {
        join_arcs(fit, j);
        most = fmax(most, coverage(fit, j));
    }
    for (size_t j = 0; j < n_radii; j++)
        if (coverage(fit, j) >= 0.5 * most) fit->terms[j] = solve_arcs(fit, j);
    return VTR_OK;
}

void vtr_arc_fit_release(vtr_arc_fit *fit)
{
    vtr_free(fit->pixels);
    vtr_free(fit->n_pixels);
    vtr_free(fit->solution);
    vtr_free(fit->joined);
    vtr_free(fit->terms);
    memset(fit, 0, sizeof *fit);
}

/* Arcs less their harmonics; 0 where there is no arc. */
static void residuals(const vtr_arc_fit *fit, size_t radius, double *arcs, size_t stride)
{
    size_t m = arcs_at(fit, radius);
    const double *n = fit->n_pixels + radius * fit->n_arcs;
    const double *solution = fit->solution + radius * VTR_ARC_TERMS * fit->n_arcs;
    double coefficients[VTR_ARC_TERMS] = {0};
    for (size_t a = 0; a < fit->terms[radius]; a++)
        for (size_t s = 0; s < m; s++)
            if (n[s] > 0) coefficients[a] += solution[a * m + s] * arcs[s * stride];
    for (size_t s = 0; s < m; s++) {
        if (!(n[s] > 0)) arcs[s * stride] = 0;
        for (size_t a = 0; a < fit->terms[radius] && n[s] > 0; a++)
            arcs[s * stride] -= coefficients[a] * harmonic(a, s, m);
    }
}

/* Means of the joined arcs; false where one that is used is NAN. */
static bool join(const vtr_arc_fit *fit, size_t radius, const double *arcs, double *out)
{
    size_t joined = fit->joined[radius], m = arcs_at(fit, radius);
    const double *pixels = fit->pixels + radius * fit->n_arcs, *n = fit->n_pixels + radius * fit->n_arcs;
    for (size_t s = 0; s < m; s++) {
        double sum = 0, weights = 0;
        for (size_t k = s * joined; k < (s + 1) * joined; k++)
            if (pixels[k] > 0 && isfinite(arcs[k])) {
                sum += pixels[k] * arcs[k];
                weights += pixels[k];
            }
        if (n[s] > 0 && !(weights > 0)) return false;
        out[s] = weights > 0 ? sum / weights : 0;
    }
    return true;
}

void vtr_ring_lags_take(vtr_ring_lags *l, const vtr_arc_fit *fit, size_t radius, const double *arcs,
                        double mean, double noise)
{
    double e[VTR_MOST_ARCS];
    size_t m = arcs_at(fit, radius);
    if (!isfinite(mean) || !isfinite(noise)) return;
    l->mean[radius] += mean;
    l->n[radius] += 1;
    if (fit->terms[radius] == 0 || !join(fit, radius, arcs, e)) return;
    residuals(fit, radius, e, 1);
    double *products = l->products + radius * l->n_lags;
    for (size_t lag = 0; lag <= m / 2; lag++)
        for (size_t s = 0; s < m; s++)
            products[lag] += e[s] * e[s + lag < m ? s + lag : s + lag - m];
    l->square[radius] += mean * mean - noise;
    l->noise[radius] += noise;
}

/* --- contrasts from them ---------------------------------------------------------------------------------------- */

/* Expected products at each lag: of arcs with covariance C, of which (I - H) C (I - H)' remains. `c` is destroyed. */
static void expected_products(const vtr_arc_fit *fit, size_t radius, double *c, double *out)
{
    size_t m = arcs_at(fit, radius);
    for (size_t s = 0; s < m; s++)
        residuals(fit, radius, c + s, m);
    for (size_t s = 0; s < m; s++)
        residuals(fit, radius, c + s * m, 1);
    for (size_t lag = 0; lag <= m / 2; lag++) {
        out[lag] = 0;
        for (size_t s = 0; s < m; s++)
            out[lag] += c[s * m + (s + lag) % m];
    }
}

/* Mean covariance of arcs at each lag for a contrast of 1, from cells of about half a pixel; of arcs that are displaced
 * against each other along the ring by five steps through a distribution of this standard deviation. */
static void arc_covariance(const speckle_arcs *arcs, double radius, size_t m, double displacement_px,
                           double *g)
{
    double width = 2 * VTR_PI / (double)m, turn = displacement_px / radius;
    int reach = displacement_px > 0 ? 2 : 0;
    size_t n = (size_t)ceil(2 * radius * width);
    n = n < 1 ? 1 : n;
    for (size_t lag = 0; lag <= m / 2; lag++) {
        g[lag] = 0;
        for (long k = 1 - (long)n; k < (long)n; k++)
            for (int d = -reach; d <= reach; d++)
                g[lag] += (double)((long)n - labs(k)) *
                          speckle_arcs_at(arcs, radius, radius,
                                          ((double)lag + (double)k / (double)n) * width + d * turn / sqrt(2));
        g[lag] /= (double)n * (double)n * (2 * reach + 1);
    }
}

/* Products that near grains, opposite grains and noise give at one radius. */
enum { NEAR, OPPOSITE, NOISE, PARTS };
static void expected_parts(const vtr_arc_fit *fit, const speckle_arcs *arcs, size_t radius, double spread_px,
                           double *c, size_t n_lags, double *out)
{
    size_t m = arcs_at(fit, radius);
    const double *n = fit->n_pixels + radius * fit->n_arcs;
    double *g = out + PARTS * n_lags, sum = 0;
    for (size_t s = 0; s < m; s++)
        sum += n[s];
    for (size_t part = 0; part < PARTS; part++) {
        arc_covariance(arcs, (double)radius + 0.5, m, part == OPPOSITE ? 2 * spread_px : 0, g);
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < m; b++) {
                size_t lag = a > b ? a - b : b - a;
                lag = lag > m / 2 ? m - lag : lag;
                if (part == NOISE)
                    c[a * m + b] = a == b && n[a] > 0 ? sum / n[a] : 0;
                else
                    c[a * m + b] = g[part == NEAR ? lag : m / 2 - lag];
            }
        expected_products(fit, radius, c, out + part * n_lags);
    }
}

enum { NODES = VTR_SPECKLE_RADII, UNKNOWNS = 2 * NODES };

/* The equations of one radius for the contrasts at the nodes beside it. The products of a lag scatter by about the mean
 * square of the residuals over the root of the number of pairs. */
static void add_radius(double *matrix, double *right, const vtr_speckle *speckle, const vtr_ring_lags *lags,
                       size_t radius, const double *parts)
{
    size_t n_lags = lags->n_lags;
    const double *products = lags->products + radius * n_lags;
    double square = lags->square[radius], noise = lags->noise[radius], n = lags->n[radius];
    if (n < 8 || !(square > 0) || !(products[0] > 0)) return;
    double scatter = products[0] / square / sqrt(n * (double)lags->n_arcs), weight = 1 / (scatter * scatter);
    double place = ((double)radius + 0.5) / speckle->radius_step_px;
    size_t k = (size_t)fmin(place, NODES - 2);
    double share[2] = {(double)k + 1 - place, place - (double)k};
    for (size_t lag = 0; lag < n_lags; lag++) {
        double value = (products[lag] - noise * parts[NOISE * n_lags + lag]) / square, row[4];
        for (size_t i = 0; i < 4; i++)
            row[i] = share[i / 2] * parts[(i % 2 == 0 ? NEAR : OPPOSITE) * n_lags + lag];
        for (size_t i = 0; i < 4; i++) {
            size_t a = 2 * (k + i / 2) + i % 2;
            right[a] += weight * row[i] * value;
            for (size_t j = 0; j < 4; j++)
                matrix[a * UNKNOWNS + 2 * (k + j / 2) + j % 2] += weight * row[i] * row[j];
        }
    }
}

/* From one node to the next the contrast and its slope are expected to change by a third of it. */
static void add_smoothness(double *matrix, double contrast)
{
    const double first = 9 / (contrast * contrast), second = first;
    for (size_t k = 0; k + 1 < NODES; k++)
        for (size_t part = 0; part < 2; part++) {
            size_t at[3] = {2 * k + part, 2 * k + 2 + part, 2 * k + 4 + part};
            for (size_t i = 0; i < 2; i++)
                for (size_t j = 0; j < 2; j++)
                    matrix[at[i] * UNKNOWNS + at[j]] += i == j ? first : -first;
            const double c[3] = {1, -2, 1};
            for (size_t i = 0; k + 2 < NODES && i < 3; i++)
                for (size_t j = 0; j < 3; j++)
                    matrix[at[i] * UNKNOWNS + at[j]] += second * c[i] * c[j];
        }
}

vtr_status vtr_speckle_measure_rings(vtr_speckle *speckle, const vtr_ring_lags *lags, const vtr_arc_fit *fit,
                                     double spread_px, vtr_error *err)
{
    speckle->radius_step_px = 0;
    if (!(speckle->contrast > 0)) return VTR_OK;
    size_t m = fit->n_arcs;
    speckle_arcs arcs;
    speckle_arcs_make(&arcs, speckle, 1, 0);
    double *c = vtr_calloc(m * m, sizeof *c), *parts = vtr_calloc((PARTS + 1) * lags->n_lags, sizeof *parts);
    double *matrix = vtr_calloc(UNKNOWNS * UNKNOWNS, sizeof *matrix),
           *right = vtr_calloc(UNKNOWNS, sizeof *right);
    vtr_status status = VTR_OK;
    if (c == NULL || parts == NULL || matrix == NULL || right == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
        goto cleanup;
    }
    speckle->radius_step_px = (double)lags->n_radii / (NODES - 1);
    for (size_t radius = 0; radius < lags->n_radii; radius++)
        if (fit->terms[radius] > 0 && lags->square[radius] > 0) {
            memset(parts, 0, (PARTS + 1) * lags->n_lags * sizeof *parts);
            expected_parts(fit, &arcs, radius, spread_px, c, lags->n_lags, parts);
            add_radius(matrix, right, speckle, lags, radius, parts);
        }
    add_smoothness(matrix, speckle->contrast);
    /* where nothing is seen, what the annulus has */
    for (size_t i = 0; i < UNKNOWNS; i++) {
        double weight = 1e-6 / (speckle->contrast * speckle->contrast);
        matrix[i * UNKNOWNS + i] += weight;
        right[i] += weight * speckle->contrast * (i % 2 == 0 ? 1 : fmin(fmax(speckle->friedel, 0), 1));
    }
    if (LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', UNKNOWNS, 1, matrix, UNKNOWNS, right, 1) != 0) {
        status = vtr_fail(err, VTR_ERR_NO_DATA, "the speckle along the rings is not determined");
        goto cleanup;
    }
    for (size_t k = 0; k < NODES; k++) {
        speckle->near[k] = fmax(right[2 * k], 0);
        speckle->opposite[k] = fmin(fmax(right[2 * k + 1], 0), speckle->near[k]);
    }
cleanup:
    vtr_free(c);
    vtr_free(parts);
    vtr_free(matrix);
    vtr_free(right);
    return status;
}
