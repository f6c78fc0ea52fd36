/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "beam/disc_internal.h"
#include "vitrail/constants.h"

/* Frames of which less of the edge is seen are left out: parts of a disc say less about its form, and may be shadowed. */
static const double whole_edge = 0.9;
/* Of so many electrons the form is known better than any position needs. */
static const double enough_electrons = 1e6;
enum { SHAPE = 4, MOST_ROUNDS = 12, FIRST_ROUNDS = 2, GROUP = 32 };

/* One frame's or all frames' part of the shape's equations. */
typedef struct shape_equations {
    double score[SHAPE], information[SHAPE][SHAPE];
} shape_equations;

/* Score and information of the shape (and of the levels a, b, its neighbours) averaged over the centre: Louis' identity (J. R.
 * Stat. Soc. B 44, 226, 1982), the information is the mean one less the score's own variance. */
typedef struct centre_mean {
    double weight, score[DISC_N], square[DISC_N][DISC_N], information[DISC_N][DISC_N];
} centre_mean;

static void add_node(centre_mean *m, const disc_sums *s, double weight)
{
    m->weight += weight;
    for (size_t i = DISC_AMPLITUDE; i < DISC_N; i++) {
        m->score[i] += weight * s->score[i];
        for (size_t j = DISC_AMPLITUDE; j < DISC_N; j++) {
            m->square[i][j] += weight * s->score[i] * s->score[j];
            m->information[i][j] += weight * s->information[i][j];
        }
    }
}

/* Takes a and b out, which every frame has for itself. */
static void eliminate_levels(shape_equations *e, const centre_mean *m)
{
    double a[DISC_N][DISC_N];
    for (size_t i = DISC_AMPLITUDE; i < DISC_N; i++)
        for (size_t j = DISC_AMPLITUDE; j < DISC_N; j++) {
            double mean = m->score[i] * m->score[j] / (m->weight * m->weight);
            a[i][j] = m->information[i][j] / m->weight - (m->square[i][j] / m->weight - mean);
        }
    const size_t p = DISC_AMPLITUDE, q = DISC_BACKGROUND;
    double determinant = a[p][p] * a[q][q] - a[p][q] * a[p][q];
    if (!(determinant > 0)) return;
    for (size_t i = 0; i < SHAPE; i++) {
        const double *row = a[DISC_RADIUS + i];
        double by_p = (row[p] * a[q][q] - row[q] * a[p][q]) / determinant;
        double by_q = (row[q] * a[p][p] - row[p] * a[p][q]) / determinant;
        e->score[i] += (m->score[DISC_RADIUS + i] - by_p * m->score[p] - by_q * m->score[q]) / m->weight;
        for (size_t j = 0; j < SHAPE; j++)
            e->information[i][j] +=
                row[DISC_RADIUS + j] - by_p * a[DISC_RADIUS + j][p] - by_q * a[DISC_RADIUS + j][q];
    }
}

/* Adds a frame: the mean over a grid of centres about its own, 1.25 errors apart, the corners of 5 x 5 left out; where the
 * centre is known to a hundredth of the edge, at that alone. */
static void add_frame(shape_equations *e, disc_fit *f, double covariance[DISC_N][DISC_N], vtr_type type)
{
    const double spacing = 1.25, x = f->at[DISC_CX], y = f->at[DISC_CY];
    double step_x = spacing * sqrt(covariance[DISC_CX][DISC_CX]);
    double step_y = spacing * sqrt(covariance[DISC_CY][DISC_CY]), highest = 0;
    int half = fmax(step_x, step_y) < 0.0125 * f->params->disc_edge_px ? 0 : 2, side = 2 * half + 1;
    centre_mean mean;
    memset(&mean, 0, sizeof mean);
    f->is_free = true;
    for (int k = 0; k < side * side; k++) {
        int node = (k + side * side / 2) % (side * side); /* the middle first */
        int i = node % side - half, j = node / side - half;
        disc_sums s;
        if (i * i + j * j > 5) continue;
        f->at[DISC_CX] = x + i * step_x;
        f->at[DISC_CY] = y + j * step_y;
        vtr_disc_sums[type](&s, f);
        if (k == 0) highest = s.likelihood;
        add_node(&mean, &s, exp(fmin(s.likelihood - highest, 50)));
    }
    eliminate_levels(e, &mean);
}

/* What the rounds share. */
typedef struct shape_job {
    vtr_type type;
    const void *const *frames;
    const double (*starts)[2];
    size_t n;
} shape_job;

/* The equations of frame k with the shape as `params` have it, and its electrons; nothing where there is no whole disc. */
static double frame_equations(shape_equations *e, const shape_job *job, const vtr_beam_params *params,
                              size_t k)
{
    const double held[SHAPE] = {1e-4, 1e-4, 1e-4, 1e-4};
    const double shape[SHAPE] = {params->disc_radius_px, log(params->disc_edge_px), params->disc_skew,
                                 params->disc_flat};
    vtr_beam_params p = *params;
    disc_fit f = {.params = &p, .frame = job->frames[k]};
    disc_sums s;
    double covariance[DISC_N][DISC_N];
    memset(e, 0, sizeof *e);
    memcpy(p.disc_errors, held, sizeof held);
    if (job->starts != NULL) {
        p.start_x_px = job->starts[k][0];
        p.start_y_px = job->starts[k][1];
    }
    if (f.frame == NULL || !vtr_disc_fit_frame(&f, &s, covariance, job->type) || !vtr_disc_is_found(&f, &s) ||
        s.edge_seen < whole_edge * s.edge)
        return 0;
    memcpy(f.at + DISC_RADIUS, shape, sizeof shape);
    add_frame(e, &f, covariance, job->type);
    return f.at[DISC_AMPLITUDE] / p.noise.gain * VTR_PI * p.disc_radius_px * p.disc_radius_px;
}

/* Sums over the frames, by groups in parallel and in order, until there are electrons enough; the number of discs. */
static size_t sum_frames(shape_equations *e, const shape_job *job, const vtr_beam_params *params, size_t n)
{
    size_t n_found = 0;
    double electrons = 0;
    memset(e, 0, sizeof *e);
    for (size_t first = 0; first < n && electrons < enough_electrons; first += GROUP) {
        shape_equations parts[GROUP];
        double counts[GROUP];
        size_t n_group = n - first < GROUP ? n - first : GROUP;
#pragma omp parallel for schedule(dynamic)
        for (size_t k = 0; k < n_group; k++)
            counts[k] = frame_equations(&parts[k], job, params, first + k);
        for (size_t k = 0; k < n_group; k++) {
            n_found += counts[k] > 0;
            electrons += counts[k];
            for (size_t i = 0; i < SHAPE; i++) {
                e->score[i] += parts[k].score[i];
                for (size_t j = 0; j < SHAPE; j++)
                    e->information[i][j] += parts[k].information[i][j];
            }
        }
    }
    return n_found;
}

/* The step towards the highest likelihood with the priors about the first shape; false where nothing is to be learned. */
static bool solve(double step[SHAPE], double errors[SHAPE], const shape_equations *e,
                  const vtr_beam_params *params, const vtr_beam_params *first)
{
    double prior[SHAPE], factor[SHAPE][SHAPE];
    const double off[SHAPE] = {params->disc_radius_px - first->disc_radius_px,
                               log(params->disc_edge_px / first->disc_edge_px),
                               params->disc_skew - first->disc_skew, params->disc_flat - first->disc_flat};
    vtr_disc_prior_errors(prior, first);
    prior[1] = fmax(prior[1], 0.7); /* that the edge is known to a factor of two says enough here */
    memcpy(factor, e->information, sizeof factor);
    for (size_t k = 0; k < SHAPE; k++) {
        factor[k][k] += 1 / (prior[k] * prior[k]);
        step[k] = e->score[k] - off[k] / (prior[k] * prior[k]);
    }
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', SHAPE, &factor[0][0], SHAPE) != 0) return false;
    if (LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', SHAPE, 1, &factor[0][0], SHAPE, step, 1) != 0) return false;
    if (LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', SHAPE, &factor[0][0], SHAPE) != 0) return false;
    for (size_t k = 0; k < SHAPE; k++)
        errors[k] = sqrt(factor[k][k]);
    return true;
}

vtr_status vtr_beam_learn_disc(vtr_beam_params *params, vtr_type type, const void *const *frames,
                               const double (*starts)[2], size_t n, vtr_error *err)
{
    vtr_status status = vtr_disc_check_params(params, err);
    if (status != VTR_OK) return status;
    vtr_beam_params learned = *params;
    const shape_job job = {type, frames, starts, n};
    for (int round = 0; round < MOST_ROUNDS; round++) {
        shape_equations e;
        double step[SHAPE], errors[SHAPE];
        /* the first rounds only have to come near */
        size_t n_round = round < FIRST_ROUNDS && n > 8 * GROUP ? n / 8 : n;
        if (sum_frames(&e, &job, &learned, n_round) < 2)
            return vtr_fail(err, VTR_ERR_NO_DATA,
                            "fewer than two of %zu frames have a disc to learn the direct beam's form from",
                            n);
        if (!solve(step, errors, &e, &learned, params))
            return vtr_fail(err, VTR_ERR_NO_DATA, "%zu frames do not tell the form of the direct beam's disc",
                            n);
        double most = fmax(fabs(step[0]) / (0.2 * learned.disc_edge_px + 0.05), fabs(step[1]) / 0.3);
        double length = most > 1 ? 1 / most : 1;
        learned.disc_radius_px += length * step[0];
        learned.disc_edge_px *= exp(length * step[1]);
        learned.disc_skew += length * step[2];
        learned.disc_flat += length * step[3];
        memcpy(learned.disc_errors, errors, sizeof errors);
        bool is_settled = n_round == n;
        for (size_t k = 0; k < SHAPE; k++)
            is_settled = is_settled && fabs(step[k]) < 0.1 * errors[k];
        if (is_settled) break;
    }
    *params = learned;
    return VTR_OK;
}
