/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/constants.h"

/* The same line the other way round: both sides and both ends change places, step, offset and curvature their signs. */
void vtr_band_fit_forwards(vtr_band_fit *fit)
{
    static const int from[FIT_N] = {
        0, 1, 2, FIT_LAST, FIT_FIRST, FIT_WIDTH, FIT_DECAY + 1, FIT_DECAY, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const int sign[FIT_N] = {1, -1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1, 1, 1};
    const vtr_band_fit given = *fit;
    fit->value[FIT_ANGLE] = remainder(given.value[FIT_ANGLE], 2 * VTR_PI);
    if (cos(given.value[FIT_ANGLE]) >= 0) return;
    for (int a = 0; a < FIT_N; a++) {
        fit->value[a] = sign[a] * given.value[from[a]];
        fit->is_active[a] = given.is_active[from[a]];
        fit->is_determined[a] = given.is_determined[from[a]];
        for (int b = 0; b < FIT_N; b++)
            fit->covariance[a][b] = sign[a] * sign[b] * given.covariance[from[a]][from[b]];
    }
    fit->value[FIT_ANGLE] = remainder(given.value[FIT_ANGLE] + VTR_PI, 2 * VTR_PI);
    fit->curvature *= -1;
    for (int j = 0; j < VTR_TCS && vtr_band_fit_is_ridge(fit); j++)
        fit->other[j] *= -1;
}

static double error_of(const vtr_band_fit *fit, int k)
{
    return fit->is_determined[k] ? sqrt(fit->covariance[k][k]) : NAN;
}

static double length_of(const vtr_band_fit *fit, const vtr_band_maps *maps)
{
    double along[2];
    return vtr_band_curve_within(fit, maps, false, along) ? along[1] - along[0] : 0;
}

/* How the length changes with a parameter of the line, by differences over its error. */
static double slope_of_length(const vtr_band_fit *fit, const vtr_band_maps *maps, int k, double h)
{
    vtr_band_fit up = *fit, down = *fit;
    up.value[k] += h;
    down.value[k] -= h;
    return (length_of(&up, maps) - length_of(&down, maps)) / (2 * h);
}

/* A line that is drawn straight may be curved within the error of its curvature. */
static double length_error(const vtr_band_fit *fit, const vtr_band_maps *maps)
{
    double slope[FIT_WIDTH] = {0}, variance = 0;
    for (int k = 0; k < FIT_WIDTH; k++) {
        double h = error_of(fit, k);
        if (h > 0) slope[k] = slope_of_length(fit, maps, k, h);
    }
    if (!fit->is_active[FIT_CURVATURE] && fit->curvature_error > 0) {
        double h = fit->curvature_error, change = h * slope_of_length(fit, maps, FIT_CURVATURE, h);
        variance += change * change;
    }
    for (int a = 0; a < FIT_WIDTH; a++)
        for (int b = 0; b < FIT_WIDTH; b++)
            variance += slope[a] * fit->covariance[a][b] * slope[b];
    return sqrt(fmax(variance, 0));
}

static void set_line(vtr_band *band, const vtr_band_fit *fit, const vtr_band_maps *maps)
{
    double along[2] = {0}, place[2];
    vtr_band_curve_within(fit, maps, false, along);
    double middle = 0.5 * (along[0] + along[1]);
    for (int k = 0; k < 2; k++) {
        vtr_band_curve_point(fit, along[k], place);
        band->end_y_nm[k] = place[0];
        band->end_x_nm[k] = place[1];
        band->end_error_nm[k] = error_of(fit, FIT_FIRST + k);
    }
    vtr_band_curve_point(fit, middle, place);
    band->y_nm = place[0];
    band->x_nm = place[1];
    band->place_error_nm = fit->is_determined[FIT_OFFSET] ? vtr_band_curve_error(fit, middle) : NAN;
    band->angle_degrees =
        (fit->value[FIT_ANGLE] + middle * fit->value[FIT_CURVATURE]) / VTR_RADIANS_PER_DEGREE;
    band->angle_error_degrees = error_of(fit, FIT_ANGLE) / VTR_RADIANS_PER_DEGREE;
    band->is_curved = fit->is_active[FIT_CURVATURE];
    band->curvature_inv_nm = fit->curvature;
    band->curvature_error_inv_nm = fit->curvature_error;
    if (band->is_curved) {
        band->curvature_inv_nm = fit->value[FIT_CURVATURE];
        band->curvature_error_inv_nm = error_of(fit, FIT_CURVATURE);
    }
    band->length_nm = along[1] - along[0];
    band->length_error_nm = length_error(fit, maps);
}

void vtr_band_result(vtr_band *band, const vtr_band_fit *fit, const vtr_band_maps *maps, bool is_drawn)
{
    bool is_ridge = vtr_band_fit_is_ridge(fit);
    int main = is_ridge ? FIT_RIDGE : FIT_STEP, beside = is_ridge ? FIT_STEP : FIT_RIDGE;
    double other[VTR_TCS], error[VTR_TCS];
    *band = (vtr_band){.is_drawn = is_drawn, .is_ridge = is_ridge};
    set_line(band, fit, maps);
    band->width_nm = is_ridge ? NAN : exp(fit->value[FIT_WIDTH]);
    band->width_error_nm = is_ridge ? NAN : band->width_nm * error_of(fit, FIT_WIDTH);
    for (int side = 0; side < 2; side++) {
        band->decay_nm[side] = exp(fit->value[FIT_DECAY + side]);
        band->decay_error_nm[side] = band->decay_nm[side] * error_of(fit, FIT_DECAY + side);
    }
    band->volumetric = fit->value[main + VTR_T];
    band->volumetric_error = error_of(fit, main + VTR_T);
    band->normal = fit->value[main + VTR_C];
    band->normal_error = error_of(fit, main + VTR_C);
    band->shear = fit->value[main + VTR_S];
    band->shear_error = error_of(fit, main + VTR_S);
    for (int j = 0; j < VTR_TCS; j++) { /* in the model, or as it was tried */
        bool is_in = fit->is_active[beside + j];
        other[j] = is_in ? fit->value[beside + j] : fit->other[j];
        error[j] = is_in ? error_of(fit, beside + j) : fit->other_error[j];
    }
    band->has_other = fit->is_active[beside];
    band->other_volumetric = other[VTR_T];
    band->other_volumetric_error = error[VTR_T];
    band->other_normal = other[VTR_C];
    band->other_normal_error = error[VTR_C];
    band->other_shear = other[VTR_S];
    band->other_shear_error = error[VTR_S];
    band->chi2 = vtr_band_fit_chi2(fit, main);
}

void vtr_band_places(const vtr_band *band, size_t n, double *y_nm, double *x_nm)
{
    const vtr_band_fit line = {.pivot_y_nm = band->y_nm,
                               .pivot_x_nm = band->x_nm,
                               .value = {band->angle_degrees * VTR_RADIANS_PER_DEGREE, 0,
                                         band->is_curved ? band->curvature_inv_nm : 0}};
    for (size_t k = 0; k < n; k++) {
        double place[2], part = n > 1 ? (double)k / (double)(n - 1) : 0.5;
        vtr_band_curve_point(&line, (part - 0.5) * band->length_nm, place);
        y_nm[k] = place[0];
        x_nm[k] = place[1];
    }
}
