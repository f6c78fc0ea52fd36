/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"
#include "vitrail/detector.h"

/* The disc of the direct beam integrates to 1. */
static double beam_scale(double beam_radius_px)
{
    double sum = 0, step = 0.01;
    for (double r = 0.5 * step; r < beam_radius_px + 6; r += step)
        sum += 2 * VTR_PI * r * step * vtr_twin_beam_form(r, beam_radius_px);
    return 1 / sum;
}

void vtr_twin_profile(const vtr_twin *twin, double k_inv_angstrom, double *s, double *mean_f2,
                      double *mean_f_squared, double *background)
{
    double f, f2, x = k_inv_angstrom / twin->info.ring_k;
    vtr_electron_averages(&twin->composition, k_inv_angstrom, &f, &f2);
    bool is_closed = twin->n_phases == 0;
    if (s != NULL)
        *s = is_closed ? vtr_twin_structure_function(x)
                       : vtr_twin_phase_structure(twin, 0, 2 * VTR_PI * k_inv_angstrom);
    if (mean_f2 != NULL) *mean_f2 = f2;
    if (mean_f_squared != NULL) *mean_f_squared = f * f;
    if (background != NULL)
        *background = twin->background_scale *
                      (is_closed ? vtr_twin_background_form(x) : vtr_twin_steep_background_form(x));
}

/* Elastic part and background over the reference pattern: unstrained, at the nominal centre. */
static void sum_reference(vtr_twin *twin)
{
    const vtr_twin_info *info = &twin->info;
    for (size_t y = 0; y < info->shape[2]; y++)
        for (size_t x = 0; x < info->shape[3]; x++) {
            double vx = (double)x - info->centre_x, vy = (double)y - info->centre_y;
            double r = hypot(info->w[0] * vx + info->w[2] * vy, info->w[2] * vx + info->w[1] * vy);
            size_t i = (size_t)fmin(r * VTR_TWIN_STEPS_PER_PX, (double)(twin->n_radial - 2));
            double part = fmin(r * VTR_TWIN_STEPS_PER_PX - (double)i, 1);
            const vtr_twin_radial *a = &twin->radial[i], *b = a + 1;
            double elastic_a = (double)a->mean_f2 + (double)a->mean_f_squared * (double)twin->structure[i];
            double elastic_b =
                (double)b->mean_f2 + (double)b->mean_f_squared * (double)twin->structure[i + 1];
            twin->elastic_sum += elastic_a + part * (elastic_b - elastic_a);
            twin->background_sum += (double)a->background + part * (double)(b->background - a->background);
        }
}

vtr_status vtr_twin_build_tables(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_info *info = &twin->info;
    double reach = 1.6 * hypot((double)info->shape[2], (double)info->shape[3]);
    twin->n_radial = (size_t)(reach * VTR_TWIN_STEPS_PER_PX) + 2;
    twin->radial = vtr_malloc(twin->n_radial, sizeof *twin->radial);
    twin->structure = vtr_malloc(twin->n_radial, sizeof *twin->structure);
    bool is_mixed = twin->n_phases > 1;
    if (is_mixed) twin->structure_change = vtr_malloc(twin->n_radial, sizeof *twin->structure_change);
    if (twin->radial == NULL || twin->structure == NULL || (is_mixed && twin->structure_change == NULL))
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the radial tables");
    double ring_f2;
    vtr_electron_averages(&twin->composition, info->ring_k, NULL, &ring_f2);
    twin->background_scale = (twin->params.background + info->foil.plural) * ring_f2;
    twin->beam_scale = beam_scale(twin->params.beam_radius_px);
    for (size_t i = 0; i < twin->n_radial; i++) {
        double r = (double)i / VTR_TWIN_STEPS_PER_PX, s, f2, ff, background;
        vtr_twin_profile(twin, r * info->k_step, &s, &f2, &ff, &background);
        double beam = twin->beam_scale * vtr_twin_beam_form(r, twin->params.beam_radius_px);
        twin->radial[i] = (vtr_twin_radial){(float)f2, (float)ff, (float)background, (float)beam};
        twin->structure[i] = (float)s;
        if (is_mixed)
            twin->structure_change[i] =
                (float)(vtr_twin_phase_structure(twin, 1, 2 * VTR_PI * r * info->k_step) - s);
    }
    sum_reference(twin);
    return VTR_OK;
}

/* A bar of half width `radius` from the centre out of the frame, with a round end. */
static bool behind_stop(const vtr_twin_params *p, double vx, double vy)
{
    double c = cos(p->stop_angle * VTR_RADIANS_PER_DEGREE), s = sin(p->stop_angle * VTR_RADIANS_PER_DEGREE);
    double along = vx * c + vy * s, across = fabs(vy * c - vx * s);
    return hypot(vx, vy) <= p->stop_radius_px || (along > 0 && across <= p->stop_radius_px);
}

static void mark_pixels(vtr_twin *twin, vtr_random *random, size_t n, unsigned char reason)
{
    for (size_t marked = 0, tries = 0; marked < n && tries < 100 * twin->n_pixels; tries++) {
        size_t i = vtr_random_u32(random) % twin->n_pixels;
        if (twin->reasons[i] != 0) continue;
        twin->reasons[i] = reason;
        marked++;
    }
}

vtr_status vtr_twin_build_mask(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_params *p = &twin->params;
    if (p->hot_pixels + p->dead_pixels > twin->n_pixels / 2)
        return vtr_fail(err, VTR_ERR_RANGE, "%zu hot and %zu dead pixels are too many for %zu pixels",
                        p->hot_pixels, p->dead_pixels, twin->n_pixels);
    twin->reasons = vtr_calloc(twin->n_pixels, 1);
    if (twin->reasons == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    size_t n_x = twin->info.shape[3];
    if (p->middle == VTR_TWIN_BEAM_STOP)
        for (size_t i = 0; i < twin->n_pixels; i++)
            if (behind_stop(p, (double)(i % n_x) - p->centre_x, (double)(i / n_x) - p->centre_y))
                twin->reasons[i] = VTR_MASK_BEAM_STOP;
    vtr_random random;
    vtr_twin_random(&random, p, VTR_TWIN_FOR_PIXELS, 0);
    mark_pixels(twin, &random, p->hot_pixels, VTR_MASK_HOT);
    mark_pixels(twin, &random, p->dead_pixels, VTR_MASK_DEAD);
    return VTR_OK;
}

void vtr_twin_mask(const vtr_twin *twin, unsigned char *reasons)
{
    for (size_t i = 0; i < twin->n_pixels; i++)
        reasons[i] = twin->reasons[i];
}
