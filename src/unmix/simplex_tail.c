/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the noise-free positions of a map end along a direction.
 *
 * Positions are put in order by what their neighbours say, and measured by themselves: the mean measured value over the rank
 * is that of noise-free values, whatever the noise is like, and lies inside the simplex. Where it begins is the edge. The
 * curve is lo + c rank^p; p is 1 where the density does not vanish at the edge, less where it thins out, more where
 * positions pile up. All p are averaged by how well they fit, ln p being normal about 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unmix/simplex_internal.h"

enum { BINS = 64, POWERS = 14 };
static const double powers[POWERS] = {0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2, 2.5, 3};

/* The outermost positions that the curve is fitted to: few bend it less, many have less noise. */
static const double part = 0.16;
static const double power_spread = 0.25; /* standard deviation of ln p */
/* The order by the neighbours is blurred by their noise, which rounds the curve's begin off: of densities from rank^0.8 to
 * rank^1.5 and a blur b, it lies 0.27 b to 0.5 b farther in. */
static const double blur_shift = 0.35, blur_error = 0.35;

typedef struct pair {
    double guess, value;
    size_t index; /* equal guesses in the same order for any sort */
} pair;

static int farther(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->guess != y->guess) return x->guess > y->guess ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Projections with the farthest guess first; `blur` is by how much guesses miss, the position's own noise left out. */
static void project(pair *pairs, double *blur, const simplex_cloud *cloud, const double *direction)
{
    double square = 0;
    for (size_t i = 0; i < cloud->n; i++) {
        pairs[i] = (pair){0, 0, i};
        for (size_t l = 0; l < cloud->d; l++) {
            pairs[i].guess += direction[l] * cloud->guess[i * cloud->d + l];
            pairs[i].value += direction[l] * cloud->y[i * cloud->d + l];
        }
        square += pow(pairs[i].value - pairs[i].guess, 2) / (double)cloud->n;
    }
    *blur = sqrt(fmax(square - 1, 0));
    qsort(pairs, cloud->n, sizeof *pairs, farther);
}

/* A straight line in rank^p through the bins' means, each of `weight` inverse variance: its begin, the variance of that, and
 * chi-squared. */
static void fit_line(double *begin, double *variance, double *chi2, const double *mean, size_t n,
                     double weight, double power)
{
    double x[BINS], mx = 0, my = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = pow(((double)i + 0.5) / (double)n, power);
        mx += x[i] / (double)n;
        my += mean[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (mean[i] - my);
    }
    *begin = my - xy / xx * mx;
    *variance = (1 / (double)n + mx * mx / xx) / weight;
    *chi2 = 0;
    for (size_t i = 0; i < n; i++)
        *chi2 += weight * pow(mean[i] - *begin - xy / xx * x[i], 2);
}

static void fit_begin(double *begin, double *error, const double *mean, size_t n, double weight)
{
    double at[POWERS], variance[POWERS], cost[POWERS], least = INFINITY, sum = 0, square = 0;
    *begin = 0;
    for (int i = 0; i < POWERS; i++) {
        fit_line(&at[i], &variance[i], &cost[i], mean, n, weight, powers[i]);
        cost[i] += pow(log(powers[i]) / power_spread, 2);
        least = fmin(least, cost[i]);
    }
    for (int i = 0; i < POWERS; i++) {
        double share = exp(-0.5 * (cost[i] - least));
        sum += share;
        *begin += share * at[i];
        square += share * (variance[i] + at[i] * at[i]);
    }
    *begin /= sum;
    *error = sqrt(fmax(square / sum - *begin * *begin, 0));
}

vtr_status vtr_simplex_find_tail(simplex_edge *edge, const simplex_cloud *cloud, const double *direction,
                                 vtr_error *err)
{
    pair *pairs = vtr_malloc(cloud->n, sizeof *pairs);
    size_t m = (size_t)(part * (double)cloud->n), n = m / 4 < BINS ? m / 4 : BINS;
    double mean[BINS] = {0}, blur, begin, error;
    if (pairs == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", cloud->n);
    project(pairs, &blur, cloud, direction);
    size_t each = m / n;
    for (size_t i = 0; i < n * each; i++)
        mean[i / each] += pairs[i].value / (double)each;
    fit_begin(&begin, &error, mean, n, (double)each);
    edge->likely = begin + blur_shift * blur;
    edge->inner = begin - 2 * error;
    edge->outer = edge->likely + 2 * error + blur_error * blur;
    vtr_free(pairs);
    return VTR_OK;
}
