/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/plan.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"
#include "vitrail/beam.h"
#include "vitrail/constants.h"

#define AT(member) offsetof(vtr_plan_params, member)

static const vtr_parameter parameters[] = {
    {"frames-per-second", "1/s", VTR_PARAMETER_DOUBLE, AT(frames_per_second), NAN, 1e-3, 1e7, .metavar = "N",
     .help = "of the camera, for the time that the recording takes"},
    {"film-thickness", "nm", VTR_PARAMETER_DOUBLE, AT(thickness_nm), NAN, 1e-3, 1e6, .metavar = "NM",
     .help = "of the specimen, for the induction"},
    {"average", NULL, VTR_PARAMETER_SIZE, AT(positions_averaged), 1, 1, 1e9, .metavar = "N",
     .help = "errors of means over so many positions"},
};
const vtr_parameter_table vtr_plan_parameters = {"Plan", parameters, sizeof parameters / sizeof *parameters};

/* --- the recording's calibration, from what is put in ------------------------------------------------------- */

/* The position that the fit takes as its rest: no strain, the nominal centre. */
static vtr_twin_position position_at_rest(const vtr_twin *twin)
{
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    vtr_twin_position p;
    vtr_twin_get_position(twin, 0, &p);
    p.exx = p.eyy = p.exy = 0;
    p.centre_x = info->centre_x;
    p.centre_y = info->centre_y;
    p.background_factor = 1;
    return p;
}

/* The mask that calibration finds reaches a little beyond the edge of a beam stop. */
static void grow_beam_stop(unsigned char *mask, size_t det_y, size_t det_x)
{
    double grow = vtr_mask_default_params().beam_stop_grow_px;
    size_t reach = (size_t)grow;
    for (size_t y = 0; y < det_y; y++)
        for (size_t x = 0; x < det_x; x++) {
            if (!(mask[y * det_x + x] & VTR_MASK_BEAM_STOP)) continue;
            for (size_t v = y > reach ? y - reach : 0; v <= y + reach && v < det_y; v++)
                for (size_t u = x > reach ? x - reach : 0; u <= x + reach && u < det_x; u++)
                    if (mask[v * det_x + u] == 0 &&
                        hypot((double)v - (double)y, (double)u - (double)x) <= grow)
                        mask[v * det_x + u] = VTR_MASK_USER; /* else it would grow on */
        }
}

static vtr_calibration *new_calibration(const vtr_twin *twin, const vtr_twin_params *specimen)
{
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    size_t n = info->shape[2] * info->shape[3];
    vtr_calibrate_params defaults;
    vtr_parameters_default(&vtr_calibrate_parameters, &defaults);
    vtr_calibration *c = vtr_calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->mask = vtr_calloc(n, 1);
    c->mean = vtr_calloc(n, sizeof *c->mean);
    if (c->mask == NULL || c->mean == NULL) {
        vtr_calibration_free(c);
        return NULL;
    }
    c->det_y = info->shape[2];
    c->det_x = info->shape[3];
    c->centre_x_px = info->centre_x;
    c->centre_y_px = info->centre_y;
    c->wxx = c->wyy = 1;
    c->harmonics = defaults.harmonics == 1;
    c->background_order = defaults.background_order;
    c->sectors = defaults.sectors;
    c->k_step_inv_angstrom = info->k_step;
    c->beam_energy_kev = info->beam_energy_kev;
    c->saturation = info->saturation;
    c->noise.gain = specimen->gain;
    c->noise.offset = specimen->offset;
    c->noise.read_noise = specimen->read_noise;
    c->noise.is_counting = specimen->gain == 1 && specimen->read_noise == 0;
    c->speckle.grain_px = c->speckle.friedel = NAN;
    const vtr_twin_position rest = position_at_rest(twin);
    vtr_twin_mask(twin, c->mask);
    grow_beam_stop(c->mask, c->det_y, c->det_x);
    vtr_twin_expected(twin, &rest, c->mean);
    for (size_t i = 0; i < n; i++)
        c->mean[i] = specimen->offset + specimen->gain * c->mean[i];
    return c;
}

/* Speckle lies on what is scattered elastically; with the background on it, it has less contrast. */
static double elastic_share(const vtr_twin *twin, double radius_px)
{
    double s, f2, f_squared, background;
    vtr_twin_profile(twin, radius_px * vtr_twin_get_info(twin)->k_step, &s, &f2, &f_squared, &background);
    double elastic = f2 + f_squared * s;
    return elastic / (elastic + background);
}

static void set_correlation(vtr_speckle *speckle, const vtr_twin *twin, double friedel)
{
    size_t reach = 2;
    while (reach < VTR_SPECKLE_MAX_LAG && vtr_twin_speckle_autocorrelation(twin, (double)reach) > 1e-3)
        reach++;
    speckle->max_lag_px = reach;
    for (size_t y = 0; y <= 2 * reach; y++)
        for (size_t x = 0; x <= 2 * reach; x++) {
            double d = hypot((double)y - (double)reach, (double)x - (double)reach);
            double value = vtr_twin_speckle_autocorrelation(twin, d);
            speckle->correlation[y * (2 * reach + 1) + x] = value;
            speckle->folded[y * (2 * reach + 1) + x] = friedel * value;
        }
}

static void set_speckle(vtr_calibration *c, const vtr_twin *twin, const vtr_twin_params *specimen)
{
    const vtr_ring_template *ring = &c->ring;
    double at[VTR_SPECKLE_NODES], mean = 0;
    double contrast = specimen->contrast * vtr_twin_get_info(twin)->foil.contrast;
    if (!(contrast > 0)) return;
    for (int i = 0; i < VTR_SPECKLE_NODES; i++) {
        double t = 2.0 * i / (VTR_SPECKLE_NODES - 1) - 1;
        double share = elastic_share(twin, ring->r0_px + t * ring->half_width_px);
        at[i] = contrast * share * share;
        mean += at[i] / VTR_SPECKLE_NODES;
    }
    c->speckle.contrast = mean;
    c->speckle.grain_px = specimen->grain_px;
    c->speckle.friedel = specimen->friedel;
    for (int i = 0; i < VTR_SPECKLE_NODES; i++)
        c->speckle.radial[i] = at[i] / mean;
    set_correlation(&c->speckle, twin, specimen->friedel);
}

/* --- what the fit would state ------------------------------------------------------------------------------- */

/* Errors of the strain in the frame of the scan, e_scan = T^T e_detector T; covariances of dx, dy, m, p, q. */
static void set_errors(vtr_plan_errors *out, const vtr_fit_batch *fit, const vtr_twin_info *info,
                       double averaged)
{
    const double *t = info->scan_to_detector;
    double by[3][3];                                                     /* of exx, eyy, exy by m, p, q */
    static const double unit[3][3] = {{1, 1, 0}, {1, -1, 0}, {0, 0, 1}}; /* exx, eyy, exy of m, p, q */
    for (int k = 0; k < 3; k++) {
        double xx = unit[k][0], yy = unit[k][1], xy = unit[k][2];
        by[0][k] = t[0] * t[0] * xx + 2 * t[0] * t[2] * xy + t[2] * t[2] * yy;
        by[1][k] = t[1] * t[1] * xx + 2 * t[1] * t[3] * xy + t[3] * t[3] * yy;
        by[2][k] = t[0] * t[1] * xx + (t[0] * t[3] + t[1] * t[2]) * xy + t[2] * t[3] * yy;
    }
    double variance[3] = {0};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            for (int l = 0; l < 3; l++)
                variance[i] += by[i][k] * by[i][l] * fit->covariance[FIT_M + k][FIT_M + l][0];
    for (int i = 0; i < 3; i++)
        out->strain[i] = sqrt(variance[i] / averaged);
    out->volumetric = 2 * sqrt(fit->covariance[FIT_M][FIT_M][0] / averaged);
    out->deviatoric =
        sqrt(0.5 * (fit->covariance[FIT_P][FIT_P][0] + fit->covariance[FIT_Q][FIT_Q][0]) / averaged);
    out->centre_px[0] = sqrt(fit->covariance[FIT_DX][FIT_DX][0] / averaged);
    out->centre_px[1] = sqrt(fit->covariance[FIT_DY][FIT_DY][0] / averaged);
}

/* The fit of the expected pattern, with the speckle or with the counts alone. */
static vtr_status fit_expected(vtr_fit_batch *fit, const vtr_calibration *c, const vtr_polar_plan *plan,
                               const unsigned char *used, bool with_speckle, vtr_error *err)
{
    vtr_likelihood *likelihood = NULL;
    vtr_likelihood_work *work = NULL;
    vtr_polar_batch *batch = NULL;
    vtr_speckle_terms terms = {0};
    const void *frames[VTR_LANES] = {c->mean};
    vtr_status status = with_speckle ? vtr_speckle_terms_create(&terms, c, plan, used, err) : VTR_OK;
    if (status == VTR_OK) status = vtr_calibration_likelihood(&likelihood, c, plan, &terms, err);
    if (status == VTR_OK && (work = vtr_likelihood_work_new(likelihood)) == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of the expected pattern");
    if (status == VTR_OK) status = vtr_polar_batch_create(&batch, err);
    if (status == VTR_OK) status = vtr_polar_bin(batch, plan, VTR_TYPE_F64, frames, NULL, err);
    if (status == VTR_OK) {
        vtr_likelihood_fit(likelihood, work, batch->sums, fit);
        if (fit->flags[0] & VTR_FLAGS_NO_RING_DATA)
            status = vtr_fail(
                err, VTR_ERR_NO_DATA,
                "a pattern of %.3g electrons in the ring's annulus is not enough to fit a ring to; plan "
                "more --electrons",
                c->electrons);
    }
    vtr_polar_batch_free(&batch);
    vtr_likelihood_work_free(work);
    vtr_likelihood_free(likelihood);
    vtr_speckle_terms_release(&terms);
    return status;
}

static void count_annulus(vtr_plan *plan, vtr_calibration *c)
{
    double used = 0, counts = 0, low = c->ring.annulus_px[0], high = c->ring.annulus_px[1];
    for (size_t i = 0; i < c->det_y * c->det_x; i++) {
        double x = (double)(i % c->det_x) - c->centre_x_px, y = (double)(i / c->det_x) - c->centre_y_px;
        double r = hypot(c->wxx * x + c->wxy * y, c->wxy * x + c->wyy * y);
        if (c->mask[i] != 0 || r < low || r >= high) continue;
        used++;
        counts += (c->mean[i] - c->noise.offset) / c->noise.gain;
    }
    plan->visible = fmin(1, used / (VTR_PI * (high * high - low * low)));
    plan->electrons = c->electrons = counts;
}

static vtr_status plan_ring(vtr_plan *plan, vtr_calibration *c, const vtr_twin *twin,
                            const vtr_twin_params *specimen, double averaged, vtr_error *err)
{
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    vtr_polar_plan *polar = NULL;
    vtr_fit_batch fit;
    unsigned char *used = vtr_calibration_used(c);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    vtr_error local;
    vtr_status status = vtr_calibrate_mean(c, used, false, &local);
    if (status == VTR_ERR_NO_DATA)
        vtr_fail(err, status,
                 "no ring stands out of the expected pattern: at %.4g 1/Å it would lie %.4g px from the "
                 "centre of %zu x "
                 "%zu px",
                 info->ring_k, info->ring_radius_px, c->det_y, c->det_x);
    else if (status != VTR_OK)
        vtr_fail(err, status, "%s", local.message);
    if (status == VTR_OK) {
        count_annulus(plan, c);
        set_speckle(c, twin, specimen);
        status = vtr_calibration_plan(&polar, c, used, vtr_calibration_radii(c), 0, 0, 0, NULL, err);
    }
    if (status == VTR_OK) status = fit_expected(&fit, c, polar, used, true, err);
    if (status == VTR_OK) {
        set_errors(&plan->errors, &fit, info, averaged);
        status = fit_expected(&fit, c, polar, used, false, err);
    }
    if (status == VTR_OK) set_errors(&plan->counting, &fit, info, averaged);
    plan->ring_radius_px = c->ring.radius_px;
    plan->ring_width_px = c->ring.width_px;
    plan->ring_k = c->ring.radius_px * c->k_step_inv_angstrom;
    plan->contrast = c->speckle.contrast;
    memcpy(plan->annulus_px, c->ring.annulus_px, sizeof plan->annulus_px);
    vtr_polar_plan_free(&polar);
    vtr_free(used);
    return status;
}

/* The direct beam as the pass looks for it. */
static vtr_status plan_beam(vtr_plan *plan, vtr_calibration *c, double averaged, vtr_error *err)
{
    plan->beam_px[0] = plan->beam_px[1] = NAN;
    c->beam_radius_px = vtr_beam_radius(c);
    if (!isfinite(c->beam_radius_px)) return VTR_OK;
    unsigned char *used = vtr_calibration_used(c);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    vtr_beam_params params =
        vtr_beam_default_params(c->det_y, c->det_x, c->centre_x_px, c->centre_y_px, c->beam_radius_px + 2);
    params.used = used;
    params.noise = c->noise;
    vtr_beam_position beam;
    vtr_status status = vtr_beam_centre_of_mass(&beam, VTR_TYPE_F64, c->mean, &params, err);
    vtr_free(used);
    if (status != VTR_OK || (beam.flags & VTR_FLAG_NO_BEAM)) return status;
    plan->beam_px[0] = sqrt(beam.covariance[0] / averaged);
    plan->beam_px[1] = sqrt(beam.covariance[1] / averaged);
    return VTR_OK;
}

/* B = beta h/(e lambda t), beta = lambda k. */
static double induction(const vtr_plan *plan, const vtr_twin_info *info, double thickness_nm)
{
    double beam_px = sqrt(0.5 * (plan->beam_px[0] * plan->beam_px[0] + plan->beam_px[1] * plan->beam_px[1]));
    double k_inv_m = 1e10 * beam_px * info->k_step;
    return VTR_PLANCK_J_S * k_inv_m / (VTR_ELEMENTARY_CHARGE_C * 1e-9 * thickness_nm);
}

static void plan_recording(vtr_plan *plan, const vtr_twin_info *info, const vtr_twin_params *specimen,
                           const vtr_plan_params *p)
{
    double positions = (double)(info->shape[0] * info->shape[1]);
    double electrons = specimen->electrons;
    if (specimen->middle == VTR_TWIN_DIRECT_BEAM || specimen->middle == VTR_TWIN_BEAM_STOP)
        electrons *= 1 + specimen->beam_ratio;
    double step_angstrom = 10 * info->scan_step_nm;
    plan->dose_per_square_angstrom = electrons / (step_angstrom * step_angstrom);
    plan->field_nm[0] = (double)info->shape[0] * info->scan_step_nm;
    plan->field_nm[1] = (double)info->shape[1] * info->scan_step_nm;
    plan->seconds = positions / p->frames_per_second;
    plan->bytes = positions * (double)(info->shape[2] * info->shape[3] * vtr_type_size(info->type));
    plan->induction_t = induction(plan, info, p->thickness_nm);
}

vtr_status vtr_plan_compute(vtr_plan *out, const char *preset, const vtr_twin_params *given,
                            const vtr_plan_params *params, vtr_error *err)
{
    vtr_plan_params p;
    vtr_parameters_default(&vtr_plan_parameters, &p);
    if (params != NULL) p = *params;
    vtr_twin_params specimen = given != NULL ? *given : vtr_twin_default_params();
    vtr_plan plan = {0};
    vtr_twin *twin = NULL;
    vtr_calibration *c = NULL;
    double averaged = (double)p.positions_averaged;
    vtr_status status = vtr_twin_open(&twin, preset, &specimen, err);
    if (status != VTR_OK) return status;
    c = new_calibration(twin, &specimen);
    if (c == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the expected pattern");
    if (status == VTR_OK) status = plan_ring(&plan, c, twin, &specimen, averaged, err);
    if (status == VTR_OK) status = plan_beam(&plan, c, averaged, err);
    if (status == VTR_OK) {
        plan_recording(&plan, vtr_twin_get_info(twin), &specimen, &p);
        *out = plan;
    }
    vtr_calibration_free(c);
    vtr_twin_close(&twin);
    return status;
}
