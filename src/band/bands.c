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

/* The search: what is left of the maps, and the fits that were taken out of them. */
typedef struct search {
    vtr_band_maps maps;
    vtr_bands_params params;
    double *residual[VTR_TCS];
    double *means, *weights; /* of blocks */
    double factor[VTR_TCS];  /* by which the variances are multiplied now */
    size_t n, n_drawn;
    vtr_band_fit fit[VTR_BANDS_MAX];
} search;

static void release(search *s)
{
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(s->residual[j]);
    vtr_free(s->means);
    vtr_free(s->weights);
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
    s->means = vtr_malloc(s->maps.n, sizeof(double));
    s->weights = vtr_malloc(s->maps.n, sizeof(double));
    if (is_short || s->means == NULL || s->weights == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of bands");
    return VTR_OK;
}

/* --- how much the strain scatters over its error bars ---------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* Mean and weight of blocks of `side` positions that are at least half there; how many there are. */
static size_t block_means(search *s, int j, size_t side)
{
    const vtr_band_maps *m = &s->maps;
    size_t n = 0;
    for (size_t y = 0; y + side <= m->n_y; y += side)
        for (size_t x = 0; x + side <= m->n_x; x += side) {
            double sum = 0, weight = 0;
            size_t valid = 0;
            for (size_t k = 0; k < side * side; k++) {
                size_t i = (y + k / side) * m->n_x + x + k % side;
                sum += m->weight[j][i] * s->residual[j][i];
                weight += m->weight[j][i];
                valid += vtr_band_is_valid(m, i);
            }
            if (2 * valid < side * side) continue;
            s->means[n] = sum / weight;
            s->weights[n++] = weight;
        }
    return n;
}

/* Correlated strain of the matrix does not average out over a band as the error bars do. The weights are lowered by as
 * much as the means of blocks scatter more than their errors say: by the median of their squares, which bands and
 * inclusions, being in few blocks, do not move. Takes the median off the residual too, so that nothing steps at the
 * map's edge. */
static void set_weights(search *s)
{
    const vtr_band_maps *m = &s->maps;
    size_t shorter = m->n_y < m->n_x ? m->n_y : m->n_x, side = shorter / 6;
    if (side > 16) side = 16;
    if (side < 1) side = 1;
    for (int j = 0; j < VTR_TCS; j++) {
        size_t n = block_means(s, j, side);
        if (n < 8) continue;
        double *sorted = s->means + n, factor;
        bool has_room = 2 * n <= m->n;
        if (!has_room) continue;
        memcpy(sorted, s->means, n * sizeof *sorted);
        double middle = median(sorted, n);
        for (size_t k = 0; k < n; k++)
            sorted[k] = (s->means[k] - middle) * (s->means[k] - middle) * s->weights[k];
        factor = median(sorted, n) / 0.4549;     /* the median of chi^2 with one degree of freedom */
        factor = fmax(factor, 1 / s->factor[j]); /* no less than the error bars */
        s->factor[j] *= factor;
        for (size_t i = 0; i < m->n; i++) {
            if (!vtr_band_is_valid(m, i)) continue;
            m->weight[j][i] /= factor;
            s->residual[j][i] -= middle;
        }
    }
}

/* --- the fits -------------------------------------------------------------------------------------------------------- */

/* Fits one band to what the others left; its line's pivot is moved to the middle of the line within the map, where
 * angle and place do not hang together. */
static void refit(search *s, vtr_band_fit *fit, bool is_in)
{
    double end_y[2], end_x[2];
    if (is_in) vtr_band_fit_add(fit, &s->maps, s->residual, 1);
    if (vtr_band_fit_ends(fit, &s->maps, end_y, end_x)) {
        fit->pivot_y_nm = 0.5 * (end_y[0] + end_y[1]);
        fit->pivot_x_nm = 0.5 * (end_x[0] + end_x[1]);
        fit->value[FIT_OFFSET] = 0;
    }
    vtr_band_fit_refine(fit, &s->maps, s->residual);
    vtr_band_fit_add(fit, &s->maps, s->residual, -1);
}

static void refit_all(search *s, int times)
{
    for (int t = 0; t < times; t++)
        for (size_t b = 0; b < s->n; b++)
            refit(s, &s->fit[b], true);
}

static void start(vtr_band_fit *fit, double y, double x, double angle, double decay_nm, double step_nm)
{
    *fit = (vtr_band_fit){.pivot_y_nm = y, .pivot_x_nm = x};
    fit->value[FIT_ANGLE] = angle;
    fit->value[FIT_WIDTH] = log(step_nm);
    fit->value[FIT_DECAY] = fit->value[FIT_DECAY + 1] = log(decay_nm);
}

static vtr_status fit_drawn(search *s, const vtr_line *lines, size_t n, vtr_error *err)
{
    if (n > VTR_BANDS_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu lines given; %d bands are the most", n, VTR_BANDS_MAX);
    for (size_t k = 0; k < n; k++) {
        const double *x = lines[k].x_nm, *y = lines[k].y_nm;
        double end_y[2], end_x[2];
        if (lines[k].n_points != 2 || !(hypot(x[1] - x[0], y[1] - y[0]) > 0))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "line %zu is not one of two points; write x0,y0,x1,y1",
                            k + 1);
        vtr_band_fit *fit = &s->fit[k];
        start(fit, 0.5 * (y[0] + y[1]), 0.5 * (x[0] + x[1]), atan2(y[1] - y[0], x[1] - x[0]),
              10 * s->maps.step, s->maps.step);
        if (!vtr_band_fit_ends(fit, &s->maps, end_y, end_x))
            return vtr_fail(err, VTR_ERR_RANGE, "line %zu lies outside of the map", k + 1);
        refit(s, fit, false);
        s->n = s->n_drawn = k + 1;
    }
    refit_all(s, n > 1 ? 2 : 0);
    set_weights(s);
    return VTR_OK;
}

/* A line within a few steps and degrees of another is what that band's form leaves, not a second one. */
static bool is_known(const search *s, const vtr_band_fit *fit)
{
    for (size_t b = 0; b < s->n; b++) {
        const vtr_band_fit *other = &s->fit[b];
        double turn = remainder(fit->value[FIT_ANGLE] - other->value[FIT_ANGLE], VTR_PI);
        double d = (fit->pivot_y_nm - other->pivot_y_nm) * cos(other->value[FIT_ANGLE]) -
                   (fit->pivot_x_nm - other->pivot_x_nm) * sin(other->value[FIT_ANGLE]) -
                   other->value[FIT_OFFSET];
        if (fabs(turn) < 5 * VTR_RADIANS_PER_DEGREE && fabs(d) < 8 * s->maps.step) return true;
    }
    return false;
}

/* Whether a fitted step is determined, shape and all: a few strong inclusions look like a step at the first glance, but
 * have not the form of one. What falls off within half a position, or nowhere in the map, is none either. */
static bool is_step(const vtr_band_fit *fit)
{
    return vtr_band_fit_chi2(fit) > vtr_chi2_3_quantile(STEP_PROBABILITY) && fit->is_determined[FIT_DECAY] &&
           fit->is_determined[FIT_DECAY + 1];
}

/* Fits a line that was found, and keeps it where it is a step. */
static bool is_band(search *s, const vtr_band_step *step)
{
    vtr_band_fit *fit = &s->fit[s->n];
    double end_y[2], end_x[2];
    start(fit, step->y_nm, step->x_nm, step->angle, step->decay_nm, 0.5 * s->maps.step);
    if (is_known(s, fit) || !vtr_band_fit_ends(fit, &s->maps, end_y, end_x)) return false;
    refit(s, fit, false);
    if (is_step(fit)) return true;
    vtr_band_fit_add(fit, &s->maps, s->residual, 1);
    return false;
}

/* Fits all bands in turn, until no one that was found ceases to be a step. */
static void settle(search *s)
{
    bool is_settled = false;
    while (!is_settled) {
        double end_y[2], end_x[2];
        is_settled = true;
        refit_all(s, s->n > 1 ? 4 : 1);
        for (size_t b = s->n; b-- > s->n_drawn;) {
            if (is_step(&s->fit[b]) && vtr_band_fit_ends(&s->fit[b], &s->maps, end_y, end_x)) continue;
            vtr_band_fit_add(&s->fit[b], &s->maps, s->residual, 1);
            memmove(&s->fit[b], &s->fit[b + 1], (s->n - b - 1) * sizeof *s->fit);
            s->n--;
            is_settled = false;
        }
    }
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
        status = vtr_band_step_find(&step, &s->maps, s->residual, &none, s->params.false_alarms, err);
        if (status != VTR_OK || !(step.chi2 > 0)) break;
        if (is_band(s, &step)) {
            s->n++;
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

static double error_of(const vtr_band_fit *fit, int k)
{
    return fit->is_determined[k] ? sqrt(fit->covariance[k][k]) : NAN;
}

/* Deviatoric step in the band's frame: (c, s) turned by minus twice the angle. */
static void set_steps(vtr_band *band, const vtr_band_fit *fit)
{
    double c = cos(2 * fit->value[FIT_ANGLE]), s = sin(2 * fit->value[FIT_ANGLE]);
    const double *step = fit->value + FIT_STEP;
    double cc = fit->covariance[FIT_STEP + VTR_C][FIT_STEP + VTR_C],
           ss = fit->covariance[FIT_STEP + VTR_S][FIT_STEP + VTR_S];
    double cs = fit->covariance[FIT_STEP + VTR_C][FIT_STEP + VTR_S];
    band->volumetric = step[VTR_T];
    band->volumetric_error = error_of(fit, FIT_STEP + VTR_T);
    band->normal = c * step[VTR_C] + s * step[VTR_S];
    band->normal_error = sqrt(c * c * cc + s * s * ss + 2 * c * s * cs);
    band->shear = c * step[VTR_S] - s * step[VTR_C];
    band->shear_error = sqrt(c * c * ss + s * s * cc - 2 * c * s * cs);
}

static void set_band(vtr_band *band, const vtr_band_fit *given, const vtr_band_maps *maps, bool is_drawn)
{
    vtr_band_fit fit = *given;
    double turned = fit.value[FIT_ANGLE] / VTR_RADIANS_PER_DEGREE;
    bool is_back = cos(fit.value[FIT_ANGLE]) < 0;
    if (is_back) { /* the same line the other way round: both sides change places, and the step its sign */
        turned = remainder(turned - 180, 360);
        double decay = fit.value[FIT_DECAY];
        fit.value[FIT_DECAY] = fit.value[FIT_DECAY + 1];
        fit.value[FIT_DECAY + 1] = decay;
        for (int j = 0; j < VTR_TCS; j++)
            fit.value[FIT_STEP + j] *= -1;
    }
    *band = (vtr_band){.is_drawn = is_drawn, .angle_degrees = turned};
    vtr_band_fit_ends(given, maps, band->end_y_nm, band->end_x_nm);
    if (band->end_x_nm[1] < band->end_x_nm[0]) {
        const double y = band->end_y_nm[0], x = band->end_x_nm[0];
        band->end_y_nm[0] = band->end_y_nm[1];
        band->end_x_nm[0] = band->end_x_nm[1];
        band->end_y_nm[1] = y;
        band->end_x_nm[1] = x;
    }
    band->y_nm = 0.5 * (band->end_y_nm[0] + band->end_y_nm[1]);
    band->x_nm = 0.5 * (band->end_x_nm[0] + band->end_x_nm[1]);
    band->length_nm = hypot(band->end_y_nm[1] - band->end_y_nm[0], band->end_x_nm[1] - band->end_x_nm[0]);
    band->place_error_nm = error_of(&fit, FIT_OFFSET);
    band->angle_error_degrees = error_of(&fit, FIT_ANGLE) / VTR_RADIANS_PER_DEGREE;
    band->width_nm = exp(fit.value[FIT_WIDTH]);
    band->width_error_nm = band->width_nm * error_of(&fit, FIT_WIDTH);
    for (int side = 0; side < 2; side++) {
        int from = FIT_DECAY + (is_back ? 1 - side : side);
        band->decay_nm[side] = exp(fit.value[FIT_DECAY + side]);
        band->decay_error_nm[side] = band->decay_nm[side] * error_of(&fit, from);
    }
    set_steps(band, &fit);
    band->chi2 = vtr_band_fit_chi2(&fit);
}

static vtr_status finish(vtr_bands *out, search *s, vtr_error *err)
{
    double length = 0;
    vtr_status status = VTR_OK;
    settle(s);
    *out = (vtr_bands){.n = s->n,
                       .n_y = s->maps.n_y,
                       .n_x = s->maps.n_x,
                       .step_nm = {s->maps.step_y, s->maps.step_x},
                       .params = s->params};
    for (int j = 0; j < VTR_TCS; j++)
        out->error_factor[j] = sqrt(s->factor[j]);
    for (size_t b = 0; b < s->n && status == VTR_OK; b++) {
        set_band(&out->list[b], &s->fit[b], &s->maps, b < s->n_drawn);
        length += out->list[b].length_nm;
        status = vtr_band_along(&out->list[b], &s->maps, s->residual, s->params.false_alarms, err);
    }
    out->density_inv_nm = length / ((double)s->maps.n_valid * s->maps.step_y * s->maps.step_x);
    return status;
}

vtr_status vtr_bands_find(vtr_bands *out, const vtr_strain_maps *maps, const vtr_line *lines, size_t n_lines,
                          const vtr_bands_params *params, vtr_error *err)
{
    vtr_bands result;
    search *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of bands");
    vtr_status status = set_up(s, maps, params, err);
    if (status == VTR_OK) {
        set_weights(s);
        status = fit_drawn(s, lines, lines != NULL ? n_lines : 0, err);
    }
    if (status == VTR_OK && !s->params.only_drawn) status = find_others(s, err);
    if (status == VTR_OK) status = finish(&result, s, err);
    release(s);
    if (status == VTR_OK) *out = result;
    return status;
}
