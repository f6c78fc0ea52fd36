/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/speckle.h"

#include <math.h>

#include "base/base_internal.h"
#include "ring/likelihood_solve.h"
#include "ring/speckle_internal.h"

/* Weights, noise variances and the inverse of the fit's matrix at the mean amplitude. */
static vtr_status prepare_fit(speckle_measurement *m, const vtr_likelihood *likelihood,
                              const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                              const vtr_noise *noise, const double *relative_variance, vtr_error *err)
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
        m->weight[i] = vtr_speckle_pixel_weight(
            mu, pixels->bins.n_pixels[bin], relative_variance != NULL ? relative_variance[bin] : 0, noise);
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

vtr_status vtr_speckle_measure(vtr_speckle *out, const vtr_sample *sample, const double (*parameters)[FIT_N],
                               const unsigned *flags, const vtr_likelihood *likelihood,
                               const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                               const vtr_noise *noise, const double *relative_variance, vtr_error *err)
{
    speckle_measurement m;
    speckle_projection p = {0};
    vtr_status status = vtr_speckle_measurement_create(&m, ring, pixels, err);
    if (status != VTR_OK) return status;
    double sum = 0, n = 0, *loss = vtr_calloc(m.n_lags, sizeof *loss),
           *folded_loss = vtr_calloc(m.n_lags, sizeof *loss);
    vtr_speckle *result = vtr_calloc(1, sizeof *result);
    status = loss == NULL || folded_loss == NULL || result == NULL
                 ? VTR_ERR_MEMORY
                 : vtr_speckle_projection_create(&p, &m.field);
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
    status = vtr_speckle_count_pairs(&m);
    if (status == VTR_OK)
        status = vtr_speckle_collect_frames(&m, sample, parameters, flags, likelihood, pixels, noise);
    if (status != VTR_OK) goto memory;
    size_t zero = vtr_speckle_zero_lag(&m);
    /* the loss depends on the correlation that it hides: a few rounds settle it */
    for (int round = 0; round < 4; round++) {
        status = vtr_speckle_projection_loss(&m, &p, loss, folded_loss);
        if (status != VTR_OK) goto memory;
        for (size_t i = 0; i < m.n_lags; i++) {
            m.corrected[i] = m.raw[i] - loss[i];
            m.corrected_folded[i] = m.raw_folded[i] - folded_loss[i];
        }
        m.corrected[zero] -= m.white;
    }
    vtr_speckle_summarise(&m, result);
    *out = *result;
    goto cleanup;
memory:
    status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
cleanup:
    vtr_speckle_projection_release(&p);
    vtr_free(result);
    vtr_free(loss);
    vtr_free(folded_loss);
    vtr_speckle_measurement_release(&m);
    return status;
}
