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
GETTER(length, length_nm)
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
    {"angle", "degrees", "direction of the line, from +x towards +y", get_angle, get_angle_error},
    {"y", "nm", "row of the middle of the line within the map; the error is that across the line", get_y,
     get_place_error},
    {"x", "nm", "column of the middle of the line; the error is that across the line", get_x,
     get_place_error},
    {"length", "nm", "of the line within the map", get_length, NULL},
    {"first_y", "nm", "row of its first end", get_first_y, NULL},
    {"first_x", "nm", "column of its first end", get_first_x, NULL},
    {"last_y", "nm", "row of its last end", get_last_y, NULL},
    {"last_x", "nm", "column of its last end", get_last_x, NULL},
    {"width", "nm", "the step goes as tanh(d/width)", get_width, get_width_error},
    {"decay_below", "nm", "decay length at d < 0", get_decay_below, get_decay_below_error},
    {"decay_above", "nm", "decay length at d > 0", get_decay_above, get_decay_above_error},
    {"volumetric", "", "step of exx + eyy", get_volumetric, get_volumetric_error},
    {"normal", "", "step of half the difference of the strains along and across the band", get_normal,
     get_normal_error},
    {"shear", "", "step of the shear strain in the band's frame", get_shear, get_shear_error},
    {"chi2", "", "chi^2 of the step, three degrees of freedom", get_chi2, NULL},
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

vtr_status vtr_bands_write(vtr_mapfile *file, const vtr_bands *bands, vtr_error *err)
{
    static const char *const axes[] = {"number"};
    const vtr_mapfile_attribute numbers[] = {
        {"count", 1, {(double)bands->n}},
        {"density_inv_nm", 1, {bands->density_inv_nm}},
        {"false_alarms", 1, {bands->params.false_alarms}},
        {"error_factor", 3, {bands->error_factor[0], bands->error_factor[1], bands->error_factor[2]}},
    };
    double number[VTR_BANDS_MAX];
    for (size_t b = 0; b < bands->n; b++)
        number[b] = (double)(b + 1);
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_text(
            file, group, NULL, "definition",
            "step tanh(d/width) exp(-|d|/decay), d the distance from the line, positive on "
            "the side of +y of a line along +x",
            err);
    if (status != VTR_OK || bands->n == 0) return status;
    status = vtr_mapfile_write(file, group, "number", VTR_TYPE_F64, 1, &bands->n, number, "",
                               "number, SB1 first", err);
    for (size_t k = 0; k < vtr_n_band_quantities && status == VTR_OK; k++)
        status = write_column(file, bands, &vtr_band_quantities[k], err);
    return status == VTR_OK ? vtr_mapfile_axes(file, group, 1, axes, err) : status;
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
