/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/constants.h"

#define MEMBER(name) offsetof(vtr_bands_params, name)
static const vtr_parameter parameters[] = {
    {"false-alarms", NULL, VTR_PARAMETER_DOUBLE, MEMBER(false_alarms), .default_value = 0.01, .minimum = 1e-9,
     .maximum = 1, .metavar = "N", .help = "bands expected in a map without any; sets the thresholds"},
    {"only-drawn", NULL, VTR_PARAMETER_BOOL, MEMBER(only_drawn),
     .help = "fit the lines given, look for no others"},
};
const vtr_parameter_table vtr_bands_parameters = {"Bands", parameters,
                                                  sizeof parameters / sizeof *parameters};

vtr_bands_params vtr_bands_default_params(void)
{
    vtr_bands_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_bands_parameters, &params);
    return params;
}

/* A fitted step that is none exceeds its threshold so often. */
#define STEP_PROBABILITY 1e-3

/* Bands fitted in turn this often at most. */
enum { MOST_PASSES = 12 };

/* The search: what is left of the maps, and the fits that were taken out of them. */
typedef struct search {
    vtr_band_maps maps;
    vtr_bands_params params;
    double *residual[VTR_TCS];
    vtr_band_scratch scratch;
    double factor[VTR_TCS]; /* by which the variances are multiplied now */
    size_t n, n_drawn;
    vtr_band_fit fit[VTR_BANDS_MAX];
} search;

static void release(search *s)
{
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(s->residual[j]);
    vtr_free(s->scratch.means);
    vtr_free(s->scratch.weights);
    vtr_band_maps_release(&s->maps);
    vtr_free(s);
}

static vtr_status set_up(search *s, const vtr_strain_maps *given, const vtr_bands_params *params,
                         vtr_error *err)
{
    s->params = params != NULL ? *params : vtr_bands_default_params();
    vtr_status status = vtr_band_maps_set(&s->maps, given, err);
    if (status != VTR_OK) return status;
    bool is_short = false;
    for (int j = 0; j < VTR_TCS; j++) {
        s->factor[j] = 1;
        s->residual[j] = vtr_malloc(s->maps.n, sizeof(double));
        is_short = is_short || s->residual[j] == NULL;
        if (!is_short) memcpy(s->residual[j], s->maps.value[j], s->maps.n * sizeof(double));
    }
    s->scratch.means = vtr_malloc(s->maps.n, sizeof(double));
    s->scratch.weights = vtr_malloc(s->maps.n, sizeof(double));
    if (is_short || s->scratch.means == NULL || s->scratch.weights == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of bands");
    return VTR_OK;
}

static void set_weights(search *s)
{
    vtr_band_set_weights(s->factor, &s->maps, s->residual, &s->scratch);
}

/* --- the fits -------------------------------------------------------------------------------------------------------- */

/* Fits one band to what the others left; chi^2 of all. */
static double refit(search *s, vtr_band_fit *fit, bool is_in)
{
    if (is_in) vtr_band_fit_add(fit, &s->maps, s->residual, 1);
    vtr_band_curve_centre(fit, &s->maps);
    double chi2 = vtr_band_fit_refine(fit, &s->maps, s->residual);
    vtr_band_fit_add(fit, &s->maps, s->residual, -1);
    return chi2;
}

/* In turn, until it changes nothing any more, or `most` times. */
static void refit_all(search *s, int most)
{
    double before = INFINITY, chi2 = INFINITY;
    for (int t = 0; t < most; t++, before = chi2) {
        for (size_t b = 0; b < s->n; b++)
            chi2 = refit(s, &s->fit[b], true);
        if (before - chi2 < 0.1) break;
    }
}

static void start(vtr_band_fit *fit, double y, double x, double angle, double decay_nm, double step_nm)
{
    *fit = (vtr_band_fit){.pivot_y_nm = y, .pivot_x_nm = x, .curvature = NAN, .curvature_error = NAN};
    for (int k = 0; k < FIT_N; k++)
        fit->is_active[k] = k < FIT_CURVATURE || (k >= FIT_WIDTH && k < FIT_RIDGE) || k >= FIT_CONSTANT;
    fit->value[FIT_FIRST] = -INFINITY;
    fit->value[FIT_LAST] = INFINITY;
    fit->value[FIT_ANGLE] = angle;
    fit->value[FIT_WIDTH] = log(step_nm);
    fit->value[FIT_DECAY] = fit->value[FIT_DECAY + 1] = log(decay_nm);
}

static void make_ridge(vtr_band_fit *fit, double step_nm)
{
    for (int j = 0; j < VTR_TCS; j++) {
        fit->is_active[FIT_STEP + j] = false;
        fit->is_active[FIT_RIDGE + j] = true;
    }
    fit->is_active[FIT_WIDTH] = false;
    fit->value[FIT_WIDTH] = log(step_nm);
}

/* Curvature, ends and both forms of a band that is in, from the data as the others leave them. Ends are looked for along the
 * line that is right, and curvature along the part that is there: one after the other, twice. */
static vtr_status shape(search *s, vtr_band_fit *fit, bool *is_even, vtr_error *err)
{
    vtr_status status = VTR_OK;
    vtr_band_fit_add(fit, &s->maps, s->residual, 1);
    for (int round = 0; round < 2 && status == VTR_OK; round++) {
        vtr_band_try_curvature(fit, &s->maps, s->residual);
        status = vtr_band_find_ends(fit, is_even, &s->maps, s->residual, err);
        vtr_band_curve_centre(fit, &s->maps);
        vtr_band_fit_refine(fit, &s->maps, s->residual);
    }
    if (status == VTR_OK) vtr_band_try_other(fit, &s->maps, s->residual);
    vtr_band_fit_add(fit, &s->maps, s->residual, -1);
    return status;
}

static vtr_status fit_drawn(search *s, const vtr_line *lines, size_t n, vtr_error *err)
{
    if (n > VTR_BANDS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu lines given; %d bands are the most", n, VTR_BANDS_MAX);
    for (size_t k = 0; k < n; k++) {
        const double *x = lines[k].x_nm, *y = lines[k].y_nm;
        double along[2];
        if (lines[k].n_points != 2 || !(hypot(x[1] - x[0], y[1] - y[0]) > 0))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "line %zu is not one of two points; write x0,y0,x1,y1",
                            k + 1);
        vtr_band_fit *fit = &s->fit[k];
        start(fit, 0.5 * (y[0] + y[1]), 0.5 * (x[0] + x[1]), atan2(y[1] - y[0], x[1] - x[0]),
              10 * s->maps.step, s->maps.step);
        if (!vtr_band_curve_within(fit, &s->maps, true, along))
            return vtr_fail(err, VTR_ERR_RANGE, "line %zu lies outside of the map", k + 1);
        refit(s, fit, false);
        s->n = s->n_drawn = k + 1;
    }
    refit_all(s, n > 1 ? 2 : 0);
    set_weights(s);
    return VTR_OK;
}

/* A line within a few steps and degrees of another is what that band's form leaves, not a second one. */
static bool is_known(const search *s, const vtr_band_step *step)
{
    for (size_t b = 0; b < s->n; b++) {
        const vtr_band_fit *other = &s->fit[b];
        vtr_band_place at;
        vtr_band_curve_at(&at, other, step->y_nm, step->x_nm);
        double turn = step->angle - other->value[FIT_ANGLE] - at.s * other->value[FIT_CURVATURE];
        if (fabs(remainder(turn, VTR_PI)) < 5 * VTR_RADIANS_PER_DEGREE && fabs(at.d) < 8 * s->maps.step)
            return true;
    }
    return false;
}

/* Whether a fitted band is determined, shape and all: a few strong inclusions look like a step at the first glance, but
 * have not the form of one. What falls off within half a position, or nowhere in the map, is none either. */
static bool is_determined(const vtr_band_fit *fit)
{
    return vtr_band_fit_chi2(fit, vtr_band_fit_is_ridge(fit) ? FIT_RIDGE : FIT_STEP) >
               vtr_chi2_3_quantile(STEP_PROBABILITY) &&
           fit->is_determined[FIT_DECAY] && fit->is_determined[FIT_DECAY + 1];
}

static vtr_status add_if_band(search *s, const vtr_band_step *step, bool *is_band, vtr_error *err)
{
    vtr_band_fit *fit = &s->fit[s->n];
    double along[2];
    *is_band = false;
    start(fit, step->y_nm, step->x_nm, step->angle, step->decay_nm, 0.5 * s->maps.step);
    if (step->is_ridge) make_ridge(fit, s->maps.step);
    if (is_known(s, step) || !vtr_band_curve_within(fit, &s->maps, true, along)) return VTR_OK;
    refit(s, fit, false);
    vtr_status status = shape(s, fit, is_band, err);
    *is_band = *is_band && is_determined(fit);
    if (*is_band)
        s->n++;
    else
        vtr_band_fit_add(fit, &s->maps, s->residual, 1);
    return status;
}

/* Fits all bands in turn, their curvature and ends too, until no one that was found ceases to be one. */
static vtr_status settle(search *s, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (bool is_settled = false; !is_settled && status == VTR_OK;) {
        is_settled = true;
        for (size_t b = s->n; b-- > 0 && status == VTR_OK;) {
            double along[2];
            bool is_even;
            status = shape(s, &s->fit[b], &is_even, err);
            bool is_band = is_even && is_determined(&s->fit[b]) &&
                           vtr_band_curve_within(&s->fit[b], &s->maps, false, along);
            if (is_band || b < s->n_drawn) continue;
            vtr_band_fit_add(&s->fit[b], &s->maps, s->residual, 1);
            memmove(&s->fit[b], &s->fit[b + 1], (s->n - b - 1) * sizeof *s->fit);
            s->n--;
            is_settled = false;
        }
        refit_all(s, s->n > 1 ? MOST_PASSES : 1);
    }
    return status;
}

/* Lines that are no bands are put aside with what the map holds along them, so that the search goes on elsewhere, and
 * put back at the end. */
static vtr_status find_others(search *s, vtr_error *err)
{
    enum { MAX_REFUSED = 8 };
    const vtr_matrix_strain none = {.length_nm = 1, .power = 2}; /* it is in the weights */
    vtr_band_step refused[MAX_REFUSED];
    size_t n_refused = 0;
    vtr_status status = VTR_OK;
    while (s->n < VTR_BANDS_MAX && n_refused < MAX_REFUSED) {
        vtr_band_step step = {0};
        bool is_band;
        status = vtr_band_line_find(&step, &s->maps, s->residual, &none, true, s->params.false_alarms, err);
        if (status != VTR_OK || !(step.chi2 > 0)) break;
        status = add_if_band(s, &step, &is_band, err);
        if (status != VTR_OK) break;
        if (is_band) {
            refit_all(s, s->n > 1 ? 2 : 0);
            set_weights(s);
            continue;
        }
        status = vtr_band_step_profile(&step, &s->maps, s->residual, err);
        refused[n_refused++] = step;
        if (status != VTR_OK) break;
        vtr_band_step_add(&step, &s->maps, s->residual, -1);
    }
    for (size_t k = 0; k < n_refused; k++) {
        if (status == VTR_OK) vtr_band_step_add(&refused[k], &s->maps, s->residual, 1);
        vtr_band_step_release(&refused[k]);
    }
    return status;
}

/* --- the result ------------------------------------------------------------------------------------------------------ */

static vtr_status finish(vtr_bands *out, search *s, vtr_error *err)
{
    vtr_status status = settle(s, err);
    *out = (vtr_bands){.n = s->n,
                       .n_y = s->maps.n_y,
                       .n_x = s->maps.n_x,
                       .step_nm = {s->maps.step_y, s->maps.step_x},
                       .params = s->params};
    for (int j = 0; j < VTR_TCS; j++)
        out->error_factor[j] = sqrt(s->factor[j]);
    for (size_t b = 0; b < s->n && status == VTR_OK; b++) {
        vtr_band_fit_forwards(&s->fit[b]);
        vtr_band_result(&out->list[b], &s->fit[b], &s->maps, b < s->n_drawn);
        status =
            vtr_band_along(&out->list[b], &s->fit[b], &s->maps, s->residual, s->params.false_alarms, err);
    }
    if (status == VTR_OK) status = vtr_bands_network(out, s->fit, &s->maps, err);
    if (status == VTR_OK)
        status = vtr_bands_matrix_measure(&out->matrix, s->fit, s->n, &s->maps, s->residual, err);
    return status;
}

vtr_status vtr_bands_find(vtr_bands *out, const vtr_strain_maps *maps, const vtr_line *lines, size_t n_lines,
                          const vtr_bands_params *params, vtr_error *err)
{
    search *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of bands");
    vtr_status status = set_up(s, maps, params, err);
    if (status == VTR_OK) {
        set_weights(s);
        status = fit_drawn(s, lines, lines != NULL ? n_lines : 0, err);
    }
    if (status == VTR_OK && !s->params.only_drawn) status = find_others(s, err);
    vtr_bands *result = vtr_malloc(1, sizeof *result);
    if (status == VTR_OK && result == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the bands");
    if (status == VTR_OK) status = finish(result, s, err);
    if (status == VTR_OK) *out = *result;
    vtr_free(result);
    release(s);
    return status;
}
