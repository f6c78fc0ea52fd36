/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "mapfile/mapfile_internal.h"
#include "pass/calibrate_internal.h"

static const char group[] = "calibration";

/* Every number of a calibration that is not an array: an attribute of the group, by one table for both ways. */
typedef struct number {
    const char *name;
    size_t offset, n;
    enum { IS_DOUBLE, IS_SIZE, IS_BOOL } kind;
} number;

#define DOUBLES(member, count)                                                                               \
    {                                                                                                        \
#member, offsetof(vtr_calibration, member), count, IS_DOUBLE                                         \
    }
#define SIZE(member)                                                                                         \
    {                                                                                                        \
#member, offsetof(vtr_calibration, member), 1, IS_SIZE                                               \
    }
#define BOOLEAN(member)                                                                                      \
    {                                                                                                        \
#member, offsetof(vtr_calibration, member), 1, IS_BOOL                                               \
    }

static const number numbers[] = {
    SIZE(n_sampled),
    SIZE(n_fitted),
    DOUBLES(centre_x_px, 1),
    DOUBLES(centre_y_px, 1),
    DOUBLES(wxx, 1),
    DOUBLES(wyy, 1),
    DOUBLES(wxy, 1),
    DOUBLES(centre_error_px, 2),
    DOUBLES(axis_ratio_error, 1),
    DOUBLES(axis_angle_error_degrees, 1),
    DOUBLES(descan_x_px, 5),
    DOUBLES(descan_y_px, 5),
    DOUBLES(descan_residual_px, 1),
    DOUBLES(k_step_inv_angstrom, 1),
    DOUBLES(scan_step_nm, 2),
    DOUBLES(beam_energy_kev, 1),
    DOUBLES(saturation, 1),
    DOUBLES(noise.gain, 1),
    DOUBLES(noise.offset, 1),
    DOUBLES(noise.read_noise, 1),
    BOOLEAN(noise.is_counting),
    BOOLEAN(noise.is_measured),
    DOUBLES(noise.gain_error, 1),
    DOUBLES(noise.read_noise_error, 1),
    DOUBLES(ring.annulus_px, 2),
    DOUBLES(ring.radius_px, 1),
    DOUBLES(ring.width_px, 1),
    DOUBLES(ring.r0_px, 1),
    DOUBLES(ring.half_width_px, 1),
    DOUBLES(ring.kappa_per_px, 1),
    DOUBLES(ring.level, 1),
    DOUBLES(ring.knot_first_px, 1),
    DOUBLES(ring.knot_step_px, 1),
    DOUBLES(ring.bend, 2),
    SIZE(ring.n_knots),
    DOUBLES(ring.coefficients, VTR_TEMPLATE_MAX_KNOTS),
    DOUBLES(speckle.contrast, 1),
    DOUBLES(speckle.contrast_error, 1),
    DOUBLES(speckle.radial, VTR_SPECKLE_NODES),
    DOUBLES(speckle.grain_px, 1),
    DOUBLES(speckle.friedel, 1),
    SIZE(speckle.max_lag_px),
    DOUBLES(radial_step_px, 1),
    DOUBLES(radial_mean, VTR_CALIBRATION_RADII),
    DOUBLES(sample_noise, 1),
    DOUBLES(speckle.radius_step_px, 1),
    DOUBLES(speckle.near, VTR_SPECKLE_RADII),
    DOUBLES(speckle.opposite, VTR_SPECKLE_RADII),
    BOOLEAN(is_far),
    DOUBLES(electrons, 1),
    DOUBLES(beam_radius_px, 1),
    BOOLEAN(harmonics),
    SIZE(background_order),
    SIZE(sectors),
    DOUBLES(chi2, 1),
};

static vtr_status write_number(const number *entry, const vtr_calibration *c, vtr_mapfile *file,
                               vtr_error *err)
{
    const char *member = (const char *)c + entry->offset;
    double value = 0;
    if (entry->kind == IS_DOUBLE)
        return vtr_mapfile_write_numbers(file, group, NULL, entry->name, entry->n,
                                         (const double *)(const void *)member, err);
    if (entry->kind == IS_SIZE) value = (double)*(const size_t *)(const void *)member;
    if (entry->kind == IS_BOOL) value = *(const bool *)member ? 1 : 0;
    return vtr_mapfile_write_numbers(file, group, NULL, entry->name, 1, &value, err);
}

static vtr_status read_number(const number *entry, vtr_calibration *c, const vtr_mapfile *file,
                              vtr_error *err)
{
    char *member = (char *)c + entry->offset;
    double value = 0;
    if (entry->kind == IS_DOUBLE)
        return vtr_mapfile_read_numbers(file, group, NULL, entry->name, entry->n, (double *)(void *)member,
                                        err);
    vtr_status status = vtr_mapfile_read_numbers(file, group, NULL, entry->name, 1, &value, err);
    if (status == VTR_OK && entry->kind == IS_SIZE) {
        if (!(value >= 0 && value < 1e15))
            return vtr_fail(err, VTR_ERR_FORMAT, "the calibration's %s is %g", entry->name, value);
        *(size_t *)(void *)member = (size_t)value;
    }
    if (status == VTR_OK && entry->kind == IS_BOOL) *(bool *)member = value != 0;
    return status;
}

vtr_status vtr_calibration_write(const vtr_calibration *c, vtr_mapfile *file, vtr_error *err)
{
    const size_t shape[2] = {c->det_y, c->det_x}, lags[2] = {VTR_SPECKLE_LAGS, VTR_SPECKLE_LAGS};
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(
            file, group, "mask", VTR_TYPE_U8, 2, shape, c->mask, NULL,
            "why a pixel is not used: 1 beam stop, 2 dead, 4 hot, 8 saturated, 16 by the user, 32 NaN", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "mean", VTR_TYPE_F64, 2, shape, c->mean, "counts",
                                   "mean pattern of the sample", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "maximum", VTR_TYPE_F64, 2, shape, c->maximum, "counts",
                                   "maximum of the sample", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(
            file, group, "speckle_correlation", VTR_TYPE_F64, 2, lags, c->speckle.correlation, NULL,
            "correlation of the speckle; the first (2 max_lag + 1)^2 values, row by row", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "speckle_folded", VTR_TYPE_F64, 2, lags, c->speckle.folded,
                                   NULL, "correlation with the opposite speckle, likewise", err);
    for (size_t i = 0; status == VTR_OK && i < sizeof numbers / sizeof *numbers; i++)
        status = write_number(&numbers[i], c, file, err);
    return status;
}

static void add_doubles(vtr_sha256 *sha, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double value = isnan(values[i]) ? (double)NAN : values[i];
        vtr_sha256_add(sha, &value, sizeof value);
    }
}

void vtr_calibration_fingerprint(const vtr_calibration *c, char hex[65])
{
    size_t n = c->det_y * c->det_x, side = 2 * c->speckle.max_lag_px + 1;
    vtr_sha256 sha;
    vtr_sha256_start(&sha);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const void *member = (const char *)c + numbers[i].offset;
        if (numbers[i].kind == IS_DOUBLE)
            add_doubles(&sha, member, numbers[i].n);
        else
            vtr_sha256_add(&sha, member, numbers[i].kind == IS_SIZE ? sizeof(size_t) : sizeof(bool));
    }
    vtr_sha256_add(&sha, c->mask, n);
    add_doubles(&sha, c->mean, n);
    add_doubles(&sha, c->maximum, n);
    add_doubles(&sha, c->speckle.correlation, side * side);
    add_doubles(&sha, c->speckle.folded, side * side);
    vtr_sha256_finish(&sha, hex);
}

vtr_status vtr_calibration_read(vtr_calibration **out, const vtr_mapfile *file, vtr_error *err)
{
    size_t rank, shape[8];
    vtr_type type;
    char standard[64];
    if (vtr_mapfile_read_text(file, group, NULL, "standard", standard, sizeof standard, NULL) == VTR_OK)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "the calibration is that of a standard (%s) and has no glass's ring; give it with "
                        "--k-scale FILE",
                        standard);
    vtr_status status = vtr_mapfile_shape(file, group, "mask", &rank, shape, &type, err);
    if (status != VTR_OK) return status;
    if (rank != 2 || shape[0] == 0 || shape[1] == 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "the calibration's mask is not an image");
    vtr_calibration *c = vtr_calloc(1, sizeof *c);
    if (c == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the calibration");
    c->det_y = shape[0];
    c->det_x = shape[1];
    size_t n = c->det_y * c->det_x, n_lags = VTR_SPECKLE_LAGS * VTR_SPECKLE_LAGS;
    c->mask = vtr_calloc(n, 1);
    c->mean = vtr_calloc(n, sizeof *c->mean);
    c->maximum = vtr_calloc(n, sizeof *c->maximum);
    if (c->mask == NULL || c->mean == NULL || c->maximum == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the calibration");
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, "mask", VTR_TYPE_U8, n, c->mask, err);
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, "mean", VTR_TYPE_F64, n, c->mean, err);
    if (status == VTR_OK) status = vtr_mapfile_read(file, group, "maximum", VTR_TYPE_F64, n, c->maximum, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read(file, group, "speckle_correlation", VTR_TYPE_F64, n_lags,
                                  c->speckle.correlation, err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_read(file, group, "speckle_folded", VTR_TYPE_F64, n_lags, c->speckle.folded, err);
    for (size_t i = 0; status == VTR_OK && i < sizeof numbers / sizeof *numbers; i++)
        status = read_number(&numbers[i], c, file, err);
    if (status == VTR_OK &&
        (c->ring.n_knots < 5 || c->ring.n_knots > VTR_TEMPLATE_MAX_KNOTS ||
         c->speckle.max_lag_px > VTR_SPECKLE_MAX_LAG || c->sectors < 8 || c->sectors > 128 ||
         c->background_order > 2 || !(c->ring.half_width_px > 0) || !(c->noise.gain > 0)))
        status = vtr_fail(err, VTR_ERR_FORMAT, "the calibration holds values that no calibration has");
    if (status != VTR_OK) {
        vtr_calibration_free(c);
        return status;
    }
    *out = c;
    return VTR_OK;
}
