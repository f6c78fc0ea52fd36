/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pass/sample_fit.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"

vtr_status vtr_sample_fits_create(vtr_sample_fits *fits, size_t n, vtr_error *err)
{
    fits->n = n;
    fits->parameters = vtr_calloc(n, sizeof *fits->parameters);
    fits->variance = vtr_calloc(n, sizeof *fits->variance);
    fits->expected = vtr_calloc(n, sizeof *fits->expected);
    fits->chi2 = vtr_calloc(n, sizeof *fits->chi2);
    fits->amplitude = vtr_calloc(n, sizeof *fits->amplitude);
    fits->flags = vtr_calloc(n, sizeof *fits->flags);
    if (fits->parameters != NULL && fits->variance != NULL && fits->expected != NULL && fits->chi2 != NULL &&
        fits->amplitude != NULL && fits->flags != NULL)
        return VTR_OK;
    vtr_sample_fits_release(fits);
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sample's fits");
}

void vtr_sample_fits_release(vtr_sample_fits *fits)
{
    vtr_free(fits->parameters);
    vtr_free(fits->variance);
    vtr_free(fits->expected);
    vtr_free(fits->chi2);
    vtr_free(fits->amplitude);
    vtr_free(fits->flags);
    memset(fits, 0, sizeof *fits);
}

vtr_status vtr_calibration_plan(vtr_polar_plan **plan, const vtr_calibration *c, const unsigned char *used,
                                size_t n_radii, double shift_x_px, double shift_y_px, size_t n_annuli,
                                const double (*annuli_px)[2], vtr_error *err)
{
    vtr_polar_geometry geometry = vtr_polar_default_geometry(c->det_y, c->det_x);
    geometry.used = used;
    geometry.centre_x_px = c->centre_x_px + shift_x_px;
    geometry.centre_y_px = c->centre_y_px + shift_y_px;
    geometry.wxx = c->wxx;
    geometry.wyy = c->wyy;
    geometry.wxy = c->wxy;
    geometry.n_sectors = c->sectors;
    geometry.n_r = n_radii;
    geometry.r_step_px = 1;
    geometry.n_annuli = n_annuli;
    geometry.annuli_px = annuli_px;
    return vtr_polar_plan_create(plan, &geometry, err);
}

void vtr_bins_of_plan(vtr_ring_bins *bins, const vtr_polar_plan *plan)
{
    *bins = (vtr_ring_bins){.n_radii = plan->n_r,
                            .n_sectors = plan->n_sectors,
                            .n_pixels = plan->n_pixels,
                            .radius_px = plan->radius_px,
                            .cos1 = plan->cos1,
                            .sin1 = plan->sin1,
                            .cos2 = plan->cos2,
                            .sin2 = plan->sin2,
                            .centre_x_px = plan->centre_x_px,
                            .centre_y_px = plan->centre_y_px,
                            .wxx = plan->wxx,
                            .wyy = plan->wyy,
                            .wxy = plan->wxy};
}

vtr_ring_pixels vtr_pixels_of_plan(const vtr_polar_plan *plan, const unsigned char *used)
{
    vtr_ring_pixels pixels = {.det_y = plan->det_y,
                              .det_x = plan->det_x,
                              .used = used,
                              .r_step_px = plan->r_step_px,
                              .sector_start_rad = plan->sector_start_rad};
    vtr_bins_of_plan(&pixels.bins, plan);
    return pixels;
}

/* One worker's tools. */
typedef struct worker {
    vtr_polar_batch *batch;
    vtr_likelihood_work *work;
} worker;

static vtr_status worker_start(worker *w, const vtr_likelihood *likelihood)
{
    *w = (worker){0};
    w->work = vtr_likelihood_work_new(likelihood);
    return w->work == NULL ? VTR_ERR_MEMORY : vtr_polar_batch_create(&w->batch, NULL);
}

static void worker_end(worker *w)
{
    vtr_likelihood_work_free(w->work);
    vtr_polar_batch_free(&w->batch);
}

static vtr_status bin_batch(worker *w, const vtr_sample *sample, size_t first, const vtr_polar_plan *plan)
{
    const void *frames[VTR_LANES] = {NULL};
    for (size_t lane = 0; lane < VTR_LANES && first + lane < sample->n; lane++)
        frames[lane] = sample->frames + (first + lane) * sample->det_y * sample->det_x;
    return vtr_polar_bin(w->batch, plan, VTR_TYPE_F32, frames, NULL, NULL);
}

static void store_batch(vtr_sample_fits *fits, size_t first, const vtr_fit_batch *fit)
{
    for (size_t lane = 0; lane < VTR_LANES && first + lane < fits->n; lane++) {
        size_t i = first + lane;
        for (int k = 0; k < FIT_N; k++)
            fits->parameters[i][k] = (double)fit->parameters[k][lane];
        for (int k = 0; k < 5; k++)
            fits->variance[i][k] = fit->covariance[k][k][lane];
        fits->chi2[i] = fit->chi2[lane];
        fits->amplitude[i] = fit->amplitude[lane];
        fits->flags[i] = fit->flags[lane];
    }
}

vtr_status vtr_sample_fit(vtr_sample_fits *fits, const vtr_sample *sample, const vtr_polar_plan *plan,
                          const vtr_likelihood *likelihood, int threads, vtr_error *err)
{
    vtr_status status = VTR_OK;
    long n_batches = (long)((sample->n + VTR_LANES - 1) / VTR_LANES);
#pragma omp parallel num_threads(vtr_thread_count(threads))
    {
        worker w;
        vtr_status s = worker_start(&w, likelihood);
#pragma omp for schedule(dynamic)
        for (long b = 0; b < n_batches; b++) {
            vtr_fit_batch fit;
            if (s == VTR_OK) s = bin_batch(&w, sample, (size_t)b * VTR_LANES, plan);
            if (s != VTR_OK) continue;
            vtr_likelihood_fit(likelihood, w.work, w.batch->sums, &fit);
            store_batch(fits, (size_t)b * VTR_LANES, &fit);
        }
        worker_end(&w);
        if (s != VTR_OK) {
#pragma omp critical(vtr_sample_fit_status)
            status = s;
        }
    }
    return status == VTR_OK ? VTR_OK : vtr_fail(err, status, "out of memory for the sample's fits");
}

size_t vtr_sample_good(const vtr_sample_fits *fits)
{
    size_t n = 0;
    for (size_t i = 0; i < fits->n; i++)
        n += (fits->flags[i] & VTR_FLAGS_NO_RING_DATA) == 0;
    return n;
}

double vtr_sample_excess(const vtr_sample_fits *fits, int k, bool about_expected)
{
    double sum = 0, sum2 = 0, noise = 0, n = 0;
    for (size_t i = 0; i < fits->n; i++)
        if (!(fits->flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            double value = fits->parameters[i][k] - (about_expected ? fits->expected[i][k] : 0);
            sum += value;
            sum2 += value * value;
            noise += fits->variance[i][k];
            n++;
        }
    if (n < 3) return 0;
    /* the errors are a little small where a pattern has few counts: what they may explain is no scatter */
    double excess = (sum2 - sum * sum / n) / (n - 1) - 1.15 * noise / n;
    return excess > 0 ? excess : 0;
}

enum { N_BLOCKS = 16 };

/* Adds the batches block, block + N_BLOCKS, ... to the block's own equations. */
static vtr_status add_block(vtr_template_equations *equations, long block, const vtr_sample *sample,
                            const vtr_sample_fits *fits, const vtr_polar_plan *plan,
                            const vtr_likelihood *likelihood, const vtr_ring_template *ring,
                            const double excess[5])
{
    worker w;
    vtr_status status = worker_start(&w, likelihood);
    for (size_t first = (size_t)block * VTR_LANES; status == VTR_OK && first < sample->n;
         first += N_BLOCKS * VTR_LANES) {
        status = bin_batch(&w, sample, first, plan);
        if (status != VTR_OK) break;
        vtr_likelihood_load(likelihood, w.work, w.batch->sums);
        for (size_t lane = 0; lane < VTR_LANES && first + lane < sample->n; lane++) {
            size_t i = first + lane;
            if (fits->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
            double theta[FIT_N], posterior[5];
            memcpy(theta, fits->parameters[i], sizeof theta);
            for (int k = 0; k < 5; k++) {
                double expected = fits->expected[i][k];
                double believed = excess[k] / (excess[k] + fits->variance[i][k] + 1e-30);
                theta[k] = expected + believed * (theta[k] - expected);
                posterior[k] = believed * fits->variance[i][k];
            }
            vtr_likelihood_blend_heights(likelihood, fits->amplitude[i], theta);
            theta[FIT_M] -= fits->expected[i][FIT_M]; /* the template keeps its own scale of radii */
            vtr_likelihood_add_to_template(likelihood, w.work, (int)lane, theta, posterior, ring, equations);
        }
    }
    worker_end(&w);
    return status;
}

/* Brings E and the background to the scale in which the sample's mean heights equal its mean amplitude (counts over
 * those of the template): the fit borrows heights from the template by that amplitude. */
static void rescale(vtr_ring_template *ring, const vtr_sample_fits *fits, const vtr_likelihood *likelihood)
{
    double sum[FIT_N] = {0}, amplitude = 0;
    for (size_t i = 0; i < fits->n; i++)
        if (!(fits->flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            double theta[FIT_N];
            memcpy(theta, fits->parameters[i], sizeof theta);
            vtr_likelihood_blend_heights(likelihood, fits->amplitude[i], theta);
            for (int k = 0; k < FIT_N; k++)
                sum[k] += theta[k];
            amplitude += fits->amplitude[i];
        }
    if (!(amplitude > 0) || !(sum[FIT_A] > 0)) return;
    for (size_t k = 0; k < ring->n_knots; k++)
        ring->coefficients[k] *= sum[FIT_A] / amplitude;
    if (!(sum[FIT_B0] > 0)) return;
    ring->level = sum[FIT_B0] / amplitude;
    ring->bend[0] = sum[FIT_B1] / sum[FIT_B0];
    ring->bend[1] = sum[FIT_B2] / sum[FIT_B0];
}

vtr_status vtr_sample_template(vtr_ring_template *ring, const vtr_sample *sample, const vtr_sample_fits *fits,
                               const vtr_polar_plan *plan, const vtr_likelihood *likelihood, bool own,
                               int threads, vtr_error *err)
{
    vtr_template_equations *equations = vtr_calloc(N_BLOCKS, sizeof *equations);
    if (equations == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ring's profile");
    double excess[5];
    for (int k = 0; k < 5; k++)
        excess[k] = own ? vtr_sample_excess(fits, k, true) : 0;
    vtr_status status = VTR_OK;
#pragma omp parallel for schedule(dynamic) num_threads(vtr_thread_count(threads))
    for (long block = 0; block < N_BLOCKS; block++) {
        vtr_template_equations_start(&equations[block], ring);
        vtr_status s = add_block(&equations[block], block, sample, fits, plan, likelihood, ring, excess);
        if (s != VTR_OK) {
#pragma omp critical(vtr_sample_template_status)
            status = s;
        }
    }
    for (int block = 1; block < N_BLOCKS; block++)
        vtr_template_equations_merge(&equations[0], &equations[block]);
    status = status != VTR_OK ? vtr_fail(err, status, "out of memory for the ring's profile")
                              : vtr_template_equations_solve(&equations[0], ring, true, err);
    if (status == VTR_OK) rescale(ring, fits, likelihood);
    vtr_free(equations);
    return status;
}
