/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/constants.h"

/* What the bands are together: where they meet, how much of them there is in an area, how far apart they are, which ways they
 * run. */

/* The end of a band in the map belongs to a point so many of its errors, or steps, away. */
#define END_ERRORS 3.0
#define END_STEPS 4.0

static bool is_in_map(const vtr_band_maps *maps, const double place[2])
{
    return place[0] >= 0 && place[0] <= maps->step_y * (double)(maps->n_y - 1) && place[1] >= 0 &&
           place[1] <= maps->step_x * (double)(maps->n_x - 1);
}

static bool has_data(const vtr_band_maps *maps, const double place[2])
{
    return is_in_map(maps, place) &&
           vtr_band_is_valid(maps, (size_t)lround(place[0] / maps->step_y) * maps->n_x +
                                       (size_t)lround(place[1] / maps->step_x));
}

/* --- points ---------------------------------------------------------------------------------------------------------- */

static double reach_of_end(const vtr_band_fit *fit, const vtr_band_maps *maps, int end)
{
    double error = fit->is_determined[end] ? sqrt(fit->covariance[end][end]) : 0;
    return fmax(END_ERRORS * error, END_STEPS * maps->step);
}

/* 1: within the band, 2: at one of its ends, 0: beyond. */
static int where_along(const vtr_band_fit *fit, const vtr_band_maps *maps, double s)
{
    for (int end = FIT_FIRST; end <= FIT_LAST; end++) {
        double inwards = end == FIT_FIRST ? s - fit->value[end] : fit->value[end] - s;
        double reach = reach_of_end(fit, maps, end);
        if (inwards < -reach) return 0;
        if (inwards < reach) return 2;
    }
    return 1;
}

static double distance_at(const vtr_band_fit *line, const vtr_band_fit *other, double s, double place[2],
                          double *other_s)
{
    vtr_band_place at;
    vtr_band_curve_point(line, s, place);
    vtr_band_curve_at(&at, other, place[0], place[1]);
    *other_s = at.s;
    return at.d;
}

/* The place moves by (y, x) where the lines move across by their errors e: n_i . (y, x) = e_i. */
static void set_errors(vtr_band_point *point, const vtr_band_fit *a, double a_s, const vtr_band_fit *b,
                       double b_s)
{
    double angle_a = a->value[FIT_ANGLE] + a_s * a->value[FIT_CURVATURE];
    double angle_b = b->value[FIT_ANGLE] + b_s * b->value[FIT_CURVATURE];
    double error_a = vtr_band_curve_error(a, a_s), error_b = vtr_band_curve_error(b, b_s);
    double across = fabs(sin(angle_b - angle_a));
    point->y_error_nm = hypot(sin(angle_b) * error_a, sin(angle_a) * error_b) / across;
    point->x_error_nm = hypot(cos(angle_b) * error_a, cos(angle_a) * error_b) / across;
}

static void add_point(vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps, size_t i,
                      size_t j, double from, double to)
{
    double place[2], other_s, d_from = distance_at(&fits[i], &fits[j], from, place, &other_s);
    for (int k = 0; k < 40; k++) {
        double middle = 0.5 * (from + to), d = distance_at(&fits[i], &fits[j], middle, place, &other_s);
        if (d * d_from > 0)
            from = middle;
        else
            to = middle;
    }
    int here = where_along(&fits[i], maps, from), there = where_along(&fits[j], maps, other_s);
    if (here == 0 || there == 0 || !is_in_map(maps, place) || bands->n_points == VTR_BAND_POINTS_MAX) return;
    vtr_band_point *point = &bands->points[bands->n_points++];
    *point = (vtr_band_point){.y_nm = place[0], .x_nm = place[1], .is_branch = here == 2 || there == 2};
    point->first = here == 2 || there != 2 ? i : j;
    point->second = point->first == i ? j : i;
    set_errors(point, &fits[i], from, &fits[j], other_s);
}

static void meet(vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps, size_t i, size_t j)
{
    double along[2], place[2], other_s, before = NAN, step = 0.5 * maps->step;
    if (!vtr_band_curve_within(&fits[i], maps, true, along)) return;
    for (double s = along[0]; s <= along[1]; s += step) {
        double d = distance_at(&fits[i], &fits[j], s, place, &other_s);
        if (before * d < 0) add_point(bands, fits, maps, i, j, s - step, s);
        before = d;
    }
}

/* --- length and directions ------------------------------------------------------------------------------------------- */

/* Walks along a band: the length that has data, and its directions. */
static double walk(vtr_bands *bands, const vtr_band_fit *fit, const vtr_band_maps *maps, double doubled[2])
{
    double along[2], place[2], step = 0.25 * maps->step, length = 0;
    if (!vtr_band_curve_within(fit, maps, false, along)) return 0;
    size_t n = (size_t)((along[1] - along[0]) / step) + 1;
    step = (along[1] - along[0]) / (double)n;
    for (size_t k = 0; k < n; k++) {
        double s = along[0] + step * ((double)k + 0.5);
        double angle = fit->value[FIT_ANGLE] + s * fit->value[FIT_CURVATURE];
        vtr_band_curve_point(fit, s, place);
        if (!has_data(maps, place)) continue;
        length += step;
        doubled[0] += step * cos(2 * angle);
        doubled[1] += step * sin(2 * angle);
        double part = (angle / VTR_PI + 0.5) - floor(angle / VTR_PI + 0.5);
        bands->direction_length_nm[(size_t)(part * VTR_BAND_DIRECTIONS) % VTR_BAND_DIRECTIONS] += step;
    }
    return length;
}

static void set_density(vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps)
{
    double doubled[2] = {0}, length = 0, variance = 0;
    double area = (double)maps->n_valid * maps->step_y * maps->step_x;
    for (size_t b = 0; b < bands->n; b++) {
        double error = bands->list[b].length_error_nm;
        length += walk(bands, &fits[b], maps, doubled);
        variance += error * error;
    }
    bands->density_inv_nm = length / area;
    bands->density_error_inv_nm = sqrt(variance) / area;
    bands->direction_degrees = bands->direction_spread_degrees = NAN;
    if (!(length > 0)) return;
    /* standard deviation of a wrapped normal distribution of twice the angle */
    double order = fmin(hypot(doubled[0], doubled[1]) / length, 1);
    bands->direction_degrees = 0.5 * atan2(doubled[1], doubled[0]) / VTR_RADIANS_PER_DEGREE;
    bands->direction_spread_degrees = 0.5 * sqrt(-2 * log(order)) / VTR_RADIANS_PER_DEGREE;
}

/* --- spacing --------------------------------------------------------------------------------------------------------- */

/* Sums over the lines across: all distances of neighbours, and those of each pair. */
typedef struct gaps {
    double n, sum, squares;
    double pair_n[VTR_BANDS_MAX][VTR_BANDS_MAX], pair_sum[VTR_BANDS_MAX][VTR_BANDS_MAX];
} gaps;

/* One line across, from (y, x) in steps along (dy, dx). */
static void cross(gaps *g, const vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps,
                  const double from[2], const double by[2], double step, long n)
{
    double before[VTR_BANDS_MAX], last = NAN;
    size_t last_band = 0;
    for (size_t b = 0; b < bands->n; b++)
        before[b] = NAN;
    for (long k = -n; k <= n; k++) {
        const double place[2] = {from[0] + by[0] * step * (double)k, from[1] + by[1] * step * (double)k};
        if (!is_in_map(maps, place)) continue;
        for (size_t b = 0; b < bands->n; b++) {
            vtr_band_place at;
            vtr_band_curve_at(&at, &fits[b], place[0], place[1]);
            double d = at.d, earlier = before[b];
            before[b] = d;
            if (!(earlier * d < 0) || at.s < fits[b].value[FIT_FIRST] || at.s > fits[b].value[FIT_LAST])
                continue;
            double v = step * ((double)k - d / (d - earlier));
            if (isfinite(last)) {
                g->n++;
                g->sum += v - last;
                g->squares += (v - last) * (v - last);
                size_t low = b < last_band ? b : last_band, high = b < last_band ? last_band : b;
                g->pair_n[low][high]++;
                g->pair_sum[low][high] += v - last;
            }
            last = v;
            last_band = b;
        }
    }
}

static void set_spacing(vtr_bands *bands, const gaps *g, double between_nm)
{
    bands->spacing_nm = bands->spacing_error_nm = bands->spacing_scatter_nm = NAN;
    for (size_t i = 0; i < bands->n; i++)
        for (size_t j = i + 1; j < bands->n; j++) {
            if (g->pair_n[i][j] == 0 || bands->n_spacings == VTR_BAND_SPACINGS_MAX) continue;
            bands->spacings[bands->n_spacings++] =
                (vtr_band_spacing){i, j, g->pair_sum[i][j] / g->pair_n[i][j], g->pair_n[i][j] * between_nm};
        }
    if (g->n == 0) return;
    bands->spacing_nm = g->sum / g->n;
    bands->spacing_scatter_nm = sqrt(fmax(g->squares / g->n - bands->spacing_nm * bands->spacing_nm, 0));
    /* neighbours that follow each other along many lines are one pair */
    if (bands->n_spacings > 1)
        bands->spacing_error_nm = bands->spacing_scatter_nm / sqrt((double)(bands->n_spacings - 1));
}

/* Along lines perpendicular to the mean direction, two steps of the scan apart. */
static void measure_spacing(vtr_bands *bands, gaps *g, const vtr_band_fit *fits, const vtr_band_maps *maps)
{
    double height = maps->step_y * (double)(maps->n_y - 1), width = maps->step_x * (double)(maps->n_x - 1);
    double angle = bands->direction_degrees * VTR_RADIANS_PER_DEGREE, c = cos(angle), s = sin(angle);
    double between = 2 * maps->step, step = 0.5 * maps->step, half = 0.5 * hypot(height, width);
    const double by[2] = {c, -s};
    long n_lines = (long)(half / between), n = (long)(half / step);
    memset(g, 0, sizeof *g);
    for (long k = -n_lines; k <= n_lines && isfinite(angle); k++) {
        const double from[2] = {0.5 * height + s * between * (double)k,
                                0.5 * width + c * between * (double)k};
        cross(g, bands, fits, maps, from, by, step, n);
    }
    set_spacing(bands, g, between);
}

vtr_status vtr_bands_network(vtr_bands *bands, const vtr_band_fit *fits, const vtr_band_maps *maps,
                             vtr_error *err)
{
    gaps *g = vtr_malloc(1, sizeof *g);
    if (g == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the network of bands");
    for (size_t i = 0; i < bands->n; i++)
        for (size_t j = i + 1; j < bands->n; j++)
            meet(bands, fits, maps, i, j);
    set_density(bands, fits, maps);
    measure_spacing(bands, g, fits, maps);
    vtr_free(g);
    return VTR_OK;
}
