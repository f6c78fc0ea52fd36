/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crests of the field's fastest change, in the manner of J. Canny, IEEE Trans. Pattern Anal. Mach. Intell. 8, 679 (1986):
 * Gaussian derivatives, the largest along the normal, two thresholds. */
#include <string.h>

#include "magnetic/domains_internal.h"

/* Beside what no noise shows anywhere, walls go on where it shows in one position of 10,000. */
static const double weak_chance = 1e-4;
/* A wall ends where the field changes less than this part of its fastest change, or faster again. */
static const double end_of_wall = 0.02, other_wall = 1.3;
/* What changes by more than this part of it all the way out is a slow rotation and no wall. */
static const double least_contrast = 0.5;
/* The half of a wall is looked for within this many kernel widths. */
static const double longest_half = 20;

/* A side whose field is less than this part of the other's, or has no direction to this (rad), is no domain. */
static const double weakest_side = 0.25, vaguest_side = 15 * VTR_RADIANS_PER_DEGREE;

enum { NO_CREST, WEAK, STRONG };

/* The chi-squared of 4 degrees of freedom that is exceeded with this chance: (1 + x/2) exp(-x/2). */
static double threshold_of(double chance)
{
    double x = 10;
    for (int k = 0; k < 60; k++)
        x = 2 * (log1p(0.5 * x) - log(chance));
    return x;
}

/* --- crests ----------------------------------------------------------------------------------------------------- */

/* The change of the field at a distance along a normal from a place (in positions). */
static bool change_at(vtr_local_slope *change, vtr_local_field *field, const vtr_local_plan *p,
                      const double place[2], const double normal[2], double distance)
{
    if (!vtr_local_field_at(field, p, place[0] + distance * normal[1] / p->step[0],
                            place[1] + distance * normal[0] / p->step[1]))
        return false;
    vtr_local_change(change, field);
    return true;
}

/* Whether a line with this normal is crossed in steps along x (0) or along y (1). */
static int crossing(const double normal[2], const double step[2])
{
    return fabs(normal[0]) * step[1] >= fabs(normal[1]) * step[0] ? 0 : 1;
}

/* Whether a crest runs through the position, and how far along the normal it lies: parabolas through the change at
 * three places, each about the crest of the one before. */
static bool is_crest(double *offset, const vtr_local_plan *p, size_t i, const vtr_local_slope *here)
{
    const double place[2] = {(double)(i / p->n[1]), (double)(i % p->n[1])};
    const double below_one = 1 - 1e-3; /* a crest exactly between two positions is not lost */
    double step = 0.5 * p->scale, at = 0;
    /* so that a straight line takes one position for each step along the other direction */
    double extent = crossing(here->normal, p->step) == 0 ? p->step[1] * fabs(here->normal[0])
                                                         : p->step[0] * fabs(here->normal[1]);
    for (int round = 0; round < 5; round++) {
        vtr_local_slope change[3];
        vtr_local_field field;
        for (int k = 0; k < 3; k++)
            if (!change_at(&change[k], &field, p, place, here->normal, at + (k - 1) * step)) return false;
        double curvature = change[0].value - 2 * change[1].value + change[2].value;
        if (!(curvature < 0)) return false;
        at += fmin(fmax(0.5 * (change[0].value - change[2].value) / curvature, -2), 2) * step;
        if (!(fabs(at) <= 2 * extent)) return false;
    }
    *offset = at;
    return at > -0.5 * extent * below_one && at <= 0.5 * extent / below_one;
}

/* The maps of the turning rate, and for each position whether it lies on a crest. */
static void find_crests(unsigned char *crest, const vtr_local_plan *p, double weak, double strong,
                        vtr_field_map *turning)
{
    const double degrees = 1 / VTR_RADIANS_PER_DEGREE;
#pragma omp parallel for schedule(dynamic, 64)
    for (size_t i = 0; i < p->n[0] * p->n[1]; i++) {
        vtr_local_field field;
        vtr_local_slope change;
        double rate, error, offset;
        crest[i] = NO_CREST;
        if (!isfinite(p->field[2 * i]) ||
            !vtr_local_field_at(&field, p, (double)(i / p->n[1]), (double)(i % p->n[1])))
            continue;
        vtr_local_turning(&rate, &error, &field);
        turning->values[i] = (float)(degrees * rate);
        turning->errors[i] = (float)(degrees * error);
        double chi2 = vtr_local_chi2(&field);
        if (chi2 < weak) continue;
        vtr_local_change(&change, &field);
        if (is_crest(&offset, p, i, &change)) crest[i] = chi2 >= strong ? STRONG : WEAK;
    }
}

/* Crests that hang together with a strong one, over gaps of one position, become strong too. */
static void follow_crests(unsigned char *crest, size_t *queue, const size_t n[2])
{
    size_t n_queue = 0;
    for (size_t i = 0; i < n[0] * n[1]; i++)
        if (crest[i] == STRONG) queue[n_queue++] = i;
    for (size_t k = 0; k < n_queue; k++) {
        size_t y = queue[k] / n[1], x = queue[k] % n[1];
        for (size_t v = y > 2 ? y - 2 : 0; v <= y + 2 && v < n[0]; v++)
            for (size_t u = x > 2 ? x - 2 : 0; u <= x + 2 && u < n[1]; u++)
                if (crest[v * n[1] + u] == WEAK) {
                    crest[v * n[1] + u] = STRONG;
                    queue[n_queue++] = v * n[1] + u;
                }
    }
}

/* --- both sides ---------------------------------------------------------------------------------------------------- */

typedef enum fate { FADES, NO_WALL, MAP_ENDS } fate;

/* The field where the wall ends on one side. */
static fate side_of(vtr_local_field *side, const vtr_local_plan *p, const vtr_wall_point *point, double sign)
{
    double step = 0.5 * fmin(p->step[0], p->step[1]), least = point->slope;
    bool is_inside = true;
    for (double d = step; d < longest_half * p->scale; d += step) {
        vtr_local_field field;
        vtr_local_slope change;
        double y = point->place[0] + sign * d * point->normal[1] / p->step[0],
               x = point->place[1] + sign * d * point->normal[0] / p->step[1];
        is_inside = y >= 0 && y <= (double)p->n[0] - 1 && x >= 0 && x <= (double)p->n[1] - 1 &&
                    change_at(&change, &field, p, point->place, point->normal, sign * d);
        if (!is_inside) break;
        if (change.value > other_wall * least && least < least_contrast * point->slope) break;
        if (change.value < least) {
            least = change.value;
            *side = field;
        }
        if (change.value < fmax(end_of_wall * point->slope, 1.5 * change.error)) break;
    }
    return least < least_contrast * point->slope ? FADES : is_inside ? NO_WALL : MAP_ENDS;
}

/* The angle and the jump between the fields of both sides. */
static void compare_sides(vtr_wall_point *point, const vtr_local_field side[2])
{
    double cross = side[0].b[0] * side[1].b[1] - side[0].b[1] * side[1].b[0],
           dot = side[0].b[0] * side[1].b[0] + side[0].b[1] * side[1].b[1], variance = 0;
    const double d[2] = {side[1].b[0] - side[0].b[0], side[1].b[1] - side[0].b[1]};
    point->angle = atan2(cross, dot);
    double error[2] = {vtr_local_direction_error(&side[0]), vtr_local_direction_error(&side[1])},
           size[2] = {hypot(side[0].b[0], side[0].b[1]), hypot(side[1].b[0], side[1].b[1])};
    point->angle_error = hypot(error[0], error[1]);
    point->is_edge = !(fmax(error[0], error[1]) < vaguest_side) ||
                     fmin(size[0], size[1]) < weakest_side * fmax(size[0], size[1]);
    point->jump = hypot(d[0], d[1]);
    for (int k = 0; k < 2 && point->jump > 0; k++) {
        const double *c = side[k].b_covariance;
        variance +=
            (d[0] * d[0] * c[0] + d[1] * d[1] * c[1] + 2 * d[0] * d[1] * c[2]) / (point->jump * point->jump);
    }
    point->jump_error = sqrt(variance);
}

/* False where the crest is no wall. */
static bool set_point(vtr_wall_point *point, const vtr_local_plan *p, size_t i, double least_angle)
{
    vtr_local_field field, side[2];
    vtr_local_slope change;
    const double place[2] = {(double)(i / p->n[1]), (double)(i % p->n[1])};
    double offset;
    if (!vtr_local_field_at(&field, p, place[0], place[1])) return false;
    vtr_local_change(&change, &field);
    if (!is_crest(&offset, p, i, &change)) return false;
    *point = (vtr_wall_point){.at = i, .normal = {change.normal[0], change.normal[1]}, .angle = NAN};
    point->place[0] = place[0] + offset * change.normal[1] / p->step[0];
    point->place[1] = place[1] + offset * change.normal[0] / p->step[1];
    point->length = crossing(change.normal, p->step) == 0 ? p->step[0] / fabs(change.normal[0])
                                                          : p->step[1] / fabs(change.normal[1]);
    if (!change_at(&change, &field, p, point->place, point->normal, 0)) return false;
    point->slope = change.value;
    point->slope_error = change.error;
    fate before = side_of(&side[0], p, point, -1), after = side_of(&side[1], p, point, 1);
    if (before == NO_WALL || after == NO_WALL) return false;
    if (before == MAP_ENDS || after == MAP_ENDS) return true; /* its angle stays NAN */
    compare_sides(point, side);
    return point->is_edge || fabs(point->angle) >= least_angle;
}

/* The points of all strong crests that turn the field by enough, in the order of the scan. */
static size_t set_points(vtr_wall_point *points, unsigned char *crest, size_t *list, const vtr_local_plan *p,
                         double least_angle)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < p->n[0] * p->n[1]; i++)
        if (crest[i] == STRONG) list[n++] = i;
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t k = 0; k < n; k++)
        if (!set_point(&points[k], p, list[k], least_angle)) points[k].at = SIZE_MAX;
    for (size_t k = 0; k < n; k++)
        if (points[k].at != SIZE_MAX) points[kept++] = points[k];
    /* where the map ends within the wall, it has to hang together with a part that was measured */
    memset(crest, NO_CREST, p->n[0] * p->n[1]);
    for (size_t k = 0; k < kept; k++)
        crest[points[k].at] = isnan(points[k].angle) ? WEAK : STRONG;
    follow_crests(crest, list, p->n);
    for (size_t k = n = 0; k < kept; k++)
        if (crest[points[k].at] == STRONG) points[n++] = points[k];
    return n;
}

vtr_status vtr_walls_find(vtr_wall_point **out, size_t *n_out, const vtr_local_plan *plan,
                          const vtr_magnetic_params *params, vtr_field_map *turning, vtr_error *err)
{
    size_t n = plan->n[0] * plan->n[1], n_field = 0, n_strong = 0;
    unsigned char *crest = vtr_calloc(n, 1);
    size_t *list = vtr_malloc(n, sizeof *list);
    vtr_wall_point *points = NULL;
    vtr_status status = VTR_OK;
    if (crest == NULL || list == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the walls of %zu positions", n);
        goto cleanup;
    }
    for (size_t i = 0; i < n; i++)
        n_field += isfinite(plan->field[2 * i]);
    double strong = threshold_of(params->wall_significance / fmax((double)n_field, 1));
    find_crests(crest, plan, fmin(threshold_of(weak_chance), strong), strong, turning);
    follow_crests(crest, list, plan->n);
    for (size_t i = 0; i < n; i++)
        n_strong += crest[i] == STRONG;
    points = vtr_malloc(n_strong, sizeof *points);
    if (points == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for walls of %zu positions", n_strong);
        goto cleanup;
    }
    *n_out = set_points(points, crest, list, plan, params->wall_angle_degrees * VTR_RADIANS_PER_DEGREE);
    *out = points;

cleanup:
    vtr_free(crest);
    vtr_free(list);
    return status;
}
