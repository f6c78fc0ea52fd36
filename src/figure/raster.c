/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"

const unsigned char vtr_missing_rgb[3] = {140, 140, 140};
const unsigned char vtr_masked_rgb[3] = {92, 160, 170};

static vtr_status start(vtr_raster *raster, size_t n_y, size_t n_x, vtr_error *err)
{
    size_t n;
    *raster = (vtr_raster){.n_y = n_y, .n_x = n_x};
    if (vtr_multiply_size(n_y, n_x, &n)) {
        raster->rgb = vtr_malloc(n, 3);
        raster->is_data = vtr_malloc(n, 1);
    }
    if (raster->rgb != NULL && raster->is_data != NULL) return VTR_OK;
    vtr_raster_release(raster);
    return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a picture of %zu x %zu px", n_y, n_x);
}

void vtr_raster_release(vtr_raster *raster)
{
    vtr_free(raster->rgb);
    vtr_free(raster->is_data);
    *raster = (vtr_raster){0};
}

static vtr_palette palette_of(const vtr_figure_colours *colours, vtr_palette automatic)
{
    return colours->palette != VTR_PALETTE_AUTO ? colours->palette : automatic;
}

/* The palette as a table: maps have millions of pixels and each OKLab colour costs three powers. An odd
 * number, so that zero of a diverging palette is an entry of its own. */
enum { N_TABLE = 1025 };
static void fill_table(unsigned char table[N_TABLE][3], vtr_palette palette)
{
    for (int i = 0; i < N_TABLE; i++)
        vtr_palette_colour(table[i], palette, i / (double)(N_TABLE - 1));
}

static void look_up(unsigned char rgb[3], unsigned char table[N_TABLE][3], double position)
{
    double t = fmin(fmax(position, 0), 1);
    memcpy(rgb, table[lround(t * (N_TABLE - 1))], 3);
}

static void colour_scalars(vtr_raster *raster, const float *values, const vtr_figure_colours *colours,
                           vtr_palette palette, const double limits[2])
{
    unsigned char table[N_TABLE][3];
    fill_table(table, palette);
    double factor = colours->factor != 0 ? colours->factor : 1;
    for (size_t i = 0; i < raster->n_y * raster->n_x; i++) {
        raster->is_data[i] = values[i] == values[i]; /* not NaN */
        if (raster->is_data[i]) {
            look_up(raster->rgb + 3 * i, table,
                    vtr_scale_position(limits, colours->scaling, factor * values[i]));
        } else {
            memcpy(raster->rgb + 3 * i, vtr_missing_rgb, 3);
            raster->has_missing = true;
        }
    }
}

static void colour_directions(vtr_raster *raster, const vtr_figure_map *map, const double limits[2])
{
    double factor = map->colours.factor != 0 ? map->colours.factor : 1;
    for (size_t i = 0; i < raster->n_y * raster->n_x; i++) {
        double amplitude = map->values != NULL ? factor * map->values[i] / limits[1] : 1;
        raster->is_data[i] = isfinite(map->angle_rad[i]) && !isnan(amplitude);
        if (raster->is_data[i]) {
            vtr_wheel_colour(raster->rgb + 3 * i, map->angle_rad[i], map->fold, amplitude);
        } else {
            memcpy(raster->rgb + 3 * i, vtr_missing_rgb, 3);
            raster->has_missing = true;
        }
    }
}

static void colour_mixture(vtr_raster *raster, const vtr_figure_map *map)
{
    size_t n = raster->n_y * raster->n_x;
    for (size_t i = 0; i < n; i++) {
        double weights[VTR_MAX_KEYS];
        bool is_data = true;
        for (size_t j = 0; j < map->n_shares; j++) {
            weights[j] = (double)map->shares[j * n + i];
            is_data &= isfinite(weights[j]) != 0;
        }
        raster->is_data[i] = is_data;
        raster->has_missing |= !is_data;
        if (is_data)
            vtr_mixed_colour(raster->rgb + 3 * i, map->n_shares, weights);
        else
            memcpy(raster->rgb + 3 * i, vtr_missing_rgb, 3);
    }
}

vtr_status vtr_raster_map(vtr_raster *raster, const vtr_figure_map *map, const double limits[2],
                          vtr_error *err)
{
    vtr_status status = start(raster, map->n_y, map->n_x, err);
    if (status != VTR_OK) return status;
    if (map->shares != NULL)
        colour_mixture(raster, map);
    else if (map->angle_rad != NULL)
        colour_directions(raster, map, limits);
    else
        colour_scalars(
            raster, map->values, &map->colours,
            palette_of(&map->colours, map->colours.is_signed ? VTR_PALETTE_DIVERGING : VTR_PALETTE_VIRIDIS),
            limits);
    return VTR_OK;
}

/* Masked pixels keep a third of their own colour, so that one sees what was left out. */
static void tint(unsigned char rgb[3])
{
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)((rgb[c] + 2 * vtr_masked_rgb[c]) / 3);
}

vtr_status vtr_raster_pattern(vtr_raster *raster, const vtr_figure_pattern *pattern, const double limits[2],
                              vtr_error *err)
{
    vtr_status status = start(raster, pattern->det_y, pattern->det_x, err);
    if (status != VTR_OK) return status;
    colour_scalars(raster, pattern->values, &pattern->colours,
                   palette_of(&pattern->colours, VTR_PALETTE_MAGMA), limits);
    if (pattern->used == NULL) return VTR_OK;
    raster->has_missing = false;
    for (size_t i = 0; i < pattern->det_y * pattern->det_x; i++) {
        if (pattern->used[i] != 0) {
            raster->has_missing |= raster->is_data[i] == 0;
            continue;
        }
        tint(raster->rgb + 3 * i);
        raster->is_data[i] = 1; /* for the resampling: a masked pixel has its own colour */
        raster->has_masked = true;
    }
    return VTR_OK;
}

/* Data pixels [*lo, *hi) that one of n pixels covers, at least one of n_data. */
static void covered(size_t *lo, size_t *hi, size_t i, size_t n, size_t n_data)
{
    if (n >= n_data) {
        *lo = (2 * i + 1) * n_data / (2 * n);
        *hi = *lo + 1;
        return;
    }
    *lo = i * n_data / n;
    *hi = (i + 1) * n_data / n;
}

static void mean_colour(unsigned char out[3], const vtr_raster *raster, size_t y0, size_t y1, size_t x0,
                        size_t x1)
{
    unsigned sum[3] = {0, 0, 0}, n = 0;
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++) {
            size_t i = y * raster->n_x + x;
            if (!raster->is_data[i]) continue;
            for (int c = 0; c < 3; c++)
                sum[c] += raster->rgb[3 * i + (size_t)c];
            n++;
        }
    if (2 * n < (y1 - y0) * (x1 - x0)) {
        memcpy(out, vtr_missing_rgb, 3);
        return;
    }
    for (int c = 0; c < 3; c++)
        out[c] = (unsigned char)((sum[c] + n / 2) / n);
}

void vtr_raster_resample(unsigned char *out, size_t h, size_t w, const vtr_raster *raster)
{
    for (size_t y = 0; y < h; y++) {
        size_t y0, y1;
        covered(&y0, &y1, y, h, raster->n_y);
        for (size_t x = 0; x < w; x++, out += 3) {
            size_t x0, x1;
            covered(&x0, &x1, x, w, raster->n_x);
            mean_colour(out, raster, y0, y1, x0, x1);
        }
    }
}
