/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/inclusions_internal.h"
#include "vitrail/constants.h"

/* How well it is known which side of a hard rim a position saw, in steps: with less the fits' steps no longer see the
 * rim's place in the few positions that it runs between, with more its place is known worse than it could be. Pulls of
 * centre and radius are 1 here for shears of 1 to 2 % (0.87 at half of it, 1.1 at one and a half). */
#define RIM_STEPS 0.2
/* What an ellipse has to take out more than a disc, chi^2 with 2 degrees of freedom: by chance in one of 10000. */
#define ELLIPSE_LEVEL 18.4
/* The part of the map that the first guess of the matrix leaves out. */
#define TRIMMED 0.25

enum { SEARCHES = 6, GROUP_MAX = 4 };

typedef vtr_inclusion_search search;

static void release_search(search *s)
{
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(s->residual[j]);
    for (size_t b = 0; b < s->n_steps; b++)
        vtr_band_step_release(&s->steps[b]);
    vtr_free(s->chi2);
    vtr_free(s->radius);
    vtr_band_maps_release(&s->maps);
    vtr_free(s);
}

/* Radii by factors of about 1.4, between which the filter loses some per cent. */
static void choose_radii(search *s)
{
    double low = s->params.radius_nm[0], high = s->params.radius_nm[1];
    s->n_radii = (size_t)ceil(log(high / low) / log(1.4)) + 1;
    if (s->n_radii > VTR_INCLUSION_RADII_MAX) s->n_radii = VTR_INCLUSION_RADII_MAX;
    for (size_t r = 0; r < s->n_radii; r++)
        s->radii_nm[r] = s->n_radii > 1 ? low * pow(high / low, (double)r / (double)(s->n_radii - 1)) : low;
}

static vtr_status check_params(search *s, const vtr_strain_maps *given, vtr_error *err)
{
    vtr_inclusions_params *p = &s->params;
    const vtr_band_maps *m = &s->maps;
    double height = m->step_y * (double)m->n_y, width = m->step_x * (double)m->n_x;
    if (isnan(p->poisson)) p->poisson = isfinite(given->poisson) ? given->poisson : 0.33;
    if (isnan(p->radius_nm[0])) p->radius_nm[0] = m->step;
    if (isnan(p->radius_nm[1])) p->radius_nm[1] = fmax(p->radius_nm[0], fmin(height, width) / 8);
    if (!(p->poisson > -1 && p->poisson < 0.5))
        return vtr_fail(err, VTR_ERR_RANGE, "Poisson's ratio %g is not between -1 and 0.5", p->poisson);
    if (!(p->radius_nm[0] > 0 && p->radius_nm[1] >= p->radius_nm[0] && p->radius_nm[1] < fmax(height, width)))
        return vtr_fail(err, VTR_ERR_RANGE, "radii from %g to %g nm make no sense in a map of %g x %g nm",
                        p->radius_nm[0], p->radius_nm[1], height, width);
    return VTR_OK;
}

static vtr_status set_up(search *s, const vtr_strain_maps *given, const vtr_inclusions_params *params,
                         vtr_error *err)
{
    s->params = params != NULL ? *params : vtr_inclusions_default_params();
    vtr_status status = vtr_band_maps_set(&s->maps, given, err);
    if (status == VTR_OK) status = check_params(s, given, err);
    if (status != VTR_OK) return status;
    bool is_short = false;
    for (int j = 0; j < VTR_TCS; j++) {
        s->residual[j] = vtr_malloc(s->maps.n, sizeof(double));
        is_short = is_short || s->residual[j] == NULL;
        if (!is_short) memcpy(s->residual[j], s->maps.value[j], s->maps.n * sizeof(double));
    }
    s->chi2 = vtr_malloc(s->maps.n, sizeof(double));
    s->radius = vtr_malloc(s->maps.n, 1);
    if (is_short || s->chi2 == NULL || s->radius == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a search over %zu positions", s->maps.n);
    choose_radii(s);
    s->model = (vtr_band_model){.maps = &s->maps, .matrix = {.length_nm = s->maps.step, .power = 2}};
    double rim = RIM_STEPS * s->maps.step, probe = s->params.probe_nm;
    /* a probe blurs the rim by its own width, 1/sqrt(12) of its side, and what that leaves of the rest is not known */
    s->model.core = (vtr_core){.rim_nm = sqrt(fmax(0, rim * rim - probe * probe / 12)),
                               .probe_nm = probe,
                               .poisson = s->params.poisson,
                               .form = (vtr_inclusion_core)s->params.core};
    /* fits may leave the range searched by half a step of it */
    s->model.radius_nm[0] = s->params.radius_nm[0] / 1.4;
    s->model.radius_nm[1] = s->params.radius_nm[1] * 1.4;
    return VTR_OK;
}

/* --- one by one ---------------------------------------------------------------------------------------------------- */

static bool is_more_than_chance(const search *s, double chi2, double y_nm, double x_nm)
{
    return chi2 >= s->levels.in_map ||
           (chi2 >= s->levels.on_lines && vtr_band_is_on_line(&s->maps, s->steps, s->n_steps, y_nm, x_nm));
}

/* The place of the largest chi^2 that is more than chance; s->maps.n where there is none. */
static size_t strongest(const search *s)
{
    size_t best = s->maps.n;
    for (size_t i = 0; i < s->maps.n; i++) {
        double y = s->maps.step_y * (double)(i / s->maps.n_x), x = s->maps.step_x * (double)(i % s->maps.n_x);
        if (best < s->maps.n && s->chi2[i] <= s->chi2[best]) continue;
        if (is_more_than_chance(s, s->chi2[i], y, x)) best = i;
    }
    return best;
}

/* Nothing else is looked for near a place in this round: its side lobes go with it. Their chi^2 is kept, below 0. */
static void suppress(search *s, double y_nm, double x_nm, double reach_nm)
{
    for (size_t i = 0; i < s->maps.n; i++) {
        double y = s->maps.step_y * (double)(i / s->maps.n_x), x = s->maps.step_x * (double)(i % s->maps.n_x);
        if (hypot(y - y_nm, x - x_nm) < reach_nm) s->chi2[i] = -fabs(s->chi2[i]);
    }
}

/* Whether the strongest place that is left lies on the slope of a stronger one among those that are suppressed: where that
 * begins is no place of an inclusion, and one fitted there would stand in the way of the true one next to it. */
static bool is_slope(const search *s, const vtr_inclusion *q, size_t at)
{
    for (size_t i = 0; i < s->maps.n; i++) {
        double y = s->maps.step_y * (double)(i / s->maps.n_x), x = s->maps.step_x * (double)(i % s->maps.n_x);
        if (-s->chi2[i] > s->chi2[at] && hypot(y - q->y_nm, x - q->x_nm) <= q->radius_nm) return true;
    }
    return false;
}

/* What a misfit of an inclusion leaves at its own place is not another one. */
static bool is_taken(const search *s, const vtr_inclusion *q)
{
    for (size_t i = 0; i < s->n; i++)
        if (hypot(q->y_nm - s->list[i].y_nm, q->x_nm - s->list[i].x_nm) <
            s->list[i].radius_nm + fmin(q->radius_nm, s->list[i].radius_nm))
            return true;
    return false;
}

/* A place is fitted once in a search: another round would come to the same. */
static bool is_refused(const search *s, const vtr_inclusion *q)
{
    for (size_t i = 0; i < s->n_refused; i++)
        if (hypot(q->y_nm - s->refused[i].y_nm, q->x_nm - s->refused[i].x_nm) <
            fmin(q->radius_nm, s->refused[i].radius_nm))
            return true;
    return s->n_refused == VTR_INCLUSIONS_MAX;
}

static void refuse(search *s, double y_nm, double x_nm, double radius_nm)
{
    s->refused[s->n_refused].y_nm = y_nm;
    s->refused[s->n_refused].x_nm = x_nm;
    s->refused[s->n_refused++].radius_nm = radius_nm;
}

static vtr_inclusion candidate(const search *s, const vtr_band_filter *filter, size_t i)
{
    double amplitude[3], q[VTR_FIT_N] = {0};
    vtr_inclusion out = {.chi2 = s->chi2[i], .band = -1};
    vtr_band_filter_amplitude(filter, amplitude, i, s->radius[i]);
    q[VTR_INCLUSION_Y] = s->maps.step_y * (double)(i / s->maps.n_x);
    q[VTR_INCLUSION_X] = s->maps.step_x * (double)(i % s->maps.n_x);
    q[VTR_INCLUSION_RADIUS] = s->radii_nm[s->radius[i]];
    memcpy(q + VTR_INCLUSION_C, amplitude, sizeof amplitude);
    vtr_inclusion_set(&out, q);
    return out;
}

/* In the map, with an eigenstrain above its error, and more than chance. */
static bool is_inclusion(const search *s, const vtr_inclusion *q)
{
    return vtr_inclusion_significance(q) >= s->params.significance &&
           is_more_than_chance(s, q->chi2, q->y_nm, q->x_nm) && q->y_nm > -0.5 * s->maps.step_y &&
           q->y_nm < s->maps.step_y * ((double)s->maps.n_y - 0.5) && q->x_nm > -0.5 * s->maps.step_x &&
           q->x_nm < s->maps.step_x * ((double)s->maps.n_x - 0.5);
}

/* Takes what stands out of the residual, strongest first; how many. */
static vtr_status search_round(search *s, vtr_band_filter *filter, size_t *n_new, vtr_error *err)
{
    *n_new = 0;
    vtr_band_filter_apply(filter, s->chi2, s->radius, s->residual);
    for (size_t at = strongest(s); at < s->maps.n && s->n < VTR_INCLUSIONS_MAX; at = strongest(s)) {
        const vtr_inclusion seen = candidate(s, filter, at);
        vtr_inclusion found = seen, *const one = &found;
        bool is_fitted = false;
        if (is_slope(s, &seen, at)) {
            suppress(s, seen.y_nm, seen.x_nm, seen.radius_nm);
            continue;
        }
        suppress(s, found.y_nm, found.x_nm, 6 * found.radius_nm);
        if (is_taken(s, &found) || is_refused(s, &found)) continue;
        vtr_status status = vtr_inclusions_fit(&one, 1, &s->model, s->residual, &is_fitted, err);
        if (status != VTR_OK) return status;
        if (!is_fitted || is_taken(s, &found) || !is_inclusion(s, &found)) {
            refuse(s, seen.y_nm, seen.x_nm, seen.radius_nm);
            continue;
        }
        vtr_inclusion_add(&found, &s->model, s->residual, -1);
        s->list[s->n++] = found;
        ++*n_new;
    }
    return VTR_OK;
}

static vtr_status search_all(search *s, const vtr_progress *progress, vtr_error *err)
{
    vtr_band_filter *filter = NULL;
    vtr_status status = vtr_band_filter_create(&filter, &s->maps, &s->model.matrix, &s->model.core,
                                               s->radii_nm, s->n_radii, err);
    if (status != VTR_OK) return status;
    s->n_refused = 0;
    s->n_trials = vtr_band_filter_trials(filter);
    s->levels = vtr_inclusion_levels_set(&s->maps, s->steps, s->n_steps, s->n_trials, s->params.false_alarms);
    for (size_t round = 0, n_new = 1; round < SEARCHES && n_new > 0 && status == VTR_OK; round++) {
        status = search_round(s, filter, &n_new, err);
        vtr_progress_report(progress, "inclusions", (double)round, SEARCHES, "searches");
        if (status == VTR_OK && vtr_progress_cancelled(progress))
            status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
    }
    vtr_band_filter_free(filter);
    return status;
}

/* --- together ------------------------------------------------------------------------------------------------------ */

/* Inclusions whose fields reach into each other's neighbourhood, from `seed` on. */
static size_t group_of(const search *s, size_t seed, bool *is_done, vtr_inclusion **members,
                       vtr_inclusion *list)
{
    size_t n = 0;
    members[n++] = &list[seed];
    is_done[seed] = true;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < s->n && n < GROUP_MAX; i++) {
            const vtr_inclusion *a = members[k], *b = &list[i];
            if (is_done[i] || hypot(a->y_nm - b->y_nm, a->x_nm - b->x_nm) > 4 * (a->radius_nm + b->radius_nm))
                continue;
            is_done[i] = true;
            members[n++] = &list[i];
        }
    return n;
}

static vtr_status refit(search *s, vtr_error *err)
{
    bool is_done[VTR_INCLUSIONS_MAX] = {false};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < s->n && status == VTR_OK; i++) {
        vtr_inclusion *members[GROUP_MAX];
        bool is_fitted;
        if (is_done[i]) continue;
        size_t n = group_of(s, i, is_done, members, s->list);
        for (size_t k = 0; k < n; k++)
            vtr_inclusion_add(members[k], &s->model, s->residual, 1);
        status = vtr_inclusions_fit(members, n, &s->model, s->residual, &is_fitted, err);
        for (size_t k = 0; k < n; k++)
            vtr_inclusion_add(members[k], &s->model, s->residual, -1);
    }
    return status;
}

/* One by one, the others out: from several starts; as ellipses. */
static vtr_status improve(search *s, bool as_ellipses, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < s->n && status == VTR_OK; i++) {
        vtr_inclusion_add(&s->list[i], &s->model, s->residual, 1);
        status = as_ellipses
                     ? vtr_inclusion_try_ellipse(&s->list[i], &s->model, ELLIPSE_LEVEL, s->residual, err)
                     : vtr_inclusion_settle(&s->list[i], &s->model, s->residual, err);
        vtr_inclusion_add(&s->list[i], &s->model, s->residual, -1);
    }
    return status;
}

/* Ellipses by all minima of their misfit, the others out. */
static vtr_status sample_ellipses(search *s, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < s->n && status == VTR_OK; i++) {
        bool is_done[VTR_INCLUSIONS_MAX] = {false};
        vtr_inclusion *members[GROUP_MAX];
        if (!s->list[i].is_elliptical) continue;
        size_t n = group_of(s, i, is_done, members, s->list);
        vtr_inclusion_add(&s->list[i], &s->model, s->residual, 1);
        status = vtr_inclusion_sample(members[0], &s->model, members + 1, n - 1, s->residual, err);
        vtr_inclusion_add(&s->list[i], &s->model, s->residual, -1);
    }
    return status;
}

/* Puts those back into the residual that are no inclusions; how many. */
static size_t eliminate(search *s)
{
    size_t kept = 0, before = s->n;
    for (size_t i = 0; i < s->n; i++) {
        if (is_inclusion(s, &s->list[i]))
            s->list[kept++] = s->list[i];
        else
            vtr_inclusion_add(&s->list[i], &s->model, s->residual, 1);
    }
    s->n = kept;
    return before - kept;
}

static vtr_status refit_all(search *s, int times, vtr_error *err)
{
    vtr_status status = VTR_OK;
    size_t n_gone = 0;
    for (int k = 0; (k < times || n_gone > 0) && status == VTR_OK; k++) {
        status = vtr_inclusion_renew_steps(s, err);
        if (status == VTR_OK) status = vtr_matrix_estimate(&s->model.matrix, &s->maps, s->residual, 0, err);
        if (status == VTR_OK) status = refit(s, err);
        n_gone = status == VTR_OK ? eliminate(s) : 0;
    }
    return status;
}

static void put_inclusions_back(search *s)
{
    for (size_t i = 0; i < s->n; i++)
        vtr_inclusion_add(&s->list[i], &s->model, s->residual, 1);
    s->n = 0;
}

/* Twice, because strong inclusions look like steps and steps like inclusions: the second search of bands has the
 * inclusions of the first taken out, and its search of inclusions the true bands. The matrix of the first is a guess
 * from the quieter parts of the map; that of the second is what the first left of the whole. */
static vtr_status search_twice(search *s, const vtr_progress *progress, vtr_error *err)
{
    vtr_status status = vtr_inclusion_search_steps(s, TRIMMED, err);
    if (status == VTR_OK) status = search_all(s, progress, err);
    if (status == VTR_OK) status = refit_all(s, 1, err);
    if (status != VTR_OK) return status;
    vtr_inclusion_put_steps_back(s);
    status = vtr_inclusion_search_steps(s, 0, err);
    if (status != VTR_OK) return status;
    put_inclusions_back(s);
    status = search_all(s, progress, err);
    if (status == VTR_OK) status = refit_all(s, 1, err);
    if (status == VTR_OK && s->params.core == VTR_CORE_HARD) status = improve(s, false, err);
    if (status == VTR_OK) status = refit_all(s, 1, err);
    if (status == VTR_OK && s->params.core == VTR_CORE_HARD) status = improve(s, true, err);
    if (status == VTR_OK) status = refit_all(s, 1, err);
    return status == VTR_OK ? sample_ellipses(s, err) : status;
}

/* --- the result ---------------------------------------------------------------------------------------------------- */

/* exx, eyy, exy less the inclusions' strain, in the frame of the maps given. */
static vtr_status set_residual(vtr_inclusions *out, const search *s, const vtr_strain_maps *given,
                               vtr_error *err)
{
    const vtr_band_maps *m = &s->maps;
    double twice = -2 * given->axis_degrees * VTR_RADIANS_PER_DEGREE, cosine = cos(twice), sine = sin(twice);
    double *model[VTR_TCS] = {NULL};
    const float *const measured[3] = {given->exx, given->eyy, given->exy};
    bool is_short = false;
    for (int j = 0; j < VTR_TCS; j++) {
        model[j] = vtr_calloc(m->n, sizeof(double));
        out->residual[j] = vtr_malloc(m->n, sizeof(float));
        is_short = is_short || model[j] == NULL || out->residual[j] == NULL;
    }
    for (size_t k = 0; k < s->n && !is_short; k++)
        vtr_inclusion_add(&s->list[k], &s->model, model, 1);
    for (size_t i = 0; i < m->n && !is_short; i++) {
        double t = model[VTR_T][i], c = model[VTR_C][i], e = model[VTR_S][i];
        double turned = cosine * c - sine * e,
               strain[3] = {t / 2 + turned, t / 2 - turned, sine * c + cosine * e};
        for (int j = 0; j < 3; j++)
            out->residual[j][i] = vtr_band_is_valid(m, i) ? (float)(measured[j][i] - strain[j]) : NAN;
    }
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(model[j]);
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the residual of %zu positions", m->n)
                    : VTR_OK;
}

static vtr_status finish(vtr_inclusions *out, const search *s, const vtr_strain_maps *given, vtr_error *err)
{
    *out = (vtr_inclusions){.n = s->n,
                            .n_y = s->maps.n_y,
                            .n_x = s->maps.n_x,
                            .step_nm = {s->maps.step_y, s->maps.step_x},
                            .axis_degrees = given->axis_degrees,
                            .matrix = s->model.matrix,
                            .threshold = s->levels.in_map,
                            .threshold_on_lines = s->levels.on_lines,
                            .n_trials = s->n_trials,
                            .params = s->params};
    out->list = vtr_malloc(s->n, sizeof *out->list);
    if (out->list == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu inclusions", s->n);
    memcpy(out->list, s->list, s->n * sizeof *out->list);
    vtr_status status = set_residual(out, s, given, err);
    return status == VTR_OK ? vtr_inclusions_order(out, &s->maps, s->steps, s->n_steps, err) : status;
}

vtr_status vtr_inclusions_find(vtr_inclusions *out, const vtr_strain_maps *maps,
                               const vtr_inclusions_params *params, const vtr_progress *progress,
                               vtr_error *err)
{
    vtr_inclusions result = {0};
    search *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the search of inclusions");
    vtr_status status = set_up(s, maps, params, err);
    if (status == VTR_OK) status = search_twice(s, progress, err);
    if (status == VTR_OK) status = finish(&result, s, maps, err);
    release_search(s);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_inclusions_release(&result);
    return status;
}
