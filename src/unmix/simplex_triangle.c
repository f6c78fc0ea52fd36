/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The triangle of least area around points in the plane, known by how far they reach in each direction. */
#include <math.h>

#include "unmix/simplex_internal.h"
#include "vitrail/constants.h"

/* Where two lines n.x = offset cross. */
static bool crossing(double at[2], double angle_a, double offset_a, double angle_b, double offset_b)
{
    double determinant = sin(angle_b - angle_a);
    if (fabs(determinant) < 1e-6) return false;
    at[0] = (offset_a * sin(angle_b) - offset_b * sin(angle_a)) / determinant;
    at[1] = (offset_b * cos(angle_a) - offset_a * cos(angle_b)) / determinant;
    return true;
}

bool vtr_simplex_corners(double corner[6], const simplex_triangle *t)
{
    for (int i = 0; i < 3; i++) {
        int a = (i + 1) % 3, b = (i + 2) % 3;
        /* The three normals go round once only if each follows the one before by less than half a turn. */
        double turn = fmod(t->angle[a] - t->angle[i] + 4 * VTR_PI, 2 * VTR_PI);
        if (turn <= 1e-3 || turn >= VTR_PI - 1e-3) return false;
        if (!crossing(corner + 2 * (size_t)i, t->angle[a], t->offset[a], t->angle[b], t->offset[b]))
            return false;
    }
    return true;
}

double vtr_simplex_area(const double corner[6])
{
    double ax = corner[2] - corner[0], ay = corner[3] - corner[1];
    double bx = corner[4] - corner[0], by = corner[5] - corner[1];
    return 0.5 * fabs(ax * by - ay * bx);
}

/* Between two directions the points reach at most as far as the crossing of the two lines. */
double vtr_simplex_support(const double *support, double angle)
{
    double step = 2 * VTR_PI / SIMPLEX_DIRECTIONS, place = fmod(angle, 2 * VTR_PI), corner[2] = {0};
    if (place < 0) place += 2 * VTR_PI;
    size_t before = (size_t)(place / step) % SIMPLEX_DIRECTIONS, after = (before + 1) % SIMPLEX_DIRECTIONS;
    double from = step * (double)before;
    crossing(corner, from, support[before], from + step, support[after]);
    return corner[0] * cos(angle) + corner[1] * sin(angle);
}

static double area_at(const double angle[3], const double *support)
{
    simplex_triangle t;
    double corner[6];
    for (int i = 0; i < 3; i++) {
        t.angle[i] = angle[i];
        t.offset[i] = vtr_simplex_support(support, angle[i]);
    }
    return vtr_simplex_corners(corner, &t) ? vtr_simplex_area(corner) : INFINITY;
}

/* One angle at a time, in ever smaller steps. */
static void refine(double angle[3], double *least, const double *support)
{
    for (double step = VTR_PI / SIMPLEX_DIRECTIONS; step > 1e-4;) {
        bool is_better = false;
        for (int i = 0; i < 3; i++)
            for (int sign = -1; sign <= 1; sign += 2) {
                double before = angle[i];
                angle[i] += sign * step;
                double area = area_at(angle, support);
                if (area < *least) {
                    *least = area;
                    is_better = true;
                } else
                    angle[i] = before;
            }
        if (!is_better) step *= 0.5;
    }
}

bool vtr_simplex_least_triangle(simplex_triangle *triangle, const double *support)
{
    enum { N = SIMPLEX_DIRECTIONS };
    double step = 2 * VTR_PI / N, least = INFINITY, best[3] = {0};
    for (int a = 0; a < N; a++)
        for (int b = a + 1; b < a + N / 2 && b < N; b++)
            for (int c = b + 1; c < b + N / 2 && c < N; c++) {
                double angle[3] = {step * a, step * b, step * c}, area = area_at(angle, support);
                if (area >= least) continue;
                least = area;
                for (int i = 0; i < 3; i++)
                    best[i] = angle[i];
            }
    if (!isfinite(least)) return false;
    refine(best, &least, support);
    for (int i = 0; i < 3; i++) {
        triangle->angle[i] = best[i];
        triangle->offset[i] = vtr_simplex_support(support, best[i]);
    }
    return true;
}
