/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the answer may move: corners within their statistical uncertainty, and every simplex that fits as well. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"
#include "vitrail/constants.h"

enum { K_MAX = VTR_UNMIX_COMPONENTS_MAX, WALKS = 40000 };

bool vtr_simplex_shares(double *share, size_t d, const double *corner)
{
    size_t k = d + 1;
    double matrix[K_MAX * K_MAX], unit[K_MAX * K_MAX] = {0};
    /* Rows (corner, 1): their inverse's columns are the shares' coefficients. By elimination with pivots. */
    for (size_t i = 0; i < k; i++) {
        memcpy(matrix + i * k, corner + i * d, d * sizeof *corner);
        matrix[i * k + d] = 1;
        unit[i * k + i] = 1;
    }
    for (size_t c = 0; c < k; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < k; r++)
            if (fabs(matrix[r * k + c]) > fabs(matrix[pivot * k + c])) pivot = r;
        if (!(fabs(matrix[pivot * k + c]) > 1e-9)) return false;
        for (size_t l = 0; l < k; l++) {
            double x = matrix[c * k + l], y = unit[c * k + l];
            matrix[c * k + l] = matrix[pivot * k + l];
            unit[c * k + l] = unit[pivot * k + l];
            matrix[pivot * k + l] = x;
            unit[pivot * k + l] = y;
        }
        for (size_t r = 0; r < k; r++) {
            double by = matrix[r * k + c] / matrix[c * k + c];
            for (size_t l = 0; l < k && r != c; l++) {
                matrix[r * k + l] -= by * matrix[c * k + l];
                unit[r * k + l] -= by * unit[c * k + l];
            }
        }
    }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            share[j * k + i] = unit[i * k + j] / matrix[i * k + i];
    return true;
}

bool vtr_simplex_widen(simplex_range *range, const simplex_cloud *cloud, const double *corner)
{
    size_t k = range->k, d = cloud->d;
    double share[K_MAX * K_MAX];
    if (!vtr_simplex_shares(share, d, corner)) return false;
    for (size_t j = 0; j < k; j++) {
        double fraction = share[j * k + d];
        for (size_t l = 0; l < d; l++)
            fraction += share[j * k + l] * cloud->mean[l];
        range->fraction_low[j] = fmin(range->fraction_low[j], fraction);
        range->fraction_high[j] = fmax(range->fraction_high[j], fraction);
        for (size_t c = 0; c < range->m; c++) {
            double x = cloud->centre[c];
            for (size_t l = 0; l < d; l++)
                x += corner[j * d + l] * cloud->axis[l * range->m + c];
            range->component_low[j * range->m + c] = fmin(range->component_low[j * range->m + c], x);
            range->component_high[j * range->m + c] = fmax(range->component_high[j * range->m + c], x);
        }
    }
    return true;
}

static void from_triangles(simplex_range *range, const simplex_cloud *cloud, const simplex_edge *edges,
                           const simplex_triangle *triangle)
{
    double support[2][SIMPLEX_DIRECTIONS], corner[6];
    for (size_t i = 0; i < SIMPLEX_DIRECTIONS; i++) {
        support[0][i] = edges[i].inner;
        support[1][i] = edges[i].outer;
    }
    for (unsigned choice = 0; choice < 8; choice++) {
        simplex_triangle t = *triangle;
        for (unsigned i = 0; i < 3; i++)
            t.offset[i] = vtr_simplex_support(support[choice >> i & 1], t.angle[i]);
        if (vtr_simplex_corners(corner, &t)) vtr_simplex_widen(range, cloud, corner);
    }
}

void vtr_simplex_statistical(simplex_range *range, const simplex_cloud *cloud, const double *corner,
                             const simplex_edge *edges, const simplex_triangle *triangle)
{
    vtr_simplex_widen(range, cloud, corner);
    if (triangle != NULL) {
        from_triangles(range, cloud, edges, triangle);
        return;
    }
    bool is_first_high = corner[0] > corner[1];
    for (unsigned choice = 0; choice < 4; choice++) {
        double high = choice & 1 ? edges[0].outer : edges[0].inner;
        double low = choice & 2 ? -edges[1].outer : -edges[1].inner;
        double pair[2] = {is_first_high ? high : low, is_first_high ? low : high};
        vtr_simplex_widen(range, cloud, pair);
    }
}

/* The interval of the line on which no channel falls below its bound, never inside the inner edges. */
static bool bounds_on_line(double bound[2], const simplex_cloud *cloud, size_t m, const double *lower)
{
    bound[0] = -INFINITY;
    bound[1] = INFINITY;
    for (size_t c = 0; c < m; c++) {
        double slope = cloud->axis[c], room = cloud->centre[c] - lower[c];
        if (slope > 0) bound[0] = fmax(bound[0], -room / slope);
        if (slope < 0) bound[1] = fmin(bound[1], -room / slope);
    }
    return isfinite(bound[0]) && isfinite(bound[1]);
}

static bool allowed_on_line(simplex_range *range, const simplex_cloud *cloud, const double *corner,
                            const simplex_edge *edges, const double *lower)
{
    double bound[2];
    if (!bounds_on_line(bound, cloud, range->m, lower)) return false;
    double high[2] = {edges[0].inner, fmax(bound[1], edges[0].inner)};
    double low[2] = {-edges[1].inner, fmin(bound[0], -edges[1].inner)};
    bool is_first_high = corner[0] > corner[1];
    for (unsigned choice = 0; choice < 4; choice++) {
        double h = high[choice & 1], l = low[choice >> 1];
        double pair[2] = {is_first_high ? h : l, is_first_high ? l : h};
        vtr_simplex_widen(range, cloud, pair);
    }
    return true;
}

/* How far below its bound a corner's spectrum falls, at most. */
static double excess(const simplex_cloud *cloud, size_t m, const double *lower, const double corner[2])
{
    double worst = -INFINITY;
    for (size_t c = 0; c < m; c++) {
        double x = cloud->centre[c] + corner[0] * cloud->axis[c] + corner[1] * cloud->axis[m + c];
        worst = fmax(worst, lower[c] - x);
    }
    return worst;
}

/* Whether every direction of the plane runs into a bound. */
static bool is_plane_bounded(const simplex_cloud *cloud, size_t m, const double *lower)
{
    for (size_t i = 0; i < SIMPLEX_DIRECTIONS; i++) {
        double angle = 2 * VTR_PI * (double)i / SIMPLEX_DIRECTIONS;
        bool is_bounded = false;
        for (size_t c = 0; c < m && !is_bounded; c++)
            is_bounded =
                isfinite(lower[c]) && cos(angle) * cloud->axis[c] + sin(angle) * cloud->axis[m + c] < 0;
        if (!is_bounded) return false;
    }
    return true;
}

/* A random walk over the triangles that hold the inner edges and whose corners stay above the bound, or no farther below
 * it than those of the triangle of least area. */
static bool allowed_in_plane(simplex_range *range, const simplex_cloud *cloud, const double *corner,
                             const simplex_edge *edges, const simplex_triangle *triangle, const double *lower)
{
    double support[SIMPLEX_DIRECTIONS], tolerance[3], size = sqrt(vtr_simplex_area(corner));
    if (!is_plane_bounded(cloud, range->m, lower)) return false;
    for (size_t i = 0; i < SIMPLEX_DIRECTIONS; i++)
        support[i] = edges[i].inner;
    for (size_t i = 0; i < 3; i++)
        tolerance[i] = fmax(excess(cloud, range->m, lower, corner + 2 * i), 0);
    vtr_random random;
    vtr_random_start(&random, cloud->seed, 0x72616e6765u);
    simplex_triangle now = *triangle;
    for (int i = 0; i < WALKS; i++) {
        simplex_triangle t = now;
        double trial[6], step = i % 2 ? 0.3 : 0.03;
        for (int side = 0; side < 3; side++) {
            t.angle[side] += step * vtr_random_normal(&random);
            t.offset[side] += step * size * vtr_random_normal(&random);
            t.offset[side] = fmax(t.offset[side], vtr_simplex_support(support, t.angle[side]));
        }
        if (!vtr_simplex_corners(trial, &t)) continue;
        bool is_allowed = true;
        for (size_t j = 0; j < 3 && is_allowed; j++)
            is_allowed = excess(cloud, range->m, lower, trial + 2 * j) <= tolerance[j];
        if (!is_allowed) continue;
        now = t;
        vtr_simplex_widen(range, cloud, trial);
    }
    return true;
}

void vtr_simplex_allowed(simplex_range *range, bool *is_bounded, const simplex_cloud *cloud,
                         const double *corner, const simplex_edge *edges, const simplex_triangle *triangle,
                         const double *lower)
{
    *is_bounded = triangle != NULL ? allowed_in_plane(range, cloud, corner, edges, triangle, lower)
                                   : allowed_on_line(range, cloud, corner, edges, lower);
}
