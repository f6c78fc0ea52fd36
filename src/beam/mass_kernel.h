/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sums over discs and rings; included once by each mass_kernel_*.c, which is compiled for one instruction set
 * with
 * vectors of LANES values of 32 bits and, where it has them, its own loads that convert (WIDEN_...) and maxima (HIGHER_...).
 *
 * Moments of a column without a multiplication: with A += v, B += A, C += B from row to row, after n rows and with
 * u = n - j of row j, A = sum v, B = sum v u and 2 C - B = sum v u^2. */

#include <math.h>
#include <string.h>

#include "beam/mass_internal.h"

#define INLINE static inline __attribute__((always_inline))

typedef uint32_t places __attribute__((vector_size(4 * LANES)));

INLINE places places_from(size_t x)
{
    static const uint32_t up[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    places p;
    memcpy(&p, up, sizeof p);
    return p + (uint32_t)x;
}

/* As span() of half_chord(), all rows alike. */
static void chords(mass_circle *circle, double cx, double cy, double radius, int32_t det_x)
{
    const int32_t y0 = (int32_t)circle->y0, left = (int32_t)circle->left;
    for (int32_t i = 0; i < (int32_t)circle->n_rows; i++) {
        double dy = (double)(y0 + i) - cy, squared = radius * radius - dy * dy;
        double half = sqrt(squared > 0 ? squared : 0), low = cx - half, high = cx + half;
        int32_t first = (int32_t)low + ((double)(int32_t)low < low);
        int32_t end = (int32_t)high + ((double)(int32_t)high <= high);
        first = first < 0 ? 0 : first;
        end = end > det_x ? det_x : end;
        circle->n[i] = (uint32_t)(end > first ? end - first : 0);
        circle->x0[i] = (uint32_t)(end > first ? first - left : 0);
    }
}

#define TYPE uint8_t
#define SUM uint32_t
#define NAME(x) u8_##x
#define WIDEN WIDEN_U8
#define HIGHER HIGHER_U
#include "beam/mass_sums.h"

#define TYPE uint16_t
#define SUM uint32_t
#define NAME(x) u16_##x
#define WIDEN WIDEN_U16
#define HIGHER HIGHER_U
#include "beam/mass_sums.h"

#define TYPE int8_t
#define SUM int32_t
#define NAME(x) i8_##x
#define WIDEN WIDEN_I8
#define HIGHER HIGHER_I
#include "beam/mass_sums.h"

#define TYPE int16_t
#define SUM int32_t
#define NAME(x) i16_##x
#define WIDEN WIDEN_I16
#define HIGHER HIGHER_I
#include "beam/mass_sums.h"

const mass_kernels KERNELS = {chords,  u8_disc,  u16_disc, i8_disc, i16_disc,
                              u8_ring, u16_ring, i8_ring,  i16_ring};
