/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/detector.h"

enum { HOT_ELECTRONS = 1000 };

/* exp(-x) for 0 <= x <= 80, relative error below 2e-7: 2^i times a polynomial for 2^f, -1 < f <= 0 (Taylor's, to the
 * ninth power of f ln 2). Written without a call so that it runs in vector registers. */
static inline float exp_minus(float x)
{
    float t = -1.44269504f * x;
    int i = (int)t;
    float f = 0.693147181f * (t - (float)i);
    float p = 1 + f / 9;
    p = 1 + f / 8 * p;
    p = 1 + f / 7 * p;
    p = 1 + f / 6 * p;
    p = 1 + f / 5 * p;
    p = 1 + f / 4 * p;
    p = 1 + f / 3 * p;
    p = 1 + f / 2 * p;
    p = 1 + f * p;
    union {
        uint32_t bits;
        float value;
    } power = {(uint32_t)(i + 127) << 23};
    return p * power.value;
}

/* Poisson counts of a block of pixels by inversion, all lanes in step: n counts how often the distribution function is
 * still below u. For means up to MOST_INVERTED. */
enum { BLOCK = 16, MOST_INVERTED = 12, MOST_STEPS = 60 };

static void invert_block(const float mean[BLOCK], const uint32_t bits[BLOCK], float counts[BLOCK])
{
    float p[BLOCK], sum[BLOCK], u[BLOCK];
    int count[BLOCK] = {0};
    for (int i = 0; i < BLOCK; i++) {
        u[i] = ((float)(int)(bits[i] >> 8) + 0.5f) * 0x1p-24f;
        p[i] = sum[i] = exp_minus(mean[i]);
    }
    for (int n = 1; n < MOST_STEPS; n++) {
        float inverse = 1.0f / (float)n;
        int left = 0;
        for (int i = 0; i < BLOCK; i++) {
            int more = u[i] > sum[i];
            count[i] += more;
            left += more;
            p[i] *= mean[i] * inverse;
            sum[i] += p[i];
        }
        if (left == 0) break;
    }
    for (int i = 0; i < BLOCK; i++)
        counts[i] = (float)count[i];
}

/* Electrons that arrive in n pixels; where many are expected by rejection, one pixel at a time. */
static void draw_electrons(vtr_random *random, const float *expected, size_t n, float *electrons)
{
    enum { CHUNK = 16 * BLOCK };
    float mean[CHUNK], counts[CHUNK];
    uint32_t bits[CHUNK];
    for (size_t x = 0; x < n; x += CHUNK) {
        size_t here = n - x < CHUNK ? n - x : CHUNK, padded = (here + BLOCK - 1) / BLOCK * BLOCK;
        bool has_many = false;
        for (size_t i = 0; i < here; i++) {
            bool is_many = expected[x + i] > MOST_INVERTED;
            mean[i] = is_many ? 0 : expected[x + i];
            has_many |= is_many;
        }
        for (size_t i = here; i < padded; i++)
            mean[i] = 0;
        vtr_random_fill_u32(random, bits, padded);
        for (size_t i = 0; i < padded; i += BLOCK)
            invert_block(mean + i, bits + i, counts + i);
        memcpy(electrons + x, counts, here * sizeof *counts);
        for (size_t i = 0; has_many && i < here; i++)
            if (expected[x + i] > MOST_INVERTED)
                electrons[x + i] = (float)vtr_random_poisson(random, (double)expected[x + i]);
    }
}

/* Standard normal by inversion: M. J. Wichura, Algorithm AS 241, Appl. Statist. 37, 477 (1988), PPND7,
 * accurate to about 1e-7. */
static double normal_from_u32(uint32_t bits)
{
    double u = ((double)bits + 0.5) * 0x1p-32, q = u - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * (((5.9109374720e1 * r + 1.5929113202e2) * r + 5.0434271938e1) * r + 3.3871327179) /
               (((6.7187563600e1 * r + 7.8757757664e1) * r + 1.7895169469e1) * r + 1);
    }
    double r = sqrt(-log(q < 0 ? u : 1 - u)), z;
    if (r <= 5) {
        r -= 1.6;
        z = (((1.7023821103e-1 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
            ((1.2021132975e-1 * r + 7.3700164250e-1) * r + 1);
    } else {
        r -= 5;
        z = (((1.7337203997e-2 * r + 4.2868294337e-1) * r + 3.0812263860) * r + 6.6579051150) /
            ((1.2258202635e-2 * r + 2.4197894225e-1) * r + 1);
    }
    return q < 0 ? -z : z;
}

/* Values from 0 to the type's highest, rounded; float32 as they are. */
static void store_row(vtr_type type, const float *values, size_t n, void *row)
{
    if (type == VTR_TYPE_F32) {
        memcpy(row, values, n * sizeof *values);
        return;
    }
    for (size_t x = 0; type == VTR_TYPE_U8 && x < n; x++)
        ((uint8_t *)row)[x] = (uint8_t)(int)((values[x] > 0 ? values[x] : 0) + 0.5f);
    for (size_t x = 0; type == VTR_TYPE_U16 && x < n; x++)
        ((uint16_t *)row)[x] = (uint16_t)(int)((values[x] > 0 ? values[x] : 0) + 0.5f);
    /* in double: a half added to a float above 2^23 may carry it over the highest value */
    for (size_t x = 0; type == VTR_TYPE_U32 && x < n; x++)
        ((uint32_t *)row)[x] = (uint32_t)((double)(values[x] > 0 ? values[x] : 0) + 0.5);
}

static void add_bad_pixels(const vtr_twin *twin, vtr_random *random, size_t y, float *values)
{
    const vtr_twin_params *p = &twin->params;
    const unsigned char *reasons = twin->reasons + y * twin->info.shape[3];
    if (p->hot_pixels + p->dead_pixels == 0) return;
    for (size_t x = 0; x < twin->info.shape[3]; x++) {
        if (reasons[x] & VTR_MASK_HOT)
            values[x] += (float)(p->gain * (double)vtr_random_poisson(random, HOT_ELECTRONS));
        if (reasons[x] & VTR_MASK_DEAD) values[x] = 0;
    }
}

void vtr_twin_record_row(const vtr_twin *twin, vtr_random *random, size_t y, const float *expected,
                         float *values, void *row)
{
    const vtr_twin_params *p = &twin->params;
    size_t n = twin->info.shape[3];
    float gain = (float)p->gain, offset = (float)p->offset, noise = (float)p->read_noise;
    draw_electrons(random, expected, n, values);
    for (size_t x = 0; x < n; x++)
        values[x] = offset + gain * values[x];
    if (noise > 0)
        for (size_t x = 0; x < n; x++)
            values[x] += noise * (float)normal_from_u32(vtr_random_u32(random));
    add_bad_pixels(twin, random, y, values);
    /* 2^32 - 1 is no float: the next lower one stands for it */
    float highest = p->saturation >= 4294967295.0 && twin->info.type == VTR_TYPE_U32 ? 4294967040.0f
                                                                                     : (float)p->saturation;
    for (size_t x = 0; x < n; x++)
        values[x] = values[x] < highest ? values[x] : highest;
    store_row(twin->info.type, values, n, row);
}
