/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "companion/scratch_internal.h"

/* --- a curve ------------------------------------------------------------------------------------------------ */

static const vtr_scratch_quantity load_quantity = {"normal_load|normal_force|load|fn|f_n|applied_load",
                                                   VTR_SCRATCH_FORCE};
static const vtr_scratch_quantity lateral_quantity = {
    "lateral_force|friction_force|tangential_force|lateral|friction|ft|f_t|fx|f_x", VTR_SCRATCH_FORCE};
static const vtr_scratch_quantity distance_quantity = {
    "distance|scratch_distance|sliding_distance|lateral_displacement|displacement|position|x",
    VTR_SCRATCH_LENGTH};
static const vtr_scratch_quantity time_quantity = {"time|t|test_time", VTR_SCRATCH_TIME};

typedef struct curve_columns {
    vtr_scratch_column load, lateral, way; /* way: distance, or time with a speed */
} curve_columns;

static vtr_status find_curve_columns(curve_columns *c, const vtr_scratch_table *table,
                                     const vtr_scratch_params *params, vtr_error *err)
{
    vtr_status status = vtr_scratch_table_column(&c->load, table, &load_quantity, params, err);
    if (status == VTR_OK)
        status = vtr_scratch_table_column(&c->lateral, table, &lateral_quantity, params, err);
    if (status == VTR_OK) status = vtr_scratch_table_column(&c->way, table, &distance_quantity, params, err);
    if (status != VTR_OK) return status;
    if (!c->lateral.is_there)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s' has no column 'lateral_force'", table->path);
    if (c->way.is_there) return VTR_OK;
    status = vtr_scratch_table_column(&c->way, table, &time_quantity, params, err);
    if (status != VTR_OK) return status;
    if (!c->way.is_there)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s' has no column 'distance', nor 'time'", table->path);
    if (isnan(params->speed_um_per_s))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' has times in place of distances; give the speed of the tip: --speed",
                        table->path);
    c->way.factor *= params->speed_um_per_s;
    return VTR_OK;
}

static vtr_status read_sample(vtr_scratch_curve *curve, const curve_columns *c,
                              const vtr_scratch_table *table, size_t line, vtr_error *err)
{
    const vtr_scratch_column *const columns[3] = {&c->way, &c->load, &c->lateral};
    double *const arrays[3] = {curve->distance_um, curve->load_mn, curve->lateral_mn};
    for (int k = 0; k < 3; k++) {
        double *at = &arrays[k][curve->n];
        vtr_status status = vtr_scratch_table_number(at, table, line, columns[k], err);
        if (status != VTR_OK) return status;
        if (!isfinite(*at))
            return vtr_fail(err, VTR_ERR_FORMAT, "line %zu of '%s' has an empty field", line + 1,
                            table->path);
    }
    curve->n++;
    return VTR_OK;
}

/* A step back of less than a hundredth of the way is noise of the encoder. */
static vtr_status order_distances(vtr_scratch_curve *curve, const char *path, vtr_error *err)
{
    double *x = curve->distance_um;
    double way = curve->n > 0 ? fabs(x[curve->n - 1] - x[0]) : 0;
    for (size_t i = 1; i < curve->n; i++) {
        if (x[i] < x[i - 1] - 0.01 * way)
            return vtr_fail(err, VTR_ERR_RANGE, "'%s' goes back from %.6g to %.6g um; one pass is needed",
                            path, x[i - 1], x[i]);
        x[i] = fmax(x[i], x[i - 1]);
    }
    return VTR_OK;
}

void vtr_scratch_curve_release(vtr_scratch_curve *curve)
{
    vtr_free(curve->distance_um);
    vtr_free(curve->load_mn);
    vtr_free(curve->lateral_mn);
    *curve = (vtr_scratch_curve){0};
}

vtr_status vtr_scratch_curve_read(vtr_scratch_curve *out, const char *path, const vtr_scratch_params *params,
                                  vtr_error *err)
{
    vtr_scratch_table table = {0};
    vtr_scratch_curve curve = {0};
    curve_columns columns = {0};
    vtr_status status = vtr_scratch_table_read(&table, path, &load_quantity, err);
    if (status != VTR_OK) return status;
    status = find_curve_columns(&columns, &table, params, err);
    if (status == VTR_OK) {
        double **const arrays[3] = {&curve.distance_um, &curve.load_mn, &curve.lateral_mn};
        for (int k = 0; k < 3 && status == VTR_OK; k++)
            if ((*arrays[k] = vtr_malloc(table.lines.n, sizeof(double))) == NULL)
                status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    }
    for (size_t i = table.header + 1; i < table.lines.n && status == VTR_OK; i++) {
        bool is_row;
        status = vtr_scratch_table_row(&is_row, &table, i, err);
        if (status == VTR_OK && is_row) status = read_sample(&curve, &columns, &table, i, err);
    }
    if (status == VTR_OK) status = order_distances(&curve, path, err);
    if (status == VTR_OK)
        *out = curve;
    else
        vtr_scratch_curve_release(&curve);
    vtr_scratch_table_release(&table);
    return status;
}

/* --- the table of tracks ------------------------------------------------------------------------------------ */

enum { CURVE, MATERIAL, WIDTH, WIDTH_ERROR, SECTION, SECTION_ERROR, VOLUME, VOLUME_ERROR, LENGTH, N_COLUMNS };
static const vtr_scratch_quantity track_quantities[N_COLUMNS] = {
    {"file|curve|path|filename", VTR_SCRATCH_TEXT},
    {"material|state|specimen|sample", VTR_SCRATCH_TEXT},
    {"width|track_width|scratch_width", VTR_SCRATCH_LENGTH},
    {"width_error|track_width_error|scratch_width_error|width_std", VTR_SCRATCH_LENGTH},
    {"cross_section|wear_cross_section|section|wear_area|wear_section", VTR_SCRATCH_AREA},
    {"cross_section_error|wear_cross_section_error|section_error|wear_area_error|wear_section_error",
     VTR_SCRATCH_AREA},
    {"wear_volume|volume", VTR_SCRATCH_VOLUME},
    {"wear_volume_error|volume_error", VTR_SCRATCH_VOLUME},
    {"length|track_length|scratch_length", VTR_SCRATCH_LENGTH},
};

/* The table's folder before a relative name; to be freed, NULL when memory is short. */
static char *path_beside(const char *table, const char *name)
{
    const char *slash = strrchr(table, '/');
    size_t folder = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash - table) + 1;
    char *path = vtr_malloc(folder + strlen(name) + 1, 1);
    if (path == NULL) return NULL;
    memcpy(path, table, folder);
    memcpy(path + folder, name, strlen(name) + 1);
    return path;
}

/* Wear per length: the section, or the volume over the length of the track, or of its curve. */
static void set_section(vtr_scratch_track *track, const double value[N_COLUMNS])
{
    double length = value[LENGTH];
    if (isnan(length) && track->curve.n > 0)
        length = track->curve.distance_um[track->curve.n - 1] - track->curve.distance_um[0];
    bool is_volume = isnan(value[SECTION]);
    track->section_um2 = is_volume ? value[VOLUME] / length : value[SECTION];
    track->section_error_um2 = is_volume ? value[VOLUME_ERROR] / length : value[SECTION_ERROR];
}

static vtr_status set_widths(vtr_scratch_track *track, const double value[N_COLUMNS],
                             const vtr_scratch_table *table, size_t line, vtr_error *err)
{
    static const double pi = 3.14159265358979323846;
    for (int k = WIDTH; k < N_COLUMNS; k++)
        if (value[k] < 0)
            return vtr_fail(err, VTR_ERR_RANGE, "line %zu of '%s': a %.*s is below zero", line + 1,
                            table->path, (int)strcspn(track_quantities[k].names, "|"),
                            track_quantities[k].names);
    if (!(value[WIDTH] > 0))
        return vtr_fail(err, VTR_ERR_FORMAT, "line %zu of '%s' has no width", line + 1, table->path);
    track->width_um = value[WIDTH];
    track->width_error_um = value[WIDTH_ERROR];
    track->area_um2 = pi / 8 * track->width_um * track->width_um;
    track->area_error_um2 = pi / 4 * track->width_um * track->width_error_um;
    return VTR_OK;
}

static vtr_status read_track(vtr_scratch_track *track, const vtr_scratch_table *table, size_t line,
                             const vtr_scratch_column columns[N_COLUMNS], const vtr_scratch_params *params,
                             vtr_error *err)
{
    double value[N_COLUMNS];
    for (int k = 0; k < N_COLUMNS; k++) {
        value[k] = NAN;
        if (!columns[k].is_there || track_quantities[k].dimension == VTR_SCRATCH_TEXT) continue;
        vtr_status status = vtr_scratch_table_number(&value[k], table, line, &columns[k], err);
        if (status != VTR_OK) return status;
    }
    vtr_scratch_table_text(track->name, table, line, columns[CURVE].index);
    if (columns[MATERIAL].is_there)
        vtr_scratch_table_text(track->material, table, line, columns[MATERIAL].index);
    if (track->name[0] == '\0')
        return vtr_fail(err, VTR_ERR_FORMAT, "line %zu of '%s' names no file", line + 1, table->path);
    vtr_status status = set_widths(track, value, table, line, err);
    if (status != VTR_OK) return status;
    char *path = path_beside(table->path, track->name);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", table->path);
    status = vtr_scratch_curve_read(&track->curve, path, params, err);
    if (status == VTR_OK) {
        status = vtr_scratch_analyse_curve(&track->friction, &track->curve, err);
        if (status != VTR_OK) vtr_fail_context(err, status, "'%s'", path);
    }
    if (status == VTR_OK) set_section(track, value);
    vtr_free(path);
    return status;
}

static vtr_status find_track_columns(vtr_scratch_column columns[N_COLUMNS], const vtr_scratch_table *table,
                                     const vtr_scratch_params *params, vtr_error *err)
{
    for (int k = 0; k < N_COLUMNS; k++) {
        vtr_status status = vtr_scratch_table_column(&columns[k], table, &track_quantities[k], params, err);
        if (status != VTR_OK) return status;
    }
    if (columns[WIDTH].is_there) return VTR_OK;
    return vtr_fail(err, VTR_ERR_FORMAT, "'%s' has no column 'width'", table->path);
}

vtr_status vtr_scratch_tracks_read(vtr_scratch_tests *out, const char *path, const vtr_scratch_params *params,
                                   vtr_error *err)
{
    vtr_scratch_table table = {0};
    vtr_scratch_column columns[N_COLUMNS];
    vtr_status status = vtr_scratch_table_read(&table, path, &track_quantities[CURVE], err);
    if (status != VTR_OK) return status;
    status = find_track_columns(columns, &table, params, err);
    if (status == VTR_OK) {
        out->tracks = vtr_calloc(table.lines.n, sizeof *out->tracks);
        if (out->tracks == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    }
    for (size_t i = table.header + 1; i < table.lines.n && status == VTR_OK; i++) {
        bool is_row;
        status = vtr_scratch_table_row(&is_row, &table, i, err);
        if (status != VTR_OK || !is_row) continue;
        /* counted first, so that a curve that was read is released */
        status = read_track(&out->tracks[out->n_tracks++], &table, i, columns, params, err);
    }
    if (status == VTR_OK && out->n_tracks == 0)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "'%s' has no rows below its header", path);
    vtr_scratch_table_release(&table);
    return status;
}
