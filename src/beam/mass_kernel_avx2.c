/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <immintrin.h>

#define KERNELS vtr_mass_kernels_avx2
#define LANES 8
#define WIDEN_U8(from) _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(from)))
#define WIDEN_I8(from) _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(from)))
#define WIDEN_U16(from) _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)(from)))
#define WIDEN_I16(from) _mm256_cvtepi16_epi32(_mm_loadu_si128((const void *)(from)))
#define HIGHER_U(a, b) _mm256_max_epu32((__m256i)(a), (__m256i)(b))
#define HIGHER_I(a, b) _mm256_max_epi32((__m256i)(a), (__m256i)(b))
#include "beam/mass_kernel.h"
