/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/likelihood_model.h"
#include "ring/speckle_internal.h"

/* Residuals of one frame relative to its own model; sums the noise expected in their squares. */
static double relative_residuals(const speckle_measurement *m, const vtr_likelihood *likelihood,
                                 const float *frame, const double parameters[FIT_N], const vtr_noise *noise,
                                 double *image, radial_sums *radial)
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

static vtr_status add_block(speckle_measurement *m, int block, const vtr_sample *sample,
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

vtr_status vtr_speckle_count_pairs(speckle_measurement *m)
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
        status = vtr_speckle_to_lags(m, power, folded, 1, false, m->pairs, m->folded_pairs);
    }
    fftw_free(image);
    fftw_free(power);
    fftw_free(folded);
    return status;
}

/* The pairs of opposite pixels are about each frame's own centre, which decides how many of them are in the annulus. */
static vtr_status renormalise_folded(speckle_measurement *m)
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

vtr_status vtr_speckle_collect_frames(speckle_measurement *m, const vtr_sample *sample,
                                      const double (*parameters)[FIT_N], const unsigned *flags,
                                      const vtr_likelihood *likelihood, const vtr_ring_pixels *pixels,
                                      const vtr_noise *noise)
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
    m->white = white / (double)m->frames / m->pairs[vtr_speckle_zero_lag(m)];
    vtr_status status_lags =
        vtr_speckle_to_lags(m, m->power[0], m->folded[0], 1 / (double)m->frames, true, m->raw, m->raw_folded);
    return status_lags == VTR_OK ? renormalise_folded(m) : status_lags;
}
