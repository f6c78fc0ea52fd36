/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"
#include "vitrail/constants.h"

/* Fits from several starts in the nearest positions, of which the best one goes on to the whole fit: the misfit has several
 * minima, since a hard rim runs between few positions, and a fit ends in the nearest. Without it the scatter of centres
 * is a fifth larger than their errors. */

/* A core of a smaller radius, in steps of the scan, has too few positions to tell its form. */
static const double least_ellipse_steps = 2;

/* Keeps the better one of *best and the fit from `start`. */
static vtr_status try_start(vtr_inclusion *best, double *least, vtr_inclusion start,
                            const vtr_inclusion *around, double reach_nm, const vtr_band_model *model,
                            double *const residual[VTR_TCS], vtr_error *err)
{
    double objective;
    vtr_status status = vtr_inclusion_fit_near(&start, around, reach_nm, model, residual, &objective, err);
    if (status != VTR_OK || !(objective < *least)) return status;
    *least = objective;
    *best = start;
    return VTR_OK;
}

vtr_status vtr_inclusion_settle(vtr_inclusion *inclusion, const vtr_band_model *model,
                                double *const residual[VTR_TCS], vtr_error *err)
{
    const vtr_inclusion around = *inclusion;
    vtr_inclusion best = *inclusion;
    double least = INFINITY, shift = 0.4 * model->maps->step;
    double reach = 1.5 * (around.radius_nm + model->maps->step);
    vtr_status status = try_start(&best, &least, around, &around, reach, model, residual, err);
    for (int k = 0; k < 8 && status == VTR_OK; k++) {
        vtr_inclusion start = around;
        start.y_nm += (k & 1) != 0 ? shift : -shift;
        start.x_nm += (k & 2) != 0 ? shift : -shift;
        start.radius_nm = fmax(around.radius_nm + ((k & 4) != 0 ? shift : -shift), model->radius_nm[0]);
        status = try_start(&best, &least, start, &around, reach, model, residual, err);
    }
    /* the amplitudes of so few positions are worse than those that it came with */
    inclusion->y_nm = best.y_nm;
    inclusion->x_nm = best.x_nm;
    inclusion->radius_nm = best.radius_nm;
    inclusion->ellipticity[0] = best.ellipticity[0];
    inclusion->ellipticity[1] = best.ellipticity[1];
    return status;
}

/* The better one of *ellipse and six directions of a long axis with this ellipticity. */
static vtr_status try_directions(vtr_inclusion *ellipse, double *least, double ellipticity,
                                 const vtr_inclusion *disc, double reach_nm, const vtr_band_model *model,
                                 double *const residual[VTR_TCS], vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (int k = 0; k < 6 && status == VTR_OK; k++) {
        vtr_inclusion start = *disc;
        start.is_elliptical = true;
        start.ellipticity[0] = ellipticity * cos(k * VTR_PI / 3);
        start.ellipticity[1] = ellipticity * sin(k * VTR_PI / 3);
        status = try_start(ellipse, least, start, disc, reach_nm, model, residual, err);
    }
    return status;
}

/* The best of six directions at an aspect of 1.7; where that is half of what is asked for better than the disc, of others
 * too, and then moved about, twice. */
static vtr_status best_ellipse(vtr_inclusion *ellipse, const vtr_inclusion *disc, double level,
                               const vtr_band_model *model, double *const residual[VTR_TCS], vtr_error *err)
{
    double least = INFINITY, of_disc = INFINITY, shift = 0.4 * model->maps->step;
    double reach = 2 * (disc->radius_nm + model->maps->step);
    vtr_inclusion round = *disc;
    vtr_status status = try_start(&round, &of_disc, *disc, disc, reach, model, residual, err);
    if (status == VTR_OK) status = try_directions(ellipse, &least, 0.25, disc, reach, model, residual, err);
    if (status != VTR_OK || !(least < of_disc - level / 2)) return status;
    status = try_directions(ellipse, &least, 1. / 6, disc, reach, model, residual, err);
    if (status == VTR_OK) status = try_directions(ellipse, &least, 1. / 3, disc, reach, model, residual, err);
    for (int k = 0; k < 20 && status == VTR_OK; k++) {
        vtr_inclusion start = *ellipse;
        double sign = (k & 1) != 0 ? 1 : -1;
        int which = k / 2 % 5;
        start.y_nm += which == 0 ? sign * shift : 0;
        start.x_nm += which == 1 ? sign * shift : 0;
        start.radius_nm += which == 2 ? sign * fmin(shift, 0.1 * start.radius_nm) : 0;
        start.ellipticity[0] += which == 3 ? sign * 0.08 : 0;
        start.ellipticity[1] += which == 4 ? sign * 0.08 : 0;
        status = try_start(ellipse, &least, start, disc, reach, model, residual, err);
    }
    return status;
}

vtr_status vtr_inclusion_try_ellipse(vtr_inclusion *inclusion, const vtr_band_model *model, double level,
                                     double *const residual[VTR_TCS], vtr_error *err)
{
    const vtr_inclusion around = *inclusion;
    vtr_inclusion disc = around, ellipse = around;
    double of_disc, of_ellipse, whole = 5 * around.radius_nm + 3 * model->maps->step;
    inclusion->ellipse_chi2 = 0;
    disc.is_elliptical = false;
    disc.ellipticity[0] = disc.ellipticity[1] = 0;
    vtr_status status = vtr_inclusion_fit_near(&disc, &around, whole, model, residual, &of_disc, err);
    if (status == VTR_OK) status = best_ellipse(&ellipse, &disc, level, model, residual, err);
    if (status == VTR_OK && !ellipse.is_elliptical) return status; /* none of the starts led anywhere */
    if (status == VTR_OK)
        status = vtr_inclusion_fit_near(&ellipse, &around, whole, model, residual, &of_ellipse, err);
    if (status != VTR_OK || !isfinite(of_disc) || !isfinite(of_ellipse)) return status;
    double chi2 = fmax(0, of_disc - of_ellipse);
    bool can_be_told = ellipse.radius_nm >= least_ellipse_steps * model->maps->step;
    *inclusion = chi2 >= level && can_be_told ? ellipse : disc;
    inclusion->ellipse_chi2 = chi2;
    return VTR_OK;
}
