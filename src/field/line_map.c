/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a line profile starts from: a line from text, a map from a file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/line_profile.h"
#include "vitrail/ring_map.h"

vtr_status vtr_line_parse(vtr_line *out, const char *text, vtr_error *err)
{
    double numbers[2 * VTR_LINE_PROFILE_POINTS];
    size_t n = 0;
    for (const char *at = text; at != NULL && n < 2 * VTR_LINE_PROFILE_POINTS; n++) {
        char word[64];
        size_t length = strcspn(at, ",");
        if (length >= sizeof word) break;
        memcpy(word, at, length);
        word[length] = '\0';
        if (vtr_parse_double(word, &numbers[n]) != 0 || !isfinite(numbers[n])) break;
        at = at[length] == ',' ? at + length + 1 : NULL;
        if (at != NULL) continue;
        n++;
        if (n < 4 || n % 2 != 0) break;
        vtr_line line = {.n_points = n / 2, .step_nm = NAN};
        for (size_t k = 0; k < n / 2; k++) {
            line.x_nm[k] = numbers[2 * k];
            line.y_nm[k] = numbers[2 * k + 1];
        }
        *out = line;
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_ARGUMENT,
                    "'%s' is no line; write X0,Y0,X1,Y1 in nm, or more points of a path (at most %d)", text,
                    VTR_LINE_PROFILE_POINTS);
}

void vtr_line_map_release(vtr_line_map *map)
{
    vtr_free(map->values);
    vtr_free(map->errors);
    memset(map, 0, sizeof *map);
}

double vtr_map_period(const char *group, const char *name)
{
    static const struct {
        const char *group, *name;
        double degrees;
    } directions[] = {{"strain", "angle", 180}, {"magnetic", "B_angle", 360}, {"magnetic", "E_angle", 360}};
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++)
        if (strcmp(group, directions[i].group) == 0 && strcmp(name, directions[i].name) == 0)
            return directions[i].degrees;
    return 0;
}

vtr_status vtr_line_map_read(vtr_line_map *out, const vtr_mapfile *file, const char *group, const char *name,
                             vtr_error *err)
{
    vtr_line_map map = {0};
    size_t rank = 0, shape[8] = {0};
    char errors[80];
    vtr_status status = vtr_mapfile_shape(file, group, name, &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' has %zu dimensions; a map has 2", group, name, rank);
    map.n_y = shape[0];
    map.n_x = shape[1];
    map.period = vtr_map_period(group, name);
    snprintf(map.group, sizeof map.group, "%s", group);
    snprintf(map.name, sizeof map.name, "%s", name);
    snprintf(errors, sizeof errors, "%s_errors", map.name);
    size_t n = map.n_y * map.n_x;
    bool has_errors = vtr_mapfile_has(file, group, errors);
    map.values = vtr_malloc(n, sizeof *map.values);
    if (has_errors) map.errors = vtr_malloc(n, sizeof *map.errors);
    if (map.values == NULL || (has_errors && map.errors == NULL))
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s/%s'", group, name);
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, name, VTR_TYPE_F32, n, map.values, err);
    if (status == VTR_OK && has_errors)
        status = vtr_mapfile_read(file, group, errors, VTR_TYPE_F32, n, map.errors, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read_scan_steps(file, group, map.n_y, map.n_x, map.step_nm, err);
    if (status != VTR_OK) {
        vtr_line_map_release(&map);
        return status;
    }
    if (vtr_mapfile_read_text(file, group, name, "units", map.unit, sizeof map.unit, NULL) != VTR_OK)
        map.unit[0] = '\0';
    *out = map;
    return VTR_OK;
}
