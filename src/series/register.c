/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "series/series_internal.h"

/* 1.5 of the coarser step: smooth enough for cubic interpolation, and for the noise to be the same between positions. */
static const double smoothing_steps = 1.5;

/* The same values at all positions that have one: a file beside itself, whose noise is shared. */
static bool is_same(const vtr_series_maps *a, const vtr_series_maps *b)
{
    size_t n = a->n_y * a->n_x;
    if (a->n_y != b->n_y || a->n_x != b->n_x) return false;
    for (size_t f = 0; f < a->n_fields; f++)
        for (size_t i = 0; i < n; i++) {
            float u = a->field[f].values[i], v = b->field[f].values[i];
            if (isfinite(u) != isfinite(v) || (isfinite(u) && u != v)) return false;
        }
    return true;
}

static bool has_data(const vtr_series_maps *maps)
{
    for (size_t f = 0; f < maps->n_fields; f++) {
        size_t n = 0;
        for (size_t i = 0; i < maps->n_y * maps->n_x; i++)
            n += isfinite(maps->field[f].values[i]) && maps->field[f].errors[i] > 0;
        if (n < 10) return false;
    }
    return true;
}

static vtr_status check(const vtr_series_maps *a, const vtr_series_maps *b, vtr_error *err)
{
    bool is_alike = a->n_fields == b->n_fields && a->n_fields > 0 && a->n_fields <= VTR_SERIES_FIELDS;
    for (size_t f = 0; f < a->n_fields && is_alike; f++)
        is_alike =
            a->field[f].kind == b->field[f].kind && a->field[f].errors != NULL && b->field[f].errors != NULL;
    if (!is_alike)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the recordings have other maps, or maps without error bars");
    for (int i = 0; i < 2; i++)
        if (!(a->step_nm[i] > 0 && b->step_nm[i] > 0))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the steps of a map are not known");
    if (!has_data(a) || !has_data(b))
        return vtr_fail(err, VTR_ERR_NO_DATA, "a map has no data with error bars");
    if (is_same(a, b))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the same values twice: a recording beside itself, noise and all, says nothing");
    return VTR_OK;
}

/* x with P(chi^2 of n degrees of freedom > x) at most p, by Chernoff's bound (x exp(1 - x/n)/n)^(n/2). */
static double chi2_bound(double n, double p)
{
    double low = n, high = n + 4000;
    for (int i = 0; i < 80; i++) {
        double x = 0.5 * (low + high), log_bound = 0.5 * n * (log(x / n) + 1 - x / n);
        if (log_bound > log(p))
            low = x;
        else
            high = x;
    }
    return 0.5 * (low + high);
}

static size_t count_groups(const vtr_series_maps *maps)
{
    size_t n = 0;
    for (size_t f = 0; f < maps->n_fields; f++, n++)
        if (maps->field[f].kind != VTR_SERIES_SCALAR) f++;
    return n;
}

static double smoothing(const vtr_series_params *p, const vtr_series_maps *a, const vtr_series_maps *b)
{
    double step = 0;
    for (int i = 0; i < 2; i++)
        step = fmax(step, fmax(a->step_nm[i], b->step_nm[i]));
    return isnan(p->smoothing_nm) ? smoothing_steps * step : p->smoothing_nm;
}

static double area(const vtr_series_maps *maps)
{
    return maps->step_nm[0] * maps->step_nm[1] * (double)(maps->n_y * maps->n_x);
}

vtr_status vtr_series_register(vtr_series_registration *out, const vtr_series_maps *reference,
                               const vtr_series_maps *recording, const vtr_series_params *params,
                               vtr_error *err)
{
    vtr_series_params p = params != NULL ? *params : vtr_series_default_params();
    smooth_maps a = {0}, b = {0};
    vtr_series_registration found = {0};
    vtr_series_transform start;
    double n_trials;
    vtr_status status = check(reference, recording, err);
    if (status != VTR_OK) return status;
    double sigma_nm = smoothing(&p, reference, recording);
    status = vtr_smooth_create(&a, reference, sigma_nm, err);
    if (status == VTR_OK) status = vtr_smooth_create(&b, recording, sigma_nm, err);
    if (status == VTR_OK) status = vtr_series_search(&start, &n_trials, &a, &b, &p, err);
    if (status == VTR_OK) status = vtr_series_fit(&found, &a, &b, &start, err);
    vtr_smooth_release(&a);
    vtr_smooth_release(&b);
    if (status != VTR_OK) return status;
    found.overlap = recording->step_nm[0] * recording->step_nm[1] * (double)found.n_positions /
                    fmin(area(reference), area(recording));
    found.threshold = chi2_bound((double)count_groups(recording), p.false_alarms / n_trials);
    if (!(found.significance > found.threshold))
        return vtr_fail(
            err, VTR_ERR_NOT_FOUND,
            "the maps have nothing in common beyond chance: chi-squared %.1f of the best place, %.1f is "
            "asked",
            found.significance, found.threshold);
    *out = found;
    return VTR_OK;
}
