/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "ring/speckle_internal.h"

void vtr_speckle_measurement_release(speckle_measurement *m)
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

size_t vtr_speckle_zero_lag(const speckle_measurement *m)
{
    return m->max_lag * (2 * m->max_lag + 1) + m->max_lag;
}

static size_t choose_max_lag(const vtr_ring_template *ring)
{
    size_t lag = (size_t)(ring->radius_px / 3);
    if (lag < 12) lag = 12;
    return lag < VTR_SPECKLE_MAX_LAG ? lag : VTR_SPECKLE_MAX_LAG;
}

vtr_status vtr_speckle_measurement_create(speckle_measurement *m, const vtr_ring_template *ring,
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
        vtr_speckle_measurement_release(m);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    return VTR_OK;
}

double vtr_speckle_pixel_weight(double counts, double n_bin, double relative_variance, const vtr_noise *noise)
{
    double c = counts > 1e-12 ? counts : 1e-12;
    return 1 / (noise->gain * c + noise->read_noise * noise->read_noise + relative_variance * n_bin * c * c);
}

vtr_status vtr_speckle_to_lags(const speckle_measurement *m, fftw_complex *power, fftw_complex *folded,
                               double factor, bool normalise, double *lags, double *folded_lags)
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
