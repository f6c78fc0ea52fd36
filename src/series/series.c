/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "series/series_internal.h"
#include "vitrail/unmix_read.h"

/* --- quantities --------------------------------------------------------------------------------------------------- */

static vtr_series_map map_of(const vtr_line_map *map)
{
    return (vtr_series_map){map->n_y, map->n_x, {map->step_nm[0], map->step_nm[1]}, map->values, map->errors};
}

/* Strain of a recording in the frame of the first: `map` is one of exx, eyy, exy, and its error bars stay. */
static vtr_status turn_strain(vtr_line_map *map, const vtr_mapfile *file, double angle_degrees,
                              vtr_error *err)
{
    static const char *const names[] = {"exx", "eyy", "exy"};
    vtr_line_map part[3] = {{0}};
    vtr_status status = VTR_OK;
    for (int k = 0; k < 3 && status == VTR_OK; k++)
        status = vtr_line_map_read(&part[k], file, map->group, names[k], err);
    for (size_t i = 0; status == VTR_OK && i < map->n_y * map->n_x; i++) {
        float mean = 0.5f * (part[0].values[i] + part[1].values[i]),
              half = 0.5f * (part[0].values[i] - part[1].values[i]), shear = part[2].values[i];
        vtr_series_turn(1, VTR_SERIES_DIRECTOR, angle_degrees, &half, &shear, NULL, NULL);
        map->values[i] = map->name[2] == 'y' && map->name[1] == 'x' ? shear
                         : map->name[1] == 'x'                      ? mean + half
                                                                    : mean - half;
    }
    for (int k = 0; k < 3; k++)
        vtr_line_map_release(&part[k]);
    return status;
}

static vtr_status turn_induction(vtr_line_map *map, const vtr_mapfile *file, double angle_degrees,
                                 vtr_error *err)
{
    bool is_x = map->name[strlen(map->name) - 1] == 'x';
    char other[sizeof map->name];
    vtr_line_map partner = {0};
    snprintf(other, sizeof other, "%s", map->name);
    other[strlen(other) - 1] = is_x ? 'y' : 'x';
    vtr_status status = vtr_line_map_read(&partner, file, map->group, other, err);
    if (status != VTR_OK) return status;
    vtr_line_map *x = is_x ? map : &partner, *y = is_x ? &partner : map;
    vtr_series_turn(map->n_y * map->n_x, VTR_SERIES_VECTOR, angle_degrees, x->values, y->values, x->errors,
                    y->errors);
    vtr_line_map_release(&partner);
    return VTR_OK;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static vtr_status read_quantity(vtr_line_map *map, const vtr_mapfile *file, const char *text,
                                double angle_degrees, vtr_error *err)
{
    static const char *const strain[] = {"exx", "eyy", "exy", NULL};
    static const char *const vectors[] = {"Bx", "By", "Btx", "Bty", NULL};
    const char *slash = strrchr(text, '/');
    char group[sizeof map->group];
    if (slash == NULL || (size_t)(slash - text) >= sizeof group)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is no map; write group/name", text);
    snprintf(group, sizeof group, "%.*s", (int)(slash - text), text);
    vtr_status status = vtr_line_map_read(map, file, group, slash + 1, err);
    if (status != VTR_OK) return status;
    if (map->period > 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is a direction, which has no contrast", text);
    if (map->errors == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no error bars; contrast beyond them is not known",
                        text);
    if (!(map->step_nm[0] > 0 && map->step_nm[1] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' has no axes in nm; give the scan's step when the map file is made", text);
    if (angle_degrees == 0) return VTR_OK;
    if (strcmp(group, "strain") == 0 && is_one_of(map->name, strain))
        status = turn_strain(map, file, angle_degrees, err);
    else if (strcmp(group, "magnetic") == 0 && is_one_of(map->name, vectors))
        status = turn_induction(map, file, angle_degrees, err);
    return status;
}

/* Spread and length of what neighbours share: the noise at lag zero is what they do not, whatever the error bars. */
static vtr_status read_spread(vtr_series_reading *r, vtr_error *err)
{
    const vtr_unmix_map map = {.n_y = r->map.n_y,
                               .n_x = r->map.n_x,
                               .step_nm = {r->map.step_nm[0], r->map.step_nm[1]},
                               .values = r->map.values};
    vtr_correlation c = {0};
    r->spread = r->spread_error = r->length_nm = r->length_error_nm = NAN;
    vtr_status status = vtr_correlation_compute(&c, &map, err);
    if (status == VTR_ERR_NO_DATA) return VTR_OK; /* too small a map: not known */
    if (status != VTR_OK) return status;
    if (c.signal > 0 && isfinite(c.length_nm)) {
        r->spread = sqrt(c.signal);
        r->spread_error = c.signal_error / (2 * r->spread);
        r->length_nm = c.length_nm;
        r->length_error_nm = c.length_error_nm;
    }
    vtr_correlation_release(&c);
    return VTR_OK;
}

static vtr_status compare_quantity(vtr_series *s, size_t q, vtr_error *err)
{
    vtr_series_map maps[VTR_SERIES_RECORDINGS];
    vtr_series_transform transforms[VTR_SERIES_RECORDINGS];
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < s->n; i++) {
        maps[i] = map_of(&s->recording[i].reading[q].map);
        transforms[i] = s->recording[i].registration.transform;
    }
    for (size_t i = 0; i < s->n && status == VTR_OK; i++) {
        vtr_series_reading *r = &s->recording[i].reading[q];
        r->common = vtr_malloc(maps[i].n_y * maps[i].n_x, 1);
        if (r->common == NULL)
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for what recordings share");
        vtr_series_common(r->common, maps, transforms, s->n, i);
        status = vtr_series_contrast_compute(&r->contrast, &maps[i], r->common, s->smoothing_nm, err);
        if (status == VTR_OK) status = read_spread(r, err);
        if (status != VTR_OK) return vtr_fail_context(err, status, "recording %zu", i + 1);
    }
    return status;
}

/* --- recordings --------------------------------------------------------------------------------------------------- */

static void read_matrix(vtr_series_recording *r, const vtr_mapfile *file)
{
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"matrix_strain", &r->matrix_strain},
                   {"matrix_strain_error", &r->matrix_strain_error},
                   {"matrix_length_nm", &r->matrix_length_nm},
                   {"matrix_length_error_nm", &r->matrix_length_error_nm}};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (vtr_mapfile_read_numbers(file, "bands", NULL, numbers[k].name, 1, numbers[k].value, NULL) !=
            VTR_OK)
            *numbers[k].value = NAN;
}

static double coarsest_step(const vtr_series_maps *maps, size_t n)
{
    double step = 0;
    for (size_t i = 0; i < n; i++)
        step = fmax(step, fmax(maps[i].step_nm[0], maps[i].step_nm[1]));
    return step;
}

static vtr_status register_all(vtr_series *s, const vtr_series_maps *maps, vtr_series_params params,
                               vtr_error *err)
{
    if (isnan(params.smoothing_nm)) params.smoothing_nm = 1.5 * coarsest_step(maps, s->n);
    s->smoothing_nm = params.smoothing_nm;
    s->n_fields = maps[0].n_fields;
    s->recording[0].registration = (vtr_series_registration){.smoothing_nm = s->smoothing_nm, .overlap = 1};
    for (size_t f = 0; f < s->n_fields; f++)
        s->recording[0].registration.scale[f] = 1;
    for (size_t i = 1; i < s->n; i++) {
        vtr_status status =
            vtr_series_register(&s->recording[i].registration, &maps[0], &maps[i], &params, err);
        if (status != VTR_OK) return vtr_fail_context(err, status, "recordings 1 and %zu", i + 1);
    }
    return VTR_OK;
}

static vtr_status check(size_t n_files, const vtr_series_request *request, vtr_error *err)
{
    if (n_files < 2 || n_files > VTR_SERIES_RECORDINGS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a series is of 2 to %d recordings", VTR_SERIES_RECORDINGS);
    if (request->n_quantities > VTR_SERIES_QUANTITIES)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d quantities", VTR_SERIES_QUANTITIES);
    return VTR_OK;
}

vtr_status vtr_series_compare(vtr_series **out, const vtr_mapfile *const *files, size_t n_files,
                              const vtr_series_request *request, vtr_error *err)
{
    vtr_status status = check(n_files, request, err);
    if (status != VTR_OK) return status;
    vtr_series *s = vtr_calloc(1, sizeof *s);
    vtr_series_maps *maps = vtr_calloc(n_files, sizeof *maps);
    if (s == NULL || maps == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a series");
    for (size_t i = 0; i < n_files && status == VTR_OK; i++) {
        status = vtr_series_maps_read(&maps[i], files[i], request->by, request->n_by, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "recording %zu", i + 1);
    }
    if (status == VTR_OK) {
        s->n = n_files;
        s->n_quantities = request->n_quantities;
        status = register_all(s, maps, request->params, err);
    }
    for (size_t i = 0; i < n_files && status == VTR_OK; i++) {
        vtr_series_recording *r = &s->recording[i];
        read_matrix(r, files[i]);
        for (size_t q = 0; q < s->n_quantities && status == VTR_OK; q++)
            status = read_quantity(&r->reading[q].map, files[i], request->quantities[q],
                                   r->registration.transform.angle_degrees, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "recording %zu", i + 1);
    }
    for (size_t q = 0; q < request->n_quantities && status == VTR_OK; q++)
        status = compare_quantity(s, q, err);
    for (size_t i = 0; maps != NULL && i < n_files; i++)
        vtr_series_maps_release(&maps[i]);
    vtr_free(maps);
    if (status == VTR_OK)
        *out = s;
    else
        vtr_series_free(s);
    return status;
}

void vtr_series_free(vtr_series *series)
{
    if (series == NULL) return;
    for (size_t i = 0; i < VTR_SERIES_RECORDINGS; i++)
        for (size_t q = 0; q < VTR_SERIES_QUANTITIES; q++) {
            vtr_line_map_release(&series->recording[i].reading[q].map);
            vtr_free(series->recording[i].reading[q].common);
        }
    vtr_free(series);
}

vtr_line vtr_series_line(const vtr_series_transform *transform, const vtr_line *line)
{
    vtr_series_transform back = vtr_series_inverse(transform);
    vtr_line out = *line;
    for (size_t k = 0; k < line->n_points; k++) {
        const double from[2] = {line->y_nm[k], line->x_nm[k]};
        double to[2];
        vtr_series_apply(&back, from, to);
        out.y_nm[k] = to[0];
        out.x_nm[k] = to[1];
    }
    return out;
}
