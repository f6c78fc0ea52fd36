/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/output.h"

static const char group[] = "bands";

/* The columns of the table: a member, and the member that is its error. */
#define GETTER(name, member)                                                                                 \
    static double get_##name(const vtr_band *band)                                                           \
    {                                                                                                        \
        return band->member;                                                                                 \
    }
GETTER(angle, angle_degrees)
GETTER(angle_error, angle_error_degrees)
GETTER(y, y_nm)
GETTER(x, x_nm)
GETTER(place_error, place_error_nm)
GETTER(curvature, curvature_inv_nm)
GETTER(curvature_error, curvature_error_inv_nm)
GETTER(curved, is_curved)
GETTER(ridge, is_ridge)
GETTER(length, length_nm)
GETTER(length_error, length_error_nm)
GETTER(first_error, end_error_nm[0])
GETTER(last_error, end_error_nm[1])
GETTER(both, has_other)
GETTER(other_volumetric, other_volumetric)
GETTER(other_volumetric_error, other_volumetric_error)
GETTER(other_normal, other_normal)
GETTER(other_normal_error, other_normal_error)
GETTER(other_shear, other_shear)
GETTER(other_shear_error, other_shear_error)
GETTER(width, width_nm)
GETTER(width_error, width_error_nm)
GETTER(decay_below, decay_nm[0])
GETTER(decay_below_error, decay_error_nm[0])
GETTER(decay_above, decay_nm[1])
GETTER(decay_above_error, decay_error_nm[1])
GETTER(volumetric, volumetric)
GETTER(volumetric_error, volumetric_error)
GETTER(normal, normal)
GETTER(normal_error, normal_error)
GETTER(shear, shear)
GETTER(shear_error, shear_error)
GETTER(chi2, chi2)
GETTER(period, period_nm)
GETTER(period_error, period_error_nm)
GETTER(amplitude_volumetric, amplitude_volumetric)
GETTER(amplitude_volumetric_error, amplitude_volumetric_error)
GETTER(amplitude_deviatoric, amplitude_deviatoric)
GETTER(amplitude_deviatoric_error, amplitude_deviatoric_error)
GETTER(period_chi2, period_chi2)
GETTER(period_threshold, period_threshold)
GETTER(early, is_early)
GETTER(drawn, is_drawn)
GETTER(first_y, end_y_nm[0])
GETTER(first_x, end_x_nm[0])
GETTER(last_y, end_y_nm[1])
GETTER(last_x, end_x_nm[1])

const vtr_band_quantity vtr_band_quantities[] = {
    {"angle", "degrees", "direction of the line at its middle, from +x towards +y", get_angle,
     get_angle_error},
    {"curvature", "1/nm", "by which that direction in rad grows along the line", get_curvature,
     get_curvature_error},
    {"curved", "", "1: the line is an arc of this curvature; 0: it is not significant, the line is straight",
     get_curved, NULL},
    {"y", "nm", "row of the middle of the line within the map; the error is that across the line", get_y,
     get_place_error},
    {"x", "nm", "column of the middle of the line; the error is that across the line", get_x,
     get_place_error},
    {"length", "nm", "of the line within the map", get_length, get_length_error},
    {"first_y", "nm", "row of its first end", get_first_y, NULL},
    {"first_x", "nm", "column of its first end", get_first_x, NULL},
    {"last_y", "nm", "row of its last end", get_last_y, NULL},
    {"last_x", "nm", "column of its last end", get_last_x, NULL},
    {"first_end", "nm", "error along the line of a first end in the map; none: the band leaves the map",
     get_first_error, NULL},
    {"last_end", "nm", "error along the line of a last end in the map", get_last_error, NULL},
    {"ridge", "", "1: a symmetric ridge, 0: an antisymmetric step", get_ridge, NULL},
    {"width", "nm", "the step goes as tanh(d/width)", get_width, get_width_error},
    {"decay_below", "nm", "decay length at d < 0", get_decay_below, get_decay_below_error},
    {"decay_above", "nm", "decay length at d > 0", get_decay_above, get_decay_above_error},
    {"volumetric", "", "step of exx + eyy; of a ridge the height, here and below", get_volumetric,
     get_volumetric_error},
    {"normal", "", "step of half the difference of the strains along and across the band", get_normal,
     get_normal_error},
    {"shear", "", "step of the shear strain in the band's frame", get_shear, get_shear_error},
    {"other_volumetric", "", "height of the ridge beside a step, or step beside a ridge, of exx + eyy",
     get_other_volumetric, get_other_volumetric_error},
    {"other_normal", "", "likewise of half the difference along and across", get_other_normal,
     get_other_normal_error},
    {"other_shear", "", "likewise of the shear strain in the band's frame", get_other_shear,
     get_other_shear_error},
    {"both", "", "1: these are significant and part of the fit, 0: they were tried", get_both, NULL},
    {"chi2", "", "chi^2 of the step or ridge, three degrees of freedom", get_chi2, NULL},
    {"period", "nm", "of the strain along the line", get_period, get_period_error},
    {"amplitude_volumetric", "", "of the periodic part of exx + eyy", get_amplitude_volumetric,
     get_amplitude_volumetric_error},
    {"amplitude_deviatoric", "", "of the periodic part of the deviatoric strain", get_amplitude_deviatoric,
     get_amplitude_deviatoric_error},
    {"period_chi2", "", "chi^2 of the period, 18 degrees of freedom", get_period_chi2, NULL},
    {"period_threshold", "", "above it the band is periodic", get_period_threshold, NULL},
    {"early", "", "1: periodic (early), 0: plain (mature)", get_early, NULL},
    {"drawn", "", "1: its first line was given", get_drawn, NULL},
};
const size_t vtr_n_band_quantities = sizeof vtr_band_quantities / sizeof *vtr_band_quantities;

static vtr_status write_column(vtr_mapfile *file, const vtr_bands *bands, const vtr_band_quantity *q,
                               vtr_error *err)
{
    double values[VTR_BANDS_MAX], errors[VTR_BANDS_MAX];
    for (size_t b = 0; b < bands->n; b++) {
        values[b] = q->value(&bands->list[b]);
        errors[b] = q->error != NULL ? q->error(&bands->list[b]) : NAN;
    }
    vtr_status status = q->error != NULL
                            ? vtr_mapfile_write_quantity(file, group, q->name, VTR_TYPE_F64, 1, &bands->n,
                                                         values, errors, q->unit, q->long_name, err)
                            : vtr_mapfile_write(file, group, q->name, VTR_TYPE_F64, 1, &bands->n, values,
                                                q->unit, q->long_name, err);
    return status == VTR_OK ? vtr_mapfile_signal(file, group, q->name, err) : status;
}

size_t vtr_bands_numbers(const vtr_bands *bands, vtr_mapfile_attribute *out, size_t room)
{
    const vtr_bands_matrix *m = &bands->matrix;
    const double *v = m->variance, *e = m->variance_error;
    const vtr_mapfile_attribute numbers[] = {
        {"count", 1, {(double)bands->n}},
        {"density_inv_nm", 1, {bands->density_inv_nm}},
        {"density_error_inv_nm", 1, {bands->density_error_inv_nm}},
        {"direction_degrees", 1, {bands->direction_degrees}},
        {"direction_spread_degrees", 1, {bands->direction_spread_degrees}},
        {"spacing_nm", 1, {bands->spacing_nm}},
        {"spacing_error_nm", 1, {bands->spacing_error_nm}},
        {"spacing_scatter_nm", 1, {bands->spacing_scatter_nm}},
        {"matrix_strain", 1, {m->strain}},
        {"matrix_strain_error", 1, {m->strain_error}},
        {"matrix_length_nm", 1, {m->length_nm}},
        {"matrix_length_error_nm", 1, {m->length_error_nm}},
        {"matrix_variance", 3, {v[0], v[1], v[2]}},
        {"matrix_variance_error", 3, {e[0], e[1], e[2]}},
        {"matrix_power", 1, {(double)m->power}},
        {"matrix_part", 1, {m->part}},
        {"matrix_decays_away", 1, {m->decays_away}},
        {"error_factor", 3, {bands->error_factor[0], bands->error_factor[1], bands->error_factor[2]}},
    };
    size_t n = sizeof numbers / sizeof *numbers;
    for (size_t k = 0; k < n && k < room; k++)
        out[k] = numbers[k];
    return n;
}

/* A table below the group: columns [n_columns][n]. */
static vtr_status write_table(vtr_mapfile *file, const char *to, size_t n, size_t n_columns,
                              const char *const *names, const char *const *units,
                              const char *const *long_names, const double *values, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, to, err);
    for (size_t c = 0; c < n_columns && status == VTR_OK; c++) {
        status = vtr_mapfile_write(file, to, names[c], VTR_TYPE_F64, 1, &n, values + c * n, units[c],
                                   long_names[c], err);
        if (status == VTR_OK) status = vtr_mapfile_signal(file, to, names[c], err);
    }
    return status;
}

static vtr_status write_points(vtr_mapfile *file, const vtr_bands *bands, vtr_error *err)
{
    enum { COLUMNS = 7 };
    static const char *const names[COLUMNS] = {"y", "x", "y_errors", "x_errors", "branch", "first", "second"};
    static const char *const units[COLUMNS] = {"nm", "nm", "nm", "nm", "", "", ""};
    static const char *const long_names[COLUMNS] = {"row of the place where two bands meet",
                                                    "its column",
                                                    "standard deviation of y",
                                                    "standard deviation of x",
                                                    "1: the first band ends there, 0: the two cross",
                                                    "number of one band",
                                                    "number of the other"};
    double values[COLUMNS * VTR_BAND_POINTS_MAX];
    size_t n = bands->n_points;
    for (size_t k = 0; k < n; k++) {
        const vtr_band_point *p = &bands->points[k];
        const double all[COLUMNS] = {p->y_nm,
                                     p->x_nm,
                                     p->y_error_nm,
                                     p->x_error_nm,
                                     p->is_branch,
                                     (double)(p->first + 1),
                                     (double)(p->second + 1)};
        for (size_t c = 0; c < COLUMNS; c++)
            values[c * n + k] = all[c];
    }
    return write_table(file, "bands/points", n, COLUMNS, names, units, long_names, values, err);
}

static vtr_status write_spacings(vtr_mapfile *file, const vtr_bands *bands, vtr_error *err)
{
    enum { COLUMNS = 4 };
    static const char *const names[COLUMNS] = {"spacing", "extent", "first", "second"};
    static const char *const units[COLUMNS] = {"nm", "nm", "", ""};
    static const char *const long_names[COLUMNS] = {"mean distance of neighbours across the mean direction",
                                                    "over how much of the map they are neighbours",
                                                    "number of one band", "number of the other"};
    double values[COLUMNS * VTR_BAND_SPACINGS_MAX];
    size_t n = bands->n_spacings;
    for (size_t k = 0; k < n; k++) {
        const vtr_band_spacing *p = &bands->spacings[k];
        const double all[COLUMNS] = {p->spacing_nm, p->extent_nm, (double)(p->first + 1),
                                     (double)(p->second + 1)};
        for (size_t c = 0; c < COLUMNS; c++)
            values[c * n + k] = all[c];
    }
    return write_table(file, "bands/spacings", n, COLUMNS, names, units, long_names, values, err);
}

vtr_status vtr_bands_write(vtr_mapfile *file, const vtr_bands *bands, vtr_error *err)
{
    enum { ROOM = 32 };
    static const char *const axes[] = {"number"};
    vtr_mapfile_attribute numbers[ROOM];
    size_t n_numbers = vtr_bands_numbers(bands, numbers, ROOM - 1);
    numbers[n_numbers++] = (vtr_mapfile_attribute){"false_alarms", 1, {bands->params.false_alarms}};
    double number[VTR_BANDS_MAX];
    for (size_t b = 0; b < bands->n; b++)
        number[b] = (double)(b + 1);
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = vtr_mapfile_write_attributes(file, group, numbers, n_numbers, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "direction_length_nm", VTR_BAND_DIRECTIONS,
                                           bands->direction_length_nm, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(
            file, group, NULL, "definition",
            "[step tanh(d/width) + ridge] exp(-|d|/decay), d the distance from the line, positive on "
            "the side of +y of a line along +x",
            err);
    if (status != VTR_OK || bands->n == 0) return status;
    status = vtr_mapfile_write(file, group, "number", VTR_TYPE_F64, 1, &bands->n, number, "",
                               "number, SB1 first", err);
    for (size_t k = 0; k < vtr_n_band_quantities && status == VTR_OK; k++)
        status = write_column(file, bands, &vtr_band_quantities[k], err);
    if (status == VTR_OK) status = vtr_mapfile_axes(file, group, 1, axes, err);
    if (status == VTR_OK && bands->n_points > 0) status = write_points(file, bands, err);
    if (status == VTR_OK && bands->n_spacings > 0) status = write_spacings(file, bands, err);
    return status;
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputc(',', out);
}

static void put_table(FILE *out, const vtr_bands *bands)
{
    fputs("band", out);
    for (size_t k = 0; k < vtr_n_band_quantities; k++) {
        const vtr_band_quantity *q = &vtr_band_quantities[k];
        const char *mark = q->unit[0] != '\0' ? "_" : "";
        fprintf(out, ",%s%s%s", q->name, mark, q->unit);
        if (q->error != NULL) fprintf(out, ",%s_error%s%s", q->name, mark, q->unit);
    }
    fputc('\n', out);
    for (size_t b = 0; b < bands->n; b++) {
        fprintf(out, "SB%zu", b + 1);
        for (size_t k = 0; k < vtr_n_band_quantities; k++) {
            put_number(out, vtr_band_quantities[k].value(&bands->list[b]));
            if (vtr_band_quantities[k].error != NULL)
                put_number(out, vtr_band_quantities[k].error(&bands->list[b]));
        }
        fputc('\n', out);
    }
}

static vtr_status write_csv(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    put_table(out, user);
    return VTR_OK;
}

vtr_status vtr_bands_write_csv(const char *path, const vtr_bands *bands, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, write_csv, (void *)bands, err);
}

static vtr_status write_points_csv(FILE *out, void *user, vtr_error *err)
{
    const vtr_bands *bands = user;
    (void)err;
    fputs("point,kind,x_nm,x_error_nm,y_nm,y_error_nm,first,second\n", out);
    for (size_t k = 0; k < bands->n_points; k++) {
        const vtr_band_point *p = &bands->points[k];
        fprintf(out, "%zu,%s", k + 1, p->is_branch ? "branch" : "crossing");
        put_number(out, p->x_nm);
        put_number(out, p->x_error_nm);
        put_number(out, p->y_nm);
        put_number(out, p->y_error_nm);
        fprintf(out, ",SB%zu,SB%zu\n", p->first + 1, p->second + 1);
    }
    return VTR_OK;
}

vtr_status vtr_bands_write_points_csv(const char *path, const vtr_bands *bands, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, write_points_csv, (void *)bands, err);
}
