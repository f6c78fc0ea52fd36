/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"
#include "vitrail/output.h"
#include "vitrail/ring_map.h"

static const char group[] = "inclusions";

/* A column of numbers, with errors where there are any. */
static vtr_status write_column(vtr_mapfile *file, const char *to, const char *name, size_t n,
                               const double *values, const double *errors, const char *unit,
                               const char *long_name, vtr_error *err)
{
    vtr_status status =
        errors != NULL ? vtr_mapfile_write_quantity(file, to, name, VTR_TYPE_F64, 1, &n, values, errors, unit,
                                                    long_name, err)
                       : vtr_mapfile_write(file, to, name, VTR_TYPE_F64, 1, &n, values, unit, long_name, err);
    return status == VTR_OK ? vtr_mapfile_signal(file, to, name, err) : status;
}

static vtr_status start_table(vtr_mapfile *file, const char *to, size_t n, double *room, vtr_error *err)
{
    static const char *const axes[] = {"number"};
    for (size_t i = 0; i < n; i++)
        room[i] = (double)(i + 1);
    vtr_status status = vtr_mapfile_group(file, to, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, to, "number", VTR_TYPE_F64, 1, &n, room, "", "number, from 1", err);
    return status == VTR_OK ? vtr_mapfile_axes(file, to, 1, axes, err) : status;
}

static vtr_status write_catalogue(vtr_mapfile *file, const vtr_inclusions *in, double *room, vtr_error *err)
{
    static const char to[] = "inclusions/catalogue";
    double *values = room, *errors = room + in->n;
    vtr_status status = start_table(file, to, in->n, room, err);
    for (size_t c = 0; c < vtr_inclusion_n_columns && status == VTR_OK; c++) {
        const vtr_inclusion_column *column = &vtr_inclusion_columns[c];
        for (size_t i = 0; i < in->n; i++) {
            values[i] = vtr_inclusion_get(&in->list[i], column->value);
            errors[i] = vtr_inclusion_get(&in->list[i], column->error);
        }
        status = write_column(file, to, column->name, in->n, values, column->error > 0 ? errors : NULL,
                              column->unit, column->long_name, err);
    }
    for (size_t i = 0; i < in->n; i++)
        values[i] = in->list[i].band + 1;
    return status == VTR_OK ? write_column(file, to, "band", in->n, values, NULL, "",
                                           "number of the band, 0: on none", err)
                            : status;
}

static vtr_status write_bands(vtr_mapfile *file, const vtr_inclusions *in, double *room, vtr_error *err)
{
    static const char to[] = "inclusions/bands";
    static const char *const names[] = {"y", "x", "inclusions", "offset", "step_chi2", "step_decay"};
    static const char *const units[] = {"nm", "nm", "", "nm", "", "nm"};
    static const char *const long_names[] = {"row of a point on the line",
                                             "column of a point on the line",
                                             "how many inclusions lie on it",
                                             "root mean square distance of the inclusions from the line",
                                             "chi^2 of the step of the strain across it, 0: none found",
                                             "decay length of that step"};
    double *angles = room, *errors = room + in->n_bands;
    vtr_status status = start_table(file, to, in->n_bands, room, err);
    for (size_t b = 0; b < in->n_bands; b++) {
        angles[b] = in->bands[b].angle_degrees;
        errors[b] = in->bands[b].angle_error_degrees;
    }
    if (status == VTR_OK)
        status = write_column(file, to, "angle", in->n_bands, angles, errors, "degrees",
                              "direction of the line, from +x towards +y", err);
    for (size_t c = 0; c < 6 && status == VTR_OK; c++) {
        for (size_t b = 0; b < in->n_bands; b++) {
            const vtr_inclusion_band *band = &in->bands[b];
            const double all[6] = {band->y_nm,          band->x_nm,      (double)band->n_inclusions,
                                   band->offset_rms_nm, band->step_chi2, band->step_decay_nm};
            room[b] = all[c];
        }
        status = write_column(file, to, names[c], in->n_bands, room, NULL, units[c], long_names[c], err);
    }
    return status;
}

/* Rotation centres of one sign, with errors where there are any. */
typedef struct rotation_column {
    const char *name, *unit, *long_name;
    size_t value, error; /* offsets into vtr_inclusion_rotation; 0: no error */
} rotation_column;

#define AT(member) offsetof(vtr_inclusion_rotation, member)
static const rotation_column rotation_columns[] = {
    {"y", "nm", "row of the rotation centre", AT(y_nm), AT(position_error_nm)},
    {"x", "nm", "column of the rotation centre", AT(x_nm), AT(position_error_nm)},
    {"curl", "1/nm", "curl there of the director of tau_max that points along the band", AT(curl_inv_nm),
     AT(curl_error_inv_nm)},
    {"significance", "", "that curl over its error", AT(significance), 0},
};
enum { N_ROTATION_COLUMNS = sizeof rotation_columns / sizeof *rotation_columns };
static const char *const rotation_names[2] = {"rotation_largest", "rotation_least"};

static double rotation_value(const vtr_inclusion_rotation *rotation, size_t offset)
{
    return *(const double *)((const char *)rotation + offset);
}

/* That of a place is along the band, and here its part along y or x. */
static double rotation_error(const vtr_inclusions *in, const vtr_inclusion_gap *gap, int which,
                             const rotation_column *column)
{
    double error = rotation_value(&gap->rotation[which], column->error);
    if (column->error != AT(position_error_nm) || isnan(error)) return error;
    double angle = in->bands[gap->band].angle_degrees * VTR_RADIANS_PER_DEGREE;
    return error * fabs(column->value == AT(y_nm) ? sin(angle) : cos(angle));
}

static vtr_status write_rotations(vtr_mapfile *file, const vtr_inclusions *in, int which, double *room,
                                  vtr_error *err)
{
    size_t n = in->n_gaps;
    vtr_status status = VTR_OK;
    for (int k = 0; k <= N_ROTATION_COLUMNS && status == VTR_OK; k++) {
        const rotation_column *column = &rotation_columns[k];
        bool is_last = k == N_ROTATION_COLUMNS;
        char name[64];
        snprintf(name, sizeof name, "%s_%s", rotation_names[which], is_last ? "above_noise" : column->name);
        for (size_t g = 0; g < n; g++) {
            const vtr_inclusion_rotation *rotation = &in->gaps[g].rotation[which];
            room[g] = is_last ? rotation->is_above_the_noise : rotation_value(rotation, column->value);
            if (!is_last && column->error > 0) room[n + g] = rotation_error(in, &in->gaps[g], which, column);
        }
        status =
            is_last ? write_column(file, "inclusions/gaps", name, n, room, NULL, "",
                                   "1: noise has as much in one gap of 100", err)
                    : write_column(file, "inclusions/gaps", name, n, room,
                                   column->error > 0 ? room + n : NULL, column->unit, column->long_name, err);
    }
    return status;
}

static vtr_status write_gaps(vtr_mapfile *file, const vtr_inclusions *in, double *room, vtr_error *err)
{
    static const char to[] = "inclusions/gaps";
    size_t n = in->n_gaps;
    vtr_status status = start_table(file, to, n, room, err);
    for (size_t g = 0; g < n; g++) {
        room[g] = in->gaps[g].spacing_nm;
        room[n + g] = in->gaps[g].spacing_error_nm;
    }
    if (status == VTR_OK)
        status = write_column(file, to, "spacing", n, room, room + n, "nm", "distance along the band", err);
    for (size_t g = 0; g < n; g++) {
        room[g] = in->gaps[g].curl_inv_nm;
        room[n + g] = in->gaps[g].curl_error_inv_nm;
    }
    if (status == VTR_OK)
        status = write_column(file, to, "curl", n, room, room + n, "1/nm",
                              "magnitude of the curl of the direction of e1 half way", err);
    for (int which = 0; which < 2 && status == VTR_OK; which++)
        status = write_rotations(file, in, which, room, err);
    for (int which = 0; which < 2 && status == VTR_OK; which++) {
        for (size_t g = 0; g < n; g++)
            room[g] = (double)(which == 0 ? in->gaps[g].first : in->gaps[g].second) + 1;
        status = write_column(file, to, which == 0 ? "first" : "second", n, room, NULL, "",
                              "number of the inclusion in the catalogue", err);
    }
    return status;
}

static vtr_status write_residuals(vtr_mapfile *file, const vtr_inclusions *in, const vtr_strain_maps *maps,
                                  vtr_error *err)
{
    static const char *const names[] = {"residual_exx", "residual_eyy", "residual_exy"};
    static const char *const long_names[] = {"strain exx less that of the inclusions",
                                             "strain eyy less that of the inclusions",
                                             "strain exy less that of the inclusions"};
    const float *const errors[] = {maps->exx_errors, maps->eyy_errors, maps->exy_errors};
    const size_t shape[] = {in->n_y, in->n_x};
    vtr_status status = VTR_OK;
    for (int j = 0; j < 3 && status == VTR_OK; j++) {
        status = vtr_mapfile_write_quantity(file, group, names[j], VTR_TYPE_F32, 2, shape, in->residual[j],
                                            errors[j], "", long_names[j], err);
        if (status == VTR_OK) status = vtr_mapfile_signal(file, group, names[j], err);
    }
    if (status == VTR_OK)
        status = vtr_mapfile_write_scan_axes(file, group, in->n_y, in->n_x, in->step_nm, err);
    return status;
}

static vtr_status write_attributes(vtr_mapfile *file, const vtr_inclusions *in, vtr_error *err)
{
    const vtr_inclusions_params *p = &in->params;
    const vtr_mapfile_attribute numbers[] = {
        {"count", 1, {(double)in->n}},
        {"poisson", 1, {p->poisson}},
        {"radius_range_nm", 2, {p->radius_nm[0], p->radius_nm[1]}},
        {"false_alarms", 1, {p->false_alarms}},
        {"significance", 1, {p->significance}},
        {"threshold_chi2", 1, {in->threshold}},
        {"threshold_chi2_on_bands", 1, {in->threshold_on_lines}},
        {"trials", 1, {(double)in->n_trials}},
        {"axis", 1, {in->axis_degrees}},
        {"probe_nm", 1, {p->probe_nm}},
        {"matrix_strain",
         3,
         {sqrt(in->matrix.variance[0]), sqrt(in->matrix.variance[1]), sqrt(in->matrix.variance[2])}},
        {"matrix_length_nm", 1, {in->matrix.length_nm}},
        {"matrix_power", 1, {in->matrix.power}},
        {"error_factor", 1, {in->matrix.error_factor}},
    };
    vtr_status status =
        vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(file, group, NULL, "core",
                                        p->core == VTR_CORE_HARD ? "hard: eigenstrain alike up to the radius"
                                                                 : "gaussian: eigenstrain exp(-(r/radius)^2)",
                                        err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(
            file, group, NULL, "definition",
            "eigenstrain shear (2 n n^T - 1) + dilation 1, n at the angle from +x of the "
            "scan towards +y; plane strain; the elastic strain is compared with the maps",
            err);
    return status;
}

vtr_status vtr_inclusions_write(vtr_mapfile *file, const vtr_inclusions *in, const vtr_strain_maps *maps,
                                vtr_error *err)
{
    double *room = vtr_malloc(2 * (in->n + in->n_bands + 1), sizeof *room);
    if (room == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing %zu inclusions", in->n);
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = write_residuals(file, in, maps, err);
    if (status == VTR_OK) status = write_attributes(file, in, err);
    if (status == VTR_OK && in->n > 0) status = write_catalogue(file, in, room, err);
    if (status == VTR_OK && in->n_bands > 0) status = write_bands(file, in, room, err);
    if (status == VTR_OK && in->n_gaps > 0) status = write_gaps(file, in, room, err);
    vtr_free(room);
    return status;
}

/* --- text ---------------------------------------------------------------------------------------------------------- */

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputc(',', out);
}

static void put_catalogue(FILE *out, const vtr_inclusions *in)
{
    fprintf(out, "number,band");
    for (size_t c = 0; c < vtr_inclusion_n_columns; c++) {
        const vtr_inclusion_column *column = &vtr_inclusion_columns[c];
        const char *mark = column->unit[0] != '\0' ? "_" : "";
        fprintf(out, ",%s%s%s", column->name, mark, column->unit);
        if (column->error > 0) fprintf(out, ",%s_error%s%s", column->name, mark, column->unit);
    }
    fprintf(out, ",to_next_nm,to_next_error_nm,curl_to_next_1/nm,curl_to_next_error_1/nm");
    for (int which = 0; which < 2; which++)
        for (int k = 0; k < N_ROTATION_COLUMNS; k++) {
            const rotation_column *column = &rotation_columns[k];
            const char *mark = column->unit[0] != '\0' ? "_" : "";
            fprintf(out, ",%s_%s%s%s", rotation_names[which], column->name, mark, column->unit);
            if (column->error > 0)
                fprintf(out, ",%s_%s_error%s%s", rotation_names[which], column->name, mark, column->unit);
        }
    fputc('\n', out);
    for (size_t i = 0; i < in->n; i++) {
        const vtr_inclusion *q = &in->list[i];
        fprintf(out, "%zu,", i + 1);
        if (q->band >= 0) fprintf(out, "SB%d", q->band + 1);
        for (size_t c = 0; c < vtr_inclusion_n_columns; c++) {
            put_number(out, vtr_inclusion_get(q, vtr_inclusion_columns[c].value));
            if (vtr_inclusion_columns[c].error > 0)
                put_number(out, vtr_inclusion_get(q, vtr_inclusion_columns[c].error));
        }
        const vtr_inclusion_rotation none = {NAN, NAN, NAN, NAN, NAN, NAN, false};
        vtr_inclusion_gap gap = {.spacing_nm = NAN,
                                 .spacing_error_nm = NAN,
                                 .curl_inv_nm = NAN,
                                 .curl_error_inv_nm = NAN,
                                 .rotation = {none, none}};
        for (size_t g = 0; g < in->n_gaps; g++)
            if (in->gaps[g].first == i) gap = in->gaps[g];
        put_number(out, gap.spacing_nm);
        put_number(out, gap.spacing_error_nm);
        put_number(out, gap.curl_inv_nm);
        put_number(out, gap.curl_error_inv_nm);
        for (int which = 0; which < 2; which++)
            for (int k = 0; k < N_ROTATION_COLUMNS; k++) {
                put_number(out, rotation_value(&gap.rotation[which], rotation_columns[k].value));
                if (rotation_columns[k].error > 0)
                    put_number(out, rotation_error(in, &gap, which, &rotation_columns[k]));
            }
        fputc('\n', out);
    }
}

static vtr_status write_csv(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    put_catalogue(out, user);
    return VTR_OK;
}

vtr_status vtr_inclusions_write_csv(const char *path, const vtr_inclusions *in, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, write_csv, (void *)in, err);
}
