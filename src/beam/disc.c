/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <stdbool.h>
#include <string.h>

#include "beam/beam_internal.h"
#include "vitrail/constants.h"

enum { CX, CY, AMPLITUDE, BACKGROUND, RADIUS, LOG_EDGE, SKEW, FLAT, N };

/* Beyond this many edges the disc is even. */
static const double edge_reach = 5;
/* A beam must have an amplitude of this many standard deviations, and this part of its edge must be seen. */
static const double least_significance = 5, least_edge = 0.4;
/* Settled when no step moves the centre by more than this part of its error. */
static const double settled_part = 0.02;
enum { MOST_STEPS = 40, MOST_HALVINGS = 8, MOST_SHADOW_ROUNDS = 16 };

/* What the sums over the pixels give at one set of parameters. */
typedef struct disc_sums {
    double likelihood, score[N], information[N][N];
    double residual, variance,
        variance_of_residual; /* sums of squares, of what they should be, of their variance */
    double edge, edge_seen;   /* weight of the disc's edge, and that with data */
    size_t n_shadowed;        /* well inside of the disc, where no edge's form is to blame */
    bool is_saturated;
} disc_sums;

typedef struct disc_fit {
    const vtr_beam_params *params;
    const void *frame;
    double at[N]; /* parameters */
    double window_x, window_y,
        window_px;    /* the pixels of the fit: within a circle that stands while it settles */
    double edge_px;   /* where the prior holds the edge */
    double shadow[N]; /* parameters that say which pixels are shadowed */
    bool has_shadow;
} disc_fit;

/* What the edge adds to a pixel: the form and its derivatives. */
typedef struct disc_edge {
    double form, slope; /* slope: by R */
    double skew, flat;  /* by these parameters */
    double t;           /* (r - R)/s */
} disc_edge;

/* Phi(-t) + skew He2(t) phi(t) + flat He3(t) phi(t), He the Hermite polynomials: the normal edge with an Edgeworth series
 * for what is steeper or has longer feet (H. Cramér, Mathematical Methods of Statistics, 1946, 17.7). */
static disc_edge edge_at(const double at[N], double r, double edge)
{
    disc_edge e = {.t = (r - at[RADIUS]) / edge};
    double t = e.t, t2 = t * t;
    if (t < -edge_reach) return e.form = 1, e;
    if (t > edge_reach) return e;
    double phi = exp(-0.5 * t2) / 2.5066282746310002;
    e.skew = (t2 - 1) * phi;
    e.flat = t * (t2 - 3) * phi;
    e.form = 0.5 * erfc(t * 0.70710678118654752) + at[SKEW] * e.skew + at[FLAT] * e.flat;
    e.slope = (phi + at[SKEW] * e.flat + at[FLAT] * ((t2 - 6) * t2 + 3) * phi) / edge;
    return e;
}

/* Expected counts of a pixel at (x, y). */
static double expected(const double at[N], double x, double y)
{
    disc_edge e = edge_at(at, hypot(x - at[CX], y - at[CY]), exp(at[LOG_EDGE]));
    return at[BACKGROUND] + at[AMPLITUDE] * e.form;
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
    double r = hypot(dx, dy), a = f->at[AMPLITUDE], shift = camera_shift(noise);
    disc_edge e = edge_at(f->at, r, edge);
    double m = fmax(f->at[BACKGROUND] + a * e.form + shift, 1e-9), variance = noise->gain * m;
    double residual = value + shift - m, across = a * e.slope, part = r > 0 ? across / r : 0;
    const double g[N] = {part * dx, part * dy,           e.form,     1,
                         across,    across * edge * e.t, a * e.skew, a * e.flat};
    bool is_edge = fabs(e.t) < edge_reach;
    size_t first = is_edge ? CX : AMPLITUDE,
           n = is_edge ? N : BACKGROUND + 1; /* elsewhere only a and b are seen */
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

/* The edge is held near what it is expected to be. */
static void add_prior(disc_sums *s, const disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    const struct {
        size_t index;
        double value, error;
    } priors[4] = {{RADIUS, p->disc_radius_px, 0.05 * p->disc_radius_px + 0.15},
                   {LOG_EDGE, log(f->edge_px), 0.15},
                   {SKEW, 0, 0.05},
                   {FLAT, 0, 0.05}};
    for (size_t k = 0; k < 4; k++) {
        double off = (f->at[priors[k].index] - priors[k].value) / priors[k].error;
        s->likelihood -= 0.5 * off * off;
        s->score[priors[k].index] -= off / priors[k].error;
        s->information[priors[k].index][priors[k].index] += 1 / (priors[k].error * priors[k].error);
    }
}

static inline __attribute__((always_inline)) void sum_pixels(disc_sums *s, pixel_reader read,
                                                             const disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    double edge = exp(f->at[LOG_EDGE]);
    ptrdiff_t y0, y1, x0, x1;
    memset(s, 0, sizeof *s);
    span(&y0, &y1, f->window_y, f->window_px, p->det_y);
    for (ptrdiff_t y = y0; y < y1; y++) {
        double off = (double)y - f->window_y, chord = f->window_px * f->window_px - off * off;
        double dy = (double)y - f->at[CY];
        span(&x0, &x1, f->window_x, chord > 0 ? sqrt(chord) : 0, p->det_x);
        for (ptrdiff_t x = x0; x < x1; x++) {
            size_t i = (size_t)y * p->det_x + (size_t)x;
            double value = read(f->frame, i), dx = (double)x - f->at[CX];
            if ((p->used != NULL && p->used[i] == 0) || !isfinite(value)) continue;
            if (value >= p->saturation) {
                s->is_saturated = true;
                continue;
            }
            if (f->has_shadow && is_shadowed(f, (double)x, (double)y, value)) {
                add_shadow(s, f, value, hypot(dx, dy) < f->at[RADIUS] - 2 * edge);
                continue;
            }
            add_pixel(s, f, dx, dy, value, edge);
        }
    }
    s->edge = 2 * VTR_PI * f->at[RADIUS]; /* the slope integrates to the circumference over the plane */
    add_prior(s, f);
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++)
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

typedef void (*sum_function)(disc_sums *s, const disc_fit *f);
static const sum_function readers[VTR_TYPE_COUNT] = {
    [VTR_TYPE_U8] = sums_u8,   [VTR_TYPE_U16] = sums_u16, [VTR_TYPE_U32] = sums_u32,
    [VTR_TYPE_I8] = sums_i8,   [VTR_TYPE_I16] = sums_i16, [VTR_TYPE_I32] = sums_i32,
    [VTR_TYPE_F32] = sums_f32, [VTR_TYPE_F64] = sums_f64,
};

/* Keeps the parameters where the model means something. */
static void confine(disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    double floor = p->noise.offset + 1e-4 * fabs(f->at[AMPLITUDE]) + 1e-9 * p->noise.gain;
    f->at[AMPLITUDE] = fmax(f->at[AMPLITUDE], 1e-6 * p->noise.gain);
    f->at[BACKGROUND] = fmax(f->at[BACKGROUND], floor);
    f->at[RADIUS] = fmin(fmax(f->at[RADIUS], 0.5 * p->disc_radius_px), 1.5 * p->disc_radius_px);
    f->at[LOG_EDGE] = fmin(fmax(f->at[LOG_EDGE], log(0.2)), log(fmax(p->disc_radius_px, 0.5)));
}

/* The step of Fisher scoring; the background at its floor stays there. False where the information is singular. */
static bool solve(double step[N], double covariance[N][N], const disc_sums *s)
{
    double factor[N * N];
    memcpy(factor, s->information, sizeof factor);
    memcpy(step, s->score, N * sizeof *step);
    memset(covariance, 0, sizeof(double) * N * N);
    for (size_t i = 0; i < N; i++)
        covariance[i][i] = 1;
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', N, factor, N) != 0) return false;
    return LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', N, 1, factor, N, step, 1) == 0 &&
           LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', N, N, factor, N, &covariance[0][0], N) == 0;
}

/* No step beyond what the linear model can know. */
static double step_length(const double step[N], const disc_fit *f)
{
    double edge = exp(f->at[LOG_EDGE]), reach = 2 * edge + 0.1 * f->at[RADIUS];
    double most = fmax(hypot(step[CX], step[CY]), fabs(step[RADIUS])) / reach;
    most = fmax(most, fabs(step[LOG_EDGE]) / 0.5);
    return most > 1 ? 1 / most : 1;
}

/* Fisher scoring with halved steps until the centre stands; false where it does not. Returns the sums and covariance at
 * the end. */
static bool settle(disc_fit *f, disc_sums *s, double covariance[N][N], sum_function sum)
{
    double step[N];
    sum(s, f);
    for (int k = 0; k < MOST_STEPS; k++) {
        if (!solve(step, covariance, s)) return false;
        double length = step_length(step, f), error = sqrt(fmin(covariance[CX][CX], covariance[CY][CY]));
        if (length == 1 && hypot(step[CX], step[CY]) < settled_part * error) return true;
        disc_fit trial = *f;
        disc_sums sums = *s;
        int halvings = 0;
        for (; halvings < MOST_HALVINGS; halvings++, length *= 0.5) {
            memcpy(trial.at, f->at, sizeof trial.at);
            for (size_t i = 0; i < N; i++)
                trial.at[i] += length * step[i];
            confine(&trial);
            sum(&sums, &trial);
            if (sums.likelihood > s->likelihood) break;
        }
        if (halvings ==
            MOST_HALVINGS) /* as good as it gets: the steps left are below rounding, or far too large */
            return hypot(step[CX], step[CY]) < 3 * error;
        *f = trial;
        *s = sums;
    }
    return hypot(step[CX], step[CY]) < 0.5 * sqrt(fmin(covariance[CX][CX], covariance[CY][CY]));
}

/* The pixels about a centre: out to the background's ring. */
static void set_window(disc_fit *f)
{
    f->window_x = f->at[CX];
    f->window_y = f->at[CY];
    f->window_px = fmax(f->params->background_px[1], f->params->disc_radius_px + 3);
}

/* Amplitude and background by weighted least squares, the rest as it stands. */
static void set_levels(disc_fit *f, sum_function sum)
{
    for (int k = 0; k < 2; k++) {
        disc_sums s;
        sum(&s, f);
        double aa = s.information[AMPLITUDE][AMPLITUDE], bb = s.information[BACKGROUND][BACKGROUND];
        double ab = s.information[AMPLITUDE][BACKGROUND], determinant = aa * bb - ab * ab;
        if (!(determinant > 1e-12 * aa * bb)) return;
        f->at[AMPLITUDE] += (bb * s.score[AMPLITUDE] - ab * s.score[BACKGROUND]) / determinant;
        f->at[BACKGROUND] += (aa * s.score[BACKGROUND] - ab * s.score[AMPLITUDE]) / determinant;
        confine(f);
    }
}

/* At the centre of mass; where there is none (too much of the disc is missing), where the disc is expected, with a soft edge
 * that reaches out for it. */
static bool start(disc_fit *f, vtr_type type)
{
    const vtr_beam_params *p = f->params;
    vtr_beam_position mass;
    bool has_mass = vtr_beam_centre_of_mass(&mass, type, f->frame, p, NULL) == VTR_OK && isfinite(mass.x_px);
    double area = VTR_PI * p->disc_radius_px * p->disc_radius_px;
    f->edge_px = has_mass ? p->disc_edge_px : fmax(0.4 * p->disc_radius_px, p->disc_edge_px);
    const double at[N] = {has_mass ? mass.x_px : p->start_x_px,
                          has_mass ? mass.y_px : p->start_y_px,
                          has_mass ? mass.counts / area : p->noise.gain,
                          has_mass ? mass.background : p->noise.offset + p->noise.gain,
                          p->disc_radius_px,
                          log(f->edge_px)};
    memcpy(f->at, at, sizeof at);
    confine(f);
    set_window(f);
    return has_mass;
}

/* A shadow draws the first fit towards what is lit and makes it small and soft; pixels left out pull no more, so no small
 * step leads back. So where there is a shadow, the centre is looked for on a grid of 9 x 9 about the fit, with the radius
 * and edge that are expected: the likelihood with the shadow's price is highest where the least is missing. */
static void search(disc_fit *f, sum_function sum)
{
    disc_sums s;
    disc_fit best = *f;
    double highest = -INFINITY, step = 0.15 * f->params->disc_radius_px;
    const double x = f->at[CX], y = f->at[CY];
    memcpy(f->shadow, f->at, sizeof f->shadow);
    f->has_shadow = true;
    sum(&s, f);
    if ((double)s.n_shadowed < 3 + 0.1 * f->params->disc_radius_px * f->params->disc_radius_px) return;
    f->at[RADIUS] = f->params->disc_radius_px;
    f->at[LOG_EDGE] = log(fmax(f->edge_px, step)); /* so that no true place lies between two of the grid */
    f->at[SKEW] = f->at[FLAT] = 0;
    for (int k = 0; k < 81; k++) {
        f->at[CX] = x + (k % 9 - 4) * step;
        f->at[CY] = y + (k / 9 - 4) * step;
        memcpy(f->shadow, f->at, sizeof f->shadow);
        sum(&s, f);
        if (s.likelihood <= highest) continue;
        highest = s.likelihood;
        best = *f;
    }
    *f = best;
}

/* Settles, then again about the centre found and without what is shadowed, until that changes no more. */
static bool fit_disc(disc_fit *f, disc_sums *s, double covariance[N][N], vtr_type type)
{
    sum_function sum = readers[type];
    if (!start(f, type)) {
        set_levels(f, sum);
        if (!settle(f, s, covariance, sum)) return false;
        f->edge_px = f->params->disc_edge_px;
        f->at[LOG_EDGE] = log(f->edge_px);
        set_window(f);
    }
    if (!settle(f, s, covariance, sum)) return false;
    search(f, sum);
    for (int round = 0; round < MOST_SHADOW_ROUNDS; round++) {
        double x = f->at[CX], y = f->at[CY], error = sqrt(fmin(covariance[CX][CX], covariance[CY][CY]));
        memcpy(f->shadow, f->at, sizeof f->shadow);
        f->has_shadow = true;
        set_window(f);
        if (!settle(f, s, covariance, sum)) return false;
        if (hypot(f->at[CX] - x, f->at[CY] - y) < 0.1 * error) break;
    }
    return true;
}

/* Where the centre's error comes near the width of the edge, the likelihood is no parabola about its maximum: its mean over
 * the centre, and its spread, are the better estimate and the true error (E. J. G. Pitman, Biometrika 30, 391, 1939). A
 * grid of 7 x 7 centres over 3 widened errors is exact for any smooth likelihood; the other parameters stay. */
static void average_centre(disc_fit *f, double covariance[N][N], sum_function sum)
{
    enum { HALF = 3, SIDE = 2 * HALF + 1 };
    const double widened = 1.25, spacing = 1;
    double step_x = widened * spacing * sqrt(covariance[CX][CX]),
           step_y = widened * spacing * sqrt(covariance[CY][CY]);
    double likelihood[SIDE][SIDE], highest = -INFINITY, total = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int j = 0; j < SIDE; j++)
        for (int i = 0; i < SIDE; i++) {
            disc_fit at = *f;
            disc_sums s;
            at.at[CX] += (i - HALF) * step_x;
            at.at[CY] += (j - HALF) * step_y;
            sum(&s, &at);
            likelihood[j][i] = s.likelihood;
            highest = fmax(highest, s.likelihood);
        }
    for (int j = 0; j < SIDE; j++)
        for (int i = 0; i < SIDE; i++) {
            double weight = exp(likelihood[j][i] - highest), u = (i - HALF) * step_x, v = (j - HALF) * step_y;
            total += weight;
            x += weight * u;
            y += weight * v;
            xx += weight * u * u;
            yy += weight * v * v;
            xy += weight * u * v;
        }
    x /= total;
    y /= total;
    f->at[CX] += x;
    f->at[CY] += y;
    covariance[CX][CX] = xx / total - x * x;
    covariance[CY][CY] = yy / total - y * y;
    covariance[CX][CY] = covariance[CY][CX] = xy / total - x * y;
}

/* Whether the error is no longer small against the edge. */
static bool is_coarse(const disc_fit *f, const double covariance[N][N])
{
    double edge = exp(f->at[LOG_EDGE]);
    return fmax(covariance[CX][CX], covariance[CY][CY]) > 0.0025 * edge * edge;
}

/* How much larger the residuals are than they should be, where that is no chance. */
static double excess(const disc_sums *s)
{
    double ratio = s->residual / s->variance;
    return ratio > 1 + 4 * sqrt(s->variance_of_residual) / s->variance ? ratio : 1;
}

static bool is_found(const disc_fit *f, const disc_sums *s)
{
    const vtr_beam_params *p = f->params;
    double x = f->at[CX], y = f->at[CY], margin = 0.5 * f->at[RADIUS];
    bool is_within = hypot(x - p->start_x_px, y - p->start_y_px) <= p->search_px && x >= margin &&
                     y >= margin && x <= (double)p->det_x - 1 - margin && y <= (double)p->det_y - 1 - margin;
    double amplitude = f->at[AMPLITUDE];
    return is_within && s->edge_seen >= least_edge * s->edge &&
           amplitude * amplitude * s->information[AMPLITUDE][AMPLITUDE] >
               least_significance * least_significance;
}

vtr_status vtr_beam_disc(vtr_beam_position *position, vtr_type type, const void *frame,
                         const vtr_beam_params *params, vtr_error *err)
{
    vtr_status status = vtr_beam_check_params(params, err);
    if (status != VTR_OK) return status;
    if (!(params->disc_radius_px >= 0.5) || !(params->disc_edge_px > 0))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the direct beam's disc has a radius of %g px and an edge of %g px: both have to be positive",
            params->disc_radius_px, params->disc_edge_px);
    if (frame == NULL) {
        lose_beam(position, VTR_FLAG_MISSING | VTR_FLAG_NO_BEAM);
        return VTR_OK;
    }
    disc_fit f = {.params = params, .frame = frame};
    disc_sums s;
    double covariance[N][N];
    if (!fit_disc(&f, &s, covariance, type) || !is_found(&f, &s)) {
        lose_beam(position, VTR_FLAG_NO_BEAM);
        return VTR_OK;
    }
    if (is_coarse(&f, covariance)) average_centre(&f, covariance, readers[type]);
    double scale = excess(&s), edge = exp(f.at[LOG_EDGE]);
    *position = (vtr_beam_position){
        .x_px = f.at[CX],
        .y_px = f.at[CY],
        .covariance = {scale * covariance[CX][CX], scale * covariance[CY][CY], scale * covariance[CX][CY]},
        .counts = f.at[AMPLITUDE] * VTR_PI * (f.at[RADIUS] * f.at[RADIUS] + edge * edge),
        .background = f.at[BACKGROUND],
        .flags = s.is_saturated ? VTR_FLAG_SATURATED : 0,
    };
    return VTR_OK;
}
