/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* After chapter 6 of S. Kang's dissertation (TU Darmstadt, 2023): strains of up to 0.5 % deviatoric and 1 %
 * volumetric in the Fe-based ribbon, inclusions with cores of 15 nm 270 nm apart along the first band and
 * none on the mature second. */
enum { MOST_INCLUSIONS = 256 };

vtr_status vtr_twin_add_bands(vtr_twin *twin, const vtr_twin_band *bands, size_t n, vtr_error *err)
{
    twin->bands = vtr_malloc(n, sizeof *bands);
    if (twin->bands == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu bands", n);
    for (size_t i = 0; i < n; i++)
        twin->bands[i] = bands[i];
    twin->n_bands = n;
    return VTR_OK;
}

static bool is_near_field(const vtr_twin *twin, double y_nm, double x_nm, double margin_nm)
{
    double step = twin->info.scan_step_nm, height = step * (double)(twin->info.shape[0] - 1),
           width = step * (double)(twin->info.shape[1] - 1);
    return y_nm > -margin_nm && y_nm < height + margin_nm && x_nm > -margin_nm && x_nm < width + margin_nm;
}

/* Inclusions every spacing_nm along a band, over the field and a little beyond, each like `model` but for a
 * little scatter in place and strength. */
static vtr_status add_inclusions(vtr_twin *twin, const vtr_twin_band *band, double spacing_nm,
                                 const vtr_twin_inclusion *model, vtr_error *err)
{
    twin->inclusions = vtr_malloc(MOST_INCLUSIONS, sizeof *twin->inclusions);
    if (twin->inclusions == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the inclusions");
    double angle = band->angle_degrees * VTR_RADIANS_PER_DEGREE;
    vtr_random random;
    vtr_twin_random(&random, &twin->params, VTR_TWIN_FOR_INCLUSIONS, 0);
    for (long i = -MOST_INCLUSIONS; i <= MOST_INCLUSIONS && twin->n_inclusions < MOST_INCLUSIONS; i++) {
        double along = spacing_nm * ((double)i + 0.05 * vtr_random_normal(&random));
        vtr_twin_inclusion inclusion = *model;
        inclusion.centre_y_nm = band->point_y_nm + along * sin(angle);
        inclusion.centre_x_nm = band->point_x_nm + along * cos(angle);
        inclusion.shear *= 1 + 0.1 * vtr_random_normal(&random);
        inclusion.angle_degrees += 5 * vtr_random_normal(&random);
        if (is_near_field(twin, inclusion.centre_y_nm, inclusion.centre_x_nm, 2 * spacing_nm))
            twin->inclusions[twin->n_inclusions++] = inclusion;
    }
    return VTR_OK;
}

static vtr_twin_band band_through(const vtr_twin *twin, double part_y, double part_x, double angle_degrees)
{
    double step = twin->info.scan_step_nm;
    return (vtr_twin_band){.point_y_nm = part_y * step * (double)(twin->info.shape[0] - 1),
                           .point_x_nm = part_x * step * (double)(twin->info.shape[1] - 1),
                           .angle_degrees = angle_degrees,
                           .first_nm = -INFINITY,
                           .last_nm = INFINITY};
}

vtr_status vtr_twin_build_fe_band(vtr_twin *twin, vtr_error *err)
{
    vtr_twin_band bands[2] = {band_through(twin, 0.5, 0.30, -62), band_through(twin, 0.5, 0.72, -48)};
    bands[0].decay_nm = 60;
    bands[0].width_nm = 6;
    bands[0].deviatoric = 0.0015;
    bands[0].volumetric = 0.003;
    bands[1].decay_nm = 90;
    bands[1].width_nm = 8;
    bands[1].deviatoric = 0.004;
    bands[1].volumetric = 0.008;
    vtr_status status = vtr_twin_add_bands(twin, bands, 2, err);
    if (status != VTR_OK) return status;
    vtr_twin_inclusion model = {.radius_nm = 15,
                                .shear = 0.008,
                                .angle_degrees = bands[0].angle_degrees + 45,
                                .dilation = 0.004,
                                .poisson = 0.32};
    return add_inclusions(twin, &bands[0], 270, &model, err);
}

/* Chapter 8: two bands of wider reach, without inclusions. */
vtr_status vtr_twin_build_lorentz(vtr_twin *twin, vtr_error *err)
{
    vtr_twin_band bands[2] = {band_through(twin, 0.5, 0.33, -62), band_through(twin, 0.5, 0.70, -50)};
    for (int i = 0; i < 2; i++) {
        bands[i].decay_nm = 300;
        bands[i].width_nm = 30;
        bands[i].deviatoric = i == 0 ? 0.003 : 0.004;
        bands[i].volumetric = i == 0 ? 0.005 : 0.008;
    }
    return vtr_twin_add_bands(twin, bands, 2, err);
}

/* Chapter 4: two bands at an angle, so that a shift along one of them shows at the other. Places in nm: a scan of another
 * size or step sees the same field. */
vtr_status vtr_twin_build_thickness(vtr_twin *twin, vtr_error *err)
{
    vtr_twin_band bands[2] = {
        {.point_y_nm = 170, .point_x_nm = 200, .angle_degrees = -62, .decay_nm = 60, .width_nm = 8},
        {.point_y_nm = 200, .point_x_nm = 260, .angle_degrees = 20, .decay_nm = 50, .width_nm = 8}};
    for (int i = 0; i < 2; i++) {
        bands[i].first_nm = -INFINITY;
        bands[i].last_nm = INFINITY;
        bands[i].deviatoric = i == 0 ? 0.005 : 0.004;
        bands[i].volumetric = i == 0 ? 0.010 : 0.008;
    }
    vtr_status status = vtr_twin_add_bands(twin, bands, 2, err);
    if (status != VTR_OK) return status;
    vtr_twin_inclusion model = {.radius_nm = 15,
                                .shear = 0.012,
                                .angle_degrees = bands[1].angle_degrees + 45,
                                .dilation = 0.006,
                                .poisson = 0.32};
    return add_inclusions(twin, &bands[1], 110, &model, err);
}

vtr_status vtr_twin_build_zr_band(vtr_twin *twin, vtr_error *err)
{
    vtr_twin_band band = band_through(twin, 0.5, 0.45, -55);
    band.decay_nm = 80;
    band.width_nm = 12;
    band.deviatoric = 0.0012;
    band.volumetric = 0.0025;
    vtr_status status = vtr_twin_add_bands(twin, &band, 1, err);
    if (status != VTR_OK) return status;
    vtr_twin_inclusion model = {.radius_nm = 20,
                                .shear = 0.003,
                                .angle_degrees = band.angle_degrees + 45,
                                .dilation = 0.0015,
                                .poisson = 0.37};
    return add_inclusions(twin, &band, 340, &model, err);
}
