/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/speckle_internal.h"

static double radial_factor(const vtr_speckle *s, double t)
{
    double position = (0.5 + 0.5 * t) * (VTR_SPECKLE_NODES - 1);
    int k = (int)fmin(fmax(position, 0), VTR_SPECKLE_NODES - 2);
    double part = position - k, f = (1 - part) * s->radial[k] + part * s->radial[k + 1];
    return f > 0.02 ? f : 0.02;
}

vtr_status vtr_speckle_bins(double *relative_variance, const vtr_speckle *speckle,
                            const vtr_ring_template *ring, const vtr_ring_pixels *pixels, vtr_error *err)
{
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    memset(relative_variance, 0, n_bins * sizeof *relative_variance);
    if (!(speckle->contrast > 0)) return VTR_OK;
    ring_field field;
    vtr_status status = ring_field_create(&field, ring, pixels, 0, err);
    if (status != VTR_OK) return status;
    long l = (long)speckle->max_lag_px;
    long *grid = vtr_malloc(field.height * field.width, sizeof *grid);
    if (grid == NULL) {
        ring_field_release(&field);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    for (size_t i = 0; i < field.height * field.width; i++)
        grid[i] = -1;
    for (size_t i = 0; i < field.n_pixels; i++)
        grid[field.pixels[i].at] = (long)field.pixels[i].bin;
    for (size_t i = 0; i < field.n_pixels; i++) {
        const ring_pixel *p = &field.pixels[i];
        long y0 = (long)(p->at / field.width), x0 = (long)(p->at % field.width);
        double sum = 0;
        for (long y = y0 - l < 0 ? -y0 : -l; y <= l && y0 + y < (long)field.height; y++)
            for (long x = x0 - l < 0 ? -x0 : -l; x <= l && x0 + x < (long)field.width; x++)
                if (grid[(y0 + y) * (long)field.width + x0 + x] == (long)p->bin)
                    sum += speckle->correlation[(y + l) * (2 * l + 1) + x + l];
        double n = pixels->bins.n_pixels[p->bin];
        relative_variance[p->bin] +=
            speckle->contrast * radial_factor(speckle, (double)p->bin_like.t) * sum / (n * n);
    }
    for (size_t b = 0; b < n_bins; b++)
        if (!(relative_variance[b] > 0)) relative_variance[b] = 0;
    vtr_free(grid);
    ring_field_release(&field);
    return VTR_OK;
}

/* Diagonal part that the weights hold already: sum over bins of (w J)(w J)' s mu^2. */
static void subtract_diagonal(double excess[FIT_NORMAL_N], const speckle_measurement *m,
                              const vtr_ring_pixels *pixels, const double *relative_variance,
                              double (*score)[FIT_N], double *bin_counts)
{
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    memset(score, 0, n_bins * sizeof *score);
    memset(bin_counts, 0, n_bins * sizeof *bin_counts);
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        size_t bin = m->field.pixels[i].bin;
        for (int k = 0; k < FIT_N; k++)
            score[bin][k] += m->weight[i] * m->amplitude * m->derivatives[i][k] / pixels->bins.n_pixels[bin];
        bin_counts[bin] += m->amplitude * m->counts[i];
    }
    for (size_t b = 0; b < n_bins; b++) {
        double s = relative_variance[b] * bin_counts[b] * bin_counts[b];
        if (!(s > 0)) continue;
        for (size_t i = 0, k = 0; i < FIT_N; i++)
            for (size_t j = 0; j <= i; j++, k++)
                excess[k] -= s * score[b][i] * score[b][j];
    }
}

/* The excess at one amplitude. */
static void excess_of_level(double excess[FIT_NORMAL_N], speckle_measurement *m, speckle_projection *p,
                            const vtr_speckle *speckle, const vtr_ring_pixels *pixels, const vtr_noise *noise,
                            const double *relative_variance, double *weighted)
{
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        size_t bin = m->field.pixels[i].bin;
        m->weight[i] = vtr_speckle_pixel_weight(m->amplitude * m->counts[i], pixels->bins.n_pixels[bin],
                                                relative_variance[bin], noise);
        double h = sqrt(speckle->contrast * radial_factor(speckle, (double)m->field.pixels[i].bin_like.t));
        weighted[i] = m->weight[i] * m->amplitude * m->amplitude * m->counts[i] * h;
    }
    for (int k = 0; k < FIT_N; k++) {
        double *image = p->image[k];
        memset(image, 0, m->field.height * m->field.width * sizeof *image);
        for (size_t i = 0; i < m->field.n_pixels; i++)
            image[m->field.pixels[i].at] = weighted[i] * m->derivatives[i][k];
        vtr_speckle_apply_correlation(&m->field, p->rho, p->folded, image, p->work, p->result);
    }
    for (size_t k = 0; k < FIT_NORMAL_N; k++)
        excess[k] = 0;
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        const double *derivative = m->derivatives[i];
        double there[FIT_N];
        for (size_t a = 0; a < FIT_N; a++)
            there[a] = p->image[a][m->field.pixels[i].at];
        for (size_t a = 0, k = 0; a < FIT_N; a++)
            for (size_t b = 0; b <= a; b++, k++)
                excess[k] += weighted[i] * 0.5 * (derivative[a] * there[b] + derivative[b] * there[a]);
    }
}

vtr_status vtr_speckle_excess(double excess[FIT_LEVELS][FIT_NORMAL_N], const vtr_speckle *speckle,
                              const vtr_likelihood *likelihood, const vtr_ring_template *ring,
                              const vtr_ring_pixels *pixels, const vtr_noise *noise,
                              const double *relative_variance, vtr_error *err)
{
    memset(excess, 0, FIT_LEVELS * sizeof *excess);
    if (!(speckle->contrast > 0)) return VTR_OK;
    speckle_measurement m;
    speckle_projection p = {0};
    vtr_status status = vtr_speckle_measurement_create(&m, ring, pixels, err);
    if (status != VTR_OK) return status;
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    double *weighted = vtr_calloc(m.field.n_pixels, sizeof *weighted),
           *bin_counts = vtr_calloc(n_bins, sizeof *bin_counts);
    double(*score)[FIT_N] = vtr_calloc(n_bins, sizeof *score);
    status = weighted == NULL || bin_counts == NULL || score == NULL
                 ? VTR_ERR_MEMORY
                 : vtr_speckle_projection_create(&p, &m.field);
    if (status == VTR_OK)
        status = vtr_speckle_correlation_spectra(&m.field, speckle->correlation, speckle->folded,
                                                 speckle->max_lag_px, p.rho, p.folded);
    if (status == VTR_OK)
        status = ring_field_derivatives(&m.field, likelihood, ring, m.derivatives, m.counts);
    if (status == VTR_OK) {
        for (int level = 0; level < FIT_LEVELS; level++) {
            m.amplitude = exp2(level - FIT_LEVELS / 2);
            excess_of_level(excess[level], &m, &p, speckle, pixels, noise, relative_variance, weighted);
            subtract_diagonal(excess[level], &m, pixels, relative_variance, score, bin_counts);
        }
    } else {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    vtr_free(weighted);
    vtr_free(bin_counts);
    vtr_free(score);
    vtr_speckle_projection_release(&p);
    vtr_speckle_measurement_release(&m);
    return status;
}
