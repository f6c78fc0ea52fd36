/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_FOURIER_H
#define VITRAIL_BASE_FOURIER_H

#include <fftw3.h>
#include <stdbool.h>
#include <stddef.h>

/* Making and ending FFTW's plans, one thread at a time: FFTW's planner is one for the whole process and has no lock of its
 * own, and a caller of the library may well have several threads. Executing needs none of this. */

/* Both ways between real [n_y][n_x] and its half of the spectrum, [n_y][n_x / 2 + 1]. */
typedef struct vtr_fourier {
    fftw_plan forward, backward;
} vtr_fourier;

typedef struct vtr_fourier_float {
    fftwf_plan forward, backward;
} vtr_fourier_float;

/* The next even length from n on whose prime factors are 2, 3 and 5. */
size_t vtr_fourier_size(size_t n);

/* False, with nothing to release, where FFTW has no plan. `flags` are FFTW's; FFTW_ESTIMATE leaves the arrays as they
 * are. */
bool vtr_fourier_create(vtr_fourier *fourier, size_t n_y, size_t n_x, double *real, fftw_complex *spectrum,
                        unsigned flags);
bool vtr_fourier_float_create(vtr_fourier_float *fourier, size_t n_y, size_t n_x, float *real,
                              fftwf_complex *spectrum, unsigned flags);

/* Of a zeroed one too, and twice. */
void vtr_fourier_release(vtr_fourier *fourier);
void vtr_fourier_float_release(vtr_fourier_float *fourier);

#endif
