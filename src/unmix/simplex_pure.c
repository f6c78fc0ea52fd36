/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Corners at positions that are nearly pure: each the farthest from the flat through the corners before it. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"

/* What is left of a point, seen from `origin`, beside the span of n orthonormal directions. */
static double beside(double *rest, const double *y, const double *origin, const double *basis, size_t n,
                     size_t d)
{
    double square = 0;
    for (size_t l = 0; l < d; l++)
        rest[l] = y[l] - origin[l];
    for (size_t b = 0; b < n; b++) {
        double dot = 0;
        for (size_t l = 0; l < d; l++)
            dot += rest[l] * basis[b * d + l];
        for (size_t l = 0; l < d; l++)
            rest[l] -= dot * basis[b * d + l];
    }
    for (size_t l = 0; l < d; l++)
        square += rest[l] * rest[l];
    return square;
}

static size_t farthest(const simplex_cloud *cloud, const double *origin, const double *basis, size_t n)
{
    double most = -1, rest[SIMPLEX_DIMENSIONS];
    size_t best = 0;
    for (size_t i = 0; i < cloud->n; i++) {
        double square = beside(rest, cloud->y + i * cloud->d, origin, basis, n, cloud->d);
        if (square <= most) continue;
        most = square;
        best = i;
    }
    return best;
}

/* Mean of the n_pure points farthest along a direction: those beyond the n_pure-th largest value. */
static vtr_status mean_of_farthest(double *corner, const simplex_cloud *cloud, const double *direction,
                                   size_t n_pure, vtr_error *err)
{
    size_t n = n_pure < cloud->n ? n_pure : cloud->n, d = cloud->d, n_kept = 0;
    double *value = vtr_malloc(n, sizeof *value);
    size_t *which = vtr_malloc(n, sizeof *which);
    if (value == NULL || which == NULL) {
        vtr_free(value);
        vtr_free(which);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", n);
    }
    for (size_t i = 0; i < cloud->n; i++) {
        double t = 0;
        for (size_t l = 0; l < d; l++)
            t += direction[l] * cloud->y[i * d + l];
        if (n_kept == n && t <= value[n - 1]) continue;
        size_t at = n_kept < n ? n_kept++ : n - 1;
        for (; at > 0 && value[at - 1] < t; at--) {
            value[at] = value[at - 1];
            which[at] = which[at - 1];
        }
        value[at] = t;
        which[at] = i;
    }
    memset(corner, 0, d * sizeof *corner);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < d; l++)
            corner[l] += cloud->y[which[i] * d + l] / (double)n;
    vtr_free(value);
    vtr_free(which);
    return VTR_OK;
}

/* basis gets the direction from the flat through `corner` [n] to y. */
static void extend(double *basis, size_t n, const double *corner, const double *y, size_t d)
{
    double length = sqrt(beside(basis + n * d, y, corner, basis, n, d));
    for (size_t l = 0; l < d; l++)
        basis[n * d + l] /= length > 0 ? length : 1;
}

vtr_status vtr_simplex_pure(double *corner, const simplex_cloud *cloud, size_t n_pure, vtr_error *err)
{
    size_t d = cloud->d, k = d + 1;
    double basis[SIMPLEX_DIMENSIONS * SIMPLEX_DIMENSIONS], direction[SIMPLEX_DIMENSIONS];
    vtr_status status = VTR_OK;
    memcpy(corner, cloud->y + farthest(cloud, cloud->mean, basis, 0) * d, d * sizeof *corner);
    for (size_t j = 1; j < k; j++) {
        memcpy(corner + j * d, cloud->y + farthest(cloud, corner, basis, j - 1) * d, d * sizeof *corner);
        extend(basis, j - 1, corner, corner + j * d, d);
    }
    /* Single positions are chosen for their noise too: average along the direction away from all other corners. */
    double old[(SIMPLEX_DIMENSIONS + 1) * SIMPLEX_DIMENSIONS];
    memcpy(old, corner, k * d * sizeof *corner);
    for (size_t j = 0; j < k && status == VTR_OK; j++) {
        size_t first = j == 0 ? 1 : 0, n = 0;
        for (size_t l = 0; l < k; l++)
            if (l != j && l != first) {
                extend(basis, n, old + first * d, old + l * d, d);
                n++;
            }
        beside(direction, old + j * d, old + first * d, basis, n, d);
        status = mean_of_farthest(corner + j * d, cloud, direction, n_pure, err);
    }
    return status;
}
