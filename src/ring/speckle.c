/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/speckle.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/likelihood_model.h"
#include "ring/likelihood_solve.h"
#include "ring/speckle_field.h"

/* Frames are taken in blocks of fixed number, so that sums do not depend on the number of threads. */
enum { N_BLOCKS = 16 };

/* Squares of the relative residuals, and the noise expected in them, by radius (t from -1 to 1 in even bins). */
enum { N_RADIAL = 4 * (VTR_SPECKLE_NODES - 1) };
typedef struct radial_sums {
    double square[N_RADIAL], noise[N_RADIAL], n[N_RADIAL], weight[N_RADIAL];
} radial_sums;

/* Everything of one measurement; lags are [2 max_lag + 1][2 max_lag + 1]. */
typedef struct measurement {
    ring_field field;
    size_t max_lag, n_lags;
    double (*derivatives)[FIT_N];
    double *counts, *weight, *noise_variance; /* per annulus pixel, at the mean amplitude */
    double *emphasis;                         /* relative residuals are weighted by the mean pattern */
    double amplitude;
    double inverse[FIT_N][FIT_N];
    fftw_complex *power[N_BLOCKS], *folded[N_BLOCKS];
    fftw_complex *mask, *mask_folded[N_BLOCKS]; /* of the emphasis; its pairs about each frame's own centre */
    double noise[N_BLOCKS];
    radial_sums radial[N_BLOCKS];
    size_t n_frames[N_BLOCKS];
    double *pairs, *folded_pairs; /* number of pixel pairs at each lag */
    double *raw, *raw_folded, *corrected, *corrected_folded;
    double white; /* mean of the noise's part of z^2 */
    size_t frames;
} measurement;

static void measurement_release(measurement *m)
{
    for (int b = 0; b < N_BLOCKS; b++) {
        fftw_free(m->power[b]);
        fftw_free(m->folded[b]);
        fftw_free(m->mask_folded[b]);
    }
    fftw_free(m->mask);
    vtr_free(m->derivatives);
    vtr_free(m->counts);
    vtr_free(m->weight);
    vtr_free(m->noise_variance);
    vtr_free(m->emphasis);
    vtr_free(m->pairs);
    vtr_free(m->folded_pairs);
    vtr_free(m->raw);
    vtr_free(m->raw_folded);
    vtr_free(m->corrected);
    vtr_free(m->corrected_folded);
    ring_field_release(&m->field);
}

static size_t zero_lag(const measurement *m)
{
    return m->max_lag * (2 * m->max_lag + 1) + m->max_lag;
}

static size_t choose_max_lag(const vtr_ring_template *ring)
{
    size_t lag = (size_t)(ring->radius_px / 3);
    if (lag < 12) lag = 12;
    return lag < VTR_SPECKLE_MAX_LAG ? lag : VTR_SPECKLE_MAX_LAG;
}

static vtr_status measurement_create(measurement *m, const vtr_ring_template *ring,
                                     const vtr_ring_pixels *pixels, vtr_error *err)
{
    memset(m, 0, sizeof *m);
    m->max_lag = choose_max_lag(ring);
    m->n_lags = (2 * m->max_lag + 1) * (2 * m->max_lag + 1);
    vtr_status status = ring_field_create(&m->field, ring, pixels, m->max_lag, err);
    if (status != VTR_OK) return status;
    size_t n = m->field.n_pixels;
    m->derivatives = vtr_calloc(n, sizeof *m->derivatives);
    m->counts = vtr_calloc(n, sizeof(double));
    m->weight = vtr_calloc(n, sizeof(double));
    m->noise_variance = vtr_calloc(n, sizeof(double));
    m->emphasis = vtr_calloc(n, sizeof(double));
    double **lag_arrays[] = {&m->pairs,      &m->folded_pairs, &m->raw,
                             &m->raw_folded, &m->corrected,    &m->corrected_folded};
    bool is_short = m->derivatives == NULL || m->counts == NULL || m->weight == NULL ||
                    m->noise_variance == NULL || m->emphasis == NULL;
    for (size_t i = 0; i < sizeof lag_arrays / sizeof *lag_arrays; i++) {
        *lag_arrays[i] = vtr_calloc(m->n_lags, sizeof(double));
        is_short = is_short || *lag_arrays[i] == NULL;
    }
    m->mask = ring_field_spectrum(&m->field);
    is_short = is_short || m->mask == NULL;
    for (int b = 0; b < N_BLOCKS; b++) {
        m->power[b] = ring_field_spectrum(&m->field);
        m->folded[b] = ring_field_spectrum(&m->field);
        m->mask_folded[b] = ring_field_spectrum(&m->field);
        is_short = is_short || m->power[b] == NULL || m->folded[b] == NULL || m->mask_folded[b] == NULL;
    }
    if (is_short) {
        measurement_release(m);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    return VTR_OK;
}

/* Weight of a pixel in the score of its bin, at an amplitude: n_bin / variance of the bin's sum, per pixel. */
static double pixel_weight(double counts, double n_bin, double relative_variance, const vtr_noise *noise)
{
    double c = counts > 1e-12 ? counts : 1e-12;
    return 1 / (noise->gain * c + noise->read_noise * noise->read_noise + relative_variance * n_bin * c * c);
}

/* Residuals of one frame relative to its own model; sums the noise expected in their squares. */
static double relative_residuals(const measurement *m, const vtr_likelihood *likelihood, const float *frame,
                                 const double parameters[FIT_N], const vtr_noise *noise, double *image,
                                 radial_sums *radial)
{
    const fit_model *model = vtr_likelihood_model(likelihood);
    double read_variance = noise->read_noise * noise->read_noise, white = 0;
    memset(image, 0, m->field.height * m->field.width * sizeof *image);
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        const ring_pixel *p = &m->field.pixels[i];
        vtr_fit_point point;
        vtr_fit_evaluate(model, &p->bin_like, parameters, &point);
        double mu = point.height * point.ring + point.background, least = 0.05 * m->amplitude * m->counts[i];
        if (mu < least) mu = least;
        double value = (double)frame[p->detector] - noise->offset;
        if (!isfinite(value)) continue;
        double z = (value - mu) / mu, expected = (noise->gain * mu + read_variance) / (mu * mu);
        image[p->at] = m->emphasis[i] * z;
        white += m->emphasis[i] * m->emphasis[i] * expected;
        int bin = (int)((0.5 + 0.5 * (double)p->bin_like.t) * N_RADIAL);
        bin = bin < 0 ? 0 : bin < N_RADIAL ? bin : N_RADIAL - 1;
        radial->square[bin] += z * z;
        radial->noise[bin] += expected;
        radial->n[bin]++;
        radial->weight[bin] += m->emphasis[i] * m->emphasis[i];
    }
    return white;
}

static vtr_status add_block(measurement *m, int block, const vtr_sample *sample,
                            const double (*parameters)[FIT_N], const unsigned *flags,
                            const vtr_likelihood *likelihood, const vtr_ring_pixels *pixels,
                            const vtr_noise *noise)
{
    double *image = ring_field_image(&m->field);
    fftw_complex *spectrum = ring_field_spectrum(&m->field), *dropped = ring_field_spectrum(&m->field);
    vtr_status status = image == NULL || spectrum == NULL || dropped == NULL ? VTR_ERR_MEMORY : VTR_OK;
    const vtr_ring_bins *b = &pixels->bins;
    double determinant = b->wxx * b->wyy - b->wxy * b->wxy;
    for (size_t i = (size_t)block; status == VTR_OK && i < sample->n; i += N_BLOCKS) {
        if (flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        const float *frame = sample->frames + i * sample->det_y * sample->det_x;
        m->noise[block] +=
            relative_residuals(m, likelihood, frame, parameters[i], noise, image, &m->radial[block]);
        m->n_frames[block]++;
        ring_field_transform(&m->field, image, spectrum);
        double dx = parameters[i][FIT_DX], dy = parameters[i][FIT_DY];
        double cx = m->field.centre_x + (b->wyy * dx - b->wxy * dy) / determinant;
        double cy = m->field.centre_y + (b->wxx * dy - b->wxy * dx) / determinant;
        ring_field_add_pair(&m->field, spectrum, spectrum, 1, 2 * cx, 2 * cy, m->power[block],
                            m->folded[block]);
        ring_field_add_pair(&m->field, m->mask, m->mask, 1, 2 * cx, 2 * cy, dropped, m->mask_folded[block]);
    }
    fftw_free(image);
    fftw_free(spectrum);
    fftw_free(dropped);
    return status;
}

/* Back transforms a pair of spectra to lags, divided by the number of pixel pairs where `normalise`. */
static vtr_status to_lags(const measurement *m, fftw_complex *power, fftw_complex *folded, double factor,
                          bool normalise, double *lags, double *folded_lags)
{
    double *image = ring_field_image(&m->field);
    if (image == NULL) return VTR_ERR_MEMORY;
    ring_field_transform_back(&m->field, power, image);
    ring_field_lags(&m->field, image, m->max_lag, lags);
    ring_field_transform_back(&m->field, folded, image);
    ring_field_lags(&m->field, image, m->max_lag, folded_lags);
    fftw_free(image);
    for (size_t i = 0; i < m->n_lags; i++) {
        double pairs = normalise ? m->pairs[i] : 1, folded_pairs = normalise ? m->folded_pairs[i] : 1;
        lags[i] = pairs > 0.5 ? lags[i] * factor / pairs : 0;
        folded_lags[i] = folded_pairs > 0.5 ? folded_lags[i] * factor / folded_pairs : 0;
    }
    return VTR_OK;
}

static vtr_status count_pairs(measurement *m)
{
    double *image = ring_field_image(&m->field);
    fftw_complex *mask = m->mask, *power = ring_field_spectrum(&m->field);
    fftw_complex *folded = ring_field_spectrum(&m->field);
    vtr_status status = VTR_ERR_MEMORY;
    if (image != NULL && power != NULL && folded != NULL) {
        for (size_t i = 0; i < m->field.n_pixels; i++)
            image[m->field.pixels[i].at] = m->emphasis[i];
        ring_field_transform(&m->field, image, mask);
        ring_field_add_pair(&m->field, mask, mask, 1, 2 * m->field.centre_x, 2 * m->field.centre_y, power,
                            folded);
        status = to_lags(m, power, folded, 1, false, m->pairs, m->folded_pairs);
    }
    fftw_free(image);
    fftw_free(power);
    fftw_free(folded);
    return status;
}

/* The pairs of opposite pixels are about each frame's own centre, which decides how many of them are in the annulus. */
static vtr_status renormalise_folded(measurement *m)
{
    double *image = ring_field_image(&m->field), *pairs = vtr_calloc(m->n_lags, sizeof *pairs);
    vtr_status status = image == NULL || pairs == NULL ? VTR_ERR_MEMORY : VTR_OK;
    if (status == VTR_OK) {
        ring_field_transform_back(&m->field, m->mask_folded[0], image);
        ring_field_lags(&m->field, image, m->max_lag, pairs);
        for (size_t i = 0; i < m->n_lags; i++)
            if (pairs[i] > 0) m->raw_folded[i] *= m->folded_pairs[i] * (double)m->frames / pairs[i];
    }
    fftw_free(image);
    vtr_free(pairs);
    return status;
}

static vtr_status collect_frames(measurement *m, const vtr_sample *sample, const double (*parameters)[FIT_N],
                                 const unsigned *flags, const vtr_likelihood *likelihood,
                                 const vtr_ring_pixels *pixels, const vtr_noise *noise)
{
    vtr_status status = VTR_OK;
#pragma omp parallel for schedule(dynamic)
    for (int block = 0; block < N_BLOCKS; block++) {
        vtr_status s = add_block(m, block, sample, parameters, flags, likelihood, pixels, noise);
        if (s != VTR_OK) {
#pragma omp critical(vtr_speckle_status)
            status = s;
        }
    }
    if (status != VTR_OK) return status;
    double white = 0;
    for (int b = 0; b < N_BLOCKS; b++) {
        m->frames += m->n_frames[b];
        white += m->noise[b];
        for (int i = 0; b > 0 && i < N_RADIAL; i++) {
            m->radial[0].square[i] += m->radial[b].square[i];
            m->radial[0].noise[i] += m->radial[b].noise[i];
            m->radial[0].n[i] += m->radial[b].n[i];
            m->radial[0].weight[i] += m->radial[b].weight[i];
        }
        for (size_t i = 0; b > 0 && i < m->field.n_spectrum; i++)
            for (int part = 0; part < 2; part++) {
                m->power[0][i][part] += m->power[b][i][part];
                m->folded[0][i][part] += m->folded[b][i][part];
                m->mask_folded[0][i][part] += m->mask_folded[b][i][part];
            }
    }
    if (m->frames == 0) return VTR_OK;
    m->white = white / (double)m->frames / m->pairs[zero_lag(m)];
    vtr_status status_lags =
        to_lags(m, m->power[0], m->folded[0], 1 / (double)m->frames, true, m->raw, m->raw_folded);
    return status_lags == VTR_OK ? renormalise_folded(m) : status_lags;
}

/* Weights, noise variances and the inverse of the fit's matrix at the mean amplitude. */
static vtr_status prepare_fit(measurement *m, const vtr_likelihood *likelihood, const vtr_ring_template *ring,
                              const vtr_ring_pixels *pixels, const vtr_noise *noise,
                              const double *relative_variance, vtr_error *err)
{
    double matrix[FIT_NORMAL_N] = {0};
    if (ring_field_derivatives(&m->field, likelihood, ring, m->derivatives, m->counts) != VTR_OK)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    double most = 0;
    for (size_t i = 0; i < m->field.n_pixels; i++)
        most = fmax(most, m->counts[i]);
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        m->emphasis[i] = fmax(m->counts[i] / most, 0);
        size_t bin = m->field.pixels[i].bin;
        double mu = m->amplitude * m->counts[i];
        m->weight[i] = pixel_weight(mu, pixels->bins.n_pixels[bin],
                                    relative_variance != NULL ? relative_variance[bin] : 0, noise);
        m->noise_variance[i] = noise->gain * mu + noise->read_noise * noise->read_noise;
        for (size_t a = 0; a < FIT_N; a++)
            for (size_t b = 0; b <= a; b++)
                matrix[fit_index(a, b)] +=
                    m->amplitude * m->amplitude * m->weight[i] * m->derivatives[i][a] * m->derivatives[i][b];
    }
    int failed = vtr_fit_invert(m->inverse, matrix, vtr_likelihood_fixed(likelihood));
    return failed ? vtr_fail(err, VTR_ERR_NO_DATA, "no ring: the fit of the mean pattern is not determined")
                  : VTR_OK;
}

/* C g for the covariance m m' [rho(x - x') + F(x + x' - 2c)] of relative speckle, with g given as m g in `image`;
 * spectra of the two lag images are given. The result (without the leading m) replaces `image`. */
static void apply_correlation(const ring_field *field, const fftw_complex *rho, const fftw_complex *folded,
                              double *image, fftw_complex *work, fftw_complex *result)
{
    ring_field_transform(field, image, work);
    for (size_t i = 0; i < field->n_spectrum; i++) {
        /* convolution with rho, and correlation of F (whose lags already count from 2c) with the image */
        double r = rho[i][0] * work[i][0] - rho[i][1] * work[i][1] + folded[i][0] * work[i][0] +
                   folded[i][1] * work[i][1];
        double s = rho[i][0] * work[i][1] + rho[i][1] * work[i][0] + folded[i][1] * work[i][0] -
                   folded[i][0] * work[i][1];
        result[i][0] = r;
        result[i][1] = s;
    }
    ring_field_transform_back(field, result, image);
}

/* Spectra of lag images: rho about zero, F about twice the centre (a shift by a phase, so also by half pixels). */
static vtr_status correlation_spectra(const ring_field *field, const double *lags, const double *folded_lags,
                                      size_t max_lag, fftw_complex *rho, fftw_complex *folded)
{
    double *image = ring_field_image(field);
    fftw_complex *plain = ring_field_spectrum(field), *dropped = ring_field_spectrum(field);
    vtr_status status = VTR_ERR_MEMORY;
    if (image != NULL && plain != NULL && dropped != NULL) {
        ring_field_from_lags(field, lags, max_lag, image);
        ring_field_transform(field, image, rho);
        ring_field_from_lags(field, folded_lags, max_lag, image);
        ring_field_transform(field, image, plain);
        fftw_complex *unit = ring_field_spectrum(field);
        if (unit != NULL) {
            for (size_t i = 0; i < field->n_spectrum; i++)
                unit[i][0] = 1;
            memset(folded, 0, field->n_spectrum * sizeof *folded);
            ring_field_add_pair(field, plain, unit, 1, -2 * field->centre_x, -2 * field->centre_y, dropped,
                                folded);
            status = VTR_OK;
        }
        fftw_free(unit);
    }
    fftw_free(image);
    fftw_free(plain);
    fftw_free(dropped);
    return status;
}

/* Working images of the projection. */
typedef struct projection {
    double *image[FIT_N]; /* Y_k = C W J_k, per pixel of the padded image, over the counts */
    fftw_complex *rho, *folded, *work, *result, *power, *fold;
} projection;

static void projection_release(projection *p)
{
    for (int k = 0; k < FIT_N; k++)
        fftw_free(p->image[k]);
    fftw_complex *all[] = {p->rho, p->folded, p->work, p->result, p->power, p->fold};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        fftw_free(all[i]);
}

static vtr_status projection_create(projection *p, const ring_field *field)
{
    memset(p, 0, sizeof *p);
    fftw_complex **all[] = {&p->rho, &p->folded, &p->work, &p->result, &p->power, &p->fold};
    bool is_short = false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        is_short |= (*all[i] = ring_field_spectrum(field)) == NULL;
    for (int k = 0; k < FIT_N; k++)
        is_short |= (p->image[k] = ring_field_image(field)) == NULL;
    return is_short ? VTR_ERR_MEMORY : VTR_OK;
}

/* What the fit changes in the correlation of the residuals: with H = J A^-1 J' W and C the covariance of the data,
 * (I - H) C (I - H)' - C = -K Y'' - Y'' K' with K = J A^-1, Y = C W J, Y'' = Y - K (J' W Y) / 2. */
static vtr_status projection_loss(const measurement *m, projection *p, double *loss, double *folded_loss)
{
    size_t n = m->field.n_pixels;
    double middle[FIT_N][FIT_N] = {{0}};
    vtr_status status =
        correlation_spectra(&m->field, m->corrected, m->corrected_folded, m->max_lag, p->rho, p->folded);
    if (status != VTR_OK) return status;
    for (int k = 0; k < FIT_N; k++) {
        double *image = p->image[k];
        memset(image, 0, m->field.height * m->field.width * sizeof *image);
        for (size_t i = 0; i < n; i++)
            image[m->field.pixels[i].at] =
                m->amplitude * m->counts[i] * m->weight[i] * m->amplitude * m->derivatives[i][k];
        apply_correlation(&m->field, p->rho, p->folded, image, p->work, p->result);
    }
    for (int k = 0; k < FIT_N; k++)
        for (size_t i = 0; i < n; i++) {
            double mu = m->amplitude * m->counts[i], j = m->amplitude * m->derivatives[i][k];
            double y = m->noise_variance[i] * m->weight[i] * j + mu * p->image[k][m->field.pixels[i].at];
            p->image[k][m->field.pixels[i].at] = y;
            for (int l = 0; l < FIT_N; l++)
                middle[l][k] += m->amplitude * m->derivatives[i][l] * m->weight[i] * y;
        }
    memset(p->power, 0, m->field.n_spectrum * sizeof *p->power);
    memset(p->fold, 0, m->field.n_spectrum * sizeof *p->fold);
    double half[FIT_N][FIT_N]; /* A^-1 M / 2 */
    for (int a = 0; a < FIT_N; a++)
        for (int b = 0; b < FIT_N; b++) {
            half[a][b] = 0;
            for (int c = 0; c < FIT_N; c++)
                half[a][b] += 0.5 * m->inverse[a][c] * middle[c][b];
        }
    double *k_image = ring_field_image(&m->field), *y_image = ring_field_image(&m->field);
    if (k_image == NULL || y_image == NULL) status = VTR_ERR_MEMORY;
    for (int k = 0; status == VTR_OK && k < FIT_N; k++) {
        /* outside the annulus the images must be zero: only its pixels have residuals */
        memset(k_image, 0, m->field.height * m->field.width * sizeof *k_image);
        memset(y_image, 0, m->field.height * m->field.width * sizeof *y_image);
        for (size_t i = 0; i < n; i++) {
            double mu = m->amplitude * m->counts[i], kp = 0, correction = 0;
            for (int a = 0; a < FIT_N; a++) {
                kp += m->amplitude * m->derivatives[i][a] * m->inverse[a][k];
                correction += m->amplitude * m->derivatives[i][a] * half[a][k];
            }
            k_image[m->field.pixels[i].at] = kp * m->emphasis[i] / mu;
            y_image[m->field.pixels[i].at] =
                (p->image[k][m->field.pixels[i].at] - correction) * m->emphasis[i] / mu;
        }
        ring_field_transform(&m->field, k_image, p->work);
        ring_field_transform(&m->field, y_image, p->result);
        ring_field_add_pair(&m->field, p->work, p->result, -2, 2 * m->field.centre_x, 2 * m->field.centre_y,
                            p->power, p->fold);
    }
    fftw_free(k_image);
    fftw_free(y_image);
    for (size_t i = 0; i < m->field.n_spectrum; i++)
        p->power[i][1] = 0; /* K Y' + Y' K is symmetric in the lag */
    return status == VTR_OK ? to_lags(m, p->power, p->fold, 1, true, loss, folded_loss) : status;
}

/* Sets lags beyond `reach` px to zero. */
static void cut_lags(const measurement *m, double *lags, double reach)
{
    long l = (long)m->max_lag;
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++)
            if (hypot((double)x, (double)y) > reach) lags[(y + l) * (2 * l + 1) + x + l] = 0;
}

/* Mean of the lags with |D| in [d - 1/2, d + 1/2). */
static double ring_mean(const measurement *m, const double *lags, double d)
{
    long l = (long)m->max_lag;
    double sum = 0, n = 0;
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++) {
            double distance = hypot((double)x, (double)y);
            if (distance < d - 0.5 || distance >= d + 0.5) continue;
            sum += lags[(y + l) * (2 * l + 1) + x + l];
            n++;
        }
    return n > 0 ? sum / n : 0;
}

/* ln C = a + b D^2 by weighted least squares over lags 0 < |D| <= reach (and 0 where trusted); weights C^2. */
static int fit_gaussian(const measurement *m, const double *lags, double reach, double zero_weight,
                        double *height, double *slope)
{
    long l = (long)m->max_lag;
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0, centre = lags[l * (2 * l + 1) + l];
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++) {
            double d2 = (double)(x * x + y * y), c = lags[(y + l) * (2 * l + 1) + x + l];
            if (d2 > reach * reach || !(c > 0.15 * fabs(centre)) || !(c > 0)) continue;
            double w = c * c * (d2 == 0 ? zero_weight : 1), v = log(c);
            s0 += w;
            s1 += w * d2;
            s2 += w * d2 * d2;
            t0 += w * v;
            t1 += w * v * d2;
        }
    double determinant = s0 * s2 - s1 * s1;
    if (!(determinant > 0)) return -1;
    *slope = (s0 * t1 - s1 * t0) / determinant;
    *height = exp((t0 - *slope * s1) / s0);
    return *slope < 0 ? 0 : -1;
}

/* Distance at which the radial correlation falls through one half of `height`, in ln C against D^2. */
static double half_width(const measurement *m, const double *lags, double height)
{
    long l = (long)m->max_lag;
    double before = 0, before_value = height;
    for (long s2 = 1; s2 <= l * l; s2++) {
        double sum = 0, n = 0;
        for (long y = -l; y <= l; y++)
            for (long x = -l; x <= l; x++)
                if (x * x + y * y == s2) {
                    sum += lags[(y + l) * (2 * l + 1) + x + l];
                    n++;
                }
        if (n == 0) continue;
        double value = sum / n;
        if (value <= height / 2) {
            if (!(value > 0)) value = 1e-3 * height;
            double part = log(before_value / (height / 2)) / log(before_value / value);
            return sqrt(before + part * ((double)s2 - before));
        }
        before = (double)s2;
        before_value = value;
    }
    return NAN;
}

/* The lag beyond which the correlation is below its own noise for good. */
static double choose_reach(const measurement *m, const double *lags, double height, double noise)
{
    for (size_t d = 1; d < m->max_lag; d++) {
        double per_ring = noise / sqrt(2 * 3.14159 * (double)d);
        double here = ring_mean(m, lags, (double)d), next = ring_mean(m, lags, (double)d + 1);
        double least = fmax(2 * per_ring, 0.01 * height);
        if (here < least && next < least) return (double)d;
    }
    return (double)m->max_lag;
}

static void flat_contrast(vtr_speckle *out)
{
    for (int k = 0; k < VTR_SPECKLE_NODES; k++)
        out->radial[k] = 1;
}

/* The contrast's course with the radius: least squares for its values at the nodes, linear between, held smooth by
 * second differences expected to be a tenth of the contrast. The noise is believed to 2 %. */
static void radial_contrast(const measurement *m, vtr_speckle *out, double trust)
{
    enum { N = VTR_SPECKLE_NODES };
    double matrix[N * N] = {0}, right[N] = {0}, mean = 0, pixels = 0, penalty = 100;
    flat_contrast(out);
    if (trust < 0.3) return;
    const radial_sums *r = &m->radial[0];
    for (int i = 0; i < N_RADIAL; i++) {
        if (!(r->n[i] > 0)) continue;
        double white = r->noise[i] / r->n[i], value = (r->square[i] / r->n[i] - white) / out->contrast;
        double error =
            3 * (white + out->contrast) * sqrt(2 / r->n[i]) / out->contrast + 0.02 * white / out->contrast;
        double position = (i + 0.5) / N_RADIAL * (N - 1), w = 1 / (error * error + 1e-4);
        int k = (int)position;
        double part = position - k;
        right[k] += w * (1 - part) * value;
        right[k + 1] += w * part * value;
        matrix[k * N + k] += w * (1 - part) * (1 - part);
        matrix[(k + 1) * N + k + 1] += w * part * part;
        matrix[(k + 1) * N + k] += w * part * (1 - part);
    }
    for (int k = 0; k + 2 < N; k++) {
        const double c[3] = {1, -2, 1};
        for (int a = 0; a < 3; a++)
            for (int b = 0; b <= a; b++)
                matrix[(k + a) * N + k + b] += penalty * c[a] * c[b];
    }
    if (LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', N, 1, matrix, N, right, 1) != 0) return;
    for (int i = 0; i < N_RADIAL; i++) {
        double position = (i + 0.5) / N_RADIAL * (N - 1), part = position - (int)position;
        mean += r->weight[i] * ((1 - part) * right[(int)position] + part * right[(int)position + 1]);
        pixels += r->weight[i];
    }
    if (!(mean > 0)) return;
    for (int k = 0; k < N; k++)
        out->radial[k] = right[k] * pixels / mean;
}

/* Contrast, grain and the cut correlations from the corrected lags. */
static void summarise(measurement *m, vtr_speckle *out)
{
    size_t zero = zero_lag(m);
    double total = m->corrected[zero] + m->white;
    /* scatter of one lag's mean product over n pairs of pixels of variance `total` */
    double noise = total / sqrt(0.5 * m->pairs[zero] * (double)m->frames);
    double contrast = m->corrected[zero], slope, height;
    /* the noise model is believed to 2 %: where that is not small against the contrast, lag 0 counts less */
    double trust = fabs(contrast) / (fabs(contrast) + 0.02 * m->white + 1e-30);
    double first = half_width(m, m->corrected, fmax(contrast, m->corrected[zero + 1]));
    double reach = isfinite(first) ? fmax(2.3, 2.2 * first) : 2.3;
    if (trust < 0.9 && fit_gaussian(m, m->corrected, reach, trust * trust * 0.1, &height, &slope) == 0)
        contrast = height;
    out->contrast_error = fmax(noise, 0.02 * m->white * (1 - trust));
    /* speckle is seen in the neighbouring pixels too: what is in lag 0 alone is the noise model's error */
    double beside =
        0.25 * (m->corrected[zero - 1] + m->corrected[zero + 1] + m->corrected[zero - (2 * m->max_lag + 1)] +
                m->corrected[zero + (2 * m->max_lag + 1)]);
    if (!(contrast > 4 * noise) || !(beside > 3 * noise) ||
        !isfinite(half_width(m, m->corrected, contrast))) {
        *out = (vtr_speckle){
            .contrast_error = out->contrast_error,
            .grain_px = NAN,
            .friedel = NAN,
        };
        flat_contrast(out);
        return;
    }
    out->contrast = contrast;
    out->grain_px = 2 * half_width(m, m->corrected, contrast);
    out->max_lag_px = m->max_lag;
    m->corrected[zero] = contrast;
    double cut = choose_reach(m, m->corrected, contrast, noise);
    cut_lags(m, m->corrected, cut);
    cut_lags(m, m->corrected_folded, cut);
    for (size_t i = 0; i < m->n_lags; i++) {
        out->correlation[i] = m->corrected[i] / contrast;
        out->folded[i] = m->corrected_folded[i] / contrast;
    }
    out->friedel = out->folded[zero];
    radial_contrast(m, out, trust);
}

vtr_status vtr_speckle_measure(vtr_speckle *out, const vtr_sample *sample, const double (*parameters)[FIT_N],
                               const unsigned *flags, const vtr_likelihood *likelihood,
                               const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                               const vtr_noise *noise, const double *relative_variance, vtr_error *err)
{
    measurement m;
    projection p = {0};
    vtr_status status = measurement_create(&m, ring, pixels, err);
    if (status != VTR_OK) return status;
    double sum = 0, n = 0, *loss = vtr_calloc(m.n_lags, sizeof *loss),
           *folded_loss = vtr_calloc(m.n_lags, sizeof *loss);
    vtr_speckle *result = vtr_calloc(1, sizeof *result);
    status = loss == NULL || folded_loss == NULL || result == NULL ? VTR_ERR_MEMORY
                                                                   : projection_create(&p, &m.field);
    if (status != VTR_OK) goto memory;
    for (size_t i = 0; i < sample->n; i++)
        if (!(flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            sum += parameters[i][FIT_A];
            n++;
        }
    if (n < 8) {
        status =
            vtr_fail(err, VTR_ERR_NO_DATA,
                     "only %.0f of %zu sampled patterns have a ring: no speckle statistics", n, sample->n);
        goto cleanup;
    }
    m.amplitude = sum / n;
    status = prepare_fit(&m, likelihood, ring, pixels, noise, relative_variance, err);
    if (status != VTR_OK) goto cleanup;
    status = count_pairs(&m);
    if (status == VTR_OK) status = collect_frames(&m, sample, parameters, flags, likelihood, pixels, noise);
    if (status != VTR_OK) goto memory;
    size_t zero = zero_lag(&m);
    /* the loss depends on the correlation that it hides: a few rounds settle it */
    for (int round = 0; round < 4; round++) {
        status = projection_loss(&m, &p, loss, folded_loss);
        if (status != VTR_OK) goto memory;
        for (size_t i = 0; i < m.n_lags; i++) {
            m.corrected[i] = m.raw[i] - loss[i];
            m.corrected_folded[i] = m.raw_folded[i] - folded_loss[i];
        }
        m.corrected[zero] -= m.white;
    }
    summarise(&m, result);
    *out = *result;
    goto cleanup;
memory:
    status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
cleanup:
    projection_release(&p);
    vtr_free(result);
    vtr_free(loss);
    vtr_free(folded_loss);
    measurement_release(&m);
    return status;
}

static double radial_factor(const vtr_speckle *s, double t)
{
    double position = (0.5 + 0.5 * t) * (VTR_SPECKLE_NODES - 1);
    int k = (int)fmin(fmax(position, 0), VTR_SPECKLE_NODES - 2);
    double part = position - k, f = (1 - part) * s->radial[k] + part * s->radial[k + 1];
    return f > 0.02 ? f : 0.02;
}

vtr_status vtr_speckle_bins(double *relative_variance, const vtr_speckle *speckle,
                            const vtr_ring_template *ring, const vtr_ring_pixels *pixels, vtr_error *err)
{
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    memset(relative_variance, 0, n_bins * sizeof *relative_variance);
    if (!(speckle->contrast > 0)) return VTR_OK;
    ring_field field;
    vtr_status status = ring_field_create(&field, ring, pixels, 0, err);
    if (status != VTR_OK) return status;
    long l = (long)speckle->max_lag_px;
    long *grid = vtr_malloc(field.height * field.width, sizeof *grid);
    if (grid == NULL) {
        ring_field_release(&field);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    for (size_t i = 0; i < field.height * field.width; i++)
        grid[i] = -1;
    for (size_t i = 0; i < field.n_pixels; i++)
        grid[field.pixels[i].at] = (long)field.pixels[i].bin;
    for (size_t i = 0; i < field.n_pixels; i++) {
        const ring_pixel *p = &field.pixels[i];
        long y0 = (long)(p->at / field.width), x0 = (long)(p->at % field.width);
        double sum = 0;
        for (long y = y0 - l < 0 ? -y0 : -l; y <= l && y0 + y < (long)field.height; y++)
            for (long x = x0 - l < 0 ? -x0 : -l; x <= l && x0 + x < (long)field.width; x++)
                if (grid[(y0 + y) * (long)field.width + x0 + x] == (long)p->bin)
                    sum += speckle->correlation[(y + l) * (2 * l + 1) + x + l];
        double n = pixels->bins.n_pixels[p->bin];
        relative_variance[p->bin] +=
            speckle->contrast * radial_factor(speckle, (double)p->bin_like.t) * sum / (n * n);
    }
    for (size_t b = 0; b < n_bins; b++)
        if (!(relative_variance[b] > 0)) relative_variance[b] = 0;
    vtr_free(grid);
    ring_field_release(&field);
    return VTR_OK;
}

/* Diagonal part that the weights hold already: sum over bins of (w J)(w J)' s mu^2. */
static void subtract_diagonal(double excess[FIT_NORMAL_N], const measurement *m,
                              const vtr_ring_pixels *pixels, const double *relative_variance,
                              double (*score)[FIT_N], double *bin_counts)
{
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    memset(score, 0, n_bins * sizeof *score);
    memset(bin_counts, 0, n_bins * sizeof *bin_counts);
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        size_t bin = m->field.pixels[i].bin;
        for (int k = 0; k < FIT_N; k++)
            score[bin][k] += m->weight[i] * m->amplitude * m->derivatives[i][k] / pixels->bins.n_pixels[bin];
        bin_counts[bin] += m->amplitude * m->counts[i];
    }
    for (size_t b = 0; b < n_bins; b++) {
        double s = relative_variance[b] * bin_counts[b] * bin_counts[b];
        if (!(s > 0)) continue;
        for (size_t i = 0, k = 0; i < FIT_N; i++)
            for (size_t j = 0; j <= i; j++, k++)
                excess[k] -= s * score[b][i] * score[b][j];
    }
}

/* The excess at one amplitude. */
static void excess_of_level(double excess[FIT_NORMAL_N], measurement *m, projection *p,
                            const vtr_speckle *speckle, const vtr_ring_pixels *pixels, const vtr_noise *noise,
                            const double *relative_variance, double *weighted)
{
    for (size_t i = 0; i < m->field.n_pixels; i++) {
        size_t bin = m->field.pixels[i].bin;
        m->weight[i] = pixel_weight(m->amplitude * m->counts[i], pixels->bins.n_pixels[bin],
                                    relative_variance[bin], noise);
        double h = sqrt(speckle->contrast * radial_factor(speckle, (double)m->field.pixels[i].bin_like.t));
        weighted[i] = m->weight[i] * m->amplitude * m->amplitude * m->counts[i] * h;
    }
    for (int k = 0; k < FIT_N; k++) {
        double *image = p->image[k];
        memset(image, 0, m->field.height * m->field.width * sizeof *image);
        for (size_t i = 0; i < m->field.n_pixels; i++)
            image[m->field.pixels[i].at] = weighted[i] * m->derivatives[i][k];
        apply_correlation(&m->field, p->rho, p->folded, image, p->work, p->result);
    }
    for (size_t a = 0, k = 0; a < FIT_N; a++)
        for (size_t b = 0; b <= a; b++, k++) {
            double sum = 0;
            for (size_t i = 0; i < m->field.n_pixels; i++)
                sum += weighted[i] * 0.5 *
                       (m->derivatives[i][a] * p->image[b][m->field.pixels[i].at] +
                        m->derivatives[i][b] * p->image[a][m->field.pixels[i].at]);
            excess[k] = sum;
        }
}

vtr_status vtr_speckle_excess(double excess[FIT_LEVELS][FIT_NORMAL_N], const vtr_speckle *speckle,
                              const vtr_likelihood *likelihood, const vtr_ring_template *ring,
                              const vtr_ring_pixels *pixels, const vtr_noise *noise,
                              const double *relative_variance, vtr_error *err)
{
    memset(excess, 0, FIT_LEVELS * sizeof *excess);
    if (!(speckle->contrast > 0)) return VTR_OK;
    measurement m;
    projection p = {0};
    vtr_status status = measurement_create(&m, ring, pixels, err);
    if (status != VTR_OK) return status;
    size_t n_bins = pixels->bins.n_radii * pixels->bins.n_sectors;
    double *weighted = vtr_calloc(m.field.n_pixels, sizeof *weighted),
           *bin_counts = vtr_calloc(n_bins, sizeof *bin_counts);
    double(*score)[FIT_N] = vtr_calloc(n_bins, sizeof *score);
    status = weighted == NULL || bin_counts == NULL || score == NULL ? VTR_ERR_MEMORY
                                                                     : projection_create(&p, &m.field);
    if (status == VTR_OK)
        status = correlation_spectra(&m.field, speckle->correlation, speckle->folded, speckle->max_lag_px,
                                     p.rho, p.folded);
    if (status == VTR_OK)
        status = ring_field_derivatives(&m.field, likelihood, ring, m.derivatives, m.counts);
    if (status == VTR_OK) {
        for (int level = 0; level < FIT_LEVELS; level++) {
            m.amplitude = exp2(level - FIT_LEVELS / 2);
            excess_of_level(excess[level], &m, &p, speckle, pixels, noise, relative_variance, weighted);
            subtract_diagonal(excess[level], &m, pixels, relative_variance, score, bin_counts);
        }
    } else {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    vtr_free(weighted);
    vtr_free(bin_counts);
    vtr_free(score);
    projection_release(&p);
    measurement_release(&m);
    return status;
}
