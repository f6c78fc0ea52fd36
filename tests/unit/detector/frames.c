/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frames.h"

#include <math.h>

#include "base/base_internal.h"

void frames_expected(double *expected, size_t det_y, size_t det_x, double electrons)
{
    double side = (double)(det_y < det_x ? det_y : det_x), sum = 0;
    for (size_t y = 0; y < det_y; y++) {
        for (size_t x = 0; x < det_x; x++) {
            double r =
                hypot((double)x - 0.5 * (double)det_x + 0.3, (double)y - 0.5 * (double)det_y - 0.2) / side;
            double ring = exp(-0.5 * pow((r - 0.28) / 0.03, 2));
            expected[y * det_x + x] = ring + 0.3 + 2.5 * exp(-r / 0.1);
            expected[y * det_x + x] *= exp(-3 * r);
            sum += expected[y * det_x + x];
        }
    }
    for (size_t p = 0; p < det_y * det_x; p++)
        expected[p] *= electrons / sum;
}

enum { POOL = 64 };

/* A pool of squared smooth normal fields of mean one, whose correlation is a Gaussian of the asked width. */
static void make_pool(double *pool, const frames_params *p)
{
    size_t n = p->det_y * p->det_x;
    double sigma =
        p->grain_px / sqrt(8 * log(2)); /* of the kernel: convolved with itself and squared, sigma again */
    int reach = (int)(4 * sigma) + 1;
    double kernel[64], norm = 0;
    for (int k = -reach; k <= reach; k++) {
        kernel[k + reach] = exp(-0.5 * k * k / (sigma * sigma));
        norm += kernel[k + reach] * kernel[k + reach];
    }
#pragma omp parallel for schedule(static)
    for (size_t mode = 0; mode < POOL; mode++) {
        vtr_random random;
        vtr_random_start(&random, p->seed ^ 0x5eed, mode);
        double *field = vtr_malloc(2 * n, sizeof *field), *rows = field + n;
        for (size_t i = 0; i < n; i++)
            field[i] = vtr_random_normal(&random);
        for (size_t i = 0; i < n; i++) {
            size_t y = i / p->det_x, x = i % p->det_x;
            rows[i] = 0;
            for (int k = -reach; k <= reach; k++)
                rows[i] +=
                    kernel[k + reach] * field[y * p->det_x + (size_t)((int)(x + p->det_x) + k) % p->det_x];
        }
        for (size_t i = 0; i < n; i++) {
            size_t y = i / p->det_x, x = i % p->det_x;
            double sum = 0;
            for (int k = -reach; k <= reach; k++)
                sum += kernel[k + reach] * rows[(size_t)((int)(y + p->det_y) + k) % p->det_y * p->det_x + x];
            pool[mode * n + i] = sum * sum / (norm * norm);
        }
        vtr_free(field);
    }
}

/* Speckle of mean one: the mean of 2 / contrast squared normal fields (each has a contrast of two), drawn
 * from the pool at random shifts. */
static void make_speckle(double *speckle, const double *pool, const frames_params *p, vtr_random *random)
{
    size_t n = p->det_y * p->det_x;
    int modes = (int)(2 / p->contrast + 0.5);
    for (size_t i = 0; i < n; i++)
        speckle[i] = 0;
    for (int mode = 0; mode < modes; mode++) {
        const double *field = pool + vtr_random_u32(random) % POOL * n;
        size_t shift_y = vtr_random_u32(random) % p->det_y, shift_x = vtr_random_u32(random) % p->det_x;
        for (size_t y = 0; y < p->det_y; y++) {
            const double *row = field + (y + shift_y) % p->det_y * p->det_x;
            for (size_t x = 0; x < p->det_x; x++)
                speckle[y * p->det_x + x] += row[(x + shift_x) % p->det_x] / modes;
        }
    }
}

void frames_make(vtr_sample *sample, const frames_params *p)
{
    size_t n = p->det_y * p->det_x;
    *sample = (vtr_sample){.n = p->n, .det_y = p->det_y, .det_x = p->det_x, .scan_y = 1, .scan_x = p->n};
    sample->position = vtr_calloc(p->n, sizeof *sample->position);
    sample->frames = vtr_malloc(p->n * n, sizeof *sample->frames);
    double *expected = vtr_malloc(n, sizeof *expected), *pool = vtr_malloc(POOL * n, sizeof *pool);
    frames_expected(expected, p->det_y, p->det_x, p->electrons);
    if (p->contrast > 0) make_pool(pool, p);
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t f = 0; f < p->n; f++) {
        double *speckle = vtr_malloc(n, sizeof *speckle);
        vtr_random random;
        vtr_random_start(&random, p->seed, f);
        if (p->contrast > 0) make_speckle(speckle, pool, p, &random);
        double thickness = 1 + p->thickness * sin(0.37 * (double)f);
        for (size_t i = 0; i < n; i++) {
            double mean = expected[i] * thickness * (p->contrast > 0 ? speckle[i] : 1);
            double value = p->offset + p->gain * (double)vtr_random_poisson(&random, mean);
            if (p->read_noise > 0) value += p->read_noise * vtr_random_normal(&random);
            sample->frames[f * n + i] = (float)(p->is_rounded ? round(value) : value);
        }
        sample->position[f] = f;
        vtr_free(speckle);
    }
    vtr_free(expected);
    vtr_free(pool);
}
