/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Vectors of lanes for the kernels of the likelihood fit, by the compilers' vector extension: plain loops over arrays
 * spill every value to memory. FIT_WIDTH floats and REAL_WIDTH doubles at a time, as wide as the instruction set
 * that the including file is compiled for. Only operations that IEEE 754 rounds exactly, lane by lane in the same order
 * whatever the width, so all builds give the same bits. */

#include <stdint.h>
#include <string.h>

#include "ring/likelihood_internal.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { FIT_WIDTH = 16 };
#else
enum { FIT_WIDTH = 8 };
#endif
typedef float lanes __attribute__((vector_size(4 * FIT_WIDTH)));
typedef int32_t lanes_int __attribute__((vector_size(4 * FIT_WIDTH)));

#define INLINE static inline __attribute__((always_inline))

INLINE lanes load(const float *from)
{
    lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE lanes select_lanes(lanes_int condition, lanes yes, lanes no)
{
    return (lanes)((condition & (lanes_int)yes) | (~condition & (lanes_int)no));
}

/* a > b ? a : b, as the processors' own instruction has it. */
INLINE lanes larger(lanes a, lanes b)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (lanes)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return select_lanes(a > b, a, b);
#endif
}

INLINE lanes smaller(lanes a, lanes b)
{
#if defined(__AVX512F__)
    return (lanes)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (lanes)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return select_lanes(a < b, a, b);
#endif
}

/* sqrt(1 + x) - 1 by its series, for the |x| < 0.4 that strains and shifts allow: error below 1e-5 there, 1e-7 for
 * |x| < 0.15. Cheaper than the square root's 20 cycles. */
INLINE lanes sqrt1p_minus1(lanes x)
{
    return x * (0.5f +
                x * (-0.125f + x * (0.0625f + x * (-0.0390625f + x * (0.02734375f + x * -0.0205078125f)))));
}

/* exp(x) for |x| < 0.7, relative error below 2e-6. */
INLINE lanes exp_small(lanes x)
{
    const float c2 = 1.0f / 2, c3 = 1.0f / 6, c4 = 1.0f / 24, c5 = 1.0f / 120, c6 = 1.0f / 720,
                c7 = 1.0f / 5040;
    return 1.0f + x * (1.0f + x * (c2 + x * (c3 + x * (c4 + x * (c5 + x * (c6 + x * c7))))));
}

/* values[index][0] and [1] of each lane. */
INLINE void look_up(const float *values, lanes_int index, lanes *first, lanes *second)
{
#if defined(__AVX512F__)
    /* pairs as 64-bit words: half as many loads as two gathers of floats */
    __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256((__m512i)index), values, 8);
    __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64((__m512i)index, 1), values, 8);
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    *first = (lanes)_mm512_permutex2var_epi32(low, even, high);
    *second = (lanes)_mm512_permutex2var_epi32(low, odd, high);
#elif defined(__AVX2__)
    *first = (lanes)_mm256_i32gather_ps(values, (__m256i)index, 8);
    *second = (lanes)_mm256_i32gather_ps(values + 1, (__m256i)index, 8);
#else
    lanes a, b;
    for (int l = 0; l < FIT_WIDTH; l++) {
        const float *pair = values + 2 * index[l];
        a[l] = pair[0];
        b[l] = pair[1];
    }
    *first = a;
    *second = b;
#endif
}

INLINE lanes_int to_int(lanes x)
{
    return __builtin_convertvector(x, lanes_int);
}

INLINE lanes to_float(lanes_int x)
{
    return __builtin_convertvector(x, lanes);
}

/* Doubles by parts of FIT_WIDTH lanes. */
#if defined(__AVX512F__)
enum { REAL_WIDTH = 8 };
#elif defined(__AVX2__)
enum { REAL_WIDTH = 4 };
#else
enum { REAL_WIDTH = 2 };
#endif
typedef double reals __attribute__((vector_size(8 * REAL_WIDTH)));
typedef float half_lanes __attribute__((vector_size(4 * REAL_WIDTH)));
enum { REAL_PARTS = FIT_WIDTH / REAL_WIDTH };

INLINE reals load_reals(const double *from)
{
    reals v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store_reals(double *to, reals v)
{
    memcpy(to, &v, sizeof v);
}

INLINE reals widen(const float *from)
{
    half_lanes v;
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, reals);
}
