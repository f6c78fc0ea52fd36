/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/likelihood_state.h"

/* Strains and shifts beyond which the geometry's series no longer hold. */
static const double largest_strain = 0.12, largest_shift = 0.22;
/* A step is the last when it leaves no more of chi-squared to gain than this: spread over all parameters, some
 * thousandths of a standard deviation. What is left is no noise, it always falls short: a fortieth, where speckle makes the
 * errors large, is 0.8 % of a strain of 1 %. A step leaves as much of its gain as it kept of the gain before. */
static const double least_left = 1e-4;
/* Where the step before tells nothing, this gain is the last: steps shrink at least tenfold near the answer. */
static const double final_decrement = 1e-2;
/* Steps that gain less hardly move the matrix: the one that is there serves. They may be the last, too. */
static const double small_decrement = 1;

void vtr_likelihood_load(const vtr_likelihood *l, vtr_likelihood_work *work, const float *sums)
{
    l->kernels->load(work->data, work->total, work->gradient, &l->model, sums);
}

static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* Takes the damped step in one lane, held to what the linearisation can bear; says whether it had to be held. */
static bool take_step(const vtr_likelihood *l, const vtr_likelihood_work *work, vtr_fit_batch *out, int lane)
{
    double step[FIT_N];
    for (int k = 0; k < FIT_N; k++)
        step[k] = work->damping[lane] * work->step.step[k][lane];
    double shift = length(step[FIT_DX], step[FIT_DY]),
           strain = fmax(fabs(step[FIT_M]), length(step[FIT_P], step[FIT_Q]));
    double most_shift = l->annulus_width_px / 8, most_strain = l->annulus_width_px / 8 / l->radius_px;
    double factor = 1;
    if (shift > most_shift) factor = most_shift / shift;
    if (strain * factor > most_strain) factor = most_strain / strain;
    for (int k = 0; k < FIT_N; k++)
        out->parameters[k][lane] += (float)(factor * step[k]);
    return factor < 1;
}

static bool is_out_of_range(const vtr_likelihood *l, const vtr_fit_batch *out, int lane)
{
    double shift = length((double)out->parameters[FIT_DX][lane], (double)out->parameters[FIT_DY][lane]);
    double m = (double)out->parameters[FIT_M][lane];
    double p = (double)out->parameters[FIT_P][lane], q = (double)out->parameters[FIT_Q][lane];
    return !(shift <= largest_shift * l->radius_px) || !(fabs(m) + length(p, q) <= largest_strain);
}

/* Height of the ring against its error, and the sizes of the other errors, decide whether there is a ring. */
static void judge_lane(const vtr_likelihood *l, vtr_fit_batch *out, int lane)
{
    double height = (double)out->parameters[FIT_A][lane];
    double strain_error = sqrt(out->covariance[FIT_P][FIT_P][lane] + out->covariance[FIT_Q][FIT_Q][lane]);
    double shift_error = sqrt(out->covariance[FIT_DX][FIT_DX][lane] + out->covariance[FIT_DY][FIT_DY][lane]);
    if (!(height > l->params.min_significance * out->height_error[lane]) ||
        !(strain_error < largest_strain) || !(sqrt(out->covariance[FIT_M][FIT_M][lane]) < largest_strain) ||
        !(shift_error < largest_shift * l->radius_px))
        out->flags[lane] |= VTR_FLAG_NO_RING;
    double spread = sqrt(2.0 / (double)l->degrees_of_freedom);
    if (out->chi2[lane] > 1.5 + 8 * spread) out->flags[lane] |= VTR_FLAG_POOR_FIT;
}

/* Between which levels of the excess a lane's amplitude lies. */
static void choose_level(fit_errors *errors, double amplitude, int lane)
{
    double position = log2(amplitude) + FIT_LEVELS / 2;
    if (!(position > 0)) position = 0;
    if (position > FIT_LEVELS - 1) position = FIT_LEVELS - 1;
    int level = (int)position;
    if (level > FIT_LEVELS - 2) level = FIT_LEVELS - 2;
    errors->amplitude[lane] = amplitude;
    errors->level[lane] = level;
    errors->level_part[lane] = position - level;
}

/* Covariances and verdicts of the lanes that have settled. */
static void finish_lanes(const vtr_likelihood *l, vtr_likelihood_work *work, vtr_fit_batch *out)
{
    work->errors.excess = l->has_excess ? &l->excess : NULL;
    work->errors.radius_px = l->radius_px;
    work->errors.ring_sigma_px = l->ring_width_px / 2.3548;
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        choose_level(&work->errors, out->amplitude[lane], lane);
    l->kernels->covariance(&work->covariance, &work->factors, &work->prior, &out->parameters[0][0],
                           &work->errors);
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        if (out->flags[lane] != 0) continue;
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++)
                out->covariance[i][j][lane] = work->covariance.covariance[i][j][lane];
        out->height_error[lane] = work->covariance.height_error[lane];
        judge_lane(l, out, lane);
    }
}

static void settle(vtr_likelihood_work *work, vtr_fit_batch *out, int lane, uint32_t flag)
{
    out->flags[lane] |= flag;
    work->is_settled[lane] = true;
    work->factors.is_wanted[lane] = 0;
}

/* The step from the template at rest. */
static void first_step(const vtr_likelihood *l, vtr_likelihood_work *work, vtr_fit_batch *out)
{
    vtr_likelihood_start_step(l, work, out);
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        work->damping[lane] = 1;
        work->decrement[lane] = INFINITY;
        work->is_settled[lane] = out->flags[lane] != 0;
        work->factors.is_wanted[lane] = work->is_settled[lane] ? 0 : -1;
        double decrement = work->step.decrement[lane];
        if (work->is_settled[lane] || !(decrement > 0) || isinf(decrement)) continue;
        out->iterations[lane]++;
        bool is_held = take_step(l, work, out, lane);
        if (!is_held && l->n_first == 0) work->decrement[lane] = decrement;
        if (is_out_of_range(l, out, lane)) settle(work, out, lane, VTR_FLAG_OUT_OF_RANGE);
    }
}

static bool is_last(double decrement, double before)
{
    if (decrement <= final_decrement) return true;
    return decrement <= small_decrement && isfinite(before) && decrement * decrement <= least_left * before;
}

/* One lane after its equations were solved: steps, and says whether it has settled. */
static void advance_lane(const vtr_likelihood *l, vtr_likelihood_work *work, vtr_fit_batch *out, int lane,
                         bool is_first)
{
    double decrement = work->step.decrement[lane], before = work->decrement[lane];
    if (work->factors.is_singular[lane]) {
        settle(work, out, lane, VTR_FLAG_NO_RING);
        return;
    }
    if (!isfinite(decrement)) {
        settle(work, out, lane, VTR_FLAG_NOT_CONVERGED);
        return;
    }
    out->iterations[lane]++;
    /* steps that hardly shrink go to and fro between two sides of the answer: shorter ones arrive */
    if (!is_first && decrement > 0.5 * before) work->damping[lane] = fmax(0.6 * work->damping[lane], 0.2);
    bool is_held = take_step(l, work, out, lane);
    work->decrement[lane] = is_first || is_held ? INFINITY : decrement;
    if (is_out_of_range(l, out, lane)) {
        settle(work, out, lane, VTR_FLAG_OUT_OF_RANGE);
    } else if (!is_first && is_last(decrement, before)) {
        out->chi2[lane] = (work->normal.chi2[lane] - decrement) / (double)l->degrees_of_freedom;
        settle(work, out, lane, 0);
    } else {
        bool has_fresh_factor = work->factors.is_wanted[lane] != 0;
        work->factors.is_wanted[lane] =
            !is_first && has_fresh_factor && decrement <= small_decrement ? 0 : -1;
    }
}

static bool is_any(const int64_t lanes[VTR_FIT_LANES])
{
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        if (lanes[lane] != 0) return true;
    return false;
}

static bool are_all(const bool lanes[VTR_FIT_LANES])
{
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        if (!lanes[lane]) return false;
    return true;
}

void vtr_likelihood_fit(const vtr_likelihood *l, vtr_likelihood_work *work, const float *sums,
                        vtr_fit_batch *out)
{
    const fit_kernels *kernels = l->kernels;
    vtr_likelihood_load(l, work, sums);
    vtr_likelihood_start_lanes(l, work, out);
    first_step(l, work, out);
    for (int iteration = 1; iteration < l->params.max_iterations && !are_all(work->is_settled); iteration++) {
        bool is_first = iteration < l->n_first, with_matrix = is_any(work->factors.is_wanted);
        kernels->equations(&work->normal, &l->model, work->data, &out->parameters[0][0], &work->weighting,
                           with_matrix);
        kernels->add_prior(&work->normal, &work->prior, &out->parameters[0][0]);
        if (with_matrix)
            kernels->factorise(&work->factors, &work->normal, is_first ? l->fixed_first : l->fixed);
        kernels->solve(&work->step, &work->factors, &work->normal);
        for (int lane = 0; lane < VTR_FIT_LANES; lane++)
            if (!work->is_settled[lane]) advance_lane(l, work, out, lane, is_first);
    }
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        if (!work->is_settled[lane]) out->flags[lane] |= VTR_FLAG_NOT_CONVERGED;
    finish_lanes(l, work, out);
}
