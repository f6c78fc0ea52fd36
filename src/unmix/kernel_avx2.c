/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_unmix_kernels_avx2
#include "unmix/kernel.h"
