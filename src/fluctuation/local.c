/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The variance of the annular mean in windows of a map. */
#include <math.h>

#include "fluctuation/fluctuation_internal.h"

typedef struct window_sums {
    double n, first, second; /* of the ring's sums and their factorial moments */
} window_sums;

typedef struct window_noise {
    double pixels, gain, read; /* read: variance of a ring's sum */
} window_noise;

static void take(window_sums *s, double mean, const window_noise *noise, double sign)
{
    double sum = mean * noise->pixels;
    s->n += sign;
    s->first += sign * sum;
    s->second += sign * (sum * (sum - noise->gain) - noise->read);
}

static double variance_of(const window_sums *s, const window_noise *noise)
{
    double square = s->first * (s->first - noise->gain) - s->n * noise->read;
    if (s->n < 2 || !(s->first > 1.5 * noise->gain) || !(s->first >= 5 * sqrt(s->n * noise->read)))
        return NAN;
    return s->n / (s->n - 1) * (s->n * s->second / square - 1);
}

static double jackknife(const window_sums *all, double value, const float *mean, size_t n_x,
                        const vtr_box *box, const window_noise *noise)
{
    double sum = 0;
    for (size_t y = box->y0; y < box->y1; y++)
        for (size_t x = box->x0; x < box->x1; x++) {
            double m = (double)mean[y * n_x + x];
            if (!isfinite(m)) continue;
            window_sums left = *all;
            take(&left, m, noise, -1);
            double off = variance_of(&left, noise) - value;
            sum += off * off;
        }
    return sqrt(sum * (all->n - 1) / all->n);
}

void vtr_fluctuation_local(float *local, float *error, const float *mean, size_t n_y, size_t n_x,
                           size_t n_pixels, const vtr_noise *noise, size_t window, int threads)
{
    double pixels = (double)n_pixels;
    const window_noise of_ring = {pixels, noise->gain, pixels * noise->read_noise * noise->read_noise};
    size_t half = window / 2;
#pragma omp parallel for num_threads(vtr_thread_count(threads)) schedule(dynamic, 1)
    for (size_t y = 0; y < n_y; y++)
        for (size_t x = 0; x < n_x; x++) {
            const vtr_box box = {y > half ? y - half : 0, y + half < n_y ? y + half + 1 : n_y,
                                 x > half ? x - half : 0, x + half < n_x ? x + half + 1 : n_x};
            window_sums all = {0};
            for (size_t j = box.y0; j < box.y1; j++)
                for (size_t i = box.x0; i < box.x1; i++)
                    if (isfinite((double)mean[j * n_x + i]))
                        take(&all, (double)mean[j * n_x + i], &of_ring, 1);
            bool has_enough =
                2 * all.n >= (double)((2 * half + 1) * (2 * half + 1)) && isfinite((double)mean[y * n_x + x]);
            double value = has_enough ? variance_of(&all, &of_ring) : NAN;
            local[y * n_x + x] = (float)value;
            if (error == NULL) continue;
            error[y * n_x + x] =
                (float)(isfinite(value) ? jackknife(&all, value, mean, n_x, &box, &of_ring) : NAN);
        }
}
