/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for processors with AVX-512 (F, BW, VL, DQ). */

#include "polar/transpose_avx512.h"

#define KERNELS vtr_polar_kernels_avx512
#include "polar/kernel.h"
