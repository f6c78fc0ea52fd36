/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_SPECKLE_FIELD_H
#define VITRAIL_RING_SPECKLE_FIELD_H

/* The annulus as a small image with room for lags, its Fourier transforms, and the derivatives of the fit on it. */

#define FFTW_NO_Complex /* pairs of doubles, also where lapacke.h brings complex.h */
#include <stddef.h>

#include "base/fourier.h"
#include "ring/speckle.h"

/* One pixel of the annulus. */
typedef struct ring_pixel {
    size_t at;        /* index in the padded image */
    size_t detector;  /* index in the frame */
    size_t bin;       /* index in the plan */
    fit_bin bin_like; /* the pixel as a bin of one pixel */
} ring_pixel;

typedef struct ring_field {
    size_t height, width, n_spectrum; /* of the padded image; height * (width/2 + 1) */
    double centre_x, centre_y;        /* of the pattern in the padded image */
    double origin_x, origin_y;        /* detector pixel at (0, 0) of the padded image */
    size_t n_pixels;
    ring_pixel *pixels;
    vtr_fourier fourier; /* out of place; use the new-array execute functions */
} ring_field;

vtr_status ring_field_create(ring_field *field, const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                             size_t max_lag_px, vtr_error *err);
void ring_field_release(ring_field *field);

/* Images and spectra of the field's size (fftw_malloc; release with fftw_free). */
double *ring_field_image(const ring_field *field);
fftw_complex *ring_field_spectrum(const ring_field *field);
void ring_field_transform(const ring_field *field, double *image, fftw_complex *spectrum);
/* Destroys the spectrum. */
void ring_field_transform_back(const ring_field *field, fftw_complex *spectrum, double *image);
/* Adds |a|^2 to power, and a b exp(2 pi i k (sx, sy)) to `folded`: a back transform then holds, at lag D, the sum
 * over pixels of a(x) b(s + D - x). */
void ring_field_add_pair(const ring_field *field, const fftw_complex *a, const fftw_complex *b, double factor,
                         double sx, double sy, fftw_complex *power, fftw_complex *folded);
/* The lags (y, x) = -max_lag ... max_lag of an image with its zero lag at (0, 0), as [2 max_lag + 1][2 max_lag + 1];
 * and back, into an image of zeros. */
void ring_field_lags(const ring_field *field, const double *image, size_t max_lag, double *lags);
void ring_field_from_lags(const ring_field *field, const double *lags, size_t max_lag, double *image);

/* Derivatives of the expected counts of each annulus pixel at the template's own geometry, [n_pixels][FIT_N], with
 * parameters of height and background per unit amplitude, each the mean over the pixel's bin, as the fit sees them; and
 * the counts of the template themselves. VTR_OK or VTR_ERR_MEMORY. */
vtr_status ring_field_derivatives(const ring_field *field, const vtr_likelihood *likelihood,
                                  const vtr_ring_template *ring, double (*derivatives)[FIT_N],
                                  double *counts);

#endif
