/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin/gaussian_field_internal.h"

#include <math.h>

#include "vitrail/constants.h"

static size_t half(size_t n)
{
    return n / 2 + 1;
}

static double distance2(size_t i, size_t n)
{
    double d = (double)(i <= n / 2 ? i : n - i);
    return d * d;
}

/* Square root of the power spectrum of rho on the periodic grid, of mean square 1. */
static void make_amplitude(float *amplitude, size_t n_y, size_t n_x, double length, fftwf_plan forward,
                           float *field, fftwf_complex *spectrum)
{
    for (size_t y = 0; y < n_y; y++)
        for (size_t x = 0; x < n_x; x++)
            field[y * n_x + x] = (float)exp(-(distance2(y, n_y) + distance2(x, n_x)) / (length * length));
    fftwf_execute_dft_r2c(forward, field, spectrum);
    double sum = 0;
    for (size_t y = 0; y < n_y; y++)
        for (size_t x = 0; x < half(n_x); x++) {
            size_t i = y * half(n_x) + x;
            /* columns other than 0 and n/2 stand for two in the whole spectrum */
            double twice = x == 0 || 2 * x == n_x ? 1 : 2, power = fmax(0, (double)spectrum[i][0]);
            amplitude[i] = (float)power;
            sum += twice * power;
        }
    double scale = (double)(n_y * n_x) / sum;
    for (size_t i = 0; i < n_y * half(n_x); i++)
        amplitude[i] = (float)sqrt(amplitude[i] * scale);
}

vtr_status vtr_field_maker_create(vtr_field_maker *maker, size_t n_y, size_t n_x, double length,
                                  vtr_error *err)
{
    *maker = (vtr_field_maker){.n_y = n_y, .n_x = n_x};
    size_t n = n_y * n_x, n_half = n_y * half(n_x);
    maker->field = vtr_malloc(n, sizeof(float));
    maker->amplitude = vtr_malloc(n_half, sizeof(float));
    maker->spectrum = vtr_malloc(n_half, sizeof(fftwf_complex));
    maker->shifted = vtr_malloc(n_half, sizeof(fftwf_complex));
    if (maker->field == NULL || maker->amplitude == NULL || maker->spectrum == NULL ||
        maker->shifted == NULL) {
        vtr_field_maker_release(maker);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a random field of %zu x %zu", n_y, n_x);
    }
    if (!vtr_fourier_float_create(&maker->fourier, n_y, n_x, maker->field, maker->spectrum,
                                  FFTW_ESTIMATE | FFTW_UNALIGNED)) {
        vtr_field_maker_release(maker);
        return vtr_fail(err, VTR_ERR_NUMERIC, "no Fourier transform for a random field of %zu x %zu", n_y,
                        n_x);
    }
    make_amplitude(maker->amplitude, n_y, n_x, length, maker->fourier.forward, maker->field, maker->spectrum);
    return VTR_OK;
}

void vtr_field_maker_release(vtr_field_maker *maker)
{
    vtr_fourier_float_release(&maker->fourier);
    vtr_free(maker->field);
    vtr_free(maker->amplitude);
    vtr_free(maker->spectrum);
    vtr_free(maker->shifted);
    *maker = (vtr_field_maker){0};
}

void vtr_field_maker_draw(vtr_field_maker *maker, vtr_random *random)
{
    size_t n = maker->n_y * maker->n_x, n_half = maker->n_y * half(maker->n_x);
    for (size_t i = 0; i < n; i++)
        maker->field[i] = (float)vtr_random_normal(random);
    fftwf_execute_dft_r2c(maker->fourier.forward, maker->field, maker->spectrum);
    for (size_t i = 0; i < n_half; i++) {
        maker->spectrum[i][0] *= maker->amplitude[i];
        maker->spectrum[i][1] *= maker->amplitude[i];
    }
}

void vtr_field_maker_get(vtr_field_maker *maker, double shift_y, double shift_x, float *field)
{
    size_t n_y = maker->n_y, n_x = maker->n_x;
    double scale = 1 / (double)(n_y * n_x);
    for (size_t y = 0; y < n_y; y++) {
        double ky = (y <= n_y / 2 ? (double)y : (double)y - (double)n_y) / (double)n_y;
        for (size_t x = 0; x < half(n_x); x++) {
            size_t i = y * half(n_x) + x;
            double phase = 2 * VTR_PI * (ky * shift_y + (double)x / (double)n_x * shift_x);
            double c = cos(phase) * scale, s = sin(phase) * scale;
            double re = maker->spectrum[i][0], im = maker->spectrum[i][1];
            maker->shifted[i][0] = (float)(re * c - im * s);
            maker->shifted[i][1] = (float)(re * s + im * c);
        }
    }
    fftwf_execute_dft_c2r(maker->fourier.backward, maker->shifted, field);
}

vtr_status vtr_gaussian_field(float *field, size_t n_y, size_t n_x, double length, vtr_random *random,
                              vtr_error *err)
{
    vtr_field_maker maker;
    vtr_status status = vtr_field_maker_create(&maker, n_y, n_x, length, err);
    if (status != VTR_OK) return status;
    vtr_field_maker_draw(&maker, random);
    vtr_field_maker_get(&maker, 0, 0, field);
    vtr_field_maker_release(&maker);
    return VTR_OK;
}
