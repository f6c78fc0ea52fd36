/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/speckle_arcs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/speckle_rings.h"
#include "vitrail/constants.h"

/* rho at distances 0, 1, sqrt 2, 2 ...: the mean over the lags of each, and straight between them in the square of the
 * distance, in which correlations hardly bend. */
static void fill_table(speckle_arcs *arcs, const vtr_speckle *speckle)
{
    long l = (long)speckle->max_lag_px, squares = l * l;
    double from = 0, from_value = 1;
    size_t i = 0;
    memset(arcs->table, 0, sizeof arcs->table);
    arcs->reach_px = 0;
    for (long d2 = 1; d2 <= squares; d2++) {
        double sum = 0, n = 0;
        for (long y = 0; y * y <= d2; y++) {
            long x = lround(sqrt((double)(d2 - y * y)));
            if (x * x + y * y != d2) continue;
            const long signs[4][2] = {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
            for (int k = 0; k < 4; k++)
                sum += speckle->correlation[(l + signs[k][0] * y) * (2 * l + 1) + l + signs[k][1] * x];
            n += 4;
        }
        if (n == 0) continue;
        double value = sum / n;
        for (; i < SPECKLE_TABLE && (double)(i * i) / 64 < (double)d2; i++)
            arcs->table[i] =
                from_value + (value - from_value) * ((double)(i * i) / 64 - from) / ((double)d2 - from);
        if (value != 0) arcs->reach_px = sqrt((double)d2) + 1;
        from = (double)d2;
        from_value = value;
    }
}

/* A sample is the mean over a ring of 1 px, and over its neighbours with the weights of vtr_polar_profile: two of them
 * have pixels at the distances of that distribution's autocorrelation. */
void speckle_arcs_make(speckle_arcs *arcs, const vtr_speckle *speckle, double step_px, size_t lag)
{
    enum { PER_BOX = 4 + 4 };
    fill_table(arcs, speckle);
    const double beside = 1.0 / 24, middle = 1 - 2 * beside;
    const double neighbours[3] = {middle * middle + 2 * beside * beside, 2 * middle * beside,
                                  beside * beside};
    size_t n = 0;
    for (long k = -1; k <= 1; k++)
        for (int i = 0; i < PER_BOX; i++) {
            double in_box = (i + 0.5) / (PER_BOX / 2) - 1;
            arcs->offset_px[n] = ((double)lag + (double)k) * step_px + in_box;
            arcs->weight[n++] = neighbours[labs(k)] * (1 - fabs(in_box)) / (PER_BOX / 2);
        }
    /* what lies two steps apart is too little to be told: it goes to one step */
    for (size_t i = 0; i < n; i++)
        if (i / PER_BOX != 1) arcs->weight[i] *= (neighbours[1] + neighbours[2]) / neighbours[1];
}

double speckle_arcs_at(const speckle_arcs *arcs, double r, double s, double angle)
{
    double half = sin(0.5 * angle), chord2 = 4 * r * s * half * half, sum = 0;
    if (chord2 > arcs->reach_px * arcs->reach_px) return 0;
    for (size_t i = 0; i < SPECKLE_OFFSETS; i++) {
        double d = 8 * sqrt(chord2 + arcs->offset_px[i] * arcs->offset_px[i]);
        size_t k = (size_t)d;
        if (k + 1 >= SPECKLE_TABLE) continue;
        sum += arcs->weight[i] * (arcs->table[k] + (d - (double)k) * (arcs->table[k + 1] - arcs->table[k]));
    }
    return sum;
}

/* --- samples of profiles ---------------------------------------------------------------------------------------- */

/* Near and opposite contrast at a radius; those of the annulus where the rings were not measured. */
static void contrast_at(const vtr_speckle *s, double radius, double *near, double *opposite)
{
    *near = s->contrast;
    *opposite = isfinite(s->friedel) ? s->contrast * fmin(fmax(s->friedel, 0), 1) : 0;
    if (!(s->radius_step_px > 0)) return;
    double place = fmin(radius / s->radius_step_px, VTR_SPECKLE_RADII - 1);
    size_t k = (size_t)fmin(place, VTR_SPECKLE_RADII - 2);
    double part = place - (double)k;
    *near = (1 - part) * s->near[k] + part * s->near[k + 1];
    *opposite = (1 - part) * s->opposite[k] + part * s->opposite[k + 1];
}

/* A ring's pixels by their angle, in cells of about one pixel's width. */
typedef struct ring_cells {
    size_t first, n; /* n: even, and a multiple of the sectors */
} ring_cells;

static ring_cells *make_cells(const vtr_speckle_samples *samples, size_t *n_all)
{
    ring_cells *cells = vtr_calloc(samples->n, sizeof *cells);
    size_t parts = samples->n_sectors > 0 ? 2 * samples->n_sectors : 2;
    *n_all = 0;
    for (size_t j = 0; cells != NULL && j < samples->n; j++) {
        double radius = fabs(samples->r_first_px + (double)j * samples->r_step_px);
        cells[j].first = *n_all;
        cells[j].n = parts * (size_t)ceil(2 * VTR_PI * fmax(radius, 0.5) / (double)parts);
        *n_all += cells[j].n;
    }
    return cells;
}

/* Sector 0 begins with cell 0. */
static void count_pixels(double *counts, const ring_cells *cells, const vtr_speckle_samples *samples,
                         const vtr_ring_pixels *pixels)
{
    const vtr_ring_bins *b = &pixels->bins;
    double start = samples->n_sectors > 0 ? -VTR_PI / (double)samples->n_sectors : 0;
    for (size_t y = 0; y < pixels->det_y; y++)
        for (size_t x = 0; x < pixels->det_x; x++) {
            if (pixels->used != NULL && pixels->used[y * pixels->det_x + x] == 0) continue;
            double px = (double)x - b->centre_x_px, py = (double)y - b->centre_y_px;
            double ux = b->wxx * px + b->wxy * py, uy = b->wxy * px + b->wyy * py;
            double place = floor((hypot(ux, uy) - samples->r_first_px) / samples->r_step_px + 0.5);
            if (place < 0 || place >= (double)samples->n) continue;
            const ring_cells *ring = &cells[(size_t)place];
            double turn = (atan2(uy, ux) - start) / (2 * VTR_PI);
            size_t cell = (size_t)((turn - floor(turn)) * (double)ring->n);
            counts[ring->first + cell % ring->n]++;
        }
}

/* sum over cells c of `from` ... `end` - 1, and c + lag among them (or all around), of their numbers' products. */
static double cell_products(const double *counts, size_t from, size_t end, size_t n, size_t lag,
                            bool is_whole)
{
    double sum = 0;
    for (size_t c = from; c < end; c++)
        if (is_whole)
            sum += counts[c] * counts[(c + lag) % n];
        else if (c + lag < end)
            sum += counts[c] * counts[c + lag];
    return sum;
}

/* Of the cells `from` ... `end` - 1 of a ring. */
static double relative_variance(const speckle_arcs *arcs, const vtr_speckle *speckle, double radius,
                                const double *counts, size_t from, size_t end, size_t n)
{
    bool is_whole = end - from == n;
    double near, opposite, sum = 0, pixels = 0, step = 2 * VTR_PI / (double)n;
    contrast_at(speckle, radius, &near, &opposite);
    for (size_t c = from; c < end; c++)
        pixels += counts[c];
    for (size_t lag = 0; lag <= n / 2; lag++) {
        double g = speckle_arcs_at(arcs, radius, radius, (double)lag * step);
        if (g == 0 && lag > 0) break;
        double times = is_whole && 2 * lag == n ? 1 : lag == 0 ? 1 : 2;
        sum += times * near * g * cell_products(counts, from, end, n, lag, is_whole);
        if (is_whole) sum += times * opposite * g * cell_products(counts, from, end, n, n / 2 - lag, true);
    }
    return pixels > 0 ? sum / (pixels * pixels) : 0;
}

vtr_status vtr_speckle_of_samples(float *out, const vtr_speckle *speckle, const vtr_speckle_samples *samples,
                                  const vtr_ring_pixels *pixels, vtr_error *err)
{
    size_t n_all, n_parts = samples->n_sectors > 0 ? samples->n_sectors : 1;
    memset(out, 0, n_parts * samples->n * sizeof *out);
    if (!(speckle->contrast > 0)) return VTR_OK;
    ring_cells *cells = make_cells(samples, &n_all);
    double *counts = cells != NULL ? vtr_calloc(n_all, sizeof *counts) : NULL;
    if (counts == NULL) {
        vtr_free(cells);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle of %zu samples", samples->n);
    }
    count_pixels(counts, cells, samples, pixels);
    speckle_arcs arcs;
    speckle_arcs_make(&arcs, speckle, samples->r_step_px, 0);
    for (size_t j = 0; j < samples->n; j++) {
        double radius = samples->r_first_px + (double)j * samples->r_step_px;
        size_t n = cells[j].n;
        for (size_t s = 0; s < n_parts; s++) {
            double v = relative_variance(&arcs, speckle, radius, counts + cells[j].first, s * n / n_parts,
                                         (s + 1) * n / n_parts, n);
            out[s * samples->n + j] = (float)fmax(v, 0);
        }
    }
    vtr_free(cells);
    vtr_free(counts);
    return VTR_OK;
}

double vtr_speckle_sample_correlation(const vtr_speckle *speckle, const vtr_speckle_samples *samples,
                                      double radius, size_t lag)
{
    speckle_arcs own, shared;
    if (!(speckle->contrast > 0)) return 0;
    speckle_arcs_make(&own, speckle, samples->r_step_px, 0);
    speckle_arcs_make(&shared, speckle, samples->r_step_px, lag);
    double step = 0.25 / fmax(radius, 1), sums[2] = {0};
    for (long k = -(long)(VTR_PI / step); (double)k * step < VTR_PI; k++) {
        double g = speckle_arcs_at(&own, radius, radius, (double)k * step);
        sums[0] += g;
        /* offsets along the radius are those of the samples: the chord is taken in the middle of both */
        sums[1] += speckle_arcs_at(&shared, radius, radius, (double)k * step);
    }
    return sums[0] > 0 ? sums[1] / sums[0] : 0;
}
