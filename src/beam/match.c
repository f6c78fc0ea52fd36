/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "beam/beam_internal.h"
#include "beam/disc_internal.h"
#include "beam/match_internal.h"

enum { CX, CY, AMPLITUDE, BACKGROUND, N };
enum { MOST_STEPS = 30, MOST_CLEANINGS = 8 };

/* A beam must have an amplitude of this many standard deviations, and this part of its edge must be seen. */
static const double least_significance = 5, least_edge = 0.4;
/* Settled when a step moves the centre by less than this part of its error. */
static const double settled_part = 0.03;

/* A centre's error that is no longer small against the edge. */
static const double coarse_part = 0.1;

typedef struct match {
    const vtr_beam_template *template;
    const vtr_beam_params *params;
    const match_kernels *kernels;
    vtr_beam_scratch *scratch;
    vtr_type type;
    const void *frame;
    double at[N];                 /* px, electrons */
    ptrdiff_t window_x, window_y; /* the window's middle pixel */
    bool is_saturated;
    double sums[MATCH_SUMS];
    double covariance[N][N];
} match;

static double least_mean(const match *m)
{
    double read = m->params->noise.read_noise / m->params->noise.gain;
    return read * read + 1e-4 * m->at[AMPLITUDE] + 1e-6;
}

static match_window window_of(const match *m)
{
    return (match_window){m->scratch->value, m->scratch->weight, m->template->window_side,
                          m->template->window_stride};
}

static match_level level_of(const match *m)
{
    return (match_level){(float)m->at[AMPLITUDE], (float)m->at[BACKGROUND], (float)(0.5 * least_mean(m))};
}

static void load_window(match *m)
{
    m->window_x = (ptrdiff_t)lround(m->at[CX]);
    m->window_y = (ptrdiff_t)lround(m->at[CY]);
    m->is_saturated =
        vtr_match_load(m->scratch, m->type, m->frame, m->template, m->params, m->window_x, m->window_y);
}

static void sum_window(match *m)
{
    match_taps taps;
    match_window window = window_of(m);
    match_level level = level_of(m);
    vtr_template_taps(&taps, m->template, (double)m->window_x - m->at[CX], (double)m->window_y - m->at[CY]);
    m->kernels->sums(m->sums, &window, &taps, &level);
}

/* Lower triangle L of a positive matrix, L L^T; false where it is none. */
static bool factorise(double a[N][N])
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            if (i == j && !(sum > 1e-12 * a[i][i])) return false;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    return true;
}

static void substitute(double x[N], double factor[N][N])
{
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= factor[i][k] * x[k];
        x[i] /= factor[i][i];
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int k = i + 1; k < N; k++)
            x[i] -= factor[k][i] * x[k];
        x[i] /= factor[i][i];
    }
}

/* The step of Fisher scoring and the covariance. A background at its floor that would fall further stays there. */
static bool solve(double step[N], match *m)
{
    const double *s = m->sums, a = m->at[AMPLITUDE];
    double information[N][N] = {{a * a * s[SUM_XX], 0, 0, 0},
                                {a * a * s[SUM_XY], a * a * s[SUM_YY], 0, 0},
                                {-a * s[SUM_XT], -a * s[SUM_YT], s[SUM_TT], 0},
                                {-a * s[SUM_X], -a * s[SUM_Y], s[SUM_T], s[SUM_1]}};
    const double score[N] = {-a * s[SUM_XD], -a * s[SUM_YD], s[SUM_TD], s[SUM_D]};
    bool is_at_floor = m->at[BACKGROUND] <= least_mean(m) && score[BACKGROUND] < 0;
    if (is_at_floor) information[BACKGROUND][BACKGROUND] *= 1e12;
    memcpy(step, score, sizeof score);
    if (!factorise(information)) return false;
    substitute(step, information);
    for (int k = 0; k < N; k++) {
        double column[N] = {0};
        column[k] = 1;
        substitute(column, information);
        memcpy(m->covariance[k], column, sizeof column);
    }
    return true;
}

static double centre_error(const match *m)
{
    return sqrt(fmin(m->covariance[CX][CX], m->covariance[CY][CY]));
}

/* Fisher scoring to the end; the window follows the centre. */
static bool settle(match *m)
{
    for (int k = 0; k < MOST_STEPS; k++) {
        double step[N];
        sum_window(m);
        if (!solve(step, m)) return false;
        /* no further than the edge is wide: beyond it the slope says nothing */
        double far = fmax(1, hypot(step[CX], step[CY]) / fmin(1, fmax(m->template->edge_px, 0.3)));
        for (int i = 0; i < N; i++)
            m->at[i] += step[i] / far;
        m->at[AMPLITUDE] = fmax(m->at[AMPLITUDE], 1e-6);
        m->at[BACKGROUND] = fmax(m->at[BACKGROUND], least_mean(m));
        if (!isfinite(m->at[CX] + m->at[CY])) return false;
        if (hypot(step[CX], step[CY]) < settled_part * centre_error(m)) return true;
        if (fabs(m->at[CX] - (double)m->window_x) <= 1 && fabs(m->at[CY] - (double)m->window_y) <= 1)
            continue;
        if (hypot(m->at[CX] - m->params->start_x_px, m->at[CY] - m->params->start_y_px) >
            2 * m->params->search_px)
            return false;
        if (m->frame == NULL) return false;
        load_window(m);
    }
    return false;
}

bool vtr_match_window(vtr_match_state *state, const vtr_beam_template *template, vtr_beam_scratch *scratch,
                      const vtr_beam_params *params)
{
    match m = {.template = template,
               .params = params,
               .kernels = vtr_match_kernels_best(),
               .scratch = scratch,
               .at = {state->x, state->y, state->amplitude, state->background}};
    m.at[BACKGROUND] = fmax(m.at[BACKGROUND], least_mean(&m));
    if (!settle(&m)) return false;
    *state = (vtr_match_state){m.at[CX], m.at[CY], m.at[AMPLITUDE], m.at[BACKGROUND]};
    return true;
}

/* The centre on whole pixels at which the template takes most out of the squares of the counts, amplitude and background free:
 * where no centre of mass leads there, since part of the disc is missing. */
static bool search(match *m)
{
    const vtr_beam_params *p = m->params;
    ptrdiff_t reach = (ptrdiff_t)p->search_px, x0 = lround(p->start_x_px), y0 = lround(p->start_y_px);
    double best = 0, found[N] = {NAN};
    const match_level level = {0, 1, 1}; /* m = 1: plain sums */
    for (ptrdiff_t y = y0 - reach; y <= y0 + reach; y++)
        for (ptrdiff_t x = x0 - reach; x <= x0 + reach; x++) {
            match_taps taps;
            match_window window = window_of(m);
            if (x < 0 || y < 0 || x >= (ptrdiff_t)p->det_x || y >= (ptrdiff_t)p->det_y) continue;
            m->at[CX] = (double)x;
            m->at[CY] = (double)y;
            load_window(m);
            vtr_template_taps(&taps, m->template, 0, 0);
            m->kernels->sums(m->sums, &window, &taps, &level);
            const double *s = m->sums;
            double values = s[SUM_D] + s[SUM_1], products = s[SUM_TD] + s[SUM_T];
            double spread = s[SUM_TT] - s[SUM_T] * s[SUM_T] / s[SUM_1];
            double common = products - values * s[SUM_T] / s[SUM_1];
            if (!(spread > 0.2 * m->template->area_px) || !(common > 0) || common * common / spread <= best)
                continue;
            best = common * common / spread;
            const double at[N] = {(double)x, (double)y, common / spread,
                                  (values - common / spread * s[SUM_T]) / s[SUM_1]};
            memcpy(found, at, sizeof found);
        }
    memcpy(m->at, found, sizeof found);
    return isfinite(found[CX]);
}

static bool start(match *m)
{
    const vtr_beam_params *p = m->params;
    vtr_beam_position mass;
    bool has_mass = vtr_beam_centre_of_mass(&mass, m->type, m->frame, p, NULL) == VTR_OK &&
                    (mass.flags & VTR_FLAG_NO_BEAM) == 0;
    if (!has_mass && (m->template->is_disc || !search(m))) return false;
    if (has_mass) {
        double read = p->noise.read_noise / p->noise.gain;
        m->at[CX] = mass.x_px;
        m->at[CY] = mass.y_px;
        m->at[AMPLITUDE] = mass.counts / p->noise.gain / m->template->area_px;
        m->at[BACKGROUND] = (mass.background - p->noise.offset) / p->noise.gain + read * read;
    }
    m->at[BACKGROUND] = fmax(m->at[BACKGROUND], least_mean(m));
    load_window(m);
    return true;
}

/* How much larger the residuals are than they should be, where that is no chance. */
static double excess(const match *m)
{
    double ratio = m->sums[SUM_RESIDUAL] / m->sums[SUM_MEAN];
    double scatter = sqrt(2 * m->sums[SUM_MEAN2] + m->sums[SUM_MEAN]) / m->sums[SUM_MEAN];
    return ratio > 1 + 4 * scatter ? ratio : 1;
}

/* Leaves out pixels that are off by more than a factor of two and five standard deviations; their number. */
static size_t clean(match *m)
{
    match_taps taps;
    size_t n = 0, stride = m->template->window_stride;
    vtr_template_taps(&taps, m->template, (double)m->window_x - m->at[CX], (double)m->window_y - m->at[CY]);
    for (size_t y = 0; y < m->template->window_side; y++)
        for (size_t x = 0; x < m->template->window_side; x++) {
            double t = 0, value = m->scratch->value[y * stride + x];
            if (m->scratch->weight[y * stride + x] == 0) continue;
            for (int j = 0; j < MATCH_TAPS; j++)
                for (int i = 0; i < MATCH_TAPS; i++)
                    t += (double)taps.weight_y[j] * (double)taps.weight_x[i] *
                         (double)taps.node[j][i][y * taps.columns + x];
            double mean = fmax(m->at[BACKGROUND] + m->at[AMPLITUDE] * t, least_mean(m)), off = value - mean;
            if (fabs(off) <= 5 * sqrt(mean) || (value >= 0.5 * mean && value <= 2 * mean)) continue;
            m->scratch->weight[y * stride + x] = 0;
            n++;
        }
    return n;
}

/* Settles, and with a mean disc again without what does not belong to it. A disc's own fit knows better what to do then. */
static bool fit(match *m)
{
    if (!start(m) || !settle(m)) return false;
    if (m->template->is_disc) return excess(m) == 1 && !m->is_saturated;
    for (int k = 0; k < MOST_CLEANINGS && excess(m) > 1 && clean(m) > 0; k++) {
        ptrdiff_t x = m->window_x, y = m->window_y;
        if (!settle(m)) return false;
        if (m->window_x != x || m->window_y != y) clean(m); /* the window was read again */
    }
    return true;
}

static bool is_found(const match *m)
{
    const vtr_beam_params *p = m->params;
    double x = m->at[CX], y = m->at[CY], margin = 0.5 * m->template->radius_px, a = m->at[AMPLITUDE];
    return hypot(x - p->start_x_px, y - p->start_y_px) <= p->search_px && x >= margin && y >= margin &&
           x <= (double)p->det_x - 1 - margin && y <= (double)p->det_y - 1 - margin &&
           m->sums[SUM_SLOPE] >= least_edge * m->template->slope &&
           a * a * m->sums[SUM_TT] > least_significance * least_significance;
}

/* Within what the template's table allows about a window. */
static double keep_near(double off)
{
    return fmin(fmax(off, -2), 2);
}

/* Where the centre's error comes near the width of the edge, the likelihood is no parabola about its maximum: its mean over
 * the centre, and its spread, are the better estimate and the true error (E. J. G. Pitman, Biometrika 30, 391, 1939), summed
 * over a grid of 5 x 5 centres without its corners. At 1.5 errors apart the sum over a normal distribution is right to 1 %. */
static void average_centre(match *m)
{
    enum { HALF = 2, SIDE = 2 * HALF + 1, MOST_APART = 5 };
    double step_x = 1.5 * sqrt(m->covariance[CX][CX]), step_y = 1.5 * sqrt(m->covariance[CY][CY]);
    double highest = 0, total = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    match_window window = window_of(m);
    match_level level = level_of(m);
    for (int k = 0; k < SIDE * SIDE; k++) {
        int node = (k + SIDE * SIDE / 2) % (SIDE * SIDE); /* the middle first */
        int i = node % SIDE - HALF, j = node / SIDE - HALF;
        double u = i * step_x, v = j * step_y;
        match_taps taps;
        if (i * i + j * j > MOST_APART) continue;
        vtr_template_taps(&taps, m->template, keep_near((double)m->window_x - m->at[CX] - u),
                          keep_near((double)m->window_y - m->at[CY] - v));
        double value = m->kernels->likelihood(&window, &taps, &level);
        if (k == 0) highest = value;
        double weight = exp(fmin(value - highest, 50));
        total += weight;
        x += weight * u;
        y += weight * v;
        xx += weight * u * u;
        yy += weight * v * v;
        xy += weight * u * v;
    }
    x /= total;
    y /= total;
    m->at[CX] += x;
    m->at[CY] += y;
    m->covariance[CX][CX] = xx / total - x * x;
    m->covariance[CY][CY] = yy / total - y * y;
    m->covariance[CX][CY] = xy / total - x * y;
}

static void report(vtr_beam_position *position, match *m)
{
    const vtr_noise *noise = &m->params->noise;
    double scale = excess(m), read = noise->read_noise / noise->gain;
    double error = centre_error(m) / m->template->edge_px;
    if (error > coarse_part) average_centre(m);
    if (error > 2.5 * coarse_part)
        average_centre(m); /* about what the first found: the curvature misled it */
    *position = (vtr_beam_position){
        .x_px = m->at[CX],
        .y_px = m->at[CY],
        .covariance = {scale * m->covariance[CX][CX], scale * m->covariance[CY][CY],
                       scale * m->covariance[CX][CY]},
        .counts = noise->gain * m->at[AMPLITUDE] * m->template->area_px,
        .background = noise->gain * (m->at[BACKGROUND] - read * read) + noise->offset,
        .flags = m->is_saturated ? VTR_FLAG_SATURATED : 0,
    };
}

vtr_status vtr_beam_match(vtr_beam_position *position, vtr_type type, const void *frame,
                          const vtr_beam_template *template, vtr_beam_scratch *scratch,
                          const vtr_beam_params *params, vtr_error *err)
{
    vtr_status status = vtr_disc_check_params(params, err);
    if (status != VTR_OK) return status;
    match m = {.template = template,
               .params = params,
               .kernels = vtr_match_kernels_best(),
               .scratch = scratch,
               .type = type,
               .frame = frame};
    if (frame == NULL)
        lose_beam(position, VTR_FLAG_MISSING | VTR_FLAG_NO_BEAM);
    else if (fit(&m) && is_found(&m))
        report(position, &m);
    else if (template->is_disc)
        return vtr_beam_disc(position, type, frame, params, err);
    else
        lose_beam(position, VTR_FLAG_NO_BEAM);
    return VTR_OK;
}
