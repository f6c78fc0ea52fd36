/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What registers a recording, from its map file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "series/series_internal.h"
#include "vitrail/line_profile.h"

void vtr_series_maps_release(vtr_series_maps *maps)
{
    for (size_t f = 0; f < VTR_SERIES_FIELDS; f++) {
        vtr_free(maps->field[f].values);
        vtr_free(maps->field[f].errors);
    }
    memset(maps, 0, sizeof *maps);
}

static vtr_status check_map(const vtr_line_map *map, vtr_error *err)
{
    if (map->errors == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s/%s' has no error bars; a registration needs them",
                        map->group, map->name);
    if (!(map->step_nm[0] > 0 && map->step_nm[1] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s/%s' has no axes in nm; give the scan's step when the map file is made",
                        map->group, map->name);
    return VTR_OK;
}

/* Moves the arrays of a map into a field. */
static vtr_status take(vtr_series_maps *out, vtr_line_map *map, vtr_error *err)
{
    vtr_status status = check_map(map, err);
    if (status != VTR_OK) return status;
    if (out->n_fields == VTR_SERIES_FIELDS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d maps", VTR_SERIES_FIELDS);
    if (out->n_fields > 0 && (map->n_y != out->n_y || map->n_x != out->n_x))
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' is of another size", map->group, map->name);
    out->n_y = map->n_y;
    out->n_x = map->n_x;
    memcpy(out->step_nm, map->step_nm, sizeof out->step_nm);
    out->field[out->n_fields++] = (vtr_series_field){VTR_SERIES_SCALAR, map->values, map->errors};
    map->values = map->errors = NULL;
    return VTR_OK;
}

static vtr_status add(vtr_series_maps *out, const vtr_mapfile *file, const char *group, const char *name,
                      vtr_error *err)
{
    vtr_line_map map = {0};
    vtr_status status = vtr_line_map_read(&map, file, group, name, err);
    if (status == VTR_OK) status = take(out, &map, err);
    vtr_line_map_release(&map);
    return status;
}

/* From exx, eyy, exy and, where the file has it, volumetric: it gives the error of the sum, and with it the covariance of exx
 * and eyy, which are taken as independent without it. */
static void make_director(vtr_series_maps *m)
{
    float *exx = m->field[0].values, *eyy = m->field[1].values;
    float *exx_error = m->field[0].errors, *eyy_error = m->field[1].errors;
    const float *sum_error = m->n_fields > 3 ? m->field[3].errors : NULL;
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        double a = (double)exx_error[i], b = (double)eyy_error[i];
        double s = sum_error != NULL ? (double)sum_error[i] : hypot(a, b);
        float sum = exx[i] + eyy[i], half = 0.5f * (exx[i] - eyy[i]);
        eyy[i] = half;
        exx[i] = sum;
        eyy_error[i] = (float)(0.5 * sqrt(fmax(0, 2 * (a * a + b * b) - s * s)));
        exx_error[i] = (float)s;
    }
    vtr_free(m->field[3].values);
    vtr_free(m->field[3].errors);
    m->field[3] = (vtr_series_field){0};
    m->n_fields = 3;
    m->field[1].kind = m->field[2].kind = VTR_SERIES_DIRECTOR;
}

static vtr_status read_strain(vtr_series_maps *out, const vtr_mapfile *file, vtr_error *err)
{
    static const char *const names[] = {"exx", "eyy", "exy", "volumetric"};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < 4 && status == VTR_OK; i++) {
        bool is_there = vtr_mapfile_has(file, "strain", names[i]);
        if (!is_there && i == 3) break;
        if (!is_there)
            return vtr_fail(err, VTR_ERR_NOT_FOUND,
                            "no strain; run 'vitrail strain' first, or name the maps to register by");
        status = add(out, file, "strain", names[i], err);
    }
    if (status == VTR_OK) make_director(out);
    return status;
}

/* "group/name" divided at its last slash. */
static vtr_status read_named(vtr_series_maps *out, const vtr_mapfile *file, const char *text, vtr_error *err)
{
    const char *slash = strrchr(text, '/');
    char group[64];
    if (slash == NULL || (size_t)(slash - text) >= sizeof group)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is no map; write group/name", text);
    snprintf(group, sizeof group, "%.*s", (int)(slash - text), text);
    return add(out, file, group, slash + 1, err);
}

static void find_vectors(vtr_series_maps *maps, const char *const *names)
{
    for (size_t f = 0; f + 1 < maps->n_fields; f++)
        if (strcmp(names[f], "magnetic/Bx") == 0 && strcmp(names[f + 1], "magnetic/By") == 0)
            maps->field[f].kind = maps->field[f + 1].kind = VTR_SERIES_VECTOR;
}

vtr_status vtr_series_maps_read(vtr_series_maps *out, const vtr_mapfile *file, const char *const *names,
                                size_t n_names, vtr_error *err)
{
    vtr_series_maps maps = {0};
    vtr_status status = n_names == 0 ? read_strain(&maps, file, err) : VTR_OK;
    for (size_t i = 0; i < n_names && status == VTR_OK; i++)
        status = read_named(&maps, file, names[i], err);
    if (status != VTR_OK) {
        vtr_series_maps_release(&maps);
        return status;
    }
    if (n_names > 0) find_vectors(&maps, names);
    *out = maps;
    return VTR_OK;
}
