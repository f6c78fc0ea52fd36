/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "series/series_internal.h"
#include "vitrail/constants.h"

/* The window reaches this many standard deviations; what lies beyond is 3e-3 of it. */
static const double reach = 3.5;
/* A place is left out where less than this share of its window has data: towards holes and edges the fit is a worse and worse
 * extrapolation. */
static const double least_share = 0.8;
/* Positions whose error bar is this many times the median say nothing, but would set the noise of their neighbours. */
static const float useless = 5;

typedef struct window {
    long reach_y, reach_x;
    double *weight; /* [2 reach_y + 1][2 reach_x + 1] */
    double sum;
} window;

/* No wider than the map reaches; `sum` is that of the whole window. */
static vtr_status make_window(window *w, const vtr_series_map *map, double sigma_nm, vtr_error *err)
{
    const double *step_nm = map->step_nm;
    *w = (window){.reach_y = (long)fmin(ceil(reach * sigma_nm / step_nm[0]), (double)map->n_y),
                  .reach_x = (long)fmin(ceil(reach * sigma_nm / step_nm[1]), (double)map->n_x),
                  .sum = 2 * VTR_PI * sigma_nm * sigma_nm / (step_nm[0] * step_nm[1])};
    size_t n_x = 2 * (size_t)w->reach_x + 1, n_y = 2 * (size_t)w->reach_y + 1;
    w->weight = vtr_malloc(n_y * n_x, sizeof *w->weight);
    if (w->weight == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a smoothing window");
    for (size_t i = 0; i < n_y * n_x; i++) {
        double y = ((double)(i / n_x) - (double)w->reach_y) * step_nm[0],
               x = ((double)(i % n_x) - (double)w->reach_x) * step_nm[1];
        w->weight[i] = exp(-0.5 * (y * y + x * x) / (sigma_nm * sigma_nm));
    }
    return VTR_OK;
}

/* First row of the inverse of the moments: what turns them into the value of the plane at the window's middle. */
static bool solve_plane(double row[3], const double m[6])
{
    /* m: 1, y, x, yy, yx, xx */
    double a = m[3] * m[5] - m[4] * m[4], b = m[2] * m[4] - m[1] * m[5], c = m[1] * m[4] - m[2] * m[3];
    double determinant = m[0] * a + m[1] * b + m[2] * c;
    if (!(determinant > 1e-9 * m[0] * m[3] * m[5])) return false;
    row[0] = a / determinant;
    row[1] = b / determinant;
    row[2] = c / determinant;
    return true;
}

/* What the pass over one window needs. */
typedef struct view {
    const vtr_series_map *map;
    const uint8_t *good;
    const window *window;
    long y0, y1, x0, x1; /* of the window inside the map */
    size_t y, x;
} view;

static double weight_at(const view *v, long y, long x)
{
    const window *w = v->window;
    return w->weight[(size_t)(y - (long)v->y + w->reach_y) * (2 * (size_t)w->reach_x + 1) +
                     (size_t)(x - (long)v->x + w->reach_x)];
}

/* A weighted plane through the window's data, read at its middle: exact for planes whatever holes there are. */
static void fit_plane(const view *v, float *value, float *variance)
{
    double m[6] = {0}, row[3], sum = 0, noise = 0;
    size_t n_x = v->map->n_x;
    for (long y = v->y0; y <= v->y1; y++)
        for (long x = v->x0; x <= v->x1; x++) {
            if (!v->good[(size_t)y * n_x + (size_t)x]) continue;
            double w = weight_at(v, y, x), dy = (double)(y - (long)v->y), dx = (double)(x - (long)v->x);
            const double products[6] = {1, dy, dx, dy * dy, dy * dx, dx * dx};
            for (int k = 0; k < 6; k++)
                m[k] += w * products[k];
        }
    *value = *variance = NAN;
    if (m[0] < least_share * v->window->sum || !solve_plane(row, m)) return;
    for (long y = v->y0; y <= v->y1; y++)
        for (long x = v->x0; x <= v->x1; x++) {
            size_t i = (size_t)y * n_x + (size_t)x;
            if (!v->good[i]) continue;
            double dy = (double)(y - (long)v->y), dx = (double)(x - (long)v->x);
            double w = weight_at(v, y, x) * (row[0] + row[1] * dy + row[2] * dx);
            double error = v->map->errors != NULL ? (double)v->map->errors[i] : 0;
            sum += w * (double)v->map->values[i];
            noise += w * w * error * error;
        }
    *value = (float)sum;
    *variance = (float)noise;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Positions with a value and a useful error bar. */
static vtr_status find_good(uint8_t *good, const vtr_series_map *map, const uint8_t *used, vtr_error *err)
{
    size_t n = map->n_y * map->n_x, n_good = 0;
    float *sorted = vtr_malloc(n, sizeof *sorted);
    if (sorted == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the positions of a map");
    for (size_t i = 0; i < n; i++) {
        bool has_error = map->errors == NULL || (isfinite(map->errors[i]) && map->errors[i] > 0);
        good[i] = isfinite(map->values[i]) && has_error && (used == NULL || used[i]);
        if (good[i]) sorted[n_good++] = map->errors != NULL ? map->errors[i] : 0;
    }
    if (n_good > 0) {
        qsort(sorted, n_good, sizeof *sorted, by_value);
        float largest = useless * sorted[n_good / 2];
        for (size_t i = 0; i < n && map->errors != NULL; i++)
            good[i] = good[i] && map->errors[i] <= largest;
    }
    vtr_free(sorted);
    return VTR_OK;
}

vtr_status vtr_smooth_field(float *value, float *variance, const vtr_series_map *map, const uint8_t *used,
                            double sigma_nm, vtr_error *err)
{
    window w = {0};
    uint8_t *good = vtr_malloc(map->n_y * map->n_x, 1);
    vtr_status status = good == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a smoothed map")
                                     : make_window(&w, map, sigma_nm, err);
    if (status == VTR_OK) status = find_good(good, map, used, err);
    if (status != VTR_OK) goto cleanup;
    long last_y = (long)map->n_y - 1, last_x = (long)map->n_x - 1;
#pragma omp parallel for schedule(static)
    for (long y = 0; y <= last_y; y++)
        for (long x = 0; x <= last_x; x++) {
            size_t i = (size_t)y * map->n_x + (size_t)x;
            view v = {map, good, &w, .y = (size_t)y, .x = (size_t)x};
            v.y0 = y > w.reach_y ? y - w.reach_y : 0;
            v.x0 = x > w.reach_x ? x - w.reach_x : 0;
            v.y1 = y + w.reach_y < last_y ? y + w.reach_y : last_y;
            v.x1 = x + w.reach_x < last_x ? x + w.reach_x : last_x;
            fit_plane(&v, &value[i], &variance[i]);
        }
cleanup:
    vtr_free(w.weight);
    vtr_free(good);
    return status;
}

vtr_status vtr_smooth_create(smooth_maps *out, const vtr_series_maps *maps, double sigma_nm, vtr_error *err)
{
    smooth_maps s = {maps->n_y, maps->n_x, maps->n_fields, {maps->step_nm[0], maps->step_nm[1]},
                     sigma_nm,  maps};
    size_t n = maps->n_y * maps->n_x;
    vtr_status status = VTR_OK;
    for (size_t f = 0; f < maps->n_fields && status == VTR_OK; f++) {
        const vtr_series_map map = {maps->n_y,
                                    maps->n_x,
                                    {maps->step_nm[0], maps->step_nm[1]},
                                    maps->field[f].values,
                                    maps->field[f].errors};
        s.value[f] = vtr_malloc(n, sizeof(float));
        s.variance[f] = vtr_malloc(n, sizeof(float));
        status = s.value[f] != NULL && s.variance[f] != NULL
                     ? vtr_smooth_field(s.value[f], s.variance[f], &map, NULL, sigma_nm, err)
                     : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a smoothed map");
    }
    if (status == VTR_OK)
        *out = s;
    else
        vtr_smooth_release(&s);
    return status;
}

void vtr_smooth_release(smooth_maps *maps)
{
    for (size_t f = 0; f < VTR_SERIES_FIELDS; f++) {
        vtr_free(maps->value[f]);
        vtr_free(maps->variance[f]);
    }
    *maps = (smooth_maps){0};
}

/* out = image folded along one axis (its elements `stride` apart) with exp(-d^2/(4 sigma^2)). */
static void fold(double *out, const double *image, size_t n_lines, size_t line_stride, size_t n,
                 size_t stride, double step_over_sigma)
{
    enum { MOST = 255 }; /* of a window that is 50 steps wide; further out it is cut */
    double weight[MOST + 1];
    long most = (long)fmin(ceil(reach * sqrt(2) / step_over_sigma), MOST);
    for (long k = 0; k <= most; k++)
        weight[k] = exp(-0.25 * pow((double)k * step_over_sigma, 2));
    for (size_t l = 0; l < n_lines; l++)
        for (long i = 0; i < (long)n; i++) {
            double sum = 0;
            for (long k = i > most ? i - most : 0; k < (long)n && k <= i + most; k++)
                sum += image[l * line_stride + (size_t)k * stride] * weight[labs(k - i)];
            out[l * line_stride + (size_t)i * stride] = sum;
        }
}

double vtr_smooth_product(const double *first, const double *second, size_t n_y, size_t n_x,
                          const double step_nm[2], double sigma_nm, double *scratch)
{
    double *rows = scratch, *both = scratch + n_y * n_x, sum = 0;
    fold(rows, second, n_y, n_x, n_x, 1, step_nm[1] / sigma_nm);
    fold(both, rows, n_x, 1, n_y, n_x, step_nm[0] / sigma_nm);
    for (size_t i = 0; i < n_y * n_x; i++)
        sum += first[i] * both[i];
    return sum;
}

/* Weights of cubic convolution (Catmull-Rom) of the four points around a place, and their slopes. */
static void cubic(double weight[4], double slope[4], double p)
{
    double p2 = p * p, p3 = p2 * p;
    weight[0] = 0.5 * (-p3 + 2 * p2 - p);
    weight[1] = 0.5 * (3 * p3 - 5 * p2 + 2);
    weight[2] = 0.5 * (-3 * p3 + 4 * p2 + p);
    weight[3] = 0.5 * (p3 - p2);
    slope[0] = 0.5 * (-3 * p2 + 4 * p - 1);
    slope[1] = 0.5 * (9 * p2 - 10 * p);
    slope[2] = 0.5 * (-9 * p2 + 8 * p + 1);
    slope[3] = 0.5 * (3 * p2 - 2 * p);
}

bool vtr_series_interpolate(double *value, double slope[2], const float *image, size_t n_y, size_t n_x,
                            const double step_nm[2], const double at_nm[2])
{
    double y = at_nm[0] / step_nm[0], x = at_nm[1] / step_nm[1], wy[4], wx[4], sy[4], sx[4];
    if (!(y >= 1 && x >= 1 && y < (double)n_y - 2 && x < (double)n_x - 2)) return false;
    size_t iy = (size_t)y, ix = (size_t)x;
    double sum = 0, along_y = 0, along_x = 0;
    cubic(wy, sy, y - (double)iy);
    cubic(wx, sx, x - (double)ix);
    for (size_t j = 0; j < 4; j++)
        for (size_t i = 0; i < 4; i++) {
            double v = (double)image[(iy + j - 1) * n_x + ix + i - 1];
            sum += wy[j] * wx[i] * v;
            along_y += sy[j] * wx[i] * v;
            along_x += wy[j] * sx[i] * v;
        }
    if (!isfinite(sum)) return false;
    *value = sum;
    if (slope != NULL) {
        slope[0] = along_y / step_nm[0];
        slope[1] = along_x / step_nm[1];
    }
    return true;
}
