/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"

/* Philox 4x32-10. Constants and rounds: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
 * Proc. SC11 (2011), doi:10.1145/2063384.2063405, section 3. */
static void philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key_in[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key_in[0], k1 = key_in[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void vtr_random_start(vtr_random *random, uint64_t seed, uint64_t stream)
{
    *random = (vtr_random){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                           .counter = {0, 0, (uint32_t)stream, (uint32_t)(stream >> 32)},
                           .used = 4};
}

uint32_t vtr_random_u32(vtr_random *random)
{
    if (random->used == 4) {
        philox(random->block, random->counter, random->key);
        if (++random->counter[0] == 0) random->counter[1]++;
        random->used = 0;
    }
    return random->block[random->used++];
}

/* The same rounds for a batch of consecutive counters, side by side so that the compiler can use vector registers. */
enum { BATCH = 16 };

static void philox_batch(uint32_t out[4 * BATCH], const uint32_t counter[4], const uint32_t key_in[2])
{
    uint32_t c0[BATCH], c1[BATCH], c2[BATCH], c3[BATCH], k0 = key_in[0], k1 = key_in[1];
    for (uint32_t i = 0; i < BATCH; i++) {
        c0[i] = counter[0] + i;
        c1[i] = counter[1];
        c2[i] = counter[2];
        c3[i] = counter[3];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < BATCH; i++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)p1;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < BATCH; i++) {
        out[4 * i] = c0[i];
        out[4 * i + 1] = c1[i];
        out[4 * i + 2] = c2[i];
        out[4 * i + 3] = c3[i];
    }
}

void vtr_random_fill_u32(vtr_random *random, uint32_t *out, size_t n)
{
    while (n > 0 && random->used < 4) {
        *out++ = vtr_random_u32(random);
        n--;
    }
    while (n >= 4 * BATCH && random->counter[0] <= UINT32_MAX - BATCH) {
        philox_batch(out, random->counter, random->key);
        random->counter[0] += BATCH;
        out += 4 * BATCH;
        n -= 4 * BATCH;
    }
    for (; n > 0; n--)
        *out++ = vtr_random_u32(random);
}

double vtr_random_uniform(vtr_random *random)
{
    uint64_t high = vtr_random_u32(random) >> 6, low = vtr_random_u32(random) >> 6;
    return ((double)((high << 26) | low) + 0.5) * 0x1p-52;
}

double vtr_random_normal(vtr_random *random)
{
    double radius = sqrt(-2.0 * log(vtr_random_uniform(random)));
    return radius * cos(2.0 * VTR_PI * vtr_random_uniform(random));
}

static uint64_t poisson_small(vtr_random *random, double mean)
{
    double u = vtr_random_uniform(random), p = exp(-mean), sum = p;
    uint64_t k = 0;
    while (u > sum && k < 1000) {
        k++;
        p *= mean / (double)k;
        sum += p;
    }
    return k;
}

uint64_t vtr_random_poisson(vtr_random *random, double mean)
{
    if (!(mean > 0)) return 0;
    if (mean < 12) return poisson_small(random, mean);
    /* W. Hörmann, The transformed rejection method for generating Poisson random variables,
     * Insurance: Mathematics and Economics 12, 39 (1993), algorithm PTRS. */
    double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    double log_mean = log(mean);
    for (;;) {
        double u = vtr_random_uniform(random) - 0.5, v = vtr_random_uniform(random);
        double us = 0.5 - fabs(u), k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r) return (uint64_t)k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= -mean + k * log_mean - lgamma(k + 1))
            return (uint64_t)k;
    }
}

double vtr_random_gamma(vtr_random *random, double shape)
{
    if (shape < 1) {
        double u = vtr_random_uniform(random);
        return vtr_random_gamma(random, shape + 1) * pow(u, 1 / shape);
    }
    /* G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM TOMS 26, 363 (2000). */
    double d = shape - 1.0 / 3.0, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = vtr_random_normal(random), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(vtr_random_uniform(random)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}
