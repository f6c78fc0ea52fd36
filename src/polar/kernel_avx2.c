/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels for processors with AVX2. */

#include "polar/transpose_avx2.h"

#define KERNELS vtr_polar_kernels_avx2
#include "polar/kernel.h"
