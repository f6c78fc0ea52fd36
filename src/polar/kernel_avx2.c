/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar/transpose_portable.h"

#define KERNELS vtr_polar_kernels_avx2
#include "polar/kernel.h"
