/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "beam/disc_internal.h"
#include "beam/match_internal.h"
#include "vitrail/constants.h"

enum { MEAN_NODES = 4, ROUNDS = 3, MOST_CG_STEPS = 60 };

/* Of second differences between nodes: their mean square in a disc with an edge of half a pixel, which says how far noise has
 * to be smoothed; and what ties nodes that no pixel came near, relative to the number of frames. */
static const double usual_bend = 0.0003, least_smoothing = 1e-5;

/* One frame as it enters the mean. */
typedef struct mean_frame {
    float *value, *weight; /* its window, electrons */
    double x, y;           /* centre less the window's middle */
    double window_x, window_y;
    double amplitude, background; /* electrons */
} mean_frame;

typedef struct mean_job {
    vtr_beam_template *template;
    mean_frame *frames;
    size_t n;
    double smoothing;
    double *row;  /* [window_side] */
    double *work; /* [4][n_coefficients] */
    size_t n_coefficients;
} mean_job;

static void release(mean_job *job)
{
    for (size_t k = 0; job->frames != NULL && k < job->n; k++) {
        vtr_free(job->frames[k].value);
        vtr_free(job->frames[k].weight);
    }
    vtr_free(job->frames);
    vtr_free(job->work);
    vtr_free(job->row);
    vtr_beam_template_free(job->template);
}

/* Takes a frame whose centre of mass is known into the job. */
static bool take(mean_job *job, const vtr_beam_position *mass, vtr_type type, const void *frame,
                 const vtr_beam_params *params)
{
    const vtr_beam_template *t = job->template;
    const vtr_noise *noise = &params->noise;
    size_t n = t->window_side * t->window_stride;
    double read = noise->read_noise / noise->gain;
    mean_frame *f = &job->frames[job->n++];
    f->value = vtr_calloc(n, sizeof *f->value);
    f->weight = vtr_calloc(n, sizeof *f->weight);
    if (f->value == NULL || f->weight == NULL) return false;
    vtr_beam_scratch scratch = {f->value, f->weight};
    f->window_x = (double)lround(mass->x_px);
    f->window_y = (double)lround(mass->y_px);
    vtr_match_load(&scratch, type, frame, t, params, (ptrdiff_t)f->window_x, (ptrdiff_t)f->window_y);
    f->x = mass->x_px - f->window_x;
    f->y = mass->y_px - f->window_y;
    f->amplitude = mass->counts / noise->gain / (VTR_PI * t->radius_px * t->radius_px);
    f->background = (mass->background - noise->offset) / noise->gain + read * read;
    return true;
}

/* Adds the frame's part of the normal equations to `out`: |weight| A^T w A c, or where `weight` is negative |weight| A^T w (y - A c),
 * A the spline at the frame's pixels and w its used ones. */
static void add_frame(double *out, const mean_job *job, const mean_frame *f, const double *coefficients,
                      double weight)
{
    const vtr_beam_template *t = job->template;
    match_taps taps;
    vtr_template_taps(&taps, t, -f->x, -f->y);
    for (size_t y = 0; y < t->window_side; y++) {
        double *row = job->row;
        for (size_t x = 0; x < t->window_side; x++)
            row[x] = 0;
        for (size_t k = 0; k < MATCH_TAPS * MATCH_TAPS; k++) {
            size_t first =
                (size_t)(taps.node[k / MATCH_TAPS][k % MATCH_TAPS] - t->coefficients) + y * t->columns;
            double w = (double)taps.weight_y[k / MATCH_TAPS] * (double)taps.weight_x[k % MATCH_TAPS];
            for (size_t x = 0; x < t->window_side; x++)
                row[x] += w * coefficients[first + x];
        }
        const float *value = f->value + y * t->window_stride, *used = f->weight + y * t->window_stride;
        for (size_t x = 0; x < t->window_side; x++)
            row[x] = weight > 0 ? weight * (double)used[x] * row[x]
                                : weight * (double)used[x] *
                                      (row[x] - ((double)value[x] - f->background) / f->amplitude);
        for (size_t k = 0; k < MATCH_TAPS * MATCH_TAPS; k++) {
            size_t first =
                (size_t)(taps.node[k / MATCH_TAPS][k % MATCH_TAPS] - t->coefficients) + y * t->columns;
            double w = (double)taps.weight_y[k / MATCH_TAPS] * (double)taps.weight_x[k % MATCH_TAPS];
            for (size_t x = 0; x < t->window_side; x++)
                out[first + x] += w * row[x];
        }
    }
}

/* Adds `factor` times the gradient of the summed squares of second differences along one axis. */
static void add_smoothing(double *out, const mean_job *job, const double *c, double factor, bool is_along_x)
{
    const vtr_beam_template *t = job->template;
    size_t n = MEAN_NODES * t->rows;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 1; b + 1 < n; b++) {
            size_t place[3];
            for (size_t k = 0; k < 3; k++)
                place[k] =
                    is_along_x ? vtr_template_place(t, a, b + k - 1) : vtr_template_place(t, b + k - 1, a);
            double bend = factor * (c[place[0]] - 2 * c[place[1]] + c[place[2]]);
            out[place[0]] += bend;
            out[place[1]] -= 2 * bend;
            out[place[2]] += bend;
        }
}

static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* The frame's weight: the variance of (v - b)/a is about 1/a. */
static double weight_of(const mean_job *job, const mean_frame *f)
{
    double mean = 0;
    for (size_t k = 0; k < job->n; k++)
        mean += job->frames[k].amplitude / (double)job->n;
    return f->amplitude / mean;
}

/* The coefficients by conjugate gradients on the normal equations, from those that are there. */
static void solve(mean_job *job)
{
    size_t n = job->n_coefficients;
    double *c = job->work, *residual = c + n, *direction = c + 2 * n, *image = c + 3 * n;
    memset(residual, 0, n * sizeof *residual);
    for (size_t k = 0; k < job->n; k++)
        add_frame(residual, job, &job->frames[k], c, -weight_of(job, &job->frames[k]));
    add_smoothing(residual, job, c, -job->smoothing, true);
    add_smoothing(residual, job, c, -job->smoothing, false);
    memcpy(direction, residual, n * sizeof *direction);
    double square = product(residual, residual, n), first = square;
    for (int step = 0; step < MOST_CG_STEPS && square > 1e-8 * first; step++) {
        memset(image, 0, n * sizeof *image);
        for (size_t k = 0; k < job->n; k++)
            add_frame(image, job, &job->frames[k], direction, weight_of(job, &job->frames[k]));
        add_smoothing(image, job, direction, job->smoothing, true);
        add_smoothing(image, job, direction, job->smoothing, false);
        double length = square / product(direction, image, n);
        for (size_t k = 0; k < n; k++) {
            c[k] += length * direction[k];
            residual[k] -= length * image[k];
        }
        double next = product(residual, residual, n);
        for (size_t k = 0; k < n; k++)
            direction[k] = residual[k] + next / square * direction[k];
        square = next;
    }
    for (size_t k = 0; k < n; k++)
        job->template->coefficients[k] = (float)c[k];
}

/* The template's value at a node. */
static double at_node(const vtr_beam_template *t, size_t j, size_t i)
{
    const double side = 1.0 / 6, middle = 4.0 / 6, w[3] = {side, middle, side};
    double sum = 0;
    for (size_t k = 0; k < 9; k++)
        sum += w[k / 3] * w[k % 3] *
               (double)t->coefficients[vtr_template_place(t, j + k / 3 - 1, i + k % 3 - 1)];
    return sum;
}

/* Centre of mass of the template about its middle, above its mean in the background's ring. */
static void centre_of_template(double off[2], const vtr_beam_template *t, const vtr_beam_params *params)
{
    double n_ring = 0, ring = 0, sum[3] = {0}, number[3] = {0};
    for (size_t j = 1; j + 1 < MEAN_NODES * t->rows; j++)
        for (size_t i = 1; i + 1 < MEAN_NODES * t->rows; i++) {
            double x = (double)i / MEAN_NODES - (double)t->half_px,
                   y = (double)j / MEAN_NODES - (double)t->half_px;
            double r = hypot(x, y), value = at_node(t, j, i);
            if (r >= params->background_px[0] && r <= params->background_px[1]) {
                ring += value;
                n_ring++;
            }
            if (r > params->radius_px) continue;
            const double place[3] = {1, x, y};
            for (size_t k = 0; k < 3; k++) {
                sum[k] += place[k] * value;
                number[k] += place[k];
            }
        }
    double background = n_ring > 0 ? ring / n_ring : 0, total = sum[0] - background * number[0];
    off[0] = (sum[1] - background * number[1]) / total;
    off[1] = (sum[2] - background * number[2]) / total;
}

/* Matches each frame to the template of this round; frames that do not match keep what they had. */
static void match_frames(mean_job *job, const vtr_beam_params *params)
{
    for (size_t k = 0; k < job->n; k++) {
        mean_frame *f = &job->frames[k];
        vtr_match_state state = {
            .x = f->x, .y = f->y, .amplitude = f->amplitude, .background = f->background};
        vtr_beam_scratch scratch = {f->value, f->weight};
        if (!vtr_match_window(&state, job->template, &scratch, params)) continue;
        f->x = state.x;
        f->y = state.y;
        f->amplitude = state.amplitude;
        f->background = state.background;
    }
}

static void find_mean(mean_job *job, const vtr_beam_params *params)
{
    double amplitude = 0, off[2];
    for (size_t k = 0; k < job->n; k++)
        amplitude += job->frames[k].amplitude / (double)job->n;
    job->smoothing = 1 / (usual_bend * amplitude) + least_smoothing * (double)job->n;
    for (int round = 0; round < ROUNDS; round++) {
        solve(job);
        vtr_template_measure(job->template);
        if (round + 1 < ROUNDS) match_frames(job, params);
        centre_of_template(off, job->template, params);
        for (size_t k = 0; k < job->n && round + 1 < ROUNDS; k++) {
            job->frames[k].x += off[0];
            job->frames[k].y += off[1];
        }
    }
}

static vtr_status take_frames(mean_job *job, const vtr_beam_params *params, vtr_type type,
                              const void *const *frames, const double (*starts)[2], size_t n, vtr_error *err)
{
    for (size_t k = 0; k < n; k++) {
        vtr_beam_params p = *params;
        vtr_beam_position mass;
        if (starts != NULL) {
            p.start_x_px = starts[k][0];
            p.start_y_px = starts[k][1];
        }
        vtr_status status =
            frames[k] == NULL ? VTR_OK : vtr_beam_centre_of_mass(&mass, type, frames[k], &p, err);
        if (status != VTR_OK) return status;
        if (frames[k] == NULL || mass.flags != 0) continue;
        if (!take(job, &mass, type, frames[k], &p))
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean of %zu direct beams", n);
    }
    if (job->n == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "none of %zu frames has a direct beam to take the mean disc from", n);
    return VTR_OK;
}

vtr_status vtr_beam_template_mean(vtr_beam_template **out, const vtr_beam_params *params, vtr_type type,
                                  const void *const *frames, const double (*starts)[2], size_t n,
                                  vtr_error *err)
{
    mean_job job = {0};
    vtr_status status = vtr_disc_check_params(params, err);
    if (status != VTR_OK) return status;
    job.template = vtr_template_new(params, MEAN_NODES);
    job.frames = vtr_calloc(n, sizeof *job.frames);
    job.n_coefficients =
        job.template != NULL ? MEAN_NODES * MEAN_NODES * job.template->rows * job.template->columns : 0;
    job.work = vtr_calloc(4 * job.n_coefficients, sizeof *job.work);
    job.row = vtr_calloc(job.template != NULL ? job.template->window_side : 1, sizeof *job.row);
    if (job.template == NULL || job.frames == NULL || job.work == NULL || job.row == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mean of %zu direct beams", n);
    else
        status = take_frames(&job, params, type, frames, starts, n, err);
    if (status == VTR_OK) {
        find_mean(&job, params);
        *out = job.template;
        job.template = NULL;
    }
    release(&job);
    return status;
}
