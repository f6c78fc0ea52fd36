/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"
#include "ring/speckle_rings.h"

/* Errors of the profile's samples at the mean of the recording: noise, part of which neighbours share, and speckle, whose
 * grains reach over some samples. */

vtr_status map_speckle_of_samples(float **out, const map_job *job, size_t n_sectors, vtr_error *err)
{
    const vtr_profile_params *p = &job->profile;
    vtr_speckle_samples samples = {p->r_first_px, p->r_step_px, p->n, n_sectors};
    vtr_polar_plan *plan = NULL;
    if (!(job->calibration->speckle.contrast > 0)) return VTR_OK;
    *out = vtr_calloc(p->n * (n_sectors > 0 ? n_sectors : 1), sizeof **out);
    if (*out == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle's terms");
    vtr_status status =
        vtr_calibration_plan(&plan, job->calibration, job->used, job->n_radii, 0, 0, 0, NULL, err);
    if (status != VTR_OK) return status;
    vtr_ring_pixels pixels = vtr_pixels_of_plan(plan, job->used);
    status = vtr_speckle_of_samples(*out, &job->calibration->speckle, &samples, &pixels, err);
    vtr_polar_plan_free(&plan);
    return status;
}

/* Everything per sample at the mean of the recording. */
typedef struct samples {
    size_t n, n_kinship;
    double *pixels, *mean, *speckle; /* [n] each: number, recorded units, relative variance */
    double *kinship;                 /* [n_kinship] correlation by speckle of samples so far apart */
    double noise_part;               /* of calibration: sample_noise */
} samples;

enum { MOST_LAGS = 64 };

static vtr_status samples_create(samples *s, size_t n, vtr_error *err)
{
    double *all = vtr_calloc(3 * n + MOST_LAGS, sizeof *all);
    *s = (samples){.n = n, .pixels = all};
    if (all == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profile's errors");
    s->mean = all + n;
    s->speckle = all + 2 * n;
    s->kinship = all + 3 * n;
    return VTR_OK;
}

/* Shares out a value at radius r to the samples on both sides. */
static void split(double *values, const vtr_profile_params *p, double radius, double value)
{
    double place = (radius - p->r_first_px) / p->r_step_px, low = floor(place), part = place - low;
    if (low >= 0 && low < (double)p->n) values[(size_t)low] += (1 - part) * value;
    if (low >= -1 && low + 1 < (double)p->n) values[(size_t)(low + 1)] += part * value;
}

static double radial_mean(const vtr_calibration *c, double radius)
{
    double place = fmax(radius, 0) / c->radial_step_px;
    size_t i = (size_t)fmin(place, VTR_CALIBRATION_RADII - 2);
    double part = fmin(place - (double)i, 1);
    return fmax(c->radial_mean[i] + part * (c->radial_mean[i + 1] - c->radial_mean[i]), 0);
}

static void describe_samples(samples *s, const map_job *job)
{
    const vtr_profile_params *p = &job->profile;
    const vtr_calibration *c = job->calibration;
    const vtr_polar_plan *plan = job->variants[0].plan;
    s->noise_part = c->sample_noise;
    for (size_t b = 0; b < plan->n_bins; b++)
        if (plan->n_pixels[b] > 0)
            split(s->pixels, p, (double)(b / plan->n_sectors) + 0.5, plan->n_pixels[b]);
    for (size_t j = 0; j < s->n && c->radial_step_px > 0; j++) {
        s->mean[j] = radial_mean(c, p->r_first_px + (double)j * p->r_step_px);
        s->speckle[j] = job->errors.speckle != NULL ? (double)job->errors.speckle[j] : 0;
    }
}

static void describe_kinship(samples *s, const map_job *job)
{
    const vtr_profile_params *p = &job->profile;
    vtr_speckle_samples places = {p->r_first_px, p->r_step_px, p->n, 0};
    const vtr_calibration *c = job->calibration;
    for (s->n_kinship = 0; s->n_kinship < MOST_LAGS; s->n_kinship++) {
        double value = vtr_speckle_sample_correlation(&c->speckle, &places, c->ring.radius_px, s->n_kinship);
        if (!(value > 1e-3)) break;
        s->kinship[s->n_kinship] = value;
    }
}

/* Covariance of two samples. What noise a sample does not have alone it shares with two neighbours. */
static double covariance(const samples *s, const vtr_noise *noise, size_t j, size_t k)
{
    size_t lag = k - j;
    double sum = 0, counts = 0.5 * (s->mean[j] + s->mean[k]);
    if (lag < 2 && s->pixels[j] > 0 && s->pixels[k] > 0)
        sum = (noise->gain * counts + noise->read_noise * noise->read_noise) *
              (lag == 0 ? s->noise_part : 0.5 * (1 - s->noise_part)) / sqrt(s->pixels[j] * s->pixels[k]);
    if (lag < s->n_kinship)
        sum += s->mean[j] * s->mean[k] * sqrt(s->speckle[j] * s->speckle[k]) * s->kinship[lag];
    return sum;
}

static vtr_status correlate(map_errors *e, const samples *s, const vtr_noise *noise, vtr_error *err)
{
    e->n_lags = s->n_kinship > 2 ? s->n_kinship : 2;
    e->correlation = vtr_calloc(e->n_lags * s->n, sizeof *e->correlation);
    if (e->correlation == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the profile's errors");
    for (size_t lag = 0; lag < e->n_lags; lag++)
        for (size_t j = 0; j + lag < s->n; j++) {
            double squares = covariance(s, noise, j, j) * covariance(s, noise, j + lag, j + lag);
            double value = squares > 0 ? covariance(s, noise, j, j + lag) / sqrt(squares) : 0;
            e->correlation[lag * s->n + j] = lag == 0 ? 1 : (float)value;
        }
    return VTR_OK;
}

vtr_status map_errors_create(map_job *job, vtr_error *err)
{
    samples s;
    if (job->n_profile == 0) return VTR_OK;
    vtr_status status = samples_create(&s, job->profile.n, err);
    if (status == VTR_OK) status = map_speckle_of_samples(&job->errors.speckle, job, 0, err);
    if (status == VTR_OK) {
        describe_samples(&s, job);
        describe_kinship(&s, job);
        status = correlate(&job->errors, &s, &job->calibration->noise, err);
        job->profile.speckle = job->errors.speckle;
    }
    vtr_free(s.pixels);
    return status;
}

void map_errors_release(map_job *job)
{
    vtr_free(job->errors.speckle);
    vtr_free(job->errors.correlation);
}
