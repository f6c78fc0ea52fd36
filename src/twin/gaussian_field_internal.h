/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_GAUSSIAN_FIELD_INTERNAL_H
#define VITRAIL_TWIN_GAUSSIAN_FIELD_INTERNAL_H

/* Periodic Gaussian random fields [n_y][n_x] of mean 0, variance 1 and correlation rho(d) = exp(-(d /
 * length)^2), made by filtering white noise in Fourier space. Variance and correlation are those of the
 * ensemble. */

#include "base/base_internal.h"
#include "base/fourier.h"

typedef struct vtr_field_maker {
    size_t n_y, n_x;
    float *field, *amplitude;
    fftwf_complex *spectrum, *shifted;
    vtr_fourier_float fourier;
} vtr_field_maker;

vtr_status vtr_field_maker_create(vtr_field_maker *maker, size_t n_y, size_t n_x, double length,
                                  vtr_error *err);
void vtr_field_maker_release(vtr_field_maker *maker);
/* Draws a new field; vtr_field_maker_get then gives it as often as wanted, at (y + shift_y, x + shift_x). */
void vtr_field_maker_draw(vtr_field_maker *maker, vtr_random *random);
void vtr_field_maker_get(vtr_field_maker *maker, double shift_y, double shift_x, float *field);

/* All of it for one field. */
vtr_status vtr_gaussian_field(float *field, size_t n_y, size_t n_x, double length, vtr_random *random,
                              vtr_error *err);

#endif
