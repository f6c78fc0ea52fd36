/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <stdbool.h>
#include <string.h>

#include "beam/beam_internal.h"
#include "beam/disc_internal.h"
#include "vitrail/constants.h"

/* A beam must have an amplitude of this many standard deviations, and this part of its edge must be seen. */
static const double least_significance = 5, least_edge = 0.4;
/* Settled when no step moves the centre by more than this part of its error. */
static const double settled_part = 0.02;
enum { MOST_STEPS = 40, MOST_HALVINGS = 8, MOST_SHADOW_ROUNDS = 16 };

/* Keeps the parameters where the model means something. */
static void confine(disc_fit *f)
{
    const vtr_beam_params *p = f->params;
    double floor = p->noise.offset + 1e-4 * fabs(f->at[DISC_AMPLITUDE]) + 1e-9 * p->noise.gain;
    f->at[DISC_AMPLITUDE] = fmax(f->at[DISC_AMPLITUDE], 1e-6 * p->noise.gain);
    f->at[DISC_BACKGROUND] = fmax(f->at[DISC_BACKGROUND], floor);
    f->at[DISC_RADIUS] = fmin(fmax(f->at[DISC_RADIUS], 0.5 * p->disc_radius_px), 1.5 * p->disc_radius_px);
    f->at[DISC_LOG_EDGE] = fmin(fmax(f->at[DISC_LOG_EDGE], log(0.2)), log(fmax(p->disc_radius_px, 0.5)));
}

/* The step of Fisher scoring; the background at its floor stays there. False where the information is singular. */
static bool solve(double step[DISC_N], double covariance[DISC_N][DISC_N], const disc_sums *s)
{
    double factor[DISC_N * DISC_N];
    memcpy(factor, s->information, sizeof factor);
    memcpy(step, s->score, DISC_N * sizeof *step);
    memset(covariance, 0, sizeof(double) * DISC_N * DISC_N);
    for (size_t i = 0; i < DISC_N; i++)
        covariance[i][i] = 1;
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', DISC_N, factor, DISC_N) != 0) return false;
    return LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', DISC_N, 1, factor, DISC_N, step, 1) == 0 &&
           LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', DISC_N, DISC_N, factor, DISC_N, &covariance[0][0], DISC_N) ==
               0;
}

/* No step beyond what the linear model can know. */
static double step_length(const double step[DISC_N], const disc_fit *f)
{
    double edge = exp(f->at[DISC_LOG_EDGE]), reach = 2 * edge + 0.1 * f->at[DISC_RADIUS];
    double most = fmax(hypot(step[DISC_CX], step[DISC_CY]), fabs(step[DISC_RADIUS])) / reach;
    most = fmax(most, fabs(step[DISC_LOG_EDGE]) / 0.5);
    return most > 1 ? 1 / most : 1;
}

/* Fisher scoring with halved steps until the centre stands; false where it does not. Returns the sums and covariance at
 * the end. */
static bool settle(disc_fit *f, disc_sums *s, double covariance[DISC_N][DISC_N], disc_sum_function sum)
{
    double step[DISC_N];
    sum(s, f);
    for (int k = 0; k < MOST_STEPS; k++) {
        if (!solve(step, covariance, s)) return false;
        double length = step_length(step, f),
               error = sqrt(fmin(covariance[DISC_CX][DISC_CX], covariance[DISC_CY][DISC_CY]));
        if (length == 1 && hypot(step[DISC_CX], step[DISC_CY]) < settled_part * error) return true;
        disc_fit trial = *f;
        disc_sums sums = *s;
        int halvings = 0;
        for (; halvings < MOST_HALVINGS; halvings++, length *= 0.5) {
            memcpy(trial.at, f->at, sizeof trial.at);
            for (size_t i = 0; i < DISC_N; i++)
                trial.at[i] += length * step[i];
            confine(&trial);
            sum(&sums, &trial);
            if (sums.likelihood > s->likelihood) break;
        }
        if (halvings ==
            MOST_HALVINGS) /* as good as it gets: the steps left are below rounding, or far too large */
            return hypot(step[DISC_CX], step[DISC_CY]) < 3 * error;
        *f = trial;
        *s = sums;
    }
    return hypot(step[DISC_CX], step[DISC_CY]) <
           0.5 * sqrt(fmin(covariance[DISC_CX][DISC_CX], covariance[DISC_CY][DISC_CY]));
}

/* The pixels about a centre: out to the background's ring. */
void vtr_disc_set_window(disc_fit *f)
{
    f->window_x = f->at[DISC_CX];
    f->window_y = f->at[DISC_CY];
    f->window_px = fmax(f->params->background_px[1], f->params->disc_radius_px + 3);
}

/* Amplitude and background by weighted least squares, the rest as it stands. */
static void set_levels(disc_fit *f, disc_sum_function sum)
{
    for (int k = 0; k < 2; k++) {
        disc_sums s;
        sum(&s, f);
        double aa = s.information[DISC_AMPLITUDE][DISC_AMPLITUDE],
               bb = s.information[DISC_BACKGROUND][DISC_BACKGROUND];
        double ab = s.information[DISC_AMPLITUDE][DISC_BACKGROUND], determinant = aa * bb - ab * ab;
        if (!(determinant > 1e-12 * aa * bb)) return;
        f->at[DISC_AMPLITUDE] += (bb * s.score[DISC_AMPLITUDE] - ab * s.score[DISC_BACKGROUND]) / determinant;
        f->at[DISC_BACKGROUND] +=
            (aa * s.score[DISC_BACKGROUND] - ab * s.score[DISC_AMPLITUDE]) / determinant;
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
    const double at[DISC_N] = {has_mass ? mass.x_px : p->start_x_px,
                               has_mass ? mass.y_px : p->start_y_px,
                               has_mass ? mass.counts / area : p->noise.gain,
                               has_mass ? mass.background : p->noise.offset + p->noise.gain,
                               p->disc_radius_px,
                               log(f->edge_px),
                               p->disc_skew,
                               p->disc_flat};
    memcpy(f->at, at, sizeof at);
    confine(f);
    vtr_disc_set_window(f);
    return has_mass;
}

/* A shadow draws the first fit towards what is lit and makes it small and soft; pixels left out pull no more, so no small
 * step leads back. So where there is a shadow, the centre is looked for on a grid of 9 x 9 about the fit, with the radius
 * and edge that are expected: the likelihood with the shadow's price is highest where the least is missing. */
static void search(disc_fit *f, disc_sum_function sum)
{
    disc_sums s;
    disc_fit best = *f;
    double highest = -INFINITY, step = 0.15 * f->params->disc_radius_px;
    const double x = f->at[DISC_CX], y = f->at[DISC_CY];
    memcpy(f->shadow, f->at, sizeof f->shadow);
    f->has_shadow = true;
    sum(&s, f);
    if ((double)s.n_shadowed < 3 + 0.1 * f->params->disc_radius_px * f->params->disc_radius_px) return;
    f->at[DISC_RADIUS] = f->params->disc_radius_px;
    f->at[DISC_LOG_EDGE] =
        log(fmax(f->edge_px, step)); /* so that no true place lies between two of the grid */
    f->at[DISC_SKEW] = f->params->disc_skew;
    f->at[DISC_FLAT] = f->params->disc_flat;
    for (int k = 0; k < 81; k++) {
        f->at[DISC_CX] = x + (k % 9 - 4) * step;
        f->at[DISC_CY] = y + (k / 9 - 4) * step;
        memcpy(f->shadow, f->at, sizeof f->shadow);
        sum(&s, f);
        if (s.likelihood <= highest) continue;
        highest = s.likelihood;
        best = *f;
    }
    *f = best;
}

bool vtr_disc_fit_frame(disc_fit *f, disc_sums *s, double covariance[DISC_N][DISC_N], vtr_type type)
{
    disc_sum_function sum = vtr_disc_sums[type];
    if (!start(f, type)) {
        set_levels(f, sum);
        if (!settle(f, s, covariance, sum)) return false;
        f->edge_px = f->params->disc_edge_px;
        f->at[DISC_LOG_EDGE] = log(f->edge_px);
        vtr_disc_set_window(f);
    }
    if (!settle(f, s, covariance, sum)) return false;
    search(f, sum);
    for (int round = 0; round < MOST_SHADOW_ROUNDS; round++) {
        double x = f->at[DISC_CX], y = f->at[DISC_CY],
               error = sqrt(fmin(covariance[DISC_CX][DISC_CX], covariance[DISC_CY][DISC_CY]));
        memcpy(f->shadow, f->at, sizeof f->shadow);
        f->has_shadow = true;
        vtr_disc_set_window(f);
        if (!settle(f, s, covariance, sum)) return false;
        if (hypot(f->at[DISC_CX] - x, f->at[DISC_CY] - y) < 0.1 * error) break;
    }
    return true;
}

/* Where the centre's error comes near the width of the edge, the likelihood is no parabola about its maximum: its mean over
 * the centre, and its spread, are the better estimate and the true error (E. J. G. Pitman, Biometrika 30, 391, 1939). A
 * grid of 7 x 7 centres over 3 widened errors is exact for any smooth likelihood; the other parameters stay. */
static void average_centre(disc_fit *f, double covariance[DISC_N][DISC_N], disc_sum_function sum)
{
    enum { HALF = 3, SIDE = 2 * HALF + 1 };
    const double widened = 1.25, spacing = 1;
    double step_x = widened * spacing * sqrt(covariance[DISC_CX][DISC_CX]),
           step_y = widened * spacing * sqrt(covariance[DISC_CY][DISC_CY]);
    double likelihood[SIDE][SIDE], highest = -INFINITY, total = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int j = 0; j < SIDE; j++)
        for (int i = 0; i < SIDE; i++) {
            disc_fit at = *f;
            disc_sums s;
            at.at[DISC_CX] += (i - HALF) * step_x;
            at.at[DISC_CY] += (j - HALF) * step_y;
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
    f->at[DISC_CX] += x;
    f->at[DISC_CY] += y;
    covariance[DISC_CX][DISC_CX] = xx / total - x * x;
    covariance[DISC_CY][DISC_CY] = yy / total - y * y;
    covariance[DISC_CX][DISC_CY] = covariance[DISC_CY][DISC_CX] = xy / total - x * y;
}

/* Whether the error is no longer small against the edge. */
static bool is_coarse(const disc_fit *f, const double covariance[DISC_N][DISC_N])
{
    double edge = exp(f->at[DISC_LOG_EDGE]);
    return fmax(covariance[DISC_CX][DISC_CX], covariance[DISC_CY][DISC_CY]) > 0.0025 * edge * edge;
}

double vtr_disc_excess(const disc_sums *s)
{
    double ratio = s->residual / s->variance;
    return ratio > 1 + 4 * sqrt(s->variance_of_residual) / s->variance ? ratio : 1;
}

bool vtr_disc_is_found(const disc_fit *f, const disc_sums *s)
{
    const vtr_beam_params *p = f->params;
    double x = f->at[DISC_CX], y = f->at[DISC_CY], margin = 0.5 * f->at[DISC_RADIUS];
    bool is_within = hypot(x - p->start_x_px, y - p->start_y_px) <= p->search_px && x >= margin &&
                     y >= margin && x <= (double)p->det_x - 1 - margin && y <= (double)p->det_y - 1 - margin;
    double amplitude = f->at[DISC_AMPLITUDE];
    return is_within && s->edge_seen >= least_edge * s->edge &&
           amplitude * amplitude * s->information[DISC_AMPLITUDE][DISC_AMPLITUDE] >
               least_significance * least_significance;
}

vtr_status vtr_disc_check_params(const vtr_beam_params *params, vtr_error *err)
{
    vtr_status status = vtr_beam_check_params(params, err);
    if (status != VTR_OK) return status;
    if (!(params->disc_radius_px >= 0.5) || !(params->disc_edge_px > 0))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the direct beam's disc has a radius of %g px and an edge of %g px: both have to be positive",
            params->disc_radius_px, params->disc_edge_px);
    return VTR_OK;
}

vtr_status vtr_beam_disc(vtr_beam_position *position, vtr_type type, const void *frame,
                         const vtr_beam_params *params, vtr_error *err)
{
    vtr_status status = vtr_disc_check_params(params, err);
    if (status != VTR_OK) return status;
    if (frame == NULL) {
        lose_beam(position, VTR_FLAG_MISSING | VTR_FLAG_NO_BEAM);
        return VTR_OK;
    }
    disc_fit f = {.params = params, .frame = frame};
    disc_sums s;
    double covariance[DISC_N][DISC_N];
    if (!vtr_disc_fit_frame(&f, &s, covariance, type) || !vtr_disc_is_found(&f, &s)) {
        lose_beam(position, VTR_FLAG_NO_BEAM);
        return VTR_OK;
    }
    if (is_coarse(&f, covariance)) average_centre(&f, covariance, vtr_disc_sums[type]);
    double scale = vtr_disc_excess(&s), edge = exp(f.at[DISC_LOG_EDGE]);
    *position = (vtr_beam_position){
        .x_px = f.at[DISC_CX],
        .y_px = f.at[DISC_CY],
        .covariance = {scale * covariance[DISC_CX][DISC_CX], scale * covariance[DISC_CY][DISC_CY],
                       scale * covariance[DISC_CX][DISC_CY]},
        .counts = f.at[DISC_AMPLITUDE] * VTR_PI * (f.at[DISC_RADIUS] * f.at[DISC_RADIUS] + edge * edge),
        .background = f.at[DISC_BACKGROUND],
        .flags = s.is_saturated ? VTR_FLAG_SATURATED : 0,
    };
    return VTR_OK;
}
