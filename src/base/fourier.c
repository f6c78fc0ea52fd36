/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fourier.h"

#include <limits.h>

size_t vtr_fourier_size(size_t n)
{
    for (;; n++) {
        size_t rest = n;
        for (size_t factor = 2; factor <= 5; factor++)
            while (rest > 0 && rest % factor == 0)
                rest /= factor;
        if (rest == 1 && n % 2 == 0) return n;
    }
}

bool vtr_fourier_create(vtr_fourier *fourier, size_t n_y, size_t n_x, double *real, fftw_complex *spectrum,
                        unsigned flags)
{
    *fourier = (vtr_fourier){0};
    if (n_y > INT_MAX || n_x > INT_MAX) return false;
#pragma omp critical(vtr_fftw_planner)
    {
        fourier->forward = fftw_plan_dft_r2c_2d((int)n_y, (int)n_x, real, spectrum, flags);
        fourier->backward = fftw_plan_dft_c2r_2d((int)n_y, (int)n_x, spectrum, real, flags);
    }
    if (fourier->forward != NULL && fourier->backward != NULL) return true;
    vtr_fourier_release(fourier);
    return false;
}

bool vtr_fourier_float_create(vtr_fourier_float *fourier, size_t n_y, size_t n_x, float *real,
                              fftwf_complex *spectrum, unsigned flags)
{
    *fourier = (vtr_fourier_float){0};
    if (n_y > INT_MAX || n_x > INT_MAX) return false;
#pragma omp critical(vtr_fftw_planner)
    {
        fourier->forward = fftwf_plan_dft_r2c_2d((int)n_y, (int)n_x, real, spectrum, flags);
        fourier->backward = fftwf_plan_dft_c2r_2d((int)n_y, (int)n_x, spectrum, real, flags);
    }
    if (fourier->forward != NULL && fourier->backward != NULL) return true;
    vtr_fourier_float_release(fourier);
    return false;
}

void vtr_fourier_release(vtr_fourier *fourier)
{
#pragma omp critical(vtr_fftw_planner)
    {
        if (fourier->forward != NULL) fftw_destroy_plan(fourier->forward);
        if (fourier->backward != NULL) fftw_destroy_plan(fourier->backward);
    }
    *fourier = (vtr_fourier){0};
}

void vtr_fourier_float_release(vtr_fourier_float *fourier)
{
#pragma omp critical(vtr_fftw_planner)
    {
        if (fourier->forward != NULL) fftwf_destroy_plan(fourier->forward);
        if (fourier->backward != NULL) fftwf_destroy_plan(fourier->backward);
    }
    *fourier = (vtr_fourier_float){0};
}
