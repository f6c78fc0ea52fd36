/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Adds rows of pixels to sums of columns; included once by each centre_kernel_*.c, which is compiled for one instruction set.
 * Every column is by itself, so all builds give the same bits. */

#include "beam/centre_internal.h"

#define DEFINE_ROWS(NAME, TYPE)                                                                              \
    static void moments_##NAME(double *restrict value, double *restrict first, double *restrict second,      \
                               const void *frame, size_t at, size_t n, double dy)                            \
    {                                                                                                        \
        const TYPE *restrict row = (const TYPE *)frame + at;                                                 \
        const double dy2 = dy * dy;                                                                          \
        for (size_t k = 0; k < n; k++) {                                                                     \
            double v = (double)row[k];                                                                       \
            value[k] += v;                                                                                   \
            first[k] += v * dy;                                                                              \
            second[k] += v * dy2;                                                                            \
        }                                                                                                    \
    }                                                                                                        \
    static void values_##NAME(double *restrict value, const void *frame, size_t at, size_t n)                \
    {                                                                                                        \
        const TYPE *restrict row = (const TYPE *)frame + at;                                                 \
        for (size_t k = 0; k < n; k++)                                                                       \
            value[k] += (double)row[k];                                                                      \
    }
DEFINE_ROWS(u8, uint8_t)
DEFINE_ROWS(u16, uint16_t)
DEFINE_ROWS(u32, uint32_t)
DEFINE_ROWS(i8, int8_t)
DEFINE_ROWS(i16, int16_t)
DEFINE_ROWS(i32, int32_t)
DEFINE_ROWS(f32, float)
DEFINE_ROWS(f64, double)

const centre_kernels KERNELS = {
    {moments_u8, moments_u16, moments_u32, moments_i8, moments_i16, moments_i32, moments_f32, moments_f64},
    {values_u8, values_u16, values_u32, values_i8, values_i16, values_i32, values_f32, values_f64},
};
