/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "series/series_internal.h"

/* A number of every recording with its error. */
typedef struct column {
    const char *name, *unit, *long_name;
    double value[VTR_SERIES_RECORDINGS], error[VTR_SERIES_RECORDINGS];
} column;

static vtr_status write_columns(vtr_mapfile *file, const char *group, const column *columns, size_t n_columns,
                                size_t n, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t c = 0; c < n_columns && status == VTR_OK; c++)
        status =
            vtr_mapfile_write_quantity(file, group, columns[c].name, VTR_TYPE_F64, 1, &n, columns[c].value,
                                       columns[c].error, columns[c].unit, columns[c].long_name, err);
    return status;
}

static vtr_status write_places(vtr_mapfile *file, const vtr_series *s, vtr_error *err)
{
    column columns[] = {
        {"shift_x", "nm", "of the middle of the recording against the first", {0}, {0}},
        {"shift_y", "nm", "of the middle of the recording against the first", {0}, {0}},
        {"rotation", "degrees", "of the recording against the first, from +x towards +y", {0}, {0}},
        {"relative_contrast", "1", "contrast over that of the first recording", {0}, {0}},
        {"matrix_strain", "1", "random strain of the matrix away from bands", {0}, {0}},
        {"matrix_length", "nm", "of that strain", {0}, {0}},
    };
    for (size_t i = 0; i < s->n; i++) {
        const vtr_series_recording *r = &s->recording[i];
        const vtr_series_transform *t = &r->registration.transform;
        const double values[] = {t->shift_nm[1],           t->shift_nm[0],   t->angle_degrees,
                                 r->registration.scale[0], r->matrix_strain, r->matrix_length_nm};
        const double errors[] = {sqrt(t->covariance[1][1]), sqrt(t->covariance[0][0]),
                                 sqrt(t->covariance[2][2]), r->registration.scale_error[0],
                                 r->matrix_strain_error,    r->matrix_length_error_nm};
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            columns[c].value[i] = values[c];
            columns[c].error[i] = errors[c];
        }
    }
    return write_columns(file, "series", columns, sizeof columns / sizeof *columns, s->n, err);
}

static vtr_status write_numbers(vtr_mapfile *file, const char *group, const vtr_series *s, size_t q,
                                vtr_error *err)
{
    const char *unit = s->recording[0].reading[q].map.unit;
    column columns[] = {
        {"contrast", unit, "standard deviation of the smoothed map beyond its noise", {0}, {0}},
        {"snr", "1", "contrast over the root mean square error bar of a position", {0}, {0}},
        {"spread", unit, "standard deviation of what neighbours share", {0}, {0}},
        {"length", "nm", "where its autocorrelation has fallen to 1/e", {0}, {0}},
    };
    for (size_t i = 0; i < s->n; i++) {
        const vtr_series_reading *r = &s->recording[i].reading[q];
        const double values[] = {r->contrast.contrast, r->contrast.snr, r->spread, r->length_nm};
        const double errors[] = {r->contrast.contrast_error, r->contrast.snr_error, r->spread_error,
                                 r->length_error_nm};
        for (size_t c = 0; c < 4; c++) {
            columns[c].value[i] = values[c];
            columns[c].error[i] = errors[c];
        }
    }
    return write_columns(file, group, columns, 4, s->n, err);
}

static vtr_status write_axis(vtr_mapfile *file, const char *group, const char *name, size_t n, double step,
                             const char *unit, vtr_error *err)
{
    double *axis = vtr_malloc(n, sizeof *axis);
    if (axis == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for an axis");
    for (size_t i = 0; i < n; i++)
        axis[i] = step * (double)i + (unit == NULL);
    vtr_status status = vtr_mapfile_write(file, group, name, VTR_TYPE_F64, 1, &n, axis, unit, NULL, err);
    vtr_free(axis);
    return status;
}

/* All recordings on the grid of the first. */
static vtr_status write_stack(vtr_mapfile *file, const char *group, const vtr_series *s, size_t q,
                              vtr_error *err)
{
    static const char *const axes[] = {"recording", "scan_y", "scan_x"};
    const vtr_line_map *first = &s->recording[0].reading[q].map;
    const size_t shape[3] = {s->n, first->n_y, first->n_x}, n = first->n_y * first->n_x;
    float *values = vtr_malloc(2 * s->n * n, sizeof *values), *errors = values + s->n * n;
    if (values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of a series");
    const vtr_series_map grid = {
        first->n_y, first->n_x, {first->step_nm[0], first->step_nm[1]}, first->values, first->errors};
    for (size_t i = 0; i < s->n; i++) {
        const vtr_line_map *m = &s->recording[i].reading[q].map;
        const vtr_series_map map = {m->n_y, m->n_x, {m->step_nm[0], m->step_nm[1]}, m->values, m->errors};
        vtr_series_resample(values + i * n, errors + i * n, &grid, &map,
                            &s->recording[i].registration.transform);
    }
    vtr_status status = vtr_mapfile_write_quantity(file, group, first->name, VTR_TYPE_F32, 3, shape, values,
                                                   errors, first->unit, NULL, err);
    vtr_free(values);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, first->name, err);
    if (status == VTR_OK) status = write_axis(file, group, "recording", s->n, 1, NULL, err);
    if (status == VTR_OK)
        status = write_axis(file, group, "scan_y", first->n_y, first->step_nm[0], "nm", err);
    if (status == VTR_OK)
        status = write_axis(file, group, "scan_x", first->n_x, first->step_nm[1], "nm", err);
    return status == VTR_OK ? vtr_mapfile_axes(file, group, 3, axes, err) : status;
}

static vtr_status write_labels(vtr_mapfile *file, const vtr_series *s, const char *const *labels,
                               vtr_error *err)
{
    char text[4096];
    size_t used = 0;
    for (size_t i = 0; i < s->n && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "\n" : "", labels[i]);
    vtr_status status = vtr_mapfile_write_text(file, "series", NULL, "labels", text, err);
    return status == VTR_OK
               ? vtr_mapfile_write_numbers(file, "series", NULL, "smoothing_nm", 1, &s->smoothing_nm, err)
               : status;
}

vtr_status vtr_series_write(vtr_mapfile *file, const vtr_series *series, const char *const *labels,
                            vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, "series", err);
    if (status == VTR_OK) status = write_labels(file, series, labels, err);
    if (status == VTR_OK) status = write_places(file, series, err);
    for (size_t q = 0; q < series->n_quantities && status == VTR_OK; q++) {
        char group[96];
        snprintf(group, sizeof group, "series/%s", series->recording[0].reading[q].map.name);
        status = vtr_mapfile_group(file, group, err);
        if (status == VTR_OK) status = write_stack(file, group, series, q, err);
        if (status == VTR_OK) status = write_numbers(file, group, series, q, err);
    }
    return status;
}
