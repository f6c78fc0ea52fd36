/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/detector.h"

enum { HOT_ELECTRONS = 1000 };

/* Poisson counts by inversion where few are expected (one 32-bit number a pixel), else by rejection. */
static double draw_electrons(vtr_random *random, float expected)
{
    if (!(expected > 0)) return 0;
    if (expected >= 12) return (double)vtr_random_poisson(random, (double)expected);
    static const float inverse[] = {0,        1.f,      1.f / 2,  1.f / 3,  1.f / 4,  1.f / 5,
                                    1.f / 6,  1.f / 7,  1.f / 8,  1.f / 9,  1.f / 10, 1.f / 11,
                                    1.f / 12, 1.f / 13, 1.f / 14, 1.f / 15, 1.f / 16, 1.f / 17,
                                    1.f / 18, 1.f / 19, 1.f / 20, 1.f / 21, 1.f / 22, 1.f / 23};
    enum { N_INVERSE = sizeof inverse / sizeof *inverse };
    double u = ((double)vtr_random_u32(random) + 0.5) * 0x1p-32;
    double mean = (double)expected, p = exp(-mean), sum = p;
    int n = 0;
    while (u > sum && n < 80) {
        n++;
        p *= mean * (n < N_INVERSE ? (double)inverse[n] : 1.0 / n);
        sum += p;
    }
    return n;
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

static void store(vtr_type type, void *row, size_t x, double value)
{
    switch (type) {
    case VTR_TYPE_U8:
        ((uint8_t *)row)[x] = (uint8_t)value;
        break;
    case VTR_TYPE_U16:
        ((uint16_t *)row)[x] = (uint16_t)value;
        break;
    case VTR_TYPE_U32:
        ((uint32_t *)row)[x] = (uint32_t)value;
        break;
    default:
        ((float *)row)[x] = (float)value;
    }
}

void vtr_twin_record_row(const vtr_twin *twin, vtr_random *random, size_t y, const float *expected, void *row)
{
    const vtr_twin_params *p = &twin->params;
    const unsigned char *reasons = twin->reasons + y * twin->info.shape[3];
    bool is_whole = twin->info.type != VTR_TYPE_F32;
    for (size_t x = 0; x < twin->info.shape[3]; x++) {
        float mean = reasons[x] & VTR_MASK_HOT ? expected[x] + HOT_ELECTRONS : expected[x];
        double value = p->offset + p->gain * draw_electrons(random, mean);
        if (p->read_noise > 0) value += p->read_noise * normal_from_u32(vtr_random_u32(random));
        if (is_whole) value = fmax(0, floor(value + 0.5));
        if (reasons[x] & VTR_MASK_DEAD) value = 0;
        store(twin->info.type, row, x, fmin(value, p->saturation));
    }
}
