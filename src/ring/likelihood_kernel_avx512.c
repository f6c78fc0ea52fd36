/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FIT_KERNEL vtr_fit_kernel_avx512
#include "ring/likelihood_kernel.h"
