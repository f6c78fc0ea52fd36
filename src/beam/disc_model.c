/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "beam/beam_internal.h"
#include "beam/disc_internal.h"
#include "vitrail/constants.h"

/* Beyond this many edges the disc is even. */
static const double edge_reach = 5;

disc_edge vtr_disc_edge_at(const double at[DISC_N], double r, double edge)
{
    disc_edge e = {.t = (r - at[DISC_RADIUS]) / edge};
    double t = e.t, t2 = t * t;
    if (t < -edge_reach) return e.form = 1, e;
    if (t > edge_reach) return e;
    double phi = exp(-0.5 * t2) / 2.5066282746310002;
    e.skew = (t2 - 1) * phi;
    e.flat = t * (t2 - 3) * phi;
    e.form = 0.5 * erfc(t * 0.70710678118654752) + at[DISC_SKEW] * e.skew + at[DISC_FLAT] * e.flat;
    e.slope = (phi + at[DISC_SKEW] * e.flat + at[DISC_FLAT] * ((t2 - 6) * t2 + 3) * phi) / edge;
    return e;
}

/* Expected counts of a pixel at (x, y). */
static double expected(const double at[DISC_N], double x, double y)
{
    disc_edge e = vtr_disc_edge_at(at, hypot(x - at[DISC_CX], y - at[DISC_CY]), exp(at[DISC_LOG_EDGE]));
    return at[DISC_BACKGROUND] + at[DISC_AMPLITUDE] * e.form;
}

/* Less than half of what is expected, by five standard deviations. */
static bool is_shadowed(const disc_fit *f, double x, double y, double value)
{
    const vtr_noise *noise = &f->params->noise;
    double mu = expected(f->shadow, x, y) - noise->offset;
    double sigma = sqrt(noise->gain * fmax(mu, 0) + noise->read_noise * noise->read_noise);
    return value - noise->offset < 0.5 * mu && value - noise->offset < mu - 5 * sigma;
}

/* What makes counts with an offset and read-out noise a Poisson variable, times the gain, to second order. */
static double camera_shift(const vtr_noise *noise)
{
    return noise->read_noise * noise->read_noise / noise->gain - noise->offset;
}

/* One pixel's part of the sums. With the variance gain (mu - offset) + read^2 = gain m, m = mu + shift, the likelihood of
 * a value is (value + shift) ln m - m over the gain. */
static void add_pixel(disc_sums *s, const disc_fit *f, double dx, double dy, double value, double edge)
{
    const vtr_noise *noise = &f->params->noise;
    double r = hypot(dx, dy), a = f->at[DISC_AMPLITUDE], shift = camera_shift(noise);
    disc_edge e = vtr_disc_edge_at(f->at, r, edge);
    double m = fmax(f->at[DISC_BACKGROUND] + a * e.form + shift, 1e-9), variance = noise->gain * m;
    double residual = value + shift - m, across = a * e.slope, part = r > 0 ? across / r : 0;
    const double g[DISC_N] = {part * dx, part * dy,           e.form,     1,
                              across,    across * edge * e.t, a * e.skew, a * e.flat};
    bool is_edge = fabs(e.t) < edge_reach;
    size_t first = is_edge ? DISC_CX : DISC_AMPLITUDE,
           n = is_edge ? DISC_N : DISC_BACKGROUND + 1; /* elsewhere only a and b are seen */
    for (size_t i = first; i < n; i++) {
        double weighted = g[i] / variance;
        s->score[i] += weighted * residual;
        for (size_t j = first; j <= i; j++)
            s->information[i][j] += weighted * g[j];
    }
    s->likelihood += ((value + shift) * log(m) - m) / noise->gain;
    s->residual += residual * residual;
    s->variance += variance;
    s->variance_of_residual += 2 * variance * variance + noise->gain * noise->gain * variance;
    s->edge_seen += e.slope;
}

/* What a shadowed pixel costs: as much as five standard deviations of one that is not. */
static void add_shadow(disc_sums *s, const disc_fit *f, double value, bool is_inside)
{
    const vtr_noise *noise = &f->params->noise;
    double m = fmax(value + camera_shift(noise), 1e-9);
    s->likelihood += (m * log(m) - m) / noise->gain - 12.5;
    s->n_shadowed += is_inside;
}

void vtr_disc_prior_errors(double errors[4], const vtr_beam_params *p)
{
    const double usual[4] = {0.05 * p->disc_radius_px + 0.15, 0.15, 0.05, 0.05};
    for (size_t k = 0; k < 4; k++)
        errors[k] = p->disc_errors[k] > 0 ? p->disc_errors[k] : usual[k];
}

/* The edge is held near what it is expected to be. */
static void add_prior(disc_sums *s, const disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    const double values[4] = {p->disc_radius_px, log(f->edge_px), p->disc_skew, p->disc_flat};
    double errors[4];
    vtr_disc_prior_errors(errors, p);
    for (size_t k = 0; k < 4; k++) {
        size_t i = DISC_RADIUS + k;
        double off = (f->at[i] - values[k]) / errors[k];
        s->likelihood -= 0.5 * off * off;
        s->score[i] -= off / errors[k];
        s->information[i][i] += 1 / (errors[k] * errors[k]);
    }
}

static inline __attribute__((always_inline)) void sum_pixels(disc_sums *s, pixel_reader read,
                                                             const disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    double edge = exp(f->at[DISC_LOG_EDGE]);
    ptrdiff_t y0, y1, x0, x1;
    memset(s, 0, sizeof *s);
    span(&y0, &y1, f->window_y, f->window_px, p->det_y);
    for (ptrdiff_t y = y0; y < y1; y++) {
        double off = (double)y - f->window_y, chord = f->window_px * f->window_px - off * off;
        double dy = (double)y - f->at[DISC_CY];
        span(&x0, &x1, f->window_x, chord > 0 ? sqrt(chord) : 0, p->det_x);
        for (ptrdiff_t x = x0; x < x1; x++) {
            size_t i = (size_t)y * p->det_x + (size_t)x;
            double value = read(f->frame, i), dx = (double)x - f->at[DISC_CX];
            if ((p->used != NULL && p->used[i] == 0) || !isfinite(value)) continue;
            if (value >= p->saturation) {
                s->is_saturated = true;
                continue;
            }
            if (f->has_shadow && is_shadowed(f, (double)x, (double)y, value)) {
                add_shadow(s, f, value, hypot(dx, dy) < f->at[DISC_RADIUS] - 2 * edge);
                continue;
            }
            add_pixel(s, f, dx, dy, value, edge);
        }
    }
    s->edge = 2 * VTR_PI * f->at[DISC_RADIUS]; /* the slope integrates to the circumference over the plane */
    if (!f->is_free) add_prior(s, f);
    for (size_t i = 0; i < DISC_N; i++)
        for (size_t j = i + 1; j < DISC_N; j++)
            s->information[i][j] = s->information[j][i];
}

#define DEFINE_SUMS(TYPE)                                                                                    \
    static void sums_##TYPE(disc_sums *s, const disc_fit *f)                                                 \
    {                                                                                                        \
        sum_pixels(s, pixel_##TYPE, f);                                                                      \
    }
DEFINE_SUMS(u8)
DEFINE_SUMS(u16)
DEFINE_SUMS(u32)
DEFINE_SUMS(i8)
DEFINE_SUMS(i16)
DEFINE_SUMS(i32)
DEFINE_SUMS(f32)
DEFINE_SUMS(f64)

const disc_sum_function vtr_disc_sums[VTR_TYPE_COUNT] = {
    [VTR_TYPE_U8] = sums_u8,   [VTR_TYPE_U16] = sums_u16, [VTR_TYPE_U32] = sums_u32,
    [VTR_TYPE_I8] = sums_i8,   [VTR_TYPE_I16] = sums_i16, [VTR_TYPE_I32] = sums_i32,
    [VTR_TYPE_F32] = sums_f32, [VTR_TYPE_F64] = sums_f64,
};
