/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "pdf/coarse.h"
#include "vitrail/constants.h"

/* Zeroth modified Bessel function, by its series. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-17 * sum; k++) {
        term *= x / (2 * k) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/* sinc under a Kaiser window over COARSE_TAPS points, x in steps of the coarse grid. Its shape suits a signal that fills
 * `fill` of the coarse grid's band: 2 pi (1 - fill) is the width in which the response may fall, and beta follows from
 * Kaiser's formula. */
static double kernel(double x, double fill)
{
    double half = COARSE_TAPS / 2, t = x / half;
    double attenuation = 2.285 * 2 * VTR_PI * (1 - fill) * (COARSE_TAPS - 1) + 8;
    double beta = 0.1102 * (attenuation - 8.7);
    if (fabs(t) >= 1) return 0;
    double sinc = fabs(x) < 1e-12 ? 1 : sin(VTR_PI * x) / (VTR_PI * x);
    return sinc * bessel_i0(beta * sqrt(1 - t * t)) / bessel_i0(beta);
}

void pdf_coarse_plan(pdf_coarse *grid, double rmin, double rstep, size_t n_r, double band, double fill)
{
    double limit = fill * VTR_PI / band / rstep;
    *grid = (pdf_coarse){.n_r = n_r, .rmin = rmin, .factor = 1};
    while (grid->factor < COARSE_MAX_FACTOR && (double)(grid->factor + 1) <= limit)
        grid->factor++;
    grid->step = rstep * (double)grid->factor;
    if (grid->factor == 1) {
        grid->n = n_r;
        return;
    }
    grid->n = (n_r - 1) / grid->factor + 1 + COARSE_TAPS;
    grid->rmin -= grid->step * (COARSE_TAPS / 2 - 1);
    for (size_t p = 0; p < grid->factor; p++)
        for (int t = 0; t < COARSE_TAPS; t++)
            grid->weight[p][t] = (float)kernel((double)p / (double)grid->factor - (t - (COARSE_TAPS / 2 - 1)),
                                               band * grid->step / VTR_PI);
}

void pdf_coarse_expand(const pdf_coarse *grid, const float *coarse, float *phase, float *out)
{
    size_t factor = grid->factor;
    if (factor == 1) {
        memcpy(out, coarse, grid->n_r * sizeof *out);
        return;
    }
    for (size_t p = 0; p < factor; p++) {
        size_t n = (grid->n_r - p + factor - 1) / factor;
        memset(phase, 0, n * sizeof *phase);
        for (int t = 0; t < COARSE_TAPS; t++) {
            float w = grid->weight[p][t];
            for (size_t i = 0; i < n; i++)
                phase[i] += w * coarse[i + (size_t)t];
        }
        for (size_t i = 0; i < n; i++)
            out[i * factor + p] = phase[i];
    }
}
