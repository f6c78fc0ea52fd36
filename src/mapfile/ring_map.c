/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/ring_map.h"

#include <math.h>
#include <stdio.h>

#include "mapfile/mapfile_internal.h"
#include "vitrail/ring.h"

_Static_assert((int)VTR_RING_MAP_ELLIPSE_N == (int)VTR_ELLIPSE_N,
               "the ellipse of the map is that of the fits");

static const char group[] = "ring";

vtr_status vtr_ring_map_init(vtr_ring_map *map, size_t n_y, size_t n_x, vtr_error *err)
{
    size_t n;
    if (n_y == 0 || n_x == 0 || !vtr_multiply_size(n_y, n_x, &n))
        return vtr_fail(err, VTR_ERR_SHAPE, "a ring map cannot have %zu x %zu positions", n_y, n_x);
    vtr_ring_map made = {.n_y = n_y, .n_x = n_x, .k0_inv_angstrom = NAN, .scan_step_nm = {NAN, NAN}};
    made.ellipse = vtr_calloc(n, VTR_RING_MAP_ELLIPSE_N * sizeof(double));
    made.covariance = vtr_calloc(n, VTR_RING_MAP_COVARIANCE_N * sizeof(double));
    made.chi2 = vtr_calloc(n, sizeof(double));
    made.flags = vtr_calloc(n, sizeof(uint32_t));
    if (made.ellipse == NULL || made.covariance == NULL || made.chi2 == NULL || made.flags == NULL) {
        vtr_ring_map_release(&made);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a ring map of %zu x %zu positions", n_y, n_x);
    }
    *map = made;
    return VTR_OK;
}

void vtr_ring_map_release(vtr_ring_map *map)
{
    vtr_free(map->ellipse);
    vtr_free(map->covariance);
    vtr_free(map->chi2);
    vtr_free(map->flags);
    map->ellipse = map->covariance = map->chi2 = NULL;
    map->flags = NULL;
}

size_t vtr_ring_map_covariance_index(size_t i, size_t j)
{
    size_t row = i < j ? i : j, column = i < j ? j : i;
    return row * VTR_RING_MAP_ELLIPSE_N - row * (row + 1) / 2 + column;
}

static vtr_status write_axis(vtr_mapfile *file, const char *to, const char *name, size_t n, double step_nm,
                             vtr_error *err)
{
    bool is_known = isfinite(step_nm) && step_nm > 0;
    double *values = vtr_malloc(n, sizeof *values);
    if (values == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the axis of %zu positions", n);
    for (size_t i = 0; i < n; i++)
        values[i] = (double)i * (is_known ? step_nm : 1);
    char long_name[64];
    snprintf(long_name, sizeof long_name, "%s (%s)", name[5] == 'y' ? "scan y" : "scan x",
             is_known ? "nm" : "positions");
    vtr_status status = vtr_mapfile_write(file, to, name, VTR_TYPE_F64, 1, &n, values,
                                          is_known ? "nm" : "positions", long_name, err);
    vtr_free(values);
    return status;
}

vtr_status vtr_mapfile_write_scan_axes(vtr_mapfile *file, const char *to, size_t n_y, size_t n_x,
                                       const double scan_step_nm[2], vtr_error *err)
{
    vtr_status status = write_axis(file, to, "scan_y", n_y, scan_step_nm[0], err);
    if (status == VTR_OK) status = write_axis(file, to, "scan_x", n_x, scan_step_nm[1], err);
    const char *axes[] = {"scan_y", "scan_x"};
    if (status == VTR_OK) status = vtr_mapfile_axes(file, to, 2, axes, err);
    return status;
}

/* Double values as the float32 dataset of the file. */
static vtr_status write_floats(vtr_mapfile *file, const char *name, const vtr_ring_map *map, size_t n_values,
                               const double *values, const char *unit, const char *long_name, vtr_error *err)
{
    const size_t shape[] = {map->n_y, map->n_x, n_values};
    size_t n = map->n_y * map->n_x * n_values;
    float *floats = vtr_malloc(n, sizeof *floats);
    if (floats == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s/%s'", group, name);
    for (size_t i = 0; i < n; i++)
        floats[i] = (float)values[i];
    vtr_status status = vtr_mapfile_write(file, group, name, VTR_TYPE_F32, n_values == 1 ? 2 : 3, shape,
                                          floats, unit, long_name, err);
    vtr_free(floats);
    return status;
}

static vtr_status write_attributes(vtr_mapfile *file, const vtr_ring_map *map, vtr_error *err)
{
    const double flip = map->is_flipped ? 1 : 0;
    vtr_status status = vtr_mapfile_write_numbers(file, group, NULL, "radius", 1, &map->radius_px, err);
    if (status == VTR_OK) status = vtr_mapfile_write_text(file, group, NULL, "radius_units", "px", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "k0", 1, &map->k0_inv_angstrom, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "k0_units", "1/Å, k = 1/d without 2 pi", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "scan_step_nm", 2, map->scan_step_nm, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "scan_rotation", 1, &map->scan_rotation_degrees,
                                           err);
    if (status == VTR_OK) status = vtr_mapfile_write_numbers(file, group, NULL, "flip", 1, &flip, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "frame",
                                        "detector: x along its columns, y down its rows; "
                                        "detector = R(scan_rotation) diag(1, -1 if flip) scan",
                                        err);
    return status;
}

vtr_status vtr_ring_map_write(vtr_mapfile *file, const vtr_ring_map *map, vtr_error *err)
{
    const size_t shape[] = {map->n_y, map->n_x};
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK)
        status = write_floats(file, "ellipse", map, VTR_RING_MAP_ELLIPSE_N, map->ellipse, NULL,
                              "ring ellipse: cx, cy (px), Wxx, Wyy, Wxy; |W (x - c)| = radius", err);
    if (status == VTR_OK)
        status = write_floats(file, "covariance", map, VTR_RING_MAP_COVARIANCE_N, map->covariance, NULL,
                              "covariance of the ellipse, upper triangle row by row", err);
    if (status == VTR_OK)
        status =
            write_floats(file, "chi2", map, 1, map->chi2, NULL, "reduced chi-squared of the ring fit", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "flags", VTR_TYPE_U32, 2, shape, map->flags, NULL,
                                   "bits: why a position has no value", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(file, group, map->n_y, map->n_x, map->scan_step_nm, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, "chi2", err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, "flags", err);
    if (status == VTR_OK) status = write_attributes(file, map, err);
    return status;
}

static vtr_status read_attributes(vtr_ring_map *map, const vtr_mapfile *file, vtr_error *err)
{
    double flip = 0;
    vtr_status status = vtr_mapfile_read_numbers(file, group, NULL, "radius", 1, &map->radius_px, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_numbers(file, group, NULL, "k0", 1, &map->k0_inv_angstrom, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_numbers(file, group, NULL, "scan_step_nm", 2, map->scan_step_nm, err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_read_numbers(file, group, NULL, "scan_rotation", 1, &map->scan_rotation_degrees, err);
    if (status == VTR_OK) status = vtr_mapfile_read_numbers(file, group, NULL, "flip", 1, &flip, err);
    map->is_flipped = flip != 0;
    return status;
}

static vtr_status read_shape(size_t *n_y, size_t *n_x, const vtr_mapfile *file, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    if (!vtr_mapfile_has(file, group, "ellipse"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' has no ring ellipses ('/entry/ring/ellipse'); make it with vitrail map",
                        file->path);
    vtr_status status = vtr_mapfile_shape(file, group, "ellipse", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 3 || shape[2] != VTR_RING_MAP_ELLIPSE_N)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'/entry/ring/ellipse' in '%s' is not of shape scan_y x scan_x x %d", file->path,
                        VTR_RING_MAP_ELLIPSE_N);
    *n_y = shape[0];
    *n_x = shape[1];
    return VTR_OK;
}

vtr_status vtr_ring_map_read(vtr_ring_map *out, const vtr_mapfile *file, vtr_error *err)
{
    size_t n_y = 0, n_x = 0;
    vtr_ring_map map = {0};
    vtr_status status = read_shape(&n_y, &n_x, file, err);
    if (status == VTR_OK) status = vtr_ring_map_init(&map, n_y, n_x, err);
    if (status != VTR_OK) return status;
    size_t n = n_y * n_x;
    status =
        vtr_mapfile_read(file, group, "ellipse", VTR_TYPE_F64, n * VTR_RING_MAP_ELLIPSE_N, map.ellipse, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read(file, group, "covariance", VTR_TYPE_F64, n * VTR_RING_MAP_COVARIANCE_N,
                                  map.covariance, err);
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, "chi2", VTR_TYPE_F64, n, map.chi2, err);
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, "flags", VTR_TYPE_U32, n, map.flags, err);
    if (status == VTR_OK) status = read_attributes(&map, file, err);
    if (status == VTR_OK)
        *out = map;
    else
        vtr_ring_map_release(&map);
    return status;
}
