/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "detector/image_internal.h"

#include <math.h>

/* Quickselect with a three-way partition, so that many equal values (counts) cost nothing. */
double vtr_quantile(double *values, size_t n, double p)
{
    size_t rank = (size_t)(p * (double)(n - 1) + 0.5), lo = 0, hi = n;
    while (hi - lo > 1) {
        double pivot = values[lo + (hi - lo) / 2];
        size_t below = lo, above = hi, i = lo;
        while (i < above) {
            double value = values[i];
            if (value < pivot) {
                values[i++] = values[below];
                values[below++] = value;
            } else if (value > pivot) {
                values[i] = values[--above];
                values[above] = value;
            } else {
                i++;
            }
        }
        if (rank < below)
            hi = below;
        else if (rank >= above)
            lo = above;
        else
            return pivot;
    }
    return values[rank];
}

double vtr_image_quantile(const double *image, size_t n, double p, double *scratch)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(image[i])) scratch[kept++] = image[i];
    return kept > 0 ? vtr_quantile(scratch, kept, p) : NAN;
}

static size_t window_start(size_t centre, size_t half)
{
    return centre > half ? centre - half : 0;
}

static size_t window_end(size_t centre, size_t half, size_t n)
{
    return centre + half + 1 < n ? centre + half + 1 : n;
}

void vtr_image_median3(double *out, const double *in, size_t det_y, size_t det_x)
{
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double values[9];
            size_t n = 0;
            for (size_t v = window_start(y, 1); v < window_end(y, 1, det_y); v++)
                for (size_t u = window_start(x, 1); u < window_end(x, 1, det_x); u++)
                    if (isfinite(in[v * det_x + u])) values[n++] = in[v * det_x + u];
            out[y * det_x + x] = n > 0 ? vtr_quantile(values, n, 0.5) : NAN;
        }
    }
}

void vtr_image_box(double *out, const double *in, size_t det_y, size_t det_x, size_t half, double *rows)
{
    double *counts = rows + det_y * det_x;
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double sum = 0, n = 0;
            for (size_t u = window_start(x, half); u < window_end(x, half, det_x); u++) {
                double value = in[y * det_x + u];
                if (!isfinite(value)) continue;
                sum += value;
                n++;
            }
            rows[y * det_x + x] = sum;
            counts[y * det_x + x] = n;
        }
    }
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double sum = 0, n = 0;
            for (size_t v = window_start(y, half); v < window_end(y, half, det_y); v++) {
                sum += rows[v * det_x + x];
                n += counts[v * det_x + x];
            }
            out[y * det_x + x] = n > 0 ? sum / n : NAN;
        }
    }
}

/* fmin and fmax leave NAN aside. */
static double extreme_of(double a, double b, bool largest)
{
    return largest ? fmax(a, b) : fmin(a, b);
}

void vtr_image_extreme(double *out, const double *in, size_t det_y, size_t det_x, size_t half, bool largest,
                       double *rows)
{
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double value = NAN;
            for (size_t u = window_start(x, half); u < window_end(x, half, det_x); u++)
                value = extreme_of(value, in[y * det_x + u], largest);
            rows[y * det_x + x] = value;
        }
    }
#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double value = NAN;
            for (size_t v = window_start(y, half); v < window_end(y, half, det_y); v++)
                value = extreme_of(value, rows[v * det_x + x], largest);
            out[y * det_x + x] = value;
        }
    }
}
