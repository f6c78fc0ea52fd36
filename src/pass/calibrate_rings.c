/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"
#include "ring/speckle_rings.h"
#include "vitrail/polar.h"

/* Arcs of a ring, each a sector of the plan; and blocks of fixed number, so that sums do not depend on the threads. */
enum { ARCS = 48, BLOCKS = 16 };

/* One block's buffers and sums. */
typedef struct worker {
    vtr_polar_batch *batch;
    float *arcs, *mean, *variance; /* [ARCS][n][16], [n][16] */
    vtr_ring_lags lags;
} worker;

typedef struct measurement {
    const vtr_sample *sample;
    const vtr_sample_fits *fits;
    vtr_polar_plan *plan;
    vtr_noise noise;
    vtr_arc_fit arc_fit;
    size_t n; /* rings */
} measurement;

static vtr_status worker_create(worker *w, const measurement *m, vtr_error *err)
{
    *w = (worker){0};
    w->arcs = vtr_malloc(ARCS * m->n * VTR_LANES, sizeof *w->arcs);
    w->mean = vtr_malloc(m->n * VTR_LANES, sizeof *w->mean);
    w->variance = vtr_malloc(m->n * VTR_LANES, sizeof *w->variance);
    if (w->arcs == NULL || w->mean == NULL || w->variance == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    vtr_status status = vtr_ring_lags_create(&w->lags, m->n, ARCS, err);
    return status == VTR_OK ? vtr_polar_batch_create(&w->batch, err) : status;
}

static void worker_release(worker *w)
{
    vtr_polar_batch_free(&w->batch);
    vtr_ring_lags_release(&w->lags);
    vtr_free(w->arcs);
    vtr_free(w->mean);
    vtr_free(w->variance);
}

/* Frames first ... first + 15, with each one's own centre and strain taken out; those without a ring are left out. */
static vtr_status take_batch(worker *w, const measurement *m, size_t first, vtr_error *err)
{
    const void *frames[VTR_LANES] = {NULL};
    vtr_polar_lanes lanes = {0};
    for (size_t lane = 0; lane < VTR_LANES && first + lane < m->sample->n; lane++) {
        size_t i = first + lane;
        const double *p = m->fits->parameters[i];
        if (m->fits->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        frames[lane] = m->sample->frames + i * m->sample->det_y * m->sample->det_x;
        lanes.dx_px[lane] = (float)p[FIT_DX];
        lanes.dy_px[lane] = (float)p[FIT_DY];
        lanes.exx[lane] = (float)(p[FIT_M] + p[FIT_P]);
        lanes.eyy[lane] = (float)(p[FIT_M] - p[FIT_P]);
        lanes.exy[lane] = (float)p[FIT_Q];
    }
    vtr_profile_params params = vtr_profile_default_params(m->plan);
    params.noise = m->noise;
    vtr_status status = vtr_polar_bin(w->batch, m->plan, VTR_TYPE_F32, frames, NULL, err);
    if (status == VTR_OK)
        status = vtr_polar_profile(w->mean, w->variance, NULL, w->batch, &lanes, &params, err);
    params.n_sectors = ARCS;
    if (status == VTR_OK) status = vtr_polar_profile(w->arcs, NULL, NULL, w->batch, &lanes, &params, err);
    for (size_t lane = 0; status == VTR_OK && lane < VTR_LANES; lane++)
        for (size_t j = 0; j < m->n; j++) {
            double arcs[ARCS];
            for (size_t s = 0; s < ARCS; s++)
                arcs[s] = (double)w->arcs[(s * m->n + j) * VTR_LANES + lane];
            vtr_ring_lags_take(&w->lags, &m->arc_fit, j, arcs, (double)w->mean[j * VTR_LANES + lane],
                               (double)w->variance[j * VTR_LANES + lane]);
        }
    return status;
}

/* |u| of the farthest corner. */
static double largest_radius(const vtr_calibration *c)
{
    double most = 0;
    for (int k = 0; k < 4; k++) {
        double vx = (k & 1 ? (double)c->det_x - 1 : 0) - c->centre_x_px;
        double vy = (k & 2 ? (double)c->det_y - 1 : 0) - c->centre_y_px;
        most = fmax(most, hypot(c->wxx * vx + c->wxy * vy, c->wxy * vx + c->wyy * vy));
    }
    return most;
}

static vtr_status prepare(measurement *m, const vtr_calibration *c, const unsigned char *used, vtr_error *err)
{
    vtr_polar_geometry g = vtr_polar_default_geometry(c->det_y, c->det_x);
    g.used = used;
    g.centre_x_px = c->centre_x_px;
    g.centre_y_px = c->centre_y_px;
    g.wxx = c->wxx;
    g.wyy = c->wyy;
    g.wxy = c->wxy;
    g.n_sectors = ARCS;
    g.n_r = m->n = (size_t)largest_radius(c) + 2;
    m->noise = c->noise;
    vtr_status status = vtr_polar_plan_create(&m->plan, &g, err);
    return status == VTR_OK ? vtr_arc_fit_create(&m->arc_fit, m->n, ARCS, m->plan->n_pixels, err) : status;
}

static vtr_status take_block(vtr_ring_lags *lags, const measurement *m, size_t block)
{
    worker w;
    vtr_status status = worker_create(&w, m, NULL);
    for (size_t first = block * VTR_LANES; status == VTR_OK && first < m->sample->n;
         first += BLOCKS * VTR_LANES)
        status = take_batch(&w, m, first, NULL);
    if (status == VTR_OK) vtr_ring_lags_add(lags, &w.lags);
    worker_release(&w);
    return status;
}

/* Straight between the rings' means. */
static void store_mean(vtr_calibration *c, const vtr_ring_lags *sums)
{
    c->radial_step_px = (double)sums->n_radii / (VTR_CALIBRATION_RADII - 1);
    for (size_t i = 0; i < VTR_CALIBRATION_RADII; i++) {
        double place = fmax((double)i * c->radial_step_px - 0.5, 0);
        size_t j = (size_t)fmin(place, (double)sums->n_radii - 2);
        double part = fmin(place - (double)j, 1);
        double left = sums->n[j] > 0 ? sums->mean[j] / sums->n[j] : 0;
        double right = sums->n[j + 1] > 0 ? sums->mean[j + 1] / sums->n[j + 1] : 0;
        c->radial_mean[i] = left + part * (right - left);
    }
}

/* Over rings that are seen, each counting as much as the next. */
static double sample_noise(const measurement *m, const vtr_ring_lags *sums)
{
    double sum = 0, n = 0, read_variance = m->noise.read_noise * m->noise.read_noise;
    for (size_t j = 0; j < m->n; j++) {
        double pixels = 0;
        for (size_t s = 0; s < ARCS; s++)
            pixels += m->plan->n_pixels[j * ARCS + s];
        /* few counts: the variance is that of one electron at least */
        if (m->arc_fit.terms[j] == 0 || !(sums->mean[j] * pixels > 10 * m->noise.gain * sums->n[j])) continue;
        sum += sums->noise[j] * pixels / (m->noise.gain * sums->mean[j] + read_variance * sums->n[j]);
        n++;
    }
    return n > 0 ? fmin(fmax(sum / n, 0.5), 1) : 10.0 / 12;
}

/* Standard deviation of the patterns' centres about that of the calibration, along x and along y. */
static double centre_spread(const vtr_sample_fits *fits)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < fits->n; i++)
        if (!(fits->flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            sum += 0.5 * (pow(fits->parameters[i][FIT_DX], 2) + pow(fits->parameters[i][FIT_DY], 2));
            n++;
        }
    return n > 0 ? sqrt(sum / n) : 0;
}

vtr_status vtr_calibrate_rings(vtr_calibration *c, const unsigned char *used, const vtr_sample *sample,
                               const vtr_sample_fits *fits, int threads, vtr_error *err)
{
    measurement m = {.sample = sample, .fits = fits};
    vtr_ring_lags blocks[BLOCKS] = {0}, sums = {0};
    vtr_status status = prepare(&m, c, used, err);
    vtr_status failed = VTR_OK;
    for (size_t b = 0; status == VTR_OK && b < BLOCKS; b++)
        status = vtr_ring_lags_create(&blocks[b], m.n, ARCS, err);
    if (status == VTR_OK) status = vtr_ring_lags_create(&sums, m.n, ARCS, err);
    if (status != VTR_OK) goto cleanup;
#pragma omp parallel for num_threads(vtr_thread_count(threads)) schedule(dynamic)
    for (size_t b = 0; b < BLOCKS; b++) {
        vtr_status s = take_block(&blocks[b], &m, b);
        if (s != VTR_OK) {
#pragma omp critical(vtr_calibrate_rings_status)
            failed = s;
        }
    }
    if (failed != VTR_OK) {
        status = vtr_fail(err, failed, "out of memory for the speckle statistics");
        goto cleanup;
    }
    for (size_t b = 0; b < BLOCKS; b++)
        vtr_ring_lags_add(&sums, &blocks[b]);
    store_mean(c, &sums);
    c->sample_noise = sample_noise(&m, &sums);
    status = vtr_speckle_measure_rings(&c->speckle, &sums, &m.arc_fit, centre_spread(fits), err);
cleanup:
    for (size_t b = 0; b < BLOCKS; b++)
        vtr_ring_lags_release(&blocks[b]);
    vtr_ring_lags_release(&sums);
    vtr_arc_fit_release(&m.arc_fit);
    vtr_polar_plan_free(&m.plan);
    return status;
}
