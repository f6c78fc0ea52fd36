/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <immintrin.h>

#define KERNELS vtr_mass_kernels_avx512
#define LANES 16
#define WIDEN_U8(from) _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(from)))
#define WIDEN_I8(from) _mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)(from)))
#define WIDEN_U16(from) _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(from)))
#define WIDEN_I16(from) _mm512_cvtepi16_epi32(_mm256_loadu_si256((const void *)(from)))
#define HIGHER_U(a, b) _mm512_max_epu32((__m512i)(a), (__m512i)(b))
#define HIGHER_I(a, b) _mm512_max_epi32((__m512i)(a), (__m512i)(b))
#include "beam/mass_kernel.h"
