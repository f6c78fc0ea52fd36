/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/magnetic_internal.h"

void vtr_beam_map_release(vtr_beam_map *map)
{
    vtr_free(map->x_px);
    vtr_free(map->y_px);
    vtr_free(map->x_errors_px);
    vtr_free(map->y_errors_px);
    vtr_free(map->flags);
    memset(map, 0, sizeof *map);
}

vtr_status vtr_beam_map_init(vtr_beam_map *out, size_t n_y, size_t n_x, vtr_error *err)
{
    size_t n = 0;
    vtr_beam_map map = {.n_y = n_y,
                        .n_x = n_x,
                        .w = {1, 1, 0},
                        .k_step_inv_angstrom = NAN,
                        .beam_energy_kev = NAN,
                        .scan_step_nm = {NAN, NAN}};
    double **const members[] = {&map.x_px, &map.y_px, &map.x_errors_px, &map.y_errors_px};
    bool has_memory = vtr_multiply_size(n_y, n_x, &n);
    for (size_t k = 0; k < 4 && has_memory; k++) {
        *members[k] = vtr_malloc(n, sizeof(double));
        has_memory = *members[k] != NULL;
        for (size_t i = 0; has_memory && i < n; i++)
            (*members[k])[i] = NAN;
    }
    if (has_memory) map.flags = vtr_calloc(n, sizeof *map.flags);
    if (!has_memory || map.flags == NULL) {
        vtr_beam_map_release(&map);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the direct beam of %zu x %zu positions", n_y,
                        n_x);
    }
    *out = map;
    return VTR_OK;
}

static vtr_status read_maps(vtr_beam_map *map, const vtr_mapfile *file, vtr_error *err)
{
    size_t n = map->n_y * map->n_x;
    const struct {
        const char *name;
        double *values;
    } maps[] = {
        {"x", map->x_px}, {"y", map->y_px}, {"x_errors", map->x_errors_px}, {"y_errors", map->y_errors_px}};
    vtr_status status = VTR_OK;
    for (size_t k = 0; k < 4 && status == VTR_OK; k++)
        status = vtr_mapfile_read(file, "beam", maps[k].name, VTR_TYPE_F64, n, maps[k].values, err);
    if (status == VTR_OK && vtr_mapfile_has(file, "beam", "flags"))
        status = vtr_mapfile_read(file, "beam", "flags", VTR_TYPE_U32, n, map->flags, err);
    return status;
}

/* Numbers that a map file may lack keep what they had. */
static void read_scales(vtr_beam_map *map, const vtr_mapfile *file)
{
    double flip = 0, w[3];
    bool has_w = true;
    static const char *const names[3] = {"wxx", "wyy", "wxy"};
    for (size_t k = 0; k < 3; k++)
        has_w =
            has_w && vtr_mapfile_read_numbers(file, "calibration", NULL, names[k], 1, &w[k], NULL) == VTR_OK;
    if (has_w && isfinite(w[0] + w[1] + w[2])) memcpy(map->w, w, sizeof w);
    (void)vtr_mapfile_read_numbers(file, "calibration", NULL, "k_step_inv_angstrom", 1,
                                   &map->k_step_inv_angstrom, NULL);
    (void)vtr_mapfile_read_numbers(file, "calibration", NULL, "beam_energy_kev", 1, &map->beam_energy_kev,
                                   NULL);
    if (vtr_mapfile_read_numbers(file, "calibration", NULL, "scan_step_nm", 2, map->scan_step_nm, NULL) !=
        VTR_OK)
        (void)vtr_mapfile_read_numbers(file, "ring", NULL, "scan_step_nm", 2, map->scan_step_nm, NULL);
    (void)vtr_mapfile_read_numbers(file, "ring", NULL, "scan_rotation", 1, &map->scan_rotation_degrees, NULL);
    (void)vtr_mapfile_read_numbers(file, "ring", NULL, "flip", 1, &flip, NULL);
    map->is_flipped = flip != 0;
}

vtr_status vtr_beam_map_read(vtr_beam_map *out, const vtr_mapfile *file, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    vtr_beam_map map = {0};
    if (!vtr_mapfile_has(file, "beam", "x"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "the map file has no direct beam ('/entry/beam/x'); make it with vitrail map");
    vtr_status status = vtr_mapfile_shape(file, "beam", "x", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2) return vtr_fail(err, VTR_ERR_SHAPE, "'/entry/beam/x' is not of shape scan_y x scan_x");
    status = vtr_beam_map_init(&map, shape[0], shape[1], err);
    if (status == VTR_OK) status = read_maps(&map, file, err);
    if (status != VTR_OK) {
        vtr_beam_map_release(&map);
        return status;
    }
    read_scales(&map, file);
    *out = map;
    return VTR_OK;
}
