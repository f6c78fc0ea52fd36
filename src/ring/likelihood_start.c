/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/likelihood_model.h"
#include "ring/likelihood_solve.h"
#include "ring/likelihood_state.h"

/* The ring must be seen over this part of its annulus. */
static const double least_visible = 0.25;
/* Part of the template's counts below which a bin's variance is not believed to fall. */
static const double least_expected = 0.1;
/* Electrons in the annulus at which a pattern's own heights count half in its weights. */
static const double own_weight_electrons = 1e4;
/* What is known before any count: heights that turn twice with the angle are a few per cent of the heights, and the
 * background bends by a part of itself. It decides only where the counts do not: at a thousand electrons. */
static const double prior_spread[FIT_N] = {
    [FIT_AC] = 0.06,  [FIT_AS] = 0.06,  [FIT_BC0] = 0.06, [FIT_BS0] = 0.06,
    [FIT_BC1] = 0.06, [FIT_BS1] = 0.06, [FIT_B1] = 0.3,   [FIT_B2] = 0.3};

double vtr_likelihood_own_part(double electrons)
{
    return electrons > 0 ? electrons / (electrons + own_weight_electrons) : 0;
}

double vtr_likelihood_prior(const vtr_likelihood *l, double amplitude, int k, double *centre)
{
    *centre = 0;
    if (prior_spread[k] == 0) return 0;
    double level = amplitude * l->background_level;
    double scale = prior_spread[k] * (k < FIT_B0 ? amplitude : level);
    if (k == FIT_B1) *centre = (double)l->model.bend[0] * level;
    if (k == FIT_B2) *centre = (double)l->model.bend[1] * level;
    return 1 / (scale * scale);
}

/* Derivatives of the template at rest, per pixel and family. */
static void rest_derivatives(const vtr_likelihood *l, const fit_bin *b, double family[FAMILY_N])
{
    const fit_model *m = &l->model;
    const fit_table *table = &m->table;
    double r = (double)b->radius_px, g = (double)b->background, t = (double)b->t,
           step = (double)table->step_px;
    double position = fmin(fmax((r - (double)table->rho_first_px) / step, 0), table->n - 1);
    double slope = (double)table->values[2 * (int)(position + 0.5) + 1];
    double b1 = (double)m->bend[0], b2 = (double)m->bend[1];
    double poly = 1 + t * (b1 + t * b2),
           poly_slope = (b1 + 2 * t * b2) * (double)m->inverse_half_width - (double)m->kappa * poly;
    family[FAMILY_MOVE] = slope * r;
    family[FAMILY_RING] = vtr_fit_table_value(table, r);
    family[FAMILY_G0] = g;
    family[FAMILY_G1] = g * t;
    family[FAMILY_G2] = g * t * t;
    family[FAMILY_SHIFT] = slope + l->background_level * g * poly_slope;
}

/* The same for each parameter. */
static void parameter_derivatives(const fit_sector *s, const double family[FAMILY_N], double out[FIT_N])
{
    static const int first[] = {FIT_M, FIT_A, FIT_B0, FIT_B1};
    const double factor[] = {1, (double)s->cos2, (double)s->sin2};
    for (int f = FAMILY_MOVE; f <= FAMILY_G1; f++)
        for (int a = 0; a < 3; a++)
            out[first[f] + a] = family[f] * factor[a];
    out[FIT_B2] = family[FAMILY_G2];
    out[FIT_DX] = -(double)s->cos1 * family[FAMILY_SHIFT];
    out[FIT_DY] = -(double)s->sin1 * family[FAMILY_SHIFT];
}

/* Fills the bins' start and the gradient of the template's own counts; sums the matrix. */
static void sum_matrix(vtr_likelihood *l, double matrix[FIT_NORMAL_N])
{
    const fit_model *m = &l->model;
    for (size_t j = 0; j < m->n_sectors; j++)
        for (size_t i = 0; i < m->n_radii; i++) {
            const fit_bin *b = &m->bins[j * m->n_radii + i];
            fit_bin_plan *plan = &l->plan[j * m->n_radii + i];
            if (!(plan->pixels > 0)) continue;
            double family[FAMILY_N], d[FIT_N], expected = (double)plan->expected;
            double weight =
                (double)plan->pixels / (expected * ((double)m->gain + (double)plan->speckle * expected) +
                                        (double)m->read_variance + 1e-30);
            rest_derivatives(l, b, family);
            parameter_derivatives(&m->sectors[j], family, d);
            for (int f = 0; f < FAMILY_N; f++)
                plan->start[f] = (float)(weight * family[f]);
            for (size_t a = 0; a < FIT_N; a++) {
                l->start.template_gradient[a] += weight * d[a] * expected;
                for (size_t c = 0; c <= a; c++)
                    matrix[fit_index(a, c)] += weight * d[a] * d[c];
            }
        }
}

void vtr_likelihood_start_create(vtr_likelihood *l)
{
    double matrix[FIT_NORMAL_N] = {0};
    sum_matrix(l, matrix);
    for (int level = 0; level < FIT_LEVELS; level++) {
        double with_prior[FIT_NORMAL_N], centre, amplitude = ldexp(1, level - FIT_LEVELS / 2);
        memcpy(with_prior, matrix, sizeof with_prior);
        for (int k = FIT_AC; k < FIT_N; k++)
            with_prior[fit_index((size_t)k, (size_t)k)] +=
                amplitude * vtr_likelihood_prior(l, amplitude, k, &centre);
        l->start.is_usable[level] = vtr_fit_invert(l->start.inverse[level], with_prior,
                                                   l->n_first > 0 ? l->fixed_first : l->fixed) == 0;
    }
}

/* Ring and background as in the template, at the lane's amplitude. */
static void start_heights(const vtr_likelihood *l, vtr_fit_batch *out, int lane)
{
    for (int k = FIT_A; k < FIT_N; k++)
        out->parameters[k][lane] = 0;
    out->parameters[FIT_A][lane] = (float)out->amplitude[lane];
    double level = out->amplitude[lane] * l->background_level;
    out->parameters[FIT_B0][lane] = (float)level;
    if (l->fixed[FIT_B1] == 0) out->parameters[FIT_B1][lane] = (float)(level * (double)l->model.bend[0]);
    if (l->fixed[FIT_B2] == 0) out->parameters[FIT_B2][lane] = (float)(level * (double)l->model.bend[1]);
}

void vtr_likelihood_start_lanes(const vtr_likelihood *l, vtr_likelihood_work *work, vtr_fit_batch *out)
{
    memset(out, 0, sizeof *out);
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        double amplitude = work->total[lane] / l->template_counts;
        if (!isfinite(amplitude))
            out->flags[lane] = VTR_FLAG_INVALID;
        else if (!(amplitude > 0))
            out->flags[lane] = VTR_FLAG_EMPTY;
        if (l->visible < least_visible) out->flags[lane] |= VTR_FLAG_FEW_PIXELS;
        if (out->flags[lane] != 0) amplitude = 1;
        out->amplitude[lane] = amplitude;
        start_heights(l, out, lane);
        double own = vtr_likelihood_own_part(work->total[lane] / l->gain);
        work->weighting.floor[lane] = (float)(least_expected * amplitude);
        work->weighting.own[lane] = (float)own;
        work->weighting.borrowed[lane] = (float)((1 - own) * amplitude);
        for (int k = 0; k < FIT_N; k++)
            work->prior.weight[k][lane] = vtr_likelihood_prior(l, amplitude, k, &work->prior.centre[k][lane]);
    }
}

/* With the amplitude A taken out, counts / A - template = J (shift, strain, heights / A), weighted as the template's:
 * the matrix is that of the template, and the prior on heights / A counts for 1 / A of what it counts there. */
static void start_lane(const vtr_likelihood *l, vtr_likelihood_work *work, double amplitude, int lane)
{
    int level = (int)lrint(log2(amplitude)) + FIT_LEVELS / 2;
    level = level < 0 ? 0 : level < FIT_LEVELS ? level : FIT_LEVELS - 1;
    double x[FIT_N] = {0}, decrement = 0;
    if (l->start.is_usable[level])
        for (int j = 0; j < FIT_N; j++) {
            double gradient = work->gradient[j][lane] - amplitude * l->start.template_gradient[j];
            const double *column = l->start.inverse[level][j]; /* the inverse is symmetric */
            work->gradient[j][lane] = gradient;
            for (int k = 0; k < FIT_N; k++)
                x[k] += column[k] * gradient;
        }
    for (int k = 0; k < FIT_N; k++) {
        decrement += x[k] * work->gradient[k][lane] / amplitude;
        work->step.step[k][lane] = k < FIT_A ? x[k] / amplitude : x[k];
    }
    work->step.decrement[lane] = decrement;
}

void vtr_likelihood_start_step(const vtr_likelihood *l, vtr_likelihood_work *work, const vtr_fit_batch *out)
{
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        start_lane(l, work, out->amplitude[lane], lane);
}
