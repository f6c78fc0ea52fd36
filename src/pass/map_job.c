/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"

static vtr_status parse_virtual(map_job *job, const char *text, vtr_error *err)
{
    size_t i = job->n_virtual;
    const char *equals = strchr(text, '='), *colon = equals != NULL ? strchr(equals, ':') : NULL;
    char low[32] = "", high[32] = "";
    double l = NAN, h = NAN;
    if (colon != NULL && equals > text && equals - text < MAP_NAME && colon - equals - 1 < 32 &&
        strlen(colon + 1) < 32) {
        memcpy(job->virtual_names[i], text, (size_t)(equals - text));
        memcpy(low, equals + 1, (size_t)(colon - equals - 1));
        strcpy(high, colon + 1);
    }
    if (vtr_parse_double(low, &l) != 0 || vtr_parse_double(high, &h) != 0 || !(l >= 0) || !(h > l))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--virtual: '%s' is not NAME=LO:HI with 0 <= LO < HI in px",
                        text);
    if (strspn(job->virtual_names[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
        strlen(job->virtual_names[i]))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--virtual: the name '%s' may hold letters, digits, _ and - only",
                        job->virtual_names[i]);
    job->annuli_px[i][0] = l;
    job->annuli_px[i][1] = h;
    job->n_virtual++;
    return VTR_OK;
}

static void add_virtual(map_job *job, const char *name, double low, double high)
{
    strcpy(job->virtual_names[job->n_virtual], name);
    job->annuli_px[job->n_virtual][0] = low;
    job->annuli_px[job->n_virtual++][1] = high;
}

/* Bright field: the disc of the direct beam, or what lies well inside of the ring; annular dark field: the ring; high
 * angles: all beyond. */
static vtr_status choose_virtual(map_job *job, double largest_radius, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    for (size_t i = 0; i < job->params->virtual_images.n; i++) {
        vtr_status status = parse_virtual(job, job->params->virtual_images.text[i], err);
        if (status != VTR_OK) return status;
    }
    if (job->n_virtual > 0) return VTR_OK;
    double low = c->ring.annulus_px[0], high = c->ring.annulus_px[1];
    add_virtual(job, "bf", 0, isfinite(c->beam_radius_px) ? fmin(1.3 * c->beam_radius_px, low) : 0.5 * low);
    add_virtual(job, "adf", low, high);
    if (largest_radius > high + 1) add_virtual(job, "haadf", high, largest_radius + 1);
    return VTR_OK;
}

/* |u| of the farthest corner. */
static double largest_radius(const vtr_calibration *c)
{
    double most = 0;
    for (int k = 0; k < 4; k++) {
        double vx = (k & 1 ? (double)c->det_x - 1 : 0) - c->centre_x_px;
        double vy = (k & 2 ? (double)c->det_y - 1 : 0) - c->centre_y_px;
        most = fmax(most, hypot(c->wxx * vx + c->wxy * vy, c->wxy * vx + c->wyy * vy));
    }
    return most;
}

static vtr_status make_plans(map_job *job, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    vtr_polar_plan *base = NULL;
    vtr_status status = vtr_calibration_plan(&base, c, job->used, job->n_radii, 0, 0, job->n_virtual,
                                             (const double(*)[2])job->annuli_px, err);
    if (status == VTR_OK) status = vtr_speckle_terms_create(&job->terms, c, base, job->used, err);
    vtr_polar_plan_free(&base);
    for (size_t v = 0; status == VTR_OK && v < job->n_variants; v++) {
        map_variant *variant = &job->variants[v];
        status = vtr_calibration_plan(&variant->plan, c, job->used, job->n_radii, (double)variant->shift_x,
                                      (double)variant->shift_y, job->n_virtual,
                                      (const double(*)[2])job->annuli_px, err);
        if (status == VTR_OK)
            status = map_annulus_create(&variant->annulus, variant->plan, job->used, c->ring.annulus_px, err);
        if (status == VTR_OK && job->params->fit == VTR_FIT_LIKELIHOOD)
            status = vtr_calibration_likelihood(&variant->likelihood, c, variant->plan, &job->terms, err);
    }
    return status;
}

/* The other ranks' workers send a run before they begin the next: one run of each is all they hold. */
static vtr_status allocate_results(map_job *job, vtr_error *err)
{
    if (job->n_held == 0) job->n_held = job->n_positions;
    bool has_all = job->n_held == job->n_positions;
    vtr_status status = vtr_ring_map_init(&job->ring, has_all ? job->info->shape[0] : 1,
                                          has_all ? job->info->shape[1] : job->n_held, err);
    if (status != VTR_OK) return status;
    job->beam = vtr_calloc(5 * job->n_held, sizeof *job->beam);
    job->beam_flags = vtr_calloc(job->n_held, sizeof *job->beam_flags);
    job->virtual_images = vtr_calloc(job->n_virtual * job->n_held, sizeof *job->virtual_images);
    job->total = vtr_calloc(job->n_held, sizeof *job->total);
    if (job->beam == NULL || job->beam_flags == NULL || job->virtual_images == NULL || job->total == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of %zu positions", job->n_held);
    return vtr_pattern_create(&job->pattern, job->info->type, job->info->shape[2], job->info->shape[3], err);
}

static void describe_ring(map_job *job)
{
    const vtr_calibration *c = job->calibration;
    job->ring.radius_px = c->ring.radius_px;
    job->ring.k0_inv_angstrom = c->ring.radius_px * c->k_step_inv_angstrom;
    job->ring.scan_step_nm[0] = c->scan_step_nm[0];
    job->ring.scan_step_nm[1] = c->scan_step_nm[1];
    job->ring.scan_rotation_degrees = job->params->scan_rotation;
    job->ring.is_flipped = job->params->flip;
}

size_t map_profile_samples(const vtr_calibration *calibration, double step_px)
{
    return (size_t)(largest_radius(calibration) / step_px) + 1;
}

static vtr_status choose_profile(map_job *job, vtr_error *err)
{
    double step = job->params->profile_step_px;
    size_t n = map_profile_samples(job->calibration, step);
    job->n_profile = job->params->no_profile ? 0 : n;
    job->profile = (vtr_profile_params){
        .r_first_px = step / 2, .r_step_px = step, .n = n, .noise = job->calibration->noise};
    return map_errors_create(job, err);
}

vtr_status map_job_create(map_job *job, vtr_error *err)
{
    double largest = largest_radius(job->calibration);
    job->n_radii = (size_t)largest + 1;
    if (job->params->fit == VTR_FIT_SECTORS && job->calibration->sectors % 8 != 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--fit sectors needs a multiple of 8 sectors, the calibration has %zu; give "
                        "--fit-sectors",
                        job->calibration->sectors);
    vtr_status status = choose_virtual(job, largest, err);
    if (status != VTR_OK) return status;
    job->used = vtr_calibration_used(job->calibration);
    if (job->used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the pass");
    status = map_batches_create(job, err);
    if (status == VTR_OK) status = make_plans(job, err);
    if (status == VTR_OK) status = allocate_results(job, err);
    if (status == VTR_OK) status = choose_profile(job, err);
    if (status == VTR_OK) status = map_sectors_create(job, err);
    if (status == VTR_OK) status = map_beam_create(job, err);
    if (status == VTR_OK) status = map_sums_create(job, err);
    if (status != VTR_OK) {
        map_job_release(job);
        return status;
    }
    describe_ring(job);
    return VTR_OK;
}

void map_job_release(map_job *job)
{
    for (size_t v = 0; job->variants != NULL && v < job->n_variants; v++) {
        vtr_likelihood_free(job->variants[v].likelihood);
        vtr_polar_plan_free(&job->variants[v].plan);
        vtr_free(job->variants[v].annulus.stretches);
    }
    map_sectors_release(job);
    vtr_free(job->variants);
    vtr_free(job->batches);
    vtr_free((void *)job->used);
    vtr_speckle_terms_release(&job->terms);
    vtr_ring_map_release(&job->ring);
    vtr_beam_template_free(job->beam_template);
    vtr_free(job->beam);
    vtr_free(job->beam_flags);
    vtr_free(job->virtual_images);
    vtr_free(job->total);
    map_errors_release(job);
    map_sums_release(job);
    vtr_pattern_free(&job->pattern);
    memset(job, 0, sizeof *job);
}
