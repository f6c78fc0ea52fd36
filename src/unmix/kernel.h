/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The products with blocks of rows; included once by each kernel_*.c, which is compiled for one instruction set. Eight
 * doubles at a time, without fused multiply-add and in the same order whatever the width of a register: all builds give
 * the same bits. */

#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { LANES = 8, GROUP = 4 };
#if defined(__AVX512F__)
enum { WIDE = 8, ROWS = 2 };
#elif defined(__AVX2__)
enum { WIDE = 4, ROWS = 1 };
#else
enum { WIDE = 2, ROWS = 1 };
#endif
enum { PARTS = LANES / WIDE };
/* One register, for sums that run down the channels side by side and have no order among them. */
typedef double wide __attribute__((vector_size(8 * WIDE)));
typedef float wide_float __attribute__((vector_size(4 * WIDE)));
typedef int64_t wide_int __attribute__((vector_size(8 * WIDE)));
#define INLINE static inline __attribute__((always_inline))

INLINE wide widen(const float *from)
{
    wide_float v;
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, wide);
}

INLINE double sum_of(const double v[LANES])
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Some rows and up to four components: each value read serves several sums. The eight lanes of a sum lie in as many
 * registers as they need. */
INLINE void project_rows(double *p, size_t stride, size_t n_rows, size_t m, const float *rows, size_t k,
                         const double *h)
{
    wide sum[ROWS][GROUP][PARTS] = {{{{0}}}};
    size_t whole = m - m % LANES;
    for (size_t c = 0; c < whole; c += LANES)
        for (size_t part = 0; part < PARTS; part++) {
            size_t at = c + part * WIDE;
            wide x[ROWS];
            for (size_t r = 0; r < n_rows; r++)
                x[r] = widen(rows + r * m + at);
            for (size_t j = 0; j < k; j++) {
                wide g;
                memcpy(&g, h + j * m + at, sizeof g);
                for (size_t r = 0; r < n_rows; r++)
                    sum[r][j][part] += x[r] * g;
            }
        }
    for (size_t r = 0; r < n_rows; r++)
        for (size_t j = 0; j < k; j++) {
            double lane[LANES], rest = 0;
            memcpy(lane, sum[r][j], sizeof lane);
            for (size_t c = whole; c < m; c++)
                rest += (double)rows[r * m + c] * h[j * m + c];
            p[r * stride + j] = sum_of(lane) + rest;
        }
}

INLINE void project_group(double *p, size_t stride, size_t n, size_t m, const float *rows, size_t k,
                          const double *h)
{
    size_t r = 0;
    for (; r + ROWS <= n; r += ROWS)
        project_rows(p + r * stride, stride, ROWS, m, rows + r * m, k, h);
    for (; r < n; r++)
        project_rows(p + r * stride, stride, 1, m, rows + r * m, k, h);
}

/* The number of components as a constant, so that the sums stay in registers. */
#define FOR_GROUPS(call)                                                                                     \
    for (size_t j = 0; j < k; j += GROUP)                                                                    \
        switch (k - j) {                                                                                     \
        case 1:                                                                                              \
            call(1);                                                                                         \
            break;                                                                                           \
        case 2:                                                                                              \
            call(2);                                                                                         \
            break;                                                                                           \
        case 3:                                                                                              \
            call(3);                                                                                         \
            break;                                                                                           \
        default:                                                                                             \
            call(4);                                                                                         \
            break;                                                                                           \
        }

static void project(double *p, size_t n, size_t m, const float *rows, size_t k, const double *h){
#define CALL(width) project_group(p + j, k, n, m, rows, width, h + j * m)
    FOR_GROUPS(CALL)
#undef CALL
}

/* Down one strip of channels, `tile` registers wide. */
INLINE void accumulate_strip(double *r, size_t n, size_t m, const float *rows, size_t stride, size_t k,
                             const double *w, size_t tile)
{
    wide sum[GROUP][2];
    for (size_t j = 0; j < k; j++)
        memcpy(sum[j], r + j * m, tile * sizeof(wide));
    for (size_t i = 0; i < n; i++) {
        wide x[2];
        for (size_t t = 0; t < tile; t++)
            x[t] = widen(rows + i * m + t * WIDE);
        for (size_t j = 0; j < k; j++)
            for (size_t t = 0; t < tile; t++)
                sum[j][t] += x[t] * w[i * stride + j];
    }
    for (size_t j = 0; j < k; j++)
        memcpy(r + j * m, sum[j], tile * sizeof(wide));
}

INLINE void accumulate_group(double *r, size_t n, size_t m, const float *rows, size_t stride, size_t k,
                             const double *w)
{
    size_t c = 0;
    for (; c + 2 * WIDE <= m; c += 2 * WIDE)
        accumulate_strip(r + c, n, m, rows + c, stride, k, w, 2);
    for (; c + WIDE <= m; c += WIDE)
        accumulate_strip(r + c, n, m, rows + c, stride, k, w, 1);
    for (; c < m; c++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < k; j++)
                r[j * m + c] += (double)rows[i * m + c] * w[i * stride + j];
}

static void accumulate(double *r, size_t n, size_t m, const float *rows, size_t k, const double *w){
#define CALL(width) accumulate_group(r + j * m, n, m, rows, k, width, w + j)
    FOR_GROUPS(CALL)
#undef CALL
}

/* log of positive numbers, to 1e-14: exponent, and twice the series of artanh about 1. */
INLINE wide log_of(wide x)
{
    wide_int bits = (wide_int)x;
    /* 0x3fe6a09e667f3bcd is the root of 1/2: the mantissa lies between it and its double. */
    wide_int exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
    wide mantissa = (wide)(bits - (exponent << 52));
    wide s = (mantissa - 1.0) / (mantissa + 1.0), z = s * s;
    wide series = z * (1.0 / 19) + 1.0 / 17;
    series = series * z + 1.0 / 15;
    series = series * z + 1.0 / 13;
    series = series * z + 1.0 / 11;
    series = series * z + 1.0 / 9;
    series = series * z + 1.0 / 7;
    series = series * z + 1.0 / 5;
    series = series * z + 1.0 / 3;
    series = series * z + 1.0;
    return 0.69314718055994530942 * __builtin_convertvector(exponent, wide) + 2.0 * s * series;
}

/* Below it a model value counts as this, so that nothing is divided by zero. */
#define SMALLEST 1e-30

INLINE wide choose(wide_int condition, wide yes, wide no)
{
    return (wide)((condition & (wide_int)yes) | (~condition & (wide_int)no));
}

/* a log(q) - a + y, which is y where a is zero. */
INLINE wide loss_of(wide a, wide q, wide y)
{
    wide one = (wide){0} + 1.0;
    return a * log_of(choose(a <= 0.0, one, q)) - a + y;
}

/* One row, with or without the loss, which is added to `total`. The last channels go through a padded copy. */
INLINE void ratio_row(float *q, wide total[PARTS], size_t m, const float *row, size_t k, const double *w,
                      const double *h, bool with_loss)
{
    for (size_t c = 0; c < m; c += WIDE) {
        size_t here = m - c < WIDE ? m - c : WIDE;
        float last[WIDE] = {0};
        double factor[WIDE] = {0};
        const float *from = row + c;
        wide y = {0}, g;
        if (here < WIDE) from = memcpy(last, from, here * sizeof *last);
        for (size_t j = 0; j < k; j++) {
            const double *at = h + j * m + c;
            if (here < WIDE) at = memcpy(factor, at, here * sizeof *factor);
            memcpy(&g, at, sizeof g);
            y += g * w[j];
        }
        y = choose(y < SMALLEST, (wide){0} + SMALLEST, y);
        wide a = widen(from), quotient = a / y;
        wide_float narrow = __builtin_convertvector(quotient, wide_float);
        if (here == WIDE)
            memcpy(q + c, &narrow, sizeof narrow);
        else
            memcpy(q + c, &narrow, here * sizeof *q);
        if (!with_loss) continue;
        wide loss = loss_of(a, quotient, y);
        for (size_t l = here; l < WIDE; l++)
            loss[l] = 0;
        total[c / WIDE % PARTS] += loss;
    }
}

static double ratio(float *q, size_t n, size_t m, const float *rows, size_t k, const double *w,
                    const double *h, bool with_loss)
{
    wide total[PARTS] = {{0}};
    double lane[LANES];
    for (size_t i = 0; i < n; i++)
        if (with_loss)
            ratio_row(q + i * m, total, m, rows + i * m, k, w + i * k, h, true);
        else
            ratio_row(q + i * m, total, m, rows + i * m, k, w + i * k, h, false);
    memcpy(lane, total, sizeof lane);
    return sum_of(lane);
}

const unmix_kernels KERNELS = {project, accumulate, ratio};
