/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ring/speckle_internal.h"

void vtr_speckle_apply_correlation(const ring_field *field, const fftw_complex *rho,
                                   const fftw_complex *folded, double *image, fftw_complex *work,
                                   fftw_complex *result)
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

vtr_status vtr_speckle_correlation_spectra(const ring_field *field, const double *lags,
                                           const double *folded_lags, size_t max_lag, fftw_complex *rho,
                                           fftw_complex *folded)
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

void vtr_speckle_projection_release(speckle_projection *p)
{
    for (int k = 0; k < FIT_N; k++)
        fftw_free(p->image[k]);
    fftw_complex *all[] = {p->rho, p->folded, p->work, p->result, p->power, p->fold};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        fftw_free(all[i]);
}

vtr_status vtr_speckle_projection_create(speckle_projection *p, const ring_field *field)
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

vtr_status vtr_speckle_projection_loss(const speckle_measurement *m, speckle_projection *p, double *loss,
                                       double *folded_loss)
{
    size_t n = m->field.n_pixels;
    double middle[FIT_N][FIT_N] = {{0}};
    vtr_status status = vtr_speckle_correlation_spectra(&m->field, m->corrected, m->corrected_folded,
                                                        m->max_lag, p->rho, p->folded);
    if (status != VTR_OK) return status;
    for (int k = 0; k < FIT_N; k++) {
        double *image = p->image[k];
        memset(image, 0, m->field.height * m->field.width * sizeof *image);
        for (size_t i = 0; i < n; i++)
            image[m->field.pixels[i].at] =
                m->amplitude * m->counts[i] * m->weight[i] * m->amplitude * m->derivatives[i][k];
        vtr_speckle_apply_correlation(&m->field, p->rho, p->folded, image, p->work, p->result);
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
    return status == VTR_OK ? vtr_speckle_to_lags(m, p->power, p->fold, 1, true, loss, folded_loss) : status;
}
