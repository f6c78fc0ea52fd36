/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the noise-free values end, of which each was observed with normal noise of unit variance.
 *
 * The distribution of the noise-free values is a free mixture of points on a grid that ends at a trial edge. Its most likely
 * form is found by expectation maximisation on a histogram; where the trial edge cuts into the true values, the
 * likelihood falls. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { STEPS = 300, HALVINGS = 9, REACH = 5 };

/* Width of a bin, and distance of the grid's points, in units of the noise that is assumed; that is more than the noise
 * there is where the values spread very far: the edge is then still known to a small part of the spread. */
#define BIN 0.5
#define MOST_SPREAD 120.0
#define MARGIN 6.0

typedef struct histogram {
    size_t n_bins;
    double low,
        noise; /* begin of the first bin; standard deviation of the noise; bins are BIN * noise wide */
    double total, *count;
} histogram;

/* The topmost point reaches bins first .. first + band, each further one lies a bin lower: one kernel serves all. */
typedef struct mixture {
    size_t n, first, band;
    double *share;   /* [n] */
    double *kernel;  /* [band] */
    double *density; /* [n_bins] */
} mixture;

static double normal_share(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static vtr_status fill_histogram(histogram *h, const simplex_cloud *cloud, const double *direction,
                                 vtr_error *err)
{
    double *t = vtr_malloc(cloud->n, sizeof *t), low = INFINITY, high = -INFINITY;
    if (t == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", cloud->n);
    for (size_t i = 0; i < cloud->n; i++) {
        t[i] = 0;
        for (size_t l = 0; l < cloud->d; l++)
            t[i] += direction[l] * cloud->y[i * cloud->d + l];
        low = fmin(low, t[i]);
        high = fmax(high, t[i]);
    }
    h->noise = fmax(1, (high - low) / MOST_SPREAD);
    double added = sqrt(h->noise * h->noise - 1);
    for (size_t i = 0; i < cloud->n && added > 0; i++) {
        vtr_random random;
        vtr_random_start(&random, cloud->seed, i);
        t[i] += added * vtr_random_normal(&random);
    }
    double margin = MARGIN * h->noise;
    h->low = low - margin;
    h->n_bins = (size_t)((high - low + 2 * margin) / (BIN * h->noise)) + 1;
    h->total = (double)cloud->n;
    h->count = vtr_calloc(h->n_bins, sizeof *h->count);
    for (size_t i = 0; i < cloud->n && h->count != NULL; i++) {
        double at = fmin(fmax((t[i] - h->low) / (BIN * h->noise), 0), (double)(h->n_bins - 1));
        h->count[(size_t)at]++;
    }
    vtr_free(t);
    return h->count != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu bins", h->n_bins);
}

/* Points of the grid from the edge downwards, past the first count. */
static void place(mixture *m, const histogram *h, double edge)
{
    double at = (edge - h->low) / (BIN * h->noise), reach = REACH / BIN;
    m->first = (size_t)(at - reach);
    m->n = m->first + 1;
    for (size_t a = 0; a < m->n; a++)
        m->share[a] = 1 / (double)m->n;
    for (size_t b = 0; b < m->band; b++) {
        double left = ((double)(m->first + b) - at) * BIN;
        /* On either side by the tails, which are small numbers known well. */
        m->kernel[b] = left > 0 ? normal_share(-left) - normal_share(-left - BIN)
                                : normal_share(left + BIN) - normal_share(left);
    }
}

static void find_density(mixture *m, const histogram *h)
{
    memset(m->density, 0, h->n_bins * sizeof *m->density);
    for (size_t a = 0; a < m->n; a++)
        for (size_t b = 0; b < m->band; b++)
            m->density[m->first - a + b] += m->share[a] * m->kernel[b];
}

/* The largest log-likelihood with nothing beyond the edge. Bins that nothing reaches count as very unlikely, not as
 * impossible. */
static double likelihood(mixture *m, const histogram *h, double edge)
{
    double sum = 0;
    place(m, h, edge);
    for (int step = 0; step < STEPS; step++) {
        find_density(m, h);
        for (size_t i = 0; i < h->n_bins; i++)
            m->density[i] = h->count[i] / (m->density[i] + 1e-12);
        for (size_t a = 0; a < m->n; a++) {
            double gain = 0;
            for (size_t b = 0; b < m->band; b++)
                gain += m->kernel[b] * m->density[m->first - a + b];
            m->share[a] *= gain / h->total;
        }
    }
    find_density(m, h);
    for (size_t i = 0; i < h->n_bins; i++)
        if (h->count[i] > 0) sum += h->count[i] * log(m->density[i] + 1e-12);
    return sum;
}

static double far_out(const histogram *h)
{
    return h->low + ((double)h->n_bins - 1) * BIN * h->noise - REACH * h->noise;
}

/* The edge nearest to the points at which the likelihood is at most `fall` below the largest one. */
static double edge_at(mixture *m, const histogram *h, double largest, double fall)
{
    double in = h->low + BIN * h->noise / 2, out = far_out(h);
    /* The median of the observed is inside for sure. */
    for (double seen = 0; seen < 0.5 * h->total; in += BIN * h->noise)
        seen += h->count[(size_t)((in - h->low) / (BIN * h->noise))];
    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (in + out);
        *(largest - likelihood(m, h, middle) > fall ? &in : &out) = middle;
    }
    return out;
}

vtr_status vtr_simplex_find_edge(simplex_edge *edge, const simplex_cloud *cloud, const double *direction,
                                 vtr_error *err)
{
    histogram h = {0};
    mixture m = {.band = (size_t)(2 * REACH / BIN) + 1}; /* ends within the last bin, see far_out */
    vtr_status status = fill_histogram(&h, cloud, direction, err);
    if (status != VTR_OK) return status;
    m.share = vtr_malloc(h.n_bins, sizeof *m.share);
    m.kernel = vtr_malloc(m.band, sizeof *m.kernel);
    m.density = vtr_malloc(h.n_bins, sizeof *m.density);
    if (m.share == NULL || m.kernel == NULL || m.density == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu bins", h.n_bins);
    else {
        double largest = likelihood(&m, &h, far_out(&h));
        edge->likely = edge_at(&m, &h, largest, 2);
        edge->inner = fmin(edge_at(&m, &h, largest, 8), edge->likely);
        edge->outer = edge->likely + 1.2 * h.noise;
    }
    vtr_free(h.count);
    vtr_free(m.share);
    vtr_free(m.kernel);
    vtr_free(m.density);
    return status;
}
