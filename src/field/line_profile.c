/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/line_profile.h"

/* More values than this on one line is a mistyped step. */
enum { MOST_VALUES = 1000000 };
/* Samples a step of the scan, along and across: the mean of a linear interpolation is then right to 1e-3 of a step. */
static const double samples_per_step = 4;

void vtr_line_profile_release(vtr_line_profile *profile)
{
    vtr_free(profile->distance_nm);
    memset(profile, 0, sizeof *profile);
}

/* All arrays lie in one piece of memory. */
static vtr_status make(vtr_line_profile *profile, size_t n, vtr_error *err)
{
    double *memory = vtr_malloc(n, 6 * sizeof *memory);
    if (memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a line of %zu values", n);
    *profile = (vtr_line_profile){
        n, memory, memory + n, memory + 2 * n, memory + 3 * n, memory + 4 * n, memory + 5 * n};
    return VTR_OK;
}

/* --- the line ------------------------------------------------------------------------------------------------- */

/* The line in units of the map's steps stays in nm; what follows a place along it is found segment by segment. */
typedef struct path {
    const vtr_line *line;
    double start[VTR_LINE_PROFILE_POINTS]; /* arc length at each point */
    double length;
} path;

static vtr_status set_path(path *p, const vtr_line *line, vtr_error *err)
{
    *p = (path){.line = line};
    if (line->n_points < 2 || line->n_points > VTR_LINE_PROFILE_POINTS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a line has 2 to %d points", VTR_LINE_PROFILE_POINTS);
    for (size_t k = 1; k < line->n_points; k++)
        p->start[k] =
            p->start[k - 1] + hypot(line->x_nm[k] - line->x_nm[k - 1], line->y_nm[k] - line->y_nm[k - 1]);
    p->length = p->start[line->n_points - 1];
    if (!(p->length > 0 && isfinite(p->length)))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the line has no length; give two different ends");
    return VTR_OK;
}

/* The place at arc length s, moved by t to the side of +y of a line along +x. */
static void place_at(double at[2], const path *p, double s, double t)
{
    const vtr_line *l = p->line;
    size_t k = 1;
    while (k + 1 < l->n_points && s > p->start[k])
        k++;
    double length = p->start[k] - p->start[k - 1];
    while (length <= 0 && k > 1) { /* two equal points: the segment before them */
        k--;
        length = p->start[k] - p->start[k - 1];
    }
    double dx = (l->x_nm[k] - l->x_nm[k - 1]) / length, dy = (l->y_nm[k] - l->y_nm[k - 1]) / length,
           along = s - p->start[k - 1];
    at[0] = l->y_nm[k - 1] + dy * along + dx * t;
    at[1] = l->x_nm[k - 1] + dx * along - dy * t;
}

/* --- sums over one rectangle ------------------------------------------------------------------------------------ */

/* The weight of every position that a value is made of. */
typedef struct sums {
    double *weight; /* [n_y][n_x], zero between two values */
    size_t *touched;
    size_t n_touched;
    double samples, inside, used; /* samples taken, those within the map, those with data */
} sums;

static void add_weight(sums *s, size_t i, double weight)
{
    if (!(weight > 0)) return;
    if (s->weight[i] == 0) s->touched[s->n_touched++] = i;
    s->weight[i] += weight;
}

/* The two positions around `at` (in positions) with their weights; false outside of [-1/2, n - 1/2). */
static bool neighbours(size_t index[2], double weight[2], double at, size_t n)
{
    if (!(at >= -0.5 && at < (double)n - 0.5)) return false;
    double low = floor(at), part = at - low;
    index[0] = low < 0 ? 0 : (size_t)low;
    index[1] = low + 1 < (double)n ? (size_t)(low + 1) : index[0];
    weight[0] = low < 0 ? 0 : 1 - part;
    weight[1] = low + 1 < (double)n ? part : 0;
    return true;
}

static void sample(sums *s, const vtr_line_map *map, const double step[2], const double at_nm[2])
{
    size_t iy[2], ix[2];
    double wy[2], wx[2], total = 0;
    double y = at_nm[0] / step[0], x = at_nm[1] / step[1];
    s->samples++;
    if (!neighbours(iy, wy, y, map->n_y) || !neighbours(ix, wx, x, map->n_x)) return;
    s->inside++;
    size_t nearest = iy[wy[1] > wy[0]] * map->n_x + ix[wx[1] > wx[0]];
    if (!isfinite(map->values[nearest])) return;
    for (size_t k = 0; k < 4; k++)
        if (isfinite(map->values[iy[k / 2] * map->n_x + ix[k % 2]])) total += wy[k / 2] * wx[k % 2];
    for (size_t k = 0; k < 4; k++) {
        size_t i = iy[k / 2] * map->n_x + ix[k % 2];
        if (isfinite(map->values[i])) add_weight(s, i, wy[k / 2] * wx[k % 2] / total);
    }
    s->used++;
}

/* --- one value -------------------------------------------------------------------------------------------------- */

/* The mean around which a direction's values are taken: the angle of sum w exp(2 pi i v/period). */
static double circular_mean(const sums *s, const vtr_line_map *map)
{
    double factor = 2 * VTR_PI / map->period, re = 0, im = 0;
    for (size_t k = 0; k < s->n_touched; k++) {
        double angle = factor * (double)map->values[s->touched[k]];
        re += s->weight[s->touched[k]] * cos(angle);
        im += s->weight[s->touched[k]] * sin(angle);
    }
    return atan2(im, re) / factor;
}

static double nearest_turn(double value, double to, double period)
{
    return value - period * round((value - to) / period);
}

static void set_value(vtr_line_profile *p, size_t i, const sums *s, const vtr_line_map *map)
{
    double w = 0, w2 = 0, mean = 0, square = 0, variance = 0;
    double middle = map->period > 0 ? circular_mean(s, map) : 0;
    for (size_t k = 0; k < s->n_touched; k++) {
        size_t at = s->touched[k];
        double value = (double)map->values[at], weight = s->weight[at];
        double error = map->errors != NULL ? (double)map->errors[at] : NAN;
        if (map->period > 0) value = nearest_turn(value, middle, map->period);
        w += weight;
        w2 += weight * weight;
        double step = value - mean;
        mean += weight / w * step;
        square += weight * step * (value - mean);
        variance += weight * weight * error * error;
    }
    double n = w * w / w2;
    if (map->period > 0) mean = middle; /* of the unit vectors: values far from it must not pull it */
    p->mean[i] = mean;
    p->positions[i] = n;
    p->scatter[i] = s->n_touched > 1 && n > 1 ? sqrt(square / w * n / (n - 1)) : NAN;
    p->error[i] = map->errors != NULL ? sqrt(variance) / w : p->scatter[i] / sqrt(n);
}

/* Directions go on from the value before, so that a plot has no jumps. */
static void continue_direction(vtr_line_profile *p, double period)
{
    double last = NAN;
    for (size_t i = 0; i < p->n; i++) {
        if (!isfinite(p->mean[i])) continue;
        if (isfinite(last)) p->mean[i] = nearest_turn(p->mean[i], last, period);
        last = p->mean[i];
    }
}

/* --- all -------------------------------------------------------------------------------------------------------- */

/* What is the same for all values: how far a value reaches (u) and over what it is averaged (v), in nm. */
typedef struct plan {
    path path;
    double scan_step[2];
    double from, step, side_from, side; /* of u: first edge, step; of v: first edge, length */
    size_t n, n_u, n_v;                 /* values; samples of one value along u and v */
} plan;

static vtr_status set_plan(plan *pl, const vtr_line_map *map, const vtr_line *line, vtr_error *err)
{
    vtr_status status = set_path(&pl->path, line, err);
    if (status != VTR_OK) return status;
    bool has_steps = map->step_nm[0] > 0 && map->step_nm[1] > 0;
    for (int k = 0; k < 2; k++)
        pl->scan_step[k] = has_steps ? map->step_nm[k] : 1;
    double fine = fmin(pl->scan_step[0], pl->scan_step[1]), step = line->step_nm > 0 ? line->step_nm : fine;
    double width = line->width_nm > 0 ? line->width_nm : 0;
    if (line->is_across && !(width > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "across a line, the width says how far; give one above 0");
    double reach = line->is_across ? width : pl->path.length;
    if (!(reach / step < MOST_VALUES))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%g nm in steps of %g nm are more than %d values", reach, step,
                        MOST_VALUES);
    pl->n = (size_t)fmax(1, round(reach / step));
    pl->step = reach / (double)pl->n;
    pl->from = line->is_across ? -0.5 * width : 0;
    pl->side = line->is_across ? pl->path.length : width;
    pl->side_from = line->is_across ? 0 : -0.5 * width;
    pl->n_u = (size_t)ceil(samples_per_step * pl->step / fine);
    pl->n_v = (size_t)fmax(1, ceil(samples_per_step * pl->side / fine));
    return VTR_OK;
}

static void sum_value(sums *s, const plan *pl, const vtr_line_map *map, size_t i)
{
    bool is_across = pl->path.line->is_across;
    for (size_t k = 0; k < s->n_touched; k++)
        s->weight[s->touched[k]] = 0;
    s->n_touched = 0;
    s->samples = s->used = 0;
    for (size_t j = 0; j < pl->n_u; j++)
        for (size_t k = 0; k < pl->n_v; k++) {
            double u = pl->from + pl->step * ((double)i + ((double)j + 0.5) / (double)pl->n_u);
            double v = pl->side_from + pl->side * ((double)k + 0.5) / (double)pl->n_v, at[2];
            place_at(at, &pl->path, is_across ? v : u, is_across ? u : v);
            sample(s, map, pl->scan_step, at);
        }
}

static vtr_status compute(vtr_line_profile *p, sums *s, const plan *pl, const vtr_line_map *map,
                          vtr_error *err)
{
    size_t n_data = 0;
    for (size_t i = 0; i < p->n; i++) {
        sum_value(s, pl, map, i);
        p->distance_nm[i] = pl->from + pl->step * ((double)i + 0.5);
        p->mean[i] = p->error[i] = p->scatter[i] = NAN;
        p->positions[i] = 0;
        p->coverage[i] = s->used / s->samples;
        if (p->coverage[i] < 0.5) continue;
        set_value(p, i, s, map);
        n_data++;
    }
    if (s->inside == 0)
        return vtr_fail(err, VTR_ERR_RANGE,
                        "the line lies outside of the map, which is of %g x %g nm from (0, 0), x by y",
                        pl->scan_step[1] * (double)map->n_x, pl->scan_step[0] * (double)map->n_y);
    if (n_data == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "no data lies on the line");
    if (map->period > 0) continue_direction(p, map->period);
    return VTR_OK;
}

vtr_status vtr_line_profile_compute(vtr_line_profile *out, const vtr_line_map *map, const vtr_line *line,
                                    vtr_error *err)
{
    plan pl;
    vtr_line_profile profile = {0};
    size_t n = map->n_y * map->n_x;
    vtr_status status = set_plan(&pl, map, line, err);
    if (status != VTR_OK) return status;
    sums s = {.weight = vtr_calloc(n, sizeof *s.weight), .touched = vtr_malloc(n, sizeof *s.touched)};
    if (s.weight == NULL || s.touched == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a line over %zu positions", n);
    if (status == VTR_OK) status = make(&profile, pl.n, err);
    if (status == VTR_OK) status = compute(&profile, &s, &pl, map, err);
    vtr_free(s.weight);
    vtr_free(s.touched);
    if (status == VTR_OK)
        *out = profile;
    else
        vtr_line_profile_release(&profile);
    return status;
}
