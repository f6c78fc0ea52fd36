/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "detector/image_internal.h"

void vtr_sample_release(vtr_sample *sample)
{
    if (!sample) return;
    vtr_free(sample->position);
    vtr_free(sample->frames);
    *sample = (vtr_sample){0};
}

void vtr_sample_moments(double *mean, double *variance, const vtr_sample *sample)
{
    size_t n_pixels = sample->det_y * sample->det_x;
#pragma omp parallel for schedule(static)
    for (size_t p = 0; p < n_pixels; p++) {
        double m = 0, squares = 0;
        size_t n = 0;
        for (size_t f = 0; f < sample->n; f++) {
            double x = sample->frames[f * n_pixels + p];
            if (!isfinite(x)) continue;
            n++;
            double d = x - m;
            m += d / (double)n;
            squares += d * (x - m);
        }
        mean[p] = n > 0 ? m : NAN;
        if (variance) variance[p] = n == 0 ? NAN : n > 1 ? squares / (double)(n - 1) : 0;
    }
}
