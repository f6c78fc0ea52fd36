/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

/* Which inclusions lie on one straight band, and what is between neighbours. */

typedef struct straight {
    double y, x, angle; /* through (y, x), angle in rad */
} straight;

static double along(const straight *l, double y, double x)
{
    return (y - l->y) * sin(l->angle) + (x - l->x) * cos(l->angle);
}

static double across(const straight *l, double y, double x)
{
    return (y - l->y) * cos(l->angle) - (x - l->x) * sin(l->angle);
}

/* Variance of the centre's place along a direction. */
static double variance_along(const vtr_inclusion *q, double angle)
{
    double c = cos(angle), s = sin(angle);
    return s * s * q->covariance[VTR_INCLUSION_Y][VTR_INCLUSION_Y] +
           c * c * q->covariance[VTR_INCLUSION_X][VTR_INCLUSION_X] +
           2 * s * c * q->covariance[VTR_INCLUSION_Y][VTR_INCLUSION_X];
}

static double variance_across(const vtr_inclusion *q, double angle)
{
    return variance_along(q, angle + VTR_PI / 2);
}

static bool is_on(const straight *l, const vtr_inclusion *q)
{
    double tolerance = hypot(q->radius_nm, 3 * sqrt(variance_across(q, l->angle)));
    return q->band < 0 && fabs(across(l, q->y_nm, q->x_nm)) < tolerance;
}

static size_t count_on(const straight *l, const vtr_inclusion *list, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += is_on(l, &list[i]);
    return count;
}

/* Weighted least squares of the line through its inclusions: distances across it weighted by the errors there, which
 * are enlarged by the scatter where that is larger. */
static void fit_line(straight *l, vtr_inclusion_band *band, const vtr_inclusion *list, size_t n, int index)
{
    for (int round = 0; round < 5; round++) {
        double w0 = 0, w1 = 0, w2 = 0, d0 = 0, d1 = 0, squares = 0;
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            if (list[i].band != index) continue;
            double w = 1 / variance_across(&list[i], l->angle), a = along(l, list[i].y_nm, list[i].x_nm);
            double d = across(l, list[i].y_nm, list[i].x_nm);
            w0 += w;
            w1 += w * a;
            w2 += w * a * a;
            d0 += w * d;
            d1 += w * a * d;
            squares += d * d;
            count++;
        }
        double det = w0 * w2 - w1 * w1, slope = (w0 * d1 - w1 * d0) / det, offset = (w2 * d0 - w1 * d1) / det;
        double chi2 = 0;
        for (size_t i = 0; i < n; i++) {
            if (list[i].band != index) continue;
            double d =
                across(l, list[i].y_nm, list[i].x_nm) - offset - slope * along(l, list[i].y_nm, list[i].x_nm);
            chi2 += d * d / variance_across(&list[i], l->angle);
        }
        double middle = w1 / w0, shift = offset + slope * middle, enlarged = 1;
        if (count > 2) enlarged = fmax(1, chi2 / (double)(count - 2));
        /* to the middle of the inclusions, then across */
        l->y += middle * sin(l->angle) + shift * cos(l->angle);
        l->x += middle * cos(l->angle) - shift * sin(l->angle);
        l->angle += atan(slope);
        band->angle_error_degrees = sqrt(enlarged * w0 / det) / VTR_RADIANS_PER_DEGREE;
        band->offset_rms_nm = sqrt(squares / (double)count);
    }
}

/* In (-pi/2, pi/2]: that a line's inclusions have one order, that of growing x. */
static double angle_of_line(double angle)
{
    angle = fmod(angle, VTR_PI);
    return angle > VTR_PI / 2 ? angle - VTR_PI : angle <= -VTR_PI / 2 ? angle + VTR_PI : angle;
}

/* Gives the free inclusions near a line to a band. */
static void take(vtr_inclusions *out, straight l, const vtr_band_step *step)
{
    int index = (int)out->n_bands;
    vtr_inclusion_band *band = &out->bands[out->n_bands++];
    *band = (vtr_inclusion_band){.offset_rms_nm = NAN, .angle_error_degrees = NAN};
    for (size_t i = 0; i < out->n; i++)
        if (is_on(&l, &out->list[i])) {
            out->list[i].band = index;
            band->n_inclusions++;
        }
    if (step != NULL) {
        band->has_step = true;
        band->step_chi2 = step->chi2;
        band->step_decay_nm = step->decay_nm;
        band->angle_error_degrees = step->angle_error / VTR_RADIANS_PER_DEGREE;
    }
    if (band->n_inclusions > 1) fit_line(&l, band, out->list, out->n, index);
    band->y_nm = l.y;
    band->x_nm = l.x;
    l.angle = angle_of_line(l.angle);
    band->angle_degrees = l.angle / VTR_RADIANS_PER_DEGREE;
    for (size_t i = 0; i < out->n; i++)
        if (out->list[i].band == index)
            out->list[i].along_nm = along(&l, out->list[i].y_nm, out->list[i].x_nm);
}

/* The line through two inclusions with the most others on it. */
static size_t best_pair(straight *best, const vtr_inclusion *list, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            if (list[i].band >= 0 || list[k].band >= 0) continue;
            straight l = {list[i].y_nm, list[i].x_nm,
                          atan2(list[k].y_nm - list[i].y_nm, list[k].x_nm - list[i].x_nm)};
            size_t count = count_on(&l, list, n);
            if (count <= most) continue;
            most = count;
            *best = l;
        }
    return most;
}

static int by_place(const void *a, const void *b)
{
    const vtr_inclusion *p = a, *q = b;
    if ((p->band < 0) != (q->band < 0)) return p->band < 0 ? 1 : -1;
    if (p->band != q->band) return p->band - q->band;
    if (p->band < 0) return (p->chi2 < q->chi2) - (p->chi2 > q->chi2);
    return (p->along_nm > q->along_nm) - (p->along_nm < q->along_nm);
}

/* --- between neighbours, at the cores ------------------------------------------------------------------------------ */

static void set_gaps(vtr_inclusions *out, const vtr_band_maps *maps)
{
    for (size_t i = 0; i + 1 < out->n; i++) {
        const vtr_inclusion *a = &out->list[i], *b = &out->list[i + 1];
        if (a->band < 0 || a->band != b->band) continue;
        vtr_inclusion_gap *gap = &out->gaps[out->n_gaps++];
        double angle = out->bands[a->band].angle_degrees * VTR_RADIANS_PER_DEGREE;
        *gap = (vtr_inclusion_gap){.first = i, .second = i + 1, .band = a->band};
        gap->spacing_nm = b->along_nm - a->along_nm;
        gap->spacing_error_nm = sqrt(variance_along(a, angle) + variance_along(b, angle));
        vtr_inclusion_gap_set_curl(gap, maps, a, b);
    }
}

/* Means over the positions within the radius, or of the one nearest to the centre. */
static void set_core(vtr_inclusion *q, const vtr_band_maps *maps)
{
    double sum[VTR_TCS] = {0}, weight[VTR_TCS] = {0}, reach = fmax(q->radius_nm, 0.75 * maps->step);
    for (size_t i = 0; i < maps->n; i++) {
        double y = maps->step_y * (double)(i / maps->n_x), x = maps->step_x * (double)(i % maps->n_x);
        if (!vtr_band_is_valid(maps, i) || hypot(y - q->y_nm, x - q->x_nm) > reach) continue;
        for (int j = 0; j < VTR_TCS; j++) {
            sum[j] += maps->weight[j][i] * maps->value[j][i];
            weight[j] += maps->weight[j][i];
        }
    }
    q->volumetric = q->volumetric_error = q->deviatoric = q->deviatoric_error = NAN;
    if (!(weight[VTR_T] > 0)) return; /* a hole where the core is */
    double t = sum[VTR_T] / weight[VTR_T], c = sum[VTR_C] / weight[VTR_C], s = sum[VTR_S] / weight[VTR_S];
    double r = hypot(c, s);
    q->volumetric = t;
    q->volumetric_error = 1 / sqrt(weight[VTR_T]);
    q->deviatoric = r;
    q->deviatoric_error = sqrt((c * c / weight[VTR_C] + s * s / weight[VTR_S]) / (r * r));
}

vtr_status vtr_inclusions_order(vtr_inclusions *out, const vtr_band_maps *maps, const vtr_band_step *steps,
                                size_t n_steps, vtr_error *err)
{
    out->bands = vtr_malloc(n_steps + out->n / 3 + 1, sizeof *out->bands);
    out->gaps = vtr_malloc(out->n + 1, sizeof *out->gaps);
    if (out->bands == NULL || out->gaps == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the bands of inclusions");
    for (size_t i = 0; i < out->n; i++) {
        out->list[i].band = -1;
        out->list[i].along_nm = NAN;
        set_core(&out->list[i], maps);
    }
    for (size_t b = 0; b < n_steps; b++)
        take(out, (straight){steps[b].y_nm, steps[b].x_nm, steps[b].angle}, &steps[b]);
    straight l;
    while (best_pair(&l, out->list, out->n) >= 3)
        take(out, l, NULL);
    qsort(out->list, out->n, sizeof *out->list, by_place);
    set_gaps(out, maps);
    return VTR_OK;
}
